"""Small images of strikes, and folders of them: a folder for each action, a JPEG for each image."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import cv2
import msgspec
import numpy as np
from PIL import Image

from handsign.data.readers import natural
from handsign.data.stills import IMAGE_SUFFIXES, open_still, read_still
from handsign.data.store import Store, folder_name
from handsign.data.take import InvalidTake, Take, TakeInfo
from handsign.errors import InputError

if TYPE_CHECKING:
    from handsign.types import Array


WIDTH, HEIGHT = 100, 56
"""Pixels of an image, as in "Playing Mortal Kombat with TensorFlow.js" (Minko Gechev, 2018)."""

RATE = 10.0
"""Images a second where their names have no times; also the rate at which they are classified live."""

JPEG_QUALITY = 95

SINGULAR = {"punches": "punch", "kicks": "kick", "others": "other"}
"""The article's folders, and the actions in them."""

FILE_STEM = re.compile(r"(?P<take>.+_\d{3,})_(?P<ms>\d+)ms")
"""The stem of a file of an `ImageStore`: the take, and the milliseconds since its beginning."""


def to_sample(image: Array) -> Array:
    """Resize an image (H, W, 3) uint8 to a sample (56, 100, 3) float32 in 0..255; proportions may change.

    >>> to_sample(np.full((480, 640, 3), 7, np.uint8)).shape
    (56, 100, 3)
    """
    if image.shape[:2] == (HEIGHT, WIDTH):
        return image.astype(np.float32)
    return cv2.resize(image, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA).astype(np.float32)


def small_pictures() -> AbstractContextManager[Callable[[Array], Array]]:
    """The sensor: `to_sample` of frames (H, W, 3) uint8 BGR. Takes store this function's name as their extractor."""
    return nullcontext(to_sample)


def load(path: Path) -> Array:
    """Read an image file of any size as a sample (56, 100, 3) float32 BGR, rotated as its EXIF data say.

    Raises:
        InputError: why it cannot be read; see `read_still`.
    """
    return to_sample(read_still(path, least=(4 * WIDTH, 4 * HEIGHT)))


def read(folder: Path) -> Iterator[Take | InvalidTake]:
    """Read the images in a folder, named after their action, as takes, and each unreadable one as an `InvalidTake`.

    Images named by an `ImageStore` are grouped by take, at the times in their names. All others are one take, in the
    order of the numbers in their names, `RATE` images a second.
    """
    for name, files in _group_by_take(folder).items():
        times, samples = [], []
        for time, path in files:
            try:
                samples.append(load(path))
            except InputError as error:
                yield InvalidTake(str(path), str(error))
            else:
                times.append(time)
        if samples:
            action = SINGULAR.get(folder.name, folder.name)
            info = msgspec.structs.replace(_stored_info(files[0][1]), action=action)
            yield Take(np.stack(samples), np.array(times) - times[0], info, str(folder / name))


def _group_by_take(folder: Path) -> dict[str, list[tuple[float, Path]]]:
    """Take's name -> (seconds, path) of its images in a folder; the name is empty for images of other origin."""
    takes: dict[str, list[tuple[float, Path]]] = defaultdict(list)
    for path in sorted((p for p in folder.iterdir() if _is_image(p)), key=natural):
        match = FILE_STEM.fullmatch(path.stem)
        files = takes[match["take"] if match else ""]
        files.append((int(match["ms"]) / 1000 if match else len(files) / RATE, path))
    return takes


def _is_image(path: Path) -> bool:
    """Whether a path is a visible image file, by its suffix."""
    return path.suffix.lower() in IMAGE_SUFFIXES and not path.name.startswith(".") and path.is_file()


def _stored_info(path: Path) -> TakeInfo:
    """The take's info in the comment of a JPEG by an `ImageStore`; a default for other images."""
    with suppress(InputError), open_still(path) as image:
        return msgspec.json.decode(image.info["comment"], type=TakeInfo)
    return TakeInfo(action="", extractor="pictures")


class ImageStore(Store):
    """A folder of takes as JPEGs of 100 x 56 pixels: `<action>/<signer>_<number>_<ms>ms.jpg`."""

    def paths(self, action: str, signer: str) -> list[Path]:
        """The first images of the takes of an action by a signer, in the order of their numbers."""
        firsts: dict[int, Path] = {}
        for path in sorted((self.root / folder_name(action)).glob("*.jpg"), key=natural):
            owner, number = _parse_stem(path)
            if owner == folder_name(signer or "take"):
                firsts.setdefault(number, path)
        return [firsts[number] for number in sorted(firsts)]

    def sources(self) -> set[tuple[str, str]]:
        """(action, source) of every take in the folder."""
        firsts: dict[tuple[Path, str], Path] = {}
        for path in sorted(self.root.glob("*/*.jpg"), key=natural):
            if match := FILE_STEM.fullmatch(path.stem):
                firsts.setdefault((path.parent, match["take"]), path)
        return {(info.action, info.source) for info in map(_stored_info, firsts.values())}

    def contents(self) -> str:
        """A line with the number of images of each action, by all signers."""
        folders = sorted(path for path in self.root.iterdir() if path.is_dir() and not path.name.startswith("."))
        counts = {folder.name: sum(map(_is_image, folder.iterdir())) for folder in folders}
        return f"{self.root}: {', '.join(f'{n} pictures of {action}' for action, n in counts.items() if n)}"

    def add(self, take: Take) -> Path:
        """Write a take under the next free number, and return the path of its first image.

        Raises:
            InputError: it cannot be written (disk full, no permission); the folder is unchanged.
        """
        with self._lock:
            existing = self.paths(take.info.action, take.info.signer)
            number = _parse_stem(existing[-1])[1] + 1 if existing else 0
            name = f"{folder_name(take.info.signer or 'take')}_{number:03d}"
            return _write(self.root / folder_name(take.info.action), name, take)

    def replace(self, path: Path, take: Take) -> None:
        """Replace the take whose first image is `path`, after the new one is written.

        Raises:
            InputError: as `add`.
        """
        with self._lock:
            old = [p for p in path.parent.glob("*.jpg") if _parse_stem(p) == _parse_stem(path)]
            _write(path.parent, path.stem.rpartition("_")[0], take, old)


def _write(folder: Path, name: str, take: Take, old: Sequence[Path] = ()) -> Path:
    """Write the images of a take to a folder, replacing the `old` files, and return the path of the first."""
    comment = msgspec.json.encode(take.info)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=".", dir=folder) as temporary:
            for time, sample in zip(take.times - take.times[0], take.samples, strict=True):
                rgb = np.clip(np.round(sample[..., ::-1]), 0, 255).astype(np.uint8)
                path = Path(temporary, f"{name}_{round(time * 1000):06d}ms.jpg")
                Image.fromarray(rgb).save(path, quality=JPEG_QUALITY, subsampling=0, comment=comment)
            for path in old:
                path.unlink()
            new = [path.replace(folder / path.name) for path in sorted(Path(temporary).iterdir())]
    except OSError as error:
        raise InputError(f"{folder} could not be written to ({error.strerror or error})") from error
    return new[0]


def _parse_stem(path: Path) -> tuple[str, int]:
    """(signer, number of the take) of an image by an `ImageStore`; ("", -1) of any other."""
    match = FILE_STEM.fullmatch(path.stem)
    signer, _, number = match["take"].rpartition("_") if match else ("", "", "-1")
    return signer, int(number)

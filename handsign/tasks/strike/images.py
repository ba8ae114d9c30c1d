"""Small images of strikes, and folders of them: a folder for each action, a JPEG for each image."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import msgspec
import numpy as np
from PIL import Image

from handsign.data.readers import natural
from handsign.data.stills import IMAGE_SUFFIXES, open_still, read_still
from handsign.data.store import Store, folder_name
from handsign.data.take import InvalidTake, Take, TakeInfo, encode_info, parse_info
from handsign.errors import InputError
from handsign.files import locked, sync, temporary_folder

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

REPLACES, ADDS = ".replaces", ".adds"
"""Ends of the names of hidden folders of an `ImageStore`: whole takes whose images still have to be moved one level up.

`.<take>.replaces` is all of a take, whatever images of it lie outside; `.<take>.adds` is what is not moved yet.
"""


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
    for path in sorted(_find_images(folder), key=natural):
        match = FILE_STEM.fullmatch(path.stem)
        files = takes[match["take"] if match else ""]
        files.append((int(match["ms"]) / 1000 if match else len(files) / RATE, path))
    return takes


def _find_images(folder: Path) -> list[Path]:
    """The images in a folder and, of takes that an `ImageStore` has not finished to move there, those on their way."""
    found = [path for path in folder.iterdir() if _is_image(path)]
    for take, pending in _pending(folder, REPLACES):
        found = [path for path in found if _take_name(path) != take] + list(pending.iterdir())
    for _, pending in _pending(folder, ADDS):
        found += pending.iterdir()
    return found


def _pending(folder: Path, suffix: str) -> list[tuple[str, Path]]:
    """(take's name, hidden folder) of the takes in a folder on their way to it."""
    found = sorted(path for path in folder.glob(f".*_*{suffix}") if path.is_dir())
    return [(path.name[1 : -len(suffix)], path) for path in found]


def _take_name(path: Path) -> str:
    """Name of the take of an image by an `ImageStore`: signer and number; empty for any other."""
    match = FILE_STEM.fullmatch(path.stem)
    return match["take"] if match else ""


def _is_image(path: Path) -> bool:
    """Whether a path is a visible image file, by its suffix."""
    return path.suffix.lower() in IMAGE_SUFFIXES and not path.name.startswith(".") and path.is_file()


def _stored_info(path: Path) -> TakeInfo:
    """The take's info in the comment of a JPEG by an `ImageStore`; a default for other images."""
    with suppress(InputError), open_still(path) as image:
        return parse_info(image.info["comment"])
    return TakeInfo(action="", extractor="pictures")


class ImageStore(Store):
    """A folder of takes as JPEGs of 100 x 56 pixels: `<action>/<signer>_<number>_<ms>ms.jpg`.

    A take is added or replaced by one rename: that of a hidden folder with all of its images, to a name with
    `REPLACES`. Then the images are moved beside the others, and read from there until that is done.
    """

    def _recover(self) -> None:
        super()._recover()
        for folder in self._folders():
            _move_pending(folder)

    def _folders(self) -> list[Path]:
        """The folders of the actions."""
        return sorted(path for path in self.root.iterdir() if path.is_dir() and not path.name.startswith("."))

    def paths(self, action: str, signer: str) -> list[Path]:
        """The first images of the takes of an action by a signer, in the order of their numbers."""
        folder = self.root / folder_name(action)
        takes = _group_by_take(folder) if folder.is_dir() else {}
        firsts: dict[int, Path] = {}
        for name, ((_, first), *_) in takes.items():
            owner, _, number = name.rpartition("_")
            if name and owner == folder_name(signer or "take"):
                firsts[int(number)] = folder / first.name
        return [firsts[number] for number in sorted(firsts)]

    def sources(self) -> set[tuple[str, str]]:
        """(action, source) of every take in the folder."""
        takes = [files for folder in self._folders() for name, files in _group_by_take(folder).items() if name]
        return {(info.action, info.source) for info in (_stored_info(files[0][1]) for files in takes)}

    def contents(self) -> str:
        """A line with the number of images of each action, by all signers."""
        counts = {folder.name: len(_find_images(folder)) for folder in self._folders()}
        return f"{self.root}: {', '.join(f'{n} pictures of {action}' for action, n in counts.items() if n)}"

    def add(self, take: Take) -> Path:
        """Write a take under the next free number, and return the path of its first image.

        Raises:
            InputError: it cannot be written (disk full, no permission); the folder is unchanged.
        """
        with locked(self._lock):
            existing = self.paths(take.info.action, take.info.signer)
            number = int(_take_name(existing[-1]).rpartition("_")[2]) + 1 if existing else 0
            name = f"{folder_name(take.info.signer or 'take')}_{number:03d}"
            return _write(self.root / folder_name(take.info.action), name, take)

    def replace(self, path: Path, take: Take) -> None:
        """Replace the take whose first image is `path`, after the new one is written.

        Raises:
            InputError: as `add`.
        """
        with locked(self._lock):
            _write(path.parent, _take_name(path), take)


def _write(folder: Path, name: str, take: Take) -> Path:
    """Write the images of a take to a folder in place of any that it has, and return the path of the first."""
    comment = encode_info(take.info)
    try:
        with temporary_folder(folder / name) as temporary:
            for time, sample in zip(take.times - take.times[0], take.samples, strict=True):
                rgb = np.clip(np.round(sample[..., ::-1]), 0, 255).astype(np.uint8)
                path = temporary / f"{name}_{round(time * 1000):06d}ms.jpg"
                Image.fromarray(rgb).save(path, quality=JPEG_QUALITY, subsampling=0, comment=comment)
            made = sorted(temporary.iterdir(), key=natural)
            for path in made:
                sync(path)
            _move_pending(folder)  # of a killed program, in whose place this one may come
            sync(temporary)
            temporary.rename(folder / f".{name}{REPLACES}")
            sync(folder)
    except OSError as error:
        raise InputError(f"{folder} could not be written to ({error.strerror or error})") from error
    with suppress(OSError):  # the take is there; the next writer moves it
        _move_pending(folder)
    return folder / made[0].name


def _move_pending(folder: Path) -> None:
    """Finish what `_write` began in a folder; the lock is held.

    Raises:
        OSError: it cannot be finished now; every take is still whole.
    """
    for take, pending in _pending(folder, REPLACES):
        for path in folder.iterdir():
            if _is_image(path) and _take_name(path) == take:
                path.unlink()
        pending.rename(folder / f".{take}{ADDS}")
    for _, pending in _pending(folder, ADDS):
        for path in pending.iterdir():
            path.replace(folder / path.name)
        pending.rmdir()
    sync(folder)

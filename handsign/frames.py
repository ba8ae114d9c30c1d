"""Small pictures of what somebody does, and folders of them: one folder an action, one JPEG a picture."""

from __future__ import annotations

import re
import struct
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import cv2
import msgspec
import numpy as np
from PIL import Image, ImageOps

from handsign.errors import InputError
from handsign.sources import IMAGE_SUFFIXES
from handsign.takes import Damage, Store, Take, TakeInfo, folder_name, natural

Array = np.ndarray[Any, Any]
WIDTH, HEIGHT = 100, 56
"""Of a picture; those of "Playing Mortal Kombat with TensorFlow.js" (Minko Gechev, 2018)."""
RATE = 10.0
"""Pictures a second where nobody said, which is how often they are looked at."""
QUALITY = 95
PLURAL = {"punches": "punch", "kicks": "kick", "others": "other"}
"""The article's folders, and what is in them."""
OURS = re.compile(r"(?P<take>.+_\d{3,})_(?P<ms>\d+)ms")
"""What `Pictures` calls a picture: its take, and the time in it."""
BAD = (
    *(OSError, ValueError, SyntaxError, EOFError, LookupError, MemoryError, struct.error),
    *(Image.DecompressionBombError, Image.DecompressionBombWarning),
)
"""What Pillow raises at files with damaged bytes, and at pictures of absurd sizes."""


def small(picture: Array) -> Array:
    """A picture (H, W, 3) uint8 -> (56, 100, 3) float32 in 0..255, whatever its proportions."""
    if picture.shape[:2] == (HEIGHT, WIDTH):
        return picture.astype(np.float32)
    return cv2.resize(picture, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA).astype(np.float32)


def small_pictures() -> AbstractContextManager[Callable[[Array], Array]]:
    """Frame (H, W, 3) uint8 BGR -> sample (56, 100, 3) float32: nothing has to be opened for that."""
    return nullcontext(small)


def load(path: Path) -> Array:
    """A picture of any size as (56, 100, 3) float32 BGR, the right way up.

    Raises:
        one of `BAD`: it is damaged, cut off, or none.
    """
    with warnings.catch_warnings(action="error", category=Image.DecompressionBombWarning), Image.open(path) as image:
        image.draft("RGB", (4 * WIDTH, 4 * HEIGHT))  # of a large JPEG, no more than that has to be decoded
        return small(np.asarray(ImageOps.exif_transpose(image).convert("RGB"))[..., ::-1])


def read(folder: Path) -> Iterator[Take | Damage]:
    """The pictures in a folder, which is their action, as takes: ours by their names and times, all others as one.

    Others are in the order of their numbers and `RATE` a second. A picture that cannot be read is one `Damage`.
    """
    paths = sorted((p for p in folder.iterdir() if _is_picture(p)), key=natural)
    takes: dict[str, list[tuple[float, Path]]] = defaultdict(list)
    for path in paths:
        ours = OURS.fullmatch(path.stem)
        own = takes[ours["take"] if ours else ""]
        own.append((int(ours["ms"]) / 1000 if ours else len(own) / RATE, path))
    for name, own in takes.items():
        seen: list[tuple[float, Array]] = []
        for at, path in own:
            try:
                seen.append((at, load(path)))
            except BAD as error:
                yield Damage(str(path), f"cannot be read as a picture: {' '.join(str(error).split())[:120]}")
        if seen:
            times = np.array([at for at, _ in seen])
            action = PLURAL.get(folder.name, folder.name)
            info = msgspec.structs.replace(_info(own[0][1]), action=action)
            yield Take(np.stack([picture for _, picture in seen]), times - times[0], info, str(folder / name))


def _is_picture(path: Path) -> bool:
    return path.suffix.lower() in IMAGE_SUFFIXES and not path.name.startswith(".") and path.is_file()


def _info(path: Path) -> TakeInfo:
    """What our JPEG says about its take in its comment; little of any other."""
    with suppress(*BAD, msgspec.MsgspecError), Image.open(path) as image:
        return msgspec.json.decode(image.info["comment"], type=TakeInfo)
    return TakeInfo(action="", extractor="pictures")


class Pictures(Store):
    """The folder that takes are recorded into as JPEGs of 100 x 56: `<action>/<signer>_<number>_<ms>ms.jpg`."""

    def paths(self, action: str, signer: str) -> list[Path]:
        """The first pictures of the takes of an action by a signer, in the order of their numbers."""
        own: dict[int, Path] = {}
        for path in sorted((self.root / folder_name(action)).glob("*.jpg"), key=natural):
            who, number = _owner(path)
            if who == folder_name(signer or "take"):
                own.setdefault(number, path)
        return [own[number] for number in sorted(own)]

    def sources(self) -> set[tuple[str, str]]:
        """(action, source) of every take that is there."""
        firsts: dict[tuple[Path, str], Path] = {}
        for path in sorted(self.root.glob("*/*.jpg"), key=natural):
            if ours := OURS.fullmatch(path.stem):
                firsts.setdefault((path.parent, ours["take"]), path)
        return {(info.action, info.source) for info in map(_info, firsts.values())}

    def contents(self) -> str:
        """How many pictures there are of each action, of whoever they are."""
        folders = sorted(path for path in self.root.iterdir() if path.is_dir() and not path.name.startswith("."))
        counts = {folder.name: sum(map(_is_picture, folder.iterdir())) for folder in folders}
        return f"{self.root}: {', '.join(f'{n} pictures of {action}' for action, n in counts.items() if n)}"

    def add(self, take: Take) -> Path:
        """Write a take under the next free number; returns its first picture.

        Raises:
            InputError: it cannot be written (disk full, no permission); what was there is untouched.
        """
        with self._lock:
            there = self.paths(take.info.action, take.info.signer)
            number = _owner(there[-1])[1] + 1 if there else 0
            name = f"{folder_name(take.info.signer or 'take')}_{number:03d}"
            return _write(self.root / folder_name(take.info.action), name, take)

    def replace(self, path: Path, take: Take) -> None:
        """Put a take in the place of the one whose first picture is `path`, once the new one is written."""
        with self._lock:
            old = [p for p in path.parent.glob("*.jpg") if _owner(p) == _owner(path)]
            _write(path.parent, path.stem.rpartition("_")[0], take, old)


def _write(folder: Path, name: str, take: Take, old: Sequence[Path] = ()) -> Path:
    """A take's pictures in `folder`, in the place of `old` ones; returns the first."""
    comment = msgspec.json.encode(take.info)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=".", dir=folder) as made:
            for at, sample in zip(take.times - take.times[0], take.samples, strict=True):
                rgb = np.clip(np.round(sample[..., ::-1]), 0, 255).astype(np.uint8)
                path = Path(made, f"{name}_{round(at * 1000):06d}ms.jpg")
                Image.fromarray(rgb).save(path, quality=QUALITY, subsampling=0, comment=comment)
            for path in old:
                path.unlink()
            new = [path.replace(folder / path.name) for path in sorted(Path(made).iterdir())]
    except OSError as error:
        raise InputError(f"{folder} could not be written to ({error.strerror or error})") from error
    return new[0]


def _owner(path: Path) -> tuple[str, int]:
    """Whose picture of ours it is, and the number of its take; ("", -1) of any other."""
    ours = OURS.fullmatch(path.stem)
    who, _, number = ours["take"].rpartition("_") if ours else ("", "", "-1")
    return who, int(number)

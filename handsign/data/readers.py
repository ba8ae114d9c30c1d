"""Read takes of every layout."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from handsign import limits
from handsign.data.store import folder_name
from handsign.data.take import InvalidTake, Take, TakeInfo, parse_info
from handsign.errors import InputError
from handsign.reading import exists, open_npz, parsing, printable, read_npy, size

if TYPE_CHECKING:
    from handsign.data.format import Format
    from handsign.reading import Npz
    from handsign.types import Array


def read(path: Path, form: Format, duration: float) -> Iterator[Take | InvalidTake]:
    """Every take at `path`, a file or a folder of any known layout, in a stable order, and what should be one.

    `duration` is how many seconds a take without times is taken to last. Links are followed only to what is hidden in
    the folder itself, and once: the rest is read where it lies, or lies elsewhere.

    Raises:
        InputError: nothing is there.
    """
    if not exists(path):
        raise InputError(f"{path} is not there; record takes with collect.py or name their folder with --data")
    path = path.resolve()  # '.' has no name that could be an action
    root = path if path.is_dir() else path.parent
    for found in _Reader(form, duration, root).walk(path):
        name = Path(found.name)
        shown = name.relative_to(root).as_posix() if name.is_relative_to(root) else found.name
        found = replace(found, name=printable(shown))
        yield form.checked(found) if isinstance(found, Take) else found


def natural(path: Path) -> list[tuple[int, str]]:
    """Sort key that puts take 2 before take 10."""
    return [(int(run or 0), text) for run, text in re.findall(r"(\d*)(\D*)", path.name)]


@dataclass(frozen=True)
class _Reader:
    """Reads takes of one format below `root`; takes without times last `duration` seconds."""

    form: Format
    duration: float
    root: Path
    followed: set[Path] = field(default_factory=set)

    def walk(self, path: Path, depth: int = 0) -> Iterator[Take | InvalidTake]:
        """The takes at a path, before they are checked."""
        try:
            with parsing():
                inside = self._inside(path, depth)
        except InputError as error:
            yield _unreadable(path, error)
        else:
            if inside is None:
                yield from self._npz(path) if path.suffix == ".npz" else self._task_format(path, path.suffix)
            elif any(p.suffix == ".npy" for p in inside):
                yield self._tree(path, [p for p in inside if p.suffix == ".npy"])
            else:
                yield from self._task_format(path, "/")
                for child in inside:
                    yield from self.walk(child, depth + 1)

    def _inside(self, path: Path, depth: int) -> list[Path] | None:
        """The visible contents of a folder, None of a file.

        Raises:
            InputError: it is a link that is not followed, or too deep.
            OSError: it cannot be listed.
        """
        if path.is_symlink():
            self._follow(path)
        if not path.is_dir():
            return None
        if depth > limits.DEPTH:
            raise InputError(f"it lies in more than {limits.DEPTH} folders inside of each other")
        return sorted((p for p in path.iterdir() if not p.name.startswith(".")), key=natural)

    def _follow(self, link: Path) -> None:
        target = link.resolve(strict=True)
        if not target.is_relative_to(self.root):
            raise InputError("it is a link out of the folder; copy here what it leads to")
        if target in self.followed or not any(part.startswith(".") for part in target.relative_to(self.root).parts):
            raise InputError(f"it is a link to {target.relative_to(self.root)}, which is read there")
        self.followed.add(target)

    def _task_format(self, path: Path, kind: str) -> Iterator[Take | InvalidTake]:
        """What the task's own reader of this kind of files finds; nothing where it has none."""
        try:
            with parsing():
                found = list(self.form.readers[kind](path)) if kind in self.form.readers else []
        except InputError as error:
            yield _unreadable(path, error)
        else:
            yield from found

    def _npz(self, path: Path) -> Iterator[Take | InvalidTake]:
        try:
            with open_npz(path) as file:
                found = self._arrays(path, file)
        except InputError as error:
            yield _unreadable(path, error)
        else:
            yield from found

    def _arrays(self, path: Path, file: Npz) -> list[Take] | list[InvalidTake]:
        """What an `.npz` holds."""
        if "dataset" in file:  # made by preprocess.py from takes that lie here themselves
            return []
        if "X" in file and "y" in file:
            return list(self._pack(path, file))
        if "info" in file:
            return [self._take(path, file)]
        return [InvalidTake(str(path), f"holds {', '.join(file)[:80]}: neither a take nor a pack with X and y")]

    def _take(self, path: Path, file: Npz) -> Take:
        """A take that `Store` wrote."""
        info = parse_info(file["info"].tobytes())
        if folder_name(info.action) != path.parent.name:  # whoever renames the folder renames the action
            info = msgspec.structs.replace(info, action=path.parent.name)
        samples = np.asarray(file["samples"], np.float32)
        if samples.shape[1:] != self.form.shape:  # recorded for another task; `checked` reports what does not fit
            with suppress(InputError), parsing():
                samples = self._adapted(samples)
        return Take(samples, np.asarray(file["times"], np.float64), info, str(path))

    def _adapted(self, samples: Array) -> Array:
        """Samples (..., T, columns) as those of the task."""
        count = math.prod(samples.shape[:-1]) * math.prod(self.form.shape) * np.dtype(np.float32).itemsize
        if count > limits.ARCHIVE_BYTES:
            raise InputError(f"its samples take {size(count)}, and at most {size(limits.ARCHIVE_BYTES)} are read")
        return self.form.adapt(samples)

    def _pack(self, path: Path, file: Npz) -> Iterator[Take]:
        """X (n, T, columns), y (n,), and optionally take, session and signer (n,)."""
        X, y = self._adapted(file["X"]), file["y"]
        given = {key: file[key].astype(str) for key in ("take", "session", "signer") if key in file}
        if X.ndim < 3 or any(column.shape != X.shape[:1] for column in (y, *given.values())):
            raise InputError("a pack has X (n, T, columns) and y, take, session and signer of length n")
        for i, (samples, action) in enumerate(zip(X, y.astype(str), strict=True)):
            of_row = {key: str(column[i]) for key, column in given.items()}
            number = of_row.pop("take", str(i))
            session, signer = of_row.get("session", path.stem), of_row.get("signer", "")
            info = TakeInfo(action=str(action), session=session, signer=signer)
            name = "/".join((str(path), *of_row.values(), str(action), number))
            yield Take(samples, nominal_times(len(samples), self.duration), info, name)

    def _tree(self, folder: Path, paths: list[Path]) -> Take | InvalidTake:
        """The tutorial's layout: one array a frame, named by its number."""
        if not all(p.stem.isdecimal() for p in paths):
            return InvalidTake(str(folder), "its .npy files are not named by frame numbers")
        numbers = sorted(int(p.stem) for p in paths)
        gap = next((a for a, b in pairwise(numbers) if b > a + 1), None)
        if gap is not None:
            return InvalidTake(str(folder), f"frame {gap + 1} is missing")
        try:
            with parsing():
                samples = self._adapted(self._read_frames(paths))
        except InputError as error:
            return InvalidTake(str(folder), f"a frame cannot be read: {error}")
        times = nominal_times(len(samples), self.duration)
        return Take(samples, times, TakeInfo(action=folder.parent.name), str(folder))

    def _read_frames(self, paths: Sequence[Path]) -> Array:
        """Frames (T, ...), one from each file."""
        if len(paths) > limits.FRAMES:
            raise InputError(f"there are {len(paths)}, and at most {limits.FRAMES} are read")
        left, frames = limits.TAKE_BYTES, []
        for path in paths:
            if path.is_symlink():
                self._follow(path)
            frames.append(read_npy(path, left))
            left -= frames[-1].nbytes
        return np.stack(frames)


def _unreadable(path: Path, error: InputError) -> InvalidTake:
    return InvalidTake(str(path), f"cannot be read: {error}")


def nominal_times(count: int, duration: float) -> Array:
    """Times (count,) in seconds of a take without times that lasts `duration` seconds."""
    return np.arange(count) * (duration / count)

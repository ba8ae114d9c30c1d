"""Read takes of every layout."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from handsign.data.store import folder_name
from handsign.data.take import InvalidTake, Take, TakeInfo
from handsign.errors import InputError
from handsign.files import UNREADABLE, open_npz

if TYPE_CHECKING:
    from handsign.data.format import Format
    from handsign.types import Array


def read(path: Path, form: Format, duration: float) -> Iterator[Take | InvalidTake]:
    """Every take at `path`, a file or a folder of any known layout, in a stable order, and what should be one.

    `duration` is how many seconds a take without times is taken to last.

    Raises:
        InputError: nothing is there.
    """
    if not path.exists():
        raise InputError(f"{path} is not there; record takes with collect.py or name their folder with --data")
    path = path.resolve()  # '.' has no name that could be an action
    root = path if path.is_dir() else path.parent
    for found in _Reader(form, duration).walk(path):
        name = Path(found.name)
        shown = name.relative_to(root).as_posix() if name.is_relative_to(root) else found.name
        found = replace(found, name=shown)
        yield form.checked(found) if isinstance(found, Take) else found


def natural(path: Path) -> list[tuple[int, str]]:
    """Sort key that puts take 2 before take 10."""
    return [(int(run or 0), text) for run, text in re.findall(r"(\d*)(\D*)", path.name)]


@dataclass(frozen=True)
class _Reader:
    """Reads takes of one format; takes without times last `duration` seconds."""

    form: Format
    duration: float

    def walk(self, path: Path) -> Iterator[Take | InvalidTake]:
        """The takes at a path, before they are checked."""
        if path.is_dir():
            inside = sorted((p for p in path.iterdir() if not p.name.startswith(".")), key=natural)
            if any(p.suffix == ".npy" for p in inside):
                yield self._tree(path, [p for p in inside if p.suffix == ".npy"])
            else:
                yield from self._task_format(path, "/")
                for child in inside:
                    yield from self.walk(child)
        elif path.suffix == ".npz":
            yield from self._npz(path)
        else:
            yield from self._task_format(path, path.suffix)

    def _task_format(self, path: Path, kind: str) -> Iterator[Take | InvalidTake]:
        """What the task's own reader of this kind of files finds; nothing where it has none."""
        try:
            yield from self.form.readers[kind](path) if kind in self.form.readers else ()
        except (*UNREADABLE, InputError) as error:
            yield _unreadable(path, error)

    def _npz(self, path: Path) -> Iterator[Take | InvalidTake]:
        try:
            with open_npz(path) as file:
                if "dataset" in file.files:  # made by preprocess.py from takes that lie here themselves
                    return
                if "X" in file.files and "y" in file.files:
                    yield from self._pack(path, file)
                elif "info" in file.files:
                    yield self._take(path, file)
                else:
                    reason = f"holds {', '.join(file.files)}: neither a take nor a pack with X and y"
                    yield InvalidTake(str(path), reason)
        except (*UNREADABLE, InputError) as error:
            yield _unreadable(path, error)

    def _take(self, path: Path, file: Any) -> Take:
        """A take that `Store` wrote."""
        info = msgspec.json.decode(file["info"].tobytes(), type=TakeInfo)
        if folder_name(info.action) != path.parent.name:  # whoever renames the folder renames the action
            info = msgspec.structs.replace(info, action=path.parent.name)
        samples = np.asarray(file["samples"], np.float32)
        if samples.shape[1:] != self.form.shape:  # recorded for another task; `checked` reports what does not fit
            with suppress(*UNREADABLE):
                samples = self.form.adapt(samples)
        return Take(samples, np.asarray(file["times"], np.float64), info, str(path))

    def _pack(self, path: Path, file: Any) -> Iterator[Take]:
        """X (n, T, columns), y (n,), and optionally take, session and signer (n,)."""
        X, y = self.form.adapt(np.asarray(file["X"])), file["y"]
        given = {key: file[key].astype(str) for key in ("take", "session", "signer") if key in file.files}
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
        missing = sorted(set(range(numbers[0], numbers[-1] + 1)) - set(numbers))
        if missing:
            return InvalidTake(str(folder), f"frame {missing[0]} is missing")
        try:
            samples = self.form.adapt(np.stack([_read_frame(p) for p in paths]))
        except (*UNREADABLE, InputError) as error:
            return InvalidTake(str(folder), f"a frame cannot be read: {_short(error)}")
        times = nominal_times(len(samples), self.duration)
        return Take(samples, times, TakeInfo(action=folder.parent.name), str(folder))


def _unreadable(path: Path, error: Exception) -> InvalidTake:
    return InvalidTake(str(path), f"cannot be read: {_short(error)}")


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:120] or type(error).__name__


def _read_frame(path: Path) -> Array:
    with path.open("rb") as file:  # np.load would open a ZIP archive, too, and leave it open
        return np.lib.format.read_array(file, allow_pickle=False)


def nominal_times(count: int, duration: float) -> Array:
    """Times (count,) in seconds of a take without times that lasts `duration` seconds."""
    return np.arange(count) * (duration / count)

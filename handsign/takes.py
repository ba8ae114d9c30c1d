"""Recorded takes: how they lie on disk, and one reader for every layout.

Ours is one `MP_Data/<action>/<signer>_<number>.npz` a take. Also read: the tutorial's
`<action>/<take>/<frame>.npy` trees, `.npz` packs of many takes, and whatever formats a task knows besides.
"""

from __future__ import annotations

import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from tokenize import TokenError
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
from filelock import FileLock

from handsign import __version__
from handsign.errors import InputError
from handsign.files import TEMPORARY, atomic

if TYPE_CHECKING:
    from handsign.task import Task

Array = np.ndarray[Any, Any]
UNREADABLE = (
    *(OSError, EOFError, LookupError, ValueError, TypeError, RuntimeError, MemoryError, struct.error, TokenError),
    *(zipfile.BadZipFile, zlib.error, msgspec.MsgspecError),
)
"""What NumPy, zipfile, msgspec and pose-format raise at files with damaged bytes (found by damaging some)."""


class TakeInfo(msgspec.Struct, frozen=True, kw_only=True):
    """How a take was made. `rate` is nominal, in frames a second; `frame_size` is (width, height) in pixels."""

    action: str
    signer: str = ""
    session: str = ""
    source: str = ""
    frame_size: tuple[int, int] | None = None
    rate: float | None = None
    mirrored: bool = False
    extractor: str = ""
    version: str = __version__


@dataclass(frozen=True, eq=False)
class Take:
    """One recording: samples (T, *sample) float32 with times (T,) float64 seconds, and where it is from."""

    samples: Array
    times: Array
    info: TakeInfo
    name: str = ""


@dataclass(frozen=True)
class Damage:
    """Something that should have been a take, and why it is not."""

    name: str
    reason: str


def checked(take: Take, task: Task) -> Take | Damage:
    """The take itself if it is whole: the task's sample shape, finite values, times that grow."""
    expected, found = task.sample, take.samples.shape[1:]
    if found != expected:
        return Damage(take.name, f"samples have shape {found}, {task.name} needs {expected}")
    if take.times.shape != (len(take.samples),):
        return Damage(take.name, f"{len(take.samples)} frames but times of shape {take.times.shape}")
    if len(take.samples) < 2:
        return Damage(take.name, f"{len(take.samples)} frames are too few")
    bad = int((~np.isfinite(take.samples).reshape(len(take.samples), -1).all(axis=1)).sum())
    if bad:
        return Damage(take.name, f"{bad} of {len(take.samples)} frames hold values that are no numbers")
    if not (np.diff(take.times) > 0).all():
        return Damage(take.name, "its times do not grow")
    return take


# --- reading -----------------------------------------------------------------------------------------------


def read(path: Path, task: Task) -> Iterator[Take | Damage]:
    """Every take at `path`, a file or a folder of any known layout, in a stable order; damaged ones are told.

    Raises:
        InputError: nothing is there.
    """
    if not path.exists():
        raise InputError(f"{path} is not there; record takes with collect.py or name their folder with --data")
    path = path.resolve()  # '.' has no name that could be an action
    root = path if path.is_dir() else path.parent
    for found in _walk(path, task):
        name = Path(found.name)
        shown = name.relative_to(root).as_posix() if name.is_relative_to(root) else found.name
        found = replace(found, name=shown)
        yield checked(found, task) if isinstance(found, Take) else found


def _walk(path: Path, task: Task) -> Iterator[Take | Damage]:
    if path.is_dir():
        inside = sorted((p for p in path.iterdir() if not p.name.startswith(".")), key=natural)
        if any(p.suffix == ".npy" for p in inside):
            yield _read_tree(path, [p for p in inside if p.suffix == ".npy"], task)
        else:
            yield from _read_foreign(path, "/", task)
            for child in inside:
                yield from _walk(child, task)
    elif path.suffix == ".npz":
        yield from _read_npz(path, task)
    else:
        yield from _read_foreign(path, path.suffix, task)


def _read_foreign(path: Path, kind: str, task: Task) -> Iterator[Take | Damage]:
    """What the task's own reader of a kind of files finds; nothing where it has none."""
    try:
        yield from task.readers[kind](path) if kind in task.readers else ()
    except (*UNREADABLE, InputError) as error:
        yield Damage(str(path), f"cannot be read: {_short(error)}")


def natural(path: Path) -> list[tuple[int, str]]:
    """Sort key that puts take 2 before take 10."""
    return [(int(run or 0), text) for run, text in re.findall(r"(\d*)(\D*)", path.name)]


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:120] or type(error).__name__


@contextmanager
def open_npz(path: Path) -> Iterator[Any]:
    """The arrays of an `.npz` by name. Unlike `np.load(path)` alone, it leaves no damaged file open.

    Raises:
        UNREADABLE: it is not there or damaged.
    """
    with path.open("rb") as raw, np.load(raw) as file:
        yield file


def _read_npz(path: Path, task: Task) -> Iterator[Take | Damage]:
    try:
        with open_npz(path) as file:
            if "dataset" in file.files:  # made by preprocess.py from takes that lie here themselves
                return
            if "X" in file.files and "y" in file.files:
                yield from _read_pack(path, file, task)
            elif "info" in file.files:
                yield _read_take(path, file, task)
            else:
                yield Damage(str(path), f"holds {', '.join(file.files)}: neither a take nor a pack with X and y")
    except (*UNREADABLE, InputError) as error:
        yield Damage(str(path), f"cannot be read: {_short(error)}")


def _read_take(path: Path, file: Any, task: Task) -> Take:
    info = msgspec.json.decode(file["info"].tobytes(), type=TakeInfo)
    if folder_name(info.action) != path.parent.name:  # whoever renames the folder renames the action
        info = msgspec.structs.replace(info, action=path.parent.name)
    samples = np.asarray(file["samples"], np.float32)
    if samples.shape[1:] != task.sample:  # recorded for another task; what does not fit is told by `checked`
        with suppress(*UNREADABLE):
            samples = task.adapt(samples)
    return Take(samples, np.asarray(file["times"], np.float64), info, str(path))


def _read_pack(path: Path, file: Any, task: Task) -> Iterator[Take]:
    """X (n, T, columns), y (n,), and optionally take, session and signer (n,)."""
    X, y = task.adapt(np.asarray(file["X"])), file["y"]
    told = {key: file[key].astype(str) for key in ("take", "session", "signer") if key in file.files}
    if X.ndim < 3 or any(column.shape != X.shape[:1] for column in (y, *told.values())):
        raise InputError("a pack has X (n, T, columns) and y, take, session and signer of length n")
    for i, (samples, action) in enumerate(zip(X, y.astype(str), strict=True)):
        of_row = {key: str(column[i]) for key, column in told.items()}
        number = of_row.pop("take", str(i))
        info = TakeInfo(action=str(action), **{"session": path.stem, **of_row})
        name = "/".join((str(path), *of_row.values(), str(action), number))
        yield Take(samples, nominal_times(len(samples), task), info, name)


def _read_tree(folder: Path, paths: list[Path], task: Task) -> Take | Damage:
    """The tutorial's layout: one array a frame, named by its number."""
    if not all(p.stem.isdecimal() for p in paths):
        return Damage(str(folder), "its .npy files are not named by frame numbers")
    numbers = sorted(int(p.stem) for p in paths)
    missing = sorted(set(range(numbers[0], numbers[-1] + 1)) - set(numbers))
    if missing:
        return Damage(str(folder), f"frame {missing[0]} is missing")
    try:
        samples = task.adapt(np.stack([_read_frame(p) for p in paths]))
    except (*UNREADABLE, InputError) as error:
        return Damage(str(folder), f"a frame cannot be read: {_short(error)}")
    return Take(samples, nominal_times(len(samples), task), TakeInfo(action=folder.parent.name), str(folder))


def _read_frame(path: Path) -> Array:
    with path.open("rb") as file:  # np.load would open a ZIP archive, too, and leave it open
        return np.lib.format.read_array(file, allow_pickle=False)


def nominal_times(count: int, task: Task) -> Array:
    """Times (count,) seconds of a take that does not tell them: it is taken to last one window of the task."""
    return np.arange(count) * (task.window / task.rate / count)


# --- writing -----------------------------------------------------------------------------------------------


def folder_name(text: str) -> str:
    """An action or signer as a file name that every system accepts."""
    return re.sub(r'[\\/:*?"<>|\x00-\x1f]', "_", text).strip(" .") or "_"


def _prefix(signer: str) -> str:
    return folder_name(signer or "take")


class Store:
    """The folder that takes are recorded into. It adds and, when asked to, replaces; it never overwrites."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._lock = FileLock(root / ".lock")
        try:
            root.mkdir(parents=True, exist_ok=True)
            with self._lock:  # whoever holds it is the only one writing: half-written files are a killed program's
                for left in root.rglob(f".*{TEMPORARY}.*"):
                    left.unlink()
        except OSError as error:
            raise InputError(
                f"{root} cannot be used for takes ({error.strerror}); name a folder with --data"
            ) from error

    def paths(self, action: str, signer: str) -> list[Path]:
        """The takes of an action by a signer, in the order of their numbers."""
        found = (self.root / folder_name(action)).glob("*.npz")
        numbered = ((*p.stem.rpartition("_")[::2], p) for p in found)
        own = [(int(n), p) for who, n, p in numbered if who == _prefix(signer) and n.isdecimal()]
        return [path for _, path in sorted(own)]

    def sources(self) -> set[tuple[str, str]]:
        """(action, source) of every take that is there: what an import need not bring again."""
        found = set()
        for path in self.root.glob("*/*.npz"):
            try:
                with open_npz(path) as file:
                    info = msgspec.json.decode(file["info"].tobytes(), type=TakeInfo)
            except UNREADABLE:
                continue
            found.add((info.action, info.source))
        return found

    def contents(self) -> str:
        """What is in it, in a line, where that is not told by takes."""
        return ""

    def add(self, take: Take) -> Path:
        """Write a take under the next free number.

        Raises:
            InputError: it cannot be written (disk full, no permission); what was there is untouched.
        """
        with self._lock:
            there = self.paths(take.info.action, take.info.signer)
            number = int(there[-1].stem.rpartition("_")[2]) + 1 if there else 0
            path = self.root / folder_name(take.info.action) / f"{_prefix(take.info.signer)}_{number:03d}.npz"
            self._write(path, take)
        return path

    def replace(self, path: Path, take: Take) -> None:
        """Put a take in the place of one that is there; that one stays until the new one is written."""
        with self._lock:
            self._write(path, take)

    def _write(self, path: Path, take: Take) -> None:
        info = np.frombuffer(msgspec.json.encode(take.info), np.uint8)
        with atomic(path) as temporary:
            np.savez_compressed(
                temporary, samples=take.samples.astype(np.float32), times=take.times.astype(np.float64), info=info
            )

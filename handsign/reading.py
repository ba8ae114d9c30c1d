"""Read files that may be damaged, hostile or endless: whatever is wrong with one is an `InputError`."""

from __future__ import annotations

import os
import stat
import warnings
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, TextIO

import numpy as np

from handsign import limits
from handsign.errors import InputError

if TYPE_CHECKING:
    from handsign.types import Array


@contextmanager
def parsing(what: str = "") -> Iterator[None]:
    r"""Whatever a parser raises in the block becomes an `InputError` of one short line, which begins with `what`.

    This is the only place where that is done: parsers raise anything, and a list of it was never complete.

    >>> with parsing():
    ...     b"\xff".decode()
    Traceback (most recent call last):
    handsign.errors.InputError: 'utf-8' codec can't decode byte 0xff in position 0: invalid start byte
    """
    try:
        yield
    except InputError:
        raise
    except Exception as error:
        reason = error.strerror if isinstance(error, OSError) else None
        line = printable(" ".join((reason or str(error)).split())[:120]) or type(error).__name__
        raise InputError(f"{what} ({line})" if what else line) from error


@contextmanager
def open_file(path: Path) -> Iterator[BinaryIO]:
    """Open a file for reading, unless it is a pipe, a device or a folder, on which reading may never end.

    Raises:
        InputError: it cannot be opened, or read in the block.
    """
    with parsing():
        if not stat.S_ISREG(path.stat().st_mode):
            raise InputError("it is no regular file")
        with path.open("rb") as file:
            yield file


def read_bytes(path: Path, most: int) -> bytes:
    """The content of a file of at most `most` bytes.

    Raises:
        InputError: it cannot be read, or is larger.
    """
    with open_file(path) as file:
        data = file.read(most + 1)
    if len(data) > most:
        raise InputError(f"it has more than {size(most)}, the most that is read")
    return data


def lines(file: TextIO) -> Iterator[str]:
    """The lines of a table of at most `limits.ROWS` rows, none of them longer than `limits.LINE`.

    Raises:
        InputError: there are more, or one is longer.
    """
    for number in count():
        line = file.readline(limits.LINE + 1)
        if not line:
            return
        if len(line) > limits.LINE:
            raise InputError(f"line {number + 1} has more than {limits.LINE} characters, the most that is read")
        if number > limits.ROWS:
            raise InputError(f"it has more than {limits.ROWS} rows, the most that is read")
        yield line


def size(number: int) -> str:
    """A number of bytes in words.

    >>> size(64 * 2**20), size(1000)
    ('64 MiB', '1000 bytes')
    """
    return f"{number // limits.MIB} MiB" if number >= limits.MIB else f"{number} bytes"


def exists(path: Path) -> bool:
    """Whether there is something at a path; False where the system does not admit such a name."""
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def printable(text: str) -> str:
    r"""A text with bytes of a file's name that are no UTF-8 written out, so that it can be printed and stored.

    >>> printable("caf\udce9")
    'caf\\udce9'
    """
    return text.encode("utf-8", "backslashreplace").decode()


class Npz(Mapping[str, "Array"]):
    """The arrays of an `.npz`, each read when it is asked for, once its size is known to be right and allowed.

    Raises:
        InputError: there are too many, or they are too large.
    """

    def __init__(self, archive: zipfile.ZipFile, length: int, most: int) -> None:
        members = archive.infolist()
        if len(members) > limits.MEMBERS:
            raise InputError(f"it has {len(members)} arrays, and at most {limits.MEMBERS} are read")
        allowed = min(most, max(limits.EXPANSION_FREE, limits.EXPANSION * length))
        if (total := sum(member.file_size for member in members)) > allowed:
            raise InputError(f"its arrays have {size(total)}, and at most {size(allowed)} are read of {size(length)}")
        self._archive = archive
        self._members = {member.filename.removesuffix(".npy"): member for member in members}

    def __iter__(self) -> Iterator[str]:
        return iter(self._members)

    def __contains__(self, name: object) -> bool:
        return name in self._members

    def __len__(self) -> int:
        return len(self._members)

    def __getitem__(self, name: str) -> Array:
        if name not in self._members:
            raise InputError(f"it has no {name!r}")
        member = self._members[name]
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise InputError("it is compressed in a way that NumPy does not use")  # LZMA would take 4 GiB
        with self._archive.open(member) as file:
            return _read_array(file, member.file_size)


@contextmanager
def open_npz(path: Path, most: int = limits.ARCHIVE_BYTES) -> Iterator[Npz]:
    """Open an `.npz`, a mapping from names to arrays of numbers or text, which are at most `most` bytes together.

    Raises:
        InputError: the file is missing, damaged or too large; also for whatever else is raised in the block.
    """
    with open_file(path) as file, zipfile.ZipFile(file) as archive:
        yield Npz(archive, os.fstat(file.fileno()).st_size, most)


def read_npy(path: Path, most: int) -> Array:
    """The array of numbers or text in an `.npy`, of at most `most` bytes as float32.

    Raises:
        InputError: the file is missing, damaged or too large.
    """
    with open_file(path) as file:
        return _read_array(file, os.fstat(file.fileno()).st_size, most)


def _read_array(file: Any, length: int, most: int = limits.ARCHIVE_BYTES) -> Array:
    """The array in a file in NumPy's format of `length` bytes. Nothing is allocated before its header is checked."""
    with warnings.catch_warnings(action="ignore"):  # of headers by Python 2 and of odd ones
        shape, fortran, kind = _read_header(file)
    if kind.kind not in "biufcUS":
        raise InputError(f"it holds {kind}, which is neither numbers nor text")
    found, needed = length - file.tell(), prod(shape) * max(kind.itemsize, 4)
    if not kind.itemsize or prod(shape) * kind.itemsize != found:
        raise InputError(f"it has {found} bytes of an array of shape {shape} of {kind}")
    if needed > most:
        raise InputError(f"it takes {size(needed)}, and at most {size(most)} are read")
    content = np.empty(found, np.uint8)
    for start in range(0, found, limits.MIB):
        part = content.data[start : start + limits.MIB]
        if file.readinto(part) != len(part):
            raise InputError("it is cut off")
    array = content.view(kind)
    if kind.kind == "U":
        codes = array.view(kind.byteorder.replace("|", "=") + "u4")
        if ((codes > 0x10FFFF) | ((codes >= 0xD800) & (codes < 0xE000))).any():
            raise InputError("it holds text that is no Unicode")
    return array.reshape(shape, order="F" if fortran else "C")


def _read_header(file: Any) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """(shape, whether the first axis changes fastest, kind of the elements) of an array in NumPy's format."""
    version = np.lib.format.read_magic(file)
    if version == (1, 0):
        shape, fortran, kind = np.lib.format.read_array_header_1_0(file)
    elif version == (2, 0):
        shape, fortran, kind = np.lib.format.read_array_header_2_0(file)
    else:
        raise InputError(f"it has version {version} of NumPy's format")
    if any(not 0 <= side < 2**62 for side in shape):
        raise InputError(f"it has an array of shape {shape}")
    return shape, fortran, kind


def below(folder: Path) -> Iterator[Path]:
    """Everything below a folder, in no particular order, down to `limits.DEPTH`. Links to folders are not followed."""
    pending = [(folder, 0)]
    while pending:
        at, depth = pending.pop()
        try:
            entries = list(os.scandir(at))
        except OSError:
            continue
        for entry in entries:
            yield at / entry.name
            if entry.is_dir(follow_symlinks=False) and depth < limits.DEPTH:
                pending.append((at / entry.name, depth + 1))

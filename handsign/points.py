"""Lists of points from elsewhere: the LSTM mouse demo's pickled `mouse_data.txt`, JSON, and text of x and y.

A pickle is a program, and unpickling one runs it. Nothing here does: its instructions are read one by one, those that
make numbers, lists and tuples are followed, and at any other the file is refused.
"""

from __future__ import annotations

import json
import pickletools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from handsign.errors import InputError
from handsign.takes import UNREADABLE, Take, TakeInfo

Array = np.ndarray[Any, Any]
SUFFIXES = (".txt", ".csv", ".json", ".pkl", ".pickle", ".dat")
RATE = 60.0
"""Points a second in a file that tells no times, as the demo's do not: about what a window hears of a moving mouse."""
LARGEST = 64 * 2**20
"""Bytes of a file. An instruction takes at least one and makes at most one value, so what is kept is bounded, too."""
VALUES = frozenset("INT BININT BININT1 BININT2 LONG LONG1 LONG4 FLOAT BINFLOAT".split())
PUTS, GETS = frozenset({"PUT", "BINPUT", "LONG_BINPUT"}), frozenset({"GET", "BINGET", "LONG_BINGET"})
TUPLES = {"EMPTY_TUPLE": 0, "TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}


def read_points(path: Path) -> Iterator[Take]:
    """A file of points, whatever its name ends in, as one take (T, 2) in 0..1 of the canvas.

    Points that all lie in 0..1 stay as they are; pixels are divided by the largest x and the largest y, which are taken
    for the canvas's size.

    Raises:
        InputError: it is too large, is no list of points, or holds something that would run.
    """
    if path.stat().st_size > LARGEST:
        raise InputError(f"it has {path.stat().st_size} bytes, more than any list of points")
    points = _array(_parse(path.read_bytes()))
    extent = np.maximum(np.ceil(points.max(axis=0)), 1.0)
    size = (int(extent[0]), int(extent[1])) if points.max() > 1 else None
    samples = np.clip(points / extent, 0.0, 1.0).astype(np.float32)
    info = TakeInfo(action="path", rate=RATE, frame_size=size, extractor="points")
    yield Take(samples, np.arange(len(samples)) / RATE, info, str(path))


def _parse(data: bytes) -> Any:
    """Something that should be a list of points, from the bytes of a file."""
    if data[:1] == b"\x80" or (data[:1] in b"(]c" and data.rstrip().endswith(b".")):
        return unpickled(data)
    try:
        text = data.decode("utf-8-sig").strip()
        if text[:1] in {"[", "{"}:
            return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"it is neither a pickle, whole JSON nor text ({str(error)[:60]})") from error
    return _lines(text)


def _lines(text: str) -> list[list[float]]:
    """The x and y of every line, with a comma, semicolon or spaces between them; a heading is passed over."""
    points = []
    for number, line in enumerate(text.splitlines(), 1):
        cells = re.split(r"[\s,;]+", line.strip())
        try:
            x, y = map(float, cells)
        except ValueError as error:
            if number == 1 or cells == [""]:
                continue
            raise InputError(f"line {number} is no x and y: {line.strip()[:40]!r}") from error
        points.append([x, y])
    return points


def _array(points: Any) -> Array:
    """A list of pairs of numbers as (T, 2) float64."""
    pairs = isinstance(points, list | tuple) and all(isinstance(p, list | tuple) and len(p) == 2 for p in points)
    if not pairs or not all(type(value) in {int, float} for point in points for value in point):
        raise InputError("it is no list of [x, y] points")
    if len(points) < 2:
        raise InputError(f"it holds {len(points)} points")
    try:
        found = np.array(points, np.float64)
    except OverflowError:
        found = np.array([np.inf])
    if not np.isfinite(found).all():
        raise InputError("it holds numbers that are no pixels")
    return found


def unpickled(data: bytes) -> Any:
    """The lists, tuples and numbers of a pickle of any protocol (0 to 5), made without unpickling it.

    Raises:
        InputError: it is damaged, or has other instructions than for these; the first is named.
    """
    stack = _Stack()
    try:
        for code, value, _ in pickletools.genops(data):
            stack.follow(code.name, value)
        (result,) = stack.values
    except InputError:
        raise
    except (*UNREADABLE, OverflowError) as error:
        raise InputError(f"it is no whole pickle ({' '.join(str(error).split())[:60]})") from error
    return result


class _Stack:
    """What a pickle's instructions work on: values, those that were there at each mark, and the memo."""

    def __init__(self) -> None:
        self.values: list[Any] = []
        self._below: list[list[Any]] = []
        self._memo: dict[int, Any] = {}

    def follow(self, name: str, value: Any) -> None:
        """One instruction, by the name that `pickletools` has for it."""
        if name in VALUES:
            self.values.append(value)
        elif name in PUTS:
            self._memo[value] = self.values[-1]
        elif name == "MEMOIZE":
            self._memo[len(self._memo)] = self.values[-1]
        elif name in GETS:
            self.values.append(self._memo[value])
        elif name == "MARK":
            self._below.append(self.values)
            self.values = []
        elif name in {"EMPTY_LIST", "LIST", "TUPLE", *TUPLES}:
            made = self._collect(name)  # first: it changes which list the values are
            self.values.append(made)
        elif name in {"APPEND", "APPENDS"}:
            added = self._since_mark() if name == "APPENDS" else [self.values.pop()]
            if not isinstance(self.values[-1], list):
                raise ValueError("something is appended to what is no list")
            self.values[-1].extend(added)
        elif name not in {"PROTO", "FRAME", "STOP"}:
            raise InputError(f"its instruction {name} is none of a list of numbers; it was not run")

    def _collect(self, name: str) -> list[Any] | tuple[Any, ...]:
        if name in {"LIST", "TUPLE"}:
            found = self._since_mark()
        else:
            found = [self.values.pop() for _ in range(TUPLES.get(name, 0))][::-1]
        return found if "LIST" in name else tuple(found)

    def _since_mark(self) -> list[Any]:
        found, self.values = self.values, self._below.pop()
        return found

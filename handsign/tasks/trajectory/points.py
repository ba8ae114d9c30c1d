"""Reader of lists of points: the LSTM mouse demo's pickled `mouse_data.txt`, JSON, or text with x and y in each line.

A pickle is a program, and unpickling one runs it. This module does not: it parses the instructions one by one, executes
those that make numbers, lists and tuples itself, and rejects a file that has any other.
"""

from __future__ import annotations

import json
import pickletools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from handsign import limits
from handsign.data.take import Take, TakeInfo
from handsign.errors import InputError
from handsign.reading import parsing, read_bytes

if TYPE_CHECKING:
    from handsign.types import Array


SUFFIXES = (".txt", ".csv", ".json", ".pkl", ".pickle", ".dat")

RATE = 60.0
"""Points per second assumed of a file, as none records times: about the rate at which a window reports the mouse."""

VALUES = frozenset("INT BININT BININT1 BININT2 LONG LONG1 LONG4 FLOAT BINFLOAT".split())

PUTS, GETS = frozenset({"PUT", "BINPUT", "LONG_BINPUT"}), frozenset({"GET", "BINGET", "LONG_BINGET"})

TUPLE_LENGTHS = {"EMPTY_TUPLE": 0, "TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}


def read_points(path: Path) -> Iterator[Take]:
    """Yield the one take of a file of points: samples (T, 2) float32 in 0..1 of the canvas. Its suffix is ignored.

    Points that all lie in 0..1 are kept; pixels are divided by the largest x and the largest y, which are assumed to be
    the size of the canvas.

    Raises:
        InputError: the file is too large, is not a list of points, or is a pickle with other instructions.
    """
    points = _array(_parse(read_bytes(path, limits.POINTS_BYTES)))
    if np.abs(points).max() > limits.SIDE:
        raise InputError(f"it has numbers above {limits.SIDE}, which are no pixels of a canvas")
    extent = np.maximum(np.ceil(points.max(axis=0)), 1.0)
    size = (int(extent[0]), int(extent[1])) if points.max() > 1 else None
    samples = np.clip(points / extent, 0.0, 1.0).astype(np.float32)
    info = TakeInfo(action="path", rate=RATE, frame_size=size, extractor="points")
    yield Take(samples, np.arange(len(samples)) / RATE, info, str(path))


def _parse(data: bytes) -> Any:
    """The content of a file, as a list of points if it is one; otherwise unchecked."""
    if data[:1] == b"\x80" or (data[:1] in b"(]c" and data.rstrip().endswith(b".")):
        return parse_pickle(data)
    with parsing("it is not a pickle, JSON or text"):
        text = data.decode("utf-8-sig").strip()
        if text[:1] in {"[", "{"}:
            return json.loads(text)
    return _parse_text(text)


def _parse_text(text: str) -> list[list[float]]:
    """The x and y of every line, separated by a comma, a semicolon or spaces; a header and empty lines are skipped."""
    points = []
    for number, line in enumerate(text.splitlines(), 1):
        if len(line) > limits.LINE:
            raise InputError(f"line {number} has {len(line)} characters, and at most {limits.LINE} are read")
        cells = re.split(r"[\s,;]+", line.strip())
        try:
            x, y = map(float, cells)
        except ValueError as error:
            if number == 1 or cells == [""]:
                continue
            raise InputError(f"line {number} is not x and y: {line.strip()[:40]!r}") from error
        points.append([x, y])
        if len(points) > limits.FRAMES:
            break  # `_array` says so
    return points


def _array(points: Any) -> Array:
    """A list of pairs of numbers as an array (T, 2) float64; `InputError` where it is not one."""
    if isinstance(points, list | tuple) and len(points) > limits.FRAMES:
        raise InputError(f"it has more than {limits.FRAMES} points, the most that is read")
    pairs = isinstance(points, list | tuple) and all(isinstance(p, list | tuple) and len(p) == 2 for p in points)
    if not pairs or not all(type(value) in {int, float} for point in points for value in point):
        raise InputError("it is not a list of [x, y] points")
    if len(points) < 2:
        raise InputError(f"it has {len(points)} points; at least 2 are needed")
    try:
        array = np.array(points, np.float64)
    except OverflowError:
        array = np.array([np.inf])
    if not np.isfinite(array).all():
        raise InputError("it has numbers that are not finite or too large")
    return array


def parse_pickle(data: bytes) -> Any:
    """The lists, tuples and numbers in a pickle of any protocol (0 to 5), without unpickling it.

    Raises:
        InputError: the pickle is damaged, or has instructions for anything else; the first of them is named.

    >>> import pickle
    >>> parse_pickle(pickle.dumps([[1, 2.5], (3, 4)]))
    [[1, 2.5], (3, 4)]
    """
    stack = PickleStack()
    with parsing("it is not a complete pickle"):
        for number, (code, value, _) in enumerate(pickletools.genops(data)):
            if number >= limits.INSTRUCTIONS:
                raise InputError(f"it has more than {limits.INSTRUCTIONS} instructions, the most that are read")
            stack.execute(code.name, value)
        (result,) = stack.values
    return result


class PickleStack:
    """The state of a pickle machine: the values since the last mark, those below each mark, and the memo."""

    def __init__(self) -> None:
        self.values: list[Any] = []
        self._below: list[list[Any]] = []
        self.memo: dict[int, Any] = {}

    def execute(self, name: str, value: Any) -> None:
        """Execute one instruction, given by its name in `pickletools` and its argument.

        Raises:
            InputError: it is not one that makes numbers, lists or tuples.
            ValueError, LookupError: the stack does not hold what it needs.
        """
        if name in VALUES:
            self.values.append(value)
        elif name in PUTS:
            self.memo[value] = self.values[-1]
        elif name == "MEMOIZE":
            self.memo[len(self.memo)] = self.values[-1]
        elif name in GETS:
            self.values.append(self.memo[value])
        elif name == "MARK":
            if len(self._below) >= limits.DEPTH:
                raise InputError(
                    f"it is not a list of points, but has more than {limits.DEPTH} lists inside of each other"
                )
            self._below.append(self.values)
            self.values = []
        elif name in {"EMPTY_LIST", "LIST", "TUPLE", *TUPLE_LENGTHS}:
            made = self._collect(name)  # before `append`: it replaces `self.values`
            self.values.append(made)
        elif name in {"APPEND", "APPENDS"}:
            added = self._since_mark() if name == "APPENDS" else [self.values.pop()]
            if not isinstance(self.values[-1], list):
                raise ValueError("a value is appended to something other than a list")
            self.values[-1].extend(added)
        elif name not in {"PROTO", "FRAME", "STOP"}:
            raise InputError(f"its pickle instruction {name} does not occur in a list of numbers; nothing was run")

    def _collect(self, name: str) -> list[Any] | tuple[Any, ...]:
        """Remove the values of a new list or tuple from the stack and return it."""
        if name in {"LIST", "TUPLE"}:
            values = self._since_mark()
        else:
            values = [self.values.pop() for _ in range(TUPLE_LENGTHS.get(name, 0))][::-1]
        return values if "LIST" in name else tuple(values)

    def _since_mark(self) -> list[Any]:
        """Remove the values since the last mark from the stack and return them."""
        values, self.values = self.values, self._below.pop()
        return values

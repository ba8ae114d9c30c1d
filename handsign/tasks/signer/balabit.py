"""Reader of mouse recordings in the layout of the Balabit Mouse Dynamics Challenge (Fülöp et al., 2016).

`training_files/user7/session_0041905381` is a CSV table `record timestamp,client timestamp,button,state,x,y`, in
seconds and pixels of a remote desktop of unknown size. The folder is named after the person; a file is one recording
session. Rows that cannot be used, as the challenge's files have them, are skipped and counted.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from handsign.data.take import InvalidTake, Take, TakeInfo
from handsign.errors import InputError
from handsign.reading import lines, open_file, parsing

if TYPE_CHECKING:
    from handsign.types import Array


HEADER = ("record timestamp", "client timestamp", "button", "state", "x", "y")

SCREEN_WIDTH = 1920.0
"""Pixels of one canvas width, the same for all recordings, whose screens are unknown: distances stay comparable."""

MAX_PIXEL = 12_000
"""Coordinates from here on are off the screen: no desktop is as large, and 65535 stands for a pointer that left it."""

OUTLIER_FACTOR = 3.0
"""Coordinates beyond this multiple of a recording's 0.9 quantile, or of `SCREEN_WIDTH` if larger, are off screen."""

BUTTONS = {"NoButton": 0, "Left": 1, "Right": 2, "XButton": 2, "Middle": 2, "Scroll": 3}
"""Button -> its number in a sample."""

STATES = {"Move": False, "Drag": True, "Pressed": True, "Released": False, "Down": True, "Up": True}
"""State -> whether the button of the row is down; Down and Up are turns of the wheel."""

TIME_STEP = 1e-6
"""Seconds between rows with the same time in `Take.times`, which have to increase."""


def read(path: Path) -> Iterator[Take | InvalidTake]:
    """Read a recording session as a take of samples (T, 4) float32, then a line about skipped rows, if there are any.

    A sample is x, y, button, interval, see `motion_image.X`. The interval is by the client's clock: 0 where that stood
    still, the recorder's interval where it went back. Turns of the wheel are at the last position of the pointer.

    Raises:
        InputError: the file has another header, or fewer than two usable rows.
    """
    skipped: Counter[str] = Counter()
    with parsing():
        rows = np.fromiter(chain.from_iterable(_rows(path, skipped)), np.float64).reshape(-1, 5)
    rows = _usable(rows, skipped)
    count = len(rows) + skipped.total()
    reasons = ", ".join(f"{n} {why}" for why, n in skipped.items())
    if len(rows) < 2:
        raise InputError(f"{len(rows)} of its {count} rows can be used{f' ({reasons})' if reasons else ''}")
    samples, times = _samples(rows)
    person = path.parent.name
    info = TakeInfo(action=person, signer=person, session=path.stem, extractor="mouse")
    yield Take(samples, times, info, str(path))
    if skipped:
        yield InvalidTake(str(path), f"{skipped.total()} of its {count} rows ({reasons}); the others are used")


def _rows(path: Path, skipped: Counter[str]) -> Iterator[tuple[float, ...]]:
    """(recorder's seconds, client's seconds, button, x, y) of each row that can be parsed; others are counted.

    Raises:
        InputError: the file has another header.
    """
    with open_file(path) as raw, io.TextIOWrapper(raw, "utf-8", "replace", newline="") as file:
        table = csv.reader(lines(file))
        if tuple(name.strip().lower() for name in next(table, ())) != HEADER:
            raise InputError(f"its first line is not {','.join(HEADER)!r}")
        for row in filter(None, table):
            try:
                recorded, client, button, state, x, y = row
                yield float(recorded), float(client), BUTTONS[button] * STATES[state], float(x), float(y)
            except (ValueError, KeyError):
                skipped["not understood"] += 1


def _usable(rows: Array, skipped: Counter[str]) -> Array:
    """Rows (n, 5) without those that are not finite, off the screen, or equal to the previous row."""
    rows = _drop(rows, ~np.isfinite(rows).all(axis=1), "not understood", skipped)
    position, wheel = rows[:, 3:], rows[:, 2] == BUTTONS["Scroll"]
    off = ((position < 0) | (position >= MAX_PIXEL)).any(axis=1)
    if (~off & ~wheel).any():
        usual = np.quantile(position[~off & ~wheel], 0.9, axis=0, method="lower")
        off |= (position > OUTLIER_FACTOR * np.maximum(usual, SCREEN_WIDTH)).any(axis=1)
    rows = _drop(rows, off & ~wheel, "off the screen", skipped)
    repeated = np.append(False, (rows[1:] == rows[:-1]).all(axis=1)) if len(rows) else np.zeros(0, bool)
    return _drop(rows, repeated, "repeated", skipped)


def _drop(rows: Array, bad: Array, reason: str, skipped: Counter[str]) -> Array:
    """Rows (n, 5) without those that are bad (n,) bool, which are counted under a reason."""
    if bad.any():
        skipped[reason] += int(bad.sum())
    return rows[~bad]


def _samples(rows: Array) -> tuple[Array, Array]:
    """Samples (n, 4) float32 and increasing times (n,) in seconds of rows (n, 5)."""
    recorded, client, button = rows[:, 0], rows[:, 1], rows[:, 2]
    intervals = np.diff(client, prepend=client[:1])
    recorder_intervals = np.maximum(np.diff(recorded, prepend=recorded[:1]), 0)
    intervals = np.where(intervals < 0, recorder_intervals, intervals)
    wheel = button == BUTTONS["Scroll"]
    source = np.maximum.accumulate(np.where(wheel, -1, np.arange(len(rows))))  # the last row with a position
    source = np.maximum(source, int(np.argmin(wheel)))  # before the first position, that one
    position = rows[source, 3:] / SCREEN_WIDTH
    with np.errstate(over="ignore"):  # `Format.checked` refuses what is not finite
        samples = np.column_stack([position, button, intervals]).astype(np.float32)
    return samples, np.cumsum(intervals) + TIME_STEP * np.arange(len(rows))

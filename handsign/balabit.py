"""Mouse recordings in the layout of the Balabit Mouse Dynamics Challenge (Fülöp et al., 2016), bad rows and all.

`training_files/user7/session_0041905381` is a table `record timestamp,client timestamp,button,state,x,y`, seconds and
pixels of a remote desktop whose size it does not tell. The folder is the person, the file one session.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from handsign.errors import InputError
from handsign.takes import Damage, Take, TakeInfo

Array = np.ndarray[Any, Any]
HEADER = ("record timestamp", "client timestamp", "button", "state", "x", "y")
SCREEN = 1920.0
"""Pixels that count as one width, for all: the real screens are unknown, and so distances stay comparable."""
FAR = 12_000
"""Pixels that no desktop reaches; 65535 is how a pointer that has left the screen is written down."""
BEYOND = 3.0
"""How many times further than nine tenths of a recording's rows, or than a screen is wide, a row may lie."""
BUTTONS = {"NoButton": 0, "Left": 1, "Right": 2, "XButton": 2, "Middle": 2, "Scroll": 3}
STATES = {"Move": False, "Drag": True, "Pressed": True, "Released": False, "Down": True, "Up": True}
"""State -> whether the button of the row is down in it; Down and Up are turns of the wheel."""
TICK = 1e-6
"""Seconds by which rows with the same time are told apart in `Take.times`."""


def read(path: Path) -> Iterator[Take | Damage]:
    """A session as a take of samples (T, 4) float32: x, y, pressed, gap (`handsign.paths`), and what was skipped of it.

    x and y in widths of `SCREEN`, gap seconds of the client's clock since the row before (0 where the clock stood, the
    recorder's where it went back). A turn of the wheel stays where the pointer was.

    Raises:
        InputError: it is another kind of file, or fewer than two of its rows can be used.
    """
    skipped: Counter[str] = Counter()
    rows = np.array(list(_rows(path, skipped)), np.float64).reshape(-1, 5)
    rows = _usable(rows, skipped)
    count = len(rows) + skipped.total()
    told = ", ".join(f"{n} {why}" for why, n in skipped.items())
    if len(rows) < 2:
        raise InputError(f"{len(rows)} of its {count} rows can be used{f' ({told})' if told else ''}")
    samples, times = _samples(rows)
    person = path.parent.name
    info = TakeInfo(action=person, signer=person, session=path.stem, extractor="mouse")
    yield Take(samples, times, info, str(path))
    if skipped:
        yield Damage(str(path), f"{skipped.total()} of its {count} rows ({told}); the others are used")


def _rows(path: Path, skipped: Counter[str]) -> Iterator[tuple[float, ...]]:
    """(recorder's seconds, client's seconds, pressed, x, y) of each row that is one."""
    with path.open(encoding="utf-8", errors="replace", newline="") as file:
        table = csv.reader(file)
        if tuple(name.strip().lower() for name in next(table, ())) != HEADER:
            raise InputError(f"its first line is not {','.join(HEADER)!r}")
        for row in filter(None, table):
            try:
                recorded, client, button, state, x, y = row
                yield float(recorded), float(client), BUTTONS[button] * STATES[state], float(x), float(y)
            except (ValueError, KeyError):
                skipped["not understood"] += 1


def _usable(rows: Array, skipped: Counter[str]) -> Array:
    """Rows (n, 5) without those off the screen and those that repeat the one before."""
    rows = _without(rows, ~np.isfinite(rows).all(axis=1), "not understood", skipped)
    where, wheel = rows[:, 3:], rows[:, 2] == BUTTONS["Scroll"]
    off = ((where < 0) | (where >= FAR)).any(axis=1)
    if (~off & ~wheel).any():
        usual = np.quantile(where[~off & ~wheel], 0.9, axis=0, method="lower")
        off |= (where > BEYOND * np.maximum(usual, SCREEN)).any(axis=1)
    rows = _without(rows, off & ~wheel, "off the screen", skipped)
    repeated = np.append(False, (rows[1:] == rows[:-1]).all(axis=1)) if len(rows) else np.zeros(0, bool)
    return _without(rows, repeated, "repeated", skipped)


def _without(rows: Array, bad: Array, why: str, skipped: Counter[str]) -> Array:
    if bad.any():
        skipped[why] += int(bad.sum())
    return rows[~bad]


def _samples(rows: Array) -> tuple[Array, Array]:
    """Rows (n, 5) -> samples (n, 4) and times (n,) that grow."""
    recorded, client, pressed = rows[:, 0], rows[:, 1], rows[:, 2]
    gaps = np.diff(client, prepend=client[:1])
    gaps = np.where(gaps < 0, np.maximum(np.diff(recorded, prepend=recorded[:1]), 0), gaps)
    wheel = pressed == BUTTONS["Scroll"]
    held = np.maximum.accumulate(np.where(wheel, -1, np.arange(len(rows))))
    held = np.maximum(held, int(np.argmin(wheel)))  # a wheel that turns before the pointer moves is where it will be
    where = rows[held, 3:] / SCREEN
    return (
        np.column_stack([where, pressed, gaps]).astype(np.float32),
        np.cumsum(gaps) + TICK * np.arange(len(rows)),
    )

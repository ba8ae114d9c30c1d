"""Synthetic people who are hard to tell apart, as mouse recordings in the layout of the Balabit challenge.

`handsign.paths.move` moves them. They are drawn around one average person, and nobody moves today as yesterday: a
session multiplies everything about a person by something of its own. All have the same screen and clock, so that only
how they move tells them apart. No person moved: what is measured here says nothing about people.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from handsign.balabit import HEADER
from handsign.files import atomic
from handsign.paths import Person, move, person

Array = np.ndarray[Any, Any]
HABITS = tuple(field.name for field in fields(Person) if field.name not in ("name", "home"))
CLOSE = 0.5
"""How far from the average a person is, as a share of how far people drawn by `paths.person` are."""
VARY = 0.12
"""Standard deviation of the logarithm of what a session multiplies each habit by."""
SCREEN = (1920, 1080)
RATE, CLOCK, CALM = 64.0, 0.0156, 0.3
"""Positions a second; seconds between ticks of the clock; share of the tremor: a mouse at rest reports nothing."""
TYPICAL = 40
CHANCES = {"rests": 0.9, "press": 0.9, "flow": 0.9, "early": 0.5}
"""What is no more than so much, whatever it is multiplied by."""


def people(count: int, close: float = CLOSE) -> list[Person]:
    """So many, always the same ones."""
    others = [person(1000 + i) for i in range(TYPICAL)]
    average = {name: float(np.mean([getattr(one, name) for one in others])) for name in HABITS}
    found = []
    for i in range(count):
        own = person(i)
        habits = {name: middle + close * (getattr(own, name) - middle) for name, middle in average.items()}
        found.append(replace(own, home=(0.5, 0.5), **{**habits, "tremor": CALM * habits["tremor"]}))
    return found


def today(who: Person, rng: np.random.Generator, vary: float = VARY) -> Person:
    """The same person in another session; `bend` is shifted, as it can be to either side."""
    habits = {name: float(getattr(who, name) * rng.lognormal(0, vary)) for name in HABITS}
    habits |= {name: min(habits[name], most) for name, most in CHANCES.items()}
    habits |= {"aim": who.aim * rng.lognormal(0, vary / 6), "early": max(who.early * rng.lognormal(0, vary / 3), 0.3)}
    return replace(who, **habits | {"bend": who.bend + rng.normal(0, vary / 6)})


def rows(who: Person, seconds: float, rng: np.random.Generator) -> Iterator[Sequence[Any]]:
    """A session as rows of `balabit.HEADER`: nothing is told while the pointer rests."""
    places, times, pressed = move(today(who, rng), seconds, rng, RATE, SCREEN)
    pixels, times = np.round(places * (np.array(SCREEN) - 1)).astype(int), np.round(times / CLOCK) * CLOCK
    late = times + rng.uniform(0.01, 0.05, len(times)).cumsum() % 0.04
    changed = np.append(True, (np.diff(pixels, axis=0) != 0).any(axis=1))
    switched = np.append(False, np.diff(pressed) != 0)
    for i in np.flatnonzero(changed | switched):
        button = "Left" if pressed[i] or switched[i] else "NoButton"
        state = ("Pressed" if pressed[i] else "Released") if switched[i] else "Drag" if pressed[i] else "Move"
        yield (f"{late[i]:.3f}", f"{times[i]:.3f}", button, state, *pixels[i].tolist())


def write(path: Path, table: Iterator[Sequence[Any]] | Sequence[Sequence[Any]]) -> None:
    """A table with the header of a session, or another one."""
    with atomic(path) as temporary:
        temporary.write_text("".join(",".join(map(str, row)) + "\n" for row in (HEADER, *table)), encoding="utf-8")


@dataclass(frozen=True)
class Size:
    """How much of everything: people, their sessions to learn from and to test on, a third of these by others."""

    people: int = 10
    sessions: int = 4
    tests: int = 6
    seconds: float = 150.0
    test_seconds: tuple[float, float] = (30.0, 90.0)


def challenge(folder: Path, size: Size, seed: int = 0) -> None:
    """`training_files`, `test_files` and `public_labels.csv` in a folder, as the real ones lie."""
    rng, crowd = np.random.default_rng(seed), people(size.people)
    labels = []
    for i, who in enumerate(crowd):
        for n in range(size.sessions):
            write(folder / f"training_files/user{i}/session_{i}{n:03d}", rows(who, size.seconds, rng))
        for n in range(size.tests):
            illegal = n % 3 == 2
            mover = crowd[(i + 1 + rng.integers(size.people - 1)) % size.people] if illegal else who
            name = f"session_9{i}{n:03d}"
            write(folder / f"test_files/user{i}/{name}", rows(mover, rng.uniform(*size.test_seconds), rng))
            labels.append(f"{name},{int(illegal)}\n")
    with atomic(folder / "public_labels.csv") as temporary:
        temporary.write_text("filename,is_illegal\n" + "".join(labels), encoding="utf-8")

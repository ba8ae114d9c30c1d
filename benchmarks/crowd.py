"""Synthetic mouse recordings of people who move alike, in the layout of the Balabit challenge.

Movements are those of `handsign.tasks.trajectory.synthetic`. People are drawn close to one average person, and each
recording session multiplies every parameter of a person by a random factor. All have the same screen and clock, so
people differ by their movements only. No person moved: what is measured here says nothing about people.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from handsign.files import atomic
from handsign.tasks.signer.balabit import HEADER
from handsign.tasks.trajectory.synthetic import Person, random_person, simulate

PARAMETERS = tuple(field.name for field in fields(Person) if field.name not in ("name", "home"))
"""Fields of a person that are varied."""

SPREAD = 0.5
"""Distance of people from the average person, as a share of that of the people of `synthetic.random_person`."""

SESSION_SIGMA = 0.12
"""Standard deviation of the logarithm of the factor by which a session multiplies each parameter."""

SCREEN = (1920, 1080)
"""Width and height in pixels."""

RATE, CLOCK = 64.0, 0.0156
"""Positions a second, and seconds between ticks of the clock."""

TREMOR_SCALE = 0.3
"""Factor of the tremor: a mouse at rest reports nothing."""

POPULATION = 40
"""People whose mean is the average person."""

UPPER_BOUNDS = {"pause_probability": 0.9, "click_probability": 0.9, "overlap": 0.9, "midpoint": 0.5}
"""Largest values of parameters in a session."""


def sample_people(count: int, spread: float = SPREAD) -> list[Person]:
    """The first `count` people of a fixed sequence."""
    population = [random_person(1000 + i) for i in range(POPULATION)]
    average = {name: float(np.mean([getattr(one, name) for one in population])) for name in PARAMETERS}
    people = []
    for i in range(count):
        own = random_person(i)
        values = {name: mean + spread * (getattr(own, name) - mean) for name, mean in average.items()}
        people.append(replace(own, home=(0.5, 0.5), **{**values, "tremor": TREMOR_SCALE * values["tremor"]}))
    return people


def vary_session(user: Person, rng: np.random.Generator, sigma: float = SESSION_SIGMA) -> Person:
    """The person with the parameters of another session; `curvature`, of either sign, is shifted instead of scaled."""
    values = {name: float(getattr(user, name) * rng.lognormal(0, sigma)) for name in PARAMETERS}
    values |= {name: min(values[name], bound) for name, bound in UPPER_BOUNDS.items()}
    values |= {
        "gain": user.gain * rng.lognormal(0, sigma / 6),
        "midpoint": max(user.midpoint * rng.lognormal(0, sigma / 3), 0.3),
    }
    return replace(user, **values | {"curvature": user.curvature + rng.normal(0, sigma / 6)})


def session_rows(user: Person, seconds: float, rng: np.random.Generator) -> Iterator[Sequence[Any]]:
    """Rows of `balabit.HEADER` of a session; none while the pointer rests."""
    positions, times, pressed = simulate(vary_session(user, rng), seconds, rng, RATE, SCREEN)
    pixels, times = np.round(positions * (np.array(SCREEN) - 1)).astype(int), np.round(times / CLOCK) * CLOCK
    recorded = times + rng.uniform(0.01, 0.05, len(times)).cumsum() % 0.04
    moved = np.append(True, (np.diff(pixels, axis=0) != 0).any(axis=1))
    switched = np.append(False, np.diff(pressed) != 0)
    for i in np.flatnonzero(moved | switched):
        button = "Left" if pressed[i] or switched[i] else "NoButton"
        state = ("Pressed" if pressed[i] else "Released") if switched[i] else "Drag" if pressed[i] else "Move"
        yield (f"{recorded[i]:.3f}", f"{times[i]:.3f}", button, state, *pixels[i].tolist())


def write_csv(path: Path, rows: Iterable[Sequence[Any]]) -> None:
    """Write rows below `balabit.HEADER`."""
    with atomic(path) as temporary:
        temporary.write_text("".join(",".join(map(str, row)) + "\n" for row in (HEADER, *rows)), encoding="utf-8")


@dataclass(frozen=True)
class CrowdSize:
    """People, training and test sessions of each (every third test session is by somebody else), and their seconds."""

    people: int = 10
    sessions: int = 4
    tests: int = 6
    seconds: float = 150.0
    test_seconds: tuple[float, float] = (30.0, 90.0)


def write_challenge(folder: Path, size: CrowdSize, seed: int = 0) -> None:
    """Write `training_files`, `test_files` and `public_labels.csv` to a folder, in the layout of the challenge."""
    rng, crowd = np.random.default_rng(seed), sample_people(size.people)
    labels = []
    for i, user in enumerate(crowd):
        for n in range(size.sessions):
            write_csv(folder / f"training_files/user{i}/session_{i}{n:03d}", session_rows(user, size.seconds, rng))
        for n in range(size.tests):
            illegal = n % 3 == 2
            mover = crowd[(i + 1 + rng.integers(size.people - 1)) % size.people] if illegal else user
            name = f"session_9{i}{n:03d}"
            write_csv(folder / f"test_files/user{i}/{name}", session_rows(mover, rng.uniform(*size.test_seconds), rng))
            labels.append(f"{name},{int(illegal)}\n")
    with atomic(folder / "public_labels.csv") as temporary:
        temporary.write_text("filename,is_illegal\n" + "".join(labels), encoding="utf-8")

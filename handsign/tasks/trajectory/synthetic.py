"""A seeded generator of synthetic pointer movements, of people with individual habits.

A path is samples (T, 2) float32, x and y in 0..1 of the canvas's width and height, at times (T,) in seconds.

No person made these movements. They are for tests and for a demo without recordings; nothing about people is concluded
from them. Existing libraries were not used: cursory replays recorded paths; nothingtoseehere, human-mouse and
humancursor drive a real pointer or a browser, as one person; none offers different people, a seed and plain arrays.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from handsign.data.take import Take, TakeInfo

if TYPE_CHECKING:
    from handsign.types import Array


SYNTHETIC = "synthetic"
"""The prefix of signer, source and extractor in every generated take."""

CANVAS = (1000, 700)
"""Default width and height in pixels: about the window of the LSTM mouse demo."""

MARGIN = 0.04
"""The least distance of a target from the edge, in canvas sizes."""

STEADY = 0.2
"""The amplitude of the tremor at rest, as a share of that in movement."""


@dataclass(frozen=True)
class Person:
    """The parameters of a person's movement: chosen within what the sources report, none measured for this project.

    name               begins with `SYNTHETIC`
    fitts_intercept    seconds, and `fitts_slope`, seconds per bit: a movement takes intercept + slope * log2(distance /
                       width + 1), Fitts' law (MacKenzie, "Fitts' law as a research and design tool", 1992). A mouse has
                       3.7 to 4.9 bits per second (Soukoreff and MacKenzie, "Towards a standard for pointing device
                       evaluation", 2004)
    target_width       mean width of a target, in canvas widths
    curvature          mean bulge of a movement to its left, as a share of its length; negative to the right
    midpoint           share of the time after which half of a movement is done; 0.5 is minimum jerk, less is longer
                       braking
    gain               mean share of the distance that the first movement covers, and `gain_std`, its standard
                       deviation. Corrections follow (Meyer et al., "Optimality in human motor performance", 1988)
    overlap            probability that the movement to the next target begins before this one is reached
    pause              median duration of a rest in seconds (log-normal), and `pause_probability`, after a movement
    click_probability  at the end of a movement, and `click`, the median duration in seconds (log-normal)
    tremor             amplitude in canvas widths, and `tremor_rate`, its frequency in Hz: 8 to 12 (Elble and Koller,
                       "Tremor", 1990)
    home               mean (x, y) of the targets, and `spread`, their standard deviation, in canvas sizes
    """

    name: str
    fitts_intercept: float
    fitts_slope: float
    target_width: float
    curvature: float
    midpoint: float
    gain: float
    gain_std: float
    overlap: float
    pause: float
    pause_probability: float
    click_probability: float
    click: float
    tremor: float
    tremor_rate: float
    home: tuple[float, float]
    spread: float


def random_person(seed: int) -> Person:
    """A person with random parameters; the same seed gives the same person."""
    rng = np.random.default_rng([seed, 0x9E75])
    return Person(
        name=f"{SYNTHETIC}-{seed}",
        fitts_intercept=rng.uniform(0.05, 0.22),
        fitts_slope=rng.uniform(0.09, 0.20),
        target_width=rng.uniform(0.015, 0.05),
        curvature=rng.normal(0.0, 0.09),
        midpoint=rng.uniform(0.36, 0.48),
        gain=rng.uniform(0.90, 1.06),
        gain_std=rng.uniform(0.02, 0.08),
        overlap=rng.uniform(0.1, 0.6),
        pause=rng.uniform(0.15, 0.7),
        pause_probability=rng.uniform(0.15, 0.5),
        click_probability=rng.uniform(0.1, 0.6),
        click=rng.uniform(0.06, 0.16),
        tremor=rng.uniform(0.0001, 0.0007),
        tremor_rate=rng.uniform(8.0, 12.0),
        home=(rng.uniform(0.4, 0.6), rng.uniform(0.4, 0.6)),
        spread=rng.uniform(0.18, 0.30),
    )


@dataclass(frozen=True)
class _Stroke:
    """A smooth movement: start and duration in seconds, displacement (2,) and bulge half way (2,) in canvas widths."""

    start: float
    duration: float
    displacement: Array
    bulge: Array


def simulate(
    person: Person, seconds: float, rng: np.random.Generator, rate: float = 120.0, canvas: tuple[int, int] = CANVAS
) -> tuple[Array, Array, Array]:
    """Pointer movements of a person: samples (T, 2) float32, times (T,) float64 in seconds, button pressed (T,) bool.

    As a mouse reports them, in whole pixels, but also at rest. Overlapping movements add up, as those of a hand whose
    target changes do (Flash and Henis, "Arm trajectory modifications during reaching towards visual targets", 1991).

    rate    mean samples per second; each is up to a tenth of the interval early or late
    canvas  (width, height) in pixels

    >>> samples, times, pressed = simulate(random_person(0), 2.0, np.random.default_rng(0))
    >>> samples.shape, times.shape, pressed.shape
    ((240, 2), (240,), (240,))
    """
    size = np.array([1.0, canvas[1] / canvas[0]])  # of the canvas, in canvas widths, in which angles are true
    start = _target(person, rng) * size
    strokes, clicks = _strokes(person, seconds, start, size, rng)
    count = max(2, round(seconds * rate))
    times = np.maximum((np.arange(count) + rng.uniform(-0.1, 0.1, count)) / rate, 0.0)
    positions = _positions(strokes, start, times, person.midpoint)
    positions += _tremor(person, times, positions, rng)
    pixels = np.array(canvas, float) - 1
    samples = np.round(np.clip(positions / size, 0.0, 1.0) * pixels) / pixels
    pressed = np.zeros(count, bool)
    for begin, end in clicks:
        pressed[slice(*np.searchsorted(times, [begin, end]))] = True
    return samples.astype(np.float32), times, pressed


def synthetic_take(seed: int, points: int, rate: float = 60.0) -> Take:
    """A take of `points` samples by `random_person(seed)`, `rate` per second; the same seed gives the same take."""
    person = random_person(seed)
    samples, times, _ = simulate(person, points / rate, np.random.default_rng([seed, 0x7A4E]), rate)
    info = TakeInfo(
        action="path", signer=person.name, source=person.name, frame_size=CANVAS, rate=rate, extractor=SYNTHETIC
    )
    return Take(samples, times - times[0], info, person.name)


def _target(person: Person, rng: np.random.Generator) -> Array:
    """A random target (2,) of a person, in canvas sizes."""
    return np.clip(rng.normal(person.home, person.spread), MARGIN, 1 - MARGIN)


def _strokes(
    person: Person, seconds: float, start: Array, size: Array, rng: np.random.Generator
) -> tuple[list[_Stroke], list[tuple[float, float]]]:
    """All movements that begin within `seconds`, and the (begin, end) of all clicks in seconds.

    start  first position (2,) in canvas widths
    size   of the canvas (2,) in canvas widths
    """
    strokes, clicks, now, here = [], [], 0.2, start
    while now < seconds:
        target = _target(person, rng) * size
        width = person.target_width * rng.lognormal(0.0, 0.4)
        while np.linalg.norm(target - here) > person.target_width / 2 and now < seconds:
            stroke = _stroke(person, now, target - here, width, rng)
            strokes.append(stroke)
            here, now = here + stroke.displacement, now + stroke.duration * rng.uniform(0.75, 1.0)
        if rng.random() < person.overlap:
            now -= strokes[-1].duration * rng.uniform(0.2, 0.5) if strokes else 0.0
            continue
        if rng.random() < person.click_probability:
            duration = person.click * rng.lognormal(0.0, 0.3)
            clicks.append((now + 0.03, now + 0.03 + duration))
            now += duration + 0.05
        if rng.random() < person.pause_probability:
            now += person.pause * rng.lognormal(0.0, 0.6)
    return strokes, clicks


def _stroke(person: Person, start: float, way: Array, width: float, rng: np.random.Generator) -> _Stroke:
    """One movement towards a target: it ends near the target, after the time given by Fitts' law.

    start  seconds
    way    displacement (2,) to the target, in canvas widths
    width  of the target, in canvas widths
    """
    length = float(np.linalg.norm(way))
    duration = person.fitts_intercept + person.fitts_slope * float(np.log2(length / width + 1))
    covered = way * rng.normal(person.gain, person.gain_std) + rng.normal(0.0, person.gain_std / 3, 2) * length
    left = np.array([way[1], -way[0]])  # y points down
    bulge = (person.curvature + rng.normal(0.0, 0.04)) * left
    return _Stroke(start, duration * rng.lognormal(0.0, 0.1), covered, bulge)


def _positions(strokes: list[_Stroke], start: Array, times: Array, midpoint: float) -> Array:
    """The positions (T, 2) at `times` (T,) of a point at `start` (2,) that makes all these movements."""
    positions = np.tile(start, (len(times), 1))
    for stroke in strokes:
        first = np.searchsorted(times, stroke.start)
        done = np.clip((times[first:] - stroke.start) / stroke.duration, 0.0, 1.0)
        along = minimum_jerk(done, midpoint)[:, None] * stroke.displacement
        positions[first:] += along + (16 * (done - done**2) ** 2)[:, None] * stroke.bulge
    return positions


def minimum_jerk(done: Array, midpoint: float = 0.5) -> Array:
    """The share (T,) of a movement that is covered after shares `done` (T,) of its time, all in 0..1.

    Minimum jerk (Flash and Hogan, "The coordination of arm movements: an experimentally confirmed mathematical model",
    1985), with the time warped so that half is covered at `midpoint`.

    >>> minimum_jerk(np.array([0.0, 0.5, 1.0])).tolist()
    [0.0, 0.5, 1.0]
    """
    t = done ** (np.log(0.5) / np.log(midpoint))
    return t**3 * (10 - 15 * t + 6 * t**2)


def _tremor(person: Person, times: Array, positions: Array, rng: np.random.Generator) -> Array:
    """The tremor (T, 2) in canvas widths: an oscillation of drifting phase, weaker where `positions` (T, 2) rest."""
    noise = rng.normal(0.0, 0.15, positions.shape)
    phase = 2 * np.pi * person.tremor_rate * times[:, None] + np.cumsum(noise, axis=0)
    speed = np.linalg.norm(np.gradient(positions, axis=0), axis=1)
    moving = np.convolve(speed > 1e-4, np.full(9, 1 / 9), "same")
    return person.tremor * np.sin(phase) * (STEADY + (1 - STEADY) * moving)[:, None]

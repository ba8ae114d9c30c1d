"""Paths: where a point went on a canvas, and people who are not there to move it: a seeded generator of movement.

A path is samples (T, 2) float32, x and y as shares of the canvas's width and height in 0..1, at times (T,) seconds.

What `move` gives is SYNTHETIC: no person moved. It is for tests and for a demo that works at once; nothing about people
is ever claimed from it. Libraries that move a mouse like a person were looked at and left: cursory replays recorded
paths, nothingtoseehere, human-mouse and humancursor drive a real pointer or a browser to look like one person who is no
machine; none has people who differ, a seed and plain arrays.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from handsign.keypoints import HAND_NAMES, HOLISTIC
from handsign.takes import Take, TakeInfo

Array = np.ndarray[Any, Any]
SYNTHETIC = "synthetic"
"""What everything made here is called: signer, source and extractor of a take begin with it."""
CANVAS = (1000, 700)
"""Width and height in pixels where nobody says another: about the window of the LSTM mouse demo."""
MARGIN = 0.04
"""How near to the edge of the canvas a target may be."""


@dataclass(frozen=True)
class Person:
    """How somebody moves. What nobody measured for this project are guesses within what the sources report.

    name       begins with `SYNTHETIC`
    reaction   seconds, and `bit`, seconds a bit: a movement lasts reaction + bit * log2(distance / width + 1), Fitts
               (MacKenzie, "Fitts' law as a research and design tool", 1992; a mouse makes 3.7 to 4.9 bits a second:
               Soukoreff and MacKenzie, "Towards a standard for pointing device evaluation", 2004)
    width      of what is aimed at, in canvas widths
    bend       how far a movement bulges to its left, as a share of its length; negative is to the right
    early      when a movement is half way, as a share of its time; 0.5 is minimum jerk, people brake longer
    aim        what of a distance the first movement covers on average, and `scatter`, its standard deviation; more than
               one overshoots, and corrections follow (Meyer et al., "Optimality in human motor performance", 1988)
    flow       chance to set off for the next target before this one is reached
    pause      median seconds of a rest (log-normal), and `rests`, its chance after a movement
    press      chance to click where a movement ends, and `held`, median seconds that the button is down
    tremor     amplitude in canvas widths, and `hertz`, its frequency: 8 to 12 (Elble and Koller, "Tremor", 1990)
    home       (x, y) around which the targets lie, and `roam`, their standard deviation, in canvas sizes
    """

    name: str
    reaction: float
    bit: float
    width: float
    bend: float
    early: float
    aim: float
    scatter: float
    flow: float
    pause: float
    rests: float
    press: float
    held: float
    tremor: float
    hertz: float
    home: tuple[float, float]
    roam: float


def person(seed: int) -> Person:
    """Somebody at random, the same for the same seed."""
    rng = np.random.default_rng([seed, 0x9E75])
    return Person(
        name=f"{SYNTHETIC}-{seed}",
        reaction=rng.uniform(0.05, 0.22),
        bit=rng.uniform(0.09, 0.20),
        width=rng.uniform(0.015, 0.05),
        bend=rng.normal(0.0, 0.09),
        early=rng.uniform(0.36, 0.48),
        aim=rng.uniform(0.90, 1.06),
        scatter=rng.uniform(0.02, 0.08),
        flow=rng.uniform(0.1, 0.6),
        pause=rng.uniform(0.15, 0.7),
        rests=rng.uniform(0.15, 0.5),
        press=rng.uniform(0.1, 0.6),
        held=rng.uniform(0.06, 0.16),
        tremor=rng.uniform(0.0001, 0.0007),
        hertz=rng.uniform(8.0, 12.0),
        home=(rng.uniform(0.4, 0.6), rng.uniform(0.4, 0.6)),
        roam=rng.uniform(0.18, 0.30),
    )


@dataclass(frozen=True)
class _Stroke:
    """One smooth movement of `seconds` from `start` on, by `way` (2,) canvas widths, with a bulge (2,) half way."""

    start: float
    seconds: float
    way: Array
    bulge: Array


def move(
    person: Person, seconds: float, rng: np.random.Generator, rate: float = 120.0, canvas: tuple[int, int] = CANVAS
) -> tuple[Array, Array, Array]:
    """Synthetic pointer movement: samples (T, 2) float32, times (T,) float64 seconds, pressed (T,) bool.

    As a mouse reports it: in whole pixels of the canvas, about `rate` times a second (each a tenth of the step early or
    late), also while it rests. Smooth movements add up, as those of a hand that is sent elsewhere on its way do (Flash
    and Henis, "Arm trajectory modifications during reaching towards visual targets", 1991).
    """
    shape = np.array([1.0, canvas[1] / canvas[0]])  # of the canvas, in its widths: angles are true in these
    start = _target(person, rng) * shape
    strokes, clicks = _strokes(person, seconds, start, shape, rng)
    count = max(2, round(seconds * rate))
    times = np.maximum((np.arange(count) + rng.uniform(-0.1, 0.1, count)) / rate, 0.0)
    at = np.tile(start, (count, 1))
    for stroke in strokes:
        first = np.searchsorted(times, stroke.start)
        done = np.clip((times[first:] - stroke.start) / stroke.seconds, 0.0, 1.0)
        at[first:] += (
            _along(done, person.early)[:, None] * stroke.way + (16 * (done - done**2) ** 2)[:, None] * stroke.bulge
        )
    at += _tremor(person, times, at, rng)
    pixels = np.array(canvas, float) - 1
    samples = np.round(np.clip(at / shape, 0.0, 1.0) * pixels) / pixels
    pressed = np.zeros(count, bool)
    for begins, ends in clicks:
        pressed[slice(*np.searchsorted(times, [begins, ends]))] = True
    return samples.astype(np.float32), times, pressed


def synthetic(seed: int, points: int, rate: float = 60.0) -> Take:
    """A recording of so many points of `person(seed)`, `rate` of them a second."""
    samples, times, _ = move(person(seed), points / rate, np.random.default_rng([seed, 0x7A4E]), rate)
    name = person(seed).name
    info = TakeInfo(action="path", signer=name, source=name, frame_size=CANVAS, rate=rate, extractor=SYNTHETIC)
    return Take(samples, times - times[0], info, name)


def _target(person: Person, rng: np.random.Generator) -> Array:
    """Somewhere (2,) in 0..1 that this person goes."""
    return np.clip(rng.normal(person.home, person.roam), MARGIN, 1 - MARGIN)


def _strokes(
    person: Person, seconds: float, start: Array, shape: Array, rng: np.random.Generator
) -> tuple[list[_Stroke], list[tuple[float, float]]]:
    """All movements that begin within `seconds`, from `start` (2,) in widths, and when the button is down."""
    strokes, clicks, now, here = [], [], 0.2, start
    while now < seconds:
        target = _target(person, rng) * shape
        aimed = person.width * rng.lognormal(0.0, 0.4)
        while np.linalg.norm(target - here) > person.width / 2 and now < seconds:
            stroke = _stroke(person, now, target - here, aimed, rng)
            strokes.append(stroke)
            here, now = here + stroke.way, now + stroke.seconds * rng.uniform(0.75, 1.0)
        if rng.random() < person.flow:
            now -= strokes[-1].seconds * rng.uniform(0.2, 0.5) if strokes else 0.0
            continue
        if rng.random() < person.press:
            held = person.held * rng.lognormal(0.0, 0.3)
            clicks.append((now + 0.03, now + 0.03 + held))
            now += held + 0.05
        if rng.random() < person.rests:
            now += person.pause * rng.lognormal(0.0, 0.6)
    return strokes, clicks


def _stroke(person: Person, start: float, way: Array, width: float, rng: np.random.Generator) -> _Stroke:
    """One try to go `way` (2,) to something `width` wide: nearly there, along a bow, for as long as Fitts has it."""
    length = float(np.linalg.norm(way))
    seconds = person.reaction + person.bit * float(np.log2(length / width + 1))
    gone = way * rng.normal(person.aim, person.scatter) + rng.normal(0.0, person.scatter / 3, 2) * length
    bulge = (person.bend + rng.normal(0.0, 0.04)) * np.array([way[1], -way[0]])  # y points down: this is to the left
    return _Stroke(start, seconds * rng.lognormal(0.0, 0.1), gone, bulge)


def _along(done: Array, early: float) -> Array:
    """How far, from 0 to 1, a movement is when `done` (T,) of its time is over: minimum jerk, half way at `early`.

    Flash and Hogan, "The coordination of arm movements: an experimentally confirmed mathematical model", 1985.
    """
    t = done ** (np.log(0.5) / np.log(early))
    return t**3 * (10 - 15 * t + 6 * t**2)


def _tremor(person: Person, times: Array, at: Array, rng: np.random.Generator) -> Array:
    """What trembling adds (T, 2), in widths: an oscillation whose phase wanders, weaker where `at` rests."""
    phase = 2 * np.pi * person.hertz * times[:, None] + np.cumsum(rng.normal(0.0, 0.15, at.shape), axis=0)
    moved = np.linalg.norm(np.gradient(at, axis=0), axis=1)
    moving = np.convolve(moved > 1e-4, np.full(9, 1 / 9), "same")
    return person.tremor * np.sin(phase) * (0.2 + 0.8 * moving)[:, None]


def fingertip(samples: Array) -> Array:
    """Holistic samples (..., 1662) -> the tip of an index finger (..., 2) float32.

    The right hand's where it was found, else the left one's, else zeros; just inside of 0..1, as zeros mean no point.
    """
    point = np.zeros((*samples.shape[:-1], 2), np.float32)
    for side in ("left_hand", "right_hand"):
        tip = HOLISTIC.view(samples, side)[..., HAND_NAMES.index("index_finger_tip"), :2]
        there = HOLISTIC.present(samples, side)[..., None]
        point = np.where(there, np.clip(tip, 1e-4, 1.0), point)
    return point.astype(np.float32)

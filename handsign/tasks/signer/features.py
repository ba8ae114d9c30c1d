"""Statistics of a path: of each action, and of longer segments of a recording.

An action is what lies between two rests or clicks: a movement, a movement with a click at its end, or a drag. Most of
its features are those of Gamboa and Fred, "A behavioral biometric system based on human-computer interaction", 2004,
and of Antal and Egyed-Zsigmond, "Intrusion detection using mouse dynamics", 2018. They are computed for all actions at
once, by `np.add.reduceat` over their steps. Samples (T, 4) and steps are those of `motion_image`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from handsign.tasks.signer.motion_image import BUTTON, INTERVAL, MIN_INTERVAL, step_kinematics

if TYPE_CHECKING:
    from handsign.types import Array


REST = 0.4
"""Seconds without a sample that end an action."""

MIN_STEPS = 4
"""Steps of the shortest action, or recording, that is measured."""

MAX_STEPS = 200
"""Steps after which an action is cut, for recordings without rests."""

SEGMENT_STEPS = 150
"""Steps of a segment; segments overlap by half."""

MAX_SEGMENTS = 600
"""Segments of a recording at most, spread evenly: a recording may last hours."""

QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9)

INTERVAL_EDGES = np.array(
    [
        *(0, 0.0005, 0.0035, 0.0065, 0.0075, 0.0085, 0.0125, 0.0145, 0.0165, 0.0185, 0.029, 0.034, 0.045, 0.064),
        *(0.09, 0.105, 0.115, 0.13, 0.2, 0.4, 1.0, 4.0, 20.0, np.inf),
    ]
)
"""Bin edges of the histogram of intervals, in seconds: the ticks of usual clocks and reporting rates (1, 4, 7, 8, 10,
15.6, 31.2 and 110 ms) have bins of their own. They identify a computer as much as a person."""

SPEED_EDGES = np.concatenate([[0], np.geomspace(0.02, 20, 13), [np.inf]])
"""Bin edges of the histogram of speeds, in canvas widths a second."""

_EPSILON = 1e-4
"""Canvas widths, or seconds, below which a divisor is raised to this, or an interval counts as 0."""


def action_features(samples: Array) -> Array:
    """Features (n, features) float32 of the n actions of a recording (T, 4), without those under `MIN_STEPS`."""
    if len(samples) <= MIN_STEPS:
        width = len(_action_features(np.zeros((2, 4), np.float32), np.array([0])))
        return np.zeros((0, width), np.float32)
    first = _action_starts(samples)
    features = np.stack(_action_features(samples, first), axis=1)
    long = np.diff(first, append=len(samples) - 1) >= MIN_STEPS
    return np.nan_to_num(features[long]).astype(np.float32)


def _action_starts(samples: Array) -> Array:
    """Indices of the steps that begin an action: after a rest, after a button release, after `MAX_STEPS` steps."""
    pressed = samples[:, BUTTON] > 0
    released = np.append(False, pressed[:-2] & ~pressed[1:-1])
    starts = (samples[1:, INTERVAL] >= REST) | released
    starts[0] = True
    first = np.flatnonzero(starts)
    cuts = (np.diff(first, append=len(starts)) - 1) // MAX_STEPS
    extra = np.concatenate([[at + MAX_STEPS * k for k in range(1, n + 1)] for at, n in zip(first, cuts, strict=True)])
    return np.unique(np.concatenate([first, extra]).astype(int))


def _action_features(samples: Array, first: Array) -> list[Array]:
    """Features, each (n,), of the actions that begin at the steps `first` (n,)."""
    samples = samples.astype(np.float64)
    # the interval before an action is a rest, and its speed not that of a movement
    actions = _Actions(first, samples[1:, INTERVAL] < REST)
    return [
        *_shape_features(samples, actions),
        *_dynamics_features(samples, actions),
        *_device_features(samples, actions),
    ]


def _shape_features(samples: Array, actions: _Actions) -> Iterator[Array]:
    """Steps, duration, length, direction, straightness, turning and the time of the highest speed."""
    displacement, seconds, speed, _ = step_kinematics(samples)
    length, turn = np.hypot(*displacement.T), _turns(displacement)
    total, duration = actions.sum(length), actions.sum(seconds)
    dx, dy = actions.sum(displacement[:, 0]), actions.sum(displacement[:, 1])
    chord = np.hypot(dx, dy)
    deviation = actions.deviation(samples[:, :2], dx, dy, chord)
    peak = actions.time_of_peak(speed, seconds)
    yield from (actions.count, duration, total, chord, dx, dy, chord / np.maximum(total, _EPSILON))
    yield from (np.arctan2(dy, dx), np.abs(np.arctan2(np.abs(dy), np.abs(dx))))
    yield from (actions.max(deviation), actions.mean(deviation))
    yield from (actions.sum(np.abs(turn)), actions.sum(turn), actions.mean(np.abs(turn) > 0.5))
    yield from (actions.mean(length == 0), peak / np.maximum(duration, MIN_INTERVAL), peak)
    yield np.minimum(samples[1:, INTERVAL][actions.first], 60)


def _turns(displacement: Array) -> Array:
    """Change of direction (n,) of each step (n, 2) against the previous one, radians in -pi..pi; 0 without movement."""
    length = np.hypot(*displacement.T)
    heading = np.unwrap(np.where(length > 0, np.arctan2(displacement[:, 1], displacement[:, 0]), 0.0))
    turn = (np.diff(heading, prepend=heading[:1]) + np.pi) % (2 * np.pi) - np.pi
    turn[length == 0] = 0
    return turn


def _dynamics_features(samples: Array, actions: _Actions) -> Iterator[Array]:
    """Spread of speed, acceleration, jerk, curvature, angular velocity, displacement and interval."""
    displacement, seconds, speed, acceleration = step_kinematics(samples)
    turn = _turns(displacement)
    jerk = np.diff(acceleration, prepend=acceleration[:1]) / seconds
    curvature = turn / np.maximum(np.hypot(*displacement.T), _EPSILON)
    heavy_tailed = (jerk, curvature, turn / seconds)
    for values in (speed, acceleration, *map(_signed_log, heavy_tailed), *np.abs(displacement).T, seconds):
        yield from actions.spread(values)


def _device_features(samples: Array, actions: _Actions) -> Iterator[Array]:
    """Clock, resolution and buttons of the device, and the first and last step and sample."""
    displacement, _, speed, acceleration = step_kinematics(samples)
    intervals, button = samples[1:, INTERVAL], samples[1:, BUTTON]
    first, last = actions.first, actions.last
    yield actions.min(intervals)
    yield actions.mean(intervals < _EPSILON)  # the clock stood still: `Take.times` grow by a microsecond
    yield from (actions.mean(displacement[:, 0] == 0), actions.mean(displacement[:, 1] == 0))
    yield from (actions.mean(button == 1), actions.mean(button == 2), actions.mean(button == 3))
    yield actions.sum(intervals * (button > 0))
    yield from (intervals[last], speed[last], acceleration[last], samples[first, 0], samples[first, 1])
    yield from (samples[last + 1, 0], samples[last + 1, 1])


def _signed_log(values: Array) -> Array:
    """sign(x) log(1 + |x|), for distributions with long tails."""
    return np.sign(values) * np.log1p(np.abs(values))


class _Actions:
    """Statistics of the n actions that begin at the steps `first` (n,), over those of the steps that are `valid` (m,).

    last    (n,) int the last step of each action
    number  (m,) int the action of each step
    count   (n,) float64 the valid steps of each action, at least 1
    """

    def __init__(self, first: Array, valid: Array) -> None:
        self.first, self._valid = first, valid
        self.last = np.append(first[1:], len(valid)) - 1
        self.number = np.repeat(np.arange(len(first)), np.diff(first, append=len(valid)))
        self.count = np.maximum(np.add.reduceat(valid.astype(np.float64), first), 1)

    def sum(self, values: Array) -> Array:
        return np.add.reduceat(np.where(self._valid, values, 0.0), self.first)

    def mean(self, values: Array) -> Array:
        return self.sum(values) / self.count

    def max(self, values: Array) -> Array:
        found = np.maximum.reduceat(np.where(self._valid, values, -np.inf), self.first)
        return np.where(np.isfinite(found), found, 0.0)

    def min(self, values: Array) -> Array:
        return -self.max(-values)

    def spread(self, values: Array) -> list[Array]:
        """Mean, standard deviation, minimum and maximum of values (m,), each (n,)."""
        mean = self.mean(values)
        return [mean, np.sqrt(self.mean((values - mean[self.number]) ** 2)), self.min(values), self.max(values)]

    def deviation(self, points: Array, dx: Array, dy: Array, chord: Array) -> Array:
        """Distance (m,) of each step's end, points (m + 1, 2), from its action's chord: dx, dy and its length (n,)."""
        moved = points[1:] - points[self.first][self.number]
        cross = moved[:, 0] * -dy[self.number] - moved[:, 1] * dx[self.number]
        return np.abs(cross) / np.maximum(chord, _EPSILON)[self.number]

    def time_of_peak(self, values: Array, seconds: Array) -> Array:
        """Seconds (n,) from the beginning of each action to the first maximum of values (m,)."""
        elapsed = np.cumsum(seconds * self._valid)
        elapsed -= (elapsed - seconds * self._valid)[self.first][self.number]
        return self.min(np.where(values >= self.max(values)[self.number], elapsed, np.inf))


def segment_features(samples: Array) -> Array:
    """Features (n, features) float32 of the n segments of a recording (T, 4); a short recording is one segment."""
    samples = samples.astype(np.float64)
    if len(samples) <= MIN_STEPS:
        return np.zeros((0, len(_segment_features(np.zeros((MIN_STEPS + 2, 4))))), np.float32)
    last = max(len(samples) - 1 - SEGMENT_STEPS, 0)
    starts = np.linspace(0, last, min(MAX_SEGMENTS, 1 + round(last / (SEGMENT_STEPS / 2)))).astype(int)
    features = [_segment_features(samples[at : at + SEGMENT_STEPS + 1]) for at in starts]
    return np.nan_to_num(np.stack(features)).astype(np.float32)


def _segment_features(samples: Array) -> Array:
    """Features (features,) of a segment (T, 4): histograms, quantiles, position, buttons, rests and resolution."""
    displacement, seconds, speed, acceleration = step_kinematics(samples)
    intervals, button, length = samples[1:, INTERVAL], samples[1:, BUTTON], np.hypot(*displacement.T)
    moving = (length > 0) & (intervals < REST)
    if moving.sum() < 2:
        moving = np.ones(len(displacement), bool)
    heading = np.arctan2(displacement[moving, 1], displacement[moving, 0])
    turn = np.abs((np.diff(heading) + np.pi) % (2 * np.pi) - np.pi)
    jerk = np.diff(acceleration[moving]) / seconds[moving][1:]
    values = (speed[moving], acceleration[moving], length[moving], jerk, intervals[moving], intervals, turn)
    presses = np.diff(button, prepend=0.0) > 0
    rests = intervals[intervals >= REST]
    distance = length[moving].sum()
    parts = [
        np.histogram(intervals, INTERVAL_EDGES)[0] / len(intervals),
        np.histogram(speed[moving], SPEED_EDGES)[0] / moving.sum(),
        np.histogram(heading, 16, (-np.pi, np.pi), weights=length[moving])[0] / max(distance, 1e-6),
        np.histogram(turn, 8, (0, np.pi))[0] / len(turn),
        *(np.quantile(of, QUANTILES) for of in values),
        *(np.quantile(samples[:, column], (0, 0.1, 0.5, 0.9, 1)) for column in (0, 1)),
        [(displacement[moving] == 0).mean(), moving.mean(), presses.mean(), samples[:, INTERVAL].sum()],
        [(button == number).mean() for number in (1, 2, 3)],
        [(intervals * (button > 0)).sum() / max(presses.sum(), 1), len(rests), np.median(rests) if len(rests) else 0],
        [np.unique(np.round(intervals, 4)).size / len(intervals)],
        [length[moving].mean(), (length[moving] < 0.0008).mean()],
    ]
    return np.concatenate(parts)

"""A path in numbers: how somebody moves, action by action, and what stands out over longer pieces of a recording.

An action is what lies between two rests or clicks: a movement, a movement with a click at its end, or a drag. Gamboa
and Fred, "A behavioral biometric system based on human-computer interaction", 2004, and Antal and Egyed-Zsigmond,
"Intrusion detection using mouse dynamics", 2018, measure these, and most of what is measured here. Everything is
computed for all actions at once: `np.add.reduceat` over the steps that each consists of.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from handsign.motion import PRESSED, SINCE, TICK, steps

Array = np.ndarray[Any, Any]
REST = 0.4
"""Seconds without a sample that end an action."""
FEWEST = 4
"""Steps under which an action says too little."""
LONGEST = 200
"""Steps after which one is cut: who never rests acts, too."""
PIECE = 150
"""Steps in a piece, which begin every half of it, and `MOST` pieces of a recording, which may last for hours."""
MOST = 600
QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9)
CLOCK = np.array(
    [0, 0.0005, 0.0035, 0.0065, 0.0075, 0.0085, 0.0125, 0.0145, 0.0165, 0.0185, 0.029, 0.034, 0.045, 0.064]
)
CLOCK = np.concatenate([CLOCK, [0.09, 0.105, 0.115, 0.13, 0.2, 0.4, 1.0, 4.0, 20.0, np.inf]])
"""Edges, in seconds, of the shares of gaps: the ticks of usual clocks and reporting rates (1, 4, 7, 8, 10, 15.6, 31.2
and 110 ms) have bins of their own. They tell a computer as much as a person."""
SPEED = np.concatenate([[0], np.geomspace(0.02, 20, 13), [np.inf]])


def actions(samples: Array) -> Array:
    """A recording (T, 4) -> what its actions measure (n, measures) float32."""
    if len(samples) <= FEWEST:
        return np.zeros((0, len(_action_measures(np.zeros((2, 4), np.float32), np.array([0])))), np.float32)
    first = _beginnings(samples)
    found = np.stack(_action_measures(samples, first), axis=1)
    long = np.diff(first, append=len(samples) - 1) >= FEWEST
    return np.nan_to_num(found[long]).astype(np.float32)


def _beginnings(samples: Array) -> Array:
    """The steps at which actions begin: after a rest, after a button was let go, and after `LONGEST` of them."""
    down = samples[:, PRESSED] > 0
    let_go = np.append(False, down[:-2] & ~down[1:-1])
    begins = (samples[1:, SINCE] >= REST) | let_go
    begins[0] = True
    first = np.flatnonzero(begins)
    more = (np.diff(first, append=len(begins)) - 1) // LONGEST
    extra = np.concatenate([[at + LONGEST * k for k in range(1, n + 1)] for at, n in zip(first, more, strict=True)])
    return np.unique(np.concatenate([first, extra]).astype(int))


def _action_measures(samples: Array, first: Array) -> list[Array]:
    """Measures (n,) of the actions that begin at the steps `first` (n,): time, way, form, dynamics, buttons, clock."""
    samples = samples.astype(np.float64)
    way, seconds, speed, acceleration = steps(samples)
    rested = samples[1:, SINCE]
    inner = rested < REST  # the rest before an action is no movement: its speed is not one
    each = _Each(first, len(way), inner)
    length = np.hypot(*way.T)
    total, lasted = each.sum(length), each.sum(seconds)
    dx, dy = each.sum(way[:, 0]), each.sum(way[:, 1])
    chord = np.hypot(dx, dy)
    heading = np.unwrap(np.where(length > 0, np.arctan2(way[:, 1], way[:, 0]), 0.0))
    turn = (np.diff(heading, prepend=heading[:1]) + np.pi) % (2 * np.pi) - np.pi
    turn[length == 0] = 0
    jerk = np.diff(acceleration, prepend=acceleration[:1]) / seconds
    curve = turn / np.maximum(length, 1e-4)
    spin = turn / seconds
    moved = samples[1:, :2] - samples[first, :2][each.number]
    away = np.abs(moved[:, 0] * -dy[each.number] - moved[:, 1] * dx[each.number]) / np.maximum(chord, 1e-4)[each.number]
    began = np.cumsum(seconds * inner)
    began -= (began - seconds * inner)[first][each.number]
    fastest = each.max(speed)
    peak = each.min(np.where(speed >= fastest[each.number], began, np.inf))
    down = samples[1:, PRESSED]
    last = np.append(first[1:], len(way)) - 1
    still = rested < 1e-4  # a clock that stood still: `Take.times` grow by a microsecond
    return [
        *(each.count, lasted, total, chord, dx, dy, chord / np.maximum(total, 1e-4)),
        *(np.arctan2(dy, dx), np.abs(np.arctan2(np.abs(dy), np.abs(dx))), each.max(away), each.mean(away)),
        *(each.sum(np.abs(turn)), each.sum(turn), each.mean(np.abs(turn) > 0.5), each.mean(length == 0)),
        *(peak / np.maximum(lasted, TICK), peak, np.minimum(rested[first], 60)),
        *(measure for of in (speed, acceleration, _log(jerk), _log(curve), _log(spin)) for measure in each.spread(of)),
        *(measure for of in np.abs(way).T for measure in each.spread(of)),
        *each.spread(seconds),
        *(each.min(rested), each.mean(still), each.mean(way[:, 0] == 0), each.mean(way[:, 1] == 0)),
        *(each.mean(down == 1), each.mean(down == 2), each.mean(down == 3), each.sum(rested * (down > 0))),
        *(rested[last], speed[last], acceleration[last], samples[first, 0], samples[first, 1]),
        *(samples[last + 1, 0], samples[last + 1, 1]),
    ]


def _log(values: Array) -> Array:
    """Signed logarithm, for what has long tails."""
    return np.sign(values) * np.log1p(np.abs(values))


class _Each:
    """Statistics of those steps (m,) that are `inner` (m,), for each of the actions that begin at `first` (n,)."""

    def __init__(self, first: Array, steps: int, inner: Array) -> None:
        self._first, self._inner = first, inner
        self.number = np.repeat(np.arange(len(first)), np.diff(first, append=steps))
        self.count = np.maximum(np.add.reduceat(inner.astype(np.float64), first), 1)

    def sum(self, values: Array) -> Array:
        return np.add.reduceat(np.where(self._inner, values, 0.0), self._first)

    def mean(self, values: Array) -> Array:
        return self.sum(values) / self.count

    def max(self, values: Array) -> Array:
        found = np.maximum.reduceat(np.where(self._inner, values, -np.inf), self._first)
        return np.where(np.isfinite(found), found, 0.0)

    def min(self, values: Array) -> Array:
        return -self.max(-values)

    def spread(self, values: Array) -> list[Array]:
        """Mean, standard deviation, smallest and largest."""
        mean = self.mean(values)
        return [mean, np.sqrt(self.mean((values - mean[self.number]) ** 2)), self.min(values), self.max(values)]


def pieces(samples: Array) -> Array:
    """A recording (T, 4) -> what its pieces of `PIECE` steps measure (n, measures) float32, one if it is short."""
    samples = samples.astype(np.float64)
    if len(samples) <= FEWEST:
        return np.zeros((0, len(_piece_measures(np.zeros((FEWEST + 2, 4))))), np.float32)
    last = max(len(samples) - 1 - PIECE, 0)
    starts = np.linspace(0, last, min(MOST, 1 + round(last / (PIECE / 2)))).astype(int)
    found = [_piece_measures(samples[at : at + PIECE + 1]) for at in starts]
    return np.nan_to_num(np.stack(found)).astype(np.float32)


def _piece_measures(samples: Array) -> Array:
    """One piece (T, 4) -> (measures,): shares of gaps, speeds, directions and turns, quantiles, buttons, place."""
    way, seconds, speed, acceleration = steps(samples)
    rested, down, length = samples[1:, SINCE], samples[1:, PRESSED], np.hypot(*way.T)
    moving = (length > 0) & (rested < REST)
    if moving.sum() < 2:
        moving = np.ones(len(way), bool)
    heading = np.arctan2(way[moving, 1], way[moving, 0])
    turn = np.abs((np.diff(heading) + np.pi) % (2 * np.pi) - np.pi)
    jerk = np.diff(acceleration[moving]) / seconds[moving][1:]
    measured = (speed[moving], acceleration[moving], length[moving], jerk, rested[moving], rested, turn)
    presses = np.diff(down, prepend=0.0) > 0
    rests = rested[rested >= REST]
    return np.concatenate(
        [
            np.histogram(rested, CLOCK)[0] / len(rested),
            np.histogram(speed[moving], SPEED)[0] / moving.sum(),
            np.histogram(heading, 16, (-np.pi, np.pi), weights=length[moving])[0] / max(length[moving].sum(), 1e-6),
            np.histogram(turn, 8, (0, np.pi))[0] / len(turn),
            *(np.quantile(values, QUANTILES) for values in measured),
            *(np.quantile(samples[:, column], (0, 0.1, 0.5, 0.9, 1)) for column in (0, 1)),
            [(way[moving] == 0).mean(), moving.mean(), presses.mean(), samples[:, SINCE].sum()],
            [(down == button).mean() for button in (1, 2, 3)],
            [(rested * (down > 0)).sum() / max(presses.sum(), 1), len(rests), np.median(rests) if len(rests) else 0],
            [
                np.unique(np.round(rested, 4)).size / len(rested),
                length[moving].mean(),
                (length[moving] < 0.0008).mean(),
            ],
        ]
    )

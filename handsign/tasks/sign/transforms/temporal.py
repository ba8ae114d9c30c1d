"""Transforms in time: another speed, a lower frame rate, only a part of a gesture."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from handsign.data.windows import resample
from handsign.landmarks.holistic import HOLISTIC

if TYPE_CHECKING:
    from handsign.landmarks.layout import Layout
    from handsign.types import Array


def warped_times(count: int, shift: float = 0.0, speed: float = 1.0, bend: float = 0.0, phase: float = 0.0) -> Array:
    """The times (count,) float64 of a window, in samples, at which a time-warped one is sampled.

    They increase while bend < speed.

    shift  the warped window begins later by this share of the window
    speed  the factor by which it is faster, about the middle of the window
    bend   the amplitude of a change of speed with one period per window, and `phase`, its phase in radians

    >>> warped_times(5, shift=0.2, speed=2).tolist()
    [-1.0, 1.0, 3.0, 5.0, 7.0]
    """
    middle, wave = (count - 1) / 2, 2 * np.pi / count
    steady = np.arange(count) - middle
    return middle + speed * steady + shift * count + bend / wave * np.sin(wave * steady + phase)


def retime(window: Array, layout: Layout, times: Array) -> Array:
    """A window (T, layout.size) resampled at `times` (n,), in samples: (n, layout.size) float32.

    Before the first sample and after the last, that sample is repeated. With times 0, 1, ..., T - 1 the window itself.
    """
    return resample(window, np.arange(len(window)), times, tuple(layout.slices.values()))


def slow_camera(window: Array, layout: Layout, frames: int, phase: float = 0.0) -> Array:
    """A window (T, layout.size) as `resample` fills it in from fewer frames of the same duration: (T, layout.size).

    frames  their number; 2 if it is less
    phase   when the first is taken, 0..1 of the time between two
    """
    count = len(window)
    interval = count / max(frames, 2)
    times = np.arange(phase * interval, count, interval)
    return resample(retime(window, layout, times), times, np.arange(count), tuple(layout.slices.values()))


def partial_gesture(
    gesture: Array, rest: Array, shown: float, ending: bool, layout: Layout = HOLISTIC, gap: float = 0.2
) -> Array:
    """The window (T, layout.size) that a live loop has at the beginning of a gesture, or at its end.

    It holds the first `shown` (0..1) of the gesture, preceded by rest; where `ending`, the last `shown` of it, followed
    by rest. Gesture and rest are both (T, layout.size); `gap` is the time, as a share of T, in which the body moves
    linearly from the posture of one to that of the other.
    """
    now = np.arange(len(gesture))
    away, hidden = len(now) + round(gap * len(now)), len(now) - round(shown * len(now))
    if ending:
        samples, times, at = (gesture, rest), (now, now + away), now + hidden
    else:
        samples, times, at = (rest, gesture), (now - away, now), now - hidden
    return resample(np.concatenate(samples), np.concatenate(times), at, tuple(layout.slices.values()))

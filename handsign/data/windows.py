"""Windows of a take by time: resample, cut, and continue by a forecaster. Pure NumPy."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from handsign.types import Array


def resample(samples: Array, times: Array, at: Array, groups: Sequence[slice] = ()) -> Array:
    """Samples (T, *sample) at `times` (T,) seconds -> samples (len(at), *sample) at `at` seconds.

    Linear interpolation; the first and last samples are held outside of the take. A group of columns that is all zeros
    in one of the two neighbours is missing there: it is not interpolated but taken from the nearer neighbour.
    Without `groups` no column is ever missing.

    >>> resample(np.array([[0.0], [1.0]]), np.array([0.0, 1.0]), np.array([0.25, 2.0])).ravel().tolist()
    [0.25, 1.0]
    """
    if np.array_equal(times, at):
        return samples
    right = np.clip(np.searchsorted(times, at), 1, max(len(times) - 1, 1))
    left = right - 1
    right = np.minimum(right, len(times) - 1)
    span = np.where(times[right] > times[left], times[right] - times[left], 1.0)
    weight = np.clip((at - times[left]) / span, 0.0, 1.0).reshape(-1, *[1] * (samples.ndim - 1))
    before = samples[left]
    mixed = before + (samples[right] - before) * weight.astype(samples.dtype)
    nearest = np.where(weight.ravel() < 0.5, left, right)
    for group in groups:
        there = samples[:, group].any(axis=1)
        gap = np.flatnonzero(~(there[left] & there[right]))
        if len(gap):
            mixed[gap, group] = samples[nearest[gap], group]
    return mixed


def span(times: Array) -> float:
    """Duration in seconds of samples at `times` (T,): the last one lasts as long as the others on average."""
    return float(times[-1] - times[0]) * len(times) / (len(times) - 1) if len(times) > 1 else 0.0


def centres(times: Array, length: float) -> list[float]:
    """Centres, in seconds, of the windows of `length` seconds that a take with `times` (T,) is cut into.

    One for a take of about that length; otherwise windows that overlap by about half, spread evenly from end to end.
    """
    extra = span(times) - length
    count = max(1, 1 + round(extra / (length / 2)))
    middle = (times[0] + times[-1]) / 2
    return [middle + extra * (i / (count - 1) - 0.5) if count > 1 else middle for i in range(count)]


def slide(samples: Array, times: Array, window: int, rate: float, groups: Sequence[slice] = ()) -> Iterator[Array]:
    """The windows (window, *sample) at `rate` samples a second of a take (T, *sample) with `times` (T,) seconds."""
    offsets = (np.arange(window) - (window - 1) / 2) / rate
    for middle in centres(times, window / rate):
        yield resample(samples, times, middle + offsets, groups)


def rollout(step: Callable[[Array], Array], context: Array, steps: int, keep: int | None = None) -> Array:
    """Feed a forecaster its own predictions: samples (t, *sample) -> the next samples (steps, *sample).

    `step` maps the last `keep` samples (all of them without `keep`) to the next one (*sample,).

    >>> rollout(lambda last: last[-1] + 1, np.array([1.0, 2.0]), 3).tolist()
    [3.0, 4.0, 5.0]
    """
    samples = np.concatenate([context, np.empty((steps, *context.shape[1:]), context.dtype)])
    for end in range(len(context), len(samples)):
        samples[end] = step(samples[max(0, end - (keep or end)) : end])
    return samples[len(context) :]

"""Windows over samples in time: pure NumPy, the same offline and live."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def resample(samples: Array, times: Array, at: Array, groups: Sequence[slice] = ()) -> Array:
    """Samples (T, *sample) taken at `times` (T,) seconds -> (len(at), *sample), as they would stand at `at` seconds.

    Linear in time; the first and last sample hold before and after. A group of columns that is all zeros in one of
    the two neighbours is missing there: no values are invented half way to zero, the nearer neighbour is taken.
    Without `groups` no column is ever missing.
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
    """How long samples at `times` (T,) seconds last, the last one as long as the others on average."""
    return float(times[-1] - times[0]) * len(times) / (len(times) - 1) if len(times) > 1 else 0.0


def centres(times: Array, length: float) -> list[float]:
    """Middles of the windows of `length` seconds that a take with `times` (T,) is cut into.

    One for a take of about that length, else overlapping by about half and spread evenly from end to end.
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


def rollout(step: Callable[[Array], Array], seen: Array, steps: int, keep: int | None = None) -> Array:
    """Feed a forecaster its own answers: samples seen (t, *sample) -> those that come next (steps, *sample).

    `step` is shown the last `keep` samples (all of them without `keep`), real ones first, and says the next (*sample,).
    """
    samples = np.concatenate([seen, np.empty((steps, *seen.shape[1:]), seen.dtype)])
    for end in range(len(seen), len(samples)):
        samples[end] = step(samples[max(0, end - (keep or end)) : end])
    return samples[len(seen) :]

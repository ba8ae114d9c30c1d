"""How takes become windows, and what is to be predicted about each: classes, or what comes next."""

from __future__ import annotations

import statistics
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from handsign.data.windows import resample, slide, span
from handsign.errors import InputError

if TYPE_CHECKING:
    from handsign.data.take import Take
    from handsign.types import Array


MIN_BLOCKS = 10
"""A forecasting dataset of fewer takes is cut into at least so many blocks, so that some can be kept for testing."""


@dataclass(frozen=True, kw_only=True)
class Windowing(ABC):
    """Takes -> windows with targets.

    length  samples in a window
    rate    samples a second in a window, where the recordings do not decide
    """

    length: int
    rate: float
    resamples: ClassVar[bool] = True
    """Whether windows cover a whole take at the sample rate, so that a pause in it becomes samples."""

    @property
    def duration(self) -> float:
        """Seconds that a window spans at `rate`; takes without times are taken to last as long."""
        return self.length / self.rate

    def split_units(self, takes: Sequence[Take], groups: Sequence[slice]) -> Sequence[Take]:
        """The takes as a split may distribute them; `groups` are the columns that are missing together."""
        return takes

    def label(self, take: Take) -> str:
        """The class of a take; a split takes its share of each."""
        return take.info.action

    def group(self, take: Take) -> str:
        """Group key: one group stays in one part of a split."""
        return take.name

    @abstractmethod
    def sample_rate(self, takes: Sequence[Take]) -> float:
        """Samples a second in the windows of these takes, where the user names no rate."""

    @property
    @abstractmethod
    def min_samples(self) -> float:
        """How many samples, at the sample rate, a take has to last."""

    @abstractmethod
    def pairs(self, take: Take, rate: float, groups: Sequence[slice]) -> Iterator[tuple[Array, Any]]:
        """The windows (length, *sample) of a take at `rate` samples a second, each with its target."""

    @abstractmethod
    def targets(self, answers: Sequence[Any]) -> tuple[Array, list[str]]:
        """The targets of n windows -> y (n, *y) float32 and the names of the outputs."""


@dataclass(frozen=True, kw_only=True)
class ClassificationWindowing(Windowing):
    """Every window of a take shows the take's label."""

    def sample_rate(self, takes: Sequence[Take]) -> float:
        """A window lasts as long as the takes do (their median)."""
        return self.length / statistics.median([span(take.times) for take in takes] or [1.0])

    @property
    def min_samples(self) -> float:
        """Half a window."""
        return self.length / 2

    def pairs(self, take: Take, rate: float, groups: Sequence[slice]) -> Iterator[tuple[Array, str]]:
        """The windows of a take, overlapping by half, each with the take's label."""
        windows = slide(take.samples, take.times, self.length, rate, groups)
        return ((window, self.label(take)) for window in windows)

    def targets(self, answers: Sequence[str]) -> tuple[Array, list[str]]:
        """Labels (n,) -> one-hot (n, labels) float32 and the labels in alphabetical order.

        Raises:
            InputError: there is only one label.
        """
        labels, index = np.unique(answers, return_inverse=True)
        if len(labels) < 2:
            raise InputError(f"there is only one action, {labels[0]!r}; record at least two")
        return np.eye(len(labels), dtype=np.float32)[index], labels.tolist()


@dataclass(frozen=True, kw_only=True)
class ForecastWindowing(Windowing):
    """Windows follow each other sample by sample; the target is the sample behind the window.

    names        of what the last axis of a sample holds
    each_sample  the target is what follows each sample of the window, (length, *sample), not the last one alone
    """

    names: tuple[str, ...] = ()
    each_sample: bool = False

    def split_units(self, takes: Sequence[Take], groups: Sequence[slice]) -> Sequence[Take]:
        """Stretches in which nothing is missing; fewer than `MIN_BLOCKS` takes are cut into contiguous blocks."""
        whole = [piece for take in takes for piece in _complete_stretches(take, groups)]
        each = -(-MIN_BLOCKS // len(whole)) if 0 < len(whole) < MIN_BLOCKS else 1
        return [piece for take in whole for piece in _cut(take, np.array_split(np.arange(len(take.times)), each))]

    def sample_rate(self, takes: Sequence[Take]) -> float:
        """The rate of the recordings (their median), but at most `rate`: a window is a short part of a long take."""
        own = [len(take.times) / span(take.times) for take in takes if len(take.times) > 1]
        return min(self.rate, statistics.median(own or [self.rate]))

    @property
    def min_samples(self) -> float:
        """A window and the sample behind it."""
        return self.length + 1

    def pairs(self, take: Take, rate: float, groups: Sequence[slice]) -> Iterator[tuple[Array, Array]]:
        """Every window, one sample apart, with the sample behind it (or, `each_sample`, the window one later)."""
        count = int(round(span(take.times) * rate, 6))
        samples = resample(take.samples, take.times, take.times[0] + np.arange(count) / rate, groups)
        for start in range(count - self.length):
            end = start + self.length
            yield samples[start:end], samples[start + 1 : end + 1] if self.each_sample else samples[end]

    def targets(self, answers: Sequence[Array]) -> tuple[Array, list[str]]:
        """What follows, (n, *sample) or (n, length, *sample) float32, and the names.

        Raises:
            InputError: no take is longer than a window.
        """
        if not len(answers):
            raise InputError("no recording is longer than a window; record longer ones")
        return np.stack(answers).astype(np.float32, copy=False), list(self.names)


def _cut(take: Take, rows: Sequence[Array]) -> list[Take]:
    """The rows of a take as takes of their own, named by their numbers; all rows are the take itself."""
    if len(rows) == 1 and len(rows[0]) == len(take.times):
        return [take]
    return [
        replace(take, samples=take.samples[own], times=take.times[own], name=f"{take.name}#{number}")
        for number, own in enumerate(rows)
        if len(own) > 1
    ]


def _complete_stretches(take: Take, groups: Sequence[slice]) -> list[Take]:
    """The stretches of a take in which no group of columns is missing."""
    there = np.all([take.samples[:, group].any(axis=1) for group in groups] or [[True] * len(take.times)], axis=0)
    ends = np.flatnonzero(np.diff(there)) + 1
    return _cut(take, [run for run in np.split(np.arange(len(there)), ends) if there[run[0]]])

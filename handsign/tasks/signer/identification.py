"""Identification: the windows of a recording, and one result from the predictions for all of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from handsign.data.windowing import ClassificationWindowing
from handsign.data.windows import span
from handsign.errors import InputError
from handsign.learn.objective import ClassificationObjective

if TYPE_CHECKING:
    from handsign.data.take import Take
    from handsign.types import Array


FLOOR = 0.01
"""Added to a probability before its logarithm: one window that is certain must not outvote all others."""


@dataclass(frozen=True, kw_only=True)
class SignerWindowing(ClassificationWindowing):
    """The label is the signer, and no recording session is in two parts of a split.

    A window is `length` consecutive samples, not resampled: the sampling intervals identify a person's device, and
    hours without movement have no samples. The last value of a sample is the seconds since the previous one, see
    `timed`.

    most  windows of a recording at most, spread evenly over it
    """

    most: int = 100
    resamples: ClassVar[bool] = False

    def label(self, take: Take) -> str:
        """The signer."""
        return take.info.signer

    def group(self, take: Take) -> str:
        """The recording session, where the take names one."""
        return f"{take.info.signer}/{take.info.session}" if take.info.session else take.name

    def sample_rate(self, takes: Sequence[Take]) -> float:
        """The recordings' own rate (their median), which is needed live; in recordings nothing is resampled."""
        return float(np.median([len(take.times) / max(span(take.times), 1e-3) for take in takes] or [self.rate]))

    @property
    def min_samples(self) -> float:
        """0: a shorter recording is padded."""
        return 0.0

    def pairs(self, take: Take, rate: float, groups: Sequence[slice]) -> Iterator[tuple[Array, str]]:
        """The windows of a take, each with the signer."""
        return ((window, self.label(take)) for window in runs(timed(take).samples, self.length, self.most))

    def targets(self, answers: Sequence[str]) -> tuple[Array, list[str]]:
        """Signers (n,) -> one-hot (n, labels) float32 and their names in alphabetical order.

        Raises:
            InputError: there are not two people to tell apart.
        """
        if len(set(answers)) < 2:
            raise InputError("it takes recordings of at least two people; record or import them with --signer NAME")
        return super().targets(answers)


@dataclass(frozen=True, kw_only=True)
class SignerObjective(ClassificationObjective):
    """Classification in which no label means rest, not even a person's name such as `rest`."""

    def rest_rows(self, y: Array, labels: Sequence[str]) -> Array:
        """No rows."""
        return np.array([], int)


def timed(take: Take) -> Take:
    """The take with the seconds since the previous sample as the last value of each sample; 0 in the first one."""
    samples = take.samples.copy()
    samples[:, -1] = np.diff(take.times, prepend=take.times[:1])
    return replace(take, samples=samples)


def runs(samples: Array, window: int, most: int) -> Iterator[Array]:
    """Windows (window, *sample) of consecutive samples (T, *sample), overlapping by half, at most `most` of them.

    A shorter recording is padded at its beginning with its first sample.
    """
    if len(samples) < window:
        samples = np.concatenate([np.repeat(samples[:1], window - len(samples), axis=0), samples])
    last = len(samples) - window
    for start in np.linspace(0, last, min(most, 1 + round(last / (window / 2)))).astype(int):
        yield samples[start : start + window]


def together(probabilities: Array) -> Array:
    """Probabilities (n, labels) of a recording's n windows -> their mean logarithms (labels,)."""
    return np.log(probabilities + FLOOR).mean(axis=0)

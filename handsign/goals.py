"""The question asked of a window. So far one: `Classify`, 'what is this?'."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from handsign.errors import InputError
from handsign.windows import slide

if TYPE_CHECKING:
    from handsign.takes import Take

Array = np.ndarray[Any, Any]
NOTHING = "nothing"
"""The label that rest has where nobody named it: what is recorded between takes."""
REST = frozenset({NOTHING, "rest", "none", "-"})
"""Labels that mean that nothing is being signed: learned like any other, never announced. See `is_rest`."""


def is_rest(label: str) -> bool:
    """Whether a label, in capitals or not, means that nothing is being signed."""
    return label.casefold() in REST


class Goal(Protocol):
    """What is asked of a window, in training and live."""

    def pairs(self, take: Take, window: int, rate: float, groups: Sequence[slice]) -> Iterator[tuple[Array, Any]]:
        """The windows (window, *sample) of a take at `rate` samples a second, each with what is to be answered."""

    def targets(self, answers: Sequence[Any]) -> tuple[Array, list[str]]:
        """The answers of n windows -> y (n, *y) float32 as the model gives them, and the names of its outputs."""

    def answer(self, predict: Callable[[Array], Array], window: Array) -> Array:
        """Ask the model, which takes (n, window, *sample), about one window (window, *sample)."""


@dataclass(frozen=True)
class Classify:
    """Which of the known actions is this? Targets are one-hot, the answer a probability for each label."""

    def pairs(self, take: Take, window: int, rate: float, groups: Sequence[slice]) -> Iterator[tuple[Array, str]]:
        """The take's windows, each with the take's action."""
        return ((part, take.info.action) for part in slide(take.samples, take.times, window, rate, groups))

    def targets(self, answers: Sequence[str]) -> tuple[Array, list[str]]:
        """Actions (n,) -> one-hot (n, labels) float32 and the labels in alphabetical order.

        Raises:
            InputError: there are not even two actions to tell apart.
        """
        labels, index = np.unique(answers, return_inverse=True)
        if len(labels) < 2:
            raise InputError(f"there is only one action, {labels[0]!r}; record at least two")
        return np.eye(len(labels), dtype=np.float32)[index], labels.tolist()

    def answer(self, predict: Callable[[Array], Array], window: Array) -> Array:
        """Probabilities (labels,) float32 of one window."""
        return predict(window[None])[0]

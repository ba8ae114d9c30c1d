"""The question asked of a window. So far one: `Classify`, 'what is this?'."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import numpy as np

from handsign.errors import InputError
from handsign.windows import slide, span

if TYPE_CHECKING:
    import keras
    from matplotlib.figure import Figure

    from handsign.dataset import Dataset
    from handsign.takes import Take

Array = np.ndarray[Any, Any]
Ask = Callable[[Array], Array]
Loss = str | Callable[[Any, Any], Any]
NOTHING = "nothing"
"""The label that rest has where nobody named it: what is recorded between takes."""
REST = frozenset({NOTHING, "rest", "none", "other", "-"})
"""Labels that mean that nothing is being signed: learned like any other, never announced. See `is_rest`."""


def is_rest(label: str) -> bool:
    """Whether a label, in capitals or not, means that nothing is being signed."""
    return label.casefold() in REST


class Goal(Protocol):
    """What is asked of a window, in training and live, and how good an answer is.

    loss     what training makes small, by Keras' name or (y, answers) -> number
    metrics  what else it tells after every epoch, by Keras' names
    page     the template of the report, beside this file
    trials   what train.py's --evaluate can be, beyond the takes kept for testing
    """

    loss: Loss
    metrics: tuple[str, ...]
    page: str
    trials: tuple[str, ...]

    def pieces(self, takes: Sequence[Take], groups: Sequence[slice]) -> Sequence[Take]:
        """The takes as they may be split into those to learn from and those to test on.

        `groups` are the columns of a sample that are missing together.
        """

    def label(self, take: Take) -> str:
        """What a take is one of: of each, a split gives a share."""

    def unit(self, take: Take) -> str:
        """What a take belongs to that is never torn apart by a split, often only itself."""

    def rate(self, takes: Sequence[Take], window: int, rate: float) -> float:
        """Samples a second in a window of these takes, where nobody said; `rate` is the task's."""

    def least(self, window: int) -> float:
        """How many samples a take has to last."""

    def pairs(self, take: Take, window: int, rate: float, groups: Sequence[slice]) -> Iterator[tuple[Array, Any]]:
        """The windows (window, *sample) of a take at `rate` samples a second, each with what is to be answered."""

    def targets(self, answers: Sequence[Any]) -> tuple[Array, list[str]]:
        """The answers of n windows -> y (n, *y) float32 as the model gives them, and the names of its outputs."""

    def answer(self, predict: Ask, window: Array) -> Array:
        """Ask the model, which takes (n, window, *sample), about one window (window, *sample)."""

    def guess(self, X: Array, y: Array) -> Array:
        """What who has learned nothing would answer (n, *y) to windows X (n, window, *sample)."""

    def resting(self, y: Array, labels: Sequence[str]) -> Array:
        """The numbers of the rows of y (n, *y) in which nothing is done."""

    def lesson(self, model: keras.Model, data: Dataset, part: str) -> tuple[keras.Model, Array, Array]:
        """What is trained, with the model's weights, on which windows X (n, window, *sample) of a part, for which y."""

    def score(self, ask: Ask, data: Dataset, part: str, told: Mapping[str, Any]) -> dict[str, Any]:
        """How good the answers `ask` gives to windows (n, window, *sample) of a part of the data are, as numbers.

        `told` is what training told besides.
        """

    def baselines(self, data: Dataset, parts: Sequence[Array]) -> dict[str, float]:
        """How good simpler answers are about the test rows of the parts (n,) together: name -> accuracy."""

    def summary(self, results: Mapping[str, Any], data: Dataset) -> str:
        """Some lines for the terminal about what `score` gave: part -> numbers."""

    def pictures(self, results: Mapping[str, Any], data: Dataset) -> dict[str, Figure]:
        """The same as pictures for the report, by the name of the file."""


@dataclass(frozen=True)
class Classify:
    """Which of the known actions is this? Targets are one-hot, the answer a probability for each label."""

    loss: ClassVar[Loss] = "categorical_crossentropy"
    metrics: ClassVar[tuple[str, ...]] = ("categorical_accuracy",)
    page: ClassVar[str] = "report.html"
    trials: ClassVar[tuple[str, ...]] = ("signers",)

    def pieces(self, takes: Sequence[Take], groups: Sequence[slice]) -> Sequence[Take]:
        """Takes are whole: all windows of one are in the same part."""
        return takes

    def label(self, take: Take) -> str:
        """The action."""
        return take.info.action

    def unit(self, take: Take) -> str:
        """The take."""
        return take.name

    def rate(self, takes: Sequence[Take], window: int, rate: float) -> float:
        """A window lasts as long as the takes do (their median)."""
        return window / statistics.median([span(take.times) for take in takes] or [1.0])

    def least(self, window: int) -> float:
        """Half a window."""
        return window / 2

    def pairs(self, take: Take, window: int, rate: float, groups: Sequence[slice]) -> Iterator[tuple[Array, str]]:
        """The take's windows, each with the take's action."""
        return ((part, self.label(take)) for part in slide(take.samples, take.times, window, rate, groups))

    def targets(self, answers: Sequence[str]) -> tuple[Array, list[str]]:
        """Actions (n,) -> one-hot (n, labels) float32 and the labels in alphabetical order.

        Raises:
            InputError: there are not even two actions to tell apart.
        """
        labels, index = np.unique(answers, return_inverse=True)
        if len(labels) < 2:
            raise InputError(f"there is only one action, {labels[0]!r}; record at least two")
        return np.eye(len(labels), dtype=np.float32)[index], labels.tolist()

    def answer(self, predict: Ask, window: Array) -> Array:
        """Probabilities (labels,) float32 of one window."""
        return predict(window[None])[0]

    def guess(self, X: Array, y: Array) -> Array:
        """Always how frequent each label is in y (n, labels)."""
        return np.broadcast_to(y.mean(axis=0), y.shape)

    def resting(self, y: Array, labels: Sequence[str]) -> Array:
        """Those whose label means rest."""
        return np.flatnonzero(np.array([is_rest(label) for label in labels])[y.argmax(axis=1)])

    def lesson(self, model: keras.Model, data: Dataset, part: str) -> tuple[keras.Model, Array, Array]:
        """The model on its windows."""
        return model, *data.rows(part)

    def score(self, ask: Ask, data: Dataset, part: str, told: Mapping[str, Any]) -> dict[str, Any]:
        """`evaluation.metrics` and `mistakes`."""
        from handsign.evaluation import metrics, mistakes

        X, y = data.rows(part)
        probabilities = ask(X)
        wrong = mistakes(y, probabilities, data.labels, data.take[data.part == part].tolist())
        return {**metrics(y, probabilities, data.labels), "mistakes": wrong}

    def baselines(self, data: Dataset, parts: Sequence[Array]) -> dict[str, float]:
        """None."""
        return {}

    def summary(self, results: Mapping[str, Any], data: Dataset) -> str:
        """Precision and recall of every label, accuracy, those left out."""
        from handsign.evaluation import summary

        return summary(results, data)

    def pictures(self, results: Mapping[str, Any], data: Dataset) -> dict[str, Figure]:
        """What is taken for what, and how sure it is; the same for those left out."""
        from handsign.evaluation import confusion_figure, reliability_figure

        found = {}
        for part, suffix in (("test", ""), ("signers", "-signers")):
            if part in results:
                found[f"confusion{suffix}.png"] = confusion_figure(results[part]["confusion"], data.labels)
                found[f"reliability{suffix}.png"] = reliability_figure(results[part]["reliability"])
        return found

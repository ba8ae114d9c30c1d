"""The question asked of a window. There are two: `Classify`, 'what is this?', and `Forecast`, 'what comes next?'."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import numpy as np

from handsign.errors import InputError
from handsign.windows import resample, rollout, slide, span

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
REST = frozenset({NOTHING, "rest", "none", "-"})
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

    def fan(self, ask: Ask, data: Dataset) -> list[list[float]] | None:
        """How far off its answers are on the validation rows, if they can be more or less far off."""

    def score(self, ask: Ask, data: Dataset, part: str, told: Mapping[str, Any]) -> dict[str, Any]:
        """How good the answers `ask` gives to windows (n, window, *sample) of a part of the data are, as numbers.

        `told` is what training told besides: the `fan`.
        """

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

    def fan(self, ask: Ask, data: Dataset) -> None:
        """A label is right or wrong; how sure it is, is told by its probability."""

    def score(self, ask: Ask, data: Dataset, part: str, told: Mapping[str, Any]) -> dict[str, Any]:
        """`evaluation.metrics` and `mistakes`."""
        from handsign.evaluation import metrics, mistakes

        X, y = data.rows(part)
        probabilities = ask(X)
        wrong = mistakes(y, probabilities, data.labels, data.take[data.part == part].tolist())
        return {**metrics(y, probabilities, data.labels), "mistakes": wrong}

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


BLOCKS = 10
"""Into how many at least a handful of long recordings are cut, so that some can be kept for testing."""


def _mean_error(difference: Array, aspect: float) -> Array:
    """Mean absolute difference (...) of samples (..., steps, *sample)."""
    return np.abs(difference).reshape(*difference.shape[:2], -1).mean(axis=-1)


@dataclass(frozen=True)
class Forecast:
    """What comes next? Windows follow each other sample by sample, and the target is the sample behind the window.

    names    of what the last axis of a sample holds
    steps    how far to look ahead, by feeding the model its own answers
    whole    the model says what follows *each* sample of its window, (window, *sample), the last of which counts;
             otherwise only what follows the last one (*sample,)
    drill    how many steps ahead it is trained to look; what is only ever shown real samples need not stand its own
    measure  differences (n, steps, *sample), height of the picture in widths -> how wrong (n, steps) that is
    scale    what `measure` gives is a share of
    """

    names: tuple[str, ...]
    steps: int = 128
    whole: bool = False
    drill: int = 1
    measure: Callable[[Array, float], Array] = field(default=_mean_error)
    scale: str = ""
    loss: Loss = "mse"
    metrics: tuple[str, ...] = ()
    page: ClassVar[str] = "forecast.html"
    trials: ClassVar[tuple[str, ...]] = ()

    def pieces(self, takes: Sequence[Take], groups: Sequence[slice]) -> Sequence[Take]:
        """Without what is missing, and fewer than `BLOCKS` takes cut into as many contiguous blocks to keep some of."""
        whole = [piece for take in takes for piece in _present(take, groups)]
        each = -(-BLOCKS // len(whole)) if 0 < len(whole) < BLOCKS else 1
        return [piece for take in whole for piece in _cut(take, np.array_split(np.arange(len(take.times)), each))]

    def label(self, take: Take) -> str:
        """The action."""
        return take.info.action

    def unit(self, take: Take) -> str:
        """The take."""
        return take.name

    def rate(self, takes: Sequence[Take], window: int, rate: float) -> float:
        """That of the recordings (their median), but at most the task's: a window is a short look at a long take."""
        own = [len(take.times) / span(take.times) for take in takes if len(take.times) > 1]
        return min(rate, statistics.median(own or [rate]))

    def least(self, window: int) -> float:
        """A window and what comes next."""
        return window + 1

    def pairs(self, take: Take, window: int, rate: float, groups: Sequence[slice]) -> Iterator[tuple[Array, Array]]:
        """Every window, one sample after the other, and the sample after it (or, `whole`, the window one later)."""
        count = int(round(span(take.times) * rate, 6))
        samples = resample(take.samples, take.times, take.times[0] + np.arange(count) / rate, groups)
        for start in range(count - window):
            end = start + window
            yield samples[start:end], samples[start + 1 : end + 1] if self.whole else samples[end]

    def targets(self, answers: Sequence[Array]) -> tuple[Array, list[str]]:
        """What followed, (n, *sample) or (n, window, *sample) float32, and the names.

        Raises:
            InputError: no take is longer than a window.
        """
        if not len(answers):
            raise InputError("no recording is longer than a window; record longer ones")
        return np.stack(answers).astype(np.float32, copy=False), list(self.names)

    def answer(self, predict: Ask, window: Array) -> Array:
        """The sample (*sample,) that comes next."""
        return self.last(predict(window[None]))[0]

    def last(self, answers: Array) -> Array:
        """The samples (n, *sample) that come next, of what a model answered to n windows."""
        return answers[:, -1] if self.whole else answers

    def ahead(self, predict: Ask, window: Array, steps: int | None = None) -> Array:
        """What comes in the next `steps` (steps, *sample): see `windows.rollout`."""
        return rollout(lambda seen: self.answer(predict, seen), window, steps or self.steps, len(window))

    def guess(self, X: Array, y: Array) -> Array:
        """That all stays as it is."""
        last = X[:, -1]
        return X if self.whole else last if last.shape == y.shape else np.broadcast_to(last[:, None], y.shape)

    def resting(self, y: Array, labels: Sequence[str]) -> Array:
        """None: nobody says when a path rests."""
        return np.array([], int)

    def lesson(self, model: keras.Model, data: Dataset, part: str) -> tuple[keras.Model, Array, Array]:
        """The model that is fed its own answers `drill` times, for the samples (n, drill, *sample) that came."""
        if self.drill < 2:
            return model, *data.rows(part)
        from handsign.forecasting import futures, unrolled

        X, came = futures(self, data, part, self.drill)
        whole = np.isfinite(came).all(axis=tuple(range(1, came.ndim)))
        return unrolled(model, self.drill), X[whole], came[whole]

    def fan(self, ask: Ask, data: Dataset) -> list[list[float]] | None:
        """Within what distance half of what came was, and so on: `forecasting.fan`."""
        from handsign.forecasting import fan

        return fan(self, ask, data, "val")

    def score(self, ask: Ask, data: Dataset, part: str, told: Mapping[str, Any]) -> dict[str, Any]:
        """`forecasting.score`, beside staying put and going on as before."""
        from handsign.forecasting import score

        return score(self, ask, data, part, told.get("fan"))

    def summary(self, results: Mapping[str, Any], data: Dataset) -> str:
        """How far off the model is after each number of steps, and the others."""
        from handsign.forecasting import summary

        return summary(self, results, data)

    def pictures(self, results: Mapping[str, Any], data: Dataset) -> dict[str, Figure]:
        """The same as curves."""
        from handsign.forecasting import pictures

        return pictures(self, results, data)


def _cut(take: Take, rows: Sequence[Array]) -> list[Take]:
    """The rows of a take as takes of their own, named by their numbers; all of them are the take itself."""
    if len(rows) == 1 and len(rows[0]) == len(take.times):
        return [take]
    return [
        replace(take, samples=take.samples[own], times=take.times[own], name=f"{take.name}#{number}")
        for number, own in enumerate(rows)
        if len(own) > 1
    ]


def _present(take: Take, groups: Sequence[slice]) -> list[Take]:
    """The stretches of a take in which nothing is missing."""
    there = np.all([take.samples[:, group].any(axis=1) for group in groups] or [[True] * len(take.times)], axis=0)
    ends = np.flatnonzero(np.diff(there)) + 1
    return _cut(take, [run for run in np.split(np.arange(len(there)), ends) if there[run[0]]])

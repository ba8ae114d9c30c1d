"""How a model is evaluated: what every evaluator does, whatever it measures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from handsign.errors import InputError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from handsign.data.dataset import Dataset
    from handsign.data.folds import Folds
    from handsign.data.format import Format
    from handsign.data.windowing import Windowing
    from handsign.learn.network import Network
    from handsign.types import Array, Predict

PARTS = ("test", "val", "train")
"""The parts of a split, in the order of a report."""

Intervals = Sequence[Sequence[float]]
"""(shares, steps): the distances of `Evaluator.prediction_intervals`."""


@dataclass(frozen=True, kw_only=True)
class TrainedModel:
    """A trained model and what it was trained on.

    source   where the takes of `data` are
    predict  encoded windows (n, *x) -> predictions (n, *y)
    """

    format: Format
    windowing: Windowing
    network: Network
    data: Dataset
    source: Path
    predict: Predict
    seed: int = 0


@dataclass(frozen=True)
class Evaluator:
    """How good a model is, in numbers, words and figures.

    template   of the report
    protocols  what train.py's --evaluate can be, beyond the test part of the split
    """

    template: ClassVar[Path]
    protocols: ClassVar[tuple[str, ...]] = ()

    def prediction_intervals(self, predict: Predict, data: Dataset) -> list[list[float]] | None:
        """How far off predictions are on the validation rows; None where a prediction is right or wrong."""

    def score(self, predict: Predict, data: Dataset, part: str, intervals: Intervals | None = None) -> dict[str, Any]:
        """Metrics of `predict`: windows (n, window, *sample) -> (n, *y), on a part of the data."""
        raise NotImplementedError

    def baselines(self, data: Dataset, parts: Sequence[Array]) -> dict[str, float]:
        """Accuracy of simpler methods on the test rows of the `parts` (n,) together, by name."""
        return {}

    def summary(self, results: Mapping[str, Any], data: Dataset) -> str:
        """Lines for the terminal about `results`: part -> what `score` gave."""
        raise NotImplementedError

    def figures(self, results: Mapping[str, Any], data: Dataset) -> dict[str, Figure]:
        """Figures of `results` for the report, by file name."""
        return {}

    def folds(self, data: Dataset, protocol: str | None, most: int) -> Folds | None:
        """What a protocol leaves out of training, in at most so many folds; None if it leaves nothing out.

        Raises:
            InputError: there is no such protocol, or too little to leave any out.
        """
        if protocol and protocol not in self.protocols:
            raise InputError(f"{data.task} cannot be evaluated by {protocol}; leave out --evaluate")
        if protocol == "signers":
            from handsign.data.folds import folds

            return folds(data, most)
        return None

    def check(self, protocol: str | None, test: Path | None, labels: Path | None) -> None:
        """Check the options of a protocol before a long training.

        Raises:
            InputError: they do not belong to the protocol, or name what is not there.
        """
        if test or labels:
            raise InputError("--test and --labels are of --evaluate verification")

    def run_protocol(
        self, protocol: str | None, model: TrainedModel, test: Path | None, labels: Path | None
    ) -> dict[str, Any]:
        """What a protocol measures that trains nothing: name -> numbers for `metrics.json`."""
        return {}


def evaluate(
    evaluator: Evaluator, network: Network, predict: Predict, data: Dataset, intervals: Intervals | None = None
) -> dict[str, dict[str, Any]]:
    """Part (test, val, train) -> metrics there of `predict`: encoded windows (n, *x) -> (n, *y)."""

    def predict_windows(windows: Array) -> Array:
        return predict(network.encode_all(windows))

    parts = [part for part in PARTS if (data.part == part).any()]
    return {part: evaluator.score(predict_windows, data, part, intervals) for part in parts}

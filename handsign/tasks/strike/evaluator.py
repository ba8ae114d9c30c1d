"""Evaluation of image classifiers, and baselines for comparison."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from handsign.data.folds import left_out
from handsign.evaluate.classification import ClassificationEvaluator
from handsign.tasks.strike import silhouette
from handsign.tasks.strike.augment import COPIES
from handsign.tasks.strike.networks import copies_for_balance

if TYPE_CHECKING:
    from handsign.data.dataset import Dataset
    from handsign.data.folds import Folds
    from handsign.types import Array


@dataclass(frozen=True)
class PictureEvaluator(ClassificationEvaluator):
    """Metrics of a classification, baselines, and blocks left out in turn; `copies` are augmented copies a picture."""

    protocols: ClassVar[tuple[str, ...]] = ("signers", "blocks")

    copies: int = COPIES

    def summary(self, results: Mapping[str, Any], data: Dataset) -> str:
        """As of a classification, then the pictures and copies of each action, and the baselines."""
        y = data.rows("train")[1]
        counts = copies_for_balance(y, self.copies)
        each = [(own := y[:, i] == 1).sum() + counts[own].sum() for i in range(len(data.labels))]
        learned = (
            f"{label} {int(y[:, i].sum())} (x {each[i] / max(y[:, i].sum(), 1):.0f})"
            for i, label in enumerate(data.labels)
        )
        lines = [super().summary(results, data), f"pictures learned from, with variations: {', '.join(learned)}"]
        baselines = results.get("baselines", {}).items()
        beside = ", ".join(f"{name.replace('_', ' ')} {share:.1%}" for name, share in baselines)
        return "\n".join([*lines, *([f"on the same pictures: {beside}"] if beside else [])])

    def folds(self, data: Dataset, protocol: str | None, most: int) -> Folds | None:
        """With `blocks`, each block of all actions is left out in turn."""
        if protocol != "blocks":
            return super().folds(data, protocol, most)
        blocks = [f"block {name.rpartition('#')[2]}" for name in data.take.tolist()]
        return left_out(data, "block", np.array(blocks))

    def baselines(self, data: Dataset, parts: Sequence[Array]) -> dict[str, float]:
        """Accuracy on the test rows of the given parts (n,) together, of three baselines.

        majority: the most frequent action; raw_pixels: a linear model (ridge) on grey pixels; silhouette:
        `silhouette.SilhouetteClassifier`, which is not trained, with the median of all pictures as background.
        """
        y_true = data.y.argmax(axis=1)
        right: dict[str, list[Array]] = {"majority": [], "raw_pixels": [], "silhouette": []}
        by_silhouette = _silhouettes(data)
        for part in parts:
            train, test = part == "train", part == "test"
            right["majority"].append(np.bincount(y_true[train]).argmax() == y_true[test])
            right["raw_pixels"].append(_linear(data.X, y_true, train)(data.X[test]) == y_true[test])
            right["silhouette"].append(by_silhouette[test] == y_true[test])
        return {name: float(np.concatenate(of).mean()) for name, of in right.items()} if parts else {}


def _silhouettes(data: Dataset) -> Array:
    """Indices (n,) of the labels that the silhouette classifier predicts; -1 for an action that is no label."""
    classify = silhouette.SilhouetteClassifier(np.median(data.X[:, -1], axis=0))
    names = [silhouette.matching_label(classify(window[-1]), data.labels) for window in data.X]
    return np.array([data.labels.index(name) if name else -1 for name in names])


def _linear(X: Array, y_true: Array, train: Array) -> Any:
    """A linear model fitted on the rows `train`: windows (n, T, H, W, 3) -> indices of labels (n,)."""
    from sklearn.linear_model import RidgeClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    def flat(windows: Array) -> Array:
        return windows.mean(axis=-1).reshape(len(windows), -1)

    model = make_pipeline(StandardScaler(), RidgeClassifier(flat(X[:1]).shape[1])).fit(flat(X[train]), y_true[train])
    return lambda windows: model.predict(flat(windows))

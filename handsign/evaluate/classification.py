"""How good a classifier is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from handsign.evaluate.evaluator import Evaluator, Intervals
from handsign.evaluate.figures import confusion_figure, reliability_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from handsign.data.dataset import Dataset
    from handsign.types import Array, Predict


BINS = 15
"""Bins of confidence in `reliability`, as in Guo et al. 2017."""


@dataclass(frozen=True)
class ClassificationEvaluator(Evaluator):
    """Accuracy, calibration and confusion of probabilities (n, labels)."""

    template: ClassVar[Path] = Path(__file__).with_name("report.html")
    protocols: ClassVar[tuple[str, ...]] = ("signers",)

    def score(self, predict: Predict, data: Dataset, part: str, intervals: Intervals | None = None) -> dict[str, Any]:
        """`metrics` and `mistakes`."""
        X, y = data.rows(part)
        probabilities = predict(X)
        wrong = mistakes(y, probabilities, data.labels, data.take[data.part == part].tolist())
        return {**metrics(y, probabilities, data.labels), "mistakes": wrong}

    def summary(self, results: Mapping[str, Any], data: Dataset) -> str:
        """Precision and recall of every label, accuracy, and the cross-validation, if any."""
        return summary(results, data)

    def figures(self, results: Mapping[str, Any], data: Dataset) -> dict[str, Figure]:
        """Confusion and reliability, of the test part and of the cross-validation."""
        found = {}
        for part, suffix in (("test", ""), ("signers", "-signers")):
            if part in results:
                found[f"confusion{suffix}.png"] = confusion_figure(results[part]["confusion"], data.labels)
                found[f"reliability{suffix}.png"] = reliability_figure(results[part]["reliability"])
        return found


def metrics(y: Array, probabilities: Array, labels: Sequence[str]) -> dict[str, Any]:
    """Metrics of probabilities (n, labels) for rows with one-hot y (n, labels), n > 0.

    accuracy, and `interval`, its 95 % confidence interval (Wilson); log_loss in nats; per_label: precision, recall, f1
    and support, 0 where undefined; confusion[true][predicted] counts; top3: share of rows whose label is among the
    three most probable; ece and reliability: see `reliability`.
    """
    from scipy.stats import binomtest
    from sklearn import metrics as scores

    y_true, y_pred, numbers = y.argmax(axis=1), probabilities.argmax(axis=1), range(len(labels))
    right = int((y_true == y_pred).sum())
    most_probable = np.argsort(-probabilities, axis=1, kind="stable")[:, :3]
    bins = reliability(y, probabilities)
    interval = binomtest(right, len(y_true)).proportion_ci(method="wilson")
    each: Any = scores.precision_recall_fscore_support(
        y_true,
        y_pred,
        labels=numbers,
        zero_division=0,  # pyright: ignore[reportArgumentType] - the stubs know strings alone
    )
    per_label = {
        label: {"precision": float(p), "recall": float(r), "f1": float(f), "support": int(n)}
        for label, p, r, f, n in zip(labels, *each, strict=True)
    }
    clipped = np.clip(probabilities[np.arange(len(y_true)), y_true].astype(np.float64), 1e-15, 1.0)
    return {
        "rows": len(y_true),
        "right": right,
        "accuracy": right / len(y_true),
        "interval": [float(interval.low), float(interval.high)],
        "log_loss": float(-np.log(clipped).mean()),
        "top3": float((most_probable == y_true[:, None]).any(axis=1).mean()),
        "ece": float(np.average(np.abs(bins["accuracy"] - bins["confidence"]), weights=bins["windows"])),
        "reliability": {name: values.tolist() for name, values in bins.items()},
        "per_label": per_label,
        "confusion": scores.confusion_matrix(y_true, y_pred, labels=numbers).tolist(),
    }


def reliability(y: Array, probabilities: Array, bins: int = BINS) -> dict[str, Array]:
    """Accuracy by confidence: rows by the probability of their predicted label, in `bins` of equal width.

    windows, mean confidence and accuracy (bins,) of each, 0 where a bin is empty. The expected calibration error is the
    mean distance of the last two, weighted by the first: Guo et al., "On Calibration of Modern Neural Networks", 2017.
    """
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == y.argmax(axis=1)
    number = np.clip(np.ceil(confidence * bins).astype(int) - 1, 0, bins - 1)  # (0, 1/15], (1/15, 2/15], …
    windows = np.bincount(number, minlength=bins)
    means = (np.bincount(number, of, minlength=bins) / np.maximum(windows, 1) for of in (confidence, right))
    return {"windows": windows, **dict(zip(("confidence", "accuracy"), means, strict=True))}


def mistakes(y: Array, probabilities: Array, labels: Sequence[str], takes: Sequence[str]) -> list[dict[str, Any]]:
    """The rows that were predicted wrongly, the most confident first: take, label, predicted, probability."""
    y_true, y_pred, confidence = y.argmax(axis=1), probabilities.argmax(axis=1), probabilities.max(axis=1)
    wrong = sorted(np.flatnonzero(y_true != y_pred), key=lambda i: -confidence[i])
    return [
        {
            "take": str(takes[i]),
            "label": labels[y_true[i]],
            "predicted": labels[y_pred[i]],
            "probability": float(confidence[i]),
        }
        for i in wrong
    ]


def summary(results: Mapping[str, dict[str, Any]], data: Dataset) -> str:
    """Lines for the terminal: precision and recall of every label, accuracy, cross-validation, what the test says."""
    test, signers, lines = results.get("test"), results.get("signers"), []
    if test is None:
        lines.append("nothing was kept for testing, so how good the model is is not known")
    else:
        width = max(map(len, ["label", *data.labels]))
        lines.append(f"{'label':{width}}  precision  recall  windows")
        for label, of in test["per_label"].items():
            lines.append(f"{label:{width}}  {of['precision']:9.0%}  {of['recall']:6.0%}  {of['support']:7}")
        low, high = test["interval"]
        of = f"{test['right']} of {test['rows']} windows (95 % interval {low:.0%} to {high:.0%})"
        lines += [f"test accuracy {test['accuracy']:.1%}: {of}", generalisation_note(data, signers is not None)]
    return "\n".join([*lines, *(_left_out(signers) if signers else ())])


def _left_out(signers: Mapping[str, Any]) -> Iterator[str]:
    """A line for every group that was left out, and one for all of them."""
    width = max(map(len, ["left out", *signers["each"]]))
    yield f"\n{'left out':{width}}  accuracy  windows"
    for name, accuracy in signers["each"].items():
        yield f"{name:{width}}  {accuracy:8.1%}  {signers['windows'][name]:7}"
    spread = "" if signers["std"] is None else f" (standard deviation {signers['std']:.1%})"
    yield f"accuracy by {signers['by']}, each left out of training: {signers['mean']:.1%} on average{spread}"
    if signers["unknown"]:
        labels = ", ".join(f"{label} ({n} windows)" for label, n in signers["unknown"].items())
        yield f"not asked about, because only those left out show it: {labels}"


def generalisation_note(data: Dataset, measured: bool = False, measurable: bool = True) -> str:
    """Whether the test set says anything about people who are not in the training set.

    `measured`: a cross-validation says it; `measurable`: --evaluate signers could.
    """
    asked = data.part == "test" if (data.part == "test").any() else data.part != "test"  # else: all, in turn
    known = sorted(set(data.signer[asked]) & set(data.signer[data.part == "train"]))
    if not known:
        return "Tested on people it has not seen in training."
    names = ", ".join(name or "unnamed" for name in known) if len(known) < 6 else f"{len(known)} of them"
    note = f"Tested on people it has seen in training ({names}): expect less from others"
    if not measurable:
        return f"{note}."
    if len(set(data.signer)) > 1:
        return f"{note}; {'how much is measured below' if measured else '--evaluate signers measures that'}."
    if known == [""]:
        return f"{note}. No take says whose it is, so they count as one person's; --signer NAME tells in recording."
    return f"{note}. Nobody else was recorded, so how much less is not known."

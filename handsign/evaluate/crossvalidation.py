"""How well a model does on people that it was not trained on: train without each of them, test on the one left out."""

from __future__ import annotations

import logging
import tempfile
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from handsign.data.folds import UNKNOWN
from handsign.evaluate import classification

if TYPE_CHECKING:
    from handsign.data.dataset import Dataset
    from handsign.data.folds import Folds
    from handsign.learn.config import TrainConfig
    from handsign.learn.network import Network
    from handsign.types import Array

log = logging.getLogger("handsign")


def evaluate(network: Network, data: Dataset, folds: Folds, config: TrainConfig) -> dict[str, Any] | None:
    """Train on all but the left out, fold by fold; the metrics of all predictions together: see `_results`.

    Every fold is one line in the log. Ctrl-C ends it with the folds that are done; None if there are none.
    """
    probabilities, done = predictions(network, data, folds, config)
    return _results(data, folds, probabilities, done) if done else None


def results(network: Network, data: Dataset, folds: Folds, config: TrainConfig) -> dict[str, Any]:
    """`evaluate` as `signers`, or, of blocks, the same as if it were one test: metrics, mistakes and `folds`."""
    if folds.by != "block":
        signers = evaluate(network, data, folds, config)
        return {"signers": signers} if signers else {}
    probabilities, done = predictions(network, data, folds, config)
    asked = ~np.isnan(probabilities).any(axis=1)
    if not done:
        return {}
    y, y_pred, takes = data.y[asked], probabilities[asked], data.take[asked].tolist()
    wrong = classification.mistakes(y, y_pred, data.labels, takes)
    return {"test": {**classification.metrics(y, y_pred, data.labels), "mistakes": wrong, "folds": done}}


def predictions(
    network: Network, data: Dataset, folds: Folds, config: TrainConfig
) -> tuple[Array, list[dict[str, Any]]]:
    """Probabilities (n, labels) of each row by a model not trained on it, NaN where none was asked; the folds."""
    probabilities = np.full(data.y.shape, np.nan, np.float32)
    config = replace(config, resume=False, logs=None)
    done: list[dict[str, Any]] = []
    try:
        for number, part in enumerate(folds.parts, 1):
            name = f"fold {number} of {len(folds.parts)}"
            probabilities[part == "test"], facts = _fold(network, replace(data, part=part), config, name)
            left_out = sorted(set(folds.group[part == "test"].tolist()))
            done.append({"left_out": left_out, **facts, **_right(data, probabilities, part == "test")})
            share, windows = done[-1]["accuracy"], done[-1]["windows"]
            log.info("%s: %.1f%% of the %d windows of %s", name, 100 * share, windows, ", ".join(left_out))
    except KeyboardInterrupt:
        log.info("stopped after %d of %d folds", len(done), len(folds.parts))
    return probabilities, done


def _fold(network: Network, data: Dataset, config: TrainConfig, name: str) -> tuple[Array, dict[str, Any]]:
    """Probabilities (n, labels) of the test rows by a model trained on the train rows, and how its training went."""
    from handsign.learn.training import train

    with tempfile.TemporaryDirectory() as folder:
        trained = train(network, data, Path(folder, "fold.h5"), config, name=name)
    if trained.interrupted:
        raise KeyboardInterrupt
    facts = {"epochs": trained.epochs, "learned": trained.learned, "temperature": trained.temperature}
    return trained.model.predict(network.rows(data, "test")[0], verbose=0), facts


def _right(data: Dataset, probabilities: Array, chosen: Array) -> dict[str, Any]:
    right = probabilities[chosen].argmax(axis=1) == data.y[chosen].argmax(axis=1)
    return {"windows": len(right), "accuracy": float(right.mean())}


def _results(data: Dataset, folds: Folds, probabilities: Array, done: list[dict[str, Any]]) -> dict[str, Any]:
    """The numbers of `metrics.json`'s `signers`.

    by       what was left out whole: signer, session or take; each: name -> accuracy, windows: name -> how many
    mean     of `each`, every group counting the same; std: their sample standard deviation, None for a single one
    folds    what was left out together, and how that training went; of: how many folds there are to do
    unknown  label -> windows not asked about, because only those left out show it
    The rest is `classification.metrics` of all rows together, but per_label: label -> recall, None where none was
    asked.
    """
    asked = ~np.isnan(probabilities).any(axis=1)
    each = {
        name: _right(data, probabilities, asked & (folds.group == name))
        for name in np.unique(folds.group[asked]).tolist()
    }
    accuracies = [of["accuracy"] for of in each.values()]
    together = classification.metrics(data.y[asked], probabilities[asked], data.labels)
    del together["interval"]  # it is for windows that have nothing to do with each other; those of one person do
    recalls = {label: of["recall"] if of["support"] else None for label, of in together["per_label"].items()}
    unknown = np.any([part == UNKNOWN for part in folds.parts], axis=0)
    return {
        **together,
        "by": folds.by,
        "mean": float(np.mean(accuracies)),
        "std": float(np.std(accuracies, ddof=1)) if len(accuracies) > 1 else None,
        "each": {name: of["accuracy"] for name, of in each.items()},
        "windows": {name: of["windows"] for name, of in each.items()},
        "per_label": recalls,
        "folds": done,
        "of": len(folds.parts),
        "unknown": dict(Counter(data.labels[i] for i in data.y[unknown].argmax(axis=1))),
    }

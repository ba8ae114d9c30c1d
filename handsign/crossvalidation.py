"""How well people are recognised that a model has not seen: train without each of them, ask about the one left out."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from handsign import evaluation
from handsign.dataset import UNKNOWN, folds
from handsign.errors import InputError
from handsign.training import rows, train

if TYPE_CHECKING:
    from handsign.dataset import Dataset, Folds
    from handsign.task import Task
    from handsign.training import Options

Array = np.ndarray[Any, Any]


def evaluate(
    task: Task, data: Dataset, folds: Folds, options: Options, tell: Callable[[str], Any] = print
) -> dict[str, Any] | None:
    """Train on all but the left out, fold by fold, and put the answers about all of them together: see `_results`.

    Every fold is one line to `tell`. Ctrl-C ends it with the folds that are done; None if there are none.
    """
    said, done = answers(task, data, folds, options, tell)
    return _results(data, folds, said, done) if done else None


def plan(task: Task, data: Dataset, trial: str | None, most: int) -> Folds | None:
    """What is left out for a `trial` of those that the task's goal has, in at most so many folds; None if nothing is.

    Raises:
        InputError: the goal has no such trial, or there is too little to leave any out.
    """
    if trial and trial not in task.goal.trials:
        raise InputError(f"{task.name} cannot be evaluated by {trial}; leave out --evaluate")
    if trial == "signers":
        return folds(data, most)
    return task.goal.folds(data) if trial == "blocks" else None


def results(task: Task, data: Dataset, planned: Folds, options: Options) -> dict[str, Any]:
    """`evaluate` as `signers`, or, of blocks, the same as if it were one test: metrics, mistakes and `folds`."""
    if planned.by != "block":
        signers = evaluate(task, data, planned, options)
        return {"signers": signers} if signers else {}
    said, done = answers(task, data, planned, options)
    asked = ~np.isnan(said).any(axis=1)
    if not done:
        return {}
    mistakes = evaluation.mistakes(data.y[asked], said[asked], data.labels, data.take[asked].tolist())
    return {
        "test": {**evaluation.metrics(data.y[asked], said[asked], data.labels), "mistakes": mistakes, "folds": done}
    }


def answers(
    task: Task, data: Dataset, folds: Folds, options: Options, tell: Callable[[str], Any] = print
) -> tuple[Array, list[dict[str, Any]]]:
    """Probabilities (n, labels) of every row by a model that did not learn it, NaN where none was asked; the folds."""
    said = np.full(data.y.shape, np.nan, np.float32)
    options = replace(options, resume=False, logs=None)
    done: list[dict[str, Any]] = []
    try:
        for number, part in enumerate(folds.parts, 1):
            name = f"fold {number} of {len(folds.parts)}"
            said[part == "test"], facts = _fold(task, replace(data, part=part), options, name)
            left_out = sorted(set(folds.group[part == "test"].tolist()))
            done.append({"left_out": left_out, **facts, **_right(data, said, part == "test")})
            people = ", ".join(left_out)
            tell(f"{name}: {done[-1]['accuracy']:.1%} of the {done[-1]['windows']} windows of {people}")
    except KeyboardInterrupt:
        tell(f"stopped after {len(done)} of {len(folds.parts)} folds")
    return said, done


def _fold(task: Task, data: Dataset, options: Options, name: str) -> tuple[Array, dict[str, Any]]:
    """What a model trained on the train rows says (n, labels) about the test rows, and how its training went."""
    with tempfile.TemporaryDirectory() as folder:
        trained = train(task, data, Path(folder, "fold.h5"), options, name=name)
    if trained.interrupted:
        raise KeyboardInterrupt
    facts = {"epochs": trained.epochs, "learned": trained.learned, "temperature": trained.temperature}
    return trained.model.predict(rows(task, data, "test")[0], verbose=0), facts


def _right(data: Dataset, said: Array, chosen: Array) -> dict[str, Any]:
    right = said[chosen].argmax(axis=1) == data.y[chosen].argmax(axis=1)
    return {"windows": len(right), "accuracy": float(right.mean())}


def _results(data: Dataset, folds: Folds, said: Array, done: list[dict[str, Any]]) -> dict[str, Any]:
    """The numbers of `metrics.json`'s `signers`.

    by       what was left out whole: signer, session or take; each: name -> accuracy, windows: name -> how many
    mean     of `each`, every group counting the same; std: their sample standard deviation, None for a single one
    folds    what was left out together, and how that training went; of: how many folds there are to do
    unknown  label -> windows not asked about, because only those left out show it
    The rest is `evaluation.metrics` of all answers together, but per_label: label -> recall, None where none was asked.
    """
    asked = ~np.isnan(said).any(axis=1)
    each = {name: _right(data, said, asked & (folds.group == name)) for name in np.unique(folds.group[asked]).tolist()}
    accuracies = [of["accuracy"] for of in each.values()]
    together = evaluation.metrics(data.y[asked], said[asked], data.labels)
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

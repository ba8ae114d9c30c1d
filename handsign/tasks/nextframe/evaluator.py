"""Evaluation of predicted frames: metrics, a table for the terminal and curves for the report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from handsign.evaluate.evaluator import Evaluator, Intervals
from handsign.tasks.nextframe import metrics
from handsign.tasks.nextframe.films import CONTEXT, ahead

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from handsign.data.dataset import Dataset
    from handsign.types import Array, Predict

AHEAD = 8
"""Frames after the context that are scored: up to the end of a film of 15 frames."""

MAX_FILMS = 200
"""Films that are scored, at most."""

BATCH = 10
"""Films in one call of the model: the states of 20 frames of 64 x 64 pixels take 50 MB a film."""

NAMES = {"model": "the model", "copy_last": "copying the last", "constant_velocity": "optical flow"}

COLOURS = {"model": "#3b6fd4", "copy_last": "#6b7280", "constant_velocity": "#d9822b"}


@dataclass(frozen=True)
class FilmEvaluator(Evaluator):
    """Metrics of predicted frames, for the model and for two baselines: the last frame repeated, and optical flow."""

    template: ClassVar[Path] = Path(__file__).with_name("films.html")

    def score(self, predict: Predict, data: Dataset, part: str, intervals: Intervals | None = None) -> dict[str, Any]:
        """See `score`, on the films of a part."""
        return score(predict, *data.rows(part))

    def summary(self, results: Mapping[str, Any], data: Dataset) -> str:
        """The scores of the test films as a table; see `summary`."""
        return summary(results.get("test"))

    def figures(self, results: Mapping[str, Any], data: Dataset) -> dict[str, Figure]:
        """`films.png`, the scores of the test films as curves; see `figure`."""
        return {"films.png": figure(results["test"])} if "test" in results else {}


def score(predict: Predict, X: Array, y: Array, context: int = CONTEXT) -> dict[str, Any]:
    """`metrics.compare` of a model and of the baselines, on the first `MAX_FILMS` films.

    predict  films (n, T, H, W, 1) -> the predicted next frame after each of their frames, of the same shape
    X        films (n, T, H, W, 1) in 0..1; y: the frame following each of their frames, of the same shape
    context  frames that a rollout is given

    Returns {"films": how many were scored, "context": context, method: its metrics}.
    """
    X, y = X[:MAX_FILMS], y[:MAX_FILMS]

    def in_batches(X: Array) -> Array:
        return np.concatenate([predict(X[i : i + BATCH]) for i in range(0, len(X), BATCH)])

    baselines = {"copy_last": metrics.copy_last, "constant_velocity": metrics.constant_velocity}
    one_step = {"model": in_batches, **{name: metrics.step_by_step(rollout) for name, rollout in baselines.items()}}
    rollouts = {"model": lambda films, steps: ahead(in_batches, films, steps), **baselines}
    return {"films": len(X), "context": context, **metrics.compare(one_step, rollouts, X, y, context, AHEAD)}


def summary(test: Mapping[str, Any] | None) -> str:
    """What `score` returned as a table, one line per method; `test` is None where no films were kept for testing."""
    if test is None:
        return "nothing was kept for testing, so how good the model is is not known"
    steps = range(test["context"] + 1, test["context"] + 1 + len(test["model"]["iou_rollout"]))
    lines = [f"{'':18}{'one step ahead':^27}  overlap (IoU) of frame"]
    lines.append(f"{'':18}{'BCE':>9}{'MSE':>9}{'IoU':>9}  " + "".join(f"{step:6}" for step in steps))
    for name, shown in NAMES.items():
        of = test[name]
        near = f"{of['bce']:9.4f}{of['mse']:9.4f}{of['iou_one_step']:9.3f}"
        lines.append(f"{shown:18}{near}  " + "".join(f"{value:6.2f}" for value in of["iou_rollout"]))
    return "\n".join([*lines, f"{test['films']} test films; the context is {test['context']} frames"])


def figure(test: Mapping[str, Any]) -> Figure:
    """Overlap and structural similarity of the predicted with the true frames, by frame: what `score` returned."""
    from matplotlib.figure import Figure

    curves = Figure(figsize=(9.6, 3.8), layout="constrained")
    for axes, (measure, title) in zip(
        curves.subplots(1, 2), {"iou": "Overlap (IoU)", "ssim": "Structural similarity (SSIM)"}.items(), strict=True
    ):
        for name, shown in NAMES.items():
            values = test[name][f"{measure}_rollout"]
            at = range(test["context"] + 1, test["context"] + 1 + len(values))
            axes.plot(at, values, "o-", color=COLOURS[name], label=shown, linewidth=2.4 if name == "model" else 1.3)
        axes.set(ylim=(0, 1.02), xlabel=f"frame (the context is the first {test['context']})")
        axes.set_title(title, loc="left", fontsize=11)
        axes.grid(color="#e5e7eb", linewidth=0.6)
        axes.spines[["top", "right"]].set_visible(False)
    curves.axes[0].legend(frameon=False, fontsize=9)
    return curves

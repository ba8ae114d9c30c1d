"""Figures of the report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


TRAIN, VALIDATION, BEST = "#3b6fd4", "#d9822b", "#6b7280"


def confusion_figure(confusion: Sequence[Sequence[int]], labels: Sequence[str]) -> Figure:
    """Counts [true][predicted], coloured by their share of the row."""
    from matplotlib.figure import Figure

    counts = np.array(confusion)
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    side, names = 2.5 + 0.42 * len(labels), [_short(label) for label in labels]
    figure = Figure(figsize=(side + 0.5, side), layout="constrained")
    axes = figure.subplots()
    axes.imshow(share, cmap="Blues", vmin=0, vmax=1)
    for row, column in zip(*np.nonzero(counts), strict=True):
        colour = "white" if share[row, column] > 0.55 else "#1f2937"
        axes.text(column, row, str(counts[row, column]), ha="center", va="center", color=colour, fontsize=9)
    tilted = max(map(len, names)) > 5
    axes.set_xticks(range(len(names)), names, rotation=45 if tilted else 0, ha="right" if tilted else "center")
    axes.set_yticks(range(len(names)), names)
    axes.set_xticks(np.arange(len(names) + 1) - 0.5, minor=True)
    axes.set_yticks(np.arange(len(names) + 1) - 0.5, minor=True)
    axes.grid(which="minor", color="#e5e7eb", linewidth=0.8)
    axes.tick_params(which="both", length=0)
    axes.spines[:].set_visible(False)
    axes.set_xlabel("predicted")
    axes.set_ylabel("true")
    axes.set_title("Windows, by what was signed", loc="left", fontsize=11)
    return figure


def _short(label: str, most: int = 18) -> str:
    """A label that fits on an axis; `$` would start a formula."""
    return (label if len(label) <= most else label[: most - 1] + "…").replace("$", r"\$")


def reliability_figure(bins: Mapping[str, Sequence[float]]) -> Figure:
    """Accuracy by confidence (what `classification.reliability` gives), above the number of windows a bin."""
    from matplotlib.figure import Figure

    windows, edges = np.array(bins["windows"]), np.linspace(0, 1, len(bins["windows"]) + 1)
    found, wide = windows > 0, edges[1] - edges[0]
    figure = Figure(figsize=(5.2, 5.6), layout="constrained")
    right, many = figure.subplots(2, 1, height_ratios=(3, 1), sharex=True)
    right.plot([0, 1], [0, 1], color=BEST, linestyle=":", linewidth=1.2, label="calibrated", zorder=3)
    right.bar(edges[:-1][found], np.array(bins["accuracy"])[found], wide, align="edge", color="#c9d8f5", zorder=2)
    points = {name: np.array(bins[name])[found] for name in ("confidence", "accuracy")}
    right.plot(*points.values(), "o", color=TRAIN, markersize=6, label="measured", zorder=4, clip_on=False)
    right.set(xlim=(0, 1), ylim=(0, 1.02), ylabel="share that was right")
    right.set_title("Accuracy by confidence", loc="left", fontsize=11)
    right.legend(edgecolor="white", framealpha=0.9, fontsize=9, loc="upper left")
    many.bar(edges[:-1], windows, wide, align="edge", color=TRAIN)
    many.set(xlabel="confidence: probability of the answer", ylabel="windows")
    many.yaxis.get_major_locator().set_params(integer=True, nbins=4)
    for axes in (right, many):
        axes.grid(color="#e5e7eb", linewidth=0.6)
        axes.set_axisbelow(True)
        axes.spines[["top", "right"]].set_visible(False)
    return figure


def history_figure(history: Mapping[str, Sequence[float]], best_epoch: int) -> Figure:
    """Loss (logarithmic) and accuracy, if measured, in training and validation by epoch, with the kept epoch."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import LogLocator, NullLocator

    also = "categorical_accuracy" in history
    figure = Figure(figsize=(10 if also else 5.4, 3.8), layout="constrained")
    loss, *accuracy = figure.subplots(1, 1 + also, squeeze=False)[0]
    _curves(loss, history, "loss", best_epoch)
    loss.set_yscale("log")
    loss.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    loss.yaxis.set_major_formatter("{x:g}")
    loss.yaxis.set_minor_locator(NullLocator())
    loss.set_title("Loss", loc="left", fontsize=11)
    for axes in accuracy:
        _curves(axes, history, "categorical_accuracy", best_epoch)
        axes.set_ylim(0, 1.02)
        axes.set_title("Accuracy", loc="left", fontsize=11)
    loss.legend(frameon=False, fontsize=9)
    return figure


def _curves(axes: Axes, history: Mapping[str, Sequence[float]], measure: str, best_epoch: int) -> None:
    for name, label, colour in ((measure, "training", TRAIN), (f"val_{measure}", "validation", VALIDATION)):
        values = history.get(name, ())
        if values:
            marker = "o" if len(values) == 1 else None  # a line of one point would not be seen
            axes.plot(range(1, len(values) + 1), values, color=colour, linewidth=1.4, label=label, marker=marker)
    axes.axvline(best_epoch, color=BEST, linestyle=":", linewidth=1.2, label=f"kept: epoch {best_epoch}")
    axes.set_xlabel("epoch")
    axes.grid(color="#e5e7eb", linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)

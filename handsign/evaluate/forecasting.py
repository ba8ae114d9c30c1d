"""How good forecasts are: their distance from what followed, beside simple baselines, and how certain they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from handsign.evaluate.evaluator import Evaluator, Intervals
from handsign.learn.rollout import forecast, futures

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from handsign.data.dataset import Dataset
    from handsign.learn.objective import ForecastObjective
    from handsign.types import Array, Predict

STEPS = (1, 4, 16, 32, 64, 128)
"""The steps ahead that are reported, as far as the objective looks."""

SHARES = (0.5, 0.8, 0.95)
"""The share of what follows that each prediction interval is to hold."""

MAX_WINDOWS = 500
"""Windows that are evaluated, spread evenly: their futures overlap, so that more would add little."""

COLOURS = {"model": "#3b6fd4", "stay": "#6b7280", "constant_velocity": "#d9822b", "constant_acceleration": "#a3478f"}

NOTHING_TESTED = "nothing was kept for testing, so how good the model is is not known"


def mean_error(difference: Array, aspect: float) -> Array:
    """Mean absolute difference (n, steps) of samples (n, steps, *sample)."""
    return np.abs(difference).reshape(*difference.shape[:2], -1).mean(axis=-1)


@dataclass(frozen=True)
class ForecastEvaluator(Evaluator):
    """Distances of forecasts from what followed.

    objective  what the model was trained for
    measure    (differences (n, steps, *sample), height of the picture in widths) -> distances (n, steps)
    scale      what a distance of `measure` is a share of
    """

    template: ClassVar[Path] = Path(__file__).with_name("forecast.html")

    objective: ForecastObjective
    measure: Callable[[Array, float], Array] = mean_error
    scale: str = ""

    def score(self, predict: Predict, data: Dataset, part: str, intervals: Intervals | None = None) -> dict[str, Any]:
        """Mean distance of the model and of the baselines after each of `STEPS`; None where no recording lasts so long.

        windows   how many were evaluated; scale: of all distances
        coverage  share -> share of what followed that lies within the interval of that share, if there are `intervals`
        """
        steps = self.objective.steps
        windows, future = futures(self.objective.next_samples, data, part, steps, MAX_WINDOWS)
        predictions = {
            "model": forecast(self.objective.next_samples, predict, windows, steps),
            **baselines(windows, steps),
        }
        at = np.array([step for step in STEPS if step <= steps]) - 1
        distances = {name: self.measure(y_pred - future, data.aspect)[:, at] for name, y_pred in predictions.items()}
        table: dict[str, Any] = {"steps": (at + 1).tolist(), "windows": len(windows), "scale": self.scale}
        table |= {name: _means(of) for name, of in distances.items()}
        if intervals:
            model = distances["model"]
            inside = np.where(np.isnan(model), np.nan, model <= np.array(intervals)[:, None, at])
            table["coverage"] = {f"{share:.0%}": _means(of) for share, of in zip(SHARES, inside, strict=True)}
        return table

    def prediction_intervals(self, predict: Predict, data: Dataset, part: str = "val") -> list[list[float]] | None:
        """The distance within which `SHARES` of what followed lay, after each step: (shares, steps).

        Empirical quantiles on rows that nothing was trained on. Where no recording is long enough the last known
        interval is repeated. None without any rows.
        """
        steps = self.objective.steps
        windows, future = futures(self.objective.next_samples, data, part, steps, MAX_WINDOWS)
        if not len(windows):
            return None
        distances = self.measure(forecast(self.objective.next_samples, predict, windows, steps) - future, data.aspect)
        known = [column[np.isfinite(column)] for column in distances.T]
        bands = np.array([np.quantile(of, SHARES) for of in known if len(of)]).T
        return np.pad(bands, ((0, 0), (0, steps - bands.shape[1])), "edge").round(6).tolist()

    def summary(self, results: Mapping[str, Any], data: Dataset) -> str:
        """The table of the test rows, a line a method."""
        if "test" not in results:
            return NOTHING_TESTED
        return f"{lines(results['test'])}, {data.rate:.0f} samples a second"

    def figures(self, results: Mapping[str, Any], data: Dataset) -> dict[str, Figure]:
        """`forecast.png`: the table of the test rows as curves."""
        return {"forecast.png": table_figure(results["test"], data.rate)} if "test" in results else {}


def baselines(windows: Array, steps: int) -> dict[str, Array]:
    """Forecasts (n, steps, *sample) without any learning, for windows (n, window, *sample) of samples in 0..1.

    The last sample stays, or goes on with the velocity, or the velocity and acceleration, of the last two or three
    samples, clipped to 0..1.
    """
    last, before = windows[:, -1:], windows[:, -2:-1]
    velocity = last - before
    change = velocity - (before - windows[:, -3:-2])
    ahead = np.arange(1, steps + 1, dtype=np.float32).reshape(1, -1, *[1] * (windows.ndim - 2))
    moved = last + velocity * ahead
    return {
        "stay": np.repeat(last, steps, axis=1),
        "constant_velocity": np.clip(moved, 0, 1),
        "constant_acceleration": np.clip(moved + change * ahead * (ahead + 1) / 2, 0, 1),
    }


def _means(values: Array) -> list[float | None]:
    """The means of the columns of (n, k), of finite values; None where there are none."""
    return [float(known.mean()) if len(known := column[np.isfinite(column)]) else None for column in values.T]


def lines(table: Mapping[str, Any]) -> str:
    """What `ForecastEvaluator.score` gave, a line a method."""
    text = [f"{'mean distance after':24}" + "".join(f"{step:>9}" for step in table["steps"]) + " steps"]
    for name in COLOURS:
        cells = ("        -" if value is None else f"{value:9.2%}" for value in table[name])
        text.append(f"{name.replace('_', ' '):24}" + "".join(cells))
    return "\n".join([*text, f"{table['scale']}, {table['windows']} windows of what was not learned from"])


def table_figure(table: Mapping[str, Any], rate: float) -> Figure:
    """The distance of each method by how many steps it looks ahead, both logarithmic; `rate` in samples a second."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import NullLocator

    figure = Figure(figsize=(7.2, 4.6), layout="constrained")
    axes = figure.subplots()
    for name, colour in COLOURS.items():
        known = [pair for pair in zip(table["steps"], table[name], strict=True) if pair[1]]
        width, style = (2.4, "o-") if name == "model" else (1.3, "s--")
        label = "the model" if name == "model" else name.replace("_", " ")
        axes.plot(*np.reshape(known, (-1, 2)).T, style, color=colour, linewidth=width, markersize=4.5, label=label)
    axes.set(xscale="log", yscale="log", ylabel=f"mean distance, {table['scale']}")
    axes.set_xlabel(f"steps ahead ({rate:.0f} are a second)")
    axes.set_xticks(table["steps"], map(str, table["steps"]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_title("Distance from what followed", loc="left", fontsize=11)
    axes.grid(color="#e5e7eb", linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize=9)
    return figure

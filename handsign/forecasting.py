"""How good forecasts are: how far from what came, beside staying put and going on as before, and how sure to be.

A row of a `Forecast`'s data is one sample later than the row before it, so the rows behind a window are its future.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from handsign.windows import rollout

if TYPE_CHECKING:
    import keras
    from matplotlib.figure import Figure

    from handsign.dataset import Dataset
    from handsign.goals import Forecast

Array = np.ndarray[Any, Any]
Ask = Callable[[Array], Array]
STEPS = (1, 4, 16, 32, 64, 128)
"""The steps ahead that are told, as far as the goal looks."""
SHARES = (0.5, 0.8, 0.95)
"""Of what comes, what the bands of the fan are to hold."""
MOST = 500
"""Windows that are asked about, spread evenly: their futures overlap, so that more would tell little more."""
COLOURS = {"model": "#3b6fd4", "stay": "#6b7280", "constant_velocity": "#d9822b", "constant_acceleration": "#a3478f"}


def futures(goal: Forecast, data: Dataset, part: str, steps: int, most: int | None = None) -> tuple[Array, Array]:
    """The windows (n, window, *sample) of a part, or `most` of them, and what came after them (n, steps, *sample).

    Where a recording ends earlier the rest is NaN.
    """
    chosen = data.part == part
    X, y, take = data.X[chosen], goal.last(data.y[chosen]), data.take[chosen]
    rows = np.unique(np.linspace(0, len(X) - 1, min(most or len(X), len(X))).round().astype(int))
    at = rows[:, None] + np.arange(steps)
    inside = np.minimum(at, len(X) - 1)
    came = y[inside]
    came[(at >= len(X)) | (take[inside] != take[rows][:, None])] = np.nan
    return X[rows], came


def unrolled(model: keras.Model, steps: int) -> keras.Model:
    """A model (n, window, *sample) -> (n, *sample) that is fed its own answers: (n, steps, *sample), of its weights."""
    import keras
    from keras import layers

    seen = window = keras.Input(model.input_shape[1:])
    said = []
    for _ in range(steps):
        said.append(layers.Reshape((1, *model.output_shape[1:]))(model(window)))
        window = layers.Concatenate(axis=1)([layers.Cropping1D((1, 0))(window), said[-1]])
    return keras.Model(seen, layers.Concatenate(axis=1)(said))


def forecast(goal: Forecast, ask: Ask, windows: Array, steps: int) -> Array:
    """What a model says will come after windows (n, window, *sample): (n, steps, *sample)."""
    in_time = windows.swapaxes(0, 1)  # for `rollout` a sample is all windows' sample
    said = rollout(lambda seen: goal.last(ask(np.ascontiguousarray(seen.swapaxes(0, 1)))), in_time, steps, len(in_time))
    return said.swapaxes(0, 1)


def baselines(windows: Array, steps: int) -> dict[str, Array]:
    """What somebody says who has learned nothing, after windows (n, window, *sample) of samples in 0..1.

    All stays as it is, or goes on with the speed, or the speed and acceleration, of the last two or three samples, as
    far as the edge.
    """
    last, before = windows[:, -1:], windows[:, -2:-1]
    speed = last - before
    change = speed - (before - windows[:, -3:-2])
    ahead = np.arange(1, steps + 1, dtype=np.float32).reshape(1, -1, *[1] * (windows.ndim - 2))
    on = last + speed * ahead
    return {
        "stay": np.repeat(last, steps, axis=1),
        "constant_velocity": np.clip(on, 0, 1),
        "constant_acceleration": np.clip(on + change * ahead * (ahead + 1) / 2, 0, 1),
    }


def score(
    goal: Forecast, ask: Ask, data: Dataset, part: str, bands: Sequence[Sequence[float]] | None = None
) -> dict[str, Any]:
    """How wrong the model and the others are on average after each of `STEPS`; None where nothing came so late.

    windows   how many were asked about; scale: of all distances
    coverage  share -> what share of what came lies in that of the `bands` (shares, steps) that `fan` told, if any
    """
    windows, came = futures(goal, data, part, goal.steps, MOST)
    said = {"model": forecast(goal, ask, windows, goal.steps), **baselines(windows, goal.steps)}
    at = np.array([step for step in STEPS if step <= goal.steps]) - 1
    wrong = {name: goal.measure(samples - came, data.aspect)[:, at] for name, samples in said.items()}
    table: dict[str, Any] = {"steps": (at + 1).tolist(), "windows": len(windows), "scale": goal.scale}
    table |= {name: _means(distances) for name, distances in wrong.items()}
    if bands:
        inside = np.where(np.isnan(wrong["model"]), np.nan, wrong["model"] <= np.array(bands)[:, None, at])
        table["coverage"] = {f"{share:.0%}": _means(of) for share, of in zip(SHARES, inside, strict=True)}
    return table


def _means(values: Array) -> list[float | None]:
    """The means of the columns of (n, k), as far as they are known."""
    return [float(known.mean()) if len(known := column[np.isfinite(column)]) else None for column in values.T]


def fan(goal: Forecast, ask: Ask, data: Dataset, part: str) -> list[list[float]] | None:
    """Within what distance `SHARES` of what came were, after each step: (shares, steps), as `goal.measure` has it.

    Measured, not assumed: what was off by so much on rows that nothing was learned from will be so again. Where no
    recording is long enough the last known band goes on. None without any rows.
    """
    windows, came = futures(goal, data, part, goal.steps, MOST)
    if not len(windows):
        return None
    wrong = goal.measure(forecast(goal, ask, windows, goal.steps) - came, data.aspect)
    known = [column[np.isfinite(column)] for column in wrong.T]
    bands = np.array([np.quantile(distances, SHARES) for distances in known if len(distances)]).T
    return np.pad(bands, ((0, 0), (0, goal.steps - bands.shape[1])), "edge").round(6).tolist()


def summary(goal: Forecast, results: Mapping[str, Any], data: Dataset) -> str:
    """The table of the held-out rows, a line a method."""
    if "test" not in results:
        return "nothing was kept for testing, so how good the model is is not known"
    return f"{lines(results['test'])}, {data.rate:.0f} samples a second"


def lines(table: Mapping[str, Any]) -> str:
    """What `score` gave, a line a method."""
    told = [f"{'mean distance after':24}" + "".join(f"{step:>9}" for step in table["steps"]) + " steps"]
    for name in COLOURS:
        cells = ("        -" if value is None else f"{value:9.2%}" for value in table[name])
        told.append(f"{name.replace('_', ' '):24}" + "".join(cells))
    return "\n".join([*told, f"{table['scale']}, {table['windows']} windows of what was not learned from"])


def pictures(goal: Forecast, results: Mapping[str, Any], data: Dataset) -> dict[str, Figure]:
    """`forecast.png`: the table as curves; without rows to test on none."""
    return {"forecast.png": table_figure(results["test"], data.rate)} if "test" in results else {}


def table_figure(table: Mapping[str, Any], rate: float) -> Figure:
    """How wrong each method is by how far it looks ahead, both logarithmic; `rate` in samples a second."""
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
    axes.set_title("How far from what came", loc="left", fontsize=11)
    axes.grid(color="#e5e7eb", linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize=9)
    return figure

"""How good a model is: numbers as JSON, pictures, and one HTML page to read them on."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from handsign.files import atomic
from handsign.goals import Classify
from handsign.training import encode

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from handsign.bundle import BundleInfo
    from handsign.dataset import Dataset
    from handsign.goals import Goal
    from handsign.task import Task
    from handsign.training import Trained

Array = np.ndarray[Any, Any]
TRAIN, VALIDATION, BEST = "#3b6fd4", "#d9822b", "#6b7280"
BINS = 15
"""Of confidence, in `reliability`: those of Guo et al. 2017."""


def metrics(y: Array, probabilities: Array, labels: Sequence[str]) -> dict[str, Any]:
    """Answers (n, labels) to rows with one-hot y (n, labels), n > 0, as numbers.

    accuracy, and `interval`, what the accuracy on many more takes like these lies in with 95 % confidence (Wilson);
    log_loss in nats; per_label: precision, recall, f1 and support, 0 where undefined; confusion[true][answered] counts;
    top3: share of rows whose label is among the three likeliest; ece and reliability: see `reliability`.
    """
    from scipy.stats import binomtest
    from sklearn import metrics as scores

    true, said, numbers = y.argmax(axis=1), probabilities.argmax(axis=1), range(len(labels))
    right = int((true == said).sum())
    likeliest = np.argsort(-probabilities, axis=1, kind="stable")[:, :3]
    bins = reliability(y, probabilities)
    interval = binomtest(right, len(true)).proportion_ci(method="wilson")
    each = scores.precision_recall_fscore_support(true, said, labels=numbers, zero_division=0)
    per_label = {
        label: {"precision": float(p), "recall": float(r), "f1": float(f), "support": int(n)}
        for label, p, r, f, n in zip(labels, *each, strict=True)
    }
    clipped = np.clip(probabilities[np.arange(len(true)), true].astype(np.float64), 1e-15, 1.0)
    return {
        "rows": len(true),
        "right": right,
        "accuracy": right / len(true),
        "interval": [float(interval.low), float(interval.high)],
        "log_loss": float(-np.log(clipped).mean()),
        "top3": float((likeliest == true[:, None]).any(axis=1).mean()),
        "ece": float(np.average(np.abs(bins["accuracy"] - bins["confidence"]), weights=bins["windows"])),
        "reliability": {name: values.tolist() for name, values in bins.items()},
        "per_label": per_label,
        "confusion": scores.confusion_matrix(true, said, labels=numbers).tolist(),
    }


def reliability(y: Array, probabilities: Array, bins: int = BINS) -> dict[str, Array]:
    """Is it right as often as it says? Rows by the probability of their answer, in `bins` of equal width.

    windows, mean confidence and accuracy (bins,) of each, 0 where a bin is empty. The expected calibration error is the
    mean distance of the last two, weighted by the first: Guo et al., "On Calibration of Modern Neural Networks", 2017.
    """
    sure, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == y.argmax(axis=1)
    number = np.clip(np.ceil(sure * bins).astype(int) - 1, 0, bins - 1)  # (0, 1/15], (1/15, 2/15], …
    windows = np.bincount(number, minlength=bins)
    means = (np.bincount(number, of, minlength=bins) / np.maximum(windows, 1) for of in (sure, right))
    return {"windows": windows, **dict(zip(("confidence", "accuracy"), means, strict=True))}


def mistakes(y: Array, probabilities: Array, labels: Sequence[str], takes: Sequence[str]) -> list[dict[str, Any]]:
    """The rows that were answered wrongly, the most certain first: take, label, said, probability."""
    true, said, sure = y.argmax(axis=1), probabilities.argmax(axis=1), probabilities.max(axis=1)
    wrong = sorted(np.flatnonzero(true != said), key=lambda i: -sure[i])
    return [
        {"take": str(takes[i]), "label": labels[true[i]], "said": labels[said[i]], "probability": float(sure[i])}
        for i in wrong
    ]


def evaluate(
    predict: Callable[[Array], Array], task: Task, data: Dataset, told: Mapping[str, Any] | None = None
) -> dict[str, dict[str, Any]]:
    """Part (test, val, train) -> how good `predict`: x (n, *x) -> (n, *y) is there, as the task's goal has it.

    `told` is what training told besides: the `fan`.
    """

    def ask(windows: Array) -> Array:
        return predict(encode(task, windows))

    parts = [part for part in ("test", "val", "train") if (data.part == part).any()]
    return {part: task.goal.score(ask, data, part, told or {}) for part in parts}


def summary(results: Mapping[str, dict[str, Any]], data: Dataset) -> str:
    """Some lines for the terminal: accuracy, precision and recall of every label, those left out, what it is worth."""
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
        lines += [f"test accuracy {test['accuracy']:.1%}: {of}", honesty(data, signers is not None)]
    return "\n".join([*lines, *(_left_out(signers) if signers else ())])


def _left_out(signers: Mapping[str, Any]) -> Iterator[str]:
    """A line for everybody left out, and one for all of them."""
    width = max(map(len, ["left out", *signers["each"]]))
    yield f"\n{'left out':{width}}  accuracy  windows"
    for name, accuracy in signers["each"].items():
        yield f"{name:{width}}  {accuracy:8.1%}  {signers['windows'][name]:7}"
    spread = "" if signers["std"] is None else f" (standard deviation {signers['std']:.1%})"
    yield f"accuracy by {signers['by']}, each left out of training: {signers['mean']:.1%} on average{spread}"
    if signers["unknown"]:
        told = ", ".join(f"{label} ({n} windows)" for label, n in signers["unknown"].items())
        yield f"not asked about, because only those left out show it: {told}"


def honesty(data: Dataset, measured: bool = False, measurable: bool = True) -> str:
    """Whether the test set says anything about people that the model has not seen; `measured`: something else does.

    `measurable`: --evaluate signers could.
    """
    asked = data.part == "test" if (data.part == "test").any() else data.part != "test"  # else: all, in turn
    seen = sorted(set(data.signer[asked]) & set(data.signer[data.part == "train"]))
    if not seen:
        return "Tested on people it has not seen in training."
    names = ", ".join(name or "unnamed" for name in seen) if len(seen) < 6 else f"{len(seen)} of them"
    told = f"Tested on people it has seen in training ({names}): expect less from others"
    if not measurable:
        return f"{told}."
    if len(set(data.signer)) > 1:
        return f"{told}; {'how much is measured below' if measured else '--evaluate signers measures that'}."
    if seen == [""]:
        return f"{told}. No take says whose it is, so they count as one person's; --signer NAME tells in recording."
    return f"{told}. Nobody else was recorded, so how much less is not known."


def augmented(task: Task, data: Dataset, seed: int) -> Figure | None:
    """What augmentation makes of a training window of each of the first three labels, if the task shows it."""
    if task.sheet is None:
        return None
    X, y = data.rows("train")
    first = [int(np.argmax(y[:, i])) for i in range(min(3, len(data.labels)))]
    return task.sheet(X[first], data.labels[:3], np.random.default_rng(seed))


def report(
    folder: Path,
    results: Mapping[str, dict[str, Any]],
    trained: Trained,
    data: Dataset,
    info: BundleInfo,
    seed: int,
    sheet: Figure | None = None,
    goal: Goal | None = None,
) -> Path:
    """Write metrics.json, the pictures (with `sheet`, if any) and index.html to `folder`; returns the page.

    `goal` is what `results` are of; without it, `Classify`.

    Raises:
        InputError: the folder cannot be written to.
    """
    goal = goal or Classify()
    facts = {
        **results,
        "task": data.task,
        "labels": data.labels,
        "epochs": trained.epochs,
        "best_epoch": trained.best_epoch,
        "learned": trained.learned,
        "interrupted": trained.interrupted,
        "seconds": round(trained.seconds, 1),
        "temperature": trained.temperature,
        "uncalibrated": trained.uncalibrated,
        "parameters": info.parameters,
        "seed": seed,
        "split": str(data.split),
        "honesty": honesty(data, "signers" in results, "signers" in goal.trials),
        "rows": {part: int((data.part == part).sum()) for part in ("train", "val", "test")},
        "rate": data.rate,
        "extractors": data.extractors,
        "left_out": data.left_out,
        "versions": info.versions,
    }
    for name, figure in goal.pictures(results, data).items():
        _picture(folder / name, figure)
    _picture(folder / "history.png", history_figure(trained.history, trained.best_epoch))
    if sheet:
        _picture(folder / "augmented.png", sheet)
    numbers = msgspec.json.encode({**facts, "history": trained.history})
    _text(folder / "metrics.json", msgspec.json.format(numbers).decode())
    _text(folder / "index.html", _page(goal.page, {**facts, "augmented": sheet is not None}))
    return folder / "index.html"


def _page(name: str, facts: Mapping[str, Any]) -> str:
    import jinja2

    pages = jinja2.FileSystemLoader(Path(__file__).parent)
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, loader=pages)
    return environment.get_template(name).render(facts)


def _picture(path: Path, figure: Figure) -> None:
    with atomic(path) as temporary, warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph", UserWarning)  # a script the font lacks; the page's tables have it
        figure.savefig(temporary, dpi=150)


def _text(path: Path, text: str) -> None:
    with atomic(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def confusion_figure(confusion: Sequence[Sequence[int]], labels: Sequence[str]) -> Figure:
    """Counts (true, answered), coloured by their share of the row."""
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
    axes.set_xlabel("answered")
    axes.set_ylabel("signed")
    axes.set_title("Windows, by what was signed", loc="left", fontsize=11)
    return figure


def _short(label: str, most: int = 18) -> str:
    """A label that fits on an axis; `$` would start a formula."""
    return (label if len(label) <= most else label[: most - 1] + "…").replace("$", r"\$")


def reliability_figure(bins: Mapping[str, Sequence[float]]) -> Figure:
    """How often answers of a confidence are right (what `reliability` gives), over how many answers have it."""
    from matplotlib.figure import Figure

    windows, edges = np.array(bins["windows"]), np.linspace(0, 1, len(bins["windows"]) + 1)
    found, wide = windows > 0, edges[1] - edges[0]
    figure = Figure(figsize=(5.2, 5.6), layout="constrained")
    right, many = figure.subplots(2, 1, height_ratios=(3, 1), sharex=True)
    right.plot([0, 1], [0, 1], color=BEST, linestyle=":", linewidth=1.2, label="as often as it says", zorder=3)
    right.bar(edges[:-1][found], np.array(bins["accuracy"])[found], wide, align="edge", color="#c9d8f5", zorder=2)
    points = {name: np.array(bins[name])[found] for name in ("confidence", "accuracy")}
    right.plot(*points.values(), "o", color=TRAIN, markersize=6, label="measured", zorder=4, clip_on=False)
    right.set(xlim=(0, 1), ylim=(0, 1.02), ylabel="share that was right")
    right.set_title("Is it right as often as it says?", loc="left", fontsize=11)
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
    """Loss (logarithmic) and, if any, accuracy after every epoch, in training and validation, and the epoch kept."""
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

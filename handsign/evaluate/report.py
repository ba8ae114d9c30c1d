"""The report of a training: metrics.json, figures and one HTML page."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from handsign.evaluate.classification import generalisation_note
from handsign.evaluate.figures import history_figure
from handsign.files import atomic

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from handsign.bundle.info import BundleInfo
    from handsign.data.dataset import Dataset
    from handsign.evaluate.evaluator import Evaluator
    from handsign.learn.network import Network
    from handsign.learn.training import TrainResult


def augmented(network: Network, data: Dataset, seed: int) -> Figure | None:
    """What augmentation makes of a training window of each of the first three labels, if the network shows it."""
    if network.preview is None:
        return None
    X, y = data.rows("train")
    first = [int(np.argmax(y[:, i])) for i in range(min(3, len(data.labels)))]
    return network.preview(X[first], data.labels[:3], np.random.default_rng(seed))


def report(
    folder: Path,
    results: Mapping[str, dict[str, Any]],
    trained: TrainResult,
    data: Dataset,
    info: BundleInfo,
    evaluator: Evaluator,
    seed: int = 0,
    preview: Figure | None = None,
) -> Path:
    """Write metrics.json, the figures (with `preview`, if any) and index.html to `folder`; returns the page.

    Raises:
        InputError: the folder cannot be written to.
    """
    facts = _facts(results, trained, data, info, evaluator, seed)
    for name, figure in evaluator.figures(results, data).items():
        _save_figure(folder / name, figure)
    _save_figure(folder / "history.png", history_figure(trained.history, trained.best_epoch))
    if preview:
        _save_figure(folder / "augmented.png", preview)
    numbers = msgspec.json.encode({**facts, "history": trained.history})
    _save_text(folder / "metrics.json", msgspec.json.format(numbers).decode())
    _save_text(folder / "index.html", _page(evaluator.template, {**facts, "augmented": preview is not None}))
    return folder / "index.html"


def _facts(
    results: Mapping[str, dict[str, Any]],
    trained: TrainResult,
    data: Dataset,
    info: BundleInfo,
    evaluator: Evaluator,
    seed: int,
) -> dict[str, Any]:
    """What `metrics.json` holds, but for the history."""
    return {
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
        "generalisation_note": generalisation_note(data, "signers" in results, "signers" in evaluator.protocols),
        "rows": {part: int((data.part == part).sum()) for part in ("train", "val", "test")},
        "rate": data.rate,
        "extractors": data.extractors,
        "left_out": data.left_out,
        "versions": info.versions,
    }


def _page(template: Path, facts: Mapping[str, Any]) -> str:
    import jinja2

    folders = jinja2.FileSystemLoader([template.parent, Path(__file__).parent])  # they extend report.html
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, loader=folders
    )
    return environment.get_template(template.name).render(facts)


def _save_figure(path: Path, figure: Figure) -> None:
    with atomic(path) as temporary, warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph", UserWarning)  # a script the font lacks; the page's tables have it
        figure.savefig(temporary, dpi=150)


def _save_text(path: Path, text: str) -> None:
    with atomic(path) as temporary:
        temporary.write_text(text, encoding="utf-8")

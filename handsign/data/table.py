"""What is in a dataset, as a table or a figure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from handsign.data.dataset import PARTS
from handsign.data.windows import span
from handsign.files import atomic

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from handsign.data.dataset import Dataset
    from handsign.data.take import Take
    from handsign.data.windowing import Windowing
    from handsign.landmarks.layout import Layout
    from handsign.types import Array


def save_figure(
    data: Dataset, figure: Callable[[Array, Sequence[str]], Figure], path: Path, each: int = 3, labels: int = 8
) -> Path:
    """Save `each` windows of the first `labels` labels as a picture; returns its path.

    `figure` draws windows (n, window, *sample) with their titles, as the model is shown them.
    """
    rows, titles = [], []
    for i, label in enumerate(data.labels[:labels]):
        own = np.flatnonzero(data.y[:, i] == 1)
        chosen = own[np.linspace(0, len(own) - 1, min(each, len(own))).astype(int)]
        rows += chosen.tolist()
        titles += [label] * len(chosen)
    drawn = figure(data.X[rows], titles)
    with atomic(path) as temporary:
        drawn.savefig(temporary, dpi=120)
    return path


def table(data: Dataset, takes: Sequence[Take], windowing: Windowing, columns: Layout | None = None) -> str:
    """What is in a dataset, a line a label: takes, signers, windows a part, lengths, and shares of missing parts."""
    by_label = defaultdict(list)
    for take in takes:
        by_label[windowing.label(take)].append(take)
    measured = columns.parts if columns else ()
    lines = [["action", "takes", "signers", *PARTS, "seconds", "frames", *(f"no {p.name}" for p in measured)]]
    for label, own in by_label.items():
        of_label = np.isin(data.take, [take.name for take in own])
        counts = [str(int((of_label & (data.part == part)).sum())) for part in PARTS]
        seconds, frames = [span(take.times) for take in own], [len(take.times) for take in own]
        found = [np.mean([columns.present(t.samples, p.name).mean() for t in own]) for p in measured] if columns else []
        ranges = [_range(seconds, ".2f"), _range(frames, "d")]
        missing = [f"{1 - share:.0%}" for share in found]
        signers = str(len({take.info.signer for take in own}))
        lines.append([label, str(len(own)), signers, *counts, *ranges, *missing])
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    return "\n".join("  ".join(cell.ljust(w) for cell, w in zip(line, widths, strict=True)).rstrip() for line in lines)


def _range(values: Sequence[float], form: str) -> str:
    low, high = min(values), max(values)
    return f"{low:{form}}" if f"{low:{form}}" == f"{high:{form}}" else f"{low:{form}}-{high:{form}}"

"""A figure of augmented windows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from handsign.landmarks.holistic import HOLISTIC
from handsign.tasks.sign.augment import DEFAULT, augment
from handsign.tasks.sign.transforms.body import ASPECT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from handsign.landmarks.layout import Layout
    from handsign.tasks.sign.augment import AugmentConfig
    from handsign.types import Array


AUGMENTATIONS = 4


def draw_preview(
    windows: Array,
    labels: Sequence[str],
    rng: np.random.Generator,
    layout: Layout = HOLISTIC,
    config: AugmentConfig = DEFAULT,
) -> Figure:
    """A figure with one column per window of (n, T, layout.size): as recorded, and below it four augmentations of it.

    Each is drawn as four of its samples, side by side. A grey frame is the border of the image: a camera does not see
    what lies outside.
    """
    from matplotlib.figure import Figure

    rows = 1 + AUGMENTATIONS
    figure = Figure(figsize=(5.2 * len(windows), 1.12 * rows + 0.3), layout="constrained", facecolor="#191919")
    grid = figure.subplots(rows, len(windows), squeeze=False)
    for column, (window, label) in enumerate(zip(windows, labels, strict=True)):
        grid[0, column].set_title(label.replace("$", r"\$"), color="white", fontsize=10)
        for row in range(rows):
            _draw_window(grid[row, column], augment(window, rng, layout, config) if row else window, layout)
    for row in range(rows):
        grid[row, 0].set_ylabel(f"augmented {row}" if row else "as recorded", color="white", fontsize=8)
    return figure


def _draw_window(axes: Axes, window: Array, layout: Layout, count: int = 4) -> None:
    """Draw `count` samples of a window (T, layout.size) side by side."""
    from matplotlib.collections import LineCollection

    from handsign.display.palette import PART_COLOURS

    at = np.linspace(0, len(window) - 1, count + 2).round().astype(int)[1:-1]
    for frame, sample in enumerate(window[at]):
        corner = np.array([frame * 1.12, 0])
        box = corner + np.array([[0, 0], [1, 0], [1, ASPECT], [0, ASPECT], [0, 0]])
        axes.plot(*box.T, color="#666666", linewidth=0.6)
        for part, colour in zip(layout.parts, PART_COLOURS * len(layout.parts), strict=False):
            points = layout.view(sample, part.name)
            visible = np.broadcast_to(points.any(), len(points))
            if "visibility" in part.fields:
                visible = visible & (points[:, part.fields.index("visibility")] >= 0.5)
            pairs = np.array(sorted(part.connections), int).reshape(-1, 2)
            lines = (corner + points[:, :2] * (1, ASPECT))[pairs[visible[pairs].all(axis=1)]]
            axes.add_collection(LineCollection(list(lines), colors=[np.array(colour[::-1]) / 255], linewidths=0.8))
    axes.set(xlim=(-0.1, count * 1.12), ylim=(ASPECT * 1.15, -ASPECT * 0.05), aspect="equal", xticks=[], yticks=[])
    axes.set_facecolor("#191919")
    axes.spines[:].set_visible(False)

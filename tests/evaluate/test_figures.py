"""Figures of the report."""

from __future__ import annotations

import numpy as np

from handsign.evaluate.figures import confusion_figure, history_figure, reliability_figure


def test_many_long_labels_stay_inside_the_picture():
    labels = [f"a rather long label number {i}" for i in range(14)]
    figure = confusion_figure(np.eye(14, dtype=int).tolist(), labels)
    figure.draw_without_rendering()
    box, width = figure.get_tightbbox(), figure.get_size_inches()
    assert 0 <= box.x0 < box.x1 <= width[0]
    assert 0 <= box.y0 < box.y1 <= width[1]
    shown = [text.get_text() for text in figure.axes[0].get_yticklabels()]
    assert all(len(text) <= 18 for text in shown)


def test_history_of_a_single_epoch_is_seen():
    figure = history_figure({"loss": [1.0], "categorical_accuracy": [0.5]}, 1)
    assert figure.axes[0].lines[0].get_marker() == "o"


def test_empty_bins_are_not_drawn_as_wrong():
    figure = reliability_figure({"windows": [0, 4, 0, 6], "confidence": [0, 0.4, 0, 0.9], "accuracy": [0, 0.0, 0, 1.0]})
    points = next(line for line in figure.axes[0].lines if line.get_label() == "measured")
    assert points.get_xydata().tolist() == [[0.4, 0.0], [0.9, 1.0]]
    assert [bar.get_height() for bar in figure.axes[1].patches] == [0, 4, 0, 6]

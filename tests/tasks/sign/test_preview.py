"""The figure of augmented windows."""

from __future__ import annotations

import numpy as np
import pytest
from bodies import make_window

from handsign.tasks.sign.preview import draw_preview


@pytest.fixture
def window():
    return make_window()


def test_a_column_per_window_and_a_row_per_augmentation(window, tmp_path):
    figure = draw_preview(np.stack([window, np.zeros_like(window)]), ["hello", "$5"], np.random.default_rng(0))
    figure.savefig(tmp_path / "preview.png", dpi=40)
    assert len(figure.axes) == 10
    drawn = [sum(len(lines.get_segments()) for lines in axes.collections) for axes in figure.axes]
    assert all(drawn[::2])
    assert not any(drawn[1::2])

"""metrics.json, the figures and the page."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from tiny import LABELS, make_data, make_network, make_task, risen

from handsign.bundle.info import describe
from handsign.errors import InputError
from handsign.evaluate.evaluator import evaluate
from handsign.evaluate.report import report
from handsign.learn.training import TrainResult

HISTORY = {"loss": [1.1, 0.6, 0.4], "val_loss": [1.0, 0.7, 0.9], "categorical_accuracy": [0.3, 0.6, 0.9]}
TRAINED = TrainResult(None, HISTORY, best_epoch=2, learned=True, interrupted=False, seconds=3.21)


def write(folder: Path, data=None, trained: TrainResult = TRAINED, predict=risen) -> tuple[str, dict]:
    data = data or make_data()
    results = evaluate(make_task().evaluator, make_network(), predict, data)
    info = describe(make_task().format, data.labels, 5, 10.0)
    page = report(folder, results, trained, data, info, make_task().evaluator, seed=7)
    return page.read_text(encoding="utf-8"), json.loads((folder / "metrics.json").read_text())


def test_metrics_json(tmp_path: Path):
    _, found = write(tmp_path)
    assert found["test"]["accuracy"] == 1.0
    assert set(found["test"]["per_label"]) == set(LABELS)
    assert (found["labels"], found["epochs"], found["best_epoch"], found["seed"]) == (LABELS, 3, 2, 7)
    assert found["rows"] == {"train": 27, "val": 9, "test": 9}
    assert found["history"] == HISTORY
    assert found["split"] == "take, 20% for testing, seed 0"


@pytest.mark.slow
def test_the_page_is_honest_and_complete(tmp_path: Path):
    page, _ = write(tmp_path)
    assert "100.0 %" in page
    assert "expect less from others" in page
    assert "None: every test window was recognised" in page
    for name in ("confusion.png", "history.png", "reliability.png"):
        assert f'src="{name}"' in page
        picture = cv2.imread(str(tmp_path / name))
        assert picture.std() > 10
    assert "http" not in page
    page, _ = write(tmp_path, predict=lambda x: np.roll(risen(x), 1, axis=1))
    assert "down/0" in page
    page, found = write(tmp_path, trained=replace(TRAINED, temperature=2.345))
    assert "divided by 2.35" in page or "divided by 2.34" in page
    assert found["temperature"] == 2.345
    assert "it was not overconfident" in write(tmp_path, trained=replace(TRAINED, temperature=1.0))[0]
    page, _ = write(tmp_path, trained=replace(TRAINED, uncalibrated="the moon is full"))
    assert "Nothing was corrected: the moon is full." in page
    page, _ = write(tmp_path, trained=replace(TRAINED, learned=False, interrupted=True))
    assert "did not learn" in page
    assert "--resume" in page


def test_labels_are_text_not_markup(tmp_path: Path):
    page, _ = write(tmp_path, make_data(labels=["<script>alert(1)</script>", "$x", "안녕 $y"]))
    assert "<script>" not in page
    assert "안녕" in page


def test_nothing_kept_for_testing(tmp_path: Path):
    data = make_data()
    page, found = write(tmp_path, replace(data, part=np.full(45, "train")))
    assert "Nothing was kept for testing" in page
    assert "test" not in found


def test_a_folder_that_cannot_be_written_to(tmp_path: Path):
    (tmp_path / "report").write_text("a file")
    with pytest.raises(InputError, match="could not be written"):
        write(tmp_path / "report")

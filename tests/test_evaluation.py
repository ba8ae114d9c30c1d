"""Numbers, pictures and the page."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from tiny import LABELS, make_data, make_task

from handsign.bundle import describe
from handsign.errors import InputError
from handsign.evaluation import (
    confusion_figure,
    evaluate,
    history_figure,
    honesty,
    metrics,
    mistakes,
    reliability,
    reliability_figure,
    report,
    summary,
)
from handsign.training import Trained

HISTORY = {"loss": [1.1, 0.6, 0.4], "val_loss": [1.0, 0.7, 0.9], "categorical_accuracy": [0.3, 0.6, 0.9]}
TRAINED = Trained(None, HISTORY, best_epoch=2, learned=True, interrupted=False, seconds=3.21)
TRUE = np.eye(3)[[0, 0, 0, 1, 1, 2]]
SAID = np.array([[0.8, 0.1, 0.1], [0.7, 0.2, 0.1], [0.1, 0.9, 0], [0.2, 0.6, 0.2], [0.4, 0.5, 0.1], [0.2, 0.5, 0.3]])


def risen(x: np.ndarray) -> np.ndarray:
    """An answer by hand: has it gone up?"""
    slope = (x[:, -1] - x[:, 0]).mean(axis=1)
    scores = np.stack([-slope, 0.5 - abs(slope), slope], axis=1)
    return np.exp(4 * scores) / np.exp(4 * scores).sum(axis=1, keepdims=True)


def write(folder: Path, data=None, trained: Trained = TRAINED, predict=risen) -> tuple[str, dict]:
    data = data or make_data()
    results = evaluate(predict, make_task(), data)
    page = report(folder, results, trained, data, describe(make_task(), data.labels, 10.0), seed=7)
    return page.read_text(encoding="utf-8"), json.loads((folder / "metrics.json").read_text())


def test_metrics_by_hand():
    found = metrics(TRUE, SAID, LABELS)
    assert found["accuracy"] == pytest.approx(4 / 6)
    assert found["confusion"] == [[2, 1, 0], [0, 2, 0], [0, 1, 0]]
    assert found["per_label"]["down"] == {"precision": 1.0, "recall": pytest.approx(2 / 3), "f1": 0.8, "support": 3}
    assert found["per_label"]["still"]["precision"] == 0.5
    assert found["per_label"]["up"] == {"precision": 0.0, "recall": 0.0, "f1": 0.0, "support": 1}
    assert found["log_loss"] == pytest.approx(-np.log([0.8, 0.7, 0.1, 0.6, 0.5, 0.3]).mean())
    assert found["interval"] == pytest.approx([0.300, 0.903], abs=1e-3)  # Wilson's, from the formula


def test_calibration_error_by_hand():
    """0.8, 0.7, 0.9, 0.6, 0.5 and 0.5 sure, each in a bin of its own but the last two; the third and last are wrong."""
    found = metrics(TRUE, SAID, LABELS)
    assert found["ece"] == pytest.approx((0.2 + 0.3 + 0.9 + 0.4 + 2 * abs(0.5 - 0.5)) / 6)
    bins = found["reliability"]
    assert bins["windows"] == [0, 0, 0, 0, 0, 0, 0, 2, 1, 0, 1, 1, 0, 1, 0]
    assert bins["accuracy"][7] == bins["confidence"][7] == pytest.approx(0.5)
    assert bins["accuracy"][13] == 0.0


def test_bins_are_closed_above():
    found = reliability(np.eye(2)[[0, 0, 0]], np.array([[1.0, 0], [0.8, 0.2], [0.81, 0.19]]), bins=5)
    assert found["windows"].tolist() == [0, 0, 0, 1, 2]


def test_right_as_often_as_it_says_is_no_error():
    rng = np.random.default_rng(0)
    said = rng.dirichlet([0.5] * 4, 20_000)
    true = np.eye(4)[(rng.random((20_000, 1)) < said.cumsum(axis=1)).argmax(axis=1)]
    assert metrics(true, said, list("abcd"))["ece"] < 0.015
    assert metrics(true, said**2 / (said**2).sum(axis=1, keepdims=True), list("abcd"))["ece"] > 0.05


def test_top3_is_the_three_likeliest():
    said = np.array([[0.4, 0.3, 0.2, 0.1]] * 4)
    assert metrics(np.eye(4), said, list("abcd"))["top3"] == 0.75
    assert metrics(np.eye(4), np.full((4, 4), 0.25), list("abcd"))["top3"] == 0.75  # a tie is no knowledge
    assert metrics(TRUE, SAID, LABELS)["top3"] == 1.0


def test_certain_and_wrong_is_a_finite_loss():
    assert metrics(np.eye(2)[[0]], np.array([[0.0, 1.0]]), ["a", "b"])["log_loss"] < 40


def test_mistakes_most_certain_first():
    found = mistakes(TRUE, SAID, LABELS, list("abcdef"))
    assert [wrong["take"] for wrong in found] == ["c", "f"]
    assert found[0] == {"take": "c", "label": "down", "said": "still", "probability": 0.9}


def test_parts_are_evaluated_apart():
    data = make_data()
    results = evaluate(risen, make_task(), data)
    assert {part: result["rows"] for part, result in results.items()} == {"test": 9, "val": 9, "train": 27}
    wrong = evaluate(lambda x: np.roll(risen(x), 1, axis=1), make_task(), data)["test"]["mistakes"]
    assert {mistake["take"] for mistake in wrong} == set(data.take[data.part == "test"])


def test_people_it_has_seen_are_named():
    assert "it has seen in training (ann)" in honesty(make_data())
    data = make_data(("ann", "bob"))
    apart = replace(data, part=np.where(data.signer == "bob", "test", "train"))
    assert honesty(apart) == "Tested on people it has not seen in training."
    assert "(unnamed)" in honesty(make_data(("",)))


def test_one_person_alone_is_told():
    assert "Nobody else was recorded" in honesty(make_data())
    assert "No take says whose it is" in honesty(make_data(("",)))
    assert "(ann, bob): expect less from others; --evaluate signers measures" in honesty(make_data(("ann", "bob")))
    assert "measured below" in honesty(make_data(("ann", "bob")), measured=True)
    assert "(6 of them)" in honesty(make_data(tuple("abcdef")))


def test_summary_without_a_test_set():
    assert "is not known" in summary({}, make_data())


def test_summary_of_those_left_out():
    signers = {"by": "signer", "each": {"ann": 1.0, "ben": 0.5}, "windows": {"ann": 9, "ben": 8}, "unknown": {"up": 3}}
    text = summary({"signers": {**signers, "mean": 0.75, "std": 0.354}}, make_data())
    assert "ben          50.0%        8" in text
    assert "accuracy by signer, each left out of training: 75.0% on average (standard deviation 35.4%)" in text
    assert "only those left out show it: up (3 windows)" in text
    assert "deviation" not in summary({"signers": {**signers, "mean": 1.0, "std": None}}, make_data())


def test_metrics_json(tmp_path: Path):
    _, found = write(tmp_path)
    assert found["test"]["accuracy"] == 1.0
    assert set(found["test"]["per_label"]) == set(LABELS)
    assert (found["labels"], found["epochs"], found["best_epoch"], found["seed"]) == (LABELS, 3, 2, 7)
    assert found["rows"] == {"train": 27, "val": 9, "test": 9}
    assert found["history"] == HISTORY
    assert found["split"] == "take, 20% for testing, seed 0"


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
    assert "it was not too sure" in write(tmp_path, trained=replace(TRAINED, temperature=1.0))[0]
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

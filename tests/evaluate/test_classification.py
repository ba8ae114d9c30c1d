"""Metrics of a classification, mistakes, and the summary."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tiny import LABELS, make_data, make_network, make_task, risen

from handsign.evaluate.classification import generalisation_note, metrics, mistakes, reliability, summary
from handsign.evaluate.evaluator import evaluate

TRUE = np.eye(3)[[0, 0, 0, 1, 1, 2]]
PREDICTED = np.array(
    [[0.8, 0.1, 0.1], [0.7, 0.2, 0.1], [0.1, 0.9, 0], [0.2, 0.6, 0.2], [0.4, 0.5, 0.1], [0.2, 0.5, 0.3]]
)


def test_metrics_by_hand():
    found = metrics(TRUE, PREDICTED, LABELS)
    assert found["accuracy"] == pytest.approx(4 / 6)
    assert found["confusion"] == [[2, 1, 0], [0, 2, 0], [0, 1, 0]]
    assert found["per_label"]["down"] == {"precision": 1.0, "recall": pytest.approx(2 / 3), "f1": 0.8, "support": 3}
    assert found["per_label"]["still"]["precision"] == 0.5
    assert found["per_label"]["up"] == {"precision": 0.0, "recall": 0.0, "f1": 0.0, "support": 1}
    assert found["log_loss"] == pytest.approx(-np.log([0.8, 0.7, 0.1, 0.6, 0.5, 0.3]).mean())
    assert found["interval"] == pytest.approx([0.300, 0.903], abs=1e-3)  # Wilson's, from the formula


def test_calibration_error_by_hand():
    """0.8, 0.7, 0.9, 0.6, 0.5 and 0.5 sure, each in a bin of its own but the last two; the third and last are wrong."""
    found = metrics(TRUE, PREDICTED, LABELS)
    assert found["ece"] == pytest.approx((0.2 + 0.3 + 0.9 + 0.4 + 2 * abs(0.5 - 0.5)) / 6)
    bins = found["reliability"]
    assert bins["windows"] == [0, 0, 0, 0, 0, 0, 0, 2, 1, 0, 1, 1, 0, 1, 0]
    assert bins["accuracy"][7] == bins["confidence"][7] == pytest.approx(0.5)
    assert bins["accuracy"][13] == 0.0


def test_bins_are_closed_above():
    found = reliability(np.eye(2)[[0, 0, 0]], np.array([[1.0, 0], [0.8, 0.2], [0.81, 0.19]]), bins=5)
    assert found["windows"].tolist() == [0, 0, 0, 1, 2]


def test_right_as_often_as_predicted_is_no_error():
    rng = np.random.default_rng(0)
    probabilities = rng.dirichlet([0.5] * 4, 20_000)
    true = np.eye(4)[(rng.random((20_000, 1)) < probabilities.cumsum(axis=1)).argmax(axis=1)]
    assert metrics(true, probabilities, list("abcd"))["ece"] < 0.015
    assert metrics(true, probabilities**2 / (probabilities**2).sum(axis=1, keepdims=True), list("abcd"))["ece"] > 0.05


def test_top3_is_the_three_likeliest():
    probabilities = np.array([[0.4, 0.3, 0.2, 0.1]] * 4)
    assert metrics(np.eye(4), probabilities, list("abcd"))["top3"] == 0.75
    assert metrics(np.eye(4), np.full((4, 4), 0.25), list("abcd"))["top3"] == 0.75  # a tie is no knowledge
    assert metrics(TRUE, PREDICTED, LABELS)["top3"] == 1.0


def test_certain_and_wrong_is_a_finite_loss():
    assert metrics(np.eye(2)[[0]], np.array([[0.0, 1.0]]), ["a", "b"])["log_loss"] < 40


def test_mistakes_most_certain_first():
    found = mistakes(TRUE, PREDICTED, LABELS, list("abcdef"))
    assert [wrong["take"] for wrong in found] == ["c", "f"]
    assert found[0] == {"take": "c", "label": "down", "predicted": "still", "probability": 0.9}


def test_parts_are_evaluated_apart():
    data, evaluator, network = make_data(), make_task().evaluator, make_network()
    results = evaluate(evaluator, network, risen, data)
    assert {part: result["rows"] for part, result in results.items()} == {"test": 9, "val": 9, "train": 27}
    wrong = evaluate(evaluator, network, lambda x: np.roll(risen(x), 1, axis=1), data)["test"]["mistakes"]
    assert {mistake["take"] for mistake in wrong} == set(data.take[data.part == "test"])


def test_people_of_the_training_set_are_named():
    assert "it has seen in training (ann)" in generalisation_note(make_data())
    data = make_data(("ann", "bob"))
    apart = replace(data, part=np.where(data.signer == "bob", "test", "train"))
    assert generalisation_note(apart) == "Tested on people it has not seen in training."
    assert "(unnamed)" in generalisation_note(make_data(("",)))


def test_one_person_alone_is_noted():
    assert "Nobody else was recorded" in generalisation_note(make_data())
    assert "No take says whose it is" in generalisation_note(make_data(("",)))
    assert "(ann, bob): expect less from others; --evaluate signers measures" in generalisation_note(
        make_data(("ann", "bob"))
    )
    assert "measured below" in generalisation_note(make_data(("ann", "bob")), measured=True)
    assert "(6 of them)" in generalisation_note(make_data(tuple("abcdef")))


def test_summary_without_a_test_set():
    assert "is not known" in summary({}, make_data())


def test_summary_of_those_left_out():
    signers = {"by": "signer", "each": {"ann": 1.0, "ben": 0.5}, "windows": {"ann": 9, "ben": 8}, "unknown": {"up": 3}}
    text = summary({"signers": {**signers, "mean": 0.75, "std": 0.354}}, make_data())
    assert "ben          50.0%        8" in text
    assert "accuracy by signer, each left out of training: 75.0% on average (standard deviation 35.4%)" in text
    assert "only those left out show it: up (3 windows)" in text
    assert "deviation" not in summary({"signers": {**signers, "mean": 1.0, "std": None}}, make_data())

"""Temperatures: found where they are known, modest where little is known, and in the weights of what is saved."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.special import log_softmax, softmax
from tiny import LABELS, build, make_task

from handsign.bundle.h5 import load_h5
from handsign.bundle.info import describe
from handsign.bundle.keras_loader import import_keras
from handsign.bundle.saving import save
from handsign.learn.calibration import BOUNDS, ENOUGH, calibrate, temperature

X = np.random.default_rng(1).random((60, 5, 6), np.float32)


def drawn(n: int, sure: float) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities (n, 4) that are `sure` times too sure of themselves, and the one-hot truth."""
    rng = np.random.default_rng(0)
    scores = rng.normal(0, 2, (n, 4))
    true = (rng.random((n, 1)) < softmax(scores, axis=1).cumsum(axis=1)).argmax(axis=1)
    return softmax(scores * sure, axis=1), np.eye(4)[true]


def network(**last: Any) -> Any:
    keras = import_keras()
    keras.utils.set_random_seed(0)
    x = keras.Input((5, 6))
    hidden = keras.layers.Dense(8, activation="tanh")(keras.layers.Flatten()(x))
    return keras.Model(x, keras.layers.Dense(3, **{"activation": "softmax", **last})(hidden))


@pytest.mark.parametrize("sure", [1.5, 3.0])
def test_too_sure_is_divided_by_how_much(sure: float):
    assert temperature(*drawn(4000, sure)) == pytest.approx(sure, rel=0.06)


def test_it_is_never_made_surer():
    assert temperature(*drawn(4000, 0.5)) == 1.0


def test_few_rows_change_little():
    probabilities, y = drawn(12, 3.0)
    many = temperature(np.tile(probabilities, (100, 1)), np.tile(y, (100, 1)))
    assert 1 < temperature(probabilities, y) < many


@pytest.mark.parametrize("sure", [0.6, 1.0])
def test_always_right_is_no_reason_to_be_certain(sure: float):
    y = np.eye(3)[np.arange(300) % 3]
    assert temperature(np.where(y > 0, sure, (1 - sure) / 2), y) == 1.0


def test_always_wrong_is_bounded():
    assert temperature(np.tile([[1.0, 0.0]], (50, 1)), np.tile([[0, 1]], (50, 1))) == pytest.approx(BOUNDS[1], rel=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("make", [network, lambda: build((5, 6), LABELS), lambda: network(use_bias=False)])
def test_it_is_in_the_weights_and_in_every_file(tmp_path: Path, make):
    import_keras()
    model = make()
    before = model.predict_on_batch(X)
    y = np.eye(3, dtype=np.float32)[before.argmin(axis=1)]
    found, reason = calibrate(model, X, y)
    assert (found > 1.5, reason) == (True, "")
    expected = np.exp(log_softmax(np.log(before) / found, axis=1))
    assert np.allclose(model.predict_on_batch(X), expected, atol=1e-6)
    save(model, tmp_path / "action.h5", describe(make_task().format, LABELS, 5, 10.0))
    assert np.allclose(make_task().load_model(tmp_path / "action.onnx").predict(X), expected, atol=1e-5)
    assert np.allclose(load_h5(tmp_path / "action.h5").predict_on_batch(X), expected, atol=1e-5)


@pytest.mark.parametrize(
    ("changes", "rows", "reason"),
    [
        ({"activation": "sigmoid"}, 60, "no Dense with softmax"),
        ({}, ENOUGH - 1, f"{ENOUGH - 1} validation windows, and it takes {ENOUGH}"),
        ({}, 0, "there are 0 validation windows"),
    ],
)
def test_without_what_it_needs_nothing_is_changed(changes: dict, rows: int, reason: str):
    model = network(**changes)
    before = model.predict_on_batch(X)
    found, told = calibrate(model, X[:rows], np.eye(3)[np.zeros(rows, int)])
    assert found is None
    assert reason in told
    assert (model.predict_on_batch(X) == before).all()

"""The networks of the sign task: small ones behind the body's measures, as wide as the tutorial's when saved."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.special import log_softmax
from tiny import make_data, make_task

from handsign import task as tasks
from handsign.calibration import calibrate
from handsign.goals import Classify
from handsign.keypoints import HOLISTIC
from handsign.networks import conv, import_keras
from handsign.tasks.sign import as_wide_as_raw, augmented, body_centred_lstm
from handsign.training import Options, batches, train

LABELS = ["a", "b", "c"]


@pytest.fixture(scope="module")
def windows() -> np.ndarray:
    """(12, 30, 1662) of nonsense, in some of which a hand is missing."""
    x = np.random.default_rng(0).random((12, 30, 1662), np.float32)
    x[::3, 10:, HOLISTIC.slices["left_hand"]] = 0
    return x


@pytest.fixture
def lstm():
    """A `body_centred_lstm` none of whose weights is zero, as after a training."""
    keras, rng = import_keras(), np.random.default_rng(0)
    keras.utils.set_random_seed(0)
    model = body_centred_lstm((30, 1662), LABELS)
    model.set_weights([w + rng.normal(0, 0.05, w.shape) for w in model.get_weights()])
    return model


class TestAsWideAsRaw:
    def test_it_is_the_same_function_with_the_tutorials_weights(self, lstm, windows):
        before = lstm.predict_on_batch(windows)
        assert np.ptp(before, axis=0).max() > 0.01
        wide = as_wide_as_raw(lstm)
        np.testing.assert_allclose(wide.predict_on_batch(windows), before, atol=1e-6)
        assert wide.count_params() == 596_675
        assert lstm.count_params() < wide.count_params() / 2
        np.testing.assert_array_equal(lstm.predict_on_batch(windows), before)

    def test_also_when_calibrated_and_for_other_windows_and_labels(self, lstm, windows):
        before = lstm.predict_on_batch(windows)
        temperature, _ = calibrate(lstm, windows, np.eye(3, dtype=np.float32)[before.argmin(axis=1)])
        assert temperature > 1.1
        expected = np.exp(log_softmax(np.log(before) / temperature, axis=1))
        np.testing.assert_allclose(as_wide_as_raw(lstm).predict_on_batch(windows), expected, atol=1e-6)
        short = body_centred_lstm((12, 1662), LABELS * 2)
        wide = as_wide_as_raw(short)
        assert wide.output_shape == (None, 6)
        expected = short.predict_on_batch(windows[:, :12])
        np.testing.assert_allclose(wide.predict_on_batch(windows[:, :12]), expected, atol=1e-6)


class TestConv:
    def test_it_gives_probabilities(self):
        import_keras()
        said = conv((9, 6), LABELS).predict_on_batch(np.random.default_rng(0).random((4, 9, 6), np.float32))
        assert said.shape == (4, 3)
        assert (said >= 0).all()
        np.testing.assert_allclose(said.sum(axis=1), 1, atol=1e-5)

    def test_it_learns(self, tmp_path: Path):
        task, data = make_task(build=conv), make_data()
        trained = train(task, data, tmp_path / "action.h5", Options(epochs=12, batch=8, learning_rate=0.01, logs=None))
        assert trained.learned
        x, y = data.rows("test")
        assert (trained.model.predict_on_batch(x).argmax(axis=1) == y.argmax(axis=1)).mean() > 0.8

    def test_in_the_sign_task_it_sees_bodies_and_no_faces(self, windows):
        import_keras()
        model = tasks.load("sign").variant("conv").build((30, 1662), LABELS)
        before, faceless = model.predict_on_batch(windows), windows.copy()
        HOLISTIC.view(faceless, "face")[...] = 0
        np.testing.assert_allclose(model.predict_on_batch(faceless), before, atol=1e-6)
        HOLISTIC.view(faceless, "right_hand")[...] = 0
        assert np.abs(model.predict_on_batch(faceless) - before).max() > 1e-4


def test_augmented_signs_have_no_face_and_else_what_they_had(windows):
    given, y = windows.copy(), np.eye(len(windows), dtype=np.float32)
    (one, _), (same, _), (other, _) = (
        augmented(windows, y, windows[:0], y[:0], np.random.default_rng(seed)) for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(windows, given)
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)
    assert (one.shape, one.dtype) == (windows.shape, np.float32)
    assert not HOLISTIC.view(one, "face").any()
    assert HOLISTIC.present(one, "pose").all()


def test_the_raw_network_is_the_tutorials_and_learns_from_what_was_recorded(windows):
    import_keras()
    raw = tasks.load("sign").variant("raw")
    model = raw.build((30, 1662), LABELS)
    assert raw.finish(model) is model
    assert model.count_params() == 596_675
    assert [type(layer).__name__ for layer in model.layers] == ["LSTM"] * 3 + ["Dense"] * 3
    assert [layer.activation.__name__ for layer in model.layers] == ["relu"] * 5 + ["softmax"]
    y, _ = Classify().targets(["a", "b", "nothing"] * 4)
    x, answers = next(batches(raw, windows, y, np.flatnonzero(y[:, 2]), replace(Options(), batch=12), 0))
    order = [int(np.flatnonzero((windows == one).all(axis=(1, 2)))[0]) for one in x]
    assert sorted(order) == list(range(12))
    np.testing.assert_array_equal(answers, y[order])


@pytest.mark.parametrize("network", ["", "conv"])
def test_the_others_learn_from_more(windows, network):
    task = tasks.load("sign").variant(network) if network else tasks.load("sign")
    y, _ = Classify().targets(["a", "b", "nothing"] * 4)
    options = Options(batch=12)
    x, answers = next(batches(task, windows, y, np.flatnonzero(y[:, 2]), options, 1))
    assert not any((windows == one).all(axis=(1, 2)).any() for one in x)
    assert ((answers > 0) & (answers < 1)).any()

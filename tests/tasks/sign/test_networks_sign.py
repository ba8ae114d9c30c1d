"""The networks of the sign task: trained on body-centred features, saved with the shape of the tutorial's."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.special import log_softmax
from tiny import make_data, make_network

from handsign import tasks
from handsign.bundle.keras_loader import import_keras
from handsign.landmarks.holistic import HOLISTIC
from handsign.learn.calibration import calibrate
from handsign.learn.config import TrainConfig
from handsign.learn.training import batches, train
from handsign.tasks.sign.networks import conv
from handsign.tasks.sign.task import augmented, body_centred_lstm, pad_to_raw_width

LABELS = ["a", "b", "c"]


@pytest.fixture(scope="module")
def windows() -> np.ndarray:
    """Random windows (12, 30, 1662); in every third a hand is missing."""
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


class TestPadToRawWidth:
    @pytest.mark.slow
    def test_it_is_the_same_function_with_the_tutorials_weights(self, lstm, windows):
        before = lstm.predict_on_batch(windows)
        assert np.ptp(before, axis=0).max() > 0.01
        wide = pad_to_raw_width(lstm)
        np.testing.assert_allclose(wide.predict_on_batch(windows), before, atol=1e-6)
        assert wide.count_params() == 596_675
        assert lstm.count_params() < wide.count_params() / 2
        np.testing.assert_array_equal(lstm.predict_on_batch(windows), before)

    @pytest.mark.slow
    def test_also_when_calibrated_and_for_other_windows_and_labels(self, lstm, windows):
        before = lstm.predict_on_batch(windows)
        temperature, _ = calibrate(lstm, windows, np.eye(3, dtype=np.float32)[before.argmin(axis=1)])
        assert temperature > 1.1
        expected = np.exp(log_softmax(np.log(before) / temperature, axis=1))
        np.testing.assert_allclose(pad_to_raw_width(lstm).predict_on_batch(windows), expected, atol=1e-6)
        short = body_centred_lstm((12, 1662), LABELS * 2)
        wide = pad_to_raw_width(short)
        assert wide.output_shape == (None, 6)
        expected = short.predict_on_batch(windows[:, :12])
        np.testing.assert_allclose(wide.predict_on_batch(windows[:, :12]), expected, atol=1e-6)


class TestConv:
    def test_its_outputs_are_probabilities(self):
        import_keras()
        y_pred = conv((9, 6), LABELS).predict_on_batch(np.random.default_rng(0).random((4, 9, 6), np.float32))
        assert y_pred.shape == (4, 3)
        assert (y_pred >= 0).all()
        np.testing.assert_allclose(y_pred.sum(axis=1), 1, atol=1e-5)

    @pytest.mark.slow
    def test_it_learns(self, tmp_path: Path):
        data, config = make_data(), TrainConfig(epochs=12, batch=8, learning_rate=0.01, logs=None)
        trained = train(make_network(build=conv), data, tmp_path / "action.h5", config)
        assert trained.learned
        x, y = data.rows("test")
        assert (trained.model.predict_on_batch(x).argmax(axis=1) == y.argmax(axis=1)).mean() > 0.8

    def test_in_the_sign_task_it_does_not_depend_on_the_face(self, windows):
        import_keras()
        model = tasks.load("sign").network("conv").build((30, 1662), LABELS)
        before, faceless = model.predict_on_batch(windows), windows.copy()
        HOLISTIC.view(faceless, "face")[...] = 0
        np.testing.assert_allclose(model.predict_on_batch(faceless), before, atol=1e-6)
        HOLISTIC.view(faceless, "right_hand")[...] = 0
        assert np.abs(model.predict_on_batch(faceless) - before).max() > 1e-4


def test_augmented_windows_have_no_face_and_keep_the_other_parts(windows):
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


def test_the_raw_network_is_the_tutorials_and_is_trained_without_augmentation(windows):
    import_keras()
    task = tasks.load("sign")
    raw = task.network("raw")
    model = raw.build((30, 1662), LABELS)
    assert raw.to_export(model) is model
    assert model.count_params() == 596_675
    assert [type(layer).__name__ for layer in model.layers] == ["LSTM"] * 3 + ["Dense"] * 3
    assert [layer.activation.__name__ for layer in model.layers] == ["relu"] * 5 + ["softmax"]
    y, _ = task.windowing.targets(["a", "b", "nothing"] * 4)
    x, targets = next(batches(raw, windows, y, np.flatnonzero(y[:, 2]), TrainConfig(batch=12), 0))
    order = [int(np.flatnonzero((windows == one).all(axis=(1, 2)))[0]) for one in x]
    assert sorted(order) == list(range(12))
    np.testing.assert_array_equal(targets, y[order])


@pytest.mark.parametrize("names", [(), ("conv",)])
def test_the_other_networks_are_trained_with_augmentation(windows, names):
    task = tasks.load("sign")
    y, _ = task.windowing.targets(["a", "b", "nothing"] * 4)
    config = TrainConfig(batch=12)
    x, targets = next(batches(task.network(*names), windows, y, np.flatnonzero(y[:, 2]), config, 1))
    assert not any((windows == one).all(axis=(1, 2)).any() for one in x)
    assert ((targets > 0) & (targets < 1)).any()

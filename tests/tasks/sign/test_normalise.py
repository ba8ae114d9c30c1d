"""Body-centred keypoints: their invariances, and that Keras alone opens a model with them."""

import subprocess
import sys

import numpy as np
import pytest

from handsign import tasks
from handsign.bundle.info import describe
from handsign.bundle.saving import model_files, save
from handsign.capture.practice import PracticeSigner
from handsign.data.readers import read
from handsign.landmarks.holistic import HOLISTIC
from handsign.tasks.sign.normalise import BODY, LIMIT, normaliser

FOUND = 2 * len(BODY)
HAND = 63


@pytest.fixture(scope="module")
def window():
    """A window (1, 30, 1662) of the practice signer, with both hands found."""
    signer = PracticeSigner(4)
    signer.cue("help")
    samples = np.stack([frame.sample for frame, _ in zip(signer, range(60), strict=False)])
    both = HOLISTIC.present(samples, "left_hand") & HOLISTIC.present(samples, "right_hand")
    chosen = samples[both][:30]
    assert len(chosen) == 30
    return chosen[None]


@pytest.fixture(scope="module")
def normalise():
    network = normaliser(30)
    return lambda window: network.predict_on_batch(window.astype(np.float32))


def moved(window, scale, x, y):
    """A window of the same person, at another place in the image and another distance."""
    new = window.copy()
    for part in HOLISTIC.parts:
        points = HOLISTIC.view(new, part.name)
        found = points.any(axis=(-1, -2), keepdims=True)
        points[..., :3] *= scale
        points[..., :2] += np.array([x, y]) * found
    return new


def test_features_do_not_depend_on_place_and_distance(normalise, window):
    np.testing.assert_allclose(normalise(moved(window, 0.6, 0.3, 0.2)), normalise(window), atol=5e-5)


def test_features_depend_on_movement(normalise, window):
    raised = window.copy()
    wrist = HOLISTIC.parts[0].names.index("right_wrist")
    HOLISTIC.view(raised, "pose")[:, 15:, wrist, 1] -= 0.1
    difference = np.abs(normalise(raised) - normalise(window))[0].max(axis=1)
    assert difference[:15].max() == 0
    assert difference[15:].min() > 0.05


def test_the_face_is_not_used_and_the_shape_is_kept(normalise, window):
    without = window.copy()
    HOLISTIC.view(without, "face")[...] = 0
    found = normalise(window)
    np.testing.assert_array_equal(normalise(without), found)
    assert found.shape == window.shape
    assert not found[..., FOUND + 2 * HAND :].any()
    assert np.abs(found).max() <= LIMIT


def test_without_padding_the_features_are_the_same(normalise, window):
    narrow = normaliser(30, pad=False).predict_on_batch(window.astype(np.float32))
    assert narrow.shape == (1, 30, FOUND + 2 * HAND) == (1, 30, 152)
    np.testing.assert_array_equal(narrow, normalise(window)[..., :152])


def test_features_of_a_missing_part_are_zero(normalise, window):
    without = window.copy()
    HOLISTIC.view(without, "left_hand")[...] = 0
    found = normalise(without)
    assert not found[..., FOUND : FOUND + HAND].any()
    np.testing.assert_array_equal(found[..., FOUND + HAND :], normalise(window)[..., FOUND + HAND :])
    assert not normalise(np.zeros_like(window)).any()


def test_a_frame_without_a_hand_takes_the_shape_of_its_neighbours(normalise, window):
    still = np.repeat(window[:, :1], 30, axis=1)
    gap = still.copy()
    HOLISTIC.view(gap, "right_hand")[:, 12] = 0
    np.testing.assert_allclose(normalise(gap), normalise(still), atol=1e-5)


def test_real_takes_are_finite_and_bounded(normalise, shared):
    sign = tasks.load("sign")
    for take in list(read(shared("house_no_yes"), sign.format, sign.windowing.duration))[::10]:
        found = normalise(take.samples[None])
        assert np.isfinite(found).all()
        assert np.abs(found).max() <= LIMIT


@pytest.mark.slow
def test_keras_alone_opens_a_model_with_it(tmp_path, window):
    """Both networks in one child process: most of its time is the import of TensorFlow."""
    sign, labels, expected = tasks.load("sign"), ["a", "b", "c"], {}
    for name in ("lstm", "conv"):
        network, path = sign.network(name), tmp_path / f"{name}.h5"
        compact = network.build((30, 1662), labels)
        model = network.to_export(compact)
        save(model, path, describe(sign.format, labels, sign.windowing.length, 30.0, network.trigger), compact)
        assert sum(path.stat().st_size for path in model_files(path)[::3]) < 5 * 2**20
        expected[path] = model.predict_on_batch(window)
    np.save(tmp_path / "window.npy", window)
    code = (
        "import keras, numpy, sys; x = numpy.load('window.npy')\n"
        "for name in 'lstm', 'conv':\n"
        "    model = keras.models.load_model(f'{name}.h5', compile=False)\n"
        "    numpy.save(f'{name}.npy', model.predict_on_batch(x))\n"
        "assert not any(name.startswith('handsign') for name in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True, capture_output=True)
    for path, y_pred in expected.items():
        answer = np.load(path.with_suffix(".npy"))
        np.testing.assert_allclose(answer, y_pred, atol=1e-6)
        np.testing.assert_allclose(sign.load_model(path).predict(window), answer, atol=1e-5)

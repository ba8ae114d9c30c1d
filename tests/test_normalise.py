"""Body-centred keypoints: what must not matter does not, and the model that holds them opens anywhere."""

import subprocess
import sys

import numpy as np
import pytest

from handsign import bundle
from handsign import task as tasks
from handsign.keypoints import HOLISTIC
from handsign.normalise import BODY, REACH, normaliser
from handsign.practice import PracticeSigner
from handsign.takes import read

FOUND = 2 * len(BODY)
HAND = 63


@pytest.fixture(scope="module")
def window():
    """(1, 30, 1662) of a practice signer with both hands in the picture."""
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
    """The same person elsewhere in the picture and nearer or farther."""
    new = window.copy()
    for part in HOLISTIC.parts:
        points = HOLISTIC.view(new, part.name)
        there = points.any(axis=(-1, -2), keepdims=True)
        points[..., :3] *= scale
        points[..., :2] += np.array([x, y]) * there
    return new


def test_place_and_distance_do_not_matter(normalise, window):
    np.testing.assert_allclose(normalise(moved(window, 0.6, 0.3, 0.2)), normalise(window), atol=5e-5)


def test_movement_does(normalise, window):
    raised = window.copy()
    wrist = HOLISTIC.parts[0].names.index("right_wrist")
    HOLISTIC.view(raised, "pose")[:, 15:, wrist, 1] -= 0.1
    difference = np.abs(normalise(raised) - normalise(window))[0].max(axis=1)
    assert difference[:15].max() == 0
    assert difference[15:].min() > 0.05


def test_the_face_is_dropped_and_the_width_stays(normalise, window):
    without = window.copy()
    HOLISTIC.view(without, "face")[...] = 0
    found = normalise(window)
    np.testing.assert_array_equal(normalise(without), found)
    assert found.shape == window.shape
    assert not found[..., FOUND + 2 * HAND :].any()
    assert np.abs(found).max() <= REACH


def test_without_padding_it_is_the_same(normalise, window):
    narrow = normaliser(30, pad=False).predict_on_batch(window.astype(np.float32))
    assert narrow.shape == (1, 30, FOUND + 2 * HAND) == (1, 30, 152)
    np.testing.assert_array_equal(narrow, normalise(window)[..., :152])


def test_what_is_missing_is_zero(normalise, window):
    without = window.copy()
    HOLISTIC.view(without, "left_hand")[...] = 0
    found = normalise(without)
    assert not found[..., FOUND : FOUND + HAND].any()
    np.testing.assert_array_equal(found[..., FOUND + HAND :], normalise(window)[..., FOUND + HAND :])
    assert not normalise(np.zeros_like(window)).any()


def test_a_frame_without_a_hand_takes_its_neighbours(normalise, window):
    still = np.repeat(window[:, :1], 30, axis=1)
    gap = still.copy()
    HOLISTIC.view(gap, "right_hand")[:, 12] = 0
    np.testing.assert_allclose(normalise(gap), normalise(still), atol=1e-5)


def test_real_takes_are_finite_and_bounded(normalise, shared):
    sign = tasks.load("sign")
    for take in list(read(shared("house_no_yes"), sign))[::10]:
        found = normalise(take.samples[None])
        assert np.isfinite(found).all()
        assert np.abs(found).max() <= REACH


@pytest.mark.parametrize("network", ["", "conv"])
def test_keras_alone_opens_a_model_with_it(tmp_path, window, network):
    sign = tasks.load("sign").variant(network) if network else tasks.load("sign")
    lean = sign.build((30, 1662), ["a", "b", "c"])
    model = sign.finish(lean)
    bundle.save(model, tmp_path / "action.h5", bundle.describe(sign, ["a", "b", "c"], 30.0), lean)
    assert sum(path.stat().st_size for path in bundle.paths(tmp_path / "action.h5")[::3]) < 5 * 2**20
    np.save(tmp_path / "window.npy", window)
    code = (
        "import keras, numpy, sys; x = numpy.load('window.npy');"
        "numpy.save('answer.npy', keras.models.load_model('action.h5', compile=False).predict_on_batch(x));"
        "assert not any(name.startswith('handsign') for name in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True, capture_output=True)
    loaded = bundle.Bundle.load(tmp_path / "action.h5", sign)
    answer = np.load(tmp_path / "answer.npy")
    np.testing.assert_allclose(answer, model.predict_on_batch(window), atol=1e-6)
    np.testing.assert_allclose(loaded.predict(window), answer, atol=1e-5)

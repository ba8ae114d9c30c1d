"""Metrics of predicted frames, and the baselines."""

import numpy as np
import pytest

from handsign.tasks.nextframe import metrics

RNG = np.random.default_rng(0)


def box(*corners, side=24):
    """Films (1, len(corners), side, side, 1) of a bright box of 6 x 6 with these upper left corners."""
    film = np.zeros((1, len(corners), side, side, 1), np.float32)
    for picture, (row, column) in zip(film[0], corners, strict=True):
        picture[max(row, 0) : max(row + 6, 0), max(column, 0) : max(column + 6, 0)] = 1
    return film


def test_a_perfect_prediction_has_the_best_metrics():
    y_true = box((3, 4), (9, 9))
    found = metrics.frame_metrics(y_true, y_true)
    assert {name: values.shape for name, values in found.items()} == dict.fromkeys(metrics.METRICS, (1, 2))
    for name, right in {"bce": 0, "mse": 0, "iou": 1, "ssim": 1}.items():
        np.testing.assert_allclose(found[name], right, atol=1e-6)


def test_cross_entropy_is_that_of_keras():
    import keras

    y_true, y_pred = RNG.random((2, 3, 9, 9, 1)).round(), RNG.random((2, 3, 9, 9, 1))
    y_pred[0, 0] = 1 - y_true[0, 0]  # as wrong as can be
    expected = keras.losses.binary_crossentropy(y_true.reshape(2, 3, -1), y_pred.reshape(2, 3, -1))
    np.testing.assert_allclose(metrics.frame_metrics(y_pred, y_true)["bce"], expected, rtol=1e-4)


def test_similarity_falls_with_noise_and_does_not_depend_on_the_order_of_axes():
    y_true = np.repeat(box((3, 4)), 3, axis=1)
    scale = np.array([0, 0.05, 0.3], np.float32)[:, None, None, None]
    y_pred = y_true + RNG.normal(0, 1, y_true.shape).astype(np.float32) * scale
    ssim = metrics.frame_metrics(y_pred, y_true)["ssim"][0]
    assert ssim[0] > ssim[1] > ssim[2]
    np.testing.assert_allclose(metrics.frame_metrics(y_pred.swapaxes(0, 1), y_true.swapaxes(0, 1))["ssim"][:, 0], ssim)


def test_overlap_counts_the_pixels_lit_in_both():
    iou = metrics.frame_metrics(box((0, 0), (0, 0), (0, 0)), box((0, 0), (0, 3), (12, 12)))["iou"]
    np.testing.assert_allclose(iou, [[1, 18 / 54, 0]])
    dark = np.zeros((1, 1, 8, 8, 1), np.float32)
    assert metrics.frame_metrics(dark, dark)["iou"] == 1
    assert metrics.frame_metrics(dark + 0.5, dark)["iou"] == 1


def test_copy_last_repeats_the_last_frame():
    film = RNG.random((2, 3, 5, 5, 1))
    np.testing.assert_array_equal(metrics.copy_last(film, 2), film[:, [2, 2]])


@pytest.mark.parametrize("step", [(0, 1), (1, 0), (-1, 1), (1, -1)])
def test_constant_velocity_moves_on_and_out_of_the_frame(step):
    path = [(9 + step[0] * t, 9 + step[1] * t) for t in range(24)]
    film = box(*path)
    y_pred = metrics.constant_velocity(film[:, :2], 22)
    iou = metrics.frame_metrics(y_pred, film[:, 2:])["iou"][0]
    assert iou[:4].min() > 0.85
    assert iou[:10].mean() > 0.7
    assert iou[-1] == 1  # gone
    assert not y_pred[0, -1].any()


def test_constant_velocity_of_a_single_frame_is_zero():
    film = box((3, 3))
    np.testing.assert_array_equal(metrics.constant_velocity(film, 2), film[:, [0, 0]])


def test_rollouts_are_compared_with_the_frames_after_the_context():
    film = box(*[(t, t) for t in range(9)])
    films, following = film[:, :-1], film[:, 1:]

    def oracle(context, steps):
        return film[:, context.shape[1] : context.shape[1] + steps]

    rollouts = {"oracle": oracle, "copy_last": metrics.copy_last}
    one_step = {"oracle": lambda films: following, "copy_last": metrics.step_by_step(metrics.copy_last)}
    found = metrics.compare(one_step, rollouts, films, following, n_context=3)
    assert found["oracle"]["iou_rollout"] == [1.0] * 6
    assert found["oracle"]["iou_one_step"] == 1
    np.testing.assert_allclose(found["copy_last"]["iou_rollout"], [25 / 47, 16 / 56, 9 / 63, 4 / 68, 1 / 71, 0])
    assert found["copy_last"]["iou_one_step"] == pytest.approx(25 / 47)
    assert len(metrics.compare(one_step, rollouts, films, following, 3, 2)["oracle"]["ssim_rollout"]) == 2

"""Measures of predicted pictures, and those who predict without having learned."""

import numpy as np
import pytest

from handsign import pictures

RNG = np.random.default_rng(0)


def box(*corners, side=24):
    """Films (1, len(corners), side, side, 1) of a bright box of 6 x 6 with these upper left corners."""
    film = np.zeros((1, len(corners), side, side, 1), np.float32)
    for picture, (row, column) in zip(film[0], corners, strict=True):
        picture[max(row, 0) : max(row + 6, 0), max(column, 0) : max(column + 6, 0)] = 1
    return film


def test_what_is_right_is_measured_as_right():
    came = box((3, 4), (9, 9))
    found = pictures.measure(came, came)
    assert {name: values.shape for name, values in found.items()} == dict.fromkeys(pictures.MEASURES, (1, 2))
    for name, right in {"bce": 0, "mse": 0, "iou": 1, "ssim": 1}.items():
        np.testing.assert_allclose(found[name], right, atol=1e-6)


def test_cross_entropy_is_that_of_keras():
    import keras

    came, said = RNG.random((2, 3, 9, 9, 1)).round(), RNG.random((2, 3, 9, 9, 1))
    said[0, 0] = 1 - came[0, 0]  # as wrong as can be
    expected = keras.losses.binary_crossentropy(came.reshape(2, 3, -1), said.reshape(2, 3, -1))
    np.testing.assert_allclose(pictures.measure(said, came)["bce"], expected, rtol=1e-4)


def test_similarity_falls_with_noise_and_not_with_how_the_films_are_stacked():
    came = np.repeat(box((3, 4)), 3, axis=1)
    said = (
        came
        + RNG.normal(0, 1, came.shape).astype(np.float32) * np.array([0, 0.05, 0.3], np.float32)[:, None, None, None]
    )
    ssim = pictures.measure(said, came)["ssim"][0]
    assert ssim[0] > ssim[1] > ssim[2]
    np.testing.assert_allclose(pictures.measure(said.swapaxes(0, 1), came.swapaxes(0, 1))["ssim"][:, 0], ssim)


def test_overlap_counts_what_is_lit_in_both():
    iou = pictures.measure(box((0, 0), (0, 0), (0, 0)), box((0, 0), (0, 3), (12, 12)))["iou"]
    np.testing.assert_allclose(iou, [[1, 18 / 54, 0]])
    dark = np.zeros((1, 1, 8, 8, 1), np.float32)
    assert pictures.measure(dark, dark)["iou"] == 1
    assert pictures.measure(dark + 0.5, dark)["iou"] == 1


def test_copying_repeats_the_last():
    film = RNG.random((2, 3, 5, 5, 1))
    np.testing.assert_array_equal(pictures.copy_last(film, 2), film[:, [2, 2]])


@pytest.mark.parametrize("step", [(0, 1), (1, 0), (-1, 1), (1, -1)])
def test_what_moves_evenly_goes_on_and_out_of_the_picture(step):
    path = [(9 + step[0] * t, 9 + step[1] * t) for t in range(24)]
    film = box(*path)
    said = pictures.constant_velocity(film[:, :2], 22)
    iou = pictures.measure(said, film[:, 2:])["iou"][0]
    assert iou[:4].min() > 0.85
    assert iou[:10].mean() > 0.7
    assert iou[-1] == 1  # gone
    assert not said[0, -1].any()


def test_one_picture_alone_moves_nowhere():
    film = box((3, 3))
    np.testing.assert_array_equal(pictures.constant_velocity(film, 2), film[:, [0, 0]])


def test_scores_ask_for_what_comes_after_what_was_given():
    film = box(*[(t, t) for t in range(9)])
    films, following = film[:, :-1], film[:, 1:]

    def knows(seen, steps):
        return film[:, seen.shape[1] : seen.shape[1] + steps]

    ahead = {"knows": knows, "copy_last": pictures.copy_last}
    follow = {"knows": lambda films: following, "copy_last": pictures.each(pictures.copy_last)}
    found = pictures.scores(follow, ahead, films, following, given=3)
    assert found["knows"]["iou_rollout"] == [1.0] * 6
    assert found["knows"]["iou_one_step"] == 1
    np.testing.assert_allclose(found["copy_last"]["iou_rollout"], [25 / 47, 16 / 56, 9 / 63, 4 / 68, 1 / 71, 0])
    assert found["copy_last"]["iou_one_step"] == pytest.approx(25 / 47)
    assert len(pictures.scores(follow, ahead, films, following, 3, 2)["knows"]["ssim_rollout"]) == 2

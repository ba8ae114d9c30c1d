"""People who are not there: their movements look like movements, are their own, and are called synthetic."""

from __future__ import annotations

import numpy as np
import pytest

from handsign.keypoints import HOLISTIC
from handsign.paths import CANVAS, SYNTHETIC, _along, fingertip, move, person, synthetic

PEOPLE = range(6)


def speeds(samples, times):
    """Canvas widths a second, and when."""
    way = np.diff(samples, axis=0) * (1, CANVAS[1] / CANVAS[0])
    return np.linalg.norm(way, axis=1) / np.diff(times)


@pytest.fixture(scope="module")
def moved():
    return {seed: move(person(seed), 30.0, np.random.default_rng(seed)) for seed in PEOPLE}


@pytest.mark.parametrize("seed", PEOPLE)
def test_a_path_is_points_on_the_canvas_at_times_that_grow(moved, seed):
    samples, times, pressed = moved[seed]
    assert (samples.shape, samples.dtype, pressed.dtype) == ((3600, 2), np.float32, bool)
    assert samples.min() >= 0
    assert samples.max() <= 1
    assert (np.diff(times) > 0).all()
    assert times[-1] == pytest.approx(30, abs=0.05)


def test_the_same_seed_moves_alike_and_another_does_not(moved):
    again = move(person(0), 30.0, np.random.default_rng(0))
    assert all(np.array_equal(a, b) for a, b in zip(moved[0], again, strict=True))
    assert not np.array_equal(moved[0][0], moved[1][0])
    assert person(0) == person(0) != person(1)


@pytest.mark.parametrize("seed", PEOPLE)
def test_it_moves_rests_and_clicks_as_people_do(moved, seed):
    samples, times, pressed = moved[seed]
    speed = speeds(samples, times)
    assert 0.05 < (speed == 0).mean() < 0.7, "rests"
    assert 0.5 < np.quantile(speed, 0.99) < 5, "canvas widths a second"
    downs = np.flatnonzero(np.diff(pressed.astype(int)) == 1)
    assert len(downs) > 1
    assert np.mean([speed[max(0, i - 3) : i + 3].mean() for i in downs]) < speed.mean(), "clicks where it stops"


def test_pixels_are_whole():
    samples, _, _ = move(person(3), 5.0, np.random.default_rng(0), canvas=(640, 480))
    pixels = samples * (639, 479)
    assert pixels == pytest.approx(pixels.round(), abs=1e-3)


def test_minimum_jerk_comes_to_rest_and_is_half_way_when_it_should():
    done = np.linspace(0, 1, 1001)
    for early in (0.36, 0.42, 0.5):
        along = _along(done, early)
        speed = np.gradient(along, done)
        assert (along[0], along[-1]) == (0, 1)
        assert (speed >= 0).all()
        assert speed[[0, -1]] == pytest.approx([0, 0], abs=0.02)
        assert along[round(early * 1000)] == pytest.approx(0.5)
        assert done[speed.argmax()] <= early
    assert _along(done, 0.5) == pytest.approx(10 * done**3 - 15 * done**4 + 6 * done**5)


def test_people_differ_more_than_their_recordings():
    def habits(seed, take):
        samples, times, _ = move(person(seed), 60.0, np.random.default_rng([seed, take]))
        speed = speeds(samples, times)
        return np.array([np.median(speed[speed > 0.05]), (speed == 0).mean()])

    found = np.array([[habits(seed, take) for take in range(3)] for seed in PEOPLE])
    within, between = found.std(axis=1).mean(axis=0), found.mean(axis=1).std(axis=0)
    assert (between > within).all()


def test_a_recording_says_that_it_is_synthetic():
    take = synthetic(4, 500)
    assert take.samples.shape == (500, 2)
    assert take.times[0] == 0
    assert take.info.rate == 60
    assert take.info.frame_size == CANVAS
    for name in (take.info.signer, take.info.source, take.info.extractor):
        assert name.startswith(SYNTHETIC)


def test_the_fingertip_is_that_of_the_right_hand_else_the_left_else_nothing():
    both = {"left_hand": np.full((3, 21, 3), 0.2), "right_hand": np.full((3, 21, 3), 0.7)}
    both["right_hand"][:, 8] = 0.9
    samples = HOLISTIC.assemble(both)
    samples[1, HOLISTIC.slices["right_hand"]] = 0
    samples[2] = 0
    assert fingertip(samples) == pytest.approx(np.array([[0.9, 0.9], [0.2, 0.2], [0, 0]]))
    samples[0, HOLISTIC.slices["right_hand"]] = 1.4
    assert fingertip(samples[0]).tolist() == [1, 1], "outside of the picture"

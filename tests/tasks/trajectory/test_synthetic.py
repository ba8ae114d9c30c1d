"""Synthetic movements: plausible, individual, reproducible and marked as synthetic."""

from __future__ import annotations

import numpy as np
import pytest

from handsign.landmarks.holistic import HOLISTIC, fingertip
from handsign.tasks.trajectory.synthetic import CANVAS, SYNTHETIC, minimum_jerk, random_person, simulate, synthetic_take

PEOPLE = range(6)


def speeds(samples, times):
    """Speeds (T - 1,) in canvas widths per second."""
    way = np.diff(samples, axis=0) * (1, CANVAS[1] / CANVAS[0])
    return np.linalg.norm(way, axis=1) / np.diff(times)


@pytest.fixture(scope="module")
def moved():
    return {seed: simulate(random_person(seed), 30.0, np.random.default_rng(seed)) for seed in PEOPLE}


@pytest.mark.parametrize("seed", PEOPLE)
def test_a_path_stays_on_the_canvas_at_increasing_times(moved, seed):
    samples, times, pressed = moved[seed]
    assert (samples.shape, samples.dtype, pressed.dtype) == ((3600, 2), np.float32, bool)
    assert samples.min() >= 0
    assert samples.max() <= 1
    assert (np.diff(times) > 0).all()
    assert times[-1] == pytest.approx(30, abs=0.05)


def test_the_same_seed_gives_the_same_movement(moved):
    again = simulate(random_person(0), 30.0, np.random.default_rng(0))
    assert all(np.array_equal(a, b) for a, b in zip(moved[0], again, strict=True))
    assert not np.array_equal(moved[0][0], moved[1][0])
    assert random_person(0) == random_person(0) != random_person(1)


@pytest.mark.parametrize("seed", PEOPLE)
def test_movements_rests_and_clicks_are_plausible(moved, seed):
    samples, times, pressed = moved[seed]
    speed = speeds(samples, times)
    assert 0.05 < (speed == 0).mean() < 0.7, "rests"
    assert 0.5 < np.quantile(speed, 0.99) < 5, "canvas widths per second"
    downs = np.flatnonzero(np.diff(pressed.astype(int)) == 1)
    assert len(downs) > 1
    assert np.mean([speed[max(0, i - 3) : i + 3].mean() for i in downs]) < speed.mean(), "clicks happen at stops"


def test_positions_are_whole_pixels():
    samples, _, _ = simulate(random_person(3), 5.0, np.random.default_rng(0), canvas=(640, 480))
    pixels = samples * (639, 479)
    assert pixels == pytest.approx(pixels.round(), abs=1e-3)


def test_minimum_jerk_ends_at_rest_and_is_half_way_at_its_midpoint():
    done = np.linspace(0, 1, 1001)
    for midpoint in (0.36, 0.42, 0.5):
        along = minimum_jerk(done, midpoint)
        speed = np.gradient(along, done)
        assert (along[0], along[-1]) == (0, 1)
        assert (speed >= 0).all()
        assert speed[[0, -1]] == pytest.approx([0, 0], abs=0.02)
        assert along[round(midpoint * 1000)] == pytest.approx(0.5)
        assert done[speed.argmax()] <= midpoint
    assert minimum_jerk(done, 0.5) == pytest.approx(10 * done**3 - 15 * done**4 + 6 * done**5)


def test_habits_vary_more_between_people_than_within():
    def habits(seed, take):
        samples, times, _ = simulate(random_person(seed), 60.0, np.random.default_rng([seed, take]))
        speed = speeds(samples, times)
        return np.array([np.median(speed[speed > 0.05]), (speed == 0).mean()])

    found = np.array([[habits(seed, take) for take in range(3)] for seed in PEOPLE])
    within, between = found.std(axis=1).mean(axis=0), found.mean(axis=1).std(axis=0)
    assert (between > within).all()


def test_a_take_is_marked_as_synthetic():
    take = synthetic_take(4, 500)
    assert take.samples.shape == (500, 2)
    assert take.times[0] == 0
    assert take.info.rate == 60
    assert take.info.frame_size == CANVAS
    for name in (take.info.signer, take.info.source, take.info.extractor):
        assert name.startswith(SYNTHETIC)


def test_the_fingertip_is_that_of_the_right_hand_else_the_left_else_zeros():
    both = {"left_hand": np.full((3, 21, 3), 0.2), "right_hand": np.full((3, 21, 3), 0.7)}
    both["right_hand"][:, 8] = 0.9
    samples = HOLISTIC.assemble(both)
    samples[1, HOLISTIC.slices["right_hand"]] = 0
    samples[2] = 0
    assert fingertip(samples) == pytest.approx(np.array([[0.9, 0.9], [0.2, 0.2], [0, 0]]))
    samples[0, HOLISTIC.slices["right_hand"]] = 1.4
    assert fingertip(samples[0]).tolist() == [1, 1], "outside the image"

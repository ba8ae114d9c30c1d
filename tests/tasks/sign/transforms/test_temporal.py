"""Transforms in time."""

from __future__ import annotations

import numpy as np
import pytest
from bodies import make_window

from handsign.landmarks.holistic import HOLISTIC
from handsign.tasks.sign.augment import AugmentConfig
from handsign.tasks.sign.transforms.hands import drop_part
from handsign.tasks.sign.transforms.spatial import mirror
from handsign.tasks.sign.transforms.temporal import partial_gesture, retime, slow_camera, warped_times


@pytest.fixture
def window():
    return make_window()


class TestRetime:
    def test_the_defaults_change_nothing(self, window):
        np.testing.assert_array_equal(warped_times(30), np.arange(30))
        np.testing.assert_array_equal(retime(window, HOLISTIC, warped_times(30)), window)
        np.testing.assert_allclose(slow_camera(window, HOLISTIC, 30), window, atol=1e-6)

    def test_shift_and_speed(self):
        np.testing.assert_allclose(warped_times(30, shift=0.2), np.arange(30) + 6)
        np.testing.assert_allclose(np.diff(warped_times(30, speed=1.25)), 1.25)
        assert np.isclose(warped_times(30, speed=1.25).mean(), 14.5)

    @pytest.mark.parametrize("phase", np.linspace(0, 6, 7))
    def test_times_increase(self, phase):
        c = AugmentConfig()
        assert (np.diff(warped_times(30, -c.shift, np.exp(-c.speed), c.bend, phase)) > 0).all()

    def test_the_first_and_last_samples_are_repeated(self, window):
        late = retime(window, HOLISTIC, np.arange(30) + 6)
        np.testing.assert_array_equal(late[:24], window[6:])
        np.testing.assert_array_equal(late[24:], np.repeat(window[-1:], 6, axis=0))

    @pytest.mark.parametrize("frames", [1, 2, 8, 23])
    def test_a_hand_is_not_interpolated_with_a_missing_one(self, window, frames):
        hand = HOLISTIC.view(slow_camera(window, HOLISTIC, frames, 0.4), "left_hand")[..., :2]
        there = HOLISTIC.view(window[12:], "left_hand")[..., :2]
        found = hand.any(axis=(1, 2))
        assert found.any()
        assert (hand[found] >= there.min(axis=0) - 1e-6).all()
        assert not hand[~found].any()

    def test_a_slow_camera_misses_quick_movement(self, window):
        quick = window.copy()
        quick[::2] += 0.1
        slow = slow_camera(quick, HOLISTIC, 15)
        assert np.abs(np.diff(slow[:, 0])).mean() < np.abs(np.diff(quick[:, 0])).mean() / 2


class TestPartialGesture:
    @pytest.fixture
    def rest(self, window):
        """Another body, without hands."""
        return drop_part(drop_part(mirror(window) + 0.01, HOLISTIC, "left_hand", 0, 30), HOLISTIC, "right_hand", 0, 30)

    @pytest.mark.parametrize("ending", [False, True])
    def test_a_gesture_shown_whole_is_the_window(self, window, rest, ending):
        np.testing.assert_array_equal(partial_gesture(window, rest, 1.0, ending), window)

    def test_a_gesture_not_shown_is_rest_and_the_transition(self, window, rest):
        np.testing.assert_allclose(partial_gesture(window, rest, 0.0, False)[:24], rest[6:], atol=1e-6)
        np.testing.assert_allclose(partial_gesture(window, rest, 0.0, True)[6:], rest[:24], atol=1e-6)

    def test_rest_comes_before_a_beginning_and_after_an_ending(self, window, rest):
        beginning, ending = (partial_gesture(window, rest, 0.5, end) for end in (False, True))
        np.testing.assert_allclose(beginning[:9], rest[-9:], atol=1e-6)
        np.testing.assert_array_equal(beginning[15:], window[:15])
        np.testing.assert_array_equal(ending[:15], window[15:])
        np.testing.assert_allclose(ending[21:], rest[:9], atol=1e-6)

    def test_the_transition_between_postures_is_linear(self, window, rest):
        transition = partial_gesture(window, rest, 0.5, True)[14:22, HOLISTIC.slices["pose"]]
        np.testing.assert_allclose(
            np.diff(transition, axis=0), np.diff(transition[[0, -1]], axis=0).repeat(7, axis=0) / 7, atol=1e-5
        )

    def test_a_hand_is_not_interpolated_with_a_missing_one(self, window, rest):
        hand = HOLISTIC.view(partial_gesture(window, rest, 0.5, True), "right_hand")
        last = HOLISTIC.view(window, "right_hand")[-1]
        found = hand[15:].any(axis=(1, 2))
        assert found.tolist() == [True] * 3 + [False] * 12
        np.testing.assert_array_equal(hand[15:18], np.stack([last] * 3))

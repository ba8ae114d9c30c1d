"""Transforms in space."""

from __future__ import annotations

import numpy as np
import pytest
from bodies import PARTS, bone_lengths, found_parts, landmark, make_window

from handsign.landmarks.holistic import HOLISTIC, POSE_NAMES
from handsign.tasks.sign.transforms.body import ANCHORS, ASPECT, HANDS
from handsign.tasks.sign.transforms.hands import drop_part
from handsign.tasks.sign.transforms.spatial import add_noise, change_proportions, change_view, mirror


@pytest.fixture
def window():
    return make_window()


class TestMirror:
    def test_twice_is_as_before(self, window):
        np.testing.assert_allclose(mirror(mirror(window)), window, atol=1e-6)

    def test_left_becomes_right(self, window):
        mirrored = mirror(window)
        for left, right in (("left_elbow", "right_elbow"), ("mouth_left", "mouth_right"), ("nose", "nose")):
            before, after = landmark(window, "pose", left), landmark(mirrored, "pose", right)
            np.testing.assert_allclose(after[:, 0], 1 - before[:, 0], atol=1e-6)
            np.testing.assert_array_equal(after[:, 1:], before[:, 1:])
        before, after = HOLISTIC.view(window, "left_hand"), HOLISTIC.view(mirrored, "right_hand")
        np.testing.assert_allclose(after[12:, :, 0], 1 - before[12:, :, 0], atol=1e-6)
        np.testing.assert_array_equal(after[..., 1:], before[..., 1:])

    def test_a_missing_hand_is_missing_on_the_other_side(self, window):
        np.testing.assert_array_equal(found_parts(mirror(window)), found_parts(window)[[0, 1, 3, 2]])


class TestChangeView:
    def test_the_defaults_change_nothing(self, window):
        np.testing.assert_allclose(change_view(window), window, atol=1e-6)

    def test_shift_and_scale(self, window):
        moved = change_view(window, scale=1.2, shift=(0.1, -0.05))
        right, moved_right = HOLISTIC.view(window, "right_hand"), HOLISTIC.view(moved, "right_hand")
        expected = 0.5 + 1.2 * (right[..., :2] - 0.5) + (0.1, -0.05)
        np.testing.assert_allclose(moved_right[..., :2], expected, atol=1e-5)
        np.testing.assert_allclose(moved_right[..., 2], 1.2 * right[..., 2], atol=1e-5)

    @pytest.mark.parametrize("turn", [{"yaw": 0.26}, {"yaw": -0.26}, {"roll": 0.1}, {"yaw": 0.2, "roll": -0.1}])
    def test_bones_keep_their_lengths(self, window, turn):
        np.testing.assert_allclose(bone_lengths(change_view(window, **turn)), bone_lengths(window), rtol=1e-4)
        np.testing.assert_allclose(
            bone_lengths(change_view(window, scale=0.8, **turn)), 0.8 * bone_lengths(window), rtol=1e-4
        )

    @pytest.mark.parametrize("yaw", [0.26, -0.26])
    def test_hands_stay_on_their_wrists(self, window, yaw):
        moved = change_view(window, yaw=yaw, roll=0.1, scale=1.1)
        for hand in HANDS:
            there = HOLISTIC.present(window, hand)
            wrist, own = (landmark(moved, part, name) for part, name in (("pose", ANCHORS[hand]), (hand, "wrist")))
            np.testing.assert_allclose(own[there, :2], wrist[there, :2], atol=1e-5)
            np.testing.assert_allclose(own[:, 2], 0, atol=1e-6)

    def test_positive_yaw_turns_the_front_to_the_left(self, window):
        pose = HOLISTIC.view(window, "pose")
        pose[:, 0, :3] = 0.5, 0.3, -1.2
        assert (landmark(change_view(window, yaw=0.2), "pose", "nose")[:, 0] < 0.5).all()


class TestChangeProportions:
    def test_the_defaults_change_nothing(self, window):
        new = change_proportions(window)
        np.testing.assert_allclose(new, window, atol=1e-6)
        assert not np.shares_memory(new, window)

    def test_missing_parts_stay_missing_and_the_input_is_not_written_to(self, window):
        before = window.copy()
        window[5:9, HOLISTIC.slices["pose"]] = before[5:9, HOLISTIC.slices["pose"]] = 0
        new = change_proportions(window, HOLISTIC, 1.2, 1.15, 0.8)
        np.testing.assert_array_equal(found_parts(new), found_parts(window))
        np.testing.assert_array_equal(window, before)

    @pytest.mark.parametrize(("change", "axis"), [({"height": 1.2}, 1), ({"depth": 0.7}, 2)])
    def test_heights_and_depths(self, window, change, axis):
        new, middle = change_proportions(window, **change), (0, 0.5, 0)[axis]
        for part in PARTS:
            there = HOLISTIC.present(window, part)
            expected, got = (HOLISTIC.view(samples, part)[there].copy() for samples in (window, new))
            expected[..., axis] = middle + (expected[..., axis] - middle) * next(iter(change.values()))
            np.testing.assert_allclose(got, expected, atol=1e-6)

    @pytest.mark.parametrize("factor", [1.15, 0.85])
    def test_arms_are_longer_and_nothing_else(self, window, factor):
        new = change_proportions(window, arms=factor)
        for side in ("left", "right"):
            before, after = (landmark(of, "pose", f"{side}_shoulder")[:, :3] for of in (window, new))
            np.testing.assert_allclose(after, before, atol=1e-6)
            for joint in ("elbow", "wrist", "pinky", "index", "thumb"):
                reach, longer = (landmark(of, "pose", f"{side}_{joint}")[:, :3] - before for of in (window, new))
                np.testing.assert_allclose(longer, factor * reach, atol=1e-5)
        others = [i for i in range(len(POSE_NAMES)) if not 13 <= i <= 22]
        unmoved = [HOLISTIC.view(of, "pose")[:, others] for of in (new, window)]
        np.testing.assert_allclose(*unmoved, atol=1e-6)
        np.testing.assert_array_equal(HOLISTIC.view(new, "pose")[..., 3], HOLISTIC.view(window, "pose")[..., 3])
        np.testing.assert_allclose(*(HOLISTIC.view(of, "face") for of in (new, window)), atol=1e-6)

    def test_hands_stay_on_their_wrists_and_keep_their_shape(self, window):
        new = change_proportions(window, height=1.2, arms=1.15)
        for hand in HANDS:
            there = HOLISTIC.present(window, hand)
            own, wrist = (landmark(new, p, n)[there, :2] for p, n in ((hand, "wrist"), ("pose", ANCHORS[hand])))
            np.testing.assert_allclose(own, wrist, atol=1e-5)
            before, after = (HOLISTIC.view(of, hand)[there, :, :2] for of in (window, new))
            shape = (before - before[:, :1]) * (1, 1.2)
            np.testing.assert_allclose(after - after[:, :1], shape, atol=1e-5)

    def test_without_a_pose_hands_stay(self, window):
        without = drop_part(window, HOLISTIC, "pose", 0, 30)
        np.testing.assert_allclose(change_proportions(without, arms=1.15), without, atol=1e-6)
        layout = HOLISTIC.pick(*HANDS)
        hands = HOLISTIC.narrow(window, *HANDS)
        np.testing.assert_allclose(change_proportions(hands, layout, arms=1.15), hands, atol=1e-6)


class TestAddNoise:
    def test_noise_has_its_standard_deviation_and_correlation(self):
        window = np.ones((400, HOLISTIC.size), np.float32)
        noise = HOLISTIC.view(add_noise(window, HOLISTIC, 0.01, np.random.default_rng(0)) - window, "pose")
        np.testing.assert_allclose(noise.std(axis=(0, 1)), [0.01, 0.01 / ASPECT, 0.01, 0], rtol=0.05)
        assert 0.4 < np.corrcoef(noise[1:, :, 0].ravel(), noise[:-1, :, 0].ravel())[0, 1] < 0.6

    def test_a_face_has_none(self, window):
        shaken = add_noise(window, HOLISTIC, 0.01, np.random.default_rng(0))
        np.testing.assert_array_equal(HOLISTIC.view(shaken, "face"), HOLISTIC.view(window, "face"))

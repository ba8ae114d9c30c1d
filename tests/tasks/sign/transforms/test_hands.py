"""Transforms of arms and hands."""

from __future__ import annotations

import numpy as np
import pytest
from bodies import landmark, make_window

from handsign.landmarks.holistic import HAND_NAMES, HOLISTIC, POSE_NAMES
from handsign.tasks.sign.transforms.body import ARM, ASPECT
from handsign.tasks.sign.transforms.hands import add_idle_hand, copy_arm, drop_part, fold_finger, move_idle_arm
from handsign.tasks.sign.transforms.spatial import change_view, mirror


@pytest.fixture
def window():
    return make_window()


class TestCopyArm:
    @pytest.fixture
    def other(self, window):
        """Another body, whose right hand is not always found."""
        return change_view(mirror(window), shift=(0.05, 0.02))

    def test_it_is_attached_to_the_shoulder_and_scaled_to_the_body(self, window, other):
        half = other.copy()
        HOLISTIC.view(half, "pose")[..., :3] = (HOLISTIC.view(other, "pose")[..., :3] - 0.5) / 2 + 0.5
        for source in (other, half):
            new = copy_arm(window, source, "right")
            for joint in ("elbow", "wrist", "pinky"):
                arm, expected = (
                    landmark(w, "pose", f"right_{joint}") - landmark(w, "pose", "right_shoulder") for w in (new, other)
                )
                np.testing.assert_allclose(arm[:, :3], expected[:, :3], atol=1e-5)

    def test_the_hand_is_copied_and_nothing_else(self, window, other):
        new = copy_arm(window, other, "right")
        np.testing.assert_array_equal(HOLISTIC.present(new, "right_hand"), HOLISTIC.present(other, "right_hand"))
        copied, expected = (
            HOLISTIC.view(w, "right_hand")[..., :2] - landmark(w, "pose", "right_wrist")[:, None, :2]
            for w in (new, other)
        )
        found = HOLISTIC.present(other, "right_hand")
        np.testing.assert_allclose(copied[found], expected[found], atol=1e-5)
        for part in ("left_hand", "face"):
            np.testing.assert_array_equal(HOLISTIC.view(new, part), HOLISTIC.view(window, part))
        same = [i for i, name in enumerate(POSE_NAMES) if name not in {f"right_{joint}" for joint in ARM}]
        np.testing.assert_array_equal(HOLISTIC.view(new, "pose")[:, same], HOLISTIC.view(window, "pose")[:, same])

    def test_without_a_pose_nothing_changes(self, window):
        hands = HOLISTIC.pick("left_hand", "right_hand")
        some = HOLISTIC.narrow(window, "left_hand", "right_hand")
        np.testing.assert_array_equal(copy_arm(some, some[::-1], "right", hands), some)


class TestIdle:
    KEEP = np.ones(5)

    def test_it_fills_every_gap_with_one_shape_at_the_wrist(self, window):
        empty = drop_part(window, HOLISTIC, "left_hand", 3, 30)
        new = add_idle_hand(empty, HOLISTIC, "left_hand", 4, 0.3, self.KEEP)
        assert HOLISTIC.present(new, "left_hand").all()
        hand = HOLISTIC.view(new, "left_hand")
        wrist = landmark(window, "pose", "left_wrist")[:, :2]
        there = HOLISTIC.present(empty, "left_hand")
        np.testing.assert_allclose(hand[~there, 0, :2], wrist[~there], atol=1e-6)
        shape = hand[~there] - hand[~there][:, :1]
        np.testing.assert_allclose(shape, np.broadcast_to(shape[:1], shape.shape), atol=1e-5)
        for part in ("pose", "face", "right_hand"):
            np.testing.assert_array_equal(HOLISTIC.view(new, part), HOLISTIC.view(window, part))

    def test_its_shape_is_that_of_the_other_hand_mirrored_and_turned(self, window):
        empty = drop_part(window, HOLISTIC, "left_hand", 0, 30)
        other = HOLISTIC.view(window, "right_hand")[4]
        for turn in (0.0, 0.7):
            hand = HOLISTIC.view(add_idle_hand(empty, HOLISTIC, "left_hand", 4, turn, self.KEEP), "left_hand")[9]
            shape, mirrored = ((h - h[0])[:, :2] * (side, ASPECT) for h, side in ((hand, 1), (other, -1)))
            turned = mirrored @ [[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]]
            np.testing.assert_allclose(shape, turned, atol=1e-5)

    def test_fingers_are_shortened(self, window):
        empty = drop_part(window, HOLISTIC, "left_hand", 0, 30)
        keep = np.array([1, 0.5, 1, 1, 1])
        whole, short = (
            HOLISTIC.view(add_idle_hand(empty, HOLISTIC, "left_hand", 4, 0.3, k), "left_hand")[0]
            for k in (self.KEEP, keep)
        )
        changed = (np.abs(whole - short) > 1e-6).any(axis=1)
        assert [HAND_NAMES[i] for i in np.flatnonzero(changed)] == [f"index_finger_{j}" for j in ("pip", "dip", "tip")]
        np.testing.assert_allclose(short[8] - short[5], 0.5 * (whole[8] - whole[5]), atol=1e-6)

    def test_a_hand_that_was_found_and_its_arm_stay(self, window):
        few = drop_part(window, HOLISTIC, "left_hand", 20, 30)
        np.testing.assert_array_equal(add_idle_hand(few, HOLISTIC, "left_hand", 4, 0.3, self.KEEP), few)
        np.testing.assert_array_equal(move_idle_arm(few, HOLISTIC, "left_hand", (0.3, 0.2)), few)

    def test_an_idle_arm_is_moved(self, window):
        empty = drop_part(window, HOLISTIC, "left_hand", 3, 30)
        new = move_idle_arm(empty, HOLISTIC, "left_hand", (0.5, -0.2))
        width = np.abs(landmark(window, "pose", "left_shoulder") - landmark(window, "pose", "right_shoulder"))[0, 0]
        for joint, share in {"shoulder": 0, "elbow": 0.5, "wrist": 1, "thumb": 1, "hip": 0}.items():
            moved = (landmark(new, "pose", f"left_{joint}") - landmark(empty, "pose", f"left_{joint}"))[0]
            expected = share * width * np.array([0.5, -0.2 / ASPECT, 0, 0])
            np.testing.assert_allclose(moved, expected, atol=1e-6)
        assert not HOLISTIC.present(new, "left_hand").any()  # in three samples it had been found: by mistake
        for part in ("face", "right_hand"):
            np.testing.assert_array_equal(HOLISTIC.view(new, part), HOLISTIC.view(window, part))

    def test_without_the_other_hand_there_is_no_shape(self, window):
        none = drop_part(drop_part(window, HOLISTIC, "left_hand", 0, 30), HOLISTIC, "right_hand", 0, 30)
        np.testing.assert_array_equal(add_idle_hand(none, HOLISTIC, "left_hand", 4, 0.3, self.KEEP), none)


class TestDetection:
    def test_drop_part(self, window):
        dropped = drop_part(window, HOLISTIC, "right_hand", 5, 9)
        np.testing.assert_array_equal(~HOLISTIC.present(dropped, "right_hand"), np.isin(np.arange(30), range(5, 9)))
        np.testing.assert_array_equal(dropped[:, HOLISTIC.slices["pose"]], window[:, HOLISTIC.slices["pose"]])

    def test_only_the_folded_finger_moves_and_its_first_joint_stays(self, window):
        keep = np.where(np.arange(30) < 10, 0.3, 1.0)
        folded = HOLISTIC.view(fold_finger(window, HOLISTIC, "right_hand", 1, keep), "right_hand")
        hand = HOLISTIC.view(window, "right_hand")
        moved = (folded != hand).any(axis=(0, 2))
        assert [HAND_NAMES[i] for i in np.flatnonzero(moved)] == [f"index_finger_{j}" for j in ("pip", "dip", "tip")]
        np.testing.assert_allclose(folded[:10, 8] - folded[:10, 5], 0.3 * (hand[:10, 8] - hand[:10, 5]), atol=1e-6)
        np.testing.assert_allclose(folded[10:], hand[10:], atol=1e-6)

"""When the sign task lets the model be asked: by bodies made up here, and by every real window there is."""

import numpy as np
import pytest

from handsign import task as tasks
from handsign.goals import is_rest
from handsign.keypoints import HOLISTIC, POSE_NAMES
from handsign.practice import PracticeSigner
from handsign.takes import read
from handsign.windows import slide

SIGN = tasks.load("sign")


def pose(wrist=0.95, visibility=0.0, shoulders=0.4, hips=0.9):
    """(33, 4) somebody upright at heights given in image heights; both wrists at `wrist`."""
    found = np.full((33, 4), 0.5)
    found[:, 3] = 1.0
    for joint, y in (("shoulder", shoulders), ("hip", hips), ("wrist", wrist)):
        found[[POSE_NAMES.index(f"{side}_{joint}") for side in ("left", "right")], 1] = y
    found[[POSE_NAMES.index(f"{side}_wrist") for side in ("left", "right")], 3] = visibility
    return found


def hand(top):
    """(21, 3) a hand whose highest point is at `top`."""
    return np.column_stack([np.full(21, 0.4), top + np.linspace(0, 0.1, 21), np.zeros(21)])


def still(frames=30, **found):
    """A window (frames, 1662) in which nothing moves."""
    return np.repeat(HOLISTIC.assemble(found)[None], frames, axis=0)


class TestGate:
    def test_an_empty_room_is_closed(self):
        assert not SIGN.gate(still())

    def test_a_body_without_hands_is_closed(self):
        assert not SIGN.gate(still(pose=pose()))

    @pytest.mark.parametrize("side", ["left_hand", "right_hand"])
    @pytest.mark.parametrize(("top", "open_"), [(0.1, True), (0.4, True), (0.69, True), (0.71, False), (0.85, False)])
    def test_a_hand_held_still_is_something_where_it_is_up(self, side, top, open_):
        """Shoulders at 0.4 and hips at 0.9: the waist is at 0.7."""
        assert SIGN.gate(still(pose=pose(), **{side: hand(top)})) is open_

    @pytest.mark.parametrize("hips", [0.6, 0.9, 1.4])
    def test_how_far_away_somebody_is_does_not_matter(self, hips):
        for share, open_ in ((0.55, True), (0.65, False)):
            up = still(pose=pose(wrist=1.5, hips=hips), right_hand=hand(0.4 + share * (hips - 0.4)))
            assert SIGN.gate(up) is open_

    @pytest.mark.parametrize(
        ("wrist", "visibility", "open_"),
        [(0.5, 0.9, True), (0.5, 0.3, False), (0.8, 0.9, False)],
    )
    def test_an_arm_counts_where_its_hand_was_missed(self, wrist, visibility, open_):
        assert SIGN.gate(still(pose=pose(wrist, visibility))) is open_

    def test_an_arm_below_the_picture_does_not(self):
        assert not SIGN.gate(still(pose=pose(wrist=1.05, visibility=0.9, shoulders=0.9, hips=2.0)))

    @pytest.mark.parametrize(("frames", "open_"), [(2, False), (3, True)])
    def test_a_tenth_of_the_frames_is_enough(self, frames, open_):
        window = still(pose=pose())
        window[10 : 10 + frames] = still(frames, pose=pose(), right_hand=hand(0.3))
        assert SIGN.gate(window) is open_

    @pytest.mark.parametrize("body", [None, pose(shoulders=0.5, hips=0.5), pose(shoulders=0.9, hips=0.3)])
    def test_without_somebody_upright_any_hand_counts(self, body):
        assert SIGN.gate(still(pose=body, left_hand=hand(0.9)))

    def test_frames_without_a_person_do_not_move_the_waist(self):
        window = still(pose=pose(), right_hand=hand(0.8))
        window[:20] = 0
        assert not SIGN.gate(window)


@pytest.mark.parametrize(
    ("name", "most", "least"),
    [("asl_words", 0.0, 0.45), ("korean_13", 0.0, None), ("house_no_yes", 8 / 90, None)],
)
def test_no_real_sign_is_shut_out(shared, name, most, least):
    """In 8 takes of house_no_yes the hands stay below the picture's edge: there is nothing to recognise."""
    closed = {True: [], False: []}
    for take in read(shared(name), SIGN):
        for window in slide(take.samples, take.times, SIGN.window, SIGN.rate, SIGN.groups):
            closed[is_rest(take.info.action)].append(not SIGN.gate(window))
    assert np.mean(closed[False]) <= most
    assert least is None or np.mean(closed[True]) > least


def test_the_practice_signer_is_let_through_when_it_signs():
    source = PracticeSigner(0, signs=6)
    frames = [(frame.time, frame.sample) for frame in source]
    times, samples = np.array([at for at, _ in frames]), np.stack([sample for _, sample in frames])
    middles = [(start + end) / 2 for _, start, end in source.truth]
    signed = [np.searchsorted(times, middle) for middle in middles]
    assert all(SIGN.gate(samples[i - 15 : i + 15]) for i in signed)
    everywhere = [SIGN.gate(samples[i - 15 : i + 15]) for i in range(15, len(samples) - 15, 5)]
    assert not all(everywhere)

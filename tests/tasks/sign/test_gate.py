"""When the gate of the sign task opens: on constructed bodies, and on all windows of the real takes."""

import numpy as np
import pytest

from handsign import tasks
from handsign.capture.practice import PracticeSigner
from handsign.data.readers import read
from handsign.data.take import is_rest
from handsign.data.windows import slide
from handsign.landmarks.holistic import HOLISTIC, POSE_NAMES

SIGN = tasks.load("sign")


def pose(wrist=0.95, visibility=0.0, shoulders=0.4, hips=0.9):
    """A pose (33, 4) of an upright person; the heights (y) of shoulders, hips and both wrists in image heights."""
    found = np.full((33, 4), 0.5)
    found[:, 3] = 1.0
    for joint, y in (("shoulder", shoulders), ("hip", hips), ("wrist", wrist)):
        found[[POSE_NAMES.index(f"{side}_{joint}") for side in ("left", "right")], 1] = y
    found[[POSE_NAMES.index(f"{side}_wrist") for side in ("left", "right")], 3] = visibility
    return found


def hand(top):
    """A hand (21, 3) whose highest landmark is at y = `top`."""
    return np.column_stack([np.full(21, 0.4), top + np.linspace(0, 0.1, 21), np.zeros(21)])


def still(frames=30, **landmarks):
    """A window (frames, 1662) in which nothing moves."""
    return np.repeat(HOLISTIC.assemble(landmarks)[None], frames, axis=0)


class TestGate:
    def test_an_empty_room_is_closed(self):
        assert not SIGN.gate(still())

    def test_a_body_without_hands_is_closed(self):
        assert not SIGN.gate(still(pose=pose()))

    @pytest.mark.parametrize("side", ["left_hand", "right_hand"])
    @pytest.mark.parametrize(("top", "open_"), [(0.1, True), (0.4, True), (0.69, True), (0.71, False), (0.85, False)])
    def test_a_hand_held_still_above_the_waist_opens_it(self, side, top, open_):
        """Shoulders at 0.4 and hips at 0.9: the waist is at 0.7."""
        assert SIGN.gate(still(pose=pose(), **{side: hand(top)})) is open_

    @pytest.mark.parametrize("hips", [0.6, 0.9, 1.4])
    def test_the_distance_to_the_camera_does_not_matter(self, hips):
        for share, open_ in ((0.55, True), (0.65, False)):
            window = still(pose=pose(wrist=1.5, hips=hips), right_hand=hand(0.4 + share * (hips - 0.4)))
            assert SIGN.gate(window) is open_

    @pytest.mark.parametrize(
        ("wrist", "visibility", "open_"),
        [(0.5, 0.9, True), (0.5, 0.3, False), (0.8, 0.9, False)],
    )
    def test_a_visible_wrist_counts_where_the_hand_was_not_found(self, wrist, visibility, open_):
        assert SIGN.gate(still(pose=pose(wrist, visibility))) is open_

    def test_a_wrist_below_the_image_does_not(self):
        assert not SIGN.gate(still(pose=pose(wrist=1.05, visibility=0.9, shoulders=0.9, hips=2.0)))

    @pytest.mark.parametrize(("frames", "open_"), [(2, False), (3, True)])
    def test_a_tenth_of_the_frames_is_enough(self, frames, open_):
        window = still(pose=pose())
        window[10 : 10 + frames] = still(frames, pose=pose(), right_hand=hand(0.3))
        assert SIGN.gate(window) is open_

    @pytest.mark.parametrize("body", [None, pose(shoulders=0.5, hips=0.5), pose(shoulders=0.9, hips=0.3)])
    def test_without_an_upright_person_any_hand_counts(self, body):
        assert SIGN.gate(still(pose=body, left_hand=hand(0.9)))

    def test_frames_without_a_person_do_not_move_the_waist(self):
        window = still(pose=pose(), right_hand=hand(0.8))
        window[:20] = 0
        assert not SIGN.gate(window)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "max_signs_rejected", "min_rest_rejected"),
    [("asl_words", 0.0, 0.45), ("korean_13", 0.0, None), ("house_no_yes", 8 / 90, None)],
)
def test_real_signs_pass(shared, name, max_signs_rejected, min_rest_rejected):
    """In 8 takes of house_no_yes the hands stay below the lower edge of the image."""
    closed = {True: [], False: []}
    windowing, groups = SIGN.windowing, SIGN.format.groups
    for take in read(shared(name), SIGN.format, windowing.duration):
        for window in slide(take.samples, take.times, windowing.length, windowing.rate, groups):
            closed[is_rest(take.info.action)].append(not SIGN.gate(window))
    assert np.mean(closed[False]) <= max_signs_rejected
    assert min_rest_rejected is None or np.mean(closed[True]) > min_rest_rejected


@pytest.mark.slow
def test_the_practice_signer_passes_while_it_signs():
    source = PracticeSigner(0, signs=6)
    frames = [(frame.time, frame.sample) for frame in source]
    times, samples = np.array([at for at, _ in frames]), np.stack([sample for _, sample in frames])
    centres = [(start + end) / 2 for _, start, end in source.truth]
    signed = [np.searchsorted(times, centre) for centre in centres]
    assert all(SIGN.gate(samples[i - 15 : i + 15]) for i in signed)
    at_any_time = [SIGN.gate(samples[i - 15 : i + 15]) for i in range(15, len(samples) - 15, 5)]
    assert not all(at_any_time)

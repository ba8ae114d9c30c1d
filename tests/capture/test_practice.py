"""The practice signer: the same person for the same seed, plausible keypoints, signs on cue."""

from __future__ import annotations

from itertools import islice, pairwise

import numpy as np
import pytest

from handsign.capture.practice import PracticeSigner
from handsign.capture.practice_body import Person, bend_arms, body_joints, face_model, fingers, project
from handsign.capture.practice_signs import MOVEMENTS, REST, SIGNS
from handsign.errors import InputError
from handsign.landmarks.holistic import HAND_STROKES, HOLISTIC

SMALL = (160, 120)


def next_samples(signer: PracticeSigner, frames: int) -> np.ndarray:
    """The next samples (frames, 1662)."""
    return np.stack([frame.sample for frame in islice(signer, frames)])


def motions(person: Person, frames: int = 90) -> list[dict[str, np.ndarray]]:
    """Joints of a person whose hands, fingers and head move at random within and beyond reach."""
    rng, face = np.random.default_rng(0), face_model()
    return [body_joints(person, rng.normal(0, 0.8, 37), rng.normal(0, 0.02, 3), face) for _ in range(frames)]


def lengths(joints: np.ndarray, bones: list[tuple[int, int]]) -> np.ndarray:
    """(..., bones) lengths of bones between joints (..., n, 3)."""
    return np.linalg.norm(np.diff(joints[..., np.array(bones), :], axis=-2)[..., 0, :], axis=-1)


def test_knows_the_default_actions_of_collect_and_enough_others() -> None:
    assert {"hello", "thanks", "iloveyou", REST} <= set(SIGNS)
    assert len(set(SIGNS) - {REST}) >= 6


def test_frames_are_images_with_keypoints_at_the_nominal_rate() -> None:
    signer = PracticeSigner(1, rate=25.0, size=(320, 200))
    frames = list(islice(signer, 60))
    assert all(f.image.shape == (200, 320, 3) and f.image.dtype == np.uint8 for f in frames)
    assert all(f.sample.shape == (HOLISTIC.size,) and f.sample.dtype == np.float32 for f in frames)
    np.testing.assert_allclose([f.time for f in frames], np.arange(60) / 25.0)
    assert (signer.size, signer.rate, signer.live) == ((320, 200), 25.0, False)


@pytest.mark.slow
def test_same_seed_and_cues_same_frames_to_the_bit() -> None:
    takes = []
    for _ in range(2):
        signer = PracticeSigner(3, size=SMALL)
        frames = list(islice(signer, 40))
        signer.cue("help")
        takes.append([*frames, *islice(signer, 40)])
    for one, two in zip(*takes, strict=True):
        assert one.image.tobytes() == two.image.tobytes()
        assert one.sample.tobytes() == two.sample.tobytes()


def test_seeds_are_different_people() -> None:
    people = [PracticeSigner(seed, size=SMALL).person for seed in range(10)]
    assert len({(p.distance, p.speed, p.hand) for p in people}) == 10
    assert {p.left_handed for p in people} == {True, False}
    samples = [next_samples(PracticeSigner(seed, size=SMALL), 1)[0] for seed in (0, 1)]
    assert np.abs(samples[0] - samples[1]).max() > 0.01


@pytest.mark.slow
def test_takes_of_one_sign_differ() -> None:
    signer, takes = PracticeSigner(0, size=SMALL), []
    for _ in range(2):
        next_samples(signer, 60)
        signer.cue("hello")
        takes.append(next_samples(signer, 30))
    pose = [HOLISTIC.view(take, "pose")[:, 16, :2] for take in takes]
    assert np.abs(pose[0] - pose[1]).max() > 0.01


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_keypoints_are_plausible(seed: int) -> None:
    samples = next_samples(PracticeSigner(seed, signs=None, size=SMALL), 150)
    assert np.isfinite(samples).all()
    pose, face = HOLISTIC.view(samples, "pose"), HOLISTIC.view(samples, "face")
    assert (np.abs(pose[:, :23, :2] - 0.5) < 1.0).all()
    assert (np.abs(pose[:, :13, :2] - 0.5) < 0.5).all()  # head and shoulders are in the image
    assert ((pose[..., 3] >= 0) & (pose[..., 3] <= 1)).all()
    assert (pose[:, :13, 3] > 0.8).all()
    assert (pose[:, 27:, 3] < 0.1).all()  # the feet are not in the image
    assert (pose[:, 11, 0] > pose[:, 12, 0]).all()  # the image is not mirrored
    assert (pose[:, 0, 1] < pose[:, 11, 1]).all()
    visible = face[HOLISTIC.present(samples, "face")]
    assert len(visible) > 100
    assert (visible[:, 10, 1] < visible[:, 1, 1]).all()  # forehead over nose over chin
    assert (visible[:, 1, 1] < visible[:, 152, 1]).all()
    for hand, wrist in (("left_hand", 15), ("right_hand", 16)):
        present = HOLISTIC.present(samples, hand)
        joints = HOLISTIC.view(samples, hand)[present]
        assert (np.abs(joints[..., :2] - 0.5) < 0.8).all()
        assert (joints[:, 0, 2] == 0).all()
        np.testing.assert_allclose(joints[:, 0, :2], pose[present, wrist, :2], atol=0.04)


@pytest.mark.slow
def test_hands_are_missing_at_rest_and_at_times_while_signing() -> None:
    rest, signing = [], []
    for seed in range(3):
        signer = PracticeSigner(seed, size=SMALL)
        hand = "left_hand" if signer.person.left_handed else "right_hand"
        for sign in ("hello", "iloveyou", "hello", "iloveyou"):
            signer.cue(sign)
            signing.append(HOLISTIC.present(next_samples(signer, 24), hand)[10:])
            rest.append(HOLISTIC.present(next_samples(signer, 60), hand)[30:])
    assert np.mean(rest) < 0.6
    assert 0.8 < np.mean(signing) < 1.0


@pytest.mark.slow
@pytest.mark.parametrize("sign", MOVEMENTS)
@pytest.mark.parametrize("seed", [0, 3])
def test_a_cue_is_signed_at_once_with_the_right_hands_and_followed_by_rest(sign: str, seed: int) -> None:
    signer = PracticeSigner(seed, size=SMALL)
    next_samples(signer, 20)
    signer.cue(sign)
    samples = next_samples(signer, 30)
    (name, start, end), *more = signer.truth
    assert (name, more) == (sign, [])
    assert start == pytest.approx(19 / 30)
    assert 0.6 < end - start < 1.8
    pose = HOLISTIC.view(samples, "pose")[12:20, :, 1]
    raised = pose[:, [15, 16]].mean(axis=0) < pose[:, 23:25].mean() - 0.1
    main, other = (0, 1) if signer.person.left_handed else (1, 0)
    assert (raised[main], raised[other]) == (True, bool(MOVEMENTS[sign].other))
    next_samples(signer, 60)
    assert len(signer.truth) == 1  # without a further cue it rests


def test_handedness_mirrors_the_person() -> None:
    right, left = (motions(Person(left_handed=side), 5) for side in (False, True))
    for one, two in zip(right, left, strict=True):
        np.testing.assert_allclose(one["right_hand"][:, 1:], two["left_hand"][:, 1:])
        np.testing.assert_allclose(np.ptp(one["right_hand"], axis=0), np.ptp(two["left_hand"], axis=0))


def test_cue_interrupts_without_a_jump() -> None:
    signer = PracticeSigner(2, size=SMALL)
    signer.cue("hello")
    first = next_samples(signer, 15)
    signer.cue("help")
    both = np.concatenate([first, next_samples(signer, 15)])
    assert [name for name, _, _ in signer.truth] == ["hello", "help"]
    assert signer.truth[0][2] == signer.truth[1][1] == pytest.approx(14 / 30)
    steps = np.abs(np.diff(HOLISTIC.view(both, "pose")[:, 16, :2], axis=0)).max(axis=1)
    assert steps[14] < steps.max()


def test_two_cues_at_once_are_the_last_one() -> None:
    signer = PracticeSigner(0, size=SMALL)
    signer.cue("hello")
    signer.cue("yes")
    assert [name for name, _, _ in signer.truth] == ["yes"]


def test_a_cue_to_rest_is_no_sign() -> None:
    signer = PracticeSigner(0, size=SMALL)
    signer.cue(REST)
    next_samples(signer, 60)
    assert signer.truth == []


@pytest.mark.slow
def test_script_rests_signs_and_ends() -> None:
    signer = PracticeSigner(4, signs=3, size=SMALL)
    times = [frame.time for frame in signer]
    assert len(signer.truth) == 3
    edges = np.array([(start, end) for _, start, end in signer.truth])
    assert edges[0, 0] > 0.3
    assert (edges[1:, 0] - edges[:-1, 1] > 0.5).all()
    assert times[-1] - edges[-1, 1] > 0.5
    assert list(signer) == []


@pytest.mark.slow
def test_script_draws_from_the_given_actions() -> None:
    signer = PracticeSigner(0, signs=4, size=SMALL, actions=["yes", "no"])
    for _ in signer:
        pass
    assert {name for name, _, _ in signer.truth} <= {"yes", "no"}


@pytest.mark.slow
def test_a_cue_drops_the_script() -> None:
    signer = PracticeSigner(0, signs=0, size=SMALL)
    signer.cue("please")
    assert len(next_samples(signer, 150)) == 150


@pytest.mark.parametrize("call", [lambda: PracticeSigner(0).cue("zebra"), lambda: PracticeSigner(0, actions=["zebra"])])
def test_unknown_action_says_what_it_can_sign(call) -> None:
    with pytest.raises(InputError, match=r"'zebra'.*hello, thanks, iloveyou"):
        call()


@pytest.mark.parametrize("left_handed", [False, True])
def test_bones_keep_their_length(left_handed: bool) -> None:
    person = Person(left_handed, upper_arm=0.83, forearm=0.67, hand=1.1)
    parts = motions(person)
    pose = np.stack([part["pose"] for part in parts])
    arms = lengths(pose, [(11, 12), (11, 13), (12, 14), (13, 15), (14, 16)])
    np.testing.assert_allclose(arms, np.broadcast_to([1, 0.83, 0.83, 0.67, 0.67], arms.shape))
    bones = [pair for stroke in HAND_STROKES for pair in pairwise(stroke)]
    hands = np.stack([[part["left_hand"], part["right_hand"]] for part in parts])
    np.testing.assert_allclose(np.ptp(lengths(hands, bones), axis=(0, 1)), 0, atol=1e-9)
    np.testing.assert_allclose(hands[:, :, 0], pose[:, [15, 16]])


def test_fist_is_short_and_flat_hand_long() -> None:
    flat, fist = fingers(np.array([[0.0] * 8, [1.0, 1.0, 1.0, 1.0, 0, 0, 0, 1.0]]))
    tips, knuckles = [8, 12, 16, 20], [5, 9, 13, 17]
    assert (flat[tips, 1] > flat[knuckles, 1] + 0.15).all()
    assert (fist[tips, 1] < fist[knuckles, 1] + 0.05).all()
    assert (fist[tips, 2] > 0).all()  # on the palm's side


def test_wrist_within_reach_is_reached_and_elbow_hangs() -> None:
    shoulder, target = np.array([[-0.5, 0.0, 0.0]]), np.array([[-0.4, -0.2, 0.9]])
    elbow, wrist = bend_arms(shoulder, target, 0.8, 0.7)
    np.testing.assert_allclose(wrist, target)
    assert elbow[0, 1] < min(shoulder[0, 1], target[0, 1])


def test_camera_sees_left_on_the_right_and_the_near_larger() -> None:
    person = Person(False, yaw=0.0, pitch=0.0, centre=(0.5, 0.5), distance=4.0, focal=1.0)
    points = project(person, np.array([(0.5, 0, 0), (0.5, 0, 1.0), (0, 0.5, 0)]), aspect=4 / 3)
    np.testing.assert_allclose(points[0], (0.625, 0.5, 0.0), atol=1e-12)
    assert points[1, 0] > points[0, 0]
    assert points[1, 2] < 0
    np.testing.assert_allclose(points[2, 1], 0.5 - 0.125 * 4 / 3)

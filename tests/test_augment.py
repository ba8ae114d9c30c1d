from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest

from handsign import augment as module
from handsign import takes
from handsign.augment import (
    HANDS,
    Strength,
    augment,
    blend,
    borrow_arm,
    course,
    fold_finger,
    hang,
    lose,
    mirror,
    move,
    part_way,
    proportion,
    retime,
    shake,
    sheet,
    show_idle,
    slow_camera,
)
from handsign.keypoints import HAND_NAMES, HOLISTIC, POSE_NAMES, Layout, Part

NOTHING = Strength(*[0.0] * len(fields(Strength)))
SEEDS = range(30)
SWITCHES = {"mirror", "stale", "time", "camera", "place", "body", "lost", "gone", "idle", "shown", "finger", "noise"}
PARTS = [part.name for part in HOLISTIC.parts]
BONES = [(11, 12), (11, 13), (13, 15), (12, 14), (14, 16)]


def landmark(window, part, name):
    names = POSE_NAMES if part == "pose" else HAND_NAMES
    return HOLISTIC.view(window, part)[:, names.index(name)]


def seen(window):
    return np.stack([HOLISTIC.present(window, part) for part in PARTS])


@pytest.fixture
def window():
    """Thirty samples of a body that moves a little; the left hand is missing early on, the face later."""
    rng = np.random.default_rng(0)
    body = rng.uniform(0.3, 0.7, HOLISTIC.size) + 0.05 * np.sin(np.arange(30)[:, None] / 4 + rng.uniform(0, 6, 1662))
    samples = body.astype(np.float32)
    pose = HOLISTIC.view(samples, "pose")
    pose[:, POSE_NAMES.index("left_shoulder"), :3] = 0.65, 0.5, -0.2
    pose[:, POSE_NAMES.index("right_shoulder"), :3] = 0.35, 0.5, -0.2
    for hip in ("left_hip", "right_hip"):
        pose[:, POSE_NAMES.index(hip), 2] = 0
    for hand, wrist in module.ANCHORS.items():
        if hand in HANDS:
            points = HOLISTIC.view(samples, hand)
            points[..., :2] = points[..., :2] / 5 + landmark(samples, "pose", wrist)[:, None, :2]
            points[:, 0, :2], points[:, 0, 2] = landmark(samples, "pose", wrist)[:, :2], 0
    samples[:12, HOLISTIC.slices["left_hand"]] = 0
    samples[20:, HOLISTIC.slices["face"]] = 0
    return samples


def lengths(window):
    """Bone lengths (T, bones) in space, in image widths."""
    pose = HOLISTIC.view(window, "pose")[..., :3] * (1, module.ASPECT, module.DEPTHS["pose"])
    return np.stack([np.linalg.norm(pose[:, i] - pose[:, j], axis=-1) for i, j in BONES], axis=1)


class TestAugment:
    def test_gives_another_window_of_the_same_shape_and_leaves_the_given_one(self, window):
        before = window.copy()
        new = augment(window, np.random.default_rng(1))
        assert new.shape == window.shape
        assert new.dtype == np.float32
        assert np.abs(new - window).max() > 0.01
        np.testing.assert_array_equal(window, before)

    def test_the_seed_decides(self, window):
        one, same, other = (augment(window, np.random.default_rng(seed)) for seed in (1, 1, 2))
        np.testing.assert_array_equal(one, same)
        assert not np.array_equal(one, other)

    def test_no_strength_changes_nothing_and_still_copies(self, window):
        new = augment(window, np.random.default_rng(0), strength=NOTHING)
        np.testing.assert_array_equal(new, window)
        assert not np.shares_memory(new, window)

    @pytest.mark.parametrize("name", sorted(SWITCHES))
    def test_every_kind_has_its_own_switch(self, window, name):
        only = replace(Strength(), **{f.name: 0.0 for f in fields(Strength) if f.name in SWITCHES - {name}})
        only = replace(only, **{name: 0.01 if name == "noise" else 1.0})
        if name in ("idle", "shown"):
            window = lose(window, HOLISTIC, "left_hand", 3, 30)
        changed = [
            not np.array_equal(augment(window, np.random.default_rng(seed), strength=only), window) for seed in SEEDS
        ]
        assert np.mean(changed) > 0.8

    @pytest.mark.parametrize("seed", SEEDS)
    def test_stays_a_picture_of_a_body(self, window, seed):
        new = augment(window, np.random.default_rng(seed))
        assert np.isfinite(new).all()
        for part in PARTS:
            where = HOLISTIC.view(new, part)[HOLISTIC.present(new, part)][..., :2]
            assert np.all((where > -1) & (where < 2))
        visibility = HOLISTIC.view(new, "pose")[..., 3]
        assert visibility.min() >= HOLISTIC.view(window, "pose")[..., 3].min()
        assert visibility.max() <= HOLISTIC.view(window, "pose")[..., 3].max()

    @pytest.mark.parametrize("seed", SEEDS)
    def test_what_was_never_there_does_not_appear(self, window, seed):
        window = lose(lose(window, HOLISTIC, "left_hand", 0, 30), HOLISTIC, "face", 0, 30)
        new = augment(window, np.random.default_rng(seed), strength=replace(Strength(), mirror=0.0, shown=0.0))
        for part in ("left_hand", "face"):
            assert not new[:, HOLISTIC.slices[part]].any()

    def test_in_space_missing_samples_stay_missing_and_no_others(self, window):
        still = replace(Strength(), mirror=0.0, stale=0.0, time=0.0, camera=0.0, lost=0.0, gone=0.0)
        for seed in SEEDS:
            np.testing.assert_array_equal(
                seen(augment(window, np.random.default_rng(seed), strength=still)), seen(window)
            )

    def test_nobody_in_the_picture(self):
        nothing = np.zeros((30, HOLISTIC.size), np.float32)
        for seed in SEEDS:
            assert not augment(nothing, np.random.default_rng(seed)).any()

    @pytest.mark.parametrize("names", [("left_hand", "right_hand"), ("pose", "left_hand", "right_hand")])
    def test_fewer_parts(self, window, names):
        layout = HOLISTIC.pick(*names)
        some = layout.assemble({name: HOLISTIC.view(window, name) for name in names})
        for seed in SEEDS:
            new = augment(some, np.random.default_rng(seed), layout)
            assert new.shape == some.shape
            assert np.isfinite(new).all()

    def test_parts_without_names(self):
        layout = Layout((Part("a", 1), Part("b", 1)))
        new = augment(np.ones((5, 6), np.float32), np.random.default_rng(0), layout)
        assert new.shape == (5, 6)
        assert np.isfinite(new).all()

    def test_either_hand_may_go_all_along(self, window):
        found = []
        for seed in SEEDS:
            new = augment(window, np.random.default_rng(seed), strength=replace(NOTHING, gone=0.5))
            found.append([HOLISTIC.present(new, hand).any() for hand in HANDS])
            for hand, there in zip(HANDS, found[-1], strict=True):
                if there:
                    np.testing.assert_array_equal(HOLISTIC.view(new, hand), HOLISTIC.view(window, hand))
        assert len(set(map(tuple, found))) == 4


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
        np.testing.assert_array_equal(seen(mirror(window)), seen(window)[[0, 1, 3, 2]])


class TestTime:
    def test_the_plain_course_is_the_windows_own(self, window):
        np.testing.assert_array_equal(course(30), np.arange(30))
        np.testing.assert_array_equal(retime(window, HOLISTIC, course(30)), window)
        np.testing.assert_allclose(slow_camera(window, HOLISTIC, 30), window, atol=1e-6)

    def test_shift_and_speed(self):
        np.testing.assert_allclose(course(30, shift=0.2), np.arange(30) + 6)
        np.testing.assert_allclose(np.diff(course(30, speed=1.25)), 1.25)
        assert np.isclose(course(30, speed=1.25).mean(), 14.5)

    @pytest.mark.parametrize("phase", np.linspace(0, 6, 7))
    def test_time_never_turns_back(self, phase):
        s = Strength()
        assert (np.diff(course(30, -s.shift, np.exp(-s.speed), s.bend, phase)) > 0).all()

    def test_the_ends_hold(self, window):
        late = retime(window, HOLISTIC, np.arange(30) + 6)
        np.testing.assert_array_equal(late[:24], window[6:])
        np.testing.assert_array_equal(late[24:], np.repeat(window[-1:], 6, axis=0))

    @pytest.mark.parametrize("pictures", [1, 2, 8, 23])
    def test_nothing_is_made_up_between_a_hand_and_none(self, window, pictures):
        hand = HOLISTIC.view(slow_camera(window, HOLISTIC, pictures, 0.4), "left_hand")[..., :2]
        there = HOLISTIC.view(window[12:], "left_hand")[..., :2]
        found = hand.any(axis=(1, 2))
        assert found.any()
        assert (hand[found] >= there.min(axis=0) - 1e-6).all()
        assert not hand[~found].any()

    def test_a_slow_camera_misses_what_is_quick(self, window):
        quick = window.copy()
        quick[::2] += 0.1
        slow = slow_camera(quick, HOLISTIC, 15)
        assert np.abs(np.diff(slow[:, 0])).mean() < np.abs(np.diff(quick[:, 0])).mean() / 2


class TestMove:
    def test_nothing_to_do(self, window):
        np.testing.assert_allclose(move(window), window, atol=1e-6)

    def test_shift_and_scale(self, window):
        moved = move(window, scale=1.2, shift=(0.1, -0.05))
        right, moved_right = HOLISTIC.view(window, "right_hand"), HOLISTIC.view(moved, "right_hand")
        expected = 0.5 + 1.2 * (right[..., :2] - 0.5) + (0.1, -0.05)
        np.testing.assert_allclose(moved_right[..., :2], expected, atol=1e-5)
        np.testing.assert_allclose(moved_right[..., 2], 1.2 * right[..., 2], atol=1e-5)

    @pytest.mark.parametrize("turn", [{"yaw": 0.26}, {"yaw": -0.26}, {"roll": 0.1}, {"yaw": 0.2, "roll": -0.1}])
    def test_bones_keep_their_lengths(self, window, turn):
        np.testing.assert_allclose(lengths(move(window, **turn)), lengths(window), rtol=1e-4)
        np.testing.assert_allclose(lengths(move(window, scale=0.8, **turn)), 0.8 * lengths(window), rtol=1e-4)

    @pytest.mark.parametrize("yaw", [0.26, -0.26])
    def test_hands_stay_on_their_wrists(self, window, yaw):
        moved = move(window, yaw=yaw, roll=0.1, scale=1.1)
        for hand in HANDS:
            there = HOLISTIC.present(window, hand)
            wrist, own = (
                landmark(moved, part, name) for part, name in (("pose", module.ANCHORS[hand]), (hand, "wrist"))
            )
            np.testing.assert_allclose(own[there, :2], wrist[there, :2], atol=1e-5)
            np.testing.assert_allclose(own[:, 2], 0, atol=1e-6)

    def test_turning_brings_the_front_to_the_left(self, window):
        pose = HOLISTIC.view(window, "pose")
        pose[:, 0, :3] = 0.5, 0.3, -1.2
        assert (landmark(move(window, yaw=0.2), "pose", "nose")[:, 0] < 0.5).all()


class TestProportion:
    def test_nothing_to_do(self, window):
        new = proportion(window)
        np.testing.assert_allclose(new, window, atol=1e-6)
        assert not np.shares_memory(new, window)

    def test_missing_parts_stay_missing_and_the_given_window_as_it_is(self, window):
        before = window.copy()
        window[5:9, HOLISTIC.slices["pose"]] = before[5:9, HOLISTIC.slices["pose"]] = 0
        new = proportion(window, HOLISTIC, 1.2, 1.15, 0.8)
        np.testing.assert_array_equal(seen(new), seen(window))
        np.testing.assert_array_equal(window, before)

    @pytest.mark.parametrize(("change", "axis"), [({"tall": 1.2}, 1), ({"depth": 0.7}, 2)])
    def test_heights_and_depths(self, window, change, axis):
        new, middle = proportion(window, **change), (0, 0.5, 0)[axis]
        for part in PARTS:
            there = HOLISTIC.present(window, part)
            expected, got = (HOLISTIC.view(samples, part)[there].copy() for samples in (window, new))
            expected[..., axis] = middle + (expected[..., axis] - middle) * next(iter(change.values()))
            np.testing.assert_allclose(got, expected, atol=1e-6)

    @pytest.mark.parametrize("times", [1.15, 0.85])
    def test_arms_are_longer_and_nothing_else(self, window, times):
        new = proportion(window, arms=times)
        for side in ("left", "right"):
            before, after = (landmark(of, "pose", f"{side}_shoulder")[:, :3] for of in (window, new))
            np.testing.assert_allclose(after, before, atol=1e-6)
            for joint in ("elbow", "wrist", "pinky", "index", "thumb"):
                reach, longer = (landmark(of, "pose", f"{side}_{joint}")[:, :3] - before for of in (window, new))
                np.testing.assert_allclose(longer, times * reach, atol=1e-5)
        others = [i for i in range(len(POSE_NAMES)) if not 13 <= i <= 22]
        unmoved = [HOLISTIC.view(of, "pose")[:, others] for of in (new, window)]
        np.testing.assert_allclose(*unmoved, atol=1e-6)
        np.testing.assert_array_equal(HOLISTIC.view(new, "pose")[..., 3], HOLISTIC.view(window, "pose")[..., 3])
        np.testing.assert_allclose(*(HOLISTIC.view(of, "face") for of in (new, window)), atol=1e-6)

    def test_hands_stay_on_their_wrists_and_keep_their_shape(self, window):
        new = proportion(window, tall=1.2, arms=1.15)
        for hand in HANDS:
            there = HOLISTIC.present(window, hand)
            own, wrist = (landmark(new, p, n)[there, :2] for p, n in ((hand, "wrist"), ("pose", module.ANCHORS[hand])))
            np.testing.assert_allclose(own, wrist, atol=1e-5)
            before, after = (HOLISTIC.view(of, hand)[there, :, :2] for of in (window, new))
            shape = (before - before[:, :1]) * (1, 1.2)
            np.testing.assert_allclose(after - after[:, :1], shape, atol=1e-5)

    def test_without_a_pose_hands_stay(self, window):
        without = lose(window, HOLISTIC, "pose", 0, 30)
        np.testing.assert_allclose(proportion(without, arms=1.15), without, atol=1e-6)
        layout = HOLISTIC.pick(*HANDS)
        hands = HOLISTIC.narrow(window, *HANDS)
        np.testing.assert_allclose(proportion(hands, layout, arms=1.15), hands, atol=1e-6)


class TestPartWay:
    @pytest.fixture
    def rest(self, window):
        """Another body, without hands."""
        return lose(lose(mirror(window) + 0.01, HOLISTIC, "left_hand", 0, 30), HOLISTIC, "right_hand", 0, 30)

    @pytest.mark.parametrize("leaving", [False, True])
    def test_all_of_it_is_the_window(self, window, rest, leaving):
        np.testing.assert_array_equal(part_way(window, rest, 1.0, leaving), window)

    def test_none_of_it_is_rest_and_the_way_to_or_from_it(self, window, rest):
        np.testing.assert_allclose(part_way(window, rest, 0.0, False)[:24], rest[6:], atol=1e-6)
        np.testing.assert_allclose(part_way(window, rest, 0.0, True)[6:], rest[:24], atol=1e-6)

    def test_entering_begins_with_rest_and_leaving_ends_with_it(self, window, rest):
        entering, leaving = (part_way(window, rest, 0.5, way) for way in (False, True))
        np.testing.assert_allclose(entering[:9], rest[-9:], atol=1e-6)
        np.testing.assert_array_equal(entering[15:], window[:15])
        np.testing.assert_array_equal(leaving[:15], window[15:])
        np.testing.assert_allclose(leaving[21:], rest[:9], atol=1e-6)

    def test_the_way_goes_evenly_from_one_posture_to_the_other(self, window, rest):
        way = part_way(window, rest, 0.5, True)[14:22, HOLISTIC.slices["pose"]]
        np.testing.assert_allclose(np.diff(way, axis=0), np.diff(way[[0, -1]], axis=0).repeat(7, axis=0) / 7, atol=1e-5)

    def test_no_hand_is_made_up_on_the_way(self, window, rest):
        hand = HOLISTIC.view(part_way(window, rest, 0.5, True), "right_hand")
        last = HOLISTIC.view(window, "right_hand")[-1]
        found = hand[15:].any(axis=(1, 2))
        assert found.tolist() == [True] * 3 + [False] * 12
        np.testing.assert_array_equal(hand[15:18], np.stack([last] * 3))


class TestBlend:
    LAYOUT = Layout((Part("a", 1),))
    LABELS = np.eye(3, dtype=np.float32)

    def blend(self, seed=0, n=600, length=100):
        """Windows of nothing but 2 that are label 0, and rest of nothing but 1 that is label 2."""
        windows, y = np.full((n, length, 3), 2, np.float32), self.LABELS[np.zeros(n, int)]
        rest, rest_y = np.full((n, length, 3), 1, np.float32), self.LABELS[np.full(n, 2)]
        given = [array.copy() for array in (windows, y, rest, rest_y)]
        found = blend(windows, y, rest, rest_y, np.random.default_rng(seed), self.LAYOUT)
        for before, after in zip(given, (windows, y, rest, rest_y), strict=True):
            np.testing.assert_array_equal(before, after)
        return found

    def test_the_seed_decides(self):
        for one, same, other in zip(self.blend(), self.blend(), self.blend(seed=1), strict=True):
            np.testing.assert_array_equal(one, same)
            assert not np.array_equal(one, other)

    def test_only_some_are_changed_entering_and_leaving(self):
        windows, y = self.blend()
        changed = (windows < 2).any(axis=(1, 2))
        assert changed.mean() == pytest.approx(module.PARTLY, abs=0.06)
        assert (y[~changed] == self.LABELS[0]).all()
        entering = windows[changed, 0, 0] < windows[changed, -1, 0]
        assert entering.mean() == pytest.approx(0.5, abs=0.15)

    def test_the_answer_is_in_proportion_to_what_is_shown(self):
        windows, y = self.blend()
        np.testing.assert_allclose(y.sum(axis=1), 1, atol=1e-6)
        assert not y[:, 1].any()
        shown = (windows[..., 0] == 2).mean(axis=1)
        expected = np.clip((shown - module.HARDLY) / (module.MOSTLY - module.HARDLY), 0, 1)
        np.testing.assert_allclose(y[:, 0], expected, atol=0.02)  # what is shown is rounded to a hundredth
        assert {0, 1} < set(y[:, 0].tolist())

    def test_rest_on_its_way_to_rest_is_rest(self):
        rest = np.ones((40, 10, 3), np.float32)
        y = self.LABELS[np.full(40, 2)]
        windows, answers = blend(rest, y, rest, y, np.random.default_rng(0), self.LAYOUT)
        np.testing.assert_array_equal(windows, rest)
        np.testing.assert_allclose(answers, y, atol=1e-6)

    def test_without_rest_nothing_is_changed(self):
        windows, y = np.ones((40, 10, 3), np.float32), self.LABELS[np.zeros(40, int)]
        found = blend(windows, y, windows[:0], y[:0], np.random.default_rng(0), self.LAYOUT)
        for before, after in zip((windows, y), found, strict=True):
            np.testing.assert_array_equal(before, after)

    def test_some_rest_borrows_an_arm_and_stays_rest(self, window):
        rest, y = np.stack([window, mirror(window)] * 20), self.LABELS[np.full(40, 2)]
        changed, answers = blend(np.full_like(rest, 0.5), y, rest, y, np.random.default_rng(0))
        arms = HOLISTIC.view(changed, "pose")[:, 0, [13, 14], :2].reshape(40, -1)
        assert len(np.unique(arms.round(3), axis=0)) > 3  # the two there were, and others; and what was left as it was
        np.testing.assert_allclose(answers, y, atol=1e-6)


class TestBorrowArm:
    @pytest.fixture
    def other(self, window):
        """Another body, whose right hand is not always found."""
        return move(mirror(window), shift=(0.05, 0.02))

    def test_it_hangs_from_the_shoulder_and_has_the_size_of_who_borrows(self, window, other):
        half = other.copy()
        HOLISTIC.view(half, "pose")[..., :3] = (HOLISTIC.view(other, "pose")[..., :3] - 0.5) / 2 + 0.5
        for lender in (other, half):
            new = borrow_arm(window, lender, "right")
            for joint in ("elbow", "wrist", "pinky"):
                arm, lent = (
                    landmark(w, "pose", f"right_{joint}") - landmark(w, "pose", "right_shoulder") for w in (new, other)
                )
                np.testing.assert_allclose(arm[:, :3], lent[:, :3], atol=1e-5)

    def test_the_hand_comes_with_it_and_nothing_else(self, window, other):
        new = borrow_arm(window, other, "right")
        np.testing.assert_array_equal(HOLISTIC.present(new, "right_hand"), HOLISTIC.present(other, "right_hand"))
        off, was = (
            HOLISTIC.view(w, "right_hand")[..., :2] - landmark(w, "pose", "right_wrist")[:, None, :2]
            for w in (new, other)
        )
        found = HOLISTIC.present(other, "right_hand")
        np.testing.assert_allclose(off[found], was[found], atol=1e-5)
        for part in ("left_hand", "face"):
            np.testing.assert_array_equal(HOLISTIC.view(new, part), HOLISTIC.view(window, part))
        same = [i for i, name in enumerate(POSE_NAMES) if name not in {f"right_{joint}" for joint in module.ARM}]
        np.testing.assert_array_equal(HOLISTIC.view(new, "pose")[:, same], HOLISTIC.view(window, "pose")[:, same])

    def test_without_a_pose_there_is_none_to_borrow(self, window):
        hands = HOLISTIC.pick("left_hand", "right_hand")
        some = HOLISTIC.narrow(window, "left_hand", "right_hand")
        np.testing.assert_array_equal(borrow_arm(some, some[::-1], "right", hands), some)


class TestIdle:
    KEEP = np.ones(5)

    def test_it_fills_every_gap_with_one_shape_at_the_wrist(self, window):
        empty = lose(window, HOLISTIC, "left_hand", 3, 30)
        new = show_idle(empty, HOLISTIC, "left_hand", 4, 0.3, self.KEEP)
        assert HOLISTIC.present(new, "left_hand").all()
        hand = HOLISTIC.view(new, "left_hand")
        wrist = landmark(window, "pose", "left_wrist")[:, :2]
        there = HOLISTIC.present(empty, "left_hand")
        np.testing.assert_allclose(hand[~there, 0, :2], wrist[~there], atol=1e-6)
        shape = hand[~there] - hand[~there][:, :1]
        np.testing.assert_allclose(shape, np.broadcast_to(shape[:1], shape.shape), atol=1e-5)
        for part in ("pose", "face", "right_hand"):
            np.testing.assert_array_equal(HOLISTIC.view(new, part), HOLISTIC.view(window, part))

    def test_its_shape_is_the_other_hands_in_the_mirror_turned(self, window):
        empty = lose(window, HOLISTIC, "left_hand", 0, 30)
        other = HOLISTIC.view(window, "right_hand")[4]
        for turn in (0.0, 0.7):
            hand = HOLISTIC.view(show_idle(empty, HOLISTIC, "left_hand", 4, turn, self.KEEP), "left_hand")[9]
            shape, mirrored = ((h - h[0])[:, :2] * (side, module.ASPECT) for h, side in ((hand, 1), (other, -1)))
            turned = mirrored @ [[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]]
            np.testing.assert_allclose(shape, turned, atol=1e-5)

    def test_fingers_are_shortened(self, window):
        empty = lose(window, HOLISTIC, "left_hand", 0, 30)
        keep = np.array([1, 0.5, 1, 1, 1])
        whole, short = (
            HOLISTIC.view(show_idle(empty, HOLISTIC, "left_hand", 4, 0.3, k), "left_hand")[0] for k in (self.KEEP, keep)
        )
        changed = (np.abs(whole - short) > 1e-6).any(axis=1)
        assert [HAND_NAMES[i] for i in np.flatnonzero(changed)] == [f"index_finger_{j}" for j in ("pip", "dip", "tip")]
        np.testing.assert_allclose(short[8] - short[5], 0.5 * (whole[8] - whole[5]), atol=1e-6)

    def test_a_hand_that_was_found_stays_and_so_does_its_arm(self, window):
        few = lose(window, HOLISTIC, "left_hand", 20, 30)
        np.testing.assert_array_equal(show_idle(few, HOLISTIC, "left_hand", 4, 0.3, self.KEEP), few)
        np.testing.assert_array_equal(hang(few, HOLISTIC, "left_hand", (0.3, 0.2)), few)

    def test_an_idle_arm_hangs_elsewhere(self, window):
        empty = lose(window, HOLISTIC, "left_hand", 3, 30)
        new = hang(empty, HOLISTIC, "left_hand", (0.5, -0.2))
        width = np.abs(landmark(window, "pose", "left_shoulder") - landmark(window, "pose", "right_shoulder"))[0, 0]
        for joint, share in {"shoulder": 0, "elbow": 0.5, "wrist": 1, "thumb": 1, "hip": 0}.items():
            moved = (landmark(new, "pose", f"left_{joint}") - landmark(empty, "pose", f"left_{joint}"))[0]
            expected = share * width * np.array([0.5, -0.2 / module.ASPECT, 0, 0])
            np.testing.assert_allclose(moved, expected, atol=1e-6)
        assert not HOLISTIC.present(new, "left_hand").any()  # found three times: by mistake
        for part in ("face", "right_hand"):
            np.testing.assert_array_equal(HOLISTIC.view(new, part), HOLISTIC.view(window, part))

    def test_without_the_other_hand_there_is_no_shape(self, window):
        none = lose(lose(window, HOLISTIC, "left_hand", 0, 30), HOLISTIC, "right_hand", 0, 30)
        np.testing.assert_array_equal(show_idle(none, HOLISTIC, "left_hand", 4, 0.3, self.KEEP), none)


class TestMistakes:
    def test_lose(self, window):
        lost = lose(window, HOLISTIC, "right_hand", 5, 9)
        np.testing.assert_array_equal(~HOLISTIC.present(lost, "right_hand"), np.isin(np.arange(30), range(5, 9)))
        np.testing.assert_array_equal(lost[:, HOLISTIC.slices["pose"]], window[:, HOLISTIC.slices["pose"]])

    def test_a_folded_finger_moves_alone_and_hangs_on_its_joint(self, window):
        keep = np.where(np.arange(30) < 10, 0.3, 1.0)
        folded = HOLISTIC.view(fold_finger(window, HOLISTIC, "right_hand", 1, keep), "right_hand")
        hand = HOLISTIC.view(window, "right_hand")
        moved = (folded != hand).any(axis=(0, 2))
        assert [HAND_NAMES[i] for i in np.flatnonzero(moved)] == [f"index_finger_{j}" for j in ("pip", "dip", "tip")]
        np.testing.assert_allclose(folded[:10, 8] - folded[:10, 5], 0.3 * (hand[:10, 8] - hand[:10, 5]), atol=1e-6)
        np.testing.assert_allclose(folded[10:], hand[10:], atol=1e-6)

    def test_noise_has_its_size_and_lasts_a_little(self):
        window = np.ones((400, HOLISTIC.size), np.float32)
        noise = HOLISTIC.view(shake(window, HOLISTIC, 0.01, np.random.default_rng(0)) - window, "pose")
        np.testing.assert_allclose(noise.std(axis=(0, 1)), [0.01, 0.01 / module.ASPECT, 0.01, 0], rtol=0.05)
        assert 0.4 < np.corrcoef(noise[1:, :, 0].ravel(), noise[:-1, :, 0].ravel())[0, 1] < 0.6

    def test_a_face_has_none(self, window):
        shaken = shake(window, HOLISTIC, 0.01, np.random.default_rng(0))
        np.testing.assert_array_equal(HOLISTIC.view(shaken, "face"), HOLISTIC.view(window, "face"))


class TestSheet:
    def test_it_draws(self, window, tmp_path):
        figure = sheet(np.stack([window, np.zeros_like(window)]), ["hello", "$5"], np.random.default_rng(0))
        figure.savefig(tmp_path / "sheet.png", dpi=40)
        assert len(figure.axes) == 10
        drawn = [sum(len(lines.get_segments()) for lines in axes.collections) for axes in figure.axes]
        assert all(drawn[::2])
        assert not any(drawn[1::2])


@pytest.mark.parametrize("name", ["house_no_yes", "korean_13/set1.npz"])
def test_real_arms_stay_on_real_bodies(shared, sign, name):
    """After all that happens in space to one body, arms are as long, relative to shoulders, as in such recordings."""
    only = replace(Strength(), mirror=0.0, stale=0.0, time=0.0, camera=0.0, body=0.0, idle=0.0, noise=0.0)
    for take in list(takes.read(shared(name), sign))[::15]:
        before, after = (
            lengths(w) for w in (take.samples, augment(take.samples, np.random.default_rng(0), strength=only))
        )
        np.testing.assert_allclose(after / after[:, :1], before / before[:, :1], rtol=1e-3)

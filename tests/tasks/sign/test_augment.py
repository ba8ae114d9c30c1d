"""Random variations of windows, and their combination with rest."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest
from bodies import PARTS, bone_lengths, found_parts, make_window

from handsign.data import readers
from handsign.landmarks.holistic import HOLISTIC
from handsign.landmarks.layout import Layout, Part
from handsign.tasks.sign.augment import ACTION_ABOVE, PARTIAL_SHARE, REST_BELOW, AugmentConfig, augment, blend
from handsign.tasks.sign.transforms.body import HANDS
from handsign.tasks.sign.transforms.hands import drop_part
from handsign.tasks.sign.transforms.spatial import mirror

NOTHING = AugmentConfig(*[0.0] * len(fields(AugmentConfig)))
SEEDS = range(30)
SWITCHES = {
    *("mirror stale_start time_warp slow_camera view proportions".split()),
    *("hand_dropout hand_absence idle_arm idle_hand finger noise".split()),
}


@pytest.fixture
def window():
    return make_window()


class TestAugment:
    def test_a_new_window_of_the_same_shape_and_the_input_is_not_written_to(self, window):
        before = window.copy()
        new = augment(window, np.random.default_rng(1))
        assert new.shape == window.shape
        assert new.dtype == np.float32
        assert np.abs(new - window).max() > 0.01
        np.testing.assert_array_equal(window, before)

    def test_the_same_seed_gives_the_same_window(self, window):
        one, same, other = (augment(window, np.random.default_rng(seed)) for seed in (1, 1, 2))
        np.testing.assert_array_equal(one, same)
        assert not np.array_equal(one, other)

    def test_with_all_zeros_it_is_a_copy(self, window):
        new = augment(window, np.random.default_rng(0), config=NOTHING)
        np.testing.assert_array_equal(new, window)
        assert not np.shares_memory(new, window)

    @pytest.mark.parametrize("name", sorted(SWITCHES))
    def test_each_transform_has_its_own_probability(self, window, name):
        only = replace(AugmentConfig(), **{f.name: 0.0 for f in fields(AugmentConfig) if f.name in SWITCHES - {name}})
        only = replace(only, **{name: 0.01 if name == "noise" else 1.0})
        if name in ("idle_arm", "idle_hand"):
            window = drop_part(window, HOLISTIC, "left_hand", 3, 30)
        changed = [
            not np.array_equal(augment(window, np.random.default_rng(seed), config=only), window) for seed in SEEDS
        ]
        assert np.mean(changed) > 0.8

    @pytest.mark.parametrize("seed", SEEDS)
    def test_landmarks_stay_finite_and_near_the_image(self, window, seed):
        new = augment(window, np.random.default_rng(seed))
        assert np.isfinite(new).all()
        for part in PARTS:
            where = HOLISTIC.view(new, part)[HOLISTIC.present(new, part)][..., :2]
            assert np.all((where > -1) & (where < 2))
        visibility = HOLISTIC.view(new, "pose")[..., 3]
        assert visibility.min() >= HOLISTIC.view(window, "pose")[..., 3].min()
        assert visibility.max() <= HOLISTIC.view(window, "pose")[..., 3].max()

    @pytest.mark.parametrize("seed", SEEDS)
    def test_a_part_that_was_never_found_stays_missing(self, window, seed):
        window = drop_part(drop_part(window, HOLISTIC, "left_hand", 0, 30), HOLISTIC, "face", 0, 30)
        new = augment(window, np.random.default_rng(seed), config=replace(AugmentConfig(), mirror=0.0, idle_hand=0.0))
        for part in ("left_hand", "face"):
            assert not new[:, HOLISTIC.slices[part]].any()

    def test_spatial_transforms_keep_what_was_found_and_what_was_missing(self, window):
        in_space = replace(
            AugmentConfig(),
            mirror=0.0,
            stale_start=0.0,
            time_warp=0.0,
            slow_camera=0.0,
            hand_dropout=0.0,
            hand_absence=0.0,
        )
        for seed in SEEDS:
            np.testing.assert_array_equal(
                found_parts(augment(window, np.random.default_rng(seed), config=in_space)), found_parts(window)
            )

    def test_an_empty_window_stays_empty(self):
        empty = np.zeros((30, HOLISTIC.size), np.float32)
        for seed in SEEDS:
            assert not augment(empty, np.random.default_rng(seed)).any()

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

    def test_either_hand_or_both_may_be_absent(self, window):
        found = []
        for seed in SEEDS:
            new = augment(window, np.random.default_rng(seed), config=replace(NOTHING, hand_absence=0.5))
            found.append([HOLISTIC.present(new, hand).any() for hand in HANDS])
            for hand, there in zip(HANDS, found[-1], strict=True):
                if there:
                    np.testing.assert_array_equal(HOLISTIC.view(new, hand), HOLISTIC.view(window, hand))
        assert len(set(map(tuple, found))) == 4


class TestBlend:
    LAYOUT = Layout((Part("a", 1),))
    LABELS = np.eye(3, dtype=np.float32)

    def blend(self, seed=0, n=600, length=100):
        """`blend` on windows filled with 2, of label 0, and rest filled with 1, of label 2."""
        windows, y = np.full((n, length, 3), 2, np.float32), self.LABELS[np.zeros(n, int)]
        rest, rest_y = np.full((n, length, 3), 1, np.float32), self.LABELS[np.full(n, 2)]
        given = [array.copy() for array in (windows, y, rest, rest_y)]
        found = blend(windows, y, rest, rest_y, np.random.default_rng(seed), self.LAYOUT)
        for before, after in zip(given, (windows, y, rest, rest_y), strict=True):
            np.testing.assert_array_equal(before, after)
        return found

    def test_the_same_seed_gives_the_same_batch(self):
        for one, same, other in zip(self.blend(), self.blend(), self.blend(seed=1), strict=True):
            np.testing.assert_array_equal(one, same)
            assert not np.array_equal(one, other)

    def test_some_windows_show_a_beginning_or_an_end(self):
        windows, y = self.blend()
        changed = (windows < 2).any(axis=(1, 2))
        assert changed.mean() == pytest.approx(PARTIAL_SHARE, abs=0.06)
        assert (y[~changed] == self.LABELS[0]).all()
        beginning = windows[changed, 0, 0] < windows[changed, -1, 0]
        assert beginning.mean() == pytest.approx(0.5, abs=0.15)

    def test_the_target_grows_with_the_share_shown(self):
        windows, y = self.blend()
        np.testing.assert_allclose(y.sum(axis=1), 1, atol=1e-6)
        assert not y[:, 1].any()
        shown = (windows[..., 0] == 2).mean(axis=1)
        expected = np.clip((shown - REST_BELOW) / (ACTION_ABOVE - REST_BELOW), 0, 1)
        np.testing.assert_allclose(y[:, 0], expected, atol=0.02)  # the share shown is rounded to a hundredth
        assert {0, 1} < set(y[:, 0].tolist())

    def test_rest_blended_with_rest_is_rest(self):
        rest = np.ones((40, 10, 3), np.float32)
        y = self.LABELS[np.full(40, 2)]
        windows, targets = blend(rest, y, rest, y, np.random.default_rng(0), self.LAYOUT)
        np.testing.assert_array_equal(windows, rest)
        np.testing.assert_allclose(targets, y, atol=1e-6)

    def test_without_rest_nothing_is_changed(self):
        windows, y = np.ones((40, 10, 3), np.float32), self.LABELS[np.zeros(40, int)]
        found = blend(windows, y, windows[:0], y[:0], np.random.default_rng(0), self.LAYOUT)
        for before, after in zip((windows, y), found, strict=True):
            np.testing.assert_array_equal(before, after)

    def test_in_some_rest_an_arm_is_copied_and_it_stays_rest(self, window):
        rest, y = np.stack([window, mirror(window)] * 20), self.LABELS[np.full(40, 2)]
        changed, targets = blend(np.full_like(rest, 0.5), y, rest, y, np.random.default_rng(0))
        arms = HOLISTIC.view(changed, "pose")[:, 0, [13, 14], :2].reshape(40, -1)
        assert len(np.unique(arms.round(3), axis=0)) > 3  # the two originals, and others
        np.testing.assert_allclose(targets, y, atol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["house_no_yes", "korean_13/set1.npz"])
def test_arms_keep_their_lengths_in_real_takes(shared, sign, name):
    """Transforms in space of one body keep the ratio of the arms to the shoulders."""
    only = replace(
        AugmentConfig(),
        mirror=0.0,
        stale_start=0.0,
        time_warp=0.0,
        slow_camera=0.0,
        proportions=0.0,
        idle_arm=0.0,
        noise=0.0,
    )
    for take in list(readers.read(shared(name), sign.format, sign.windowing.duration))[::15]:
        before, after = (
            bone_lengths(w) for w in (take.samples, augment(take.samples, np.random.default_rng(0), config=only))
        )
        np.testing.assert_allclose(after / after[:, :1], before / before[:, :1], rtol=1e-3)

"""Image augmentation: its ranges, and that the seed alone decides what is drawn."""

import numpy as np
import pytest

from handsign.tasks.strike import augment
from handsign.tasks.strike.augment import COPIES, MAX_ADJUSTMENTS, VERSION, augment_image, augmentation_layers, preview

SIDES = np.zeros((56, 100, 3), np.float32)
SIDES[:, :50] = 200


@pytest.fixture(scope="module")
def many():
    """64 augmented copies of an image that is bright on its left side."""
    return np.concatenate([augment_image(SIDES, COPIES, seed) for seed in range(4)])


def test_copies_are_images_of_the_same_shape_and_range(many):
    assert (many.shape, many.dtype) == ((64, 56, 100, 3), np.float32)
    assert many.min() >= 0
    assert many.max() <= 255
    assert len({image.tobytes() for image in many}) == 64


def test_the_seed_decides_and_nothing_else():
    again = [augment_image(SIDES, 3, 7), augment_image(SIDES, 3, 8), augment_image(SIDES, 3, 7)]
    np.testing.assert_array_equal(again[0], again[2])
    assert (again[0] != again[1]).any()


def test_a_change_of_the_augmentation_raises_its_version():
    """Cached features are of one `VERSION`: if this fails, raise that, and store here what the message shows.

    Each copy of a smooth image is compared by its inner product with a fixed pattern of signs, not by its bytes, which
    differ between machines: TensorFlow sums in another order (2e-4 a pixel between instruction sets). A range in
    `augment_image` that is a tenth larger changes one of the products by 0.2 or more. Seed 10 draws every kind of
    change, inversion included.
    """
    y, x = np.mgrid[:56, :100] / 10
    smooth = 127 + 100 * np.stack([np.sin(x + y), np.cos(x - 2 * y), np.sin(2 * x) * np.cos(y)], axis=-1)
    signs = np.random.default_rng(0).choice([-1, 1], smooth.shape) / np.sqrt(smooth.size)
    found = [float((made * signs).sum()) for made in augment_image(smooth.astype(np.float32), COPIES, 10)]
    stored = {
        1: [
            *(131.59, 3.65, 83.35, 27.19, -71.05, 67.36, 45.52, 15.28),
            *(46.68, 21.34, 49.38, 18.85, 80.94, 88.51, 70.73, 23.05),
        ]
    }
    assert found == pytest.approx(stored[VERSION], abs=0.05), f"{VERSION + 1}: {[round(one, 2) for one in found]}"


def test_about_half_are_flipped_and_few_inverted(many):
    left, right = many[..., 15:35, :].mean(axis=(1, 2, 3)), many[..., 65:85, :].mean(axis=(1, 2, 3))
    assert 18 <= (left < right).sum() <= 46


def test_nothing_is_flipped_without_flip():
    flipped = 0
    for seed in range(3):
        made = augment_image(SIDES, COPIES, seed, flip=False)
        flipped += int((made[..., 15:35, :].mean(axis=(1, 2, 3)) < made[..., 65:85, :].mean(axis=(1, 2, 3))).sum())
    assert flipped <= 7  # those that were inverted


def test_copies_move_by_no_more_than_they_should(monkeypatch):
    """A dot in the middle: shifted by 10 %, zoomed, rotated and sheared."""
    monkeypatch.setattr(augment, "MAX_ADJUSTMENTS", 0)
    dot = np.zeros((56, 100, 3), np.float32)
    dot[26:30, 48:52] = 255
    places = []
    for made in np.concatenate([augment_image(dot, COPIES, seed) for seed in range(4)]):
        shown = np.abs(made.mean(axis=-1) - np.median(made))
        rows, columns = np.arange(56), np.arange(100)
        places.append([np.average(rows, weights=shown.sum(axis=1)), np.average(columns, weights=shown.sum(axis=0))])
    away = np.abs(np.array(places) - [27.5, 49.5])
    assert (away < [10, 18]).all()  # a tenth of the height and width, zoomed and rotated
    assert (away.max(axis=0) > [4, 7]).all()


def test_images_of_a_window_are_augmented_in_the_same_way(monkeypatch):
    """An image and a darker one stay correlated."""
    monkeypatch.setattr(augment, "MAX_ADJUSTMENTS", 0)
    image = np.random.default_rng(0).uniform(0, 255, (7, 10, 3)).repeat(8, 0).repeat(10, 1).astype(np.float32)
    for one, other in zip(augment_image(image, COPIES, 3), augment_image(0.5 * image, COPIES, 3), strict=True):
        assert np.corrcoef(one.ravel(), other.ravel())[0, 1] > 0.99


def test_there_are_seven_adjustments_and_up_to_five_are_applied():
    geometry, adjustments = augmentation_layers()
    assert len(geometry) == 8
    assert len(adjustments) + 1 == 7  # embossing is not a Keras layer
    assert MAX_ADJUSTMENTS == 5


def test_the_preview_shows_each_window_and_its_copies():
    windows = np.stack([SIDES[None], SIDES[None] / 2])
    figure = preview(windows, ["punch", "kick"], np.random.default_rng(0))
    assert len(figure.axes) == 16
    assert [axes.get_title(loc="left") for axes in figure.axes if axes.get_title(loc="left")] == ["punch", "kick"]
    np.testing.assert_array_equal(figure.axes[0].images[0].get_array(), SIDES.mean(axis=-1))

"""A path as a picture: what each colour and mark means, measured on single strokes."""

import colorsys

import numpy as np
import pytest

from handsign import motion


def stroke(angle=0.0, speed=0.5, push=0.0, count=12, start=(0.0, 0.0), every=0.02):
    """A straight path (count, 4) at `angle` degrees, y up, in widths a second, getting faster by `push` a second."""
    times = np.arange(count) * every
    far = speed * times + push * times**2 / 2
    turn = np.radians(angle)
    at = np.stack([start[0] + far * np.cos(turn), start[1] - far * np.sin(turn)], axis=1)
    gaps = np.full(count, every)
    gaps[0] = 0
    return np.column_stack([at, np.zeros(count), gaps]).astype(np.float32)


def hsv(window):
    """(hue in turns, saturation, value) of the pixels that are drawn, their medians."""
    image = motion.picture(window)
    lit = image[image.any(axis=2)] / 255
    return np.median([colorsys.rgb_to_hsv(*pixel) for pixel in lit], axis=0)


@pytest.mark.parametrize(("angle", "hue"), [(30, 1 / 12), (90, 0.25), (180, 0.5), (240, 2 / 3), (-90, 0.75)])
def test_direction_is_hue(angle, hue):
    assert hsv(stroke(angle))[0] == pytest.approx(hue, abs=0.01)


@pytest.mark.parametrize("speed", [0.01, 0.1, 0.5, 2.0, 50.0])
def test_speed_is_saturation_by_the_formula(speed):
    expected = 0.4 + 0.6 * np.clip(np.log10(speed / 0.03) / np.log10(5 / 0.03), 0, 1)
    way = np.array([[1.0, 1.0]]) / np.sqrt(2)
    colour = motion.colours(way, np.array([speed]), np.zeros(1))[0] / 255
    assert colorsys.rgb_to_hsv(*colour)[1] == pytest.approx(expected, abs=0.01)


@pytest.mark.parametrize("acceleration", [-1000.0, -5.0, 0.0, 0.5, 20.0, 100.0])
def test_acceleration_is_brightness_by_the_formula(acceleration):
    size = np.sign(acceleration) * np.log10(1 + abs(acceleration) / 0.5) / np.log10(1 + 100 / 0.5)
    colour = motion.colours(np.array([[0.0, 1.0]]), np.ones(1), np.array([acceleration]))[0] / 255
    assert colorsys.rgb_to_hsv(*colour)[2] == pytest.approx(0.65 + 0.35 * np.clip(size, -1, 1), abs=0.01)


def test_the_formulas_of_the_docstring_are_those_of_the_constants():
    for low, high in (motion.SPEEDS, motion.ACCELERATIONS):
        assert f"{low:g} to {high:g} widths" in motion.__doc__
    assert f"log10(gap / {motion.GAP:g}) / log10({motion.LONG:g} / {motion.GAP:g})" in motion.__doc__


def test_where_it_was_makes_no_difference_and_how_often_it_was_sampled_hardly():
    one, other = stroke(30), stroke(30, start=(0.5, -0.25))
    np.testing.assert_array_equal(motion.picture(one), motion.picture(other))
    fine = stroke(30, count=23, every=0.01)
    assert hsv(fine) == pytest.approx(hsv(one), abs=0.02)


def test_a_path_twice_as_long_is_twice_as_long_in_the_picture():
    widths = [np.ptp(np.nonzero(motion.picture(stroke(0, speed))[..., 0].any(axis=0))[0]) for speed in (1.0, 2.0)]
    assert widths[1] == pytest.approx(2 * widths[0], abs=2)


def gapped(seconds):
    window = stroke(0, 1.0)
    window[6, motion.SINCE] = seconds
    return motion.picture(window)


def test_a_gap_is_a_grey_square_instead_of_a_line_and_lighter_the_longer():
    found = []
    for seconds in (0.3, 5.0, 60.0, 1000.0):
        image = gapped(seconds)
        grey = image[(np.ptp(image, axis=2) == 0) & image.any(axis=2)]
        assert len(grey) == 9
        found.append(int(grey[0, 0]))
    assert found[0] < found[1] < found[2] == found[3]
    assert not (np.ptp(gapped(0.2), axis=2) == 0)[gapped(0.2).any(axis=2)].any()


def test_a_press_is_a_white_cross_and_a_drag_three_pixels_wide():
    plain, dragged = stroke(0, 1.0), stroke(0, 1.0)
    dragged[6:, motion.PRESSED] = 1
    image = motion.picture(dragged)
    assert (image == 255).all(axis=2).sum() == 5
    assert np.ptp(np.nonzero(motion.picture(plain).any(axis=(1, 2)))[0]) == 0
    assert (image[:, 24:].any(axis=2).sum(axis=0).max()) == 3


@pytest.mark.parametrize("window", [np.zeros((30, 4), np.float32), stroke(0, 100.0), stroke()[:2]])
def test_any_path_has_a_picture(window):
    image = motion.picture(window)
    assert (image.shape, image.dtype) == ((motion.SIZE, motion.SIZE, 3), np.uint8)


def test_the_sheet_shows_every_window_and_the_legend(tmp_path):
    figure = motion.sheet(np.stack([stroke(a) for a in (0, 90, 180)]), ["a", "$b$", "c"])
    above, below = figure.subfigs
    assert sum(bool(axes.images) for axes in above.axes) == 3
    assert len(below.axes) == 4
    figure.savefig(tmp_path / "sheet.png")

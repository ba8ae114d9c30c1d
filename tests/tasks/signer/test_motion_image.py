"""A path as an image: colours and marks against the formulas, on single strokes."""

import colorsys

import numpy as np
import pytest

from handsign.tasks.signer import motion_image


def stroke(angle=0.0, speed=0.5, acceleration=0.0, count=12, start=(0.0, 0.0), interval=0.02):
    """A straight path (count, 4) at `angle` degrees, y up; speed in widths a second, acceleration in widths / s²."""
    times = np.arange(count) * interval
    distance = speed * times + acceleration * times**2 / 2
    turn = np.radians(angle)
    points = np.stack([start[0] + distance * np.cos(turn), start[1] - distance * np.sin(turn)], axis=1)
    intervals = np.full(count, interval)
    intervals[0] = 0
    return np.column_stack([points, np.zeros(count), intervals]).astype(np.float32)


def hsv(window):
    """Medians of (hue in turns, saturation, value) over the drawn pixels."""
    image = motion_image.render(window)
    lit = image[image.any(axis=2)] / 255
    return np.median([colorsys.rgb_to_hsv(*pixel) for pixel in lit], axis=0)


@pytest.mark.parametrize(("angle", "hue"), [(30, 1 / 12), (90, 0.25), (180, 0.5), (240, 2 / 3), (-90, 0.75)])
def test_direction_is_hue(angle, hue):
    assert hsv(stroke(angle))[0] == pytest.approx(hue, abs=0.01)


@pytest.mark.parametrize("speed", [0.01, 0.1, 0.5, 2.0, 50.0])
def test_speed_is_saturation_by_the_formula(speed):
    expected = 0.4 + 0.6 * np.clip(np.log10(speed / 0.03) / np.log10(5 / 0.03), 0, 1)
    displacement = np.array([[1.0, 1.0]]) / np.sqrt(2)
    colour = motion_image.step_colours(displacement, np.array([speed]), np.zeros(1))[0] / 255
    assert colorsys.rgb_to_hsv(*colour)[1] == pytest.approx(expected, abs=0.01)


@pytest.mark.parametrize("acceleration", [-1000.0, -5.0, 0.0, 0.5, 20.0, 100.0])
def test_acceleration_is_brightness_by_the_formula(acceleration):
    size = np.sign(acceleration) * np.log10(1 + abs(acceleration) / 0.5) / np.log10(1 + 100 / 0.5)
    colour = motion_image.step_colours(np.array([[0.0, 1.0]]), np.ones(1), np.array([acceleration]))[0] / 255
    assert colorsys.rgb_to_hsv(*colour)[2] == pytest.approx(0.65 + 0.35 * np.clip(size, -1, 1), abs=0.01)


def test_the_docstring_has_the_values_of_the_constants():
    for low, high in (motion_image.SPEED_RANGE, motion_image.ACCELERATION_RANGE):
        assert f"{low:g} to {high:g} widths" in motion_image.__doc__
    shortest, longest = motion_image.MIN_GAP, motion_image.MAX_GAP
    assert f"log10(gap / {shortest:g}) / log10({longest:g} / {shortest:g})" in motion_image.__doc__


def test_the_image_does_not_depend_on_the_position_and_hardly_on_the_sampling_rate():
    one, other = stroke(30), stroke(30, start=(0.5, -0.25))
    np.testing.assert_array_equal(motion_image.render(one), motion_image.render(other))
    fine = stroke(30, count=23, interval=0.01)
    assert hsv(fine) == pytest.approx(hsv(one), abs=0.02)


def test_the_path_keeps_its_scale():
    widths = [np.ptp(np.nonzero(motion_image.render(stroke(0, speed))[..., 0].any(axis=0))[0]) for speed in (1.0, 2.0)]
    assert widths[1] == pytest.approx(2 * widths[0], abs=2)


def gapped(seconds):
    window = stroke(0, 1.0)
    window[6, motion_image.INTERVAL] = seconds
    return motion_image.render(window)


def test_a_gap_is_a_grey_square_in_place_of_a_line_lighter_the_longer_it_is():
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
    dragged[6:, motion_image.BUTTON] = 1
    image = motion_image.render(dragged)
    assert (image == 255).all(axis=2).sum() == 5
    assert np.ptp(np.nonzero(motion_image.render(plain).any(axis=(1, 2)))[0]) == 0
    assert (image[:, 24:].any(axis=2).sum(axis=0).max()) == 3


@pytest.mark.parametrize("window", [np.zeros((30, 4), np.float32), stroke(0, 100.0), stroke()[:2]])
def test_any_path_has_an_image(window):
    image = motion_image.render(window)
    assert (image.shape, image.dtype) == ((motion_image.SIZE, motion_image.SIZE, 3), np.uint8)


@pytest.mark.slow
def test_the_preview_shows_every_window_and_the_legend(tmp_path):
    figure = motion_image.preview(np.stack([stroke(a) for a in (0, 90, 180)]), ["a", "$b$", "c"])
    above, below = figure.subfigs
    assert sum(bool(axes.images) for axes in above.axes) == 3
    assert len(below.axes) == 4
    figure.savefig(tmp_path / "preview.png")

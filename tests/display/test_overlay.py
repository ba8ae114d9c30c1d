from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from handsign.display.landmarks import draw_landmarks
from handsign.display.overlay import paint
from handsign.display.view import View
from handsign.landmarks.holistic import HOLISTIC
from handsign.landmarks.layout import Layout, Part

KEYS = (("space", "pause"), ("r", "redo"), ("n", "next"), ("q", "quit"), ("h", "help"))
SIZES = [(320, 240), (640, 480), (540, 720), (1280, 720), (1920, 1080)]
BUSY = View(
    title="hello   take 7 of 30   action 2 of 3",
    state="recording",
    recording=True,
    countdown=1.2,
    progress=0.4,
    message="take 6: person 100 %, hand 97 %",
    keys=KEYS,
    help=True,
    scores=[("hello", 0.1), ("thanks", 0.7), ("iloveyou", 0.2)],
    threshold=0.5,
    leader="thanks",
    sentence=("hello", "thanks"),
    footer="29.8 fps   delay 43 ms",
)


def blank(width=640, height=480, value=128):
    return np.full((height, width, 3), value, np.uint8)


def person(seed=0):
    sample = np.random.default_rng(seed).uniform(0.2, 0.8, HOLISTIC.size).astype(np.float32)
    HOLISTIC.view(sample, "pose")[:, 3] = 0.9
    return sample


def only(part, points):
    """A holistic sample with only the first landmarks of one part, at these (x, y); those of the pose are visible."""
    sample = np.zeros(HOLISTIC.size, np.float32)
    view = HOLISTIC.view(sample, part)
    view[: len(points), :2] = points
    view[:, 3:] = 1
    return sample


def changed_pixels(view, width=640, height=480):
    """Which pixels of an image the text of a view changes: (H, W) bool."""
    background = blank(width, height, (128, 0, 255))  # a colour that no blend of panel and text gives
    return (paint(background, None, None, view) != background).any(axis=2)


@pytest.mark.parametrize(("width", "height"), [*SIZES, (64, 48), (1, 1), (40, 900)])
@pytest.mark.parametrize("labels", [0, 1, 3, 30, 250])
def test_images_of_any_size_and_any_number_of_labels_are_painted(width, height, labels):
    scores = [(f"label {i}", i / 250) for i in range(labels)]
    view = View(**{**BUSY.__dict__, "scores": scores})
    picture = paint(blank(width, height), person(), HOLISTIC, view, True)
    assert picture.shape == (height, width, 3)
    assert picture.dtype == np.uint8
    assert (picture != 128).any()


def test_image_and_sample_are_not_changed():
    image, sample = blank(), person()
    image_before, sample_before = image.copy(), sample.copy()
    for mirror in (False, True):
        paint(image, sample, HOLISTIC, BUSY, mirror)
    np.testing.assert_array_equal(image, image_before)
    np.testing.assert_array_equal(sample, sample_before)


@pytest.mark.parametrize("part", [part.name for part in HOLISTIC.parts])
@pytest.mark.parametrize("background", [0, 128, 255])
def test_a_landmark_changes_only_the_pixels_around_it(part, background):
    image = blank(value=background)
    draw_landmarks(image, only(part, [(0.25, 0.75)]), HOLISTIC)
    rows, columns = np.nonzero((image != background).any(axis=2))
    assert len(rows)
    assert abs(rows - 0.75 * 480).max() <= 8
    assert abs(columns - 0.25 * 640).max() <= 8


@pytest.mark.parametrize("part", ["face", "left_hand"])
@pytest.mark.parametrize("x", [0.0001, 0.5, 0.9999])
@pytest.mark.parametrize("y", [0.0001, 0.5, 0.9999])
def test_a_landmark_at_an_edge_does_not_wrap_to_the_other(part, x, y):
    image = blank()
    draw_landmarks(image, only(part, [(x, y)]), HOLISTIC)
    rows, columns = np.nonzero((image != 128).any(axis=2))
    assert len(rows)
    assert abs(rows - y * 480).max() <= 8
    assert abs(columns - x * 640).max() <= 8


@pytest.mark.parametrize("background", [0, 255])
def test_strokes_contrast_with_black_and_with_white(background):
    for name in ("pose", "left_hand", "right_hand", "face"):
        image = blank(value=background)
        draw_landmarks(image, person() * np.isin(np.arange(HOLISTIC.size), np.r_[HOLISTIC.slices[name]]), HOLISTIC)
        assert abs(image.astype(int) - background).max(axis=2).max() > 150


def test_parts_have_different_colours():
    found = []
    for part in HOLISTIC.parts:
        image = blank(value=0)
        draw_landmarks(image, only(part.name, np.random.default_rng(0).uniform(0.2, 0.8, (20, 2))), HOLISTIC)
        found.append(image[image.sum(axis=2).argmax() // 640, image.sum(axis=2).argmax() % 640].astype(int))
    gaps = [abs(a - b).max() for i, a in enumerate(found) for b in found[:i]]
    assert min(gaps) > 60


def test_missing_parts_draw_nothing():
    image = blank()
    draw_landmarks(image, np.zeros(HOLISTIC.size, np.float32), HOLISTIC)
    assert (image == 128).all()


def test_invisible_pose_landmarks_and_their_lines_are_not_drawn():
    sample = only("pose", np.linspace((0.1, 0.2), (0.9, 0.8), 33))
    HOLISTIC.view(sample, "pose")[:, 3] = 0.49
    image = blank()
    draw_landmarks(image, sample, HOLISTIC)
    assert (image == 128).all()
    HOLISTIC.view(sample, "pose")[11, 3] = 0.51  # a shoulder alone: a dot, no line
    draw_landmarks(image, sample, HOLISTIC)
    assert np.ptp(np.nonzero((image != 128).any(axis=2)), axis=1).max() < 16


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e30, -1e6, 1.4, -0.4])
def test_unusable_values_do_not_crash_and_do_not_hide_the_others(value):
    everywhere, one = np.full(HOLISTIC.size, value, np.float32), only("left_hand", [(0.5, 0.5), (value, value)])
    HOLISTIC.view(everywhere, "pose")[:, 3] = 1
    draw_landmarks(blank(), everywhere, HOLISTIC)
    image = blank()
    draw_landmarks(image, one, HOLISTIC)
    assert (image[240, 320] != 128).any()


def test_any_layout_with_x_and_y_is_drawn():
    layout = Layout((Part("tip", 1, ("x", "y")), Part("path", 3, ("x", "y"), strokes=((0, 1, 2),))))
    image = blank()
    draw_landmarks(image, np.array([0.1, 0.1, 0.3, 0.5, 0.5, 0.5, 0.7, 0.5], np.float32), layout)
    changed = (image != 128).any(axis=2)
    assert changed[48, 64]
    assert changed[240, 192:448].all()


def test_a_task_without_landmarks_shows_its_image():
    picture = paint(blank(), np.zeros((56, 100, 3), np.float32), None, View())
    assert (picture[100:] == 128).all()  # below the strip at the top


def test_mirror_flips_the_image_but_not_the_text():
    rng = np.random.default_rng(0)
    image = cv2.GaussianBlur(rng.integers(0, 255, (480, 640, 3), np.uint8), (0, 0), 5)
    sample = person()
    bare = image.copy()
    draw_landmarks(bare, sample, HOLISTIC)
    view = replace(BUSY, scores=())  # the bars stand on the other side then
    np.testing.assert_array_equal(
        paint(image, sample, HOLISTIC, view, True),
        paint(np.ascontiguousarray(bare[:, ::-1]), None, None, view, False),
    )


def test_bars_are_on_the_side_away_from_the_right_hand():
    image = np.full((480, 640, 3), 200, np.uint8)
    for mirror, side in ((True, np.s_[:, :300]), (False, np.s_[:, 340:])):
        bare = paint(image, None, None, replace(BUSY, scores=()), mirror)
        changed = (paint(image, None, None, BUSY, mirror) != bare).any(axis=2)
        assert changed.any()
        assert changed[side].sum() == changed.sum()


@pytest.mark.slow
@pytest.mark.parametrize(("width", "height"), SIZES)
def test_long_texts_are_shortened_inside_their_panels(width, height):
    long = "an unreasonably long text " * 20
    bars = View(scores=[(long, 0.5), ("b", 0.5)], threshold=0.5)
    changed, usual = (
        changed_pixels(v, width, height) for v in (bars, View(scores=[("a", 0.5), ("b", 0.5)], threshold=0.5))
    )
    np.testing.assert_array_equal(changed, usual)
    title = paint(blank(width, height), None, None, View(title=long, state="idle"))
    short = paint(blank(width, height), None, None, View(title="", state="idle"))
    strip = np.nonzero((title != short).any(axis=2))
    assert strip[1].max() < width - 20  # does not reach the state at the right
    for view in (View(message=long), View(sentence=(long,) * 5), View(keys=((long, long),)), View(footer=long)):
        picture = paint(blank(width, height, 0), None, None, view)
        assert not picture[:, : width // 200 + 1].any(), "text touches the left edge"
        assert not picture[:, -(width // 200 + 1) :].any(), "text touches the right edge"


def test_all_labels_are_shown_if_they_fit_else_the_most_probable():
    few = [(f"label {i}", 0.1) for i in range(10)]
    for i in range(10):
        renamed = [(name if j != i else "OTHER", value) for j, (name, value) in enumerate(few)]
        assert (paint(blank(), None, None, View(scores=few)) != paint(blank(), None, None, View(scores=renamed))).any()
    many = [(f"label {i}", i / 200) for i in range(100)]
    shown = paint(blank(), None, None, View(scores=many))
    best = paint(blank(), None, None, View(scores=[*many[:99], ("OTHER", 1.0)]))
    worst = paint(blank(), None, None, View(scores=[("OTHER", 0.0), *many[1:]]))
    assert (shown != best).any()
    np.testing.assert_array_equal(shown, worst)


def test_labels_that_fit_keep_their_order():
    first, second = ([("a", p), ("b", 1 - p)] for p in (0.2, 0.8))
    changed = paint(blank(), None, None, View(scores=first)) != paint(blank(), None, None, View(scores=second))
    assert not changed[:, :22].any()  # the labels at the left do not move, only bars and percentages change


@pytest.mark.parametrize(
    "change",
    [
        {"leader": None},
        {"leader": "hello"},
        {"threshold": 0.9},
        {"recording": False},
        {"progress": 0.5},
        {"message": "other"},
        {"footer": "other"},
        {"title": "other"},
        {"sentence": ("thanks",)},
        {"countdown": 2.2},
        {"help": True},
        {"keys": KEYS[:2]},
        {"scores": [("hello", 0.2), ("thanks", 0.7), ("iloveyou", 0.1)]},
    ],
    ids=lambda change: next(iter(change)),
)
def test_every_field_of_a_view_is_visible(change):
    view = {**BUSY.__dict__, "help": False}
    assert (paint(blank(), None, None, View(**view)) != paint(blank(), None, None, View(**view | change))).any()


@pytest.mark.parametrize("value", [np.nan, np.inf, -0.5, 1.5])
def test_probabilities_out_of_range_stay_in_their_row(value):
    usual = changed_pixels(View(scores=[("a", 0.5)], threshold=0.5))
    np.testing.assert_array_equal(changed_pixels(View(scores=[("a", value)], threshold=value)) & ~usual, False)


@pytest.mark.parametrize(
    "label", ["été", "спасибо", "안녕하세요", "ありがとう", "谢谢", "🙂", "two\nlines", "", " ", "\x00", "e\u0301"]
)
def test_labels_in_any_script_are_drawn(label):
    picture = paint(blank(), None, None, View(scores=[(label, 0.5)], sentence=(label,), leader=label))
    nameless = paint(blank(), None, None, View(scores=[("", 0.5)], sentence=("",), leader=""))
    assert (picture != nameless).any() == bool(label.strip(" \x00"))


def test_different_scripts_do_not_look_the_same():
    first, second = (paint(blank(), None, None, View(sentence=(text,))) for text in ("안녕", "감사"))
    assert (first != second).any()

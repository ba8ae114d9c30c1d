"""The algorithm that learns nothing, on drawn people before a drawn room."""

import cv2
import numpy as np
import pytest

from handsign import silhouette
from handsign import task as tasks
from handsign.goals import is_rest
from handsign.session import Recognising, Trigger
from handsign.silhouette import ACTIONS, LEARN, Silhouette, label_of, largest
from handsign.sources import Frame

ROOM = cv2.GaussianBlur(np.random.default_rng(0).integers(60, 200, (56, 100, 3), np.uint8), (0, 0), 5)


def person(x=50, arm=0, leg=0, deep=0):
    """The room with somebody at `x` who stretches an arm or a leg (columns, to the right) or squats (rows)."""
    image = ROOM.copy()
    head, hips, floor = 10 + deep, 30 + deep // 2, 50
    cv2.circle(image, (x, head), 3, (10, 10, 10), -1)
    cv2.rectangle(image, (x - 4, head + 3), (x + 4, hips), (10, 10, 10), -1)
    for side in (-2, 2):
        cv2.line(image, (x + side, hips), (x + side, floor), (10, 10, 10), 3)
    if arm:
        cv2.line(image, (x, head + 8), (x + arm, head + 8), (10, 10, 10), 3)
    if leg:
        cv2.line(image, (x, hips), (x + leg, hips + 6), (10, 10, 10), 3)
    return image.astype(np.float32)


@pytest.fixture
def judge():
    seen = Silhouette(ROOM)
    for _ in range(5):
        assert seen(person()) == "none"
    return seen


@pytest.mark.parametrize(
    ("picture", "action"),
    [
        (person(arm=22), "left punch"),  # of the one who faces the camera: at the right of the picture
        (person(arm=-22), "right punch"),
        (person(leg=22), "left kick"),
        (person(leg=-22), "right kick"),
        (person(deep=14), "squat"),
        (person(x=68), "step left"),
        (person(x=32), "step right"),
        (ROOM, "none"),
    ],
)
def test_what_it_tells_apart(judge, picture, action):
    assert judge(picture) == action


def test_somebody_who_stays_at_another_place_stands_there(judge):
    said = [judge(person(x=68)) for _ in range(60)]
    assert said[0] == "step left"
    assert said[-1] == "none"


def test_the_first_pictures_are_the_background():
    seen = Silhouette()
    rng = np.random.default_rng(0)
    for _ in range(LEARN):
        assert seen(np.clip(ROOM + rng.normal(0, 2, ROOM.shape), 0, 255)) == "none"
    assert seen(person()) == "none"
    assert seen(person(arm=22)) == "left punch"


def test_specks_are_nobody():
    white = np.zeros((56, 100), bool)
    white[10:13, 10:13] = True
    assert largest(white) is None
    white[20:40, 40:60] = True
    assert largest(white).sum() == 400


@pytest.mark.parametrize(
    ("action", "labels", "label"),
    [
        ("left punch", ["kick", "punch"], "punch"),
        ("left punch", ["left punch", "right punch"], "left punch"),
        ("squat", ["squatting", "standing"], "squatting"),
        ("none", ["squatting", "standing"], "standing"),
        ("none", ["kick", "other"], "other"),
        ("step left", ["kick", "punch"], None),
        ("none", ["call", "four"], None),
    ],
)
def test_which_label_an_action_is(action, labels, label):
    assert label_of(action, labels) == label


def test_live_it_announces_strikes_and_standing():
    task = tasks.load("strike")
    bundle = task.untrained["silhouette"]()
    info = bundle.info
    assert info.labels == sorted(ACTIONS)
    assert [label for label in info.labels if is_rest(label)] == ["none"]
    trigger = Trigger(info.labels, info.threshold, info.hold, info.rearm, info.release, info.quiet, info.stand)
    session = Recognising(task, lambda f: f, bundle.predict, info.labels, 1, info.rate, trigger, every=info.every)
    pictures = (
        [ROOM] * 25 + [person()] * 10 + [person(arm=22)] * 4 + [person()] * 12 + [person(leg=-22)] * 4 + [person()] * 5
    )
    for i, picture in enumerate(pictures):
        session.see(Frame(picture, i / 10, picture.astype(np.float32)))
    assert [event.label for event in session.events] == ["left punch", "stand", "right kick", "stand"]
    assert list(session.sentence) == ["left punch", "right kick"]


def test_its_predictions_are_one_of_its_labels():
    said = silhouette.predictor()(np.zeros((3, 1, 56, 100, 3), np.float32))
    assert said.shape == (3, len(ACTIONS))
    assert (said.sum(axis=1) == 1).all()

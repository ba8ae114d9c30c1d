"""The silhouette classifier on drawn people in a drawn room."""

import cv2
import numpy as np
import pytest

from handsign import tasks
from handsign.capture.source import Frame
from handsign.data.take import is_rest
from handsign.tasks.strike import silhouette
from handsign.tasks.strike.silhouette import (
    ACTIONS,
    BACKGROUND_IMAGES,
    SilhouetteClassifier,
    largest_component,
    matching_label,
)

ROOM = cv2.GaussianBlur(np.random.default_rng(0).integers(60, 200, (56, 100, 3), np.uint8), (0, 0), 5)


def person(x=50, arm=0, leg=0, deep=0):
    """The room with a person at column `x` who stretches an arm or a leg (columns, to the right) or squats (rows)."""
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
def classify():
    classifier = SilhouetteClassifier(ROOM)
    for _ in range(5):
        assert classifier(person()) == "none"
    return classifier


@pytest.mark.parametrize(
    ("image", "action"),
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
def test_each_action_is_classified(classify, image, action):
    assert classify(image) == action


def test_somebody_who_stays_at_another_place_stands_there(classify):
    actions = [classify(person(x=68)) for _ in range(60)]
    assert actions[0] == "step left"
    assert actions[-1] == "none"


def test_without_a_background_the_first_images_are_it():
    classifier = SilhouetteClassifier()
    rng = np.random.default_rng(0)
    for _ in range(BACKGROUND_IMAGES):
        assert classifier(np.clip(ROOM + rng.normal(0, 2, ROOM.shape), 0, 255)) == "none"
    assert classifier(person()) == "none"
    assert classifier(person(arm=22)) == "left punch"


def test_a_small_component_is_no_person():
    mask = np.zeros((56, 100), bool)
    mask[10:13, 10:13] = True
    assert largest_component(mask) is None
    mask[20:40, 40:60] = True
    assert largest_component(mask).sum() == 400


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
def test_the_matching_label_of_an_action(action, labels, label):
    assert matching_label(action, labels) == label


def test_live_it_announces_strikes_and_standing():
    task = tasks.load("strike")
    bundle = task.networks["silhouette"].ready_made()
    info = bundle.info
    assert info.labels == sorted(ACTIONS)
    assert [label for label in info.labels if is_rest(label)] == ["none"]
    session = task.recogniser(bundle)
    pictures = (
        [ROOM] * 25 + [person()] * 10 + [person(arm=22)] * 4 + [person()] * 12 + [person(leg=-22)] * 4 + [person()] * 5
    )
    for i, picture in enumerate(pictures):
        session.update(Frame(picture, i / 10, picture.astype(np.float32)))
    assert [event.label for event in session.events] == ["left punch", "stand", "right kick", "stand"]
    assert list(session.sentence) == ["left punch", "right kick"]


def test_predictions_are_one_hot():
    y_pred = silhouette.predictor()(np.zeros((3, 1, 56, 100, 3), np.float32))
    assert y_pred.shape == (3, len(ACTIONS))
    assert (y_pred.sum(axis=1) == 1).all()

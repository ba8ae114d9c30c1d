"""The session that continues what a camera shows, and what realtime.py opens."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from handsign import tasks
from handsign.bundle.bundle import Bundle
from handsign.capture.factory import CameraConfig
from handsign.capture.source import Frame
from handsign.live.config import LiveConfig
from handsign.tasks.nextframe import films
from handsign.tasks.nextframe import session as session_module
from handsign.tasks.nextframe.session import Continuation, open_films
from handsign.tasks.nextframe.task import OBJECTIVE


@pytest.fixture(scope="module")
def task():
    return tasks.load("nextframe")


@pytest.fixture
def live():
    """A session whose model predicts that every picture gets a tenth brighter, ten times a second."""
    return Continuation(lambda x: x + 0.1, 10.0, OBJECTIVE.steps)


def show(session, times):
    """Give a session a picture at each time (seconds), a tenth of the time bright."""
    for at in times:
        sample = np.full((40, 40, 1), at / 10, np.float32)
        session.update(Frame(np.zeros((480, 640, 3), np.uint8), at, sample))


def test_it_waits_for_seven_pictures_and_predicts_at_the_rate_of_the_model(live):
    show(live, np.arange(18) / 30)
    assert live.forecast is None
    assert live.picture(np.ones((480, 640, 3), np.uint8)).all()
    show(live, [0.6])
    np.testing.assert_allclose(live.context[:, 0, 0, 0], np.arange(7) / 100, atol=1e-6)
    np.testing.assert_allclose(live.forecast[:, 0, 0, 0], 0.06 + 0.1 * np.arange(1, 17), atol=1e-5)
    show(live, 0.6 + np.arange(1, 31) / 30)
    assert live.count == 11
    show(live, [0.1])  # another film begins
    assert live.count == 11


def test_the_picture_shows_context_and_forecast(live):
    show(live, np.arange(8) / 10)
    sheet = live.picture(np.zeros((480, 640, 3), np.uint8))
    assert sheet.shape == (480, 640, 3)
    middle = sheet[120 + 40 :: 80, 40::80][:3]  # of each of the 3 x 8 small pictures
    expected = np.clip(np.concatenate([live.context[:, 0, 0, 0], [24 / 255], live.forecast[:, 0, 0, 0]]), 0, 1) * 255
    np.testing.assert_allclose(middle[..., 0].ravel(), expected, atol=1.01)
    assert "predictions" in live.view().title


def test_without_a_camera_or_a_source_the_example_is_continued(task, monkeypatch):
    asked = []
    info = SimpleNamespace(sample=(40, 40, 1), window=15, rate=10.0)
    monkeypatch.setattr(films, "load_one", lambda spec: asked.append(spec))
    monkeypatch.setattr(session_module, "info_of_model", lambda path: info)
    monkeypatch.setattr(Bundle, "load", lambda path, interface, labels: SimpleNamespace(predict=None))
    for given in ({}, {"source": "a.mp4"}, {"camera": CameraConfig("0")}):
        view = open_films(task, LiveConfig(Path("squares"), Path("nextframe.h5"), **given))
        assert isinstance(view.open(None, ""), Continuation)
    assert asked == ["squares", "a.mp4"]

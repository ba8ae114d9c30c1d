"""The session that records, trains on and forecasts a path, driven by frames and keys."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from handsign.capture.source import Frame
from handsign.data.store import Store
from handsign.display.overlay import paint
from handsign.errors import InputError
from handsign.tasks.trajectory.session import ENDS, Drawing, Forecaster
from handsign.tasks.trajectory.synthetic import synthetic_take
from handsign.tasks.trajectory.task import OBJECTIVE

BLANK = np.zeros((70, 100, 3), np.uint8)
INTERVALS = np.tile(np.array([[0.01], [0.05], [0.1]], np.float32), 128)


@dataclass
class FakeTraining:
    """A training process that finishes when the test sets `finished`."""

    finished: bool = False
    error: str = ""
    stopped: bool = False
    progress: float = 0.5
    status: str = "epoch 1 of 2"

    def stop(self):
        self.stopped = True


def constant_velocity(windows):
    """Windows (n, 16, 2) -> the next point (n, 2), with the last velocity."""
    return np.clip(2 * windows[:, -1] - windows[:, -2], 0, 1)


class Setup:
    """A session, and what it starts, loads and saves; `move` moves the point to the right for some frames."""

    def __init__(self):
        self.trainings, self.saved, self.now = [], [], 0.0
        self.session = Drawing(16, OBJECTIVE, self.start, self.load, self.save)

    def start(self):
        self.trainings.append(FakeTraining())
        return self.trainings[-1]

    def load(self):
        return Forecaster(constant_velocity, 60.0, INTERVALS)

    def save(self, samples, times):
        self.saved.append((samples, times))
        return Path("paths/path/me_000.npz")

    def move(self, frames, rate=60.0, present=True):
        for _ in range(frames):
            self.now += 1 / rate
            point = np.array([0.2 + 0.1 * self.now, 0.5], np.float32) * present
            self.session.update(Frame(BLANK, self.now, point))

    def press(self, keys):
        for key in keys:
            self.session.press(key)
        return self.session.message


@pytest.fixture
def setup():
    return Setup()


def test_r_records_and_r_saves(setup):
    assert "recording" in setup.press("r")
    assert setup.session.view().recording
    setup.move(30)
    (line,) = setup.session.view().lines
    assert line.colour == "red"
    assert line.points.shape == (30, 2)
    assert "30 points saved as paths/path/me_000.npz" in setup.press("r")
    ((samples, times),) = setup.saved
    assert samples.shape == (30, 2)
    assert times == pytest.approx(np.arange(30) / 60)
    assert setup.session.state == "idle"


def test_too_short_a_take_is_not_saved(setup):
    setup.press("r")
    setup.move(16)
    assert "16 points are too few" in setup.press("r")
    assert setup.saved == []


STATES = {"r": "recording", "t": "training", "p": "predicting"}


@pytest.mark.parametrize("first", STATES)
@pytest.mark.parametrize("second", STATES)
def test_states_exclude_each_other_and_say_why(setup, first, second):
    setup.press(first)
    assert setup.session.state == STATES[first]
    message = setup.press(second)
    if first != second:
        assert setup.session.state == STATES[first]
        assert f"it is {STATES[first]}" in message
        assert ENDS[STATES[first]] in message
    assert "no longer" in setup.press("i") or first == "r" or first == second != "t"
    assert setup.session.state == "idle"


def test_i_drops_what_is_recorded(setup):
    setup.press("r")
    setup.move(30)
    assert "dropped" in setup.press("i")
    assert (setup.saved, setup.session.view().lines) == ([], [])
    assert setup.press("i") == "idle already"


def test_c_clears_but_not_what_is_being_recorded(setup):
    setup.press("r")
    setup.move(30)
    assert "c clears, but it is recording" in setup.press("c")
    setup.press("r")
    assert setup.session.view().lines
    setup.press("c")
    assert setup.session.view().lines == []


@pytest.mark.parametrize("rate", [30, 60, 120])
def test_p_predicts_from_points_at_the_rate_of_the_model(setup, rate):
    setup.press("p")
    setup.move(round(rate * 0.24), rate)
    assert len(setup.session.forecast) == 0, "16 points at 60 a second last 0.25 s"
    setup.move(rate // 10, rate)
    context, forecast = setup.session.context, setup.session.forecast
    assert (context.shape, forecast.shape) == ((16, 2), (128, 2))
    assert np.diff(context[:, 0]) == pytest.approx(0.1 / 60, abs=1e-5)
    assert forecast[:, 0] == pytest.approx(context[-1, 0] + np.arange(1, 129) * 0.1 / 60, abs=1e-3)
    view = setup.session.view()
    assert [line.colour for line in view.lines] == ["amber", "blue"]
    assert [radii[0] for _, radii in view.prediction_intervals] == pytest.approx([0.1, 0.05, 0.01])


def test_after_a_gap_the_window_is_filled_again(setup):
    setup.press("p")
    setup.move(20)
    before = setup.session.forecast
    setup.move(40, present=False)
    setup.move(10)
    assert setup.session.forecast is before
    setup.move(10)
    assert setup.session.forecast is not before


def test_t_shows_the_progress_until_the_training_has_finished(setup):
    setup.press("t")
    setup.move(1)
    view = setup.session.view()
    assert (view.state, view.progress) == ("training: epoch 1 of 2", 0.5)
    setup.trainings[0].finished = True
    setup.move(1)
    assert (setup.session.state, setup.session.message) == ("idle", "trained: p predicts")


def test_a_failed_training_shows_its_error(setup):
    setup.press("t")
    setup.trainings[0].finished, setup.trainings[0].error = True, "train.py: no takes"
    setup.move(1)
    assert setup.session.message == "training failed: train.py: no takes"


@pytest.mark.parametrize("key", ["i", "esc"])
def test_leaving_a_training_stops_it(setup, key):
    setup.press("t")
    setup.press([key])
    assert setup.trainings[0].stopped
    assert setup.session.done == (key == "esc")


def test_without_a_model_or_recordings_the_keys_show_the_error(setup):
    def fail(*args):
        raise InputError("there is none")

    session = Drawing(16, OBJECTIVE, fail, fail, fail)
    for key in "pt":
        session.press(key)
        assert (session.state, session.message) == ("idle", "there is none")


def test_what_is_drawn(setup):
    setup.press("p")
    setup.move(30)
    image = np.full((350, 500, 3), 24, np.uint8)
    view = setup.session.view()
    picture = paint(image, None, None, view)
    y = 175
    column = picture[y - 60 : y + 60, round(float(view.lines[1].points[60, 0]) * 499)].astype(int)
    assert column[60].tolist() == [233, 180, 86], "the predicted points are blue"
    assert column[58 - 15][0] > column[60 - 40][0] > 24, "the inner intervals are brighter"
    context = picture[y, round(float(view.lines[0].points[3, 0]) * 499)]
    assert context.tolist() == [0, 159, 230], "the context is amber"


def test_without_a_window_and_a_model_it_is_refused(tmp_path):
    from handsign.cli import realtime

    Store(tmp_path).add(synthetic_take(1, 60))
    options = ["--task", "trajectory", "--headless", "--source", tmp_path, "--model", tmp_path / "none.h5"]
    with pytest.raises(InputError, match="there is no model"):
        realtime.main(list(map(str, options)))


def test_train_prints_the_epochs_that_the_session_reads(capsys):
    from handsign.cli import train

    train.print_epoch(3, 12, {"loss": np.float32(0.5)})
    assert json.loads(capsys.readouterr().out) == {"epoch": 3, "epochs": 12, "loss": 0.5}

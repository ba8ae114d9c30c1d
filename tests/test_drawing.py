"""The window that records, trains and predicts a path, without a window: frames and keys."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from handsign import cli, drawing
from handsign import task as tasks
from handsign.drawing import Drawing, Training
from handsign.errors import InputError
from handsign.paths import synthetic
from handsign.screen import paint
from handsign.sources import Frame, Pointer
from handsign.takes import Store

BLANK = np.zeros((70, 100, 3), np.uint8)
FAN = np.tile(np.array([[0.01], [0.05], [0.1]], np.float32), 128)


@dataclass
class Fake:
    """A training that ends when the test says so."""

    over: bool = False
    failed: str = ""
    stopped: bool = False
    share: float = 0.5
    told: str = "epoch 1 of 2"

    def stop(self):
        self.stopped = True


def onwards(windows):
    """Goes on with the last speed."""
    return np.clip(2 * windows[:, -1] - windows[:, -2], 0, 1)


class World:
    """A session with what it starts, loads and saves; `go` moves the point to the right."""

    def __init__(self):
        self.trainings, self.saved, self.now = [], [], 0.0
        self.session = Drawing(tasks.load("trajectory"), None, self.start, self.load, self.save)

    def start(self):
        self.trainings.append(Fake())
        return self.trainings[-1]

    def load(self):
        return onwards, 60.0, FAN

    def save(self, samples, times):
        self.saved.append((samples, times))
        return Path("paths/path/me_000.npz")

    def go(self, frames, rate=60.0, there=True):
        for _ in range(frames):
            self.now += 1 / rate
            point = np.array([0.2 + 0.1 * self.now, 0.5], np.float32) * there
            self.session.see(Frame(BLANK, self.now, point))

    def press(self, keys):
        for key in keys:
            self.session.press(key)
        return self.session.message


@pytest.fixture
def world():
    return World()


def test_r_records_and_r_saves(world):
    assert "recording" in world.press("r")
    assert world.session.view().recording
    world.go(30)
    (line,) = world.session.view().lines
    assert line.ink == "red"
    assert line.points.shape == (30, 2)
    assert "30 points saved as paths/path/me_000.npz" in world.press("r")
    ((samples, times),) = world.saved
    assert samples.shape == (30, 2)
    assert times == pytest.approx(np.arange(30) / 60)
    assert world.session.state == "idle"


def test_too_short_a_take_is_not_saved(world):
    world.press("r")
    world.go(16)
    assert "16 points are too few" in world.press("r")
    assert world.saved == []


STATES = {"r": "recording", "t": "training", "p": "predicting"}


@pytest.mark.parametrize("first", STATES)
@pytest.mark.parametrize("second", STATES)
def test_states_exclude_each_other_and_say_why(world, first, second):
    world.press(first)
    assert world.session.state == STATES[first]
    message = world.press(second)
    if first != second:
        assert world.session.state == STATES[first]
        assert f"it is {STATES[first]}" in message
        assert drawing.ENDS[STATES[first]] in message
    assert "no longer" in world.press("i") or first == "r" or first == second != "t"
    assert world.session.state == "idle"


def test_i_drops_what_is_recorded(world):
    world.press("r")
    world.go(30)
    assert "dropped" in world.press("i")
    assert (world.saved, world.session.view().lines) == ([], [])
    assert world.press("i") == "idle already"


def test_c_clears_but_not_what_is_being_recorded(world):
    world.press("r")
    world.go(30)
    assert "c clears, but it is recording" in world.press("c")
    world.press("r")
    assert world.session.view().lines
    world.press("c")
    assert world.session.view().lines == []


@pytest.mark.parametrize("rate", [30, 60, 120])
def test_p_predicts_from_points_at_the_rate_of_the_model(world, rate):
    world.press("p")
    world.go(round(rate * 0.24), rate)
    assert len(world.session.said) == 0, "16 points at 60 a second last 0.25 s"
    world.go(rate // 10, rate)
    seen, said = world.session.seen, world.session.said
    assert (seen.shape, said.shape) == ((16, 2), (128, 2))
    assert np.diff(seen[:, 0]) == pytest.approx(0.1 / 60, abs=1e-5)
    assert said[:, 0] == pytest.approx(seen[-1, 0] + np.arange(1, 129) * 0.1 / 60, abs=1e-3)
    view = world.session.view()
    assert [line.ink for line in view.lines] == ["amber", "blue"]
    assert [radii[0] for _, radii in view.fan] == pytest.approx([0.1, 0.05, 0.01])


def test_after_the_point_was_away_the_window_fills_anew(world):
    world.press("p")
    world.go(20)
    before = world.session.said
    world.go(40, there=False)
    world.go(10)
    assert world.session.said is before
    world.go(10)
    assert world.session.said is not before


def test_t_shows_how_far_it_is_and_ends(world):
    world.press("t")
    world.go(1)
    view = world.session.view()
    assert (view.state, view.progress) == ("training: epoch 1 of 2", 0.5)
    world.trainings[0].over = True
    world.go(1)
    assert (world.session.state, world.session.message) == ("idle", "trained: p predicts")


def test_a_training_that_fails_says_why(world):
    world.press("t")
    world.trainings[0].over, world.trainings[0].failed = True, "train.py: no takes"
    world.go(1)
    assert world.session.message == "training failed: train.py: no takes"


@pytest.mark.parametrize("key", ["i", "esc"])
def test_who_leaves_a_training_ends_it(world, key):
    world.press("t")
    world.press([key])
    assert world.trainings[0].stopped
    assert world.session.done == (key == "esc")


def test_without_a_model_or_recordings_the_keys_say_what_to_do(world):
    def no(*args):
        raise InputError("there is none")

    session = Drawing(tasks.load("trajectory"), None, no, no, no)
    for key in "pt":
        session.press(key)
        assert (session.state, session.message) == ("idle", "there is none")


def test_what_is_drawn(world):
    world.press("p")
    world.go(30)
    image = np.full((350, 500, 3), 24, np.uint8)
    view = world.session.view()
    picture = paint(image, None, None, view)
    y = 175
    ahead = picture[y - 60 : y + 60, round(float(view.lines[1].points[60, 0]) * 499)].astype(int)
    assert ahead[60].tolist() == [233, 180, 86], "the predicted points are blue"
    assert ahead[58 - 15][0] > ahead[60 - 40][0] > 24, "the fan is stronger nearer to them"
    seen = picture[y, round(float(view.lines[0].points[3, 0]) * 499)]
    assert seen.tolist() == [0, 159, 230], "those seen are amber"


class TestTraining:
    def test_tells_the_epochs_of_another_process(self):
        code = "import json\nfor i in 1, 2: print(json.dumps({'epoch': i, 'epochs': 4}), flush=True)\nprint('done')"
        training = Training([sys.executable, "-c", code])
        training._reader.join(60)
        training._process.wait(60)
        assert (training.share, training.told, training.over, training.failed) == (0.5, "epoch 2 of 4", True, "")

    def test_tells_why_it_failed(self):
        training = Training([sys.executable, "-c", "import sys; sys.exit('train.py: nothing to learn from')"])
        training._reader.join(60)
        training._process.wait(60)
        assert training.over
        assert training.failed == "train.py: nothing to learn from"

    def test_can_be_given_up(self):
        training = Training([sys.executable, "-c", "input() if False else __import__('threading').Event().wait()"])
        assert not training.over
        training.stop()
        assert training.over
        assert training.failed


class TestPointer:
    def test_is_between_two_movements_at_the_time_of_the_frame(self):
        now = [10.0]
        pointer = Pointer((101, 51), lambda: now[0])
        frames = iter(pointer)
        assert next(frames).sample.tolist() == [0, 0], "it has been nowhere yet"
        pointer.move(0, 25)
        now[0] = 10.04
        pointer.move(100, 25)
        now[0] = 10.05  # and the frame is of 10.03
        frame = next(frames)
        assert frame.time == pytest.approx(0.03)
        assert frame.sample == pytest.approx([0.75, 0.5])
        now[0] = 11.0
        assert next(frames).sample == pytest.approx([1.0, 0.5])

    def test_stays_on_the_canvas(self):
        pointer = Pointer((101, 51), lambda: 0.0)
        pointer.move(-5, 500)
        assert next(iter(pointer)).sample.tolist() == [0, 1]


def test_without_a_window_and_a_model_there_is_nothing_to_do(tmp_path):
    sys.path.insert(0, str(Path(drawing.__file__).parent.parent))
    import realtime

    Store(tmp_path).add(synthetic(1, 60))
    told = ["--task", "trajectory", "--headless", "--source", tmp_path, "--model", tmp_path / "none.h5"]
    with pytest.raises(InputError, match="there is no model"):
        drawing.draw(cli.parse(realtime.parser(), list(map(str, told))))


def test_what_train_tells_is_what_is_read(capsys):
    sys.path.insert(0, str(Path(drawing.__file__).parent.parent))
    import train

    train.tell(3, 12, {"loss": np.float32(0.5)})
    assert json.loads(capsys.readouterr().out) == {"epoch": 3, "epochs": 12, "loss": 0.5}

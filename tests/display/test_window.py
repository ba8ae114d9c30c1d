"""Windows, and the programs as users run them: a real OpenCV window under Xvfb, keys by xdotool, a video as camera."""

import ctypes.util
import json
import os
import shutil
import struct
import subprocess
import sys

import cv2
import numpy as np
import pytest
from conftest import ROOT

from handsign.display.window import Window
from handsign.errors import InputError


@pytest.mark.skipif("not __import__('sys').platform.startswith('linux')", reason="only Linux runs without a display")
@pytest.mark.parametrize("display", [None, "", ":4711"])
def test_without_a_display_the_error_names_headless(monkeypatch, display):
    monkeypatch.delenv("DISPLAY", raising=False)
    if display is not None:
        monkeypatch.setenv("DISPLAY", display)
    with pytest.raises(InputError, match="--headless"):
        Window("test")


def test_a_window_without_an_image_has_no_keys(monkeypatch):
    monkeypatch.setattr("handsign.display.window._can_connect_to_display", lambda: True)
    with Window("test") as window:
        assert window.key() is None


@pytest.fixture(scope="module")
def display():
    if not (shutil.which("Xvfb") and shutil.which("xdotool")):
        pytest.skip("needs Xvfb and xdotool for a window")
    read, write = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(write), "-screen", "0", "1280x1024x24"], pass_fds=[write], stderr=subprocess.DEVNULL
    )
    os.close(write)
    with os.fdopen(read) as answer:
        number = answer.readline().strip()
    yield f":{number}"
    server.terminate()
    server.wait()


class Program:
    """A script with a window: read its output line by line, press its keys."""

    def __init__(self, display, folder, script, *args):
        self.environment = {**os.environ, "DISPLAY": display, "QT_QPA_PLATFORM": "xcb"}
        self.process = subprocess.Popen(
            [sys.executable, ROOT / script, *map(str, args)],
            cwd=folder, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    def window(self):
        found = self.xdotool("search", "--sync", "--onlyvisible", "--name", "handsign")
        self.id = found.split()[0]

    def xdotool(self, *args):
        return subprocess.run(
            ["xdotool", *args], env=self.environment, check=True, capture_output=True, text=True, timeout=60
        ).stdout

    def press(self, key):
        self.xdotool("windowfocus", "--sync", self.id, "key", key)

    def close(self):
        """Send WM_DELETE_WINDOW, as the close button of the window does; xdotool cannot send it."""
        x11 = ctypes.CDLL(ctypes.util.find_library("X11"))
        x11.XOpenDisplay.restype, x11.XInternAtom.restype = ctypes.c_void_p, ctypes.c_ulong
        display, window = ctypes.c_void_p(x11.XOpenDisplay(self.environment["DISPLAY"].encode())), int(self.id)
        protocols, delete = (x11.XInternAtom(display, name, 0) for name in (b"WM_PROTOCOLS", b"WM_DELETE_WINDOW"))
        # a ClientMessage: type, serial, sent, display, window, message type, format, data; padded to an XEvent
        event = struct.pack("@iliPLLi5l", 33, 0, 1, display.value, window, protocols, 32, delete, 0, 0, 0, 0)
        x11.XSendEvent(display, ctypes.c_ulong(window), 0, 0, event.ljust(192, b"\0"))
        x11.XCloseDisplay(display)

    def until(self, text):
        """Read the output until a line contains `text`. If the program ends before, fail with all of its output."""
        lines = []
        for line in self.process.stdout:
            lines.append(line)
            if text in line:
                return line
        pytest.fail(f"{text!r} was not printed: {''.join(lines)}{self.process.stderr.read()}")

    def end(self):
        out, err = self.process.communicate(timeout=60)
        assert self.process.returncode == 0, err
        assert "Traceback" not in err
        return out


@pytest.fixture
def camera(tmp_path):
    """A video in place of a camera: it ends and, when reopened, starts again, like a camera with a loose plug."""
    path = tmp_path / "camera.mp4"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"mp4v"), 30, (320, 240))
    for i in range(90):
        writer.write(np.full((240, 320, 3), (40, 2 * i, 90), np.uint8))
    writer.release()
    return path


@pytest.fixture
def start(display, tmp_path):
    running = []

    def run(*args):
        running.append(Program(display, tmp_path, *args))
        return running[-1]

    yield run
    for program in running:
        program.process.kill()
        program.process.communicate()


@pytest.mark.slow
def test_collect_with_its_keys(start, camera, tmp_path):
    program = start(
        "collect.py", "--camera", camera, "--actions", "one", "two", "three", "--pause", "0.2", "--length", 12
    )
    program.window()
    program.until("no person was seen in me_000: press r to redo it")  # an empty room is offered for redo
    program.press("r")
    program.until("me_000 is kept until its new take is there")
    program.until("no person was seen in me_000")
    program.press("space")
    program.until("paused")
    program.press("x")
    program.until("x does nothing here")
    program.press("h")
    program.press("space")
    program.until("on\n")  # OpenCV knows only the last key pressed between two frames
    program.press("n")
    program.until("now two")
    program.until("seen in me_000")
    program.press("n")
    program.until("now three")
    program.press("q")
    assert "one 1 of 30" in program.end()
    names = [p.relative_to(tmp_path).as_posix() for p in sorted(tmp_path.glob("MP_Data/*/*.npz"))]
    assert names == ["MP_Data/one/me_000.npz", "MP_Data/two/me_000.npz"]
    with np.load(tmp_path / names[0]) as take:
        assert take["samples"].shape == (12, 1662)
        assert json.loads(take["info"].tobytes())["frame_size"] == [320, 240]


@pytest.mark.slow
def test_collect_ends_when_its_window_is_closed(start, camera):
    program = start("collect.py", "--camera", camera, "--actions", "one")
    program.window()
    program.close()
    assert "one 0 of 30" in program.end()


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """An untrained network of the sign task, saved as `train.py` saves one."""
    from handsign import tasks
    from handsign.bundle.info import describe
    from handsign.bundle.saving import save

    sign, path = tasks.load("sign"), tmp_path_factory.mktemp("model") / "action.h5"
    length, labels = sign.windowing.length, ["one", "two"]
    network = sign.network().build((length, *sign.format.shape), labels)
    save(network, path, describe(sign.format, labels, length, sign.windowing.rate))
    return path


@pytest.mark.slow
def test_realtime_with_its_keys(start, camera, model, tmp_path):
    events = tmp_path / "events.jsonl"
    program = start(
        "realtime.py", "--camera", camera, "--model", model, "--threshold", 0, "--no-gate", "--events", events
    )
    program.window()
    program.until("%")  # without a threshold one of the two is always recognised
    program.press("h")
    program.press("x")
    program.until("x does nothing here")
    program.press("c")
    program.until("the sentence is empty")
    program.until("gives no picture")
    program.until("is back")
    program.press("Escape")
    assert "stopped: 1 x " in program.end()
    event = json.loads(events.read_text().splitlines()[0])
    assert event["label"] in {"one", "two"}
    assert 0 <= event["probability"] <= 1


@pytest.mark.slow
def test_realtime_shows_a_video_to_its_end(start, camera, model):
    program = start("realtime.py", "--source", camera, "--model", model)
    program.window()
    assert "camera.mp4 ended" in program.end()


@pytest.fixture(scope="module")
def path_model(tmp_path_factory):
    """An untrained network of the trajectory task, which continues straight on, with prediction intervals."""
    from handsign import tasks
    from handsign.bundle.info import describe
    from handsign.bundle.saving import save

    trajectory, path = tasks.load("trajectory"), tmp_path_factory.mktemp("path_model") / "path.h5"
    length, labels = trajectory.windowing.length, ["x", "y"]
    network = trajectory.network().build((length, *trajectory.format.shape), labels)
    intervals = [[radius * step / 128 for step in range(1, 129)] for radius in (0.05, 0.1, 0.2)]
    save(network, path, describe(trajectory.format, labels, length, 60.0, prediction_intervals=intervals))
    return path


@pytest.mark.slow
def test_a_path_is_recorded_and_predicted_with_keys(start, path_model, tmp_path):
    program = start("realtime.py", "--task", "trajectory", "--data", "takes", "--model", path_model)
    program.window()
    program.press("t")
    program.until("there is no recording in takes yet: r records one")
    program.press("r")
    program.until("recording: move")
    for x in range(200, 700, 20):
        program.xdotool("mousemove", "--window", program.id, str(x), str(x // 2 + 100))
        # Alternating keys, as a repeated message is printed once; the message means that a frame was processed.
        key = "xz"[x // 20 % 2]
        program.press(key)
        program.until(f"{key} does nothing here")
    program.press("p")
    program.until("p predicts, but it is recording: r saves it, i drops it")
    program.press("r")
    assert "points saved as takes/path/me_000.npz; t trains" in program.until("saved")
    program.press("p")
    program.until("predicting: the last points amber")
    program.press("x")
    program.until("x does nothing here")
    program.press("p")
    program.until("no longer predicting")
    program.press("Escape")
    assert "stopped" in program.end()
    with np.load(tmp_path / "takes/path/me_000.npz") as take:
        samples, times = take["samples"], take["times"]
        assert json.loads(take["info"].tobytes())["source"] == "pointer"
    assert (np.diff(times) > 0).all()
    assert (samples.min(), samples.max()) >= (0, 0)
    moved = samples[samples.any(axis=1)]
    assert moved[-1, 0] - moved[0, 0] > 0.3, "to the right"
    assert (np.diff(moved[:, 0]) >= 0).all()

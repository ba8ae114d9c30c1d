"""The loop: frames of a source, with their samples, to a session.

And what the programs that run it import: `--help` next to nothing, recording and recognising nothing of training.
"""

from __future__ import annotations

import logging
import subprocess
import sys

import numpy as np
import pytest
from conftest import ROOT, make_video

from handsign.capture.source import Frame, Source
from handsign.data.store import Store
from handsign.live.loop import Pace, play
from handsign.live.session import Session
from handsign.tasks.trajectory.synthetic import synthetic_take

TRAINING = {"tensorflow", "keras", "sklearn", "matplotlib", "scipy", "onnx", "tf2onnx"}
HEAVY = TRAINING | {"numpy", "cv2", "mediapipe", "onnxruntime", "PIL"}
CODE = """
import runpy, sys
sys.argv = sys.argv[1:]
try:
    runpy.run_path(sys.argv[0], run_name="__main__")
finally:
    print("imported:", *sorted({name.partition(".")[0] for name in sys.modules}))
"""


def imported(folder, script, *args):
    """The packages that a script has imported when it ends."""
    command = [sys.executable, "-c", CODE, str(ROOT / script), *map(str, args)]
    environment = {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.splitlines()[-1].split()[1:])


class Numbers(Source):
    """Four frames, whose only pixel is their number."""

    def __init__(self, live=False):
        self.live = live

    def __iter__(self):
        for i in range(4):
            yield Frame(np.full((1, 1, 3), i, np.uint8), i / 30)


class Samples(Session):
    """Keeps its samples, says how many pairs of them came, and is done after so many."""

    def __init__(self, most=9):
        super().__init__()
        self.samples, self.most = [], most

    def on_sample(self, sample, frame):
        self.samples.append(float(sample))
        self.message = f"{len(self.samples) // 2} pairs"
        self.done = len(self.samples) == self.most


class TestPlay:
    @pytest.mark.parametrize(("most", "samples"), [(9, [0, 2, 4, 6]), (2, [0, 2])])
    def test_a_session_gets_frames_with_samples_until_it_or_the_source_ends(self, most, samples):
        session, pace = Samples(most), Pace()
        play(session, Numbers(), lambda image: image.mean() * 2, pace=pace)
        assert session.samples == samples
        assert pace.dropped == 0

    def test_a_source_that_knows_its_samples_needs_no_extractor(self):
        class Known(Numbers):
            def __iter__(self):
                return (Frame(frame.image, frame.time, frame.image.mean()) for frame in super().__iter__())

        session = Samples()
        play(session, Known())
        assert session.samples == [0, 1, 2, 3]

    def test_of_a_live_source_the_latest_frames_are_taken(self):
        session = Samples()
        play(session, Numbers(live=True), lambda image: image.mean())
        assert session.samples == sorted(session.samples)
        assert session.samples[-1] == 3

    def test_what_the_session_says_is_logged_when_it_changes(self, caplog):
        caplog.set_level(logging.INFO, "handsign")
        play(Samples(), Numbers(), np.mean)
        assert caplog.messages == ["0 pairs", "1 pairs", "2 pairs"]


class TestPace:
    def test_rate_delays_and_dropped_frames(self):
        pace = Pace()
        assert str(pace) == "0.0 fps"
        for i in range(5):
            pace.frame(Frame(np.zeros((1, 1, 3), np.uint8), 0.0, skipped=i, arrived=10 + i / 4), 10.1 + i / 4)
        assert str(pace) == "4.0 fps   delay 100 ms, p95 100 ms   10 dropped"

    def test_of_a_file_there_is_no_delay(self):
        pace = Pace()
        for i in range(60):
            pace.frame(Frame(np.zeros((1, 1, 3), np.uint8), 0.0), float(i))
        assert str(pace) == "1.0 fps"


@pytest.mark.parametrize("script", ["collect.py", "realtime.py"])
def test_help_imports_nothing_heavy(tmp_path, script):
    assert imported(tmp_path, script, "--help") & HEAVY == set()


def test_recording_imports_nothing_of_training(tmp_path):
    video = make_video(tmp_path / "hello" / "1.mp4", frames=4)
    found = imported(tmp_path, "collect.py", "--source", video, "--data", tmp_path / "data")
    assert "mediapipe" in found
    assert found & TRAINING == set()


def test_recognising_imports_nothing_of_training(tmp_path):
    video = make_video(tmp_path / "1.mp4", frames=4)
    found = imported(tmp_path, "realtime.py", "--source", video, "--model", ROOT / "action.h5", "--headless")
    assert {"mediapipe", "onnxruntime"} <= found
    assert found & TRAINING == set()


@pytest.mark.slow
def test_predicting_a_path_imports_nothing_of_training(tmp_path):
    Store(tmp_path / "takes").add(synthetic_take(1, 60))
    found = imported(
        tmp_path, "realtime.py", "--task", "trajectory", "--source", tmp_path / "takes", "--headless",
        "--model", ROOT / "trajectory.h5", "--output", tmp_path / "out.mp4",
    )  # fmt: skip
    assert "onnxruntime" in found
    assert found & (TRAINING | {"mediapipe"}) == set()
    assert (tmp_path / "out.mp4").exists()


def test_continuing_a_video_imports_nothing_of_training(tmp_path):
    video = make_video(tmp_path / "1.mp4", frames=16)
    found = imported(
        tmp_path, "realtime.py", "--task", "nextframe", "--source", video, "--headless",
        "--model", ROOT / "nextframe.h5", "--output", tmp_path / "out.mp4",
    )  # fmt: skip
    assert "onnxruntime" in found
    assert found & (TRAINING | {"mediapipe"}) == set()

"""What the programs import: `--help` next to nothing, recording and recognising nothing that training alone needs."""

from __future__ import annotations

import subprocess
import sys

import pytest
from conftest import ROOT, make_video

from handsign.paths import synthetic
from handsign.takes import Store

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


def test_predicting_a_path_imports_nothing_of_training(tmp_path):
    Store(tmp_path / "takes").add(synthetic(1, 60))
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

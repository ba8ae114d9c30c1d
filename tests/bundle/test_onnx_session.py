"""Nothing is sent: ONNX Runtime is opened with its reports to its maker off, however the program is entered."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest
from conftest import ROOT, make_video

GUARD = """
import sys

def refuse(event, args):
    if event.startswith("socket.") and event not in {"socket.gethostname", "socket.__new__"}:
        raise RuntimeError(f"{event} {args}")

sys.addaudithook(refuse)
"""
LOAD = f"""
import numpy
from pathlib import Path
from handsign import tasks
model = tasks.load("sign").load_model(Path({str(ROOT / "action.onnx")!r}))
print(model.predict(numpy.zeros((30, 1662), numpy.float32)).shape)
"""
linux = pytest.mark.skipif(sys.platform != "linux", reason="where the reports are kept is known for Linux only")


@pytest.fixture
def run(tmp_path):
    """Run a program in an empty home with Python's sockets refused: the files that it leaves, and its log."""
    home, guard = tmp_path / "home", tmp_path / "guard"
    home.mkdir()
    guard.mkdir()
    (guard / "sitecustomize.py").write_text(GUARD)

    def run(*command, **environment):
        own = {"PATH": os.environ["PATH"], "HOME": str(home), "PYTHONPATH": f"{guard}{os.pathsep}{ROOT}"}
        done = subprocess.run(
            [sys.executable, *map(str, command)], env=own | environment, cwd=tmp_path, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return [path.name for path in home.rglob("*") if path.is_file()], done.stderr

    return run


@linux
def test_onnxruntime_alone_keeps_a_device_id_and_a_queue(run):
    """What the other tests look for is there without us; once it is not, the variable is no longer needed."""
    assert set(run("-c", "import onnxruntime")[0]) >= {"deviceid", "onnxruntime.db"}


@pytest.mark.parametrize("first", ["", "import handsign, onnxruntime"])
def test_a_program_of_ones_own_leaves_nothing(run, first):
    files, log = run("-c", f"{first}\n{LOAD}")
    assert files == []
    assert log == ""


def test_the_variable_is_set_whatever_it_was(run):
    assert run("-c", LOAD, ORT_DISABLE_TELEMETRY="0")[0] == []


def test_recognising_leaves_nothing(run, tmp_path):
    video = make_video(tmp_path / "1.mp4", frames=4)
    assert run(ROOT / "realtime.py", "--source", video, "--model", ROOT / "action.h5", "--headless")[0] == []


def test_who_imports_onnxruntime_first_is_told(run):
    log = run("-c", f"import onnxruntime\n{LOAD}")[1]
    assert log.count("\n") == 1
    assert "ORT_DISABLE_TELEMETRY=1" in log
    assert run("-c", f"import onnxruntime\n{LOAD}", ORT_DISABLE_TELEMETRY="1")[1] == ""


def test_one_module_imports_onnxruntime():
    pattern = re.compile(r"^\s*(import|from) onnxruntime\b", re.MULTILINE)
    found = [path for folder in ("handsign", "benchmarks") for path in (ROOT / folder).rglob("*.py")]
    assert [path.name for path in found if pattern.search(path.read_text(encoding="utf-8"))] == ["onnx_session.py"]

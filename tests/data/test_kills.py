"""Writers that are killed at any file operation leave the old or the new take, and the next writer goes on."""

import json
import os
import subprocess
import sys

import pytest
from conftest import ROOT

pytestmark = pytest.mark.slow


def kill(case, tmp_path):
    """What tests/kills.py prints."""
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, ROOT / "tests" / "kills.py", case, tmp_path / "store"]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.skipif(os.name != "posix", reason="fork")
@pytest.mark.parametrize("case", ["model-add", "model-replace"])
def test_a_model_is_whole_wherever_its_saving_is_killed(tmp_path, case):
    found = kill(case, tmp_path)
    assert found["wrong"] == {}
    assert found["points"] >= 12


@pytest.mark.skipif(os.name != "posix", reason="fork")
@pytest.mark.parametrize("case", ["takes-add", "takes-replace", "pictures-add", "pictures-replace"])
def test_no_take_is_lost_wherever_the_writer_is_killed(tmp_path, case):
    found = kill(case, tmp_path)
    assert found["wrong"] == {}
    assert found["points"] >= 15

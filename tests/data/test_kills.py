"""Writers that are killed at any file operation leave the old or the new take, and the next writer goes on."""

import json
import os
import subprocess
import sys

import pytest
from conftest import ROOT


@pytest.mark.skipif(os.name != "posix", reason="fork")
@pytest.mark.parametrize("case", ["takes-add", "takes-replace", "pictures-add", "pictures-replace"])
def test_no_take_is_lost_wherever_the_writer_is_killed(tmp_path, case):
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, ROOT / "tests" / "kills.py", case, tmp_path / "store"]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["wrong"] == {}
    assert found["points"] >= 15

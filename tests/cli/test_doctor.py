"""`realtime.py doctor` finds what is wrong and says how to mend it."""

import importlib.metadata
import re
import subprocess
import sys
import tomllib
from types import SimpleNamespace

import pytest
from conftest import ROOT, make_video

from handsign.cli import doctor
from handsign.cli import options as cli
from handsign.errors import InputError


def installed(monkeypatch, **versions):
    found = [SimpleNamespace(name=name.replace("_", "-"), version=version) for name, version in versions.items()]
    monkeypatch.setattr(importlib.metadata, "distributions", lambda: found)


def names(*groups):
    return {name.replace("-", "_"): "1" for group in groups for name in group}


BASE = names(doctor.PACKAGES)
ALL = names(doctor.PACKAGES, *(extra for _, extra in doctor.EXTRAS.values()))


def test_two_opencvs_are_noticed(monkeypatch):
    installed(monkeypatch, **ALL, opencv_python_headless="4.11")
    with pytest.raises(
        InputError, match=r"opencv-python-headless overwrites the cv2 .* 'pip uninstall -y opencv-python-h"
    ):
        doctor._packages()


def test_a_missing_package_is_noticed(monkeypatch):
    installed(monkeypatch, **{name: version for name, version in ALL.items() if name != "mediapipe"})
    with pytest.raises(InputError, match=r"mediapipe not installed; run 'pip install -r requirements.txt'"):
        doctor._packages()


def test_everything_is_listed_with_its_version(monkeypatch):
    installed(monkeypatch, **ALL)
    listed = doctor._packages().split(", ")
    assert listed[:3] == ["mediapipe 1", "opencv-contrib-python 1", "onnxruntime 1"]
    assert sorted(text.replace("-", "_") for text in listed) == sorted(f"{name} 1" for name in ALL)


def test_recognising_needs_no_extra_and_it_says_what_training_needs(monkeypatch):
    installed(monkeypatch, **BASE, keras="3", uvicorn="1")
    listed, training, page = doctor._packages().split("; ")
    assert listed == "mediapipe 1, opencv-contrib-python 1, onnxruntime 1, numpy 1, keras 3, uvicorn 1"
    assert training == "training needs tensorflow, scikit-learn: run pip install 'handsign[train]'"
    assert page == "the page needs starlette: run pip install 'handsign[web]'"


def test_its_packages_are_those_of_the_project():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    groups = {"": project["dependencies"], **project["optional-dependencies"]}
    declared = {extra: {re.match(r"[\w-]+", line)[0] for line in lines} for extra, lines in groups.items()}
    assert set(doctor.PACKAGES) <= declared[""]
    for extra, (_, packages) in doctor.EXTRAS.items():
        assert set(packages) <= declared[extra]


def test_another_python_is_noticed(monkeypatch):
    monkeypatch.setattr(sys, "version_info", (3, 13, 0))
    with pytest.raises(InputError, match=r"3\.11 or 3\.12"):
        doctor._python()


def test_it_goes_on_after_a_problem_and_tells_by_its_exit_code(tmp_path):
    """A film stands in for the camera; there is no model and no display."""
    make_video(tmp_path / "camera.mp4", 20, size=(64, 48))
    command = [sys.executable, ROOT / "realtime.py", "doctor", "--camera", "camera.mp4", "--model", "none.h5"]
    done = subprocess.run(command, cwd=tmp_path, env={"PATH": ""}, capture_output=True, text=True, check=False)
    lines = {line.split(":")[0].split()[-1]: line for line in done.stdout.splitlines() if line[:2] in {"ok", "PR"}}
    assert lines["camera"].startswith("ok       camera: camera camera.mp4, 64 x 48, ")
    assert lines["packages"].startswith("ok")
    assert lines["model"].startswith("PROBLEM  model: there is no model none.h5; make one with train.py")
    assert (done.returncode, done.stderr) == (1, "")


def test_a_package_that_a_check_lacks_is_a_problem_of_it(capsys):
    def check():
        raise ModuleNotFoundError("No module named 'keras'", name="keras")

    assert doctor._report("model", check) == 1
    assert capsys.readouterr().out == "PROBLEM  model: No module named 'keras'\n"


def test_errors_are_one_line_and_exit_code_2(capsys, monkeypatch):
    def main():
        raise InputError("this is\nwrong")

    monkeypatch.setattr(sys, "argv", ["folder/collect.py"])
    with pytest.raises(SystemExit) as ended:
        cli.run(main)
    assert ended.value.code == 2
    assert capsys.readouterr().err == "collect.py: this is wrong\n"

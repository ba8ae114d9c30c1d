"""The wheel holds what the program needs, works outside the checkout, and recognises without TensorFlow."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path
from zipfile import ZipFile

import pytest
from conftest import ROOT

from handsign import __version__
from handsign.cli.main import COMMANDS

REFUSING = """
import sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"tensorflow", "keras", "tf2onnx", "onnx", "sklearn", "matplotlib"}:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Refuse())
from handsign.cli.main import main
main()
"""


def python(*args: object, cwd: Path, path: Path) -> subprocess.CompletedProcess[str]:
    """Run Python in the folder `cwd` with the packages in `path` beside those installed."""
    command = [sys.executable, *map(str, args)]
    environment = os.environ | {"PYTHONPATH": str(path)}
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from the checkout without a network."""
    pytest.importorskip("hatchling")
    pytest.importorskip("pip")
    folder = tmp_path_factory.mktemp("wheel")
    options = ["--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", folder]
    built = python("-m", "pip", "wheel", ROOT, *options, cwd=folder, path=folder)
    assert built.returncode == 0, built.stderr
    (found,) = folder.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that the wheel is installed into, and nothing else."""
    folder = tmp_path_factory.mktemp("installed")
    options = ["--no-deps", "--no-index", "--target", folder]
    done = python("-m", "pip", "install", *options, wheel, cwd=folder, path=folder)
    assert done.returncode == 0, done.stderr
    return folder


def test_it_holds_the_package_with_its_templates_and_page_and_nothing_else(wheel):
    names = set(ZipFile(wheel).namelist())
    tracked = ["git", "-C", ROOT, "ls-files", "--", "handsign", ":!handsign/web/static/vendor"]
    listed = subprocess.run(tracked, capture_output=True, text=True, check=False).stdout.split()
    info = f"handsign-{__version__}.dist-info"
    assert {name for name in names if not name.startswith(("handsign/", f"{info}/"))} == set()
    assert {f"{info}/licenses/LICENSE", f"{info}/licenses/NOTICE"} <= names
    assert {"handsign/evaluate/report.html", "handsign/web/static/index.html"} <= names
    assert [name for name in names if "vendor" in name or "__pycache__" in name] == []
    assert {name for name in listed if (ROOT / name).exists()} <= names


def test_its_command_runs_what_the_scripts_run(wheel):
    entry = f"handsign-{__version__}.dist-info/entry_points.txt"
    assert "handsign = handsign.cli.main:main" in ZipFile(wheel).read(entry).decode()


def test_it_works_outside_the_checkout(installed, tmp_path):
    help_text = python("-m", "handsign", "--help", cwd=tmp_path, path=installed)
    assert (help_text.returncode, help_text.stderr) == (0, "")
    assert all(f"  {name} " in help_text.stdout for name in COMMANDS)
    code = "import handsign, handsign.tasks as t; print(handsign.__file__, *t.names())"
    file, *tasks = python("-c", code, cwd=tmp_path, path=installed).stdout.split()
    assert Path(file).is_relative_to(installed)
    assert {"sign", "strike"} <= set(tasks)


def test_without_a_model_it_says_so_in_one_line(installed, tmp_path):
    done = python("-m", "handsign", "realtime", "--source", "practice:1:1", "--headless", cwd=tmp_path, path=installed)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("handsign realtime: there is no model action.h5; ")
    assert done.stderr.count("\n") == 1


def recognise(*model: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Recognise two signs of the practice signer with every event let through, where TensorFlow cannot be imported."""
    options = ["--source", "practice:1:2", "--headless", "--threshold", "0.1", "--hold", "1"]
    return python("-c", REFUSING, "realtime", *options, "--model", *model, cwd=cwd, path=ROOT)


@pytest.mark.slow
def test_recognising_needs_no_tensorflow(tmp_path):
    done = recognise(ROOT / "action.onnx", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "practice signer 1 (not a person) ended: " in done.stdout
    assert "nothing recognised" not in done.stdout


@pytest.mark.slow
def test_a_recording_becomes_landmarks_without_tensorflow(shared, tmp_path):
    source = ["realtime", "--source", shared("video/webcam_hand.mp4"), "--headless", "--model", ROOT / "action.onnx"]
    done = python("-c", REFUSING, *source, cwd=tmp_path, path=ROOT)
    assert done.returncode == 0, done.stderr
    assert "webcam_hand.mp4 ended: " in done.stdout


def test_what_is_missing_is_asked_for_by_the_name_of_its_extra(tmp_path):
    (tmp_path / "bare.h5").write_bytes((ROOT / "action.h5").read_bytes())
    done = recognise("bare.h5", "--labels", "a", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr == "handsign realtime: keras is not installed; run: pip install 'handsign[train]'\n"


def test_the_lists_of_exact_versions_fit_the_ranges():
    """Every direct dependency has an exact version in the list."""
    requirement = pytest.importorskip("packaging.requirements").Requirement
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    exact = dict(line.split(" ")[0].split("==") for line in lines if "==" in line and not line.startswith(" "))
    for text in [*project["dependencies"], *extras["train"], *extras["web"]]:
        wanted = requirement(text)
        assert wanted.specifier.contains(exact[wanted.name]), text

"""`make` where python3 is too new: which Python makes the environment, and that an empty one does not pass."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest
from conftest import ROOT

pytestmark = pytest.mark.skipif(os.name != "posix", reason="make and sh")

PYTHON = """#!/bin/sh
# Stands in for Python {version}: says so, and makes environments of itself.
echo "$0 $*" >> {log}
case "$1 $2" in
"-c "*) exec {real} -c 'import sys; sys.version_info = ({major}, {minor}, 0); exec(sys.argv[1])' "$2" ;;
"-m venv") rm -rf "$4" && mkdir -p "$4/bin" && ln -s "$0" "$4/bin/python" ;;
"-m pip") {pip} ;;
*) exec {real} -S "$@" ;;
esac
"""
UV = """#!/bin/sh
echo "uv $*" >> {log}
case $2 in install) {install} ;; find) echo {found} ;; esac
"""
SHIM = "#!/bin/sh\necho 'pyenv: python3.12: command not found' >&2\nexit 127\n"


class Machine:
    """A PATH of its own with stand-ins for Python and uv, and a copy of the project's tools."""

    def __init__(self, folder):
        self.folder, self.bin, self.log = folder, folder / "bin", folder / "log"
        self.environment = folder / ".venv"
        self.bin.mkdir()
        for name in ("sh", "dirname", "grep", "head", "tail", "mkdir", "rm", "ln", "cp", "touch"):
            (self.bin / name).symlink_to(shutil.which(name))
        shutil.copytree(ROOT / "tools", folder / "tools")

    def add(self, path, text):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)
        return path

    def python(self, name, version, pip="echo 'No module named pip' >&2; exit 1"):
        major, minor = version.split(".")
        real = sys.executable
        text = PYTHON.format(version=version, major=major, minor=minor, real=real, log=self.log, pip=pip)
        return self.add(self.bin / name, text)

    def uv(self, folder="bin", install="exit 0"):
        found = self.python("../fetched", "3.12")
        return self.add(self.folder / folder / "uv", UV.format(log=self.log, install=install, found=found))

    def run(self, *command):
        return subprocess.run(
            command, cwd=self.folder, env={"PATH": str(self.bin)}, capture_output=True, text=True, check=False
        )

    def make_environment(self, *chosen):
        return self.run("tools/venv.sh", self.environment, *chosen)

    @property
    def made_by(self):
        return (self.environment / "bin/python").readlink().name

    @property
    def called(self):
        return self.log.read_text()


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path)


@pytest.mark.parametrize(
    ("there", "expected"),
    [
        ({"python3": "3.13", "python3.12": "3.12", "python3.11": "3.11"}, "python3.12"),
        ({"python3": "3.14", "python3.11": "3.11"}, "python3.11"),
        ({"python3": "3.11", "python3.12": "3.12"}, "python3"),
        ({"python3": "3.9", "python3.12": "3.12"}, "python3.12"),
        ({"python3.12": "3.12"}, "python3.12"),
    ],
)
def test_the_first_python_that_suits_makes_the_environment(machine, there, expected):
    for name, version in there.items():
        machine.python(name, version)
    done = machine.make_environment()
    assert (done.returncode, done.stderr) == (0, "")
    assert machine.made_by == expected


def test_a_shim_without_a_python_behind_it_is_passed_over(machine):
    machine.python("python3", "3.13")
    machine.add(machine.bin / "python3.12", SHIM)
    machine.python("python3.11", "3.11")
    assert machine.make_environment().returncode == 0
    assert machine.made_by == "python3.11"


def test_uv_fetches_one_where_none_suits(machine):
    machine.python("python3", "3.13")
    machine.uv()
    assert machine.make_environment().returncode == 0
    assert machine.made_by == "fetched"
    assert "-m pip" not in machine.called


def test_uv_is_installed_by_its_hash_into_a_folder_of_its_own(machine):
    uv = machine.uv("elsewhere")
    machine.python("python3", "3.13", pip=f"mkdir -p {machine.folder}/.uv/bin && cp {uv} {machine.folder}/.uv/bin")
    assert machine.make_environment().returncode == 0
    assert machine.made_by == "fetched"
    pip = next(line for line in machine.called.splitlines() if "-m pip" in line)
    assert "--require-hashes" in pip
    assert f"--target {machine.folder}/.uv " in pip


@pytest.mark.parametrize(
    ("install", "cause"), [("echo 'error: no network' >&2; exit 2", "error: no network"), (None, "No module named pip")]
)
def test_one_line_says_what_to_install_where_nothing_can_be_fetched(machine, install, cause):
    machine.python("python3", "3.13")
    if install:
        machine.uv(install=install)
    done = machine.make_environment()
    asked, refused = done.stderr.splitlines()
    assert done.returncode == 1
    assert asked == "python3 is Python 3.13, the packages need 3.11 or 3.12: asking uv for one"
    assert refused.startswith("install Python 3.12 with venv and pip, or uv")
    assert refused.endswith(cause)
    assert not machine.environment.exists()


def test_the_python_that_is_asked_for_wins(machine):
    machine.python("python3", "3.12")
    machine.python("python3.11", "3.11")
    assert machine.make_environment("python3.11").returncode == 0
    assert machine.made_by == "python3.11"


@pytest.mark.parametrize(("chosen", "what"), [("new", "Python 3.13"), ("missing", "no Python that runs")])
def test_a_wrong_python_is_refused_with_one_line(machine, chosen, what):
    machine.python("python3", "3.12")
    machine.python("new", "3.13")
    done = machine.make_environment(chosen)
    assert done.returncode == 1
    assert done.stderr == (f"PYTHON={chosen} is {what}; it has to be Python 3.11 or 3.12, 64 bit, with venv and pip\n")
    assert not machine.environment.exists()


def test_an_environment_that_suits_is_left_alone_and_another_made_anew(machine):
    machine.python("python3", "3.13")
    machine.run("python3", "-m", "venv", "--clear", machine.environment)
    machine.python("python3.12", "3.12")
    machine.make_environment()
    assert machine.made_by == "python3.12"
    (machine.environment / "kept").touch()
    machine.python("python3", "3.11")
    machine.make_environment()
    assert machine.made_by == "python3.12"
    assert (machine.environment / "kept").exists()


@pytest.mark.skipif(not shutil.which("make"), reason="make is not there")
def test_an_empty_installation_is_not_marked_as_done(machine):
    for name in ("Makefile", "pyproject.toml", "requirements.txt"):
        shutil.copy(ROOT / name, machine.folder)
    machine.python("python3", "3.12", pip="exit 0")  # what pip does where no line of the list is for this Python
    done = machine.run(shutil.which("make"), ".venv/.run")
    assert done.returncode != 0
    assert "pip left out" in done.stderr
    assert "msgspec" in done.stderr
    assert machine.environment.exists()
    assert not (machine.environment / ".run").exists()


def test_a_full_installation_is_one():
    done = subprocess.run([sys.executable, "tools/installed.py", "dev"], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")

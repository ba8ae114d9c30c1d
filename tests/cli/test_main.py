"""The command `handsign` runs what the four scripts run."""

import importlib
import os
import subprocess
import sys

import pytest

from handsign import __version__
from handsign.cli import main as command
from handsign.cli import preprocess

SCRIPTS = {
    "collect": ["collect.py"],
    "import": ["collect.py", "import"],
    "preprocess": ["preprocess.py"],
    "train": ["train.py"],
    "realtime": ["realtime.py"],
    "doctor": ["realtime.py", "doctor"],
    "enrol": ["realtime.py", "enrol"],
    "verify": ["realtime.py", "verify"],
}


@pytest.fixture(autouse=True)
def _own_argv(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["handsign/__main__.py"])
    monkeypatch.setenv("COLUMNS", "1000")


def test_every_command_is_one_of_a_script():
    assert SCRIPTS.keys() == command.COMMANDS.keys()


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_command_shows_the_help_of_its_script(name, monkeypatch, capsys):
    script, *rest = SCRIPTS[name]
    with pytest.raises(SystemExit, match="0"):
        command.main([name, "--help"])
    shown = capsys.readouterr().out
    monkeypatch.setattr(sys, "argv", [script, *rest, "--help"])
    with pytest.raises(SystemExit, match="0"):
        importlib.import_module(f"handsign.cli.{script.removesuffix('.py')}").main()
    prog = "handsign" if rest else f"handsign {name}"
    assert shown.startswith(f"usage: handsign {'enrol|verify' if name in {'enrol', 'verify'} else name} ")
    assert shown.split() == capsys.readouterr().out.replace(script, prog).split()


@pytest.mark.parametrize("argv", [[], ["--help"], ["-h"]])
def test_the_help_lists_the_commands(argv, capsys):
    command.main(argv)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "usage: handsign COMMAND [options]"
    assert [line.split()[0] for line in lines if line.startswith("  ")] == list(command.COMMANDS)


def test_the_version_is_the_packages(capsys):
    command.main(["--version"])
    assert capsys.readouterr().out == f"handsign {__version__}\n"


def test_an_unknown_command_is_one_line_and_exit_code_2(capsys):
    with pytest.raises(SystemExit, match="2"):
        command.main(["trian"])
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert err.startswith("handsign: unknown command trian; there are: collect, import, ")


def test_the_command_line_is_read_where_nothing_is_passed(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["/usr/bin/handsign", "realtime", "--headless", "--model", "none.h5"])
    with pytest.raises(SystemExit, match="2"):
        command.main()
    assert capsys.readouterr().err.startswith("handsign realtime: there is no model none.h5")


def test_a_missing_extra_is_one_line(monkeypatch, capsys):
    def main(argv):
        raise ModuleNotFoundError("No module named 'sklearn.metrics'", name="sklearn.metrics")

    monkeypatch.setattr(preprocess, "main", main)
    with pytest.raises(SystemExit, match="2"):
        command.main(["preprocess"])
    expected = "handsign preprocess: sklearn is not installed; run: pip install 'handsign[train]'\n"
    assert capsys.readouterr().err == expected


def test_another_missing_module_is_an_error_of_the_program(monkeypatch):
    def main(argv):
        raise ModuleNotFoundError("No module named 'handsign.nothing'", name="handsign.nothing")

    monkeypatch.setattr(preprocess, "main", main)
    with pytest.raises(ModuleNotFoundError):
        command.main(["preprocess"])


LONG = "x" * 300


@pytest.mark.parametrize(
    "argv",
    [
        ["collect", "--source", LONG, "--headless"],
        ["collect", "--source", "practice:" + "9" * 5000, "--headless"],
        ["collect", "--source", "practice:\u00b2", "--headless"],
        ["collect", "--signer", "\udc80", "--source", "practice", "--headless"],
        ["collect", "--signer", LONG, "--source", "practice", "--headless"],
        ["collect", "--actions", LONG, "--source", "practice", "--headless"],
        ["import", LONG],
        ["import", "caf\udce9"],
        ["import", ".", "--signer", "\udc80", "--data", "elsewhere"],
        ["import", ".", "--data", LONG],
        ["preprocess", "--data", LONG],
        ["train", "--data", LONG],
        ["realtime", "--source", LONG],
        ["realtime", "--model", LONG],
        ["realtime", "--task", "nextframe", "--source", "squares:" + "9" * 5000, "--headless"],
    ],
)
def test_names_that_the_system_refuses_are_one_line(argv, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as error:
        command.main(argv)
    assert error.value.code == 2
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith("handsign")
    assert not list(tmp_path.rglob("*.npz"))


def test_what_is_printed_may_hold_names_that_are_no_utf8(tmp_path):
    script = "from handsign.cli.options import run; run(lambda: print('caf\\udce9'))"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, check=True, env={**os.environ, "PYTHONIOENCODING": "utf-8"}
    )
    assert done.stdout == b"caf\\udce9\n"

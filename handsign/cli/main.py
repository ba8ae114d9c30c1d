"""The command `handsign`: what the four scripts do, as subcommands."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence

from handsign import __version__
from handsign.cli.options import run
from handsign.errors import InputError

COMMANDS: dict[str, tuple[str, bool, str]] = {
    "collect": ("collect", False, "record takes with a camera or from videos"),
    "import": ("collect", True, "import takes recorded elsewhere"),
    "preprocess": ("preprocess", False, "turn takes into a dataset"),
    "train": ("train", False, "train on takes and save a model with a report"),
    "realtime": ("realtime", False, "recognise live, in a window or in the browser"),
    "doctor": ("realtime", True, "check that everything the program needs is here"),
    "enrol": ("realtime", True, "enrol a person from a few recordings"),
    "verify": ("realtime", True, "check that recordings are by an enrolled person"),
}
"""Name: the module of `handsign.cli` whose `main` does it, whether that takes the name as well, one line of help."""


def main(argv: Sequence[str] | None = None) -> None:
    """Run the subcommand that `argv` (default: the command line) begins with.

    Raises:
        SystemExit: with code 2, the command line or what it names is wrong, a damaged bundle for `doctor`; with 1, it
            has found another problem.
    """
    run(lambda: dispatch(sys.argv[1:] if argv is None else argv))


def dispatch(argv: Sequence[str]) -> None:
    """As `main`, with an error as an exception.

    Raises:
        InputError: the subcommand raises it, or is unknown.
    """
    sys.argv[0] = "handsign"  # what argparse and `run` begin their messages with
    name, *rest = argv or ["--help"]
    if name in ("-h", "--help"):
        print(listing())
    elif name == "--version":
        print(f"handsign {__version__}")
    elif name in COMMANDS:
        _run(name, rest)
    else:
        raise InputError(f"unknown command {name}; there are: {', '.join(COMMANDS)}")


def listing() -> str:
    """The help text: one line for each subcommand."""
    lines = [f"  {name:<12}{text}" for name, (_, _, text) in COMMANDS.items()]
    end = "'handsign COMMAND --help' shows the options of a command."
    return "\n".join(["usage: handsign COMMAND [options]", "", *lines, "", end])


def _run(name: str, rest: list[str]) -> None:
    module, takes_name, _ = COMMANDS[name]
    if not takes_name:
        sys.argv[0] += f" {name}"
    importlib.import_module(f"handsign.cli.{module}").main([name, *rest] if takes_name else rest)

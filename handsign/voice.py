"""The system's own voice and clipboard. What is said or copied goes to a program's input, never into its command."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from typing import TYPE_CHECKING

from handsign.errors import InputError

if TYPE_CHECKING:
    from handsign.session import Recognising

Program = tuple[str, tuple[str, ...], str]
"""Which variable of the environment has to be there, if any; the command; in which letters it reads."""
SAPI = (
    "Add-Type -AssemblyName System.Speech; "
    "(New-Object System.Speech.Synthesis.SpeechSynthesizer).Speak([Console]::In.ReadToEnd())"
)
VOICES: tuple[Program, ...] = (
    ("", ("say", "-f", "-"), "utf-8"),
    ("", ("espeak-ng", "--stdin"), "utf-8"),
    ("", ("espeak", "--stdin"), "utf-8"),
    ("SYSTEMROOT", ("powershell", "-NoProfile", "-Command", SAPI), "utf-8"),
)
CLIPBOARDS: tuple[Program, ...] = (
    ("", ("pbcopy",), "utf-8"),
    ("WAYLAND_DISPLAY", ("wl-copy",), "utf-8"),
    ("DISPLAY", ("xclip", "-selection", "clipboard"), "utf-8"),
    ("DISPLAY", ("xsel", "--clipboard", "--input"), "utf-8"),
    ("SYSTEMROOT", ("clip",), "utf-16"),
)


def first(programs: Sequence[Program], what: str) -> Program:
    """The first of the programs that is installed and can work here.

    Raises:
        InputError: there is none, for `what`.
    """
    for variable, command, letters in programs:
        if shutil.which(command[0]) and (not variable or os.environ.get(variable)):
            return variable, command, letters
    raise InputError(f"{what} needs one of: {', '.join(command[0] for _, command, _ in programs)}; install one")


def give(program: Program, text: str) -> None:
    """Hand a text to a program and wait until it is done with it.

    Raises:
        OSError, subprocess.SubprocessError: it failed, or took longer than ten seconds.
    """
    _, command, letters = program
    nowhere = subprocess.DEVNULL
    subprocess.run(command, input=text.encode(letters), stdout=nowhere, stderr=nowhere, timeout=10, check=True)


def attach(session: Recognising) -> None:
    """Give the session a key that copies the sentence."""

    def copy() -> None:
        text = " ".join(session.sentence)
        try:
            give(first(CLIPBOARDS, "copying"), text)
            session.message = f"copied: {text}"
        except (OSError, subprocess.SubprocessError, InputError) as error:
            session.message = f"nothing was copied: {error}"

    session.commands = {**session.commands, "y": ("copy the sentence", copy)}

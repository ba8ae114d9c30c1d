"""The system's speech synthesis and clipboard. Text is passed on standard input, never as part of a command."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from handsign.errors import InputError

if TYPE_CHECKING:
    from handsign.live.recogniser import Recogniser


class Program(NamedTuple):
    """A program that reads text from its standard input.

    command   the program and its arguments
    variable  an environment variable that has to be set for the program to work; empty if there is none
    encoding  of the text
    """

    command: tuple[str, ...]
    variable: str = ""
    encoding: str = "utf-8"


SAPI = (
    "Add-Type -AssemblyName System.Speech; "
    "(New-Object System.Speech.Synthesis.SpeechSynthesizer).Speak([Console]::In.ReadToEnd())"
)

VOICES = (
    Program(("say", "-f", "-")),
    Program(("espeak-ng", "--stdin")),
    Program(("espeak", "--stdin")),
    Program(("powershell", "-NoProfile", "-Command", SAPI), "SYSTEMROOT"),
)

CLIPBOARDS = (
    Program(("pbcopy",)),
    Program(("wl-copy",), "WAYLAND_DISPLAY"),
    Program(("xclip", "-selection", "clipboard"), "DISPLAY"),
    Program(("xsel", "--clipboard", "--input"), "DISPLAY"),
    Program(("clip",), "SYSTEMROOT", "utf-16"),
)


def find_program(programs: Sequence[Program], purpose: str) -> Program:
    """The first of the programs that is installed and can work here; `purpose` begins the error message.

    Raises:
        InputError: there is none.
    """
    for program in programs:
        if shutil.which(program.command[0]) and (not program.variable or os.environ.get(program.variable)):
            return program
    raise InputError(f"{purpose} needs one of: {', '.join(program.command[0] for program in programs)}; install one")


def send_text(program: Program, text: str) -> None:
    """Run a program with a text on its standard input and wait until it ends.

    Raises:
        OSError, subprocess.SubprocessError: it failed, or took longer than ten seconds.
    """
    null = subprocess.DEVNULL
    subprocess.run(
        program.command, input=text.encode(program.encoding), stdout=null, stderr=null, timeout=10, check=True
    )


def add_copy_key(session: Recogniser) -> None:
    """Give the session the key y, which copies the sentence to the clipboard."""

    def copy() -> None:
        text = " ".join(session.sentence)
        try:
            send_text(find_program(CLIPBOARDS, "copying"), text)
            session.message = f"copied: {text}"
        except (OSError, subprocess.SubprocessError, InputError) as error:
            session.message = f"nothing was copied: {error}"

    session.commands = {**session.commands, "y": ("copy the sentence", copy)}

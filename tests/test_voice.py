"""The voice and the clipboard of the system, in whose place programs of ours stand here."""

import os
import stat
import subprocess
import sys
from types import SimpleNamespace

import pytest

from handsign import voice
from handsign.errors import InputError
from handsign.session import Session
from handsign.voice import CLIPBOARDS, VOICES, attach, first, give


@pytest.fixture
def programs(tmp_path, monkeypatch):
    """A folder that is all of PATH, and what makes a program in it that keeps what it is given."""
    monkeypatch.setenv("PATH", str(tmp_path))
    for variable in ("DISPLAY", "WAYLAND_DISPLAY", "SYSTEMROOT"):
        monkeypatch.delenv(variable, raising=False)

    def make(name, code=0):
        path = tmp_path / name
        text = f"import sys; open({str(tmp_path / 'said')!r}, 'wb').write(sys.stdin.buffer.read()); sys.exit({code})"
        path.write_text(f"#!{sys.executable}\n{text}\n")
        path.chmod(path.stat().st_mode | stat.S_IEXEC)
        return tmp_path / "said"

    return make


pytestmark = pytest.mark.skipif(os.name != "posix", reason="the programs here are scripts")


@pytest.mark.parametrize("name", ["say", "espeak-ng", "espeak"])
def test_what_is_said_goes_to_the_input_of_the_first_voice(programs, name):
    said = programs(name)
    give(first(VOICES, "--speak"), "--help; größer `rm` $HOME")
    assert said.read_text(encoding="utf-8") == "--help; größer `rm` $HOME"


def test_no_voice_is_one_line(programs):
    with pytest.raises(InputError, match="--speak needs one of: say, espeak-ng, espeak, powershell; install one"):
        first(VOICES, "--speak")


def test_a_clipboard_takes_its_display(programs, monkeypatch):
    programs("xclip")
    programs("wl-copy")
    with pytest.raises(InputError):
        first(CLIPBOARDS, "copying")
    monkeypatch.setenv("DISPLAY", ":0")
    assert first(CLIPBOARDS, "copying")[1][0] == "xclip"
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")
    assert first(CLIPBOARDS, "copying")[1][0] == "wl-copy"


class TestCopying:
    def session(self):
        session = Session(SimpleNamespace(), lambda frame: None)
        session.sentence = ["hello", "you"]
        attach(session)
        return session

    def test_a_key_copies_the_sentence(self, programs):
        said, session = programs("pbcopy"), self.session()
        assert ("y", "copy the sentence") in session.view().keys
        session.press("y")
        assert said.read_text() == "hello you"
        assert session.message == "copied: hello you"

    def test_without_a_clipboard_it_says_so(self, programs):
        session = self.session()
        session.press("y")
        assert session.message.startswith("nothing was copied: copying needs one of: pbcopy")

    def test_one_that_fails_stops_nothing(self, programs):
        programs("pbcopy", code=3)
        session = self.session()
        session.press("y")
        assert "exit status 3" in session.message

    def test_one_that_hangs_is_given_up(self, programs, monkeypatch):
        programs("pbcopy")

        def hang(command, timeout, **options):
            raise subprocess.TimeoutExpired(command, timeout)

        monkeypatch.setattr(voice.subprocess, "run", hang)
        session = self.session()
        session.press("y")
        assert "timed out" in session.message

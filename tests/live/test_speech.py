"""The system's voice and clipboard; the tests put scripts of their own in their place."""

import os
import stat
import subprocess
import sys

import pytest

from handsign.errors import InputError
from handsign.live import speech
from handsign.live.session import Session
from handsign.live.speech import CLIPBOARDS, VOICES, add_copy_key, find_program, send_text


@pytest.fixture
def programs(tmp_path, monkeypatch):
    """Makes programs, in the only folder of PATH, that write their standard input to a file."""
    monkeypatch.setenv("PATH", str(tmp_path))
    for variable in ("DISPLAY", "WAYLAND_DISPLAY", "SYSTEMROOT"):
        monkeypatch.delenv(variable, raising=False)

    def make(name, code=0):
        path = tmp_path / name
        text = f"import sys; open({str(tmp_path / 'input')!r}, 'wb').write(sys.stdin.buffer.read()); sys.exit({code})"
        path.write_text(f"#!{sys.executable}\n{text}\n")
        path.chmod(path.stat().st_mode | stat.S_IEXEC)
        return tmp_path / "input"

    return make


pytestmark = pytest.mark.skipif(os.name != "posix", reason="the programs here are scripts")


@pytest.mark.parametrize("name", ["say", "espeak-ng", "espeak"])
def test_text_goes_to_the_input_of_the_first_voice(programs, name):
    received = programs(name)
    send_text(find_program(VOICES, "--speak"), "--help; größer `rm` $HOME")
    assert received.read_text(encoding="utf-8") == "--help; größer `rm` $HOME"


def test_no_voice_is_one_line(programs):
    with pytest.raises(InputError, match="--speak needs one of: say, espeak-ng, espeak, powershell; install one"):
        find_program(VOICES, "--speak")


def test_a_clipboard_takes_its_display(programs, monkeypatch):
    programs("xclip")
    programs("wl-copy")
    with pytest.raises(InputError):
        find_program(CLIPBOARDS, "copying")
    monkeypatch.setenv("DISPLAY", ":0")
    assert find_program(CLIPBOARDS, "copying").command[0] == "xclip"
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")
    assert find_program(CLIPBOARDS, "copying").command[0] == "wl-copy"


class TestCopying:
    def session(self):
        session = Session()
        session.sentence = ["hello", "you"]
        add_copy_key(session)
        return session

    def test_a_key_copies_the_sentence(self, programs):
        received, session = programs("pbcopy"), self.session()
        assert ("y", "copy the sentence") in session.view().keys
        session.press("y")
        assert received.read_text() == "hello you"
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

        monkeypatch.setattr(speech.subprocess, "run", hang)
        session = self.session()
        session.press("y")
        assert "timed out" in session.message

"""Events become keys, posts, OSC messages and programs; nothing that goes wrong there stops what is live."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import SimpleNamespace

import pytest
from conftest import ROOT

from handsign import acting
from handsign.acting import Acting, Behind, attach, load
from handsign.errors import InputError
from handsign.session import Event, Session

LABELS = ["punch", "kick", "stand"]
PUNCH = Event(1.0, "punch", 0.9)


def rules(tmp_path, text):
    path = tmp_path / "actions.toml"
    path.write_text(text, encoding="utf-8")
    return path


def act(tmp_path, text, way, events=(PUNCH,), dry=False):
    """Act on events, wait until it is done; what was told meanwhile."""
    told = []
    open_ones = []

    def enter(behind):
        behind._tell = told.append
        open_ones.append(behind.__enter__())
        return behind

    acts = acting.acting(rules(tmp_path, text), way, LABELS, dry, enter)
    acts._tell = told.append
    for event in events:
        acts(event)
    for behind in open_ones:
        behind.__exit__()
    return told


class TestTheFile:
    def test_the_example_in_the_docs_is_understood(self, tmp_path):
        lines = acting.__doc__.splitlines()
        text = "\n".join(line for line in lines if line.startswith("    "))
        found = load(rules(tmp_path, text), "keys", LABELS)
        assert found.on["punch"].keys == ["ctrl", "x"]
        assert found.on["punch"].command[0] == "notify-send"
        assert found.cooldown == 0.5

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("[on.punch\n", "does not say what to do"),
            ("[on.punch]\nkeys = 3", "does not say what to do: Expected `array`"),
            ("[on.punch]\nshell = 'rm'", "unknown field `shell`"),
            ("[on.throw]\nkeys = ['x']", "'throw' does, but what is announced is: punch, kick, stand"),
            ("[on.punch]\nhttp = 'http://localhost/'", "nothing that --act keys could do"),
            ("", "missing required field `on`"),
        ],
    )
    def test_what_is_wrong_is_one_line(self, tmp_path, text, message):
        with pytest.raises(InputError, match=message):
            load(rules(tmp_path, text), "keys", LABELS)

    def test_a_missing_file_is_one_line(self, tmp_path):
        with pytest.raises(InputError, match="No such file"):
            load(tmp_path / "none.toml", "keys", LABELS)


@pytest.mark.parametrize(
    ("way", "what", "message"),
    [
        ("http", "'file:///etc/passwd'", "no address to post to"),
        ("http", "'localhost'", "no address to post to"),
        ("osc", "'punch'", "no OSC address"),
        ("command", "['no-such-program']", "no program 'no-such-program'"),
    ],
)
def test_what_cannot_be_done_is_told_at_the_start(tmp_path, way, what, message):
    if way == "osc":
        pytest.importorskip("pythonosc")
    with pytest.raises(InputError, match=message):
        act(tmp_path, f"[on.punch]\n{way} = {what}", way)


class TestCommand:
    def test_the_fixed_words_are_run_without_a_shell(self, tmp_path):
        out = tmp_path / "out.json"
        code = f"import json, sys; json.dump(sys.argv[1:], open({str(out)!r}, 'w'))"
        words = [sys.executable, "-c", code, "$HOME; touch x", "*", "{label}"]
        acts = acting.run_command(words, None)
        started = []
        real = subprocess.Popen
        try:
            acting.subprocess.Popen = lambda *args, **options: started.append(real(*args, **options)) or started[-1]
            acts(Event(0.0, "`touch y`", 1.0))
        finally:
            acting.subprocess.Popen = real
        started[0].wait(60)
        assert json.loads(out.read_text()) == ["$HOME; touch x", "*", "{label}"]

    def test_it_is_not_waited_for(self, tmp_path):
        code = "import sys; sys.stdin.read()"  # there is nothing to read, so it ends
        assert act(tmp_path, f"[on.punch]\ncommand = {json.dumps([sys.executable, '-c', code])}", "command") == []


@pytest.fixture
def server():
    got = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(500 if self.path == "/wrong" else 204)
            self.end_headers()

        def log_message(self, *args):
            pass

    http = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield SimpleNamespace(url=f"http://127.0.0.1:{http.server_port}", got=got)
    http.shutdown()
    thread.join()
    http.server_close()


class TestHttp:
    def test_the_event_is_posted(self, tmp_path, server):
        assert act(tmp_path, f"[on.punch]\nhttp = '{server.url}/hit'", "http") == []
        assert server.got == [{"t": 1.0, "label": "punch", "probability": 0.9}]

    def test_an_error_is_told_and_the_next_one_goes_on(self, tmp_path, server):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            nobody = f"http://127.0.0.1:{free.getsockname()[1]}"
            addresses = {"punch": nobody, "kick": server.url, "stand": f"{server.url}/wrong"}
            text = "\n".join(f"[on.{label}]\nhttp = '{url}'" for label, url in addresses.items())
            events = [PUNCH, Event(2.0, "punch", 0.9), Event(3.0, "kick", 0.7), Event(4.0, "stand", 0.7)]
            told = act(tmp_path, text, "http", events)
        assert [line.split(":")[0] for line in told] == ["could not act", "could not act"]  # the first one once
        assert "refused" in told[0]
        assert "500" in told[1]
        assert [one["label"] for one in server.got] == ["kick", "stand"]


def test_osc_messages_arrive(tmp_path):
    pytest.importorskip("pythonosc")
    from pythonosc.osc_message import OscMessage

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.settimeout(30)
        text = f"osc = '127.0.0.1:{listener.getsockname()[1]}'\n[on.punch]\nosc = '/game/punch'"
        assert act(tmp_path, text, "osc") == []
        message = OscMessage(listener.recv(1000))
    assert message.address == "/game/punch"
    assert message.params[0] == "punch"
    assert message.params[1] == pytest.approx(0.9)


class TestKeys:
    def pynput(self, monkeypatch, pressed):
        class Key:
            __members__ = {"ctrl": "<ctrl>", "space": "<space>"}  # noqa: RUF012

        class Controller:
            def press(self, key):
                if key == "!":
                    raise ValueError("no such key on this keyboard")
                pressed.append(f"+{key}")

            def release(self, key):
                pressed.append(f"-{key}")

        monkeypatch.setitem(sys.modules, "pynput", SimpleNamespace())
        monkeypatch.setitem(sys.modules, "pynput.keyboard", SimpleNamespace(Key=Key, Controller=Controller))

    def test_they_are_held_down_together_and_let_go(self, tmp_path, monkeypatch):
        pressed = []
        self.pynput(monkeypatch, pressed)
        act(tmp_path, "[on.punch]\nkeys = ['ctrl', 'x']", "keys")
        assert pressed == ["+<ctrl>", "+x", "-x", "-<ctrl>"]

    def test_none_stays_down_when_one_cannot_be_pressed(self, tmp_path, monkeypatch):
        pressed = []
        self.pynput(monkeypatch, pressed)
        told = act(tmp_path, "[on.punch]\nkeys = ['ctrl', '!']", "keys")
        assert pressed == ["+<ctrl>", "-<ctrl>"]
        assert told == ["could not act: no such key on this keyboard"]

    def test_an_unknown_key_is_one_line(self, tmp_path, monkeypatch):
        self.pynput(monkeypatch, [])
        with pytest.raises(InputError, match=r"no key 'strg'; a character, or one of: ctrl, space"):
            act(tmp_path, "[on.punch]\nkeys = ['strg']", "keys")

    def test_without_pynput_it_is_one_line(self, tmp_path, monkeypatch):
        monkeypatch.setitem(sys.modules, "pynput.keyboard", None)
        with pytest.raises(InputError, match="needs pynput and a desktop"):
            act(tmp_path, "[on.punch]\nkeys = ['x']", "keys")

    @pytest.mark.skipif(not (shutil.which("Xvfb") and shutil.which("xdotool")), reason="needs Xvfb and xdotool")
    def test_a_real_window_gets_them(self, tmp_path):
        """An OpenCV window under Xvfb prints the key that pynput pressed."""
        pytest.importorskip("evdev" if sys.platform == "linux" else "pynput")
        read, write = os.pipe()
        command = ["Xvfb", "-displayfd", str(write), "-screen", "0", "640x480x24"]
        server = subprocess.Popen(command, pass_fds=[write], stderr=subprocess.DEVNULL)
        os.close(write)
        with os.fdopen(read) as told:
            display = f":{told.readline().strip()}"
        code = (
            "import subprocess, numpy as np\nfrom handsign.screen import Window\nfrom handsign import acting\n"
            "with Window('keys') as window:\n"
            "    window.show(np.zeros((100, 100, 3), np.uint8)); window.key(50)\n"
            "    found = subprocess.check_output(['xdotool', 'search', '--sync', '--name', 'keys'], text=True)\n"
            "    subprocess.run(['xdotool', 'windowfocus', '--sync', found.split()[0]])\n"
            "    acting.press_keys(['x'], None)(None)\n"
            "    print(next(key for key in iter(lambda: window.key(100), 0) if key), flush=True)\n"
        )
        try:
            done = subprocess.run(
                [sys.executable, "-c", code], env={**os.environ, "DISPLAY": display}, capture_output=True, text=True,
                timeout=240, cwd=ROOT, check=False,
            )  # fmt: skip
        finally:
            server.terminate()
            server.wait()
        assert done.stdout.strip().splitlines()[-1:] == ["x"], done.stderr


class TestActing:
    def acts(self, cooldown=0.5, **changes):
        done = []
        found = acting.Reactions({"punch": acting.Reaction(keys=["x"]), "kick": acting.Reaction(http="no")}, cooldown)
        return Acting(found, "keys", done.append, **changes), done

    def test_only_what_has_something_to_do(self):
        acts, done = self.acts()
        for label in ("kick", "stand", "punch", "other"):
            acts(Event(1.0, label, 0.9))
        assert done == [Event(1.0, "punch", 0.9)]

    @pytest.mark.parametrize(("at", "times"), [(1.49, 1), (1.5, 2), (0.2, 2)])  # a source that began anew
    def test_the_cool_down(self, at, times):
        acts, done = self.acts()
        acts(PUNCH)
        acts(Event(at, "punch", 0.9))
        assert len(done) == times

    def test_off_is_off_and_shown(self):
        acts, done = self.acts()
        session = Session(SimpleNamespace(), lambda frame: None)
        attach(session, acts)
        assert ("a", "actions: ON") in session.view().keys
        session.press("a")
        acts(PUNCH)
        assert done == []
        assert ("a", "actions: off") in session.view().keys
        assert session.view().message == "actions are off: nothing is done"
        session.press("a")
        acts(PUNCH)
        assert done == [PUNCH]

    def test_a_dry_run_says_what_would_be_done(self, tmp_path):
        told = act(tmp_path, "[on.punch]\ncommand = ['no-such-program', 'a b']", "command", dry=True)
        assert told == ["would act: command no-such-program a b"]


class TestBehind:
    def test_in_order_and_all_before_it_closes(self):
        done = []
        with Behind(done.append) as behind:
            for i in range(acting.WAITING):
                behind(i)
        assert done == list(range(acting.WAITING))

    def test_nobody_waits_for_what_hangs(self):
        hang, told = threading.Event(), []
        with Behind(lambda thing: hang.wait(60), told.append) as behind:
            for i in range(3 * acting.WAITING):
                behind(i)
            assert told == ["acting cannot keep up: something was left out"]
            hang.set()

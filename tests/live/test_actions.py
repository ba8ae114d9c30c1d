"""Events become keys, posts, OSC messages and programs; an error there does not stop recognition."""

from __future__ import annotations

import json
import logging
import os
import shutil
import socket
import subprocess
import sys
import threading
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import SimpleNamespace

import pytest
from conftest import ROOT

from handsign import limits
from handsign.errors import InputError
from handsign.live import actions, worker
from handsign.live.actions import ActionMap, EventActions, add_toggle_key, load_actions
from handsign.live.session import Session
from handsign.live.trigger import Event
from handsign.live.worker import BackgroundWorker

LABELS = ["punch", "kick", "stand"]
PUNCH = Event(1.0, "punch", 0.9)


def actions_file(tmp_path, text):
    path = tmp_path / "actions.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def act(tmp_path, caplog):
    """Acts on events, waits until all actions are done, and returns the logged messages."""
    caplog.set_level(logging.INFO, "handsign")

    def act(text, method, events=(PUNCH,), dry_run=False):
        with ExitStack() as stack:
            path = actions_file(tmp_path, text)
            event_actions = actions.open_actions(path, method, LABELS, dry_run, stack.enter_context)
            for event in events:
                event_actions(event)
        return caplog.messages

    return act


class TestTheFile:
    def test_the_example_in_the_docs_is_understood(self, tmp_path):
        lines = actions.__doc__.splitlines()
        text = "\n".join(line for line in lines if line.startswith("    "))
        found = load_actions(actions_file(tmp_path, text), "keys", LABELS)
        assert found.on["punch"].keys == ["ctrl", "x"]
        assert found.on["punch"].command[0] == "notify-send"
        assert found.cooldown == 0.5

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("[on.punch\n", "cannot be read as actions"),
            ("[on.punch]\nkeys = 3", "cannot be read as actions: Expected `array`"),
            ("[on.punch]\nshell = 'rm'", "unknown field `shell`"),
            ("[on.throw]\nkeys = ['x']", "has actions for 'throw', but the model's labels are: punch, kick, stand"),
            ("[on.punch]\nhttp = 'http://localhost/'", "no action for --act keys"),
            ("", "missing required field `on`"),
        ],
    )
    def test_what_is_wrong_is_one_line(self, tmp_path, text, message):
        with pytest.raises(InputError, match=message):
            load_actions(actions_file(tmp_path, text), "keys", LABELS)

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("a = " + "[" * 100_000, "cannot be read as actions"),
            ("cooldown = " + "9" * 10_000, "cannot be read as actions"),
            ("cooldown = nan\n[on.punch]\nkeys = ['x']", "cannot be read as actions"),
            ("#" * limits.CONFIG_BYTES + "\n", "it has more than 262144 bytes, the most that is read"),
        ],
    )
    def test_a_deep_or_huge_file_is_one_line(self, tmp_path, text, message):
        with pytest.raises(InputError, match=message) as error:
            load_actions(actions_file(tmp_path, text), "keys", LABELS)
        assert "\n" not in str(error.value)

    def test_a_folder_or_bytes_that_are_no_text_are_one_line(self, tmp_path):
        (tmp_path / "actions.toml").write_bytes(b"[on.\xff]")
        for path in (tmp_path, tmp_path / "actions.toml"):
            with pytest.raises(InputError, match="cannot be read as actions"):
                load_actions(path, "keys", LABELS)

    @pytest.mark.parametrize("url", ["http://[", "http://h:999999/", "http://h:0/", "http://a b/", "http:///x"])
    def test_an_address_that_is_none_is_refused_at_once(self, url):
        with pytest.raises(InputError, match="is no address to post to"):
            actions.post_json(url, ActionMap(on={}))

    def test_a_program_has_no_nul_in_its_arguments(self):
        with pytest.raises(InputError, match="the arguments of 'true' hold a NUL"):
            actions.run_command(["true", "a\0b"], ActionMap(on={}))

    def test_a_missing_file_is_one_line(self, tmp_path):
        with pytest.raises(InputError, match="No such file"):
            load_actions(tmp_path / "none.toml", "keys", LABELS)


@pytest.mark.parametrize(
    ("method", "entry", "message"),
    [
        ("http", "'file:///etc/passwd'", "no address to post to"),
        ("http", "'localhost'", "no address to post to"),
        ("osc", "'punch'", "no OSC address"),
        ("command", "['no-such-program']", "no program 'no-such-program'"),
    ],
)
def test_an_impossible_action_is_an_error_at_the_start(act, method, entry, message):
    if method == "osc":
        pytest.importorskip("pythonosc")
    with pytest.raises(InputError, match=message):
        act(f"[on.punch]\n{method} = {entry}", method)


class TestCommand:
    def test_the_fixed_words_are_run_without_a_shell(self, tmp_path):
        out = tmp_path / "out.json"
        code = f"import json, sys; json.dump(sys.argv[1:], open({str(out)!r}, 'w'))"
        words = [sys.executable, "-c", code, "$HOME; touch x", "*", "{label}"]
        run = actions.run_command(words, None)
        started = []
        real = subprocess.Popen
        try:
            actions.subprocess.Popen = lambda *args, **options: started.append(real(*args, **options)) or started[-1]
            run(Event(0.0, "`touch y`", 1.0))
        finally:
            actions.subprocess.Popen = real
        started[0].wait(60)
        assert json.loads(out.read_text()) == ["$HOME; touch x", "*", "{label}"]

    def test_it_is_not_waited_for(self, act):
        code = "import sys; sys.stdin.read()"  # there is nothing to read, so it ends
        assert act(f"[on.punch]\ncommand = {json.dumps([sys.executable, '-c', code])}", "command") == []


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
    def test_the_event_is_posted(self, act, server):
        assert act(f"[on.punch]\nhttp = '{server.url}/hit'", "http") == []
        assert server.got == [{"t": 1.0, "label": "punch", "probability": 0.9}]

    def test_an_error_is_logged_and_the_next_event_is_posted(self, act, server):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            nobody = f"http://127.0.0.1:{free.getsockname()[1]}"
            addresses = {"punch": nobody, "kick": server.url, "stand": f"{server.url}/wrong"}
            text = "\n".join(f"[on.{label}]\nhttp = '{url}'" for label, url in addresses.items())
            events = [PUNCH, Event(2.0, "punch", 0.9), Event(3.0, "kick", 0.7), Event(4.0, "stand", 0.7)]
            messages = act(text, "http", events)
        assert [line.split(":")[0] for line in messages] == ["could not act", "could not act"]  # the first once
        assert "refused" in messages[0]
        assert "500" in messages[1]
        assert [one["label"] for one in server.got] == ["kick", "stand"]


def test_osc_messages_arrive(act):
    pytest.importorskip("pythonosc")
    from pythonosc.osc_message import OscMessage

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.settimeout(30)
        text = f"osc = '127.0.0.1:{listener.getsockname()[1]}'\n[on.punch]\nosc = '/game/punch'"
        assert act(text, "osc") == []
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

    def test_they_are_held_down_together_and_let_go(self, act, monkeypatch):
        pressed = []
        self.pynput(monkeypatch, pressed)
        act("[on.punch]\nkeys = ['ctrl', 'x']", "keys")
        assert pressed == ["+<ctrl>", "+x", "-x", "-<ctrl>"]

    def test_none_stays_down_when_one_cannot_be_pressed(self, act, monkeypatch):
        pressed = []
        self.pynput(monkeypatch, pressed)
        messages = act("[on.punch]\nkeys = ['ctrl', '!']", "keys")
        assert pressed == ["+<ctrl>", "-<ctrl>"]
        assert messages == ["could not act: no such key on this keyboard"]

    def test_an_unknown_key_is_one_line(self, act, monkeypatch):
        self.pynput(monkeypatch, [])
        with pytest.raises(InputError, match=r"no key 'strg'; a character, or one of: ctrl, space"):
            act("[on.punch]\nkeys = ['strg']", "keys")

    def test_without_pynput_it_is_one_line(self, act, monkeypatch):
        monkeypatch.setitem(sys.modules, "pynput.keyboard", None)
        with pytest.raises(InputError, match="needs pynput and a desktop"):
            act("[on.punch]\nkeys = ['x']", "keys")

    @pytest.mark.skipif(not (shutil.which("Xvfb") and shutil.which("xdotool")), reason="needs Xvfb and xdotool")
    def test_a_real_window_gets_them(self, tmp_path):
        """An OpenCV window under Xvfb prints the key that pynput pressed."""
        pytest.importorskip("evdev" if sys.platform == "linux" else "pynput")
        read, write = os.pipe()
        command = ["Xvfb", "-displayfd", str(write), "-screen", "0", "640x480x24"]
        server = subprocess.Popen(command, pass_fds=[write], stderr=subprocess.DEVNULL)
        os.close(write)
        with os.fdopen(read) as output:
            display = f":{output.readline().strip()}"
        code = (
            "import subprocess, numpy as np\n"
            "from handsign.display.window import Window\nfrom handsign.live import actions\n"
            "with Window('keys') as window:\n"
            "    window.show(np.zeros((100, 100, 3), np.uint8)); window.key(50)\n"
            "    found = subprocess.check_output(['xdotool', 'search', '--sync', '--name', 'keys'], text=True)\n"
            "    subprocess.run(['xdotool', 'windowfocus', '--sync', found.split()[0]])\n"
            "    actions.press_keys(['x'], None)(None)\n"
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


class TestEventActions:
    def event_actions(self, cooldown=0.5):
        done = []
        on = {"punch": actions.LabelActions(keys=["x"]), "kick": actions.LabelActions(http="no")}
        return EventActions(actions.ActionMap(on, cooldown), "keys", done.append), done

    def test_only_labels_with_an_action_act(self):
        event_actions, done = self.event_actions()
        for label in ("kick", "stand", "punch", "other"):
            event_actions(Event(1.0, label, 0.9))
        assert done == [Event(1.0, "punch", 0.9)]

    @pytest.mark.parametrize(("time", "count"), [(1.49, 1), (1.5, 2), (0.2, 2)])  # the last: a source that restarted
    def test_the_cool_down(self, time, count):
        event_actions, done = self.event_actions()
        event_actions(PUNCH)
        event_actions(Event(time, "punch", 0.9))
        assert len(done) == count

    def test_off_is_off_and_shown(self):
        event_actions, done = self.event_actions()
        session = Session()
        add_toggle_key(session, event_actions)
        assert ("a", "actions: ON") in session.view().keys
        session.press("a")
        event_actions(PUNCH)
        assert done == []
        assert ("a", "actions: off") in session.view().keys
        assert session.view().message == "actions are off: nothing is done"
        session.press("a")
        event_actions(PUNCH)
        assert done == [PUNCH]

    def test_a_dry_run_says_what_would_be_done(self, act):
        messages = act("[on.punch]\ncommand = ['no-such-program', 'a b']", "command", dry_run=True)
        assert messages == ["would act: command no-such-program a b"]


class TestBackgroundWorker:
    def test_in_order_and_all_before_it_closes(self):
        done = []
        with BackgroundWorker(done.append) as background:
            for i in range(worker.MAX_QUEUED):
                background(i)
        assert done == list(range(worker.MAX_QUEUED))

    def test_a_handler_that_hangs_does_not_block_the_caller(self, caplog):
        hang = threading.Event()
        with BackgroundWorker(lambda item: hang.wait(60)) as background:
            for i in range(3 * worker.MAX_QUEUED):
                background(i)
            assert caplog.messages == ["acting cannot keep up: an event was dropped"]
            hang.set()

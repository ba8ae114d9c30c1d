"""What happens when something is recognised: keys are pressed, JSON is posted, OSC is sent, a fixed command is run.

A file says what each label does, for each way of acting on it:

    cooldown = 0.5               # seconds before the same label acts again
    osc = "127.0.0.1:9000"       # where --act osc sends to

    [on.punch]
    keys = ["ctrl", "x"]         # held down together; names as in pynput.keyboard.Key, or single characters
    http = "http://127.0.0.1:8080/hit"      # gets {"t": 3.4, "label": "punch", "probability": 0.98}
    osc = "/punch"               # gets the label and the probability
    command = ["notify-send", "punch"]      # run as it stands: no shell, and nothing is put into it

Everything is done in a thread, so that recognition neither waits nor stops when it fails.
"""

from __future__ import annotations

import queue
import shutil
import subprocess
import threading
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec

from handsign.errors import InputError

if TYPE_CHECKING:
    from handsign.session import Event, Session

PATIENCE = 2.0
"""Seconds that an answer to a post is waited for."""
WAITING = 8
"""Events that wait to be acted on; more are dropped."""


class Reaction(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a label does, by way of acting."""

    keys: list[str] = []
    http: str = ""
    osc: str = ""
    command: list[str] = []


class Reactions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What all labels do; `cooldown` in seconds."""

    on: dict[str, Reaction]
    cooldown: float = 0.5
    osc: str = "127.0.0.1:9000"


Do = Callable[["Event"], None]
Ways = dict[str, Callable[[Any, Reactions], Do]]


def load(path: Path, way: str, labels: Sequence[str]) -> Reactions:
    """The reactions in a TOML file, for a model that announces `labels`.

    Raises:
        InputError: there is no such file, it says something else, or nothing about `way`, or names other labels.
    """
    try:
        found = msgspec.toml.decode(path.read_bytes(), type=Reactions)
    except (OSError, UnicodeDecodeError, msgspec.MsgspecError) as error:
        raise InputError(f"{path} does not say what to do: {error} (see handsign/acting.py for an example)") from error
    for label in found.on:
        if label not in labels:
            raise InputError(f"{path} says what {label!r} does, but what is announced is: {', '.join(labels)}")
    if not any(getattr(reaction, way) for reaction in found.on.values()):
        raise InputError(f"{path} says nothing that --act {way} could do; give a label {way} = ...")
    return found


def press_keys(names: list[str], reactions: Reactions) -> Do:
    """Hold down keys together and let them go.

    Raises:
        InputError: pynput is missing or finds no keyboard, or a key is unknown.
    """
    try:
        from pynput.keyboard import Controller, Key
    except Exception as error:  # on Linux without a display it is an error of Xlib's
        why = " ".join(str(error).split())[:100]
        raise InputError(f"--act keys needs pynput and a desktop (pip install pynput): {why}") from error
    unknown = [name for name in names if len(name) != 1 and name not in Key.__members__]
    if unknown:
        raise InputError(f"there is no key {unknown[0]!r}; a character, or one of: {', '.join(Key.__members__)}")
    keys, keyboard = [Key.__members__.get(name, name) for name in names], Controller()

    def press(event: Event) -> None:
        held = []
        try:
            for key in keys:
                keyboard.press(key)
                held.append(key)
        finally:
            for key in reversed(held):
                keyboard.release(key)

    return press


def post_json(url: str, reactions: Reactions) -> Do:
    """Post the event.

    Raises:
        InputError: the address is none of the web.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise InputError(f"{url!r} is no address to post to; it begins with http:// or https://")

    def post(event: Event) -> None:
        head = {"Content-Type": "application/json"}
        request = urllib.request.Request(url, msgspec.json.encode(event), head, method="POST")
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            answer.read(1)

    return post


def send_osc(address: str, reactions: Reactions) -> Do:
    """Send the label and its probability to an OSC address, such as /punch.

    Raises:
        InputError: python-osc is missing, or one of the addresses is none.
    """
    try:
        from pythonosc.udp_client import SimpleUDPClient
    except ImportError as error:
        raise InputError("--act osc needs python-osc: pip install python-osc") from error
    host, _, port = reactions.osc.rpartition(":")
    if not (host and port.isdecimal() and int(port) < 65536):
        raise InputError(f"osc = {reactions.osc!r} is no address; it is like 127.0.0.1:9000")
    if not address.startswith("/"):
        raise InputError(f"{address!r} is no OSC address; it begins with /")

    def send(event: Event) -> None:
        with SimpleUDPClient(host, int(port)) as client:
            client.send_message(address, [event.label, event.probability])

    return send


def run_command(words: list[str], reactions: Reactions) -> Do:
    """Start a program with these words, which are fixed, and do not wait for it.

    Raises:
        InputError: there is no such program.
    """
    if shutil.which(words[0]) is None:
        raise InputError(f"there is no program {words[0]!r} to run")
    nowhere = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}

    def start(event: Event) -> None:
        process = subprocess.Popen(words, **nowhere)
        threading.Thread(target=process.wait, daemon=True).start()  # else it stays in the system's table

    return start


WAYS: Ways = {"keys": press_keys, "http": post_json, "osc": send_osc, "command": run_command}


class Behind:
    """Does things in a thread, one after the other; a context manager. What goes wrong is told, once in a row."""

    def __init__(self, do: Callable[[Any], None], tell: Callable[[str], Any] = print) -> None:
        self._do, self._tell, self._told = do, tell, ""
        self._line: queue.Queue[Any] = queue.Queue(WAITING)
        self._thread = threading.Thread(target=self._work, name="behind", daemon=True)

    def __enter__(self) -> Behind:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        try:
            self._line.put(None, timeout=PATIENCE)
        except queue.Full:
            return
        self._thread.join(2 * PATIENCE)

    def __call__(self, thing: Any) -> None:
        """Do it soon, or not at all where too much waits already."""
        try:
            self._line.put_nowait(thing)
        except queue.Full:
            self._say("acting cannot keep up: something was left out")

    def _work(self) -> None:
        while (thing := self._line.get()) is not None:
            try:
                self._do(thing)
                self._told = ""
            except Exception as error:  # whatever a network, a keyboard or a program may do
                self._say(f"could not act: {' '.join(str(error).split())[:120] or type(error).__name__}")

    def _say(self, what: str) -> None:
        if what != self._told:
            self._tell(what)
        self._told = what


class Acting:
    """Acts on events, as long as it is `on`, and not again on the same label within the cool-down.

    `act` is what does it, in its own time; `dry` only tells what would be done.
    """

    def __init__(self, reactions: Reactions, way: str, act: Callable[[Any], None] | None, tell: Any = print) -> None:
        self.on = True
        self._act, self._tell, self._cooldown = act, tell, reactions.cooldown
        wanted = {label: getattr(reaction, way) for label, reaction in reactions.on.items()}
        self._what = {label: what for label, what in wanted.items() if what}
        self._way = way
        self._last: dict[str, float] = {}

    def __call__(self, event: Event) -> None:
        """Act on an event, if there is something to do."""
        known = self.on and event.label in self._what
        if not known or 0 <= event.t - self._last.get(event.label, float("-inf")) < self._cooldown:
            return
        self._last[event.label] = event.t
        if self._act:
            self._act(event)
        else:
            what = self._what[event.label]
            self._tell(f"would act: {self._way} {' '.join(what) if isinstance(what, list) else what}")


def acting(path: Path, way: str, labels: Sequence[str], dry: bool, enter: Callable[[Any], Any]) -> Acting:
    """What acts on a model's events as the file at `path` says; `enter` is given what has to be closed in the end.

    Raises:
        InputError: the file, or what it takes to act, is not as it should be.
    """
    reactions = load(path, way, labels)
    if dry:
        return Acting(reactions, way, None)
    do = {label: WAYS[way](what, reactions) for label, r in reactions.on.items() if (what := getattr(r, way))}
    return Acting(reactions, way, enter(Behind(lambda event: do[event.label](event))))


def attach(session: Session, acts: Acting) -> None:
    """Give the session a key that turns acting off and on, and says which it is."""

    def toggle() -> None:
        acts.on = not acts.on
        session.message = f"actions are {'on' if acts.on else 'off: nothing is done'}"
        attach(session, acts)

    session.commands = {**session.commands, "a": (f"actions: {'ON' if acts.on else 'off'}", toggle)}

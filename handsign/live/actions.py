"""Actions on recognised events: press keys, post JSON, send OSC, run a fixed command.

A TOML file says what each label does, by method:

    cooldown = 0.5               # seconds before the same label acts again
    osc = "127.0.0.1:9000"       # where --act osc sends to

    [on.punch]
    keys = ["ctrl", "x"]         # held down together; names as in pynput.keyboard.Key, or single characters
    http = "http://127.0.0.1:8080/hit"      # receives {"t": 3.4, "label": "punch", "probability": 0.98}
    osc = "/punch"               # receives the label and the probability
    command = ["notify-send", "punch"]      # run as it stands: no shell, and nothing is inserted

Actions run in a thread, so that recognition neither waits for them nor stops when one fails.
"""

from __future__ import annotations

import logging
import re
import shutil
import subprocess
import threading
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlsplit

import msgspec

from handsign import limits
from handsign.errors import InputError
from handsign.live.worker import TIMEOUT, BackgroundWorker
from handsign.reading import parsing, read_bytes

if TYPE_CHECKING:
    from handsign.live.session import Session
    from handsign.live.trigger import Event

log = logging.getLogger("handsign")


class LabelActions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one label does, by method; empty where it does nothing."""

    keys: list[str] = []
    http: str = ""
    osc: str = ""
    command: list[str] = []


class ActionMap(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What every label does; `cooldown` in seconds, `osc` the host and port to send to."""

    on: dict[str, LabelActions]
    cooldown: Annotated[float, msgspec.Meta(ge=0, le=86_400)] = 0.5
    osc: str = "127.0.0.1:9000"


Handler = Callable[["Event"], None]
"""Acts on one event."""


def load_actions(path: Path, method: str, labels: Sequence[str]) -> ActionMap:
    """Read the actions in a TOML file, for a model with these `labels`.

    Raises:
        InputError: the file is missing or malformed, has no action for `method`, or names an unknown label.
    """
    try:
        data = read_bytes(path, limits.CONFIG_BYTES)
        with parsing():
            actions = msgspec.toml.decode(data, type=ActionMap)
    except InputError as error:
        raise InputError(
            f"{path} cannot be read as actions: {error} (see handsign/live/actions.py for an example)"
        ) from error
    for label in actions.on:
        if label not in labels:
            raise InputError(f"{path} has actions for {label!r}, but the model's labels are: {', '.join(labels)}")
    if not any(getattr(on_label, method) for on_label in actions.on.values()):
        raise InputError(f"{path} has no action for --act {method}; give a label {method} = ...")
    return actions


def press_keys(names: list[str], actions: ActionMap) -> Handler:
    """A handler that holds keys down together and releases them.

    Raises:
        InputError: pynput is missing or finds no keyboard, or a key is unknown.
    """
    try:
        from pynput.keyboard import Controller, Key
    except Exception as error:  # on Linux without a display, pynput raises an error of Xlib
        reason = " ".join(str(error).split())[:100]
        raise InputError(f"--act keys needs pynput and a desktop (pip install pynput): {reason}") from error
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


def post_json(url: str, actions: ActionMap) -> Handler:
    """A handler that posts the event as JSON.

    Raises:
        InputError: `url` is not an http or https address.
    """
    try:
        parts = urlsplit(url)
        valid = (
            parts.scheme in {"http", "https"}
            and bool(parts.hostname)
            and parts.port != 0
            and not re.search(r"[\s\x00-\x1f]", url)
        )
    except ValueError:  # of brackets without an address, or of a port that is none
        valid = False
    if not valid:
        raise InputError(f"{url!r} is no address to post to; it begins with http:// or https://")

    def post(event: Event) -> None:
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(url, msgspec.json.encode(event), headers, method="POST")
        with urllib.request.urlopen(request, timeout=TIMEOUT) as response:
            response.read(1)

    return post


def send_osc(address: str, actions: ActionMap) -> Handler:
    """A handler that sends the label and its probability to an OSC address, such as /punch.

    Raises:
        InputError: python-osc is missing, or `address` or the host and port of `actions` are malformed.
    """
    try:
        from pythonosc.udp_client import SimpleUDPClient
    except ImportError as error:
        raise InputError("--act osc needs python-osc: pip install python-osc") from error
    host, _, port = actions.osc.rpartition(":")
    if not (host and port.isdecimal() and int(port) < 65536):
        raise InputError(f"osc = {actions.osc!r} is no address; it is like 127.0.0.1:9000")
    if not address.startswith("/"):
        raise InputError(f"{address!r} is no OSC address; it begins with /")

    def send(event: Event) -> None:
        client = SimpleUDPClient(host, int(port))
        with client:
            client.send_message(address, [event.label, event.probability])

    return send


def run_command(command: list[str], actions: ActionMap) -> Handler:
    """A handler that starts a program with fixed arguments and does not wait for it.

    Raises:
        InputError: there is no such program.
    """
    if shutil.which(command[0]) is None:
        raise InputError(f"there is no program {command[0]!r} to run")
    if "\0" in "".join(command):
        raise InputError(f"the arguments of {command[0]!r} hold a NUL character, which no program can be given")
    null = subprocess.DEVNULL

    def start(event: Event) -> None:
        process = subprocess.Popen(command, stdin=null, stdout=null, stderr=null)
        threading.Thread(target=process.wait, daemon=True).start()  # otherwise it stays a zombie process

    return start


METHODS: Mapping[str, Callable[[Any, ActionMap], Handler]] = {
    "keys": press_keys,
    "http": post_json,
    "osc": send_osc,
    "command": run_command,
}
"""Method -> function that makes the handler of a label from its entry in the file."""


class EventActions:
    """Acts on events while `on` is True; the same label acts again only after the cool-down.

    `act` is called with each event that has an action and must not block; None logs what would be done (a dry run).
    """

    def __init__(self, actions: ActionMap, method: str, act: Callable[[Event], None] | None) -> None:
        self.on = True
        self._act, self._method, self._cooldown = act, method, actions.cooldown
        entries = {label: getattr(on_label, method) for label, on_label in actions.on.items()}
        self._entries = {label: entry for label, entry in entries.items() if entry}
        self._last: dict[str, float] = {}

    def __call__(self, event: Event) -> None:
        """Act on an event if its label has an action."""
        if not self.on or event.label not in self._entries:
            return
        if 0 <= event.time - self._last.get(event.label, float("-inf")) < self._cooldown:
            return
        self._last[event.label] = event.time
        if self._act:
            self._act(event)
        else:
            entry = self._entries[event.label]
            log.info("would act: %s %s", self._method, " ".join(entry) if isinstance(entry, list) else entry)


def open_actions(
    path: Path, method: str, labels: Sequence[str], dry_run: bool, enter_context: Callable[[Any], Any]
) -> EventActions:
    """The actions of the file at `path`, run by a worker that `enter_context` (of an ExitStack) will close.

    Raises:
        InputError: the file is not valid, or something that an action needs is missing.
    """
    actions = load_actions(path, method, labels)
    if dry_run:
        return EventActions(actions, method, None)
    handlers = {
        label: METHODS[method](entry, actions)
        for label, on_label in actions.on.items()
        if (entry := getattr(on_label, method))
    }
    worker = BackgroundWorker(lambda event: handlers[event.label](event))
    return EventActions(actions, method, enter_context(worker))


def add_toggle_key(session: Session, actions: EventActions) -> None:
    """Give the session the key a, which turns actions on and off; the help shows the current state."""

    def toggle() -> None:
        actions.on = not actions.on
        session.message = f"actions are {'on' if actions.on else 'off: nothing is done'}"
        add_toggle_key(session, actions)

    session.commands = {**session.commands, "a": (f"actions: {'ON' if actions.on else 'off'}", toggle)}

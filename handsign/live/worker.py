"""A background thread that handles items one after another."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable
from typing import Any

TIMEOUT = 2.0
"""Seconds that a network request may take."""

MAX_QUEUED = 8
"""Items that are queued at most; further ones are dropped."""

log = logging.getLogger("handsign")


class BackgroundWorker:
    """Calls `handle` with one item after another in a thread; a context manager, which handles all before it exits.

    Calling the worker queues an item and never blocks. An error is logged, and does not stop the worker; of equal
    errors in a row only the first is logged.
    """

    def __init__(self, handle: Callable[[Any], None]) -> None:
        self._handle, self._logged = handle, ""
        self._queue: queue.Queue[Any] = queue.Queue(MAX_QUEUED)
        self._thread = threading.Thread(target=self._work, name="worker", daemon=True)

    def __enter__(self) -> BackgroundWorker:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        try:
            self._queue.put(None, timeout=TIMEOUT)
        except queue.Full:
            return
        self._thread.join(2 * TIMEOUT)

    def __call__(self, item: Any) -> None:
        """Queue an item; it is dropped if the queue is full."""
        try:
            self._queue.put_nowait(item)
        except queue.Full:
            self._log("acting cannot keep up: an event was dropped")

    def _work(self) -> None:
        while (item := self._queue.get()) is not None:
            try:
                self._handle(item)
                self._logged = ""
            except Exception as error:  # a network, a keyboard or a program may raise anything
                self._log(f"could not act: {' '.join(str(error).split())[:120] or type(error).__name__}")

    def _log(self, message: str) -> None:
        if message != self._logged:
            log.warning("%s", message)
        self._logged = message

"""Show what the package logs on the terminal."""

from __future__ import annotations

import logging


class _Print(logging.Handler):
    """Prints the messages of the log, as they are."""

    def emit(self, record: logging.LogRecord) -> None:
        print(self.format(record), flush=True)


def print_log() -> None:
    """Print what the package logs, from level INFO on."""
    log = logging.getLogger("handsign")
    if not any(isinstance(handler, _Print) for handler in log.handlers):
        log.addHandler(_Print())
    log.setLevel(logging.INFO)

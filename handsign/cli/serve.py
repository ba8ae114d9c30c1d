"""`realtime.py --web` and `--export`."""

from __future__ import annotations

import argparse
from dataclasses import fields

from handsign.web.config import WebConfig


def serve(args: argparse.Namespace) -> None:
    """Serve the page, or write it into a folder."""
    from handsign.web import server

    config = WebConfig(**{field.name: getattr(args, field.name) for field in fields(WebConfig)})
    server.serve(config, lambda line: print(line, flush=True))  # a program that reads a pipe waits for the address

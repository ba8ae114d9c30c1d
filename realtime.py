"""Recognise live: `handsign.cli.realtime`."""

from handsign.cli import realtime
from handsign.cli.options import run

if __name__ == "__main__":
    run(realtime.main)

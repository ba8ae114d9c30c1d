"""Record takes of your signs with a camera or from videos, or import takes recorded elsewhere."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from handsign.cli import options as cli


def recording() -> argparse.ArgumentParser:
    """Options of `collect.py`."""
    options = cli.parser(__doc__ or "")
    options.usage = "%(prog)s [options]  |  %(prog)s import PATH [options]"
    options.add_argument(
        "--actions", nargs="+", type=cli.name, metavar="ACTION", help="what to record (default: the task's examples)"
    )
    options.add_argument(
        "--signer", type=cli.name, default="me", help="who is signing; takes of several people are kept apart"
    )
    options.add_argument("--sequences", type=cli.positive, default=30, help="takes of each action")
    options.add_argument("--length", type=cli.positive, default=30, help="frames of a take")
    options.add_argument("--every", type=cli.positive, default=1, metavar="N", help="keep only every n-th frame")
    options.add_argument("--pause", type=cli.seconds, default=2.0, help="seconds between takes")
    options.add_argument("--no-rest", action="store_true", help="do not record the pauses as takes of nothing")
    options.add_argument("--source", help="a video, a folder of videos (one folder an action), or practice[:SEED]")
    options.add_argument("--window", choices=["cut", "whole"], default="cut", help="what becomes of longer videos")
    options.add_argument(
        "--workers", type=cli.positive, default=os.cpu_count() or 1, help="processes that take videos apart"
    )
    options.add_argument("--headless", action="store_true", help="no window (for --source practice)")
    cli.add_camera(options)
    return options


def importing() -> argparse.ArgumentParser:
    """Options of `collect.py import`."""
    options = cli.parser("Bring takes recorded elsewhere into the data folder; what is there already is skipped.")
    options.prog += " import"
    options.add_argument("path", type=Path, help="a folder or file of takes: ours, the tutorial's, .npz packs, .pose")
    options.add_argument("--signer", type=cli.name, help="who is signing, where the takes do not say")
    options.add_argument("--action", type=cli.name, help="what is signed, whatever the takes say")
    options.add_argument(
        "--canvas",
        nargs=2,
        type=cli.positive,
        metavar=("WIDTH", "HEIGHT"),
        help="pixels that points were recorded over",
    )
    return options


def main(argv: Sequence[str] | None = None) -> None:
    """Parse the options and do what they ask."""
    argv = sys.argv[1:] if argv is None else argv
    if argv[:1] == ["import"]:
        args = cli.parse(importing(), argv[1:])
        from handsign.cli.import_takes import import_takes as do
    else:
        args = cli.parse(recording(), argv)
        from handsign.cli.record import record as do
    do(args)

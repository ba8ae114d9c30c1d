"""Recognise signs live: a camera, a video or the practice signer in; bars, a sentence and events out."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from handsign.cli import options as cli


def parser() -> argparse.ArgumentParser:
    """Options of `realtime.py`."""
    options = cli.parser(__doc__ or "")
    options.usage = "%(prog)s [options]  |  %(prog)s doctor [--camera CAMERA] [--model FILE]"
    options.add_argument("--labels", nargs="+", metavar="LABEL", help="labels of a bare action.h5, in its order")
    options.add_argument("--threshold", type=cli.share, help="probability that a sign needs (default: the model's)")
    options.add_argument(
        "--min-consecutive", type=cli.positive, metavar="N", help="predictions in a row that have to agree"
    )
    options.add_argument(
        "--refractory", type=cli.seconds, metavar="SECONDS", help="before the same sign can come again"
    )
    options.add_argument("--release", type=cli.share, help="probability below which a sign is over")
    options.add_argument(
        "--min-interval", type=cli.seconds, metavar="SECONDS", help="between two predictions; 0 for every frame"
    )
    for old, new, kind in (
        ("--hold", "min_consecutive", cli.positive),
        ("--rearm", "refractory", cli.seconds),
        ("--every", "min_interval", cli.seconds),
    ):
        options.add_argument(old, dest=new, type=kind, help=argparse.SUPPRESS)
    options.add_argument("--no-gate", action="store_true", help="ask the model even when no hand is up")
    options.add_argument("--source", help="a video, a folder of pictures, takes, a URL, or practice[:SEED[:SIGNS]]")
    options.add_argument("--output", type=Path, metavar="MP4", help="write what the window shows to a video")
    options.add_argument("--events", type=Path, metavar="JSONL", help="write every recognised sign as a JSON line")
    options.add_argument("--headless", action="store_true", help="no window")
    cli.add_camera(options)
    cli.add_outputs(options)
    cli.add_web(options)
    return options


def main(argv: Sequence[str] | None = None) -> None:
    """Parse the options and do what they ask."""
    argv = sys.argv[1:] if argv is None else argv
    if argv[:1] == ["doctor"]:
        from handsign.cli.doctor import examine

        options = parser()
        options.usage = "%(prog)s doctor [--camera CAMERA] [--model FILE]"
        examine(cli.parse(options, argv[1:]))
    elif argv[:1] in (["enrol"], ["verify"]):
        from handsign.cli import enrol

        options = enrol.parser(cli.parser("Is it really them? Enrol somebody, or check a recording."))
        (enrol.enrol if argv[0] == "enrol" else enrol.verify)(cli.parse(options, argv[1:]))
    else:
        args = cli.parse(parser(), argv)
        if args.web or args.export:
            from handsign.cli.serve import serve

            serve(args)
        else:
            from handsign.cli.show import show

            show(args)

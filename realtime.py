"""Recognise signs live: a camera, a video or the practice signer in; bars, a sentence and events out."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from handsign import cli


def parser() -> argparse.ArgumentParser:
    """Options of `realtime.py`."""
    options = cli.parser(__doc__ or "")
    options.usage = "realtime.py [options]  |  realtime.py doctor [--camera CAMERA] [--model FILE]"
    options.add_argument("--labels", nargs="+", metavar="LABEL", help="labels of a bare action.h5, in its order")
    options.add_argument("--threshold", type=cli.share, help="probability that a sign needs (default: the model's)")
    options.add_argument("--hold", type=cli.positive, help="agreeing looks that a sign needs (default: the model's)")
    options.add_argument("--rearm", type=cli.seconds, help="seconds before the same sign can come again")
    options.add_argument("--release", type=cli.share, help="probability below which a sign is over")
    options.add_argument("--every", type=cli.seconds, help="seconds between two looks, 0 for every picture")
    options.add_argument("--no-gate", action="store_true", help="ask the model even when no hand is up")
    options.add_argument("--source", help="a video, a folder of pictures, takes, or practice[:SEED[:SIGNS]]")
    options.add_argument("--output", type=Path, metavar="MP4", help="write what the window shows to a video")
    options.add_argument("--events", type=Path, metavar="JSONL", help="write every recognised sign as a JSON line")
    options.add_argument("--headless", action="store_true", help="no window")
    cli.add_camera(options)
    cli.add_outputs(options)
    cli.add_web(options)
    return options


def main() -> None:
    """Parse the options and do what they ask."""
    if sys.argv[1:2] == ["doctor"]:
        args = cli.parse(parser(), sys.argv[2:])
        from handsign.doctor import examine as do
    elif sys.argv[1:2] in (["enrol"], ["verify"]):
        from handsign import enrolment

        args = cli.parse(
            enrolment.parser(cli.parser("Is it really them? Enrol somebody, or check a recording.")), sys.argv[2:]
        )
        do = enrolment.enrol if sys.argv[1] == "enrol" else enrolment.verify
    else:
        args = cli.parse(parser())
        from handsign import task

        if args.web or args.export:
            from handsign.web.server import serve as do
        else:
            from handsign.live import recognise

            do = task.load(args.task).live or recognise
    do(args)


if __name__ == "__main__":
    cli.run(main)

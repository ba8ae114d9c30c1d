"""What the four scripts share: common options and how an error is told."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from handsign.errors import InputError

if TYPE_CHECKING:
    from handsign.dataset import Split


class _Help(argparse.ArgumentDefaultsHelpFormatter):
    """Shows a default where there is one to show."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        return super()._get_help_string(action) if action.default not in (None, False) else action.help


def parser(description: str) -> argparse.ArgumentParser:
    """An argument parser with the options that every script has."""
    options = argparse.ArgumentParser(description=description, formatter_class=_Help, allow_abbrev=False)
    options.add_argument("--task", default="sign", help="which system: a file of handsign/tasks")
    options.add_argument("--data", type=Path, metavar="DIR", help="where the takes are (default: of sign, MP_Data)")
    options.add_argument("--model", type=Path, metavar="FILE", help="the trained model (default: of sign, action.h5)")
    return options


def parse(options: argparse.ArgumentParser, argv: Sequence[str] | None = None) -> argparse.Namespace:
    """What was told, and where the takes and the model of the task are if that was not.

    Raises:
        InputError: there is no such task.
    """
    args = options.parse_args(argv)
    from handsign import task

    chosen = task.load(args.task)
    args.data, args.model = args.data or Path(chosen.data), args.model or Path(chosen.model)
    return args


def add_camera(options: argparse.ArgumentParser) -> None:
    """The options of a script that can open a camera."""
    options.add_argument("--camera", help="index or device path of the camera (default: 0)")
    options.add_argument("--width", type=positive, default=640, help="of the camera's picture, in pixels")
    options.add_argument("--height", type=positive, default=480, help="of the camera's picture, in pixels")
    options.add_argument("--fps", type=seconds, default=30.0, help="frames a second to ask the camera for")
    options.add_argument("--fast", action="store_true", help="the task's faster extractor, which is less exact")


def add_web(options: argparse.ArgumentParser) -> None:
    """The options of the browser page."""
    options.add_argument("--web", action="store_true", help="serve a page that does everything in the browser")
    options.add_argument("--port", type=int, default=8000, help="of the page; 0 finds a free one")
    options.add_argument("--host", default="127.0.0.1", metavar="ADDRESS", help="of the page; others need --token")
    options.add_argument("--token", nargs="?", const="", help="what a browser has to know; alone, one is drawn")
    options.add_argument("--tls-cert", type=Path, metavar="PEM", help="certificate, for https")
    options.add_argument("--tls-key", type=Path, metavar="PEM", help="its key")
    options.add_argument("--export", type=Path, metavar="DIR", help="write the page as a folder for any web host")


def add_outputs(options: argparse.ArgumentParser) -> None:
    """The options of a script that does something when something is recognised."""
    options.add_argument("--act", choices=["keys", "http", "osc", "command"], help="what a recognised sign does")
    options.add_argument("--map", type=Path, metavar="TOML", help="of --act: what each label does")
    options.add_argument("--dry-run", action="store_true", help="of --act: only say what would be done")
    options.add_argument("--speak", action="store_true", help="say what is recognised, with the system's voice")


def add_split(options: argparse.ArgumentParser) -> None:
    """The options of a script that splits takes; their defaults are those of `dataset.Split`."""
    options.add_argument("--split", choices=["take", "signer"], help="what is held out for testing (default: take)")
    options.add_argument("--holdout", nargs="+", metavar="NAME", help="signers to hold out, by name")
    options.add_argument("--test-size", type=share, help="share for testing (default: 0.2; the tutorial's is 0.05)")
    options.add_argument("--val-size", type=share, help="share for validation (default: 0.15; the tutorial has none)")
    options.add_argument("--seed", type=int, default=0, help="of everything that is drawn at random")


def split(args: argparse.Namespace) -> Split | None:
    """What `add_split` was told; None if nothing."""
    from handsign.dataset import Split

    told = {"by": "signer" if args.holdout else args.split, "holdout": tuple(args.holdout or ()) or None}
    told |= {"test_size": args.test_size, "val_size": args.val_size}
    told = {name: value for name, value in told.items() if value is not None}
    return Split(**told, seed=args.seed) if told else None


def positive(text: str) -> int:
    """A whole number above zero."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not above zero")
    return number


def seconds(text: str) -> float:
    """A finite number that is not negative."""
    number = float(text)
    if not 0 <= number < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is not a number from zero up")
    return number


def share(text: str) -> float:
    """A number from 0 to 1."""
    number = float(text)
    if not 0 <= number <= 1:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and 1")
    return number


def run(main: Callable[[], None]) -> None:
    """Run a script: an InputError is one line and exit code 2, Ctrl-C is exit code 130."""
    try:
        main()
    except InputError as error:
        print(f"{Path(sys.argv[0]).name}: {' '.join(str(error).split())}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        sys.exit(130)

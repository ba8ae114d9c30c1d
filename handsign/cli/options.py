"""Options that several scripts share, and how an error is shown."""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from handsign import limits
from handsign.errors import InputError

TYPE_CHECKING = False  # as in handsign/__init__.py
if TYPE_CHECKING:
    from handsign.capture.factory import CameraConfig
    from handsign.data.split import Split
    from handsign.data.store import Store
    from handsign.display.window import Window


DEFAULT_TASK = "sign"
"""The task where --task names none."""


class _Help(argparse.ArgumentDefaultsHelpFormatter):
    """Shows a default where there is one to show."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        return super()._get_help_string(action) if action.default not in (None, False) else action.help


def parser(description: str, prog: str | None = None) -> argparse.ArgumentParser:
    """An argument parser with the options that every script has."""
    options = argparse.ArgumentParser(prog, description=description, formatter_class=_Help, allow_abbrev=False)
    options.add_argument("--task", default=DEFAULT_TASK, help="which system: a module of handsign/tasks")
    options.add_argument("--data", type=Path, metavar="DIR", help="where the takes are (default: of sign, MP_Data)")
    options.add_argument("--model", type=Path, metavar="FILE", help="the trained model (default: of sign, action.h5)")
    return options


def parse(options: argparse.ArgumentParser, argv: Sequence[str] | None = None) -> argparse.Namespace:
    """The options, with where the task's takes and model are where they were not given; the log goes to the terminal.

    Raises:
        InputError: there is no such task.
    """
    args = options.parse_args(argv)
    from handsign import tasks
    from handsign.cli.log import print_log

    print_log()

    form = tasks.load(args.task).format
    args.data, args.model = args.data or Path(form.data), args.model or Path(form.model)
    return args


def camera(args: argparse.Namespace) -> CameraConfig:
    """How to open the camera, by the options of `add_camera`."""
    from handsign.capture.factory import CameraConfig

    return CameraConfig(args.camera, (args.width, args.height), args.fps)


def print_contents(store: Store) -> None:
    """What a store says about its contents, if anything."""
    if contents := store.contents():
        print(contents)


def open_window(title: str, headless: bool) -> AbstractContextManager[Window | None]:
    """A window, or none with --headless."""
    from handsign.display.window import Window

    return nullcontext() if headless else Window(title)


def add_camera(options: argparse.ArgumentParser) -> None:
    """The options of a script that can open a camera."""
    options.add_argument("--camera", help="index, device path or URL of the camera (default: 0)")
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
    """The split that the options of `add_split` ask for; None without any of them."""
    from handsign.data.split import Split

    given = {"by": "signer" if args.holdout else args.split, "holdout": tuple(args.holdout or ()) or None}
    given |= {"test_size": args.test_size, "val_size": args.val_size}
    given = {name: value for name, value in given.items() if value is not None}
    return Split(**given, seed=args.seed) if given else None


def positive(text: str) -> int:
    """A whole number above zero."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not above zero")
    return number


def name(text: str) -> str:
    """A name that can be stored: Unicode of a length that a file's name can have."""
    try:
        if len(text.encode()) <= limits.STEM:
            return text
    except UnicodeEncodeError:
        raise argparse.ArgumentTypeError(f"{text!a} is no UTF-8") from None
    raise argparse.ArgumentTypeError(f"{text[:40]!r}... has more than {limits.STEM} bytes")


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


EXTRAS = {
    "train": ("h5py", "jinja2", "keras", "onnx", "sklearn", "tensorflow", "tf2onnx"),
    "web": ("starlette", "uvicorn"),
}
"""The optional dependencies of pyproject.toml: the modules that each of them installs."""


def run(main: Callable[[], None]) -> None:
    """Run a script: an InputError, a path that the system refuses or a missing extra is one line and exit code 2.

    Ctrl-C is exit code 130. Names of files that are no UTF-8 are printed as escapes.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        main()
    except InputError as error:
        _exit(str(error))
    except OSError as error:
        if error.filename is None:
            raise
        _exit(f"{str(error.filename)[:200]}: {error.strerror}")
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        for extra, modules in EXTRAS.items():
            if missing in modules:
                _exit(f"{missing} is not installed; run: pip install 'handsign[{extra}]'")
        raise
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        sys.exit(130)


def _exit(message: str) -> None:
    print(f"{Path(sys.argv[0]).name}: {' '.join(message.split())}", file=sys.stderr)
    sys.exit(2)

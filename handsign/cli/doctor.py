"""`realtime.py doctor`: is everything here that the program needs?"""

from __future__ import annotations

import argparse
import importlib.metadata
import platform
import sys
import time
from collections.abc import Callable, Collection, Iterator
from itertools import islice

from handsign import __version__, tasks
from handsign.bundle.check import DamagedBundle
from handsign.errors import InputError

PACKAGES = ("mediapipe", "opencv-contrib-python", "onnxruntime", "numpy")
"""The dependencies that recording and recognising need, as far as their versions matter."""

EXTRAS = {
    "train": ("training", ("tensorflow", "keras", "scikit-learn")),
    "web": ("the page", ("starlette", "uvicorn")),
}
"""The optional dependencies of pyproject.toml: what needs them, and the packages that are looked for."""


def examine(args: argparse.Namespace) -> None:
    """Print a line for each check; exit with 1 if one fails, with 2 if the model is a damaged bundle."""
    checks = {
        "python": _python,
        "packages": _packages,
        "camera": lambda: _camera(args),
        "window": _window,
        "model": lambda: _model(args),
    }
    codes = {name: _report(name, check) for name, check in checks.items()}
    failed = [name for name, code in codes.items() if code]
    print("everything is in order" if not failed else f"look at: {', '.join(failed)}")
    if failed:
        sys.exit(max(codes.values()))


def _report(name: str, check: Callable[[], str]) -> int:
    """Print what a check says; returns its exit code."""
    try:
        print(f"ok       {name}: {check()}")
    except (InputError, ModuleNotFoundError) as error:  # a bare .h5 needs what an installation may lack
        print(f"PROBLEM  {name}: {error}")
        return 2 if isinstance(error, DamagedBundle) else 1
    return 0


def _python() -> str:
    if sys.version_info[:2] not in {(3, 11), (3, 12)}:
        raise InputError(f"{platform.python_version()}; mediapipe 0.10.21 and tensorflow 2.19 here need 3.11 or 3.12")
    return f"{platform.python_version()} on {platform.platform()}, handsign {__version__}"


def _packages() -> str:
    found = {d.name.lower(): d.version for d in importlib.metadata.distributions() if d.name}
    missing = [name for name in PACKAGES if name not in found]
    if missing:
        raise InputError(f"{', '.join(missing)} not installed; run 'pip install -r requirements.txt'")
    twice = sorted(name for name in found if name.startswith("opencv-") and name != "opencv-contrib-python")
    if twice:
        raise InputError(
            f"{', '.join(twice)} overwrites the cv2 of opencv-contrib-python, which holds all of it; run "
            f"'pip uninstall -y {' '.join(twice)} opencv-contrib-python' and install requirements.txt again"
        )
    names = [*PACKAGES, *(name for _, extra in EXTRAS.values() for name in extra if name in found)]
    return ", ".join(f"{name} {found[name]}" for name in names) + "".join(_without(found))


def _without(found: Collection[str]) -> Iterator[str]:
    """What the installed packages cannot do yet, and how they can."""
    for extra, (purpose, names) in EXTRAS.items():
        if missing := [name for name in names if name not in found]:
            yield f"; {purpose} needs {', '.join(missing)}: run pip install 'handsign[{extra}]'"


def _camera(args: argparse.Namespace) -> str:
    from handsign.capture.camera import Camera

    with Camera(args.camera or "0", (args.width, args.height), args.fps, patience=2) as camera:
        frames = (frame for frame in camera if frame is not None)
        next(frames)
        start = time.perf_counter()
        seen = sum(1 for _ in islice(frames, 30))
        rate = seen / (time.perf_counter() - start)
        return f"{camera.name}, {camera.size[0]} x {camera.size[1]}, {rate:.0f} frames a second"


def _window() -> str:
    from handsign.display.window import Window

    with Window("handsign doctor"):
        return "can be opened"


def _model(args: argparse.Namespace) -> str:
    info = tasks.load(args.task).load_model(args.model, args.labels).info
    seconds = info.window / info.rate
    whole = "its checksum is right" if info.checksum else "it has no checksum, so damage is not noticed"
    return f"{args.model} knows {', '.join(info.labels)}; looks at {info.window} samples over {seconds:.1f} s; {whole}"

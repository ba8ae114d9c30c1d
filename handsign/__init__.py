"""Handsign: record your own signs, train on your own machine, see them recognised live. See docs/API.md.

>>> import handsign
>>> model = handsign.load("action.onnx")
>>> model.task, model.window
('sign', 30)
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False  # true for type checkers; typing takes longer to import than all else that --help needs
if TYPE_CHECKING:
    from typing import Any

    from handsign.api import Model, Result, annotate, load, train
    from handsign.errors import InputError
    from handsign.live.trigger import Event

NO_TELEMETRY = "ORT_DISABLE_TELEMETRY"
"""onnxruntime reports usage to its maker, unless this is set before it is imported: see `bundle.onnx_session`."""

if "onnxruntime" in sys.modules and os.environ.get(NO_TELEMETRY) != "1":
    import logging

    logging.getLogger("handsign").warning(
        "onnxruntime was imported before handsign and reports usage to its maker; import handsign first, or set %s=1",
        NO_TELEMETRY,
    )
os.environ[NO_TELEMETRY] = "1"

__version__ = "0.1.0"
__all__ = ["Event", "InputError", "Model", "Result", "annotate", "load", "train"]

_HOMES = {"Event": "handsign.live.trigger", "InputError": "handsign.errors"}


def __getattr__(name: str) -> Any:
    """The public names, imported when they are first used, so that `import handsign` is quick."""
    if name not in __all__:
        raise AttributeError(f"module 'handsign' has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(_HOMES.get(name, "handsign.api")), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]

"""Handsign: record your own signs, train on your own machine, see them recognised live. See docs/API.md.

>>> import handsign
>>> model = handsign.load("action.onnx")
>>> model.task, model.window
('sign', 30)
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

import handsign.bundle.onnx_session  # noqa: F401 - before anything imports onnxruntime, which reports usage

if TYPE_CHECKING:
    from handsign.api import Model, Result, annotate, load, train
    from handsign.errors import InputError
    from handsign.live.trigger import Event

__version__ = "0.1.0"
__all__ = ["Event", "InputError", "Model", "Result", "annotate", "load", "train"]

_HOMES = {"Event": "handsign.live.trigger", "InputError": "handsign.errors"}


def __getattr__(name: str) -> Any:
    """The public names, imported when they are first used, so that `import handsign` is quick."""
    if name not in __all__:
        raise AttributeError(f"module 'handsign' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES.get(name, "handsign.api")), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]

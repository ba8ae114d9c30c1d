"""Handsign: record signs, train on them, recognise them live. See docs/DESIGN.md."""

import handsign.runtime  # noqa: F401 - before anything imports onnxruntime, which reports usage from then on

__version__ = "0.1.0"

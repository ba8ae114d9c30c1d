"""ONNX Runtime, with its reports to its maker off. Nothing else in the package imports onnxruntime.

onnxruntime 1.31 reports usage from its import on: it looks up `mobile.events.data.microsoft.com` and keeps a device id
and a queue of events under the user's cache folder. Only the environment variable stops that, and only if set before
the import (`onnxruntime.disable_telemetry_events()` comes too late). So `import handsign` sets it.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import onnxruntime

VARIABLE = "ORT_DISABLE_TELEMETRY"

if "onnxruntime" in sys.modules and os.environ.get(VARIABLE) != "1":
    import logging

    logging.getLogger("handsign").warning(
        "onnxruntime was imported before handsign and reports usage to its maker; "
        f"import handsign first, or set {VARIABLE}=1"
    )
os.environ[VARIABLE] = "1"


def session(model: Path | bytes, threads: int = 0) -> onnxruntime.InferenceSession:
    """Open a network on the CPU.

    Args:
        model: an ONNX file, or what is in one.
        threads: how many threads compute one step of the network; 0 leaves that to ONNX Runtime.

    Raises:
        Exception: `model` is missing, damaged or not ONNX. ONNX Runtime has a dozen classes for that, without a base.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 4
    source = model if isinstance(model, bytes) else str(model)
    return onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])

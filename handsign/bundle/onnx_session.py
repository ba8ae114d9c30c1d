"""ONNX Runtime without its reports to its maker. Nothing else in the package imports onnxruntime.

From its import on, onnxruntime 1.31 looks up `mobile.events.data.microsoft.com` and keeps a device id and a queue of
events under the user's cache folder. Only an environment variable stops that, and only if it is set before the import
(`onnxruntime.disable_telemetry_events()` comes too late), so `handsign/__init__.py`, which runs first, sets it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    import onnxruntime


def open_session(model: Path | bytes, threads: int = 0) -> onnxruntime.InferenceSession:
    """Open a network, an ONNX file or its bytes, on the CPU; `threads` compute one step (0: ONNX Runtime decides).

    Raises:
        Exception: it is missing, damaged or not ONNX. ONNX Runtime has a dozen classes for that, without a base.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 4
    source = model if isinstance(model, bytes) else str(model)
    return onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])

"""ONNX Runtime without its reports to its maker. Nothing else in the package imports onnxruntime.

From its import on, onnxruntime 1.31 looks up `mobile.events.data.microsoft.com` and keeps a device id and a queue of
events under the user's cache folder. Only an environment variable stops that, and only if it is set before the import
(`onnxruntime.disable_telemetry_events()` comes too late), so `handsign/__init__.py`, which runs first, sets it.
"""

from __future__ import annotations

import functools
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import onnxruntime

    from handsign.types import Array

SECONDS, MEMORY = 10.0, 512 * 2**20
"""What one window may take when a network is tried out, memory in bytes with the weights."""


_CPU_ONLY: dict[str, Any] = {"providers": ["CPUExecutionProvider"], "enable_fallback": False}
"""And what fails on it is not printed and tried once more."""


def open_session(model: bytes, threads: int = 0) -> onnxruntime.InferenceSession:
    """Open a network, the bytes of an ONNX file, on the CPU; `threads` compute one step (0: ONNX Runtime decides).

    Raises:
        Exception: it is damaged or not ONNX. ONNX Runtime has a dozen classes for that, without a base.
    """
    import onnxruntime

    return onnxruntime.InferenceSession(
        model,
        _options(threads),
        **_CPU_ONLY,
        disabled_optimizers=["ConstantFolding"],  # a small file may ask for large ones; our exporter has folded its own
    )


def try_out(model: bytes, x: Array) -> None:
    """Compute a network once, as it is written, within `SECONDS` and `MEMORY`. A single slow step is waited for.

    Raises:
        Exception: it is damaged, fails, or takes more. ONNX Runtime has a dozen classes for that, without a base.
    """
    import onnxruntime

    _limit_memory()
    options = _options(threads=1)
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.add_session_config_entry("session.use_env_allocators", "1")
    session = onnxruntime.InferenceSession(model, options, **_CPU_ONLY)
    run = onnxruntime.RunOptions()
    run.log_severity_level = 4
    run.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")
    timer = threading.Timer(SECONDS, lambda: setattr(run, "terminate", True))
    timer.daemon = True
    timer.start()
    try:
        session.run(None, {session.get_inputs()[0].name: x}, run)
    finally:
        timer.cancel()


def _options(threads: int) -> onnxruntime.SessionOptions:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 4
    options.add_session_config_entry("session.load_model_format", "ONNX")  # never ONNX Runtime's own, by its content
    return options


@functools.cache
def _limit_memory() -> None:
    """Limit the memory of the sessions that ask for the allocator of the process: those of `try_out`."""
    import onnxruntime

    kind = onnxruntime.OrtAllocatorType.ORT_ARENA_ALLOCATOR
    info = onnxruntime.OrtMemoryInfo("Cpu", kind, 0, onnxruntime.OrtMemType.DEFAULT)
    onnxruntime.create_and_register_allocator(info, onnxruntime.OrtArenaCfg({"max_mem": MEMORY}))

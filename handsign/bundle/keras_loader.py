"""Import Keras without TensorFlow's messages."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from types import ModuleType


@contextmanager
def silence() -> Iterator[None]:
    """Discard what is written to stderr: TensorFlow's C++ logs before its log level can be set."""
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def import_keras() -> ModuleType:
    """The `keras` package on TensorFlow, without the pages of notices that come with it."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with nullcontext() if "keras" in sys.modules else silence():
        import keras
    for name in ("absl", "tensorflow"):  # "HDF5 is legacy": it loads everywhere; "retracing" of a smaller batch
        logging.getLogger(name).setLevel(logging.ERROR)
    return keras

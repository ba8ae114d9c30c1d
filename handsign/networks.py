"""Networks that tasks build, and Keras itself, imported quietly and only when it is needed."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras


@contextmanager
def silence() -> Iterator[None]:
    """Send what is written to stderr nowhere: TensorFlow's C++ talks before it can be told not to.

    Exceptions pass as ever.
    """
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
    from absl import logging

    logging.set_verbosity(logging.ERROR)  # "HDF5 is legacy": it is the format that loads everywhere
    return keras


def lstm(shape: tuple[int, ...], labels: Sequence[str], front: keras.Model | None = None) -> keras.Model:
    """The tutorial's network: windows (n, *shape) -> probabilities (n, labels); 596,675 parameters for 3 labels.

    From "Sign Language Detection using Action Recognition with Python" (Nicholas Renotte, 2021).
    """
    import keras
    from keras import layers

    return keras.Sequential(
        [
            keras.Input(shape),
            *([front] if front else []),
            layers.LSTM(64, activation="relu", return_sequences=True),
            layers.LSTM(128, activation="relu", return_sequences=True),
            layers.LSTM(64, activation="relu"),
            layers.Dense(64, activation="relu"),
            layers.Dense(32, activation="relu"),
            layers.Dense(len(labels), activation="softmax"),
        ]
    )

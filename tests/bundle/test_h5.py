"""A model in HDF5 is measured before its weights are made or read."""

from __future__ import annotations

import json
from pathlib import Path

import h5py
import numpy as np
import pytest

from handsign.bundle.h5 import load_h5
from handsign.bundle.keras_loader import import_keras
from handsign.errors import InputError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A network of one layer."""
    keras = import_keras()
    keras.Sequential([keras.Input((8,)), keras.layers.Dense(4, name="last")]).save(tmp_path / "a.h5")
    return tmp_path / "a.h5"


def test_layers_larger_than_what_the_file_holds_are_never_made(path):
    with h5py.File(path, "r+") as file:
        config = json.loads(file.attrs["model_config"])
        config["config"]["layers"][1]["config"]["units"] = 10**12  # 36 TB: no machine could make them
        file.attrs["model_config"] = json.dumps(config)
    with pytest.raises(InputError, match="holds 36 weights, but its layers would have 9000000000000; it is not loaded"):
        load_h5(path)


def test_weights_that_are_nowhere_in_the_file_are_not_read(path):
    with h5py.File(path, "r+") as file:
        file.create_dataset("large", (1 << 30, 1 << 10), "f4", chunks=(1024, 1024), compression="gzip")
    with pytest.raises(InputError, match=r"bytes of weights in .*, and at most 67108864 are read"):
        load_h5(path)


@pytest.mark.parametrize("way", ["link", "external", "virtual"])
def test_other_files_are_not_read(path, tmp_path, way):
    with h5py.File(tmp_path / "other.h5", "w") as other:
        other["x"] = np.zeros(4, np.float32)
    with h5py.File(path, "r+") as file:
        if way == "link":
            file["x"] = h5py.ExternalLink("other.h5", "/x")
        elif way == "external":
            file.create_dataset("x", (4,), "f4", external=[("/etc/passwd", 0, 16)])
        else:
            layout = h5py.VirtualLayout((4,), "f4")
            layout[:] = h5py.VirtualSource(tmp_path / "other.h5", "x", (4,))
            file.create_virtual_dataset("x", layout)
    with pytest.raises(InputError, match="takes x from another file; it is not loaded"):
        load_h5(path)


def test_an_error_without_a_message_is_one_line(path, monkeypatch):
    def fail(*args: object, **options: object) -> None:
        raise MemoryError

    monkeypatch.setattr(import_keras().saving, "load_model", fail)
    with pytest.raises(InputError, match=r"is damaged or no Keras model \(MemoryError\)"):
        load_h5(path)

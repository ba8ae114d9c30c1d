"""The conversion of the backbone's weights: the parser accepts tensors only, the `.npz` holds the same numbers."""

import collections
import hashlib
import io
import os
import pickle
import struct
import subprocess
import sys
import zipfile

import numpy as np
import pytest
from conftest import ROOT

from handsign.errors import InputError
from handsign.tasks.strike import torch_weights
from handsign.tasks.strike.torch_weights import DIGEST, LEGACY, digest, npz_path, read_package, read_tensors, save


class _Named:
    """Something that is pickled as a name of another module, called with arguments."""

    def __init__(self, module, name, *arguments):
        self.module, self.name, self.arguments = module, name, arguments


class _Writer(pickle._Pickler):  # the one in C has no hooks for what is not importable
    def save(self, thing, save_persistent_id=True):
        if isinstance(thing, _Named):
            self.write(f"c{thing.module}\n{thing.name}\n".encode())
            if thing.arguments:
                super().save(thing.arguments)
                self.write(b"R")
        else:
            super().save(thing, save_persistent_id)

    def persistent_id(self, thing):
        return thing.pid if isinstance(thing, Storage) else None


class Storage:
    def __init__(self, key, kind="FloatStorage"):
        self.pid = ("storage", _Named("torch", kind), key, "cpu", 6)


def saved(tensors, numbers=None, magic=LEGACY):
    """Bytes as torch.save wrote them."""
    out = io.BytesIO()
    for thing in (magic, 1001, {}, tensors, list(numbers or {})):
        _Writer(out, 2).dump(thing)
    for array in (numbers or {}).values():
        out.write(struct.pack("<q", len(array)) + array.tobytes())
    return out.getvalue()


def tensor(key="0", start=0, shape=(2, 3), strides=(3, 1), kind="FloatStorage"):
    return _Named("torch._utils", "_rebuild_tensor_v2", Storage(key, kind), start, shape, strides, False, {})


NUMBERS = {"0": np.arange(6, dtype=np.float32)}


class TestReadTensors:
    def test_it_reads_what_torch_saved(self):
        found = read_tensors(saved(collections.OrderedDict(a=tensor(), b=tensor("0", 1, (2,), (2,))), NUMBERS))
        np.testing.assert_array_equal(found["a"], [[0, 1, 2], [3, 4, 5]])
        np.testing.assert_array_equal(found["b"], [1, 3])

    def test_whole_numbers_too(self):
        found = read_tensors(saved({"n": tensor(shape=(), strides=(), kind="LongStorage")}, {"0": np.array([7])}))
        assert found["n"] == 7

    @pytest.mark.parametrize(
        "name",
        [
            ("os", "system"),
            ("builtins", "eval"),
            ("torch", "load"),
            ("collections", "deque"),
            ("torch._utils", "_rebuild_tensor"),
        ],
    )
    def test_no_other_name_is_looked_up(self, name, tmp_path):
        gone = tmp_path / "gone"
        with pytest.raises(pickle.UnpicklingError, match="not part of a tensor"):
            read_tensors(saved({"a": _Named(*name, f"touch {gone}")}))
        assert not gone.exists()

    @pytest.mark.parametrize(("start", "shape", "strides"), [(1, (2, 3), (3, 1)), (0, (7,), (1,)), (-1, (1,), (1,))])
    def test_a_tensor_does_not_reach_beyond_its_numbers(self, start, shape, strides):
        with pytest.raises(pickle.UnpicklingError, match="outside"):
            read_tensors(saved({"a": tensor("0", start, shape, strides)}, NUMBERS))

    def test_other_files_are_refused(self):
        with pytest.raises(pickle.UnpicklingError):
            read_tensors(saved({}, magic=7))

    def test_a_zip_of_torch_is_no_legacy_file(self):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as file:
            file.writestr("archive/data.pkl", b"")
        with pytest.raises(pickle.UnpicklingError):
            read_tensors(out.getvalue())


class TestPackage:
    def test_a_file_with_another_hash_is_not_parsed(self, monkeypatch):
        monkeypatch.setattr(torch_weights, "SHA256", hashlib.sha256(b"").hexdigest())
        monkeypatch.setattr(torch_weights, "read_tensors", lambda data: pytest.fail("it was parsed"))
        with pytest.raises(InputError, match="SHA-256 differs"):
            read_package()

    def test_a_missing_package_is_one_line(self, monkeypatch):
        monkeypatch.setattr(torch_weights, "PACKAGE", "no_such_package")
        with pytest.raises(InputError, match="no-such-package is missing"):
            read_package()

    def test_the_weights_are_those_of_the_digest(self):
        weights = read_package()
        assert len(weights) == 247
        assert {array.dtype for array in weights.values()} == {np.dtype(np.float32)}
        assert digest(weights) == DIGEST


def test_the_digest_depends_on_names_types_shapes_and_values():
    arrays = {"a": np.zeros((2, 3), np.float32), "b": np.ones(1, np.float32)}
    others = [
        {"a": arrays["a"]},
        {"c": arrays["a"], "b": arrays["b"]},
        {**arrays, "a": arrays["a"].reshape(3, 2)},
        {**arrays, "a": arrays["a"].astype(np.int32)},
        {**arrays, "a": arrays["a"] - np.float32(1e-30)},
    ]
    assert len({digest(arrays), *map(digest, others)}) == 6
    assert digest(dict(reversed(arrays.items()))) == digest(arrays)


def test_the_npz_holds_the_tensors_of_the_package_to_the_bit(tmp_path):
    save(read_package(), tmp_path / "weights.npz")
    tensors = read_tensors(torch_weights.package_file().read_bytes())
    with np.load(tmp_path / "weights.npz", allow_pickle=False) as file:
        left_out = set(tensors) - set(file.files)
        assert all(name.endswith(".num_batches_tracked") for name in left_out)
        for name in file.files:
            np.testing.assert_array_equal(
                file[name].view(np.uint32), np.ascontiguousarray(tensors[name]).view(np.uint32)
            )


class TestCommand:
    def run(self, folder):
        env = {**os.environ, "HANDSIGN_CACHE": str(folder)}
        command = [sys.executable, ROOT / "tools/backbone_weights.py"]
        return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)

    def test_it_writes_the_file_that_is_loaded(self, tmp_path, monkeypatch):
        done = self.run(tmp_path)
        assert done.returncode == 0, done.stderr
        monkeypatch.setenv("HANDSIGN_CACHE", str(tmp_path))
        assert list(tmp_path.iterdir()) == [npz_path()]
        assert DIGEST[:16] in npz_path().name

    def test_a_folder_that_cannot_be_written_is_one_line(self, tmp_path):
        (tmp_path / "file").write_text("")
        done = self.run(tmp_path / "file")
        assert done.returncode == 1
        assert len(done.stderr.splitlines()) == 1
        assert "could not be written" in done.stderr

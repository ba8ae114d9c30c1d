"""The weights that are shipped are those of ImageNet, and their file can do nothing but hold numbers."""

import collections
import hashlib
import io
import pickle
import struct
import zipfile

import cv2
import numpy as np
import pytest

from handsign import backbone
from handsign.backbone import LEGACY, lite0, mobilenet, read_tensors, weights_of_lite0
from handsign.errors import InputError

EGYPTIAN_CAT, ESPRESSO, MISSILE = 285, 967, 657


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
        with pytest.raises(pickle.UnpicklingError, match="no part of a tensor"):
            read_tensors(saved({"a": _Named(*name, f"touch {gone}")}))
        assert not gone.exists()

    @pytest.mark.parametrize(("start", "shape", "strides"), [(1, (2, 3), (3, 1)), (0, (7,), (1,)), (-1, (1,), (1,))])
    def test_a_tensor_does_not_reach_beyond_its_numbers(self, start, shape, strides):
        with pytest.raises(pickle.UnpicklingError, match="outside"):
            read_tensors(saved({"a": tensor("0", start, shape, strides)}, NUMBERS))

    def test_other_files_are_refused(self):
        with pytest.raises(pickle.UnpicklingError):
            read_tensors(saved({}, magic=7))


def test_another_file_is_not_even_opened(monkeypatch):
    monkeypatch.setattr(backbone, "SHA256", hashlib.sha256(b"").hexdigest())
    monkeypatch.setattr(backbone, "read_tensors", lambda data: pytest.fail("it was read"))
    with pytest.raises(InputError, match="SHA-256 differs"):
        weights_of_lite0()


def test_a_missing_package_is_one_line(monkeypatch):
    monkeypatch.setattr(backbone, "PACKAGE", "no_such_package")
    with pytest.raises(InputError, match="no-such-package is missing"):
        weights_of_lite0()


@pytest.fixture(scope="module")
def named():
    return lite0((224, 224, 3), top=True)


@pytest.mark.parametrize("grey", [False, True])
@pytest.mark.parametrize(("photo", "number"), [("chelsea", EGYPTIAN_CAT), ("coffee", ESPRESSO), ("rocket", MISSILE)])
def test_the_weights_know_what_is_on_a_photo(named, photo, number, grey):
    """ImageNet's classes 285, 967 and 657; the photos are those that scikit-image brings."""
    from skimage import data

    image = getattr(data, photo)()
    side = min(image.shape[:2])
    top, left = (image.shape[0] - side) // 2, (image.shape[1] - side) // 2
    picture = cv2.resize(image[top : top + side, left : left + side], (224, 224), interpolation=cv2.INTER_AREA)
    if grey:
        picture = picture.mean(axis=-1, keepdims=True).repeat(3, axis=-1)
    said = named.predict_on_batch((picture / 127.5 - 1)[None].astype(np.float32))[0]
    assert number in said.argsort()[-2 if grey else -1 :]


def test_all_weights_are_used_once(named):
    own = sorted(float(np.sum(w, dtype=np.float64)) for layer in named.layers for w in layer.get_weights())
    there = {name: w for name, w in weights_of_lite0().items() if not name.endswith("num_batches_tracked")}
    assert own == pytest.approx(sorted(float(np.sum(w, dtype=np.float64)) for w in there.values()), rel=1e-4, abs=1e-3)


def test_without_a_network_mobilenet_is_one_line(monkeypatch):
    import keras

    def unreachable(**options):
        raise OSError("URL fetch failure on https://example.org/: None -- no route\nto host")

    monkeypatch.setattr(keras.applications, "MobileNet", unreachable)
    with pytest.raises(InputError, match=r"cannot be downloaded \(.*no route to host\); lite0, the default"):
        mobilenet((112, 200, 3))


def test_a_zip_of_torch_is_no_legacy_file():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        file.writestr("archive/data.pkl", b"")
    with pytest.raises(pickle.UnpicklingError):
        read_tensors(out.getvalue())

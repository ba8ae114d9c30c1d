"""The trajectory task: its networks, the shipped recording and model, and the scripts from a file to the report."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from conftest import ROOT

from handsign import tasks
from handsign.bundle.saving import model_files
from handsign.data.prepare import prepare
from handsign.data.readers import read
from handsign.data.split import Split
from handsign.data.store import Store
from handsign.data.take import Take, TakeInfo
from handsign.landmarks.detector import Holistic
from handsign.landmarks.holistic import HOLISTIC
from handsign.tasks.trajectory.synthetic import synthetic_take
from handsign.tasks.trajectory.task import Fingertips

LIMIT = 2**20
SAMPLE = ROOT / "paths"
PEOPLE = range(11, 21)
MODEL = ROOT / "trajectory.h5"


@pytest.fixture(scope="module")
def task():
    return tasks.load("trajectory")


@pytest.fixture(scope="module", params=["displacement", "position"])
def network(request, task):
    """The name of a network, and the network with random weights, as after a training."""
    import keras

    keras.utils.set_random_seed(1)
    model = task.network(request.param).build((16, 2), ["x", "y"])
    model.set_weights([w + np.random.default_rng(0).normal(0, 0.2, w.shape) for w in model.get_weights()])
    return request.param, model


def takes(path, task):
    return list(read(path, task.format, task.windowing.duration))


def walks(n=50, size=0.02):
    """Random walks (n, 16, 2) on the canvas."""
    steps = np.random.default_rng(0).normal(0, size, (n, 16, 2))
    return np.clip(0.5 + np.cumsum(steps, axis=1), 0, 1).astype(np.float32)


def test_it_has_as_many_parameters_as_the_demo_and_stays_on_the_canvas(network):
    _, model = network
    assert model.count_params() == 17_282
    assert (model.input_shape, model.output_shape) == ((None, 16, 2), (None, 2))
    y_pred = model.predict_on_batch(walks(500, 0.2))
    assert y_pred.min() >= 0
    assert y_pred.max() <= 1


def test_displacement_does_not_depend_on_place_or_speed(task):
    import keras

    keras.utils.set_random_seed(1)
    model = task.network("displacement").build((16, 2), ["x", "y"])
    windows = walks()
    straight = np.clip(2 * windows[:, -1] - windows[:, -2], 0, 1)
    assert model.predict_on_batch(windows) == pytest.approx(straight, abs=1e-6), "untrained: constant velocity"
    model.set_weights([w + np.random.default_rng(0).normal(0, 0.2, w.shape) for w in model.get_weights()])
    small = 0.5 + (walks() - 0.5) * 0.2
    change = model.predict_on_batch(small) - small[:, -1]
    assert np.abs(change).max() > 1e-3
    assert model.predict_on_batch(small + 0.1) - (small + 0.1)[:, -1] == pytest.approx(change, abs=1e-5)
    half = 0.5 + (small - 0.5) / 2
    assert model.predict_on_batch(half) - half[:, -1] == pytest.approx(change / 2, abs=1e-5)
    still = np.full((1, 16, 2), 0.3, np.float32)
    assert model.predict_on_batch(still) == pytest.approx(still[:, -1])


def test_augmentation_keeps_the_shape_of_movements_and_stays_on_the_canvas(task):
    rng, windows = np.random.default_rng(0), walks(40, 0.02)
    y = windows[:, ::-1][:, 1:4].copy()
    new, new_y = task.network().augment(windows, y, windows[:0], y[:0], rng)
    before, now = (np.concatenate(pair, axis=1) for pair in ((windows, y), (new, new_y)))
    lengths = [np.linalg.norm(np.diff(paths, axis=1), axis=2) for paths in (before, now)]
    ratio = lengths[1] / lengths[0]
    assert ratio.std(axis=1).max() < 1e-3, "one scale within a movement"
    assert ratio[:, 0].std() > 0.1, "another scale for each movement"
    assert now.min() >= -1e-6
    assert now.max() <= 1 + 1e-6
    signs = [np.sign(np.cross(np.diff(p, axis=1)[:, :-1], np.diff(p, axis=1)[:, 1:])) for p in (before, now)]
    kept = (signs[0] == signs[1]).mean(axis=1)
    assert set(kept.round().tolist()) == {0, 1}, "some are mirrored"


def test_samples_of_other_tasks_become_points(task):
    keypoints = HOLISTIC.assemble({"right_hand": np.full((5, 21, 3), 0.25)})
    assert task.format.adapt(keypoints).tolist() == [[0.25, 0.25]] * 5
    assert task.format.adapt(np.full((5, 4), 0.5)).shape == (5, 2)


def test_the_extractor_gives_the_fingertip(monkeypatch):
    samples = [None, HOLISTIC.assemble({"left_hand": np.full((21, 3), 0.25)})]
    monkeypatch.setattr(Holistic, "receive", lambda self, wait=True: samples.pop(0))
    tips = Fingertips.__new__(Fingertips)
    assert tips.receive(wait=False) is None
    assert tips.receive().tolist() == [0.25, 0.25]


def run(folder, *command):
    done = subprocess.run([sys.executable, *map(str, command)], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_from_a_pickled_file_to_the_report(task, tmp_path):
    points = (synthetic_take(1, 900).samples * (999, 699)).round().astype(int).tolist()
    (tmp_path / "mouse_data.txt").write_bytes(pickle.dumps(points, 2))
    output = run(
        tmp_path, ROOT / "collect.py", "import", "mouse_data.txt", "--task", "trajectory", "--data", "d",
        "--canvas", 1000, 700,
    )  # fmt: skip
    assert "1 new takes of path" in output
    (take,) = takes(tmp_path / "d", task)
    assert take.samples == pytest.approx(np.divide(points, (1000, 700)), abs=1e-6)
    assert take.info.frame_size == (1000, 700)
    output = run(
        tmp_path, ROOT / "train.py", "--task", "trajectory", "--data", "d", "--model", "m/p.h5", "--report", "r",
        "--epochs", 1, "--predict", "position", "--progress",
    )  # fmt: skip
    assert '{"epoch": 1, "epochs": 1, "loss": ' in output
    table = json.loads((tmp_path / "r/metrics.json").read_text())["test"]
    assert table["steps"] == [1, 4, 16, 32, 64, 128]
    assert all(len(table[name]) == 6 for name in ("model", "stay", "constant_velocity", "constant_acceleration"))
    info = task.load_model(tmp_path / "m/p.h5").info
    assert (info.labels, info.rate, np.shape(info.prediction_intervals)) == (["x", "y"], 60.0, (3, 128))


@pytest.fixture(scope="module")
def shipped(task):
    return task.load_model(MODEL)


class TestShipped:
    def test_recording_and_model_are_small(self, shipped):
        assert sum(path.stat().st_size for path in (*SAMPLE.rglob("*.npz"), *model_files(MODEL))) < LIMIT
        assert shipped.info.parameters == 17_282

    def test_the_recording_is_what_the_generator_gives(self, task):
        for person, take in zip(PEOPLE, takes(SAMPLE, task), strict=True):
            assert take.samples == pytest.approx(synthetic_take(person, 650).samples, abs=2e-3)
            assert take.info.extractor == "synthetic"

    @pytest.mark.slow
    def test_keras_opens_it_without_the_project(self, shipped, tmp_path):
        np.save(tmp_path / "windows.npy", walks())
        code = (
            f"import keras, numpy; model = keras.models.load_model({str(MODEL)!r}, compile=False);"
            "numpy.save('answers.npy', model.predict_on_batch(numpy.load('windows.npy')))"
        )
        subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True, capture_output=True)
        np.testing.assert_allclose(shipped.predict(walks()), np.load(tmp_path / "answers.npy"), atol=1e-5)

    def test_it_beats_the_baselines_up_to_32_steps(self, shipped, task, tmp_path):
        for seed in range(101, 107):  # in no training, and not those of `make bench-paths`
            Store(tmp_path).add(synthetic_take(seed, 1800))
        data, _ = prepare(tmp_path, task.format, task.windowing, Split(), shipped.info.rate)
        data = replace(data, part=np.full(len(data.X), "test"))
        evaluator = replace(task.evaluator, objective=replace(task.evaluator.objective, steps=32))
        table = evaluator.score(shipped.predict, data, "test")
        assert table["steps"] == [1, 4, 16, 32]
        for i, step in enumerate(table["steps"]):
            baselines = [table[name][i] for name in ("stay", "constant_velocity", "constant_acceleration")]
            assert table["model"][i] < min(baselines), step


def test_keypoints_of_another_task_are_read_as_points(task, tmp_path):
    keypoints = HOLISTIC.assemble({"right_hand": np.full((40, 21, 3), 0.25)})
    Store(tmp_path).add(Take(keypoints, np.arange(40) / 30, TakeInfo(action="hello")))
    (take,) = takes(tmp_path, task)
    assert take.samples.shape == (40, 2)

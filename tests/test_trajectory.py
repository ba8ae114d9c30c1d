"""The task of paths: its network, its sample and its model, and its programs from the first point to the report."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from conftest import ROOT

from handsign import bundle
from handsign import task as tasks
from handsign.dataset import Split, prepare
from handsign.forecasting import score
from handsign.holistic import Holistic
from handsign.keypoints import HOLISTIC
from handsign.paths import synthetic
from handsign.takes import Store, Take, TakeInfo, read
from handsign.tasks import trajectory

LIMIT = 2**20
SAMPLE = ROOT / "paths"
PEOPLE = range(11, 21)
MODEL = ROOT / "trajectory.h5"


@pytest.fixture(scope="module")
def task():
    return tasks.load("trajectory")


@pytest.fixture(scope="module", params=["displacement", "position"])
def network(request, task):
    """A network that has learned something: random weights."""
    import keras

    keras.utils.set_random_seed(1)
    model = task.variant(request.param).build((16, 2), ["x", "y"])
    model.set_weights([w + np.random.default_rng(0).normal(0, 0.2, w.shape) for w in model.get_weights()])
    return request.param, model


def walks(n=50, size=0.02):
    steps = np.random.default_rng(0).normal(0, size, (n, 16, 2))
    return np.clip(0.5 + np.cumsum(steps, axis=1), 0, 1).astype(np.float32)


def test_it_has_the_demos_parameters_and_stays_inside(network):
    _, model = network
    assert model.count_params() == 17_282
    assert (model.input_shape, model.output_shape) == ((None, 16, 2), (None, 2))
    said = model.predict_on_batch(walks(500, 0.2))
    assert said.min() >= 0
    assert said.max() <= 1


def test_displacement_does_not_care_where_and_how_fast(task):
    import keras

    keras.utils.set_random_seed(1)
    model = task.build((16, 2), ["x", "y"])
    untrained = walks()
    straight = np.clip(2 * untrained[:, -1] - untrained[:, -2], 0, 1)
    assert model.predict_on_batch(untrained) == pytest.approx(straight, abs=1e-6)
    model.set_weights([w + np.random.default_rng(0).normal(0, 0.2, w.shape) for w in model.get_weights()])
    small = 0.5 + (walks() - 0.5) * 0.2
    change = model.predict_on_batch(small) - small[:, -1]
    assert np.abs(change).max() > 1e-3
    assert model.predict_on_batch(small + 0.1) - (small + 0.1)[:, -1] == pytest.approx(change, abs=1e-5)
    half = 0.5 + (small - 0.5) / 2
    assert model.predict_on_batch(half) - half[:, -1] == pytest.approx(change / 2, abs=1e-5)
    still = np.full((1, 16, 2), 0.3, np.float32)
    assert model.predict_on_batch(still) == pytest.approx(still[:, -1])


def test_augmenting_keeps_shapes_of_movements_and_the_canvas(task):
    rng, windows = np.random.default_rng(0), walks(40, 0.02)
    came = windows[:, ::-1][:, 1:4].copy()
    new, after = task.augment(windows, came, windows[:0], came[:0], rng)
    before, now = (np.concatenate(pair, axis=1) for pair in ((windows, came), (new, after)))
    lengths = [np.linalg.norm(np.diff(paths, axis=1), axis=2) for paths in (before, now)]
    ratio = lengths[1] / lengths[0]
    assert ratio.std(axis=1).max() < 1e-3, "one size for all of a movement"
    assert ratio[:, 0].std() > 0.1, "another for every movement"
    assert now.min() >= -1e-6
    assert now.max() <= 1 + 1e-6
    signs = [np.sign(np.cross(np.diff(p, axis=1)[:, :-1], np.diff(p, axis=1)[:, 1:])) for p in (before, now)]
    kept = (signs[0] == signs[1]).mean(axis=1)
    assert set(kept.round().tolist()) == {0, 1}, "some are mirrored"


def test_samples_of_other_tasks_become_points(task):
    keypoints = HOLISTIC.assemble({"right_hand": np.full((5, 21, 3), 0.25)})
    assert task.adapt(keypoints).tolist() == [[0.25, 0.25]] * 5
    assert task.adapt(np.full((5, 4), 0.5)).shape == (5, 2)


def test_the_fingertip_is_what_the_camera_gives(monkeypatch):
    samples = [None, HOLISTIC.assemble({"left_hand": np.full((21, 3), 0.25)})]
    monkeypatch.setattr(Holistic, "receive", lambda self, wait=True: samples.pop(0))
    tips = trajectory.Fingertips.__new__(trajectory.Fingertips)
    assert tips.receive(wait=False) is None
    assert tips.receive().tolist() == [0.25, 0.25]


def run(folder, *command):
    done = subprocess.run([sys.executable, *map(str, command)], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_from_a_pickled_file_to_the_report(tmp_path):
    points = (synthetic(1, 900).samples * (999, 699)).round().astype(int).tolist()
    (tmp_path / "mouse_data.txt").write_bytes(pickle.dumps(points, 2))
    told = run(
        tmp_path, ROOT / "collect.py", "import", "mouse_data.txt", "--task", "trajectory", "--data", "d",
        "--canvas", 1000, 700,
    )  # fmt: skip
    assert "1 new takes of path" in told
    (take,) = read(tmp_path / "d", tasks.load("trajectory"))
    assert take.samples == pytest.approx(np.divide(points, (1000, 700)), abs=1e-6)
    assert take.info.frame_size == (1000, 700)
    told = run(
        tmp_path, ROOT / "train.py", "--task", "trajectory", "--data", "d", "--model", "m/p.h5", "--report", "r",
        "--epochs", 1, "--predict", "position", "--progress",
    )  # fmt: skip
    assert '{"epoch": 1, "epochs": 1, "loss": ' in told
    table = json.loads((tmp_path / "r/metrics.json").read_text())["test"]
    assert table["steps"] == [1, 4, 16, 32, 64, 128]
    assert all(len(table[name]) == 6 for name in ("model", "stay", "constant_velocity", "constant_acceleration"))
    info = bundle.Bundle.load(tmp_path / "m/p.h5", tasks.load("trajectory")).info
    assert (info.labels, info.rate, np.shape(info.fan)) == (["x", "y"], 60.0, (3, 128))


@pytest.fixture(scope="module")
def shipped(task):
    return bundle.Bundle.load(MODEL, task)


class TestShipped:
    def test_they_are_small(self, shipped):
        assert sum(path.stat().st_size for path in (*SAMPLE.rglob("*.npz"), *bundle.paths(MODEL))) < LIMIT
        assert shipped.info.parameters == 17_282

    def test_the_sample_is_what_the_generator_gives(self, task):
        for person, take in zip(PEOPLE, read(SAMPLE, task), strict=True):
            assert take.samples == pytest.approx(synthetic(person, 650).samples, abs=2e-3)
            assert take.info.extractor == "synthetic"

    def test_keras_opens_it_without_the_project(self, shipped, tmp_path):
        np.save(tmp_path / "windows.npy", walks())
        code = (
            f"import keras, numpy; model = keras.models.load_model({str(MODEL)!r}, compile=False);"
            "numpy.save('answers.npy', model.predict_on_batch(numpy.load('windows.npy')))"
        )
        subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True, capture_output=True)
        np.testing.assert_allclose(shipped.predict(walks()), np.load(tmp_path / "answers.npy"), atol=1e-5)

    def test_it_beats_what_has_learned_nothing_up_to_32_steps(self, shipped, task, tmp_path):
        for seed in range(101, 107):  # in no training, and not those of `make bench-paths`
            Store(tmp_path).add(synthetic(seed, 1800))
        data, _ = prepare(task, tmp_path, Split(), shipped.info.rate)
        data = replace(data, part=np.full(len(data.X), "test"))
        table = score(replace(task.goal, steps=32), shipped.predict, data, "test")
        assert table["steps"] == [1, 4, 16, 32]
        for i, step in enumerate(table["steps"]):
            others = [table[name][i] for name in ("stay", "constant_velocity", "constant_acceleration")]
            assert table["model"][i] < min(others), step


def test_a_recording_of_a_camera_is_read_as_it_is(task, tmp_path):
    keypoints = HOLISTIC.assemble({"right_hand": np.full((40, 21, 3), 0.25)})
    Store(tmp_path).add(Take(keypoints, np.arange(40) / 30, TakeInfo(action="hello")))
    (take,) = read(tmp_path, task)
    assert take.samples.shape == (40, 2)

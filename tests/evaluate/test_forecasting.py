"""Forecasts: windows and what follows them, rollouts, the table of errors, prediction intervals, and training."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from conftest import ROOT

from handsign import tasks
from handsign.api import fit
from handsign.bundle.info import describe
from handsign.data.prepare import open_dataset, prepare
from handsign.data.split import Split
from handsign.data.store import Store
from handsign.data.take import Take, TakeInfo
from handsign.data.windowing import MIN_BLOCKS, ForecastWindowing
from handsign.data.windows import rollout
from handsign.errors import InputError
from handsign.evaluate import forecasting
from handsign.evaluate.evaluator import evaluate
from handsign.evaluate.report import report
from handsign.learn.config import TrainConfig
from handsign.learn.objective import ForecastObjective
from handsign.learn.rollout import forecast, futures, unrolled
from handsign.learn.training import TrainResult, train
from handsign.tasks.trajectory.synthetic import synthetic_take


def circle(points, rate=60.0, turns=0.5, name="circle", **info):
    """A take that goes round and round."""
    times = np.arange(points) / rate
    angle = 2 * np.pi * turns * times
    samples = 0.5 + 0.3 * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return Take(samples.astype(np.float32), times, TakeInfo(action="path", rate=rate, **info), name)


def stored(folder, *takes):
    for take in takes:
        Store(folder).add(take)
    return folder


def prepared(task, folder):
    """The dataset of the takes in a folder, and these takes."""
    return prepare(folder, task.format, task.windowing, Split())


@pytest.fixture(scope="module")
def task():
    return tasks.load("trajectory")


def onwards(windows):
    return np.clip(2 * windows[:, -1] - windows[:, -2], 0, 1)


class TestRollout:
    def test_is_fed_its_own_answers(self):
        seen = np.array([[0.0], [1.0], [2.0]])
        assert rollout(lambda w: w[-1] + w[-2], seen, 4, 2).ravel().tolist() == [3, 5, 8, 13]

    def test_shows_the_last_samples_or_all_of_them(self):
        shown = []
        rollout(lambda w: shown.append(w.ravel().tolist()) or w[-1] + 1, np.array([[1.0], [2.0]]), 3, 2)
        assert shown == [[1, 2], [2, 3], [3, 4]]
        shown.clear()
        rollout(lambda w: shown.append(len(w)) or w[-1], np.zeros((2, 5, 5, 1)), 3)
        assert shown == [2, 3, 4]

    def test_leaves_what_was_seen_alone(self):
        seen = np.zeros((3, 2), np.float32)
        found = rollout(lambda w: w[-1] + 1, seen, 5, 3)
        assert (found.shape, found.dtype, seen.max()) == ((5, 2), np.float32, 0)


class TestPairs:
    def test_are_every_window_and_the_sample_behind_it(self, task):
        take = circle(20)
        pairs = list(task.windowing.pairs(take, 60.0, ()))
        assert len(pairs) == 4
        for i, (window, target) in enumerate(pairs):
            assert window == pytest.approx(take.samples[i : i + 16], abs=1e-5)
            assert target == pytest.approx(take.samples[i + 16], abs=1e-5)

    def test_of_predictions_for_each_sample_are_shifted_by_one(self):
        windowing = ForecastWindowing(length=4, rate=10.0, names=("grey",), each_sample=True)
        frames = np.arange(6, dtype=np.float32).reshape(6, 1, 1, 1)
        take = Take(frames, np.arange(6) / 10, TakeInfo(action="film"))
        pairs = list(windowing.pairs(take, 10.0, ()))
        assert [(x.ravel().tolist(), y.ravel().tolist()) for x, y in pairs] == [
            ([0, 1, 2, 3], [1, 2, 3, 4]),
            ([1, 2, 3, 4], [2, 3, 4, 5]),
        ]
        predicted = ForecastObjective(each_sample=True).ahead(lambda x: x + 1, frames[:4], 3)
        assert predicted.ravel().tolist() == [4, 5, 6]

    @pytest.mark.parametrize("rate", [30, 60, 120, 125])
    def test_are_sampled_by_time(self, task, rate):
        slow = circle(round(rate * 1.0), rate)
        steps = [np.linalg.norm(np.diff(window, axis=0), axis=1) for window, _ in task.windowing.pairs(slow, 60.0, ())]
        assert np.concatenate(steps) == pytest.approx(0.3 * np.pi / 60, rel=0.05)


class TestDatasets:
    def test_one_long_recording_is_split_into_contiguous_blocks(self, task, tmp_path):
        data, takes = prepared(task, stored(tmp_path, circle(3000)))
        assert len(takes) == MIN_BLOCKS
        assert {part: len(set(data.take[data.part == part])) for part in ("train", "val", "test")} == {
            "train": 6,
            "val": 2,
            "test": 2,
        }
        blocks = [data.X[data.take == name] for name in dict.fromkeys(data.take.tolist())]
        assert all(len(block) == 300 - 16 for block in blocks)

    def test_many_recordings_stay_whole(self, task, tmp_path):
        takes = [circle(60, name=str(i)) for i in range(MIN_BLOCKS)]
        assert len(prepared(task, stored(tmp_path, *takes))[1]) == MIN_BLOCKS

    def test_windows_hold_no_missing_point(self, task, tmp_path):
        take = circle(2000)
        take.samples[700:800] = 0
        data, _ = prepared(task, stored(tmp_path, take))
        assert data.X.any(axis=-1).all()
        assert data.y.any(axis=-1).all()

    @pytest.mark.parametrize(("rates", "expected"), [((120, 120), 60), ((30, 30), 30), ((30, 120, 120), 60)])
    def test_the_rate_is_the_recordings_own_but_no_more_than_the_tasks(self, task, tmp_path, rates, expected):
        takes = [circle(200, rate) for rate in rates]
        assert prepared(task, stored(tmp_path, *takes))[0].rate == pytest.approx(expected)

    def test_what_is_too_short_is_told(self, task, tmp_path):
        data, _ = prepared(task, stored(tmp_path, circle(500), circle(16)))
        assert data.left_out == [("path/take_001.npz", "lasts 0.27 s, under 17 samples")]

    def test_too_little_to_learn_from_is_told(self, task, tmp_path):
        data, _ = prepared(task, stored(tmp_path, circle(19 * MIN_BLOCKS)))
        assert (data.part == "train").any()
        with pytest.raises(InputError, match="too short to learn from"):
            train(task.network(), data, tmp_path / "m.h5", TrainConfig(epochs=1, logs=None))

    def test_the_shape_of_the_canvas_is_kept(self, task, tmp_path):
        data, _ = prepared(task, stored(tmp_path, circle(500, frame_size=(1000, 700))))
        assert data.aspect == 0.7
        data.save(tmp_path / "dataset.npz")
        assert open_dataset(tmp_path / "dataset.npz", task.format, task.windowing, None).aspect == 0.7

    def test_another_rate_prepares_anew(self, task, tmp_path):
        prepared(task, stored(tmp_path, circle(500)))[0].save(tmp_path / "dataset.npz")
        assert open_dataset(tmp_path, task.format, task.windowing, None).rate == pytest.approx(60)
        assert open_dataset(tmp_path, task.format, task.windowing, None, rate=30.0).rate == 30


@pytest.fixture
def data(task, tmp_path):
    return prepare(
        stored(tmp_path / "data", circle(3000, frame_size=(1000, 500))), task.format, task.windowing, Split()
    )[0]


class TestScores:
    def test_futures_are_what_followed_and_nan_behind_the_end(self, task, data):
        windows, future = futures(task.network().objective.next_samples, data, "test", 128)
        assert (windows.shape[1:], future.shape) == ((16, 2), (len(windows), 128, 2))
        angle = np.pi / 60
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        expected = (windows[:, -1] - 0.5) @ turn.T + 0.5
        assert future[:, 0] == pytest.approx(expected, abs=1e-4)
        known = np.isfinite(future).all(axis=2).sum(axis=1)
        assert known[0] == 128
        assert known[-1] == 1
        assert (np.diff(np.isfinite(future[:, :, 0]).astype(int), axis=1) <= 0).all()

    def test_baselines_by_hand(self):
        window = np.array([[[0.1, 0.5], [0.2, 0.5], [0.4, 0.5]]], np.float32)
        found = forecasting.baselines(window, 3)
        assert found["stay"][0, :, 0] == pytest.approx([0.4, 0.4, 0.4])
        assert found["constant_velocity"][0, :, 0] == pytest.approx([0.6, 0.8, 1.0])
        assert found["constant_acceleration"][0, :, 0] == pytest.approx([0.7, 1.0, 1.0])

    def test_distances_are_shares_of_the_width(self, task):
        assert task.evaluator.measure(np.array([[[0.3, 0.4]], [[0.3, 0.8]]]), 0.5) == pytest.approx(
            np.array([[np.hypot(0.3, 0.2)], [0.5]])
        )

    def test_the_table(self, task, data):
        table = task.evaluator.score(onwards, data, "test")
        assert table["steps"] == [1, 4, 16, 32, 64, 128]
        assert table["model"] == pytest.approx(table["constant_velocity"])
        assert table["stay"][0] == pytest.approx(0.3 * 2 * np.sin(np.pi / 120) * 0.77, rel=0.05), "of an ellipse"
        assert table["constant_acceleration"][0] < table["constant_velocity"][0] < table["stay"][0]
        assert "coverage" not in table

    def test_where_recordings_are_short_the_far_steps_are_not_known(self, task, tmp_path):
        takes = [circle(60, name=str(i)) for i in range(MIN_BLOCKS)]
        short, _ = prepared(task, stored(tmp_path, *takes))
        table = task.evaluator.score(onwards, short, "test")
        assert [value is None for value in table["model"]] == [False] * 4 + [True] * 2
        assert json.dumps(task.evaluator.summary({"test": table}, short))
        assert forecasting.table_figure({**table, "model": [0.0] * 6}, 60.0), "nothing to be drawn on a logarithm"

    def test_an_interval_holds_its_share_of_what_followed(self, task, data):
        bands = np.array(task.evaluator.prediction_intervals(onwards, data))
        assert bands.shape == (3, 128)
        assert (np.diff(bands, axis=0) >= 0).all()
        table = task.evaluator.score(onwards, data, "val", bands.tolist())
        for share, found in table["coverage"].items():
            assert found == pytest.approx([float(share.strip("%")) / 100] * 6, abs=0.05)

    def test_without_validation_rows_there_are_no_intervals(self, task, data):
        assert task.evaluator.prediction_intervals(onwards, replace(data, part=np.full(len(data.X), "train"))) is None

    def test_the_report_has_the_table_and_its_picture(self, task, data, tmp_path):
        bands = task.evaluator.prediction_intervals(onwards, data)
        results = evaluate(task.evaluator, task.network(), onwards, data, bands)
        trained = TrainResult(None, {"loss": [0.2, 0.1]}, 2, True, False, 1.0)
        info = describe(task.format, data.labels, 16, data.rate)
        page = report(tmp_path, results, trained, data, info, task.evaluator).read_text()
        numbers = json.loads((tmp_path / "metrics.json").read_text())
        assert numbers["test"]["stay"] == results["test"]["stay"]
        assert (tmp_path / "forecast.png").exists()
        assert not (tmp_path / "confusion.png").exists()
        for word in ("constant acceleration", "interval of 95%", "kept for testing"):
            assert word in page


class TestTraining:
    @pytest.mark.slow
    def test_learns_to_go_round_better_than_straight_on(self, task, tmp_path):
        data, _ = prepared(task, stored(tmp_path / "data", circle(1500)))
        objective = replace(task.network().objective, rollout_steps=2, steps=32)
        network = replace(task.network(), objective=objective)
        task = replace(task, evaluator=replace(task.evaluator, objective=objective))
        config = TrainConfig(epochs=3, logs=None, learning_rate=0.01, weight_decay=0.0, batch=64)
        epochs = []
        training = fit(task, network, data, tmp_path / "t.h5", config, on_epoch=lambda *now: epochs.append(now))
        trained = training.result
        assert trained.model.count_params() == 17_282
        assert trained.model.input_shape == (None, 16, 2)
        assert [epoch for epoch, _, _ in epochs] == [1, 2, 3]
        assert np.shape(training.intervals) == (3, 32)
        table = task.evaluator.score(trained.model.predict_on_batch, data, "test", training.intervals)
        assert all(m < v for m, v in zip(table["model"], table["constant_velocity"], strict=True))
        assert trained.learned
        assert trained.temperature is None

    @pytest.mark.slow
    def test_the_unrolled_network_is_a_rollout(self, task):
        import keras

        keras.utils.set_random_seed(0)
        model = task.network().build((16, 2), ["x", "y"])
        model.set_weights([w + 0.01 for w in model.get_weights()])
        windows = np.cumsum(np.random.default_rng(0).normal(0, 0.01, (4, 16, 2)), axis=1).astype(np.float32) + 0.5
        expected = forecast(task.network().objective.next_samples, model.predict_on_batch, windows, 5)
        assert unrolled(model, 5).predict_on_batch(windows) == pytest.approx(expected, abs=1e-5)

    @pytest.mark.slow
    def test_goes_on_from_weights(self, task, data, tmp_path):
        config = TrainConfig(epochs=1, logs=None, learning_rate=1e-9, weight_decay=0.0, batch=512)
        model = task.network().build((16, 2), data.labels)
        start = [np.full(w.shape, 0.01, np.float32) for w in model.get_weights()]
        network = replace(task.network(), objective=ForecastObjective())
        trained = train(network, data, tmp_path / "t.h5", config, weights=start)
        assert all(np.abs(w - 0.01).max() < 1e-5 for w in trained.model.get_weights())
        with pytest.raises(InputError, match="another network"):
            train(task.network(), data, tmp_path / "t.h5", config, weights=start[:-1])


@pytest.mark.slow
def test_what_is_no_window_cannot_be_evaluated_by_signers(tmp_path):
    stored(tmp_path / "paths", synthetic_take(1, 400))
    command = [sys.executable, ROOT / "train.py", "--task", "trajectory", "--evaluate", "signers"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, env={**os.environ})
    assert done.returncode == 2
    assert done.stderr.splitlines() == ["train.py: trajectory cannot be evaluated by signers; leave out --evaluate"]

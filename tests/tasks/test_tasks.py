"""The contract of every task and network, and the promise that a task is one file or package: all stages run on one."""

import ast
import json
import os
import re
import subprocess
import sys
from functools import partial
from pathlib import Path

import cv2
import msgspec
import numpy as np
import pytest
from conftest import ROOT
from strikes import tiny_backbone

from handsign import tasks
from handsign.api import fit
from handsign.bundle.h5 import load_h5
from handsign.bundle.keras_loader import import_keras
from handsign.data.dataset import Dataset
from handsign.data.split import Split
from handsign.data.take import Take, TakeInfo
from handsign.errors import InputError
from handsign.learn.config import TrainConfig
from handsign.learn.network import Network
from handsign.learn.objective import ClassificationObjective
from handsign.tasks import Task
from handsign.tasks.strike import backbone


def fits(accepted: tuple[int | None, ...], shape: tuple[int, ...]) -> bool:
    """Whether a network takes such an array, with any number of rows and perhaps of samples in a window."""
    same = [a in (None, b) for a, b in zip(accepted, shape, strict=True)]
    return accepted[0] is None and None not in accepted[2:] and all(same)


def classifies(task: Task) -> bool:
    return isinstance(task.network().objective, ClassificationObjective)


def random_take(task: Task, label: str, count: int, seed: int = 0) -> Take:
    """A take of `count` random samples whose action and signer are `label`."""
    samples = np.random.default_rng(seed).random((count, *task.format.shape), np.float32)
    times = np.arange(count) / task.windowing.rate
    return Take(samples, times, TakeInfo(action=label, signer=label), f"{label}/{seed}")


def random_data(task: Task, labels: list[str], extra: int) -> Dataset:
    """Two takes of each label, one to train on and one for validation, `extra` samples longer than a window."""
    windowing, rows = task.windowing, []
    for label in labels:
        for seed, part in enumerate(("train", "val")):
            take = random_take(task, label, windowing.length + extra, seed)
            pairs = windowing.pairs(take, windowing.rate, task.format.groups)
            rows += [(*pair, part, take.name, label) for pair in pairs]
    windows, targets, part, name, signer = zip(*rows, strict=True)
    y, labels = windowing.targets(targets)
    columns = [np.array(column) for column in (part, name, signer, [""] * len(rows))]
    return Dataset(task.name, np.stack(windows), y, labels, *columns, rate=windowing.rate, split=Split())


TRAINED = [
    (name, network)
    for name in tasks.names()
    for network, one in tasks.load(name).networks.items()
    if not (isinstance(one, Network) and one.ready_made)
]
"""(task, network) of every network that is trained."""

SMALL = {"nextframe": (16, 16, 1)}
"""Samples of another shape, where networks take any, to save time."""


@pytest.fixture(scope="module")
def small_backbones(tmp_path_factory):
    """Small backbones, so that nothing is downloaded, and a cache folder; `test_task_strike` trains the default one."""
    keras = import_keras()
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(backbone.BACKBONES, "lite0", tiny_backbone)
        patch.setattr(keras.applications, "MobileNet", partial(keras.applications.MobileNet, weights=None, alpha=0.25))
        patch.setenv("HANDSIGN_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.mark.parametrize("name", tasks.names())
class TestTask:
    def test_it_is_loaded_by_the_name_of_its_module(self, name):
        assert isinstance(tasks.load(name), Task)
        assert tasks.load(name).name == name

    def test_columns_fit_the_sample(self, name):
        form = tasks.load(name).format
        if form.columns:
            assert form.shape == (form.columns.size,)
            assert [s.stop - s.start for s in form.groups] == [part.size for part in form.columns.parts]

    @pytest.mark.slow
    def test_its_windows_go_through_its_network(self, name):
        task, labels = tasks.load(name), ["a", "b", "c"]
        network, windowing = task.network(), task.windowing
        takes = [random_take(task, label, windowing.length + 1) for label in labels]  # a forecast needs one more sample
        pairs = [pair for take in takes for pair in windowing.pairs(take, windowing.rate, task.format.groups)]
        x = network.encode_all(np.stack([window for window, _ in pairs]))
        y, found = windowing.targets([target for _, target in pairs])
        model = network.build(x.shape[1:], found)
        assert fits(model.output_shape, y.shape)
        answer = network.objective.answer(lambda x: np.asarray(model(x)), x[0])
        assert answer.shape == (y.shape[1:] if classifies(task) else task.format.shape)
        if classifies(task):
            assert found == labels
            assert answer.sum() == pytest.approx(1, abs=1e-5)

    def test_quality_is_shares(self, name):
        task = tasks.load(name)
        for samples in (np.zeros((5, *task.format.shape), np.float32), np.ones((5, *task.format.shape), np.float32)):
            assert all(0 <= share <= 1 for share in task.sensor.quality(samples).values())

    @pytest.mark.parametrize("resting", [4, 0])
    def test_augmentation_keeps_shapes(self, name, resting):
        task, rng = tasks.load(name), np.random.default_rng(0)
        augment, shape = task.network().augment, task.format.shape
        windows, y = rng.random((4, task.windowing.length, *shape), np.float32), np.eye(4, dtype=np.float32)
        y = y if classifies(task) else rng.random((4, *shape), np.float32)
        if augment:
            new, targets = augment(windows, y, windows[:resting], y[:resting], rng)
            assert (new.shape, new.dtype, targets.shape) == (windows.shape, np.float32, y.shape)

    def test_the_gate_answers_for_any_window(self, name):
        task = tasks.load(name)
        for value in (0, 1):
            window = np.full((task.windowing.length, *task.format.shape), value, np.float32)
            assert task.gate(window) in (True, False)

    def test_networks_that_need_no_training_predict(self, name):
        task = tasks.load(name)
        ready = [key for key, one in task.networks.items() if isinstance(one, Network) and one.ready_made]
        for key in ready:
            bundle = task.load_model(Path(key))
            x = task.network().encode(np.zeros((bundle.info.window, *task.format.shape), np.float32))
            assert bundle.predict(x).shape == (len(bundle.info.labels),)
            with pytest.raises(InputError, match="needs no training"):
                task.network(key)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*received `from_logits=True`:UserWarning")  # the article's loss, on purpose
@pytest.mark.parametrize(("name", "network_name"), TRAINED)
def test_a_network_is_trained_for_a_step_saved_loaded_and_predicts(name, network_name, small_backbones, tmp_path):
    """No network may be trained for hours and then fail to be saved."""
    task = tasks.load(name).with_shape(sample=SMALL.get(name))
    network = task.network(network_name)
    extra = getattr(network.objective, "rollout_steps", 1)
    data = random_data(task, ["other", "punch"], extra)
    config = TrainConfig(**{**network.config, "epochs": 1, "logs": None})
    path = tmp_path / "model.h5"
    training = fit(task, network, data, path, config)
    (x, _), result = network.rows(data, "val"), training.result
    assert result.model.input_shape == result.compact.input_shape
    assert fits(result.model.input_shape, x.shape)
    expected = training.predict(x)
    np.testing.assert_allclose(expected, result.compact.predict_on_batch(x), atol=1e-6)
    info = training.save(path)
    assert '"optimizer"' not in path.with_suffix(".json").read_text()  # nor of a part, such as a head
    bundle = training.task.load_model(path)
    assert bundle.info == info
    assert bundle.info.labels == data.labels
    np.testing.assert_allclose(bundle.predict(x), expected, atol=1e-5)
    np.testing.assert_allclose(load_h5(path).predict_on_batch(x), expected, atol=1e-6)
    answer = network.objective.answer(bundle.predict, x[0])
    assert answer.shape == (data.y.shape[1:] if classifies(task) else task.format.shape)
    assert np.isfinite(answer).all()


def test_without_a_gate_of_its_own_a_task_predicts_for_every_window(light):
    assert tasks.load("light").gate(np.zeros((15, 4), np.float32)) is True


def test_fast_is_another_extractor_with_another_name_and_refused_where_there_is_none(light):
    exact, fast = tasks.load("sign").sensor, tasks.load("sign", fast=True).sensor
    assert fast.open is exact.open_fast
    assert fast.name != exact.name
    with pytest.raises(InputError, match="light has no faster extractor"):
        tasks.load("light", fast=True)


def test_unknown_task_names_the_known_ones():
    with pytest.raises(InputError, match="sign"):
        tasks.load("nosuchtask")


def naming(code: str) -> list[str]:
    """The lines that name a task. `signer` is a column of takes as well: only where a task is meant does it count."""
    columns, names, found = {field.name for field in msgspec.structs.fields(TakeInfo)}, set(tasks.names()), []
    for node in ast.walk(ast.parse(code)):
        parts = {part.value for part in ast.iter_child_nodes(node) if isinstance(part, ast.Constant)}
        named = {part for part in parts if isinstance(part, str)} & names
        if named and (named - columns or re.search(r"\b(tasks?|load)\b", ast.unparse(node))):
            found.append(f"line {node.lineno}: {ast.unparse(node)}")
    return found


@pytest.mark.parametrize("code", ["task.name == 'signer'", "tasks.load('signer')", "x = {'sign': 1}", "x = 'sign'"])
def test_a_line_that_names_a_task_is_found(code):
    assert naming(code)
    assert not naming(re.sub("'.*'", "'somebody'", code))


def test_the_core_names_no_task():
    """Every module but those of the tasks themselves and of the command line, which has the default of --task."""
    package = ROOT / "handsign"
    core = {path.relative_to(package).as_posix(): path for path in package.rglob("*.py")}
    core = {name: path for name, path in core.items() if not name.startswith(("tasks/", "cli/"))}
    core["tasks/__init__.py"] = package / "tasks/__init__.py"
    assert {"__init__.py", "api/model.py", "bundle/info.py", "data/take.py", "live/recogniser.py"} <= set(core)
    assert {name: found for name, path in core.items() if (found := naming(path.read_text(encoding="utf-8")))} == {}


LIGHT = re.search(r"```python\n(.*?)```", (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"), re.DOTALL)
FILES = {
    "file": {"light.py": LIGHT[1]},
    "package": {
        "light/__init__.py": "from handsign.tasks.light.task import TASK\n",
        "light/task.py": LIGHT[1],
    },
}


@pytest.fixture
def light(request, tmp_path, monkeypatch):
    """The task of CONTRIBUTING.md in a folder of its own, for this process and its children; a file or a package."""
    folder = tmp_path / "more_tasks"
    for name, text in FILES[getattr(request, "param", "file")].items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    (folder / "sitecustomize.py").write_text(
        f"import sys; sys.path.insert(0, {str(ROOT)!r})\n"
        f"import handsign.tasks; handsign.tasks.__path__.append({str(folder)!r})\n",
        encoding="utf-8",
    )
    monkeypatch.setattr(tasks, "__path__", [*tasks.__path__, str(folder)])
    yield folder
    for name in [name for name in sys.modules if f"{name}.".startswith("handsign.tasks.light.")]:
        del sys.modules[name]  # the next test has another one


def video(path: Path, brightness, frames: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"mp4v"), 30, (64, 48))
    for i in range(frames):
        writer.write(np.full((48, 64, 3), brightness(i), np.uint8))
    writer.release()


def test_the_example_of_a_task_is_short():
    assert "from handsign.tasks import classification" in LIGHT[1]
    assert len(LIGHT[1].splitlines()) <= 30


@pytest.mark.slow
@pytest.mark.parametrize("light", FILES, indirect=True)
def test_a_new_task_is_one_file(light, tmp_path):
    assert "light" in tasks.names()
    assert tasks.load("light").windowing.length == 15
    assert tasks.part("light", "enrolment") is None

    def stage(script: str, *args: object) -> str:
        command = [sys.executable, ROOT / script, "--task", "light", *map(str, args)]
        env = {**os.environ, "PYTHONPATH": str(light), "CUDA_VISIBLE_DEVICES": ""}
        done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    for n in range(8):
        video(tmp_path / f"clips/on/{n}.mp4", lambda i, n=n: 200 + n, 15)
        video(tmp_path / f"clips/off/{n}.mp4", lambda i, n=n: 20 + n, 15)
    video(tmp_path / "live.mp4", lambda i: 210 if 40 <= i < 80 else 25, 120)
    assert "8 new takes of on" in stage("collect.py", "--source", "clips", "--length", 15)
    assert "16 windows (15, 4)" in stage("preprocess.py")
    stage("train.py", "--epochs", 200, "--learning-rate", 0.05, "--report", "report")
    assert json.loads((tmp_path / "report/metrics.json").read_text())["test"]["accuracy"] == 1.0
    stage("realtime.py", "--source", "live.mp4", "--headless", "--events", "events.jsonl", "--threshold", 0.6)
    events = [json.loads(line) for line in (tmp_path / "events.jsonl").read_text().splitlines()]
    assert [event["label"] for event in events] == ["off", "on", "off"]
    assert all(set(event) == {"t", "label", "probability"} for event in events)

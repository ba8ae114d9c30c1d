"""What every task promises, and the promise that a task is one file: four stages on one that did not exist before."""

import ast
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import cv2
import msgspec
import numpy as np
import pytest

from handsign import task as tasks
from handsign import tasks as package
from handsign.errors import InputError
from handsign.goals import Classify
from handsign.takes import Take, TakeInfo
from handsign.task import Task

ROOT = Path(__file__).parent.parent


def fits(taken: tuple[int | None, ...], shape: tuple[int, ...]) -> bool:
    """Whether a network of rows of any number takes an array, and at least what is in a sample is told."""
    same = [a in (None, b) for a, b in zip(taken, shape, strict=True)]
    return taken[0] is None and None not in taken[2:] and all(same)


@pytest.mark.parametrize("name", tasks.names())
class TestContract:
    def test_loads_under_its_file_name(self, name):
        assert isinstance(tasks.load(name), Task)
        assert tasks.load(name).name == name

    def test_columns_fit_the_sample(self, name):
        task = tasks.load(name)
        if task.layout:
            assert task.sample == (task.layout.size,)
            assert [s.stop - s.start for s in task.groups] == [part.size for part in task.layout.parts]

    def test_its_windows_go_through_its_network(self, name):
        task, rng = tasks.load(name), np.random.default_rng(0)
        labels = ["a", "b", "c"]
        windows = []
        for action in labels:
            count = task.window + 1  # of what comes next a window alone says nothing
            samples = rng.random((count, *task.sample), np.float32)
            take = Take(samples, np.arange(count) / task.rate, TakeInfo(action=action, signer=action))
            windows += task.goal.pairs(take, task.window, task.rate, task.groups)
        x = np.stack([task.encode(window) for window, _ in windows])
        y, found = task.goal.targets([answer for _, answer in windows])
        model = task.build(x.shape[1:], found)
        assert fits(model.output_shape, y.shape)
        answer = task.goal.answer(lambda x: np.asarray(model(x)), x[0])
        assert answer.shape == (y.shape[1:] if isinstance(task.goal, Classify) else task.sample)
        if isinstance(task.goal, Classify):
            assert found == labels
            assert answer.sum() == pytest.approx(1, abs=1e-5)

    def test_its_other_networks_take_and_give_the_same_also_when_finished(self, name):
        task, rng = tasks.load(name), np.random.default_rng(0)
        x = np.stack([task.encode(window) for window in rng.random((2, task.window, *task.sample), np.float32)])
        missing = []
        for other in (task, *map(task.variant, task.variants)):
            try:
                model = other.build(x.shape[1:], ["a", "b"])
            except InputError as error:
                missing.append(str(error))
                continue
            finished = other.finish(model)
            assert finished.input_shape == model.input_shape
            assert fits(model.input_shape, x.shape)
            np.testing.assert_allclose(finished.predict_on_batch(x), model.predict_on_batch(x), atol=1e-6)
        assert all("cannot be downloaded" in why for why in missing)
        if missing:
            pytest.skip("; ".join(missing))

    def test_quality_is_shares(self, name):
        task = tasks.load(name)
        for samples in (np.zeros((5, *task.sample), np.float32), np.ones((5, *task.sample), np.float32)):
            assert all(0 <= share <= 1 for share in task.quality(samples).values())

    @pytest.mark.parametrize("resting", [4, 0])
    def test_augmenting_gives_what_it_takes(self, name, resting):
        task, rng = tasks.load(name), np.random.default_rng(0)
        windows, y = rng.random((4, task.window, *task.sample), np.float32), np.eye(4, dtype=np.float32)
        y = y if isinstance(task.goal, Classify) else rng.random((4, *task.sample), np.float32)
        if task.augment:
            new, answers = task.augment(windows, y, windows[:resting], y[:resting], rng)
            assert (new.shape, new.dtype, answers.shape) == (windows.shape, np.float32, y.shape)

    def test_the_gate_answers_for_any_window(self, name):
        task = tasks.load(name)
        for value in (0, 1):
            assert task.gate(np.full((task.window, *task.sample), value, np.float32)) in (True, False)


def test_without_a_gate_of_its_own_a_task_is_always_asked(light):
    assert tasks.load("light").gate(np.zeros((15, 4), np.float32)) is True


def test_fast_is_another_extractor_by_name_and_told_where_there_is_none(light):
    exact, fast = tasks.load("sign"), tasks.load("sign", fast=True)
    assert fast.sense is exact.fast
    assert fast.sense.name != exact.sense.name
    with pytest.raises(InputError, match="light has no faster extractor"):
        tasks.load("light", fast=True)


def test_unknown_task_names_the_known_ones():
    with pytest.raises(InputError, match="sign"):
        tasks.load("nosuchtask")


def naming(code: str) -> list[str]:
    """Where a task is named. `signer` is also a column of every take: there only where it is asked of a task counts."""
    columns, found = {field.name for field in msgspec.structs.fields(TakeInfo)}, []
    for node in ast.walk(ast.parse(code)):
        parts = {part.value for part in ast.iter_child_nodes(node) if isinstance(part, ast.Constant)}
        named = {name for name in tasks.names() if name in parts}
        if named and (named - columns or re.search(r"\b(tasks?|load)\b", ast.unparse(node))):
            found.append(f"line {node.lineno}: {ast.unparse(node)}")
    return found


@pytest.mark.parametrize("code", ["task.name == 'signer'", "tasks.load('signer')", "x = {'sign': 1}", "x = 'sign'"])
def test_naming_a_task_is_seen(code):
    assert naming(code)
    assert not naming(re.sub("'.*'", "'somebody'", code))


def test_the_core_names_no_task():
    core = [p for p in (ROOT / "handsign").glob("*.py") if p.name != "cli.py"]  # cli has the default of --task
    assert {p.name: found for p in core if (found := naming(p.read_text(encoding="utf-8")))} == {}


LIGHT = re.search(r"```python\n(.*?)```", (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"), re.DOTALL)


@pytest.fixture
def light(tmp_path, monkeypatch):
    """The task of CONTRIBUTING.md as a file in a folder that is not ours, for this process and its children."""
    folder = tmp_path / "more_tasks"
    folder.mkdir()
    (folder / "light.py").write_text(LIGHT[1], encoding="utf-8")
    (folder / "sitecustomize.py").write_text(
        f"import sys; sys.path.insert(0, {str(ROOT)!r})\n"
        f"import handsign.tasks; handsign.tasks.__path__.append({str(folder)!r})\n",
        encoding="utf-8",
    )
    monkeypatch.setattr(package, "__path__", [*package.__path__, str(folder)])
    return folder


def video(path: Path, brightness, frames: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"mp4v"), 30, (64, 48))
    for i in range(frames):
        writer.write(np.full((48, 64, 3), brightness(i), np.uint8))
    writer.release()


def test_a_new_task_is_one_file(light, tmp_path):
    assert "light" in tasks.names()
    assert tasks.load("light").window == 15

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

"""What several test files need: the shared real data, a task without MediaPipe, takes and videos made on the spot."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from filelock import FileLock
from strikes import make

from handsign import tasks
from handsign.data.take import Take, TakeInfo
from handsign.landmarks.holistic import HOLISTIC
from handsign.tasks import Task

ROOT = Path(__file__).parent.parent


SLOW_FIXTURES = {"strikes", "trained", "training", "stopped_early", "display", "chromium", "files"}
"""Fixtures that train a model, or open a window or a browser."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests with slow fixtures; files with slow tests run first, so that two processes end at about one time."""
    for item in items:
        if SLOW_FIXTURES & set(getattr(item, "fixturenames", ())):
            item.add_marker("slow")
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


@pytest.fixture(scope="session")
def shared() -> Callable[[str], Path]:
    """Path of real data by its name in `../shared/data`; the test is skipped where it is missing."""

    def find(name: str) -> Path:
        path = ROOT.parent / "shared" / "data" / name
        if not path.exists():
            pytest.skip(f"{path} is not there")
        return path

    return find


@pytest.fixture(scope="session")
def strikes(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """A folder with a strike.h5 that was trained on drawn people, and what the scripts printed: see `strikes.make`.

    The processes that run tests share it: whoever needs it first makes it.
    """
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "strikes"
    printed = folder / "printed.json"
    with FileLock(folder.with_suffix(".lock")):
        if not printed.exists():
            folder.mkdir()
            printed.write_text(json.dumps(make(folder)), encoding="utf-8")
    return folder, json.loads(printed.read_text(encoding="utf-8"))


@contextmanager
def fake_sensor() -> Iterator[Callable[[Any], Any]]:
    """In place of MediaPipe: a person with a right hand, all coordinates the brightness of the frame in 0..1."""
    yield lambda frame: HOLISTIC.assemble(
        {"pose": np.full((33, 4), 0.5), "right_hand": np.full((21, 3), 0.01 + frame.mean() / 255)}
    )


@pytest.fixture(scope="session")
def sign() -> Task:
    """The sign task with `fake_sensor`."""
    task = tasks.load("sign")
    return replace(task, sensor=replace(task.sensor, open=fake_sensor))


def make_take(
    action: str = "hello", frames: int = 30, rate: float = 30.0, value: float = 0.5, name: str = "", **info: Any
) -> Take:
    """A take (frames, 1662) whose columns are all `value` plus a hundredth of the time."""
    times = np.arange(frames) / rate
    samples = np.repeat(value + times[:, None] / 100, HOLISTIC.size, axis=1).astype(np.float32)
    return Take(samples, times, TakeInfo(action=action, **info), name)


def make_video(path: Path, frames: int = 12, rate: float = 20.0, size: tuple[int, int] = (64, 48)) -> Path:
    """A video that gets brighter from frame to frame."""
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"mp4v"), rate, size)
    for i in range(frames):
        writer.write(np.full((size[1], size[0], 3), 20 + 200 * i // frames, np.uint8))
    writer.release()
    return path

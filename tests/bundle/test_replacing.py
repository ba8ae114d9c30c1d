"""A model whose saving was interrupted is finished by whoever opens it; tests/data/test_kills.py does so anywhere."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT

import handsign
from handsign import tasks
from handsign.bundle.bundle import load_weights
from handsign.bundle.replacing import finish_replacing, model_files, replace_model
from handsign.bundle.runtime import info_of_model
from handsign.errors import InputError

pytestmark = pytest.mark.slow

TASK = tasks.load("trajectory")


@pytest.fixture
def interrupted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The path of a model that is decided, of which one file was moved to its place; there was none before."""
    made = tmp_path / "made"
    made.mkdir()
    for path in model_files(ROOT / "trajectory.h5"):
        shutil.copy(path, made)
    real, left = Path.replace, [1]

    def replace(self: Path, target: Path) -> Path:
        if not left:
            raise KeyboardInterrupt
        left.pop()
        return real(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", replace)
        with pytest.raises(KeyboardInterrupt):
            replace_model(made, tmp_path / "trajectory.h5")
    assert sum(path.exists() for path in model_files(tmp_path / "trajectory.h5")) == 1
    return tmp_path / "trajectory.h5"


@pytest.mark.parametrize(
    "start",
    [
        handsign.load,
        lambda path: handsign.load(path.with_suffix(".onnx")),
        TASK.load_model,
        info_of_model,
        lambda path: load_weights(path, TASK.interface()),
    ],
)
def test_who_opens_it_finishes_it(interrupted: Path, start: Callable[[Path], Any]):
    start(interrupted)
    assert sorted(interrupted.parent.iterdir()) == sorted(model_files(interrupted))
    for path in model_files(interrupted):
        assert path.read_bytes() == (ROOT / path.name).read_bytes()


def test_another_program_may_finish_it_meanwhile(interrupted: Path, monkeypatch: pytest.MonkeyPatch):
    real = Path.is_dir

    def is_dir(self: Path) -> bool:
        found = real(self)
        if self.name == ".trajectory.saved":
            monkeypatch.setattr(Path, "is_dir", real)
            finish_replacing(interrupted)
        return found

    monkeypatch.setattr(Path, "is_dir", is_dir)
    finish_replacing(interrupted)
    assert sorted(interrupted.parent.iterdir()) == sorted(model_files(interrupted))


def test_a_folder_that_cannot_be_written_to_is_told(interrupted: Path, monkeypatch: pytest.MonkeyPatch):
    def refuse(self: Path, target: Path) -> Path:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(InputError, match=r"was saved to .*\.trajectory\.saved, but not moved .*Read-only"):
        TASK.load_model(interrupted)

"""Cross-validation: who is left out is not trained on, and the metrics are those of the predictions for them."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from tiny import LABELS, make_data, make_network, make_task

from handsign import tasks
from handsign.bundle.saving import model_files
from handsign.cli.train import main
from handsign.data.dataset import Dataset
from handsign.data.folds import folds
from handsign.errors import InputError
from handsign.evaluate.classification import metrics
from handsign.evaluate.crossvalidation import evaluate
from handsign.learn import training
from handsign.learn.config import TrainConfig

PEOPLE = ("ann", "ben", "cy", "dan")
QUICK = TrainConfig(epochs=2, batch=8, resume=True)


class Parrot:
    """In place of `train`: predicts what the training windows never show, `down` for ben and the truth for others.

    The first value of every window is its row number. `stop` is the call in which the user presses Ctrl-C.
    """

    def __init__(self, data: Dataset, stop: int = 0) -> None:
        self.data, self.stop, self.trained_on, self.configs = data, stop, [], []

    def __call__(self, network, data: Dataset, path: Path, config: TrainConfig, name: str) -> SimpleNamespace:
        self.trained_on.append(set(data.signer[np.isin(data.part, ["train", "val"])]))
        self.configs.append(config)
        interrupted = len(self.configs) == self.stop
        return SimpleNamespace(model=self, interrupted=interrupted, epochs=7, learned=True, temperature=1.5)

    def predict(self, x: np.ndarray, verbose: int) -> np.ndarray:
        row = x[:, 0, 0].astype(int)
        share = 0.8 * self.data.y[row] + 0.1
        return np.where(
            (self.data.signer[row] == "ben")[:, None], [0.9, 0.05, 0.05], share / share.sum(1, keepdims=True)
        )


@pytest.fixture
def numbered() -> Dataset:
    data = make_data(PEOPLE)
    X = data.X.copy()
    X[:, 0, 0] = np.arange(len(X))
    return replace(data, X=X)


def test_the_numbers_are_those_of_the_people_left_out(
    numbered: Dataset, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.INFO, "handsign")
    parrot = Parrot(numbered)
    monkeypatch.setattr(training, "train", parrot)
    found = evaluate(make_network(), numbered, folds(numbered), QUICK)
    assert parrot.trained_on == [set(PEOPLE) - {name} for name in PEOPLE]
    assert not any(config.resume or config.logs for config in parrot.configs)
    down = float((numbered.y[numbered.signer == "ben"].argmax(1) == 0).mean())
    assert found["by"] == "signer"
    assert found["each"] == {"ann": 1.0, "ben": pytest.approx(down), "cy": 1.0, "dan": 1.0}
    assert found["mean"] == pytest.approx((3 + down) / 4)
    assert found["std"] == pytest.approx(np.std([1, 1, 1, down], ddof=1))
    assert sum(found["windows"].values()) == np.sum(found["confusion"]) == found["rows"] == 45
    assert found["per_label"]["down"] == 1.0
    assert found["per_label"]["up"] < 1.0
    assert set(found) > {"ece", "top3", "reliability", "log_loss", "accuracy"}
    assert [fold["left_out"] for fold in found["folds"]] == [[name] for name in PEOPLE]
    assert {k: found["folds"][0][k] for k in ("epochs", "learned", "temperature")} == {
        "epochs": 7,
        "learned": True,
        "temperature": 1.5,
    }
    assert [line.split(":")[0] for line in caplog.messages] == [f"fold {i} of 4" for i in (1, 2, 3, 4)]


def test_people_left_out_together_are_reported_apart(numbered: Dataset, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(training, "train", Parrot(numbered))
    found = evaluate(make_network(), numbered, folds(numbered, 2), QUICK)
    assert len(found["folds"]) == found["of"] == 2
    assert sorted(name for fold in found["folds"] for name in fold["left_out"]) == list(PEOPLE) == list(found["each"])
    assert found["each"]["ben"] < found["each"]["ann"] == 1.0


def test_ctrl_c_keeps_the_folds_that_are_done(
    numbered: Dataset, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.INFO, "handsign")
    monkeypatch.setattr(training, "train", Parrot(numbered, stop=3))
    found = evaluate(make_network(), numbered, folds(numbered), QUICK)
    assert (list(found["each"]), len(found["folds"]), found["of"]) == (["ann", "ben"], 2, 4)
    assert caplog.messages[-1] == "stopped after 2 of 4 folds"
    monkeypatch.setattr(training, "train", Parrot(numbered, stop=1))
    assert evaluate(make_network(), numbered, folds(numbered), QUICK) is None


def test_what_only_those_left_out_show_is_not_asked(numbered: Dataset, monkeypatch: pytest.MonkeyPatch):
    up = numbered.y.argmax(axis=1) == LABELS.index("up")
    data = replace(numbered, signer=np.where(up, "cy", np.where(numbered.signer == "cy", "ann", numbered.signer)))
    only = replace(data, signer=np.where(up | (np.arange(45) % 5 == 0), "cy", data.signer))
    monkeypatch.setattr(training, "train", Parrot(only))
    found = evaluate(make_network(), only, folds(only), QUICK)
    assert found["unknown"] == {"up": 15}
    assert found["per_label"]["up"] is None
    assert found["rows"] == 30
    assert found["windows"]["cy"] == int(((only.signer == "cy") & ~up).sum())


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture):
    """Run train.py on the tiny task in `tmp_path`; returns metrics.json, the page, and what was printed."""
    monkeypatch.setattr(tasks, "load", lambda name: make_task())

    def run(data: Dataset, *args: str) -> tuple[dict, str, str]:
        data.save(tmp_path / "data.npz")
        fixed = ["--data", "data.npz", "--batch", "8", "--learning-rate", "0.03", "--epochs", "8"]
        monkeypatch.chdir(tmp_path)
        main([*fixed, *args])
        page = (tmp_path / "report/index.html").read_text(encoding="utf-8")
        return json.loads((tmp_path / "report/metrics.json").read_text()), page, capsys.readouterr().out

    return run


@pytest.mark.slow
def test_the_script_adds_it_to_the_ordinary_training(script, tmp_path: Path):
    data = make_data(("ann", "ben & co"))
    data = replace(data, part=np.repeat(["test", "val", "train"], [9, 12, 24]))
    plain, page, _ = script(data)
    assert "signers" not in plain
    assert "Trained without them" not in page
    found, page, out = script(data, "--evaluate", "signers")
    assert found["test"] == plain["test"]
    probabilities = make_task().load_model(tmp_path / "action.h5").predict(data.rows("test")[0])
    assert metrics(data.rows("test")[1], probabilities, LABELS)["log_loss"] == pytest.approx(
        found["test"]["log_loss"], rel=1e-4
    )
    assert found["signers"]["by"] == "signer"
    assert set(found["signers"]["each"]) == {"ann", "ben & co"}
    assert found["signers"]["mean"] == pytest.approx(np.mean(list(found["signers"]["each"].values())))
    assert found["temperature"] == plain["temperature"] is not None
    assert "ben &amp; co" in page
    assert f"{100 * found['signers']['mean']:.1f} %" in page
    assert "accuracy by signer, each left out of training" in out
    for name in ("confusion", "reliability", "confusion-signers", "reliability-signers"):
        assert f'src="{name}.png"' in page
        assert cv2.imread(str(tmp_path / "report" / f"{name}.png")).std() > 10
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {"data.npz", "report", "logs", *(path.name for path in model_files(Path("action.h5")))}


@pytest.mark.slow
def test_without_people_the_page_says_so(script):
    found, page, _ = script(make_data(), "--evaluate", "signers", "--folds", "2")
    assert found["signers"]["by"] == "take"
    assert list(found["signers"]["each"]) == ["takes 1", "takes 2"]
    assert "It takes two people" in page
    assert "Nobody else was recorded" in page
    assert found["temperature"] is None
    assert found["uncalibrated"] in page


def test_impossible_folds_are_refused_before_training(script, monkeypatch: pytest.MonkeyPatch):
    with pytest.raises(InputError, match="--folds is at least 2"):
        script(make_data(), "--evaluate", "signers", "--folds", "1")

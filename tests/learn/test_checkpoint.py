"""A training that is interrupted, resumed, stopped early, or ends on values that are not finite."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tiny import QUICK, make_data, make_network, weights

from handsign.errors import InputError
from handsign.learn import checkpoint
from handsign.learn.checkpoint import ResumableCheckpoint
from handsign.learn.training import TrainResult, train


class Interrupt:
    """In place of a method of `ResumableCheckpoint`: press Ctrl-C before (or after) its `at`-th call."""

    def __init__(self, method, at: int, after: bool = False) -> None:
        self.method, self.at, self.after, self.calls = method, at, after, 0

    def __call__(self, *args) -> None:
        self.calls += 1
        if self.calls == self.at and not self.after:
            raise KeyboardInterrupt
        self.method(*args)
        if self.calls == self.at:
            raise KeyboardInterrupt


def interrupt(patch: pytest.MonkeyPatch, name: str, at: int, after: bool = False) -> None:
    press = Interrupt(getattr(ResumableCheckpoint, name), at, after)
    patch.setattr(ResumableCheckpoint, name, lambda *args: press(*args))


def shaken(windows, y, rest, rest_y, rng):
    return windows + rng.normal(0, 0.1, windows.shape).astype(np.float32), y


@pytest.mark.slow
@pytest.mark.parametrize("augment", [None, shaken])
def test_two_epochs_and_two_more_are_four(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, augment):
    network, data, config = make_network(augment=augment), make_data(), replace(QUICK, patience=3)
    straight = train(network, data, tmp_path / "straight.h5", config)
    with monkeypatch.context() as patch:
        interrupt(patch, "save", 2, after=True)
        stopped = train(network, data, tmp_path / "action.h5", config)
    assert (stopped.interrupted, stopped.epochs) == (True, 2)
    resumed = train(network, data, tmp_path / "action.h5", replace(config, resume=True))
    assert resumed.history == straight.history
    assert (weights(resumed) == weights(straight)).all()
    assert (resumed.interrupted, resumed.best_epoch) == (False, straight.best_epoch)


@pytest.mark.slow
def test_it_is_calibrated_once_also_when_resumed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    network = make_network()
    data = replace(make_data(noise=1.5), part=np.repeat(["val", "train"], [21, 24]))
    config = replace(QUICK, epochs=40, learning_rate=0.04, monitor="loss")
    straight = train(network, data, tmp_path / "straight.h5", config)
    assert straight.temperature > 1.1  # it knows the training takes by heart
    x, y = network.rows(data, "val")
    probabilities = straight.model.predict_on_batch(x)
    assert -np.log((probabilities * y).sum(axis=1)).mean() < straight.history["val_loss"][straight.best_epoch - 1]
    with monkeypatch.context() as patch:
        interrupt(patch, "save", 30, after=True)
        assert train(network, data, tmp_path / "action.h5", config).temperature > 1.0
    resumed = train(network, data, tmp_path / "action.h5", replace(config, resume=True))
    assert resumed.temperature == straight.temperature
    assert (weights(resumed) == weights(straight)).all()


STOPPED_EARLY = replace(QUICK, epochs=60, patience=4, learning_rate=0.05)


@pytest.fixture(scope="module")
def stopped_early(tmp_path_factory: pytest.TempPathFactory) -> TrainResult:
    """A training that early stopping ends, without a break."""
    return train(make_network(), make_data(noise=1.5), tmp_path_factory.mktemp("straight") / "a.h5", STOPPED_EARLY)


@pytest.mark.slow
def test_early_stopping_goes_on_where_it_stood(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stopped_early: TrainResult
):
    network, data = make_network(), make_data(noise=1.5)
    assert stopped_early.epochs < 60  # it was ended by early stopping
    with monkeypatch.context() as patch:
        interrupt(patch, "save", stopped_early.best_epoch + 2, after=True)
        train(network, data, tmp_path / "action.h5", STOPPED_EARLY)
    resumed = train(network, data, tmp_path / "action.h5", replace(STOPPED_EARLY, resume=True))
    assert resumed.history == stopped_early.history
    assert (weights(resumed) == weights(stopped_early)).all()


@pytest.mark.slow
def test_stopped_early_it_has_its_best_weights(stopped_early: TrainResult):
    x, y = make_network().rows(make_data(noise=1.5), "val")
    loss = stopped_early.history["val_loss"]
    assert stopped_early.best_epoch < stopped_early.epochs < 60
    assert stopped_early.model.evaluate(x, y, verbose=0)[0] == pytest.approx(min(loss), rel=1e-4)
    assert loss[stopped_early.best_epoch - 1] == min(loss)


@pytest.mark.slow
def test_at_the_end_of_its_schedule_it_keeps_the_end(tmp_path: Path):
    config = replace(QUICK, epochs=15, patience=15)
    trained = train(make_network(), make_data(noise=1.5), tmp_path / "action.h5", config)
    x, y = make_network().rows(make_data(noise=1.5), "val")
    loss = trained.history["val_loss"]
    assert trained.best_epoch == trained.epochs == 15
    assert trained.model.evaluate(x, y, verbose=0)[0] == pytest.approx(loss[-1], rel=1e-4)
    assert loss[-1] != min(loss)


@pytest.mark.slow
@pytest.mark.parametrize(("slack", "stops"), [(10.0, False), (0.0, True)])
def test_epochs_about_as_good_as_the_best_do_not_use_up_patience(tmp_path: Path, monkeypatch, slack, stops):
    monkeypatch.setattr(checkpoint, "LEARNED", 10.0)  # as if it had begun to learn: so that patience counts
    monkeypatch.setattr(checkpoint, "SLACK", slack)
    config = replace(QUICK, epochs=12, patience=2, learning_rate=0.0, monitor="loss")
    assert (train(make_network(), make_data(), tmp_path / "action.h5", config).epochs < 12) == stops


@pytest.mark.slow
def test_ctrl_c_keeps_the_best_so_far(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    network, data = make_network(), make_data(noise=1.5)
    interrupt(monkeypatch, "check", 12)  # the twelfth epoch has changed the weights, but is not over
    trained = train(network, data, tmp_path / "action.h5", replace(QUICK, epochs=50))
    assert (trained.interrupted, trained.epochs) == (True, 11)
    x, y = network.rows(data, "val")
    assert trained.model.evaluate(x, y, verbose=0)[0] == pytest.approx(min(trained.history["val_loss"]), rel=1e-4)
    assert "--resume" in str(trained)


@pytest.mark.slow
def test_ctrl_c_before_the_first_epoch_ends_is_ctrl_c(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    interrupt(monkeypatch, "check", 1)
    with pytest.raises(KeyboardInterrupt):
        train(make_network(), make_data(), tmp_path / "action.h5", QUICK)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_patience_does_not_count_while_guessing(tmp_path: Path):
    data = make_data()
    stuck = train(make_network(), data, tmp_path / "a.h5", replace(QUICK, learning_rate=0.0, epochs=8, patience=1))
    assert (stuck.epochs, stuck.learned) == (8, False)
    assert "DID NOT LEARN" in str(stuck)


@pytest.mark.slow
def test_nan_ends_with_a_line_and_without_a_model(tmp_path: Path):
    data = make_data()
    bad = replace(data, X=np.where(np.arange(45)[:, None, None] == 30, np.float32(np.nan), data.X))
    with pytest.raises(InputError, match=r"loss became nan in epoch 1; .*--learning-rate"):
        train(make_network(), bad, tmp_path / "action.h5", QUICK)
    assert list(tmp_path.iterdir()) == []

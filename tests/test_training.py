"""Training: it learns, repeats, goes on, can be stopped, and says what went wrong."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tiny import build, make_data, make_task

from handsign import dataset, networks
from handsign import task as tasks
from handsign.errors import InputError
from handsign.training import Options, Trained, _Course, batches, checkpoint_of, rows, train

ROOT = Path(__file__).parent.parent
QUICK = Options(epochs=4, batch=8, learning_rate=0.02, logs=None)


def weights(trained: Trained) -> np.ndarray:
    return np.concatenate([w.ravel() for w in trained.model.get_weights()])


class Interrupt:
    """In place of a method of `_Course`, which runs between epochs: press Ctrl-C before (or after) the `at`-th call."""

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
    press = Interrupt(getattr(_Course, name), at, after)
    patch.setattr(_Course, name, lambda *args: press(*args))


def test_the_network_is_the_tutorials():
    networks.import_keras()
    model = networks.lstm((30, 1662), ["hello", "thanks", "iloveyou"])
    assert [layer.count_params() for layer in model.layers] == [442112, 98816, 49408, 4160, 2080, 99]
    assert model.count_params() == 596_675


def test_learns_and_repeats(tmp_path: Path):
    data, options = make_data(), replace(QUICK, epochs=25)
    first = train(make_task(), data, tmp_path / "action.h5", options)
    again = train(make_task(), data, tmp_path / "action.h5", options)
    x, y = rows(make_task(), data, "test")
    assert (first.model.predict_on_batch(x).argmax(1) == y.argmax(1)).all()
    assert first.learned
    assert first.history == again.history
    assert (weights(first) == weights(again)).all()
    other = train(make_task(), data, tmp_path / "action.h5", replace(options, seed=1))
    assert other.history != first.history


@pytest.mark.parametrize("augment", [None, lambda window, rng: window + rng.normal(0, 0.1, window.shape)])
def test_two_epochs_and_two_more_are_four(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, augment):
    task, data, options = make_task(augment=augment), make_data(), replace(QUICK, patience=3)
    straight = train(task, data, tmp_path / "straight.h5", options)
    with monkeypatch.context() as patch:
        interrupt(patch, "save", 2, after=True)
        stopped = train(task, data, tmp_path / "action.h5", options)
    assert (stopped.interrupted, stopped.epochs) == (True, 2)
    resumed = train(task, data, tmp_path / "action.h5", replace(options, resume=True))
    assert resumed.history == straight.history
    assert (weights(resumed) == weights(straight)).all()
    assert (resumed.interrupted, resumed.best_epoch) == (False, straight.best_epoch)


def test_it_is_calibrated_once_also_when_resumed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    task, data = make_task(), make_data(noise=1.5)
    data, options = replace(data, part=np.repeat(["val", "train"], [21, 24])), replace(QUICK, epochs=40, monitor="loss")
    straight = train(task, data, tmp_path / "straight.h5", options)
    assert straight.temperature > 1.1  # it knows the training takes by heart
    x, y = rows(task, data, "val")
    said = straight.model.predict_on_batch(x)
    assert -np.log((said * y).sum(axis=1)).mean() < straight.history["val_loss"][straight.best_epoch - 1]
    with monkeypatch.context() as patch:
        interrupt(patch, "save", 30, after=True)
        assert train(task, data, tmp_path / "action.h5", options).temperature > 1.0
    resumed = train(task, data, tmp_path / "action.h5", replace(options, resume=True))
    assert resumed.temperature == straight.temperature
    assert (weights(resumed) == weights(straight)).all()


def test_early_stopping_goes_on_where_it_stood(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    task, data = make_task(), make_data(noise=1.5)
    options = replace(QUICK, epochs=60, patience=4, learning_rate=0.05)
    straight = train(task, data, tmp_path / "straight.h5", options)
    assert straight.epochs < 60  # it was ended by early stopping
    with monkeypatch.context() as patch:
        interrupt(patch, "save", straight.best_epoch + 2, after=True)
        train(task, data, tmp_path / "action.h5", options)
    resumed = train(task, data, tmp_path / "action.h5", replace(options, resume=True))
    assert resumed.history == straight.history
    assert (weights(resumed) == weights(straight)).all()


def test_best_weights_are_restored(tmp_path: Path):
    trained = train(make_task(), make_data(noise=1.5), tmp_path / "action.h5", replace(QUICK, epochs=15, patience=4))
    x, y = rows(make_task(), make_data(noise=1.5), "val")
    loss = trained.history["val_loss"]
    assert trained.model.evaluate(x, y, verbose=0)[0] == pytest.approx(loss[trained.best_epoch - 1], rel=1e-4)
    assert trained.best_epoch != trained.epochs


def test_ctrl_c_keeps_the_best_so_far(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    task, data = make_task(), make_data(noise=1.5)
    interrupt(monkeypatch, "check", 12)  # the twelfth epoch has changed the weights, but is not over
    trained = train(task, data, tmp_path / "action.h5", replace(QUICK, epochs=50))
    assert (trained.interrupted, trained.epochs) == (True, 11)
    x, y = rows(task, data, "val")
    assert trained.model.evaluate(x, y, verbose=0)[0] == pytest.approx(min(trained.history["val_loss"]), rel=1e-4)
    assert "--resume" in str(trained)


def test_ctrl_c_before_the_first_epoch_ends_is_ctrl_c(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    interrupt(monkeypatch, "check", 1)
    with pytest.raises(KeyboardInterrupt):
        train(make_task(), make_data(), tmp_path / "action.h5", QUICK)
    assert list(tmp_path.iterdir()) == []


def test_patience_does_not_count_while_guessing(tmp_path: Path):
    data = make_data()
    stuck = train(make_task(), data, tmp_path / "a.h5", replace(QUICK, learning_rate=0.0, epochs=8, patience=1))
    assert (stuck.epochs, stuck.learned) == (8, False)
    assert "DID NOT LEARN" in str(stuck)


def test_nan_ends_with_a_line_and_without_a_model(tmp_path: Path):
    data = make_data()
    bad = replace(data, X=np.where(np.arange(45)[:, None, None] == 30, np.float32(np.nan), data.X))
    with pytest.raises(InputError, match=r"loss became nan in epoch 1; .*--learning-rate"):
        train(make_task(), bad, tmp_path / "action.h5", QUICK)
    assert list(tmp_path.iterdir()) == []


def test_refusals(tmp_path: Path):
    data, model = make_data(), tmp_path / "action.h5"
    nobody = replace(data, part=np.full(45, "test"))
    unwatched = replace(data, part=np.where(data.part == "val", "train", data.part))
    resume = replace(QUICK, resume=True)
    with pytest.raises(InputError, match="no takes are left"):
        train(make_task(), nobody, model, QUICK)
    with pytest.raises(InputError, match="--monitor loss"):
        train(make_task(), unwatched, model, replace(QUICK, monitor="val_loss"))
    with pytest.raises(InputError, match="run without --resume"):
        train(make_task(), data, model, resume)
    checkpoint_of(model).write_bytes(b"PK\x03\x04 not a checkpoint")
    with pytest.raises(InputError, match="is damaged"):
        train(make_task(), data, model, resume)
    train(make_task(), data, model, replace(QUICK, epochs=1))
    with pytest.raises(InputError, match="--seed"):
        train(make_task(), data, model, replace(resume, seed=1))
    larger = make_task(build=lambda shape, labels: build(shape, [*labels, "more"]))
    with pytest.raises(InputError, match="another network"):
        train(larger, data, model, resume)


def test_without_validation_the_training_loss_is_watched(tmp_path: Path):
    data = make_data()
    data = replace(data, part=np.where(data.part == "val", "train", data.part))
    trained = train(make_task(), data, tmp_path / "action.h5", QUICK)
    assert set(trained.history) == {"loss", "categorical_accuracy"}


def test_batches_cover_an_epoch_in_an_order_of_its_own():
    data, task = make_data(), make_task()
    numbered = np.arange(45, dtype=np.float32)
    got = batches(task, numbered, data.y, replace(QUICK, batch=20), epoch=3)
    epochs = [np.concatenate([next(got)[0] for _ in range(3)]) for _ in range(2)]
    assert all(sorted(epoch) == numbered.tolist() for epoch in epochs)
    assert epochs[0].tolist() != epochs[1].tolist()
    from_four = batches(task, numbered, data.y, replace(QUICK, batch=20), epoch=4)
    assert np.concatenate([next(from_four)[0] for _ in range(3)]).tolist() == epochs[1].tolist()


def test_augmenting_is_for_training_only():
    task = make_task(augment=lambda window, rng: window * 0, encode=lambda window: window + 1)
    data = make_data()
    x, _ = next(batches(task, *data.rows("train"), QUICK, 0))
    assert (x == 1).all()
    x, _ = rows(task, data, "val")
    assert (x == data.rows("val")[0] + 1).all()


def test_nothing_to_encode_is_not_copied():
    class Data:
        X = np.zeros((3, 5, 6), np.float32)

        def rows(self, part: str):
            return self.X, None

    assert rows(make_task(), Data(), "train")[0] is Data.X


def test_tensorboard_logs(tmp_path: Path):
    train(make_task(), make_data(), tmp_path / "action.h5", replace(QUICK, epochs=1, logs=tmp_path / "logs"))
    assert {p.parent.name for p in (tmp_path / "logs").rglob("events*")} == {"train", "validation"}


def test_help_imports_nothing_heavy():
    code = (
        "import sys, runpy; sys.argv = ['train.py', '--help']\n"
        "try: runpy.run_path('train.py', run_name='__main__')\n"
        "except SystemExit: print(sorted({'tensorflow', 'keras', 'cv2', 'sklearn'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
    assert "--resume" in done.stdout


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_raw_keypoints_leave_chance(shared, tmp_path: Path, seed: int):
    """The relu LSTM on raw keypoints, which explodes with the tutorial's learning rate."""
    task = tasks.load("sign")
    data = dataset.open_dataset(task, shared("house_no_yes/MP_Data"), dataset.Split(seed=seed))
    trained = train(task, data, tmp_path / "action.h5", Options(epochs=12, seed=seed, logs=None))
    assert trained.learned


def test_the_script(tmp_path: Path):
    """A refusal is one line and exit code 2."""
    done = subprocess.run(
        [sys.executable, "train.py", "--data", str(tmp_path / "none")], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 2
    assert done.stderr.startswith("train.py: ")
    assert len(done.stderr.splitlines()) == 1

"""Training: it learns, repeats, goes on, can be stopped, and says what went wrong."""

from __future__ import annotations

import gc
import subprocess
import sys
import weakref
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tiny import build, make_data, make_task

from handsign import dataset, networks, training
from handsign import task as tasks
from handsign.errors import InputError
from handsign.training import Options, Trained, _Course, _epochs, _rate, batches, checkpoint_of, rows, train

ROOT = Path(__file__).parent.parent
QUICK = Options(epochs=4, batch=8, learning_rate=0.02, logs=None)
NO_REST = np.array([], int)


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


def shaken(windows, y, rest, rest_y, rng):
    return windows + rng.normal(0, 0.1, windows.shape).astype(np.float32), y


@pytest.mark.parametrize("augment", [None, shaken])
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
    data, options = (
        replace(data, part=np.repeat(["val", "train"], [21, 24])),
        replace(QUICK, epochs=40, learning_rate=0.04, monitor="loss"),
    )
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


def test_stopped_early_it_has_its_best_weights(tmp_path: Path):
    options = replace(QUICK, epochs=60, patience=4, learning_rate=0.05)
    trained = train(make_task(), make_data(noise=1.5), tmp_path / "action.h5", options)
    x, y = rows(make_task(), make_data(noise=1.5), "val")
    loss = trained.history["val_loss"]
    assert trained.best_epoch < trained.epochs < 60
    assert trained.model.evaluate(x, y, verbose=0)[0] == pytest.approx(min(loss), rel=1e-4)
    assert loss[trained.best_epoch - 1] == min(loss)


def test_at_the_end_of_its_schedule_it_keeps_the_end(tmp_path: Path):
    trained = train(make_task(), make_data(noise=1.5), tmp_path / "action.h5", replace(QUICK, epochs=15, patience=15))
    x, y = rows(make_task(), make_data(noise=1.5), "val")
    loss = trained.history["val_loss"]
    assert trained.best_epoch == trained.epochs == 15
    assert trained.model.evaluate(x, y, verbose=0)[0] == pytest.approx(loss[-1], rel=1e-4)
    assert loss[-1] != min(loss)


@pytest.mark.parametrize(("slack", "stops"), [(10.0, False), (0.0, True)])
def test_epochs_about_as_good_as_the_best_do_not_use_up_patience(tmp_path: Path, monkeypatch, slack, stops):
    monkeypatch.setattr(training, "MOVED", 10.0)  # as if it had begun to learn: so that patience counts
    monkeypatch.setattr(training, "SLACK", slack)
    options = replace(QUICK, epochs=12, patience=2, learning_rate=0.0, monitor="loss")
    assert (train(make_task(), make_data(), tmp_path / "action.h5", options).epochs < 12) == stops


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
    got = batches(task, numbered, data.y, NO_REST, replace(QUICK, batch=20), epoch=3)
    epochs = [np.concatenate([next(got)[0] for _ in range(3)]) for _ in range(2)]
    assert all(sorted(epoch) == numbered.tolist() for epoch in epochs)
    assert epochs[0].tolist() != epochs[1].tolist()
    from_four = batches(task, numbered, data.y, NO_REST, replace(QUICK, batch=20), epoch=4)
    assert np.concatenate([next(from_four)[0] for _ in range(3)]).tolist() == epochs[1].tolist()


def resting(*labels: str, **changes):
    """A dataset with these labels, and a task that keeps what its `augment` is given and gives back halves."""
    given = []

    def augment(windows, y, rest, rest_y, rng):
        given.append((windows, y, rest, rest_y))
        return ((windows + rest) / 2, (y + rest_y) / 2) if len(rest) else (windows, y)

    return make_data(labels=list(labels)), make_task(augment=augment, **changes), given


def test_augmenting_is_given_other_rows_of_rest_and_comes_before_encoding():
    data, task, given = resting("down", "nothing", "up", encode=lambda window: window * 2)
    rest = np.flatnonzero(data.y[:, 1])
    x, y = next(batches(task, data.X, data.y, rest, replace(QUICK, batch=45), 0))
    windows, answers, other, other_y = given[0]
    assert (other_y == data.y[rest[0]]).all()
    among = (other[:, None] == data.X[rest]).all(axis=(2, 3))
    assert among.any(axis=1).all()
    assert len(set(among.argmax(axis=1))) > 5
    assert sorted(map(tuple, answers)) == sorted(map(tuple, data.y))
    assert np.allclose(x, windows + other)
    assert np.allclose(y, (answers + other_y) / 2)


def test_augmenting_is_given_the_same_in_a_resumed_epoch():
    data, task, _ = resting("down", "nothing", "up")
    rest = np.flatnonzero(data.y[:, 1])
    from_three, from_four = (batches(task, data.X, data.y, rest, replace(QUICK, batch=45), n) for n in (3, 4))
    third, fourth = next(from_three)[0], next(from_three)[0]
    assert not np.array_equal(third, fourth)
    assert np.array_equal(next(from_four)[0], fourth)


@pytest.mark.parametrize(
    ("labels", "number"), [(("down", "Nothing", "up"), 1), (("-", "down", "up"), 0), (("down", "still", "up"), None)]
)
def test_only_with_a_label_for_rest_is_there_any(tmp_path: Path, labels, number):
    data, task, given = resting(*labels)
    train(task, data, tmp_path / "action.h5", replace(QUICK, epochs=1))
    assert given
    for windows, _, rest, rest_y in given:
        assert len(rest) == len(rest_y) == (0 if number is None else len(windows))
        assert (rest_y.max(axis=1) == 1).all()
        assert (rest_y.argmax(axis=1) == number).all()


def test_the_data_is_let_go_afterwards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    given = []

    def watched(task, x, *more):
        given.append(weakref.ref(x))
        return batches(task, x, *more)

    monkeypatch.setattr(training, "batches", watched)
    train(make_task(), make_data(), tmp_path / "action.h5", replace(QUICK, epochs=1))
    gc.collect()
    assert given[0]() is None


@pytest.mark.parametrize("count", [1, 27, 2000])
def test_the_learning_rate_rises_and_falls_to_zero_at_the_last_step(count: int):
    networks.import_keras()
    options = Options(epochs=20)
    steps = 20 * -(-count // options.batch)
    rate = _rate(count, options)
    rates = np.array([float(rate(step)) for step in range(0, steps + 1, max(1, steps // 100))])
    top = rates.argmax()
    assert rates.max() == pytest.approx(options.learning_rate, rel=1e-3)
    assert 0 < top <= max(1, 2 * training.WARM_UP * len(rates))
    assert (np.diff(rates[: top + 1]) > 0).all()
    assert (np.diff(rates[top:]) < 0).all()
    assert rates[0] == 0
    assert float(rate(steps)) == pytest.approx(0, abs=1e-9)
    halfway = float(rate((steps + round(training.WARM_UP * steps)) // 2))
    assert halfway == pytest.approx(options.learning_rate / 2, rel=0.1)


def test_the_more_takes_the_fewer_epochs():
    options = Options(batch=32)
    epochs = [_epochs(n, options) for n in (1, 100, 1600, 3200, 10**6)]
    assert epochs == sorted(epochs, reverse=True)
    assert (epochs[0], epochs[-1]) == training.EPOCHS[::-1]
    assert _epochs(1600, options) == training.STEPS / 50
    assert _epochs(1601, options) == round(training.STEPS / 51)


def test_it_trains_that_long_and_ends_with_a_rate_of_zero(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(training, "EPOCHS", (1, 3))
    trained = train(make_task(), make_data(), tmp_path / "action.h5", replace(QUICK, epochs=None))
    assert trained.epochs == 3
    optimizer = trained.model.optimizer
    assert int(optimizer.iterations) == 3 * 4
    assert float(optimizer.learning_rate) == pytest.approx(0, abs=1e-8)


def test_the_network_is_finished_to_be_shown_and_again_when_it_is_calibrated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    keras, happened = networks.import_keras(), []

    def finish(model):
        happened.append("finished")
        return keras.Sequential([keras.Input((5, 6)), model])

    monkeypatch.setattr(training, "calibrate", lambda model, x, y: happened.append("calibrated") or (1.5, ""))
    task, options = make_task(finish=finish), replace(QUICK, epochs=1)
    trained = train(
        task, make_data(), tmp_path / "action.h5", options, lambda model: happened.append(f"shown {len(model.layers)}")
    )
    assert happened == ["finished", "shown 1", "calibrated", "finished"]
    assert len(trained.model.layers) == 1
    assert trained.temperature == 1.5


def test_augmenting_is_for_training_only():
    task = make_task(augment=lambda windows, y, *_: (windows * 0, y), encode=lambda window: window + 1)
    data = make_data()
    x, _ = next(batches(task, *data.rows("train"), NO_REST, QUICK, 0))
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


@pytest.mark.parametrize("seed", [3, 4])
def test_few_takes_leave_chance_and_nothing_explodes(shared, tmp_path: Path, seed: int):
    """The default LSTM on 58 real windows, in a few epochs; with relu the loss of seed 3 had reached 14 by then."""
    task = tasks.load("sign")
    data = dataset.open_dataset(task, shared("house_no_yes/MP_Data"), dataset.Split(seed=seed))
    trained = train(task, data, tmp_path / "action.h5", Options(epochs=12, seed=seed, logs=None))
    assert trained.learned
    assert max(trained.history["loss"]) < 2 * np.log(3), "of guessing"


def test_raw_is_short_for_a_network():
    from train import parser

    assert parser().parse_args([]).network == []
    assert parser().parse_args(["--raw"]).network == parser().parse_args(["--network", "raw"]).network == ["raw"]
    assert parser().parse_args(["--binary", "--network", "mobilenet"]).network == ["binary", "mobilenet"]


@pytest.mark.parametrize(("wrong", "told"), [(["--data", "none"], "none"), (["--network", "nonsense"], "raw, conv")])
def test_the_script(tmp_path: Path, wrong: list[str], told: str):
    """A refusal is one line and exit code 2."""
    done = subprocess.run(
        [sys.executable, ROOT / "train.py", *wrong], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr.startswith("train.py: ")
    assert told in done.stderr
    assert len(done.stderr.splitlines()) == 1

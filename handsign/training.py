"""A dataset -> a trained model: fitting that stops in time, can be interrupted, and goes on where it stopped."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from handsign.calibration import calibrate
from handsign.errors import InputError
from handsign.files import atomic
from handsign.networks import import_keras
from handsign.takes import UNREADABLE, open_npz

if TYPE_CHECKING:
    import keras
    from tqdm import tqdm

    from handsign.dataset import Dataset
    from handsign.goals import Goal
    from handsign.task import Task

Array = np.ndarray[Any, Any]
MONITORS = ("loss", "val_loss", "categorical_accuracy", "val_categorical_accuracy")
STEPS = 2000
EPOCHS = (25, 80)
"""How long to train: the more takes, the fewer epochs."""
WARM_UP = 0.05
"""The share of all steps during which the learning rate rises."""
MOVED = 0.9
"""Share of the loss of guessing below which a network has begun to learn."""
AT_ONCE = 256
"""Rows whose loss is computed in one go."""
SLACK = 0.05
"""What is watched has to be worse than at its best by this share of the loss of guessing for patience to run out."""


@dataclass(frozen=True)
class Options:
    """How to train. These are the defaults of `train.py`.

    epochs         at most; None is as many as make `STEPS`, within `EPOCHS`
    learning_rate  of Adam, to which it rises during the first `WARM_UP` of the steps and from which it falls, as a
                   cosine, to zero at the last. Without the rise the relu LSTM on raw keypoints explodes
    weight_decay   what every weight loses of itself in a step, times the learning rate (Loshchilov and Hutter,
                   "Decoupled Weight Decay Regularization", ICLR 2019). Chosen on korean_13, one session to learn from
    clipnorm       length to which the gradient of all weights together is cut
    optimizer      Keras' name of another one than Adam with decay, which then has this learning rate all the time
    monitor        what early stopping watches; None is val_loss, or loss without validation rows
    patience       epochs in a row that end training when all of them are clearly worse (`SLACK`) than the best one,
                   whose weights are then kept. They are counted only while the network does better than guessing: at
                   chance it may stay for dozens of epochs before it begins to learn
    """

    epochs: int | None = None
    batch: int = 32
    learning_rate: float = 1e-3
    weight_decay: float = 0.5
    clipnorm: float = 1.0
    optimizer: str | None = None
    monitor: str | None = None
    patience: int = 40
    seed: int = 0
    resume: bool = False
    logs: Path | None = Path("logs")


@dataclass(frozen=True, eq=False)
class Trained:
    """A trained network, and how it came to be.

    history      measure -> its value after every epoch
    best_epoch   the epoch, counted from 1, whose weights it has: the last one, or, stopped early, the best
    learned      whether its training loss ever got clearly below that of guessing
    interrupted  whether somebody stopped it; the checkpoint is still there to `--resume` from
    seconds      how long it took, since the last resume
    temperature  what its scores were divided by, in its weights (`calibration`); None: by nothing, see `uncalibrated`
    lean         the same network before the task finished it, where that is another
    fan          how far off forecasts were on validation rows (`forecasting.fan`); None where nothing is forecast
    """

    model: keras.Model
    history: dict[str, list[float]]
    best_epoch: int
    learned: bool
    interrupted: bool
    seconds: float
    temperature: float | None = None
    uncalibrated: str = ""
    lean: keras.Model | None = None
    fan: list[list[float]] | None = None

    @property
    def epochs(self) -> int:
        """How many epochs were trained."""
        return len(self.history["loss"])

    def __str__(self) -> str:
        told = f"{self.epochs} epochs in {self.seconds:.0f} s, the weights are those of epoch {self.best_epoch}"
        if self.interrupted:
            told = f"stopped: {told}; --resume goes on"
        if not self.learned:
            told += "\nIT DID NOT LEARN: no better than guessing; try another --seed or a lower --learning-rate"
        return told


def checkpoint_of(model_path: Path) -> Path:
    """Where the training of a model keeps what it needs to go on."""
    return model_path.with_name(f"{model_path.stem}.checkpoint.npz")


def silent(epoch: int, epochs: int, measured: Mapping[str, float]) -> None:
    """Tells nobody of an epoch."""


def train(
    task: Task,
    data: Dataset,
    model_path: Path,
    options: Options,
    show: Callable[[keras.Model], Any] = bool,
    name: str = "training",
    weights: Sequence[Array] | None = None,
    tell: Callable[[int, int, Mapping[str, float]], Any] = silent,
) -> Trained:
    """Train the task's network, which is given to `show` before it begins to learn, and calibrate it.

    `name` is what the progress bar is called, `weights` what to begin with instead of random ones, and `tell` hears of
    every epoch: its number, of how many, and what was measured. Leaves a checkpoint beside `model_path`; whoever saves
    the model removes it.

    The same seed gives the same model on the same CPU, in one go or resumed. Ctrl-C ends it early with the best
    weights so far.

    Raises:
        InputError: there is nothing to train on, nothing (fitting) to resume or begin with, or the loss is not finite
            any more.
        KeyboardInterrupt: stopped before the first epoch was over.
    """
    goal = task.goal
    if not (data.part == "train").any():
        raise InputError("no takes are left to train on; record more, or keep fewer for testing")
    keras = import_keras()
    keras.utils.set_random_seed(options.seed)
    model = task.build(np.shape(task.encode(data.X[0])), data.labels)
    show(task.finish(model))
    if weights is not None:
        _begin_with(model, weights)
    trainee, windows, y = goal.lesson(model, data, "train")
    if not len(windows):
        raise InputError("the recordings are too short to learn from; record longer ones")
    options = replace(options, epochs=options.epochs or _epochs(len(windows), options))
    _compile(trainee, goal, _rate(len(windows), options), options)
    rest = goal.resting(y, data.labels)
    x, (_, seen, came) = windows if task.augment else encode(task, windows), goal.lesson(model, data, "val")
    validation = encode(task, seen), came
    monitor = _monitor(options, len(validation[0]) > 0)
    stopper = keras.callbacks.EarlyStopping(monitor, patience=options.patience, restore_best_weights=True)
    guessing = _guessing(goal, windows, y)
    course = _Course(
        trainee, stopper, checkpoint_of(model_path), _identity(data, options), guessing, options.epochs, tell
    )
    if options.resume:
        course.load()
    began = time.monotonic()
    interrupted = _fit(task, course, (x, y, rest), validation, options, name)
    seconds = time.monotonic() - began
    calibrated = calibrate(trainee, *validation)
    fan = goal.fan(lambda windows: model.predict_on_batch(encode(task, windows)), data)
    state = course.state.history, course.best_epoch, course.learned, interrupted, seconds
    return Trained(task.finish(model), *state, *calibrated, lean=model, fan=fan)


def encode(task: Task, windows: Array) -> Array:
    """Windows (n, window, *sample) -> x (n, *x) as the model takes it."""
    if not len(windows) or task.encode(first := windows[0]) is first:  # nothing to encode: spare the memory
        return windows
    return np.stack([task.encode(window) for window in windows])


def rows(task: Task, data: Dataset, part: str) -> tuple[Array, Array]:
    """(x, y) of a part of the data, as the model takes it."""
    windows, y = data.rows(part)
    return encode(task, windows), y


def _begin_with(model: keras.Model, weights: Sequence[Array]) -> None:
    if [array.shape for array in weights] != [tuple(variable.shape) for variable in model.weights]:
        raise InputError("the model to go on from is another network, or has other labels; train without --continue")
    model.set_weights(weights)


def _steps(count: int, options: Options) -> int:
    """How many batches `count` windows make."""
    return -(-count // options.batch)


def _epochs(count: int, options: Options) -> int:
    return int(np.clip(round(STEPS / _steps(count, options)), *EPOCHS))


def _rate(count: int, options: Options) -> keras.optimizers.schedules.LearningRateSchedule:
    """The learning rate of every step (Loshchilov and Hutter, "SGDR", ICLR 2017, without restarts)."""
    import keras

    steps = options.epochs * _steps(count, options)
    warm_up = max(1, round(WARM_UP * steps))
    return keras.optimizers.schedules.CosineDecay(
        0.0, max(1, steps - warm_up), warmup_target=options.learning_rate, warmup_steps=warm_up
    )


def _compile(
    model: keras.Model, goal: Goal, rate: keras.optimizers.schedules.LearningRateSchedule, options: Options
) -> None:
    import keras

    if options.optimizer:
        told = {"class_name": options.optimizer, "config": {"learning_rate": options.learning_rate}}
        optimizer = keras.optimizers.get(told)
    else:
        optimizer = keras.optimizers.AdamW(rate, weight_decay=options.weight_decay, global_clipnorm=options.clipnorm)
    model.compile(optimizer, goal.loss, metrics=list(goal.metrics))
    optimizer.build(model.trainable_variables)  # so that a checkpoint can be put into it


def batches(
    task: Task, x: Array, y: Array, rest: Array, options: Options, epoch: int
) -> Generator[tuple[Array, Array]]:
    """The batches of epoch after epoch, without end, starting with `epoch`: shuffled by nothing but seed and epoch.

    `rest` are the numbers of the rows in which nothing is done.
    """
    for now in count(epoch):
        order = np.random.default_rng([options.seed, now]).permutation(len(x))
        for start in range(0, len(x), options.batch):
            chosen = order[start : start + options.batch]
            if task.augment is None:
                yield x[chosen], y[chosen]
                continue
            rng = np.random.default_rng([options.seed, now, start])
            other = rng.choice(rest, len(chosen)) if len(rest) else rest
            windows, answers = task.augment(x[chosen], y[chosen], x[other], y[other], rng)
            yield encode(task, windows), answers


def _fit(task: Task, course: _Course, train: Any, validation: Any, options: Options, name: str) -> bool:
    """Fit until it is over; whether Ctrl-C ended it."""
    import keras
    from tqdm import tqdm

    done = len(course.state.history.get("loss", ()))
    with (
        tqdm(total=options.epochs, initial=done, desc=name, unit=" epochs", disable=None) as bar,
        _released(batches(task, *train, options, done)) as source,
    ):
        try:
            course.model.fit(
                source,
                steps_per_epoch=_steps(len(train[0]), options),
                epochs=options.epochs,
                initial_epoch=done,
                validation_data=validation if len(validation[0]) else None,
                callbacks=[
                    keras.callbacks.LambdaCallback(on_epoch_end=course.check),
                    course.stopper,
                    keras.callbacks.LambdaCallback(
                        on_train_begin=course.restore, on_epoch_end=lambda epoch, logs: course.keep(epoch, logs, bar)
                    ),
                    *_tensorboard(options),
                ],
                shuffle=False,  # they come shuffled
                verbose=0,
            )
        except KeyboardInterrupt:
            if not course.state.history:
                raise
            course.stopper.on_train_end()
            return True
    return False


@contextmanager
def _released(source: Generator[Any]) -> Iterator[Generator[Any]]:
    """A generator, closed in the end: TensorFlow never lets go of one that it was given, nor of the data in it."""
    try:
        yield source
    finally:
        with suppress(ValueError):  # a thread of TensorFlow's is in it still
            source.close()


def _tensorboard(options: Options) -> list[keras.callbacks.Callback]:
    import keras

    if options.logs is None:
        return []
    return [keras.callbacks.TensorBoard(options.logs / time.strftime("%Y%m%d-%H%M%S"), write_graph=False)]


def _monitor(options: Options, validated: bool) -> str:
    monitor = options.monitor or ("val_loss" if validated else "loss")
    if monitor.startswith("val_") and not validated:
        raise InputError(f"there are no validation takes to watch {monitor} on; use --monitor loss")
    return monitor


def _guessing(goal: Goal, X: Array, y: Array) -> float:
    """The loss of whoever has learned nothing."""
    import keras

    loss, guesses = keras.losses.get(goal.loss), goal.guess(X, y)
    few = [slice(i, i + AT_ONCE) for i in range(0, len(y), AT_ONCE)]  # a loss takes many times the memory of its rows
    means = [float(np.mean(loss(y[rows], guesses[rows].astype(np.float32)))) for rows in few]
    return float(np.average(means, weights=[len(y[rows]) for rows in few]))


def _identity(data: Dataset, options: Options) -> str:
    """What has to be the same for a training to go on."""
    takes = hashlib.sha256("\n".join([*data.take, *data.part]).encode()).hexdigest()
    return f"{data.labels} {data.X.shape} {takes} seed {options.seed} batch {options.batch}"


class _State(msgspec.Struct):
    """Where a training stands: what is not an array. `wait` and `best` are those of Keras' EarlyStopping."""

    identity: str
    history: dict[str, list[float]] = msgspec.field(default_factory=dict)
    best: float | None = None
    best_epoch: int = 0
    wait: int = 0


class _Course:
    """What happens between epochs: looks for trouble, remembers, shows, and writes the checkpoint."""

    def __init__(
        self,
        model: keras.Model,
        stopper: keras.callbacks.EarlyStopping,
        path: Path,
        identity: str,
        guessing: float,
        planned: int,
        tell: Callable[[int, int, Mapping[str, float]], Any],
    ) -> None:
        self.model, self.stopper, self.path, self._planned, self._tell = model, stopper, path, planned, tell
        self.state = _State(identity)
        self._threshold, self._slack = MOVED * guessing, SLACK * guessing
        self._best_weights: list[Array] | None = None

    @property
    def learned(self) -> bool:
        return min(self.state.history["loss"]) < self._threshold

    @property
    def best_epoch(self) -> int:
        return (self.state.best_epoch if self.stopper.best_weights else self.epochs - 1) + 1

    @property
    def epochs(self) -> int:
        return len(self.state.history["loss"])

    def check(self, epoch: int, logs: dict[str, float]) -> None:
        """Before early stopping looks: nothing may be infinite, and epochs that are to count for nothing do not."""
        bad = next((name for name, value in logs.items() if not np.isfinite(value)), None)
        if bad:
            raise InputError(
                f"the {bad} became {logs[bad]} in epoch {epoch + 1}; nothing was saved. Lower --learning-rate, or "
                "look for takes with impossible values"
            )
        if logs["loss"] > self._threshold:
            self.stopper.start_from_epoch = epoch + 1
        elif self.stopper.best is not None and abs(logs[self.stopper.monitor] - self.stopper.best) < self._slack:
            self.stopper.wait = -1  # early stopping adds one

    def restore(self, logs: Any = None) -> None:
        """Bring early stopping, which forgets everything when fitting starts, to where it stood."""
        self.stopper.best, self.stopper.best_epoch = self.state.best, self.state.best_epoch
        self.stopper.wait, self.stopper.best_weights = self.state.wait, self._best_weights

    def keep(self, epoch: int, logs: dict[str, float], bar: tqdm) -> None:
        """After early stopping has looked: remember the epoch, on disk and in the progress bar.

        Who comes to the end keeps the end: there the learning rate has fallen to zero, and among epochs that all know
        the people of the validation takes the best one is chance.
        """
        if epoch + 1 == self._planned:
            self.stopper.best_weights = None
        for name, value in logs.items():
            self.state.history.setdefault(name, []).append(float(value))
        best = None if self.stopper.best is None else float(self.stopper.best)
        self.state.best, self.state.best_epoch, self.state.wait = best, self.stopper.best_epoch, self.stopper.wait
        self.save()
        bar.set_postfix({name: f"{value:.3f}" for name, value in logs.items() if name.endswith("loss")}, refresh=False)
        bar.update()
        self._tell(epoch + 1, self._planned, logs)

    def _variables(self) -> list[Any]:
        return [*self.model.variables, *self.model.optimizer.variables]

    def save(self) -> None:
        """Write the checkpoint: one file, so that its parts cannot come from different epochs."""
        arrays = {f"now{i}": np.asarray(variable) for i, variable in enumerate(self._variables())}
        arrays |= {f"best{i}": weights for i, weights in enumerate(self.stopper.best_weights or ())}
        with atomic(self.path) as temporary:
            np.savez(temporary, state=np.frombuffer(msgspec.json.encode(self.state), np.uint8), **arrays)

    def load(self) -> None:
        """Go back to the checkpoint.

        Raises:
            InputError: there is none, it is damaged, or it is of a training on other data or options.
        """
        if not self.path.exists():
            raise InputError(f"there is no {self.path} to go on from; run without --resume")
        try:
            with open_npz(self.path) as file:
                state = msgspec.json.decode(file["state"].tobytes(), type=_State)
                arrays = {name: file[name] for name in file.files if name != "state"}
        except UNREADABLE as error:
            raise InputError(f"{self.path} is damaged ({error}); run without --resume") from error
        if state.identity != self.state.identity:
            raise InputError(f"{self.path} was made with other takes, --seed or --batch; give the same, or no --resume")
        self.state = state
        self._assign(arrays)

    def _assign(self, arrays: dict[str, Array]) -> None:
        variables = self._variables()
        now = [arrays.get(f"now{i}") for i in range(len(variables))]
        fits = all(a is not None and a.shape == tuple(v.shape) for a, v in zip(now, variables, strict=True))
        if not fits:
            raise InputError(f"{self.path} is of another network; run without --resume")
        for variable, array in zip(variables, now, strict=True):
            variable.assign(array)
        self._best_weights = [arrays[f"best{i}"] for i in range(sum(n.startswith("best") for n in arrays))] or None

"""A dataset -> a trained network: fitting that stops in time, can be interrupted, and can be resumed."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from tqdm import tqdm

from handsign.bundle.keras_loader import import_keras
from handsign.errors import InputError
from handsign.learn.calibration import calibrate
from handsign.learn.checkpoint import OnEpoch, ResumableCheckpoint, checkpoint_path

if TYPE_CHECKING:
    import keras as keras_types

    from handsign.data.dataset import Dataset
    from handsign.learn.config import TrainConfig
    from handsign.learn.network import Network
    from handsign.learn.objective import Objective
    from handsign.types import Array

keras = import_keras()

STEPS = 2000
EPOCHS = (25, 80)
"""How long to train: about `STEPS` batches, in so many epochs; the more takes, the fewer epochs."""

WARM_UP = 0.05
"""The share of all steps during which the learning rate rises."""

LOSS_BATCH = 256
"""Rows whose loss is computed at once."""


@dataclass(frozen=True, eq=False)
class TrainResult:
    """A trained network, and how its training went.

    model         as it is to be saved
    history       measure -> its value after every epoch
    best_epoch    the epoch, counted from 1, whose weights it has: the last one, or, stopped early, the best
    learned       whether the training loss ever got clearly below the baseline's
    interrupted   whether the user stopped it; the checkpoint is still there for --resume
    seconds       how long it took, since the last resume
    temperature   what the scores were divided by, in the weights (`calibration`); None: by nothing, see `uncalibrated`
    uncalibrated  why there is no temperature
    compact       the same function before `Network.to_export`, for less work
    """

    model: keras_types.Model
    history: dict[str, list[float]]
    best_epoch: int
    learned: bool
    interrupted: bool
    seconds: float
    temperature: float | None = None
    uncalibrated: str = ""
    compact: keras_types.Model | None = None

    @property
    def epochs(self) -> int:
        """How many epochs were trained."""
        return len(self.history["loss"])

    def __str__(self) -> str:
        text = f"{self.epochs} epochs in {self.seconds:.0f} s, the weights are those of epoch {self.best_epoch}"
        if self.interrupted:
            text = f"stopped: {text}; --resume goes on"
        if not self.learned:
            text += "\nIT DID NOT LEARN: no better than guessing; try another --seed or a lower --learning-rate"
        return text


def train(
    network: Network,
    data: Dataset,
    model_path: Path,
    config: TrainConfig,
    on_model: Callable[[keras_types.Model], Any] = bool,
    name: str = "training",
    weights: Sequence[Array] | None = None,
    on_epoch: OnEpoch = lambda epoch, epochs, measured: None,
) -> TrainResult:
    """Train a network and calibrate it. Leaves a checkpoint beside `model_path`; whoever saves the model removes it.

    on_model  is given the network, as it will be saved, before it is trained
    name      of the progress bar
    weights   to begin with, instead of random ones
    on_epoch  is called after every epoch

    The same seed gives the same model on the same CPU, in one go or resumed. Ctrl-C ends the training early with the
    best weights so far.

    Raises:
        InputError: there is nothing to train on, nothing (fitting) to resume or begin with, or a loss is not finite.
        KeyboardInterrupt: stopped before the first epoch was over.
    """
    if not (data.part == "train").any():
        raise InputError("no takes are left to train on; record more, or keep fewer for testing")
    keras.utils.set_random_seed(config.seed)
    model = _build(network, data, on_model, weights)
    trained, windows, y = network.objective.training_view(model, data, "train")
    if not len(windows):
        raise InputError("the recordings are too short to learn from; record longer ones")
    config = replace(config, epochs=config.epochs or _epochs(len(windows), config))
    _compile(trained, network.objective, len(windows), config)
    _, val_windows, val_y = network.objective.training_view(model, data, "val")
    validation = network.encode_all(val_windows), val_y
    baseline_loss = _baseline_loss(network.objective, windows, y)
    monitor = _monitor(config, len(val_windows) > 0)
    callback = _callback(trained, data, model_path, replace(config, monitor=monitor), baseline_loss, on_epoch)
    rest = network.objective.rest_rows(y, data.labels)
    x = windows if network.augment else network.encode_all(windows)
    began = time.monotonic()
    interrupted = _fit(network, callback, (x, y, rest), validation, config, name)
    seconds = time.monotonic() - began
    calibrated = calibrate(trained, *validation)
    training = callback.state.history, callback.chosen_epoch, callback.learned, interrupted, seconds
    return TrainResult(network.to_export(model), *training, *calibrated, compact=model)


def _build(
    network: Network, data: Dataset, on_model: Callable[[keras_types.Model], Any], weights: Sequence[Array] | None
) -> keras_types.Model:
    model = network.build(np.shape(network.encode(data.X[0])), data.labels)
    on_model(network.to_export(model))
    if weights is not None:
        _begin_with(model, weights)
    return model


def _callback(
    model: keras_types.Model,
    data: Dataset,
    model_path: Path,
    config: TrainConfig,
    baseline_loss: float,
    on_epoch: OnEpoch,
) -> ResumableCheckpoint:
    """The callback of a training, at its checkpoint if it is resumed."""
    path, identity = checkpoint_path(model_path), _identity(data, config)
    callback = ResumableCheckpoint(
        model, config.monitor or "loss", config.patience, path, identity, baseline_loss, config.epochs or 0, on_epoch
    )
    if config.resume:
        callback.load()
    return callback


def _begin_with(model: keras_types.Model, weights: Sequence[Array]) -> None:
    if [array.shape for array in weights] != [tuple(variable.shape) for variable in model.weights]:
        raise InputError("the model to go on from is another network, or has other labels; train without --continue")
    model.set_weights(weights)


def _steps(count: int, config: TrainConfig) -> int:
    """How many batches `count` windows make."""
    return -(-count // config.batch)


def _epochs(count: int, config: TrainConfig) -> int:
    return int(np.clip(round(STEPS / _steps(count, config)), *EPOCHS))


def _learning_rate(count: int, config: TrainConfig) -> Any:
    """The learning rate of every step (Loshchilov and Hutter, "SGDR", ICLR 2017, without restarts)."""
    steps = (config.epochs or 0) * _steps(count, config)
    warm_up = max(1, round(WARM_UP * steps))
    return keras.optimizers.schedules.CosineDecay(
        0.0, max(1, steps - warm_up), warmup_target=config.learning_rate, warmup_steps=warm_up
    )


def _compile(model: keras_types.Model, objective: Objective, count: int, config: TrainConfig) -> None:
    """Compile a model for `count` windows an epoch."""
    if config.optimizer:
        settings = {"class_name": config.optimizer, "config": {"learning_rate": config.learning_rate}}
        optimizer = keras.optimizers.get(settings)
    else:
        rate = _learning_rate(count, config)
        optimizer = keras.optimizers.AdamW(rate, weight_decay=config.weight_decay, global_clipnorm=config.clipnorm)
    model.compile(optimizer, objective.loss, metrics=list(objective.metrics))
    optimizer.build(model.trainable_variables)  # so that a checkpoint can be put into it


def batches(
    network: Network, x: Array, y: Array, rest: Array, config: TrainConfig, epoch: int
) -> Generator[tuple[Array, Array], None, None]:
    """The batches of epoch after epoch, without end, starting with `epoch`; the order depends on seed and epoch alone.

    `x` are windows (n, window, *sample) if the network augments them, encoded windows (n, *x) otherwise; `rest` (m,)
    are the rows that show rest.
    """
    for now in count(epoch):
        order = np.random.default_rng([config.seed, now]).permutation(len(x))
        for start in range(0, len(x), config.batch):
            chosen = order[start : start + config.batch]
            if network.augment is None:
                yield x[chosen], y[chosen]
                continue
            rng = np.random.default_rng([config.seed, now, start])
            other = rng.choice(rest, len(chosen)) if len(rest) else rest
            windows, targets = network.augment(x[chosen], y[chosen], x[other], y[other], rng)
            yield network.encode_all(windows), targets


def _fit(
    network: Network,
    callback: ResumableCheckpoint,
    train: tuple[Array, Array, Array],
    validation: tuple[Array, Array],
    config: TrainConfig,
    name: str,
) -> bool:
    """Fit until it is over; whether Ctrl-C ended it."""
    done = callback.epochs
    with (
        tqdm(total=config.epochs, initial=done, desc=name, unit=" epochs", disable=None) as callback.bar,
        _released(batches(network, *train, config, done)) as source,
    ):
        try:
            callback.network.fit(
                source,
                steps_per_epoch=_steps(len(train[0]), config),
                epochs=config.epochs or 0,
                initial_epoch=done,
                validation_data=validation if len(validation[0]) else None,
                callbacks=[callback, *_tensorboard(config)],
                shuffle=False,  # they come shuffled
                verbose=0,  # pyright: ignore[reportArgumentType]
            )
        except KeyboardInterrupt:
            if not callback.epochs:
                raise
            callback.on_train_end()
            return True
    return False


@contextmanager
def _released(source: Generator[Any, None, None]) -> Iterator[Generator[Any, None, None]]:
    """A generator, closed in the end: TensorFlow keeps a reference to every generator it was given, and to its data."""
    try:
        yield source
    finally:
        with suppress(ValueError):  # a thread of TensorFlow's is in it still
            source.close()


def _tensorboard(config: TrainConfig) -> list[Any]:
    if config.logs is None:
        return []
    return [keras.callbacks.TensorBoard(config.logs / time.strftime("%Y%m%d-%H%M%S"), write_graph=False)]


def _monitor(config: TrainConfig, validated: bool) -> str:
    monitor = config.monitor or ("val_loss" if validated else "loss")
    if monitor.startswith("val_") and not validated:
        raise InputError(f"there are no validation takes to watch {monitor} on; use --monitor loss")
    return monitor


def _baseline_loss(objective: Objective, X: Array, y: Array) -> float:
    """The loss of predictions without any learning."""
    loss, predictions = keras.losses.get(objective.loss), objective.baseline(X, y)
    parts = [slice(i, i + LOSS_BATCH) for i in range(0, len(y), LOSS_BATCH)]  # a loss takes many times its rows' memory
    means = [float(np.mean(loss(y[rows], predictions[rows].astype(np.float32)))) for rows in parts]
    return float(np.average(means, weights=[len(y[rows]) for rows in parts]))


def _identity(data: Dataset, config: TrainConfig) -> str:
    """What has to be the same for a training to go on."""
    takes = hashlib.sha256("\n".join([*data.take, *data.part]).encode()).hexdigest()
    return f"{data.labels} {data.X.shape} {takes} seed {config.seed} batch {config.batch}"

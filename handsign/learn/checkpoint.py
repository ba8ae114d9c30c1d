"""A training that can be interrupted and resumed: one Keras callback and the checkpoint that it writes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from handsign.bundle.keras_loader import import_keras
from handsign.errors import InputError
from handsign.files import atomic
from handsign.reading import open_npz

if TYPE_CHECKING:
    import keras as keras_types
    from tqdm import tqdm

    from handsign.types import Array

keras = import_keras()

LEARNED = 0.9
"""Share of the baseline's loss below which a network has begun to learn."""

SLACK = 0.05
"""Share of the baseline's loss by which the monitored value has to be worse than its best for patience to count."""

OnEpoch = Callable[[int, int, Mapping[str, float]], Any]
"""(epoch, counted from 1, planned epochs, measured values)."""


def checkpoint_path(model_path: Path) -> Path:
    """Where the training of a model keeps its checkpoint."""
    return model_path.with_name(f"{model_path.stem}.checkpoint.npz")


class CheckpointState(msgspec.Struct):
    """Where a training stands, without its arrays. `wait` and `best` are those of Keras' EarlyStopping."""

    identity: str
    history: dict[str, list[float]] = msgspec.field(default_factory=dict)
    best: float | None = None
    best_epoch: int = 0
    wait: int = 0


class ResumableCheckpoint(keras.callbacks.EarlyStopping):
    """Keras' early stopping that ignores chance, ends on infinite values, and writes a checkpoint after every epoch.

    model          what is trained, compiled, with its optimizer built
    monitor        what early stopping watches
    patience       epochs in a row, as in `TrainConfig`
    path           of the checkpoint
    identity       what has to be the same for a training to be resumed
    baseline_loss  the loss of predictions without any learning
    epochs         how many are planned
    on_epoch       is called after every epoch
    """

    def __init__(
        self,
        model: keras_types.Model,
        monitor: str,
        patience: int,
        path: Path,
        identity: str,
        baseline_loss: float,
        epochs: int,
        on_epoch: OnEpoch,
    ) -> None:
        super().__init__(monitor, patience=patience, restore_best_weights=True)
        self.network, self.path, self._planned, self._on_epoch = model, path, epochs, on_epoch
        self.state = CheckpointState(identity)
        self.bar: tqdm[Any] | None = None
        self._threshold, self._slack = LEARNED * baseline_loss, SLACK * baseline_loss
        self._kept_weights: list[Array] | None = None

    @property
    def epochs(self) -> int:
        """How many epochs are over."""
        return len(self.state.history.get("loss", ()))

    @property
    def learned(self) -> bool:
        """Whether the training loss ever got clearly below the baseline's."""
        return min(self.state.history["loss"]) < self._threshold

    @property
    def chosen_epoch(self) -> int:
        """The epoch, counted from 1, whose weights the network has in the end."""
        return (self.state.best_epoch if self.best_weights else self.epochs - 1) + 1

    def on_train_begin(self, logs: Any = None) -> None:
        """Set early stopping, which resets itself when fitting starts, to where it stood."""
        super().on_train_begin(logs)
        self.best, self.best_epoch = self.state.best, self.state.best_epoch
        self.wait, self.best_weights = self.state.wait, self._kept_weights

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        """Check the values, let early stopping judge them, keep the epoch."""
        self.check(epoch, logs)
        super().on_epoch_end(epoch, logs)
        self.keep(epoch, logs)

    def check(self, epoch: int, logs: dict[str, float]) -> None:
        """End on values that are not finite; exclude epochs from patience that are at chance or close to the best.

        Raises:
            InputError: a value is not finite.
        """
        bad = next((name for name, value in logs.items() if not np.isfinite(value)), None)
        if bad:
            raise InputError(
                f"the {bad} became {logs[bad]} in epoch {epoch + 1}; nothing was saved. Lower --learning-rate, or "
                "look for takes with impossible values"
            )
        if logs["loss"] > self._threshold:
            self.start_from_epoch = epoch + 1
        elif self.best is not None and abs(logs[self.monitor] - self.best) < self._slack:
            self.wait = -1  # early stopping adds one

    def keep(self, epoch: int, logs: dict[str, float]) -> None:
        """Record the epoch, on disk and in the progress bar.

        A training that reaches its last epoch keeps its last weights: the learning rate has fallen to zero by then, and
        which epoch is best on validation takes by people who are trained on is chance.
        """
        if epoch + 1 == self._planned:
            self.best_weights = None
        for name, value in logs.items():
            self.state.history.setdefault(name, []).append(float(value))
        best = None if self.best is None else float(self.best)
        self.state.best, self.state.best_epoch, self.state.wait = best, self.best_epoch, self.wait
        self.save()
        if self.bar is not None:
            losses = {name: f"{value:.3f}" for name, value in logs.items() if name.endswith("loss")}
            self.bar.set_postfix(losses, refresh=False)
            self.bar.update()
        self._on_epoch(epoch + 1, self._planned, logs)

    def _variables(self) -> list[Any]:
        return [*self.network.variables, *self.network.optimizer.variables]

    def save(self) -> None:
        """Write the checkpoint: one file, so that its parts cannot come from different epochs."""
        arrays = {f"now{i}": np.asarray(variable) for i, variable in enumerate(self._variables())}
        arrays |= {f"best{i}": weights for i, weights in enumerate(self.best_weights or ())}
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
                state = msgspec.json.decode(file["state"].tobytes(), type=CheckpointState)
                arrays = {name: file[name] for name in file if name != "state"}
        except InputError as error:
            raise InputError(f"{self.path} is damaged ({error}); run without --resume") from error
        if state.identity != self.state.identity:
            raise InputError(f"{self.path} was made with other takes, --seed or --batch; give the same, or no --resume")
        self.state = state
        self._assign(arrays)

    def _assign(self, arrays: dict[str, Array]) -> None:
        variables = self._variables()
        now = [arrays.get(f"now{i}") for i in range(len(variables))]
        if not all(a is not None and a.shape == tuple(v.shape) for a, v in zip(now, variables, strict=True)):
            raise InputError(f"{self.path} is of another network; run without --resume")
        for variable, array in zip(variables, now, strict=True):
            variable.assign(array)
        self._kept_weights = [arrays[f"best{i}"] for i in range(sum(n.startswith("best") for n in arrays))] or None

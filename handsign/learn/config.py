"""How to train."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

MONITORS = ("loss", "val_loss", "categorical_accuracy", "val_categorical_accuracy")
"""What early stopping can watch."""


@dataclass(frozen=True)
class TrainConfig:
    """How to train. These are the defaults of `train.py`, where a network has no others.

    epochs         at most; None is as many as make `training.STEPS` steps, within `training.EPOCHS`
    batch          windows in a step
    learning_rate  of Adam, to which it rises during the first `training.WARM_UP` of the steps and from which it falls,
                   as a cosine, to zero at the last. Without the rise the relu LSTM on raw keypoints explodes
    weight_decay   what every weight loses of itself in a step, times the learning rate (Loshchilov and Hutter,
                   "Decoupled Weight Decay Regularization", ICLR 2019). Chosen on korean_13, one session to learn from
    clipnorm       length to which the gradient of all weights together is clipped
    optimizer      Keras' name of another optimizer, which then has this learning rate all the time
    monitor        what early stopping watches; None is val_loss, or loss without validation rows
    patience       epochs in a row that end training when all of them are clearly worse (`checkpoint.SLACK`) than the
                   best one, whose weights are then kept. They are counted only while the network does better than the
                   baseline: it may stay at chance for dozens of epochs before it begins to learn
    seed           of everything random; the same seed gives the same model on the same CPU
    resume         go on from the checkpoint
    logs           folder for TensorBoard; None for none
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

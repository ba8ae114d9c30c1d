"""How well the shipped model continues films of squares it has not seen, how fast it learns: `make bench-nextframe`.

Beside the model stand copying the last picture and optical flow. Speed is CPU seconds of a training step for each film,
on one thread, in one process, step by step in turn; the unit is the plain Keras example.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import held_out
import numpy as np

from handsign import tasks
from handsign.bundle.keras_loader import import_keras
from handsign.cli import options as cli
from handsign.learn import training
from handsign.learn.config import TrainConfig
from handsign.tasks.nextframe import evaluator, films, networks, squares

if TYPE_CHECKING:
    import keras

Array = np.ndarray[Any, Any]
SEED = 1
"""Of the films that are asked about; those of seed 0 are learned from."""
ROUNDS = 3
BATCH = 4
"""Films in a step that is timed."""
SHAPE = (squares.FRAMES, squares.SIDE, squares.SIDE, 1)


def scores(model: Path) -> dict[str, Any]:
    """The tables of `evaluator.score`, and how large the model is."""
    bundle = tasks.load("nextframe").load_model(model)
    X, following = squares.films(evaluator.MAX_FILMS, np.random.default_rng(SEED))
    told = evaluator.score(bundle.predict, X, following)
    told["model"]["iou_rollout_mean"] = float(np.mean(told["model"]["iou_rollout"]))
    told["model"]["parameters"] = bundle.info.parameters
    return told


def example(policy: str = "float32") -> keras.Model:
    """The example as its authors compile it, with numbers of a precision."""
    import keras

    with _precision(policy):
        model = networks.keras_example(SHAPE)
    model.compile(keras.optimizers.Adadelta(1.0), "binary_crossentropy")
    return model


def ours(network: str | None = None) -> keras.Model:
    """What `train.py` trains, compiled as it does."""
    net = tasks.load("nextframe").network(*([network] if network else []))
    model, steps = net.build(SHAPE, ["brightness"]), net.objective.rollout_steps
    trainee = networks.scheduled_sampling(model, films.CONTEXT, steps - 1) if steps > 1 else model
    training._compile(trainee, net.objective, BATCH, TrainConfig(**net.config))
    return trainee


def small(filters: int = networks.FILTERS, policy: str = "float32", xla: bool = False) -> keras.Model:
    """The default network alone, without practice, of another width, precision or compiled by XLA."""
    with _precision(policy):
        model = networks.conv_lstm(SHAPE, filters)
    model.compile("adam", "binary_crossentropy", jit_compile=xla)
    return model


@contextmanager
def _precision(policy: str) -> Iterator[None]:
    """Networks that are built in here compute in a precision."""
    import keras

    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


STEPS: Mapping[str, Callable[[], keras.Model]] = {
    "example": example,
    "--original": lambda: ours("original"),
    "example, mixed_bfloat16": lambda: example("mixed_bfloat16"),
    "default, with practice": ours,
    "default": small,
    "default, mixed_bfloat16": lambda: small(policy="mixed_bfloat16"),
    "default, XLA": lambda: small(xla=True),
    "default, 8 filters": lambda: small(8),
    "default, 24 filters": lambda: small(24),
}
"""What is timed, and how the network is made."""


def speed(rounds: int) -> dict[str, dict[str, float]]:
    """CPU seconds of a training step for each film, the median of so many rounds, and as a share of the example's."""
    X, following = squares.films(BATCH, np.random.default_rng(SEED))
    models = {name: make() for name, make in STEPS.items()}
    again = {name: model(X[:1]).shape[1] // X.shape[1] for name, model in models.items()}  # practice says it twice
    seconds: dict[str, list[float]] = {name: [] for name in STEPS}
    for number in range(rounds + 1):  # the first is for compiling
        for name, model in models.items():
            y = np.concatenate([following] * again[name], axis=1)
            start = time.process_time()
            model.train_on_batch(X, y)
            if number:
                seconds[name].append((time.process_time() - start) / BATCH)
    middle = {name: statistics.median(each) for name, each in seconds.items()}
    return {
        name: {"seconds_per_film": round(value, 4), "share_of_example": round(value / middle["example"], 4)}
        for name, value in middle.items()
    }


def main() -> None:
    """Ask, time, and write `benchmarks/results/nextframe.json`."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--model", type=Path, default=held_out.ROOT / "nextframe.h5")
    options.add_argument("--rounds", type=cli.positive, default=ROUNDS, help="steps of every kind that are timed")
    options.add_argument("--no-speed", action="store_true", help="only how good the model is")
    options.add_argument("--output", type=Path, default=held_out.ROOT / "benchmarks/results/nextframe.json")
    args = options.parse_args()
    held_out.few_threads()
    import_keras()
    told = scores(args.model)
    results = {"parameters_original": networks.keras_example(SHAPE).count_params(), **told, **held_out.machine()}
    if not args.no_speed:
        results["speed"] = speed(args.rounds)
    held_out.write(results, args.output)
    print(evaluator.summary(told))
    for name, of in results.get("speed", {}).items():
        print(f"{name:26} {of['seconds_per_film']:8.4f} s a film  {of['share_of_example']:7.3f} of the example")


if __name__ == "__main__":
    cli.run(main)

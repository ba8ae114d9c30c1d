"""Train on the takes, and save a model that realtime.py can use, with a report on how good it is."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from handsign.cli import options as cli
from handsign.learn.config import MONITORS, TrainConfig

if TYPE_CHECKING:
    from handsign.api import Training
    from handsign.data.folds import Folds
    from handsign.data.split import Split
    from handsign.learn.network import Network


def parser() -> argparse.ArgumentParser:
    """Options of `train.py`; the defaults are those of `TrainConfig`."""
    options, of = cli.parser(__doc__ or ""), TrainConfig()
    cli.add_split(options)
    networks: dict[str, Any] = {"dest": "network", "action": "append", "metavar": "NAME"}
    options.add_argument(
        "--network",
        default=[],
        help="another of the task's networks, or several that are combined, each with its own --network; an unknown "
        "name lists them",
        **networks,
    )
    for name in ("raw", "binary", "original"):
        constant: dict[str, Any] = {"dest": "network", "action": "append_const", "const": name}
        options.add_argument(f"--{name}", **constant, help=f"the same as --network {name}")
    options.add_argument("--predict", help="the same as --network", **networks)
    options.add_argument("--window", type=cli.positive, metavar="N", help="samples a look (default: the task's)")
    options.add_argument("--report", type=Path, default=Path("report"), metavar="DIR", help="where the report goes")
    _add_schedule(options, of)
    _add_evaluation(options)
    options.add_argument("--weights", type=Path, metavar="FILE", help="a trained model (.h5) to begin with")
    options.add_argument(
        "--freeze", type=int, default=0, metavar="N", help="layers that keep --weights, from the first"
    )
    options.add_argument("--progress", action="store_true", help="print every epoch as a JSON line, for other programs")
    options.add_argument("--logs", type=Path, default=of.logs, metavar="DIR", help="for TensorBoard")
    return options


def _add_schedule(options: argparse.ArgumentParser, of: TrainConfig) -> None:
    """How long and how fast to train; the defaults are those of `TrainConfig`."""
    own = "another where the network has its own"
    options.add_argument("--epochs", type=cli.positive, help="at most so many (default: by the number of takes)")
    options.add_argument("--batch", type=cli.positive, help=f"windows a step (default: {of.batch}, {own})")
    options.add_argument(
        "--learning-rate",
        type=cli.seconds,
        help=f"the highest (default: {of.learning_rate}, {own}; the tutorial's is 0.001)",
    )
    options.add_argument("--monitor", choices=MONITORS, help="what early stopping watches (default: val_loss, if any)")
    options.add_argument(
        "--patience", type=cli.positive, help=f"epochs clearly below the best (default: {of.patience}, {own})"
    )
    options.add_argument("--resume", action="store_true", help="go on with a training that was stopped")
    options.add_argument(
        "--continue", dest="begin", action="store_true", help="begin with the weights of --model, not with random ones"
    )


def _add_evaluation(options: argparse.ArgumentParser) -> None:
    """What is measured besides the test part of the split."""
    options.add_argument(
        "--evaluate",
        choices=["signers", "blocks", "verification"],
        help="signers: also train without each signer (else session, else takes) and test on it; blocks: test on each "
        "fifth of the pictures, by what learned the others; verification: is a recording by who it claims to be by?",
    )
    options.add_argument(
        "--test", type=Path, metavar="DIR", help="of verification: recordings to check, all of --data are learned from"
    )
    options.add_argument("--labels", type=Path, metavar="CSV", help="of --test: filename, is_illegal")
    options.add_argument("--folds", type=cli.positive, default=10, help="of --evaluate: at most so many trainings")


def main(argv: Sequence[str] | None = None) -> None:
    """Train, save, evaluate, report."""
    args = cli.parse(parser(), argv)
    from handsign import tasks
    from handsign.api import fit
    from handsign.bundle.bundle import load_weights
    from handsign.bundle.replacing import model_files
    from handsign.data.prepare import open_dataset
    from handsign.evaluate.report import augmented, report
    from handsign.learn.checkpoint import checkpoint_path
    from handsign.learn.transfer import with_weights

    task = tasks.load(args.task).with_shape(args.window)
    network = with_weights(task.network(*args.network), args.weights, args.freeze)
    before = load_weights(args.model, task.interface(network)) if args.begin else None
    split = cli.split(args) or _everything(args)
    rate = before and before.info.rate
    data = open_dataset(args.data, task.format, task.windowing, split, args.seed, rate)
    config = train_config(args, network)
    folds = task.evaluator.folds(data, args.evaluate, args.folds)
    task.evaluator.check(args.evaluate, args.test, args.labels)
    model = fit(
        task,
        network,
        data,
        args.model,
        config,
        on_model=lambda model: model.summary(),
        weights=before and before.weights,
        on_epoch=print_epoch if args.progress else lambda epoch, epochs, measured: None,
    )
    info = model.save(args.model)
    if not model.result.interrupted:
        checkpoint_path(args.model).unlink(missing_ok=True)
    results = measure(args, model, folds, config)
    preview = augmented(network, data, args.seed)
    page = report(args.report, results, model.result, data, info, task.evaluator, args.seed, preview)
    print(task.evaluator.summary(results, data))
    print(model.result)
    print(f"model: {', '.join(str(path) for path in model_files(args.model))}\nreport: {page}")


def train_config(args: argparse.Namespace, network: Network) -> TrainConfig:
    """How to train: the options, else the network's defaults, else those of `TrainConfig`."""
    given = {field.name: getattr(args, field.name, None) for field in fields(TrainConfig)}
    return TrainConfig(**{**network.config, **{name: value for name, value in given.items() if value is not None}})


def measure(args: argparse.Namespace, model: Training, folds: Folds | None, config: TrainConfig) -> dict[str, Any]:
    """How good the trained model is on every part of the data, and in the protocol that --evaluate names."""
    from handsign.evaluate import crossvalidation
    from handsign.evaluate.evaluator import evaluate

    data, evaluator = model.data, model.task.evaluator
    results: dict[str, Any] = evaluate(evaluator, model.network, model.predict, data, model.intervals)
    parts = folds.parts if folds and args.evaluate == "blocks" else [data.part]
    results["baselines"] = evaluator.baselines(data, [part for part in parts if "test" in part])
    if model.result.interrupted:
        return results
    if folds:
        results |= crossvalidation.results(model.network, data, folds, config)
    return results | evaluator.run_protocol(args.evaluate, model.trained(args.data, args.seed), args.test, args.labels)


def _everything(args: argparse.Namespace) -> Split | None:
    """A split that keeps nothing for testing, where something else is tested on."""
    from handsign.data.split import Split

    if args.test:
        return Split(test_size=0.0, val_size=0.0, seed=args.seed)
    return Split(test_size=0.0, seed=args.seed) if args.evaluate == "blocks" else None


def print_epoch(epoch: int, epochs: int, measured: Mapping[str, float]) -> None:
    """An epoch is over, as a JSON line."""
    numbers = {name: float(value) for name, value in measured.items()}
    print(json.dumps({"epoch": epoch, "epochs": epochs, **numbers}), flush=True)

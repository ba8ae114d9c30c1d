"""Train on the takes, and save a model that realtime.py can use, with a report on how good it is."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from dataclasses import fields, replace
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any

from handsign import cli
from handsign.training import MONITORS, Options

if TYPE_CHECKING:
    from handsign.dataset import Dataset, Folds, Split
    from handsign.task import Task
    from handsign.training import Trained


def parser() -> argparse.ArgumentParser:
    """Options of `train.py`; the defaults are those of `training.Options`."""
    options, of = cli.parser(__doc__ or ""), Options()
    own = "another where the task has its own"
    cli.add_split(options)
    networks = {"dest": "network", "action": "append", "metavar": "NAME"}
    options.add_argument(
        "--network",
        default=[],
        help="another of the task's networks; of sign: conv, raw; of strike: binary, mobilenet, original, lstm, "
        "also several, each with its own --network",
        **networks,
    )
    for name in ("raw", "binary", "original"):
        constant = {"dest": "network", "action": "append_const", "const": name}
        options.add_argument(f"--{name}", **constant, help=f"the same as --network {name}")
    options.add_argument("--predict", help="the same as --network; of trajectory: position, displacement", **networks)
    options.add_argument("--window", type=cli.positive, metavar="N", help="samples a look (default: the task's)")
    options.add_argument("--report", type=Path, default=Path("report"), metavar="DIR", help="where the report goes")
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
    options.add_argument("--progress", action="store_true", help="tell every epoch as a JSON line, for other programs")
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
    options.add_argument("--weights", type=Path, metavar="FILE", help="a trained model (.h5) to begin with")
    options.add_argument(
        "--freeze", type=int, default=0, metavar="N", help="layers that keep --weights, from the first"
    )
    options.add_argument("--folds", type=cli.positive, default=10, help="of --evaluate: at most so many trainings")
    options.add_argument("--logs", type=Path, default=of.logs, metavar="DIR", help="for TensorBoard")
    return options


def main() -> None:
    """Train, save, evaluate, report."""
    args = cli.parse(parser())
    from handsign import bundle, crossvalidation, dataset, evaluation, task, training, transfer, verification

    chosen = reduce(task.Task.variant, args.network, task.load(args.task))
    chosen = replace(chosen, window=args.window or chosen.window)
    chosen = transfer.beginning_with(chosen, args.weights, args.freeze)
    before = bundle.weights(args.model, chosen) if args.begin else None
    split = cli.split(args) or all_of(args)
    data = dataset.open_dataset(chosen, args.data, split, args.seed, before and before.info.rate)
    chosen = replace(chosen, window=data.X.shape[1], sample=data.X.shape[2:])  # films may be of other sizes
    told = {field.name: getattr(args, field.name, None) for field in fields(Options)}
    options = Options(**{**chosen.training, **{name: value for name, value in told.items() if value is not None}})
    folds = crossvalidation.plan(chosen, data, args.evaluate, args.folds)
    verification.check(args.evaluate, args.test, args.labels)
    trained = training.train(
        chosen,
        data,
        args.model,
        options,
        lambda model: model.summary(),
        weights=before and before.weights,
        tell=tell if args.progress else training.silent,
    )
    info = bundle.describe(chosen, data.labels, data.rate, fan=trained.fan)
    info = bundle.save(trained.model, args.model, info, trained.lean)
    if not trained.interrupted:
        training.checkpoint_of(args.model).unlink(missing_ok=True)
    results = measured(args, chosen, data, options, trained, folds)
    sheet = evaluation.augmented(chosen, data, args.seed)
    page = evaluation.report(args.report, results, trained, data, info, args.seed, sheet, chosen.goal)
    print(chosen.goal.summary(results, data))
    print(trained)
    print(f"model: {', '.join(str(path) for path in bundle.paths(args.model))}\nreport: {page}")


def measured(
    args: argparse.Namespace, chosen: Task, data: Dataset, options: Options, trained: Trained, folds: Folds | None
) -> dict[str, Any]:
    """How good the trained model is on every part of the data, and in the trial that --evaluate names."""
    from handsign import crossvalidation, evaluation, verification

    def predict(x: Any) -> Any:
        few = len(x) <= 512  # a forecast asks hundreds of times, and `predict` takes its time to begin
        return trained.model.predict_on_batch(x) if few else trained.model.predict(x, batch_size=512, verbose=0)

    results = evaluation.evaluate(predict, chosen, data, {"fan": trained.fan})
    parts = folds.parts if folds and args.evaluate == "blocks" else [data.part]
    results["baselines"] = chosen.goal.baselines(data, [part for part in parts if "test" in part])
    if trained.interrupted:
        return results
    if folds:
        results |= crossvalidation.results(chosen, data, folds, options)
    if args.evaluate == "verification":
        claims = args.test, args.labels
        results["verification"] = verification.evaluate(chosen, data, args.data, predict, *claims, args.seed)
    return results


def all_of(args: argparse.Namespace) -> Split | None:
    """A split that keeps nothing for testing, where something else is tested on."""
    from handsign.dataset import Split

    if args.test:
        return Split(test_size=0.0, val_size=0.0, seed=args.seed)
    return Split(test_size=0.0, seed=args.seed) if args.evaluate == "blocks" else None


def tell(epoch: int, epochs: int, measured: Mapping[str, float]) -> None:
    """An epoch is over, as a JSON line."""
    numbers = {name: float(value) for name, value in measured.items()}
    print(json.dumps({"epoch": epoch, "epochs": epochs, **numbers}), flush=True)


if __name__ == "__main__":
    cli.run(main)

"""Train on the takes, and save a model that realtime.py can use, with a report on how good it is."""

from __future__ import annotations

import argparse
from dataclasses import fields, replace
from functools import reduce
from pathlib import Path

from handsign import cli
from handsign.training import MONITORS, Options


def parser() -> argparse.ArgumentParser:
    """Options of `train.py`; the defaults are those of `training.Options`."""
    options, of = cli.parser(__doc__ or ""), Options()
    cli.add_split(options)
    options.add_argument(
        "--network",
        metavar="NAME",
        action="append",
        default=[],
        help="another of the task's networks; of sign: conv, raw; of strike: binary, mobilenet, original, lstm, "
        "also several, each with its own --network",
    )
    for name in ("raw", "binary", "original"):
        own = {"dest": "network", "action": "append_const", "const": name}
        options.add_argument(f"--{name}", **own, help=f"the same as --network {name}")
    options.add_argument("--window", type=cli.positive, metavar="N", help="samples a look (default: the task's)")
    options.add_argument("--report", type=Path, default=Path("report"), metavar="DIR", help="where the report goes")
    options.add_argument("--epochs", type=cli.positive, help="at most so many (default: by the number of takes)")
    own = "another where the task has its own"
    options.add_argument("--batch", type=cli.positive, help=f"windows a step (default: {of.batch}, {own})")
    options.add_argument(
        "--learning-rate",
        type=cli.seconds,
        help=f"the highest (default: {of.learning_rate}, {own}; the tutorial's is 0.001)",
    )
    options.add_argument("--monitor", choices=MONITORS, help="what early stopping watches (default: val_loss, if any)")
    options.add_argument("--patience", type=cli.positive, default=of.patience, help="epochs clearly below the best")
    options.add_argument("--resume", action="store_true", help="go on with a training that was stopped")
    options.add_argument(
        "--evaluate",
        choices=["signers", "blocks"],
        help="signers: also train without each signer (else session, else takes) and test on it; blocks: test on each "
        "fifth of the pictures, by what was trained on the others",
    )
    options.add_argument("--folds", type=cli.positive, default=10, help="of --evaluate: at most so many trainings")
    options.add_argument("--logs", type=Path, default=of.logs, metavar="DIR", help="for TensorBoard")
    return options


def main() -> None:
    """Train, save, evaluate, report."""
    args = cli.parse(parser())
    from handsign import bundle, crossvalidation, dataset, evaluation, task, training

    chosen = reduce(task.Task.variant, args.network, task.load(args.task))
    chosen = replace(chosen, window=args.window or chosen.window)
    everything = dataset.Split(test_size=0.0, seed=args.seed) if args.evaluate == "blocks" else None
    data = dataset.open_dataset(chosen, args.data, cli.split(args) or everything, args.seed)
    told = {field.name: getattr(args, field.name, None) for field in fields(Options)}
    options = Options(**{**chosen.training, **{name: value for name, value in told.items() if value is not None}})
    planned = crossvalidation.plan(chosen, data, args.evaluate, args.folds)
    trained = training.train(chosen, data, args.model, options, lambda model: model.summary())
    info = bundle.save(trained.model, args.model, bundle.describe(chosen, data.labels, data.rate), trained.lean)
    if not trained.interrupted:
        training.checkpoint_of(args.model).unlink(missing_ok=True)
    results = evaluation.evaluate(lambda x: trained.model.predict(x, verbose=0), chosen, data)
    if planned and not trained.interrupted:
        results |= crossvalidation.results(chosen, data, planned, options)
    parts = planned.parts if planned and planned.by == "block" else [data.part]
    results["baselines"] = chosen.goal.baselines(data, [part for part in parts if "test" in part])
    sheet = evaluation.augmented(chosen, data, args.seed)
    page = evaluation.report(args.report, results, trained, data, info, args.seed, sheet, chosen.goal)
    print(chosen.goal.summary(results, data))
    print(trained)
    print(f"model: {', '.join(str(path) for path in bundle.paths(args.model))}\nreport: {page}")


if __name__ == "__main__":
    cli.run(main)

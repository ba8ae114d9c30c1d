"""Train on the takes, and save a model that realtime.py can use, with a report on how good it is."""

from __future__ import annotations

import argparse
from dataclasses import fields
from pathlib import Path

from handsign import cli
from handsign.training import MONITORS, Options


def parser() -> argparse.ArgumentParser:
    """Options of `train.py`; the defaults are those of `training.Options`."""
    options, of = cli.parser(__doc__ or ""), Options()
    cli.add_split(options)
    options.add_argument("--network", metavar="NAME", help="another of the task's networks; of sign: conv, raw")
    options.add_argument("--raw", dest="network", action="store_const", const="raw", help="the same as --network raw")
    options.add_argument("--report", type=Path, default=Path("report"), metavar="DIR", help="where the report goes")
    options.add_argument("--epochs", type=cli.positive, help="at most so many (default: by the number of takes)")
    options.add_argument("--batch", type=cli.positive, default=of.batch, help="windows a step")
    options.add_argument("--learning-rate", type=cli.seconds, default=of.learning_rate, help="the tutorial's is 0.001")
    options.add_argument("--monitor", choices=MONITORS, help="what early stopping watches (default: val_loss, if any)")
    options.add_argument("--patience", type=cli.positive, default=of.patience, help="epochs clearly below the best")
    options.add_argument("--resume", action="store_true", help="go on with a training that was stopped")
    options.add_argument(
        "--evaluate",
        choices=["signers"],
        help="also train without each signer (else session, else takes) and test on it",
    )
    options.add_argument("--folds", type=cli.positive, default=10, help="of --evaluate: at most so many trainings")
    options.add_argument("--logs", type=Path, default=of.logs, metavar="DIR", help="for TensorBoard")
    return options


def main() -> None:
    """Train, save, evaluate, report."""
    args = parser().parse_args()
    from handsign import bundle, crossvalidation, dataset, evaluation, task, training

    chosen = task.load(args.task)
    chosen = chosen.variant(args.network) if args.network else chosen
    data = dataset.open_dataset(chosen, args.data, cli.split(args), args.seed)
    options = Options(**{field.name: getattr(args, field.name, field.default) for field in fields(Options)})
    folds = dataset.folds(data, args.folds) if args.evaluate else None
    trained = training.train(chosen, data, args.model, options, lambda model: model.summary())
    info = bundle.save(trained.model, args.model, bundle.describe(chosen, data.labels, data.rate), trained.lean)
    if not trained.interrupted:
        training.checkpoint_of(args.model).unlink(missing_ok=True)
    results = evaluation.evaluate(lambda x: trained.model.predict(x, verbose=0), chosen, data)
    if folds and not trained.interrupted:
        signers = crossvalidation.evaluate(chosen, data, folds, options)
        results |= {"signers": signers} if signers else {}
    sheet = evaluation.augmented(chosen, data, args.seed)
    page = evaluation.report(args.report, results, trained, data, info, args.seed, sheet)
    print(evaluation.summary(results, data))
    print(trained)
    print(f"model: {', '.join(str(path) for path in bundle.paths(args.model))}\nreport: {page}")


if __name__ == "__main__":
    cli.run(main)

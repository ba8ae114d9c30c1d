"""Turn recorded takes into a dataset: windows, one-hot labels, and which takes are kept for testing."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from handsign.cli import options as cli
from handsign.errors import InputError


def parser() -> argparse.ArgumentParser:
    """Options of `preprocess.py`."""
    options = cli.parser(__doc__ or "")
    cli.add_split(options)
    options.add_argument(
        "--rate", type=cli.seconds, help="samples a second (default: a window lasts as long as a take)"
    )
    options.add_argument(
        "--show",
        type=Path,
        nargs="?",
        const=True,
        metavar="FILE",
        help="save a sheet of what the model is shown (default: beside the dataset, as .png)",
    )
    options.add_argument("--out", type=Path, metavar="FILE", help="where the dataset goes (default: DATA/dataset.npz)")
    return options


def main(argv: Sequence[str] | None = None) -> None:
    """Prepare, save, and show what there is."""
    args = cli.parse(parser(), argv)
    from tqdm import tqdm

    from handsign import tasks
    from handsign.data.prepare import prepare
    from handsign.data.split import Split
    from handsign.data.table import save_figure, table
    from handsign.files import atomic

    task = tasks.load(args.task)
    figure = task.network().figure
    if args.show and not figure:
        raise InputError(f"{task.name} draws no pictures of its windows; leave out --show")
    split = cli.split(args) or Split(seed=args.seed)
    data, takes = prepare(
        args.data,
        task.format,
        task.windowing,
        split,
        args.rate,
        lambda found: tqdm(found, "reading", unit=" takes", disable=None),
    )
    out = args.out or (args.data if args.data.is_dir() else args.data.parent) / "dataset.npz"
    lines = [table(data, takes, task.windowing, task.format.columns), ""]
    lines += [f"split by {data.split}; {data.rate:.1f} samples a second"]
    lines += [f"samples from {', '.join(data.extractors)}"]
    lines += [f"left out: {name}: {reason}" for name, reason in data.left_out]
    data.save(out)
    with atomic(out.with_suffix(".txt")) as temporary:
        temporary.write_text("\n".join(lines) + "\n", encoding="utf-8")
    if args.show and figure:
        shown = save_figure(data, figure, out.with_suffix(".png") if args.show is True else args.show)
        lines += ["", f"pictures: {shown}"]
    print(
        "\n".join(lines),
        f"\n{len(data.X)} windows {data.X.shape[1:]} in {out}, this table in {out.with_suffix('.txt')}",
    )

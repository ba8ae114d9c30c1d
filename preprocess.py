"""Turn recorded takes into a dataset: windows, one-hot labels, and which takes are kept for testing."""

from __future__ import annotations

import argparse
from pathlib import Path

from handsign import cli


def parser() -> argparse.ArgumentParser:
    """Options of `preprocess.py`."""
    options = cli.parser(__doc__ or "")
    cli.add_split(options)
    options.add_argument(
        "--rate", type=cli.seconds, help="samples a second (default: a window lasts as long as a take)"
    )
    options.add_argument("--out", type=Path, metavar="FILE", help="where the dataset goes (default: DATA/dataset.npz)")
    return options


def main() -> None:
    """Prepare, save, and show what there is."""
    args = cli.parse(parser())
    from tqdm import tqdm

    from handsign import dataset, task
    from handsign.files import atomic

    chosen = task.load(args.task)
    split = cli.split(args) or dataset.Split(seed=args.seed)
    data, takes = dataset.prepare(
        chosen, args.data, split, args.rate, lambda found: tqdm(found, "reading", unit=" takes", disable=None)
    )
    out = args.out or (args.data if args.data.is_dir() else args.data.parent) / "dataset.npz"
    lines = [dataset.table(data, takes, chosen), "", f"split by {data.split}; {data.rate:.1f} samples a second"]
    lines += [f"samples from {', '.join(data.extractors)}"]
    lines += [f"left out: {name}: {reason}" for name, reason in data.left_out]
    data.save(out)
    with atomic(out.with_suffix(".txt")) as temporary:
        temporary.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(
        "\n".join(lines),
        f"\n{len(data.X)} windows {data.X.shape[1:]} in {out}, this table in {out.with_suffix('.txt')}",
    )


if __name__ == "__main__":
    cli.run(main)

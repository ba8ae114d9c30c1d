"""Turn takes into a dataset: `handsign.cli.preprocess`."""

from handsign.cli import preprocess
from handsign.cli.options import run

if __name__ == "__main__":
    run(preprocess.main)

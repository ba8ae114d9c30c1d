"""Train on takes and save a model: `handsign.cli.train`."""

from handsign.cli import train
from handsign.cli.options import run

if __name__ == "__main__":
    run(train.main)

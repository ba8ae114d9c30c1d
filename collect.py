"""Record takes, or import them: `handsign.cli.collect`."""

from handsign.cli import collect
from handsign.cli.options import run

if __name__ == "__main__":
    run(collect.main)

"""How long from typing the command to the first prediction: `python benchmarks/startup.py [--model FILE] [VIDEO]`.

Runs `realtime.py` on a video with a threshold of zero, so that the first prediction is printed as an event, five times;
beside it, in the same run, how long Python takes to import TensorFlow, which `realtime.py` does without.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))
LIVE = ("--threshold", "0", "--hold", "1", "--headless")


def seconds(*command: str | Path) -> float:
    """Seconds until a program prints its first line; it is ended then."""
    start = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, *command], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=ROOT
    ) as program:
        assert program.stdout is not None
        line = program.stdout.readline()
        took = time.perf_counter() - start
        program.kill()
    if not line:
        sys.exit(f"nothing was printed by {' '.join(map(str, command))}")
    return took


def main() -> None:
    """Measure and write `benchmarks/results/startup.json`."""
    from handsign import task
    from handsign.bundle import Bundle

    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("video", nargs="?", type=Path, default=ROOT / "../shared/data/video/webcam_hand.mp4")
    options.add_argument("--model", type=Path, default=ROOT / "action.h5")
    args = options.parse_args()
    known = Bundle.load(args.model, task.load("sign")).info.labels
    names = [f"output-{i}" for i in range(len(known))]  # a label for rest would never be printed
    live = ("realtime.py", "--model", args.model.resolve(), "--source", args.video.resolve(), *LIVE, "--labels", *names)
    tensorflow = ("-c", "import tensorflow; print(1, flush=True)")
    runs = [(seconds(*live), seconds(*tensorflow)) for _ in range(5)]
    first, imported = (statistics.median(column) for column in zip(*runs, strict=True))
    result = {
        "first_prediction_s": round(first, 2),
        "import_tensorflow_s": round(imported, 2),
        "ratio": round(imported / first, 2),
        "machine": f"{platform.machine()}, Python {platform.python_version()}",
    }
    target = ROOT / "benchmarks/results/startup.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(result))


if __name__ == "__main__":
    main()

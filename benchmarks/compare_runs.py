"""The runs of `compare.py`: arrays that the scripts of a checkout write. Both layouts of the package work."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
Numbers = dict[str, Array]
VIDEO = "webcam_hand.mp4"
LOW = "--threshold 0.05 --hold 1 --every 0 --no-gate"
"""So that the model is asked about every frame, and most answers become events."""
RENAMED = {"t": "time"}
"""Keys of an event: the old name -> the new one."""
IGNORED = {"session", "seconds"}
"""Keys of takes and reports that say when something was made, or how long it took."""
ACTION_WINDOW = 30
RANDOM_WINDOWS = {"trajectory": (64, 16, 2), "nextframe": (8, 15, 40, 40, 1)}

PREDICT = """
import sys
from pathlib import Path
import numpy as np, handsign
path, task, windows, out = sys.argv[1:]
assert Path(handsign.__file__).resolve().is_relative_to(Path.cwd()), f"imported {handsign.__file__}"
if hasattr(handsign, "load"):
    model = handsign.load(path)
    labels = list(model.labels)
    predict = model.predict if task == "sign" else lambda window: model.forecast(window, steps=1)[0]
else:
    from handsign.bundle import Bundle
    from handsign.task import load
    task = load(task)
    bundle = Bundle.load(Path(path), task)
    labels, predict = bundle.info.labels, lambda window: task.goal.answer(bundle.predict, task.encode(window))
answers = [predict(window) for window in np.load(windows)]
answers = [[answer[label] for label in labels] if isinstance(answer, dict) else answer for answer in answers]
np.savez(out, labels=np.array(labels), answers=np.array(answers, np.float64))
"""
WEIGHTS = """
import sys, h5py, numpy as np
found = {}
with h5py.File(sys.argv[1]) as file:
    file.visititems(lambda name, item: found.update({name: item[()]}) if isinstance(item, h5py.Dataset) else None)
np.savez(sys.argv[2], **found)
"""
PICTURES = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
import cv2, numpy as np, strikes
rng = np.random.default_rng(1)
for name, punching in (("punches", True), ("others", False)):
    folder = Path(sys.argv[2], name)
    folder.mkdir(parents=True)
    for i in range(10):
        cv2.imwrite(str(folder / f"{i + 1}.png"), strikes.person(rng, punching))
"""
DECODE = """
import sys, cv2, numpy as np
np.savez(sys.argv[1], **{path.rpartition("/")[2]: cv2.imread(path) for path in sys.argv[2:]})
"""
ONE_FRAME = """
import sys, cv2
frame = cv2.VideoCapture(sys.argv[1]).read()[1]
video = cv2.VideoWriter(sys.argv[2], cv2.VideoWriter_fourcc(*"mp4v"), 30, frame.shape[1::-1])
video.write(frame)
video.release()
"""


@dataclass(frozen=True)
class Checkout:
    """A checkout and where its runs write.

    root    of the checkout
    out     what a step writes; `earlier` holds what the steps before it have written
    base    OLD, which both checkouts take recordings, drawn pictures and landmarks from
    """

    root: Path
    out: Path
    earlier: Path
    base: Checkout | None = None

    @property
    def common(self) -> Checkout:
        """OLD."""
        return self.base or self

    @property
    def data(self) -> Path:
        """The folder of recordings beside OLD."""
        return self.common.root.parent / "shared/data"

    def environment(self) -> dict[str, str]:
        """The environment without PYTHONPATH, with fixed hashes and a feature cache for this checkout."""
        own = {"PYTHONHASHSEED": "0", "CUDA_VISIBLE_DEVICES": "", "HANDSIGN_CACHE": str(self.out / "cache")}
        return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | own

    def run(self, *command: Any) -> str:
        """Standard output of Python with these arguments, in the checkout.

        Raises:
            RuntimeError: the exit code is not 0.
        """
        words = [sys.executable, *map(str, command)]
        done = subprocess.run(words, cwd=self.root, env=self.environment(), capture_output=True, text=True, check=False)
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["no message"])[-1]
            raise RuntimeError(f"{shlex.join(map(str, command))[:200]}: exit code {done.returncode}: {last}")
        return done.stdout

    def commit(self) -> str:
        """The commit that is checked out, marked if files were changed since."""
        git = ["git", "-C", str(self.root), "describe", "--always", "--dirty", "--abbrev=12"]
        return subprocess.run(git, capture_output=True, text=True, check=False).stdout.strip()


# --- reading what a run wrote ------------------------------------------------------------------------------


def leaves(value: Any, name: str) -> Iterator[tuple[str, Any]]:
    """(path, number or text) of everything in a JSON value but the `IGNORED` keys."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key not in IGNORED:
                yield from leaves(inner, f"{name}/{key}")
    elif isinstance(value, list):
        for i, inner in enumerate(value):
            yield from leaves(inner, f"{name}/{i}")
    elif value is not None:
        yield name, value if isinstance(value, str) else float(value)


def read_takes(folder: Path) -> Numbers:
    """The arrays and the info of every take in a folder."""
    numbers: Numbers = {}
    for path in sorted(folder.rglob("*.npz")):
        name = path.relative_to(folder).as_posix()
        with np.load(path) as file:
            numbers |= {f"{name}/{key}": file[key] for key in file.files if key != "info"}
            if "info" in file.files:
                info = json.loads(file["info"].tobytes())
                numbers |= {key: np.array(value) for key, value in leaves(info, f"{name}/info")}
    return numbers


def read_events(path: Path) -> Numbers:
    """The values of every event of a JSONL file, by the new names of their keys, and the number of events."""
    numbers = {f"{path.stem}/events": np.array(0)}
    for i, line in enumerate(path.read_text(encoding="utf-8").splitlines()):
        event = {RENAMED.get(key, key): value for key, value in json.loads(line).items()}
        numbers |= {key: np.array(value) for key, value in leaves(event, f"{path.stem}/{i}")}
        numbers[f"{path.stem}/events"] = np.array(i + 1)
    return numbers


def read_metrics(path: Path) -> Numbers:
    """The numbers of a report's `metrics.json`."""
    found = leaves(json.loads(path.read_text(encoding="utf-8")), "metrics")
    return {key: np.array(value) for key, value in found if not isinstance(value, str)}


# --- steps: each runs the scripts of one checkout and returns the numbers they produce ------------------------


def landmarks(at: Checkout, name: str, options: str = "", source: str = "") -> Numbers:
    """Takes that collect.py extracts from all videos, or from one."""
    folder = at.out / name
    whole = ["--window", "whole", "--headless", "--data", folder, *options.split()]
    at.run("collect.py", "--source", at.data / "video" / source, *whole)
    return read_takes(folder)


def events(at: Checkout, options: str, source: str = "video/*.mp4") -> Numbers:
    """Events that realtime.py recognises in recordings."""
    numbers: Numbers = {}
    for recording in sorted(at.data.glob(source)):
        path = at.out / f"{recording.stem}.jsonl"
        at.run("realtime.py", "--source", recording, "--headless", "--events", path, *options.split())
        numbers |= read_events(path)
    return numbers


def probabilities(at: Checkout, model: str, task: str) -> Numbers:
    """Answers of a shipped model to every window of OLD's landmarks, or to random windows."""
    windows, answers = at.out / f"{model}-windows.npy", at.out / f"{model}-answers.npz"
    if task in RANDOM_WINDOWS:
        np.save(windows, np.random.default_rng(0).random(RANDOM_WINDOWS[task], np.float32))
    else:
        found = read_takes(at.common.earlier / "landmarks")
        takes = [samples for name, samples in found.items() if name.endswith("/samples")]
        views = [np.lib.stride_tricks.sliding_window_view(samples, ACTION_WINDOW, axis=0) for samples in takes]
        np.save(windows, np.concatenate([view.swapaxes(1, 2) for view in views]))
    at.run("-c", PREDICT, f"{model}.onnx", task, windows, answers)
    with np.load(answers) as file:
        return {key: file[key] for key in file.files}


def continued_film(at: Checkout) -> Numbers:
    """The pictures that nextframe draws of a film of squares, and how often it continues a video."""
    at.run("realtime.py", "--task", "nextframe", "--source", "squares:1004", "--output", at.out / "film/film.mp4")
    pictures = sorted((at.out / "film").glob("*.png"))
    at.run("-c", DECODE, at.out / "film.npz", *pictures)
    told = at.run("realtime.py", "--task", "nextframe", "--headless", "--source", at.data / "video" / VIDEO)
    counts = re.findall(r"\b\d+\b", told)
    with np.load(at.out / "film.npz") as file:
        return {key: file[key] for key in file.files} | {"continued": np.array(counts)}


def practice_takes(at: Checkout) -> Numbers:
    """Takes of the practice signer, which the trainings learn from."""
    plan = "--source practice:1 --signer practice-1 --actions hello thanks nothing --sequences 6 --pause 0.5 --headless"
    at.run("collect.py", *plan.split(), "--data", at.out / "practice")
    return read_takes(at.out / "practice")


def strike_pictures(at: Checkout) -> Numbers:
    """Pictures of strikes, drawn by OLD's tests and imported by each checkout."""
    tests = next(at.common.root.glob("tests/**/strikes.py")).parent
    at.run("-c", PICTURES, tests, at.out / "photos")
    at.run("collect.py", "import", at.out / "photos", "--task", "strike", "--data", at.out / "strikes")
    files = sorted((at.out / "strikes").rglob("*.jpg"))
    return {f"{path.parent.name}/{path.name}": np.frombuffer(path.read_bytes(), np.uint8) for path in files}


def training(at: Checkout, name: str, data: str, options: str) -> Numbers:
    """Weights and metrics of a short training on what an earlier step wrote or, with a slash, on a folder of OLD."""
    made, folder = at.out / name, at.common.root / data if data.endswith("/") else at.earlier / data
    outputs = ["--model", made / "model.h5", "--report", made / "report", "--logs", made / "logs"]
    at.run("train.py", "--data", folder, *outputs, "--seed", 0, *options.split())
    at.run("-c", WEIGHTS, made / "model.weights.h5", made / "weights.npz")
    with np.load(made / "weights.npz") as file:
        return {key: file[key] for key in file.files} | read_metrics(made / "report/metrics.json")


STEPS: dict[str, Callable[[Checkout], Numbers]] = {
    "landmarks": partial(landmarks, name="landmarks"),
    "landmarks, --fast": partial(landmarks, name="fast", options="--fast"),
    "fingertips": partial(landmarks, name="tips", options="--task trajectory --actions path", source=VIDEO),
    "events": partial(events, options=""),
    "events, low threshold": partial(events, options=LOW),
    "events, --fast": partial(events, options=f"--fast {LOW}", source=f"video/{VIDEO}"),
    "events, takes": partial(events, options="", source="asl_stranger/*.npz"),
    "events, silhouette": partial(events, options=f"--task strike --model silhouette {LOW}", source="video/squats.mp4"),
    "probabilities, action": partial(probabilities, model="action", task="sign"),
    "probabilities, trajectory": partial(probabilities, model="trajectory", task="trajectory"),
    "probabilities, nextframe": partial(probabilities, model="nextframe", task="nextframe"),
    "film, nextframe": continued_film,
    "practice takes": practice_takes,
    "training, lstm": partial(training, name="lstm", data="practice", options="--epochs 3"),
    "training, conv": partial(training, name="conv", data="practice", options="--epochs 3 --network conv"),
    "training, trajectory": partial(training, name="path", data="paths/", options="--task trajectory --epochs 1"),
    "strike pictures": strike_pictures,
    "training, strike": partial(training, name="strike", data="strikes", options="--task strike --epochs 2"),
}

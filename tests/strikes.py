"""Drawn people who punch or do not, and the scripts trained on pictures of them, as people use them."""

import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np

ROOT = Path(__file__).parent.parent
ROOM = cv2.GaussianBlur(np.random.default_rng(0).integers(60, 200, (120, 214, 3), np.uint8), (0, 0), 8)
COUNT = 10


def person(rng, punching):
    """A picture (120, 214, 3) of somebody who stands somewhere, or punches to the right."""
    image, x, floor = ROOM.copy(), int(rng.integers(80, 120)), int(rng.integers(104, 116))
    dark = tuple(int(v) for v in rng.integers(0, 40, 3))
    cv2.circle(image, (x, floor - 86), 7, dark, -1)
    cv2.rectangle(image, (x - 10, floor - 78), (x + 10, floor - 36), dark, -1)
    for side in (-6, 6):
        cv2.line(image, (x + side, floor - 36), (x + side, floor), dark, 7)
    arm = (x + 58, floor - 70 + int(rng.integers(-4, 5))) if punching else (x + 16, floor - 34)
    cv2.line(image, (x + 6, floor - 70), arm, dark, 7)
    return np.clip(image + rng.normal(0, 4, image.shape), 0, 255).astype(np.uint8)


def tiny_backbone(shape):
    """In place of a backbone: eight features, and its weights are always the same."""
    from handsign.bundle.keras_loader import import_keras

    keras = import_keras()
    keras.utils.set_random_seed(0)
    picture = keras.Input(shape)
    x = keras.layers.Conv2D(8, 9, strides=8, activation="relu")(picture)
    return keras.Model(picture, keras.layers.GlobalAveragePooling2D()(x), name="tiny")


def run(folder, script, *args, code=0):
    """What a script prints, run in `folder` for the task."""
    env = {**os.environ, "HANDSIGN_CACHE": str(folder / "cache"), "CUDA_VISIBLE_DEVICES": ""}
    command = [sys.executable, ROOT / script, *map(str, args), "--task", "strike"]
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stderr
    return done.stdout if code == 0 else done.stderr


def make(folder):
    """Two folders of pictures, imported and trained on; what the scripts printed."""
    rng = np.random.default_rng(1)
    for name, punching in (("punches", True), ("others", False)):
        (folder / "photos" / name).mkdir(parents=True)
        for i in range(COUNT):
            cv2.imwrite(str(folder / "photos" / name / f"{i + 1}.jpg"), person(rng, punching))
    (folder / "photos" / "punches" / "99.jpg").write_text("no picture")
    printed = {"import": run(folder, "collect.py", "import", "photos")}
    printed["again"] = run(folder, "collect.py", "import", "photos")
    printed["train"] = run(folder, "train.py", "--report", "report", "--evaluate", "blocks", "--epochs", 6)
    return printed

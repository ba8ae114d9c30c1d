"""The nextframe task: how its networks are trained, and its scripts."""

import contextlib
import importlib
import io
import json
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from handsign import tasks
from handsign.bundle.keras_loader import import_keras
from handsign.errors import InputError
from handsign.learn.config import TrainConfig
from handsign.tasks.nextframe import films, squares


@pytest.fixture(scope="module")
def task():
    import_keras()
    return tasks.load("nextframe")


def test_the_original_is_trained_as_the_example_is(task):
    from handsign.learn.training import _compile

    original = task.network("original")
    config = TrainConfig(**original.config)
    assert (config.batch, config.epochs) == (10, 300)
    model = original.build((15, 40, 40, 1), ["brightness"])
    assert model.count_params() == 407_001
    _compile(model, original.objective, 950, config)
    assert type(model.optimizer).__name__ == "Adadelta"
    assert float(model.optimizer.learning_rate.numpy()) == 1.0
    assert model.loss == "binary_crossentropy"
    assert original.augment is None
    data = films.dataset("nextframe", Path("squares"), None, 0)
    assert original.objective.training_view(model, data, "val")[0] is model


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Trained for one epoch on ten films of 24 x 20 pixels, as the command line does it."""
    folder = tmp_path_factory.mktemp("nextframe")
    whole, _ = squares.films(10, np.random.default_rng(0), 12)
    np.save(folder / "films.npy", (np.clip(whole[:, :, 8:32, 8:28, 0], 0, 1).swapaxes(0, 1) * 255).astype(np.uint8))
    run(folder, "train", "--data", "films.npy", "--epochs", "1", "--logs", "logs", "--test-size", "0.2")
    return folder


def run(folder, script, *options):
    """Run a script in a folder with these options; returns what it prints."""
    output = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(output):
        patch.chdir(folder)
        patch.setattr(sys, "argv", [f"{script}.py", "--task", "nextframe", *options])
        importlib.import_module(f"handsign.cli.{script}").main()
    return output.getvalue()


@pytest.mark.slow
def test_training_leaves_a_model_and_a_report(folder):
    metrics = json.loads((folder / "report/metrics.json").read_text())
    assert metrics["rows"] == {"train": 6, "val": 2, "test": 2}
    assert len(metrics["test"]["model"]["iou_rollout"]) == 5  # the films end there
    page = (folder / "report/index.html").read_text()
    assert "Rollout after 7 frames" in page
    assert (folder / "report/films.png").stat().st_size > 5000
    model = import_keras().saving.load_model(folder / "nextframe.h5", compile=False)  # by Keras alone
    assert model.input_shape == model.output_shape == (None, None, 24, 20, 1)


@pytest.mark.slow
def test_a_film_is_continued_beside_the_true_one(folder):
    out = folder / "out"
    output = run(folder, "realtime", "--source", "films.npy:3", "--output", "out/film.mp4")
    assert "11_animate.png" in output
    assert {p.name for p in out.iterdir()} == {"film.mp4", *(f"{i}_animate.png" for i in range(1, 12))}
    held = np.load(folder / "films.npy")[:, 3] / 255
    first, last = (cv2.imread(str(out / f"{i}_animate.png")) for i in (1, 11))
    assert first.shape == last.shape == (500, 1000, 3)
    assert (first[:, :500] == last[:, :500]).mean() < 1
    bright = [np.mean(cv2.imread(str(out / f"{i}_animate.png"))[:, 500:]) for i in (1, 11)]
    assert (bright[0] > bright[1]) == (held[0].mean() > held[10].mean())
    capture = cv2.VideoCapture(str(out / "film.mp4"))
    assert capture.get(cv2.CAP_PROP_FRAME_COUNT) == 7 + 16


@pytest.mark.slow
def test_a_film_of_another_size_or_number_is_refused(folder):
    for options, why in (
        ([], "was made for"),
        (["--source", "films.npy:10"], "there are 10 films"),
        (["--model", "none.h5"], "no model"),
    ):
        with pytest.raises(InputError, match=why):
            run(folder, "realtime", *options)


@pytest.mark.slow
def test_a_video_is_continued_throughout(folder):
    writer = cv2.VideoWriter(str(folder / "clip.mp4"), cv2.VideoWriter_fourcc(*"mp4v"), 20, (64, 48))
    for i in range(40):
        writer.write(np.full((48, 64, 3), 6 * i, np.uint8))
    writer.release()
    output = run(folder, "realtime", "--source", "clip.mp4", "--headless", "--output", "live.mp4")
    assert "clip.mp4 ended: continued 14 times" in output  # 2 s, 10 forecasts a second, the first after 0.6 s
    assert cv2.VideoCapture(str(folder / "live.mp4")).get(cv2.CAP_PROP_FRAME_COUNT) == 40

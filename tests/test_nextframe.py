"""The task of continuing films: what it is trained to, its scripts, and what it shows live."""

import contextlib
import importlib
import io
import json
import sys
from argparse import Namespace
from pathlib import Path

import cv2
import numpy as np
import pytest

from handsign import animation, films, squares
from handsign import task as tasks
from handsign.errors import InputError
from handsign.networks import import_keras
from handsign.sources import Frame

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def task():
    import_keras()
    return tasks.load("nextframe")


@pytest.fixture(scope="module")
def small(task):
    """The task's network on pictures of 12 x 12, untrained, and films for it."""
    shape = (9, 12, 12, 1)
    return task.build(shape, ["brightness"]), np.random.default_rng(0).random((5, *shape), np.float32)


def test_the_original_is_trained_as_the_example_is(task):
    from handsign.training import Options, _compile

    original = task.variant("original")
    options = Options(**original.training)
    assert (options.batch, options.epochs) == (10, 300)
    model = original.build((15, 40, 40, 1), ["brightness"])
    assert model.count_params() == 407_001
    _compile(model, original.goal, None, options)
    assert type(model.optimizer).__name__ == "Adadelta"
    assert float(model.optimizer.learning_rate.numpy()) == 1.0
    assert model.loss == "binary_crossentropy"
    assert original.augment is None
    assert original.goal.lesson(model, films.dataset("nextframe", Path("squares"), None, 0), "val")[0] is model


def test_practice_shows_the_model_what_it_said_itself(task, small):
    from handsign.continuing import practised

    model, film = small
    first = model.predict_on_batch(film)
    for times in (1, 2):
        said = practised(model, 4, times).predict_on_batch(film)
        np.testing.assert_allclose(said[:, :9], first, atol=1e-6)
        own = first
        for _ in range(times):
            own = model.predict_on_batch(np.concatenate([film[:, :4], own[:, 3:-1]], axis=1))
        np.testing.assert_allclose(said[:, 9:], own, atol=1e-6)
    alone = films.ahead(model.predict_on_batch, film[:, :4], 2)
    np.testing.assert_allclose(said[:, 9 + 3 : 9 + 5], alone, atol=1e-6)


def test_practice_trains_the_model_itself(small):
    from handsign.continuing import practised

    model, film = small
    trainee = practised(model, 4, 1)
    before = [weights.copy() for weights in model.get_weights()]
    trainee.compile("sgd", "binary_crossentropy")
    trainee.train_on_batch(film, np.concatenate([film, film], axis=1).round())
    assert all((a != b).any() for a, b in zip(before, model.get_weights(), strict=True))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Trained for one epoch on ten films of 24 x 20 pixels, as the command line does it."""
    folder = tmp_path_factory.mktemp("nextframe")
    whole, _ = squares.films(10, np.random.default_rng(0), 12)
    np.save(folder / "films.npy", (np.clip(whole[:, :, 8:32, 8:28, 0], 0, 1).swapaxes(0, 1) * 255).astype(np.uint8))
    run(folder, "train", "--data", "films.npy", "--epochs", "1", "--logs", "logs", "--test-size", "0.2")
    return folder


def run(folder, script, *options):
    """What a script, called in a folder with these options, writes to the terminal."""
    told = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(told):
        patch.syspath_prepend(ROOT)
        patch.chdir(folder)
        patch.setattr(sys, "argv", [f"{script}.py", "--task", "nextframe", *options])
        importlib.import_module(script).main()
    return told.getvalue()


def test_training_leaves_a_model_and_a_report(folder):
    metrics = json.loads((folder / "report/metrics.json").read_text())
    assert metrics["rows"] == {"train": 6, "val": 2, "test": 2}
    assert len(metrics["test"]["model"]["iou_rollout"]) == 5  # the films end there
    page = (folder / "report/index.html").read_text()
    assert "Alone, after 7 pictures" in page
    assert (folder / "report/films.png").stat().st_size > 5000
    model = import_keras().saving.load_model(folder / "nextframe.h5", compile=False)  # without a line of ours
    assert model.input_shape == model.output_shape == (None, None, 24, 20, 1)


def test_a_film_is_continued_beside_what_came(folder):
    out = folder / "out"
    told = run(folder, "realtime", "--source", "films.npy:3", "--output", "out/film.mp4")
    assert "11_animate.png" in told
    assert {p.name for p in out.iterdir()} == {"film.mp4", *(f"{i}_animate.png" for i in range(1, 12))}
    held = np.load(folder / "films.npy")[:, 3] / 255
    first, last = (cv2.imread(str(out / f"{i}_animate.png")) for i in (1, 11))
    assert first.shape == last.shape == (500, 1000, 3)
    assert (first[:, :500] == last[:, :500]).mean() < 1
    bright = [np.mean(cv2.imread(str(out / f"{i}_animate.png"))[:, 500:]) for i in (1, 11)]
    assert (bright[0] > bright[1]) == (held[0].mean() > held[10].mean())
    capture = cv2.VideoCapture(str(out / "film.mp4"))
    assert capture.get(cv2.CAP_PROP_FRAME_COUNT) == 7 + 16


def test_a_film_of_another_size_or_number_is_refused(folder):
    for options, why in (
        ([], "was made for"),
        (["--source", "films.npy:10"], "there are 10 films"),
        (["--model", "none.h5"], "no model"),
    ):
        with pytest.raises(InputError, match=why):
            run(folder, "realtime", *options)


def test_a_video_is_continued_all_along(folder):
    writer = cv2.VideoWriter(str(folder / "clip.mp4"), cv2.VideoWriter_fourcc(*"mp4v"), 20, (64, 48))
    for i in range(40):
        writer.write(np.full((48, 64, 3), 6 * i, np.uint8))
    writer.release()
    told = run(folder, "realtime", "--source", "clip.mp4", "--headless", "--output", "live.mp4")
    assert "clip.mp4 ended: continued 14 times" in told  # 2 s of it, 10 looks a second, the first after 0.6 s
    assert cv2.VideoCapture(str(folder / "live.mp4")).get(cv2.CAP_PROP_FRAME_COUNT) == 40


def session(task, rate=10.0):
    """A session whose model says that every picture gets a tenth brighter."""
    return animation.Continuing(task, None, lambda x: x + 0.1, rate)


def seen(session, times):
    for at in times:
        sample = np.full((40, 40, 1), at / 10, np.float32)
        session.see(Frame(np.zeros((480, 640, 3), np.uint8), at, sample))


def test_live_it_waits_for_seven_pictures_and_looks_at_its_own_rate(task):
    live = session(task)
    seen(live, np.arange(18) / 30)
    assert live.said is None
    assert live.picture(np.ones((480, 640, 3), np.uint8)).all()
    seen(live, [0.6])
    np.testing.assert_allclose(live.seen[:, 0, 0, 0], np.arange(7) / 100, atol=1e-6)
    np.testing.assert_allclose(live.said[:, 0, 0, 0], 0.06 + 0.1 * np.arange(1, 17), atol=1e-5)
    seen(live, 0.6 + np.arange(1, 31) / 30)
    assert live.looks == 11
    seen(live, [0.1])  # another film begins
    assert live.looks == 11


def test_live_the_sheet_shows_what_was_seen_and_what_was_said(task):
    live = session(task)
    seen(live, np.arange(8) / 10)
    sheet = live.picture(np.zeros((480, 640, 3), np.uint8))
    assert sheet.shape == (480, 640, 3)
    middle = sheet[120 + 40 :: 80, 40::80][:3]  # of each of the 3 x 8 small pictures
    expected = np.clip(np.concatenate([live.seen[:, 0, 0, 0], [24 / 255], live.said[:, 0, 0, 0]]), 0, 1) * 255
    np.testing.assert_allclose(middle[..., 0].ravel(), expected, atol=1.01)
    assert "predictions" in live.view().title


def test_without_a_camera_or_a_source_the_example_is_shown(task, monkeypatch):
    asked = []
    monkeypatch.setattr(films, "one", lambda spec: asked.append(spec))
    monkeypatch.setattr("handsign.bundle.made_for", lambda path: Namespace(sample=(40, 40, 1), window=15, rate=10.0))
    monkeypatch.setattr("handsign.bundle.Bundle.load", lambda path, task: Namespace(predict=None))
    monkeypatch.setattr(animation, "continue_live", lambda *args: asked.append("live"))
    for told in ({}, {"source": "a.mp4"}, {"camera": "0"}):
        animation.watch(Namespace(**{"task": "nextframe", "model": None, "source": None, "camera": None, **told}))
    assert asked == ["squares", "live", "a.mp4", "live", "live"]

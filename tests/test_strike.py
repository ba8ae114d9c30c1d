"""Strikes from folders of pictures to events, with the scripts as people use them, on drawn people."""

import json
import os
import subprocess
import sys
from argparse import Namespace
from contextlib import ExitStack

import cv2
import numpy as np
import pytest
from conftest import ROOT

from handsign import bundle, live, voice
from handsign import task as tasks
from handsign.frames import small
from handsign.live import recogniser
from handsign.session import Event
from handsign.sources import Frame

ROOM = cv2.GaussianBlur(np.random.default_rng(0).integers(60, 200, (120, 214, 3), np.uint8), (0, 0), 8)
COUNT = 20


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


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Two folders of pictures, imported and trained on, and what the scripts printed."""
    folder, rng = tmp_path_factory.mktemp("strike"), np.random.default_rng(1)
    for name, punching in (("punches", True), ("others", False)):
        (folder / "photos" / name).mkdir(parents=True)
        for i in range(COUNT):
            cv2.imwrite(str(folder / "photos" / name / f"{i + 1}.jpg"), person(rng, punching))
    (folder / "photos" / "punches" / "99.jpg").write_text("no picture")
    told = {"import": run(folder, "collect.py", "import", "photos")}
    told["again"] = run(folder, "collect.py", "import", "photos")
    told["train"] = run(folder, "train.py", "--report", "report", "--evaluate", "blocks", "--epochs", 6)
    return folder, told


def run(folder, script, *args, code=0):
    env = {**os.environ, "HANDSIGN_CACHE": str(folder / "cache"), "CUDA_VISIBLE_DEVICES": ""}
    command = [sys.executable, ROOT / script, *map(str, args), "--task", "strike"]
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stderr
    return done.stdout if code == 0 else done.stderr


def test_what_is_imported_is_counted_and_a_bad_picture_is_a_line(made):
    folder, told = made
    assert f"strikes: {COUNT} pictures of other, {COUNT} pictures of punch" in told["import"]
    assert "left out: punches/99.jpg: cannot be read as a picture" in told["import"]
    assert "1 new takes of punch" in told["import"]
    assert "nothing new" in told["again"]
    assert len(list((folder / "strikes" / "punch").glob("*.jpg"))) == COUNT


def test_the_blocks_that_were_left_out_are_known(made):
    folder, told = made
    metrics = json.loads((folder / "report" / "metrics.json").read_text())
    assert metrics["labels"] == ["other", "punch"]
    assert metrics["test"]["accuracy"] >= 0.95
    assert metrics["test"]["rows"] == 2 * COUNT
    assert [fold["windows"] for fold in metrics["test"]["folds"]] == [8] * 5
    assert metrics["baselines"]["majority"] == 0.5
    assert set(metrics["baselines"]) == {"majority", "raw_pixels", "silhouette"}
    assert metrics["rows"]["test"] == 0  # the model that is kept learned from all blocks
    assert "Tested on people it has seen" in metrics["honesty"]
    assert "on the same pictures: majority 50.0%" in told["train"]
    page = (folder / "report" / "index.html").read_text()
    assert "raw pixels" in page
    assert (folder / "report" / "augmented.png").stat().st_size > 10_000


@pytest.fixture(scope="module")
def model(made):
    return bundle.Bundle.load(made[0] / "strike.h5", tasks.load("strike"))


def test_the_bundle_takes_raw_pictures_and_says_how_it_is_to_be_asked(model):
    info = model.info
    assert (info.window, info.rate, tuple(info.sample)) == (1, 10.0, (56, 100, 3))
    assert (info.threshold, info.quiet, info.stand, info.every) == (0.35, 0.4, "stand", 0.1)
    rng = np.random.default_rng(7)
    x = np.stack([small(person(rng, i % 2 == 0))[None] for i in range(8)])
    said = model.predict(x)
    assert (said.argmax(axis=1) == [1, 0] * 4).all()
    np.testing.assert_allclose(model.predict(x[..., ::-1]), said, atol=1e-5)  # blue first or red first


def test_it_loads_as_a_plain_keras_model(made, model):
    x = np.random.default_rng(0).uniform(0, 255, (2, 1, 56, 100, 3)).astype(np.float32)
    network = bundle.load_h5(made[0] / "strike.h5")
    np.testing.assert_allclose(network.predict_on_batch(x), model.predict(x), atol=1e-5)


def test_live_every_strike_is_one_event_and_standing_again_another(model):
    rng, asked = np.random.default_rng(3), []

    def predict(x):
        asked.append(x)
        return model.predict(x)

    task = tasks.load("strike")
    session = recogniser(task, small, predict, model.info)
    punching = [False] * 30 + [True] * 20 + [False] * 40 + [True] * 20 + [False] * 20
    for i, strikes in enumerate(punching):
        session.see(Frame(person(rng, strikes), i / 30))
    assert [event.label for event in session.events] == ["punch", "stand", "punch", "stand"]
    assert list(session.sentence) == ["punch", "punch"]
    assert len(asked) == pytest.approx(len(punching) / 3, abs=2)  # ten looks a second


@pytest.mark.parametrize(
    ("options", "every"), [({}, 0.02), ({"source": "a video"}, 0.1), ({"every": 0.0}, 0.0), ({"every": 0.5}, 0.5)]
)
def test_a_fast_machine_looks_more_often_at_a_camera(made, monkeypatch, options, every):
    monkeypatch.setattr(live, "_look", lambda bundle: 0.01)
    names = ("network", "labels", "threshold", "hold", "rearm", "release", "every", "source")
    args = Namespace(**{**dict.fromkeys(names), "model": made[0] / "strike.h5", **options})
    assert live.open_model(args, tasks.load("strike")).info.every == every


def test_what_is_recognised_is_said_but_not_the_end_of_it(model, monkeypatch):
    said = []
    monkeypatch.setattr(voice, "first", lambda programs, what: "a voice")
    monkeypatch.setattr(voice, "give", lambda program, text: said.append((program, text)))
    args = Namespace(act=None, map=None, dry_run=False, speak=True)
    with ExitStack() as stack:
        (say,) = live.open_outputs(args, model.info, stack)
        for label in ("punch", "stand", "punch"):
            say(Event(0.0, label, 1.0))
    assert said == [("a voice", "punch")] * 2


def test_a_video_becomes_events_and_actions(made):
    folder, rng = made[0], np.random.default_rng(5)
    writer = cv2.VideoWriter(str(folder / "live.mp4"), cv2.VideoWriter_fourcc(*"mp4v"), 30, (214, 120))
    for strikes in [False] * 30 + [True] * 20 + [False] * 30:
        writer.write(person(rng, strikes))
    writer.release()
    (folder / "actions.toml").write_text("[on.punch]\ncommand = ['true']\n[on.stand]\ncommand = ['true']\n")
    act = ["--act", "command", "--map", "actions.toml", "--dry-run"]
    told = run(folder, "realtime.py", "--source", "live.mp4", "--headless", "--events", "events.jsonl", *act)
    events = [json.loads(line) for line in (folder / "events.jsonl").read_text().splitlines()]
    assert [event["label"] for event in events] == ["punch", "stand"]
    assert told.count("would act: command true") == 2


def test_frames_of_a_video_every_third_one(made):
    folder = made[0]
    if not (folder / "live.mp4").exists():
        pytest.skip("there is no video")
    told = run(folder, "collect.py", "--source", "live.mp4", "--actions", "kick", "--every", 3, "--data", "more")
    assert "more: 27 pictures of kick" in told


@pytest.mark.parametrize(
    ("script", "args", "message"),
    [
        ("train.py", ["--network", "silhouette"], "silhouette needs no training: run realtime.py"),
        ("train.py", ["--evaluate", "blocks", "--network", "nosuch"], "strike has no network 'nosuch'"),
        ("realtime.py", ["--network", "conv", "--headless"], "for what needs no training (of strike: silhouette)"),
        ("realtime.py", ["--act", "keys", "--headless"], "and --map FILE"),
        (
            "realtime.py",
            ["--act", "http", "--map", "none.toml", "--source", "photos/punches", "--headless"],
            "none.toml",
        ),
        ("collect.py", ["--source", "practice", "--headless"], "which strike does not look at"),
        ("collect.py", ["import", "nowhere"], "nowhere is not there"),
    ],
)
def test_what_cannot_be_done_is_one_line(made, script, args, message):
    told = run(made[0], script, *args, code=2)
    assert message in told
    assert "Traceback" not in told

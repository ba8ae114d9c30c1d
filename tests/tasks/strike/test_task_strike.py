"""Strikes from folders of pictures to events, with the scripts as people use them, on drawn people."""

import json
from argparse import Namespace
from contextlib import ExitStack
from dataclasses import replace

import cv2
import numpy as np
import pytest
from strikes import COUNT, person, run

from handsign import tasks
from handsign.bundle.h5 import load_h5
from handsign.capture.source import Frame
from handsign.cli import show
from handsign.live import speech
from handsign.live.trigger import Event
from handsign.tasks.strike.images import to_sample


@pytest.mark.slow
def test_imported_pictures_are_counted_and_an_unreadable_one_is_a_line(strikes):
    folder, told = strikes
    assert f"strikes: {COUNT} pictures of other, {COUNT} pictures of punch" in told["import"]
    assert "left out: punches/99.jpg: cannot be read as a picture" in told["import"]
    assert "1 new takes of punch" in told["import"]
    assert "nothing new" in told["again"]
    assert len(list((folder / "strikes" / "punch").glob("*.jpg"))) == COUNT


@pytest.mark.slow
def test_blocks_that_were_left_out_are_recognised(strikes):
    folder, told = strikes
    metrics = json.loads((folder / "report" / "metrics.json").read_text())
    assert metrics["labels"] == ["other", "punch"]
    assert metrics["test"]["accuracy"] >= 0.95
    assert metrics["test"]["rows"] == 2 * COUNT
    assert [fold["windows"] for fold in metrics["test"]["folds"]] == [2 * COUNT // 5] * 5
    assert metrics["baselines"]["majority"] == 0.5
    assert set(metrics["baselines"]) == {"majority", "raw_pixels", "silhouette"}
    assert metrics["rows"]["test"] == 0  # the model that is kept learned from all blocks
    assert "Tested on people it has seen" in metrics["generalisation_note"]
    assert "on the same pictures: majority 50.0%" in told["train"]
    page = (folder / "report" / "index.html").read_text()
    assert "raw pixels" in page
    assert (folder / "report" / "augmented.png").stat().st_size > 10_000


@pytest.fixture(scope="module")
def model(strikes):
    return tasks.load("strike").load_model(strikes[0] / "strike.h5")


def test_the_bundle_takes_raw_pictures_and_holds_its_trigger_levels(model):
    info = model.info
    assert (info.window, info.rate, tuple(info.sample)) == (1, 10.0, (56, 100, 3))
    trigger = info.trigger
    assert (trigger.threshold, trigger.rest_threshold) == (0.35, 0.4)
    assert (trigger.idle_event, trigger.min_interval) == ("stand", 0.1)
    rng = np.random.default_rng(7)
    x = np.stack([to_sample(person(rng, i % 2 == 0))[None] for i in range(8)])
    y_pred = model.predict(x)
    assert (y_pred.argmax(axis=1) == [1, 0] * 4).all()
    np.testing.assert_allclose(model.predict(x[..., ::-1]), y_pred, atol=1e-5)  # blue first or red first


@pytest.mark.slow
def test_it_loads_as_a_plain_keras_model(strikes, model):
    x = np.random.default_rng(0).uniform(0, 255, (2, 1, 56, 100, 3)).astype(np.float32)
    network = load_h5(strikes[0] / "strike.h5")
    np.testing.assert_allclose(network.predict_on_batch(x), model.predict(x), atol=1e-5)


def test_live_every_strike_is_an_event_and_so_is_standing_again(model):
    rng, asked = np.random.default_rng(3), []

    def predict(x):
        asked.append(x)
        return model.predict(x)

    session = tasks.load("strike").recogniser(replace(model, _network=predict))
    punching = [False] * 30 + [True] * 20 + [False] * 40 + [True] * 20 + [False] * 20
    for i, strikes in enumerate(punching):
        image = person(rng, strikes)
        session.update(Frame(image, i / 30, to_sample(image)))
    assert [event.label for event in session.events] == ["punch", "stand", "punch", "stand"]
    assert list(session.sentence) == ["punch", "punch"]
    assert len(asked) == pytest.approx(len(punching) / 3, abs=2)  # ten predictions a second


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "interval"),
    [({}, 0.02), ({"source": "a video"}, 0.1), ({"min_interval": 0.0}, 0.0), ({"min_interval": 0.5}, 0.5)],
)
def test_a_fast_machine_predicts_more_often_on_a_camera(strikes, monkeypatch, options, interval):
    monkeypatch.setattr(show, "_seconds_per_prediction", lambda bundle: 0.01)
    names = ("labels", "source", *show.LEVELS)
    args = Namespace(**{**dict.fromkeys(names), "model": strikes[0] / "strike.h5", **options})
    assert show.open_model(args, tasks.load("strike")).info.trigger.min_interval == interval


def test_recognised_strikes_are_spoken_but_not_the_idle_event(model, monkeypatch):
    spoken = []
    monkeypatch.setattr(speech, "find_program", lambda programs, purpose: "a voice")
    monkeypatch.setattr(speech, "send_text", lambda program, text: spoken.append((program, text)))
    args = Namespace(act=None, map=None, dry_run=False, speak=True)
    with ExitStack() as stack:
        (say,) = show.open_outputs(args, model.info, stack)
        for label in ("punch", "stand", "punch"):
            say(Event(0.0, label, 1.0))
    assert spoken == [("a voice", "punch")] * 2


@pytest.mark.slow
def test_a_video_becomes_events_and_actions(strikes):
    folder, rng = strikes[0], np.random.default_rng(5)
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


@pytest.mark.slow
def test_frames_of_a_video_every_third_one(strikes):
    folder = strikes[0]
    if not (folder / "live.mp4").exists():
        pytest.skip("there is no video")
    told = run(folder, "collect.py", "--source", "live.mp4", "--actions", "kick", "--every", 3, "--data", "more")
    assert "more: 27 pictures of kick" in told


@pytest.mark.slow
@pytest.mark.parametrize(
    ("script", "args", "message"),
    [
        ("train.py", ["--network", "silhouette"], "silhouette needs no training: run realtime.py"),
        ("train.py", ["--evaluate", "blocks", "--network", "nosuch"], "strike has no network 'nosuch'"),
        ("realtime.py", ["--model", "nosuch", "--headless"], "there is no model nosuch"),
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
def test_what_cannot_be_done_is_one_line(strikes, script, args, message):
    told = run(strikes[0], script, *args, code=2)
    assert message in told
    assert "Traceback" not in told

"""The page in JavaScript computes the same as Python, on data that is made here; and the tests in web/tests."""

from __future__ import annotations

import base64
import json
import re
import shutil
import subprocess
from types import SimpleNamespace
from typing import Any

import cv2
import msgspec
import numpy as np
import pytest
from conftest import ROOT

from handsign import tasks
from handsign.bundle.info import FORMAT_1, BundleInfo, TriggerConfig, parse
from handsign.bundle.runtime import read_info
from handsign.capture.source import Frame
from handsign.data.take import is_rest
from handsign.data.windows import resample
from handsign.landmarks.holistic import HOLISTIC
from handsign.landmarks.layout import Layout, Part
from handsign.live.recogniser import Recogniser
from handsign.live.trigger import Trigger

NODE = shutil.which("node")
pytestmark = pytest.mark.skipif(NODE is None, reason="node is not installed")
LAYOUT = Layout((Part("a", 2), Part("b", 1)))
IDLE = {"rest_threshold": 0.4, "idle_event": "stand"}


def ask(what: str, **options: Any) -> Any:
    """The answer of web/tests/ask.mjs."""
    text = json.dumps({"ask": what, **options}, default=lambda array: array.tolist())
    done = subprocess.run([NODE, "web/tests/ask.mjs"], cwd=ROOT, input=text, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def columns(layout: Layout) -> list[tuple[str, int, tuple[str, ...]]]:
    return [(part.name, part.points, part.fields) for part in layout.parts]


def groups(layout: Layout) -> list[tuple[int, int]]:
    return [(group.start, group.stop) for group in layout.slices.values()]


@pytest.fixture(scope="module")
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.mark.slow
@pytest.mark.parametrize("frames", [1, 2, 7, 30])
def test_resample_is_the_same_to_the_bit(rng, frames):
    samples = rng.normal(size=(frames, LAYOUT.size)).astype(np.float32)
    for start, end in groups(LAYOUT):
        samples[rng.random(frames) < 0.4, start:end] = 0
    times = np.cumsum(rng.uniform(0.01, 0.2, frames))
    for at in (np.linspace(times[0] - 0.3, times[-1] + 0.3, 40), times, times[[0, -1]], (times[1:] + times[:-1]) / 2):
        found = ask("resample", samples=samples, times=times, at=at, groups=groups(LAYOUT))
        expected = resample(samples, times, at, list(LAYOUT.slices.values()))
        np.testing.assert_array_equal(np.array(found, np.float32).reshape(-1, LAYOUT.size), expected)


@pytest.mark.parametrize(
    ("labels", "config"),
    [
        (["a", "b", "nothing"], {"threshold": 0.5, "min_consecutive": 2, "refractory": 0.3, "release": 0.35}),
        (["a", "b"], {"threshold": 0.6, "min_consecutive": 1, "refractory": 0.0, "release": 0.9}),
        (["kick", "Other", "up"], {"threshold": 0.35, "min_consecutive": 2, "refractory": 0.2, "release": 0.3, **IDLE}),
        (
            ["-", "rest"],
            {"threshold": 0.1, "min_consecutive": 1, "refractory": 0.1, "release": 0.0, "idle_event": "up"},
        ),
    ],
)
def test_trigger_emits_the_same_events(rng, labels, config):
    trigger = Trigger(labels, TriggerConfig(**config))
    times = np.cumsum(rng.uniform(0.02, 0.15, 400))
    logits = np.repeat(rng.normal(size=(100, len(labels))), 4, axis=0) * 2 + rng.normal(size=(400, len(labels))) / 2
    predictions = (np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)).astype(np.float32)
    expected = [trigger.update(float(t), p) for t, p in zip(times, predictions, strict=True)]
    pairs = list(zip(times.tolist(), predictions.tolist(), strict=True))
    found = ask("trigger", labels=labels, config=config, predictions=pairs)
    assert [f and (f["t"], f["label"]) for f in found] == [e and (e.time, e.label) for e in expected]
    both = [(f["probability"], e.probability) for f, e in zip(found, expected, strict=True) if e]
    np.testing.assert_allclose(*zip(*both, strict=True), rtol=1e-6) if both else None
    assert any(expected) != all(map(is_rest, labels))


def people(rng: np.random.Generator, frames: int) -> np.ndarray:
    """Frames (frames, 1662) of somebody, upright or not, whose arms are anywhere and parts now and then missing."""
    samples = rng.uniform(0, 1, (frames, HOLISTIC.size)).astype(np.float32)
    pose = HOLISTIC.view(samples, "pose")
    pose[:, [11, 12], 1] = rng.uniform(0.2, 0.4)
    pose[:, [23, 24], 1] = rng.uniform(0.3, 1.0)
    height = rng.uniform(0.3, 1.3)
    pose[:, [15, 16], 1] = height + rng.uniform(0, 0.2, (frames, 2))
    for part, missing in (("pose", 0.1), ("left_hand", 0.9), ("right_hand", 0.7)):
        points = HOLISTIC.view(samples, part)
        if part != "pose":
            points[..., 1] = height + 0.2 * points[..., 1]
        points[rng.random(frames) < missing] = 0
    return samples


@pytest.mark.slow
def test_the_gate_opens_and_closes_for_the_same_windows(rng):
    gate = tasks.load("sign").gate
    windows = [people(rng, 30) for _ in range(40)] + [np.zeros((30, HOLISTIC.size), np.float32)]
    windows += [window * (np.arange(HOLISTIC.size) >= 132) for window in windows[:5]]  # no pose
    for window in windows[:20]:
        HOLISTIC.view(window, "pose")[:, [15, 16], 3] *= rng.random() < 0.3  # wrists out of sight
    expected = [gate(window) for window in windows]
    assert ask("gate", layout=columns(HOLISTIC), windows=[w.ravel() for w in windows]) == expected
    assert 5 < sum(expected) < len(windows) - 5


@pytest.mark.slow
def test_recognition_gives_the_same_results(rng):
    """Twelve seconds of a camera that stops once: the same probabilities, events and rest at the same times."""
    task = tasks.load("sign")
    labels = ["hello", "nothing", "thanks"]
    config = {"threshold": 0.5, "min_consecutive": 3, "refractory": 0.5, "release": 0.4}
    info = BundleInfo(
        task="sign",
        labels=labels,
        window=10,
        rate=15.0,
        sample=(1662,),
        layout=columns(HOLISTIC),
        trigger=TriggerConfig(min_interval=0.05, **config),
    )
    times = np.cumsum(np.r_[0, rng.uniform(0.02, 0.05, 300)])
    times[150:] += 2.0
    samples = people(rng, len(times))
    shown = 0.01 + np.abs(np.sin(times[:, None] * [0.9, 0.5, 1.3])) ** 3
    samples[:, :3] = shown / shown.sum(axis=1, keepdims=True)
    HOLISTIC.view(samples, "pose")[:, [15, 16], 1:] = [0.1, 0.0, 1.0]  # wrists up, in sight
    samples[200:240, 132:] = 0
    HOLISTIC.view(samples[200:240], "pose")[:, [15, 16], 3] = 0
    session = Recogniser(info, lambda window: window[-1, :3], task.format.groups, task.gate)
    expected = []
    for t, sample in zip(times, samples, strict=True):
        found = session.update(Frame(np.zeros((1, 1, 3), np.uint8), float(t), sample))
        expected.append(None if found is None else found.tolist())
    frames = list(zip(times.tolist(), samples.tolist(), strict=True))
    answer = ask("recognise", metadata=msgspec.to_builtins(info), frames=frames)
    assert [f["probabilities"] for f in answer["found"]] == expected
    events = [(f["event"]["t"], f["event"]["label"]) for f in answer["found"] if f["event"]]
    assert events == [(event.time, event.label) for event in session.events]
    assert len(events) > 3
    assert [0.0, 1.0, 0.0] in expected  # at rest
    assert None in expected[160:]  # the window filled again
    assert answer["sentence"] == list(session.sentence)


@pytest.mark.slow
def test_a_slow_browser_needs_fewer_predictions_but_at_least_two():
    info = {"labels": ["a", "b"], "window": 2, "rate": 30.0, "layout": columns(HOLISTIC), "min_consecutive": 10}
    info |= {"threshold": 0.5, "refractory": 0.5, "release": 0.4, "format": 1}
    for rate, expected in ((60.0, 10), (30.0, 10), (12.0, 4), (3.0, 2)):
        frames = [[i / rate, [0.0] * HOLISTIC.size] for i in range(30)]
        assert ask("recognise", metadata=info, frames=frames)["minConsecutive"] == expected


def test_a_forecast_follows_the_window_that_ends_now():
    frames = [[i / 60, [0.1 + i / 100, 0.5]] for i in range(20)]
    found = ask("forecast", metadata={"window": 16, "rate": 60.0, "format": 1}, frames=frames)
    assert found[:14] == [None] * 14
    np.testing.assert_allclose(found[-1], [0.1 + 20 / 100, 0.5], atol=1e-6)


def test_fingertips_are_the_right_hand_first():
    samples = np.zeros((3, HOLISTIC.size), np.float32)
    HOLISTIC.view(samples, "left_hand")[:2, 8] = [0.2, -0.5, 1.0]
    HOLISTIC.view(samples, "right_hand")[0, 8] = [0.7, 0.6, 1.0]
    found = ask("fingertip", samples=samples)
    np.testing.assert_allclose(found, [[0.7, 0.6], [0.2, 1e-4], [0, 0]], atol=1e-6)


@pytest.mark.parametrize("name", ["action", "trajectory", "nextframe"])
def test_the_metadata_of_the_shipped_bundles_are_read(name):
    path = ROOT / f"{name}.onnx"
    found = ask("metadata", file=base64.b64encode(path.read_bytes()).decode())
    assert parse(json.dumps(found), name) == read_info(path)


@pytest.mark.parametrize("cut", [0, 5, 1000, -3000])
def test_a_damaged_bundle_is_reported(cut):
    data = (ROOT / "action.onnx").read_bytes()
    assert "error" in ask("metadata", file=base64.b64encode(data[:cut]).decode())


@pytest.mark.slow
@pytest.mark.parametrize("size", [(640, 480), (480, 640), (1280, 720), (101, 57)])
def test_images_are_resized_as_by_opencv(rng, size):
    picture = rng.integers(0, 256, (size[1] // 8 + 1, size[0] // 8 + 1, 3), np.uint8)
    picture = cv2.resize(picture, size, interpolation=cv2.INTER_LINEAR)
    expected = cv2.resize(picture, (100, 56), interpolation=cv2.INTER_AREA)
    rgba = np.dstack([picture, np.full(picture.shape[:2], 255, np.uint8)])
    found = np.array(ask("resize", pixels=rgba.ravel(), **{"from": size, "to": (100, 56)}))
    assert np.abs(found.reshape(expected.shape) - expected.astype(int)).max() <= 1  # rounded half up, not to even


def test_samples_are_bgr_or_grey(rng):
    rgb = rng.integers(0, 256, (40, 40, 3), np.uint8)
    found = np.array(ask("sample", rgb=rgb.ravel(), channels=3, white=255)).reshape(rgb.shape)
    np.testing.assert_array_equal(found, rgb[..., ::-1])
    grey = np.array(ask("sample", rgb=rgb.ravel(), channels=1, white=1)).reshape(rgb.shape[:2])
    assert np.abs(grey * 255 - cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)).max() <= 1.001


@pytest.mark.slow
def test_labels_have_the_action_of_their_name_or_the_first_four_have_one_each():
    assert ask("map", labels=["kick", "other", "punch"]) == {"kick": "kick", "other": "", "punch": "punch"}
    assert ask("map", labels=["-", "a", "b", "c", "d", "e"]) == dict(
        zip("-abcde", ["", "punch", "kick", "squat", "step", ""], strict=True)
    )


def test_samples_are_sent_unchanged(rng):
    samples = rng.normal(size=(3, 5000)).astype(np.float32)
    assert base64.b64decode(ask("base64", samples=samples)) == samples.tobytes()


def test_shapes_come_from_the_network_or_the_bundle():
    info = SimpleNamespace(window=15, sample=[40, 40, 1]).__dict__
    assert ask("shape", own=[None, 30, 1662], info=info) == [1, 30, 1662]
    assert ask("shape", own=[None, None, 40, 40, 1], info=info) == [1, 15, 40, 40, 1]


CORE = [*(ROOT / "handsign/web/static").glob("*.*"), *(ROOT / "handsign/web/static").glob("[cvw]*/*.js")]


def test_the_core_of_the_page_names_no_task():
    """No string but those in tasks/ and of the game is the name of a task; `name="signer"` is a field of a take."""
    named = re.compile(rf"""(?<!name=)(?<!get\()["'`>](?:{"|".join(tasks.names())})["'`<]""")
    assert len(CORE) > 25
    for path in CORE:
        assert not named.findall(path.read_text(encoding="utf-8")), path


def test_every_module_in_tasks_is_named_after_a_task():
    modules = {path.stem for path in (ROOT / "handsign/web/static/tasks").glob("*.js")}
    assert modules <= set(tasks.names())


def in_javascript(info: BundleInfo) -> dict[str, Any]:
    """A bundle's info as the page has it: the levels of the trigger beside the other fields, in camel case."""
    fields = json.loads(msgspec.json.encode(info))
    fields |= fields.pop("trigger")
    return {re.sub(r"_(\w)", lambda found: found[1].upper(), name): value for name, value in fields.items()}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["action", "trajectory", "nextframe"])
def test_formats_1_and_2_are_the_same_on_the_page(name):
    """The info of a shipped bundle, as Python writes it now, and as it did in format 1: levels beside the rest."""
    info = read_info(ROOT / f"{name}.onnx")
    now = json.loads(msgspec.json.encode(info))
    before = {key: value for key, value in now.items() if key not in {"trigger", "prediction_intervals"}}
    before |= {old: now["trigger"][new] for old, new in FORMAT_1.items()}
    before |= {"fan": now["prediction_intervals"], "format": 1}
    assert parse(json.dumps(before), name) == info
    assert ask("info", metadata=now) == in_javascript(info)
    assert ask("info", metadata=before) == {**in_javascript(info), "format": 1}


@pytest.mark.slow
def test_metadata_are_read_in_every_spelling():
    """Bundles of handsign 0.1 have other names of some fields, and lack some; of format 2, `trigger` has its levels."""
    old = {"hold": 3, "rearm": 0.4, "quiet": 0.5, "stand": "up", "every": 0.1, "fan": [[0.1]], "constructor": 1}
    new = {"min_consecutive": 3, "refractory": 0.4, "rest_threshold": 0.5, "idle_event": "up", "min_interval": 0.1}
    nested = {"trigger": new, "prediction_intervals": [[0.1]], "constructor": 1}
    new = new | {"prediction_intervals": [[0.1]], "constructor": 1}
    expected = {"minConsecutive": 3, "refractory": 0.4, "restThreshold": 0.5, "idleEvent": "up"}
    expected |= {"minInterval": 0.1, "predictionIntervals": [[0.1]], "layout": [], "constructor": 1}
    for form, metadata in ((1, old), (1, new), (2, nested)):
        assert ask("info", metadata={"format": form, **metadata}) == {"format": form, **expected}
        for overrides in ({"hold": 7}, {"min_consecutive": 7}):
            found = ask("info", metadata={"format": form, **metadata}, overrides=overrides)
            assert found == {"format": form, **expected, "minConsecutive": 7}
    for form in (1, 2):
        assert ask("info", metadata={"format": form})["restThreshold"] is None


@pytest.mark.parametrize("form", [0, 3, None, "two"])
def test_metadata_of_other_formats_are_refused(form):
    assert "this page reads 1 and 2" in ask("info", metadata={"format": form})["error"]


@pytest.mark.slow
def test_the_tests_in_javascript():
    done = subprocess.run([NODE, "--test", "web/tests"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-3000:]

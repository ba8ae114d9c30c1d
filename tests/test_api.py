"""The public names: load, predict, forecast, stream, watch, recognise, annotate, train."""

from __future__ import annotations

import subprocess
import sys
import threading
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import cv2
import msgspec
import numpy as np
import pytest
from conftest import ROOT, make_take, make_video
from tiny import LABELS, make_network, make_task

import handsign
from handsign import tasks
from handsign.api import Model, Training
from handsign.api.model import Levels
from handsign.bundle.bundle import Bundle
from handsign.bundle.info import BundleInfo, TriggerConfig
from handsign.capture import camera as camera_module
from handsign.capture.practice import PracticeSigner
from handsign.capture.sensor import Sensor
from handsign.capture.source import Frame, Source
from handsign.data.store import Store
from handsign.errors import InputError
from handsign.landmarks.holistic import HOLISTIC

DARK, BRIGHT = np.zeros((48, 64, 3), np.uint8), np.full((48, 64, 3), 255, np.uint8)


class Extractors:
    """In place of MediaPipe: six times the brightness of a frame, 0..1; counts how many are open.

    room  how many frames it takes now
    """

    def __init__(self) -> None:
        self.opened = self.closed = 0
        self.room = threading.Semaphore(2)

    def extract(self, image):
        self.room.release()
        return np.full(6, image.mean() / 255, np.float32)

    @contextmanager
    def __call__(self):
        self.opened += 1
        try:
            yield self.extract
        finally:
            self.closed += 1


@pytest.fixture
def extractors():
    return Extractors()


def brightness(x):
    """Windows (n, 5, 6) -> "up" where they are bright, else "still"."""
    bright = x.mean(axis=(1, 2))
    return np.stack([0 * bright, 1 - bright, bright], axis=1).astype(np.float32)


@pytest.fixture
def model(extractors):
    """Windows of five samples, 0.1 s apart, of the labels down, still and up; two predictions make an event."""
    trigger = TriggerConfig(threshold=0.8, min_consecutive=2)
    info = BundleInfo(task="tiny", labels=LABELS, window=5, rate=10.0, sample=(6,), trigger=trigger)
    return Model(make_task(sensor=Sensor(extractors)), Bundle(info, brightness, 2))


@pytest.fixture(scope="module")
def shipped():
    return handsign.load(ROOT / "action.onnx")


@pytest.fixture(scope="module")
def path():
    return handsign.load(ROOT / "trajectory.onnx")


@pytest.fixture(scope="module")
def result(shipped):
    """The last result of the practice signer."""
    *_, last = shipped.stream("practice:1:1")
    return last


@pytest.fixture(scope="module")
def takes(tmp_path_factory):
    """A folder of 24 takes of the tiny task."""
    store = Store(tmp_path_factory.mktemp("takes"))
    for n in range(12):
        for label, value in (("dark", 0.1), ("bright", 0.9)):
            take = make_take(label, frames=8, rate=10.0)
            store.add(replace(take, samples=np.full((8, 6), value + n / 200, np.float32)))
    return store.root


@pytest.fixture
def tiny(monkeypatch):
    """The tiny task in place of any other."""
    monkeypatch.setattr(tasks, "load", lambda name, fast=False: make_task(make_network(config={"batch": 8})))


@pytest.fixture(scope="module")
def training(takes):
    """Two epochs of the tiny task."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tasks, "load", lambda name, fast=False: make_task(make_network(config={"batch": 8})))
        return handsign.train(takes, task="tiny", epochs=2, learning_rate=0.05)


def flash(frames: int = 60):
    """(seconds, image) pairs, 30 of them a second: dark, and bright in the middle third."""
    for i in range(frames):
        yield i / 30, BRIGHT if frames // 3 <= i < 2 * frames // 3 else DARK


class FakeCamera(Source):
    """A camera that flashes without end, as fast as the extractor takes its frames."""

    live = True
    opened: list[FakeCamera]
    room: threading.Semaphore

    def __init__(self, device="0", size=(640, 480), rate=30.0):
        self.device, self.closed = device, False
        self.opened.append(self)

    def __iter__(self):
        time = 0.0
        while True:
            if self.room.acquire(timeout=0.01):
                yield Frame(BRIGHT if time % 2 > 1 else DARK, time)
                time += 1 / 30
            else:
                yield None

    def close(self):
        self.closed = True


@pytest.fixture
def cameras(monkeypatch, extractors):
    """The cameras that were opened."""
    FakeCamera.opened, FakeCamera.room = [], extractors.room
    monkeypatch.setattr(camera_module, "Camera", FakeCamera)
    return FakeCamera.opened


def readers():
    """The threads that read a source."""
    return [thread for thread in threading.enumerate() if thread.name == "source"]


class TestPublicNames:
    def test_are_listed_and_there(self):
        assert {"Event", "InputError", "annotate", "load", "train"} <= set(dir(handsign))
        assert all(getattr(handsign, name) for name in handsign.__all__)
        assert handsign.InputError is InputError
        assert not hasattr(handsign, "lode")

    def test_the_import_loads_nothing_heavy(self):
        code = "import sys, handsign; print({'numpy', 'cv2', 'msgspec', 'onnxruntime', 'keras'} & set(sys.modules))"
        done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
        assert done.stdout == "set()\n"

    @pytest.mark.parametrize("name", tasks.names())
    def test_the_page_has_the_shapes_of_every_task(self, name):
        task, page = tasks.load(name), (ROOT / "docs/API.md").read_text(encoding="utf-8")
        assert f"| `{name}` | {(task.windowing.length, *task.format.shape)} |" in page

    def test_the_levels_are_those_of_a_trigger(self):
        assert tuple(Levels.__annotations__) == TriggerConfig.__struct_fields__


class TestLoad:
    def test_a_bundle_says_what_it_is_for(self, shipped):
        assert (shipped.task, shipped.window, shipped.rate) == ("sign", 30, 30.0)
        assert shipped.labels[:2] == ["-", "can"]
        assert repr(shipped) == "<Model sign: 14 labels, 30 samples at 30 per second>"

    def test_the_h5_beside_it_as_well(self):
        assert handsign.load(str(ROOT / "action.h5")).labels[1] == "can"

    def test_a_model_that_needs_no_training(self):
        assert "squat" in handsign.load("silhouette", task="strike").labels

    def test_the_labels_given_are_a_copy(self, shipped):
        shipped.labels.clear()
        assert len(shipped.labels) == 14

    @pytest.mark.slow
    def test_a_bare_h5_needs_task_and_labels(self, tmp_path):
        bare = tmp_path / "bare.h5"
        bare.write_bytes((ROOT / "action.h5").read_bytes())
        with pytest.raises(InputError, match="does not say what it is for; give its task and labels"):
            handsign.load(bare)
        assert handsign.load(bare, [f"sign {n}" for n in range(14)], "sign").labels[3] == "sign 3"

    @pytest.mark.parametrize("name", ["nothing.onnx", "nothing.h5", "nothing"])
    def test_a_missing_one(self, name, tmp_path):
        with pytest.raises(InputError, match="there is no model"):
            handsign.load(tmp_path / name)

    def test_a_damaged_one(self, tmp_path):
        (tmp_path / "a.onnx").write_bytes(b"not a model")
        with pytest.raises(InputError, match="is damaged or no ONNX file"):
            handsign.load(tmp_path / "a.onnx")

    def test_fast_is_the_faster_extractor(self, shipped):
        fast = handsign.load(ROOT / "action.onnx", fast=True)
        assert fast._task.sensor.open is shipped._task.sensor.open_fast
        with pytest.raises(InputError, match="strike has no faster extractor"):
            handsign.load("silhouette", task="strike", fast=True)


class TestPredict:
    def test_a_window_gives_a_probability_for_each_label(self, shipped):
        window = np.random.default_rng(0).random((30, 1662))
        found = shipped.predict(window)
        assert list(found) == shipped.labels
        assert sum(found.values()) == pytest.approx(1, abs=1e-5)
        assert found == shipped.predict(window.astype(np.float32).tolist())

    def test_is_what_the_network_says(self, model):
        assert model.predict(np.full((5, 6), 0.25)) == {"down": 0.0, "still": 0.75, "up": 0.25}

    @pytest.mark.parametrize("window", [np.zeros((4, 6)), np.zeros((1, 5, 6)), 0, None, "window", [[1], [2, 3]]])
    def test_another_shape_is_refused(self, model, window):
        with pytest.raises(InputError, match=r"^a window (has shape|is numbers of shape) \(5, 6\)"):
            model.predict(window)


class TestForecast:
    def test_goes_on_with_a_path(self, path):
        line = np.linspace([0.2, 0.5], [0.35, 0.5], path.window)
        ahead = path.forecast(line, steps=3)
        assert ahead.shape == (3, 2)
        assert (np.diff(ahead[:, 0]) > 0).all()
        assert path.forecast(line).shape == (128, 2)

    def test_pictures_as_well(self):
        film = handsign.load(ROOT / "nextframe.onnx")
        assert film.forecast(np.zeros((film.window, 40, 40, 1)), 2).shape == (2, 40, 40, 1)

    def test_there_is_nothing_to_watch(self, path):
        with pytest.raises(InputError, match=r"trajectory forecasts; use forecast. sign, signer, strike have labels"):
            path.watch(0)
        for ask in (path.stream, path.recogniser, lambda: path.predict(np.zeros((16, 2)))):
            with pytest.raises(InputError, match="trajectory forecasts"):
                ask()

    def test_a_model_with_labels_does_not_forecast(self, model):
        with pytest.raises(InputError, match="tiny does not forecast; use predict"):
            model.forecast(np.zeros((5, 6)))

    def test_another_shape_is_refused(self, path):
        with pytest.raises(InputError, match=r"a window has shape \(16, 2\), not \(15, 2\)"):
            path.forecast(np.zeros((15, 2)))
        with pytest.raises(InputError, match="at least 1 step, not 0"):
            path.forecast(np.zeros((16, 2)), steps=0)


class TestStream:
    def test_a_result_for_every_frame(self, model):
        results, frames = list(model.stream(flash())), list(flash())
        assert [result.time for result in results] == [time for time, _ in frames]
        assert all(result.image is image for result, (_, image) in zip(results, frames, strict=True))
        assert results[30].keypoints.tolist() == [1.0] * 6
        full = [result.probabilities is not None for result in results]
        assert full == [False] * 12 + [True] * 48  # four tenths of a second
        assert results[12].probabilities == {"down": 0.0, "still": 1.0, "up": 0.0}

    def test_an_event_is_in_the_result_that_completes_it(self, model):
        found = [result.event for result in model.stream(flash()) if result.event]
        assert found == list(model.watch(flash()))
        assert [event.label for event in found] == ["still", "up", "still"]
        assert all(isinstance(event, handsign.Event) and event.probability >= 0.8 for event in found)

    def test_a_video_and_a_folder_of_pictures(self, model, tmp_path):
        video = make_video(tmp_path / "clip.mp4", 60, 30.0)
        for i, (_, image) in enumerate(flash()):
            cv2.imwrite(str(tmp_path / f"{i:03d}.png"), image)
        assert [event.label for event in model.watch(video, threshold=0.7)] == ["still", "up"]
        assert [event.label for event in model.watch(str(tmp_path))] == ["still", "up", "still"]

    def test_takes_need_no_extractor(self, sign, tmp_path):
        Store(tmp_path / "takes").add(make_take(frames=45))
        model = Model(
            replace(sign, sensor=Sensor(lambda: pytest.fail("it was opened"))), sign.load_model(ROOT / "action.h5")
        )
        results = list(model.stream(tmp_path / "takes"))
        assert len(results) == 45
        assert results[0].keypoints.shape == (1662,)
        assert results[44].probabilities is not None

    @pytest.mark.slow
    def test_the_practice_signer(self, shipped):
        results = list(shipped.stream("practice:1:1"))
        with PracticeSigner(1, 1) as source:
            np.testing.assert_array_equal([result.keypoints for result in results], [f.sample for f in source])

    def test_the_first_camera_is_the_default(self, model, cameras):
        next(model.watch())
        assert [camera.device for camera in cameras] == ["0"]

    @pytest.mark.parametrize("source", ["rtsp://127.0.0.1/live", "http://127.0.0.1/video", "/dev/null", 2])
    def test_an_address_a_device_or_a_number_is_a_camera(self, model, cameras, source):
        next(model.stream(source))
        assert [camera.device for camera in cameras] == [str(source)]

    @pytest.mark.parametrize(
        ("source", "message"),
        [
            ("nothing.mp4", "nothing.mp4 is not there"),
            (None, "a source is an index, a path, a URL or .* not NoneType"),
            (0.5, "not float"),
            ([BRIGHT], r"frames are pairs \(seconds, image\), not ndarray"),
            ([1, 2], "not int"),
            ([(BRIGHT, 0.1)], r"an image is \(H, W, 3\) uint8 BGR, not float"),
            ([(0.1, BRIGHT[..., 0])], r"not \(48, 64\) uint8"),
            ([(0.1, BRIGHT / 255)], r"not \(48, 64, 3\) float64"),
            ([("0.1", BRIGHT)], "a time is in seconds, not '0.1'"),
            ([(np.nan, BRIGHT)], "a time is in seconds, not nan"),
        ],
    )
    def test_what_is_no_source_is_told_in_a_line(self, model, extractors, source, message):
        with pytest.raises(InputError, match=message) as raised:
            list(model.stream(source))
        assert "\n" not in str(raised.value)
        assert extractors.opened == extractors.closed


class TestLevels:
    def test_replace_those_of_the_model(self, model):
        assert list(model.watch(flash(), threshold=1.0, min_consecutive=100)) == []
        first, later = (next(model.watch(flash(), min_consecutive=n)) for n in (1, 5))
        assert later.time - first.time == pytest.approx(4 / 30)
        assert model.info.trigger.min_consecutive == 2

    @pytest.mark.parametrize(
        ("levels", "message"),
        [
            ({"treshold": 0.5}, "there is no option 'treshold'; there are: threshold, min_consecutive"),
            ({"threshold": 2}, "threshold is 0 to 1, not 2"),
            ({"rest_threshold": float("nan")}, "rest_threshold is 0 to 1, not nan"),
            ({"threshold": "high"}, "Expected `float`, got `str` - at `\\$.threshold`"),
            ({"min_consecutive": 0}, "min_consecutive is 1 to inf, not 0"),
            ({"refractory": -1.0}, "refractory is 0 to inf, not -1"),
        ],
    )
    def test_others_are_refused_when_they_are_given(self, model, levels, message):
        for ask in (model.stream, model.watch, model.recogniser):
            with pytest.raises(InputError, match=message):
                ask(**levels)


class TestClosing:
    @pytest.mark.parametrize("what", ["stream", "watch"])
    def test_a_break_closes_camera_extractor_and_thread(self, model, cameras, extractors, what):
        for _ in getattr(model, what)(0):
            assert readers()
            break
        assert [camera.closed for camera in cameras] == [True]
        assert (extractors.opened, extractors.closed) == (1, 1)
        assert readers() == []

    def test_so_does_closing_the_generator(self, model, cameras, extractors):
        events = model.watch(0)
        assert next(events).label == "still"
        assert (extractors.closed, len(readers())) == (0, 1)
        events.close()
        assert cameras[0].closed
        assert (extractors.closed, readers()) == (1, [])

    def test_so_does_an_error_of_the_caller(self, model, cameras, extractors):
        def use():
            for _ in model.stream(0):
                raise KeyError("mine")

        with pytest.raises(KeyError):
            use()
        assert cameras[0].closed
        assert (extractors.closed, readers()) == (1, [])

    def test_nothing_is_opened_before_the_first_result(self, model, cameras, extractors):
        model.watch(0).close()
        assert cameras == []
        assert extractors.opened == 0

    def test_frames_of_the_caller_stay_open(self, model):
        frames = flash()
        for _ in model.stream(frames):
            break
        assert next(frames)[0] == pytest.approx(3 / 30)  # up to three are in the extractor

    def test_an_error_of_the_camera_comes_through(self, model, cameras, monkeypatch):
        def broken(self):
            yield Frame(DARK, 0.0)
            raise InputError("camera 0 went away")

        monkeypatch.setattr(FakeCamera, "__iter__", broken)
        with pytest.raises(InputError, match="went away"):
            list(model.stream(0))
        assert cameras[0].closed
        assert readers() == []


class TestRecogniser:
    def test_says_the_same_as_a_stream(self, model):
        with model.recogniser() as images, model.recogniser() as keypoints:
            for result in model.stream(flash()):
                assert images.update(result.image, result.time) == result.event
                assert keypoints.update_keypoints(result.keypoints, result.time) == result.event
                assert images.result.probabilities == keypoints.result.probabilities == result.probabilities

    def test_its_result_can_be_annotated(self, model):
        recogniser = model.recogniser()
        assert recogniser.result is None
        recogniser.update(BRIGHT, 0.0)
        assert handsign.annotate(recogniser.result.image, recogniser.result).shape == BRIGHT.shape
        recogniser.update_keypoints(np.zeros(6), 0.1)
        assert recogniser.result.image.shape == (0, 0, 3)
        recogniser.close()

    def test_the_levels_can_be_given(self, model):
        recogniser = model.recogniser(min_consecutive=1)
        events = [recogniser.update_keypoints([1.0] * 6, i / 10) for i in range(6)]
        assert [event and event.label for event in events] == [None] * 4 + ["up", None]

    def test_it_opens_the_extractor_when_it_needs_one_and_closes_it(self, model, extractors):
        with model.recogniser() as recogniser:
            recogniser.update_keypoints(np.zeros(6), 0.0)
            assert extractors.opened == 0
            recogniser.update(DARK, 0.1)
            recogniser.update(DARK, 0.2)
            assert (extractors.opened, extractors.closed) == (1, 0)
        assert extractors.closed == 1

    def test_what_is_no_frame_is_told_in_a_line(self, model):
        recogniser = model.recogniser()
        with pytest.raises(InputError, match="an image is"):
            recogniser.update(None, 0.0)
        with pytest.raises(InputError, match="a time is in seconds"):
            recogniser.update(DARK, None)
        with pytest.raises(InputError, match=r"a sample has shape \(6,\), not \(5,\)"):
            recogniser.update_keypoints(np.zeros(5), 0.0)
        assert recogniser.result is None


class TestAnnotate:
    @pytest.mark.slow
    def test_draws_on_a_copy(self, result):
        before = result.image.copy()
        drawn = handsign.annotate(result.image, result)
        np.testing.assert_array_equal(result.image, before)
        assert (drawn.shape, drawn.dtype) == (before.shape, np.uint8)
        assert (drawn != before).any()

    @pytest.mark.slow
    def test_an_image_of_another_size(self, result):
        assert handsign.annotate(np.zeros((120, 160, 3), np.uint8), result).shape == (120, 160, 3)

    @pytest.mark.slow
    def test_mirrored(self, result):
        left, right = np.zeros((2, 480, 640, 3), np.uint8)
        left[:, :320] = right[:, 320:] = 255
        middle = slice(200, 280), slice(500, 520)
        assert handsign.annotate(left, result, mirror=True)[middle].mean() > 200
        assert handsign.annotate(right, result, mirror=True)[middle].mean() < 50

    @pytest.mark.slow
    def test_what_is_no_image_is_told_in_a_line(self, result):
        with pytest.raises(InputError, match="an image is"):
            handsign.annotate(result.image[..., 0], result)

    @pytest.mark.slow
    def test_the_keys_of_the_window_are_not_shown(self, result):
        assert result._view.keys == ()
        assert result._columns is HOLISTIC


class TestTrain:
    @pytest.mark.slow
    def test_writes_nothing_but_what_is_saved(self, tiny, training, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        assert isinstance(training, Training)
        info = training.save("mine.h5")
        assert (info.task, info.labels) == ("tiny", ["bright", "dark"])
        assert sorted(p.name for p in tmp_path.iterdir()) == ["mine.h5", "mine.json", "mine.onnx", "mine.weights.h5"]
        window = np.full((5, 6), 0.9)
        saved = handsign.load("mine.onnx").predict(window)
        assert list(saved.values()) == pytest.approx(training.predict(window[None])[0].tolist(), abs=1e-5)

    @pytest.mark.slow
    def test_says_how_good_it_is(self, training):
        assert 0 <= training.metrics()["accuracy"] <= 1
        assert training.result.epochs == 2
        with pytest.raises(InputError, match="there is no part 'tset' of the data; there are: test, val, train"):
            training.metrics("tset")

    @pytest.mark.slow
    def test_only_an_h5_can_be_saved(self, training, tmp_path):
        with pytest.raises(InputError, match=r"does not end in \.h5"):
            training.save(tmp_path / "mine.onnx")

    @pytest.mark.slow
    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"epoch": 5}, "there is no option 'epoch'; there are: epochs, batch"),
            ({"resume": True}, "there is no option 'resume'"),
            ({"epochs": 0}, "epochs is 1 to inf, not 0"),
            ({"epochs": "many"}, r"Expected `int \| null`, got `str` - at `\$.epochs`"),
            ({"network": "big"}, "tiny has no network 'big'; it has: tiny"),
        ],
    )
    def test_wrong_options_are_told_in_a_line(self, tiny, takes, options, message):
        with pytest.raises(InputError, match=message):
            handsign.train(takes, task="tiny", **options)

    def test_missing_takes_and_tasks(self, tmp_path):
        with pytest.raises(InputError, match="nothing"):
            handsign.train(tmp_path / "nothing", task="sign")
        with pytest.raises(InputError, match="there is no task 'sing'"):
            handsign.train(tmp_path, task="sing")


@pytest.mark.slow
def test_recognising_needs_no_tensorflow(tmp_path):
    """Neither predicting nor watching imports what only training needs."""
    code = """
import sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"tensorflow", "keras", "h5py", "tf2onnx", "onnx", "sklearn"}:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Refuse())
import handsign, numpy
model = handsign.load(sys.argv[1])
print(len(model.predict(numpy.zeros((30, 1662)))))
for result in model.stream("practice:1:1", threshold=0.1, min_consecutive=1):
    handsign.annotate(result.image, result)
print(sum(1 for event in model.watch("practice:1:2", threshold=0.1, min_consecutive=1)))
with model.recogniser() as recogniser:
    print(recogniser.update(numpy.zeros((48, 64, 3), numpy.uint8), 0.0))
"""
    command = [sys.executable, "-c", code, ROOT / "action.onnx"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    labels, events, event = done.stdout.split()
    assert (labels, event) == ("14", "None")
    assert int(events) > 0


@pytest.mark.slow
def test_a_video_of_a_person_gives_the_same_as_realtime(shipped, shared, tmp_path):
    """The same events at the same times as the script writes."""
    from handsign.cli.realtime import main

    video, written = shared("video/mexican_yo.mp4"), tmp_path / "events.jsonl"
    options = ["--model", ROOT / "action.h5", "--source", video, "--headless", "--events", written, "--threshold", 0.3]
    main([*map(str, options), "--hold", "2"])
    lines = [msgspec.json.decode(line) for line in Path(written).read_text().splitlines()]
    events = [msgspec.to_builtins(event) for event in shipped.watch(video, threshold=0.3, min_consecutive=2)]
    assert len(events) > 0
    assert events == lines

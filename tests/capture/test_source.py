import threading
from contextlib import closing, nullcontext
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import cv2
import numpy as np
import pytest
from conftest import make_take, make_video

from handsign import tasks
from handsign.api import Model
from handsign.bundle.bundle import Bundle
from handsign.bundle.info import BundleInfo, TriggerConfig
from handsign.capture import camera as camera_module
from handsign.capture.camera import Camera
from handsign.capture.factory import open_source
from handsign.capture.practice import PracticeSigner
from handsign.capture.replay import Replay
from handsign.capture.source import Frame, Source, is_url
from handsign.capture.video import Images, Video
from handsign.data.store import Store
from handsign.errors import InputError


@pytest.fixture
def clock(monkeypatch):
    """A clock that only `time.sleep` moves."""

    class Clock:
        now = 0.0

        def perf_counter(self):
            return self.now

        def sleep(self, seconds):
            self.now += seconds

    clock = Clock()
    monkeypatch.setattr(camera_module, "time", clock)
    return clock


@pytest.fixture
def stream_url(tmp_path, monkeypatch):
    """The URL of a clip of three frames, which a server on this machine sends."""

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, *args):
            pass

    folder = make_video(tmp_path / "served" / "clip.avi", 3).parent
    for variable in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.delenv(variable, raising=False)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=folder))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/clip.avi"
    server.shutdown()
    thread.join()
    server.server_close()


class TestVideo:
    def test_every_frame_at_its_time(self, tmp_path):
        with Video(make_video(tmp_path / "a.mp4", 12, 20.0)) as video:
            assert (video.name, video.size, video.rate, video.frames) == ("a.mp4", (64, 48), 20.0, 12)
            assert not video.live
            frames = list(video)
        assert [frame.time for frame in frames] == pytest.approx(np.arange(12) / 20)
        assert {frame.image.shape for frame in frames} == {(48, 64, 3)}
        brightness = [frame.image.mean() for frame in frames]
        assert brightness == sorted(brightness)
        assert frames[0].sample is None

    def test_times_grow_even_if_the_file_does_not_know_them(self, tmp_path):
        with Video(make_video(tmp_path / "a.mp4", 5, 10.0)) as video:

            class Silent:
                def __init__(self, capture):
                    self.read, self.release = capture.read, capture.release

                def get(self, _):
                    return 0.0

            video._capture = Silent(video._capture)
            assert [frame.time for frame in video] == pytest.approx([0, 0.1, 0.2, 0.3, 0.4])

    @pytest.mark.parametrize("content", [b"", b"no video", None])
    def test_what_is_no_video_is_one_clear_line(self, tmp_path, content, capfd):
        path = tmp_path / "a.mp4"
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(InputError, match=r"a\.mp4 (is not there|cannot be read as a video)"):
            Video(path)
        assert "OpenCV" not in capfd.readouterr().err

    def test_a_cut_off_file_gives_what_is_left_or_says_so(self, tmp_path):
        path = make_video(tmp_path / "a.avi", 12)
        path.write_bytes(path.read_bytes()[:-300])
        with Video(path) as video:
            assert 0 < len(list(video)) <= 12

    def test_a_real_one(self, shared):
        with Video(shared("video/webcam_hand.mp4")) as video:
            assert (video.size, video.frames) == ((540, 720), 58)
            times = np.array([frame.time for frame in video])
        assert len(times) == 58
        assert (np.diff(times) > 0).all()
        assert times[-1] == pytest.approx(57 / 29.9, abs=0.05)


class TestImages:
    def test_in_the_order_of_names_past_an_unreadable_one(self, tmp_path, caplog):
        for i in range(4):
            cv2.imwrite(str(tmp_path / f"{i}.png"), np.full((20, 30, 3), i, np.uint8))
        (tmp_path / "2.png").write_bytes(b"no picture")
        images = Images(tmp_path, 10.0)
        assert (images.size, images.frames) == ((30, 20), 4)
        assert [(f.time, f.image[0, 0, 0]) for f in images] == [(0.0, 0), (0.1, 1), (pytest.approx(0.3), 3)]
        assert len(caplog.messages) == 1
        assert "2.png cannot be read" in caplog.messages[0]

    def test_none_readable(self, tmp_path):
        (tmp_path / "2.png").write_bytes(b"no picture")
        with pytest.raises(InputError, match="no readable image"):
            Images(tmp_path)


class TestReplay:
    def test_takes_follow_each_other_in_time(self, tmp_path, sign):
        for value, frames in ((1, 15), (2, 30)):
            Store(tmp_path).add(make_take("hello", frames, frames, value, frame_size=(320, 200)))
        (tmp_path / "hello" / "broken.npz").write_bytes(b"")
        replay = Replay(tmp_path, sign.format, 30.0, 1.0)
        frames = list(replay)
        assert len(frames) == replay.frames == 45
        assert (np.diff([frame.time for frame in frames]) > 0).all()
        assert [int(frame.sample[0]) for frame in frames] == [1] * 15 + [2] * 30
        assert frames[0].image.shape == (200, 320, 3)
        assert replay.knows_samples

    def test_nothing_to_replay(self, tmp_path, sign):
        with pytest.raises(InputError, match="holds no take of sign"):
            Replay(tmp_path, sign.format, 30.0, 1.0)


class TestOpenSource:
    @pytest.mark.slow
    def test_by_what_lies_there(self, tmp_path, sign):
        (tmp_path / "pictures").mkdir()
        cv2.imwrite(str(tmp_path / "pictures" / "a.PNG"), np.zeros((9, 9, 3), np.uint8))
        Store(tmp_path / "takes").add(make_take("hello"))
        kinds = {
            str(make_video(tmp_path / "a.mp4")): Video,
            str(tmp_path / "pictures"): Images,
            str(tmp_path / "takes"): Replay,
            "practice": PracticeSigner,
            "practice:7": PracticeSigner,
            "practice:7:2": PracticeSigner,
        }
        for spec, kind in kinds.items():
            with open_source(spec, sign.format, sign.windowing) as source:
                assert type(source) is kind

    def test_an_address_is_a_live_stream(self, sign, stream_url):
        with open_source(stream_url, sign.format, sign.windowing) as source:
            assert type(source) is Camera
            assert (source.name, source.size, source.live) == (stream_url, (64, 48), True)
            assert next(iter(source)).image.shape == (48, 64, 3)

    @pytest.mark.parametrize("url", ["http://127.0.0.1:9/clip.avi", "RTSP://127.0.0.1:9/live", "unknown://camera/1"])
    def test_an_address_that_cannot_be_opened_is_to_be_checked(self, sign, url):
        with pytest.raises(InputError) as error:
            open_source(url, sign.format, sign.windowing)
        assert str(error.value) == f"{url} cannot be opened; check the address"

    @pytest.mark.parametrize(
        "spec", ["clip.mp4", "/dev/video0", "0", "practice:1:2", r"C:\clips\a.mp4", "C://clips", "://clip", ""]
    )
    def test_files_devices_and_drives_are_no_addresses(self, spec):
        assert not is_url(spec)

    @pytest.mark.slow
    def test_the_practice_signer_gives_a_task_its_own_samples_or_is_refused(self, sign):
        last = replace(sign.format, shape=(2,), adapt=lambda samples: samples[:, -2:])
        whole, pair = (next(iter(open_source("practice", form, sign.windowing))) for form in (sign.format, last))
        np.testing.assert_array_equal(pair.sample, whole.sample[-2:])
        with pytest.raises(InputError, match="which sign does not look at"):
            open_source("practice", replace(sign.format, shape=(40, 40, 1)), sign.windowing)

    @pytest.mark.slow
    @pytest.mark.parametrize(("name", "opens"), [("trajectory", True), ("signer", True), ("strike", False)])
    def test_the_practice_signer_is_for_tasks_that_look_at_landmarks(self, name, opens):
        task = tasks.load(name)
        with nullcontext() if opens else pytest.raises(InputError, match=f"which {name} does not look at"):
            assert next(iter(open_source("practice", task.format, task.windowing))).sample.shape == task.format.shape

    @pytest.mark.parametrize(
        ("spec", "message"),
        [
            ("nowhere.mp4", "is not there"),
            ("practice:x", "is not practice"),
            ("practice:²", "is not practice"),
            ("practice:-1", "is not practice"),
            ("practice:1:2:3", "is not practice"),
            ("a.txt", "holds no take"),
            ("broken.mp4", "cannot be read as a video"),
            (".", "holds no take"),
        ],
    )
    def test_what_is_none_of_these_says_so(self, tmp_path, sign, monkeypatch, spec, message):
        monkeypatch.chdir(tmp_path)
        (tmp_path / "a.txt").write_text("")
        (tmp_path / "broken.mp4").write_text("")
        with pytest.raises(InputError, match=message):
            open_source(spec, sign.format, sign.windowing)


class TestCamera:
    """A video file stands in for the device: OpenCV opens both by their path, and the file 'goes away' at its end."""

    def test_one_that_is_not_there_says_what_to_do(self, tmp_path, capfd):
        for device in ("97", str(tmp_path / "video0")):
            with pytest.raises(InputError, match=r"camera .* is not there .*--camera; see 'python realtime.py doctor'"):
                Camera(device)
        assert capfd.readouterr().err == ""

    def test_one_that_is_no_camera_says_what_to_do(self, tmp_path):
        (tmp_path / "video0").write_text("not a camera")
        with pytest.raises(InputError, match="cannot be opened; close other programs"):
            Camera(str(tmp_path / "video0"))

    @pytest.mark.parametrize(
        ("url", "name"),
        [
            ("rtsp://ann:p@ss@127.0.0.1:9/live?token=1", "rtsp://127.0.0.1:9/live"),
            ("http://127.0.0.1:9/live#a@b", "http://127.0.0.1:9/live"),
            ("http://127.0.0.1:9?to=a@b", "http://127.0.0.1:9"),
        ],
    )
    def test_the_name_of_a_stream_contains_no_password(self, url, name):
        with pytest.raises(InputError) as error:
            Camera(url)
        assert str(error.value) == f"{name} cannot be opened; check the address"

    def test_frames_stop_and_come_back(self, tmp_path, clock, caplog):
        with Camera(str(make_video(tmp_path / "a.mp4", 3))) as camera:
            assert (camera.size, camera.live) == ((64, 48), True)
            stream = iter(camera)
            frames = [next(stream) for _ in range(9)]
        assert [frame is not None for frame in frames] == [True, True, True, False] * 2 + [True]
        assert [frame.time for frame in frames if frame] == pytest.approx([0, 0, 0, 0.1, 0.1, 0.1, 0.2])
        assert len(caplog.messages) == 4
        assert "gives no picture; waiting 10 s" in caplog.messages[0]
        assert "is back after 0.1 s" in caplog.messages[1]

    def test_one_that_stays_away_ends_with_a_clear_line(self, tmp_path, clock, caplog):
        path = make_video(tmp_path / "a.mp4", 2)
        with Camera(str(path), patience=1.0) as camera:
            stream = iter(camera)
            assert next(stream) is not None
            path.unlink()
            with pytest.raises(InputError, match="went away and did not come back within 1 s"):
                list(stream)
        assert len(caplog.messages) == 1
        assert 1.0 < clock.now < 1.3


@pytest.fixture
def model(sign):
    """A model that recognises x in every single frame, so that each source completes one event: its first frame."""
    trigger = TriggerConfig(threshold=0.5, min_consecutive=1)
    info = BundleInfo(task=sign.name, labels=["x", "y"], window=1, rate=30.0, sample=sign.format.shape, trigger=trigger)
    return Model(replace(sign, gate=lambda window: True), Bundle(info, lambda x: np.array([[0.75, 0.25]]), 2))


class TestWatch:
    """Whatever `Model.watch` is given, it opens, and its events come out."""

    @pytest.mark.slow
    @pytest.mark.parametrize("kind", ["file", "path", "images", "takes", "practice"])
    def test_files_and_folders_to_their_end(self, model, tmp_path, kind):
        clip, images, takes = make_video(tmp_path / "a.mp4"), tmp_path / "images", tmp_path / "takes"
        images.mkdir()
        for i in range(3):
            cv2.imwrite(str(images / f"{i}.png"), np.full((20, 30, 3), 99, np.uint8))
        Store(takes).add(make_take("hello"))
        given = {"file": str(clip), "path": clip, "images": images, "takes": str(takes), "practice": "practice:1:1"}
        assert [(event.time, event.label, event.probability) for event in model.watch(given[kind])] == [(0, "x", 0.75)]

    def test_pairs_of_time_and_image(self, model):
        frames = ((7 + i / 10, np.full((48, 64, 3), 99, np.uint8)) for i in range(4))
        assert [(event.time, event.label) for event in model.watch(frames)] == [(7, "x")]

    def test_an_address(self, model, stream_url):
        with closing(model.watch(stream_url)) as events:
            assert next(events).label == "x"

    def test_a_camera_by_its_index_which_is_released_when_the_caller_stops(self, model, monkeypatch):
        opened = []

        class Device(Source):
            live, closed = True, False

            def __init__(self, *args):
                opened.append((self, args))

            def __iter__(self):
                yield None
                yield Frame(np.full((48, 64, 3), 99, np.uint8), 0.5)

            def close(self):
                self.closed = True

        monkeypatch.setattr(camera_module, "Camera", Device)
        events = model.watch(2)
        assert opened == []  # until the first event is asked for
        assert (next(events).time, len(opened)) == (0.5, 1)
        device, args = opened[0]
        assert (args, device.closed) == (("2", (640, 480), 30.0), False)
        events.close()
        assert device.closed

    def test_without_a_source_it_is_the_first_camera(self, model, monkeypatch):
        opened = []
        monkeypatch.setattr(camera_module, "Camera", lambda *args: opened.append(args) or Source())
        monkeypatch.setattr(Source, "__iter__", lambda self: iter(()))
        assert list(model.watch()) == []
        assert opened == [("0", (640, 480), 30.0)]

    def test_what_is_not_there_is_one_clear_line(self, model):
        with pytest.raises(InputError, match=r"nowhere\.mp4 is not there"):
            list(model.watch("nowhere.mp4"))

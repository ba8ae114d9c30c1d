from contextlib import nullcontext
from dataclasses import replace

import cv2
import numpy as np
import pytest
from conftest import make_take, make_video

from handsign import sources
from handsign import task as tasks
from handsign.errors import InputError
from handsign.practice import PracticeSigner
from handsign.sources import Camera, Images, Replay, Video, open_source
from handsign.takes import Store


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
    monkeypatch.setattr(sources, "time", clock)
    return clock


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
    def test_in_the_order_of_names_past_an_unreadable_one(self, tmp_path):
        for i in range(4):
            cv2.imwrite(str(tmp_path / f"{i}.png"), np.full((20, 30, 3), i, np.uint8))
        (tmp_path / "2.png").write_bytes(b"no picture")
        told = []
        images = Images(tmp_path, 10.0, told.append)
        assert (images.size, images.frames) == ((30, 20), 4)
        assert [(f.time, f.image[0, 0, 0]) for f in images] == [(0.0, 0), (0.1, 1), (pytest.approx(0.3), 3)]
        assert len(told) == 1
        assert "2.png cannot be read" in told[0]

    def test_none_readable(self, tmp_path):
        (tmp_path / "2.png").write_bytes(b"no picture")
        with pytest.raises(InputError, match="no readable picture"):
            Images(tmp_path)


class TestReplay:
    def test_takes_follow_each_other_in_time(self, tmp_path, sign):
        for value, frames in ((1, 15), (2, 30)):
            Store(tmp_path).add(make_take("hello", frames, frames, value, frame_size=(320, 200)))
        (tmp_path / "hello" / "broken.npz").write_bytes(b"")
        replay = Replay(tmp_path, sign)
        frames = list(replay)
        assert len(frames) == replay.frames == 45
        assert (np.diff([frame.time for frame in frames]) > 0).all()
        assert [int(frame.sample[0]) for frame in frames] == [1] * 15 + [2] * 30
        assert frames[0].image.shape == (200, 320, 3)
        assert replay.knows_samples

    def test_nothing_to_replay(self, tmp_path, sign):
        with pytest.raises(InputError, match="holds no take of sign"):
            Replay(tmp_path, sign)


class TestOpenSource:
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
            with open_source(spec, sign) as source:
                assert type(source) is kind

    def test_the_practice_signer_gives_a_task_its_own_samples_or_is_refused(self, sign):
        last = replace(sign, sample=(2,), adapt=lambda samples: samples[:, -2:])
        whole, pair = (next(iter(open_source("practice", task))) for task in (sign, last))
        np.testing.assert_array_equal(pair.sample, whole.sample[-2:])
        with pytest.raises(InputError, match="which sign does not look at"):
            open_source("practice", replace(sign, sample=(40, 40, 1)))

    @pytest.mark.parametrize(("name", "opens"), [("trajectory", True), ("signer", True), ("strike", False)])
    def test_the_practice_signer_is_for_tasks_that_look_at_landmarks(self, name, opens):
        task = tasks.load(name)
        with nullcontext() if opens else pytest.raises(InputError, match=f"which {name} does not look at"):
            assert next(iter(open_source("practice", task))).sample.shape == task.sample

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
            open_source(spec, sign)


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

    def test_frames_stop_and_come_back(self, tmp_path, clock):
        told = []
        with Camera(str(make_video(tmp_path / "a.mp4", 3)), tell=told.append) as camera:
            assert (camera.size, camera.live) == ((64, 48), True)
            stream = iter(camera)
            seen = [next(stream) for _ in range(9)]
        assert [frame is not None for frame in seen] == [True, True, True, False] * 2 + [True]
        assert [frame.time for frame in seen if frame] == pytest.approx([0, 0, 0, 0.1, 0.1, 0.1, 0.2])
        assert len(told) == 4
        assert "gives no picture; waiting 10 s" in told[0]
        assert "is back after 0.1 s" in told[1]

    def test_one_that_stays_away_ends_with_a_clear_line(self, tmp_path, clock):
        path, told = make_video(tmp_path / "a.mp4", 2), []
        with Camera(str(path), patience=1.0, tell=told.append) as camera:
            stream = iter(camera)
            assert next(stream) is not None
            path.unlink()
            with pytest.raises(InputError, match="went away and did not come back within 1 s"):
                list(stream)
        assert len(told) == 1
        assert 1.0 < clock.now < 1.3

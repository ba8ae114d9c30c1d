import cv2
import numpy as np
import pytest

from handsign.display.video import VideoFile
from handsign.errors import InputError


def image(width=640, height=480, value=128):
    return np.full((height, width, 3), value, np.uint8)


@pytest.mark.parametrize("size", [(320, 240), (321, 241)])
def test_a_video_file_can_be_read_back(tmp_path, size):
    path = tmp_path / "out.mp4"
    with VideoFile(path, 25) as video:
        for i in range(12):
            video.write(image(*size, value=20 * i))
        assert not path.exists()  # until it is complete
        video.write(image(100, 80))  # resized to the first
    assert [p.name for p in tmp_path.iterdir()] == ["out.mp4"]
    capture = cv2.VideoCapture(str(path))
    frames = [frame for found, frame in iter(capture.read, (False, None)) if found]
    assert len(frames) == 13
    assert capture.get(cv2.CAP_PROP_FPS) == pytest.approx(25)
    assert frames[10].mean() == pytest.approx(200, abs=12)
    capture.release()


def test_an_exception_keeps_the_images_written_so_far(tmp_path):
    def write_and_fail() -> None:
        with VideoFile(tmp_path / "out.mp4", 25) as video:
            video.write(image())
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write_and_fail()
    assert [p.name for p in tmp_path.iterdir()] == ["out.mp4"]


def test_without_images_no_file_is_written_and_an_old_one_is_kept(tmp_path):
    with VideoFile(tmp_path / "new.mp4", 25):
        pass
    (tmp_path / "old.mp4").write_bytes(b"old")
    with VideoFile(tmp_path / "old.mp4", 25):
        pass
    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [("old.mp4", b"old")]


@pytest.mark.parametrize(("name", "message"), [("nowhere/out.mp4", "no folder"), ("out.txt", ".mp4"), ("out", ".mp4")])
def test_a_path_that_cannot_be_written_is_refused_at_once(tmp_path, name, message):
    with pytest.raises(InputError, match=message):
        VideoFile(tmp_path / name, 25)
    assert not list(tmp_path.iterdir())

import os
import subprocess
import sys
from itertools import islice, pairwise
from pathlib import Path

import cv2
import matplotlib.cbook
import numpy as np
import pytest

from handsign import holistic
from handsign.holistic import FastHolistic, Holistic, import_mediapipe, without_mask
from handsign.keypoints import HOLISTIC
from handsign.sense import Pipelined, in_turn
from handsign.sources import Frame, Video

PARTS = [part.name for part in HOLISTIC.parts]


def extract_keypoints(results):
    """Word for word the tutorial's function."""
    pose = (
        np.array([[res.x, res.y, res.z, res.visibility] for res in results.pose_landmarks.landmark]).flatten()
        if results.pose_landmarks
        else np.zeros(33 * 4)
    )
    face = (
        np.array([[res.x, res.y, res.z] for res in results.face_landmarks.landmark]).flatten()
        if results.face_landmarks
        else np.zeros(468 * 3)
    )
    lh = (
        np.array([[res.x, res.y, res.z] for res in results.left_hand_landmarks.landmark]).flatten()
        if results.left_hand_landmarks
        else np.zeros(21 * 3)
    )
    rh = (
        np.array([[res.x, res.y, res.z] for res in results.right_hand_landmarks.landmark]).flatten()
        if results.right_hand_landmarks
        else np.zeros(21 * 3)
    )
    return np.concatenate([pose, face, lh, rh])


def tutorial(frames):
    import_mediapipe()
    from mediapipe.python.solutions import holistic

    with holistic.Holistic(min_detection_confidence=0.5, min_tracking_confidence=0.5) as model:
        found = [extract_keypoints(model.process(cv2.cvtColor(f, cv2.COLOR_BGR2RGB))) for f in frames]
    return np.array(found).astype(np.float32)


def ours(frames, ahead=3, opened=Holistic):
    with opened() as sense:
        source = (Frame(image, i / 30) for i, image in enumerate(frames))
        return np.array([frame.sample for frame in in_turn(source, sense, ahead)])


def images(path):
    with Video(path) as video:
        for frame in video:
            yield frame.image


@pytest.fixture(scope="module")
def path():
    """The pose model that is installed."""
    return Path(import_mediapipe().__file__).parent.parent / holistic.POSE_MODEL


@pytest.fixture(scope="module")
def photo():
    """(H, W, 3) BGR: an officer, no hands."""
    with matplotlib.cbook.get_sample_data("grace_hopper.jpg") as file:
        return cv2.imdecode(np.frombuffer(file.read(), np.uint8), cv2.IMREAD_COLOR)


@pytest.fixture(scope="module")
def coming_and_going(photo):
    """Somebody moves through the picture, and is away for a few frames again and again."""
    window = [photo[8 * i : 8 * i + 400, 4 * i : 4 * i + 400] for i in range(24)]
    return [np.zeros_like(frame) if i % 6 > 2 else frame for i, frame in enumerate(window)]


def test_it_is_a_pipelined_sense():
    with Holistic() as sense:
        assert isinstance(sense, Pipelined)


def test_a_photo_gives_what_the_tutorial_gets(photo):
    samples = ours([photo] * 2)
    assert samples.dtype == np.float32
    assert np.array_equal(samples, tutorial([photo] * 2))
    found = {name: HOLISTIC.present(samples, name).tolist() for name in PARTS}
    absent = {"left_hand": [False] * 2, "right_hand": [False] * 2}
    assert found == {"pose": [True] * 2, "face": [True] * 2, **absent}
    nose = HOLISTIC.view(samples, "pose")[0, 0]
    assert 0.3 < nose[0] < 0.7  # in image widths and heights, the face is in the upper middle
    assert 0.2 < nose[1] < 0.5


@pytest.mark.parametrize("ahead", [1, 3, 6])
def test_somebody_who_comes_and_goes_is_found_in_the_same_frames_as_by_the_tutorial(coming_and_going, ahead):
    samples = ours(coming_and_going, ahead)
    assert np.array_equal(samples, tutorial(coming_and_going))
    found = HOLISTIC.present(samples, "face")
    assert found.any()
    assert not found.all()
    seen = samples[found]
    assert all((one != other).any() for one, other in pairwise(seen))  # so that a wrong order would be noticed


@pytest.mark.parametrize(("name", "frames", "hands"), [("webcam_hand", 58, 0.3), ("thumb_up", 195, 0.8)])
def test_a_video_gives_what_the_tutorial_gets(shared, name, frames, hands):
    samples = ours(images(shared(f"video/{name}.mp4")))
    assert samples.shape == (frames, 1662)
    assert np.array_equal(samples, tutorial(images(shared(f"video/{name}.mp4"))))
    found = HOLISTIC.present(samples, "left_hand") | HOLISTIC.present(samples, "right_hand")
    assert found.mean() > hands


def test_one_by_one_is_the_same_as_ahead(coming_and_going):
    frames = coming_and_going[:5]
    with Holistic() as sense:
        single = np.array([sense(frame) for frame in frames])
    assert np.array_equal(single, ours(frames))


def test_a_sample_is_there_or_not_yet(photo):
    with Holistic() as sense:
        for sent in (1, 2):
            sense.send(photo)
            assert sense.in_flight == sent
        sense.receive()
        assert sense.in_flight == 1
        while (sample := sense.receive(wait=False)) is None:
            assert sense.in_flight == 1
        assert sample.shape == (1662,)
        assert sense.in_flight == 0


def test_true_times_change_the_smoothing_and_have_to_rise(photo):
    frames = [photo[:400, 5 * i : 5 * i + 400] for i in range(4)]

    def timed(step):
        with Holistic() as sense:
            for i, frame in enumerate(frames):
                sense.send(frame, i * step)
            return np.array([sense.receive() for _ in frames])

    assert np.array_equal(timed(0.033333), ours(frames))
    assert not np.array_equal(timed(0.2), ours(frames))
    with Holistic() as sense:
        sense.send(photo, 1.0)
        with pytest.raises(ValueError, match="later"):
            sense.send(photo, 1.0)
        assert sense.receive().any()  # it goes on


@pytest.mark.parametrize("shape", [(4, 4), (4, 4, 4), (0, 4, 3)])
def test_other_pictures_are_refused(shape):
    with Holistic() as sense, pytest.raises(ValueError, match="Received"):
        sense(np.zeros(shape, np.uint8))


def grey(sense, image):
    """Send what the graph chokes on while it works: a picture with one channel."""
    from mediapipe.python import packet_creator
    from mediapipe.python._framework_bindings.image_frame import ImageFormat

    packet = packet_creator.create_image_frame(image_format=ImageFormat.GRAY8, data=image[..., 0].copy())
    sense._now += 1
    sense._graph.add_packet_to_input_stream(stream="image", packet=packet.at(sense._now))
    sense._sent.append(sense._now)


@pytest.mark.timeout(60)
class TestFailing:
    def test_a_graph_that_fails_raises_where_its_sample_is_awaited_and_ever_after(self):
        empty = np.zeros((40, 40, 3), np.uint8)
        with Holistic() as sense:
            grey(sense, empty)
            for call in (sense.receive, sense.receive, lambda: sense.send(empty)):
                with pytest.raises(RuntimeError, match="MediaPipe failed"):
                    call()

    def test_not_waiting_raises_as_well(self):
        def poll(sense):
            while sense.receive(wait=False) is None:
                pass

        with Holistic() as sense:
            grey(sense, np.zeros((40, 40, 3), np.uint8))
            with pytest.raises(RuntimeError, match="MediaPipe failed"):
                poll(sense)

    def test_closing_does_not_wait_for_anybody_to_receive(self, photo):
        with Holistic() as sense:
            for _ in range(5):
                sense.send(photo)

    def test_the_callers_own_exception_comes_out(self, photo):
        def fail():
            with Holistic() as sense:
                grey(sense, photo)
                raise KeyError("mine")

        with pytest.raises(KeyError, match="mine"):
            fail()


class TestLightModel:
    def test_the_installed_model_is_known(self, path, capfd):
        assert holistic._light_model(path)
        assert capfd.readouterr().err == ""

    def test_a_model_that_is_not_known_is_used_as_it_is_and_a_line_says_so(self, monkeypatch, capfd, photo):
        expected = ours([photo])
        capfd.readouterr()
        monkeypatch.setattr(holistic, "KNOWN_MODEL", "another")
        samples = ours([photo])
        told = [line for line in capfd.readouterr().err.splitlines() if "pose_landmark_full" in line]
        assert len(told) == 1
        assert "slower" in told[0]
        assert np.array_equal(samples, expected)

    def test_a_model_that_cannot_be_read_leaves_one_line(self, tmp_path, capfd):
        assert holistic._light_model(tmp_path / "gone.tflite") is None
        assert capfd.readouterr().err.count("\n") == 1

    def test_only_operators_that_nobody_needs_are_gone(self, path):
        from tensorflow.lite.python import schema_py_generated as schema

        def read(model):
            return schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(model, 0)).subgraphs[0]

        def signature(operator):
            return operator.opcodeIndex, tuple(operator.inputs), tuple(operator.outputs)

        whole, light = read(path.read_bytes()), read(without_mask(path.read_bytes()))
        before, after = [list(map(signature, graph.operators)) for graph in (whole, light)]
        assert [operator for operator in before if operator in after] == after
        assert len(before) - len(after) == 46
        mask = [list(whole.tensors[o].shape) for o in whole.outputs].index([1, 256, 256, 1])
        assert [i for i, (a, b) in enumerate(zip(whole.outputs, light.outputs, strict=True)) if a != b] == [mask]
        made = {o for _, _, outputs in after for o in outputs} | set(light.inputs)
        assert set(light.outputs) <= made

    def test_a_model_without_a_mask_is_refused(self, path):
        with pytest.raises(ValueError, match="not in list"):
            without_mask(without_mask(path.read_bytes()))


def test_fast_is_the_same_but_for_the_hands(shared):
    frames = list(islice(images(shared("video/webcam_hand.mp4")), 20))
    fast, exact = ours(frames, opened=FastHolistic), ours(frames)
    both = HOLISTIC.present(fast, "right_hand") & HOLISTIC.present(exact, "right_hand")
    assert both.any()
    for name in PARTS:
        assert np.array_equal(HOLISTIC.view(fast, name), HOLISTIC.view(exact, name)) == (name != "right_hand")
    apart = HOLISTIC.view(fast, "right_hand")[both] - HOLISTIC.view(exact, "right_hand")[both]
    assert np.median(np.abs(apart[..., :2])) < 0.05


def test_mediapipe_stays_away_until_needed_and_what_it_would_bring_until_asked_for():
    script = """
import sys
import handsign.holistic
assert "mediapipe" not in sys.modules
with handsign.holistic.Holistic():
    assert "mediapipe" in sys.modules
    assert not {"tensorflow", "matplotlib", "matplotlib.pyplot", "mediapipe.tasks"} & set(sys.modules)
from matplotlib import pyplot
assert pyplot.figure().axes == []
"""
    environment = {**os.environ, "MPLBACKEND": "agg"}
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr

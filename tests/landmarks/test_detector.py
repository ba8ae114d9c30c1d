import os
import subprocess
import sys
from itertools import islice, pairwise
from pathlib import Path

import cv2
import matplotlib.cbook
import numpy as np
import pytest

from handsign.capture.source import Frame
from handsign.capture.stream import Pipelined, in_order
from handsign.capture.video import Video
from handsign.landmarks import detector
from handsign.landmarks.detector import FastHolistic, Holistic, import_mediapipe
from handsign.landmarks.holistic import HOLISTIC
from handsign.landmarks.tflite import without_mask

PARTS = [part.name for part in HOLISTIC.parts]


def extract_keypoints(results):
    """The tutorial's function, unchanged."""
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
    with opened() as extractor:
        source = (Frame(image, i / 30) for i, image in enumerate(frames))
        return np.array([frame.sample for frame in in_order(source, extractor, ahead)])


def images(path):
    with Video(path) as video:
        for frame in video:
            yield frame.image


@pytest.fixture(scope="module")
def path():
    """The pose model that is installed."""
    return Path(import_mediapipe().__file__).parent.parent / detector.POSE_MODEL


@pytest.fixture(scope="module")
def photo():
    """(H, W, 3) BGR: an officer, no hands."""
    with matplotlib.cbook.get_sample_data("grace_hopper.jpg") as file:
        return cv2.imdecode(np.frombuffer(file.read(), np.uint8), cv2.IMREAD_COLOR)


@pytest.fixture(scope="module")
def intermittent(photo):
    """A person moves across the image and is absent in every second group of three frames."""
    window = [photo[8 * i : 8 * i + 400, 4 * i : 4 * i + 400] for i in range(24)]
    return [np.zeros_like(frame) if i % 6 > 2 else frame for i, frame in enumerate(window)]


@pytest.fixture(scope="module")
def intermittent_by_tutorial(intermittent):
    return tutorial(intermittent)


def test_it_is_a_pipelined_extractor():
    with Holistic() as extractor:
        assert isinstance(extractor, Pipelined)


def test_a_photo_gives_the_tutorials_samples(photo):
    samples = ours([photo] * 2)
    assert samples.dtype == np.float32
    assert np.array_equal(samples, tutorial([photo] * 2))
    found = {name: HOLISTIC.present(samples, name).tolist() for name in PARTS}
    absent = {"left_hand": [False] * 2, "right_hand": [False] * 2}
    assert found == {"pose": [True] * 2, "face": [True] * 2, **absent}
    nose = HOLISTIC.view(samples, "pose")[0, 0]
    assert 0.3 < nose[0] < 0.7  # in image widths and heights, the face is in the upper middle
    assert 0.2 < nose[1] < 0.5


@pytest.mark.slow
@pytest.mark.parametrize("ahead", [1, 3, 6])
def test_an_intermittent_person_is_detected_in_the_same_frames_as_by_the_tutorial(
    intermittent, intermittent_by_tutorial, ahead
):
    samples = ours(intermittent, ahead)
    assert np.array_equal(samples, intermittent_by_tutorial)
    found = HOLISTIC.present(samples, "face")
    assert found.any()
    assert not found.all()
    detected = samples[found]
    assert all((one != other).any() for one, other in pairwise(detected))  # so that a wrong order shows


@pytest.mark.slow
@pytest.mark.parametrize(("name", "frames", "hands"), [("webcam_hand", 58, 0.3), ("thumb_up", 195, 0.8)])
def test_a_video_gives_the_tutorials_samples(shared, name, frames, hands):
    samples = ours(images(shared(f"video/{name}.mp4")))
    assert samples.shape == (frames, 1662)
    assert np.array_equal(samples, tutorial(images(shared(f"video/{name}.mp4"))))
    found = HOLISTIC.present(samples, "left_hand") | HOLISTIC.present(samples, "right_hand")
    assert found.mean() > hands


@pytest.mark.slow
def test_calls_give_the_same_samples_as_sending_ahead(intermittent):
    frames = intermittent[:5]
    with Holistic() as extractor:
        single = np.array([extractor(frame) for frame in frames])
    assert np.array_equal(single, ours(frames))


def test_receive_without_waiting_gives_none_until_the_sample_is_ready(photo):
    with Holistic() as extractor:
        for sent in (1, 2):
            extractor.send(photo)
            assert extractor.in_flight == sent
        extractor.receive()
        assert extractor.in_flight == 1
        while (sample := extractor.receive(wait=False)) is None:
            assert extractor.in_flight == 1
        assert sample.shape == (1662,)
        assert extractor.in_flight == 0


@pytest.mark.slow
def test_true_times_change_the_smoothing_and_must_increase(photo):
    frames = [photo[:400, 5 * i : 5 * i + 400] for i in range(4)]

    def timed(step):
        with Holistic() as extractor:
            for i, frame in enumerate(frames):
                extractor.send(frame, i * step)
            return np.array([extractor.receive() for _ in frames])

    assert np.array_equal(timed(0.033333), ours(frames))
    assert not np.array_equal(timed(0.2), ours(frames))
    with Holistic() as extractor:
        extractor.send(photo, 1.0)
        with pytest.raises(ValueError, match="later"):
            extractor.send(photo, 1.0)
        assert extractor.receive().any()  # the extractor is still usable


@pytest.mark.parametrize("shape", [(4, 4), (4, 4, 4), (0, 4, 3)])
def test_arrays_of_other_shapes_are_refused(shape):
    with Holistic() as extractor, pytest.raises(ValueError, match="Received"):
        extractor(np.zeros(shape, np.uint8))


def send_grey(extractor, image):
    """Send an image with one channel, which makes the running graph fail."""
    from mediapipe.python import packet_creator
    from mediapipe.python._framework_bindings.image_frame import ImageFormat

    packet = packet_creator.create_image_frame(image_format=ImageFormat.GRAY8, data=image[..., 0].copy())
    extractor._last_time += 1
    extractor._graph.add_packet_to_input_stream(stream="image", packet=packet.at(extractor._last_time))
    extractor._pending.append(extractor._last_time)


@pytest.mark.timeout(60)
class TestFailing:
    def test_a_failed_graph_raises_at_every_receive_and_send(self):
        empty = np.zeros((40, 40, 3), np.uint8)
        with Holistic() as extractor:
            send_grey(extractor, empty)
            for call in (extractor.receive, extractor.receive, lambda: extractor.send(empty)):
                with pytest.raises(RuntimeError, match="MediaPipe failed"):
                    call()

    def test_receive_without_waiting_raises_as_well(self):
        def poll(extractor):
            while extractor.receive(wait=False) is None:
                pass

        with Holistic() as extractor:
            send_grey(extractor, np.zeros((40, 40, 3), np.uint8))
            with pytest.raises(RuntimeError, match="MediaPipe failed"):
                poll(extractor)

    def test_closing_does_not_need_the_pending_samples_received(self, photo):
        with Holistic() as extractor:
            for _ in range(5):
                extractor.send(photo)

    def test_the_callers_exception_is_not_replaced(self, photo):
        def fail():
            with Holistic() as extractor:
                send_grey(extractor, photo)
                raise KeyError("mine")

        with pytest.raises(KeyError, match="mine"):
            fail()


class TestPoseModelWithoutMask:
    def test_the_installed_model_is_known(self, path, capfd, caplog):
        assert detector._pose_model_without_mask(path)
        assert not caplog.records
        assert capfd.readouterr().err == ""

    def test_an_unknown_model_is_used_unchanged_with_one_warning(self, monkeypatch, caplog, photo):
        expected = ours([photo])
        caplog.clear()
        monkeypatch.setattr(detector, "POSE_MODEL_SHA256", "another")
        samples = ours([photo])
        (record,) = [record for record in caplog.records if "pose_landmark_full" in record.getMessage()]
        assert (record.name, record.levelname) == ("handsign", "WARNING")
        assert "slower" in record.getMessage()
        assert np.array_equal(samples, expected)

    def test_a_model_that_cannot_be_read_gives_one_warning_of_one_line(self, tmp_path, caplog):
        assert detector._pose_model_without_mask(tmp_path / "gone.tflite") is None
        (record,) = caplog.records
        assert "\n" not in record.getMessage()

    def test_only_operators_that_no_other_output_needs_are_removed(self, path):
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
        computed = {o for _, _, outputs in after for o in outputs} | set(light.inputs)
        assert set(light.outputs) <= computed

    def test_a_model_without_a_mask_is_refused(self, path):
        with pytest.raises(ValueError, match="not in list"):
            without_mask(without_mask(path.read_bytes()))


@pytest.mark.slow
def test_fast_differs_only_in_the_hands(shared):
    frames = list(islice(images(shared("video/webcam_hand.mp4")), 20))
    fast, exact = ours(frames, opened=FastHolistic), ours(frames)
    both = HOLISTIC.present(fast, "right_hand") & HOLISTIC.present(exact, "right_hand")
    assert both.any()
    for name in PARTS:
        assert np.array_equal(HOLISTIC.view(fast, name), HOLISTIC.view(exact, name)) == (name != "right_hand")
    apart = HOLISTIC.view(fast, "right_hand")[both] - HOLISTIC.view(exact, "right_hand")[both]
    assert np.median(np.abs(apart[..., :2])) < 0.05


def test_mediapipe_is_imported_when_an_extractor_opens_and_without_its_unused_imports():
    script = """
import sys
from handsign.landmarks.detector import Holistic
assert "mediapipe" not in sys.modules
with Holistic():
    assert "mediapipe" in sys.modules
    assert not {"tensorflow", "matplotlib", "matplotlib.pyplot", "mediapipe.tasks"} & set(sys.modules)
from matplotlib import pyplot
assert pyplot.figure().axes == []
"""
    environment = {**os.environ, "MPLBACKEND": "agg"}
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr

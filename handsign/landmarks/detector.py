"""MediaPipe Holistic as extractors (`Holistic`, `FastHolistic`): an image -> the 1662 columns of `holistic.HOLISTIC`.

`Holistic` gives the landmarks of `mediapipe.solutions.holistic.Holistic`, equal to the bit, in less time
(benchmarks/extraction.py):

- Frames enter MediaPipe's graph asynchronously: it finds the pose of one frame while it finds the hands of another.
- The pose model does not compute the 256 x 256 segmentation mask, which no landmark depends on (`without_mask`).
- Calculators that no landmark depends on are removed from the graph (`_prune`).
"""

from __future__ import annotations

import hashlib
import importlib.util
import logging
import sys
import threading
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from operator import attrgetter
from pathlib import Path
from types import ModuleType, TracebackType
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from handsign.landmarks.holistic import HOLISTIC
from handsign.landmarks.tflite import without_mask

if TYPE_CHECKING:
    from handsign.types import Array


logger = logging.getLogger("handsign")

STREAMS = tuple(f"{part.name}_landmarks" for part in HOLISTIC.parts)

GRAPH = "mediapipe/modules/holistic_landmark/holistic_landmark_cpu.binarypb"

POSE_MODEL = "mediapipe/modules/pose_landmark/pose_landmark_full.tflite"

POSE_MODEL_LOADER = "poselandmarkcpu__poselandmarkbyroicpu__poselandmarkmodelloader__TfLiteModelCalculator"

HAND_MODEL, LITE_HAND_MODEL = b"hand_landmark_full.tflite", b"hand_landmark_lite.tflite"

POSE_MODEL_SHA256 = "e9a5c5cb17f736fafd4c2ec1da3b3d331d6edbe8a0d32395855aeb2cdfd64b9f"
"""The pose model of mediapipe 0.10.21: tests show that its landmarks are the same to the bit without the mask."""

FRAME_INTERVAL = 33_333
"""Microseconds between frames that `mediapipe.solutions` assumes, whatever the true rate."""

ERROR_POLL_INTERVAL = 0.1
"""Seconds between checks for a failed graph while waiting: a graph that fails calls no observer."""


class Holistic:
    """Extractor of holistic landmarks: frame (H, W, 3) uint8 BGR -> sample (1662,) float32.

    The tutorial's settings: detection and tracking confidence 0.5, full pose model, smoothing over time.
    A context manager. One instance tracks one person over one take or one stream: give it the frames in order.

    Smoothing depends on the time between frames. `mediapipe.solutions` assumes 33,333 us, whatever the true frame
    rate, so all existing recordings, ours and other people's, were smoothed that way. Recording and recognising
    both assume it too: with true times, the same movement would give other values than those trained on.

    `extractor(frame)` waits for the sample. `send` and `receive` overlap the work on several frames.

    Raises:
        ModuleNotFoundError: mediapipe is not installed.
    """

    name = "mediapipe-holistic"
    hand_model = HAND_MODEL

    def __init__(self) -> None:
        self._graph, side_packets = _graph(self.hand_model)
        self._changed = threading.Condition()
        self._pending: deque[int] = deque()
        self._last_time = 0
        self._packets: dict[tuple[str, int], Any] = {}
        self._settled = dict.fromkeys(STREAMS, 0)  # by stream: no packet up to this time is still to come
        for stream in STREAMS:
            self._graph.observe_output_stream(stream, self._observe, True)
        self._graph.start_run(side_packets)

    def _observe(self, stream: str, packet: Any) -> None:
        """Store the packet of a stream, called by MediaPipe's threads.

        An empty packet means that the stream has no landmarks up to its time, which may cover several frames.
        """
        time = packet.timestamp.value
        with self._changed:
            self._settled[stream] = time
            if not packet.is_empty():
                self._packets[stream, time] = packet
            self._changed.notify()

    @property
    def in_flight(self) -> int:
        """Number of frames sent whose samples were not received yet."""
        return len(self._pending)

    def send(self, frame: Array, time: float | None = None) -> None:
        """Send a copy of a frame (H, W, 3) uint8 BGR to the graph without waiting for its sample.

        time  seconds, increasing from frame to frame: smooth over true time. Without it, frames are 33,333 us apart.

        Raises:
            ValueError: `frame` has another shape or dtype, or `time` does not increase.
            RuntimeError: MediaPipe failed.
        """
        from mediapipe.python import packet_creator
        from mediapipe.python._framework_bindings.image_frame import ImageFormat

        if frame.ndim != 3 or frame.shape[2] != 3 or frame.dtype != np.uint8 or not frame.size:
            raise ValueError(f"a frame must be (H, W, 3) uint8. Received: {frame.shape} {frame.dtype}")
        # MediaPipe needs times above 0 us.
        timestamp = self._last_time + FRAME_INTERVAL if time is None else round(time * 1e6) + 1
        if timestamp <= self._last_time:
            raise ValueError(f"a frame must be later than the last one, at {self._last_time / 1e6} s. Received: {time}")
        self._check()
        rgb = cv2.cvtColor(frame, cv2.COLOR_BGR2RGB)
        # copy=True, 0.1 ms at 1280 x 720: else MediaPipe changes the array's reference count without holding the GIL.
        packet = packet_creator.create_image_frame(image_format=ImageFormat.SRGB, data=rgb, copy=True)
        self._graph.add_packet_to_input_stream(stream="image", packet=packet.at(timestamp))
        self._last_time = timestamp
        self._pending.append(timestamp)

    def receive(self, wait: bool = True) -> Array | None:
        """The sample (1662,) float32 of the oldest pending frame; None if it is not ready and `wait` is false.

        Raises:
            IndexError: no frame is pending.
            RuntimeError: MediaPipe failed.
        """
        timestamp = self._pending[0]
        with self._changed:
            while wait and min(self._settled.values()) < timestamp and not self._graph.has_error():
                self._changed.wait(ERROR_POLL_INTERVAL)
            ready = min(self._settled.values()) >= timestamp
        self._check()
        if not ready:
            return None
        self._pending.popleft()
        return _sample([self._packets.pop((stream, timestamp), None) for stream in STREAMS])

    def _check(self) -> None:
        if self._graph.has_error():
            raise RuntimeError(f"MediaPipe failed: {self._graph.get_combined_error_message()}")

    def __call__(self, frame: Array) -> Array:
        """The sample (1662,) float32 of a frame (H, W, 3) uint8 BGR. No frame may be pending.

        Raises:
            ValueError: `frame` has another shape or dtype.
            RuntimeError: MediaPipe failed.
        """
        self.send(frame)
        sample = self.receive()
        assert sample is not None
        return sample

    def __enter__(self) -> Holistic:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        with suppress(Exception):  # closing a failed graph raises its error again, which `receive` has raised
            self._graph.close()


class FastHolistic(Holistic):
    """Extractor with MediaPipe's lite hand model: faster; hand landmarks differ by a few pixels (docs/DESIGN.md)."""

    name = "mediapipe-holistic-fast"
    hand_model = LITE_HAND_MODEL


def _sample(packets: Sequence[Any]) -> Array:
    """The landmark packets of a frame, one for each part of HOLISTIC (None: not detected) -> (1662,) float32."""
    from mediapipe.python import packet_getter

    found = {}
    for part, packet in zip(HOLISTIC.parts, packets, strict=True):
        message: Any = packet and packet_getter.get_proto(packet)
        found[part.name] = message and np.array(list(map(attrgetter(*part.fields), message.landmark)))
    return HOLISTIC.assemble(found)


def import_mediapipe() -> ModuleType:
    """Import MediaPipe without TensorFlow and Matplotlib, which its unused parts load (1 s instead of 9 s).

    `mediapipe/__init__.py` does not run, because it loads `mediapipe.tasks`; to use `mediapipe.solutions` as an
    attribute, import mediapipe before. `mediapipe.python.solutions` is imported as a whole: a graph silently ignores
    options whose protobuf messages are not imported, and with all of theirs it is the graph that the solutions run.
    Matplotlib is replaced by an empty module meanwhile, so `drawing_utils` cannot plot.

    Raises:
        ModuleNotFoundError: mediapipe is not installed.
    """
    if "mediapipe" not in sys.modules:
        spec = importlib.util.find_spec("mediapipe")
        if spec is None:
            raise ModuleNotFoundError("No module named 'mediapipe'", name="mediapipe")
        sys.modules["mediapipe"] = importlib.util.module_from_spec(spec)
    hidden = [] if "matplotlib" in sys.modules else ["matplotlib", "matplotlib.pyplot"]
    sys.modules.update({name: ModuleType(name) for name in hidden})
    try:
        importlib.import_module("mediapipe.python.solutions")
    finally:
        for name in hidden:
            del sys.modules[name]
    return sys.modules["mediapipe"]


def _graph(hand_model: bytes) -> tuple[Any, dict[str, Any]]:
    """MediaPipe's holistic graph with the given hand model, pruned to STREAMS, and its input side packets."""
    root = Path(import_mediapipe().__path__[0]).parent
    from mediapipe.framework.calculator_pb2 import CalculatorGraphConfig  # pyright: ignore[reportAttributeAccessIssue]
    from mediapipe.python import packet_creator
    from mediapipe.python._framework_bindings import calculator_graph, resource_util, validated_graph_config

    resource_util.set_resource_dir(str(root))
    validated = validated_graph_config.ValidatedGraphConfig()
    validated.initialize(binary_graph_path=str(root / GRAPH))
    binary = validated.binary_config.replace(HAND_MODEL, hand_model)  # of equal length, so the message stays valid
    config = CalculatorGraphConfig.FromString(binary)
    side_packets = {
        "model_complexity": packet_creator.create_int(1),
        "smooth_landmarks": packet_creator.create_bool(True),
        "enable_segmentation": packet_creator.create_bool(False),
        "smooth_segmentation": packet_creator.create_bool(True),
        "refine_face_landmarks": packet_creator.create_bool(False),
        "use_prev_landmarks": packet_creator.create_bool(True),
    }
    model = _pose_model_without_mask(root / POSE_MODEL)
    if model:
        loader = next(node for node in config.node if node.name == POSE_MODEL_LOADER)
        loader.input_side_packet[:] = ["MODEL_BLOB:pose_model"]  # instead of the file's name
        config.input_side_packet.append("MODEL_BLOB:pose_model")
        side_packets["pose_model"] = packet_creator.create_string(model)
    _prune(config, STREAMS)
    return calculator_graph.CalculatorGraph(graph_config=config), side_packets


def _prune(config: Any, streams: Sequence[str]) -> None:
    """Remove the calculators that the given streams do not depend on from a graph's configuration, in place."""

    def names(*tagged: Sequence[str]) -> list[str]:
        return [name.rpartition(":")[2] for names in tagged for name in names]  # of TAG:name

    producers = {
        name: i for i, node in enumerate(config.node) for name in names(node.output_stream, node.output_side_packet)
    }
    needed, unresolved = set(), list(streams)
    while unresolved:
        i = producers.get(unresolved.pop())
        if i is not None and i not in needed:
            needed.add(i)
            unresolved += names(config.node[i].input_stream, config.node[i].input_side_packet)
    for i in sorted(set(range(len(config.node))) - needed, reverse=True):
        del config.node[i]
    del config.output_stream[:]  # observers need no declared outputs


def _pose_model_without_mask(path: Path) -> bytes | None:
    """The pose model in a file without its mask; None, with a warning in the log, if it is not POSE_MODEL_SHA256."""
    try:
        model = path.read_bytes()
        if hashlib.sha256(model).hexdigest() != POSE_MODEL_SHA256:
            raise ValueError("is not the one of mediapipe 0.10.21")
        return without_mask(model)
    except (OSError, ValueError) as error:
        logger.warning("%s: %s; it is used unchanged, which is slower", path.name, error)
        return None

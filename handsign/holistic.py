"""MediaPipe Holistic (`Holistic`): a picture becomes the 1662 values that `keypoints.HOLISTIC` describes.

The landmarks of `mediapipe.solutions.Holistic`, to the bit, for less work (benchmarks/extraction.py):

- MediaPipe's own graph is fed asynchronously, so that the pose of one frame is found beside the hands of the last.
- The pose model does not compute the 256 x 256 mask that Holistic throws away (`without_mask`).
- Calculators that no landmark depends on are left out of the graph (`_pruned`).
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import sys
import threading
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from operator import attrgetter
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any

import cv2
import numpy as np
from flatbuffers import encode
from flatbuffers.number_types import UOffsetTFlags
from flatbuffers.table import Table

from handsign.keypoints import HOLISTIC

Array = np.ndarray[Any, Any]

STREAMS = tuple(f"{part.name}_landmarks" for part in HOLISTIC.parts)
GRAPH = "mediapipe/modules/holistic_landmark/holistic_landmark_cpu.binarypb"
POSE_MODEL = "mediapipe/modules/pose_landmark/pose_landmark_full.tflite"
POSE_LOADER = "poselandmarkcpu__poselandmarkbyroicpu__poselandmarkmodelloader__TfLiteModelCalculator"
HAND_MODEL, LITE_HAND_MODEL = b"hand_landmark_full.tflite", b"hand_landmark_lite.tflite"
KNOWN_MODEL = "e9a5c5cb17f736fafd4c2ec1da3b3d331d6edbe8a0d32395855aeb2cdfd64b9f"
"""SHA-256 of the pose model of mediapipe 0.10.21, for which the landmarks are known to be the same without its mask."""
FRAME = 33_333
"""Microseconds from frame to frame that `mediapipe.solutions` makes up, whatever the camera's rate is."""
PATIENCE = 0.1
"""Seconds between two looks at whether the graph has failed: it calls nobody then."""


class Holistic:
    """MediaPipe Holistic as a `sense`: frame (H, W, 3) uint8 BGR -> keypoints (1662,) float32.

    The same settings as the tutorial's: detection and tracking confidence 0.5, full pose model, smoothing over time.
    A context manager; the pictures of one take or one stream, in order, go through one instance.

    Smoothing depends on the time between frames. `mediapipe.solutions` takes every frame to last 33,333 us, so all
    landmarks there are, ours and those of other people's data, were smoothed like that, at whatever rate they were
    recorded. Recording and recognising do the same: the camera's own times would make other numbers of the same
    movement than those that were trained on.
    """

    name = "mediapipe-holistic"
    hand_model = HAND_MODEL

    def __init__(self) -> None:
        self._graph, side_packets = _graph(self.hand_model)
        self._changed = threading.Condition()
        self._sent: deque[int] = deque()
        self._now = 0
        self._packets: dict[tuple[str, int], Any] = {}
        self._settled = dict.fromkeys(STREAMS, 0)
        for stream in STREAMS:
            self._graph.observe_output_stream(stream, self._observe, True)
        self._graph.start_run(side_packets)

    def _observe(self, stream: str, packet: Any) -> None:
        """A stream has its landmarks of some frame, or there will be none up to that frame.

        A stream that stays empty may say so once for several frames.
        """
        at = packet.timestamp.value
        with self._changed:
            self._settled[stream] = at
            if not packet.is_empty():
                self._packets[stream, at] = packet
            self._changed.notify()

    @property
    def in_flight(self) -> int:
        """How many frames were sent whose samples were not received."""
        return len(self._sent)

    def send(self, frame: Array, time: float | None = None) -> None:
        """Hand over a frame (H, W, 3) uint8 BGR without waiting for its sample; it is copied.

        `time` in seconds, rising from frame to frame, is for landmarks that are smoothed over true time.

        Raises:
            ValueError: `frame` is no such array, or `time` does not rise.
            RuntimeError: MediaPipe failed.
        """
        from mediapipe.python import packet_creator
        from mediapipe.python._framework_bindings.image_frame import ImageFormat

        if frame.ndim != 3 or frame.shape[2] != 3 or frame.dtype != np.uint8 or not frame.size:
            raise ValueError(f"a frame is (H, W, 3) uint8. Received: {frame.shape} {frame.dtype}")
        at = self._now + FRAME if time is None else round(time * 1e6) + 1  # MediaPipe's begin after 0
        if at <= self._now:
            raise ValueError(f"a frame comes later than the last one, {self._now / 1e6} s. Received: {time}")
        self._check()
        rgb = cv2.cvtColor(frame, cv2.COLOR_BGR2RGB)
        # Copied, 0.1 ms at 1280 x 720: without, MediaPipe counts references to it in a thread that lacks the GIL.
        packet = packet_creator.create_image_frame(image_format=ImageFormat.SRGB, data=rgb, copy=True)
        self._graph.add_packet_to_input_stream(stream="image", packet=packet.at(at))
        self._now = at
        self._sent.append(at)

    def receive(self, wait: bool = True) -> Array | None:
        """The sample (1662,) float32 of the oldest frame sent; None if it is not ready and `wait` is not set.

        Raises:
            RuntimeError: MediaPipe failed.
        """
        at = self._sent[0]
        with self._changed:
            while wait and min(self._settled.values()) < at and not self._graph.has_error():
                self._changed.wait(PATIENCE)
            ready = min(self._settled.values()) >= at
        self._check()
        if not ready:
            return None
        self._sent.popleft()
        return _sample([self._packets.pop((stream, at), None) for stream in STREAMS])

    def _check(self) -> None:
        if self._graph.has_error():
            raise RuntimeError(f"MediaPipe failed: {self._graph.get_combined_error_message()}")

    def __call__(self, frame: Array) -> Array:
        """The sample of a frame; with none in flight."""
        self.send(frame)
        sample = self.receive()
        assert sample is not None
        return sample

    def __enter__(self) -> Holistic:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        with suppress(Exception):  # of any kind: says once more what made the graph fail, which `receive` said before
            self._graph.close()


class FastHolistic(Holistic):
    """Holistic with MediaPipe's lite hand model: other hands, by a few pixels, for less work (docs/DESIGN.md)."""

    name = "mediapipe-holistic-fast"
    hand_model = LITE_HAND_MODEL


def _sample(packets: Sequence[Any]) -> Array:
    """The landmark packets of a frame, in the order of HOLISTIC, or None each -> (1662,) float32."""
    from mediapipe.python import packet_getter

    found = {}
    for part, packet in zip(HOLISTIC.parts, packets, strict=True):
        points = packet and packet_getter.get_proto(packet).landmark
        found[part.name] = points and np.array(list(map(attrgetter(*part.fields), points)))
    return HOLISTIC.assemble(found)


def import_mediapipe() -> ModuleType:
    """Import MediaPipe without TensorFlow and Matplotlib, which it would load for what nobody uses here (9 s, not 1 s).

    The package itself is not run, as that would load its tasks, too; who wants `mediapipe.solutions` as an attribute
    imports mediapipe first. Its solutions are, because options whose messages nobody has imported are silently left
    out of a graph: only with all of theirs is it the graph that they run. `drawing_utils` cannot plot then.
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
    """MediaPipe's graph for the four landmark streams with a hand model, and the side packets it starts with."""
    root = Path(import_mediapipe().__file__).parent.parent
    from mediapipe.framework.calculator_pb2 import CalculatorGraphConfig
    from mediapipe.python import packet_creator
    from mediapipe.python._framework_bindings import calculator_graph, resource_util, validated_graph_config

    resource_util.set_resource_dir(str(root))
    validated = validated_graph_config.ValidatedGraphConfig()
    validated.initialize(binary_graph_path=str(root / GRAPH))
    binary = validated.binary_config.replace(HAND_MODEL, hand_model)  # as long, so it stays a message
    config = CalculatorGraphConfig.FromString(binary)
    sides = {
        "model_complexity": packet_creator.create_int(1),
        "smooth_landmarks": packet_creator.create_bool(True),
        "enable_segmentation": packet_creator.create_bool(False),
        "smooth_segmentation": packet_creator.create_bool(True),
        "refine_face_landmarks": packet_creator.create_bool(False),
        "use_prev_landmarks": packet_creator.create_bool(True),
    }
    model = _light_model(root / POSE_MODEL)
    if model:
        loader = next(node for node in config.node if node.name == POSE_LOADER)
        loader.input_side_packet[:] = ["MODEL_BLOB:pose_model"]  # instead of the file's
        config.input_side_packet.append("MODEL_BLOB:pose_model")
        sides["pose_model"] = packet_creator.create_string(model)
    _prune(config, STREAMS)
    return calculator_graph.CalculatorGraph(graph_config=config), sides


def _prune(config: Any, wanted: Sequence[str]) -> None:
    """Leave only the calculators of a graph that the wanted streams depend on, in their order."""

    def names(*tagged: Sequence[str]) -> list[str]:
        return [name.rpartition(":")[2] for names in tagged for name in names]  # of TAG:name

    maker = {
        name: i for i, node in enumerate(config.node) for name in names(node.output_stream, node.output_side_packet)
    }
    kept, open_ends = set(), list(wanted)
    while open_ends:
        i = maker.get(open_ends.pop())
        if i is not None and i not in kept:
            kept.add(i)
            open_ends += names(config.node[i].input_stream, config.node[i].input_side_packet)
    for i in sorted(set(range(len(config.node))) - kept, reverse=True):
        del config.node[i]
    del config.output_stream[:]  # every stream can be observed


def _light_model(path: Path) -> bytes | None:
    """The pose model without its mask; None, and a line on stderr, if it is not the one for which that is known."""
    try:
        model = path.read_bytes()
        if hashlib.sha256(model).hexdigest() != KNOWN_MODEL:
            raise ValueError("is another one than that of mediapipe 0.10.21")
        return without_mask(model)
    except (OSError, ValueError) as error:
        print(f"{path.name} {error}; it is used as it is, which is slower", file=sys.stderr)
        return None


def without_mask(model: bytes) -> bytes:
    """A TFLite pose model without the operators that only feed its (1, 256, 256, 1) output.

    The file is changed in place: the list of operators gets shorter, and the score stands in for the mask, so that
    the outputs stay as many. Fields by their numbers in tensorflow/lite/schema/schema.fbs: Model.subgraphs 2;
    SubGraph.tensors 0, .outputs 2, .operators 3; Operator.inputs 1, .outputs 2; Tensor.shape 0.

    Raises:
        ValueError: it has no such output.
    """
    data = bytearray(model)
    (graph,) = _tables(Table(data, _offset(data, 0)), 2)
    tensors, operators, outputs = _tables(graph, 0), _tables(graph, 3), _integers(graph, 2)
    shapes = [_integers(tensors[i], 0).tolist() for i in outputs]
    outputs[shapes.index([1, 256, 256, 1])] = outputs[shapes.index([1, 1])]
    needed, kept = set(outputs.tolist()), []
    for operator in reversed(operators):
        if needed & set(_integers(operator, 2).tolist()):
            needed |= set(_integers(operator, 1).tolist())
            kept.append(operator.Pos)
    start, _ = _vector(graph, 3)
    for place, position in zip(range(start, len(data), 4), reversed(kept), strict=False):
        encode.Write(UOffsetTFlags.packer_type, data, place, position - place)  # offsets count from where they stand
    encode.Write(UOffsetTFlags.packer_type, data, start - 4, len(kept))
    return bytes(data)


def _offset(data: bytearray, place: int) -> int:
    return place + encode.Get(UOffsetTFlags.packer_type, data, place)


def _vector(table: Table, field: int) -> tuple[int, int]:
    """Where the vector in a field of a FlatBuffer table starts, and how many elements it has."""
    entry = table.Offset(4 + 2 * field)
    return (table.Vector(entry), table.VectorLen(entry)) if entry else (0, 0)


def _tables(table: Table, field: int) -> list[Table]:
    start, length = _vector(table, field)
    return [Table(table.Bytes, _offset(table.Bytes, start + 4 * i)) for i in range(length)]


def _integers(table: Table, field: int) -> Array:
    """A vector of int32, as a view that can be written to."""
    start, length = _vector(table, field)
    return np.frombuffer(table.Bytes, "<i4", length, start)

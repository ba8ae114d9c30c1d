"""The loop of the tutorial, written anew from what it does, as the measure of ours: `python tutorial_loop.py VIDEO`.

"Sign Language Detection using Action Recognition with Python" (Nicholas Renotte, 2021) does one thing after another
for every frame: MediaPipe Holistic, its drawing utilities, 1662 values by list comprehensions, Keras' `predict` on the
last 30 frames, bars and a sentence. Only what it shows on the screen is left out unless asked for (`show`).
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import cv2
import mediapipe as mp
import numpy as np

Array = np.ndarray[Any, Any]
LABELS = ("hello", "thanks", "iloveyou")
COLOURS = ((245, 117, 16), (117, 245, 16), (16, 117, 245))
WINDOW, THRESHOLD = 30, 0.5

holistic = mp.solutions.holistic
drawing = mp.solutions.drawing_utils


def _ink(colour: tuple[int, int, int], thickness: int, radius: int) -> Any:
    return drawing.DrawingSpec(color=colour, thickness=thickness, circle_radius=radius)


STYLES = {
    "face": (holistic.FACEMESH_CONTOURS, _ink((80, 110, 10), 1, 1), _ink((80, 255, 121), 1, 1)),
    "pose": (holistic.POSE_CONNECTIONS, _ink((80, 22, 10), 2, 4), _ink((80, 44, 121), 2, 2)),
    "left_hand": (holistic.HAND_CONNECTIONS, _ink((121, 22, 76), 2, 4), _ink((121, 44, 250), 2, 2)),
    "right_hand": (holistic.HAND_CONNECTIONS, _ink((245, 117, 66), 2, 4), _ink((245, 66, 230), 2, 2)),
}
"""Part -> its lines, and how its landmarks and its lines are drawn."""


def extractor() -> Any:
    """MediaPipe's own Holistic, to be closed."""
    return holistic.Holistic(min_detection_confidence=0.5, min_tracking_confidence=0.5)


def detect(image: Array, model: Any) -> Any:
    """What Holistic finds in an image (H, W, 3) uint8 BGR."""
    rgb = cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
    rgb.flags.writeable = False
    return model.process(rgb)


def draw(image: Array, found: Any) -> None:
    """Draw `{part}_landmarks` of what was found on an image (H, W, 3) uint8 BGR, in place."""
    for part, (lines, points, strokes) in STYLES.items():
        drawing.draw_landmarks(image, getattr(found, f"{part}_landmarks"), lines, points, strokes)


def keypoints(found: Any) -> Array:
    """The 1662 values (1662,) of what was found, zeros for what was not."""
    pose, face = found.pose_landmarks, found.face_landmarks
    hands = [
        np.array([[p.x, p.y, p.z] for p in hand.landmark]).flatten() if hand else np.zeros(21 * 3)
        for hand in (found.left_hand_landmarks, found.right_hand_landmarks)
    ]
    return np.concatenate(
        [
            np.array([[p.x, p.y, p.z, p.visibility] for p in pose.landmark]).flatten() if pose else np.zeros(33 * 4),
            np.array([[p.x, p.y, p.z] for p in face.landmark]).flatten() if face else np.zeros(468 * 3),
            *hands,
        ]
    )


def write(image: Array, probabilities: Sequence[float], sentence: Sequence[str]) -> None:
    """Draw a coloured bar for each probability and the sentence on an image (H, W, 3) uint8 BGR, in place."""
    font = cv2.FONT_HERSHEY_SIMPLEX
    for i, (label, probability) in enumerate(zip(LABELS, probabilities, strict=False)):
        cv2.rectangle(image, (0, 60 + i * 40), (int(probability * 100), 90 + i * 40), COLOURS[i % len(COLOURS)], -1)
        cv2.putText(image, label, (0, 85 + i * 40), font, 1, (255, 255, 255), 2, cv2.LINE_AA)
    cv2.rectangle(image, (0, 0), (640, 40), (245, 117, 16), -1)
    cv2.putText(image, " ".join(sentence), (3, 30), font, 1, (255, 255, 255), 2, cv2.LINE_AA)


def network() -> Any:
    """The tutorial's network in Keras. Its weights are drawn: what it says costs the same."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    from handsign.bundle.keras_loader import import_keras
    from handsign.tasks.sign.networks import lstm

    import_keras()
    return lstm((WINDOW, 1662), LABELS)


def frames(video: Path) -> Iterator[Array]:
    """Every frame (H, W, 3) uint8 BGR of a video file."""
    capture = cv2.VideoCapture(str(video))
    while True:
        ok, image = capture.read()
        if not ok:
            break
        yield image
    capture.release()


def run(video: Path, model: Any, after: Callable[[Array | None], None], show: bool = False) -> None:
    """The whole loop; `after` every frame is told the probabilities (labels,), None before the window is full."""
    sequence: list[Array] = []
    sentence: list[str] = []
    leaders: list[int] = []
    probabilities: Array | None = None
    with extractor() as finder:
        for image in frames(video):
            found = detect(image, finder)
            draw(image, found)
            sequence = [*sequence, keypoints(found)][-WINDOW:]
            if len(sequence) == WINDOW:
                probabilities = model.predict(np.expand_dims(sequence, axis=0), verbose=0)[0]
                leaders.append(int(np.argmax(probabilities)))
                sure = set(leaders[-10:]) == {leaders[-1]} and probabilities[leaders[-1]] > THRESHOLD
                if sure and sentence[-1:] != [LABELS[leaders[-1]]]:
                    sentence = [*sentence, LABELS[leaders[-1]]][-5:]
                write(image, probabilities, sentence)
            if show:
                cv2.imshow("tutorial", image)
                if cv2.waitKey(10) & 0xFF == ord("q"):
                    break
            after(probabilities)


def main() -> None:
    """Run over a video and print every prediction."""

    def tell(probabilities: Array | None) -> None:
        if probabilities is not None:
            print(LABELS[int(np.argmax(probabilities))], flush=True)

    run(Path(sys.argv[1]), network(), tell, show="--show" in sys.argv[2:])


if __name__ == "__main__":
    main()

import numpy as np
import pytest

from handsign.errors import InputError
from handsign.landmarks.detector import import_mediapipe
from handsign.landmarks.holistic import HOLISTIC

PARTS = [part.name for part in HOLISTIC.parts]


def part(name):
    return next(p for p in HOLISTIC.parts if p.name == name)


class TestLayout:
    def test_columns_are_the_tutorials(self):
        assert HOLISTIC.size == 1662
        assert HOLISTIC.slices == {
            "pose": slice(0, 132),
            "face": slice(132, 1536),
            "left_hand": slice(1536, 1599),
            "right_hand": slice(1599, 1662),
        }

    @pytest.mark.parametrize("lead", [(), (5,), (2, 5)])
    def test_assemble_and_view_are_inverse(self, lead):
        samples = np.random.default_rng(0).random((*lead, 1662), np.float32)
        landmarks = {name: HOLISTIC.view(samples, name) for name in PARTS}
        assert landmarks["pose"].shape == (*lead, 33, 4)
        assert np.array_equal(HOLISTIC.assemble(landmarks), samples)

    def test_writing_to_a_view_writes_to_the_samples(self):
        samples = np.zeros((3, 1662), np.float32)
        HOLISTIC.view(samples, "left_hand")[1, 20, 2] = 7
        assert samples[1, 1536 + 62] == 7
        assert np.count_nonzero(samples) == 1

    @pytest.mark.parametrize("missing", PARTS)
    def test_a_missing_part_is_zeros_and_not_present(self, missing):
        full = np.random.default_rng(0).random((4, 1662)) + 0.1
        landmarks = {n: None if n == missing else HOLISTIC.view(full, n) for n in PARTS}
        samples = HOLISTIC.assemble(landmarks)
        assert samples.dtype == np.float32
        assert {n for n in PARTS if not HOLISTIC.present(samples, n).all()} == {missing}
        assert not HOLISTIC.present(samples, missing).any()

    def test_presence_is_given_for_each_sample(self):
        samples = np.zeros((3, 1662), np.float32)
        samples[1, 1599] = -0.1
        assert HOLISTIC.present(samples, "right_hand").tolist() == [False, True, False]

    def test_iris_landmarks_at_the_end_of_the_face_are_dropped(self):
        face = np.random.default_rng(0).random((2, 478, 3)).astype(np.float32)
        samples = HOLISTIC.assemble({"face": face})
        assert np.array_equal(HOLISTIC.view(samples, "face"), face[:, :468])

    @pytest.mark.parametrize(
        ("names", "columns"), [(PARTS, 1662), (["pose", "left_hand", "right_hand"], 258), (PARTS[2:], 126)]
    )
    def test_fewer_parts_are_widened_with_zeros(self, names, columns):
        narrow = np.random.default_rng(0).random((2, 5, columns), np.float32) + 0.1
        wide = HOLISTIC.widen(narrow)
        assert wide.shape == (2, 5, 1662)
        assert np.array_equal(np.concatenate([wide[..., HOLISTIC.slices[name]] for name in names], axis=-1), narrow)
        assert not any(HOLISTIC.present(wide, name).any() for name in set(PARTS) - set(names))

    @pytest.mark.parametrize("lead", [(), (5,), (2, 5)])
    def test_narrow_copies_the_columns_of_these_parts_in_the_layouts_order(self, lead):
        samples = np.random.default_rng(0).random((*lead, 1662), np.float32)
        narrow = HOLISTIC.narrow(samples, "right_hand", "pose")
        assert narrow.shape == (*lead, 195)
        assert np.array_equal(narrow, np.concatenate([samples[..., :132], samples[..., 1599:]], axis=-1))
        assert not np.shares_memory(narrow, samples)
        wide = HOLISTIC.widen(HOLISTIC.narrow(samples, "pose", "left_hand", "right_hand"))
        assert not wide[..., 132:1536].any()
        wide[..., 132:1536] = samples[..., 132:1536]
        assert np.array_equal(wide, samples)

    @pytest.mark.parametrize("columns", [0, 1, 63, 1530, 1661, 1663])
    def test_other_sizes_are_refused(self, columns):
        with pytest.raises(InputError, match=rf"{columns} values; known are 1662, 258, 126"):
            HOLISTIC.widen(np.zeros((30, columns)))


class TestAgainstMediaPipe:
    @pytest.fixture(autouse=True)
    def _import(self):
        import_mediapipe()  # without TensorFlow

    @pytest.mark.parametrize("name", ["pose", "left_hand", "right_hand"])
    def test_strokes_are_its_connections(self, name):
        from mediapipe.python.solutions.hands_connections import HAND_CONNECTIONS
        from mediapipe.python.solutions.pose_connections import POSE_CONNECTIONS

        theirs = POSE_CONNECTIONS if name == "pose" else HAND_CONNECTIONS
        assert part(name).connections == {tuple(sorted(pair)) for pair in theirs}

    def test_face_strokes_are_its_contours(self):
        from mediapipe.python.solutions.face_mesh_connections import FACEMESH_CONTOURS

        assert part("face").connections == {tuple(sorted(pair)) for pair in FACEMESH_CONTOURS}

    def test_landmark_names_are_its_names(self):
        from mediapipe.python.solutions.hands import HandLandmark
        from mediapipe.python.solutions.pose import PoseLandmark

        assert part("pose").names == tuple(mark.name.lower() for mark in PoseLandmark)
        for hand in ("left_hand", "right_hand"):
            assert part(hand).names == tuple(mark.name.lower() for mark in HandLandmark)

"""Films from a file or the generator: read, split, augmented, extracted from frames, and continued."""

import cv2
import numpy as np
import pytest

from handsign.data.split import Split
from handsign.errors import InputError
from handsign.tasks.nextframe import films

RNG = np.random.default_rng(0)


def saved(path, frames=10, count=6, side=(8, 10), dtype=np.uint8):
    """A file in the layout of Moving MNIST, and what is in it."""
    held = RNG.integers(0, 256, (frames, count, *side)).astype(dtype)
    held = held / dtype(255) if np.issubdtype(dtype, np.floating) else held
    np.save(path, held)
    return held


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
def test_a_file_is_read_film_by_film(tmp_path, dtype):
    held = saved(tmp_path / "a.npy", dtype=dtype)
    found = films.read(tmp_path / "a.npy")
    assert (found.shape, found.dtype) == ((6, 10, 8, 10, 1), np.float32)
    np.testing.assert_allclose(found[2, 3, ..., 0], held[3, 2] / (255 if dtype is np.uint8 else 1), atol=1e-6)


@pytest.mark.parametrize(
    ("held", "why"),
    [
        (np.zeros((20, 3, 64)), "has shape"),
        (np.zeros((7, 3, 8, 8)), "has shape"),
        (np.zeros((20, 0, 8, 8)), "has shape"),
        (np.full((20, 2, 8, 8), 200, np.int64), "no brightness"),
        (np.full((20, 2, 8, 8), 1.5), "no brightness"),
        (np.full((20, 2, 8, 8), np.nan), "no brightness"),
        (np.array([{"a": 1}], object), "cannot be read"),
    ],
)
def test_a_file_without_films_is_refused(tmp_path, held, why):
    np.save(tmp_path / "bad.npy", held, allow_pickle=True)
    with pytest.raises(InputError, match=why):
        films.read(tmp_path / "bad.npy")


def test_a_damaged_file_is_refused(tmp_path):
    saved(tmp_path / "a.npy")
    (tmp_path / "cut.npy").write_bytes((tmp_path / "a.npy").read_bytes()[:500])
    with pytest.raises(InputError, match="cannot be read"):
        films.read(tmp_path / "cut.npy")


def test_targets_are_the_following_pictures_and_every_film_is_in_one_part(tmp_path):
    held = saved(tmp_path / "a.npy", count=20)
    data = films.dataset("some", tmp_path / "a.npy", None, 3)
    assert (data.task, data.X.shape, data.labels) == ("some", (20, 9, 8, 10, 1), ["brightness"])
    np.testing.assert_array_equal(data.X[:, 1:], data.y[:, :-1])
    np.testing.assert_allclose(data.y[4, -1, ..., 0], held[-1, 4] / 255, atol=1e-6)
    assert {part: (data.part == part).sum() for part in ("train", "val", "test")} == {"train": 13, "val": 3, "test": 4}
    assert (films.dataset("some", tmp_path / "a.npy", Split(test_size=0.5), 3).part == "test").sum() == 10
    assert films.dataset("some", tmp_path / "nothing.npy", None, 0) is None
    assert films.dataset("some", tmp_path, None, 0) is None


@pytest.mark.slow
def test_squares_are_split_as_in_the_example(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    data = films.dataset("some", tmp_path.__class__(films.SQUARES), None, 0)
    assert [len(data.rows(part)[0]) for part in ("train", "val", "test")] == [950, 50, 200]
    assert data.part[films.TESTED] == "test"
    assert data.part[[949, 950, 999, 1000]].tolist() == ["train", "val", "val", "test"]
    film, following = films.load_one("squares")
    np.testing.assert_array_equal(film, data.X[1004])
    np.testing.assert_array_equal(following, data.y[1004])
    np.testing.assert_array_equal(films.load_one("squares:3")[0], data.X[3])
    with pytest.raises(InputError, match="there are 1200 films"):
        films.load_one("squares:1200")


def test_a_film_of_a_file_is_named_by_its_number(tmp_path):
    held = saved(tmp_path / "a.npy")
    for spec, number in ((f"{tmp_path}/a.npy", 0), (f"{tmp_path}/a.npy:4", 4)):
        film, following = films.load_one(spec)
        np.testing.assert_allclose(film[..., 0], held[:-1, number] / 255, atol=1e-6)
        np.testing.assert_allclose(following[..., 0], held[1:, number] / 255, atol=1e-6)
    assert films.load_one(f"{tmp_path}/a.mp4") is None


def test_augmentation_turns_films_and_targets_into_all_eight_orientations():
    film = RNG.random((1, 3, 6, 6, 1), np.float32)
    many = np.repeat(film, 100, axis=0)
    new, targets = films.augmented(
        many, np.concatenate([many, many], axis=1), many[:0], many[:0], np.random.default_rng(1)
    )
    np.testing.assert_array_equal(np.concatenate([new, new], axis=1), targets)
    expected = [np.rot90(one, k, (1, 2)) for one in (film[0], film[0, :, ::-1]) for k in range(4)]
    found = np.unique(new.reshape(100, -1), axis=0)
    np.testing.assert_array_equal(found, np.unique([one.ravel() for one in expected], axis=0))


def test_films_that_are_not_square_are_only_mirrored():
    film = np.repeat(RNG.random((1, 2, 4, 6, 1), np.float32), 50, axis=0)
    new, _ = films.augmented(film, film, film[:0], film[:0], np.random.default_rng(1))
    assert new.shape == film.shape
    assert len(np.unique(new.reshape(50, -1), axis=0)) == 4


@pytest.mark.parametrize(("shape", "size"), [((48, 64), (40, 40)), ((64, 48), (40, 40)), ((50, 50), (20, 40))])
def test_a_frame_is_cropped_to_its_middle_made_grey_and_reduced(shape, size):
    frame = np.zeros((*shape, 3), np.uint8)
    cv2.circle(frame, (shape[1] // 2, shape[0] // 2), 8, (255, 255, 255), -1)
    with films.grey(size) as extract:
        sample = extract(frame)
        assert (extract(np.full((*shape, 3), 255, np.uint8)) == 1).all()
    assert (sample.shape, sample.dtype) == ((*size, 1), np.float32)
    lit = np.argwhere(sample[..., 0] > 0.5)
    np.testing.assert_allclose(lit.mean(axis=0), (np.array(size) - 1) / 2, atol=1)
    extent = np.ptp(lit, axis=0) + 1
    assert abs(extent[0] - extent[1]) <= 1  # still a circle


def test_a_model_is_given_the_context_and_its_own_predictions():
    inputs = []

    def predict(x):
        inputs.append(x)
        return x + 1

    context = np.arange(3, dtype=np.float32).reshape(1, 3, 1, 1, 1)
    y_pred = films.ahead(predict, context, 3)
    np.testing.assert_array_equal(y_pred.ravel(), [3, 4, 5])
    assert [x.ravel().tolist() for x in inputs] == [[0, 1, 2], [0, 1, 2, 3], [0, 1, 2, 3, 4]]

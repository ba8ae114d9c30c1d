"""The films of moving squares against the loops of the Keras example."""

import numpy as np
import pytest

from handsign.tasks.nextframe import squares


def render_by_loops(scenes):
    """The example's own loops, with the draws taken from `scenes`: 80 x 80, cropped to [20:60]."""
    n, frames, most = scenes.noise.shape
    noisy, shifted = np.zeros((2, n, frames, 80, 80))
    for i in range(n):
        for j in range(most):
            if not scenes.present[i, j]:
                continue
            (xstart, ystart), (dx, dy), w = (
                20 + scenes.start[:, i, j],
                scenes.velocity[:, i, j],
                scenes.half_width[i, j],
            )
            for t in range(frames):
                x, y = xstart + dx * t, ystart + dy * t
                noisy[i, t, x - w : x + w, y - w : y + w] += 1
                if scenes.noise[i, t, j]:
                    noisy[i, t, x - w - 1 : x + w + 1, y - w - 1 : y + w + 1] += scenes.noise[i, t, j]
                x, y = xstart + dx * (t + 1), ystart + dy * (t + 1)
                shifted[i, t, x - w : x + w, y - w : y + w] += 1
    noisy, shifted = (np.array(films)[:, :, 20:60, 20:60, None] for films in (noisy, shifted))
    noisy[noisy >= 1] = 1
    shifted[shifted >= 1] = 1
    return noisy, shifted


def test_films_equal_those_of_the_loops():
    scenes = squares.sample_scenes(2 * squares.BATCH + 3, np.random.default_rng(0))
    for fast, plain in zip(squares.render(scenes), render_by_loops(scenes), strict=True):
        assert fast.dtype == np.float32
        np.testing.assert_allclose(fast, plain, atol=1e-6)


def test_every_draw_is_in_its_range_and_equally_likely():
    scenes = squares.sample_scenes(4000, np.random.default_rng(1))
    for values, expected in (
        (scenes.start, range(40)),
        (scenes.velocity, (-1, 0, 1)),
        (scenes.half_width, (2, 3)),
        (scenes.present.sum(axis=1), (3, 4, 5, 6, 7)),
    ):
        found, counts = np.unique(values, return_counts=True)
        assert found.tolist() == list(expected)
        np.testing.assert_allclose(counts / counts.sum(), 1 / len(found), rtol=0.1)
    found, counts = np.unique(scenes.noise.round(3), return_counts=True)
    np.testing.assert_allclose(found, [-0.1, 0, 0.1], atol=1e-6)
    np.testing.assert_allclose(counts / counts.sum(), [0.25, 0.5, 0.25], rtol=0.02)


def test_the_target_is_the_next_frame_without_noise():
    scenes = squares.sample_scenes(20, np.random.default_rng(2), frames=9)
    scenes.noise[:] = 0
    films, following = squares.render(scenes)
    assert films.shape == (20, 9, 40, 40, 1)
    np.testing.assert_array_equal(films[:, 1:], following[:, :-1])
    assert set(np.unique(films)) == {0, 1}


def test_the_seed_decides_the_film():
    first, again, other = (squares.films(3, np.random.default_rng(seed))[0] for seed in (5, 5, 6))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


@pytest.mark.parametrize(("step", "expected"), [(0, 0.642), (1, 0.42), (2, 0.28), (3, 0.19), (7, 0.115)])
def test_copying_the_seventh_frame_has_the_overlap_of_the_issue(step, expected):
    """IoU of the last frame of the context and the one `step` frames after the next, mean over films."""
    films, following = squares.films(600, np.random.default_rng(3))
    last, truth = films[:, 6] > 0.5, following[:, 6 + step] > 0.5
    iou = (last & truth).sum(axis=(1, 2, 3)) / np.maximum((last | truth).sum(axis=(1, 2, 3)), 1)
    assert iou.mean() == pytest.approx(expected, abs=0.02)

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handsign.data.windows import centres, resample, slide, span

RATES = (15, 30, 60)


def wave(times):
    """A smooth movement (T, 2) of about a second."""
    return np.stack([np.sin(2 * np.pi * times), np.cos(3 * times)], axis=1).astype(np.float32)


def frames(rate, seconds=1.0):
    """Times (T,) of the middles of the frames of a recording."""
    return (np.arange(round(rate * seconds)) + 0.5) / rate


class TestResample:
    def test_at_its_own_times_nothing_changes(self):
        times = np.sort(np.random.default_rng(0).random(9))
        assert np.array_equal(resample(wave(times), times, times.copy()), wave(times))

    def test_in_between_is_linear(self):
        samples = np.array([[0.0, 10.0], [1.0, 20.0], [5.0, 0.0]], np.float32)
        found = resample(samples, np.array([0.0, 1.0, 2.0]), np.array([0.25, 1.5]))
        assert found == pytest.approx(np.array([[0.25, 12.5], [3.0, 10.0]]))
        assert found.dtype == np.float32

    def test_ends_hold(self):
        samples = np.array([[1.0], [2.0]], np.float32)
        assert resample(samples, np.array([0.0, 1.0]), np.array([-9.0, 9.0])).tolist() == [[1.0], [2.0]]

    def test_one_sample_fills_everything(self):
        assert (
            resample(np.ones((1, 2), np.float32), np.array([3.0]), np.array([0.0, 3.0, 4.0])).tolist() == [[1, 1]] * 3
        )

    def test_samples_of_any_shape(self):
        images = np.arange(2 * 3 * 4, dtype=np.float32).reshape(2, 3, 4)
        assert resample(images, np.array([0.0, 1.0]), np.array([0.5]))[0] == pytest.approx(images.mean(axis=0))

    def test_no_hand_is_invented_half_way_to_a_missing_one(self):
        hand, other = slice(0, 2), slice(2, 3)
        samples = np.array([[1, 1, 0.0], [0, 0, 1.0], [0, 0, 2.0]], np.float32)
        at = np.array([0.4, 0.6, 1.5])
        found = resample(samples, np.array([0.0, 1.0, 2.0]), at, (hand, other))
        assert found[:, hand].tolist() == [[1, 1], [0, 0], [0, 0]]
        assert found[:, other].ravel().tolist() == [0.0, 1.0, 1.5]

    @given(st.data())
    @settings(derandomize=True, deadline=None, max_examples=100)
    def test_never_leaves_the_range_of_its_neighbours(self, data):
        steps = data.draw(st.lists(st.floats(0.01, 1), min_size=1, max_size=12))
        times = np.cumsum(steps)
        number = st.floats(-1, 1, width=32)
        samples = np.array(data.draw(st.lists(number, min_size=len(times), max_size=len(times))), np.float32)[:, None]
        at = np.array(data.draw(st.lists(st.floats(-1, 13), min_size=1, max_size=9)))
        found = resample(samples, times, at)
        assert found.shape == (len(at), 1)
        for value, when in zip(found[:, 0], at, strict=True):
            near = samples[max(np.searchsorted(times, when) - 1, 0) : np.searchsorted(times, when) + 1]
            near = near if len(near) else samples[-1:]
            assert near.min() - 1e-5 <= value <= near.max() + 1e-5


class TestSlide:
    @pytest.mark.parametrize(
        ("seconds", "expected"),
        [(0.5, [0.25]), (1.0, [0.5]), (1.2, [0.6]), (1.5, [0.5, 1.0]), (3.0, [0.5, 1.0, 1.5, 2.0, 2.5])],
    )
    @pytest.mark.parametrize("rate", RATES)
    def test_windows_are_spread_from_end_to_end(self, seconds, expected, rate):
        assert centres(frames(rate, seconds), 1.0) == pytest.approx(expected, abs=0.51 / rate)

    @pytest.mark.parametrize("rate", RATES)
    def test_span_counts_the_last_frame(self, rate):
        assert span(frames(rate)) == pytest.approx(1.0)
        assert span(np.array([5.0])) == 0.0

    @pytest.mark.parametrize("rate", RATES)
    def test_one_movement_gives_one_window_at_any_frame_rate(self, rate):
        (found,) = slide(wave(frames(rate)), frames(rate), 30, 30.0)
        inner = slice(1, -1)  # at 15 frames a second nothing was seen of the very ends
        assert found[inner] == pytest.approx(wave(frames(30))[inner], abs=0.03)

    def test_a_take_as_long_as_the_window_is_the_window(self):
        samples = np.random.default_rng(0).random((30, 4), np.float32)
        (found,) = slide(samples, np.arange(30) / 30, 30, 30.0)
        assert found == pytest.approx(samples, abs=1e-6)

    def test_a_take_at_an_uneven_rate_is_put_right(self):
        times = np.sort(np.random.default_rng(1).random(60))
        times = (times - times[0]) / (times[-1] - times[0]) * 59 / 60 + 0.5 / 60
        (found,) = slide(wave(times), times, 30, 30.0)
        assert found == pytest.approx(wave(frames(30)), abs=0.1)

    def test_windows_of_a_long_take_hold_its_own_samples(self):
        times = np.arange(90) / 30
        samples = np.arange(90, dtype=np.float32)[:, None]
        starts = [window[0, 0] for window in slide(samples, times, 30, 30.0)]
        assert starts == pytest.approx([0, 15, 30, 45, 60])
        assert all(window[-1, 0] - window[0, 0] == pytest.approx(29) for window in slide(samples, times, 30, 30.0))

"""The mouse pointer as a source: positions at the times of the frames."""

from __future__ import annotations

import pytest

from handsign.capture.pointer import Pointer


def test_the_sample_is_between_two_movements_at_the_time_of_the_frame():
    now = [10.0]
    pointer = Pointer((101, 51), lambda: now[0])
    frames = iter(pointer)
    assert next(frames).sample.tolist() == [0, 0], "it has been nowhere yet"
    pointer.move(0, 25)
    now[0] = 10.04
    pointer.move(100, 25)
    now[0] = 10.05  # and the frame is of 10.03
    frame = next(frames)
    assert frame.time == pytest.approx(0.03)
    assert frame.sample == pytest.approx([0.75, 0.5])
    now[0] = 11.0
    assert next(frames).sample == pytest.approx([1.0, 0.5])


def test_the_sample_stays_on_the_image():
    pointer = Pointer((101, 51), lambda: 0.0)
    pointer.move(-5, 500)
    assert next(iter(pointer)).sample.tolist() == [0, 1]

"""Frames with their samples: all of them in order, or the latest. No test here waits for a clock."""

from __future__ import annotations

import itertools
import threading
from collections import deque

import numpy as np
import pytest

from handsign.capture import stream
from handsign.capture.source import Frame
from handsign.capture.stream import LatestFrames, Pipelined, in_order, pipelined
from handsign.errors import InputError

LONG = 20.0  # seconds until a test that hangs fails


class Slow:
    """A pipelined extractor that counts the frames in flight and returns no sample before `ready` is set."""

    def __init__(self, ready: bool = True):
        self.sent, self.most, self.ready = deque(), 0, threading.Event()
        if ready:
            self.ready.set()

    @property
    def in_flight(self):
        return len(self.sent)

    def send(self, frame, time=None):
        self.sent.append(frame)
        self.most = max(self.most, len(self.sent))

    def receive(self, wait=True):
        assert self.ready.wait(LONG)
        return self.sent.popleft() * 2

    def __call__(self, frame):
        self.send(frame)
        return self.receive()


def frames(count):
    return [Frame(np.array(i), i / 30) for i in range(count)]


def pairs(found):
    return [frame if frame is None else (int(frame.image), int(frame.sample)) for frame in found]


class TestInOrder:
    @pytest.mark.parametrize("in_flight", [1, 3, 20])
    @pytest.mark.parametrize("count", [0, 2, 7])
    def test_frames_come_in_order_with_so_many_in_flight(self, in_flight, count):
        extractor = Slow()
        assert isinstance(extractor, Pipelined)
        found = list(in_order(frames(count), extractor, in_flight))
        assert pairs(found) == [(i, 2 * i) for i in range(count)]
        assert [frame.time for frame in found] == [i / 30 for i in range(count)]
        assert extractor.most == min(in_flight, count)
        assert extractor.in_flight == 0

    def test_any_callable_will_do_and_frames_are_read_as_needed(self):
        given = iter(frames(7))
        found = in_order(given, lambda frame: frame + 1, 2)
        assert pairs([next(found)]) == [(0, 1)]
        assert int(next(given).image) == 2
        assert pairs(found) == [(i, i + 1) for i in (1, 3, 4, 5, 6)]

    def test_none_is_passed_on(self):
        first, second = frames(2)
        assert pairs(in_order([None, first, None, second], Slow(), 1)) == [None, (0, 0), None, (1, 2)]

    def test_a_callable_as_a_pipelined_extractor(self):
        extractor = pipelined(lambda frame: frame + 1)
        for frame in frames(2):
            extractor.send(frame.image)
        assert (extractor.in_flight, extractor.receive(), extractor.in_flight, extractor(np.array(4))) == (2, 1, 1, 5)


class Camera:
    """Gives its frames as fast as they are read, then lets the extractor begin."""

    def __init__(self, given, extractor, error=None):
        self.given, self.extractor, self.error = given, extractor, error

    def __iter__(self):
        yield from self.given
        self.extractor.ready.set()
        if self.error:
            raise self.error


class TestLatestFrames:
    @pytest.mark.parametrize("in_flight", [1, 2])
    def test_frames_that_come_too_early_are_dropped_for_the_latest(self, in_flight):
        extractor = Slow(ready=False)
        found = list(LatestFrames(Camera(frames(8), extractor), extractor, in_flight))
        assert pairs(found) == [(i, 2 * i) for i in [*range(in_flight), 7]]
        assert [frame.skipped for frame in found] == [0] * in_flight + [7 - in_flight]
        assert extractor.most == in_flight
        assert all(frame.arrived > 0 for frame in found)

    def test_keep_all_gives_every_frame_late(self):
        extractor = Slow(ready=False)
        latest = LatestFrames(Camera(frames(8), extractor), extractor)
        latest.keep_all = True
        found = list(latest)
        assert pairs(found) == [(i, 2 * i) for i in range(8)]
        assert not any(frame.skipped for frame in found)

    def test_a_full_queue_makes_the_source_wait(self, monkeypatch):
        monkeypatch.setattr(stream, "MAX_QUEUED", 3)
        extractor, waiting = Slow(ready=False), []

        def camera():
            for frame in frames(20):
                waiting.append(len(latest._queued))
                if frame.time == 4 / 30:  # one is in flight, three are queued, and this one will be
                    extractor.ready.set()
                yield frame

        latest = LatestFrames(camera(), extractor, 1)
        latest.keep_all = True
        found = list(latest)
        assert pairs(found) == [(i, 2 * i) for i in range(20)]
        assert not any(frame.skipped for frame in found)
        assert max(waiting) == 3

    def test_closed_while_the_source_waits(self, monkeypatch):
        monkeypatch.setattr(stream, "MAX_QUEUED", 1)
        latest = LatestFrames(frames(9), Slow(), 1)
        latest.keep_all = True
        next(iter(latest))
        latest.close()
        assert not latest._reader.is_alive()

    def test_it_catches_up_once_frames_may_be_dropped(self):
        extractor, go_on = Slow(ready=False), threading.Event()

        def camera():
            yield from frames(6)
            extractor.ready.set()
            assert go_on.wait(LONG)
            yield Frame(np.array(6), 6 / 30)

        latest = LatestFrames(camera(), extractor, 1)
        latest.keep_all = True
        each = iter(latest)
        assert pairs([next(each)]) == [(0, 0)]  # the second is in flight, four more are queued
        latest.keep_all = False
        go_on.set()
        latest._reader.join(LONG)
        rest = list(each)
        assert pairs(rest) == [(1, 2), (6, 12)]
        assert rest[-1].skipped == 4

    def test_an_error_of_the_source_comes_behind_its_frames(self):
        extractor = Slow()
        each = iter(LatestFrames(Camera(frames(2), extractor, InputError("the camera is gone")), extractor))
        assert pairs([next(each), next(each)]) == [(0, 0), (1, 2)]
        with pytest.raises(InputError, match="the camera is gone"):
            next(each)

    def test_an_error_of_the_extractor_is_raised(self):
        def broken(image):
            raise RuntimeError("MediaPipe failed")

        with pytest.raises(RuntimeError, match="MediaPipe failed"):
            list(LatestFrames(frames(3), broken))

    def test_none_is_passed_on_while_no_frame_is_in_flight(self):
        extractor = Slow()
        assert None in list(LatestFrames(Camera([None, None], extractor), extractor))

    def test_closed_it_reads_no_more(self):
        read = itertools.count()
        latest = LatestFrames((Frame(np.array(next(read)), 0.0) for _ in itertools.repeat(0)), Slow())
        next(iter(latest))
        latest.close()
        assert not latest._reader.is_alive()
        assert next(read) == next(read) - 1
        LatestFrames([], Slow()).close()  # also one that was never iterated over

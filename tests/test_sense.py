"""Frames with their samples: all of them in order, or the newest there are. Nothing here waits for a clock."""

from __future__ import annotations

import itertools
import threading
from collections import deque

import numpy as np
import pytest

from handsign import sense as module
from handsign.errors import InputError
from handsign.sense import Newest, Pipelined, in_turn, pipelined
from handsign.sources import Frame

LONG = 20.0  # seconds until a test that hangs fails


class Slow:
    """A pipelined sense that notes how many frames are on the way, and gives no sample before it is `told` to."""

    def __init__(self, told: bool = True):
        self.sent, self.most, self.told = deque(), 0, threading.Event()
        if told:
            self.told.set()

    @property
    def in_flight(self):
        return len(self.sent)

    def send(self, frame, time=None):
        self.sent.append(frame)
        self.most = max(self.most, len(self.sent))

    def receive(self, wait=True):
        assert self.told.wait(LONG)
        return self.sent.popleft() * 2

    def __call__(self, frame):
        self.send(frame)
        return self.receive()


def frames(count):
    return [Frame(np.array(i), i / 30) for i in range(count)]


def told(found):
    return [frame if frame is None else (int(frame.image), int(frame.sample)) for frame in found]


class TestInTurn:
    @pytest.mark.parametrize("ahead", [1, 3, 20])
    @pytest.mark.parametrize("count", [0, 2, 7])
    def test_frames_come_in_order_with_so_many_ahead(self, ahead, count):
        sense = Slow()
        assert isinstance(sense, Pipelined)
        found = list(in_turn(frames(count), sense, ahead))
        assert told(found) == [(i, 2 * i) for i in range(count)]
        assert [frame.time for frame in found] == [i / 30 for i in range(count)]
        assert sense.most == min(ahead, count)
        assert sense.in_flight == 0

    def test_any_callable_will_do_and_frames_are_asked_for_as_needed(self):
        given = iter(frames(7))
        found = in_turn(given, lambda frame: frame + 1, 2)
        assert told([next(found)]) == [(0, 1)]
        assert int(next(given).image) == 2
        assert told(found) == [(i, i + 1) for i in (1, 3, 4, 5, 6)]

    def test_nothing_passes(self):
        first, second = frames(2)
        assert told(in_turn([None, first, None, second], Slow(), 1)) == [None, (0, 0), None, (1, 2)]

    def test_a_callable_as_a_pipelined_sense(self):
        sense = pipelined(lambda frame: frame + 1)
        for frame in frames(2):
            sense.send(frame.image)
        assert (sense.in_flight, sense.receive(), sense.in_flight, sense(np.array(4))) == (2, 1, 1, 5)


class Camera:
    """Gives its frames as fast as they are read, then tells the sense to begin."""

    def __init__(self, given, sense, error=None):
        self.given, self.sense, self.error = given, sense, error

    def __iter__(self):
        yield from self.given
        self.sense.told.set()
        if self.error:
            raise self.error


class TestNewest:
    @pytest.mark.parametrize("ahead", [1, 2])
    def test_what_came_too_early_is_dropped_for_the_newest(self, ahead):
        sense = Slow(told=False)
        found = list(Newest(Camera(frames(8), sense), sense, ahead))
        assert told(found) == [(i, 2 * i) for i in [*range(ahead), 7]]
        assert [frame.skipped for frame in found] == [0] * ahead + [7 - ahead]
        assert sense.most == ahead
        assert all(frame.arrived > 0 for frame in found)

    def test_to_keep_means_all_of_them_late(self):
        sense = Slow(told=False)
        newest = Newest(Camera(frames(8), sense), sense)
        newest.keep = True
        found = list(newest)
        assert told(found) == [(i, 2 * i) for i in range(8)]
        assert not any(frame.skipped for frame in found)

    def test_too_many_to_keep_wait_in_the_source(self, monkeypatch):
        monkeypatch.setattr(module, "KEPT", 3)
        sense, waiting = Slow(told=False), []

        def camera():
            for frame in frames(20):
                waiting.append(len(newest._line))
                if frame.time == 4 / 30:  # one is on its way, three wait, and this one will
                    sense.told.set()
                yield frame

        newest = Newest(camera(), sense, 1)
        newest.keep = True
        found = list(newest)
        assert told(found) == [(i, 2 * i) for i in range(20)]
        assert not any(frame.skipped for frame in found)
        assert max(waiting) == 3

    def test_closed_while_the_source_waits(self, monkeypatch):
        monkeypatch.setattr(module, "KEPT", 1)
        newest = Newest(frames(9), Slow(), 1)
        newest.keep = True
        next(iter(newest))
        newest.close()
        assert not newest._reader.is_alive()

    def test_when_it_need_not_keep_any_more_it_catches_up(self):
        sense, go_on = Slow(told=False), threading.Event()

        def camera():
            yield from frames(6)
            sense.told.set()
            assert go_on.wait(LONG)
            yield Frame(np.array(6), 6 / 30)

        newest = Newest(camera(), sense, 1)
        newest.keep = True
        each = iter(newest)
        assert told([next(each)]) == [(0, 0)]  # the second is on its way, four more wait
        newest.keep = False
        go_on.set()
        newest._reader.join(LONG)
        rest = list(each)
        assert told(rest) == [(1, 2), (6, 12)]
        assert rest[-1].skipped == 4

    def test_an_error_of_the_source_comes_behind_its_frames(self):
        sense = Slow()
        each = iter(Newest(Camera(frames(2), sense, InputError("the camera is gone")), sense))
        assert told([next(each), next(each)]) == [(0, 0), (1, 2)]
        with pytest.raises(InputError, match="the camera is gone"):
            next(each)

    def test_an_error_of_the_sense_is_raised(self):
        def broken(image):
            raise RuntimeError("MediaPipe failed")

        with pytest.raises(RuntimeError, match="MediaPipe failed"):
            list(Newest(frames(3), broken))

    def test_nothing_passes_while_nothing_is_on_the_way(self):
        sense = Slow()
        assert None in list(Newest(Camera([None, None], sense), sense))

    def test_closed_it_reads_no_more(self):
        read = itertools.count()
        newest = Newest((Frame(np.array(next(read)), 0.0) for _ in itertools.repeat(0)), Slow())
        next(iter(newest))
        newest.close()
        assert not newest._reader.is_alive()
        assert next(read) == next(read) - 1
        Newest([], Slow()).close()  # one that was never begun, too

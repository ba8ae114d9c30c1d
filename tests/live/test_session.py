"""What every session has in common: keys, help, the last sample, and how it ends."""

import numpy as np
import pytest

from handsign.capture.source import Frame, Source
from handsign.live.session import Session

IMAGE = np.zeros((48, 64, 3), np.uint8)


class Echo(Session):
    """A session that returns its samples, with a key of its own."""

    def __init__(self):
        super().__init__()
        self.commands = {"c": ("clear", lambda: setattr(self, "message", "cleared"))}

    def on_sample(self, sample, frame):
        return sample, frame.time


def test_a_frame_is_given_with_its_sample_which_is_kept_for_the_overlay():
    session, sample = Echo(), np.arange(3.0)
    assert session.sample is None
    given, time = session.update(Frame(IMAGE, 1.5, sample))
    assert given is sample
    assert time == 1.5
    assert session.sample is sample


def test_a_frame_without_its_sample_is_refused():
    with pytest.raises(AssertionError, match="the loop gives frames their samples"):
        Echo().update(Frame(IMAGE, 0.0))


def test_a_subclass_says_what_is_done_with_a_sample():
    with pytest.raises(NotImplementedError):
        Session().update(Frame(IMAGE, 0.0, np.zeros(3)))


def test_its_own_keys_are_shown_before_help_and_quit():
    session = Echo()
    assert session.view().keys == [("c", "clear"), ("h", "help"), ("q", "quit")]
    session.press("c")
    assert session.view().message == "cleared"


def test_help_is_shown_until_the_key_is_pressed_again():
    session, shown = Session(), []
    for _ in range(2):
        session.press("h")
        shown.append(session.view().help)
    assert shown == [True, False]


def test_a_key_that_does_nothing_says_so():
    session = Session()
    session.press("c")
    assert session.view().message == "c does nothing here; h shows the keys"
    assert not session.done


@pytest.mark.parametrize("key", ["q", "esc", "quit"])
def test_it_is_quit_by_keys_and_by_closing_its_window(key):
    session = Session()
    assert not session.done
    session.press(key)
    assert session.done


@pytest.mark.parametrize(("quits", "summary"), [(False, "source ended"), (True, "stopped")])
def test_the_summary_says_whether_the_user_or_the_source_ended_it(quits, summary):
    session = Session()
    if quits:
        session.quit()
    assert session.summary(Source()) == summary


def test_without_other_wishes_the_image_is_shown_mirrored_and_frames_may_be_dropped():
    session = Session()
    assert session.picture(IMAGE) is IMAGE
    assert session.mirrored
    assert not session.keep_all

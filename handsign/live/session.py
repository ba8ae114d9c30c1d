"""A session takes frames and keys, and says what to show. It opens no camera, window or socket."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from handsign.display.view import View

if TYPE_CHECKING:
    from handsign.capture.source import Frame, Source
    from handsign.types import Array

Commands = Mapping[str, tuple[str, Callable[[], None]]]
"""key -> (what the help says, what the key does)."""


class Session:
    """Takes frames in the order of their times, and keys; a subclass says in `commands` what its keys do.

    mirrored  whether its picture may be shown like a mirror
    done      whether it has ended
    message   the last line for the user
    sample    of the last frame, (*sample,)
    """

    mirrored = True

    def __init__(self) -> None:
        self.done = False
        self.message = ""
        self.help = False
        self.sample: Array | None = None
        self.commands: Commands = {}

    def keys(self) -> dict[str, tuple[str, Callable[[], None]]]:
        """Every key that does something now."""
        return {**self.commands, "h": ("help", self._toggle_help), "q": ("quit", self.quit)}

    def press(self, key: str) -> None:
        """A key was pressed; one that does nothing says so."""
        known = {**self.keys(), "esc": ("quit", self.quit), "quit": ("quit", self.quit)}  # the last: window closed
        if key in known:
            known[key][1]()
        else:
            self.message = f"{key} does nothing here; h shows the keys"

    def update(self, frame: Frame) -> Any:
        """Take the next frame, with its sample."""
        assert frame.sample is not None, "the loop gives frames their samples"
        self.sample = frame.sample
        return self.on_sample(frame.sample, frame)

    def on_sample(self, sample: Array, frame: Frame) -> Any:
        """What a subclass does with the sample (*sample,) of a frame."""
        raise NotImplementedError

    def view(self) -> View:
        """What to show now."""
        return View(message=self.message, help=self.help, keys=[(k, what) for k, (what, _) in self.keys().items()])

    def picture(self, image: Array) -> Array:
        """What to show in place of the image (H, W, 3) uint8 BGR of a frame."""
        return image

    @property
    def keep_all(self) -> bool:
        """Whether no frame may be dropped now, however late it is processed."""
        return False

    def quit(self) -> None:
        """End the session; a take in progress is dropped, everything saved stays."""
        self.done = True

    def summary(self, source: Source) -> str:
        """A line for the terminal when the session is over."""
        return "stopped" if self.done else f"{source.name} ended"

    def _toggle_help(self) -> None:
        self.help = not self.help

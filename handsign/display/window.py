"""A window that shows images and reports keys and mouse positions."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any

import cv2

from handsign.errors import InputError

if TYPE_CHECKING:
    from handsign.types import Array


KEY_NAMES = {32: "space", 27: "esc", 13: "enter", 10: "enter", 8: "backspace", 9: "tab"}


class Window:
    """A window that shows images and reports keys; a context manager. It opens with the first image.

    Raises:
        InputError: there is no display.
    """

    def __init__(self, title: str) -> None:
        self._title = title
        self._open = False
        self._mouse_callback: Callable[[float, float], None] | None = None
        if sys.platform.startswith("linux"):
            os.environ.setdefault(
                "QT_QPA_PLATFORM", "xcb"
            )  # the only plugin in OpenCV's wheel; else Qt warns on Wayland
            if not _can_connect_to_display():  # Qt would abort the process
                raise InputError("there is no display to open a window on: set DISPLAY, or use --headless")

    def show(self, image: Array) -> None:
        """Show an image (H, W, 3) uint8 BGR. The window opens at the size of the first and keeps its aspect ratio."""
        if not self._open:
            cv2.namedWindow(self._title, cv2.WINDOW_NORMAL | cv2.WINDOW_KEEPRATIO | cv2.WINDOW_GUI_NORMAL)
            cv2.resizeWindow(self._title, image.shape[1], image.shape[0])
            cv2.setMouseCallback(self._title, self._on_mouse)
            self._open = True
        cv2.imshow(self._title, image)

    def set_mouse_callback(self, callback: Callable[[float, float], None]) -> None:
        """Call `callback(x, y)` when the mouse moves to a pixel of the image. Calls come from within `key`."""
        self._mouse_callback = callback

    def _on_mouse(self, event: int, x: int, y: int, flags: int, extra: Any) -> None:
        if self._mouse_callback and event in {cv2.EVENT_MOUSEMOVE, cv2.EVENT_LBUTTONDOWN, cv2.EVENT_LBUTTONUP}:
            self._mouse_callback(x, y)

    def key(self, wait_ms: int = 1) -> str | None:
        """The key pressed within `wait_ms`: a lower-case character or "space", "esc", "enter", "backspace", "tab".

        None if there was none, "quit" if the user has closed the window. Call it for each image: OpenCV handles the
        window's events only here.
        """
        if not self._open:
            return None
        code = cv2.waitKeyEx(max(1, wait_ms))
        if cv2.getWindowProperty(self._title, cv2.WND_PROP_VISIBLE) < 1:
            return "quit"
        code = code & 0xFFFF if code >= 0 else 0  # removes the bits of shift, num lock, ...; arrows are above 0xFF00
        return KEY_NAMES.get(code) or (chr(code).lower() if 32 < code < 127 else None)

    def __enter__(self) -> Window:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        if self._open and cv2.getWindowProperty(self._title, cv2.WND_PROP_VISIBLE) >= 1:
            cv2.destroyWindow(self._title)
            cv2.waitKey(1)
        self._open = False


def _can_connect_to_display() -> bool:
    """Whether DISPLAY names an X server that accepts connections (Wayland desktops run one too)."""
    if not os.environ.get("DISPLAY"):
        return False
    try:
        x11 = ctypes.CDLL("libX11.so.6")
    except OSError:  # unknown: OpenCV brings a copy of libX11 that may work
        return True
    x11.XOpenDisplay.restype = ctypes.c_void_p
    display = x11.XOpenDisplay(None)
    if display:
        x11.XCloseDisplay(ctypes.c_void_p(display))
    return bool(display)

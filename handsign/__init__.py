"""Handsign: record signs, train on them, recognise them live. See docs/DESIGN.md."""

__version__ = "0.1.0"

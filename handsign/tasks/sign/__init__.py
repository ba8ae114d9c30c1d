"""The task `sign`."""

from handsign.tasks.sign.task import TASK

__all__ = ["TASK"]

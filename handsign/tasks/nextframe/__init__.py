"""The task `nextframe`."""

from handsign.tasks.nextframe.task import TASK

__all__ = ["TASK"]

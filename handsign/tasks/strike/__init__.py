"""The task `strike`."""

from handsign.tasks.strike.task import TASK

__all__ = ["TASK"]

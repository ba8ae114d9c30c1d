"""The task `trajectory`."""

from handsign.tasks.trajectory.task import TASK

__all__ = ["TASK"]

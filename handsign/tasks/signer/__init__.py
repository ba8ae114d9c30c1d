"""The task `signer`."""

from handsign.tasks.signer.task import TASK

__all__ = ["TASK"]

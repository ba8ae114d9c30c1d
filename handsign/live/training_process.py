"""Training in a process of its own, while the window goes on."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Mapping, Sequence


class TrainingProcess:
    """Runs a training command as a child process and follows its progress.

    `command` prints one JSON line per epoch, as `train.py --progress` does; if it fails, its last line says why.
    `environment` are its environment variables, those of this process by default.

    progress  share of the epochs done, in 0..1
    status    the progress in words
    """

    def __init__(self, command: Sequence[str], environment: Mapping[str, str] | None = None) -> None:
        self.progress, self.status, self._last_line = 0.0, "starting", "it was ended"
        self._process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            encoding="utf-8", errors="replace", env=environment,
        )  # fmt: skip
        self._reader = threading.Thread(target=self._read, name="training", daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            for line in lines:
                try:
                    report = json.loads(line)
                    epoch, epochs = report["epoch"], report["epochs"]
                    self.progress, self.status = epoch / epochs, f"epoch {epoch} of {epochs}"
                except (ValueError, TypeError, KeyError):
                    self._last_line = line.strip() or self._last_line

    @property
    def finished(self) -> bool:
        """Whether the process has ended and all of its output was read."""
        return self._process.poll() is not None and not self._reader.is_alive()

    @property
    def error(self) -> str:
        """Why the training failed; empty if it succeeded. Only meaningful once it has finished."""
        return "" if self._process.returncode == 0 else self._last_line

    def stop(self) -> None:
        """End the process and wait for it; the model file stays as it was."""
        self._process.terminate()
        self._process.wait()
        self._reader.join()

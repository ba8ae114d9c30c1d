"""The options of the page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class WebConfig:
    """What to serve, and to whom.

    task            whose takes are saved, and whose model is named by `model`
    model           path of a model; the other bundles in its folder are served as well
    data            folder that takes are saved to
    export          folder to write the page to, instead of serving it
    host, port      address to listen on; port 0 finds a free one
    token           what a browser has to know; empty draws one, None needs none (only on this machine)
    tls_cert        files of a certificate and its key (`tls_key`), for https
    no_gate         predict whether or not the task's gate is open
    labels              replaces the model's; the fields below it replace those of its `TriggerConfig`, where not None
    """

    task: str
    model: Path
    data: Path
    export: Path | None = None
    host: str = "127.0.0.1"
    port: int = 8000
    token: str | None = None
    tls_cert: Path | None = None
    tls_key: Path | None = None
    no_gate: bool = False
    labels: Sequence[str] | None = None
    threshold: float | None = None
    min_consecutive: int | None = None
    refractory: float | None = None
    release: float | None = None
    min_interval: float | None = None

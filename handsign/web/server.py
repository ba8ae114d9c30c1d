"""`realtime.py --web` and `--export`: serve the page, or write it into a folder.

The browser computes everything. The server sends files and receives takes. Starlette and uvicorn are maintained, pure
Python, small, and neither makes requests of its own.
"""

from __future__ import annotations

import ipaddress
import secrets
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import quote

import uvicorn

from handsign import tasks
from handsign.errors import InputError
from handsign.web.app import application
from handsign.web.site import export, open_site

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from handsign.web.config import WebConfig

SHORTEST_TOKEN = 12
"""Minimum number of characters of a token."""


def serve(config: WebConfig, report: Callable[[str], None]) -> None:
    """Serve the page until Ctrl-C, or write it into the folder `config.export`; `report` is given the address.

    Raises:
        InputError: an option is invalid, the model cannot be used, or the folder cannot be written.
    """
    task = tasks.load(config.task)
    site = open_site(config, task)
    if config.export:
        export(config.export, site)
        report(f"written: {config.export}; any web host serves it (the camera needs https, or localhost)")
        return
    token = _token(config)
    app = application(site, task.format.store(config.data), [config.host, socket.gethostname()], token)
    with _listen(config.host, config.port) as listening:
        scheme, port = "https" if config.tls_cert else "http", listening.getsockname()[1]
        host = f"[{config.host}]" if ":" in config.host else config.host
        report(f"{scheme}://{host}:{port}/{f'?token={quote(token)}' if token else ''}   Ctrl-C ends it")
        if not (_is_loopback(config.host) or config.tls_cert):
            report("browsers give the camera of another machine to https only: --tls-cert, --tls-key")
        uvicorn.Server(_uvicorn_config(app, config)).run(sockets=[listening])


def _token(config: WebConfig) -> str:
    """The token, drawn at random if it is empty; empty if none is required.

    Raises:
        InputError: it is missing where other machines have access, or too short.
    """
    if config.token is None and not _is_loopback(config.host):
        raise InputError(f"--host {config.host} is open to other machines: give --token (without a value it draws one)")
    if config.token and len(config.token) < SHORTEST_TOKEN:
        raise InputError(
            f"--token has {len(config.token)} characters, it needs {SHORTEST_TOKEN}; without a value it draws one"
        )
    return secrets.token_urlsafe(16) if config.token == "" else config.token or ""


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _listen(host: str, port: int) -> socket.socket:
    if not 0 <= port < 2**16:
        raise InputError(f"--port {port} is not in 0 (any free port) to {2**16 - 1}")
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        raise InputError(f"{host}:{port} cannot be listened on ({error}); choose another with --port") from error


def _uvicorn_config(app: ASGIApp, config: WebConfig) -> uvicorn.Config:
    if bool(config.tls_cert) != bool(config.tls_key):
        raise InputError("TLS needs both --tls-cert and --tls-key")
    server = uvicorn.Config(
        app,
        log_level="warning",
        server_header=False,
        limit_concurrency=64,
        lifespan="off",
        proxy_headers=False,
        ssl_certfile=config.tls_cert,
        ssl_keyfile=config.tls_key,
    )
    try:
        server.load()
    except OSError as error:  # also what ssl raises
        raise InputError(
            f"{config.tls_cert} and {config.tls_key} are not a certificate and its key ({error})"
        ) from error
    return server

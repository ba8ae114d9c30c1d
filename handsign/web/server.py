"""`realtime.py --web`: the page, the models it runs, and a place to save the takes that are recorded in it.

Everything is computed in the browser. The server gives out files and takes in takes; it has no other address.
Starlette and uvicorn, because both are kept, pure Python and small, and check neither for updates nor anything else.
"""

from __future__ import annotations

import argparse
import hmac
import ipaddress
import secrets
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from http.cookies import CookieError, SimpleCookie
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import parse_qs, quote, urlsplit

import msgspec
import numpy as np
import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from handsign import task as tasks
from handsign.errors import InputError
from handsign.takes import Store, Take, TakeInfo, checked
from handsign.web.site import MANIFEST, MODELS, POLICY, STATIC, TYPES, Site, export, open_site

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from handsign.task import Task

LARGEST = 16 * 2**20
"""Bytes of a take at most: 150 holistic frames are 1.4 MB as they are sent."""
LONGEST = 600.0
"""Seconds of a take at most."""
SHORTEST_TOKEN = 12
COOKIE = "handsign_token"
HEADERS = {
    "Content-Security-Policy": f"{POLICY}; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-cache",
}
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=64, pattern=r"^(?=.*\w)[^\x00-\x1f\x7f]+$")]
Side = Annotated[int, msgspec.Meta(ge=1, le=16384)]


class Posted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A take as the page sends it, as JSON: `samples` is base64 of float32, little-endian, (len(times), *sample)."""

    action: Name
    signer: Name
    session: Name
    extractor: Name
    frame_size: tuple[Side, Side]
    times: list[float]
    samples: bytes

    def take(self, task: Task) -> Take:
        """The take, whole and of the task's shape.

        Raises:
            InputError: it is not.
        """
        size = len(self.times) * int(np.prod(task.sample)) * 4
        if len(self.samples) != size:
            raise InputError(f"{len(self.times)} frames of {task.name} are {size} bytes, not {len(self.samples)}")
        times = np.array(self.times, np.float64)
        if not (np.isfinite(times).all() and (not len(times) or abs(times[-1] - times[0]) <= LONGEST)):
            raise InputError(f"its times are no seconds between 0 and {LONGEST:.0f}")
        samples = np.frombuffer(self.samples, "<f4").reshape(len(times), *task.sample).astype(np.float32)
        info = TakeInfo(
            action=self.action,
            signer=self.signer,
            session=self.session,
            source="browser",
            frame_size=self.frame_size,
            rate=float((len(times) - 1) / (times[-1] - times[0])) if len(times) > 1 and times[-1] > times[0] else None,
            extractor=self.extractor,
        )
        take = checked(Take(samples, times - times[:1], info, "the take"), task)
        if not isinstance(take, Take):
            raise InputError(f"{take.name} cannot be used: {take.reason}")
        return take


class Guard:
    """Lets in who may come in, and puts `HEADERS` on every answer.

    Who comes has to name this machine in `Host` (an address, `localhost`, or one of `names`): a page elsewhere whose
    name is made to lead here (DNS rebinding) does not. What a page sends has to come from our own (`Origin`). With a
    token whoever knows it gets a cookie, by opening `/?token=...` once.
    """

    def __init__(self, app: ASGIApp, names: Sequence[str] = (), token: str = "") -> None:
        self._app, self._token = app, token
        self._names = {"localhost", *(name.lower() for name in names)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                known = {name.lower() for name, _ in message["headers"]}
                ours = [(k.lower().encode(), v.encode()) for k, v in HEADERS.items()]
                message["headers"] = [*message["headers"], *(pair for pair in ours if pair[0] not in known)]
            await send(message)

        request = Request(scope)
        answer = self._refusal(request) or self._welcome(request) or self._app
        await answer(scope, receive, dressed)

    def _refusal(self, request: Request) -> Response | None:
        host, origin = request.headers.get("host", ""), request.headers.get("origin")
        if not self._ours(host):
            return told(HTTPStatus.MISDIRECTED_REQUEST, f"this is not {host[:80]!r}; use an address or localhost")
        if origin != f"{request.url.scheme}://{host}" and (origin is not None or request.method not in {"GET", "HEAD"}):
            return told(HTTPStatus.FORBIDDEN, "only the page itself may send anything here (Origin)")
        return None

    def _ours(self, host: str) -> bool:
        try:
            name = urlsplit(f"//{host}").hostname or ""
            return name in self._names or bool(ipaddress.ip_address(name))
        except ValueError:
            return False

    def _welcome(self, request: Request) -> Response | None:
        """Somebody without the cookie: give it for the token, or say what is missing."""
        if not self._token or self._same(_cookie(request)):
            return None
        offered = parse_qs(request.url.query).get("token", [""])[0]
        if request.method != "GET" or request.url.path != "/" or not self._same(offered):
            return told(HTTPStatus.UNAUTHORIZED, "open the address that realtime.py printed, with its token")
        answer = RedirectResponse("/", HTTPStatus.SEE_OTHER)
        answer.set_cookie(COOKIE, self._token, httponly=True, samesite="strict", secure=request.url.scheme == "https")
        return answer

    def _same(self, text: str) -> bool:
        return hmac.compare_digest(text.encode(), self._token.encode())


def _cookie(request: Request) -> str:
    try:
        found = SimpleCookie(request.headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        return ""
    return found.value if found else ""


class Files(StaticFiles):
    """The files of the page, with media types that do not depend on this machine's settings."""

    def file_response(self, full_path: Any, *args: Any, **kwargs: Any) -> Response:
        """A file, with the type that belongs to its suffix."""
        response = super().file_response(full_path, *args, **kwargs)
        if "content-type" in response.headers:
            response.headers["content-type"] = TYPES.get(Path(full_path).suffix, "application/octet-stream")
        return response


@dataclass(frozen=True)
class Service:
    """What the addresses do."""

    site: Site
    store: Store

    async def manifest(self, request: Request) -> Response:
        """`GET /site.json`: what there is."""
        return Response(self.site.manifest(), media_type=TYPES[".json"])

    async def model(self, request: Request) -> Response:
        """`GET /models/NAME`: a bundle."""
        path = self.site.models.get(request.path_params["name"])
        if path is None:
            raise HTTPException(HTTPStatus.NOT_FOUND)
        return FileResponse(path, media_type=TYPES[".onnx"])

    async def post(self, request: Request) -> Response:
        """`POST /takes`: save a take; says where, and what was found in it."""
        try:
            posted = msgspec.json.decode(await body(request), type=Posted)
        except msgspec.MsgspecError as error:
            raise InputError(f"this is no take: {error}") from error
        return Response(await run_in_threadpool(self._save, posted), HTTPStatus.CREATED, media_type=TYPES[".json"])

    def _save(self, posted: Posted) -> bytes:
        take = posted.take(self.site.records)
        path = self.store.add(take)
        saved = {"take": f"{path.parent.name}/{path.stem}", "quality": self.site.records.quality(take.samples)}
        return msgspec.json.encode(saved | {"count": len(self.store.paths(posted.action, posted.signer))})


async def body(request: Request) -> bytes:
    """What was sent, up to `LARGEST` bytes.

    Raises:
        HTTPException: it is more.
    """
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > LARGEST:
            raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"a take has {LARGEST} bytes at most")
        parts.append(part)
    return b"".join(parts)


def told(status: int, error: str) -> Response:
    """An error as one line of JSON."""
    text = msgspec.json.encode({"error": " ".join(error.split())})
    return Response(text, status, media_type=TYPES[".json"])


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return told(error.status_code, error.detail)


async def _input_error(request: Request, error: Exception) -> Response:
    return told(HTTPStatus.BAD_REQUEST, str(error))


async def _bug(request: Request, error: Exception) -> Response:
    return told(HTTPStatus.INTERNAL_SERVER_ERROR, "a mistake in the program; where realtime.py runs is more about it")


async def _gone(request: Request, error: Exception) -> Response:
    return told(HTTPStatus.BAD_REQUEST, "the take did not arrive whole")


def application(site: Site, store: Store, names: Sequence[str] = (), token: str = "") -> ASGIApp:
    """The page with a site's models, whose takes go to `store`. `names` and `token`: see `Guard`."""
    service = Service(site, store)
    routes = [
        Route(f"/{MANIFEST}", service.manifest),
        Route(f"/{MODELS}/{{name}}", service.model),
        Route("/takes", service.post, methods=["POST"]),
        Mount("/", Files(directory=STATIC, html=True)),
    ]
    errors = {HTTPException: _http_error, InputError: _input_error, ClientDisconnect: _gone, Exception: _bug}
    return Guard(Starlette(routes=routes, exception_handlers=errors), names, token)


# --- starting it -------------------------------------------------------------------------------------------


def serve(args: argparse.Namespace) -> None:
    """`realtime.py --web` and `--export`: serve the page until Ctrl-C, or write it into a folder."""
    task = tasks.load(args.task)
    site = open_site(args, task)
    if args.export:
        export(args.export, site)
        print(f"written: {args.export}; any web host serves it (the camera needs https, or localhost)")
        return
    token = _token(args)
    app = application(site, task.store(args.data), [args.host, socket.gethostname()], token)
    with _listen(args.host, args.port) as listening:
        scheme, port = "https" if args.tls_cert else "http", listening.getsockname()[1]
        host = f"[{args.host}]" if ":" in args.host else args.host
        print(f"{scheme}://{host}:{port}/{f'?token={quote(token)}' if token else ''}   Ctrl-C ends it", flush=True)
        if not (_loopback(args.host) or args.tls_cert):
            print("browsers give the camera of another machine to https only: --tls-cert, --tls-key", flush=True)
        uvicorn.Server(_config(app, args)).run(sockets=[listening])


def _token(args: argparse.Namespace) -> str:
    """What was told, or drawn where `--token` stands alone.

    Raises:
        InputError: none where one is needed, or too short a one.
    """
    if args.token is None and not _loopback(args.host):
        raise InputError(f"--host {args.host} lets other machines in: give --token (alone, it draws one)")
    if args.token and len(args.token) < SHORTEST_TOKEN:
        raise InputError(f"--token has {len(args.token)} characters, it needs {SHORTEST_TOKEN}; alone, it draws one")
    return secrets.token_urlsafe(16) if args.token == "" else args.token or ""


def _loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _listen(host: str, port: int) -> socket.socket:
    if not 0 <= port < 2**16:
        raise InputError(f"--port {port} is none: they go from 0, which finds a free one, to {2**16 - 1}")
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        raise InputError(f"{host}:{port} cannot be listened on ({error}); choose another with --port") from error


def _config(app: ASGIApp, args: argparse.Namespace) -> uvicorn.Config:
    if bool(args.tls_cert) != bool(args.tls_key):
        raise InputError("TLS needs both --tls-cert and --tls-key")
    config = uvicorn.Config(
        app,
        log_level="warning",
        server_header=False,
        limit_concurrency=64,
        lifespan="off",
        proxy_headers=False,
        ssl_certfile=args.tls_cert,
        ssl_keyfile=args.tls_key,
    )
    try:
        config.load()
    except OSError as error:  # also what ssl raises
        raise InputError(f"{args.tls_cert} and {args.tls_key} are no certificate and key ({error})") from error
    return config

"""The application: the page's files, its models, and the takes that it saves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import numpy as np
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from handsign import limits
from handsign.data.store import Store
from handsign.data.take import Side, Take, TakeInfo
from handsign.errors import InputError
from handsign.reading import parsing
from handsign.web.guard import Guard, error_response
from handsign.web.site import MANIFEST, MODELS, STATIC, TYPES, Site

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from handsign.data.format import Format

LARGEST = 16 * 2**20
"""Maximum size of a posted take in bytes: 150 holistic frames are 1.4 MB."""
LONGEST = 600.0
"""Maximum duration of a take in seconds."""
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=64, pattern=r"^(?=.*\w)[^\x00-\x1f\x7f]+$")]


class Posted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A take in the JSON of the page; `samples` is base64 of little-endian float32 (len(times), *sample)."""

    action: Name
    signer: Name
    session: Name
    extractor: Name
    frame_size: tuple[Side, Side]
    times: Annotated[list[float], msgspec.Meta(max_length=limits.FRAMES)]
    samples: bytes

    def take(self, form: Format) -> Take:
        """The take, checked against a format.

        Raises:
            InputError: the take is incomplete, damaged or has samples of another shape.
        """
        size = len(self.times) * int(np.prod(form.shape)) * 4
        if len(self.samples) != size:
            raise InputError(f"{len(self.times)} frames of {form.name} are {size} bytes, not {len(self.samples)}")
        times = np.array(self.times, np.float64)
        if not (np.isfinite(times).all() and (not len(times) or abs(times[-1] - times[0]) <= LONGEST)):
            raise InputError(f"its times are no seconds between 0 and {LONGEST:.0f}")
        samples = np.frombuffer(self.samples, "<f4").reshape(len(times), *form.shape).astype(np.float32)
        info = TakeInfo(
            action=self.action,
            signer=self.signer,
            session=self.session,
            source="browser",
            frame_size=self.frame_size,
            rate=float((len(times) - 1) / (times[-1] - times[0])) if len(times) > 1 and times[-1] > times[0] else None,
            extractor=self.extractor,
        )
        take = form.checked(Take(samples, times - times[:1], info, "the take"))
        if not isinstance(take, Take):
            raise InputError(f"{take.name} cannot be used: {take.reason}")
        return take


def parse_posted(data: bytes) -> Posted:
    """The JSON of a take.

    Raises:
        InputError: it is none, or a field has another type, range or length.
    """
    with parsing("this is no take"):
        return msgspec.json.decode(data, type=Posted)


class Files(StaticFiles):
    """The files of the page, with media types that do not depend on the system's settings."""

    def file_response(self, full_path: Any, *args: Any, **kwargs: Any) -> Response:
        """A file, with the media type of its suffix."""
        response = super().file_response(full_path, *args, **kwargs)
        if "content-type" in response.headers:
            response.headers["content-type"] = TYPES.get(Path(full_path).suffix, "application/octet-stream")
        return response


@dataclass(frozen=True)
class Service:
    """The handlers of the routes."""

    site: Site
    store: Store

    async def manifest(self, request: Request) -> Response:
        """`GET /site.json`: the manifest."""
        return Response(self.site.manifest(), media_type=TYPES[".json"])

    async def model(self, request: Request) -> Response:
        """`GET /models/NAME`: a bundle."""
        path = self.site.models.get(request.path_params["name"])
        if path is None:
            raise HTTPException(HTTPStatus.NOT_FOUND)
        return FileResponse(path, media_type=TYPES[".onnx"])

    async def post(self, request: Request) -> Response:
        """`POST /takes`: save a take; its name, quality and the number of takes of its action and signer as JSON."""
        posted = parse_posted(await read_body(request))
        return Response(await run_in_threadpool(self._save, posted), HTTPStatus.CREATED, media_type=TYPES[".json"])

    def _save(self, posted: Posted) -> bytes:
        take = posted.take(self.site.records.format)
        path = self.store.add(take)
        saved = {"take": f"{path.parent.name}/{path.stem}", "quality": self.site.records.sensor.quality(take.samples)}
        return msgspec.json.encode(saved | {"count": len(self.store.paths(posted.action, posted.signer))})


async def read_body(request: Request) -> bytes:
    """The body of a request.

    Raises:
        HTTPException: it has more than `LARGEST` bytes.
    """
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > LARGEST:
            raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"a take has {LARGEST} bytes at most")
        parts.append(part)
    return b"".join(parts)


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return error_response(error.status_code, error.detail)


async def _input_error(request: Request, error: Exception) -> Response:
    return error_response(HTTPStatus.BAD_REQUEST, str(error))


async def _bug(request: Request, error: Exception) -> Response:
    return error_response(
        HTTPStatus.INTERNAL_SERVER_ERROR, "internal error; the terminal of realtime.py has the details"
    )


async def _gone(request: Request, error: Exception) -> Response:
    return error_response(HTTPStatus.BAD_REQUEST, "the take was not received completely")


def application(site: Site, store: Store, names: Sequence[str] = (), token: str = "") -> ASGIApp:
    """The application for a site, saving takes to `store`. `names` and `token`: see `Guard`."""
    service = Service(site, store)
    routes = [
        Route(f"/{MANIFEST}", service.manifest),
        Route(f"/{MODELS}/{{name}}", service.model),
        Route("/takes", service.post, methods=["POST"]),
        Mount("/", Files(directory=STATIC, html=True)),
    ]
    errors = {HTTPException: _http_error, InputError: _input_error, ClientDisconnect: _gone, Exception: _bug}
    return Guard(Starlette(routes=routes, exception_handlers=errors), names, token)

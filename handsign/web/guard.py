"""Access to the server: which requests are answered, and the security headers of every answer."""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Sequence
from http import HTTPStatus
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import msgspec
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from handsign.web.site import POLICY, TYPES

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

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


class Guard:
    """Middleware that refuses requests without access, and adds `HEADERS` to every response.

    `Host` has to be an address, `localhost` or one of `names`: this refuses pages of other sites whose name was made to
    resolve to this machine (DNS rebinding). `Origin` has to be the page itself: this refuses requests that other pages
    make. With a `token`, a request needs a cookie, which `GET /?token=...` sets.
    """

    def __init__(self, app: ASGIApp, names: Sequence[str] = (), token: str = "") -> None:
        self._app, self._token = app, token
        self._names = {"localhost", *(name.lower() for name in names)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                present = {name.lower() for name, _ in message["headers"]}
                added = [(k.lower().encode(), v.encode()) for k, v in HEADERS.items()]
                message["headers"] = [*message["headers"], *(pair for pair in added if pair[0] not in present)]
            await send(message)

        request = Request(scope)
        response = self._refusal(request) or self._login(request) or self._app
        await response(scope, receive, send_with_headers)

    def _refusal(self, request: Request) -> Response | None:
        host, origin = request.headers.get("host", ""), request.headers.get("origin")
        if not self._is_this_machine(host):
            return error_response(
                HTTPStatus.MISDIRECTED_REQUEST, f"this is not {host[:80]!r}; use an address or localhost"
            )
        if origin != f"{request.url.scheme}://{host}" and (origin is not None or request.method not in {"GET", "HEAD"}):
            return error_response(HTTPStatus.FORBIDDEN, "only the page itself may send anything here (Origin)")
        return None

    def _is_this_machine(self, host: str) -> bool:
        try:
            name = urlsplit(f"//{host}").hostname or ""
            return name in self._names or bool(ipaddress.ip_address(name))
        except ValueError:
            return False

    def _login(self, request: Request) -> Response | None:
        """None if the request has the cookie; else a response that sets it for the token, or refuses the request."""
        if not self._token or self._is_token(_cookie(request)):
            return None
        token = parse_qs(request.url.query).get("token", [""])[0]
        if request.method != "GET" or request.url.path != "/" or not self._is_token(token):
            return error_response(HTTPStatus.UNAUTHORIZED, "open the address that realtime.py printed, with its token")
        response = RedirectResponse("/", HTTPStatus.SEE_OTHER)
        response.set_cookie(COOKIE, self._token, httponly=True, samesite="strict", secure=request.url.scheme == "https")
        return response

    def _is_token(self, text: str) -> bool:
        return hmac.compare_digest(text.encode(), self._token.encode())


def _cookie(request: Request) -> str:
    try:
        found = SimpleCookie(request.headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        return ""
    return found.value if found else ""


def error_response(status: int, error: str) -> Response:
    """A response of one line of JSON: `{"error": ...}`."""
    text = msgspec.json.encode({"error": " ".join(error.split())})
    return Response(text, status, media_type=TYPES[".json"])

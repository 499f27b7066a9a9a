"""Refuses bodies that are too large, or no JSON by what they say, before they are read."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import trouble_of

MAX_BODY = 256 * 1024


class BodyLimit:
    """Answers 413 as soon as a request's body is known to be larger than `MAX_BODY`."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, counting what is read of its body."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif _announced(scope) > MAX_BODY:
            await trouble_of(_too_large()).response()(scope, receive, send)
        elif _announced(scope) and not _is_json(scope):
            await trouble_of(_no_json()).response()(scope, receive, send)
        else:
            await self._app(scope, _counting(receive), send)


def _announced(scope: Scope) -> int:
    length = Headers(scope=scope).get("content-length", "0")
    return int(length) if length.isascii() and length.isdigit() else 0


def _is_json(scope: Scope) -> bool:
    """Say whether a body is JSON by its media type; one that has none is taken for it."""
    said = Headers(scope=scope).get("content-type", "application/json")
    media_type = said.partition(";")[0].strip().lower()
    return media_type == "application/json" or media_type.endswith("+json")


def _counting(receive: Receive) -> Receive:
    seen = 0

    async def counted() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > MAX_BODY:
            raise _too_large()
        return message

    return counted


def _no_json() -> HTTPException:
    told = "A body is JSON here; send it with the header `Content-Type: application/json`."
    return HTTPException(415, told)


def _too_large() -> HTTPException:
    return HTTPException(413, f"A body may have {MAX_BODY // 1024} KiB at most.")

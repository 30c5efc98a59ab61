"""The upper end of links: answers the nodes below (RFC 9110, RFC 9457), over mutual TLS."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import socket
import ssl
from collections.abc import Callable

from aiohttp import web

from horarium.distribution.messages import PROTOCOL
from horarium.distribution.records import Document, as_table, text, whole
from horarium.kernel.errors import HorariumError, InvalidInput
from horarium.transport.certificates import identity_of
from horarium.transport.link import (
    AHEAD_SECONDS,
    BASE,
    GRANT,
    LARGEST_PIECE,
    LEAST_PIECE,
    LONGEST_POLL,
    MOST_BODY,
    NODE,
    PROTOCOL_HEADER,
    Above,
    Flow,
    Refused,
    read_range,
)

log = logging.getLogger(__name__)

# Octets that the kernel takes before it sends: what waits there can not be called back.
UNSENT_IN_KERNEL = 65_536
_TCP_NOTSENT_LOWAT = getattr(socket, "TCP_NOTSENT_LOWAT", 25)


class LinkServer:
    """Serves `above` to nodes below. Without `tls` only on the loopback, where a node says itself
    who it is."""

    def __init__(
        self, above: Above, tls: ssl.SSLContext | None, monotonic: Callable[[], float]
    ) -> None:
        self._above = above
        self._tls = tls
        self._monotonic = monotonic
        self._runner: web.AppRunner | None = None
        self.port = 0

    async def start(self, host: str, port: int) -> None:
        """Begins to listen; OSError when the address can not be had."""
        app = web.Application(client_max_size=MOST_BODY, middlewares=[self._guarded])
        app.router.add_get(f"{BASE}/inbox", self._inbox)
        app.router.add_post(f"{BASE}/outbox", self._outbox)
        app.router.add_get(f"{BASE}/meta/{{name:.+}}", self._meta)
        app.router.add_get(f"{BASE}/content/sha256/{{hex:[0-9a-f]{{64}}}}", self._content)
        app.router.add_post(f"{BASE}/enrol", self._enrol)
        app.router.add_post(f"{BASE}/renew", self._renew)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, host, port, ssl_context=self._tls, backlog=1024)
        await site.start()
        self.port = int(self._runner.addresses[0][1])

    async def stop(self) -> None:
        """Ends all links."""
        if self._runner is not None:
            await self._runner.cleanup()

    # --- who asks ------------------------------------------------------------

    def _child(self, request: web.Request) -> str:
        name = self._name(request)
        if name is None:
            raise Refused(401, "unknown-node", "show the certificate of a node of this realm")
        return name

    def _name(self, request: web.Request) -> str | None:
        if self._tls is None:
            return request.headers.get(NODE)
        connection = request.transport
        tls = connection.get_extra_info("ssl_object") if connection is not None else None
        shown = tls.getpeercert(binary_form=True) if tls is not None else None
        if not shown:
            return None
        identity = identity_of(shown)
        if not self._above.admits(identity.name, identity.serial):
            raise Refused(403, "revoked", f"the certificate of {identity.name} was revoked")
        return identity.name

    # --- requests --------------------------------------------------------------

    @web.middleware
    async def _guarded(
        self, request: web.Request, handler: Callable[[web.Request], object]
    ) -> web.StreamResponse:
        theirs = request.headers.get(PROTOCOL_HEADER, PROTOCOL)
        try:
            if theirs.partition(".")[0] != PROTOCOL.partition(".")[0]:
                raise Refused(426, "upgrade", f"this node speaks {PROTOCOL}, not {theirs[:20]}")
            response = await handler(request)  # type: ignore[misc]
        except Refused as refused:
            return _problem(refused)
        except InvalidInput as error:
            return _problem(Refused(400, "bad-request", str(error)))
        except HorariumError as error:
            log.warning("link.failed path=%s reason=%s", request.path, error)
            return _problem(Refused(503, "unavailable", "try again", 5))
        assert isinstance(response, web.StreamResponse)
        return response

    async def _inbox(self, request: web.Request) -> web.StreamResponse:
        child = self._child(request)
        wait = min(_number(request.query.get("wait", "0")), LONGEST_POLL)
        taken = _number(request.query.get("taken", "0"))
        messages = await self._above.inbox(child, taken, wait)
        if not messages:
            return web.Response(status=204)
        return _json({"messages": [{"number": n, "message": one} for n, one in messages]})

    async def _outbox(self, request: web.Request) -> web.StreamResponse:
        child = self._child(request)
        body = await _body(request)
        messages = body.get("messages")
        if not isinstance(messages, list):
            raise InvalidInput("messages: expected a list")
        await self._above.outbox(child, text(body, "life", 64), whole(body, "number"), messages)
        return web.Response(status=204)

    async def _meta(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        found = await self._above.metadata(self._name(request), name)
        if found is None:
            raise Refused(404, "not-found", f"there is no metadata {name[:100]} here for you")
        return web.Response(body=found, content_type="application/json")

    async def _enrol(self, request: web.Request) -> web.StreamResponse:
        return _json(await self._above.enrol(await _body(request)))

    async def _renew(self, request: web.Request) -> web.StreamResponse:
        self._child(request)
        return _json(await self._above.renew(await _body(request)))

    async def _content(self, request: web.Request) -> web.StreamResponse:
        child = self._child(request)
        digits = request.match_info["hex"]
        etag = f'"sha256:{digits}"'
        flow = self._above.flow(child, f"sha256:{digits}", request.headers.get(GRANT, ""))
        sent = 0
        try:
            wished = request.headers.get("If-Match")
            if wished not in (None, "*", etag):
                raise Refused(412, "changed", "this address has another content")
            asked = read_range(request.headers.get("Range"))
            if asked is None or asked.start > flow.length:
                raise Refused(416, "range", "one stretch from an octet on, please")
            end = flow.length if asked.end is None else min(asked.end, flow.length)
            response = web.StreamResponse(status=206 if "Range" in request.headers else 200)
            response.headers["ETag"] = etag
            response.headers["Cache-Control"] = "immutable"
            response.headers["Content-Range"] = (
                f"bytes {asked.start}-{max(asked.start, end - 1)}/{flow.length}"
            )
            response.content_type = "application/octet-stream"
            # Its length is known, and still it may end early, in order: hence the chunked coding.
            response.enable_chunked_encoding()
            if request.method == "HEAD":
                return response
            await response.prepare(request)
            _keep_buffers_small(request)
            sent = await self._send(response, flow, asked.start, end)
            return response
        finally:
            flow.end(sent)

    async def _send(self, response: web.StreamResponse, flow: Flow, start: int, end: int) -> int:
        """Sends until the end, or until the flow ends; how many octets were handed on."""
        at, size = start, LEAST_PIECE
        with contextlib.suppress(ConnectionError, asyncio.CancelledError):
            while at < end:
                piece = await flow.piece(at, min(size, end - at))
                if not piece:
                    break
                handed = self._monotonic()
                await response.write(piece)
                at += len(piece)
                size = _next_size(size, self._monotonic() - handed)
            await response.write_eof()
        return at - start


def _next_size(size: int, writing: float) -> int:
    """How much to hand on next: as much as went in a fifth of a second."""
    if writing < AHEAD_SECONDS / 4:
        return min(size * 2, LARGEST_PIECE)
    if writing > AHEAD_SECONDS:
        return max(int(size * AHEAD_SECONDS / writing), LEAST_PIECE)
    return size


def _keep_buffers_small(request: web.Request) -> None:
    connection = request.transport
    if not isinstance(connection, asyncio.WriteTransport):
        return
    connection.set_write_buffer_limits(high=UNSENT_IN_KERNEL)
    sock = connection.get_extra_info("socket")
    if sock is not None:
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.IPPROTO_TCP, _TCP_NOTSENT_LOWAT, UNSENT_IN_KERNEL)


async def _body(request: web.Request) -> Document:
    try:
        return dict(as_table(json.loads(await request.text())))
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"the body is no JSON: {error}") from error
    except web.RequestPayloadError as error:
        raise InvalidInput(f"the body can not be read: {error}") from error


def _number(value: str) -> int:
    if not value.isascii() or not value.isdigit() or len(value) > 18:
        raise InvalidInput(f"{value[:20]!r} is no number")
    return int(value)


def _json(document: Document) -> web.Response:
    return web.Response(body=json.dumps(document).encode(), content_type="application/json")


def _problem(refused: Refused) -> web.Response:
    document = {
        "type": refused.kind,
        "title": refused.kind.replace("-", " "),
        "status": refused.status,
        "detail": refused.detail,
    }
    headers = {} if refused.retry_after is None else {"Retry-After": str(refused.retry_after)}
    return web.Response(
        status=refused.status,
        body=json.dumps(document).encode(),
        content_type="application/problem+json",
        headers=headers,
    )

"""One connection: who is slow to say what is wanted is let go, and what is no HTTP gets an answer
with the same headers as every other."""

from __future__ import annotations

import asyncio
from typing import Any

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from horarium.web.headers import put_headers
from horarium.web.problem import Trouble, problem_response

# From the connection, or the first octet of a further request, to the end of its head.
HEAD_SECONDS = 10.0


class Connection(RequestHandler):
    """A connection with a time limit for the head of each request."""

    __slots__ = ("_limit",)

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._limit: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begins to wait for the first request."""
        super().connection_made(transport)
        self._begin()

    def data_received(self, data: bytes) -> None:
        """Ends the wait when a whole head has come, begins another when a part of one has."""
        before = self._request_count
        super().data_received(data)
        if self._request_count != before:
            self._end()
        elif self._limit is None and self._current_request is None:
            self._begin()

    def connection_lost(self, exc: BaseException | None) -> None:
        """Ends the wait."""
        self._end()
        super().connection_lost(exc)

    def handle_error(
        self, request: web.BaseRequest, status: int = 500, exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:  # fmt: skip
        """The answer to what can not be read as a request; it repeats nothing of it."""
        if status in (400, 413, 414, 431):
            trouble = Trouble(status, "malformed", "the request can not be read")
        else:
            trouble = Trouble(500, "fault", "our own fault; it was noted")
        response = problem_response(trouble, "")
        response.force_close()
        put_headers(response)
        return response

    def _begin(self) -> None:
        self._end()
        self._limit = asyncio.get_running_loop().call_later(HEAD_SECONDS, self._let_go)

    def _end(self) -> None:
        if self._limit is not None:
            self._limit.cancel()
            self._limit = None

    def _let_go(self) -> None:
        self._limit = None
        if self.transport is not None:
            self.transport.abort()


class Runner(web.AppRunner):
    """Runs an application over such connections."""

    @property
    def server(self) -> Any:
        """What makes a connection."""
        inner = super().server
        if inner is None:
            return None
        return lambda: Connection(inner, loop=inner._loop, **inner._kwargs)

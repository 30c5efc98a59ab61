"""The daemon's half of the hand-over: takes messages from ``horarium deliver``."""

import asyncio
import contextlib
import logging
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

from horarium.kernel.errors import Unavailable
from horarium.transport.handover import (
    Answer,
    Handover,
    answer_frame,
    header_length,
    read_header,
    read_request,
)

log = logging.getLogger(__name__)

# Seconds for the message to come in; deciding about it has its own limits.
PATIENCE = 60.0
# The status of "try again" (sysexits EX_TEMPFAIL).
TRY_AGAIN = 75


class HandoverServer:
    """Listens on a socket that only this user, and the group of its folder, may open."""

    def __init__(self, handle: Callable[[Handover], Awaitable[Answer]]) -> None:
        self._handle = handle
        self._server: asyncio.AbstractServer | None = None
        self._path: Path | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self, path: Path, mode: int = 0o660) -> None:
        """Listen at ``path``. Unavailable when that cannot be done."""
        try:
            with contextlib.suppress(FileNotFoundError):
                if path.is_socket():
                    path.unlink()
            before = os.umask(0o177)
            try:
                self._server = await asyncio.start_unix_server(self._accept, path)
            finally:
                os.umask(before)
            path.chmod(mode)
        except OSError as error:
            raise Unavailable(f"cannot listen on {path}: {error}") from error
        self._path = path

    async def stop(self, grace: float = 30.0) -> None:
        """Stop listening and let the messages in hand finish for at most ``grace`` seconds."""
        if self._server is not None:
            self._server.close()
        if self._tasks:
            await asyncio.wait(set(self._tasks), timeout=grace)
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._path is not None:
            self._path.unlink(missing_ok=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await self._exchange(reader, writer)
        except (OSError, TimeoutError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                length = header_length(await reader.readexactly(4))
                header, size = read_header(await reader.readexactly(length))
                handover = read_request(header, await reader.readexactly(size))
        except (ValueError, asyncio.IncompleteReadError) as error:
            writer.write(answer_frame(Answer(TRY_AGAIN, f"not understood: {error}")))
            await writer.drain()
            return
        try:
            answer = await self._handle(handover)
        except Exception:
            log.exception("a message that was handed over failed")
            answer = Answer(TRY_AGAIN, "internal error")
        writer.write(answer_frame(answer))
        await writer.drain()

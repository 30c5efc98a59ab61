"""Reading an LMTP connection: command lines and message data, with strict line ends.

Only CRLF ends a line and only CRLF ``.`` CRLF ends a message (RFC 5321 4.1.1.4). A server that is
lenient here lets one message be read as two.
"""

import re
from collections.abc import Callable
from typing import Protocol

# Longer than any command that a mail system sends (RFC 5321 4.5.3.1.4, and its extensions).
MAX_COMMAND = 4096
# How far a message that is too long is read on, to answer it in order, before hanging up.
MAX_DRAIN = 8
_CHUNK = 65536
_END = b"\r\n.\r\n"
_BARE = re.compile(rb"\r(?!\n)|(?<!\r)\n")


class Source(Protocol):
    """Where bytes come from: ``asyncio.StreamReader`` is one."""

    async def read(self, n: int, /) -> bytes:
        """At most ``n`` bytes; none at the end."""
        ...


class Closed(Exception):
    """The other side is gone, or what it sends cannot be followed any more."""


class BadLine(Exception):
    """A command line that is too long, or holds a bare CR or LF."""


class Wire:
    """The incoming half of one connection; `before_waiting` is called whenever more is needed from
    the other side."""

    def __init__(self, source: Source, before_waiting: Callable[[], None] | None = None) -> None:
        self._source = source
        self._before_waiting = before_waiting
        self._buffer = bytearray()

    async def command(self) -> bytes:
        """The next command line, without its CRLF. BadLine after the whole of a bad line was
        read; Closed at the end."""
        too_long = False
        while (end := self._buffer.find(b"\n")) < 0:
            if len(self._buffer) > MAX_COMMAND:
                too_long = True
                self._buffer.clear()
            await self._more()
        line = bytes(self._buffer[: end + 1])
        del self._buffer[: end + 1]
        if too_long or len(line) > MAX_COMMAND:
            raise BadLine("command line too long")
        if not line.endswith(b"\r\n") or b"\r" in line[:-2]:
            raise BadLine("a line ends with CR LF")
        return line[:-2]

    async def message(self, limit: int) -> bytes | None:
        """The message that follows, its dots unstuffed; None when it is longer than ``limit``
        bytes. Closed when the connection ends first."""
        # The line end before the first line lets a lone dot there end an empty message.
        self._buffer[0:0] = b"\r\n"
        searched, dropped = 0, 0
        while (end := self._buffer.find(_END, searched)) < 0:
            searched = max(0, len(self._buffer) - len(_END) + 1)
            if len(self._buffer) > limit + _CHUNK:
                dropped += searched
                del self._buffer[:searched]
                searched = 0
                if dropped > MAX_DRAIN * limit:
                    raise Closed
            await self._more()
        if dropped:
            del self._buffer[: end + len(_END)]
            return None
        body = bytes(self._buffer[: end + 2])
        del self._buffer[: end + len(_END)]
        body = body.replace(b"\r\n.", b"\r\n")[2:]
        return body if len(body) <= limit else None

    async def _more(self) -> None:
        if self._before_waiting is not None:
            self._before_waiting()
        chunk = await self._source.read(_CHUNK)
        if not chunk:
            raise Closed
        self._buffer += chunk


def bare_line_end(data: bytes) -> bool:
    """Whether a CR or LF stands alone in ``data``."""
    whole = data.count(b"\r\n")
    return data.count(b"\r") != whole or data.count(b"\n") != whole


def with_whole_line_ends(data: bytes) -> bytes:
    """``data`` with each lone CR or LF made CRLF."""
    return _BARE.sub(b"\r\n", data)

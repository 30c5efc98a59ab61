"""Contents as they come over a link: read by a thread, from the socket through TLS, with no loop
between (RFC 9110, RFC 9112).

What the messages of a link cost is little; contents are all its octets, and a loop that hands them
on costs more than their TLS.
"""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
import threading
from collections.abc import Callable, Generator, Iterator
from http.client import HTTPConnection, HTTPException, HTTPResponse
from urllib.parse import urlsplit

from horarium.distribution.content import CHUNK
from horarium.distribution.messages import PROTOCOL
from horarium.kernel.errors import InvalidInput, Unavailable
from horarium.transport.certificates import tls_name
from horarium.transport.link import (
    BASE,
    CONNECT_SECONDS,
    GRANT,
    NODE,
    PROTOCOL_HEADER,
    End,
    reached,
    refusal,
)

# A record of TLS holds no more octets than this (RFC 8446 section 5.1).
RECORD = 1 << 14
# One piece is written while the next one is read: together they are what a death of the process
# loses, and no more than a chunk.
PIECE = CHUNK // 2
MOST_REFUSAL = 1 << 16


class ContentLink:
    """The connections to one node above over which contents are read: each carries one content at
    a time, and waits for the next one when that has ended in order. For any thread."""

    def __init__(self, end: End, tls: ssl.SSLContext | None, node: str, timeout: float) -> None:
        self.end = end
        self.headers = {PROTOCOL_HEADER: PROTOCOL, **({NODE: node} if tls is None else {})}
        self._tls = tls
        self._timeout = timeout
        self._lock = threading.Lock()
        self._idle: list[Connection] = []
        self._reading: set[Reading] = set()
        self._ended = False

    def reading(self) -> Reading:
        """One content that is about to be read."""
        reading = Reading(self)
        with self._lock:
            if not self._ended:
                self._reading.add(reading)
                return reading
        reading.stop()
        return reading

    def close(self) -> None:
        """Ends all connections, for good: what is being read is Unavailable from now on."""
        with self._lock:
            self._ended = True
            reading, idle = list(self._reading), self._idle
            self._idle = []
        for one in reading:
            one.stop()
        for connection in idle:
            connection.close()

    def idle(self) -> Connection | None:
        """A connection that waits for its next content."""
        with self._lock:
            return self._idle.pop() if self._idle else None

    def fresh(self) -> Connection:
        """Another connection, not yet made."""
        return Connection(self.end, self._tls, self._timeout)

    def over(self, reading: Reading, connection: Connection | None) -> None:
        """A content was read; its connection can be used again, or there is none."""
        with self._lock:
            self._reading.discard(reading)
            if connection is not None and not self._ended:
                self._idle.append(connection)
                return
        if connection is not None:
            connection.close()


class Reading:
    """One content while it is read. A thread reads; any other one may stop that."""

    def __init__(self, link: ContentLink) -> None:
        self._link = link
        self._stopped = threading.Event()
        self._connection: Connection | None = None

    def stop(self) -> None:
        """What is read from now on is Unavailable; who waits for octets is told at once."""
        self._stopped.set()
        if self._connection is not None:
            self._connection.cut()

    def rest(self, seconds: float) -> None:
        """Waits so long, or until it is stopped."""
        self._stopped.wait(seconds)

    def pieces(self, digest: str, grant: str, offset: int) -> Generator[bytes, None, None]:
        """The octets of a content from an offset on, as they come; they may end before its length.
        A piece never goes beyond half a chunk. Unavailable when the node above can not be reached
        or says nothing for the link's time-out, Refused when it says no."""
        kept: Connection | None = None
        try:
            with reached(self._link.end, HTTPException):
                response = self._asked(digest, grant, offset)
                assert self._connection is not None
                yield from _as_they_come(response, self._connection.wire, offset)
                self._go_on()
                kept = self._connection if not response.will_close else None
        finally:
            if self._connection is not None and kept is None:
                self._connection.close()
            self._link.over(self, kept)

    def _asked(self, digest: str, grant: str, offset: int) -> HTTPResponse:
        path = f"content/sha256/{digest.removeprefix('sha256:')}"
        headers = {
            **self._link.headers,
            GRANT: grant,
            "Range": f"bytes={offset}-",
            "If-Match": f'"{digest}"',
        }
        response = self._answer(path, headers)
        if response.status >= 400:
            after = response.headers.get("Retry-After")
            raise refusal(response.status, response.reason, after, response.read(MOST_REFUSAL))
        begins = response.headers.get("Content-Range", "").startswith(f"bytes {offset}-")
        if response.status != 206 or not begins:
            raise InvalidInput("the answer is not the stretch that was asked for")
        return response

    def _answer(self, path: str, headers: dict[str, str]) -> HTTPResponse:
        waiting = self._link.idle()
        if waiting is not None:
            # It may have been ended while it waited; nothing was answered over it then.
            with contextlib.suppress(OSError, HTTPException):
                return self._ask(waiting, path, headers)
        return self._ask(self._link.fresh(), path, headers)

    def _ask(self, connection: Connection, path: str, headers: dict[str, str]) -> HTTPResponse:
        self._go_on()
        if self._connection is not None:
            self._connection.close()
        self._connection = connection
        connection.request("GET", f"{connection.base}/{path}", headers=headers)
        self._go_on()
        return connection.answer()

    def _go_on(self) -> None:
        if self._stopped.is_set():
            raise Unavailable(f"the link to {self._link.end.name} was ended")


class Connection(HTTPConnection):
    """A connection to a node, whose certificate is that of its name, wherever it is reached."""

    def __init__(self, end: End, tls: ssl.SSLContext | None, timeout: float) -> None:
        url = urlsplit(end.url)
        port = url.port or (80 if tls is None else 443)
        super().__init__(url.hostname or "", port, timeout=max(timeout, 1.0))
        self.base = url.path.rstrip("/") + BASE
        self._end = end
        self._tls = tls
        self._wire: socket.socket | None = None

    @property
    def wire(self) -> socket.socket:
        """Its socket, once it is made: the last answer is still read when `sock` is gone."""
        assert self._wire is not None
        return self._wire

    def answer(self) -> HTTPResponse:
        """The head of the answer, which does not keep one waiting as its content may."""
        self.wire.settimeout(CONNECT_SECONDS)
        response = self.getresponse()
        self.wire.settimeout(self.timeout)
        return response

    def connect(self) -> None:
        """See `HTTPConnection`."""
        made = socket.create_connection((self.host, self.port), CONNECT_SECONDS)
        try:
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._tls is not None:
                made = self._tls.wrap_socket(made, server_hostname=tls_name(self._end.name))
        except BaseException:
            made.close()
            raise
        self.sock = self._wire = made

    def cut(self) -> None:
        """Ends it beneath its TLS, whatever another thread does with it."""
        if self._wire is not None:
            with contextlib.suppress(OSError):
                # That of a TLS socket would let who reads go on without TLS.
                socket.socket.shutdown(self._wire, socket.SHUT_RDWR)


def _as_they_come(response: HTTPResponse, sock: socket.socket, offset: int) -> Iterator[bytes]:
    """What has come, as soon as there is no more at once, or to the end of half a chunk."""
    more = _more_of(sock)
    left, parts = PIECE - offset % PIECE, list[bytes]()
    while True:
        try:
            part = response.read1(min(RECORD, left))
        except (OSError, HTTPException):
            if parts:
                yield b"".join(parts)
            raise
        parts.append(part)
        left -= len(part)
        if not part or not left or not more():
            if any(parts):
                yield b"".join(parts)
            if not part:
                return
            left, parts = left or PIECE, []


def _more_of(sock: socket.socket) -> Callable[[], bool]:
    """What tells whether a socket has octets now: more than the line end behind those of a chunk
    of the coding, which is read with the next one only."""
    end = len("\r\n")
    waiting = select.poll()
    waiting.register(sock, select.POLLIN)
    if isinstance(sock, ssl.SSLSocket):
        return lambda: sock.pending() > end or bool(waiting.poll(0))
    return lambda: bool(waiting.poll(0)) and len(sock.recv(end + 1, socket.MSG_PEEK)) > end

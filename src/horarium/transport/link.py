"""The link between a node and those below it: the words of both ends (HTTP/1.1, RFC 9110)."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from horarium.distribution.records import Document, as_table
from horarium.kernel.errors import InvalidInput, Unavailable

BASE = "/d/1"
GRANT = "Horarium-Grant"
PROTOCOL_HEADER = "Horarium-Protocol"
NODE = "Horarium-Node"
"""Who asks, where a link on the loopback has no TLS to tell it."""

CONNECT_SECONDS = 20
LONGEST_POLL = 55
MOST_BODY = 16 << 20
"""Octets of one message upwards: ten thousand rows."""

# What is handed to a connection at once: no more than a fifth of a second's worth at the speed
# seen, so that little is on its way when a window ends.
LEAST_PIECE = 16_384
LARGEST_PIECE = 1 << 20
AHEAD_SECONDS = 0.2


class Refused(Exception):
    """A request that is refused: the status, the stable name of the problem, what it means, and
    after how many seconds it may be asked again."""

    def __init__(self, status: int, kind: str, detail: str, retry_after: int | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.kind = kind
        self.detail = detail
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class End:
    """The node above: its name and where it is reached."""

    name: str
    url: str


class StrangeCertificate(Unavailable):
    """The node above shows a certificate that this node's realm did not issue."""

    def __init__(self, end: End) -> None:
        super().__init__(
            f"{end.name} at {end.url}: its certificate is not of the realm that this node joined"
        )


def refusal(status: int, reason: str | None, after: str | None, body: bytes) -> Refused:
    """What an answer means that says no, in its problem document or without one (RFC 9457);
    ``after`` is its ``Retry-After``."""
    try:
        problem = as_table(json.loads(body))
    except (InvalidInput, ValueError, RecursionError):
        problem = {}
    return Refused(
        status,
        str(problem.get("type", "refused")),
        str(problem.get("detail", reason)),
        int(after) if after and after.isascii() and after.isdigit() else None,
    )


@contextmanager
def reached(end: End, *trouble: type[Exception]) -> Iterator[None]:
    """Trouble of a connection, and what else a library calls so, as what it means: the other end
    can not be had now."""
    caught: tuple[type[Exception], ...] = (OSError, *trouble)
    try:
        yield
    except ssl.SSLCertVerificationError as error:
        raise StrangeCertificate(end) from error
    except caught as error:
        why = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise Unavailable(f"{end.name} at {end.url}: {why}") from error


class Flow(Protocol):
    """One content on its way out."""

    length: int

    async def piece(self, offset: int, most: int) -> bytes | bytearray:
        """Octets that may go now, at least one; nothing when the flow ends before its length:
        its window is over, or what it is fed by stands still."""
        ...

    def end(self, sent: int) -> None:
        """Told once, when the flow is over: how many octets were handed on."""
        ...


class Above(Protocol):
    """What a node is to those below it. Names of nodes are verified when these are called."""

    async def inbox(self, child: str, taken: int, wait: float) -> list[tuple[int, Document]]:
        """The messages for a child after number `taken`; when there is none, waits so long."""
        ...

    async def outbox(self, child: str, life: str, number: int, messages: Sequence[object]) -> None:
        """Takes messages of a child. The same number of the same life of it counts once."""
        ...

    async def metadata(self, child: str | None, name: str) -> bytes | None:
        """Signed metadata, None when there is none that the child may see; without a child, what
        is needed to join."""
        ...

    def flow(self, child: str, digest: str, grant: str) -> Flow:
        """A content that was offered. Refused when the grant does not hold."""
        ...

    async def enrol(self, asked: Document) -> Document:
        """A certificate for a node that joins. Refused when it may not."""
        ...

    async def renew(self, asked: Document) -> Document:
        """A newer certificate for a node that has one."""
        ...

    def admits(self, name: str, serial: str) -> bool:
        """Whether a certificate still counts."""
        ...


@dataclass(frozen=True, slots=True)
class Asked:
    """The stretch of a content that is asked for; ``end`` None is to its end."""

    start: int
    end: int | None


def read_range(header: str | None) -> Asked | None:
    """The one stretch that a ``Range`` names; the whole when there is none, None for forms that
    are not served: several stretches, suffixes, other units (RFC 9110 section 14)."""
    if header is None:
        return Asked(0, None)
    unit, _, value = header.partition("=")
    first, dash, last = value.strip().partition("-")
    plain = first.isascii() and first.isdigit() and len(first) <= 15
    if unit.strip() != "bytes" or not dash or not plain:
        return None
    if not last:
        return Asked(int(first), None)
    if not last.isascii() or not last.isdigit() or len(last) > 15 or int(last) < int(first):
        return None
    return Asked(int(first), int(last) + 1)

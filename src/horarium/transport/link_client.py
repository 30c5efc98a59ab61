"""The lower end of a link: asks the node above (RFC 9110), over mutual TLS."""

from __future__ import annotations

import contextlib
import json
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import quote

import aiohttp

from horarium.distribution.messages import PROTOCOL
from horarium.distribution.records import Document, as_table, whole
from horarium.kernel.errors import InvalidInput, Unavailable
from horarium.transport.certificates import tls_name
from horarium.transport.link import BASE, GRANT, MOST_BODY, NODE, PROTOCOL_HEADER, Refused

CONNECT_SECONDS = 20
# A long poll may say nothing for so long; the other end answers before.
POLL_SECONDS = 75
READ_AT_ONCE = 1 << 18


@dataclass(frozen=True, slots=True)
class End:
    """The node above: its name and where it is reached."""

    name: str
    url: str


class LinkClient:
    """One link upwards. Unavailable when the node above can not be reached, Refused when it says
    no."""

    def __init__(self, end: End, tls: ssl.SSLContext | None, node: str, timeout: float) -> None:
        self.end = end
        self._tls = tls
        self._node = node
        self._timeout = timeout
        self._session: aiohttp.ClientSession | None = None
        self._reading: set[aiohttp.ClientResponse] = set()
        self._ended = False

    async def close(self) -> None:
        """Ends the link, for good: what is being read over it is Unavailable from now on."""
        self._ended = True
        for response in self._reading:
            # Who reads a body is not told that its session was closed, and would wait for ever.
            response.content.set_exception(aiohttp.ClientConnectionError("the link was ended"))
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def inbox(self, taken: int, wait: int) -> list[tuple[int, Document]]:
        """Messages after number `taken`."""
        query = f"inbox?taken={taken}&wait={wait}"
        async with self._ask("GET", query, total=POLL_SECONDS) as response:
            if response.status == 204:
                return []
            body = as_table(await _read_json(response))
            messages = body.get("messages")
            if not isinstance(messages, list):
                raise InvalidInput("messages: expected a list")
            found = [as_table(item) for item in messages]
            return [(whole(item, "number"), dict(as_table(item["message"]))) for item in found]

    async def outbox(self, life: str, number: int, messages: Sequence[Document]) -> None:
        """Says messages."""
        body = json.dumps({"life": life, "number": number, "messages": list(messages)}).encode()
        async with self._ask("POST", "outbox", body=body):
            pass

    async def metadata(self, name: str, most: int) -> bytes | None:
        """Signed metadata of at most so many octets; None when there is none."""
        try:
            async with self._ask("GET", f"meta/{quote(name)}") as response:
                return await _read(response, most)
        except Refused as refused:
            if refused.status == 404:
                return None
            raise

    async def post(self, what: str, asked: Document) -> Document:
        """`enrol` or `renew`."""
        async with self._ask("POST", what, body=json.dumps(asked).encode()) as response:
            return dict(as_table(await _read_json(response)))

    async def content(self, digest: str, grant: str, offset: int) -> AsyncGenerator[bytes, None]:
        """The octets of a content from an offset on; they may end before its length. A silence of
        the link's time-out is Unavailable."""
        headers = {
            GRANT: grant,
            "Range": f"bytes={offset}-",
            "If-Match": f'"{digest}"',
        }
        path = f"content/sha256/{digest.removeprefix('sha256:')}"
        async with self._ask("GET", path, headers=headers, total=None) as response:
            begins = response.headers.get("Content-Range", "").startswith(f"bytes {offset}-")
            if response.status != 206 or not begins:
                raise InvalidInput("the answer is not the stretch that was asked for")
            self._reading.add(response)
            try:
                with _reached(self.end):
                    async for piece in response.content.iter_chunked(READ_AT_ONCE):
                        yield piece
            finally:
                self._reading.discard(response)

    @asynccontextmanager
    async def _ask(
        self, method: str, path: str, *, body: bytes | None = None,
        headers: dict[str, str] | None = None, total: float | None = CONNECT_SECONDS * 3,
    ) -> AsyncIterator[aiohttp.ClientResponse]:  # fmt: skip
        timeout = aiohttp.ClientTimeout(
            total=total, sock_connect=CONNECT_SECONDS, sock_read=max(self._timeout, 1.0)
        )
        sent = {PROTOCOL_HEADER: PROTOCOL, **(headers or {})}
        if self._tls is None:
            sent[NODE] = self._node
        with _reached(self.end):
            response = await self._connected().request(
                method,
                f"{self.end.url.rstrip('/')}{BASE}/{path}",
                data=body,
                headers=sent,
                timeout=timeout,
                ssl=self._tls if self._tls is not None else True,
                server_hostname=tls_name(self.end.name) if self._tls is not None else None,
                allow_redirects=False,
            )
        try:
            if response.status >= 400:
                raise await _refused(response)
            with _reached(self.end):
                yield response
        finally:
            response.release() if response.content.is_eof() else response.close()

    def _connected(self) -> aiohttp.ClientSession:
        if self._ended:
            raise Unavailable(f"the link to {self.end.name} was ended")
        if self._session is None:
            connector = aiohttp.TCPConnector(limit=0, enable_cleanup_closed=False)
            self._session = aiohttp.ClientSession(
                connector=connector, auto_decompress=False, read_bufsize=READ_AT_ONCE
            )
        return self._session


class StrangeCertificate(Unavailable):
    """The node above shows a certificate that this node's realm did not issue."""


@contextlib.contextmanager
def _reached(end: End) -> Iterator[None]:
    """Trouble of the connection as what it means: the other end can not be had now."""
    try:
        yield
    except aiohttp.ClientConnectorCertificateError as error:
        raise StrangeCertificate(
            f"{end.name} at {end.url}: its certificate is not of the realm that this node joined"
        ) from error
    except (TimeoutError, aiohttp.ClientError, OSError) as error:
        why = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise Unavailable(f"{end.name} at {end.url}: {why}") from error


async def _read(response: aiohttp.ClientResponse, most: int) -> bytes:
    found = bytearray()
    async for piece in response.content.iter_chunked(65_536):
        found += piece
        if len(found) > most:
            raise InvalidInput(f"an answer of more than {most} octets")
    return bytes(found)


async def _read_json(response: aiohttp.ClientResponse) -> object:
    try:
        return json.loads(await _read(response, MOST_BODY))
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"the answer is no JSON: {error}") from error


async def _refused(response: aiohttp.ClientResponse) -> Refused:
    try:
        problem = as_table(await _read_json(response))
    except InvalidInput:
        problem = {}
    after = response.headers.get("Retry-After", "")
    return Refused(
        response.status,
        str(problem.get("type", "refused")),
        str(problem.get("detail", response.reason)),
        int(after) if after.isascii() and after.isdigit() else None,
    )

"""The lower end of a link: asks the node above (RFC 9110), over mutual TLS."""

from __future__ import annotations

import json
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from urllib.parse import quote

import aiohttp

from horarium.distribution.messages import PROTOCOL
from horarium.distribution.records import Document, as_table, whole
from horarium.kernel.errors import InvalidInput, Unavailable
from horarium.transport.certificates import tls_name
from horarium.transport.link import (
    BASE,
    CONNECT_SECONDS,
    MOST_BODY,
    NODE,
    PROTOCOL_HEADER,
    End,
    Refused,
    reached,
    refusal,
)
from horarium.transport.link_reading import ContentLink, Reading

# A long poll may say nothing for so long; the other end answers before.
POLL_SECONDS = 75
# Rows of many receivers say much the same: messages of so many octets are compressed.
WORTH_IT = 1_024


class LinkClient:
    """One link upwards. Unavailable when the node above can not be reached, Refused when it says
    no."""

    def __init__(self, end: End, tls: ssl.SSLContext | None, node: str, timeout: float) -> None:
        self.end = end
        self._tls = tls
        self._node = node
        self._timeout = timeout
        self._session: aiohttp.ClientSession | None = None
        self._contents = ContentLink(end, tls, node, timeout)
        self._ended = False

    async def close(self) -> None:
        """Ends the link, for good: what is being read over it is Unavailable from now on."""
        self._ended = True
        self._contents.close()
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

    def reading(self) -> Reading:
        """A content that is about to be read, by a thread."""
        return self._contents.reading()

    @asynccontextmanager
    async def _ask(
        self, method: str, path: str, *, body: bytes | None = None,
        total: float = CONNECT_SECONDS * 3,
    ) -> AsyncIterator[aiohttp.ClientResponse]:  # fmt: skip
        timeout = aiohttp.ClientTimeout(
            total=total, sock_connect=CONNECT_SECONDS, sock_read=max(self._timeout, 1.0)
        )
        sent = {PROTOCOL_HEADER: PROTOCOL}
        if self._tls is None:
            sent[NODE] = self._node
        with reached(self.end, aiohttp.ClientError):
            response = await self._connected().request(
                method,
                f"{self.end.url.rstrip('/')}{BASE}/{path}",
                data=body,
                compress="deflate" if body is not None and len(body) >= WORTH_IT else None,
                headers=sent,
                timeout=timeout,
                ssl=self._tls if self._tls is not None else True,
                server_hostname=tls_name(self.end.name) if self._tls is not None else None,
                allow_redirects=False,
            )
        try:
            with reached(self.end, aiohttp.ClientError):
                if response.status >= 400:
                    said = await _read(response, MOST_BODY)
                    after = response.headers.get("Retry-After")
                    raise refusal(response.status, response.reason, after, said)
                yield response
        finally:
            response.release() if response.content.is_eof() else response.close()

    def _connected(self) -> aiohttp.ClientSession:
        if self._ended:
            raise Unavailable(f"the link to {self.end.name} was ended")
        if self._session is None:
            connector = aiohttp.TCPConnector(limit=0, enable_cleanup_closed=False)
            self._session = aiohttp.ClientSession(connector=connector, auto_decompress=False)
        return self._session


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

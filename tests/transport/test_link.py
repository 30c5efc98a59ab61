"""A link on the loopback: stretches of contents, refusals, limits, and those who are slow."""

from __future__ import annotations

import asyncio
import json
import time
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection

import pytest
from aiohttp import web

from horarium.distribution.content import CHUNK, blob_of
from horarium.distribution.records import Document
from horarium.kernel.errors import Conflict, InvalidInput, Unavailable
from horarium.transport.link import MOST_BODY, Asked, End, Flow, Refused, read_range
from horarium.transport.link_client import LinkClient
from horarium.transport.link_reading import Connection
from horarium.transport.link_server import LinkServer

DATA = bytes(range(256)) * 4_000
BLOB = blob_of(DATA)
FOREIGN = blob_of(b"of another")


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, Asked(0, None)),
        ("bytes=0-", Asked(0, None)),
        ("bytes=5-", Asked(5, None)),
        ("bytes=5-5", Asked(5, 6)),
        ("bytes=0-99", Asked(0, 100)),
        (" bytes = 7-", Asked(7, None)),
        ("bytes=-5", None),
        ("bytes=5", None),
        ("bytes=5-4", None),
        ("bytes=1-2,4-5", None),
        ("bytes=a-", None),
        ("bytes=1-b", None),
        ("bytes=+1-", None),
        ("bytes=٣-", None),
        ("octets=1-", None),
        ("bytes=1234567890123456-", None),
        ("bytes=1-1234567890123456", None),
        ("", None),
    ],
)
def test_stretches_as_they_are_asked_for(header: str | None, expected: Asked | None) -> None:
    assert read_range(header) == expected


@dataclass
class Whole:
    """A flow of `DATA` that may end early."""

    above: Above
    length: int = len(DATA)

    async def piece(self, offset: int, most: int) -> bytes:
        return DATA[offset : min(offset + most, self.above.until)]

    def end(self, sent: int) -> None:
        self.above.sent.append(sent)


@dataclass
class Above:
    """A node that has one content and remembers what it was told."""

    until: int = len(DATA)
    sent: list[int] = field(default_factory=list)
    told: list[tuple[str, str, int, Sequence[object]]] = field(default_factory=list)
    messages: list[tuple[int, Document]] = field(default_factory=list)

    async def inbox(self, child: str, taken: int, wait: float) -> list[tuple[int, Document]]:
        if child == "stranger":
            raise Refused(404, "not-a-child", "not served here")
        if taken == 666:
            raise Conflict("trouble")
        return [entry for entry in self.messages if entry[0] > taken]

    async def outbox(self, child: str, life: str, number: int, messages: Sequence[object]) -> None:
        self.told.append((child, life, number, messages))

    async def metadata(self, child: str | None, name: str) -> bytes | None:
        return {"timestamp": b"{}", "large": b"x" * 100_000}.get(name)

    def flow(self, child: str, digest: str, grant: str) -> Flow:
        if grant != "right":
            raise Refused(403, "grant-void", "the offer does not hold any more")
        if digest != BLOB.digest:
            raise Refused(404, "not-found", "the offer is of another content")
        if self.until == 0:
            raise Refused(503, "window-closed", "later", 77)
        return Whole(self)

    async def enrol(self, asked: Document) -> Document:
        return asked

    renew = enrol

    def admits(self, name: str, serial: str) -> bool:
        return True


@asynccontextmanager
async def linked(above: Above, timeout: float = 10.0) -> AsyncIterator[tuple[LinkClient, int]]:
    server = LinkServer(above, None, time.monotonic)
    await server.start("127.0.0.1", 0)
    client = LinkClient(End("up", f"http://127.0.0.1:{server.port}"), None, "down", timeout)
    try:
        yield client, server.port
    finally:
        await client.close()
        await server.stop()


def over(above: Above, work: Callable[[LinkClient, int], Awaitable[object]]) -> object:
    async def run() -> object:
        async with linked(above) as (client, port):
            return await work(client, port)

    return asyncio.run(run())


Answer = tuple[int, dict[str, str], bytes]


def asked(above: Above, method: str, path: str, body: bytes = b"", **headers: str) -> Answer:
    """What a plain client gets; headers by their names with `_` for `-`."""

    def ask(port: int) -> Answer:
        connection = HTTPConnection("127.0.0.1", port, timeout=20)
        sent = {"Horarium-Node": "down", "Horarium-Grant": "right"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, f"/d/1/{path}", body or None, sent)
        response = connection.getresponse()
        return response.status, dict(response.headers), response.read()

    async def work(_: LinkClient, port: int) -> Answer:
        return await asyncio.to_thread(ask, port)

    found = over(above, work)
    assert isinstance(found, tuple)
    return found


CONTENT = f"content/sha256/{BLOB.hex}"


@pytest.mark.parametrize("start", [0, 1, 500_000, len(DATA) - 1, len(DATA)])
def test_a_content_is_read_from_any_octet_on(start: int) -> None:
    above = Above()

    async def work(client: LinkClient, _: int) -> bytes:
        return b"".join(await pieces_of(client, start))

    assert over(above, work) == DATA[start:]
    assert above.sent == [len(DATA) - start]


def test_a_stretch_is_what_was_asked_for_and_says_so() -> None:
    above = Above()
    status, headers, body = asked(above, "GET", CONTENT, Range="bytes=10-19")
    assert (status, body) == (206, DATA[10:20])
    assert headers["Content-Range"] == f"bytes 10-19/{len(DATA)}"
    assert headers["ETag"] == f'"{BLOB.digest}"'
    assert headers["Cache-Control"] == "immutable"
    status, headers, body = asked(above, "HEAD", CONTENT)
    assert (status, body) == (200, b"")
    assert headers["ETag"] == f'"{BLOB.digest}"'


def test_a_flow_that_ends_early_ends_in_order() -> None:
    above = Above(until=300_000)

    async def work(client: LinkClient, _: int) -> bytes:
        return b"".join(await pieces_of(client, 100_000))

    assert over(above, work) == DATA[100_000:300_000]
    assert above.sent == [200_000]


@pytest.mark.parametrize(
    ("path", "headers", "status", "kind"),
    [
        (CONTENT, {"Range": "bytes=-5"}, 416, "range"),
        (CONTENT, {"Range": "bytes=1-2,5-6"}, 416, "range"),
        (CONTENT, {"Range": f"bytes={len(DATA) + 1}-"}, 416, "range"),
        (CONTENT, {"If_Match": '"sha256:other"'}, 412, "changed"),
        (CONTENT, {"Horarium_Grant": "wrong"}, 403, "grant-void"),
        (f"content/sha256/{FOREIGN.hex}", {}, 404, "not-found"),
        (CONTENT, {"Horarium_Protocol": "2.0"}, 426, "upgrade"),
        ("meta/nothing", {}, 404, "not-found"),
        ("inbox", {"Horarium_Node": "stranger"}, 404, "not-a-child"),
        ("inbox?taken=666", {}, 503, "unavailable"),
        ("inbox?taken=-1", {}, 400, "bad-request"),
        ("inbox?wait=1e9", {}, 400, "bad-request"),
    ],
)
def test_refusals_are_problems_with_stable_names(
    path: str, headers: dict[str, str], status: int, kind: str
) -> None:
    found, sent, body = asked(Above(), "GET", path, **headers)
    assert (found, json.loads(body)["type"]) == (status, kind)
    assert sent["Content-Type"] == "application/problem+json"


def test_a_later_minor_protocol_is_understood() -> None:
    assert asked(Above(), "GET", "meta/timestamp", Horarium_Protocol="1.9")[0] == 200


def test_a_closed_window_says_when_to_come_again() -> None:
    status, headers, _ = asked(Above(until=0), "GET", CONTENT)
    assert (status, headers["Retry-After"]) == (503, "77")

    async def work(client: LinkClient, _: int) -> None:
        await pieces_of(client, 0)

    with pytest.raises(Refused) as refused:
        over(Above(until=0), work)
    assert (refused.value.kind, refused.value.retry_after) == ("window-closed", 77)


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"null", b"{", b"[" * 100_000, b'{"messages": 1}', b"\xff\xfe", b'{"a":1}']
)
def test_messages_that_are_none_are_refused(body: bytes) -> None:
    above = Above()
    status, _, _ = asked(above, "POST", "outbox", body)
    assert status == 400
    assert above.told == []


def test_a_body_beyond_the_limit_is_refused() -> None:
    above = Above()

    async def work(client: LinkClient, _: int) -> None:
        await client.outbox("life", 1, [{"text": "x" * MOST_BODY}])

    with pytest.raises((Refused, Unavailable)):
        over(above, work)
    assert above.told == []


def test_a_body_that_swells_beyond_the_limit_is_refused() -> None:
    above = Above()
    packing = zlib.compressobj(9)
    swelling = b"".join(packing.compress(b" " * (1 << 20)) for _ in range(1_024)) + packing.flush()
    assert len(swelling) < MOST_BODY // 8
    status, _, _ = asked(above, "POST", "outbox", swelling, Content_Encoding="deflate")
    assert status == 413
    status, _, _ = asked(above, "POST", "outbox", b"no deflate", Content_Encoding="deflate")
    assert status == 400
    assert above.told == []


def test_long_messages_go_compressed() -> None:
    above = Above()
    sent: list[str | None] = []
    take = LinkServer._outbox

    async def seen(server: LinkServer, request: web.Request) -> web.StreamResponse:
        sent.append(request.headers.get("Content-Encoding"))
        return await take(server, request)

    async def work(client: LinkClient, _: int) -> None:
        await client.outbox("life", 1, [{"text": "x"}])
        await client.outbox("life", 2, [{"text": "x" * 100_000}])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(LinkServer, "_outbox", seen)
        over(above, work)
    assert sent == [None, "deflate"]
    assert above.told[1] == ("down", "life", 2, [{"text": "x" * 100_000}])


def test_messages_go_both_ways() -> None:
    above = Above(messages=[(3, {"type": "ask"}), (4, {"type": "stop"})])

    async def work(client: LinkClient, _: int) -> object:
        await client.outbox("life", 7, [{"type": "rows", "rows": []}])
        return await client.inbox(3, 0), await client.inbox(4, 0)

    assert over(above, work) == ([(4, {"type": "stop"})], [])
    assert above.told == [("down", "life", 7, [{"type": "rows", "rows": []}])]


def test_metadata_are_read_up_to_their_limit() -> None:
    async def work(client: LinkClient, _: int) -> object:
        found = await client.metadata("timestamp", 10), await client.metadata("nothing", 10)
        with pytest.raises(InvalidInput, match="more than"):
            await client.metadata("large", 1_000)
        return found

    assert over(Above(), work) == (b"{}", None)


def test_who_reads_slowly_gets_it_whole_and_holds_up_nobody() -> None:
    above = Above()

    async def work(client: LinkClient, port: int) -> object:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=4_096)
        request = f"GET /d/1/{CONTENT} HTTP/1.1\r\nHost: x\r\nHorarium-Node: down\r\n"
        writer.write(f"{request}Horarium-Grant: right\r\nConnection: close\r\n\r\n".encode())
        await reader.readexactly(1_000)
        begun = time.monotonic()
        for _ in range(20):
            assert await client.metadata("timestamp", 10) == b"{}"
        assert time.monotonic() - begun < 5.0
        # What is not read yet is not handed on either.
        assert above.sent == []
        rest = await reader.read(-1)
        writer.close()
        return len(rest)

    whole = over(above, work)
    assert isinstance(whole, int)
    assert whole > len(DATA) - 1_000
    assert above.sent == [len(DATA)]


def test_nobody_above_is_unavailable() -> None:
    async def work() -> None:
        client = LinkClient(End("up", "http://127.0.0.1:1"), None, "down", 1.0)
        try:
            await client.inbox(0, 0)
        finally:
            await client.close()

    with pytest.raises(Unavailable, match="up at"):
        asyncio.run(work())


class Still(Whole):
    """Comes so far and no further, and does not end."""

    async def piece(self, offset: int, most: int) -> bytes:
        if offset >= STILL:
            await asyncio.Event().wait()
        return DATA[offset:STILL]


STILL = 100_000


@dataclass
class Standing(Above):
    def flow(self, child: str, digest: str, grant: str) -> Flow:
        return Still(self)


def test_a_link_that_is_ended_ends_what_is_read_over_it() -> None:
    async def work(client: LinkClient, _: int) -> None:
        loop, begun = asyncio.get_running_loop(), asyncio.Event()

        def read() -> None:
            for _piece in client.reading().pieces(BLOB.digest, "right", 0):
                loop.call_soon_threadsafe(begun.set)

        reading = asyncio.create_task(asyncio.to_thread(read))
        await begun.wait()
        await client.close()
        with pytest.raises(Unavailable):
            await asyncio.wait_for(reading, 5)
        with pytest.raises(Unavailable, match="ended"):
            await client.metadata("timestamp", 10)
        with pytest.raises(Unavailable, match="ended"):
            await pieces_of(client, 0)

    over(Standing(), work)


def test_what_has_come_is_given_at_once_and_before_the_trouble() -> None:
    """A slow link shows each octet; a broken one takes none that came."""

    async def work(client: LinkClient, _: int) -> None:
        reading = client.reading()
        pieces = reading.pieces(BLOB.digest, "right", 0)

        def until_it_stands() -> int:
            came = 0
            while came < STILL:
                came += len(next(pieces))
            return came

        assert await asyncio.wait_for(asyncio.to_thread(until_it_stands), 5) == STILL
        rest = asyncio.create_task(asyncio.to_thread(next, pieces, b""))
        await asyncio.sleep(0.2)
        reading.stop()
        with pytest.raises(Unavailable):
            await asyncio.wait_for(rest, 5)

    over(Standing(), work)


def test_a_silence_of_the_time_out_is_unavailable() -> None:
    async def run() -> None:
        async with linked(Standing(), timeout=1.0) as (client, _):
            await pieces_of(client, 0)

    with pytest.raises(Unavailable, match="timed out"):
        asyncio.run(run())


@pytest.mark.parametrize("start", [0, 1, CHUNK // 2, CHUNK - 1, CHUNK, 2 * CHUNK + 5])
def test_no_piece_goes_beyond_half_a_chunk(start: int) -> None:
    async def work(client: LinkClient, _: int) -> list[bytes]:
        return await pieces_of(client, start)

    at = start
    for piece in over(Above(), work):  # type: ignore[attr-defined]
        assert 0 < len(piece) <= CHUNK // 2 - at % (CHUNK // 2)
        at += len(piece)
    assert at == len(DATA)


def test_a_connection_carries_one_content_after_the_other_and_is_made_anew_when_it_was_ended() -> (
    None
):
    async def work(client: LinkClient, port: int) -> tuple[int, int]:
        made: list[tuple[str, int]] = []
        connect = Connection.connect

        def counted(connection: Connection) -> None:
            connect(connection)
            made.append(connection.sock.getsockname())

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Connection, "connect", counted)
            for _ in range(3):
                assert b"".join(await pieces_of(client, 0)) == DATA
            before = len(made)
            for connection in client._contents._idle:
                connection.cut()
            assert b"".join(await pieces_of(client, 7)) == DATA[7:]
        return before, len(made)

    assert over(Above(), work) == (1, 2)


def test_an_answer_that_is_the_last_of_its_connection_is_read_to_its_end() -> None:
    async def work(client: LinkClient, _: int) -> list[bytes]:
        found = [b"".join(await pieces_of(client, 0)) for _ in range(2)]
        assert client._contents._idle == []
        return found

    with pytest.MonkeyPatch.context() as patch:
        prepare = web.StreamResponse.prepare

        async def last(response: web.StreamResponse, request: web.Request) -> object:
            response.force_close()
            return await prepare(response, request)

        patch.setattr(web.StreamResponse, "prepare", last)
        assert over(Above(), work) == [DATA, DATA]


async def pieces_of(client: LinkClient, start: int) -> list[bytes]:
    """The content from an octet on, as a thread reads it."""
    reading = client.reading()
    return await asyncio.to_thread(lambda: list(reading.pieces(BLOB.digest, "right", start)))

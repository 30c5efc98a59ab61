"""Files over HTTP: what is fetched, what is refused, and what other hosts are told."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from tests.transport.sources import gathering

from horarium.distribution.content import digest_of
from horarium.distribution.gathering import Gathered, GatherFailed
from horarium.distribution.manifest import File
from horarium.transport.gather_http import HttpSource
from horarium.transport.gathering import Gathering

DATA = b"content " * 100_000


class Server:
    """A server on the loopback, and what it was asked."""

    def __init__(self) -> None:
        self.asked: list[web.Request] = []
        self.elsewhere = ""
        self.port = 0

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request)
        name = request.path.removeprefix("/")
        if request.headers.get("If-None-Match") == '"1"' and name == "tagged":
            return web.Response(status=304)
        match name:
            case "tagged":
                return web.Response(body=DATA, headers={"ETag": '"1"'})
            case "dated":
                stamp = "Sun, 01 Mar 2026 12:00:00 GMT"
                return web.Response(body=DATA, headers={"Last-Modified": stamp})
            case "on":
                return web.Response(status=302, headers={"Location": "/plain"})
            case "away":
                return web.Response(status=307, headers={"Location": self.elsewhere})
            case "circle":
                return web.Response(status=302, headers={"Location": "/circle"})
            case "file":
                return web.Response(status=302, headers={"Location": "file:///etc/passwd"})
            case "packed":
                return web.Response(body=DATA, headers={"Content-Encoding": "gzip"})
            case "endless":
                response = web.StreamResponse()
                await response.prepare(request)
                while True:
                    await response.write(bytes(65_536))
            case "broken":
                response = web.StreamResponse(headers={"Content-Length": "1000"})
                await response.prepare(request)
                await response.write(b"half")
                assert request.transport is not None
                request.transport.abort()
                return response
            case "missing":
                return web.Response(status=404)
        return web.Response(body=DATA)

    def url(self, name: str, host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}/{name}"


@contextmanager
def serving() -> Iterator[Server]:
    server, loop, ready = Server(), asyncio.new_event_loop(), threading.Event()

    async def start() -> web.AppRunner:
        application = web.Application()
        application.router.add_route("*", "/{path:.*}", server.answer)
        runner = web.AppRunner(application, shutdown_timeout=0)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        server.port = site._server.sockets[0].getsockname()[1]  # type: ignore[union-attr]
        return runner

    def run() -> None:
        asyncio.set_event_loop(loop)
        runner = loop.run_until_complete(start())
        ready.set()
        loop.run_forever()
        loop.run_until_complete(runner.cleanup())
        loop.close()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    ready.wait(10)
    yield server
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as found:
        yield found


def gather(work: Gathering, *urls: object, allow: tuple[str, ...] = ("127.0.0.1",)) -> Gathered:
    return HttpSource(work).gather({"urls": list(urls), "allow_sources": list(allow)}, {})


def test_files_are_fetched(server: Server, tmp_path: Path) -> None:
    work, store = gathering(tmp_path)
    found = gather(work, server.url("plain"), {"url": server.url("x?y=1"), "path": "deep/x"})
    assert [entry.path for entry in found.entries] == ["plain", "deep/x"]
    for entry in found.entries:
        assert isinstance(entry, File)
        assert store.read(entry.digest) == DATA


def test_what_the_server_knows_as_unchanged_is_not_fetched(server: Server, tmp_path: Path) -> None:
    work, store = gathering(tmp_path)
    one = gather(work, server.url("tagged"))
    assert gather(work, server.url("tagged")) == one
    assert store.puts == 1
    assert server.asked[1].headers["If-None-Match"] == '"1"'
    store.drop(one.entries[0].digest)  # type: ignore[union-attr]
    assert gather(work, server.url("tagged")) == one
    assert store.puts == 2


def test_only_the_content_decides(server: Server, tmp_path: Path) -> None:
    work, _ = gathering(tmp_path)
    (one,) = gather(work, server.url("dated")).entries
    assert isinstance(one, File)
    assert (one.digest, one.modified) == (digest_of(DATA), 1_772_366_400)


def test_an_expected_digest_must_be_met(server: Server, tmp_path: Path) -> None:
    work, _ = gathering(tmp_path)
    item = {"url": server.url("plain"), "digest": digest_of(DATA)}
    assert gather(work, item).entries
    with pytest.raises(GatherFailed) as told:
        gather(work, {**item, "digest": digest_of(b"")})
    assert told.value.reason == "digest"


def test_redirects_are_followed(server: Server, tmp_path: Path) -> None:
    work, _ = gathering(tmp_path)
    assert gather(work, server.url("on")).entries[0].path == "on"


def test_secrets_are_told_to_their_host_alone(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKEN", "Bearer x")
    work, _ = gathering(tmp_path)
    headers = {"Authorization": "env:TOKEN"}
    with serving() as other:
        server.elsewhere = other.url("plain")
        gather(work, {"url": server.url("away"), "headers": headers})
        assert "Authorization" not in other.asked[0].headers
    gather(work, {"url": server.url("on"), "headers": headers})
    assert [r.headers.get("Authorization") for r in server.asked] == ["Bearer x"] * 3


REFUSED: list[tuple[str, str, dict[str, Any]]] = [
    ("circle", "refused", {}),
    ("file", "refused", {}),
    ("packed", "refused", {}),
    ("missing", "refused", {}),
    ("broken", "unreadable", {}),
    ("endless", "too_large", {"longest": 1_000_000}),
    ("plain", "too_large", {"longest": 10}),
    ("plain", "secret", {"headers": {"X": "env:NOT_SET_AT_ALL"}}),
    ("", "path", {}),
]


@pytest.mark.parametrize(("name", "reason", "keys"), REFUSED)
def test_what_is_refused(
    name: str, reason: str, keys: dict[str, Any], server: Server, tmp_path: Path
) -> None:
    work, store = gathering(tmp_path)
    with pytest.raises(GatherFailed) as told:
        gather(work, {"url": server.url(name), **keys})
    assert told.value.reason == reason
    assert list(store.digests()) == []


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "[::1]", "0.0.0.0", "127.1", "2130706433", "0x7f000001"]
)
def test_this_machine_is_not_fetched_from(host: str, server: Server, tmp_path: Path) -> None:
    work, _ = gathering(tmp_path)
    with pytest.raises(GatherFailed) as told:
        gather(work, server.url("plain", host), allow=())
    assert told.value.reason == "refused"
    assert server.asked == []


@pytest.mark.parametrize("host", ["169.254.169.254", "127.0.0.1", "[::ffff:127.0.0.1]", "127.1"])
def test_nor_after_a_redirect(host: str, server: Server, tmp_path: Path) -> None:
    work, _ = gathering(tmp_path)
    server.elsewhere = server.url("plain", host)
    with pytest.raises(GatherFailed) as told:
        gather(work, server.url("away", "localhost"), allow=("localhost",))
    assert told.value.reason == "refused"
    assert len(server.asked) == 1


def test_a_host_is_allowed_by_its_name(server: Server, tmp_path: Path) -> None:
    work, _ = gathering(tmp_path)
    assert gather(work, server.url("plain", "localhost"), allow=("localhost",)).entries


def test_no_answer_is_told(tmp_path: Path) -> None:
    work, _ = gathering(tmp_path)
    with pytest.raises(GatherFailed) as told:
        gather(work, "http://127.0.0.1:1/x")
    assert told.value.reason == "unreachable"

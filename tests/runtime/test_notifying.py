"""Notices reach every sink that wants them, once, whatever the other sinks do."""

from __future__ import annotations

import asyncio
import hmac
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest
from tests.office import NOW

from horarium.kernel.instant import Instant
from horarium.runtime.notices import BUILD_FAILED, NODE_BACK, VERSION_BUILT, notice
from horarium.runtime.notifying import SECRET, Notifying
from horarium.runtime.settings import Settings, default_settings
from horarium.store.embedded import EmbeddedEngine
from horarium.store.store import Store
from horarium.testing import ManualClock

OPERATOR = "mailto:ops@example.com"


class Hook(HTTPServer):
    """Takes what is sent to it, or answers with another status."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.status = 204
        self.taken: list[tuple[str, bytes]] = []


class _Handler(BaseHTTPRequestHandler):
    server: Hook

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.server.status == 204:
            self.server.taken.append((self.headers["Horarium-Signature"], body))
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""


@contextmanager
def listening() -> Iterator[Hook]:
    with Hook() as hook:
        Thread(target=hook.serve_forever, daemon=True).start()
        try:
            yield hook
        finally:
            hook.shutdown()


class Bench:
    """A store with notices, and who tells them."""

    def __init__(self, folder: Path, **chosen: object) -> None:
        engine = EmbeddedEngine(folder / "store.db")
        engine.migrate(NOW)
        self.store, self.clock, self.folder = Store(engine), ManualClock(NOW), folder / "notices"
        self.settings = settings(**chosen)
        self.notifying = Notifying(
            self.store, lambda: self.settings, self.clock, self.folder, {SECRET: "shared"}
        )

    def found(self, *kinds: object, about: str = "intranet") -> None:
        def work(tx: object) -> None:
            for kind in kinds:
                notice(tx, kind, about, "why\nnot", self.clock.now())  # type: ignore[arg-type]

        self.store.transact([], work)

    def tell(self) -> int:
        return asyncio.run(self.notifying.flush())

    def logged(self) -> list[str]:
        return [line for path in sorted(self.folder.glob("*.log"))
                for line in path.read_text().splitlines()]  # fmt: skip

    def mails(self) -> list[bytes]:
        found = self.store.transact([], lambda tx: tx.mail.claim(self.clock.now(), 10))
        return [mail.content for mail in found]


def settings(**chosen: object) -> Settings:
    made = default_settings()
    mail = replace(made.mail, sender="calendar@example.com")
    return replace(made, mail=mail, notices=replace(made.notices, **chosen))  # type: ignore[arg-type]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path, mail_to=("ops@example.com",))


def test_each_sink_has_what_is_loud_enough_once(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.found(BUILD_FAILED, VERSION_BUILT, NODE_BACK)
    with caplog.at_level("DEBUG"):
        assert bench.tell() == 3
    assert bench.tell() == 0
    assert [r.getMessage() for r in caplog.records if r.getMessage().startswith("notice.")] == [
        "notice.build_failed intranet: why not"
    ]
    assert bench.logged() == [
        "2026-11-21T08:00:00Z error build_failed intranet: why not",
        "2026-11-21T08:00:00Z success version_built intranet: why not",
        "2026-11-21T08:00:00Z info node_back intranet: why not",
    ]
    [mail] = bench.mails()
    assert b"Subject: error: build failed: intranet" in mail
    assert b"To: <ops@example.com>" in mail


def test_a_sink_that_is_off_has_nothing(tmp_path: Path) -> None:
    bench = Bench(tmp_path, mail_to=("ops@example.com",), mail="off", log="error")
    bench.found(BUILD_FAILED, VERSION_BUILT)
    bench.tell()
    assert len(bench.logged()) == 1
    assert bench.mails() == []


def test_the_same_counts_once_an_hour(bench: Bench) -> None:
    for _ in range(50):
        bench.found(BUILD_FAILED)
    assert bench.tell() == 1
    bench.clock.set(Instant(NOW + 3_601))
    bench.found(BUILD_FAILED)
    assert bench.tell() == 1


def test_a_webhook_is_signed_and_asked_again_until_it_takes_the_notice(tmp_path: Path) -> None:
    with listening() as hook:
        bench = Bench(tmp_path, webhook_url=f"http://127.0.0.1:{hook.server_port}/x")
        hook.status = 503
        bench.found(BUILD_FAILED)
        bench.tell()
        assert bench.tell() == 0
        assert len(bench.logged()) == 1
        hook.status = 204
        bench.clock.set(Instant(NOW + 10))
        assert bench.tell() == 1
        [(signature, body)] = hook.taken
        signed = hmac.new(b"shared", f"{NOW + 10}.".encode() + body, sha256).hexdigest()
        assert signature == f"t={NOW + 10}, v1={signed}"
        assert json.loads(body) == {
            "number": 1, "at": "2026-11-21T08:00:00Z", "level": "error", "what": "build_failed",
            "about": "intranet", "text": "why\nnot",
        }  # fmt: skip
        assert len(bench.logged()) == 1
        bench.clock.set(Instant(NOW + 90_000))
        assert bench.tell() == 0


def test_a_webhook_that_never_answers_is_given_up_after_a_day(tmp_path: Path) -> None:
    bench = Bench(tmp_path, webhook_url="http://127.0.0.1:9/")
    bench.found(BUILD_FAILED, about="one")
    bench.found(BUILD_FAILED, about="two")
    tries = 0
    for second in range(0, 2 * 86_400, 600):
        bench.clock.set(Instant(NOW + second))
        tries += bench.tell()
    assert 2 * 24 < tries < 2 * 40
    assert len(bench.logged()) == 2


def test_logs_go_when_they_are_old(bench: Bench) -> None:
    bench.folder.mkdir()
    for name in ("2026-10-20.log", "2026-10-22.log", "other.txt"):
        (bench.folder / name).write_text("x")
    bench.tell()
    assert sorted(path.name for path in bench.folder.iterdir()) == ["2026-10-22.log", "other.txt"]

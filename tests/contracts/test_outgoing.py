"""What every outgoing transport promises, run on each of them."""

import asyncio
import email
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP

from horarium.testing import RecordingTransport
from horarium.transport.endpoint import Tcp, UnixSocket
from horarium.transport.lmtp import LmtpServer, Reply
from horarium.transport.lmtp_client import LmtpTransport
from horarium.transport.maildir import MaildirTransport
from horarium.transport.outgoing import Outgoing, PermanentFailure, Sent, TemporaryFailure
from horarium.transport.smtp import SmtpTransport

MESSAGE = (
    b"From: room@example.com\r\nTo: a@example.com\r\nSubject: x\r\n\r\n"
    b"one\r\n.\r\n..two\r\n\r\nlast\r\n"
)


class Sink:
    """A mail system of its own: keeps what it gets, answers as it is told."""

    def __init__(self) -> None:
        self.got: list[tuple[str, str, bytes]] = []
        self.answers: dict[str, list[str]] = {"RCPT": [], "DATA": [], "MAIL": []}
        self.connections: list[Any] = []

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, to: str, _o: Any) -> str:
        if self.answers["RCPT"]:
            return self.answers["RCPT"].pop(0)
        envelope.rcpt_tos.append(to)
        return "250 ok"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if self.answers["DATA"]:
            answer = self.answers["DATA"].pop(0)
            if answer == "hang up":
                server.transport.abort()
            if not answer.startswith("250"):
                return answer
        sender = "" if envelope.mail_from == "<>" else envelope.mail_from
        for to in envelope.rcpt_tos:
            self.got.append((sender, to, envelope.content))
        return "250 queued"

    @asynccontextmanager
    async def on(self, path: Path | None = None) -> AsyncIterator[Tcp | UnixSocket]:
        loop = asyncio.get_running_loop()

        def connected() -> SMTP:
            protocol = SMTP(self, hostname="sink", loop=loop)
            self.connections.append(protocol)
            return protocol

        server: Any
        if path is not None:
            server = await loop.create_unix_server(connected, str(path))
            yield UnixSocket(str(path))
        else:
            server = await loop.create_server(connected, "127.0.0.1", 0)
            yield Tcp("127.0.0.1", server.sockets[0].getsockname()[1])
        server.close()


Opened = tuple[Outgoing, Callable[[], list[tuple[str, str, bytes]]]]


@asynccontextmanager
async def smtp(tmp_path: Path) -> AsyncIterator[Opened]:
    sink = Sink()
    async with sink.on() as endpoint:
        transport = SmtpTransport(endpoint)
        yield transport, lambda: sink.got
        await transport.close()


@asynccontextmanager
async def lmtp(tmp_path: Path) -> AsyncIterator[Opened]:
    """Into mailboxes: through the LMTP server of our own, which greets with LHLO only."""
    boxes = Mailboxes()
    server = LmtpServer(boxes, max_message=1 << 20)
    path = str(tmp_path / "lmtp.sock")
    await server.start(UnixSocket(path))
    transport = LmtpTransport(UnixSocket(path))
    yield transport, lambda: boxes.got
    await transport.close()
    await server.stop()


class Mailboxes:
    """A mailbox for everybody."""

    def __init__(self) -> None:
        self.got: list[tuple[str, str, bytes]] = []

    async def recipient(self, sender: str, recipient: str) -> Reply:
        return Reply(250, "ok")

    async def deliver(self, sender: str | None, recipient: str, data: bytes) -> Reply:
        self.got.append((sender or "", recipient, data))
        return Reply(250, "kept")


@asynccontextmanager
async def smtp_on_a_socket(tmp_path: Path) -> AsyncIterator[Opened]:
    sink = Sink()
    async with sink.on(tmp_path / "out.sock") as endpoint:
        transport = SmtpTransport(endpoint)
        yield transport, lambda: sink.got
        await transport.close()


def in_maildir(folder: Path) -> list[tuple[str, str, bytes]]:
    found = []
    for path in (folder / "new").glob("*"):
        data = path.read_bytes()
        head = email.message_from_bytes(data)
        rest = data.split(b"\r\n", 2)[2]
        found.append((head["Return-Path"].strip("<>"), head["X-Envelope-To"], rest))
    return found


@asynccontextmanager
async def maildir(tmp_path: Path) -> AsyncIterator[Opened]:
    yield MaildirTransport(tmp_path / "mail"), lambda: in_maildir(tmp_path / "mail")


@asynccontextmanager
async def recording(tmp_path: Path) -> AsyncIterator[Opened]:
    transport = RecordingTransport()
    yield transport, lambda: [(m.sender, m.recipient, m.data) for m in transport.sent]


Maker = Callable[[Path], AbstractAsyncContextManager[Opened]]
every_transport = pytest.mark.parametrize(
    "opened", [smtp, smtp_on_a_socket, lmtp, maildir, recording]
)


@every_transport
def test_what_is_sent_arrives_byte_for_byte(opened: Maker, tmp_path: Path) -> None:
    async def run() -> None:
        async with opened(tmp_path) as (transport, arrived):
            for to in ("a@example.com", "b@example.com"):
                assert isinstance(await transport.send("room@example.com", to, MESSAGE), Sent)
            assert isinstance(await transport.send("", "a@example.com", MESSAGE), Sent)
            assert sorted(arrived()) == [
                ("", "a@example.com", MESSAGE),
                ("room@example.com", "a@example.com", MESSAGE),
                ("room@example.com", "b@example.com", MESSAGE),
            ]

    asyncio.run(run())


@every_transport
@pytest.mark.parametrize(
    "bad",
    [
        "a@example.com\r\nRCPT TO:<evil@example.com>",
        "a@example.com\n",
        "a\0@example.com",
        "a@example.com> SIZE=1",
        "a b@example.com",
        "ä@example.com",
        "nobody",
        "",
    ],
)
def test_an_envelope_that_could_smuggle_is_refused(opened: Maker, bad: str, tmp_path: Path) -> None:
    async def run() -> None:
        async with opened(tmp_path) as (transport, arrived):
            result = await transport.send("room@example.com", bad, MESSAGE)
            assert isinstance(result, PermanentFailure)
            if bad:
                result = await transport.send(bad, "a@example.com", MESSAGE)
                assert isinstance(result, PermanentFailure)
            assert arrived() == []
            # and nothing is left behind that would spoil the next message
            assert isinstance(await transport.send("", "a@example.com", MESSAGE), Sent)

    asyncio.run(run())


@every_transport
def test_closing_is_not_the_end(opened: Maker, tmp_path: Path) -> None:
    async def run() -> None:
        async with opened(tmp_path) as (transport, arrived):
            await transport.send("", "a@example.com", MESSAGE)
            await transport.close()
            await transport.close()
            assert isinstance(await transport.send("", "a@example.com", MESSAGE), Sent)
            assert len(arrived()) == 2

    asyncio.run(run())


@every_transport
def test_many_at_once_are_all_sent(opened: Maker, tmp_path: Path) -> None:
    async def run() -> None:
        async with opened(tmp_path) as (transport, arrived):
            names = [f"a{n}@example.com" for n in range(20)]
            results = await asyncio.gather(*(transport.send("", n, MESSAGE) for n in names))
            assert all(isinstance(result, Sent) for result in results)
            assert sorted(to for _, to, _ in arrived()) == sorted(names)

    asyncio.run(run())


# What only a mail system can answer.


def test_answers_of_the_mail_system() -> None:
    async def run() -> None:
        sink = Sink()
        async with sink.on() as endpoint:
            transport = SmtpTransport(endpoint)
            sink.answers["RCPT"] = ["550 5.1.1 nobody here", "450 4.2.1 later"]
            result = await transport.send("", "a@example.com", MESSAGE)
            assert result == PermanentFailure(550, "5.1.1 nobody here")
            result = await transport.send("", "a@example.com", MESSAGE)
            assert result == TemporaryFailure("450 4.2.1 later")
            sink.answers["DATA"] = ["554 5.6.0 spam", "452 4.3.1 full"]
            result = await transport.send("", "a@example.com", MESSAGE)
            assert result == PermanentFailure(554, "5.6.0 spam")
            result = await transport.send("", "a@example.com", MESSAGE)
            assert result == TemporaryFailure("452 4.3.1 full")
            assert isinstance(await transport.send("", "a@example.com", MESSAGE), Sent)
            assert len(sink.connections) == 1, "one connection serves all of them"
            await transport.close()

    asyncio.run(run())


def test_a_connection_that_went_away_is_opened_again() -> None:
    async def run() -> None:
        sink = Sink()
        async with sink.on() as endpoint:
            transport = SmtpTransport(endpoint)
            await transport.send("", "a@example.com", MESSAGE)
            sink.connections[0].transport.abort()
            assert isinstance(await transport.send("", "a@example.com", MESSAGE), Sent)
            assert len(sink.got) == 2
            await transport.close()

    asyncio.run(run())


def test_an_unknown_outcome_is_temporary() -> None:
    async def run() -> None:
        sink = Sink()
        sink.answers["DATA"] = ["hang up"]
        async with sink.on() as endpoint:
            transport = SmtpTransport(endpoint)
            result = await transport.send("", "a@example.com", MESSAGE)
            assert isinstance(result, TemporaryFailure)
            await transport.close()

    asyncio.run(run())


def test_nobody_listens(tmp_path: Path) -> None:
    async def run() -> None:
        for endpoint in (Tcp("127.0.0.1", 1), UnixSocket(str(tmp_path / "none"))):
            result = await SmtpTransport(endpoint).send("", "a@example.com", MESSAGE)
            assert isinstance(result, TemporaryFailure)

    asyncio.run(run())


def test_a_maildir_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "mail").write_text("a file")
    result = asyncio.run(MaildirTransport(tmp_path / "mail").send("", "a@example.com", MESSAGE))
    assert isinstance(result, TemporaryFailure)

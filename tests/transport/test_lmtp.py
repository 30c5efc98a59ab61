"""The LMTP server, spoken to byte by byte and through an independent client."""

import asyncio
import contextlib
import smtplib
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from horarium.kernel.errors import InvalidInput, Unavailable
from horarium.transport.endpoint import Maildir, Tcp, UnixSocket
from horarium.transport.lmtp import MAX_ERRORS, LmtpServer, Reply, _Session
from horarium.transport.lmtp_wire import Closed, Wire

OK = Reply(250, "2.0.0 kept")


class Inbox:
    """A handler that knows some recipients and says what it is told to say."""

    def __init__(self) -> None:
        self.got: list[tuple[str | None, str, bytes]] = []
        self.answers: dict[str, Reply | Exception] = {}
        self.gate: asyncio.Event | None = None

    async def recipient(self, sender: str, recipient: str) -> Reply:
        if recipient.startswith("broken"):
            raise RuntimeError("no store")
        if recipient.startswith("unknown"):
            return Reply(550, "5.1.1 no such calendar user")
        return Reply(250, "2.1.5 ok")

    async def deliver(self, sender: str | None, recipient: str, data: bytes) -> Reply:
        if self.gate is not None:
            await self.gate.wait()
        answer = self.answers.get(recipient, OK)
        if isinstance(answer, Exception):
            raise answer
        self.got.append((sender, recipient, data))
        return answer


@asynccontextmanager
async def serving(
    inbox: Inbox, *, max_message: int = 100_000, normalise: bool = True
) -> AsyncIterator[LmtpServer]:
    server = LmtpServer(inbox, max_message=max_message, normalise=normalise)
    await server.start(_any_port())
    try:
        yield server
    finally:
        await server.stop(grace=1)


def _any_port() -> Tcp:
    import socket

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return Tcp("127.0.0.1", free.getsockname()[1])


async def converse(server: LmtpServer, *parts: bytes) -> list[str]:
    """All lines that the server says to ``parts``, sent one after another, then the end."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    for part in parts:
        writer.write(part)
        await writer.drain()
        await asyncio.sleep(0.005)
    writer.write_eof()
    said = (await asyncio.wait_for(reader.read(), 20)).decode("ascii")
    writer.close()
    assert said.endswith("\r\n")
    return said.removesuffix("\r\n").split("\r\n")


def talk(
    inbox: Inbox, *parts: bytes, max_message: int = 100_000, normalise: bool = True
) -> list[str]:
    async def run() -> list[str]:
        async with serving(inbox, max_message=max_message, normalise=normalise) as server:
            return await converse(server, *parts)

    return asyncio.run(run())


HELLO = b"LHLO mta\r\nMAIL FROM:<a@example.com>\r\n"


def codes(lines: list[str]) -> list[str]:
    return [line[:3] for line in lines if line[3:4] == " "]


def test_one_answer_for_each_recipient() -> None:
    inbox = Inbox()
    inbox.answers["two@example.com"] = Reply(451, "4.3.0 later")
    inbox.answers["three@example.com"] = RuntimeError("boom")
    said = talk(
        inbox,
        b"LHLO mta\r\n",
        b"MAIL FROM:<>\r\n",
        b"RCPT TO:<one@example.com>\r\nRCPT TO:<unknown@example.com>\r\n"
        b"RCPT TO:<two@example.com>\r\nRCPT TO:<three@example.com>\r\n",
        b"DATA\r\n",
        b"Subject: x\r\n\r\n..dot\r\n.\r\n",
        b"QUIT\r\n",
    )
    assert said[-5:] == [
        "354 end with a line that holds a dot",
        "250 2.0.0 kept",
        "451 4.3.0 later",
        "451 4.3.0 internal error",
        "221 2.0.0 bye",
    ]
    assert "550 5.1.1 no such calendar user" in said
    assert inbox.got == [
        ("", "one@example.com", b"Subject: x\r\n\r\n.dot\r\n"),
        ("", "two@example.com", b"Subject: x\r\n\r\n.dot\r\n"),
    ]


def test_everything_in_one_packet_and_two_messages_on_one_connection() -> None:
    inbox = Inbox()
    one = b"MAIL FROM:<a@example.com> SIZE=10 BODY=8BITMIME\r\nRCPT TO:<r@example.com>\r\nDATA\r\n"
    said = talk(inbox, b"LHLO mta\r\n" + (one + b"x\r\n.\r\n") * 2 + b"QUIT\r\n")
    assert codes(said) == ["220", "250", *(["250", "250", "354", "250"] * 2), "221"]
    assert [data for _, _, data in inbox.got] == [b"x\r\n", b"x\r\n"]


def test_no_recipient_is_left() -> None:
    said = talk(Inbox(), HELLO + b"RCPT TO:<unknown@example.com>\r\nDATA\r\nQUIT\r\n")
    assert codes(said) == ["220", "250", "250", "550", "503", "221"]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"HELO mta", "500"),
        (b"EHLO mta", "500"),
        (b"MAIL FROM:<a@example.com>", "503"),
        (b"LHLO", "501"),
        (b"NOOP", "250"),
        (b"RSET", "250"),
        (b"VRFY x", "252"),
        (b"EXPN x", "500"),
        (b"", "500"),
        (b"\xff\xfe", "500"),
    ],
)
def test_commands_before_the_greeting(line: bytes, code: str) -> None:
    assert codes(talk(Inbox(), line + b"\r\nQUIT\r\n")) == ["220", code, "221"]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"MAIL FROM:<>", "250"),
        (b"mail from:<a@example.com>", "250"),
        (b"MAIL FROM: <a@example.com>", "250"),
        (b"MAIL TO:<a@example.com>", "501"),
        (b"MAIL FROM:a@example.com", "501"),
        (b"MAIL FROM:<a b@example.com>", "501"),
        (b"MAIL FROM:<a@example.com> SIZE=100001", "552"),
        (b"MAIL FROM:<a@example.com> SIZE=100000", "250"),
        (b"MAIL FROM:<a@example.com> SMTPUTF8", "555"),
        (b"MAIL FROM:<a@example.com> RET=FULL", "555"),
        (b"RCPT TO:<a@example.com>", "503"),
        (b"DATA", "503"),
    ],
)
def test_commands_after_the_greeting(line: bytes, code: str) -> None:
    said = talk(Inbox(), b"LHLO mta\r\n" + line + b"\r\nQUIT\r\n")
    assert codes(said)[2] == code


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"RCPT TO:<>", "501"),
        (b"RCPT TO:<a@example.com> NOTIFY=NEVER", "555"),
        (b"RCPT TO:<broken@example.com>", "451"),
        (b"RCPT FROM:<a@example.com>", "501"),
        (b"DATA now", "501"),
    ],
)
def test_recipients(line: bytes, code: str) -> None:
    assert codes(talk(Inbox(), HELLO + line + b"\r\nQUIT\r\n"))[3] == code


def test_a_line_that_does_not_end_with_cr_lf_is_refused() -> None:
    said = talk(Inbox(), b"LHLO mta\nLHLO\rmta\r\nNOOP\r\nQUIT\r\n")
    assert codes(said) == ["220", "500", "500", "250", "221"]


def test_a_line_that_is_too_long_is_refused_and_the_next_is_read() -> None:
    said = talk(Inbox(), b"NOOP " + b"x" * 200_000 + b"\r\nNOOP\r\nQUIT\r\n")
    assert codes(said) == ["220", "500", "250", "221"]


def test_too_many_errors_end_the_connection() -> None:
    said = talk(Inbox(), b"X\r\n" * (MAX_ERRORS + 5))
    assert codes(said) == ["220", *["500"] * MAX_ERRORS, "421"]


SMUGGLED = b"MAIL FROM:<evil@example.com>\r\nRCPT TO:<r@example.com>\r\nDATA\r\nevil\r\n"


@pytest.mark.parametrize(
    "end", [b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r", b"\r\n.\r", b"\r.\r\n"]
)
@pytest.mark.parametrize("normalise", [True, False])
def test_only_one_line_end_ends_a_message(end: bytes, normalise: bool) -> None:
    inbox = Inbox()
    said = talk(
        inbox,
        HELLO + b"RCPT TO:<r@example.com>\r\nDATA\r\n",
        b"first" + end + SMUGGLED + b".\r\nQUIT\r\n",
        normalise=normalise,
    )
    assert codes(said) == ["220", "250", "250", "250", "354", "250" if normalise else "554", "221"]
    assert len(inbox.got) == (1 if normalise else 0)
    for sender, _, data in inbox.got:
        assert sender == "a@example.com"
        assert b"evil" in data
        assert b"\n" not in data.replace(b"\r\n", b"")
        assert b"\r" not in data.replace(b"\r\n", b"")


def test_a_message_at_the_limit_and_one_byte_over() -> None:
    start = HELLO + b"RCPT TO:<r@example.com>\r\nRCPT TO:<s@example.com>\r\nDATA\r\n"
    inbox = Inbox()
    said = talk(inbox, start, b"x" * 98 + b"\r\n.\r\nQUIT\r\n", max_message=100)
    assert codes(said)[-3:] == ["250", "250", "221"]
    said = talk(inbox, start, b"x" * 99 + b"\r\n.\r\nNOOP\r\nQUIT\r\n", max_message=100)
    assert said[-4:-2] == ["552 5.3.4 message too big"] * 2
    assert codes(said)[-2:] == ["250", "221"]
    assert len(inbox.got) == 2


def test_a_message_far_too_long_is_read_past_or_cut_off() -> None:
    start = HELLO + b"RCPT TO:<r@example.com>\r\nDATA\r\n"
    said = talk(Inbox(), start, b"x" * 300_000 + b"\r\n.\r\nQUIT\r\n", max_message=100_000)
    assert codes(said)[-2:] == ["552", "221"]
    inbox = Inbox()
    with contextlib.suppress(ConnectionError):  # the server hangs up in the middle
        talk(inbox, start, *([b"x" * 100_000] * 12), b"\r\n.\r\n", max_message=100_000)
    assert inbox.got == []


@settings(deadline=None, max_examples=200, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.sampled_from([b".", b"\r\n", b"\r", b"\n", b"a", b"..", b".\r\n"]), max_size=12),
    st.integers(1, 7),
)
def test_dots_come_back_however_the_bytes_arrive(pieces: list[bytes], chunk: int) -> None:
    text = b"".join(pieces) + b"\r\n"
    stuffed = (b"\r\n" + text).replace(b"\r\n.", b"\r\n..")[2:] + b".\r\nREST\r\n"

    class Slow:
        def __init__(self) -> None:
            self.at = 0

        async def read(self, n: int, /) -> bytes:
            self.at += chunk
            return stuffed[self.at - chunk : self.at]

    async def run() -> tuple[bytes | None, bytes]:
        wire = Wire(Slow())
        return await wire.message(1000), await wire.command()

    assert asyncio.run(run()) == (text, b"REST")


def test_an_independent_client_is_understood() -> None:
    inbox = Inbox()

    async def run() -> None:
        async with serving(inbox) as server:
            port = server.port

            def client() -> None:
                with smtplib.LMTP("127.0.0.1", port, local_hostname="mta") as lmtp:
                    refused = lmtp.sendmail(
                        "a@example.com",
                        ["r@example.com", "unknown@example.com"],
                        b"Subject: x\r\n\r\n.\r\nbody\r\n",
                    )
                    assert list(refused) == ["unknown@example.com"]

            await asyncio.to_thread(client)

    asyncio.run(run())
    assert inbox.got == [("a@example.com", "r@example.com", b"Subject: x\r\n\r\n.\r\nbody\r\n")]


def test_a_socket_in_the_file_system(tmp_path: Path) -> None:
    path = tmp_path / "lmtp.sock"

    async def run() -> None:
        server = LmtpServer(Inbox(), max_message=1000)
        await server.start(UnixSocket(str(path)))
        assert stat.S_IMODE(path.stat().st_mode) == 0o660
        again = LmtpServer(Inbox(), max_message=1000)
        reader, writer = await asyncio.open_unix_connection(str(path))
        assert (await reader.readline()).startswith(b"220 ")
        writer.close()
        await server.stop(grace=0)
        assert not path.exists()
        await again.start(UnixSocket(str(path)))
        await again.stop(grace=0)

    asyncio.run(run())


def test_what_cannot_be_listened_on(tmp_path: Path) -> None:
    async def run() -> None:
        server = LmtpServer(Inbox(), max_message=1000)
        with pytest.raises(Unavailable):
            await server.start(UnixSocket(str(tmp_path / "no" / "folder")))
        with pytest.raises(InvalidInput):
            await server.start(Maildir("x"))
        (tmp_path / "file").write_text("keep me")
        with pytest.raises(Unavailable):
            await server.start(UnixSocket(str(tmp_path / "file")))
        assert (tmp_path / "file").read_text() == "keep me"
        with pytest.raises(Unavailable):
            await server.start(UnixSocket(str(tmp_path / "s")), group="no-such-group-here")

    asyncio.run(run())


def test_stopping_lets_a_decision_finish() -> None:
    inbox = Inbox()

    async def run() -> list[str]:
        inbox.gate = asyncio.Event()
        server = LmtpServer(inbox, max_message=1000)
        await server.start(_any_port())
        conversation = asyncio.ensure_future(
            converse_until_end(server, HELLO + b"RCPT TO:<r@example.com>\r\nDATA\r\nx\r\n.\r\n")
        )
        await asyncio.sleep(0.1)
        stopping = asyncio.ensure_future(server.stop(grace=10))
        await asyncio.sleep(0.05)
        assert not stopping.done()
        inbox.gate.set()
        await stopping
        return await conversation

    assert codes(asyncio.run(run()))[-1] == "250"
    assert len(inbox.got) == 1


async def converse_until_end(server: LmtpServer, text: bytes) -> list[str]:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(text)
    said = (await asyncio.wait_for(reader.read(), 20)).decode("ascii")
    writer.close()
    return said.removesuffix("\r\n").split("\r\n")


def test_replies_cannot_carry_a_second_line() -> None:
    for text in ("a\r\nb", "ä", "x" * 501):
        with pytest.raises(InvalidInput):
            Reply(250, text)


_lines = st.one_of(
    st.sampled_from(
        [
            b"LHLO mta",
            b"MAIL FROM:<a@example.com>",
            b"MAIL FROM:<>",
            b"RCPT TO:<r@example.com>",
            b"RCPT TO:<unknown@example.com>",
            b"DATA",
            b".",
            b"..",
            b"text",
            b"RSET",
            b"NOOP",
            b"QUIT",
            b"\xff",
        ]
    ),
    st.binary(max_size=30),
)


class _Kept:
    """The outgoing half of a connection that only keeps what is written."""

    def __init__(self) -> None:
        self.said = bytearray()

    def write(self, data: bytes) -> None:
        self.said += data

    async def drain(self) -> None:
        pass

    def close(self) -> None:
        pass


@settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(_lines, max_size=25), st.sampled_from([b"\r\n", b"\r\n", b"\n"]))
def test_any_conversation_is_answered_line_by_line(lines: list[bytes], end: bytes) -> None:
    inbox = Inbox()
    kept = _Kept()

    async def run() -> None:
        server = LmtpServer(inbox, max_message=1000)
        reader = asyncio.StreamReader()
        reader.feed_data(b"".join(line + end for line in lines))
        reader.feed_eof()
        with contextlib.suppress(Closed):
            await _Session(server, reader, kept).run()  # type: ignore[arg-type]

    asyncio.run(asyncio.wait_for(run(), 20))
    said = bytes(kept.said).decode("ascii").removesuffix("\r\n").split("\r\n")
    assert all(len(line) >= 4 and line[:3].isdigit() and line[3] in " -" for line in said)
    # Nothing is delivered that was not asked for in order.
    asked = sum(line.upper().startswith(b"DATA") for line in lines)
    assert len(inbox.got) <= asked * len(lines)

"""The mail system that the scenarios stand on does what they rely on."""

import asyncio
import contextlib
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from horarium.runtime.mail_snippets import snippet
from horarium.transport.endpoint import Tcp, UnixSocket
from horarium.transport.lmtp import LmtpServer, Reply
from horarium.transport.outgoing import PermanentFailure, Sent
from horarium.transport.smtp import SmtpTransport
from tests.mail.conftest import StartPostfix
from tests.mail.postfix import free_port
from tests.mail.relay import relaying

MESSAGE = (
    b"From: organizer@example.com\r\nTo: room@example.com\r\nSubject: hello\r\n"
    b"Message-ID: <1@example.com>\r\n\r\n.body\r\nlast\r\n"
)
ROOM, OTHER = "room@example.com", "other@example.com"


class Inbox:
    """Keeps what LMTP brings; answers as it is told."""

    def __init__(self) -> None:
        self.got: list[tuple[str | None, str, bytes]] = []
        self.answers: dict[str, list[Reply]] = {}

    async def recipient(self, sender: str, recipient: str) -> Reply:
        if recipient.startswith("unknown"):
            return Reply(550, "5.1.1 no such calendar user")
        return Reply(250, "2.1.5 ok")

    async def deliver(self, sender: str | None, recipient: str, data: bytes) -> Reply:
        if self.answers.get(recipient):
            return self.answers[recipient].pop(0)
        self.got.append((sender, recipient, data))
        return Reply(250, "2.0.0 kept")


@contextlib.contextmanager
def lmtp(
    inbox: Inbox, endpoint: Tcp | UnixSocket | None = None, *, group: str | None = None
) -> Iterator[int]:
    """A server for ``inbox`` in a thread of its own; yields its port."""
    endpoint = endpoint or Tcp("127.0.0.1", free_port())
    loop = asyncio.new_event_loop()
    server = LmtpServer(inbox, max_message=1_000_000)
    loop.run_until_complete(server.start(endpoint, group=group))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield endpoint.port if isinstance(endpoint, Tcp) else 0
    finally:
        asyncio.run_coroutine_threadsafe(server.stop(grace=1), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def test_mail_reaches_a_mailbox(start_postfix: StartPostfix) -> None:
    postfix = start_postfix()
    postfix.submit(MESSAGE, "someone@example.org", "organizer@example.com")
    (arrived,) = postfix.wait_for_mail("organizer@example.com")
    assert arrived["Subject"] == "hello"
    assert arrived["Return-Path"] == "<someone@example.org>"


def test_lmtp_brings_a_message_with_its_envelope(start_postfix: StartPostfix) -> None:
    inbox = Inbox()
    with lmtp(inbox) as port:
        hop = f"lmtp:inet:127.0.0.1:{port}"
        postfix = start_postfix(routes={ROOM: hop, OTHER: hop})
        postfix.submit(MESSAGE, "organizer@example.com", ROOM, OTHER)
        postfix.submit(MESSAGE, "", ROOM)
        postfix.wait_until_empty()
    assert sorted((sender, to) for sender, to, _ in inbox.got) == [
        ("", ROOM),
        ("organizer@example.com", OTHER),
        ("organizer@example.com", ROOM),
    ]
    assert all(data.endswith(b"\r\n\r\n.body\r\nlast\r\n") for _, _, data in inbox.got)


def test_one_recipient_of_two_is_tried_again(start_postfix: StartPostfix) -> None:
    inbox = Inbox()
    inbox.answers[OTHER] = [Reply(451, "4.3.0 later")]
    with lmtp(inbox) as port:
        hop = f"lmtp:inet:127.0.0.1:{port}"
        postfix = start_postfix(routes={ROOM: hop, OTHER: hop})
        postfix.submit(MESSAGE, "organizer@example.com", ROOM, OTHER)
        postfix.wait_until_empty()
        assert "451 4.3.0 later" in postfix.log()
    assert sorted(to for _, to, _ in inbox.got) == [OTHER, ROOM]


def test_an_unknown_recipient_bounces_to_the_sender(start_postfix: StartPostfix) -> None:
    with lmtp(Inbox()) as port:
        postfix = start_postfix(routes={"unknown@example.com": f"lmtp:inet:127.0.0.1:{port}"})
        postfix.submit(MESSAGE, "organizer@example.com", "unknown@example.com")
        (bounce,) = postfix.wait_for_mail("organizer@example.com")
    assert bounce["Return-Path"] == "<>"
    assert bounce.get_content_type() == "multipart/report"
    assert "no such calendar user" in bounce.as_string()


def test_mail_waits_while_nobody_listens(start_postfix: StartPostfix) -> None:
    inbox = Inbox()
    port = free_port()
    postfix = start_postfix(routes={ROOM: f"lmtp:inet:127.0.0.1:{port}"})
    postfix.submit(MESSAGE, "organizer@example.com", ROOM)
    postfix.wait_for_log("Connection refused")
    assert postfix.queued() == 1
    with lmtp(inbox, Tcp("127.0.0.1", port)):
        postfix.flush()
        postfix.wait_until_empty()
    assert [to for _, to, _ in inbox.got] == [ROOM]
    assert postfix.mailbox("organizer@example.com") == []


PROGRAM = """\
import sys
import tempfile
with open({kept!r}, "ab") as kept:
    kept.write(sys.stdin.buffer.read() + b"=====")
sys.stderr.write("the program says so")
sys.exit({status})
"""


@pytest.mark.parametrize(("status", "bounced"), [(0, False), (67, True)])
def test_a_pipe_gets_envelope_and_message(
    status: int, bounced: bool, start_postfix: StartPostfix, tmp_path: Path
) -> None:
    kept = tmp_path / "kept"
    program = PROGRAM.format(kept=str(kept), status=status)
    with relaying([sys.executable, "-c", program]) as relay:
        argv = [*relay.argv, "deliver", "-s", "${sender}", "-r", "${original_recipient}"]
        postfix = start_postfix(routes={ROOM: "horarium:"}, pipes={"horarium": argv})
        postfix.submit(MESSAGE, "organizer@example.com", ROOM)
        postfix.submit(MESSAGE, "", ROOM)
        postfix.wait_until_empty()
    assert sorted(call.arguments for call in relay.calls) == [
        ("deliver", "-s", "<>", "-r", ROOM),
        ("deliver", "-s", "organizer@example.com", "-r", ROOM),
    ]
    assert kept.read_bytes().count(b"Subject: hello") == 2
    if bounced:
        (bounce,) = postfix.wait_for_mail("organizer@example.com")
        assert bounce.get_content_type() == "multipart/report"
        assert "the program says so" in bounce.as_string()
    else:
        assert postfix.mailbox("organizer@example.com") == []


def test_our_smtp_hands_mail_to_it(start_postfix: StartPostfix) -> None:
    postfix = start_postfix()

    async def run() -> None:
        transport = SmtpTransport(Tcp("127.0.0.1", postfix.port))
        person = "organizer@example.com"
        assert isinstance(await transport.send(ROOM, person, MESSAGE), Sent)
        assert isinstance(await transport.send("", person, MESSAGE), Sent)
        refused = await transport.send(ROOM, "nobody@example.com", MESSAGE)
        assert isinstance(refused, PermanentFailure)
        assert refused.code == 550
        assert isinstance(await transport.send(ROOM, person, MESSAGE), Sent)
        await transport.close()

    asyncio.run(run())
    arrived = postfix.wait_for_mail("organizer@example.com", 3)
    assert sorted(str(m["Return-Path"]) for m in arrived) == ["<>", f"<{ROOM}>", f"<{ROOM}>"]


@pytest.mark.parametrize("kind", ["port", "socket"])
def test_the_printed_table_is_understood(kind: str, start_postfix: StartPostfix) -> None:
    inbox = Inbox()
    with tempfile.TemporaryDirectory(prefix="hm-") as folder:
        Path(folder).chmod(0o755)
        endpoint = (
            Tcp("127.0.0.1", free_port()) if kind == "port" else UnixSocket(f"{folder}/lmtp.sock")
        )
        with lmtp(inbox, endpoint, group="postfix"):
            table = dict(snippet("postfix", endpoint, [ROOM, OTHER], "/site"))
            lines = table["/etc/postfix/horarium"].splitlines()
            postfix = start_postfix(routes=dict(line.split(None, 1) for line in lines))
            postfix.submit(MESSAGE, "organizer@example.com", ROOM, OTHER)
            postfix.wait_until_empty()
    assert sorted(to for _, to, _ in inbox.got) == [OTHER, ROOM]


def test_the_printed_pipe_is_understood(start_postfix: StartPostfix) -> None:
    parts = dict(snippet("postfix", Tcp("127.0.0.1", 1), [ROOM], "/site"))
    entry = "".join(
        line.removeprefix("#")
        for line in parts["/etc/postfix/master.cf"].splitlines(keepends=True)
        if line.startswith("#  ") or not line.startswith("# ")
    )
    assert "user=horarium" in entry
    words = entry.partition("argv=")[2].split()
    assert words[:4] == ["/usr/bin/horarium", "--site", "/site", "deliver"]
    assert "null_sender=<>" in entry
    with relaying([sys.executable, "-c", "import sys; sys.stdin.read()"]) as relay:
        pipes = {"horarium": [*relay.argv, *words[1:]]}
        postfix = start_postfix(routes={ROOM: "horarium:"}, pipes=pipes)
        postfix.submit(MESSAGE, "", ROOM)
        postfix.wait_until_empty()
    (call,) = relay.calls
    assert call.arguments == ("--site", "/site", "deliver", "-s", "<>", "-r", ROOM)

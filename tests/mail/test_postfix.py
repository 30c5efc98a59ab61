"""The mail system that the scenarios stand on does what they rely on."""

import asyncio
import contextlib
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from horarium.transport.endpoint import Tcp
from horarium.transport.lmtp import LmtpServer, Reply
from horarium.transport.outgoing import PermanentFailure, Sent
from horarium.transport.smtp import SmtpTransport
from tests.mail.conftest import StartPostfix
from tests.mail.postfix import free_port

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
def lmtp(inbox: Inbox, port: int = 0) -> Iterator[int]:
    """A server for ``inbox`` in a thread of its own; yields its port."""
    port = port or free_port()
    loop = asyncio.new_event_loop()
    server = LmtpServer(inbox, max_message=1_000_000)
    loop.run_until_complete(server.start(Tcp("127.0.0.1", port)))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield port
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
    with lmtp(inbox, port):
        postfix.flush()
        postfix.wait_until_empty()
    assert [to for _, to, _ in inbox.got] == [ROOM]
    assert postfix.mailbox("organizer@example.com") == []


PROGRAM = """\
import json, os, sys
data = sys.stdin.buffer.read()
with open({kept!r}, "a") as kept:
    kept.write(json.dumps([sys.argv[1:], data.decode("ascii")]) + "\\n")
sys.exit({status})
"""


@pytest.mark.parametrize(("status", "bounced"), [(0, False), (67, True)])
def test_a_pipe_gets_envelope_and_message(
    status: int, bounced: bool, start_postfix: StartPostfix, tmp_path: Path
) -> None:
    import tempfile

    with tempfile.TemporaryDirectory(prefix="hm-") as folder:
        Path(folder).chmod(0o777)
        kept = Path(folder) / "kept"
        program = Path(folder) / "program.py"
        program.write_text(PROGRAM.format(kept=str(kept), status=status))
        argv = ["/usr/bin/env", "python3", str(program)]
        argv += ["deliver", "-s", "${sender}", "-r", "${original_recipient}"]
        postfix = start_postfix(routes={ROOM: "horarium:"}, pipes={"horarium": argv})
        postfix.submit(MESSAGE, "organizer@example.com", ROOM)
        postfix.submit(MESSAGE, "", ROOM)
        postfix.wait_until_empty()
        calls = [json.loads(line) for line in kept.read_text().splitlines()]
        senders = sorted(arguments[2] for arguments, _ in calls)
        assert senders == ["<>", "organizer@example.com"]
        assert {arguments[4] for arguments, _ in calls} == {ROOM}
        assert all("Subject: hello" in text for _, text in calls)
        if bounced:
            (bounce,) = postfix.wait_for_mail("organizer@example.com")
            assert bounce.get_content_type() == "multipart/report"
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

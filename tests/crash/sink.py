"""A mail system's receiving end for tests: it keeps what it took and misbehaves when it is told."""

from __future__ import annotations

import socketserver
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email import message_from_bytes
from pathlib import Path


class Sink:
    """What arrived: the octets of each message, in order, with its recipient.

    `before_answer` is called when a message has arrived whole and nothing was answered yet;
    `answers` are given to the next recipients (RCPT) instead of 250.
    """

    def __init__(self) -> None:
        self.arrived: list[tuple[str, bytes]] = []
        self.before_answer: Callable[[], None] | None = None
        self.answers: list[str] = []
        self.changed = threading.Condition(threading.RLock())

    def take(self, recipient: str, data: bytes) -> None:
        """Keeps one message."""
        with self.changed:
            self.arrived.append((recipient, data))
            self.changed.notify_all()

    def by_message_id(self) -> dict[str, set[bytes]]:
        """The different octets that arrived under each Message-ID."""
        found: dict[str, set[bytes]] = {}
        with self.changed:
            for _, data in self.arrived:
                found.setdefault(str(message_from_bytes(data)["Message-ID"]), set()).add(data)
        return found

    def verdicts(self) -> Counter[str]:
        """What the different answers say, copies counted once."""
        found: Counter[str] = Counter()
        for copies in self.by_message_id().values():
            for part in message_from_bytes(next(iter(copies))).walk():
                if part.get_content_type() == "text/calendar":
                    octets = part.get_payload(decode=True)
                    assert isinstance(octets, bytes)
                    text = octets.decode().replace("\r\n ", "")
                    found.update(v for v in ("ACCEPTED", "DECLINED") if f"PARTSTAT={v}" in text)
        return found

    def wait(self, different: int, seconds: float = 20.0) -> None:
        """Waits until so many different messages have arrived."""
        with self.changed:
            done = self.changed.wait_for(lambda: len(self.by_message_id()) >= different, seconds)
        assert done, f"{len(self.by_message_id())} of {different} messages arrived"


class _Conversation(socketserver.StreamRequestHandler):
    server: _Server

    def handle(self) -> None:
        sink, recipient = self.server.sink, ""
        self._say("220 sink ESMTP")
        for line in self.rfile:
            verb = line[:4].upper()
            if verb == b"RCPT":
                recipient = line.decode().partition("<")[2].partition(">")[0]
                self._say(sink.answers.pop(0) if sink.answers else "250 ok")
            elif verb == b"DATA":
                self._say("354 go on")
                data = b"".join(self._message())
                sink.take(recipient, data)
                if sink.before_answer is not None:
                    sink.before_answer()
                self._say("250 kept")
            elif verb == b"QUIT":
                self._say("221 bye")
                return
            else:
                self._say("250 ok")

    def _message(self) -> Iterator[bytes]:
        for line in self.rfile:
            if line == b".\r\n":
                return
            yield line[1:] if line.startswith(b".") else line
        raise ConnectionError("the message ended early")

    def _say(self, text: str) -> None:
        self.wfile.write(text.encode() + b"\r\n")


class _Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True
    sink: Sink

    def handle_error(self, request: object, client_address: object) -> None:
        """A sender that dies is what these tests are about."""


@contextmanager
def receiving(path: Path) -> Iterator[Sink]:
    """A sink that listens on the socket `path`."""
    path.unlink(missing_ok=True)
    server = _Server(str(path), _Conversation)
    server.sink = Sink()
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server.sink
    finally:
        server.shutdown()
        server.server_close()
        path.unlink(missing_ok=True)

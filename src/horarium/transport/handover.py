"""How ``horarium deliver`` hands a message to a running daemon: one exchange on a local socket.

Request and answer are each a frame: four bytes of length, a JSON header of that length, then as
many bytes as the header's ``size`` says. This half imports next to nothing, because it starts
once for each message; the daemon's half is ``handover_server``.
"""

import json
import socket
import struct
from typing import NamedTuple

VERSION = 1
MAX_HEADER = 1 << 20
# More than any message limit that a site may set.
MAX_BODY = 1 << 28
_LENGTH = struct.Struct(">I")


class NoDaemon(Exception):
    """Nobody listens on the socket: nothing was handed over."""


class BrokenHandover(Exception):
    """The exchange ended half-way: what became of the message is not known."""


class Handover(NamedTuple):
    """One message for its recipients. ``sender`` None is unknown, ``""`` the null sender;
    ``outgoing`` marks the copy of a person's outgoing mail; ``emit`` asks for the answers
    instead of sending them."""

    recipients: tuple[str, ...]
    sender: str | None
    data: bytes
    outgoing: bool = False
    emit: bool = False


class Answer(NamedTuple):
    """What came of it: an exit status, text for standard error, bytes for standard output."""

    status: int
    text: str = ""
    output: bytes = b""


def hand_over(path: str, handover: Handover, patience: float = 300.0) -> Answer:
    """Hand a message to the daemon at the socket ``path`` and wait for its answer. NoDaemon when
    nobody listens there, BrokenHandover when the answer does not come within ``patience``
    seconds."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(patience)
        try:
            connection.connect(path)
        except OSError as error:
            raise NoDaemon(f"{path}: {error.strerror or error}") from error
        try:
            connection.sendall(request_frame(handover))
            return read_answer(*_receive(connection))
        except (OSError, ValueError) as error:
            raise BrokenHandover(f"{path}: {error}") from error


def request_frame(handover: Handover) -> bytes:
    """The bytes that say ``handover``."""
    header = {
        "version": VERSION,
        "recipients": list(handover.recipients),
        "sender": handover.sender,
        "outgoing": handover.outgoing,
        "emit": handover.emit,
    }
    return frame(header, handover.data)


def answer_frame(answer: Answer) -> bytes:
    """The bytes that say ``answer``."""
    return frame({"version": VERSION, "status": answer.status, "text": answer.text}, answer.output)


def frame(header: dict[str, object], body: bytes) -> bytes:
    """A header and a body, framed."""
    text = json.dumps({**header, "size": len(body)}).encode("ascii")
    return _LENGTH.pack(len(text)) + text + body


def header_length(data: bytes) -> int:
    """The length of the header that follows four bytes. ValueError when it is absurd."""
    (length,) = _LENGTH.unpack(data)
    if length > MAX_HEADER:
        raise ValueError("the header is too long")
    return int(length)


def read_header(data: bytes) -> tuple[dict[str, object], int]:
    """A header, and the size of the body that follows. ValueError when it is none of ours."""
    header = json.loads(data)
    if not isinstance(header, dict) or header.get("version") != VERSION:
        raise ValueError("another version speaks on the other side")
    size = header.get("size")
    if not isinstance(size, int) or not 0 <= size <= MAX_BODY:
        raise ValueError("the body is too long")
    return header, size


def read_request(header: dict[str, object], body: bytes) -> Handover:
    """The message that a frame holds. ValueError when it holds none."""
    recipients, sender = header.get("recipients"), header.get("sender")
    if not isinstance(recipients, list) or not all(isinstance(r, str) for r in recipients):
        raise ValueError("no recipients")
    if sender is not None and not isinstance(sender, str):
        raise ValueError("no sender")
    flags = header.get("outgoing") is True, header.get("emit") is True
    return Handover(tuple(recipients), sender, body, *flags)


def read_answer(header: dict[str, object], body: bytes) -> Answer:
    """The answer that a frame holds. ValueError when it holds none."""
    status, text = header.get("status"), header.get("text")
    if not isinstance(status, int) or not isinstance(text, str):
        raise ValueError("no answer")
    return Answer(status, text, body)


def _receive(connection: socket.socket) -> tuple[dict[str, object], bytes]:
    header, size = read_header(_exactly(connection, header_length(_exactly(connection, 4))))
    return header, _exactly(connection, size)


def _exactly(connection: socket.socket, size: int) -> bytes:
    parts, missing = [], size
    while missing:
        part = connection.recv(min(missing, 1 << 16))
        if not part:
            raise ValueError("the other side hung up")
        parts.append(part)
        missing -= len(part)
    return b"".join(parts)

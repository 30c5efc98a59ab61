"""Mail goes out into a folder in Maildir form, where any mail reader can read it."""

import asyncio
import os
import secrets
from pathlib import Path

from horarium.transport.outgoing import Result, Sent, TemporaryFailure, envelope_fault


class MaildirTransport:
    """Writes each message as a file of its own below ``folder``: whole, or not there at all.

    Two lines are put before the message: ``Return-Path`` with the envelope sender and
    ``X-Envelope-To`` with the recipient.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def send(self, sender: str, recipient: str, data: bytes) -> Result:
        """See Outgoing; ``Sent.text`` is the path of the file."""
        fault = envelope_fault(sender, recipient)
        if fault is not None:
            return fault
        head = f"Return-Path: <{sender}>\r\nX-Envelope-To: {recipient}\r\n".encode("ascii")
        try:
            path = await asyncio.to_thread(write_message, self._folder, head + data)
        except OSError as error:
            return TemporaryFailure(f"{self._folder}: {error.strerror or error}")
        return Sent(str(path))

    async def close(self) -> None:
        """Nothing is held open."""


def write_message(folder: Path, data: bytes) -> Path:
    """Write ``data`` as a new message of the Maildir ``folder``, which is made when it is not
    there; returns when the message would survive a loss of power. OSError when it cannot be."""
    for name in ("tmp", "new", "cur"):
        (folder / name).mkdir(mode=0o700, parents=True, exist_ok=True)
    name = f"{secrets.token_hex(16)}.horarium"
    temporary, final = folder / "tmp" / name, folder / "new" / name
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        with os.fdopen(os.open(temporary, flags, 0o600), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.rename(temporary, final)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    directory = os.open(folder / "new", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
    return final

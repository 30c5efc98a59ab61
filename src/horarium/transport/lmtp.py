"""Mail comes in: an LMTP server that answers for each recipient (RFC 2033).

``250`` for a recipient is written only after the handler returned it, and the handler returns it
only after its transaction is committed.
"""

import asyncio
import contextlib
import grp
import logging
import os
import re
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from horarium.kernel.errors import InvalidInput, Unavailable
from horarium.transport.endpoint import Endpoint, Tcp, UnixSocket
from horarium.transport.lmtp_wire import (
    BadLine,
    Closed,
    Wire,
    bare_line_end,
    with_whole_line_ends,
)

log = logging.getLogger(__name__)

# A mail system opens a few; more is a fault or an attack.
MAX_CONNECTIONS = 100
# RFC 5321 4.5.3.1.8 asks for 100 at least.
MAX_RECIPIENTS = 1000
# Answers kept back until the other side has been heard out.
MAX_UNSENT = 100
# Mistakes on one connection before it is closed.
MAX_ERRORS = 20
# Seconds without a command, and for a whole message (RFC 5321 4.5.3.2).
IDLE = 300
MESSAGE_TIME = 600

_PATH = re.compile(r"(?i)(?:FROM|TO):[ ]?<([^<>\x00-\x20\x7f]*)>((?: [!-~]+)*)")


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer to the mail system: ``code`` 250, 4xx (try again) or 5xx (never), and one line
    of ASCII text, best beginning with an enhanced status such as ``2.1.5`` (RFC 3463)."""

    code: int
    text: str

    def __post_init__(self) -> None:
        if not 200 <= self.code <= 599:
            raise InvalidInput("a reply code lies between 200 and 599", value=str(self.code))
        if not self.text.isprintable() or not self.text.isascii() or len(self.text) > 500:
            raise InvalidInput("a reply is one line of printable ASCII", value=self.text[:80])

    @property
    def accepted(self) -> bool:
        """Whether the mail system may forget the message."""
        return self.code < 300

    def __str__(self) -> str:
        return f"{self.code} {self.text}"


class Handler(Protocol):
    """What decides about incoming mail. ``sender`` is the envelope sender, ``""`` the null one."""

    async def recipient(self, sender: str, recipient: str) -> Reply:
        """Whether mail for ``recipient`` is taken at all: 250, 550 for an unknown one, 451 when
        the sender has sent too much."""
        ...

    async def deliver(self, sender: str | None, recipient: str, data: bytes) -> Reply:
        """Decide about one message for one recipient; returns when the decision is kept."""
        ...


class LmtpServer:
    """An LMTP server on one endpoint. ``max_message`` is bytes; ``normalise`` tells whether lone
    line ends in a message are made whole, or the message is refused; ``answered`` is called each
    time the answer for one recipient of a message has been written."""

    def __init__(
        self,
        handler: Handler,
        *,
        max_message: int,
        normalise: bool = True,
        name: str = "horarium",
        answered: Callable[[], None] | None = None,
    ) -> None:
        self._handler = handler
        self.max_message = max_message
        self.normalise = normalise
        self.name = name
        self.answered = answered
        self._server: asyncio.AbstractServer | None = None
        self._connections: set[asyncio.Task[None]] = set()
        self._busy: set[asyncio.Task[None]] = set()
        self._socket_path: str | None = None

    async def start(self, endpoint: Endpoint, *, group: str | None = None) -> None:
        """Listen on ``endpoint``; a socket in the file system gets mode 0660 and ``group``.
        Unavailable when that cannot be done."""
        try:
            if isinstance(endpoint, UnixSocket):
                _remove_stale_socket(endpoint.path)
                with _no_rights_for_others():
                    self._server = await asyncio.start_unix_server(self._accept, endpoint.path)
                self._socket_path = endpoint.path
                if group is not None:
                    os.chown(endpoint.path, -1, grp.getgrnam(group).gr_gid)
                os.chmod(endpoint.path, 0o660)
            elif isinstance(endpoint, Tcp):
                self._server = await asyncio.start_server(
                    self._accept, endpoint.host, endpoint.port or None
                )
            else:
                raise InvalidInput("a maildir cannot listen", value=str(endpoint))
        except (OSError, KeyError) as error:
            raise Unavailable(f"cannot listen on {endpoint}: {error}") from error

    @property
    def port(self) -> int:
        """The TCP port in use."""
        assert isinstance(self._server, asyncio.Server)
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self, grace: float = 30.0) -> None:
        """Stop listening, let messages that are being decided finish for at most ``grace``
        seconds, and close every connection."""
        if self._server is not None:
            self._server.close()
        if self._busy:
            await asyncio.wait(set(self._busy), timeout=grace)
        for task in list(self._connections):
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
        if self._socket_path is not None:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self._socket_path)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            if len(self._connections) > MAX_CONNECTIONS:
                writer.write(b"421 4.3.2 too many connections\r\n")
            else:
                await _Session(self, reader, writer).run()
        except (Closed, OSError, TimeoutError, asyncio.CancelledError):
            pass
        finally:
            self._connections.discard(task)
            self._busy.discard(task)
            writer.close()

    def busy(self, task: "asyncio.Task[None]", busy: bool) -> None:
        """Note that a connection is, or is no longer, in the middle of a decision."""
        (self._busy.add if busy else self._busy.discard)(task)

    async def ask_recipient(self, sender: str, recipient: str) -> Reply:
        """The handler's answer to RCPT; a fault of ours is "try again"."""
        try:
            return await self._handler.recipient(sender, recipient)
        except Exception:
            log.exception("recipient check failed")
            return Reply(451, "4.3.0 internal error")

    async def deliver(self, sender: str, recipient: str, data: bytes) -> Reply:
        """The handler's answer to a message; a fault of ours is "try again"."""
        try:
            return await self._handler.deliver(sender, recipient, data)
        except Exception:
            log.exception("delivery failed")
            return Reply(451, "4.3.0 internal error")


class _Session:
    """One connection: what was said so far."""

    def __init__(
        self, server: LmtpServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._server = server
        self._wire = Wire(reader, self._flush)
        self._writer = writer
        self._unsent: list[bytes] = []
        self._greeted = False
        self._sender: str | None = None
        self._recipients: list[str] = []
        self._errors = 0

    async def run(self) -> None:
        """Serve until QUIT, silence or too many faults."""
        await self._say(Reply(220, f"{self._server.name} LMTP"))
        while True:
            try:
                async with asyncio.timeout(IDLE):
                    line = await self._wire.command()
            except BadLine as error:
                await self._fault(Reply(500, f"5.5.2 {error}"))
                continue
            word, _, rest = line.decode("ascii", "replace").partition(" ")
            verb = word.upper()
            if verb == "QUIT":
                await self._say(Reply(221, "2.0.0 bye"))
                await self._send()
                return
            step = _STEPS.get(verb)
            if step is None:
                await self._fault(Reply(500, "5.5.1 command not recognized"))
            else:
                await step(self, rest)

    async def lhlo(self, rest: str) -> None:
        """LHLO: what this server can do."""
        if not rest.strip():
            await self._fault(Reply(501, "5.5.4 LHLO needs a name"))
            return
        self._greeted = True
        self._forget()
        features = ("PIPELINING", "ENHANCEDSTATUSCODES", "8BITMIME")
        lines = [f"250-{self._server.name}", *(f"250-{f}" for f in features)]
        lines.append(f"250 SIZE {self._server.max_message}")
        await self._write("\r\n".join(lines))

    async def mail(self, rest: str) -> None:
        """MAIL FROM: a message begins."""
        path = _PATH.fullmatch(rest)
        if not self._greeted or self._sender is not None:
            await self._fault(Reply(503, "5.5.1 bad sequence of commands"))
        elif path is None or not rest.upper().startswith("FROM:"):
            await self._fault(Reply(501, "5.5.4 syntax: MAIL FROM:<address>"))
        elif (refusal := self._parameters(path.group(2))) is not None:
            await self._fault(refusal)
        else:
            self._sender = path.group(1)
            await self._say(Reply(250, "2.1.0 ok"))

    def _parameters(self, text: str) -> Reply | None:
        """What is wrong with the parameters of MAIL, if anything."""
        for parameter in text.split():
            name, _, value = parameter.upper().partition("=")
            if name == "SIZE" and value.isdigit():
                if int(value[:19]) > self._server.max_message:
                    return Reply(552, "5.3.4 message too big")
            elif name == "BODY" and value in ("7BIT", "8BITMIME"):
                continue
            else:
                return Reply(555, "5.5.4 parameter not recognized")
        return None

    async def rcpt(self, rest: str) -> None:
        """RCPT TO: the handler says whether the address is known."""
        path = _PATH.fullmatch(rest)
        if self._sender is None:
            await self._fault(Reply(503, "5.5.1 bad sequence of commands"))
        elif path is None or not path.group(1) or not rest.upper().startswith("TO:"):
            await self._fault(Reply(501, "5.5.4 syntax: RCPT TO:<address>"))
        elif path.group(2):
            await self._fault(Reply(555, "5.5.4 parameter not recognized"))
        elif len(self._recipients) >= MAX_RECIPIENTS:
            await self._say(Reply(452, "4.5.3 too many recipients"))
        else:
            reply = await self._server.ask_recipient(self._sender, path.group(1))
            if reply.accepted:
                self._recipients.append(path.group(1))
            await self._say(reply)

    async def data(self, rest: str) -> None:
        """DATA: the message, and one answer for each recipient."""
        if rest:
            await self._fault(Reply(501, "5.5.4 DATA takes no argument"))
            return
        if self._sender is None or not self._recipients:
            await self._fault(Reply(503, "5.5.1 no valid recipients"))
            return
        await self._say(Reply(354, "end with a line that holds a dot"))
        async with asyncio.timeout(MESSAGE_TIME):
            message = await self._wire.message(self._server.max_message)
        task = asyncio.current_task()
        assert task is not None
        self._server.busy(task, True)
        try:
            # One line for each recipient that RCPT accepted, in their order (RFC 2033 4.2).
            for recipient in self._recipients:
                await self._say(await self._answer(self._sender, recipient, message))
                await self._send()
                if self._server.answered is not None:
                    self._server.answered()
        finally:
            self._server.busy(task, False)
        self._forget()

    async def _answer(self, sender: str, recipient: str, message: bytes | None) -> Reply:
        if message is None:
            return Reply(552, "5.3.4 message too big")
        if bare_line_end(message):
            if not self._server.normalise:
                return Reply(554, "5.6.0 a lone CR or LF in the message")
            message = with_whole_line_ends(message)
        return await self._server.deliver(sender, recipient, message)

    async def rset(self, rest: str) -> None:
        """RSET: forget the message that was begun."""
        self._forget()
        await self._say(Reply(250, "2.0.0 ok"))

    async def noop(self, rest: str) -> None:
        """NOOP."""
        await self._say(Reply(250, "2.0.0 ok"))

    async def vrfy(self, rest: str) -> None:
        """VRFY: neither confirmed nor denied (RFC 5321 3.5.3)."""
        await self._say(Reply(252, "2.5.0 send the mail and see"))

    def _forget(self) -> None:
        self._sender = None
        self._recipients = []

    async def _fault(self, reply: Reply) -> None:
        self._errors += 1
        if self._errors > MAX_ERRORS:
            await self._say(Reply(421, "4.7.0 too many errors"))
            await self._send()
            raise Closed
        await self._say(reply)

    async def _say(self, reply: Reply) -> None:
        await self._write(str(reply))

    async def _write(self, text: str) -> None:
        """Answers to commands that came together leave together (RFC 2920 3.2)."""
        self._unsent.append(text.encode("ascii") + b"\r\n")
        if len(self._unsent) >= MAX_UNSENT:
            await self._send()

    async def _send(self) -> None:
        self._flush()
        await self._writer.drain()

    def _flush(self) -> None:
        if self._unsent:
            self._writer.write(b"".join(self._unsent))
            self._unsent.clear()


_STEPS = {
    "LHLO": _Session.lhlo,
    "MAIL": _Session.mail,
    "RCPT": _Session.rcpt,
    "DATA": _Session.data,
    "RSET": _Session.rset,
    "NOOP": _Session.noop,
    "VRFY": _Session.vrfy,
}


def _remove_stale_socket(path: str) -> None:
    """Remove the socket of a server that is gone; never anything but a socket."""
    with contextlib.suppress(FileNotFoundError):
        if stat.S_ISSOCK(Path(path).lstat().st_mode):
            os.unlink(path)


@contextlib.contextmanager
def _no_rights_for_others() -> Iterator[None]:
    before = os.umask(0o117)
    try:
        yield
    finally:
        os.umask(before)

"""Mail goes out by SMTP to the mail system nearby (RFC 5321)."""

import asyncio

import aiosmtplib

from horarium.transport.endpoint import Tcp, UnixSocket
from horarium.transport.outgoing import (
    PermanentFailure,
    Result,
    Sent,
    TemporaryFailure,
    envelope_fault,
)

# Seconds for one exchange; a mail system that takes longer is not there.
PATIENCE = 60.0


class SmtpTransport:
    """Sends through the server at ``endpoint`` over one connection, kept between messages.

    On this machine nothing is encrypted; elsewhere TLS is used when offered, and then the
    certificate must be good.
    """

    def __init__(
        self, endpoint: Tcp | UnixSocket, *, name: str | None = None, patience: float = PATIENCE
    ) -> None:
        self._endpoint = endpoint
        self._name = name
        self._patience = patience
        self._client: aiosmtplib.SMTP | None = None
        self._lock = asyncio.Lock()

    async def send(self, sender: str, recipient: str, data: bytes) -> Result:
        """See Outgoing. A connection lost before the message was offered is opened again once;
        one lost while it was offered leaves the outcome unknown: a temporary failure."""
        fault = envelope_fault(sender, recipient)
        if fault is not None:
            return fault
        async with self._lock:
            return await self._send(sender, recipient, data)

    async def close(self) -> None:
        """See Outgoing."""
        client, self._client = self._client, None
        if client is not None and client.is_connected:
            try:
                await client.quit()
            except (aiosmtplib.SMTPException, OSError):
                client.close()

    async def _send(self, sender: str, recipient: str, data: bytes) -> Result:
        for attempt in (1, 2):
            reused = self._client is not None and self._client.is_connected
            try:
                client = await self._connected(reused)
            except (aiosmtplib.SMTPException, OSError) as error:
                self._drop()
                return TemporaryFailure(f"{self._endpoint}: {_said(error)}")
            try:
                await client.mail(sender)
                await client.rcpt(recipient)
            except aiosmtplib.SMTPResponseException as error:
                await self._reset(client)
                return _refusal(error)
            except (aiosmtplib.SMTPException, OSError) as error:
                self._drop()
                if reused and attempt == 1:
                    continue  # the server closed a connection that stood idle
                return TemporaryFailure(f"{self._endpoint}: {_said(error)}")
            return await self._offer(client, data)
        raise AssertionError("the second attempt returns")

    async def _offer(self, client: aiosmtplib.SMTP, data: bytes) -> Result:
        try:
            answer = await client.data(data)
        except aiosmtplib.SMTPResponseException as error:
            await self._reset(client)
            return _refusal(error)
        except (aiosmtplib.SMTPException, OSError) as error:
            self._drop()
            return TemporaryFailure(f"{self._endpoint}: {_said(error)}")
        return Sent(f"{answer.code} {answer.message}")

    async def _connected(self, reused: bool) -> aiosmtplib.SMTP:
        if reused and self._client is not None:
            return self._client
        self._drop()
        endpoint = self._endpoint
        nearby = isinstance(endpoint, UnixSocket) or endpoint.loopback
        client = self._client_of(
            hostname=endpoint.host if isinstance(endpoint, Tcp) else None,
            port=endpoint.port if isinstance(endpoint, Tcp) else None,
            socket_path=endpoint.path if isinstance(endpoint, UnixSocket) else None,
            local_hostname=self._name or "localhost",
            timeout=self._patience,
            start_tls=False if nearby else None,
        )
        self._client = client
        await client.connect()
        await client.ehlo()
        return client

    def _client_of(self, **how: object) -> aiosmtplib.SMTP:
        return aiosmtplib.SMTP(**how)  # type: ignore[arg-type]

    async def _reset(self, client: aiosmtplib.SMTP) -> None:
        try:
            await client.rset()
        except (aiosmtplib.SMTPException, OSError):
            self._drop()

    def _drop(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            client.close()


def _refusal(error: aiosmtplib.SMTPResponseException) -> Result:
    if 500 <= error.code <= 599:
        return PermanentFailure(error.code, _said(error))
    return TemporaryFailure(f"{error.code} {_said(error)}")


def _said(error: Exception) -> str:
    """What went wrong, on one line."""
    text = str(getattr(error, "message", "") or error) or type(error).__name__
    return " ".join(text.split())[:500]

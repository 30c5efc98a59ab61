"""Mail goes into mailboxes by LMTP (RFC 2033)."""

from __future__ import annotations

import aiosmtplib

from horarium.transport.smtp import SmtpTransport


class LmtpTransport(SmtpTransport):
    """Hands messages to the LMTP server at an endpoint. With one recipient at a time it is what
    SMTP is, but for the greeting."""

    def _client_of(self, **how: object) -> aiosmtplib.SMTP:
        return _Lmtp(**how)  # type: ignore[arg-type]


class _Lmtp(aiosmtplib.SMTP):
    """A client that greets with LHLO, which is what tells LMTP from SMTP."""

    async def ehlo(
        self, *, hostname: str | None = None, timeout: object = None
    ) -> aiosmtplib.SMTPResponse:
        name = hostname or self.local_hostname or "localhost"
        response = await self.execute_command(b"LHLO", name.encode("ascii"))
        if response.code != aiosmtplib.SMTPStatus.completed:
            raise aiosmtplib.SMTPHeloError(response.code, response.message)
        self.last_ehlo_response = response
        return response

"""A webhook: one JSON document sent to an address, signed so that who takes it can know its sender.

``Horarium-Signature: t=SECONDS, v1=HEX`` has the HMAC-SHA-256 (RFC 2104) of ``SECONDS.BODY``.
"""

from __future__ import annotations

import hmac
from hashlib import sha256

import aiohttp

from horarium.kernel.errors import Unavailable
from horarium.kernel.instant import Instant

SIGNATURE = "Horarium-Signature"
# Who does not answer within so many seconds is asked again later.
SECONDS = 10.0


def signature(secret: str, body: bytes, at: Instant) -> str:
    """What the field of the signature holds."""
    signed = hmac.new(secret.encode(), f"{int(at)}.".encode() + body, sha256)
    return f"t={int(at)}, v1={signed.hexdigest()}"


async def post_webhook(url: str, secret: str, body: bytes, at: Instant) -> None:
    """Sends a document. Unavailable unless it is taken (2xx); redirections are not followed, as
    what is signed is for the address that was set."""
    headers = {"Content-Type": "application/json"}
    if secret:
        headers[SIGNATURE] = signature(secret, body, at)
    timeout = aiohttp.ClientTimeout(total=SECONDS)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.post(url, data=body, headers=headers, allow_redirects=False) as response,
        ):
            if not 200 <= response.status < 300:
                raise Unavailable(f"the webhook answered {response.status}")
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise Unavailable(f"the webhook can not be reached: {error}") from error

"""The record of a session: what is kept of it, in a fixed order and with a format number."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from horarium.kernel.errors import InvalidInput
from horarium.kernel.instant import Instant

FORMAT = 1


class Kind(StrEnum):
    """What a session is for; its kind gives its maximum age and idle limit."""

    STAFF = "staff"
    # Staff who asked to stay signed in.
    REMEMBERED = "remembered"
    # Without an account: a booking page, a sign-in form.
    VISITOR = "visitor"
    # A link with which a new account sets its first password.
    SETUP = "setup"
    # A link with which a forgotten password is replaced.
    RESET = "reset"


class SessionRecord(NamedTuple):
    """All that is kept of a session, in this order. Instants and ages are seconds; `max_age` None
    is unlimited and 0 closed; `digest` is 64 hexadecimal digits. The id is not among it."""

    format: int
    name: str
    user: str
    rid: str
    digest: str
    path: str
    kind: str
    creation: Instant
    modification: Instant
    last_seen: Instant
    max_age: int | None
    closed: bool
    reason: str
    cookie_name: str
    csrf_secret: bytes


def check_format(record: SessionRecord) -> None:
    """Raises InvalidInput for a record of a format that this program does not know."""
    if record.format != FORMAT:
        raise InvalidInput(
            f"session record {record.digest[:8]}: format {record.format} is not known, "
            f"only {FORMAT}",
            part="format",
            value=str(record.format),
        )


def without_secrets(record: SessionRecord) -> dict[str, object]:
    """A record as it is exported: the first 8 digits of the digest name it, the CSRF secret is left
    out."""
    shown: dict[str, object] = dict(zip(SessionRecord._fields, record, strict=True))
    del shown["csrf_secret"]
    shown["digest"] = record.digest[:8]
    return shown

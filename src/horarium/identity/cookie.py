"""Cookies: what a session gives its peer, and reading what a peer gives back (RFC 6265)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from horarium.kernel.errors import InvalidInput

HOST_PREFIX = "__Host-"
# The name that the service uses when no other was chosen.
SERVICE_COOKIE = HOST_PREFIX + "horarium"
LONGEST_NAME = 128
LONGEST_VALUE = 256
# Browsers drop what is longer.
LONGEST_FIELD = 4096
# Browsers keep no cookie for longer than 400 days.
UNLIMITED_SECONDS = 34_560_000
# RFC 9110 5.6.2.
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", re.ASCII)
# RFC 6265 4.1.1 cookie-octet: no space, quote, comma, semicolon, backslash or control.
_VALUE = re.compile(r"[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Cookie:
    """A name, a value and how many seconds the browser keeps it; 0 removes it.

    Raises InvalidInput for a name that is no token (RFC 6265) and a value with other characters.
    """

    name: str
    value: str
    max_age: int

    def __post_init__(self) -> None:
        if not _TOKEN.fullmatch(self.name):
            raise InvalidInput("cookie name: expected a token", part="name", value=self.name[:80])
        # The value is a secret, so it is not repeated.
        if not _VALUE.fullmatch(self.value):
            raise InvalidInput("cookie value: a character is not allowed there", part="value")
        if self.max_age < 0:
            raise InvalidInput("cookie age: expected no negative number", part="max_age")

    def field(self, *, secure: bool = True, strict: bool = False) -> str:
        """The text of a `Set-Cookie` field. It is sent to this host only, over TLS only unless
        `secure` is False (a trial on the own machine), and never shown to scripts; `strict` keeps
        it from every request that another site began. Raises InvalidInput above 4096 bytes."""
        parts = [f"{self.name}={self.value}", "Path=/", f"Max-Age={self.max_age}"]
        parts += ["Secure"] if secure else []
        parts += ["HttpOnly", f"SameSite={'Strict' if strict else 'Lax'}"]
        text = "; ".join(parts)
        if len(text) > LONGEST_FIELD:
            raise InvalidInput(
                f"cookie: {len(text)} bytes, at most {LONGEST_FIELD} are allowed", part="cookie"
            )
        return text


def is_value(text: str) -> bool:
    """Whether a text of 1 to 256 characters may stand as the value of a cookie."""
    return 1 <= len(text) <= LONGEST_VALUE and _VALUE.fullmatch(text) is not None


def cookie_name(name: object, *, secure: bool = True) -> str:
    """The name under which a browser is told: `name` with `__Host-` before it unless it is there or
    `secure` is False. Raises InvalidInput for what is no token of at most 128 characters."""
    if not isinstance(name, str) or len(name) > LONGEST_NAME or not _TOKEN.fullmatch(name):
        shown = name[:80] if isinstance(name, str) else type(name).__name__
        raise InvalidInput(
            f"cookie name: expected a token of 1 to {LONGEST_NAME} characters",
            part="name",
            value=shown,
        )
    if not secure:
        return name.removeprefix(HOST_PREFIX) or name
    return name if name.startswith(HOST_PREFIX) else HOST_PREFIX + name


def read_cookie(header: str | None, name: str) -> str | None:
    """The value of the cookie `name` in a `Cookie` field; None when there is none, when it stands
    twice with different values, or when its value can not be one of ours."""
    if not header:
        return None
    found = set()
    for pair in header.split(";"):
        key, equals, value = pair.strip(" \t").partition("=")
        if equals and key == name:
            found.add(value)
    if len(found) != 1:
        return None
    value = found.pop()
    return value if is_value(value) else None

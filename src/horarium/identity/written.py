"""Checks of single values that several things of this room share."""

from __future__ import annotations

import base64
from hashlib import sha256

from horarium.kernel.errors import InvalidInput

# 256 bits: nobody finds one by trying, however many there are.
SECRET_OCTETS = 32
# What SECRET_OCTETS are in base64url without padding.
SECRET_LENGTH = 43
_ASCII_CONTROLS_END, _DELETE = 0x20, 0x7F


def one_line(value: object, part: str, longest: int, shortest: int = 0) -> str:
    """`value` as a text of that many characters without control characters. Raises InvalidInput."""
    if not isinstance(value, str):
        raise InvalidInput(f"{part}: expected text, not {type(value).__name__}", part=part)
    if not shortest <= len(value) <= longest:
        raise InvalidInput(
            f"{part}: {len(value)} characters, from {shortest} to {longest} are allowed",
            part=part,
            value=value[:80],
        )
    if any(_is_control(char) for char in value):
        raise InvalidInput(f"{part}: control characters are not allowed", part=part)
    return value


def _is_control(char: str) -> bool:
    code = ord(char)
    return code < _ASCII_CONTROLS_END or _DELETE <= code < 0xA0 or 0xD800 <= code < 0xE000


def base64url(data: bytes) -> str:
    """Octets in base64url without padding (RFC 4648 5)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def from_base64url(text: str) -> bytes | None:
    """The octets of a text in base64url without padding; None when it is none."""
    if not text.isascii() or not all(char.isalnum() or char in "-_" for char in text):
        return None
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        return None


def digest_of(secret: str) -> str:
    """SHA-256 of a secret as 64 hexadecimal digits: the only form in which it is kept."""
    return sha256(secret.encode("utf-8")).hexdigest()

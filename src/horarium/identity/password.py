"""Passwords: which are taken, and what is stored of them (scrypt, RFC 7914).

What is stored names its own parameters: `$scrypt$ln=17,r=8,p=1$SALT$RESULT`, salt and result in
base64url. Computing it costs memory and time on purpose; who calls it bounds how many do.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import unicodedata
from typing import NamedTuple

from horarium.identity.common_passwords import COMMON, SHORTEST
from horarium.identity.written import base64url, from_base64url
from horarium.kernel.errors import InvalidInput

LONGEST = 128
SALT_OCTETS = 16
RESULT_OCTETS = 32
# What a stored password may ask for: above it the text was not written by us.
_MOST_LN, _MOST_R, _MOST_P = 20, 16, 4
_STORED = re.compile(
    r"\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d)\$([\w-]{22,88})\$([\w-]{43})", re.ASCII
)


class Scrypt(NamedTuple):
    """The parameters of scrypt; N is 2 to the power of `ln`. 128 × N × r octets are needed at once:
    128 MiB by these, which take about half a second."""

    ln: int = 17
    r: int = 8
    p: int = 1


class Stored(NamedTuple):
    """A stored password taken apart."""

    parameters: Scrypt
    salt: bytes
    result: bytes


def normal_password(password: object) -> str:
    """A password as it is hashed: NFC, so that every keyboard writes the same; nothing is cut.
    Raises InvalidInput for what has less than 8 or more than 128 characters."""
    if not isinstance(password, str):
        raise InvalidInput("password: expected text", part="password")
    text = unicodedata.normalize("NFC", password)
    if not SHORTEST <= len(text) <= LONGEST:
        raise InvalidInput(
            f"password: {len(text)} characters, from {SHORTEST} to {LONGEST} are allowed",
            part="password",
        )
    if any(0xD800 <= ord(char) < 0xE000 for char in text):
        raise InvalidInput("password: a half of a surrogate pair is no character", part="password")
    return text


def new_password(password: object, name: str) -> str:
    """A password that may be set for the account `name`, in its normal form. Raises InvalidInput
    for one that everybody tries first, or that is the sign-in name."""
    text = normal_password(password)
    folded = text.casefold()
    if folded in COMMON:
        raise InvalidInput("password: it is one of those that are tried first", part="password")
    if folded == name.casefold():
        raise InvalidInput("password: it is the sign-in name", part="password")
    return text


def hash_password(password: str, salt: bytes, parameters: Scrypt | None = None) -> str:
    """What is stored for a password in its normal form; `salt` is 16 random octets."""
    used = parameters or Scrypt()
    result = _scrypt(password, salt, used)
    return f"$scrypt$ln={used.ln},r={used.r},p={used.p}${base64url(salt)}${base64url(result)}"


def verify_password(password: object, stored: str, parameters: Scrypt | None = None) -> bool:
    """Whether a password is the stored one, compared in constant time. Against what is no stored
    password ("" where an account has none, or there is no account) one of `parameters` is computed
    all the same, so that the time tells nothing; so it is with a password that can be none."""
    try:
        text = normal_password(password)
        fit = True
    except InvalidInput:
        text, fit = "no password at all", False
    known = read_stored(stored)
    if known is None:
        dummy = Stored(parameters or Scrypt(), bytes(SALT_OCTETS), bytes(RESULT_OCTETS))
        _scrypt(text, dummy.salt, dummy.parameters)
        return False
    result = _scrypt(text, known.salt, known.parameters)
    return hmac.compare_digest(result, known.result) and fit


def read_stored(stored: str) -> Stored | None:
    """A stored password taken apart; None for what is none, or asks for more than we ever would."""
    match = _STORED.fullmatch(stored)
    if match is None:
        return None
    ln, r, p = (int(part) for part in match.group(1, 2, 3))
    salt, result = from_base64url(match[4]), from_base64url(match[5])
    fits = 1 <= ln <= _MOST_LN and 1 <= r <= _MOST_R and 1 <= p <= _MOST_P
    if not fits or salt is None or result is None or len(result) != RESULT_OCTETS:
        return None
    return Stored(Scrypt(ln, r, p), salt, result)


def is_outgrown(stored: str, parameters: Scrypt | None = None) -> bool:
    """Whether a stored password was computed with less than `parameters` ask for."""
    wanted = parameters or Scrypt()
    known = read_stored(stored)
    return known is not None and any(
        have < want for have, want in zip(known.parameters, wanted, strict=True)
    )


def _scrypt(password: str, salt: bytes, parameters: Scrypt) -> bytes:
    ln, r, p = parameters
    # OpenSSL wants room for the table and for the blocks beside it.
    room = 128 * r * ((1 << ln) + p + 2) + (1 << 20)
    return hashlib.scrypt(
        password.encode("utf-8"), salt=salt, n=1 << ln, r=r, p=p, maxmem=room, dklen=RESULT_OCTETS
    )

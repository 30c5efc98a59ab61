"""Passwords: which are taken, what is stored, and that a wrong one costs as much as a right one."""

from __future__ import annotations

import hashlib
import unicodedata

import pytest

from horarium.identity import password as module
from horarium.identity.common_passwords import COMMON
from horarium.identity.password import (
    Scrypt,
    hash_password,
    is_outgrown,
    new_password,
    read_stored,
    verify_password,
)
from horarium.identity.written import base64url
from horarium.kernel.errors import InvalidInput

QUICK = Scrypt(4, 8, 1)
SALT = bytes(range(16))


def test_what_is_stored_names_its_parameters() -> None:
    stored = hash_password("a long secret", SALT, QUICK)
    result = hashlib.scrypt(b"a long secret", salt=SALT, n=16, r=8, p=1, dklen=32)
    assert stored == f"$scrypt$ln=4,r=8,p=1${base64url(SALT)}${base64url(result)}"
    known = read_stored(stored)
    assert known is not None
    assert known.parameters == QUICK


def test_by_default_n_is_two_to_the_17() -> None:
    stored = hash_password("a long secret", SALT)
    assert stored.startswith("$scrypt$ln=17,r=8,p=1$")
    result = hashlib.scrypt(
        b"a long secret", salt=SALT, n=2**17, r=8, p=1, dklen=32, maxmem=1 << 28
    )
    assert stored.endswith(base64url(result))
    assert verify_password("a long secret", stored)


def test_the_example_of_the_standard() -> None:
    """RFC 7914 12, the second vector, through the same call."""
    data = module._scrypt("password", b"NaCl", Scrypt(10, 8, 16))
    assert data.hex().startswith("fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162")


def test_verifying() -> None:
    stored = hash_password("a long secret", SALT, QUICK)
    assert verify_password("a long secret", stored)
    for wrong in ("a long secreT", "a long secret ", "", "x" * 129, "short"):
        assert not verify_password(wrong, stored)


def test_every_keyboard_writes_the_same() -> None:
    composed, decomposed = "motde\u00e9passe", "motde\u0065\u0301passe"
    assert unicodedata.normalize("NFC", decomposed) != decomposed
    stored = hash_password(new_password(decomposed, "paul"), SALT, QUICK)
    assert verify_password(composed, stored)
    assert verify_password(decomposed, stored)


def test_nothing_is_cut() -> None:
    long = "x" * 127
    stored = hash_password(long + "a", SALT, QUICK)
    assert not verify_password(long + "b", stored)


@pytest.mark.parametrize("taken", ["12 y chars", "abcdefg\t", "\u00e9" * 8, "x" * 128, "\x00" * 8])
def test_any_character_is_taken(taken: str) -> None:
    assert new_password(taken, "paul") == taken


@pytest.mark.parametrize(
    ("refused", "message"),
    [
        ("1234567", "7 characters, from 8 to 128"),
        ("x" * 129, "129 characters, from 8 to 128"),
        ("12345678", "tried first"),
        ("Password1", "tried first"),
        ("QWERTY123", "tried first"),
        ("Paul.Boddie@Example.com", "it is the sign-in name"),
        ("\ud800" * 8, "no character"),
        (None, "expected text"),
    ],
)
def test_refused(refused: str, message: str) -> None:
    with pytest.raises(InvalidInput, match=message) as caught:
        new_password(refused, "paul.boddie@example.com")
    assert not refused or refused not in str(caught.value)


def test_the_list_of_common_ones_can_all_be_reached() -> None:
    assert len(COMMON) > 1000
    assert all(8 <= len(word) <= 128 and word == word.casefold() for word in COMMON)


@pytest.mark.parametrize(
    "stored",
    ["", "secret", "$scrypt$ln=21,r=8,p=1$" + "A" * 22 + "$" + "A" * 43,
     "$scrypt$ln=4,r=99,p=1$" + "A" * 22 + "$" + "A" * 43,
     "$scrypt$ln=0,r=8,p=1$" + "A" * 22 + "$" + "A" * 43,
     "$argon2id$v=19$x"],
)  # fmt: skip
def test_no_account_costs_the_same_computation(
    stored: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []

    def counted(password: str, salt: bytes, parameters: Scrypt) -> bytes:
        calls.append(parameters)
        return bytes(32)

    monkeypatch.setattr(module, "_scrypt", counted)
    assert not verify_password("a long secret", stored)
    assert not verify_password("short", stored)
    assert calls == [Scrypt(17, 8, 1)] * 2


def test_what_is_outgrown() -> None:
    stored = hash_password("a long secret", SALT, QUICK)
    assert is_outgrown(stored, Scrypt(5, 8, 1))
    assert is_outgrown(stored, Scrypt(4, 8, 2))
    assert not is_outgrown(stored, QUICK)
    assert not is_outgrown(stored, Scrypt(3, 8, 1))
    assert not is_outgrown("", QUICK)

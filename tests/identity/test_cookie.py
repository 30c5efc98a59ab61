"""Cookies as text, and what is read of what a browser sends."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.identity.counted import CountedSecrets

from horarium.identity.cookie import Cookie, cookie_name, read_cookie
from horarium.identity.session import Session
from horarium.kernel.errors import InvalidInput
from horarium.kernel.instant import Instant

NAME = "__Host-horarium"


def test_a_session_of_3600_seconds_baked_600_after_its_creation() -> None:
    s = Session("desk", "paul", 3600, now=Instant(0), secrets=CountedSecrets())
    text = s.get_cookie("horarium", now=Instant(600)).field()
    assert len(s.get_hash_id()) == 43
    assert text == (
        f"__Host-horarium={s.get_hash_id()}; Path=/; Max-Age=3000; Secure; HttpOnly; SameSite=Lax"
    )


def test_administration_is_strict_and_a_trial_goes_without_tls() -> None:
    cookie = Cookie(NAME, "x", 5)
    assert (
        cookie.field(strict=True)
        == f"{NAME}=x; Path=/; Max-Age=5; Secure; HttpOnly; SameSite=Strict"
    )
    assert cookie.field(secure=False) == f"{NAME}=x; Path=/; Max-Age=5; HttpOnly; SameSite=Lax"


def test_no_domain_and_always_an_age() -> None:
    text = Cookie(NAME, "", 0).field()
    assert "Max-Age=0;" in text
    assert "domain" not in text.lower()
    assert "expires" not in text.lower()


def test_a_field_has_at_most_4096_bytes() -> None:
    rest = len(Cookie(NAME, "", 5).field())
    assert len(Cookie(NAME, "x" * (4096 - rest), 5).field()) == 4096
    with pytest.raises(InvalidInput, match="4097 bytes, at most 4096"):
        Cookie(NAME, "x" * (4097 - rest), 5).field()


@pytest.mark.parametrize("value", ["a b", "a;b", "a,b", 'a"', "a\\", "a\r\nSet-Cookie: b=c", "é"])
def test_values_that_a_cookie_can_not_hold(value: str) -> None:
    with pytest.raises(InvalidInput, match=r"^cookie value: ") as caught:
        Cookie(NAME, value, 5)
    assert value not in str(caught.value)


def test_the_prefix_comes_once() -> None:
    assert cookie_name("desk") == cookie_name("__Host-desk") == "__Host-desk"
    assert cookie_name("desk", secure=False) == cookie_name("__Host-desk", secure=False) == "desk"
    assert cookie_name("n" * 128) == "__Host-" + "n" * 128


@pytest.mark.parametrize(
    ("header", "value"),
    [
        (f"{NAME}=abc", "abc"),
        (f"a=1; {NAME}=abc; b=2", "abc"),
        (f"a=1;{NAME}=abc\t;b", "abc"),
        (f"{NAME}=abc=def", "abc=def"),
        (f"{NAME}=abc; {NAME}=abc", "abc"),
        (f"{NAME}=abc; {NAME}=xyz", None),
        (f"{NAME}=abc; {NAME}=", None),
        (f"{NAME.lower()}=abc", None),
        (f"x{NAME}=abc; {NAME}x=abc", None),
        (NAME, None),
        (f"{NAME}=", None),
        (f'{NAME}="abc"', None),
        (f"{NAME}=a b", None),
        (f"{NAME}=" + "x" * 256, "x" * 256),
        (f"{NAME}=" + "x" * 257, None),
        ("", None),
        (None, None),
    ],
)
def test_reading(header: str | None, value: str | None) -> None:
    assert read_cookie(header, NAME) == value


@given(st.text(max_size=300))
def test_whatever_comes_is_a_value_or_nothing(header: str) -> None:
    value = read_cookie(f"{header}; {NAME}=good", NAME)
    assert value in ("good", None)
    read_cookie(header, NAME)

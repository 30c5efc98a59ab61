"""Requests that another site made a browser send."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.identity.counted import CountedSecrets

from horarium.identity.csrf import Refusal, Request, csrf_token, is_token_of, refusal
from horarium.identity.session import Session
from horarium.kernel.errors import InvalidInput
from horarium.kernel.instant import Instant

SECRETS = CountedSecrets()
OWN = "https://calendar.example.com"
SESSION = Session("desk", "paul", 60, now=Instant(0), secrets=SECRETS)
OTHER = Session("desk", "paul", 60, now=Instant(0), secrets=SECRETS)
GOOD = csrf_token(SESSION, SECRETS.random(32))
POST = Request("POST", frozenset({OWN}), cookie=True)
CROSS, CSRF = Refusal.CROSS_SITE, Refusal.CSRF


def test_each_page_has_another_token_of_the_same_session() -> None:
    tokens = [csrf_token(SESSION, SECRETS.random(32)) for _ in range(20)]
    assert len(set(tokens)) == 20
    assert all(is_token_of(SESSION, token) for token in tokens)
    assert not any(is_token_of(OTHER, token) for token in tokens)


@pytest.mark.parametrize("token", ["", "x", GOOD[:-1], GOOD + "A", GOOD[::-1], "é" * 86, "A" * 86])
def test_tokens_that_are_none(token: str) -> None:
    assert not is_token_of(SESSION, token)


def test_the_token_changes_with_the_id_and_needs_a_secret() -> None:
    moved = Session.from_record(SESSION.to_record(), id=SESSION.get_hash_id())
    moved.set_hash_id("x" * 43, now=Instant(1))
    assert not is_token_of(moved, GOOD)
    bare = Session("desk", now=Instant(0), id="x")
    assert not is_token_of(bare, GOOD)
    with pytest.raises(InvalidInput, match="without a secret"):
        csrf_token(bare, bytes(32))
    with pytest.raises(InvalidInput, match="expected 32 octets"):
        csrf_token(SESSION, b"short")


@pytest.mark.parametrize(
    ("changes", "refused"),
    [
        # Where it comes from decides first, whatever else it carries.
        ({"fetch_site": "cross-site", "token": GOOD}, CROSS),
        ({"fetch_site": "same-site", "token": GOOD}, CROSS),
        ({"origin": "https://evil.example", "token": GOOD}, CROSS),
        ({"origin": "https://evil.example", "fetch_site": "same-origin", "token": GOOD}, CROSS),
        ({"origin": OWN + ".evil.example", "token": GOOD}, CROSS),
        ({"origin": "http://calendar.example.com", "token": GOOD}, CROSS),
        # "null" counts as absent.
        ({"origin": "null", "token": GOOD}, None),
        ({"origin": "null"}, CSRF),
        # What shows that a form of ours sent it.
        ({"fetch_site": "same-origin"}, None),
        ({"fetch_site": "same-origin", "origin": OWN}, None),
        ({"token": GOOD}, None),
        ({"fetch_site": "none", "token": GOOD}, None),
        ({"fetch_site": "none"}, CSRF),
        ({"origin": OWN}, CSRF),
        ({}, CSRF),
        # A wrong token is refused all the same.
        ({"fetch_site": "same-origin", "token": "x"}, CSRF),
        ({"fetch_site": "same-origin", "token": ""}, CSRF),
        # Every method that may change something.
        ({"method": "DELETE"}, CSRF),
        ({"method": "PUT", "fetch_site": "cross-site"}, CROSS),
        ({"method": "get", "fetch_site": "cross-site"}, None),
        ({"method": "HEAD"}, None),
        ({"method": "OPTIONS", "origin": "https://evil.example"}, None),
        # Without a session there is nothing to abuse.
        ({"cookie": False}, None),
        ({"cookie": False, "fetch_site": "cross-site", "origin": "https://evil.example"}, None),
        # Programs.
        ({"cookie": False, "bearer": True, "fetch_site": "cross-site"}, None),
        ({"bearer": True, "token": GOOD}, Refusal.TWO_IDENTITIES),
        ({"bearer": True, "method": "GET"}, Refusal.TWO_IDENTITIES),
        # Signing in needs the token of the visitor, always.
        ({"signing_in": True, "fetch_site": "same-origin"}, CSRF),
        ({"signing_in": True, "fetch_site": "same-origin", "token": GOOD}, None),
        ({"signing_in": True, "cookie": False}, CSRF),
        ({"signing_in": True, "cookie": False, "fetch_site": "cross-site"}, CROSS),
    ],
)
def test_who_is_refused(changes: dict[str, object], refused: Refusal | None) -> None:
    assert refusal(replace(POST, **changes), SESSION) is refused  # type: ignore[arg-type]


def test_without_an_open_session_no_token_is_right() -> None:
    assert refusal(replace(POST, token=GOOD), None) is CSRF
    assert refusal(replace(POST, token=GOOD), OTHER) is CSRF

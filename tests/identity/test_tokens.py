"""API tokens."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from tests.identity.counted import CountedSecrets

from horarium.identity.account import Right
from horarium.identity.tokens import (
    DEFAULT_LIFE,
    LONGEST_LIFE,
    TokenState,
    new_token,
    read_bearer,
    read_scope,
)
from horarium.identity.written import digest_of
from horarium.kernel.errors import InvalidInput
from horarium.kernel.instant import Instant

SECRETS = CountedSecrets()
NOW = Instant(1000)


def test_a_token_is_shown_once_and_kept_as_its_digest() -> None:
    text, kept = new_token("a", {Right.READ}, NOW, SECRETS)
    assert re.fullmatch(r"hz_[A-Za-z0-9_-]{43}", text)
    assert kept.digest == digest_of(text)
    assert text not in repr(kept)
    assert (kept.account, kept.scopes, kept.expires) == ("a", {Right.READ}, 1000 + DEFAULT_LIFE)
    assert new_token("a", {Right.READ}, NOW, SECRETS)[0] != text


def test_its_life() -> None:
    _, kept = new_token("a", {Right.READ}, NOW, SECRETS, 60)
    assert kept.state(Instant(1059)) is TokenState.ACTIVE
    assert kept.state(Instant(1060)) is TokenState.EXPIRED
    assert replace(kept, revoked=NOW).state(Instant(1001)) is TokenState.REVOKED
    assert (
        new_token("a", {Right.READ}, NOW, SECRETS, LONGEST_LIFE)[1].expires == 1000 + LONGEST_LIFE
    )
    for life in (0, -1, LONGEST_LIFE + 1):
        with pytest.raises(InvalidInput, match="5 years"):
            new_token("a", {Right.READ}, NOW, SECRETS, life)
    with pytest.raises(InvalidInput, match="at least one scope"):
        new_token("a", set(), NOW, SECRETS)


@pytest.mark.parametrize(
    ("header", "token"),
    [
        ("Bearer hz_" + "A" * 43, "hz_" + "A" * 43),
        ("bearer  hz_" + "A" * 43, "hz_" + "A" * 43),
        ("Bearer hz_" + "A" * 42, ""),
        ("Bearer hz_" + "A" * 42 + "=", ""),
        ("Bearer " + "A" * 43, ""),
        ("Bearer ", ""),
        ("Basic cGF1bDp4", None),
        (None, None),
    ],
)
def test_the_header(header: str | None, token: str | None) -> None:
    assert read_bearer(header) == token


def test_scopes_are_rights() -> None:
    assert read_scope("desk") is Right.DESK
    with pytest.raises(InvalidInput, match=r'expected one of read, settings.* not "all"'):
        read_scope("all")

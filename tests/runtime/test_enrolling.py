"""Joining a realm: by a token that holds for one node, once, for a day; renewing by a key."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tests.runtime.tier_site import NOW, TierSite

from horarium.distribution.records import Document
from horarium.kernel.errors import InvalidInput, NotFound
from horarium.kernel.instant import Instant
from horarium.runtime.tiers.enrolling import MOST_TRIES, TOKEN_LIFE, read_token
from horarium.transport.certificates import NODE_LIFE, identity_of, make_request
from horarium.transport.link import Refused


@pytest.fixture
def site(tmp_path: Path) -> TierSite:
    return TierSite(tmp_path)


def refusal(site: TierSite, asked: Document, at: Instant = NOW) -> str:
    with pytest.raises(Refused) as refused:
        site.enrolling.enrol(asked, at)
    assert refused.value.status == 403
    return refused.value.detail


def test_a_token_is_read_as_it_was_written(site: TierSite) -> None:
    token = site.token("north")
    assert read_token(f" {token.written()}\n") == token
    for written in ("", "x", "e30", token.written()[:-8], "ä" * 20):
        with pytest.raises(InvalidInput, match="no token"):
            read_token(written)
    with pytest.raises(NotFound):
        site.token("nobody")


def test_a_node_joins_once(site: TierSite) -> None:
    token = site.token("north")
    asked = site.asks(token)
    answer = site.enrolling.enrol(asked, NOW)
    assert identity_of(str(answer["certificate"]).encode()).name == "north"
    assert "used before" in refusal(site, asked)


def test_five_wrong_tries_spend_a_token(site: TierSite) -> None:
    token = site.token("north")
    for _ in range(MOST_TRIES):
        assert "not that of this node" in refusal(site, site.asks(token, secret=b"guessed"))
    assert "too many tries" in refusal(site, site.asks(token))
    assert site.enrolling.enrol(site.asks(site.token("north")), NOW)


def test_a_token_is_over_after_a_day(site: TierSite) -> None:
    asked = site.asks(site.token("north"))
    assert "over its time" in refusal(site, asked, Instant(NOW + TOKEN_LIFE))
    assert site.enrolling.enrol(asked, Instant(NOW + TOKEN_LIFE - 1))


def test_a_token_is_for_one_node_and_its_own_request(site: TierSite) -> None:
    token = site.token("north")
    assert "no token" in refusal(site, site.asks(token, "south"))
    site.token("south")
    assert "not that of this node" in refusal(site, site.asks(token, "south"))
    asked = site.asks(token)
    other = make_request(Ed25519PrivateKey.generate(), "north").decode()
    assert "not that of this node" in refusal(site, {**asked, "request": other})


def renewal(site: TierSite, held: bytes, key: Ed25519PrivateKey) -> Document:
    request = make_request(key, "north")
    return {
        "certificate": held.decode(), "request": request.decode(),
        "signature": key.sign(request).hex(),
    }  # fmt: skip


def test_a_node_renews_by_its_own_key_until_its_certificate_is_over(site: TierSite) -> None:
    held = site.join("north")
    own = site.keys["north"]
    for key, at in ((Ed25519PrivateKey.generate(), NOW), (own, Instant(NOW + NODE_LIFE))):
        with pytest.raises(Refused):
            site.enrolling.renew(renewal(site, held, key), at)
    answer = site.enrolling.renew(renewal(site, held, own), NOW)
    assert identity_of(str(answer["certificate"]).encode()).serial != identity_of(held).serial
    # The one before counts no more.
    with pytest.raises(Refused):
        site.enrolling.renew(renewal(site, held, own), NOW)


def test_a_revoked_node_does_not_renew(site: TierSite) -> None:
    held = site.join("north")
    site.enrolling.revoke("north", NOW)
    with pytest.raises(Refused):
        site.enrolling.renew(renewal(site, held, site.keys["north"]), NOW)


@pytest.mark.parametrize("signature", ["", "zz", "00" * 64])
def test_a_signature_that_is_none_renews_nothing(site: TierSite, signature: str) -> None:
    asked = renewal(site, site.join("north"), site.keys["north"])
    with pytest.raises((Refused, InvalidInput)):
        site.enrolling.renew({**asked, "signature": signature}, NOW)

"""What a distributor believes of what receivers say: only who may say it, in order, signed."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from tests.runtime.tier_site import NOW, TierSite

from horarium.distribution.messages import Row, Rows, message_document, read_upward
from horarium.distribution.states import State
from horarium.kernel.instant import Instant
from horarium.runtime.tiers.hearing import Hearing
from horarium.runtime.tiers.rows import OwnRows


@pytest.fixture
def site(tmp_path: Path) -> TierSite:
    made = TierSite(tmp_path)
    for name in ("north", "oslo", "south"):
        made.join(name)
    made.publish()
    return made


def hear(site: TierSite, *rows: Row, child: str = "north") -> list[str]:
    allowed = site.origin.refresh(NOW).behind(child)
    kept = Hearing(site.store).hear(child, rows, allowed, NOW)
    return [row.state for row in kept]


def state(site: TierSite, name: str) -> str:
    row = site.store.read(lambda tx: tx.versions.row("docs", 1, name))
    assert row is not None
    return str(row.state)


def test_everybody_that_is_awaited_has_a_row_at_once(site: TierSite) -> None:
    assert {state(site, name) for name in ("north", "oslo", "south")} == {"pending"}


def test_a_parent_tells_of_itself_and_of_those_behind_it(site: TierSite) -> None:
    rows = [site.row(name, State.RECEIVED, 5) for name in ("north", "oslo")]
    assert hear(site, *rows) == ["received", "received"]
    assert state(site, "oslo") == "received"


def test_nobody_tells_of_a_node_that_is_not_behind_it(site: TierSite) -> None:
    assert hear(site, site.row("south", State.EXTRACTED, 5)) == []
    assert hear(site, site.row("north", State.EXTRACTED, 5), child="south") == []
    assert {state(site, "north"), state(site, "south")} == {"pending"}


def test_a_receipt_counts_when_its_node_signed_it(site: TierSite) -> None:
    forged = site.row("oslo", State.EXTRACTED, 5, by="north")
    right = site.row("oslo", State.EXTRACTED, 5)
    for row in (forged, replace(forged, signature=""), replace(forged, signature="zz")):
        assert hear(site, row) == []
    # What is signed of one state and order says nothing of another.
    assert hear(site, replace(right, order=6)) == []
    assert hear(site, right) == ["extracted"]


def test_progress_needs_no_signature_and_comes_in_order(site: TierSite) -> None:
    plain = Row("oslo", "docs", 1, State.RECEIVING.value, NOW, 7)
    assert hear(site, plain) == ["receiving"]
    assert hear(site, replace(plain, state=State.SUSPENDED.value, order=6)) == []
    assert hear(site, plain) == []
    assert state(site, "oslo") == "receiving"


@pytest.mark.parametrize("after", ["pending", "receiving", "received", "nonsense", ""])
def test_nothing_leads_back_from_what_is_in_use(site: TierSite, after: str) -> None:
    assert hear(site, site.row("oslo", State.EXTRACTED, 5)) == ["extracted"]
    row = Row("oslo", "docs", 1, after, NOW, 9)
    signed = replace(row, signature=site.keys["oslo"].sign(row.signed_text()).hex())
    assert hear(site, signed) == []
    assert state(site, "oslo") == "extracted"


def test_a_version_that_there_is_not_has_no_rows(site: TierSite) -> None:
    assert hear(site, replace(site.row("north", State.RECEIVING, 5), version=9)) == []


def test_what_is_over_before_it_is_told_has_its_moments_all_the_same(site: TierSite) -> None:
    rows = OwnRows("oslo", lambda data: site.keys["oslo"].sign(data).hex())
    steps = [(State.RECEIVING, 0), (State.RECEIVING, 40), (State.RECEIVED, 100), (State.STAGING, 0)]
    for number, (step, octets) in enumerate(steps):
        rows.put("docs", 1, step, Instant(NOW + number), octets=octets)
    last = rows.put("docs", 1, State.EXTRACTED, Instant(NOW + 9), octets=300)
    [told] = json.loads(json.dumps(message_document(Rows((last,)))))["rows"]
    read = read_upward({"type": "rows", "rows": [told]})
    assert isinstance(read, Rows)
    forged = replace(read.rows[0], stages=read.rows[0].stages[1:])
    assert hear(site, forged) == []
    assert hear(site, *read.rows) == ["extracted"]
    found = site.store.read(lambda tx: tx.versions.passages("docs", NOW, Instant(NOW + 60)))
    assert [(one.what, one.at - NOW, one.octets) for one in found if one.subscriber == "oslo"] == [
        ("receiving", 0, 0), ("received", 2, 100), ("staging", 3, 0), ("extracted", 9, 300),
    ]  # fmt: skip
    assert site.store.read(lambda tx: tx.versions.passed(State.RECEIVED)) == (1, 100)
    # What was told step by step is kept once.
    own = OwnRows("north", lambda data: site.keys["north"].sign(data).hex())
    for number, (step, octets) in enumerate(steps):
        hear(site, own.put("docs", 1, step, Instant(NOW + 20 + number), octets=octets))
    found = site.store.read(lambda tx: tx.versions.passages("docs", NOW, Instant(NOW + 60)))
    kept = [one.what for one in found if one.subscriber == "north"]
    assert kept == ["receiving", "received", "staging"]


def test_who_joins_with_another_key_begins_anew_and_old_news_count_no_more(site: TierSite) -> None:
    old = site.row("oslo", State.EXTRACTED, 50)
    assert hear(site, replace(old, state="extract_wait", order=40), old) == [
        "extract_wait", "extracted",
    ]  # fmt: skip
    # With the key that it had, it still has what it had.
    assert site.enrolling.enrol(site.asks(site.token("oslo")), NOW)["order"] == 50
    assert state(site, "oslo") == "extracted"
    node = site.store.read(lambda tx: tx.nodes.find("oslo"))
    before, seen = site.origin.follow(NOW).belief, site.origin.changes()
    del site.keys["oslo"]
    asked = site.asks(site.token("oslo"))
    order = site.enrolling.enrol(asked, NOW)["order"]
    assert state(site, "oslo") == "pending"
    # The certificate of the key before counts nowhere any more, and the daemon hears of it.
    assert site.origin.changes() > seen
    after = site.origin.follow(NOW).belief
    assert node is not None
    assert (node.serial in before.revoked, node.serial in after.revoked) == (False, True)
    # Its parent says again what it was told in the life before, signed or not.
    assert hear(site, old, replace(old, state="extract_wait", order=40, signature="")) == []
    # The new life counts behind that, also when its clock is behind that of the one before.
    assert isinstance(order, int)
    own = OwnRows("oslo", lambda data: site.keys["oslo"].sign(data).hex(), order)
    assert hear(site, own.put("docs", 1, State.RECEIVED, Instant(0))) == ["received"]
    assert hear(site, own.put("docs", 1, State.EXTRACTED, Instant(0))) == ["extracted"]


def test_who_begins_anew_is_awaited_with_nothing_when_it_is_subscribed_again(
    site: TierSite,
) -> None:
    hear(site, site.row("oslo", State.EXTRACTED, 5))
    site.store.transact([], lambda tx: tx.versions.unsubscribe("docs", ["oslo"], NOW))
    del site.keys["oslo"]
    site.join("oslo")
    assert state(site, "oslo") == "unsubscribed"
    site.store.transact([], lambda tx: tx.versions.subscribe_again("docs", ["oslo"], NOW))
    assert state(site, "oslo") == "pending"

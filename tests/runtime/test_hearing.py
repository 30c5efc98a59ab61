"""What a distributor believes of what receivers say: only who may say it, in order, signed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from tests.runtime.tier_site import NOW, TierSite

from horarium.distribution.messages import Row
from horarium.distribution.states import State
from horarium.runtime.tiers.hearing import Hearing


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

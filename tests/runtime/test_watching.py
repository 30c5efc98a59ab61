"""A distributor at work hears of everything that other processes publish, whenever they do."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from tests.runtime.tier_site import NOW, OBJECTS, TierSite

from horarium.distribution.declared import KINDS
from horarium.kernel.errors import InvalidInput
from horarium.kernel.instant import Instant
from horarium.runtime.applying import apply_objects
from horarium.runtime.clock import FixedClock
from horarium.runtime.objects import read_objects
from horarium.runtime.tiers.asking import send_now
from horarium.runtime.tiers.distributing_node import DistributingNode
from horarium.runtime.tiers.making import Making
from horarium.runtime.tiers.origin import Origin, Published

LATER = Instant(NOW + 5)


def node_of(site: TierSite, published: Published) -> DistributingNode:
    """A distributor that begins with what was published then."""
    clock = FixedClock(LATER)
    making = Making(site.origin, clock)
    return DistributingNode(site.origin, published, clock, making, lambda: "token")


def watch(node: DistributingNode, until: Callable[[], bool]) -> bool:
    """Has it work until something holds; whether it came to hold within some seconds."""

    async def work() -> bool:
        working = asyncio.create_task(node.run())
        for _ in range(100):
            if until():
                break
            await asyncio.sleep(0.05)
        working.cancel()
        with suppress(asyncio.CancelledError):
            await working
        return until()

    return asyncio.run(work())


def has_version(node: DistributingNode) -> bool:
    return bool(node.belief().trusted.versions("docs"))


@pytest.fixture
def site(tmp_path: Path) -> TierSite:
    return TierSite(tmp_path)


def test_what_is_published_before_it_works_is_not_missed(site: TierSite) -> None:
    node = node_of(site, site.origin.refresh(LATER))
    site.publish()
    assert watch(node, lambda: has_version(node))


def test_what_is_published_while_it_looks_is_not_missed(
    site: TierSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    node = node_of(site, site.origin.refresh(LATER))
    refresh, looks = Origin.refresh, 0

    def slow(origin: Origin, now: Instant) -> Published:
        nonlocal looks
        found = refresh(origin, now)
        looks += 1
        if looks == 1:
            site.publish()
        return found

    monkeypatch.setattr(Origin, "refresh", slow)
    site.origin.ask_refresh()
    assert watch(node, lambda: has_version(node))


def test_a_refresh_asked_for_before_it_works_is_made(site: TierSite) -> None:
    node = node_of(site, site.origin.refresh(LATER))
    site.origin.ask_refresh()
    before = node._published
    assert watch(node, lambda: node._published is not before)


def test_what_it_publishes_itself_is_no_news_to_it(site: TierSite) -> None:
    site.publish()
    found = site.origin.refresh(Instant(LATER + 90 * 86_400))
    assert found.changed
    assert found.changes == site.origin.changes()
    again = site.origin.refresh(Instant(LATER + 90 * 86_400))
    assert not again.changed
    assert again.changes == found.changes


def test_what_is_asked_of_a_channel_is_news(site: TierSite) -> None:
    before = site.origin.changes()
    origin = site.origin
    send_now(origin.site, origin.settings, site.store, "night", "me", LATER)
    assert origin.changes() == before + 1


def test_a_refresh_that_fails_leaves_all_as_it_was_and_is_told(
    site: TierSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.publish()
    node = node_of(site, site.origin.refresh(LATER))
    before = node.belief()
    realm = site.origin.realm()
    path = site.origin.site.root / "objects.toml"
    grid = '"south"]\nrate_grid = ["Mon-Sun 01:00-02:00 1MiB"]'
    path.write_text(OBJECTS.replace('"south"]', grid))
    apply_objects(site.store, read_objects([path]), LATER, prune=True, dry_run=False)
    # What an older program wrote, and this one does not read.
    monkeypatch.setitem(KINDS["channel"], "rate_grid", _unreadable)
    site.origin.ask_refresh()
    told: list[str] = []

    def is_told() -> bool:
        found = site.store.read(lambda tx: tx.notices.newest(10))
        told[:] = [one.text for one in found if one.what == "refresh_failed"]
        return bool(told)

    assert watch(node, is_told)
    assert "the earlier configuration stays" in told[0]
    assert (node.belief(), site.origin.realm()) == (before, realm)


def _unreadable(value: object) -> object:
    raise InvalidInput("it is of a kind that is not known any more", part="rate_grid")

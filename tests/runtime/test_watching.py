"""A distributor at work hears of everything that other processes publish, whenever they do."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from tests.runtime.tier_site import NOW, TierSite

from horarium.kernel.instant import Instant
from horarium.runtime.clock import FixedClock
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

"""What a node believes is brought up to date without taking back what it has just learnt."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, cast

import pytest
from tests.office import Office
from tests.runtime.tier_site import NOW, TierSite

from horarium.distribution.messages import Stand
from horarium.kernel.errors import Unavailable
from horarium.runtime.tiers.belief import Belief, keep_belief, load_belief
from horarium.runtime.tiers.believing import AGAIN_SECONDS, REFRESH_SECONDS, Believing
from horarium.testing import ManualClock
from horarium.transport.link import End
from horarium.transport.link_client import LinkClient


class Above:
    """A distributor, as far as metadata are asked of it."""

    end = End("hq", "")

    def __init__(self, belief: Belief) -> None:
        self.belief = belief
        self.asked: list[str] = []
        self.lost: set[str] = set()

    async def metadata(self, name: str, most: int) -> bytes | None:
        self.asked.append(name)
        await asyncio.sleep(0)
        if name in self.lost:
            raise Unavailable("the line is cut")
        data = self.belief.octets(name)
        assert data is None or len(data) <= most
        return data


class North:
    """A node with others below it, which has joined and heard nothing yet."""

    def __init__(self, folder: Path) -> None:
        site = TierSite(folder)
        believed = load_belief(site.store)
        assert believed is not None
        self.above = Above(believed)
        self.store = Office().store
        self.clock = ManualClock(NOW)
        self.adopted = 0
        joined = Belief(believed.trusted)
        keep_belief(self.store, None, joined, NOW)
        self.believing = Believing("north", self.store, self.clock, self._do, joined, self._adopt)

    async def _do(self, work: Callable[[], None]) -> None:
        for _ in range(3):
            await asyncio.sleep(0)
        work()

    def _adopt(self) -> None:
        self.adopted += 1

    @property
    def client(self) -> LinkClient:
        return cast(LinkClient, self.above)

    def number(self, name: str) -> int:
        """The number of the configuration of a node that counts."""
        return self.above.belief.number(f"node/{name}")

    def given(self, name: str, number: int | None) -> Coroutine[Any, Any, bytes | None]:
        return self.believing.given(self.client, f"statement/node/{name}", number)


@pytest.fixture
def north(tmp_path: Path) -> North:
    return North(tmp_path)


def test_children_that_ask_at_once_are_all_told_and_all_kept(north: North) -> None:
    names = ("north", "oslo", "south")

    async def ask() -> list[bytes | None]:
        refreshing = asyncio.create_task(north.believing.refresh(north.client))
        found = await asyncio.gather(*(north.given(name, north.number(name)) for name in names))
        await refreshing
        return found

    found = asyncio.run(ask())
    assert found == [north.above.belief.octets(f"statement/node/{name}") for name in names]
    for belief in (north.believing.belief, load_belief(north.store)):
        assert belief is not None
        assert [belief.number(f"node/{name}") for name in names] == list(map(north.number, names))
        assert belief.authority == north.above.belief.authority


def test_a_configuration_that_is_here_is_not_asked_for_above(north: North) -> None:
    async def ask() -> None:
        assert await north.given("oslo", north.number("oslo"))
        before = len(north.above.asked)
        assert await north.given("oslo", north.number("oslo"))
        assert await north.believing.given(north.client, "timestamp", None)
        assert await north.believing.given(north.client, "statement/release/docs", None) is None
        assert len(north.above.asked) == before
        assert await north.given("oslo", north.number("oslo") + 1)
        assert len(north.above.asked) == before + 1

    asyncio.run(ask())


def test_what_is_passed_on_to_nodes_further_below_is_not_kept(north: North) -> None:
    found = asyncio.run(north.given("oslo", None))
    assert found == north.above.belief.octets("statement/node/oslo")
    assert north.believing.belief.number("node/oslo") == 0


def test_while_nobody_is_above_what_is_held_is_given(north: North) -> None:
    held = asyncio.run(north.given("oslo", north.number("oslo")))
    north.above.lost.add("statement/node/oslo")
    assert held is not None
    assert asyncio.run(north.given("oslo", north.number("oslo") + 1)) == held
    north.above.lost.add("statement/node/south")
    assert asyncio.run(north.given("south", north.number("south"))) is None


def test_who_was_told_of_something_and_did_not_get_it_asks_again_soon(north: North) -> None:
    timestamp = north.above.belief.trusted.timestamp
    assert timestamp is not None
    revoked = north.above.belief.number("revoked/realm")
    stand = Stand(timestamp.version, north.number("north"), {}, revoked)
    whole = north.above.belief
    stated = {k: v for k, v in whole.stated.items() if k != "node/north"}

    async def go() -> None:
        north.above.belief = Belief(whole.trusted, whole.statements, stated)
        await north.believing.stands(north.client, stand)
        assert north.believing.belief.number("node/north") == 0
        north.above.belief = whole
        looking = asyncio.create_task(north.believing.look_again(lambda: north.client))
        await asyncio.sleep(0)
        # A link that is down now ends nothing.
        north.above.lost.add("timestamp")
        north.clock.advance(AGAIN_SECONDS)
        for _ in range(100):
            await asyncio.sleep(0)
        assert not looking.done()
        north.above.lost.clear()
        north.clock.advance(AGAIN_SECONDS)
        for _ in range(100):
            await asyncio.sleep(0)
        north.clock.advance(AGAIN_SECONDS)
        for _ in range(100):
            await asyncio.sleep(0)
        assert north.believing.belief.number("node/north") == north.number("north")
        # Up to date, it looks seldom.
        asked = len(north.above.asked)
        for _ in range(int(REFRESH_SECONDS / AGAIN_SECONDS) - 1):
            north.clock.advance(AGAIN_SECONDS)
            for _ in range(20):
                await asyncio.sleep(0)
        assert len(north.above.asked) == asked
        north.clock.advance(AGAIN_SECONDS)
        for _ in range(100):
            await asyncio.sleep(0)
        assert len(north.above.asked) > asked
        looking.cancel()

    asyncio.run(go())

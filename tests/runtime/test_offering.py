"""What a node offers to those below: the urgent first, as far as there are slots, while it may."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from horarium.distribution.configuration import Child, Configuration, Follows
from horarium.distribution.content import Blob, blob_of
from horarium.distribution.messages import (
    Answer,
    Lacks,
    Link,
    Response,
    Row,
    Standing,
    message_document,
)
from horarium.distribution.needing import Need
from horarium.distribution.records import Document
from horarium.kernel.instant import Instant, parse_instant
from horarium.runtime.tiers.children import Permission
from horarium.runtime.tiers.sending import Sender
from horarium.testing import ManualClock
from horarium.transport.content import ContentStore
from horarium.transport.link import Refused

NOW = parse_instant("2026-11-21T08:00:00Z")
PRIORITIES = {"urgent": "high", "docs": "medium", "later": "low"}


class _Trusted:
    timestamp = None

    def definition(self, name: str) -> Document:
        return {"priority": PRIORITIES[name]}


class _Belief:
    trusted = _Trusted()
    revoked: frozenset[str] = frozenset()

    def number(self, label: str) -> int:
        return 0

    def octets(self, name: str) -> bytes | None:
        return None


@dataclass
class Around:
    """A node around the sender, whose answers tests set."""

    children: Sequence[str] = ("a", "b")
    settings: Mapping[str, object] = field(default_factory=dict)
    answer: Permission = field(default_factory=Permission)
    channel_rate: int | None = None

    def belief(self) -> Any:
        return _Belief()

    def configuration(self) -> Configuration:
        follows = {name: Follows(True) for name in PRIORITIES}
        children = {name: Child(name, 1, follows) for name in self.children}
        return Configuration("hq", "r", settings=self.settings, children=children)

    def known(self, asked: Need) -> Need | None:
        return asked

    def permission(self, child: str, need: Need, now: Instant) -> Permission:
        return self.answer

    def rate(self, child: str, need: Need, now: Instant) -> int | None:
        return self.channel_rate

    async def fetched(self, name: str) -> bytes | None:
        return None

    async def forwarded(self, what: str, asked: Document) -> Document:
        return {}

    def heard(self, child: str, rows: Sequence[Row]) -> None: ...

    def linked_below(self, child: str, links: Sequence[Link]) -> None: ...

    def lacks_changed(self) -> None: ...


class Parent:
    """A sender and what its children are told."""

    def __init__(self, folder: Path, around: Around) -> None:
        self.clock = ManualClock(NOW)
        self.contents = ContentStore(folder)
        self.around = around
        tokens = count()
        self.sender = Sender(around, self.clock, self.contents, {}, lambda: f"grant-{next(tokens)}")
        self.taken = dict.fromkeys(around.children, 0)

    def content(self, text: str) -> Blob:
        return self.contents.put([text.encode()])

    def lacks(self, child: str, *needs: Need) -> None:
        names: dict[str, list[Need]] = {}
        for need in needs:
            names.setdefault(need.distribution, []).append(need)
        standing = {name: Standing(tuple(found)) for name, found in names.items()}
        message = message_document(Lacks("w", standing))
        number = next(_numbers)
        asyncio.run(self.sender.outbox(child, "life", number, [message]))

    def step(self) -> None:
        self.sender.step(self.clock.now())

    def told(self, child: str, kind: str) -> list[Document]:
        messages = asyncio.run(self.sender.inbox(child, self.taken[child], 0))
        self.taken[child] = max([number for number, _ in messages], default=self.taken[child])
        return [message for _, message in messages if message["type"] == kind]

    def offers(self, child: str) -> list[tuple[object, object]]:
        return [(one["distribution"], one["version"]) for one in self.told(child, "offer")]


_numbers = count(1)


@pytest.fixture
def parent(tmp_path: Path) -> Parent:
    return Parent(tmp_path, Around())


def needs(parent: Parent) -> dict[str, Need]:
    return {
        f"{name}{version}": Need(name, version, parent.content(f"{name} {version}"))
        for name in PRIORITIES
        for version in (1, 2)
    }


def test_everything_that_is_here_is_offered_the_urgent_and_the_older_first(parent: Parent) -> None:
    found = needs(parent)
    absent = Need("docs", 3, blob_of(b"not here"))
    parent.lacks("a", found["later1"], absent, found["urgent2"], found["docs1"], found["urgent1"])
    parent.step()
    assert parent.offers("a") == [("urgent", 1), ("urgent", 2), ("docs", 1), ("later", 1)]


def test_who_waits_for_a_slot_knows_its_place(parent: Parent) -> None:
    parent.around.settings = {"max_concurrent": 2}
    found = needs(parent)
    parent.lacks("a", found["docs1"], found["later1"])
    parent.lacks("b", found["urgent1"], found["later2"])
    parent.step()
    assert parent.offers("a") == [("docs", 1)]
    assert parent.offers("b") == [("urgent", 1)]
    reasons = {key: one.reason for key, one in parent.sender.waiting.items()}
    assert reasons == {("a", "later", 1): "slot_wait(1)", ("b", "later", 2): "slot_wait(2)"}
    # The first one is done: its slot is free.
    parent.lacks("b", found["later2"])
    parent.step()
    assert parent.offers("a") == [("later", 1)]


def test_who_is_a_child_no_more_is_told_so_while_it_listens(parent: Parent) -> None:
    async def listen() -> None:
        parent.sender.step(parent.clock.now())
        first = [number for number, _ in await parent.sender.inbox("a", 0, 0)]
        listening = asyncio.create_task(parent.sender.inbox("a", max(first), 55))
        await asyncio.sleep(0.01)
        parent.around.children = ("b",)
        parent.sender.tell_stand()
        with pytest.raises(Refused, match="not served here"):
            await asyncio.wait_for(listening, 1)

    asyncio.run(listen())


def test_a_running_transfer_is_ended_for_an_urgent_one_only_where_that_is_wished(
    parent: Parent,
) -> None:
    found = needs(parent)
    parent.around.settings = {"max_concurrent": 1}
    parent.lacks("a", found["later1"])
    parent.step()
    parent.offers("a")
    parent.lacks("b", found["urgent1"])
    parent.step()
    assert parent.offers("b") == []
    parent.around.settings = {"max_concurrent": 1, "preempt": True}
    parent.step()
    assert parent.offers("b") == [("urgent", 1)]
    assert [one["reason"] for one in parent.told("a", "stop")] == ["slot_wait(preempted)"]


def test_a_window_that_closes_voids_what_rests_on_it_and_tells_until_when(parent: Parent) -> None:
    found = needs(parent)
    parent.around.answer = Permission("", Instant(NOW + 60))
    parent.lacks("a", found["docs1"])
    parent.step()
    [offer] = parent.told("a", "offer")
    assert offer["until"] == NOW + 60
    flow = parent.sender.flow("a", found["docs1"].content.digest, str(offer["grant"]))
    assert asyncio.run(flow.piece(0, 100)) == b"docs 1"
    parent.around.answer = Permission("window_closed", Instant(NOW + 600))
    parent.step()
    [stop] = parent.told("a", "stop")
    assert (stop["reason"], stop["until"]) == ("window_closed", NOW + 600)
    assert asyncio.run(flow.piece(0, 100)) == b""
    flow.end(6)
    with pytest.raises(Refused) as refused:
        parent.sender.flow("a", found["docs1"].content.digest, str(offer["grant"]))
    assert (refused.value.status, refused.value.kind) == (403, "grant-void")


def test_a_grant_is_for_one_child_and_one_content(parent: Parent) -> None:
    found = needs(parent)
    parent.lacks("a", found["docs1"])
    parent.step()
    [offer] = parent.told("a", "offer")
    grant, digest = str(offer["grant"]), found["docs1"].content.digest
    with pytest.raises(Refused) as foreign:
        parent.sender.flow("b", digest, grant)
    assert foreign.value.status == 403
    with pytest.raises(Refused) as other:
        parent.sender.flow("a", found["docs2"].content.digest, grant)
    assert other.value.status == 404
    with pytest.raises(Refused) as stranger:
        parent.sender.flow("nobody", digest, grant)
    assert stranger.value.status == 404


def test_nothing_is_offered_to_who_has_been_silent(parent: Parent) -> None:
    found = needs(parent)
    parent.lacks("a", found["docs1"])
    parent.clock.advance(120)
    parent.step()
    assert parent.sender.served == set()
    parent.lacks("a", found["docs1"])
    parent.step()
    assert parent.sender.served == {"a"}


def test_who_listens_is_heard_of_for_as_long_as_it_does(parent: Parent) -> None:
    async def listen() -> None:
        await parent.sender.inbox("a", 0, 0)
        listening = asyncio.create_task(parent.sender.inbox("a", 1 << 60, 55))
        await asyncio.sleep(0.01)
        parent.clock.advance(120)
        assert parent.sender.silent("a") == 0
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
        assert parent.sender.silent("a") == 120

    asyncio.run(listen())


def test_a_rate_that_changes_holds_for_what_flows_already(parent: Parent) -> None:
    need = Need("docs", 1, parent.content("x" * 2_000_000))
    parent.lacks("a", need)
    parent.step()
    [offer] = parent.told("a", "offer")
    flow = parent.sender.flow("a", need.content.digest, str(offer["grant"]))

    def seconds(offset: int) -> float:
        """How long it is until a piece of 100,000 octets may go."""
        before = parent.clock.monotonic()

        async def ask() -> bytes | bytearray:
            piece = asyncio.ensure_future(flow.piece(offset, 100_000))
            while not piece.done():
                await asyncio.sleep(0)
                if parent.clock.sleeping:
                    parent.clock.advance(0.05)
            return piece.result()

        octets = len(asyncio.run(ask()))
        return (parent.clock.monotonic() - before) / octets * 100_000

    assert seconds(0) == 0
    parent.around.channel_rate = 100_000
    parent.step()
    seconds(100_000)
    assert 0.7 < seconds(200_000) < 1.6
    parent.around.channel_rate = 1_000_000
    parent.around.settings = {"output_rate.medium": 50_000}
    parent.step()
    seconds(300_000)
    assert 1.5 < seconds(400_000) < 2.6
    parent.around.channel_rate, parent.around.settings = None, {}
    parent.step()
    assert seconds(500_000) == 0
    flow.end(600_000)


def test_whoever_begins_anew_is_offered_anew(parent: Parent) -> None:
    found = needs(parent)
    parent.lacks("a", found["docs1"])
    parent.step()
    assert parent.offers("a") == [("docs", 1)]
    standing = {"docs": Standing((found["docs1"],))}
    message = message_document(Lacks("w", standing))
    asyncio.run(parent.sender.outbox("a", "another life", 1, [message]))
    parent.step()
    assert parent.offers("a") == [("docs", 1)]


def test_messages_said_twice_count_once(parent: Parent) -> None:
    found = needs(parent)
    message = message_document(Lacks("w", {"docs": Standing((found["docs1"],))}))
    empty = message_document(Lacks("w", {}))
    asyncio.run(parent.sender.outbox("a", "life", 5, [message]))
    asyncio.run(parent.sender.outbox("a", "life", 5, [empty]))
    asyncio.run(parent.sender.outbox("a", "life", 4, [empty]))
    assert [need.version for need in parent.sender.lacked()["docs"].needs] == [1]
    assert replace(found["docs1"]) == parent.sender.lacked()["docs"].needs[0]


def test_what_is_held_back_or_refused_or_about_others_is_not_waited_for(parent: Parent) -> None:
    found = needs(parent)
    about = {("a", "docs"), ("b", "docs")}
    walk = parent.sender.walk()
    parent.lacks("a", found["docs1"])
    assert not parent.sender.is_settled(walk, about)
    # Of a child, or of a distribution, that is not what it is about.
    assert parent.sender.is_settled(walk, {("b", "docs"), ("a", "later")})
    for reason in ("ring_waits", "window_closed", "link_reserved"):
        parent.around.answer = Permission(reason)
        assert parent.sender.is_settled(walk, about)
    parent.around.answer = Permission("slot_wait(2)")
    assert not parent.sender.is_settled(walk, about)
    # On its way.
    parent.around.answer = Permission()
    parent.step()
    [offer] = parent.told("a", "offer")
    assert not parent.sender.is_settled(walk, about)
    answer = message_document(Response(str(offer["grant"]), Answer.REFUSE, 0, "space"))
    asyncio.run(parent.sender.outbox("a", "life", next(_numbers), [answer]))
    assert parent.sender.is_settled(walk, about)

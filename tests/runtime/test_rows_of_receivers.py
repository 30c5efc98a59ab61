"""The rows that a distributor keeps of its receivers stay true: who left, who came back, what gives
way to a newer version, and what nobody may say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tests.distribution.realms import FILES, small
from tests.distribution.way import Way

from horarium.distribution.messages import Row
from horarium.distribution.realm import Realm
from horarium.distribution.release import Release
from horarium.distribution.states import State, may_be_told
from horarium.distribution.tree import tree_of
from horarium.distribution.version import Version
from horarium.kernel.instant import Instant, parse_instant
from horarium.runtime.site import Site
from horarium.runtime.tiers.expecting import expect_receivers
from horarium.runtime.tiers.hearing import Hearing
from horarium.store.embedded import EmbeddedEngine
from horarium.store.nodes import Node
from horarium.store.store import Store

NOW = parse_instant("2026-03-02T12:00:00Z")
BUILT = "2026-03-02T11:00:00Z"
KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)


@pytest.fixture
def way(tmp_path: Path) -> Way:
    site = Site(tmp_path)
    site.state.mkdir(mode=0o700)
    engine = EmbeddedEngine(site.database)
    engine.migrate(NOW)
    made = Way(Store(engine))
    public = KEY.public_key().public_bytes_raw()
    node = Node("s1", "serial", public, NOW, Instant(NOW + 86_400))
    made.store.transact([], lambda tx: tx.nodes.put(node))
    return made


def realm_of(*subscribers: str, sequential: bool = True, rings: object = None) -> Realm:
    keys: dict[str, object] = {"distributions": ["intranet"], "subscribers": list(subscribers)}
    if rings is not None:
        keys["rings"] = rings
    return small(
        distribution={"intranet": {**FILES, "sequential": sequential}},
        channel={"night": keys},
        subscriber={name: {} for name in ("s1", "s2", "s3")},
        subscriber_group={"canaries": {"members": ["s1"]}},
    )


def refresh(
    way: Way, realm: Realm, versions: Sequence[Version], releases: Sequence[Release] = ()
) -> None:
    trees = {name: tree_of(realm, name) for name in realm.distributions}
    kept = {"intranet": list(versions)}
    way.store.transact(
        [], lambda tx: expect_receivers(tx, realm, trees, kept, releases, NOW)
    )  # fmt: skip


def rows(way: Way, number: int) -> dict[str, tuple[str, str]]:
    found = way.store.read(lambda tx: tx.versions.rows("intranet", number))
    return {row.subscriber: (row.state, row.reason) for row in found}


def test_everybody_expected_has_a_row_and_who_joins_later_gets_one(way: Way) -> None:
    version = way.version(1, BUILT)
    refresh(way, realm_of("s1"), [version])
    assert rows(way, 1) == {"s1": ("pending", "")}
    refresh(way, realm_of("s1", "s2"), [version])
    assert rows(way, 1) == {"s1": ("pending", ""), "s2": ("pending", "")}


@pytest.mark.parametrize(
    ("state", "after"),
    [("extracted", "extracted"), ("received", "received"), ("receiving", "pending"),
     ("pending", "pending")],
)  # fmt: skip
def test_who_leaves_is_unsubscribed_and_who_comes_back_is_where_it_was(
    way: Way, state: str, after: str
) -> None:
    version = way.version(1, BUILT, "s1", "s2")
    way.told(1, "s1", state, BUILT)
    refresh(way, realm_of("s2"), [version])
    assert rows(way, 1)["s1"] == ("unsubscribed", f"was {state}")
    refresh(way, realm_of("s2"), [version])
    assert rows(way, 1)["s1"] == ("unsubscribed", f"was {state}")
    refresh(way, realm_of("s1", "s2"), [version])
    assert rows(way, 1)["s1"] == (after, "")
    assert rows(way, 1)["s2"] == ("pending", "")


def test_an_older_version_gives_way_to_a_newer_one_where_they_need_not_follow_each_other(
    way: Way,
) -> None:
    versions = [way.version(1, BUILT, "s1", "s2", "s3"), way.version(2, BUILT)]
    way.told(1, "s2", "receiving", BUILT)
    way.told(1, "s3", "extracted", BUILT)
    refresh(way, realm_of("s1", "s2", "s3", sequential=False), versions)
    assert rows(way, 1) == {
        "s1": ("superseded", "2"), "s2": ("superseded", "2"), "s3": ("extracted", "")
    }  # fmt: skip
    assert {state for state, _ in rows(way, 2).values()} == {"pending"}


def test_sequential_versions_are_all_awaited(way: Way) -> None:
    versions = [way.version(1, BUILT, "s1"), way.version(2, BUILT, "s1")]
    refresh(way, realm_of("s1"), versions)
    assert rows(way, 1)["s1"] == ("pending", "")


def test_a_version_that_is_held_back_by_rings_supersedes_nothing_behind_them(way: Way) -> None:
    versions = [way.version(1, BUILT, "s1", "s2"), way.version(2, BUILT)]
    rings = [{"group": "canaries", "soak": "1d"}]
    release = Release("intranet", {"night": {1: 2, 2: 1}})
    refresh(way, realm_of("s1", "s2", sequential=False, rings=rings), versions, [release])
    assert rows(way, 1) == {"s1": ("superseded", "2"), "s2": ("pending", "")}


# --- what is told -------------------------------------------------------------------


def told(state: State, order: int = 9, *, signed: bool = True, number: int = 1) -> Row:
    row = Row("s1", "intranet", number, state.value, NOW, order, "", 100, 5)
    return replace(row, signature=KEY.sign(row.signed_text()).hex()) if signed else row


def noticed(way: Way) -> list[tuple[str, str]]:
    found = way.store.read(lambda tx: tx.notices.newest(10))
    return [(one.what, one.about) for one in found]


@pytest.mark.parametrize("before", list(State))
@pytest.mark.parametrize("after", list(State))
def test_an_impossible_step_keeps_the_row_and_alarms(way: Way, before: State, after: State) -> None:
    way.version(1, BUILT, "s1")
    way.told(1, "s1", before.value, BUILT)
    Hearing(way.store).hear("s1", [told(after)], {"s1"}, NOW)
    over = before in (State.SUPERSEDED, State.UNSUBSCRIBED)
    taken = may_be_told(before, after) and not over
    assert rows(way, 1)["s1"][0] == (after if taken else before).value
    alarms = [what for what, _ in noticed(way) if what == "impossible_step"]
    assert len(alarms) == (0 if taken or over else 1)


def test_a_row_told_late_changes_nothing(way: Way) -> None:
    way.version(1, BUILT, "s1")
    way.told(1, "s1", "receiving", BUILT)
    Hearing(way.store).hear("s1", [told(State.RECEIVED, order=1)], {"s1"}, NOW)
    assert rows(way, 1)["s1"][0] == "receiving"
    assert noticed(way) == []


def test_receipts_of_others_and_rows_of_strangers_are_refused_and_noticed_once(way: Way) -> None:
    way.version(1, BUILT, "s1")
    hearing = Hearing(way.store)
    for _ in range(3):
        hearing.hear("s1", [told(State.EXTRACTED, signed=False)], {"s1"}, NOW)
        hearing.hear("s2", [told(State.EXTRACTED)], {"s2"}, NOW)
    assert rows(way, 1)["s1"][0] == "pending"
    assert sorted(noticed(way)) == [
        ("refused_receipt", "intranet 1 at s1"), ("refused_row", "s1"),
    ]  # fmt: skip


def test_each_step_is_noted_once_and_a_failure_noticed(way: Way) -> None:
    way.version(1, BUILT, "s1")
    hearing = Hearing(way.store)
    steps = [State.RECEIVING, State.RECEIVING, State.RECEIVED, State.EXTRACT_FAILED]
    for order, state in enumerate(steps, start=1):
        hearing.hear("s1", [told(state, order)], {"s1"}, NOW)
    passed = way.store.read(lambda tx: tx.versions.passages("intranet", Instant(0), NOW + 1))
    assert [one.what for one in passed] == ["receiving", "received", "extract_failed"]
    assert noticed(way) == [("extract_failed", "intranet 1 at s1")]


def test_who_has_a_version_in_use_waits_for_no_earlier_one(way: Way) -> None:
    way.version(1, BUILT, "s1")
    way.version(2, BUILT, "s1")
    Hearing(way.store).hear("s1", [told(State.EXTRACTED, number=2)], {"s1"}, NOW)
    assert rows(way, 1)["s1"] == ("superseded", "2")


def test_who_is_back_after_a_silence_is_noticed(way: Way) -> None:
    hearing = Hearing(way.store)
    hearing.met({"s1": 0.0, "unknown": 0.0}, 300, Instant(NOW + 100))
    assert noticed(way) == []
    hearing.met({"s1": 3.0}, 300, Instant(NOW + 10_000))
    assert noticed(way) == [("node_back", "s1")]
    [node] = way.store.read(lambda tx: tx.nodes.all())
    assert node.seen == NOW + 9_997

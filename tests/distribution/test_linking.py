"""To whom nodes are linked: why one left its parent, what is news, what the realm says to it."""

from __future__ import annotations

import pytest

from horarium.distribution.linking import Lost, gone_over, is_newer, why_left
from horarium.distribution.messages import Link, Links, message_document, read_upward
from horarium.distribution.tree import ORIGIN, tree_of
from horarium.kernel.instant import parse_instant
from tests.distribution.realms import small

NOW = parse_instant("2026-03-02T12:00:00Z")
LOST = Lost(NOW, "nobody answers")


def link(parent: str, order: int = 1) -> Link:
    return Link("s1", parent, NOW, order, "why")


@pytest.mark.parametrize(
    ("before", "lost", "why"),
    [
        ("p1", LOST, "p1 not reached since 2026-03-02T12:00:00Z: nobody answers"),
        ("p2", None, "p1 is reached again"),
        ("p9", LOST, "p9 is none of its parents any more"),
    ],
)
def test_a_node_says_why_it_left_its_parent(before: str, lost: Lost | None, why: str) -> None:
    assert why_left(before, "p2" if before == "p1" else "p1", ["p1", "p2"], lost) == why


def test_only_who_ever_left_the_first_of_its_parents_is_kept_and_never_by_old_news() -> None:
    assert not is_newer(None, link("p1"), "p1")
    assert is_newer(None, link("p2"), "p1")
    assert is_newer(link("p2", 1), link("p1", 2), "p1")
    assert not is_newer(link("p1", 2), link("p2", 1), "p1")


def test_the_tree_is_as_nodes_are_linked_while_the_realm_allows_it() -> None:
    subscribers = {"s1": {"parents": ["p1", "p2"]}, "p1": {}, "p2": {}}
    realm = small(subscriber=subscribers)
    using = gone_over(realm, {"s1": link("p2"), "gone": link("p2")})
    assert tree_of(realm, "intranet", using).parents == {"p2": ORIGIN, "s1": "p2"}
    assert gone_over(realm, {"s1": link(ORIGIN)}) == {"s1": ORIGIN}
    assert gone_over(realm, {"s1": link("p3")}) == {}


def test_links_come_as_they_were_told() -> None:
    told = Links((link("p2"),))
    assert read_upward(message_document(told)) == told

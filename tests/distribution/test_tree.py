"""Who is to get a distribution, and over whom it reaches them."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from horarium.distribution.tree import DEEPEST, ORIGIN, entries_of, expected, route, tree_of
from horarium.kernel.errors import InvalidInput

from .realms import FILES, Keys, realm, small


def test_a_subscription_may_stand_on_either_side_and_counts_once() -> None:
    found = realm(
        distributor={"hq": {}},
        distribution={"d": FILES},
        subscriber={"s1": {"channels": ["c"]}, "s2": {}, "s3": {}, "s4": {}, "s5": {}},
        subscriber_group={"g": {"members": ["s3", "s1"], "channels": ["c"]},
                          "h": {"members": ["s4"]}},
        channel={"c": {"distributions": ["d"], "subscribers": ["s1", "s2", "@h"]}},
    )  # fmt: skip
    assert list(expected(found, "d")) == ["s1", "s2", "s3", "s4"]


def test_inactive_on_either_side_is_inactive() -> None:
    found = realm(
        distributor={"hq": {}},
        distribution={"d": FILES},
        subscriber={"s1": {}, "s2": {"inactive": ["c"]}, "s3": {}, "lab1": {}},
        subscriber_group={"g": {"members": ["s3", "lab1"], "inactive": ["c"]}},
        channel={
            "c": {"distributions": ["d"], "subscribers": ["s1", "s2", "@g", "lab1"],
                  "inactive": ["lab1"]},
        },
    )  # fmt: skip
    assert entries_of(found, found.channels["c"]) == {
        "s1": True, "s2": False, "@g": False, "lab1": False,
    }  # fmt: skip
    assert list(expected(found, "d")) == ["s1"]


def test_each_receiver_has_all_channels_that_make_it_so() -> None:
    keys: Keys = {"distributions": ["intranet"], "subscribers": ["s1"]}
    found = small(channel={"night": keys, "noon": keys, "off": {**keys, "active": False}})
    assert expected(found, "intranet") == {"s1": ("night", "noon")}


def test_a_route_goes_through_the_hierarchy_or_over_parents() -> None:
    found = small(
        distributor={"hq": {"routes": {"p1": "", "p2": "p1", "s1": "p2"}}},
        subscriber={
            "p1": {}, "p2": {"parents": ["elsewhere"]}, "elsewhere": {}, "p3": {"parents": ["p2"]},
            "s1": {"parents": ["elsewhere"]}, "s2": {"parents": ["p2", "p1"]},
            "s3": {"parents": ["p3"]}, "s4": {},
        },
    )  # fmt: skip
    hq = found.distributors["hq"]

    def nodes(name: str, using: dict[str, str] | None = None) -> str:
        return " ".join(hop.node for hop in route(found, hq, name, using))

    assert nodes("s1") == "p1 p2 s1"
    assert nodes("s2") == "p1 p2 s2"
    assert nodes("s3") == "p1 p2 p3 s3"
    assert nodes("s4") == "s4"
    assert nodes("elsewhere") == "elsewhere"
    assert nodes("s2", {"s2": "p1"}) == "p1 s2"
    assert nodes("s2", {"s2": ORIGIN}) == "s2"
    assert [hop.reason for hop in route(found, hq, "s3")] == [
        "the routing hierarchy of hq", "the routing hierarchy of hq",
        "the first of its parents", "the first of its parents",
    ]  # fmt: skip


def test_a_relay_that_is_not_subscribed_only_passes_it_on() -> None:
    found = small(subscriber={"p": {}, "s1": {"parents": ["p"]}})
    tree = tree_of(found, "intranet")
    assert tree.first_tier == ("p",)
    assert tree.forward_only("p")
    assert not tree.forward_only("s1")
    assert (tree.children("p"), tree.path("s1"), tree.first_of("s1")) == (
        ("s1",), ("p", "s1"), "p",
    )  # fmt: skip


def test_one_three_fifteen_seventy_five_parents_and_their_leaves() -> None:
    subscribers: dict[str, Keys] = {}
    leaves = []
    for one in range(3):
        subscribers[f"a{one}"] = {}
        for two in range(5):
            subscribers[f"b{one}-{two}"] = {"parents": [f"a{one}"]}
            for three in range(5):
                parent = f"c{one}-{two}-{three}"
                subscribers[parent] = {"parents": [f"b{one}-{two}"]}
                for leaf in range(50):
                    subscribers[f"{parent}-{leaf}"] = {"parents": [parent]}
                    leaves.append(f"{parent}-{leaf}")
    channel = {"distributions": ["intranet"], "subscribers": leaves}
    tree = tree_of(small(subscriber=subscribers, channel={"night": channel}), "intranet")
    assert len(tree.receivers) == 3750
    assert len(tree.first_tier) == 3
    assert len(tree.parents) == 3 + 15 + 75 + 3750
    assert max(len(tree.children(node)) for node in (ORIGIN, *tree.parents)) == 50
    assert all(len(tree.path(leaf)) == 4 for leaf in leaves)


def test_a_circle_and_a_way_too_deep_are_told() -> None:
    circle = realm(subscriber={"a": {"parents": ["b"]}, "b": {"parents": ["a"]}},
                   distributor={"hq": {}})  # fmt: skip
    with pytest.raises(InvalidInput, match="circle: a > b > a"):
        route(circle, circle.distributors["hq"], "a")
    chain: dict[str, Keys] = {"n0": {}}
    for depth in range(1, DEEPEST + 1):
        chain[f"n{depth}"] = {"parents": [f"n{depth - 1}"]}
    deep = realm(subscriber=chain, distributor={"hq": {}})
    hq = deep.distributors["hq"]
    assert len(route(deep, hq, f"n{DEEPEST - 1}")) == DEEPEST
    with pytest.raises(InvalidInput, match="more than 16 links"):
        route(deep, hq, f"n{DEEPEST}")


@given(st.lists(st.integers(-1, 11), min_size=12, max_size=12))
def test_every_link_of_a_tree_is_used_by_all_behind_it(parents: list[int]) -> None:
    subscribers = {
        f"s{number}": {"parents": [f"s{parent}"]} if parent not in (-1, number) else {}
        for number, parent in enumerate(parents)
    }
    channel = {"distributions": ["intranet"], "subscribers": list(subscribers)}
    tree = tree_of(small(subscriber=subscribers, channel={"night": channel}), "intranet")
    assert set(tree.parents) | set(tree.lost) == set(subscribers)
    for node in tree.parents:
        path = tree.path(node)
        assert path[0] in tree.first_tier
        assert path[-1] == node
        assert all(tree.parents[b] == a for a, b in itertools.pairwise(path))
    assert sorted(tree.below(ORIGIN)) == sorted(tree.parents)

"""Which versions a firing takes, in what order, and when a failed one is tried again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from horarium.distribution.extract_order import Received, extract_order
from horarium.distribution.failing import next_try
from horarium.distribution.realm import Priority
from horarium.kernel.instant import Instant


def received(
    name: str, version: int, base: int, priority: str = "medium", sequential: bool = True
) -> Received:
    return Received(name, version, base, Priority(priority), sequential)


def test_priority_then_name_then_version() -> None:
    items = [
        received("b", 2, 1), received("b", 1, 0), received("a", 1, 0, "low"),
        received("z", 1, 0, "high"), received("c", 3, 2, "high"),
    ]  # fmt: skip
    order = extract_order(items, {"c": 2})
    assert [(item.distribution, item.version) for item in order.run] == [
        ("c", 3), ("z", 1), ("b", 1), ("b", 2), ("a", 1),
    ]  # fmt: skip
    assert order.held == order.superseded == ()


def test_a_hole_holds_only_its_own_distribution() -> None:
    items = [received("a", 2, 1), received("a", 4, 3), received("a", 5, 4), received("b", 1, 0)]
    order = extract_order(items, {"a": 1})
    assert [(item.distribution, item.version) for item in order.run] == [("a", 2), ("b", 1)]
    assert [item.version for item in order.held] == [4, 5]


def test_a_whole_version_ends_a_hole() -> None:
    items = [received("a", 4, 3), received("a", 7, 0), received("a", 8, 7)]
    order = extract_order(items, {"a": 1})
    assert [item.version for item in order.run] == [7, 8]
    assert [(item.version, by) for item, by in order.superseded] == [(4, 8)]


def test_of_what_is_not_sequential_the_newest_is_taken() -> None:
    items = [received("a", n, 0, sequential=False) for n in (3, 5, 4)]
    order = extract_order(items, {"a": 2})
    assert [item.version for item in order.run] == [5]
    assert [(item.version, by) for item, by in order.superseded] == [(3, 5), (4, 5)]


def test_the_newest_needs_what_it_is_built_on() -> None:
    items = [received("a", 3, 2, sequential=False), received("a", 4, 3, sequential=False)]
    assert [item.version for item in extract_order(items, {"a": 2}).run] == [3, 4]
    assert extract_order(items, {"a": 1}).held == tuple(items)


def test_actions_that_remain_come_first() -> None:
    items = [received("a", 2, 1), received("a", 3, 2)]
    order = extract_order(items, {"a": 2}, {"a": 2})
    assert [item.version for item in order.run] == [2, 3]
    loose = [received("a", n, 0, sequential=False) for n in (2, 3)]
    assert [i.version for i in extract_order(loose, {"a": 2}, {"a": 2}).run] == [3]
    assert [i.version for i in extract_order(loose[:1], {"a": 2}, {"a": 2}).run] == [2]


@given(
    st.lists(st.tuples(st.integers(1, 9), st.integers(0, 8)), max_size=8),
    st.integers(0, 9),
    st.booleans(),
)
def test_no_version_goes_back_or_stands_on_another_one(
    pairs: list[tuple[int, int]], current: int, sequential: bool
) -> None:
    items = [received("a", v, b, sequential=sequential) for v, b in pairs]
    order = extract_order(items, {"a": current})
    at = current
    for item in order.run:
        assert item.version > at
        assert item.base in (0, at)
        at = item.version
    told = [*order.run, *order.held, *(item for item, _ in order.superseded)]
    assert sorted(map(repr, told)) == sorted(map(repr, items))


@pytest.mark.parametrize(
    ("failures", "after"), [(1, 60), (2, 120), (3, 240), (4, None), (5, None), (99, None)]
)
def test_a_failed_version_is_tried_again_and_then_waits(failures: int, after: int | None) -> None:
    now = Instant(1_000)
    assert next_try(failures, 3, now) == (None if after is None else now + after)


def test_more_tries_wait_as_long_as_the_last() -> None:
    assert next_try(7, 10, Instant(0)) == 240
    assert next_try(1, 0, Instant(0)) is None

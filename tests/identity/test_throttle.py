"""How long the next try at signing in waits."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from horarium.identity.throttle import (
    counter_of,
    name_waits_until,
    source_network,
    source_waits_until,
)
from horarium.kernel.errors import InvalidInput
from horarium.kernel.instant import Instant


def waits(failures: list[int], now: int) -> Instant | None:
    return name_waits_until([Instant(at) for at in failures], Instant(now))


def test_the_tenth_failure_waits_until_the_first_has_left_the_window() -> None:
    failures = [0, 1, 2, 3, 4]
    assert [waits(failures[:n], n) for n in range(5)] == [None] * 5
    assert waits(failures, 4) == 5
    for at in (5, 7, 11, 19, 35):
        assert waits(failures, at - 1) is not None, f"refused at {at - 1}"
        assert waits(failures, at) is None, f"looked at {at}"
        failures.append(at)
    assert len(failures) == 10
    assert [waits(failures, now) for now in (36, 51, 899)] == [900, 900, 900]
    assert waits(failures, 900) is None


@pytest.mark.parametrize(("number", "wait"), [(5, 1), (6, 2), (7, 4), (8, 8), (9, 16)])
def test_each_failure_doubles_the_wait(number: int, wait: int) -> None:
    assert waits([100] * number, 100) == 100 + wait
    assert waits([100] * number, 100 + wait) is None


def test_what_is_15_minutes_ago_counts_no_more() -> None:
    assert waits([0] * 9, 5) == 16
    assert waits([0] * 20, 899) == 900
    assert waits([0] * 20, 900) is None


def test_the_last_of_many_waits_at_least_its_seconds() -> None:
    assert waits([0, *[890] * 9], 891) == 906


@given(st.lists(st.integers(0, 5000), max_size=40), st.integers(0, 5000))
def test_every_wait_ends_by_itself(failures: list[int], now: int) -> None:
    """Also when the clock was set back: nobody is locked out for good."""
    until = waits(failures, now)
    assert until is None or now < until <= now + 900
    seen = [at for at in failures if abs(at - now) < 900]
    assert waits(seen, now) == until
    assert waits(seen, now + 1800) is None


def test_a_source_may_fail_fifty_times() -> None:
    assert source_waits_until([Instant(0)] * 49, Instant(1)) is None
    assert source_waits_until([Instant(0)] * 50, Instant(1)) == 900
    assert source_waits_until([Instant(0), *[Instant(7)] * 50], Instant(8)) == 907
    assert source_waits_until([Instant(0)] * 50, Instant(900)) is None


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
    ],
)
def test_sources(address: str, network: str) -> None:
    assert source_network(address) == network


def test_what_is_no_address() -> None:
    with pytest.raises(InvalidInput, match=r"^source: expected an IP address"):
        source_network("calendar.example.com")


def test_counters_do_not_tell_the_name() -> None:
    one = counter_of("name", "paul", b"key")
    assert "paul" not in one
    assert len({one, counter_of("name", "paul", b"yek"), counter_of("source", "paul", b"key"),
                counter_of("name", "eva", b"key")}) == 4  # fmt: skip

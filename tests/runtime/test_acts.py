"""What distribution does by schedule: each moment once, across restarts, and on signals."""

from __future__ import annotations

import pytest
from tests.distribution.realms import FILES, at, small
from tests.office import Office

from horarium.distribution.precedence import written_schedule
from horarium.distribution.schedules import Act, Given, signal_of
from horarium.distribution.timing import timetable_for
from horarium.kernel.instant import Instant
from horarium.kernel.timetable import Timetable
from horarium.runtime.tiers.acts import Acts, Planned
from horarium.store.store import Store

START = at("2026-01-15T08:00Z")
NAME = "distribution:intranet/build"


@pytest.fixture
def store() -> Store:
    return Office().store


def acts(store: Store, build: str, now: Instant) -> Acts:
    """The acts of a process that begins now."""
    realm = small(distribution={"intranet": {**FILES, "build": build}})

    def read(given: Given) -> Timetable:
        return timetable_for(realm, Act.BUILD, "intranet", given)

    found = Acts(store)
    found.recover()
    written = written_schedule(realm, Act.BUILD, "intranet")
    found.plan({NAME: Planned(written, read, signal_of(Act.BUILD, written))}, now)
    return found


def begun(found: Acts, now: Instant) -> list[Instant]:
    return [firing.due for firing in found.look(now)[0]]


DAILY = "daily start 10:00"
TEN = at("2026-01-15T09:00Z")
"""Ten o'clock in Berlin."""


def test_a_moment_is_begun_once(store: Store) -> None:
    found = acts(store, DAILY, START)
    firings, following = found.look(START)
    assert (firings, following) == ([], TEN)
    assert begun(found, TEN) == [TEN]
    assert begun(found, Instant(TEN + 1)) == []
    found.ended(NAME, Instant(TEN + 5))
    assert found.look(Instant(TEN + 10)) == ([], Instant(TEN + 86_400))


def test_a_restart_neither_repeats_a_moment_nor_loses_one(store: Store) -> None:
    found = acts(store, DAILY, START)
    begun(found, START)
    later = Instant(TEN + 1)
    again = acts(store, DAILY, later)
    assert begun(again, later) == [TEN]
    again.ended(NAME, later)
    third = acts(store, DAILY, Instant(later + 1))
    assert begun(third, Instant(later + 1)) == []


def test_what_was_begun_and_not_ended_is_begun_again(store: Store) -> None:
    assert begun(acts(store, DAILY, START), TEN) == [TEN]
    again = acts(store, DAILY, Instant(TEN + 60))
    firings, _ = again.look(Instant(TEN + 60))
    assert [firing.reason for firing in firings] == ["again after a stop"]
    again.ended(NAME, Instant(TEN + 90))
    assert begun(again, Instant(TEN + 91)) == []


def test_another_schedule_counts_from_now(store: Store) -> None:
    found = acts(store, DAILY, START)
    begun(found, START)
    noon = at("2026-01-15T11:30Z")
    other = acts(store, "daily start 14:00", noon)
    # Ten o'clock was a moment of the old one only.
    assert other.look(noon) == ([], at("2026-01-15T13:00Z"))


def test_a_signal_begins_what_waits_for_it(store: Store) -> None:
    found = acts(store, "on refresh", START)
    assert begun(found, START) == []
    found.signal("refresh", Instant(START + 5))
    assert begun(found, Instant(START + 5)) == [Instant(START + 5)]
    found.ended(NAME, Instant(START + 6))
    assert begun(found, Instant(START + 7)) == []
    found.signal("start", Instant(START + 8))
    assert begun(found, Instant(START + 8)) == []


def test_a_signal_in_a_second_that_was_decided_before_is_not_lost(store: Store) -> None:
    found = acts(store, "on refresh", START)
    now = Instant(START + 5)
    assert begun(found, now) == []
    found.signal("refresh", now)
    assert begun(found, now) == [now]


def test_a_second_refresh_in_one_second_counts_for_what_is_repeated_from_it(store: Store) -> None:
    found = acts(store, "immediately every 1h", START)
    found.signal("refresh", START)
    assert begun(found, START) == [START]
    found.ended(NAME, START)
    found.signal("refresh", START)
    assert begun(found, START) == [START]
    found.ended(NAME, START)
    # Another signal is none of its own.
    found.signal("start", START)
    assert begun(found, START) == []

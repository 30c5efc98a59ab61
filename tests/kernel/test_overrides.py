"""Changed and cancelled members of a series."""

from __future__ import annotations

from itertools import islice

import pytest

from horarium.kernel.duration import Duration
from horarium.kernel.errors import InvalidInput, LimitReached
from horarium.kernel.instant import (
    MAX_INSTANT,
    MIN_INSTANT,
    Instant,
    format_instant,
    format_wall,
    parse_instant,
    wall,
)
from horarium.kernel.limits import Limits
from horarium.kernel.recurrence import (
    ExDate,
    Length,
    Occurrence,
    Override,
    RecurrenceSet,
    Source,
)
from horarium.kernel.rule import Rule
from horarium.kernel.zone import named

PARIS = named("Europe/Paris")
HOUR = 3600
EVER = (MIN_INSTANT, MAX_INSTANT)


def at(text: str) -> Instant:
    return parse_instant(text + ":00Z")


def weekly(
    *overrides: Override, text: str = "FREQ=WEEKLY;COUNT=5", **more: object
) -> RecurrenceSet:
    """Give Mondays at ten in Paris from 5 January 2026 on."""
    return RecurrenceSet(
        wall(2026, 1, 5, 10),
        PARIS,
        Length.exact(HOUR),
        Rule.parse(text),
        overrides=overrides,
        **more,  # type: ignore[arg-type]
    )


def moved(original: str, start: str, hours: int = 1, **more: bool) -> Override:
    begin = at(start)
    return Override(at(original), begin, Instant(begin + hours * HOUR), **more)


def starts(series: RecurrenceSet) -> list[str]:
    return [format_instant(o.start)[5:16] for o in series.starting(*EVER)]


def test_an_override_replaces_its_member_and_only_that() -> None:
    series = weekly(moved("2026-01-12T09:00", "2026-01-30T15:00", 2))
    assert starts(series) == [
        "01-05T09:00",
        "01-19T09:00",
        "01-26T09:00",
        "01-30T15:00",
        "02-02T09:00",
    ]
    changed = [o for o in series.starting(*EVER) if o.source is Source.OVERRIDE]
    assert changed == [
        Occurrence(
            at("2026-01-12T09:00"), at("2026-01-30T15:00"), at("2026-01-30T17:00"), Source.OVERRIDE
        )
    ]
    assert series.is_member(at("2026-01-12T09:00"))
    assert not series.is_member(at("2026-01-30T15:00"))
    assert series.before(at("2026-01-30T15:01")) == changed[0]
    assert series.next_after(at("2026-01-26T09:00")) == changed[0]


def test_it_is_found_where_it_went_and_not_where_it_was() -> None:
    series = weekly(moved("2026-01-12T09:00", "2027-06-01T09:00"))
    was, went = at("2026-01-12T09:30"), at("2027-06-01T09:30")
    assert list(series.occurrences(was, Instant(was + 1))) == []
    assert [o.original for o in series.occurrences(went, Instant(went + 1))] == [
        at("2026-01-12T09:00")
    ]
    assert series.count(*EVER) == 5
    last = series.last()
    assert last is not None
    assert last.start == at("2027-06-01T09:00")


def test_it_may_move_before_the_first_member() -> None:
    series = weekly(moved("2026-01-12T09:00", "2025-12-01T09:00"))
    assert starts(series)[0] == "12-01T09:00"
    assert series.before(at("2026-01-05T09:00")) is not None


def test_a_cancelled_member_is_gone() -> None:
    series = weekly(moved("2026-01-12T09:00", "2026-01-12T09:00", cancelled=True))
    assert starts(series) == ["01-05T09:00", "01-19T09:00", "01-26T09:00", "02-02T09:00"]
    assert not series.is_member(at("2026-01-12T09:00"))


def test_an_override_of_no_member_is_dropped_and_listed() -> None:
    stray = moved("2026-01-13T09:00", "2026-01-14T09:00")
    removed = moved("2026-01-12T09:00", "2026-01-15T09:00")
    series = weekly(stray, removed, exdates=(ExDate(at("2026-01-12T09:00")),))
    assert starts(series) == ["01-05T09:00", "01-19T09:00", "01-26T09:00", "02-02T09:00"]
    assert series.notes == (
        f"override_dropped {at('2026-01-12T09:00')}",
        f"override_dropped {at('2026-01-13T09:00')}",
    )


def test_this_and_future_shifts_on_the_wall_clock() -> None:
    series = weekly(
        moved("2026-03-23T09:00", "2026-03-24T10:00", 2, this_and_future=True),
        text="FREQ=WEEKLY;COUNT=14",
    )
    shown = [
        (format_wall(PARIS.to_wall(o.start))[5:16], o.end - o.start) for o in series.starting(*EVER)
    ]
    assert shown[10:] == [
        ("03-16 10:00", HOUR),
        # From ten on Mondays to eleven on Tuesdays, two hours, also in summer.
        ("03-24 11:00", 2 * HOUR),
        ("03-31 11:00", 2 * HOUR),
        ("04-07 11:00", 2 * HOUR),
    ]
    assert series.is_member(at("2026-03-30T08:00"))
    noon = at("2026-03-31T10:30")
    assert [o.original for o in series.occurrences(noon, Instant(noon + 1))] == [
        at("2026-03-30T08:00")
    ]


def test_the_next_this_and_future_takes_over_and_single_overrides_win() -> None:
    series = weekly(
        moved("2026-01-12T09:00", "2026-01-12T10:00", this_and_future=True),
        moved("2026-01-19T09:00", "2026-01-19T20:00"),
        moved("2026-01-26T09:00", "2026-01-25T09:00", this_and_future=True),
    )
    assert starts(series) == [
        "01-05T09:00",
        "01-12T10:00",
        "01-19T20:00",
        "01-25T09:00",
        "02-01T09:00",
    ]


def test_this_and_future_cancelled_truncates() -> None:
    series = weekly(
        moved("2026-01-19T09:00", "2026-01-19T09:00", this_and_future=True, cancelled=True),
        moved("2026-01-26T09:00", "2026-01-26T20:00"),
        text="FREQ=WEEKLY",
    )
    assert starts(series) == ["01-05T09:00", "01-12T09:00"]
    assert not series.endless
    assert not series.is_member(at("2026-01-26T09:00"))
    last = series.last()
    assert last is not None
    assert last.start == at("2026-01-12T09:00")


def test_endless_series_with_this_and_future() -> None:
    series = weekly(
        moved("2026-01-12T09:00", "2026-01-13T09:00", this_and_future=True), text="FREQ=WEEKLY"
    )
    assert series.endless
    far = series.starting(at("2066-01-01T00:00"), MAX_INSTANT)
    for o in islice(far, 5):
        assert o.start - o.original == 86_400


def test_nominal_lengths_stay_nominal() -> None:
    day = 86_400
    series = RecurrenceSet(
        wall(2027, 3, 1),
        PARIS,
        Length.nominal(Duration(days=1)),
        Rule.parse("FREQ=WEEKLY;COUNT=6"),
        overrides=[
            Override(
                PARIS.at(wall(2027, 3, 15)),
                PARIS.at(wall(2027, 3, 14)),
                PARIS.at(wall(2027, 3, 16)),
                this_and_future=True,
            )
        ],
        whole_day=True,
    )
    lengths = [o.end - o.start for o in series.starting(*EVER)]
    # The two days of 28 and 29 March lose the hour of the gap.
    assert lengths == [day, day, 2 * day, 2 * day, 2 * day - HOUR, 2 * day]


def test_bad_overrides() -> None:
    one = moved("2026-01-12T09:00", "2026-01-12T10:00")
    with pytest.raises(InvalidInput):
        weekly(one, one)
    with pytest.raises(InvalidInput):
        weekly(Override(one.original, one.start, Instant(one.start - 1)))
    with pytest.raises(LimitReached):
        weekly(one, moved("2026-01-19T09:00", "2026-01-19T10:00"), limits=Limits(overrides=1))

"""The worked examples of recurrence, row by row."""

from __future__ import annotations

from itertools import islice

import pytest

from horarium.kernel.duration import Duration
from horarium.kernel.instant import (
    MAX_INSTANT,
    MIN_INSTANT,
    Instant,
    Wall,
    format_instant,
    format_wall,
    parse_instant,
    wall,
)
from horarium.kernel.recurrence import (
    Complete,
    DtstartPolicy,
    Length,
    RecurrenceSet,
    Source,
    Unsatisfiable,
)
from horarium.kernel.rule import Rule
from horarium.kernel.zone import Gap, named

PARIS = named("Europe/Paris")
HOUR = Length.exact(3600)


def first(series: RecurrenceSet, n: int) -> list[str]:
    """Give the first starts as clocks in Paris show them."""
    members = islice(series.starting(MIN_INSTANT, MAX_INSTANT), n)
    return [format_wall(PARIS.to_wall(o.start)) for o in members]


SYNCHRONISED = [
    (
        (2026, 1, 30, 17),
        "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
        ["2026-01-30", "2026-02-27", "2026-03-31", "2026-04-30", "2026-05-29"],
    ),
    (
        (2026, 1, 31, 8),
        "FREQ=MONTHLY;BYMONTHDAY=31",
        ["2026-01-31", "2026-03-31", "2026-05-31", "2026-07-31", "2026-08-31"],
    ),
    (
        (2026, 1, 31, 10),
        "FREQ=MONTHLY;BYMONTHDAY=-1",
        ["2026-01-31", "2026-02-28", "2026-03-31"],
    ),
    (
        (2026, 8, 4, 9),
        "FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=MO",
        ["2026-08-04", "2026-08-09", "2026-08-18", "2026-08-23"],
    ),
    (
        (2026, 8, 4, 9),
        "FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=SU",
        ["2026-08-04", "2026-08-16", "2026-08-18", "2026-08-30"],
    ),
]

UNSYNCHRONISED = [
    (
        (2026, 1, 1, 9),
        "FREQ=YEARLY;BYWEEKNO=53;BYDAY=MO",
        ["2026-12-28", "2032-12-27", "2037-12-28"],
    ),
    (
        (2027, 1, 1, 10),
        "FREQ=YEARLY;BYYEARDAY=-1,60",
        ["2027-03-01", "2027-12-31", "2028-02-29", "2028-12-31"],
    ),
    (
        (2026, 1, 1, 0),
        "FREQ=HOURLY;INTERVAL=5;BYHOUR=3",
        ["2026-01-04 03:00", "2026-01-09 03:00", "2026-01-14 03:00"],
    ),
]


@pytest.mark.parametrize(("start", "text", "expected"), SYNCHRONISED)
@pytest.mark.parametrize("policy", DtstartPolicy)
def test_first_members(
    start: tuple[int, ...], text: str, expected: list[str], policy: DtstartPolicy
) -> None:
    series = RecurrenceSet(wall(*start), PARIS, HOUR, Rule.parse(text), dtstart=policy)
    times = [f"{date} {start[3]:02}:00:00" for date in expected]
    assert first(series, len(expected)) == times
    assert series.notes == ()


@pytest.mark.parametrize(("start", "text", "expected"), UNSYNCHRONISED)
def test_first_members_of_a_dtstart_out_of_step(
    start: tuple[int, ...], text: str, expected: list[str]
) -> None:
    times = [(d if ":" in d else f"{d} {start[3]:02}:00") + ":00" for d in expected]
    rule, begin = Rule.parse(text), wall(*start)
    only = RecurrenceSet(begin, PARIS, HOUR, rule, dtstart=DtstartPolicy.RULE_ONLY)
    member = RecurrenceSet(begin, PARIS, HOUR, rule)
    assert first(only, len(times)) == times
    assert first(member, len(times) + 1) == [format_wall(begin), *times]
    assert member.notes == only.notes == ("dtstart_not_in_rule",)


def test_leap_day_birthdays() -> None:
    series = RecurrenceSet(
        wall(2024, 2, 29),
        PARIS,
        Length.nominal(Duration(days=1)),
        Rule.parse("FREQ=YEARLY"),
        whole_day=True,
    )
    assert first(series, 3) == [f"{y}-02-29 00:00:00" for y in (2024, 2028, 2032)]


def test_a_dtstart_out_of_step_counts() -> None:
    rule = Rule.parse("FREQ=WEEKLY;COUNT=3;BYDAY=MO")
    begin = wall(2026, 1, 1, 9)
    member = RecurrenceSet(begin, PARIS, HOUR, rule)
    only = RecurrenceSet(begin, PARIS, HOUR, rule, dtstart=DtstartPolicy.RULE_ONLY)
    assert [t[5:10] for t in first(member, 9)] == ["01-01", "01-05", "01-12"]
    assert [t[5:10] for t in first(only, 9)] == ["01-05", "01-12", "01-19"]


@pytest.mark.parametrize("policy", DtstartPolicy)
def test_a_rule_without_members(policy: DtstartPolicy) -> None:
    rule = Rule.parse("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30")
    series = RecurrenceSet(wall(2026, 1, 1, 9), PARIS, HOUR, rule, dtstart=policy)
    answer = series.query(MIN_INSTANT, MAX_INSTANT)
    assert answer.members == ()
    assert answer.outcome == Unsatisfiable()
    assert series.next_after(MIN_INSTANT) is None
    assert series.last() is None
    assert not series.endless


def test_dtstart_alone_is_always_a_member() -> None:
    for policy in DtstartPolicy:
        series = RecurrenceSet(wall(2026, 1, 1, 9), PARIS, HOUR, dtstart=policy)
        answer = series.query(MIN_INSTANT, MAX_INSTANT)
        assert [o.source for o in answer.members] == [Source.DTSTART]
        assert answer.outcome == Complete()


def instants(text: str, start: tuple[int, ...], a: str, b: str, gap: Gap = Gap.SHIFT) -> list[str]:
    series = RecurrenceSet(wall(*start), PARIS, HOUR, Rule.parse(text), gap=gap)
    return [format_instant(t) for t in series.starts(parse_instant(a), parse_instant(b))]


def test_daily_in_the_gap_is_shifted() -> None:
    found = instants(
        "FREQ=DAILY", (2027, 3, 1, 2, 30), "2027-03-27T12:00:00Z", "2027-03-29T12:00:00Z"
    )
    assert found == ["2027-03-28T01:30:00Z", "2027-03-29T00:30:00Z"]


def test_daily_in_the_gap_is_skipped_when_asked() -> None:
    found = instants(
        "FREQ=DAILY;COUNT=30",
        (2027, 3, 1, 2, 30),
        "2027-03-27T12:00:00Z",
        "2027-05-01T00:00:00Z",
        Gap.SKIP,
    )
    # What is skipped gives its place of COUNT back.
    assert found == ["2027-03-29T00:30:00Z", "2027-03-30T00:30:00Z", "2027-03-31T00:30:00Z"]


def test_daily_in_the_fold_happens_once() -> None:
    found = instants(
        "FREQ=DAILY", (2026, 10, 1, 2, 30), "2026-10-24T12:00:00Z", "2026-10-26T12:00:00Z"
    )
    assert found == ["2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"]


def test_hourly_counts_each_wall_time_once() -> None:
    gap = instants(
        "FREQ=MINUTELY;INTERVAL=30", (2027, 3, 1), "2027-03-28T00:00:00Z", "2027-03-28T03:00:00Z"
    )
    # 02:00 and 02:30 fall on 03:00 and 03:30 and are one with them.
    assert gap == [f"2027-03-28T{h:02}:{m:02}:00Z" for h in range(3) for m in (0, 30)]
    fold = instants("FREQ=HOURLY", (2026, 10, 1), "2026-10-24T22:00:00Z", "2026-10-25T04:00:00Z")
    assert fold == [
        f"2026-10-2{d}T{h:02}:00:00Z" for d, h in ((4, 22), (4, 23), (5, 0), (5, 2), (5, 3))
    ]


def test_shifted_members_stay_in_order() -> None:
    series = RecurrenceSet(
        wall(2027, 3, 28, 0), PARIS, HOUR, Rule.parse("FREQ=MINUTELY;INTERVAL=17;COUNT=30")
    )
    starts = series.starts(MIN_INSTANT, MAX_INSTANT)
    assert starts == sorted(set(starts))
    assert len(starts) == 30
    walls = [wall(2027, 3, 28) + 17 * 60 * k for k in range(30)]
    assert starts == sorted({PARIS.at(Wall(w)) for w in walls})


def test_a_missing_date_shifts_onto_the_next() -> None:
    apia = named("Pacific/Apia")
    series = RecurrenceSet(wall(2011, 12, 28, 2, 30), apia, HOUR, Rule.parse("FREQ=DAILY;COUNT=5"))
    starts = series.starts(MIN_INSTANT, MAX_INSTANT)
    # The 30th, which Apia never had, is one with the 31st.
    assert [format_wall(apia.to_wall(t))[8:10] for t in starts] == ["28", "29", "31", "01"]


def test_length_by_dtend_is_exact_and_by_duration_nominal() -> None:
    rule = Rule.parse("FREQ=DAILY;COUNT=1")
    begin = wall(2027, 3, 27, 12)
    nominal = RecurrenceSet(begin, PARIS, Length.nominal(Duration(days=1)), rule)
    exact = RecurrenceSet(begin, PARIS, Length.exact(86_400), rule)
    (a,), (b,) = (s.query(MIN_INSTANT, MAX_INSTANT).members for s in (nominal, exact))
    assert format_wall(PARIS.to_wall(a.end)) == "2027-03-28 12:00:00"
    assert a.end - a.start == 23 * 3600
    assert format_wall(PARIS.to_wall(b.end)) == "2027-03-28 13:00:00"


def test_members_end_with_the_year_9999() -> None:
    series = RecurrenceSet(wall(9999, 11, 15, 9), PARIS, HOUR, Rule.parse("FREQ=MONTHLY"))
    assert [t[:7] for t in first(series, 9)] == ["9999-11", "9999-12"]
    assert series.endless
    rare = RecurrenceSet(
        wall(9990, 1, 1), PARIS, HOUR, Rule.parse("FREQ=YEARLY;INTERVAL=100;BYMONTH=1")
    )
    assert len(list(rare.starting(MIN_INSTANT, MAX_INSTANT))) == 1
    assert rare.next_after(Instant(MAX_INSTANT - 5)) is None

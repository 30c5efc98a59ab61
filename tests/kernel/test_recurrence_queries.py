"""Queries on recurrence sets: windows, neighbours, sets of dates, limits and cost."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from random import Random

import pytest
from tests.kernel.random_rules import random_rule, random_wall
from tests.kernel.scale import cases

from horarium.kernel.errors import InvalidInput, LimitReached, Unavailable
from horarium.kernel.instant import (
    MAX_INSTANT,
    MIN_INSTANT,
    Instant,
    Wall,
    format_instant,
    parse_instant,
    wall,
)
from horarium.kernel.limits import Limits
from horarium.kernel.recurrence import (
    Complete,
    ExDate,
    Length,
    Occurrence,
    Override,
    RDate,
    RecurrenceSet,
    Source,
    Truncated,
)
from horarium.kernel.rule import Rule
from horarium.kernel.zone import UTC, named

DAY = 86_400
BERLIN = named("Europe/Berlin")
HOUR = Length.exact(3600)
EVER = (MIN_INSTANT, MAX_INSTANT)


def series(text: str, *start: int, **more: object) -> RecurrenceSet:
    begin = wall(*(start or (2026, 1, 5, 9)))
    return RecurrenceSet(begin, BERLIN, HOUR, Rule.parse(text), **more)  # type: ignore[arg-type]


def at(text: str) -> Instant:
    return parse_instant(text + ":00Z")


# --- windows -----------------------------------------------------------------


def test_every_window_is_a_filter_of_the_whole() -> None:
    """Windows, counts, neighbours and membership agree with the full expansion."""
    compared = 0
    for i in range(cases(400)):
        rng = Random(f"window {i}")
        text, start = random_rule(rng), random_wall(rng)
        if rng.random() < 0.5:
            text += f";COUNT={rng.randint(1, 40)}"
        try:
            length = Length.exact(rng.choice((0, 60, 7200, 3 * DAY)))
            whole = RecurrenceSet(start, BERLIN, length, Rule.parse(text))
            found = []
            for o in whole.starting(Instant(start - DAY), Instant(start + 9 * 366 * DAY)):
                found.append(o)
                if len(found) == 80:
                    break
        except LimitReached:
            continue
        if len(found) < 3:
            continue
        check_windows(whole, found, rng)
        compared += 1
    assert compared > cases(400) // 2


def check_windows(whole: RecurrenceSet, found: list[Occurrence], rng: Random) -> None:
    assert all(a.start < b.start for a, b in pairwise(found))
    end = found[-1].start + 1
    for _ in range(4):
        a = Instant(rng.randint(found[0].start - 100, end))
        b = Instant(rng.randint(a, end))
        overlapping = [o for o in found if o.start < b and (o.end > a or o.start >= a)]
        assert list(whole.occurrences(a, b)) == overlapping
        starts = [o.start for o in found if a <= o.start < b]
        assert whole.starts(a, b) == starts
        assert whole.count(a, b) == len(starts)
        middle = Instant((a + b) // 2)
        assert whole.starts(a, middle) + whole.starts(middle, b) == starts
    k = rng.randrange(1, len(found) - 1)
    here = found[k]
    assert whole.next_after(Instant(here.start - 1)) == here
    assert whole.next_after(here.start) == found[k + 1]
    assert whole.before(here.start) == found[k - 1]
    assert whole.before(Instant(here.start + 1)) == here
    assert whole.is_member(here.original)
    assert not whole.is_member(Instant(here.original + 1)) or found[k + 1].start == here.start + 1


def test_last_and_endless() -> None:
    assert series("FREQ=DAILY").endless
    assert series("FREQ=DAILY").last() is None
    counted = series("FREQ=MONTHLY;BYDAY=MO;COUNT=25")
    assert not counted.endless
    every = list(counted.starting(*EVER))
    assert len(every) == 25
    assert counted.last() == every[-1]
    until = series("FREQ=SECONDLY;UNTIL=20300101T000000Z")
    last = until.last()
    assert last is not None
    assert format_instant(last.start) == "2030-01-01T00:00:00Z"


def test_before_finds_the_end_of_a_dense_stretch() -> None:
    dense = series("FREQ=SECONDLY;BYMONTH=2", 2026, 2, 1)
    found = dense.before(at("2040-12-24T00:00"))
    assert found is not None
    assert format_instant(found.start) == "2040-02-29T22:59:59Z"


def test_self_overlapping_series() -> None:
    long = RecurrenceSet(
        wall(2026, 1, 5, 9), BERLIN, Length.exact(3 * DAY), Rule.parse("FREQ=DAILY")
    )
    noon = at("2026-02-10T12:00")
    assert len(list(long.occurrences(noon, Instant(noon + 1)))) == 3


def test_members_without_length_overlap_where_they_start() -> None:
    moments = RecurrenceSet(
        wall(2026, 1, 5, 9), UTC, Length.exact(0), Rule.parse("FREQ=DAILY;COUNT=3")
    )
    second = at("2026-01-06T09:00")
    assert [o.start for o in moments.occurrences(second, Instant(second + 1))] == [second]
    assert list(moments.occurrences(Instant(second + 1), Instant(second + 2))) == []


# --- sets --------------------------------------------------------------------


def test_added_dates() -> None:
    rule_day, extra, long = at("2026-01-06T08:00"), at("2026-01-06T12:00"), at("2026-01-07T12:00")
    found = list(
        series(
            "FREQ=DAILY;COUNT=3",
            rdates=(RDate(long, Instant(long + 7200)), RDate(extra), RDate(rule_day)),
        ).starting(*EVER)
    )
    assert [(o.source, o.end - o.start) for o in found] == [
        (Source.DTSTART, 3600),
        (Source.RULE, 3600),
        (Source.RDATE, 3600),
        (Source.RULE, 3600),
        (Source.RDATE, 7200),
    ]


def test_a_long_added_date_reaches_into_a_window() -> None:
    begin = at("2026-03-01T00:00")
    added = series("FREQ=DAILY;COUNT=1", rdates=(RDate(begin, Instant(begin + 20 * DAY)),))
    inside = Instant(begin + 19 * DAY)
    assert [o.start for o in added.occurrences(inside, Instant(inside + 60))] == [begin]


def test_removed_dates() -> None:
    gone = series(
        "FREQ=DAILY;COUNT=4",
        exdates=(ExDate(at("2026-01-06T08:00")), ExDate(at("2026-01-06T09:00"))),
    )
    # The place of COUNT is not given back.
    assert [format_instant(t)[8:10] for t in gone.starts(*EVER)] == ["05", "07", "08"]
    assert gone.notes == (f"exdate_unmatched {at('2026-01-06T09:00')}",)
    assert not gone.is_member(at("2026-01-06T08:00"))


def test_a_removed_day_takes_every_member_of_the_civil_day() -> None:
    day = wall(2026, 1, 6) // DAY
    hourly = series("FREQ=HOURLY;COUNT=60", 2026, 1, 5, 0, exdates=(ExDate(day=day),))
    starts = hourly.starts(*EVER)
    assert len(starts) == 36
    assert all(BERLIN.to_wall(t) // DAY != day for t in starts)
    assert hourly.notes == ("exdate_of_whole_day",)
    dates = RecurrenceSet(
        wall(2026, 1, 5),
        BERLIN,
        Length(days=1),
        Rule.parse("FREQ=DAILY;COUNT=3"),
        exdates=(ExDate(day=day), ExDate(day=day + 30)),
        whole_day=True,
    )
    assert len(dates.starts(*EVER)) == 2
    assert dates.notes == (f"exdate_unmatched {BERLIN.at(Wall((day + 30) * DAY))}",)


def test_removing_dtstart_and_everything() -> None:
    start = at("2026-01-05T08:00")
    alone = RecurrenceSet(wall(2026, 1, 5, 9), BERLIN, HOUR, exdates=(ExDate(start),))
    assert alone.starts(*EVER) == []
    assert alone.query(*EVER).outcome == Complete()
    assert alone.last() is None


@pytest.mark.parametrize(
    ("until", "last", "note"),
    [
        ("20260108T080000Z", "2026-01-08T08:00", ()),
        ("20260108T075959Z", "2026-01-07T08:00", ()),
        ("20260108T090000", "2026-01-08T08:00", ("until_local",)),
        ("20260108T085959", "2026-01-07T08:00", ("until_local",)),
        ("20260108", "2026-01-08T08:00", ("until_date",)),
    ],
)
def test_until_is_inclusive(until: str, last: str, note: tuple[str, ...]) -> None:
    ended = series(f"FREQ=DAILY;UNTIL={until}")
    found = ended.last()
    assert found is not None
    assert found.start == at(last)
    assert ended.notes == note


@pytest.mark.parametrize(
    ("until", "notes"),
    [
        ("20260108", ()),
        ("20260108T000000Z", ("until_utc_for_date",)),
        ("20260108T235959", ("until_local_for_date",)),
    ],
)
def test_until_of_dates(until: str, notes: tuple[str, ...]) -> None:
    dates = RecurrenceSet(
        wall(2026, 1, 5),
        BERLIN,
        Length(days=1),
        Rule.parse(f"FREQ=DAILY;BYHOUR=9;UNTIL={until}"),
        whole_day=True,
    )
    assert len(dates.starts(*EVER)) == 4
    assert dates.notes == (*notes, "time_parts_ignored")


def test_until_before_dtstart_leaves_dtstart() -> None:
    early = series("FREQ=DAILY;UNTIL=20250101T000000Z")
    assert early.starts(*EVER) == [at("2026-01-05T08:00")]


# --- limits ------------------------------------------------------------------


def test_an_answer_tells_when_it_is_not_all() -> None:
    daily = series("FREQ=DAILY", limits=Limits(occurrences=10))
    a = at("2026-01-01T00:00")
    assert daily.query(a, at("2026-01-15T00:00")).outcome == Complete()
    answer = daily.query(a, at("2026-01-16T00:00"))
    assert len(answer.members) == 10
    assert answer.outcome == Truncated("occurrences", at("2026-01-15T08:00"))


def test_steps_are_a_budget() -> None:
    seconds = series("FREQ=SECONDLY", limits=Limits(steps=1000, occurrences=10**6))
    a = at("2027-01-01T00:00")
    answer = seconds.query(a, Instant(a + DAY))
    assert isinstance(answer.outcome, Truncated)
    assert answer.outcome.limit == "steps"
    assert 0 < len(answer.members) <= 1000
    assert answer == seconds.query(a, Instant(a + DAY))
    with pytest.raises(LimitReached) as reached:
        seconds.starts(a, Instant(a + DAY))
    assert reached.value.name == "steps"


def test_the_cpu_budget_decides_nothing() -> None:
    asked = []

    def left() -> bool:
        asked.append(1)
        return len(asked) < 4

    minutes = series("FREQ=MINUTELY", limits=Limits(occurrences=10**6))
    a = at("2027-01-01T00:00")
    with pytest.raises(Unavailable) as trouble:
        minutes.query(a, Instant(a + 30 * DAY), left)
    assert trouble.value.reason == "cpu"
    assert len(asked) == 4
    assert minutes.query(a, Instant(a + DAY), lambda: True).outcome == Complete()


def test_limits_of_a_set() -> None:
    t = at("2026-01-06T08:00")
    two = Limits(dates=2)
    series("FREQ=DAILY", rdates=(RDate(t),), exdates=(ExDate(t),), limits=two)
    with pytest.raises(LimitReached):
        series("FREQ=DAILY", rdates=(RDate(t),) * 2, exdates=(ExDate(t),), limits=two)
    RecurrenceSet(wall(2026, 1, 1), UTC, Length.exact(400 * DAY))
    with pytest.raises(LimitReached):
        RecurrenceSet(wall(2026, 1, 1), UTC, Length.exact(400 * DAY + 1))
    with pytest.raises(InvalidInput):
        Length.exact(-1)


# --- cost, in counted steps --------------------------------------------------

JUMPING = [
    "FREQ=DAILY",
    "FREQ=DAILY;INTERVAL=3;BYMONTH=1,3;BYDAY=MO,TU",
    "FREQ=WEEKLY;BYDAY=MO,WE",
    "FREQ=WEEKLY;INTERVAL=2;BYMONTH=1,5;BYDAY=MO",
    "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
    "FREQ=YEARLY;BYWEEKNO=2,20;BYDAY=MO",
    "FREQ=HOURLY;INTERVAL=5",
    "FREQ=HOURLY;BYHOUR=9,10;BYDAY=MO",
    "FREQ=MINUTELY",
    "FREQ=MINUTELY;INTERVAL=7;BYHOUR=9",
    "FREQ=SECONDLY;INTERVAL=90",
    "FREQ=SECONDLY;INTERVAL=13;BYMINUTE=0;BYHOUR=9",
]


@pytest.mark.parametrize("text", JUMPING)
@pytest.mark.parametrize("end", ["", ";UNTIL=20991231T000000Z"])
def test_a_far_window_costs_no_more_steps(text: str, end: str) -> None:
    whole = series(text + end)
    span = 3600 if "MINUTELY" in text or "SECONDLY" in text else 31 * DAY
    near = at("2026-01-05T08:00")
    for years in (10, 40):
        far = at(f"{2026 + years}-01-05T08:00")
        here = whole.query(near, Instant(near + span))
        there = whole.query(far, Instant(far + span))
        assert here.outcome == there.outcome == Complete()
        assert there.steps <= here.steps + 64


def test_count_by_arithmetic_or_once() -> None:
    fixed = series("FREQ=MINUTELY;INTERVAL=11;COUNT=10000")
    last = fixed.last()
    assert last is not None
    assert last.start == at("2026-01-05T08:00") + 9999 * 660
    counted = series("FREQ=MONTHLY;BYDAY=MO;BYSETPOS=1,-1;COUNT=900")
    far = at("2060-01-01T00:00")
    answer = counted.query(far, Instant(far + 31 * DAY))
    # Two members a month from January 2026 on: January 2060 is the 409th month.
    assert len(answer.members) == 2
    assert answer.steps < 64


HOSTILE = [
    "FREQ=MINUTELY;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO",
    "FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO;BYHOUR=23;BYMINUTE=59;BYSECOND=59",
    "FREQ=SECONDLY;INTERVAL=86399;BYHOUR=3;BYMINUTE=0;BYSECOND=0",
    "FREQ=SECONDLY;INTERVAL=999999937",
    "FREQ=YEARLY;INTERVAL=9973;BYMONTH=2;BYMONTHDAY=29",
    "FREQ=YEARLY;INTERVAL=400;BYDAY=53MO",
    "FREQ=WEEKLY;INTERVAL=20871;BYMONTH=1",
    "FREQ=DAILY;INTERVAL=146097;BYMONTH=1;BYDAY=MO",
    "FREQ=DAILY;INTERVAL=100000000000000000",
    "FREQ=MONTHLY;INTERVAL=4799;BYDAY=5FR;BYMONTH=2",
    "FREQ=YEARLY;BYDAY=MO,TU,WE,TH,FR,SA,SU;BYSETPOS=-366,366;BYHOUR="
    + ",".join(map(str, range(24))),
    "FREQ=YEARLY;BYDAY=MO,TU,WE,TH,FR,SA,SU;BYHOUR=0;BYMINUTE=" + ",".join(map(str, range(60))),
    "FREQ=SECONDLY;COUNT=10000;BYMONTH=2;BYMONTHDAY=29;BYHOUR=0;BYMINUTE=0;BYSECOND=0",
    "FREQ=HOURLY;INTERVAL=23;BYHOUR=0;BYMONTHDAY=31;BYDAY=SU;COUNT=10000",
    "FREQ=DAILY;BYMONTHDAY=31;BYMONTH=1;BYDAY=MO;COUNT=10000",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_no_question_takes_more_than_its_steps(text: str) -> None:
    whole = series(text)
    for a, b in ((MIN_INSTANT, MAX_INSTANT), (at("5000-01-01T00:00"), at("5001-01-01T00:00"))):
        assert whole.query(a, b).steps < Limits().steps + 10_000
    for ask in (whole.next_after, whole.before, whole.is_member):
        assert asked(ask) in ("answered", "steps")


def asked(ask: Callable[[Instant], object]) -> str:
    """Ask about a far instant and tell how it ended."""
    try:
        ask(at("4321-01-01T00:00"))
    except LimitReached as reached:
        return reached.name
    return "answered"


def test_rare_dates_are_found_in_few_steps() -> None:
    rare = series("FREQ=MINUTELY;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO", limits=Limits(steps=300))
    found = rare.next_after(at("2044-03-01T00:00"))
    assert found is not None
    assert format_instant(found.start) == "2072-02-28T23:00:00Z"


def test_a_count_that_cannot_be_finished_is_told() -> None:
    """COUNT of a rule so rare that the budget ends first: near windows are still whole."""
    rare = series(
        "FREQ=SECONDLY;INTERVAL=86399;BYHOUR=9;BYMINUTE=0;BYSECOND=0;COUNT=9000",
        rdates=(RDate(at("2027-01-01T00:00")), RDate(at("6000-01-01T00:00"))),
        exdates=(ExDate(at("5000-01-01T00:00")),),
    )
    near = rare.query(at("2026-01-01T00:00"), at("2028-01-01T00:00"))
    assert near.outcome == Complete()
    assert [o.source for o in near.members] == [Source.DTSTART, Source.RDATE]
    far = rare.query(at("7000-01-01T00:00"), at("7000-01-02T00:00"))
    assert isinstance(far.outcome, Truncated)
    assert rare.notes == ()
    assert asked(rare.is_member) == "steps"


def test_full_sets_are_answered() -> None:
    """As many dates and overrides as allowed, around a rule that is costly by itself."""
    start = at("2026-01-05T08:00")
    some_time = [Instant(start + 86_400 * 29 * k + k % 2) for k in range(1, 1001)]
    whole = series(
        "FREQ=MINUTELY;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO",
        rdates=tuple(RDate(t) for t in some_time),
        exdates=tuple(ExDate(t) for t in some_time[::2]) + tuple(ExDate(day=k) for k in range(500)),
        overrides=tuple(
            Override(t, Instant(t + 60), Instant(t + 120), this_and_future=k % 2 == 0)
            for k, t in enumerate(some_time[:999:2][:500])
        ),
    )
    answer = whole.query(start, at("2100-01-01T00:00"))
    assert answer.steps < Limits().steps
    assert len(whole.notes) > 900


def test_whole_days_do_not_repeat_within_a_day() -> None:
    with pytest.raises(InvalidInput) as refused:
        RecurrenceSet(
            wall(2026, 1, 5), BERLIN, Length(days=1), Rule.parse("FREQ=HOURLY"), whole_day=True
        )
    assert refused.value.part == "FREQ"
    with pytest.raises(InvalidInput):
        RecurrenceSet(wall(2026, 1, 5, 9), BERLIN, Length(days=1), whole_day=True)

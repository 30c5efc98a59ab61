"""Allocation: a table of edges, and every answer against trying all starts of the week."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from horarium.appointments import Appointer, SlotUnavailable
from horarium.appointments.allocation import Request, State, allocate, push_back
from horarium.appointments.local_day import day_start, local_day
from horarium.appointments.rules import Rules
from horarium.kernel.errors import Conflict
from horarium.kernel.instant import Instant
from horarium.kernel.period import Period
from horarium.kernel.periodset import PeriodSet
from horarium.kernel.zone import named
from tests.kernel.scale import cases

BERLIN = "Europe/Berlin"
HOUR = 3600


def at(text: str, zone: str = "UTC") -> int:
    found = datetime.fromisoformat(text)
    return int((found if found.tzinfo else found.replace(tzinfo=ZoneInfo(zone))).timestamp())


def appointer(
    time: str, zone: str = "UTC", *, blocked: Sequence[int] = (), special: bool = False,
    blocks: Sequence[tuple[str, str]] = (), maximum: int = 0,
) -> Appointer:  # fmt: skip
    made = Appointer(at(time, zone), zone=zone)
    for day in blocked:
        made.set_blocked_day(day)
    if special:
        made.set_special_day(1, 1)
        made.set_special_day(12, 25)
    for block in blocks:
        lower, upper = (int(edge[:2]) * HOUR + int(edge[3:]) * 60 for edge in block)
        made.set_valid_block_time(lower, upper)
    made.set_maximum_slots(maximum)
    return made


def office(time: str, maximum: int = 0) -> Appointer:
    return appointer(
        time, blocked=(6, 0), special=True, maximum=maximum,
        blocks=(("08:00", "12:00"), ("14:00", "18:00")),
    )  # fmt: skip


NOT_MONDAY = (0, 2, 3, 4, 5, 6)


@pytest.mark.parametrize(
    ("made", "duration", "starts"),
    [
        (office("2027-12-23 16:30:00"), 5400, ["2027-12-23 16:30"]),
        (office("2027-12-23 16:30:01"), 5400, ["2027-12-24 08:00"]),
        (office("2028-12-22 17:45"), 1800, ["2028-12-26 08:00"]),
        (office("2027-05-12 10:20:00"), 6000, ["2027-05-12 10:20"]),
        (office("2027-05-12 10:20:01"), 6000, ["2027-05-12 14:00"]),
        (
            appointer("2027-05-10 08:00:01", blocked=NOT_MONDAY, blocks=[("08:00", "09:00")]),
            3600, ["2027-05-17 08:00"],
        ),
        (
            appointer("2027-05-14 23:30", blocked=(6, 0)), 3600, ["2027-05-17 00:00"],
        ),
        (
            office("2027-05-10 00:00", 2), 3600,
            ["2027-05-10 08:00", "2027-05-10 09:00", "2027-05-11 08:00", "2027-05-11 09:00"],
        ),
        (
            appointer("2027-03-27 23:30", BERLIN, blocks=[("01:00", "04:00")]), 3600,
            ["2027-03-28 01:00+01:00", "2027-03-28 03:00+02:00", "2027-03-29 01:00+02:00"],
        ),
        (
            appointer("2027-10-30 23:30", BERLIN, blocks=[("01:00", "04:00")]), 3600,
            ["2027-10-31 01:00+02:00", "2027-10-31 02:00+02:00", "2027-10-31 02:00+01:00",
             "2027-10-31 03:00+01:00", "2027-11-01 01:00+01:00"],
        ),
        (
            appointer("2027-03-27 12:00", BERLIN, blocks=[("02:10", "02:50")]), 1200,
            ["2027-03-29 02:10+02:00"],
        ),
        (
            appointer("2027-10-30 12:00", BERLIN, blocks=[("02:10", "02:50")]), 1200,
            ["2027-10-31 02:10+02:00", "2027-10-31 02:30+02:00", "2027-10-31 02:50+02:00",
             "2027-10-31 02:10+01:00", "2027-10-31 02:30+01:00", "2027-11-01 02:10+01:00"],
        ),
        (
            appointer("2027-10-25 08:30", BERLIN, blocked=NOT_MONDAY, blocks=[("08:00", "09:00")]),
            3600, ["2027-11-01 08:00+01:00"],
        ),
        # Touching blocks do not make a longer one.
        (
            appointer("2027-05-10 00:00", blocks=[("08:00", "09:00"), ("09:00", "12:00")]), 7200,
            ["2027-05-10 09:00", "2027-05-11 09:00"],
        ),
        # A slot may reach over midnight into open days only; the maximum is that of its first day.
        (
            appointer("2027-05-10 23:00", maximum=1), 7200,
            ["2027-05-10 23:00", "2027-05-11 01:00", "2027-05-12 00:00"],
        ),
        # Before 1970 days are counted the same way: 31 December 1969 was a Wednesday.
        (appointer("1969-12-31 12:00", blocked=(3,)), 60, ["1970-01-01 00:00"]),
        # On this date the clocks of the zone went from 24:00 to 24:00 of the day after.
        (appointer("2011-12-29 23:00", "Pacific/Apia"), 7200, ["2011-12-30 09:00"]),
        # A clock set back over midnight, to 23:01 of the day before: that is today already.
        (
            appointer("2006-10-28 23:30", "America/St_Johns", maximum=1), 60,
            ["2006-10-29 02:00", "2006-10-29 02:30", "2006-10-30 03:30"],
        ),
    ],
)  # fmt: skip
def test_edges(made: Appointer, duration: int, starts: list[str]) -> None:
    found = [made.get_slot(duration).get_time() for _ in starts]
    assert found == [at(start) for start in starts]


def test_exactly_one_week_is_too_late() -> None:
    made = appointer("2027-05-10 08:00", blocked=NOT_MONDAY, blocks=[("08:00", "09:00")], maximum=1)
    made.get_slot(60)
    made.set_time(at("2027-05-10 08:00"))
    with pytest.raises(SlotUnavailable):
        made.get_slot(3600)


def test_a_short_wish_after_a_long_one_does_not_go_back() -> None:
    made = office("2027-05-10 10:00")
    assert made.get_slot(3 * HOUR).get_time() == at("2027-05-10 14:00")
    assert made.get_slot(HOUR).get_time() == at("2027-05-10 17:00")


def test_what_is_cut_out_of_returned_time_is_not_given_twice() -> None:
    made = Appointer()
    slot = made.get_slot(3600)
    made.pushback(slot)
    assert made.get_slot(600, 600).get_time() == 600
    assert [made.get_slot(600).get_time() for _ in range(5)] == [0, 1200, 1800, 2400, 3000]
    assert made.get_slot(600).get_time() == 3600


def test_returned_time_before_a_new_current_time_is_forgotten() -> None:
    made = Appointer()
    made.pushback(made.get_slot(3600))
    made.set_time(1)
    assert made.get_slot(60).get_time() == 1


# --- against trying every start ----------------------------------------------

STEP = 300
"""All values are multiples of it, and so is the first start that fits."""

ZONES = (
    "UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe",
    "Pacific/Apia", "America/St_Johns", "Africa/Casablanca", "America/Havana", "Asia/Gaza",
    "America/Sao_Paulo", "Pacific/Chatham", "Europe/Dublin", "Asia/Tehran", "Atlantic/Azores",
    "America/Santiago", "Pacific/Kiritimati", "Antarctica/Troll", "Asia/Amman", "America/Asuncion",
    "Europe/London",
)  # fmt: skip


class Naive:
    """The rules as the page of the seed words them, asked for every start of the week."""

    def __init__(self, rules: Rules, wish: int, busy: Sequence[Period]) -> None:
        self.zone = ZoneInfo(rules.zone.name)
        self.rules = rules
        self.wish = wish
        times = [wish + number * STEP for number in range(-24 * 12, 40 * 288)]
        self.origin = times[0]
        self.walls = [self._wall(t) for t in times]
        self.dates: list[date] = []
        for shown in self.walls:
            # A clock set back over midnight goes on with the date that has begun.
            self.dates.append(max([shown.date(), *self.dates[-24:]]))
        taken = {t for p in busy for t in range(p.start, p.end, STEP)}
        self.free = [t not in taken for t in times]

    def _wall(self, t: int) -> datetime:
        return datetime.fromtimestamp(t, UTC).astimezone(self.zone).replace(tzinfo=None)

    def open(self, day: date) -> bool:
        return not (
            day.isoweekday() % 7 in {(int(weekday) + 1) % 7 for weekday in self.rules.blocked}
            or (day.month, day.day) in self.rules.special
        )

    def _inside(self, lower: int, upper: int) -> list[bool]:
        """Where a block is: from the first time a clock shows it on a date to the last one.

        What a clock set back shows between the two belongs to the block.
        """
        edges: dict[date, list[int]] = {}
        for place, (shown, day) in enumerate(zip(self.walls, self.dates, strict=True)):
            seconds = (shown - datetime.combine(day, datetime.min.time())).total_seconds()
            if lower <= seconds < upper:
                edges.setdefault(day, []).append(place)
        inside = [False] * len(self.walls)
        for places in edges.values():
            inside[places[0] : places[-1] + 1] = [True] * (places[-1] + 1 - places[0])
        return inside

    def first(self, duration: int, counts: dict[date, int]) -> int | None:
        limit = (self._wall(self.wish) + timedelta(days=7)).replace(tzinfo=self.zone)
        shown = self._wall(self.wish)
        second = any(self._wall(self.wish - 1_800 * number) == shown for number in (1, 2))
        end = int(limit.replace(fold=int(second)).timestamp())
        blocks = [self._inside(lower, upper) for lower, upper in self.rules.blocks]
        opened = [self.open(day) for day in self.dates]
        size = duration // STEP
        for start in range(self.wish, end, STEP):
            place = (start - self.origin) // STEP
            day, span = self.dates[place], slice(place, place + size)
            full = self.rules.maximum and counts.get(day, 0) >= self.rules.maximum
            if full or not all(opened[span]) or not all(self.free[span]):
                continue
            one_day = self.dates[place + size - 1] == day
            if not blocks or (one_day and any(all(block[span]) for block in blocks)):
                return start
        return None


@st.composite
def worlds(draw: st.DrawFn) -> tuple[Rules, int, int, list[Period], int]:
    zone = draw(st.sampled_from(ZONES))
    rules = Rules(named(zone))
    for day in draw(st.sets(st.integers(0, 6), max_size=4)):
        rules = rules.with_blocked_day(day)
    # Near the nights of the year 2027 on which these zones change their clocks.
    near = draw(st.sampled_from(["2027-03-14", "2027-03-28", "2027-10-31", "2027-11-07",
                                 "2027-04-04", "2027-09-05", "2027-06-10"]))  # fmt: skip
    begin = at(f"{near} 00:00") - draw(st.integers(0, 4 * 288)) * STEP
    if draw(st.booleans()):
        special = datetime.fromtimestamp(begin + 86_400 * draw(st.integers(0, 4)), UTC)
        rules = rules.with_special_day(special.month, special.day)
    for _ in range(draw(st.integers(0, 3))):
        lower = draw(st.integers(0, 287))
        upper = draw(st.integers(lower + 1, 288))
        rules = rules.with_block(lower * STEP, upper * STEP)
    duration = draw(st.integers(1, 12) | st.integers(1, 400)) * STEP
    busy = [
        Period(Instant(start), Instant(start + draw(st.integers(1, 100)) * STEP))
        for start in draw(st.lists(st.integers(0, 7 * 288).map(lambda n: begin + n * STEP)))
    ]
    return rules, begin, duration, busy, draw(st.integers(0, 2))


@settings(max_examples=cases(150), deadline=None)
@given(worlds())
def test_the_first_start_is_the_one_found_by_trying_all(
    world: tuple[Rules, int, int, list[Period], int],
) -> None:
    rules, begin, duration, busy, maximum = world
    rules = rules.with_maximum(maximum)
    today = local_day(rules.zone, Instant(begin))
    counts = {today: 1, today + 1: 2} if maximum else {}
    dates = {date(1970, 1, 1) + timedelta(days=day): number for day, number in counts.items()}
    state = State(Instant(begin), 3, counts)
    found = allocate(rules, state, Request(duration), PeriodSet(busy))
    expected = Naive(rules, begin, busy).first(duration, dates)
    if isinstance(found, SlotUnavailable):
        assert expected is None, (found, expected)
    else:
        assert found.slot.start == expected
        assert found.state.time == max(begin, found.slot.end)


@settings(max_examples=cases(100), deadline=None)
@given(
    worlds(),
    st.lists(st.tuples(st.booleans(), st.integers(1, 40), st.none() | st.integers(0, 500)),
             max_size=12),
)  # fmt: skip
def test_no_slot_overlaps_another_that_is_out(
    world: tuple[Rules, int, int, list[Period], int],
    calls: list[tuple[bool, int, int | None]],
) -> None:
    rules, begin, _, _, maximum = world
    rules, state = rules.with_maximum(maximum), State(Instant(begin))
    out: list[Period] = []
    for back, size, later in calls:
        if back and out:
            slot = out.pop(size % len(out))
            state = push_back(rules, state, slot)
            continue
        time = None if later is None else Instant(begin + later * STEP)
        found = allocate(rules, state, Request(size * STEP, time))
        if isinstance(found, SlotUnavailable):
            continue
        assert not any(found.slot.overlaps(other) for other in out)
        assert time is None or found.slot.start >= time
        out.append(found.slot)
        state = found.state
        assert state.number == len(out)
        by_day: dict[int, int] = {}
        for slot in out:
            day = local_day(rules.zone, slot.start)
            by_day[day] = by_day.get(day, 0) + 1
        assert {day: n for day, n in state.counts.items() if n} == by_day
        assert not maximum or max(by_day.values()) <= maximum


@settings(max_examples=cases(300), deadline=None)
@given(st.sampled_from(ZONES), st.integers(-2_000_000_000, 4_000_000_000))
@example("Pacific/Apia", 1_325_239_200)
@example("America/St_Johns", 1_162_090_800)
def test_each_instant_belongs_to_one_day(name: str, t: int) -> None:
    zone = named(name)
    day = local_day(zone, Instant(t))
    assert day_start(zone, day) <= t < day_start(zone, day + 1)


def test_two_overlapping_slots_are_not_returned_twice() -> None:
    rules, state = Rules(), State(Instant(0))
    state = push_back(rules, state, Period(Instant(0), Instant(10)))
    with pytest.raises(Conflict):
        push_back(rules, state, Period(Instant(9), Instant(20)))

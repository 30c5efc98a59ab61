"""Starts of a service: hours, grids, buffers, notice, horizon, limits and seats."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from horarium.appointments.availability import Availability, Engagement
from horarium.appointments.codes import Code
from horarium.appointments.declared import faults, read_host, read_service
from horarium.kernel.instant import Instant
from horarium.kernel.period import Period
from horarium.kernel.periodset import PeriodSet
from tests.kernel.scale import cases

MADRID = "Europe/Madrid"
NOW = "2027-05-01 00:00"


def at(text: str, zone: str = MADRID) -> Instant:
    return Instant(int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()))


def span(start: str, end: str, zone: str = MADRID) -> Period:
    return Period(at(start, zone), at(end, zone))


def engagement(
    start: str, end: str, *, after: int = 0, seats: int = 1, **more: object
) -> Engagement:
    slot = span(start, end)
    occupied = Period(slot.start, Instant(slot.end + after * 60))
    return Engagement(slot, occupied, "s", seats=seats, **more)  # type: ignore[arg-type]


def availability(
    host: Mapping[str, object], service: Mapping[str, object],
    engagements: Sequence[Engagement] = (), *, now: str = NOW, seats: int = 1,
    busy: Sequence[Period] = (), aside: frozenset[str] = frozenset(),
) -> Availability:  # fmt: skip
    found = read_service("s", {"by": "ana", "horizon": "days 400", **service})
    made = read_host("ana", {"zone": MADRID, **host})
    return Availability(
        host=made, service=found, duration=found.durations[0], now=at(now), seats=seats,
        engagements=engagements, busy=PeriodSet(busy), aside=aside,
    )  # fmt: skip


def starts(found: Availability, day: str, *, last: str | None = None) -> list[str]:
    within = span(f"{day} 00:00", f"{last or day} 23:59")
    zone = ZoneInfo(found.host.hours.zone.name)
    return [datetime.fromtimestamp(s.at, UTC).astimezone(zone).strftime("%H:%M")
            for s in found.starts(within)]  # fmt: skip


WORKDAYS = {"hours": ["mon-fri 09:00-13:30"]}
FORTY = {"duration": "40m", "step": "20m", "after": "10m"}


def test_the_buffer_of_an_appointment_takes_the_start_before_it() -> None:
    booked = [engagement("2027-05-10 10:00", "2027-05-10 10:40", after=10)]
    found = availability(WORKDAYS, FORTY, booked)
    assert starts(found, "2027-05-10") == [
        "09:00", "11:00", "11:20", "11:40", "12:00", "12:20", "12:40",
    ]  # fmt: skip
    assert found.refusal(at("2027-05-10 09:20")) is Code.BUFFER
    assert found.refusal(at("2027-05-10 10:40")) is Code.BUFFER
    assert found.refusal(at("2027-05-10 10:20")) is Code.BUSY_APPOINTMENT
    assert found.refusal(at("2027-05-10 13:00")) is Code.DOES_NOT_FIT
    assert found.refusal(at("2027-05-10 11:10")) is Code.OFF_GRID
    assert found.refusal(at("2027-05-10 08:40")) is Code.OUTSIDE_HOURS
    assert found.refusal(at("2027-05-09 10:00")) is Code.OUTSIDE_HOURS


def test_packed_starts_where_more_fit_in_that_way() -> None:
    booked = [engagement("2027-05-10 10:00", "2027-05-10 10:40", after=10)]
    found = availability(WORKDAYS, {**FORTY, "fill": "packed"}, booked)
    assert starts(found, "2027-05-10") == [
        "09:00", "10:50", "11:10", "11:30", "11:50", "12:10", "12:30", "12:50",
    ]  # fmt: skip
    assert found.refusal(at("2027-05-10 10:50")) is None
    assert found.refusal(at("2027-05-10 11:00")) is Code.OFF_GRID
    assert starts(found, "2027-05-11") == starts(availability(WORKDAYS, FORTY), "2027-05-11")


def test_buffers_may_lie_over_each_other_where_that_is_wished() -> None:
    booked = [engagement("2027-05-10 10:00", "2027-05-10 10:40", after=20)]
    service = {"duration": "40m", "step": "10m", "before": "10m"}
    assert "11:00" not in starts(availability(WORKDAYS, service, booked), "2027-05-10")
    shared = availability(WORKDAYS, {**service, "share_buffers": True}, booked)
    assert "11:00" in starts(shared, "2027-05-10")
    assert "10:50" not in starts(shared, "2027-05-10")


def test_buffers_inside_the_hours_where_that_is_wished() -> None:
    inside = availability(WORKDAYS, {**FORTY, "buffers_inside": True})
    assert starts(inside, "2027-05-10")[-1] == "12:40"
    assert starts(availability(WORKDAYS, FORTY), "2027-05-10")[-1] == "12:40"
    longer = availability(WORKDAYS, {**FORTY, "after": "20m", "buffers_inside": True})
    assert starts(longer, "2027-05-10")[-1] == "12:20"


def test_notice_and_horizon_bound_the_starts_from_both_sides() -> None:
    service = {"duration": "30m", "notice": "2h", "horizon": "days 1"}
    found = availability(WORKDAYS, service, now="2027-05-10 09:30")
    assert starts(found, "2027-05-10", last="2027-05-13")[:2] == ["11:30", "12:00"]
    assert found.refusal(at("2027-05-10 11:29")) is Code.OFF_GRID
    assert found.refusal(at("2027-05-10 11:00")) is Code.NOTICE
    assert found.refusal(at("2027-05-11 13:00")) is None
    assert found.refusal(at("2027-05-12 09:00")) is Code.HORIZON
    staff = availability(WORKDAYS, service, now="2027-05-10 09:30", aside=frozenset({"notice"}))
    assert staff.refusal(at("2027-05-10 10:00")) is None
    assert staff.refusal(at("2027-05-10 09:00")) is Code.NOTICE


def test_open_days_count_dates_with_an_opening_only() -> None:
    found = availability(WORKDAYS, {"horizon": "open_days 2"}, now="2027-05-07 12:00")
    assert found.refusal(at("2027-05-11 13:00")) is None
    assert found.refusal(at("2027-05-12 09:00")) is Code.HORIZON


@pytest.mark.parametrize(
    ("limits", "booked", "code"),
    [
        (["host day count 2"], 2, Code.LIMIT_DAY_COUNT),
        (["host day count 3"], 2, None),
        (["service week minutes 90"], 2, None),
        (["service week minutes 89"], 2, Code.LIMIT_WEEK_MINUTES),
        (["both month count 2"], 2, Code.LIMIT_MONTH_COUNT),
        (["host year count 2"], 2, Code.LIMIT_YEAR_COUNT),
    ],
)  # fmt: skip
def test_limits_may_be_reached_and_not_passed(
    limits: list[str], booked: int, code: Code | None
) -> None:
    others = [engagement(f"2027-05-10 {9 + n:02}:00", f"2027-05-10 {9 + n:02}:30", live=n == 0)
              for n in range(booked)]  # fmt: skip
    found = availability(WORKDAYS, {"duration": "30m", "limits": limits}, others)
    assert found.refusal(at("2027-05-10 12:00")) is code


def test_a_session_with_seats_left_is_offered_where_it_is_also_off_the_grid() -> None:
    session = engagement("2027-05-10 10:10", "2027-05-10 10:40", seats=2)
    service = {"duration": "30m", "seats": 3, "limits": ["host day count 1"]}
    found = availability({"hours": ["mon 10:00-11:00"]}, service, [session])
    assert starts(found, "2027-05-10") == ["10:10"]
    [start] = found.starts(span("2027-05-10 00:00", "2027-05-10 23:00"))
    assert start.seats == 1
    two = availability({"hours": ["mon 10:00-11:00"]}, service, [session], seats=2)
    assert two.refusal(at("2027-05-10 10:10")) is Code.SEATS
    assert found.refusal(at("2027-05-10 10:30")) is Code.BUSY_APPOINTMENT


def test_capacity_is_the_peak_and_not_the_number_of_neighbours() -> None:
    booked = [engagement("2027-05-10 09:00", "2027-05-10 09:30"),
              engagement("2027-05-10 09:30", "2027-05-10 10:00")]  # fmt: skip
    found = availability({**WORKDAYS, "capacity": 2}, {"duration": "1h"}, booked)
    assert found.refusal(at("2027-05-10 09:00")) is None
    three = [*booked, engagement("2027-05-10 09:10", "2027-05-10 09:20")]
    assert availability({**WORKDAYS, "capacity": 2}, {"duration": "1h"}, three).refusal(
        at("2027-05-10 09:00")
    ) is Code.BUSY_APPOINTMENT  # fmt: skip


def test_a_hold_is_told_from_an_appointment_and_linked_time_from_both() -> None:
    held = [engagement("2027-05-10 09:00", "2027-05-10 09:30", held=True)]
    busy = [span("2027-05-10 10:00", "2027-05-10 10:30")]
    found = availability(WORKDAYS, {"duration": "30m"}, held, busy=busy)
    assert found.refusal(at("2027-05-10 09:00")) is Code.BUSY_HOLD
    assert found.refusal(at("2027-05-10 10:00")) is Code.BUSY_SOURCE
    assert found.refusal(at("2027-05-10 10:30")) is None


HOURS = {
    "hours": ["mon-fri 09:00-12:00", "sat 22:00-02:00", "sun 00:00-00:30"],
    "blocked_days": ["wed"], "special_days": ["05-13"],
    "holidays": ["2027-05-14"],
    "overrides": ["2027-05-12 10:00-11:00", "2027-05-11 closed"],
    "absences": ["2027-05-10T10:00/2027-05-10T11:00 dentist", "2027-05-24..2027-05-25"],
}  # fmt: skip


@pytest.mark.parametrize(
    ("day", "expected", "code"),
    [
        ("2027-05-10", ["09:00-10:00", "11:00-12:00"], None),
        ("2027-05-11", [], Code.CLOSED_OVERRIDE),
        ("2027-05-12", ["10:00-11:00"], None),
        ("2027-05-13", [], Code.CLOSED_SPECIAL),
        ("2027-05-14", [], Code.CLOSED_HOLIDAY),
        ("2027-05-19", [], Code.CLOSED_BLOCKED),
        ("2027-05-24", [], Code.CLOSED_ABSENCE),
        ("2027-05-15", ["22:00-02:00"], None),
    ],
)
def test_what_holds_on_a_date(day: str, expected: list[str], code: Code | None) -> None:
    hours = read_host("ana", {"zone": MADRID, **HOURS}).hours
    number = at(f"{day} 12:00") // 86_400
    found = hours.hours(number, 60)
    zone = ZoneInfo(MADRID)
    shown = ["-".join(datetime.fromtimestamp(t, UTC).astimezone(zone).strftime("%H:%M")
                      for t in (p.start, p.end)) for p in found.spans]  # fmt: skip
    assert shown == expected
    assert found.closed is code


def test_a_range_over_midnight_is_cut_by_a_closed_day() -> None:
    plain = read_host("a", {"hours": ["sat 22:00-02:00"]}).hours
    within = (at("2027-05-15 00:00", "UTC"), at("2027-05-17 00:00", "UTC"))
    assert list(plain.open_between(*within)) == [
        span("2027-05-15 22:00", "2027-05-16 02:00", "UTC")
    ]
    cut = read_host("a", {"hours": ["sat 22:00-02:00"], "blocked_days": ["sun"]}).hours
    assert list(cut.open_between(*within)) == [span("2027-05-15 22:00", "2027-05-16 00:00", "UTC")]


def test_ranges_that_touch_over_midnight_are_one_opening() -> None:
    host = {"hours": ["sun 23:00-24:00", "mon 00:00-00:30"]}
    found = availability(host, {"duration": "90m", "step": "30m"})
    assert starts(found, "2027-05-09") == ["23:00"]


def test_valid_blocks_are_never_joined() -> None:
    host = {"valid_blocks": ["09:00-10:00", "10:00-11:00"]}
    assert starts(availability(host, {"duration": "2h"}), "2027-05-10") == []
    assert starts(availability(host, {"duration": "1h"}), "2027-05-10") == ["09:00", "10:00"]


def test_a_week_that_changes_and_a_host_that_travels() -> None:
    host = {
        "hours": ["mon-fri 09:00-10:00 until 2027-05-31", "mon-fri 15:00-16:00 from 2027-06-01"],
        "travel": ["2027-05-11..2027-05-12 America/New_York"],
    }
    found = availability(host, {"duration": "1h"})
    assert starts(found, "2027-05-10") == ["09:00"]
    assert starts(found, "2027-05-11") == ["15:00"]
    assert starts(found, "2027-06-01") == ["15:00"]


def test_grids_of_the_clock_in_a_night_with_two_two_o_clocks() -> None:
    night = {"hours": ["sun 01:00-04:00"]}
    found = availability(night, {"duration": "30m", "step": "1h"}, now="2027-10-01 00:00")
    assert starts(found, "2027-10-31") == ["01:00", "02:00", "02:00", "03:00"]
    assert starts(availability(night, {"duration": "30m", "step": "1h"}), "2028-03-26") == [
        "01:00", "03:00",
    ]  # fmt: skip


def test_grids_of_the_opening_and_of_a_list() -> None:
    host = {"hours": ["mon 09:10-12:00"]}
    opening = {"duration": "45m", "anchor": "opening", "step": "50m", "offset": "5m"}
    assert starts(availability(host, opening), "2027-05-10") == ["09:15", "10:05", "10:55"]
    times = {"duration": "45m", "times": ["09:00", "10:45", "13:30", "09:30"]}
    assert starts(availability(host, times), "2027-05-10") == ["09:30", "10:45"]


@pytest.mark.parametrize(("minutes", "step"), [(60, 60), (30, 30), (40, 20), (45, 15), (50, 10),
                                               (25, 5), (7, 5), (180, 60)])  # fmt: skip
def test_the_step_follows_from_the_duration(minutes: int, step: int) -> None:
    service = read_service("s", {"by": "a", "duration": f"{max(minutes, 5)}m"})
    assert service.grid.step_for(minutes * 60) == step * 60


@settings(max_examples=cases(60), deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 500), st.integers(1, 30)), max_size=6),
    st.sampled_from([30, 40, 45, 60]), st.integers(0, 3), st.integers(0, 3), st.integers(1, 2),
    st.booleans(), st.sampled_from(["off", "packed"]),
)  # fmt: skip
def test_what_is_listed_can_be_booked_and_what_is_refused_is_not_listed(
    booked: list[tuple[int, int]], minutes: int, before: int, after: int, capacity: int,
    share: bool, fill: str,
) -> None:  # fmt: skip
    begin = at("2027-05-10 08:00")
    others = [
        Engagement(Period(Instant(begin + a * 60), Instant(begin + (a + n) * 60)),
                   Period(Instant(begin + a * 60 - 300), Instant(begin + (a + n) * 60 + 300)), "s")
        for a, n in booked
    ]  # fmt: skip
    service = {"duration": f"{minutes}m", "before": f"{before * 5}m", "after": f"{after * 5}m",
               "share_buffers": share, "fill": fill}  # fmt: skip
    host = {"hours": ["mon 08:00-12:00,13:00-17:00"], "capacity": capacity}
    found = availability(host, service, others)
    within = span("2027-05-10 00:00", "2027-05-10 23:59")
    listed = {start.at for start in found.starts(within)}
    for t in range(within.start, within.end, 300):
        assert (t in listed) == (found.refusal(Instant(t)) is None), t
        slot = Period(Instant(t), Instant(t + minutes * 60))
        worst = max(
            (sum(e.slot.contains(Instant(x)) for e in others)
             for x in range(slot.start, slot.end, 60)),
            default=0,
        )  # fmt: skip
        assert t not in listed or worst < capacity


@pytest.mark.parametrize(
    ("kind", "keys", "key", "part"),
    [
        ("appointer", {"zone": "Mars/Phobos"}, "zone", "there is no zone"),
        ("appointer", {"zoen": "UTC"}, "zoen", 'did you mean "zone"'),
        ("appointer", {"hours": ["mon 9:00-10:00"]}, "hours", "no range like"),
        ("appointer", {"hours": ["mon 10:00-10:00"]}, "hours", "is empty"),
        ("appointer", {"hours": ["mon 24:00-10:00"]}, "hours", "end only"),
        ("appointer", {"hours": ["xyz 09:00-10:00"]}, "hours", "xyz"),
        ("appointer", {"special_days": ["02-30"]}, "special_days", "02-30"),
        ("appointer", {"valid_blocks": ["22:00-02:00"]}, "valid_blocks", "ends on the day"),
        ("appointer", {"maximum_slots": -1}, "maximum_slots", "from 0"),
        ("appointer", {"link": [{"resource": "a@b.example", "person": "c@d.example"}]}, "link",
         "one resource or one person"),
        ("appointer", {"overrides": ["2027-05-01 closed", "2027-05-01 closed"]}, "overrides",
         "two overrides"),
        ("assistant", {"appointers": ["a", "a"]}, "appointers", "once"),
        ("assistant", {"fallback": "last"}, "fallback", "last"),
        ("assistant", {"appointers": ["a"], "groups": [["a"]]}, "groups", "mode collective"),
        ("assistant", {"appointers": ["a"], "mode": "collective", "groups": [["b"]]}, "groups",
         "b is no appointer"),
        ("assistant", {"appointers": ["a"], "mode": "collective", "groups": [["a"], ["a"]]},
         "groups", "nobody is in two"),
        ("assistant", {"mode": "fair"}, "mode", "none of"),
        ("assistant", {"appointers": ["a"], "weights": {"b": 5}}, "weights", "b is no appointer"),
        ("service", {}, "by", "which appointer"),
        ("service", {"by": "a", "duration": "2m"}, "duration", "300"),
        ("service", {"by": "a", "anchor": "times"}, "times", "go with"),
        ("service", {"by": "a", "limits": ["host hour count 1"]}, "limits", "no limit like"),
        ("service", {"by": "a", "horizon": "weeks 3"}, "horizon", "no horizon like"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_key(
    kind: str, keys: dict[str, object], key: str, part: str
) -> None:
    [(where, message)] = list(faults(kind, "x", keys))
    assert where == key
    assert part in message

"""When a distributor may send."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from horarium.distribution.realm import Realm
from horarium.distribution.schedules import Given
from horarium.distribution.sending import Busy, Sending
from horarium.kernel.instant import Instant, format_instant
from horarium.kernel.period import Period
from horarium.kernel.periodset import EMPTY, PeriodSet

from .realms import FILES, at, small

SINCE = Given(at("2026-01-01T00:00Z"))


def sends(send: object, zone: str = "UTC", **keys: object) -> Realm:
    channel = {"distributions": ["intranet"], "subscribers": ["s1"], "send": send, **keys}
    return small(channel={"night": channel}, distributor={"hq": {"zone": zone}})


def periods(found: PeriodSet) -> list[str]:
    return [f"{format_instant(p.start)[5:16]}/{format_instant(p.end)[5:16]}" for p in found]


def windows(
    of: Realm, start: str, end: str, *, receiver: str = "s1", since: Given = SINCE,
    busy: Busy = lambda resource, period: EMPTY,
) -> list[str]:  # fmt: skip
    found = Sending(of, since, busy).windows(
        of.channels["night"], of.distributors["hq"], of.subscribers[receiver], at(start), at(end)
    )
    return periods(found)


def test_a_channel_by_the_clock_of_its_receivers_opens_at_each_one_s_evening() -> None:
    found = small(
        distributor={"hq": {"zone": "Europe/Berlin"}},
        subscriber={"lisbon": {"zone": "Europe/Lisbon"}, "tokyo": {"zone": "Asia/Tokyo"}},
        channel={
            "night": {
                "distributions": ["intranet"],
                "subscribers": ["lisbon", "tokyo"],
                "send": {"type": "daily", "start": "22:00", "end": "02:00", "zone": "receiver"},
            }
        },
    )
    day = ("2026-01-15T12:00Z", "2026-01-16T12:00Z")
    assert windows(found, *day, receiver="lisbon") == ["01-15T22:00/01-16T02:00"]
    assert windows(found, *day, receiver="tokyo") == ["01-15T13:00/01-15T17:00"]


def test_a_channel_of_several_distributors_has_a_window_for_each() -> None:
    found = small(
        distributor={"hq": {"zone": "Europe/Berlin"}, "far": {"zone": "America/New_York"}},
        distribution={"other": {**FILES, "distributor": "far"}},
        channel={
            "night": {
                "distributions": ["intranet", "other"],
                "subscribers": ["s1"],
                "send": "daily window 22:00-23:00",
            }
        },
    )
    sending = Sending(found, SINCE)
    day = (at("2026-01-15T12:00Z"), at("2026-01-16T12:00Z"))
    assert periods(sending.union("intranet", "s1", *day)) == ["01-15T21:00/01-15T22:00"]
    assert periods(sending.union("other", "s1", *day)) == ["01-16T03:00/01-16T04:00"]


@pytest.mark.parametrize(
    ("send", "expected"),
    [
        ("daily window 22:00-02:00", ["03-02T22:00/03-03T02:00"]),
        ("daily window 22:00-02:00 every 1h", ["03-02T22:00/03-03T02:00"]),
        ("daily start 22:00", ["03-02T22:00/03-03T00:00"]),
        ("daily MO-FR start 22:00", ["03-02T22:00/03-03T00:00"]),
        ("weekly MO 22:00", ["03-02T22:00/03-03T00:00"]),
        ("weekly SU 22:00 - TU 06:00", ["03-02T12:00/03-03T06:00"]),
        ("monthly 2 start 20:00", ["03-02T20:00/03-03T00:00"]),
        ("yearly 03-02 start 20:00", ["03-02T20:00/03-03T00:00"]),
        ("interval 1h", ["03-02T12:00/03-03T12:00"]),
        ("interval 1h window 20:00-21:00", ["03-02T20:00/03-02T21:00"]),
        ("interval 6h for 10m", [
            "03-02T12:00/03-02T12:10", "03-02T18:00/03-02T18:10", "03-03T00:00/03-03T00:10",
            "03-03T06:00/03-03T06:10",
        ]),
        ("immediately", ["03-02T12:00/03-03T12:00"]),
        ("immediately window 20:00-21:00", ["03-02T20:00/03-02T21:00"]),
        ("at 2026-03-02T20:00", ["03-02T20:00/03-03T00:00"]),
        ("at 2026-03-02T20:00 for 1h", ["03-02T20:00/03-02T21:00"]),
        ("at 2026-03-02T20:00:00Z", ["03-02T20:00/03-03T00:00"]),
        ('cron "0 20 * * *" for 30m', ["03-02T20:00/03-02T20:30"]),
        ("on refresh for 1h", ["03-02T18:00/03-02T19:00"]),
        ('rrule "DTSTART:20260105T200000 DURATION:PT2H RRULE:FREQ=DAILY"',
         ["03-02T20:00/03-02T22:00"]),
        ("daily window 22:00-02:00 disabled", []),
        ("never", []),
    ],
)  # fmt: skip
def test_what_each_type_opens(send: str, expected: list[str]) -> None:
    since = Given(SINCE.activation, signals={"refresh": (at("2026-03-02T18:00Z"),)})
    found = windows(sends(send), "2026-03-02T12:00Z", "2026-03-03T12:00Z", since=since)
    assert found == expected


def test_an_interval_is_open_from_its_anchor_on() -> None:
    since = Given(SINCE.activation, anchor=at("2026-03-02T18:00Z"))
    found = windows(sends("interval 1h"), "2026-03-02T12:00Z", "2026-03-02T20:00Z", since=since)
    assert found == ["03-02T18:00/03-02T20:00"]


def test_without_a_schedule_nothing_is_sent() -> None:
    found = small()
    assert windows(found, "2026-03-02T12:00Z", "2026-03-03T12:00Z") == []


def test_a_random_beginning_delays_the_opening_and_not_the_end() -> None:
    found = sends("daily window 22:00-02:00 random window")
    opened = windows(found, "2026-03-02T12:00Z", "2026-03-03T12:00Z")
    assert len(opened) == 1
    assert opened[0].endswith("/03-03T02:00")
    assert opened == windows(found, "2026-03-02T12:00Z", "2026-03-03T12:00Z")
    jittered = windows(
        sends("daily window 22:00-02:00 random 30m"), "2026-03-02T12:00Z", "2026-03-03T12:00Z"
    )
    assert len(jittered) == 1
    assert "03-02T22:00" < jittered[0][:11] < "03-02T22:30"
    assert jittered[0].endswith("/03-03T02:00")


@pytest.mark.parametrize(
    ("night", "expected"),
    [
        # The clock goes from 02:00 to 03:00: an hour less.
        ("2026-03-28", ["03-28T21:00/03-29T01:00"]),
        # From 03:00 back to 02:00: an hour more.
        ("2026-10-24", ["10-24T20:00/10-25T02:00"]),
    ],
)
def test_a_window_over_a_change_of_the_clocks_ends_by_the_clock(
    night: str, expected: list[str]
) -> None:
    found = sends("daily window 22:00-03:00", "Europe/Berlin")
    assert windows(found, f"{night}T12:00Z", f"{night[:-2]}{int(night[-2:]) + 1}T12:00Z") == (
        expected
    )


# --- rate grids --------------------------------------------------------------

GRID = ["Mon-Fri 22:00-23:00 2Mbit", "Mon-Sun 23:00-02:00 unlimited"]


def test_a_rate_grid_says_how_fast_and_a_cell_of_0_closes() -> None:
    found = sends("daily window 22:00-02:00", rate_grid=[*GRID, "Tue 23:00-23:30 0"])
    sending = Sending(found, SINCE)
    channel, hq, s1 = found.channels["night"], found.distributors["hq"], found.subscribers["s1"]

    def rate(text: str) -> int | None:
        second = (at(text), Instant(at(text) + 1))
        return sending.grid(channel).rates_between(*second, sending.zone(channel, hq, s1))[0][1]

    assert rate("2026-03-02T22:30Z") == 250_000
    assert rate("2026-03-02T23:30Z") is None
    assert rate("2026-03-03T01:30Z") is None
    assert rate("2026-03-03T23:10Z") == 0
    assert rate("2026-03-07T22:30Z") is None
    assert windows(found, "2026-03-03T12:00Z", "2026-03-04T12:00Z") == [
        "03-03T22:00/03-03T23:00", "03-03T23:30/03-04T02:00",
    ]  # fmt: skip


def test_a_later_line_of_a_grid_wins() -> None:
    found = sends("daily window 00:00-24:00", rate_grid=["00:00-24:00 0", "Mon 10:00-11:00 1Gbit"])
    assert windows(found, "2026-03-02T00:00Z", "2026-03-04T00:00Z") == ["03-02T10:00/03-02T11:00"]


def two(**day: object) -> Realm:
    """A channel by night with a rate, and another one that leads to the same receiver."""
    channels = {
        "night": {"send": "daily window 22:00-02:00", "rate_grid": GRID},
        "day": {"send": "daily window 08:00-18:00", **day},
    }
    return small(
        distributor={"hq": {"zone": "UTC"}},
        channel={
            name: {"distributions": ["intranet"], "subscribers": ["s1"], **keys}
            for name, keys in channels.items()
        },
    )


def rates(of: Realm, start: str, end: str, *by_hand: str) -> list[tuple[str, int]]:
    sending = Sending(of, SINCE, by_hand=frozenset(by_hand))
    found = sending.rates("intranet", "s1", at(start), at(end))
    return [(periods(PeriodSet([period]))[0], rate) for period, rate in found]


def test_a_channel_that_is_closed_does_not_lift_the_rate_of_an_open_one() -> None:
    monday = ("2026-03-02T00:00Z", "2026-03-03T00:00Z")
    assert rates(two(), *monday) == [("03-02T22:00/03-02T23:00", 250_000)]
    slow = two(rate_grid=["09:00-10:00 1Mbit", "10:00-11:00 1Mbit"])
    assert rates(slow, *monday) == [
        ("03-02T09:00/03-02T11:00", 125_000), ("03-02T22:00/03-02T23:00", 250_000),
    ]  # fmt: skip
    # While both are open, the faster one counts.
    wide = two(send="daily window 00:00-24:00", rate_grid=["00:00-24:00 1Mbit"])
    assert rates(wide, "2026-03-02T21:30Z", "2026-03-02T23:30Z") == [
        ("03-02T21:30/03-02T22:00", 125_000), ("03-02T22:00/03-02T23:00", 250_000),
    ]  # fmt: skip


def test_what_is_opened_by_hand_is_open_at_any_hour_and_at_its_rate() -> None:
    hours = ("2026-03-02T20:00Z", "2026-03-02T23:00Z")
    assert rates(two(), *hours, "day") == []
    shut = two(rate_grid=["00:00-24:00 0"])
    assert Sending(shut, SINCE).state("intranet", "s1", at(hours[0])).open is False
    opened = Sending(shut, SINCE, by_hand=frozenset({"day"}))
    assert opened.state("intranet", "s1", at(hours[0])).open
    assert rates(shut, *hours, "day") == []
    slow = two(rate_grid=["00:00-24:00 1Mbit"])
    assert rates(slow, "2026-03-02T20:00Z", "2026-03-02T21:00Z", "day") == [
        ("03-02T20:00/03-02T21:00", 125_000),
    ]  # fmt: skip


def test_one_opened_by_hand_is_said_to_be_open_for_a_while_and_at_its_hours() -> None:
    until = at("2026-03-02T12:00Z")
    sending = Sending(
        sends("daily window 20:00-23:00"), SINCE, by_hand=frozenset({"night"}), by_hand_until=until
    )
    start, end = at("2026-03-02T09:00Z"), at("2026-03-03T09:00Z")
    assert list(sending.union("intranet", "s1", start, end)) == [
        Period(start, until), Period(at("2026-03-02T20:00Z"), at("2026-03-02T23:00Z")),
    ]  # fmt: skip
    later = at("2026-03-02T13:00Z")
    assert list(sending.union("intranet", "s1", later, end)) == [
        Period(at("2026-03-02T20:00Z"), at("2026-03-02T23:00Z")),
    ]  # fmt: skip
    assert next(iter(sending.union("intranet", "s1", start, later))).end == until


# --- link calendars ----------------------------------------------------------


def calendar(**busy: list[str] | None) -> Busy:
    def ask(resource: str, period: Period) -> PeriodSet | None:
        lines = busy.get(resource.partition("@")[0], [])
        if lines is None:
            return None
        edges = (line.split("/") for line in lines)
        return PeriodSet(Period(at(a), at(b)) for a, b in edges).clip(period.start, period.end)

    return ask


RESERVED = "2026-03-02T22:30Z/2026-03-02T23:00Z"
DAY = ("2026-03-02T12:00Z", "2026-03-03T12:00Z")


def linked(open_when: str) -> Realm:
    return sends("daily window 22:00-02:00", calendar="uplink@example.com", open_when=open_when)


def test_a_link_calendar_cuts_the_window() -> None:
    busy = calendar(uplink=[RESERVED])
    assert windows(linked("free"), *DAY, busy=busy) == [
        "03-02T22:00/03-02T22:30", "03-02T23:00/03-03T02:00",
    ]  # fmt: skip
    assert windows(linked("reserved"), *DAY, busy=busy) == ["03-02T22:30/03-02T23:00"]


@pytest.mark.parametrize("open_when", ["free", "reserved"])
def test_a_calendar_that_can_not_be_read_is_closed(open_when: str) -> None:
    assert windows(linked(open_when), *DAY, busy=calendar(uplink=None)) == []


def test_the_calendar_of_a_receiver_s_link_cuts_its_own_window_alone() -> None:
    keys = {"calendar": "line@example.com", "open_when": "free"}
    channel = {"distributions": ["intranet"], "subscribers": ["s1", "s2"],
               "send": "daily window 22:00-02:00"}  # fmt: skip
    found = small(
        subscriber={"s1": keys, "s2": {}}, channel={"night": channel},
        distributor={"hq": {"zone": "UTC"}},
    )  # fmt: skip
    sending = Sending(found, SINCE, calendar(line=[RESERVED]))
    state = sending.state("intranet", "s1", at("2026-03-02T22:40Z"))
    assert (state.open, state.until, state.reason) == (
        False, at("2026-03-02T23:00Z"), "link_reserved",
    )  # fmt: skip
    assert sending.state("intranet", "s2", at("2026-03-02T22:40Z")).open
    assert sending.alike("intranet", "s1") != sending.alike("intranet", "s2")
    below = sending.link_windows(found.subscribers["s1"], at(DAY[0]), at(DAY[1]))
    assert periods(below) == ["03-02T12:00/03-02T22:30", "03-02T23:00/03-03T12:00"]


# --- states ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("t", "busy", "expected"),
    [
        ("2026-03-02T22:10Z", [RESERVED], (True, "2026-03-02T22:30Z", "")),
        ("2026-03-02T21:00Z", [RESERVED], (False, "2026-03-02T22:00Z", "window_closed")),
        ("2026-03-02T22:40Z", [RESERVED], (False, "2026-03-02T23:00Z", "link_reserved")),
        ("2026-03-02T22:40Z", None, (False, None, "link_calendar_unavailable")),
    ],
)
def test_the_state_says_until_when_and_why(
    t: str, busy: list[str] | None, expected: tuple[bool, str | None, str]
) -> None:
    sending = Sending(linked("free"), SINCE, calendar(uplink=busy))
    state = sending.state("intranet", "s1", at(t))
    until = at(expected[1]) if expected[1] is not None else None
    assert (state.open, state.until, state.reason) == (expected[0], until, expected[2])


def test_a_link_calendar_holds_for_a_window_opened_by_hand() -> None:
    busy = calendar(uplink=[RESERVED])
    sending = Sending(linked("free"), SINCE, busy, by_hand=frozenset({"night"}))
    assert sending.state("intranet", "s1", at("2026-03-02T15:00Z")).open
    state = sending.state("intranet", "s1", at("2026-03-02T22:40Z"))
    assert (state.open, state.until, state.reason) == (
        False, at("2026-03-02T23:00Z"), "link_reserved",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("open_when", "t", "expected"),
    [
        ("free", "2026-03-02T12:00Z", (True, "2026-03-02T22:30Z", "")),
        ("free", "2026-03-02T22:40Z", (False, "2026-03-02T23:00Z", "link_reserved")),
        ("reserved", "2026-03-02T12:00Z", (False, "2026-03-02T22:30Z", "link_not_reserved")),
        ("reserved", "2026-03-02T23:00Z", (False, None, "link_not_reserved")),
    ],
)
def test_a_link_below_the_first_tier_has_the_state_of_its_calendar(
    open_when: str, t: str, expected: tuple[bool, str | None, str]
) -> None:
    keys = {"parents": ["p1"], "calendar": "line@example.com", "open_when": open_when}
    channel = {"distributions": ["intranet"], "subscribers": ["s1", "s2"], "send": "never"}
    found = small(
        subscriber={"p1": {}, "s1": keys, "s2": {"parents": ["p1"]}}, channel={"night": channel}
    )
    sending = Sending(found, SINCE, calendar(line=[RESERVED]))
    state = sending.link_state("intranet", "s1", at(t))
    until = at(expected[1]) if expected[1] is not None else None
    assert (state.open, state.until, state.reason) == (expected[0], until, expected[2])
    assert sending.link_state("intranet", "s2", at(t)).open
    assert not sending.obeys("intranet", "p1")


def test_a_link_that_is_not_reserved_names_the_next_reservation() -> None:
    sending = Sending(linked("reserved"), SINCE, calendar(uplink=[RESERVED]))
    state = sending.state("intranet", "s1", at("2026-03-02T22:10Z"))
    assert (state.open, state.until, state.reason) == (
        False, at("2026-03-02T22:30Z"), "link_not_reserved",
    )  # fmt: skip


def test_while_one_of_two_channels_is_open_the_receiver_is_served() -> None:
    both = {"distributions": ["intranet"], "subscribers": ["s1"]}
    found = small(
        distributor={"hq": {"zone": "UTC"}},
        channel={
            "night": {**both, "send": "daily window 22:00-02:00"},
            "noon": {**both, "send": "daily window 01:00-13:00"},
        },
    )
    sending = Sending(found, SINCE)
    state = sending.state("intranet", "s1", at("2026-03-02T23:00Z"))
    assert (state.open, state.until, state.channels) == (
        True, at("2026-03-03T13:00Z"), ("night", "noon"),
    )  # fmt: skip


def test_one_that_passes_on_is_served_for_those_behind_it_alone() -> None:
    both = {"distributions": ["intranet"]}
    found = small(
        distributor={"hq": {"zone": "UTC"}},
        subscriber={"p1": {}, "s1": {"parents": ["p1"]}, "p2": {}, "s2": {"parents": ["p2"]}},
        channel={
            "night": {**both, "subscribers": ["s1"], "send": "daily window 22:00-02:00"},
            "noon": {**both, "subscribers": ["s2"], "send": "daily window 12:00-13:00"},
        },
    )
    day = (at("2026-03-02T00:00Z"), at("2026-03-03T00:00Z"))
    sending = Sending(found, SINCE)
    assert periods(sending.union("intranet", "p2", *day)) == ["03-02T12:00/03-02T13:00"]
    assert periods(sending.union("intranet", "p1", *day))[-1] == "03-02T22:00/03-03T00:00"
    fled = Sending(found, SINCE, using={"s1": "p2"})
    assert len(periods(fled.union("intranet", "p2", *day))) == 3
    assert sending.state("intranet", "p1", at("2026-03-02T12:30Z")).reason == "window_closed"


@pytest.mark.parametrize(
    "changed",
    [
        {"distribution": {"intranet": {**FILES, "active": False}}},
        {"channel": {"night": {"distributions": ["intranet"], "subscribers": ["s1"],
                               "send": "immediately", "active": False}}},
        {"channel": {"night": {"distributions": ["intranet"], "subscribers": ["s1"],
                               "send": "immediately", "inactive": ["s1"]}}},
    ],
)  # fmt: skip
def test_what_is_inactive_opens_nothing(changed: Mapping[str, Mapping[str, object]]) -> None:
    state = Sending(small(**changed), SINCE).state(  # type: ignore[arg-type]
        "intranet", "s1", at("2026-03-02T23:00Z")
    )
    assert (state.open, state.reason) == (False, "inactive")


def test_very_many_short_windows_that_are_all_taken_are_closed() -> None:
    found = sends("interval 1m for 20s", calendar="uplink@example.com", open_when="reserved")
    state = Sending(found, SINCE).state("intranet", "s1", at("2026-03-02T23:00Z"))
    assert (state.open, state.until, state.reason) == (False, None, "link_not_reserved")


def test_a_channel_that_is_always_open_has_no_end() -> None:
    state = Sending(sends("immediately"), SINCE).state("intranet", "s1", at("2026-03-02T23:00Z"))
    assert (state.open, state.until) == (True, None)


@given(
    t=st.integers(0, 14 * 86_400),
    start=st.integers(0, 1439),
    length=st.integers(1, 1440),
    busy=st.lists(st.tuples(st.integers(0, 14 * 1440), st.integers(1, 600)), max_size=8),
    open_when=st.sampled_from(["free", "reserved"]),
)
def test_a_state_agrees_with_the_windows(
    t: int, start: int, length: int, busy: list[tuple[int, int]], open_when: str
) -> None:
    end = (start + length) % 1440
    window = f"{start // 60:02}:{start % 60:02}-{end // 60:02}:{end % 60:02}"
    found = sends(
        f"daily window {window}", "Europe/Berlin", calendar="u@example.com", open_when=open_when
    )
    origin = at("2026-03-20T00:00Z")
    taken = PeriodSet(
        Period(Instant(origin + a * 60), Instant(origin + (a + b) * 60)) for a, b in busy
    )
    sending = Sending(found, SINCE, lambda _, period: taken.clip(period.start, period.end))
    now = Instant(origin + t)
    state = sending.state("intranet", "s1", now)
    there = sending.union("intranet", "s1", now, Instant(now + 400 * 86_400))
    assert state.open == there.contains(now)
    first = next(iter(there), None)
    if state.open and first is not None:
        assert state.until == (first.end if first.end < now + 400 * 86_400 else None)
    else:
        assert state.until == (first.start if first is not None else None)

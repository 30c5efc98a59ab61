"""The policy of a resource: when, how long, how often, for how many."""

from __future__ import annotations

import pytest
from tests.office import ROOM, Office

from horarium.kernel.errors import LimitReached
from horarium.kernel.instant import Instant

DAY = 86_400


def decide(preferences: dict[str, object], start: str, end: str, extra: str = "") -> str:
    """The reason of the decision; empty when it is accepted."""
    office = Office({ROOM: preferences})
    status = office.invite(start, end, extra=extra)
    reason = office.last_reason()
    assert (status == "ACCEPTED") == (reason == "")
    return reason


# The office's present is Saturday 2026-11-21 09:00 of Oslo.
@pytest.mark.parametrize(
    ("preferences", "start", "end", "reason"),
    [
        ({"booking_window": 0}, "2026-11-21 23:59", "2026-11-22 01:00", ""),
        ({"booking_window": 0}, "2026-11-22 00:00", "2026-11-22 01:00", "booking_window"),
        ({"booking_window": 10}, "2026-12-01 23:00", "2026-12-02 01:00", ""),
        ({"booking_window": 10}, "2026-12-02 00:00", "2026-12-02 01:00", "booking_window"),
        ({"min_notice": "2h"}, "2026-11-21 11:00", "2026-11-21 12:00", ""),
        ({"min_notice": "2h"}, "2026-11-21 10:59", "2026-11-21 12:00", "min_notice"),
        ({"min_notice": "PT1S"}, "2026-11-20 10:00", "2026-11-20 12:00", "min_notice"),
        ({"past": "decline"}, "2026-11-20 10:00", "2026-11-20 12:00", "past"),
        ({"past": "decline"}, "2026-11-21 08:00", "2026-11-21 10:00", ""),
        ({"min_duration": "PT30M"}, "2026-12-01 09:00", "2026-12-01 09:30", ""),
        ({"min_duration": "PT30M"}, "2026-12-01 09:00", "2026-12-01 09:29", "min_duration"),
        ({"max_duration": "PT2H"}, "2026-12-01 09:00", "2026-12-01 11:00", ""),
        ({"max_duration": "PT2H"}, "2026-12-01 09:00", "2026-12-01 11:01", "max_duration"),
        # The autumn night has 25 hours; a duration is what passes.
        ({"max_duration": "PT2H"}, "2026-10-25 01:30", "2026-10-25 03:00", "max_duration"),
        ({"working_hours": "mon-fri 08:00-18:00"}, "2026-12-01 08:00", "2026-12-01 18:00", ""),
        (
            {"working_hours": "mon-fri 08:00-18:00"},
            "2026-12-01 17:30", "2026-12-01 18:01", "working_hours",
        ),
        (
            {"working_hours": "mon-fri 08:00-12:00,12:00-18:00"},
            "2026-12-01 11:00", "2026-12-01 13:00", "",
        ),
        (
            {"working_hours": "mon-fri 08:00-18:00\nclosed 2026-12-01"},
            "2026-12-01 09:00", "2026-12-01 10:00", "working_hours",
        ),
    ],
)  # fmt: skip
def test_when_and_how_long(
    preferences: dict[str, object], start: str, end: str, reason: str
) -> None:
    assert decide(preferences, start, end) == reason


@pytest.mark.parametrize(
    ("preferences", "rule", "reason"),
    [
        ({"allow_recurring": "no"}, "RRULE:FREQ=DAILY;COUNT=2", "allow_recurring"),
        ({"allow_recurring": "no"}, "", ""),
        ({"allowed_frequencies": "DAILY"}, "RRULE:FREQ=WEEKLY;COUNT=2", "allowed_frequencies"),
        ({"endless": "decline"}, "RRULE:FREQ=WEEKLY", "endless"),
        ({"endless": "decline"}, "RRULE:FREQ=WEEKLY;COUNT=5", ""),
        ({"max_occurrences": 5}, "RRULE:FREQ=DAILY;COUNT=5", ""),
        ({"max_occurrences": 5}, "RRULE:FREQ=DAILY;COUNT=6", "too_many_occurrences"),
        ({"max_occurrences": 110}, "RRULE:FREQ=WEEKLY", ""),
        ({"max_occurrences": 100}, "RRULE:FREQ=WEEKLY", "too_many_occurrences"),
        ({"booking_window": 30}, "RRULE:FREQ=WEEKLY;COUNT=10", "booking_window"),
        ({"horizon": "P30D", "beyond_horizon": "decline"}, "RRULE:FREQ=WEEKLY", "beyond_horizon"),
        ({"horizon": "P30D", "beyond_horizon": "decline"}, "RRULE:FREQ=DAILY;COUNT=3", ""),
    ],
)
def test_series(preferences: dict[str, object], rule: str, reason: str) -> None:
    assert decide(preferences, "2026-12-01 09:00", "2026-12-01 10:00", rule) == reason


def test_all_reasons_are_told_at_once() -> None:
    office = Office({ROOM: {"min_duration": "PT2H", "working_hours": "mon-fri 12:00-18:00"}})
    (answer,) = office.ask("2026-12-01 09:00", "2026-12-01 10:00")
    assert answer.statuses == ["3.8"]
    assert "at least 2 hours" in answer.text
    assert "closed then" in answer.text


def test_a_series_may_be_clipped_at_the_booking_window() -> None:
    office = Office({ROOM: {"booking_window": 20, "booking_window_series": "clip"}})
    (answer,) = office.ask("2026-12-01 09:00", "2026-12-01 10:00", extra="RRULE:FREQ=WEEKLY")
    assert answer.partstats == ["ACCEPTED"]
    assert answer.statuses == ["2.0", "2.11"]
    assert [start for _, start, _ in office.everything()] == [
        "2026-12-01 09:00", "2026-12-08 09:00",
    ]  # fmt: skip
    office.now = Instant(office.now + 90 * DAY)
    office.upkeep()
    assert len(office.everything()) == 2


def test_nothing_after_the_horizon_is_booked_where_it_clips() -> None:
    office = Office({ROOM: {"horizon": "P20D", "beyond_horizon": "clip"}})
    office.ask("2026-12-01 09:00", "2026-12-01 10:00", extra="RRULE:FREQ=WEEKLY")
    assert len(office.everything()) == 2
    (answer,) = office.ask("2027-12-01 09:00", "2027-12-01 10:00")
    assert answer.partstats == ["DECLINED"]


@pytest.mark.parametrize(("people", "reason"), [(2, ""), (3, "max_attendees")])
def test_how_many_people(people: int, reason: str) -> None:
    office = Office({ROOM: {"max_attendees": 2}})
    guests = tuple(f"guest-{number}@example.com" for number in range(people))
    office.ask("2026-12-01 09:00", "2026-12-01 10:00", guests=guests)
    assert office.last_reason() == reason


def test_buffers_keep_bookings_apart_and_are_not_in_the_event() -> None:
    office = Office({ROOM: {"buffer_before": "PT5M", "buffer_after": "PT10M"}})
    assert office.invite("2026-12-01 09:00", "2026-12-01 10:00") == "ACCEPTED"
    assert office.invite("2026-12-01 10:14", "2026-12-01 11:00") == "DECLINED"
    assert office.invite("2026-12-01 10:15", "2026-12-01 11:00") == "ACCEPTED"
    assert office.busy("2026-12-01 00:00", "2026-12-02 00:00") == [
        ("2026-12-01 09:00", "2026-12-01 10:00"), ("2026-12-01 10:15", "2026-12-01 11:00"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "functions",
    [
        "schedule_in_freebuzy",
        "schedule_in_freebusy 0",
        "schedule_in_freebusy many",
        "schedule_in_freebusy 1 2",
        "same_domain_only now",
        "schedule_in_freebusy\naccess_control_list",
        "access_control_list relative/path",
        "access_control_list /nowhere/at/all",
        "check_quota a b",
        "schedule_for_delegate cars sometimes",
        "add_to_quota cars",
        "# only a comment",
    ],
)
def test_what_is_set_up_wrongly_declines_everybody_and_tells_the_operator(functions: str) -> None:
    office = Office({ROOM: {"scheduling_function": functions}})
    (answer,) = office.ask("2026-12-01 09:00", "2026-12-01 10:00")
    assert answer.partstats == ["DECLINED"]
    assert answer.statuses == ["5.1"]
    assert office.last_reason() == "configuration"
    office.ask("2026-12-02 09:00", "2026-12-02 10:00")
    notices = office.store.read(lambda tx: tx.mail.notices(10))
    assert [cause for _, cause, _, _ in notices] == ["configuration"]


def test_an_unreadable_preference_declines_everybody() -> None:
    office = Office({ROOM: {"min_notice": "soon"}})
    (answer,) = office.ask("2026-12-01 09:00", "2026-12-01 10:00")
    assert answer.statuses == ["5.1"]
    assert "min_notice" in office.store.read(lambda tx: tx.mail.notices(1))[0][3]


def test_a_function_that_breaks_declines_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    from horarium.booking.functions import schedule_in_freebusy

    def broken(*_: object) -> None:
        raise RuntimeError("broken on purpose")

    monkeypatch.setattr(schedule_in_freebusy, "find_conflicts", broken)
    office = Office()
    (answer,) = office.ask("2026-12-01 09:00", "2026-12-01 10:00")
    assert answer.statuses == ["5.1"]
    assert office.last_reason() == "internal"
    assert "broken on purpose" in office.store.read(lambda tx: tx.mail.notices(1))[0][3]
    assert office.everything() == []


def test_a_limit_met_while_judging_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def too_much(*_: object) -> None:
        raise LimitReached("occurrences_compared", 20_001, 20_000)

    monkeypatch.setattr("horarium.booking.functions.schedule_in_freebusy.find_conflicts", too_much)
    (answer,) = Office().ask("2026-12-01 09:00", "2026-12-01 10:00")
    assert answer.partstats == ["DECLINED"]
    assert answer.statuses == ["3.10"]
    assert "occurrences_compared" in answer.text

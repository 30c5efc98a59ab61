"""Series: booked whole, changed and cancelled in part, endless without unseen collisions."""

from __future__ import annotations

import pytest
from tests.office import NOW, ROOM, Office, request, vevent

from horarium.kernel.instant import Instant

BY = "vincent.vole@example.com"
WEEKLY = "RRULE:FREQ=WEEKLY;COUNT=4"


def office_with_series(rule: str = WEEKLY) -> Office:
    office = Office()
    status = office.invite("2026-12-01 09:00", "2026-12-01 10:00", uid="s", extra=rule)
    assert status == "ACCEPTED"
    return office


def starts(office: Office) -> list[str]:
    return [start for _, start, _ in office.everything()]


def override(key: str, start: str, end: str, *, sequence: int = 1, extra: str = "") -> str:
    extra = f"RECURRENCE-ID;TZID=Europe/Oslo:{key}\n{extra}"
    return vevent("s", start, end, sequence=sequence, stamp="2026-11-21T09:00:00Z", extra=extra)


def test_a_series_is_booked_whole() -> None:
    office = office_with_series()
    assert starts(office) == [f"2026-12-{day:02} 09:00" for day in (1, 8, 15, 22)]


def test_one_collision_declines_the_series_and_names_it() -> None:
    office = Office()
    office.invite("2026-12-15 09:30", "2026-12-15 09:45")
    (answer,) = office.ask("2026-12-01 09:00", "2026-12-01 10:00", uid="s", extra=WEEKLY)
    assert answer.partstats == ["DECLINED"]
    assert answer.statuses == ["4.0"]
    assert "15 Dec 2026" in answer.text
    assert len(office.everything()) == 1


def test_a_clock_change_keeps_the_wall_time() -> None:
    office = Office()
    rule = "RRULE:FREQ=WEEKLY;COUNT=2"
    office.invite("2027-03-22 09:00", "2027-03-22 10:00", uid="s", extra=rule)
    assert starts(office) == ["2027-03-22 09:00", "2027-03-29 09:00"]


def test_a_changed_occurrence_moves_alone() -> None:
    office = office_with_series()
    moved = override("20261208T090000", "2026-12-09 13:00", "2026-12-09 14:00")
    (answer,) = office.send(request(moved), by=BY)
    assert answer.partstats == ["ACCEPTED"]
    assert "RECURRENCE-ID" in answer.components[0]
    assert sorted(starts(office)) == [
        "2026-12-01 09:00", "2026-12-09 13:00", "2026-12-15 09:00", "2026-12-22 09:00",
    ]  # fmt: skip


def test_the_key_of_an_occurrence_is_an_instant_not_a_text() -> None:
    office = office_with_series()
    moved = override("x", "2026-12-09 13:00", "2026-12-09 14:00").replace(
        "RECURRENCE-ID;TZID=Europe/Oslo:x", "RECURRENCE-ID:20261208T080000Z"
    )
    office.send(request(moved), by=BY)
    assert "2026-12-08 09:00" not in starts(office)


def test_a_changed_occurrence_that_does_not_fit_is_declined_and_released_alone() -> None:
    office = office_with_series()
    office.invite("2026-12-09 13:30", "2026-12-09 15:00")
    moved = override("20261208T090000", "2026-12-09 13:00", "2026-12-09 14:00")
    (answer,) = office.send(request(moved), by=BY)
    assert answer.partstats == ["DECLINED"]
    assert [s for s in starts(office) if s.endswith("09:00")] == [
        "2026-12-01 09:00", "2026-12-15 09:00", "2026-12-22 09:00",
    ]  # fmt: skip


def test_an_occurrence_the_series_has_not_is_declined() -> None:
    office = office_with_series()
    wrong = override("20261210T090000", "2026-12-10 13:00", "2026-12-10 14:00")
    (answer,) = office.send(request(wrong), by=BY)
    assert answer.partstats == ["DECLINED"]
    assert answer.statuses == ["3.1"]
    assert len(starts(office)) == 4


def test_this_and_future_moves_the_rest() -> None:
    office = office_with_series()
    moved = override("20261215T090000", "2026-12-15 11:00", "2026-12-15 12:00").replace(
        "RECURRENCE-ID;", "RECURRENCE-ID;RANGE=THISANDFUTURE;"
    )
    (answer,) = office.send(request(moved), by=BY)
    assert answer.partstats == ["ACCEPTED"]
    assert starts(office) == [
        "2026-12-01 09:00", "2026-12-08 09:00", "2026-12-15 11:00", "2026-12-22 11:00",
    ]  # fmt: skip


def test_master_and_overrides_in_one_message_are_one_decision() -> None:
    office = Office()
    master = vevent("s", "2026-12-01 09:00", "2026-12-01 10:00", extra=WEEKLY, sequence=1)
    moved = override("20261208T090000", "2026-12-09 13:00", "2026-12-09 14:00")
    (answer,) = office.send(request(master, moved), by=BY)
    assert answer.partstats == ["ACCEPTED"]
    assert "2026-12-09 13:00" in starts(office)
    assert "2026-12-08 09:00" not in starts(office)


def test_a_re_sent_series_restates_every_occurrence() -> None:
    office = office_with_series()
    office.send(request(override("20261208T090000", "2026-12-09 13:00", "2026-12-09 14:00")), by=BY)
    again = vevent(
        "s", "2026-12-01 09:00", "2026-12-01 10:30", extra=WEEKLY, sequence=2,
        stamp="2026-11-21T10:00:00Z",
    )  # fmt: skip
    office.send(request(again), by=BY)
    assert starts(office) == [f"2026-12-{day:02} 09:00" for day in (1, 8, 15, 22)]


def test_cancel_of_one_occurrence_frees_it() -> None:
    office = office_with_series()
    gone = override("20261208T090000", "2026-12-08 09:00", "2026-12-08 10:00")
    assert office.send(request(gone, method="CANCEL"), by=BY) == []
    assert starts(office) == ["2026-12-01 09:00", "2026-12-15 09:00", "2026-12-22 09:00"]
    assert office.invite("2026-12-08 09:00", "2026-12-08 10:00") == "ACCEPTED"


def test_cancel_of_the_series_takes_its_overrides_with_it() -> None:
    office = office_with_series()
    office.send(request(override("20261208T090000", "2026-12-09 13:00", "2026-12-09 14:00")), by=BY)
    gone = vevent("s", "2026-12-01 09:00", "2026-12-01 10:00", extra=WEEKLY, sequence=2)
    assert office.send(request(gone, method="CANCEL"), by=BY) == []
    assert office.everything() == []


def test_a_cancel_without_dtstart_is_enough() -> None:
    office = office_with_series()
    bare = (
        "BEGIN:VEVENT\nUID:s\nDTSTAMP:20261121T090000Z\nSEQUENCE:1\n"
        f"ORGANIZER:mailto:{BY}\nEND:VEVENT\n"
    )
    assert office.send(request(bare, method="CANCEL"), by=BY) == []
    assert office.everything() == []


def test_a_cancel_of_other_attendees_does_not_concern_the_resource() -> None:
    office = office_with_series()
    other = vevent(
        "s", "2026-12-01 09:00", "2026-12-01 10:00", to=("harvey.horse@example.com",), sequence=1
    )
    assert office.send(request(other, method="CANCEL"), by=BY) == []
    assert len(office.everything()) == 4


def test_cancel_of_this_and_future_ends_the_series() -> None:
    office = office_with_series()
    gone = override("20261215T090000", "2026-12-15 09:00", "2026-12-15 10:00").replace(
        "RECURRENCE-ID;", "RECURRENCE-ID;RANGE=THISANDFUTURE;"
    )
    office.send(request(gone, method="CANCEL"), by=BY)
    assert starts(office) == ["2026-12-01 09:00", "2026-12-08 09:00"]


def test_status_cancelled_inside_a_request_is_a_cancellation() -> None:
    office = Office()
    master = vevent("s", "2026-12-01 09:00", "2026-12-01 10:00", extra=WEEKLY, sequence=1)
    gone = override(
        "20261208T090000", "2026-12-08 09:00", "2026-12-08 10:00", extra="STATUS:CANCELLED"
    )
    (answer,) = office.send(request(master, gone), by=BY)
    assert answer.partstats == ["ACCEPTED"]
    assert starts(office) == ["2026-12-01 09:00", "2026-12-15 09:00", "2026-12-22 09:00"]


def test_add_books_one_more_occurrence() -> None:
    office = office_with_series()
    more = vevent("s", "2026-12-03 09:00", "2026-12-03 10:00", sequence=1)
    (answer,) = office.send(request(more, method="ADD"), by=BY)
    assert answer.partstats == ["ACCEPTED"]
    assert "2026-12-03 09:00" in starts(office)
    assert len(starts(office)) == 5


def test_add_that_does_not_fit_is_declined() -> None:
    office = office_with_series()
    office.invite("2026-12-03 09:00", "2026-12-03 10:00")
    more = vevent("s", "2026-12-03 09:30", "2026-12-03 10:30", sequence=1)
    (answer,) = office.send(request(more, method="ADD"), by=BY)
    assert answer.partstats == ["DECLINED"]
    assert len(starts(office)) == 5


def test_add_to_an_unknown_event_asks_for_all_of_it() -> None:
    office = Office()
    more = vevent("s", "2026-12-03 09:00", "2026-12-03 10:00", sequence=1)
    (answer,) = office.send(request(more, method="ADD"), by=BY)
    assert str(answer.calendar["METHOD"]) == "REFRESH"
    assert str(answer.components[0]["UID"]) == "s"
    assert office.everything() == []


def test_instances_without_a_master_stand_alone_until_it_comes() -> None:
    office = Office()
    one = override("20261208T090000", "2026-12-08 09:00", "2026-12-08 10:00")
    two = override("20261215T090000", "2026-12-15 09:00", "2026-12-15 10:00")
    office.send(request(one), by=BY)
    office.send(request(two), by=BY)
    assert starts(office) == ["2026-12-08 09:00", "2026-12-15 09:00"]
    master = vevent(
        "s", "2026-12-01 09:00", "2026-12-01 10:00", extra=WEEKLY, sequence=2,
        stamp="2026-11-21T10:00:00Z",
    )  # fmt: skip
    office.send(request(master), by=BY)
    assert starts(office) == [f"2026-12-{day:02} 09:00" for day in (1, 8, 15, 22)]


# --- endless ------------------------------------------------------------------


def test_an_endless_series_is_laid_down_for_its_window_and_answered_to_the_horizon() -> None:
    office = Office()
    (answer,) = office.ask(
        "2026-12-01 09:00", "2026-12-01 10:00", uid="s", extra="RRULE:FREQ=WEEKLY"
    )
    assert answer.partstats == ["ACCEPTED"]
    assert answer.statuses == ["2.0", "2.11"]
    assert "2028" in answer.text
    laid = office.store.read(lambda tx: tx.reservations(1, f"mailto:{ROOM}", NOW).of_event("s"))
    assert 13 <= len(laid) <= 15


@pytest.mark.parametrize("start", ["2027-06-01", "2028-05-30", "2031-06-03", "2040-06-05"])
def test_an_endless_series_is_never_met_unseen(start: str) -> None:
    office = Office()
    office.invite("2026-12-01 09:00", "2026-12-01 10:00", uid="s", extra="RRULE:FREQ=WEEKLY")
    assert office.invite(f"{start} 09:30", f"{start} 11:00") == "DECLINED"
    assert office.invite(f"{start} 10:00", f"{start} 11:00") == "ACCEPTED"


def test_two_endless_series_that_meet_after_the_window_are_told_now() -> None:
    office = Office()
    office.invite(
        "2026-12-01 09:00", "2026-12-01 10:00", uid="a", extra="RRULE:FREQ=MONTHLY;BYMONTHDAY=1"
    )
    late = "RRULE:FREQ=YEARLY"
    assert office.invite("2027-09-01 09:30", "2027-09-01 09:45", uid="b", extra=late) == "DECLINED"


def test_upkeep_lays_an_endless_series_down_further_and_twice_is_once() -> None:
    office = Office()
    office.invite("2026-12-01 09:00", "2026-12-01 10:00", uid="s", extra="RRULE:FREQ=DAILY")
    before = office.everything()
    office.now = Instant(office.now + 30 * 86_400)
    assert office.upkeep().extended == 1
    after = office.everything()
    assert office.upkeep().extended == 0
    assert office.everything() == after
    assert len(after) >= len(before)
    laid = office.store.read(lambda tx: tx.reservations(1, f"mailto:{ROOM}", NOW).of_event("s"))
    assert laid[-1].event.start > office.now + 99 * 86_400


def test_upkeep_after_weeks_leaves_what_daily_runs_leave() -> None:
    daily, late = (office_with_series("RRULE:FREQ=DAILY") for _ in range(2))
    for _ in range(20):
        daily.now = Instant(daily.now + 86_400)
        daily.upkeep()
    late.now = daily.now
    late.upkeep()

    def rows(office: Office) -> list[object]:
        return list(
            office.store.read(lambda tx: tx.reservations(1, f"mailto:{ROOM}", NOW).of_event("s"))
        )

    assert rows(daily) == rows(late)


def test_what_meets_beyond_the_horizon_is_lost_by_the_later_and_told() -> None:
    office = Office({ROOM: {"horizon": "P30D", "window_size": 30}})
    office.invite(
        "2026-12-01 09:00", "2026-12-01 10:00", uid="a", extra="RRULE:FREQ=MONTHLY;BYMONTHDAY=1"
    )
    office.now = Instant(office.now + 60)
    # From the second on, and first meeting on the first of February: beyond thirty days.
    rule = "RRULE:FREQ=MONTHLY;BYMONTHDAY=2;BYMONTH=12\nRDATE;TZID=Europe/Oslo:20270201T093000"
    status = office.invite("2026-12-02 09:30", "2026-12-02 10:00", uid="b", extra=rule)
    assert status == "ACCEPTED"
    office.now = Instant(office.now + 50 * 86_400)
    report = office.upkeep()
    assert report.lost == 1
    (mail,) = [m for m in _outbox(office) if m[0] == "b" and m[1] != 0][-1:]
    assert mail is not None
    held = [item for item in office.everything() if item[1].startswith("2027-02-01")]
    assert held == [("a", "2027-02-01 09:00", "2027-02-01 10:00")]


def _outbox(office: Office) -> list[tuple[str, int]]:
    return office.store.read(lambda tx: [(line.uid, line.id) for line in tx.mail.outbox("", 100)])


# --- limits and past ---------------------------------------------------------------


def test_past_occurrences_that_are_not_free_are_left_out_silently() -> None:
    office = Office()
    office.now = Instant(office.now + 20 * 86_400)  # 11 December
    office.invite("2026-12-01 09:00", "2026-12-01 10:00")
    (answer,) = office.ask("2026-12-01 09:00", "2026-12-01 10:00", uid="s", extra=WEEKLY)
    assert answer.partstats == ["ACCEPTED"]
    assert len([s for s in starts(office) if s == "2026-12-01 09:00"]) == 1
    assert len(starts(office)) == 4


def test_an_event_wholly_in_the_past_is_decided_like_any_other() -> None:
    office = Office()
    assert office.invite("2026-11-01 09:00", "2026-11-01 10:00") == "ACCEPTED"
    assert office.invite("2026-11-01 09:00", "2026-11-01 10:00") == "DECLINED"


@pytest.mark.parametrize(
    ("rule", "status"),
    [
        ("RRULE:FREQ=HOURLY;COUNT=3", "3.14"),
        ("RRULE:FREQ=SECONDLY;COUNT=3", "3.14"),
        ("RRULE:FREQ=DAILY;INTERVAL=0", "3.6"),
        ("RRULE:FREQ=DAILY;COUNT=10000000", "3.10"),
        ("RRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", "3.6"),
        ("RRULE:RSCALE=HEBREW;FREQ=YEARLY", "3.14"),
        ("RRULE:FREQ=WEEKLY;UNTIL=20261101T000000Z", "3.6"),
    ],
)
def test_rules_that_are_not_booked_get_their_code(rule: str, status: str) -> None:
    office = Office()
    (answer,) = office.ask("2026-12-01 09:00", "2026-12-01 10:00", extra=rule)
    assert answer.partstats == ["DECLINED"]
    assert answer.statuses == [status]
    assert office.everything() == []


def test_a_cancellation_lays_nothing_down_that_was_not_judged() -> None:
    """Two series that first meet behind the horizon of both, and a cancellation meanwhile."""
    office = Office({ROOM: {"horizon": "P100D"}})
    yearly = "RRULE:FREQ=YEARLY;BYMONTH=3;BYMONTHDAY=10"
    office.invite("2026-12-01 09:00", "2026-12-01 10:00", uid="a", extra=yearly)
    office.invite("2026-12-10 09:00", "2026-12-10 10:00", uid="b", extra="RRULE:FREQ=MONTHLY")
    office.now = Instant(office.now + 20 * 86_400)
    gone = vevent(
        "b", "2027-01-10 09:00", "2027-01-10 10:00", sequence=1, stamp="2026-11-25T08:00:00Z",
        extra="RECURRENCE-ID;TZID=Europe/Oslo:20270110T090000",
    )  # fmt: skip
    assert office.send(request(gone, method="CANCEL"), by=BY) == []
    assert office.busy("2027-01-10 00:00", "2027-01-11 00:00") == []
    report = office.upkeep()
    assert (report.lost, report.failures) == (1, [])
    assert len(office.busy("2027-03-10 00:00", "2027-03-11 00:00")) == 1

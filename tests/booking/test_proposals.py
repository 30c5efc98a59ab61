"""Other times: corrected to the grid, moved to the next gap, offered and held (RFC 5546 3.2.7)."""

from __future__ import annotations

import pytest
from tests.office import ROOM, Answer, Office, local, oslo

from horarium.booking.grid import parse_grid
from horarium.booking.moving import on_grid
from horarium.kernel.instant import parse_instant
from horarium.kernel.period import Period
from horarium.kernel.zone import named

HORSE = "harvey.horse@example.com"
GRID = "0,15,30,45"
CORRECTED = "schedule_corrected_in_freebusy"
NEXT = "schedule_next_available_in_freebusy"
NOVEMBER = named("Europe/Oslo")


def room(functions: str = NEXT, **preferences: object) -> Office:
    return Office({ROOM: {"scheduling_function": functions, **preferences}})


def proposed(answers: list[Answer]) -> list[tuple[str, str]]:
    (answer,) = answers
    assert answer.calendar["METHOD"] == "COUNTER"
    return [
        (local(_instant(c["DTSTART"].dt)), local(_instant(c["DTEND"].dt)))
        for c in answer.components
    ]


def _instant(at: object) -> object:
    return int(at.timestamp())  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("grid", "asked", "found"),
    [
        (GRID, ("10:07", "11:01"), ("2026-12-01 10:15", "2026-12-01 11:15")),
        (GRID, ("10:00", "11:00"), ("2026-12-01 10:00", "2026-12-01 11:00")),
        (GRID, ("23:47", "23:59"), ("2026-12-02 00:00", "2026-12-02 00:15")),
        ("8,12:0", ("07:59", "08:30"), ("2026-12-01 08:00", "2026-12-01 12:00")),
        ("8,12:0", ("12:01", "13:00"), ("2026-12-02 08:00", "2026-12-02 12:00")),
        ("9:", ("08:20", "08:40"), ("2026-12-01 09:00", "2026-12-02 09:00")),
        ("0,30", ("10:00", "10:10"), ("2026-12-01 10:00", "2026-12-01 10:30")),
    ],
)
def test_times_go_forward_to_the_grid(
    grid: str, asked: tuple[str, str], found: tuple[str, str]
) -> None:
    start, end = (oslo(f"2026-12-01 {clock}") for clock in asked)
    moved = on_grid(Period(start, end), parse_grid(grid), NOVEMBER)
    assert (local(moved.start), local(moved.end)) == found


def test_seconds_that_are_not_said_are_free() -> None:
    at = parse_instant("2026-12-01T09:00:30Z")
    period = Period(at, parse_instant("2026-12-01T10:00:30Z"))
    assert on_grid(period, parse_grid(GRID), NOVEMBER) == period
    assert local(on_grid(period, parse_grid(":0,15:0"), NOVEMBER).start) == "2026-12-01 10:15"


def test_corrected_times_are_proposed_and_the_right_ones_are_booked() -> None:
    office = room(CORRECTED, permitted_times=GRID)
    answers = office.ask("2026-12-01 10:07", "2026-12-01 11:01", uid="a")
    assert proposed(answers) == [("2026-12-01 10:15", "2026-12-01 11:15")]
    assert answers[0].partstats == ["DECLINED"]
    assert office.everything() == []
    assert office.invite("2026-12-01 10:15", "2026-12-01 11:15", uid="a", sequence=1) == "ACCEPTED"
    assert office.invite("2026-12-01 10:50", "2026-12-01 11:50", uid="b", by=HORSE) == "DECLINED"


def test_what_does_not_fit_is_moved_to_the_next_gap() -> None:
    office = room()
    office.invite("2026-12-01 10:00", "2026-12-01 11:00")
    office.invite("2026-12-01 11:30", "2026-12-01 12:00")
    answers = office.ask("2026-12-01 10:30", "2026-12-01 11:30", by=HORSE)
    assert proposed(answers) == [("2026-12-01 12:00", "2026-12-01 13:00")]
    short = office.ask("2026-12-01 10:30", "2026-12-01 11:00", by=HORSE)
    assert proposed(short) == [("2026-12-01 11:00", "2026-12-01 11:30")]


def test_the_gap_lies_in_hours_and_window_or_there_is_none() -> None:
    hours = "mon-fri 08:00-12:00"
    office = room(working_hours=hours, permitted_times="0,30")
    office.invite("2026-12-01 08:00", "2026-12-01 11:30")
    answers = office.ask("2026-12-01 11:00", "2026-12-01 12:00", by=HORSE)
    assert proposed(answers) == [("2026-12-02 08:00", "2026-12-02 09:00")]
    office = room(booking_window=10)
    office.invite("2026-12-01 00:00", "2026-12-03 00:00")
    assert office.invite("2026-12-01 11:00", "2026-12-01 12:00", by=HORSE) == "DECLINED"


@pytest.mark.parametrize("ended", ["taken", "declined", "cancelled", "expired", "held"])
def test_an_offer_is_held_until_it_ends(ended: str) -> None:
    office = room(freebusy_offers="PT2H")
    office.invite("2026-12-01 10:00", "2026-12-01 11:00")
    (answer,) = office.ask("2026-12-01 10:00", "2026-12-01 11:00", by=HORSE, uid="h")
    assert answer.partstats == ["TENTATIVE"]
    assert "That time is held for you until" in answer.text
    offered = "2026-12-01 11:00", "2026-12-01 12:00"
    assert office.busy(*offered) == [offered]
    if ended == "taken":
        assert office.invite(*offered, by=HORSE, uid="h", sequence=1) == "ACCEPTED"
        assert office.busy(*offered) == [offered]
        return
    if ended == "held":
        asked = office.ask(*offered)
        assert proposed(asked) == [("2026-12-01 12:00", "2026-12-01 13:00")]
        return
    if ended in ("declined", "cancelled"):
        method = "DECLINECOUNTER" if ended == "declined" else "CANCEL"
        sequence = 0 if ended == "declined" else 1
        assert office.want(*offered, by=HORSE, uid="h", method=method, sequence=sequence) == []
    else:
        office.now = oslo("2026-11-21 11:01")
    assert office.busy(*offered) == []
    assert office.invite(*offered) == "ACCEPTED"


def test_a_proposal_for_a_change_leaves_the_booking_until_the_organizer_acts() -> None:
    office = room()
    office.invite("2026-12-01 10:00", "2026-12-01 11:00", uid="a")
    office.invite("2026-12-01 12:00", "2026-12-01 13:00", by=HORSE)
    answers = office.ask("2026-12-01 12:30", "2026-12-01 13:30", uid="a", sequence=1)
    assert proposed(answers) == [("2026-12-01 13:00", "2026-12-01 14:00")]
    assert "The earlier booking of this event stands." in answers[0].text
    assert office.busy("2026-12-01 10:00", "2026-12-01 11:00") != []


def test_who_wants_no_proposal_gets_the_times_as_alternatives() -> None:
    office = room()
    office.invite("2026-12-01 10:00", "2026-12-01 11:00")
    extra = "X-MICROSOFT-DISALLOW-COUNTER:TRUE"
    (answer,) = office.ask("2026-12-01 10:00", "2026-12-01 11:00", by=HORSE, extra=extra)
    assert answer.partstats == ["DECLINED"]
    assert "11:00–12:00" in answer.text


def test_a_series_is_shifted_as_a_whole_or_declined() -> None:
    office = room(CORRECTED, permitted_times=GRID)
    extra = "RRULE:FREQ=WEEKLY;COUNT=4"
    answers = office.ask("2026-12-01 10:07", "2026-12-01 11:07", uid="s", extra=extra)
    assert proposed(answers) == [("2026-12-01 10:15", "2026-12-01 11:15")]
    rule = "RRULE:FREQ=DAILY;COUNT=4;BYHOUR=10;BYMINUTE=7"
    (answer,) = office.ask("2026-12-01 10:07", "2026-12-01 11:07", uid="t", extra=rule)
    assert answer.partstats == ["DECLINED"]
    assert office.last_reason() == "off_grid"


def test_occurrences_of_a_rule_are_never_moved_one_by_one() -> None:
    office = room()
    office.invite("2026-12-08 10:00", "2026-12-08 11:00")
    extra = "RRULE:FREQ=WEEKLY;COUNT=3"
    assert (
        office.invite("2026-12-01 10:00", "2026-12-01 11:00", extra=extra, by=HORSE) == "DECLINED"
    )


def test_dates_that_are_listed_are_moved_each_for_itself() -> None:
    office = room()
    office.invite("2026-12-03 10:00", "2026-12-03 11:00")
    extra = "RDATE;TZID=Europe/Oslo:20261203T100000,20261205T100000"
    answers = office.ask("2026-12-01 10:00", "2026-12-01 11:00", extra=extra, by=HORSE, uid="r")
    (answer,) = answers
    assert proposed(answers) == [("2026-12-01 10:00", "2026-12-01 11:00")]
    component = answer.components[0]
    rdates = component["RDATE"] if isinstance(component["RDATE"], list) else [component["RDATE"]]
    periods = [
        (local(_instant(p.dt[0])), local(_instant(p.dt[1]))) for line in rdates for p in line.dts
    ]
    assert periods == [
        ("2026-12-03 11:00", "2026-12-03 12:00"),
        ("2026-12-05 10:00", "2026-12-05 11:00"),
    ]


def test_whole_days_lie_on_every_grid_and_move_by_days() -> None:
    office = room(permitted_times="7")
    day = "DTSTART;VALUE=DATE:20261201\nDTEND;VALUE=DATE:20261202"
    assert office.send(whole_day("a", day), by=HORSE)[0].partstats == ["ACCEPTED"]
    answers = office.send(whole_day("b", day), by=HORSE)
    (answer,) = answers
    assert str(answer.components[0]["DTSTART"].dt) == "2026-12-02"


def whole_day(uid: str, times: str) -> str:
    return (
        "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//c//EN\nMETHOD:REQUEST\nBEGIN:VEVENT\n"
        f"UID:{uid}\nDTSTAMP:20261120T080000Z\n{times}\nSUMMARY:Day\nORGANIZER:mailto:{HORSE}\n"
        f"ATTENDEE:mailto:{ROOM}\nEND:VEVENT\nEND:VCALENDAR\n"
    )


def test_what_follows_judges_the_proposed_times() -> None:
    office = room(f"{CORRECTED}\nsame_domain_only", permitted_times=GRID)
    (answer,) = office.ask("2026-12-01 10:07", "2026-12-01 11:01", by="paul@example.org")
    assert answer.partstats == ["DECLINED"]
    assert answer.calendar["METHOD"] == "REPLY"


def test_the_busy_time_that_an_attendee_published_is_not_proposed() -> None:
    office = room()
    office.invite("2026-12-01 10:00", "2026-12-01 11:00")
    paul = "paul@example.org"
    told = (
        "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//c//EN\nMETHOD:PUBLISH\nBEGIN:VFREEBUSY\nUID:f\n"
        f"DTSTAMP:20261120T080000Z\nORGANIZER:mailto:{paul}\nDTSTART:20261201T000000Z\n"
        "DTEND:20261202T000000Z\nFREEBUSY:20261201T100000Z/20261201T120000Z\nEND:VFREEBUSY\n"
        "END:VCALENDAR\n"
    )
    assert office.send(told, by="mallory@example.org") == []
    answers = office.ask("2026-12-01 10:00", "2026-12-01 11:00", by=HORSE, guests=(paul,))
    assert proposed(answers) == [("2026-12-01 11:00", "2026-12-01 12:00")]
    assert office.send(told, by=paul) == []
    answers = office.ask("2026-12-01 10:00", "2026-12-01 11:00", by=HORSE, guests=(paul,))
    assert proposed(answers) == [("2026-12-01 13:00", "2026-12-01 14:00")]

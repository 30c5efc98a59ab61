"""VFREEBUSY: when a resource is busy, and nothing else."""

from __future__ import annotations

from tests.office import ROOM, Office, read_answer

BY = "vincent.vole@example.com"


def question(start: str, end: str, by: str = BY) -> str:
    return (
        "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//client//EN\nMETHOD:REQUEST\nBEGIN:VFREEBUSY\n"
        f"UID:fb\nDTSTAMP:20261120T080000Z\nDTSTART:{start}\nDTEND:{end}\n"
        f"ORGANIZER:mailto:{by}\nATTENDEE:mailto:{ROOM}\nEND:VFREEBUSY\nEND:VCALENDAR\n"
    )


def ask(office: Office, start: str, end: str) -> tuple[list[str], object]:
    delivery = office.deliver(office.mail(question(start, end), by=BY), sender=BY)
    (mail,) = delivery.mails
    answer = read_answer(mail)
    (component,) = answer.calendar.walk("VFREEBUSY")
    text = component.to_ical().decode()
    lines = [line for line in text.replace("\r\n ", "").split("\r\n") if "FREEBUSY" in line[:8]]
    return [line for line in lines if not line.startswith("BEGIN")], component


def test_busy_times_are_merged_clipped_and_nameless() -> None:
    office = Office()
    office.invite("2026-12-01 09:00", "2026-12-01 10:00")
    office.invite("2026-12-01 10:00", "2026-12-01 11:00")
    office.invite("2026-12-01 15:00", "2026-12-01 18:00")
    lines, component = ask(office, "20261201T083000Z", "20261201T150000Z")
    assert lines == [
        "FREEBUSY;FBTYPE=BUSY:20261201T083000Z/20261201T100000Z",
        "FREEBUSY;FBTYPE=BUSY:20261201T140000Z/20261201T150000Z",
    ]
    text = component.to_ical().decode()  # type: ignore[attr-defined]
    assert "Meeting" not in text
    assert "DTSTART:20261201T083000Z" in text
    assert "DTEND:20261201T150000Z" in text


def test_nothing_booked_is_a_reply_without_busy_times() -> None:
    lines, _ = ask(Office(), "20261201T080000Z", "20261201T150000Z")
    assert lines == []


def test_endless_series_are_told_beyond_what_is_laid_down() -> None:
    office = Office()
    office.invite("2026-12-01 09:00", "2026-12-01 10:00", extra="RRULE:FREQ=WEEKLY")
    lines, _ = ask(office, "20310603T000000Z", "20310604T000000Z")  # a Tuesday too
    assert lines == ["FREEBUSY;FBTYPE=BUSY:20310603T070000Z/20310603T080000Z"]
    lines, _ = ask(office, "20310604T000000Z", "20310605T000000Z")
    assert lines == []


def test_a_window_of_more_than_a_year_is_cut() -> None:
    _, component = ask(Office(), "20261201T000000Z", "20281201T000000Z")
    text = component.to_ical().decode()  # type: ignore[attr-defined]
    assert "REQUEST-STATUS:2.9" in text
    assert "DTEND:20271202T000000Z" in text


def test_capacity_is_busy_where_it_is_exhausted() -> None:
    office = Office({ROOM: {"scheduling_function": "schedule_in_freebusy 2"}})
    office.invite("2026-12-01 09:00", "2026-12-01 11:00")
    office.invite("2026-12-01 10:00", "2026-12-01 12:00")
    lines, _ = ask(office, "20261201T000000Z", "20261202T000000Z")
    assert lines == ["FREEBUSY;FBTYPE=BUSY:20261201T090000Z/20261201T100000Z"]
    office = Office(
        {ROOM: {"scheduling_function": "schedule_in_freebusy 2", "freebusy_shows": "any"}}
    )
    office.invite("2026-12-01 09:00", "2026-12-01 11:00")
    lines, _ = ask(office, "20261201T000000Z", "20261202T000000Z")
    assert lines == ["FREEBUSY;FBTYPE=BUSY:20261201T080000Z/20261201T100000Z"]


def test_closed_hours_are_unavailable() -> None:
    office = Office({ROOM: {"working_hours": "mon-fri 08:00-18:00"}})
    lines, _ = ask(office, "20261201T050000Z", "20261201T080000Z")
    assert lines == ["FREEBUSY;FBTYPE=BUSY-UNAVAILABLE:20261201T050000Z/20261201T070000Z"]


def test_a_stranger_is_told_nothing() -> None:
    office = Office()
    mail = office.mail(
        question("20261201T050000Z", "20261201T080000Z"), by="simon.skunk@example.com"
    )
    assert office.deliver(mail).mails == ()

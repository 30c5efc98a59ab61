"""What the organizer reads: the reply exactly as it must be, the text in their language."""

from __future__ import annotations

import email
import re

import pytest
from tests.office import ROOM, Office, read_answer, request, vevent

from horarium.booking.language.choice import CATALOGUES
from horarium.booking.language.english import ENGLISH
from horarium.runtime.settings import default_settings

BY = "vincent.vole@example.com"


def ask(office: Office, extra: str = "", **headers: str) -> object:
    event = vevent("e", "2026-12-01 09:00", "2026-12-01 10:00", extra=extra, sequence=3)
    (answer,) = office.send(request(event), by=BY, **headers)
    return answer


def test_a_reply_says_what_was_asked_and_who_answers() -> None:
    office = Office({ROOM: {"CN": "Conference room"}})
    event = vevent("e", "2026-12-01 09:00", "2026-12-01 10:00", sequence=3, extra="LOCATION:Here")
    event = event.replace("ATTENDEE;RSVP=TRUE", "ATTENDEE;CUTYPE=ROOM;CN=Other;RSVP=TRUE")
    event += ""
    (answer,) = office.send(request(event), by=BY)
    (component,) = answer.components
    assert str(answer.calendar["METHOD"]) == "REPLY"
    assert str(component["UID"]) == "e"
    assert int(component["SEQUENCE"]) == 3
    assert component["DTSTAMP"].to_ical() == b"20261121T080000Z"
    assert component["DTSTART"].to_ical() == b"20261201T090000"
    assert component["DTSTART"].params["TZID"] == "Europe/Oslo"
    assert str(component["ORGANIZER"]) == f"mailto:{BY}"
    attendee = component["ATTENDEE"]
    assert str(attendee) == f"mailto:{ROOM}"
    assert attendee.params["CN"] == "Conference room"
    assert attendee.params["CUTYPE"] == "ROOM"
    assert "RSVP" not in attendee.params
    assert str(component["SUMMARY"]) == "Meeting"
    assert str(component["LOCATION"]) == "Here"
    assert [str(z["TZID"]) for z in answer.calendar.walk("VTIMEZONE")] == ["Europe/Oslo"]


def test_nothing_foreign_is_repeated() -> None:
    office = Office()
    extra = "DESCRIPTION:secret\nATTACH:http://evil.example/x\nX-OTHER:y\nATTENDEE:mailto:x@e.org"
    answer = ask(office, extra)
    text = answer.calendar.to_ical().decode()  # type: ignore[attr-defined]
    for foreign in ("secret", "evil.example", "X-OTHER", "x@e.org"):
        assert foreign not in text


def test_the_mail_around_the_reply() -> None:
    office = Office({ROOM: {"CN": "Møterom"}})
    answer = ask(office, Message_ID="<asked@client.example>")
    message = answer.message  # type: ignore[attr-defined]
    assert message["In-Reply-To"] == "<asked@client.example>"
    assert message["References"] == "<asked@client.example>"
    assert message["Auto-Submitted"] == "auto-replied"
    assert str(message["To"]).strip("<>") == BY
    assert "Møterom" in str(message["From"])
    assert re.fullmatch(r"<hor\.[0-9a-f]{32}@example\.com>", str(message["Message-ID"]))
    assert [part.get_content_type() for part in message.iter_parts()] == [
        "text/plain", "text/calendar",
    ]  # fmt: skip
    raw = answer.mail.content  # type: ignore[attr-defined]
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert all(len(line) <= 998 for line in raw.split(b"\r\n"))
    data = next(p for p in message.walk() if p.get_content_type() == "text/calendar").get_payload(
        decode=True
    )
    assert all(len(line) <= 75 for line in data.split(b"\r\n"))


@pytest.mark.parametrize(
    ("organizer", "headers", "language"),
    [
        ("LANGUAGE=nb", {}, "nb"),
        ("LANGUAGE=no-NO", {}, "nb"),
        ("LANGUAGE=de", {"Content_Language": "nb"}, "nb"),
        ("", {"Accept_Language": "fr, nn;q=0.8, en;q=0.2"}, "nb"),
        ("", {"Content_Language": "en-US"}, "en"),
        ("", {}, "en"),
    ],
)
def test_the_text_is_in_the_organizers_language(
    organizer: str, headers: dict[str, str], language: str
) -> None:
    office = Office()
    event = vevent("e", "2026-12-01 09:00", "2026-12-01 10:00")
    if organizer:
        event = event.replace("ORGANIZER:", f"ORGANIZER;{organizer}:")
    (answer,) = office.send(request(event), by=BY, **headers)
    word = {"nb": "Godtatt: Meeting", "en": "Accepted: Meeting"}[language]
    assert str(answer.message["Subject"]) == word


def test_every_catalogue_has_the_same_texts_and_places() -> None:
    for catalogue in CATALOGUES.values():
        assert catalogue.texts.keys() == ENGLISH.texts.keys()
        assert len(catalogue.months) == 12
        assert len(catalogue.weekdays) == 7
        for name, text in catalogue.texts.items():
            places = re.findall(r"{(\w+)}", text)
            assert sorted(places) == sorted(re.findall(r"{(\w+)}", ENGLISH.texts[name])), name


def test_a_decline_names_the_holder_only_to_the_same_domain() -> None:
    office = Office()
    office.invite("2026-12-01 09:00", "2026-12-01 10:00", by="paul.boddie@example.com")
    (near,) = office.ask("2026-12-01 09:00", "2026-12-01 10:00", by=BY)
    (far,) = office.ask("2026-12-01 09:00", "2026-12-01 10:00", by="x@example.org")
    assert "paul.boddie" in near.text
    assert "paul.boddie" not in far.text
    assert "Meeting" not in far.text


def test_a_decline_offers_free_times_nearest_first() -> None:
    office = Office()
    office.invite("2026-12-01 09:00", "2026-12-01 10:00")
    office.invite("2026-12-01 10:00", "2026-12-01 10:30")
    (answer,) = office.ask("2026-12-01 09:00", "2026-12-01 10:00")
    offers = [line for line in answer.text.split("\n") if line.startswith("  ")]
    assert [offer.split("2026 ")[1][:11] for offer in offers] == [
        "08:00–09:00", "10:30–11:30", "07:00–08:00",
    ]  # fmt: skip


def test_details_can_be_withheld() -> None:
    office = Office({ROOM: {"reply_details": "no", "additional_response": "Ask the desk."}})
    office.invite("2026-12-01 09:00", "2026-12-01 10:00", by="paul.boddie@example.com")
    (answer,) = office.ask("2026-12-01 09:00", "2026-12-01 10:00")
    assert "paul.boddie" not in answer.text
    assert "08:00" not in answer.text
    assert "Ask the desk." in answer.text


@pytest.mark.parametrize(
    ("wish", "accepted", "declined"),
    [("declines", 0, 1), ("always", 1, 1), ("never", 0, 0)],
)
def test_rsvp_false_silences_what_the_preference_says(
    wish: str, accepted: int, declined: int
) -> None:
    office = Office({ROOM: {"answer_rsvp_false": wish}})
    for number, count in (("one", accepted), ("two", declined)):
        event = vevent(number, "2026-12-01 09:00", "2026-12-01 10:00")
        answers = office.send(request(event.replace("RSVP=TRUE", "RSVP=FALSE")), by=BY)
        assert len(answers) == count
    assert len(office.everything()) == 1


def test_an_unknown_zone_is_said() -> None:
    office = Office()
    event = vevent("e", "2026-12-01 09:00", "2026-12-01 10:00")
    event = event.replace("TZID=Europe/Oslo", "TZID=Nowhere Standard Time")
    (answer,) = office.send(request(event), by=BY)
    assert "Nowhere Standard Time is unknown; Europe/Oslo was used" in answer.text
    assert office.everything()[0][1] == "2026-12-01 09:00"


def test_times_are_told_in_both_zones() -> None:
    office = Office()
    event = vevent("e", "2026-12-01 09:00", "2026-12-01 10:00")
    event = event.replace("Europe/Oslo", "America/New_York")
    (answer,) = office.send(request(event), by=BY)
    assert "09:00–10:00 (America/New_York)" in answer.text
    assert "15:00–16:00 (Europe/Oslo)" in answer.text


@pytest.mark.parametrize(
    ("line", "replacement", "status", "prop"),
    [
        ("DTSTART;TZID=Europe/Oslo:20261201T090000\n", "", "3.11", "DTSTART"),
        ("DTEND;TZID=Europe/Oslo:20261201T100000\n", "", "3.11", "DTEND"),
        ("20261201T100000", "20261201T090000", "3.1", "DTEND"),
        ("20261201T090000", "20260230T090000", "3.5", "DTSTART"),
        ("SEQUENCE:3", "SEQUENCE:-1", "3.1", "SEQUENCE"),
        ("SEQUENCE:3", "SEQUENCE:3\nRRULE:FREQ=NEVER", "3.6", "RRULE"),
    ],
)
def test_an_error_is_declined_by_name_and_books_nothing(
    line: str, replacement: str, status: str, prop: str
) -> None:
    office = Office()
    event = vevent("e", "2026-12-01 09:00", "2026-12-01 10:00", sequence=3)
    assert line in event
    (answer,) = office.send(request(event.replace(line, replacement)), by=BY)
    assert answer.partstats == ["DECLINED"]
    assert answer.statuses == [status]
    assert prop in answer.components[0].to_ical().decode()
    assert office.everything() == []


def test_an_error_in_an_update_releases_nothing() -> None:
    office = Office()
    office.invite("2026-12-01 09:00", "2026-12-01 10:00", uid="e")
    broken = vevent("e", "2026-12-01 11:00", "2026-12-01 11:00", sequence=1)
    (answer,) = office.send(request(broken), by=BY)
    assert answer.partstats == ["DECLINED"]
    assert office.everything() == [("e", "2026-12-01 09:00", "2026-12-01 10:00")]


def test_hostile_titles_add_no_line_anywhere() -> None:
    office = Office()
    event = vevent("e", "2026-12-01 09:00", "2026-12-01 10:00")
    event = event.replace("SUMMARY:Meeting", "SUMMARY:a\\r\\nBcc: x@e.org\\nATTENDEE:mailto:y\\;z")
    (answer,) = office.send(request(event), by=BY)
    message = email.message_from_bytes(answer.mail.content)
    assert message["Bcc"] is None
    assert len(answer.components) == 1
    assert str(answer.components[0]["ATTENDEE"]) == f"mailto:{ROOM}"


def test_answers_may_come_from_the_calendar_address() -> None:
    from dataclasses import replace

    settings = default_settings()
    mail = replace(settings.mail, sender="calendar@example.com", reply_from="calendar")
    office = Office(settings=replace(settings, mail=mail))
    (answer,) = office.ask("2026-12-01 09:00", "2026-12-01 10:00")
    assert "calendar@example.com" in str(answer.message["From"])
    assert answer.mail.envelope_from == "calendar@example.com"
    assert answer.components[0]["ATTENDEE"].params["SENT-BY"] == "mailto:calendar@example.com"
    assert read_answer(answer.mail).partstats == ["ACCEPTED"]


def test_the_answer_to_an_error_repeats_only_what_can_be_read() -> None:
    office = Office({ROOM: {"aliases": ["sauna@example.com"]}})
    event = vevent(
        "e", "2026-12-01 09:00", "2026-12-01 10:00", to=("sauna@example.com",), sequence=None,
        extra="RECURRENCE-ID:20260230T090000Z\nSEQUENCE:-1",
    )  # fmt: skip
    event = event.replace("SUMMARY:Meeting", "SUMMARY:A\\, b" + "x" * 500)
    (answer,) = office.send(request(event), by="vincent.vole@example.com")
    (component,) = answer.components
    assert answer.partstats == ["DECLINED"]
    assert str(component["ATTENDEE"]) == "mailto:sauna@example.com"
    assert str(component["SUMMARY"]).startswith("A, bx")
    assert len(str(component["SUMMARY"])) == 200
    assert component["DTSTART"].params["TZID"] == "Europe/Oslo"
    assert [str(zone["TZID"]) for zone in answer.calendar.walk("VTIMEZONE")] == ["Europe/Oslo"]
    assert "RECURRENCE-ID" not in component
    assert "SEQUENCE" not in component


@pytest.mark.parametrize(
    ("by", "to"),
    [(ROOM, ROOM), ("vincent.vole@example.com", "resource-room-other@example.com")],
)
def test_an_error_that_does_not_concern_the_resource_is_not_answered(by: str, to: str) -> None:
    office = Office()
    event = vevent("e", "2026-12-01 09:00", "2026-12-01 08:00", by=by, to=(to,))
    assert office.send(request(event), by=by) == []

"""What known calendar programs send, each fault or habit in a mail of its own."""

import pytest
from tests.booking.mail_text import HEADER, calendar, calendar_part, mail, multipart, part

from horarium.booking.imip import read_message
from horarium.ical.event import read_event
from horarium.ical.freebusy import read_freebusy
from horarium.ical.tzid import ZoneBook
from horarium.kernel.instant import parse_instant
from horarium.kernel.zone import named

OSLO = named("Europe/Oslo")
PEOPLE = (
    "ORGANIZER;CN=Paul:mailto:paul@example.org",
    "ATTENDEE;CN=Room:mailto:room@example.org",
)
TIMES = ("DTSTART:20260302T090000Z", "DTEND:20260302T100000Z")
WESTERN = (
    "BEGIN:VTIMEZONE",
    "TZID:W. Europe Standard Time",
    "BEGIN:STANDARD",
    "DTSTART:16010101T030000",
    "TZOFFSETFROM:+0200",
    "TZOFFSETTO:+0100",
    "RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=10",
    "END:STANDARD",
    "BEGIN:DAYLIGHT",
    "DTSTART:16010101T020000",
    "TZOFFSETFROM:+0100",
    "TZOFFSETTO:+0200",
    "RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=3",
    "END:DAYLIGHT",
    "END:VTIMEZONE",
)


def events(data, needs_start=True):
    found = read_message(data)
    (read,) = found.objects
    book = ZoneBook(read.component, OSLO)
    return found, [
        read_event(component, book, OSLO, needs_start=needs_start)
        for component in read.component.children("VEVENT")
    ]


def one(*lines, extra=(), uid="UID:1", stamp="DTSTAMP:20260102T080000Z"):
    identity = tuple(line for line in (uid, stamp) if line)
    text = calendar("REQUEST", (*identity, *PEOPLE, *lines), extra=extra)
    return events(mail(calendar_part(text)))[1][0]


def at(text):
    return parse_instant(text)


def test_outlook_weekly_in_a_windows_zone():
    found = one(
        "DTSTART;TZID=W. Europe Standard Time:20260302T090000",
        "DTEND;TZID=W. Europe Standard Time:20260302T100000",
        "RRULE:FREQ=WEEKLY;UNTIL=20261231T080000Z;INTERVAL=2;BYDAY=MO;WKST=SU",
        "X-MICROSOFT-CDO-BUSYSTATUS:TENTATIVE",
        extra=WESTERN,
    )
    assert found.first.start == at("2026-03-02T08:00:00Z")
    assert found.zone.name == "Europe/Berlin"
    assert found.series.starts(at("2026-04-10T00:00:00Z"), at("2026-04-20T00:00:00Z")) == [
        at("2026-04-13T07:00:00Z")
    ]


def test_exchange_zone_with_escaped_commas():
    zone = tuple(
        line.replace("W. Europe Standard Time", "(UTC+01:00) Here\\, There") for line in WESTERN
    )
    found = one(
        'DTSTART;TZID="(UTC+01:00) Here, There":20260702T090000', "DURATION:PT1H", extra=zone
    )
    assert found.first.start == at("2026-07-02T07:00:00Z")
    assert found.notes == ()


def test_exchange_description_not_folded():
    found = one(*TIMES, "DESCRIPTION:", "Hello,", "Meeting ID: 1 2 3", "https://example.org/j", "x")
    assert found.notes == ("unfolded_text:DESCRIPTION",)


def test_exchange_bare_carriage_returns():
    text = calendar("REQUEST", ("UID:1", "DTSTAMP:20260102T080000Z", *PEOPLE, *TIMES))
    _, (found,) = events(mail(calendar_part(text.replace("\r\n", "\r"), encoding="base64")))
    assert found.uid == "1"


def test_exchange_the_same_cancellation_twice():
    text = calendar("CANCEL", ("UID:1", "SEQUENCE:1", "DTSTAMP:20260102T080000Z", *PEOPLE))
    twice = mail(multipart("mixed", calendar_part(text, "CANCEL"), calendar_part(text, "CANCEL")))
    assert len(read_message(twice).objects) == 1


def test_teams_blank_lines():
    found = one("", *TIMES, "", "SUMMARY:Standup", "")
    assert found.summary == "Standup"


def test_google_body_part_and_attachment():
    text = calendar("REQUEST", ("UID:1@google.com", "DTSTAMP:20260102T080000Z", *PEOPLE, *TIMES))
    body = multipart("alternative", part("x", "text/plain"), calendar_part(text), boundary="c")
    attachment = part(text, 'application/ics; name="invite.ics"', encoding="base64")
    _, (found,) = events(mail(multipart("mixed", body, attachment)))
    assert found.uid == "1@google.com"


def test_zoom_sequence_semicolons_long_lines_and_bare_organizer():
    lines = (
        "UID:1",
        "DTSTAMP:20260102T080000Z",
        "SEQUENCE:1749567600",
        "ORGANIZER:paul@example.org",
        "ATTENDEE:MAILTO:room@example.org",
        *TIMES,
        "DESCRIPTION:" + "join us " * 4_000,
    )
    kind = 'text/calendar; charset="utf-8";; method=REQUEST;'
    _, (found,) = events(mail(part(calendar("REQUEST", lines), kind)))
    assert found.sequence == 1_749_567_600
    assert found.organizer.address.key == "paul@example.org"


def test_notes_slash_in_the_local_part():
    lines = (
        "UID:1-Lotus_Notes_Generated",
        "DTSTAMP:20260102T080000Z",
        'ORGANIZER;CN="Paul/Acme":mailto:Paul/Acme@example.org',
        "ATTENDEE:mailto:room@example.org",
        *TIMES,
    )
    _, (found,) = events(mail(calendar_part(calendar("REQUEST", lines))))
    assert found.organizer.address.key == "paul/acme@example.org"


def test_webex_impossible_offset():
    zone = tuple(line.replace("+0200", "+70000") for line in WESTERN)
    found = one("DTSTART;TZID=W. Europe Standard Time:20260302T090000", "DURATION:PT1H", extra=zone)
    assert found.first.start == at("2026-03-02T08:00:00Z")


def test_korganizer_counter_as_request():
    text = calendar("COUNTER", ("UID:1", "DTSTAMP:20260102T080000Z", *PEOPLE, *TIMES))
    found = read_message(mail(calendar_part(text, "REQUEST")))
    assert [each.method for each in found.objects] == ["COUNTER"]
    assert found.warnings == ("counter_sent_as_request",)


def test_claws_mail_stamp_without_time():
    assert one(*TIMES, stamp="DTSTAMP:20260102").dtstamp == at("2026-01-02T00:00:00Z")


def test_thunderbird_cancellation_of_a_series_without_start():
    text = calendar(
        "CANCEL", ("UID:1", "SEQUENCE:2", "DTSTAMP:20260102T080000Z", "STATUS:CANCELLED", *PEOPLE)
    )
    _, (found,) = events(mail(calendar_part(text, "CANCEL")), needs_start=False)
    assert (found.first, found.status, found.sequence) == (None, "CANCELLED", 2)


def test_thunderbird_dtend_beside_duration():
    found = one(*TIMES, "DURATION:PT3H")
    assert found.first.end == at("2026-03-02T10:00:00Z")
    assert found.notes == ("duration_beside_dtend",)


def test_obm_no_stamp():
    found = one(*TIMES, stamp="")
    assert (found.dtstamp, found.notes) == (None, ("dtstamp_missing",))


def test_yahoo_properties_twice():
    found = one(*TIMES, "STATUS:CONFIRMED", "STATUS:TENTATIVE", "CLASS:PRIVATE", "CLASS:PUBLIC")
    assert (found.status, found.klass) == ("CONFIRMED", "PRIVATE")


def test_invitation_from_a_calendar_server():
    header = ("From: calendar@example.org", "Reply-To: Paul <paul@example.org>", *HEADER[1:])
    text = calendar("REQUEST", ("UID:1", "DTSTAMP:20260102T080000Z", *PEOPLE, *TIMES))
    found = read_message(mail(calendar_part(text), header=header))
    assert found.headers.sender.key == "calendar@example.org"
    assert found.headers.reply_to.key == "paul@example.org"


def test_principals_that_are_no_mail_addresses():
    lines = (
        "UID:1",
        "DTSTAMP:20260102T080000Z",
        "ORGANIZER;EMAIL=paul@example.org:urn:uuid:6F9619FF-8B86-D011-B42D-00CF4FC964FF",
        "ATTENDEE;EMAIL=room@example.org:/principals/users/room/",
        *TIMES,
    )
    _, (found,) = events(mail(calendar_part(calendar("REQUEST", lines))))
    assert found.organizer.address.key == "paul@example.org"
    assert [each.address.key for each in found.attendees] == ["room@example.org"]


def test_a_free_busy_request():
    window = ("DTSTART:20260302T000000Z", "DTEND:20260309T000000Z")
    text = calendar(
        "REQUEST",
        ("UID:1", "DTSTAMP:20260102T080000Z", *PEOPLE, *window),
    ).replace("VEVENT", "VFREEBUSY")
    (read,) = read_message(mail(calendar_part(text))).objects
    component = read.component.children("VFREEBUSY")[0]
    asked = read_freebusy(component, ZoneBook(read.component, OSLO), OSLO)
    assert asked.end - asked.start == 7 * 86_400


@pytest.mark.parametrize("kind", ["message/rfc822", "application/octet-stream; name=forwarded.eml"])
def test_a_forwarded_mail_is_not_looked_into(kind):
    inner = mail(calendar_part(calendar()))
    found = read_message(mail(multipart("mixed", part("fyi", "text/plain"), part(inner, kind))))
    assert found.reason == "not_calendar"

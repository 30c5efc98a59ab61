"""The same values as the `icalendar` package reads, in both directions."""

from datetime import UTC, date, datetime, timedelta

import icalendar
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.ical.ical_text import OSLO, content_lines, plain

from horarium.ical.address import parse_address
from horarium.ical.component import Component, parse, serialize
from horarium.ical.contentline import ContentLine
from horarium.ical.event import read_event
from horarium.ical.tzid import ZoneBook
from horarium.ical.values import (
    DateTimeValue,
    DateValue,
    Kind,
    RequestStatus,
    unescape_text,
)
from horarium.ical.vtimezone import write_vtimezone
from horarium.ical.writing import address_line, instant_line, status_line, text_line, vcalendar
from horarium.kernel.instant import Instant, Wall, wall
from horarium.kernel.zone import named

_EPOCH = datetime(1970, 1, 1)
_zones = st.sampled_from(["Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Sydney"])
_walls = st.datetimes(datetime(1971, 1, 1), datetime(2036, 1, 1)).map(
    lambda moment: moment.replace(microsecond=0)
)
# Texts icalendar keeps as they are: it folds line separators of its own kind into line breaks.
_texts = plain.map(lambda text: text.replace("\r", "").strip()).filter(
    lambda text: text == "".join(c for c in text if c == "\n" or c.isprintable())
)


@settings(max_examples=150, deadline=None)
@given(_walls, _zones, st.integers(1, 10**6), _texts, _texts, st.integers(0, 10**9))
def test_what_icalendar_writes_we_read(start, zone, seconds, summary, name, sequence):
    event = icalendar.Event()
    event.add("uid", "u-1")
    event.add("dtstamp", datetime(2026, 1, 1, tzinfo=UTC))
    event.add("sequence", sequence)
    event.add("summary", summary)
    event.add("dtstart", start, parameters={"TZID": zone})
    event.add("duration", timedelta(seconds=seconds))
    attendee = icalendar.vCalAddress("mailto:room@example.org")
    attendee.params["CN"] = icalendar.vText(name.replace("\n", " ").replace('"', "'"))
    event.add("attendee", attendee, encode=0)
    calendar = icalendar.Calendar()
    calendar.add_component(event)
    (read,) = parse(calendar.to_ical())
    found = read_event(read.children("VEVENT")[0], ZoneBook(read, OSLO), OSLO)
    assert found.start == DateTimeValue(
        Wall(int((start - _EPOCH).total_seconds())), found.start.kind, zone
    )
    assert found.first.end - found.first.start >= 0
    assert found.series.length.days * 86_400 + found.series.length.seconds == seconds
    assert found.sequence == sequence
    assert found.summary == summary
    expected = name.replace("\n", " ").replace('"', "'")
    if "\\" not in expected:
        assert (found.attendees[0].cn or "") == expected


@settings(max_examples=150, deadline=None)
@given(_walls, _walls, _zones, _texts, _texts)
@example(datetime(2026, 1, 1), datetime(2026, 1, 1), "Europe/Berlin", "", "\\")
@example(datetime(2026, 1, 1), datetime(2026, 1, 1), "Europe/Berlin", "\\", "a\\;b\\")
def test_what_we_write_icalendar_reads(start, stamp, zone, summary, name):
    at = Instant(int((start - _EPOCH).total_seconds()))
    stamped = Instant(int((stamp - _EPOCH).total_seconds()))
    local = DateTimeValue(Wall(at), Kind.ZONED, zone)
    event = Component(
        "VEVENT",
        [
            text_line("UID", "u-1"),
            instant_line("DTSTAMP", stamped),
            ContentLine.of("DTSTART", local.format(), {"TZID": zone}),
            text_line("SUMMARY", summary),
            address_line(
                "ATTENDEE", parse_address("room@example.org"), {"CN": name, "PARTSTAT": "ACCEPTED"}
            ),
            status_line(RequestStatus("3.1", summary, "DTSTART")),
        ],
    )
    definition = write_vtimezone(named(zone), zone, Instant(at - 86_400), Instant(at + 86_400))
    written = serialize(vcalendar("REPLY", [definition, event]))
    assert all(len(line) <= 75 for line in written.split(b"\r\n"))
    calendar = icalendar.Calendar.from_ical(written)
    (read,) = calendar.walk("VEVENT")
    assert read["DTSTART"].dt.replace(tzinfo=None) == start
    assert read["DTSTART"].params["TZID"] == zone
    assert read["DTSTAMP"].dt == stamp.replace(tzinfo=UTC)
    assert str(read["SUMMARY"]) == summary
    assert read["ATTENDEE"] == "mailto:room@example.org"
    assert read["ATTENDEE"].params["PARTSTAT"] == "ACCEPTED"
    if "\\" not in name:  # icalendar takes backslashes in parameters as escapes; RFC 5545 does not
        assert str(read["ATTENDEE"].params["CN"]) == name
    assert calendar["METHOD"] == "REPLY"


_private = content_lines.map(
    lambda line: ContentLine(f"X-{line.name}", line.parameters, line.value)
)


@settings(max_examples=100, deadline=None)
@given(st.lists(_private, max_size=5))
def test_private_properties_arrive_there_too(lines):
    component = Component("VEVENT", [ContentLine("UID", (), "1"), *lines])
    calendar = icalendar.Calendar.from_ical(serialize(vcalendar("PUBLISH", [component])))
    (read,) = calendar.walk("VEVENT")
    assert read.errors == []
    assert {name for name in read if name != "UID"} == {line.name for line in lines}


_HANDWRITTEN = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//Example//Hand//EN
METHOD:REQUEST
BEGIN:VEVENT
UID:hand-1@example.org
DTSTAMP:20260102T030405Z
SEQUENCE:4
DTSTART;VALUE=DATE:20260302
DTEND;VALUE=DATE:20260305
RRULE:FREQ=YEARLY;BYMONTH=3;COUNT=2
EXDATE;VALUE=DATE:20270302
SUMMARY;LANGUAGE=nb:Påskefrokost\\, hyttetur\\; ski
DESCRIPTION:Line one\\nline two with a \\\\ backslash and a very long tail that
  is folded here
ORGANIZER;CN="Doe, Jane":MAILTO:Jane@Example.ORG
ATTENDEE;CUTYPE=ROOM;RSVP=TRUE;PARTSTAT=NEEDS-ACTION;CN=Hytte:mailto:hytte@
 example.org
END:VEVENT
END:VCALENDAR
"""


def test_a_handwritten_event_is_read_alike():
    octets = _HANDWRITTEN.replace("\n", "\r\n").encode()
    (theirs,) = icalendar.Calendar.from_ical(octets).walk("VEVENT")
    (read,) = parse(octets)
    ours = read_event(read.children("VEVENT")[0], ZoneBook(read, OSLO), OSLO)
    assert ours.uid == str(theirs["UID"])
    assert ours.sequence == theirs["SEQUENCE"]
    assert ours.dtstamp == theirs["DTSTAMP"].dt.timestamp()
    assert ours.start == DateValue(theirs["DTSTART"].dt.toordinal() - date(1970, 1, 1).toordinal())
    assert ours.summary == str(theirs["SUMMARY"])
    description = ours.component.first("DESCRIPTION")
    assert unescape_text(description.value) == str(theirs["DESCRIPTION"])
    assert ours.organizer.cn == theirs["ORGANIZER"].params["CN"]
    assert ours.organizer.uri == str(theirs["ORGANIZER"])
    assert ours.attendees[0].uri == str(theirs["ATTENDEE"])
    assert ours.rule.count == theirs["RRULE"]["COUNT"][0]
    assert wall(2026, 3, 2) == ours.start.wall
    assert icalendar.Calendar.from_ical(serialize(read)).to_ical() == (
        icalendar.Calendar.from_ical(octets).to_ical()
    )

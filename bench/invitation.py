"""Reading a weekly invitation and writing the reply, beside `icalendar` and the default policy.

Both sides do the same: find the calendar part of the mail, read the event (times with their
zone, rule, organizer, attendees), and write the REPLY with the zone definition received. The
rounds alternate, so that a slow moment of the machine hits both.
"""

from __future__ import annotations

import email
import email.policy
import json
import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime

import icalendar

from horarium.booking.imip import read_message
from horarium.ical.component import Component, serialize
from horarium.ical.event import read_event
from horarium.ical.tzid import ZoneBook
from horarium.ical.values import RequestStatus
from horarium.ical.writing import address_line, copied, instant_line, status_line, vcalendar
from horarium.kernel.instant import Instant
from horarium.kernel.zone import named

GOAL = 4.0
ROUNDS = 15
PER_ROUND = 40
_DECIDED = 1_767_600_000
_OWNER = named("Europe/Oslo")
_REPEATED = ("UID", "SEQUENCE", "DTSTART", "DTEND", "RRULE", "SUMMARY", "LOCATION", "ORGANIZER")

_CALENDAR = """BEGIN:VCALENDAR
METHOD:REQUEST
PRODID:Example Groupware 16
VERSION:2.0
BEGIN:VTIMEZONE
TZID:W. Europe Standard Time
BEGIN:STANDARD
DTSTART:16010101T030000
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=10
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:16010101T020000
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=3
END:DAYLIGHT
END:VTIMEZONE
BEGIN:VEVENT
ORGANIZER;CN=Ann Organizer:mailto:ann@example.org
ATTENDEE;ROLE=REQ-PARTICIPANT;PARTSTAT=NEEDS-ACTION;RSVP=TRUE;CN=Bob One:mail
 to:bob@example.org
ATTENDEE;ROLE=REQ-PARTICIPANT;PARTSTAT=NEEDS-ACTION;RSVP=TRUE;CN=Carol Two:ma
 ilto:carol@example.org
ATTENDEE;ROLE=OPT-PARTICIPANT;PARTSTAT=NEEDS-ACTION;RSVP=TRUE;CN=Dave Three:m
 ailto:dave@example.org
ATTENDEE;CUTYPE=RESOURCE;ROLE=NON-PARTICIPANT;PARTSTAT=NEEDS-ACTION;RSVP=TRUE
 ;CN=Room 1:mailto:room1@example.org
DESCRIPTION;LANGUAGE=en-GB:Agenda\\n\\n1. Minutes of the last meeting\\n2. Budge
 t\\, first reading\\n3. Any other business\\n
RRULE:FREQ=WEEKLY;INTERVAL=1;BYDAY=MO;WKST=MO
UID:040000008200E00074C5B7101A82E0080000000060B608D090DDD701000000000000000010
 0000004BE0CFFA54BCF64E956E3414336C2C30
SUMMARY;LANGUAGE=en-GB:Weekly board meeting
DTSTART;TZID=W. Europe Standard Time:20260302T090000
DTEND;TZID=W. Europe Standard Time:20260302T100000
CLASS:PUBLIC
PRIORITY:5
DTSTAMP:20260105T080000Z
TRANSP:OPAQUE
STATUS:CONFIRMED
SEQUENCE:0
LOCATION;LANGUAGE=en-GB:Room 1
X-MICROSOFT-CDO-APPT-SEQUENCE:0
X-MICROSOFT-CDO-BUSYSTATUS:TENTATIVE
X-MICROSOFT-CDO-INTENDEDSTATUS:BUSY
X-MICROSOFT-CDO-ALLDAYEVENT:FALSE
X-MICROSOFT-CDO-INSTTYPE:1
BEGIN:VALARM
DESCRIPTION:REMINDER
TRIGGER;RELATED=START:-PT15M
ACTION:DISPLAY
END:VALARM
END:VEVENT
END:VCALENDAR
"""
_MAIL = f"""From: Ann Organizer <ann@example.org>
To: Room 1 <room1@example.org>, Bob One <bob@example.org>
Subject: Weekly board meeting
Date: Mon, 05 Jan 2026 09:00:00 +0100
Message-ID: <HE1P190MB0540579ABA18FCE320901B31E39C9@example.org>
Content-Language: en-GB
Content-Type: multipart/alternative; boundary="_000_HE1P190MB0540579ABA18"
MIME-Version: 1.0

--_000_HE1P190MB0540579ABA18
Content-Type: text/plain; charset="utf-8"
Content-Transfer-Encoding: 8bit

You are invited to the weekly board meeting in Room 1.

When: every Monday from 2 March 2026, 09:00 to 10:00 (UTC+01:00) Amsterdam, Berlin, Bern, Rome,
Stockholm, Vienna
Where: Room 1, ground floor, behind the reception desk

Please read the minutes of the last meeting and the first draft of the budget before you come, and
send what should be on the agenda until Friday noon. Whoever cannot come sends a deputy.

--_000_HE1P190MB0540579ABA18
Content-Type: text/calendar; charset="utf-8"; method=REQUEST
Content-Transfer-Encoding: 8bit

{_CALENDAR}
--_000_HE1P190MB0540579ABA18--
"""
MAIL = _MAIL.replace("\n", "\r\n").encode()


def ours(data: bytes) -> bytes:
    """The reply this program writes to the invitation."""
    calendar = read_message(data).objects[0].component
    component = calendar.children("VEVENT")[0]
    event = read_event(component, ZoneBook(calendar, _OWNER), _OWNER)
    room = event.attendees[-1]
    reply = Component(
        "VEVENT",
        [
            *copied(component, _REPEATED),
            instant_line("DTSTAMP", Instant(_DECIDED)),
            address_line("ATTENDEE", room.address, {"PARTSTAT": "ACCEPTED", "CN": room.cn or ""}),
            status_line(RequestStatus("2.0", "Success")),
        ],
    )
    return serialize(vcalendar("REPLY", [*calendar.children("VTIMEZONE"), reply]))


def rival(data: bytes) -> bytes:
    """The reply `icalendar` writes to the same invitation."""
    message = email.message_from_bytes(data, policy=email.policy.default)
    part = next(part for part in message.walk() if part.get_content_type() == "text/calendar")
    calendar = icalendar.Calendar.from_ical(part.get_content())
    event = next(iter(calendar.walk("VEVENT")))
    if not event["DTSTART"].dt < event["DTEND"].dt or event["RRULE"]["FREQ"] != ["WEEKLY"]:
        raise AssertionError("the rival misread the event")
    attendee = icalendar.vCalAddress(str(event["ATTENDEE"][-1]))
    attendee.params["PARTSTAT"] = icalendar.vText("ACCEPTED")
    attendee.params["CN"] = event["ATTENDEE"][-1].params["CN"]
    reply = icalendar.Event()
    for name in _REPEATED:
        reply[name] = event[name]
    reply.add("dtstamp", datetime.fromtimestamp(_DECIDED, UTC))
    reply.add("attendee", attendee, encode=0)
    reply.add("request-status", "2.0;Success")
    answer = icalendar.Calendar()
    answer.add("version", "2.0")
    answer.add("prodid", "-//rival//EN")
    answer.add("method", "REPLY")
    for zone in calendar.walk("VTIMEZONE"):
        answer.add_component(zone)
    answer.add_component(reply)
    return bytes(answer.to_ical())


def _seconds(act: Callable[[bytes], bytes]) -> float:
    begun = time.process_time()
    for _ in range(PER_ROUND):
        act(MAIL)
    return (time.process_time() - begun) / PER_ROUND


def main() -> None:
    """Prints the table and, as its last line, the same as JSON."""
    for act in (ours, rival):
        if b"PARTSTAT=ACCEPTED" not in act(MAIL):
            raise AssertionError(f"{act.__name__} wrote no reply")
    pairs = [(_seconds(ours), _seconds(rival)) for _ in range(ROUNDS)]
    mine = statistics.median(pair[0] for pair in pairs) * 1e6
    theirs = statistics.median(pair[1] for pair in pairs) * 1e6
    ratio = statistics.median(pair[1] / pair[0] for pair in pairs)
    bar = f"invitation of {len(MAIL)} octets: read mail, read event, write reply"
    print("| bar | ours | rival | ratio | goal |")
    print("|---|---|---|---|---|")
    print(
        f"| {bar} | {mine:.0f} µs | {theirs:.0f} µs (icalendar {icalendar.__version__}) "
        f"| {ratio:.1f} | ≥ {GOAL:g} |"
    )
    print(
        json.dumps(
            {
                "bar": "invitation",
                "ours_us": round(mine, 1),
                "rival_us": round(theirs, 1),
                "ratio": round(ratio, 2),
                "goal": GOAL,
                "met": ratio >= GOAL,
            }
        )
    )


if __name__ == "__main__":
    main()

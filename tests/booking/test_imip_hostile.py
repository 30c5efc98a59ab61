"""Hostile mails: each refused in under a second and 256 MB, and every limit at its edge."""

import subprocess
import sys
import time

import pytest
from tests.booking.mail_text import (
    HEADER,
    calendar,
    calendar_part,
    invitation,
    mail,
    multipart,
    part,
)

from horarium.booking.imip import IntakeKind, read_message
from horarium.booking.mime import MailLimits
from horarium.ical.event import read_event
from horarium.ical.tzid import ZoneBook
from horarium.kernel.zone import UTC

TEXT = part("x", "text/plain")


def nested(depth: int) -> bytes:
    body = calendar_part(calendar())
    opening = b"".join(
        f'Content-Type: multipart/mixed; boundary="b{n}"\r\n\r\n\r\n--b{n}\r\n'.encode()
        for n in range(depth)
    )
    return mail(opening + body)


def many(count: int) -> bytes:
    return mail(multipart("mixed", *[TEXT] * count, calendar_part(calendar())))


def wide(field: str, count: int) -> bytes:
    addresses = ",".join(f"u{n}@example.org" for n in range(count))
    return invitation(None, "REQUEST", f"{field}: {addresses}")


_STANDARD = (
    "BEGIN:STANDARD",
    "DTSTART:16010101T000000",
    "TZOFFSETFROM:+0100",
    "TZOFFSETTO:+0100",
    "RRULE:FREQ=MONTHLY;BYDAY=1SU",
    "END:STANDARD",
)


def spelling(number: int) -> str:
    """A hundred events with a zone of their own, written in the n-th of several ways."""
    zone = (
        "BEGIN:VTIMEZONE",
        "TZID:Custom",
        *_STANDARD * 8,
        "END:VTIMEZONE",
    )
    length = ("DURATION:PT1H", "DURATION:PT60M", "DTEND;TZID=Custom:20260302T100000")[number % 3]
    events = [
        (
            f"UID:{uid}",
            "DTSTART;TZID=Custom:20260302T090000",
            length,
            "RRULE:FREQ=WEEKLY",
            "ORGANIZER:mailto:paul@example.org",
        )
        for uid in range(100)
    ]
    return calendar("REQUEST", *events, extra=zone)


HOSTILE = {
    "nested": (nested(2_000), "limit:mime_depth"),
    "parts": (many(100_000), "limit:mime_parts"),
    "headers": (invitation(None, "REQUEST", *["X-A: 1"] * 100_000), "limit:header_"),
    "headers of parts": (mail(multipart("mixed", b"X-A: 1\r\n" * 100_000 + TEXT)), "limit:header_"),
    "addresses": (wide("To", 50_000), "limit:header_bytes"),
    "comments": (invitation().replace(b"From: ", b"From: " + b"(" * 20_000), "from_unreadable"),
    "words": (
        invitation(None, "REQUEST", "Subject: " + "=?utf-8?q?x?= " * 20_000),
        "limit:header_bytes",
    ),
    "attendees": (
        mail(calendar_part(calendar("REQUEST", ("ATTENDEE:mailto:a@example.org",) * 100_000))),
        "limit:calendar_size",
    ),
    "fewer attendees": (
        mail(calendar_part(calendar("REQUEST", ("ATTENDEE:x",) * 80_000))),
        "limit:attendees",
    ),
    "begins": (mail(calendar_part("BEGIN:VEVENT\r\n" * 60_000)), "limit:components"),
    "all begins": (mail(calendar_part("BEGIN:A\r\n" * 100_000)), "limit:components"),
    "many calendar parts": (
        mail(multipart("mixed", *[calendar_part(calendar(None, ("A:",) * 19_000), None)] * 120)),
        "limit:calendar_parts",
    ),
    "ten parts of many lines": (
        mail(multipart("mixed", *[calendar_part(calendar(None, ("A:",) * 19_000), None)] * 10)),
        "limit:properties",
    ),
    "ten spellings of many events": (
        mail(multipart("mixed", *[calendar_part(spelling(n)) for n in range(10)])),
        "",
    ),
    "zones": (
        mail(calendar_part(calendar(extra=("BEGIN:VTIMEZONE", "TZID:X", "END:VTIMEZONE") * 11))),
        "limit:zone_definitions",
    ),
    "size": (mail(part(b"a" * 11_000_000, "text/plain")), "limit:message_size"),
    "boundaries": (
        mail(multipart("mixed", TEXT, boundary="x") + b" --x y" * 1_500_000),
        "not_calendar",
    ),
    "no boundaries": (mail(multipart("mixed", b"\r\n" + b" --b" * 2_000_000)), "limit:mime_parts"),
    "short lines": (mail(part(b"\n" * 10_000_000, "text/plain")), "not_calendar"),
    "short lines in parts": (
        mail(multipart("mixed", part(b"\n" * 10_000_000, "text/plain"))),
        "not_calendar",
    ),
    "empty base64": (
        mail(
            part(
                b"\r\n" * 500_000,
                "text/calendar; method=REQUEST",
                "Content-Transfer-Encoding: base64",
            )
        ),
        "calendar_unreadable",
    ),
    "parameters": (mail(part("x", "text/calendar" + '; a="' * 3_000)), "no_method"),
    "semicolons": (mail(part("x", "text/calendar" + ";" * 16_000)), "no_method"),
    "pieces": (mail(part("x", "text/calendar" + "; a*1=" * 2_500)), "no_method"),
    "quotes": (invitation().replace(b"Paul <", b'"\\' * 8_000 + b" <"), "from_unreadable"),
    "references": (invitation(None, "REQUEST", "References: " + "<a@" * 5_000), ""),
    "ids": (invitation(None, "REQUEST", "In-Reply-To: " + "<" * 16_000), ""),
    "dates": (invitation().replace(b"Fri, 02 Jan", b"1" * 15_000), ""),
    "question marks": (invitation(None, "REQUEST", "Subject: " + "=?a?q?" * 2_600), ""),
}

_PROGRAM = """
import resource, sys
from horarium.booking.imip import read_message

def peak():
    # Kilobytes at most; ru_maxrss would count the process that started this one.
    try:
        with open("/proc/self/status") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

data = sys.stdin.buffer.read()
base = resource.getrusage(resource.RUSAGE_SELF)
found = read_message(data)
used = resource.getrusage(resource.RUSAGE_SELF)
print(found.kind.value, found.reason or "-",
      used.ru_utime + used.ru_stime - base.ru_utime - base.ru_stime, peak())
"""


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_mail_costs_less_than_a_second_and_256_mb(name):
    data, reason = HOSTILE[name]
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM], input=data, capture_output=True, check=True
    )
    kind, seen, seconds, kilobytes = done.stdout.decode().split()
    assert seen.startswith(reason or "-"), (kind, seen)
    assert float(seconds) < 1.0
    assert int(kilobytes) < 256 * 1024


def test_after_each_hostile_mail_the_next_one_is_read():
    for data, _ in HOSTILE.values():
        read_message(data)
        assert read_message(invitation()).kind is IntakeKind.CALENDAR


SMALL = MailLimits(
    message=6_000,
    header_lines=12,
    header_bytes=1_000,
    header=300,
    encoded_words=3,
    depth=3,
    parts=5,
    addresses=4,
)


@pytest.mark.parametrize(
    ("name", "fits", "too_much"),
    [
        ("mime_depth", nested(3), nested(4)),
        ("mime_parts", many(3), many(4)),
        (
            "header_lines",
            invitation(None, "REQUEST", *["X-A: 1"] * 5),
            invitation(None, "REQUEST", *["X-A: 1"] * 6),
        ),
        (
            "header_bytes",
            invitation(None, "REQUEST", "X-A: " + "a" * 700),
            invitation(None, "REQUEST", "X-A: " + "a" * 1000),
        ),
        ("addresses", wide("Cc", 4), wide("Cc", 5)),
    ],
)
def test_limits_at_their_edge(name, fits, too_much):
    assert read_message(fits, SMALL).kind is IntakeKind.CALENDAR
    found = read_message(too_much, SMALL)
    assert (found.kind, found.reason) == (IntakeKind.REFUSED, f"limit:{name}")
    assert found.limit.value > found.limit.limit


def test_the_size_of_the_message_at_its_edge():
    data = invitation()
    assert read_message(data, MailLimits(message=len(data))).kind is IntakeKind.CALENDAR
    found = read_message(data, MailLimits(message=len(data) - 1))
    assert (found.reason, found.headers) == ("limit:message_size", None)


def test_deep_messages_inside_messages_are_not_looked_into():
    data = invitation()
    for _ in range(30):
        data = mail(part(data, "message/rfc822"), header=HEADER)
    assert read_message(data).reason == "not_calendar"


def test_a_mail_at_its_limits_is_read_and_costs_little():
    """Five hundred attendees, two thousand dates and nearly a megabyte in one event."""
    lines = (
        "UID:full",
        "DTSTAMP:20260102T080000Z",
        "ORGANIZER:mailto:paul@example.org",
        "DTSTART:20260302T090000Z",
        "DTEND:20260302T100000Z",
        "RRULE:FREQ=DAILY;COUNT=10000",
        *[f"ATTENDEE;CN=Person {n};RSVP=TRUE:mailto:p{n}@example.org" for n in range(500)],
        "RDATE:"
        + ",".join(
            f"{2030 + n // 336}{n // 28 % 12 + 1:02}{n % 28 + 1:02}T100000Z" for n in range(2_000)
        ),
        *["X-A:" + "a" * 900] * 1_000,
    )
    begun = time.process_time()
    found = read_message(mail(calendar_part(calendar("REQUEST", lines))))
    assert found.kind is IntakeKind.CALENDAR
    read = found.objects[0].component
    event = read_event(read.children("VEVENT")[0], ZoneBook(read, UTC), UTC)
    assert time.process_time() - begun < 10.0
    assert len(event.attendees) == 500
    assert event.series is not None
    assert len(event.series.rdates) == 2_000


_FAR = """
import resource, sys
from horarium.booking.imip import read_message
from horarium.ical.event import read_event
from horarium.ical.tzid import ZoneBook
from horarium.kernel.zone import UTC

def peak():
    # Kilobytes at most; ru_maxrss would count the process that started this one.
    try:
        with open("/proc/self/status") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

data = sys.stdin.buffer.read()
begun = resource.getrusage(resource.RUSAGE_SELF)
for _ in range(10):
    calendar = read_message(data).objects[0].component
    book = ZoneBook(calendar, UTC)
    events = [read_event(each, book, UTC) for each in calendar.children("VEVENT")]
    assert len({event.zone.name for event in events}) == 10
used = resource.getrusage(resource.RUSAGE_SELF)
print((used.ru_utime - begun.ru_utime) / 10, peak())
"""


def far(number: int) -> tuple[str, ...]:
    """A zone that changes its clocks as often as a definition may."""
    return (
        "BEGIN:VTIMEZONE",
        f"TZID:Custom {number}",
        *(
            line.replace("MONTHLY;BYDAY=1SU", f"MONTHLY;BYMONTHDAY={number + 1}")
            for line in _STANDARD
        ),
        *(
            line.replace("MONTHLY;BYDAY=1SU", f"MONTHLY;BYMONTHDAY={number + 15}").replace(
                "TZOFFSETTO:+0100", "TZOFFSETTO:+0200"
            )
            for line in _STANDARD
        ),
        "END:VTIMEZONE",
    )


@pytest.mark.parametrize("rule", ["", ";BYMONTH=3,10"])
def test_ten_zones_asked_about_the_last_year_stay_small(rule):
    events = [
        (
            f"UID:{n}",
            f"DTSTART;TZID=Custom {n}:99981230T090000",
            "DURATION:PT1H",
            "ORGANIZER:mailto:paul@example.org",
        )
        for n in range(10)
    ]
    zones = tuple(
        line + (rule if line.startswith("RRULE") else "") for n in range(10) for line in far(n)
    )
    data = mail(calendar_part(calendar("REQUEST", *events, extra=zones)))
    done = subprocess.run([sys.executable, "-c", _FAR], input=data, capture_output=True, check=True)
    seconds, kilobytes = done.stdout.decode().split()
    assert float(seconds) < 1.0
    assert int(kilobytes) < 256 * 1024

"""Every answer of ours read by programs that are not ours: email, icalendar, libical."""

from __future__ import annotations

import ctypes
import ctypes.util
from email.message import EmailMessage
from functools import cache

import icalendar

# What an answer may hold (RFC 5546 3.2.3, 3.2.6, 3.3.3); no alarm, attachment or description.
_MAY_HOLD = frozenset((
    "ATTENDEE", "COMMENT", "DTEND", "DTSTAMP", "DTSTART", "DURATION", "EXDATE", "FREEBUSY",
    "LOCATION", "ORGANIZER", "RDATE", "RECURRENCE-ID", "REQUEST-STATUS", "RRULE", "SEQUENCE",
    "X-HORARIUM-ALTERNATIVE",
    "SUMMARY", "UID",
))  # fmt: skip


def check_answer(raw: bytes, message: EmailMessage, calendar: bytes) -> icalendar.Calendar:
    """The calendar of an answer, after everything that must hold of each has been looked at."""
    _check_mail(raw, message)
    _check_lines(calendar)
    read = icalendar.Calendar.from_ical(calendar)
    assert isinstance(read, icalendar.Calendar)
    assert not read.errors, read.errors
    for component in read.subcomponents:
        assert not component.errors, component.errors
        if component.name in ("VEVENT", "VFREEBUSY"):
            assert set(component.keys()) <= _MAY_HOLD, set(component.keys()) - _MAY_HOLD
            assert component.subcomponents == []
            _check_attendees(component["ATTENDEE"])
    _check_zones(read)
    assert errors_of_libical(calendar) in (0, None)
    return read


def _check_attendees(found: object) -> None:
    """An answer names ourselves alone, and in a delegation the other one (RFC 5546 3.2.2.3)."""
    if not isinstance(found, list):
        return
    assert len(found) == 2, "an answer names ourselves, and at most the one of a delegation"
    handed = [line for line in found if "DELEGATED-TO" in line.params]
    taken = [line for line in found if "DELEGATED-FROM" in line.params]
    assert len(handed) == len(taken) == 1
    assert handed[0].params["DELEGATED-TO"] == str(taken[0])
    assert taken[0].params["DELEGATED-FROM"] == str(handed[0])


def _check_mail(raw: bytes, message: EmailMessage) -> None:
    assert raw.count(b"\n") == raw.count(b"\r\n") == raw.count(b"\r")
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    assert len(raw) <= 64 * 1024
    assert message["Auto-Submitted"] == "auto-replied"
    for name in ("From", "To", "Subject", "Date", "Message-ID", "X-Horarium-Decision"):
        assert len(message.get_all(name, [])) == 1, name
    assert not message.defects
    assert [part.get_content_type() for part in message.iter_parts()] == [
        "text/plain", "text/calendar",
    ]  # fmt: skip
    assert not any(part.defects for part in message.walk())


def _check_lines(calendar: bytes) -> None:
    lines = calendar.split(b"\r\n")
    assert lines.pop() == b""
    assert b"\n" not in b"".join(lines)
    for line in lines:
        assert len(line) <= 75, line
        line.decode("utf-8")  # folded between characters, never inside one


def _check_zones(read: icalendar.Calendar) -> None:
    """Each TZID that is used stands beside its definition, and no other definition does."""
    defined = {str(zone["TZID"]) for zone in read.walk("VTIMEZONE")}
    used = {
        line.split(";TZID=")[1].split(":")[0].split(";")[0].strip('"')
        for event in read.walk("VEVENT")
        for line in event.to_ical().decode().replace("\r\n ", "").split("\r\n")
        if ";TZID=" in line.split(":")[0]
    }
    assert {name.replace("\\,", ",") for name in defined} == used or not used, (defined, used)
    assert bool(defined) == bool(used)


@cache
def _libical() -> ctypes.CDLL | None:
    try:
        found = ctypes.CDLL(ctypes.util.find_library("ical") or "libical.so.3")
    except OSError:
        return None
    found.icalparser_parse_string.restype = ctypes.c_void_p
    found.icalparser_parse_string.argtypes = [ctypes.c_char_p]
    found.icalcomponent_count_errors.argtypes = [ctypes.c_void_p]
    found.icalcomponent_free.argtypes = [ctypes.c_void_p]
    return found


def errors_of_libical(calendar: bytes) -> int | None:
    """How many errors libical finds; None where it is not installed."""
    library = _libical()
    if library is None:
        return None
    component = library.icalparser_parse_string(calendar)
    assert component, "libical reads no component"
    try:
        return int(library.icalcomponent_count_errors(component))
    finally:
        library.icalcomponent_free(component)

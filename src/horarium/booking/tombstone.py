"""A cancelled component as it is told again: what is known of it without its text."""

from __future__ import annotations

from horarium.booking.event_state import Entry
from horarium.ical.address import Address
from horarium.ical.contentline import ContentLine
from horarium.ical.event import Event
from horarium.ical.values import DateValue, format_utc
from horarium.ical.writing import address_line, instant_line, text_line
from horarium.kernel.instant import Instant


def tombstone_lines(
    uid: str, entry: Entry, organizer: Address | None, master: Event | None
) -> list[ContentLine]:
    """What a CANCEL of `entry` states: which event, of whom, and where it stands in the order of
    messages; of an occurrence of `master`, which one."""
    lines = [
        text_line("UID", uid),
        ContentLine("SEQUENCE", (), str(entry.stamp.sequence)),
        instant_line("DTSTAMP", entry.stamp.dtstamp),
    ]
    if organizer is not None:
        lines.append(address_line("ORGANIZER", organizer))
    if entry.key is not None:
        lines.append(recurrence_id_line(entry.key, master, future=entry.this_and_future))
    return lines


def recurrence_id_line(key: Instant, master: Event | None, *, future: bool = False) -> ContentLine:
    """The occurrence as its series counts: a day of it, or an instant."""
    scope = {"RANGE": "THISANDFUTURE"} if future else {}
    if master is not None and master.whole_day and master.zone is not None:
        day = DateValue(master.zone.to_wall(key) // 86_400).format()
        return ContentLine.of("RECURRENCE-ID", day, {"VALUE": "DATE", **scope})
    return ContentLine.of("RECURRENCE-ID", format_utc(key), scope)

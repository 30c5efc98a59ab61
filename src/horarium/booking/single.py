"""One occurrence of a series as a component of its own."""

from __future__ import annotations

from dataclasses import replace

from horarium.ical.component import Component
from horarium.ical.contentline import ContentLine
from horarium.ical.event import Event, RecurrenceId
from horarium.ical.values import DateValue, format_utc
from horarium.kernel.instant import Instant
from horarium.kernel.period import Period
from horarium.kernel.recurrence import Occurrence


def single_occurrence(event: Event, occurrence: Occurrence) -> Event:
    """An occurrence of a series as an event, in UTC or as days."""
    zone = event.zone
    days = isinstance(event.start, DateValue) and zone is not None

    def line(name: str, at: Instant) -> ContentLine:
        if days and zone is not None:
            value = DateValue(zone.to_wall(at) // 86_400).format()
            return ContentLine.of(name, value, {"VALUE": "DATE"})
        return ContentLine(name, (), format_utc(at))

    kept = [x for x in event.component.properties if x.name in ("UID", "SUMMARY", "LOCATION")]
    times = [
        line("RECURRENCE-ID", occurrence.original),
        line("DTSTART", occurrence.start),
        line("DTEND", occurrence.end),
    ]
    return replace(
        event,
        component=Component("VEVENT", [*kept, *times]),
        recurrence_id=RecurrenceId(occurrence.original, None),
        first=Period(occurrence.start, occurrence.end),
    )

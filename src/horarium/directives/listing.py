"""The entries of the timetable of directives for other programs: as JSON and as a calendar."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from horarium.directives.entry import Entry
from horarium.directives.listing_series import CalendarSeries, Span, series_of
from horarium.ical.component import Component, serialize
from horarium.ical.contentline import ContentLine
from horarium.ical.values import DateTimeValue, Kind
from horarium.ical.vtimezone_writing import write_vtimezone
from horarium.ical.writing import instant_line, text_line, vcalendar
from horarium.kernel.gregorian import DAY
from horarium.kernel.instant import Instant, Wall, format_instant
from horarium.kernel.schedule_lint import NEAR
from horarium.kernel.schedule_writing import format_schedule
from horarium.kernel.zone import UTC, Zone

_NO_ANCHORS: Mapping[str, Instant] = {}


@dataclass(frozen=True, slots=True)
class LeftOut:
    """An entry that a calendar can not show, and why."""

    entry: Entry
    reason: str


def as_json(
    entries: Sequence[Entry], anchors: Mapping[str, Instant] = _NO_ANCHORS
) -> list[dict[str, object]]:
    """Each entry with its schedule as canonical text; `anchors` are the stored ones by key."""
    return [
        {
            "key": entry.key,
            "line": entry.line,
            "name": entry.name,
            "task": entry.task,
            "text": entry.text,
            "schedule": format_schedule(entry.schedule),
            "anchor": format_instant(anchors[entry.key]) if entry.key in anchors else None,
        }
        for entry in entries
    ]


def as_calendar(
    entries: Sequence[Entry],
    zone: Zone,
    now: Instant,
    anchors: Mapping[str, Instant] = _NO_ANCHORS,
) -> tuple[bytes, tuple[LeftOut, ...]]:
    """The moments and windows from `now` on as an iCalendar object to be published, and the
    entries that no recurrence rule says exactly (RFC 5545, RFC 5546 3.2.1).

    `zone` is that of schedules which name none. A moment is an event that takes no time.
    """
    shown: list[tuple[Entry, CalendarSeries]] = []
    left_out: list[LeftOut] = []
    for entry in entries:
        series = series_of(entry.schedule, zone, now, anchors.get(entry.key))
        if isinstance(series, str):
            left_out.append(LeftOut(entry, series))
        else:
            shown.append((entry, series))
    components = [*_zones([series for _, series in shown], now)]
    for entry, series in shown:
        components += _events(entry, series, now)
    return serialize(vcalendar("PUBLISH", components)), tuple(left_out)


def _zones(shown: Sequence[CalendarSeries], now: Instant) -> Iterator[Component]:
    """The definition of each zone that is named, for all the time it is needed."""
    spans: dict[str, tuple[Zone, Instant, Instant]] = {}
    for series in shown:
        if series.zone is UTC or series.rule is None:
            continue
        start = series.first.start
        _, first, last = spans.get(series.zone.name, (None, start, Instant(now + NEAR)))
        spans[series.zone.name] = series.zone, min(first, start), max(last, start)
    for name, (zone, first, last) in spans.items():
        yield write_vtimezone(zone, name, first, Instant(last + DAY))


def _events(entry: Entry, series: CalendarSeries, now: Instant) -> Iterator[Component]:
    uid = f"{entry.key}-{entry.task}"
    zone = UTC if series.rule is None else series.zone
    lines = _event_lines(entry, uid, series.first, zone, now)
    if series.rule is not None:
        lines.append(ContentLine("RRULE", (), series.rule))
    lines += [_time_line("EXDATE", wall, zone) for wall in series.except_]
    yield Component("VEVENT", lines)
    for other in series.others:
        lines = _event_lines(entry, f"{uid}-{other.start}", other, UTC, now)
        yield Component("VEVENT", lines)


def _event_lines(entry: Entry, uid: str, span: Span, zone: Zone, now: Instant) -> list[ContentLine]:
    where = f"line {entry.line}" if entry.line is not None else f"directive {entry.shown}"
    lines = [
        text_line("UID", uid),
        instant_line("DTSTAMP", now),
        _time_line("DTSTART", zone.to_wall(span.start), zone),
        text_line("SUMMARY", entry.text),
        text_line("DESCRIPTION", f"{where}, task {entry.task}"),
        text_line("TRANSP", "TRANSPARENT"),
    ]
    if span.end is not None:
        lines.append(_time_line("DTEND", zone.to_wall(span.end), zone))
    return lines


def _time_line(name: str, wall: Wall, zone: Zone) -> ContentLine:
    if zone is UTC:
        return ContentLine(name, (), DateTimeValue(wall, Kind.UTC).format())
    value = DateTimeValue(wall, Kind.ZONED, zone.name).format()
    return ContentLine.of(name, value, {"TZID": zone.name})

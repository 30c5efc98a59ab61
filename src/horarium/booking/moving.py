"""An event with other times: corrected to a grid, or moved to a gap (RFC 5546 3.2.7)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from horarium.booking.asked import ask
from horarium.booking.functions.verdict import Proposal
from horarium.booking.grid import Grid
from horarium.booking.request import Request, View
from horarium.booking.stored_event import HeldEvent, read_component
from horarium.ical.component import Component
from horarium.ical.contentline import ContentLine
from horarium.ical.event import Event
from horarium.ical.invalid import InvalidComponent
from horarium.ical.values import DateTimeValue, DateValue, Kind, format_utc
from horarium.kernel.instant import Instant, Wall, civil, day_of
from horarium.kernel.occurrence import DtstartPolicy
from horarium.kernel.period import Period
from horarium.kernel.recurrence import Occurrence, RecurrenceSet, Source
from horarium.kernel.zone import Zone

_TIMES = ("DTSTART", "DTEND", "DURATION", "RDATE")


def on_grid(period: Period, grid: Grid, zone: Zone) -> Period:
    """The period with its start and its end moved forward to the grid, each for itself; an end
    that is then not after the start moves on to the next time of the grid."""
    start = grid.from_(zone.to_wall(period.start))
    end = grid.from_(zone.to_wall(period.end))
    while zone.at(end) <= zone.at(start):
        end = grid.after(end)
    return Period(zone.at(start), zone.at(end))


def is_explicit(request: Request) -> bool:
    """Whether every occurrence was given as such (DTSTART, RDATE), none by a rule."""
    return request.event.rule is None


def moved(request: Request, view: View, places: Mapping[Instant, Period]) -> Proposal | None:
    """The proposal to hold each occurrence that was given explicitly at its place; None when the
    event can not be written so (it has changed occurrences, which name the old times)."""
    event = request.event
    changed = any(o.source is Source.OVERRIDE for o in request.occurrences)
    if changed and event.recurrence_id is None and len(request.occurrences) > 1:
        return None
    assert event.first is not None
    first = places.get(event.first.start, event.first)
    others = [places[o.original] for o in request.occurrences if o.original != event.first.start]
    component = _rewritten(event, first, others if event.recurrence_id is None else [])
    new = _read(component, view)
    if new is None:
        return None
    occurrences = tuple(
        replace_time(o, places.get(o.original, Period(o.start, o.end))) for o in request.occurrences
    )
    ordered = tuple(sorted(occurrences, key=lambda o: (o.start, o.original)))
    return Proposal(
        new,
        replace(
            request, event=new, occurrences=ordered, chargeable=ordered, times_changed=True
        ),
    )  # fmt: skip


def shifted(request: Request, view: View, first: Period) -> Proposal | None:
    """The proposal to hold a whole series shifted so that it begins with `first`; None when its
    rule does not produce that start, or the event changes single occurrences of it."""
    event = request.event
    if any(o.source in (Source.OVERRIDE, Source.RDATE) for o in request.occurrences):
        return None
    new = _read(_rewritten(event, first, []), view)
    if new is None or new.series is None or new.rule is None:
        return None
    begun = new.series.query(first.start, Instant(first.start + 1)).members
    if not any(o.start == first.start and _is_of_rule(new, o) for o in begun):
        return None
    asked = ask(HeldEvent(new, new.series, ()), view.resource, request.now)
    chargeable = asked.occurrences if request.chargeable is not None else None
    return Proposal(
        new,
        replace(
            request, event=new, occurrences=asked.occurrences, chargeable=chargeable,
            overflows=asked.overflows, times_changed=True,
        ),
    )  # fmt: skip


def replace_time(occurrence: Occurrence, period: Period) -> Occurrence:
    """The occurrence at another time, known by the same original start."""
    return occurrence._replace(start=period.start, end=period.end)


def _is_of_rule(event: Event, occurrence: Occurrence) -> bool:
    """Whether the rule itself makes an occurrence, and not only DTSTART."""
    series = event.series
    assert series is not None
    alone = RecurrenceSet(
        series.start, series.zone, series.length, rule=event.rule, limits=series.limits,
        dtstart=DtstartPolicy.RULE_ONLY,
    )  # fmt: skip
    return alone.is_member(occurrence.start)


def _rewritten(event: Event, first: Period, others: list[Period]) -> Component:
    """The component with other times, written as its own were: in UTC, in a zone, or floating."""
    start = event.component.first("DTSTART")
    assert start is not None
    value = event.start
    utc = isinstance(value, DateTimeValue) and value.kind is Kind.UTC
    zone = event.zone
    assert zone is not None

    def line(name: str, at: Instant) -> ContentLine:
        if isinstance(value, DateValue):
            return ContentLine(name, start.parameters, DateValue(day_of(zone.to_wall(at))).format())
        return ContentLine(name, start.parameters, format_utc(at) if utc else _local(at, zone))

    lines = [line_ for line_ in event.component.properties if line_.name not in _TIMES]
    lines += [line("DTSTART", first.start), line("DTEND", first.end)]
    for other in others:
        written = f"{format_utc(other.start)}/{format_utc(other.end)}"
        lines.append(ContentLine.of("RDATE", written, {"VALUE": "PERIOD"}))
    return Component(event.component.name, lines, list(event.component.components))


def _local(at: Instant, zone: Zone) -> str:
    year, month, day, hour, minute, second = civil(Wall(zone.to_wall(at)))
    return f"{year:04}{month:02}{day:02}T{hour:02}{minute:02}{second:02}"


def _read(component: Component, view: View) -> Event | None:
    if view.book is None:
        return None
    try:
        return read_component(component, view.book, view.resource)
    except InvalidComponent:
        return None

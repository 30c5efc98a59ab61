"""VFREEBUSY read and written (RFC 5545 3.6.4, RFC 5546 3.3)."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass

from horarium.ical.component import Component
from horarium.ical.contentline import ContentLine
from horarium.ical.limits import ParseLimits
from horarium.ical.participant import Participant
from horarium.ical.reading import Reading
from horarium.ical.tzid import ZoneBook
from horarium.ical.values import RequestStatus, format_utc, parse_period
from horarium.ical.writing import instant_line, status_line, text_line
from horarium.kernel.duration import Duration
from horarium.kernel.errors import InvalidInput
from horarium.kernel.gregorian import DAY
from horarium.kernel.instant import Instant
from horarium.kernel.period import Period
from horarium.kernel.periodset import PeriodSet
from horarium.kernel.recurrence import Length
from horarium.kernel.zone import Zone

_DEFAULT_LIMITS = ParseLimits()
# A year and a day: what a planner shows at most; a longer answer serves nobody but a scraper.
WINDOW_DAYS = 366
# FREE is what remains; the other three are kept apart, an unknown type counts as BUSY.
_KEPT = ("BUSY", "BUSY-UNAVAILABLE", "BUSY-TENTATIVE")
# FREEBUSY values of one component; a year of hourly entries.
_MOST_PERIODS = 10_000
# Longest line of periods written before a new FREEBUSY property is begun.
_PERIODS_PER_LINE = 20


@dataclass(frozen=True, slots=True)
class FreeBusyRequest:
    """What is asked: whose free/busy, and the window [start, end), at most 366 days.

    `asked_end` is DTEND as sent and `cut` tells that the window was cut at its end.
    """

    uid: str
    organizer: Participant | None
    attendees: tuple[Participant, ...]
    start: Instant
    end: Instant
    asked_end: Instant
    dtstamp: Instant | None
    notes: tuple[str, ...]
    component: Component

    @property
    def cut(self) -> bool:
        """Whether less is answered than was asked."""
        return self.end != self.asked_end


@dataclass(frozen=True, slots=True)
class FreeBusyReport:
    """Free/busy somebody publishes or replies with: periods by type, FREE left out."""

    uid: str
    organizer: Participant | None
    attendees: tuple[Participant, ...]
    start: Instant | None
    end: Instant | None
    dtstamp: Instant | None
    busy: Mapping[str, PeriodSet]
    notes: tuple[str, ...]
    component: Component


def read_freebusy(
    component: Component,
    book: ZoneBook,
    owner: Zone,
    limits: ParseLimits = _DEFAULT_LIMITS,
    *,
    local_domains: Container[str] | None = None,
) -> FreeBusyRequest:
    """The request a VFREEBUSY makes; `InvalidComponent` when it has no window."""
    reading = _identified(component, book, owner, limits, local_domains)
    times = []
    for name in ("DTSTART", "DTEND"):
        line = reading.single(name)
        if line is None:
            raise reading.invalid("3.11", name, "missing")
        times.append(reading.time(line).instant)
    start, asked_end = times
    if asked_end <= start:
        raise reading.invalid("3.5", "DTEND", "not after DTSTART")
    return FreeBusyRequest(
        uid=reading.uid,
        organizer=reading.organizer,
        attendees=reading.attendees(),
        start=start,
        end=Instant(min(asked_end, start + WINDOW_DAYS * DAY)),
        asked_end=asked_end,
        dtstamp=reading.dtstamp(),
        notes=reading.all_notes(),
        component=component,
    )


def read_freebusy_report(
    component: Component,
    book: ZoneBook,
    owner: Zone,
    limits: ParseLimits = _DEFAULT_LIMITS,
    *,
    local_domains: Container[str] | None = None,
) -> FreeBusyReport:
    """The free/busy a PUBLISH or REPLY states; without DTSTART or DTEND its periods' span."""
    reading = _identified(component, book, owner, limits, local_domains)
    bounds: list[Instant | None] = []
    for name in ("DTSTART", "DTEND"):
        line = reading.single(name)
        bounds.append(reading.time(line).instant if line is not None else None)
    found: dict[str, list[Period]] = {}
    count = 0
    for line in reading.lines("FREEBUSY"):
        kind = (line.parameter("FBTYPE") or "BUSY").strip().upper()
        if kind == "FREE" or not line.value.strip():
            continue
        kind = kind if kind in _KEPT else "BUSY"
        count += line.value.count(",") + 1
        if count > _MOST_PERIODS:
            raise reading.invalid("3.10", "FREEBUSY", "too many periods", limit="freebusy_periods")
        found.setdefault(kind, []).extend(_periods(reading, line))
    busy = {kind: PeriodSet(periods) for kind, periods in found.items()}
    every = [period for periods in found.values() for period in periods]
    start, end = bounds
    if every:
        start = min(period.start for period in every) if start is None else start
        end = max(period.end for period in every) if end is None else end
    return FreeBusyReport(
        uid=reading.uid,
        organizer=reading.organizer,
        attendees=reading.attendees(),
        start=start,
        end=end,
        dtstamp=reading.dtstamp(),
        busy=busy,
        notes=reading.all_notes(),
        component=component,
    )


def _identified(
    component: Component,
    book: ZoneBook,
    owner: Zone,
    limits: ParseLimits,
    local_domains: Container[str] | None,
) -> Reading:
    reading = Reading(component, book, owner, limits, local_domains)
    reading.identify()
    for fault in component.faults:
        if fault.name in ("DTSTART", "DTEND", "UID", "DTSTAMP", "ORGANIZER", "FREEBUSY"):
            raise reading.invalid("3.1", fault.name, fault.why)
    return reading


def _periods(reading: Reading, line: ContentLine) -> list[Period]:
    tzid = line.parameter("TZID")
    found: list[Period] = []
    for text in line.value.split(","):
        try:
            value = parse_period(text, tzid)
            start = reading.place(value.start)
            if isinstance(value.end, Duration):
                length = Length.nominal(value.end)
                end = length.end_of(start.wall, start.instant, start.zone)
            else:
                end = reading.place(value.end).instant
            found.append(Period(start.instant, end))
        except InvalidInput as error:
            raise reading.invalid("3.1", "FREEBUSY", str(error), text) from error
    return found


def write_freebusy(
    *,
    uid: str,
    dtstamp: Instant,
    start: Instant,
    end: Instant,
    busy: Mapping[str, PeriodSet],
    organizer: ContentLine | None = None,
    attendee: ContentLine | None = None,
    status: RequestStatus | None = None,
) -> Component:
    """A VFREEBUSY in UTC: periods clipped to [start, end), sorted, merged within each type.

    `organizer` and `attendee` are whole lines, as received or made by `writing.address_line`.
    Nothing busy makes a component without FREEBUSY lines. No text of a booking can get in.
    """
    lines = [text_line("UID", uid), instant_line("DTSTAMP", dtstamp)]
    lines += [line for line in (organizer, attendee) if line is not None]
    lines += [instant_line("DTSTART", start), instant_line("DTEND", end)]
    for kind in sorted(busy):
        texts = [
            f"{format_utc(period.start)}/{format_utc(period.end)}"
            for period in busy[kind].clip(start, end)
        ]
        for at in range(0, len(texts), _PERIODS_PER_LINE):
            value = ",".join(texts[at : at + _PERIODS_PER_LINE])
            lines.append(ContentLine.of("FREEBUSY", value, {"FBTYPE": kind}))
    if status is not None:
        lines.append(status_line(status))
    return Component("VFREEBUSY", lines)

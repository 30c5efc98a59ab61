"""An event read back from what was stored of it, and the time its state holds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from horarium.booking.event_state import Entry, EntryState, EventState, Slot
from horarium.booking.resource import Resource
from horarium.ical.component import Component, parse
from horarium.ical.event import Event, RecurrenceId, read_event
from horarium.ical.tzid import ZoneBook
from horarium.kernel.errors import CorruptState
from horarium.kernel.instant import Instant, Wall
from horarium.kernel.limits import Limits
from horarium.kernel.recurrence import (
    Answer,
    Complete,
    Occurrence,
    Override,
    RecurrenceSet,
    Source,
    Truncated,
)
from horarium.kernel.zone import Zone

# Stored texts that were read lately; the whole text is the key, so one can not stand for another.
_REMEMBERED = 512
DAY = 86_400
_ENDED = (EntryState.CANCELLED, EntryState.DECLINED)


def rule_limits(resource: Resource) -> Limits:
    """The limits of a series at `resource`: the site's, and at most its own number of
    occurrences at a time."""
    return _with_occurrences(resource.rule_limits, resource.preferences.max_occurrences)


@lru_cache(maxsize=_REMEMBERED)
def _with_occurrences(limits: Limits, most: int) -> Limits:
    return replace(limits, occurrences=min(limits.occurrences, most))


def read_component(
    component: Component, book: ZoneBook, resource: Resource, *, needs_start: bool = True
) -> Event:
    """The event that a component sent to `resource` states, under the limits of the site."""
    return read_event(
        component,
        book,
        resource.zone,
        resource.parse_limits,
        needs_start=needs_start,
        rule_limits=rule_limits(resource),
        local_domains=resource.ways.local_domains,
    )


def read_entry(entry: Entry, resource: Resource) -> Event:
    """The event that a stored component states, in the zone of its resource."""
    domains = resource.ways.local_domains
    return _read(entry.text, resource.zone, resource.zone_data, rule_limits(resource), domains)


@lru_cache(maxsize=_REMEMBERED)
def _read(
    text: bytes, zone: Zone, zone_data: str, limits: Limits, domains: frozenset[str]
) -> Event:
    calendar = parse(text)[0]
    components = calendar.children("VEVENT")
    if len(components) != 1:
        raise CorruptState("calendar_object", "", "a stored text holds one VEVENT")
    book = ZoneBook(calendar, zone)
    return read_event(components[0], book, zone, rule_limits=limits, local_domains=domains)


@dataclass(frozen=True, slots=True)
class HeldEvent:
    """The time that an event state holds: a booked series with its changes, and lone instances.

    `series` is the recurrence set of the booked master with all overrides and cancellations;
    `lone` are the booked instances that are no members of it: those of an event whose master is
    not booked here, and those that were added to a series.
    """

    master: Event | None
    series: RecurrenceSet | None
    lone: tuple[Occurrence, ...]

    @property
    def endless(self) -> bool:
        """Whether the held series has no end."""
        return self.series is not None and self.series.endless

    def query(self, start: Instant, end: Instant) -> Answer:
        """The occurrences that overlap [start, end), in order, and whether they are all."""
        inside = tuple(o for o in self.lone if o.start < end and o.end > start)
        if self.series is None:
            return Answer(inside, Complete())
        answer = self.series.query(start, end)
        if not inside:
            return answer
        members = sorted((*answer.members, *inside), key=_by_start)
        return Answer(tuple(members), answer.outcome, answer.steps)

    def pages(self, start: Instant, end: Instant, most: int) -> tuple[list[Occurrence], bool]:
        """The occurrences that overlap [start, end), read in pages; False when more than `most`."""
        found: list[Occurrence] = []
        at = start
        while True:
            answer = self.query(at, end)
            known = {o.original for o in found[-2_000:]}
            found += [o for o in answer.members if o.original not in known]
            outcome = answer.outcome
            if not isinstance(outcome, Truncated):
                return found, True
            if len(found) > most or outcome.reached <= at:
                return found, False
            at = outcome.reached


def hold(state: EventState, resource: Resource, fresh: Mapping[Slot, Event]) -> HeldEvent:
    """What `state` holds at `resource`; `fresh` are components at hand that need not be read back.

    A declined or cancelled entry takes its occurrence out of the series.
    """
    booked = {
        entry.slot: fresh.get(entry.slot) or read_entry(entry, resource)
        for entry in state.entries
        if entry.state is EntryState.BOOKED
    }
    master = booked.get((None, False))
    base = master.series if master is not None else None
    if base is None:
        return HeldEvent(None, None, _lone(state, booked, ()))
    members = [e for e in _within(state) if e.key is not None and base.is_member(e.key)]
    overrides = [_override(entry, booked.get(entry.slot)) for entry in members]
    series = base.with_overrides(overrides) if overrides else base
    return HeldEvent(master, series, _lone(state, booked, members))


def _within(state: EventState) -> list[Entry]:
    """The instances up to the one at which the series was ended; one booked behind it, by a later
    message, stands for itself."""
    ends = [e.key for e in state.instances if e.this_and_future and e.state in _ENDED and e.key]
    end = min(ends, default=None)
    if end is None:
        return list(state.instances)
    return [e for e in state.instances if e.slot == (end, True) or (e.key and e.key < end)]


def _by_start(occurrence: Occurrence) -> tuple[Instant, Instant]:
    return occurrence.start, occurrence.original


def _lone(
    state: EventState, booked: Mapping[Slot, Event], members: Iterable[Entry]
) -> tuple[Occurrence, ...]:
    """The booked instances that are no `members` of a series, in order."""
    placed = {entry.slot for entry in members}
    alone = {entry.key for entry in state.instances if not entry.this_and_future}
    found = []
    for (key, future), event in booked.items():
        if key is None or (key, future) in placed or (future and key in alone):
            continue
        assert event.first is not None
        found.append(Occurrence(key, event.first.start, event.first.end, Source.OVERRIDE))
    return tuple(sorted(found, key=_by_start))


def _override(entry: Entry, event: Event | None) -> Override:
    assert entry.key is not None
    if event is None or event.first is None:
        end = Instant(entry.key + 1)
        return Override(entry.key, entry.key, end, entry.this_and_future, cancelled=True)
    return Override(entry.key, event.first.start, event.first.end, entry.this_and_future)


def occurrence_key(
    which: RecurrenceId, whole_day: bool, master: Event | None, zone: Zone
) -> Instant | None:
    """The original start that a RECURRENCE-ID names; None when it names no single occurrence.

    An instant is compared as such, whatever zone it was written in. A DATE names the occurrence
    of that local day where the series has times, and the day itself where it has none.
    """
    if master is not None:
        whole_day = master.whole_day
    if which.original is not None:
        return _midnight(zone.to_wall(which.original) // DAY, zone) if whole_day else which.original
    assert which.day is not None
    if whole_day or master is None or master.series is None or master.zone is None:
        return _midnight(which.day, zone)
    start, end = _midnight(which.day, master.zone), _midnight(which.day + 1, master.zone)
    there = [o for o in master.series.occurrences(start, end) if start <= o.original < end]
    return there[0].original if len(there) == 1 else None


def _midnight(day: int, zone: Zone) -> Instant:
    return zone.at(Wall(day * DAY))

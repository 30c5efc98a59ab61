"""The agenda: everything that the timetable knows between two instants, in one list."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from horarium.appointments.appointment import COUNTED as SHOWN
from horarium.booking.freebusy import held_in
from horarium.booking.ports import Holding
from horarium.ical.component import Component, serialize
from horarium.ical.writing import instant_line, text_line, vcalendar
from horarium.kernel.instant import Instant
from horarium.kernel.period import Period
from horarium.runtime.appointment_questions import what_of
from horarium.runtime.directive_agenda import timetable_items
from horarium.runtime.directory import read_directory
from horarium.runtime.distribution_agenda import distribution_items
from horarium.runtime.generating import site_at, stage_of
from horarium.runtime.questions import shown
from horarium.runtime.settings import Settings
from horarium.runtime.standing import look
from horarium.store.store import Store, Transaction

KINDS = ("booking", "appointment", "directive", "upkeep", "distribution")

# What is held and not booked is told apart.
_HELD = {
    Holding.OFFER: "offered",
    Holding.HOLD: "held for another",
    Holding.PENDING: "waits for approval",
}


@dataclass(frozen=True, slots=True)
class AgendaEntry:
    """One thing in the agenda: its time, the kind of work it is, whose it is, and what it is."""

    start: Instant
    end: Instant | None
    kind: str
    id: str
    what: str
    uid: str


def agenda(
    store: Store,
    settings: Settings,
    within: Period,
    now: Instant,
    kinds: frozenset[str] | None = None,
) -> list[AgendaEntry]:
    """All entries that overlap `within`, in order of start, else those of some of `KINDS`; endless
    series are seen however far ahead it lies. What is before `now` was, the rest will be."""

    def work(tx: Transaction) -> list[AgendaEntry]:
        found: list[AgendaEntry] = []
        if kinds is None or "booking" in kinds:
            found += _bookings(tx, settings, within, now)
        if kinds is None or "appointment" in kinds:
            found += _appointments(tx, settings, within, now)
        if kinds is None or kinds & {"directive", "upkeep"}:
            items = timetable_items(tx, look(tx, settings, now), within)
            found += [AgendaEntry(i.start, i.end, i.kind, i.id, i.what, i.key) for i in items]
        if kinds is None or "distribution" in kinds:
            items = distribution_items(tx, settings, within, now)
            found += [AgendaEntry(i.start, i.end, i.kind, i.id, i.what, i.key) for i in items]
        kept = [entry for entry in found if kinds is None or entry.kind in kinds]
        return sorted(kept, key=lambda e: (e.start, e.kind, e.id, e.end or e.start, e.uid))

    return store.read(work)


def _bookings(
    tx: Transaction, settings: Settings, within: Period, now: Instant
) -> Iterator[AgendaEntry]:
    for user in read_directory(tx, settings).users:
        reservations = tx.reservations(user.id, user.uri, now)
        for item in held_in(reservations, [within], user.resource):
            if item.event.overlaps(within):
                what = item.summary or item.organizer_name or item.organizer or "booked"
                if item.holding in _HELD:
                    what = f"{what} ({_HELD[item.holding]})"
                yield AgendaEntry(
                    item.event.start, item.event.end, "booking", shown(user), what, item.uid
                )


def _appointments(
    tx: Transaction, settings: Settings, within: Period, now: Instant
) -> Iterator[AgendaEntry]:
    """Each once for every host that gives it; who comes is not said."""
    site = site_at(tx, settings, now)
    for host in site.offers.hosts.values():
        for item in tx.appointments.engaged(host.id, within):
            if item.slot.overlaps(within) and stage_of(item, now) in SHOWN:
                what = what_of(site, item, host.title)
                yield AgendaEntry(
                    item.slot.start, item.slot.end, "appointment", host.id, what, item.id
                )


def as_calendar(entries: Sequence[AgendaEntry], now: Instant) -> bytes:
    """The agenda as an iCalendar object to be published (RFC 5546 3.2.1)."""
    return serialize(vcalendar("PUBLISH", calendar_events(entries, now)))


def calendar_events(entries: Sequence[AgendaEntry], now: Instant) -> list[Component]:
    """Each entry as a VEVENT."""
    components = []
    for entry in entries:
        lines = [
            text_line("UID", f"{entry.start}-{entry.id}-{entry.uid}"),
            instant_line("DTSTAMP", now),
            instant_line("DTSTART", entry.start),
            text_line("SUMMARY", f"{entry.what} ({entry.id})"),
        ]
        if entry.end is not None:
            lines.append(instant_line("DTEND", entry.end))
        components.append(Component("VEVENT", lines))
    return components

"""Linked calendars: the time of resources and persons that closes slots, and what is written there.

Here the two kinds of work meet: an appointment is a reservation where its host is linked to, in
the same transaction.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from horarium.appointments.appointment import Appointment
from horarium.appointments.host import Host, Writing
from horarium.booking.decision import capacity_of
from horarium.booking.freebusy import held_in
from horarium.booking.importing import Terms, import_event
from horarium.booking.ports import Holding, Provisional, Reservation
from horarium.booking.request import View
from horarium.ical.address import parse_address
from horarium.ical.component import Component
from horarium.ical.writing import address_line, instant_line, text_line, vcalendar
from horarium.kernel.capacity import full
from horarium.kernel.errors import Conflict
from horarium.kernel.instant import Instant
from horarium.kernel.period import Period
from horarium.kernel.periodset import PeriodSet
from horarium.runtime.directory import Directory, Registered
from horarium.runtime.surroundings import decision_keys
from horarium.store.engine import Key
from horarium.store.store import Transaction


@dataclass(frozen=True, slots=True)
class Calendars:
    """The linked calendars of one transaction."""

    tx: Transaction
    directory: Directory
    now: Instant

    def busy(self, host: Host, span: Period, without: str = "") -> PeriodSet:
        """When any linked calendar is full within a span, apart from one event (its UID).

        A resource is full where as many reservations run at once as it holds, a person wherever
        anything is.
        """
        found = PeriodSet()
        for user, _ in self._linked(host):
            view = self._view(user)
            held = held_in(view.reservations, [span], user.resource)
            capacity = 1 if user.is_person else capacity_of(view) or 1
            periods = [item.occupied for item in held if item.uid != without]
            found = found.union(PeriodSet(full(periods, span, capacity)))
        return found

    def missing(self, host: Host) -> list[str]:
        """The links that lead nowhere."""
        return [link.address for link in host.links if self.directory.find(link.address) is None]

    def write(self, host: Host, item: Appointment, summary: str) -> None:
        """Makes the linked calendars say what an appointment is now: booked, held for a while, or
        gone. Conflict when one has no room."""
        for user, writing in self._linked(host):
            if writing is Writing.RESERVE:
                self._write(user, host, item, summary)

    def _write(self, user: Registered, host: Host, item: Appointment, summary: str) -> None:
        reservations = self.tx.reservations(user.id, user.uri, self.now)
        waiting = item.expires is not None and item.live(self.now)
        held = [_provisional(host, item, summary)] if waiting else []
        reservations.put_provisional(item.uid, held)
        if waiting or (not item.live(self.now) and reservations.head(item.uid) is None):
            return
        capacity = capacity_of(self._view(user)) or 1
        found = import_event(
            vcalendar("PUBLISH", []), item.uid, [_event(host, item, summary, self.now)],
            reservations, user.resource, self.now, Terms(capacity),
        )  # fmt: skip
        if found.problem:
            raise Conflict(f"{user.resource.address.key}: {found.problem}")
        if found.overlaps and item.live(self.now) and not user.is_person:
            raise Conflict(f"{user.resource.address.key} is taken then")
        if found.change is not None:
            reservations.apply(found.change, self.now)

    def _view(self, user: Registered) -> View:
        reservations = self.tx.reservations(user.id, user.uri, self.now, reading=True)
        return View(user.resource, reservations)

    def _linked(self, host: Host) -> Iterable[tuple[Registered, Writing]]:
        for link in host.links:
            user = self.directory.find(link.address)
            if user is not None:
                yield user, link.writing


def linked_keys(tenant: str, directory: Directory, hosts: Iterable[Host]) -> list[Key]:
    """What a decision about hosts locks: each of them, and the calendars they are linked to."""
    keys: set[Key] = set()
    for host in hosts:
        keys.add(Key(tenant, "appointer", host.id))
        for link in host.links:
            user = directory.find(link.address)
            if user is not None:
                keys.update(decision_keys(tenant, directory, user))
    return sorted(keys)


def _provisional(host: Host, item: Appointment, summary: str) -> Provisional:
    reservation = Reservation(
        uid=item.uid, original=item.slot.start, occupied=item.slot, event=item.slot,
        recurring=False, organizer=host.mail, organizer_name=host.title, summary=summary,
        holding=Holding.PENDING, expires=item.expires,
    )  # fmt: skip
    return Provisional(reservation, host.mail, item.sequence)


def _event(host: Host, item: Appointment, summary: str, now: Instant) -> Component:
    lines = [
        text_line("UID", item.uid),
        instant_line("DTSTAMP", now),
        instant_line("DTSTART", item.slot.start),
        instant_line("DTEND", item.slot.end),
        text_line("SEQUENCE", str(item.sequence)),
        text_line("SUMMARY", summary),
        text_line("STATUS", "CONFIRMED" if item.live(now) else "CANCELLED"),
    ]
    if host.mail:
        lines.append(address_line("ORGANIZER", parse_address(host.mail)))
    return Component("VEVENT", lines)

"""The repository of reservations: what one resource holds, and how a decision changes it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from horarium.booking.event_state import Entry, EntryState, EventState, Stamp
from horarium.booking.open_request import OpenRequest, slot_text
from horarium.booking.outcome import EventChange
from horarium.booking.ports import Booking, Holding, LaidSeries, Provisional, Reservation
from horarium.booking.quota import Charge, Claim
from horarium.kernel.capacity import peak
from horarium.kernel.errors import CorruptState
from horarium.kernel.instant import Instant, format_instant, parse_instant
from horarium.kernel.period import Period
from horarium.kernel.recurrence import Occurrence
from horarium.store.engine import Key, Row, Session, Value
from horarium.store.quotas import QuotaRepository
from horarium.store.requests import open_request
from horarium.store.rows import instant, maybe_instant, number, octets, text

# Longer periods are indexed apart, so that one long booking never slows the others.
LONG_SECONDS = 31 * 86_400
# Ends the stored key of a change that speaks for all future instances too.
_FUTURE = "/future"


@dataclass(frozen=True, slots=True)
class ResourceReservations:
    """What one resource holds, inside one transaction; the store's side of booking's port."""

    session: Session
    tenant: str
    resource: int
    now: Instant

    @property
    def _where(self) -> dict[str, Value]:
        return {"tenant": self.tenant, "resource": self.resource}

    def event(self, uid: str) -> EventState:
        """What is known of `uid`; an empty state if nothing is."""
        rows = self.session.rows("event_entries", {**self._where, "uid": uid})
        return EventState(uid, tuple(_entry(row) for row in rows))

    def held(self, spans: Sequence[Period]) -> list[Reservation]:
        """The reservations whose occupied time overlaps any of `spans`, in order of start, what is
        held without being booked after them."""
        if not spans:
            return []
        values = {
            **self._where,
            "longest_s": self._longest(),
            "start_s": min(span.start for span in spans),
            "end_s": max(span.end for span in spans),
        }
        meanwhile = [
            held
            for row in self.session.rows("held_overlapping", {**values, "now_s": self.now})
            if any((held := held_row(row)).occupied.overlaps(span) for span in spans)
        ]
        if len(spans) == 1:
            rows = self.session.rows("periods_overlapping", values)
            return [read_reservation(row) for row in rows] + meanwhile
        values["spans"] = json.dumps([[span.start, span.end] for span in spans])
        found = (read_reservation(r) for r in self.session.rows("periods_overlapping_any", values))
        # Long periods are found over the whole stretch; only those that meet a span count.
        return [item for item in found if _meets(item, spans)] + meanwhile

    def of_event(self, uid: str) -> list[Reservation]:
        """The reservations laid down for `uid`, in order of start."""
        rows = self.session.rows("periods_of_event", {**self._where, "uid": uid})
        return [read_reservation(row) for row in rows]

    def laid_before(self, before: Instant) -> list[LaidSeries]:
        """The series that are laid down only to a point before `before`."""
        rows = self.session.rows("laid_before", {**self._where, "instant_s": before})
        return [
            LaidSeries(instant(until), self.event(text(uid)), text(who), text(name))
            for uid, until, who, name, _ends in rows
        ]

    def head(self, uid: str) -> Booking | None:
        """The head of `uid`, if it holds time."""
        row = self.session.row("booking_head", {**self._where, "uid": uid})
        if row is None:
            return None
        organizer, name, summary, accepted, capacity, until, ends = row
        return Booking(
            organizer=text(organizer),
            organizer_name=text(name),
            summary=text(summary),
            accepted=instant(accepted),
            capacity=None if capacity is None else number(capacity),
            endless_until=maybe_instant(until),
            ends=maybe_instant(ends),
        )

    def provisional(self, uid: str) -> list[Provisional]:
        """What is held for `uid` and not booked, and has not expired, in order of start."""
        values = {**self._where, "uid": uid, "now_s": self.now}
        return [
            Provisional(held_row(row[:12]), text(row[12]), number(row[13]), text(row[14]))
            for row in self.session.rows("held_of_event", values)
        ]

    def put_provisional(self, uid: str, held: Sequence[Provisional]) -> None:
        """Makes what is held for `uid` without being booked exactly `held`."""
        self.session.run("drop_held", {**self._where, "uid": uid})
        rows = [{**self._where, "uid": uid, **_held_values(item)} for item in held]
        self.session.run_many("put_held", rows)

    def open_requests(self, uid: str) -> list[OpenRequest]:
        """The requests of `uid` that are not settled."""
        rows = self.session.rows("open_requests_of_event", {**self._where, "uid": uid})
        return [open_request(row[1:]) for row in rows]

    def waiting_before(self, occurrences: Sequence[Occurrence]) -> int:
        """How many requests wait already for any of the time of `occurrences`."""
        if not occurrences:
            return 0
        values = {
            **self._where,
            "start_s": min(o.start for o in occurrences),
            "end_s": max(o.end for o in occurrences),
        }
        row = self.session.row("waiting_before", values)
        return number(row[0]) if row else 0

    def charges(self, uid: str) -> list[Charge]:
        """What `uid` is charged in any quota."""
        return QuotaRepository(self.session, self.tenant).of_event(self.resource, uid)

    def claims(self, uid: str) -> list[Claim]:
        """What `uid` holds in the free/busy of any quota."""
        return QuotaRepository(self.session, self.tenant).claims_of_event(self.resource, uid)

    def apply(self, change: EventChange, now: Instant) -> None:
        """Makes the store say what `change` states: entries, head and reservations of one event.

        Raises CorruptState when a checked reservation would exceed its capacity: the count is made
        here by the store, apart from the decision that should have prevented it.
        """
        uid = change.state.uid
        self._put_entries(change.state, now)
        if change.booking is not None:
            self._put_head(uid, change.booking)
        added = self._put_periods(uid, change)
        if change.booking is None:
            self.session.run("drop_booking", {**self._where, "uid": uid})
        elif change.booking.capacity is not None and added and not change.unchecked:
            self._recount(added, change.booking.capacity)

    def _put_entries(self, state: EventState, now: Instant) -> None:
        before = {entry.slot: entry for entry in self.event(state.uid).entries}
        after = {entry.slot: entry for entry in state.entries}
        for slot in before.keys() - after.keys():
            values = {**self._where, "uid": state.uid, "recurrence_key": slot_text(slot)}
            self.session.run("drop_entry", values)
        changed = [entry for slot, entry in after.items() if before.get(slot) != entry]
        self.session.run_many(
            "put_entry", [{**self._where, **_entry_row(state.uid, e, now)} for e in changed]
        )

    def _put_head(self, uid: str, booking: Booking) -> None:
        values: dict[str, Value] = {
            **self._where,
            "uid": uid,
            "organizer": booking.organizer,
            "organizer_name": booking.organizer_name,
            "summary": booking.summary,
            "accepted_s": booking.accepted,
            "capacity": booking.capacity,
            "endless_until_s": booking.endless_until,
            "ends_s": booking.ends,
        }
        self.session.run("put_booking", values)

    def _put_periods(self, uid: str, change: EventChange) -> list[Reservation]:
        stored = {item.original: item for item in self.of_event(uid)}
        wanted = {item.original: item for item in change.reservations}
        settled = change.settled
        gone = [
            original
            for original, item in stored.items()
            if original not in wanted and (settled is None or item.event.end > settled)
        ]
        self.session.run_many(
            "drop_period", [{**self._where, "uid": uid, "original_s": o} for o in gone]
        )
        added = [item for original, item in wanted.items() if not _same(stored.get(original), item)]
        exclusive = int(change.booking is not None and change.booking.capacity == 1)
        self.session.run_many(
            "put_period", [{**self._where, **_period_row(item, exclusive)} for item in added]
        )
        short = [_length(i) for i in added if _length(i) <= LONG_SECONDS]
        if short and max(short) > self._longest():
            self.session.run("raise_longest", {**self._where, "longest_s": max(short)})
        return added

    def _recount(self, added: list[Reservation], capacity: int) -> None:
        own = {item.uid for item in added}
        there = [
            found.occupied
            for found in self.held([item.occupied for item in added])
            if found.holding is Holding.BOOKED or found.uid not in own
        ]
        if peak(there).count <= capacity:
            return
        # Rows that were imported or booked under a higher capacity may lie over it elsewhere.
        for item in added:
            found = peak(there, within=item.occupied)
            if found.count > capacity:
                raise CorruptState(
                    "booking_period",
                    f"{self.resource}/{item.uid}",
                    f"more than {capacity} reservations at {format_instant(item.event.start)}",
                )

    def _longest(self) -> int:
        row = self.session.row("longest_period", self._where)
        return number(row[0]) if row else 0


def write_key(tenant: str, resource: str) -> Key:
    """The decision key of a resource."""
    return Key(tenant, "resource", resource)


def _meets(item: Reservation, spans: Iterable[Period]) -> bool:
    return _length(item) <= LONG_SECONDS or any(item.occupied.overlaps(span) for span in spans)


def _same(stored: Reservation | None, wanted: Reservation) -> bool:
    return stored is not None and (
        stored.occupied == wanted.occupied
        and stored.event == wanted.event
        and stored.recurring == wanted.recurring
    )


def _length(item: Reservation) -> int:
    return item.occupied.end - item.occupied.start


def held_row(row: Row) -> Reservation:
    """A row of what is held without being booked."""
    uid, original, start, end, event_start, event_end, recurring, who, name, summary, why, at = row
    return Reservation(
        uid=text(uid),
        original=instant(original),
        occupied=Period(instant(start), instant(end)),
        event=Period(instant(event_start), instant(event_end)),
        recurring=bool(recurring),
        organizer=text(who),
        organizer_name=text(name),
        summary=text(summary),
        holding=Holding(text(why)),
        expires=maybe_instant(at),
    )


def _held_values(held: Provisional) -> dict[str, Value]:
    item = held.reservation
    return {
        "original_s": item.original,
        "holding": item.holding.value,
        "start_s": item.occupied.start,
        "end_s": item.occupied.end,
        "event_start_s": item.event.start,
        "event_end_s": item.event.end,
        "recurring": int(item.recurring),
        "organizer": item.organizer,
        "organizer_name": item.organizer_name,
        "summary": item.summary,
        "expires_s": item.expires,
        "asked_by": held.asked_by,
        "sequence": held.sequence,
        "digest": held.digest,
    }


def _entry_row(uid: str, entry: Entry, now: Instant) -> dict[str, Value]:
    return {
        "uid": uid,
        "recurrence_key": slot_text(entry.slot),
        "sequence": entry.stamp.sequence,
        "dtstamp_s": entry.stamp.dtstamp,
        "state": entry.state.value,
        "this_and_future": int(entry.this_and_future),
        "organizer": entry.organizer,
        "made_by": entry.made_by,
        "digest": entry.digest,
        "zone_data": entry.zone_data,
        "stored_s": now,
        "text": entry.text,
    }


def _period_row(item: Reservation, exclusive: int) -> dict[str, Value]:
    return {
        "uid": item.uid,
        "original_s": item.original,
        "start_s": item.occupied.start,
        "end_s": item.occupied.end,
        "event_start_s": item.event.start,
        "event_end_s": item.event.end,
        "recurring": int(item.recurring),
        "is_long": int(_length(item) > LONG_SECONDS),
        "is_exclusive": exclusive,
    }


def _entry(row: Row) -> Entry:
    key, sequence, dtstamp, state, future, organizer, made_by, digest, zone_data, content = row
    return Entry(
        key=parse_instant(text(key).removesuffix(_FUTURE)) if key else None,
        stamp=Stamp(number(sequence), instant(dtstamp)),
        state=EntryState(text(state)),
        organizer=text(organizer),
        made_by=text(made_by),
        digest=text(digest),
        text=octets(content),
        zone_data=text(zone_data),
        this_and_future=bool(future),
    )


def read_reservation(row: Row) -> Reservation:
    """A reservation from the columns that every query of periods gives."""
    uid, original, start, end, event_start, event_end, recurring, organizer, name, summary = row
    return Reservation(
        uid=text(uid),
        original=instant(original),
        occupied=Period(instant(start), instant(end)),
        event=Period(instant(event_start), instant(event_end)),
        recurring=bool(recurring),
        organizer=text(organizer),
        organizer_name=text(name),
        summary=text(summary),
    )

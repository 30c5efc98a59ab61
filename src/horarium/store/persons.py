"""The repository of a person: what is kept beside events, and what is known of others' time."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from horarium.booking.event_state import Stamp
from horarium.booking.persons.known import Known, KnownChange
from horarium.booking.persons.notes import Attendance, EventNotes, Offer, Queued
from horarium.booking.persons.ports import Slot
from horarium.kernel.instant import Instant, format_instant, parse_instant
from horarium.kernel.period import Period
from horarium.store.engine import Row, Session, Value
from horarium.store.rows import instant, number, octets, text


@dataclass(frozen=True, slots=True)
class PersonRepository:
    """What is kept of one person, inside one transaction; the store's side of booking's port."""

    session: Session
    tenant: str
    person: int

    @property
    def _where(self) -> dict[str, Value]:
        return {"tenant": self.tenant, "person": self.person}

    # --- beside events ---------------------------------------------------

    def notes(self, uid: str) -> EventNotes:
        """What is kept beside the event `uid`; empty notes if nothing is."""
        where = {**self._where, "uid": uid}
        return EventNotes(
            uid,
            tuple(_queued(row) for row in self.session.rows("queue_of_event", where)),
            tuple(_attendance(row) for row in self.session.rows("attendance_of_event", where)),
            tuple(_offer(row) for row in self.session.rows("offers_of_event", where)),
        )

    def queue(self) -> list[tuple[str, Queued]]:
        """Everything that waits for the person, with its UID, in order of arrival."""
        rows = self.session.rows("person_queue", self._where)
        return [(text(uid), _queued(tuple(row))) for uid, *row in rows]

    def put_notes(self, notes: EventNotes) -> None:
        """Makes `notes` all that is kept beside their event."""
        where = {**self._where, "uid": notes.uid}
        for query in ("drop_queue_of_event", "drop_attendance_of_event", "drop_offers_of_event"):
            self.session.run(query, where)
        self.session.run_many("put_queued", [{**where, **_queue_row(q)} for q in notes.queue])
        self.session.run_many(
            "put_attendance", [{**where, **_attendance_row(a)} for a in notes.attendance]
        )
        self.session.run_many("put_offer", [{**where, **_offer_row(o)} for o in notes.offers])

    def offers(self, now: Instant) -> list[Period]:
        """The times that the person proposed and that are still held at `now`."""
        rows = self.session.rows("offers_of_person", {**self._where, "now_s": now})
        return [Period(instant(start), instant(end)) for start, end in rows]

    def partstats(self, person: str, uids: Sequence[str]) -> dict[Slot, str]:
        """How the person of that address key takes part in the events `uids`, by UID and original
        start, None for the whole event."""
        values = {**self._where, "attendee": person, "uids": json.dumps(list(uids))}
        rows = self.session.rows("partstats_of_events", values)
        return {(text(uid), _key(key)): text(said) for uid, key, said in rows}

    # --- others ----------------------------------------------------------

    def known(self, party: str) -> list[Known]:
        """What is known of another's free/busy, by address key."""
        rows = self.session.rows("known_of_party", {**self._where, "party": party})
        return [_known(row) for row in rows]

    def known_of_all(self) -> list[Known]:
        """What is known of everybody's free/busy."""
        return [_known(row) for row in self.session.rows("known_of_all", self._where)]

    def change_known(self, change: KnownChange) -> None:
        """Changes what is known of one party."""
        self.session.run_many("drop_known", [{**self._where, **_known_row(k)} for k in change.gone])
        self.session.run_many("put_known", [{**self._where, **_known_row(k)} for k in change.come])

    def events(self, after: str, many: int) -> list[str]:
        """The UIDs of the events that are stored at the person, in order, after `after`."""
        rows = self.session.rows("events_of_person", {**self._where, "after": after, "many": many})
        return [text(row[0]) for row in rows]


def _key(value: Value) -> Instant | None:
    return parse_instant(text(value)) if value else None


def _key_text(key: Instant | None) -> str:
    return "" if key is None else format_instant(key)


def _queued(row: Row) -> Queued:
    key, kind, attendee, sequence, dtstamp, queued, content = row
    stamp = Stamp(number(sequence), instant(dtstamp))
    return Queued(_key(key), text(kind), text(attendee), stamp, instant(queued), octets(content))


def _queue_row(item: Queued) -> dict[str, Value]:
    return {
        "recurrence_key": _key_text(item.key),
        "kind": item.kind,
        "attendee": item.attendee,
        "sequence": item.stamp.sequence,
        "dtstamp_s": item.stamp.dtstamp,
        "queued_s": item.queued,
        "text": item.text,
    }


def _attendance(row: Row) -> Attendance:
    key, attendee, sequence, dtstamp, partstat, delegated_from, delegated_to = row
    return Attendance(
        _key(key),
        text(attendee),
        Stamp(number(sequence), instant(dtstamp)),
        text(partstat),
        tuple(json.loads(text(delegated_from))),
        tuple(json.loads(text(delegated_to))),
    )


def _attendance_row(item: Attendance) -> dict[str, Value]:
    return {
        "recurrence_key": _key_text(item.key),
        "attendee": item.attendee,
        "sequence": item.stamp.sequence,
        "dtstamp_s": item.stamp.dtstamp,
        "partstat": item.partstat,
        "delegated_from": json.dumps(item.delegated_from),
        "delegated_to": json.dumps(item.delegated_to),
    }


def _offer(row: Row) -> Offer:
    key, start, end, expires = row
    return Offer(_key(key), Period(instant(start), instant(end)), instant(expires))


def _offer_row(item: Offer) -> dict[str, Value]:
    return {
        "recurrence_key": _key_text(item.key),
        "start_s": item.period.start,
        "end_s": item.period.end,
        "expires_s": item.expires,
    }


def _known(row: Row) -> Known:
    party, uid, start, end, kind, stated = row
    period = Period(instant(start), instant(end))
    return Known(period, text(kind), text(uid), text(party), instant(stated))


def _known_row(item: Known) -> dict[str, Value]:
    return {
        "party": item.party,
        "uid": item.uid,
        "start_s": item.period.start,
        "end_s": item.period.end,
        "fbtype": item.kind,
        "stated_s": item.stated,
    }

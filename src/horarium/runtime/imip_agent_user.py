"""What is kept of one calendar user, as the files that imip-agent keeps of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial

from horarium.booking.event_state import Entry, EntryState
from horarium.booking.imip_agent import Record
from horarium.booking.imip_agent_objects import ObjectFile, occurrence_names, write_event
from horarium.booking.imip_agent_writing import (
    identity_uri,
    in_order,
    write_line,
    write_preferences,
    write_record,
)
from horarium.booking.persons.known import STATED
from horarium.booking.persons.notes import COUNTER, REQUEST, EventNotes
from horarium.booking.ports import Holding, Reservation
from horarium.ical.values import format_utc
from horarium.kernel.instant import MAX_INSTANT, Instant
from horarium.runtime.directory import Registered
from horarium.runtime.imip_agent_source import Finding, Weight
from horarium.runtime.imip_agent_tree import Outfile, file_of_lines
from horarium.store.store import Transaction

Part = Outfile | Finding


def preference_files(user: Registered, values: Mapping[str, object]) -> Iterator[Part]:
    """The preferences `values`, a file for each."""
    for name, text in write_preferences(values, user.kind):
        if text is None:
            said = f"{name}: no text means what is set here; left out"
            yield Finding(Weight.DIFFERENCE, user.uri, said)
        else:
            yield Outfile(("preferences", user.uri, name), text.encode())


@dataclass(slots=True)
class _Rows:
    """The lines of a user's files that its events share."""

    freebusy: list[Record] = field(default_factory=list)
    offers: list[Record] = field(default_factory=list)
    requests: list[tuple[str, str, str]] = field(default_factory=list)


def held_files(tx: Transaction, user: Registered, now: Instant) -> Iterator[Part]:
    """The events of a user and its free/busy."""
    rows = _Rows()
    for uid, _ in tx.kept.events_of(user.id):
        yield from _event(tx, user, uid, now, rows)
    top = ("store", user.uri)
    yield from file_of_lines(
        (*top, "freebusy"), map(write_record, sorted(rows.freebusy, key=in_order))
    )
    offers = (write_record(record, wide=True) for record in sorted(rows.offers, key=in_order))
    yield from file_of_lines((*top, "freebusy-offers"), offers)
    yield from file_of_lines((*top, "requests"), map(write_line, rows.requests))
    yield from _endless(tx, user, now)
    yield from _of_others(tx, user)


def _event(
    tx: Transaction, user: Registered, uid: str, now: Instant, rows: _Rows
) -> Iterator[Part]:
    reservations = tx.reservations(user.id, user.uri, now)
    state, notes = reservations.event(uid), tx.person(user.id).notes(uid)
    for item in write_event(state, user.resource, partial(_partstat, user, notes)):
        if isinstance(item, ObjectFile):
            yield Outfile(("store", user.uri, *_split(item.names)), item.data)
        else:
            yield Finding(Weight.DIFFERENCE, user.uri, f"{uid}: {item}; left out")
    names = occurrence_names(state, user.resource)
    changed = {e.key for e in state.instances if e.state is EntryState.BOOKED}
    shown = {key: name for key, name in names.items() if key in changed}
    rows.freebusy += [_record(item, shown) for item in reservations.of_event(uid)]
    held = [item.reservation for item in reservations.provisional(uid)]
    rows.offers += [_record(i, shown) for i in held if i.holding is Holding.OFFER]
    other = [item for item in held if item.holding is not Holding.OFFER]
    if other:
        said = f"{uid}: {len(other)} times held for what is not decided; left out"
        yield Finding(Weight.DIFFERENCE, user.uri, said)
    yield from _notes(user, notes, names, rows)


def _split(names: tuple[str, ...]) -> Iterator[str]:
    """The names of folders and file: a UID with a slash in it is several."""
    for name in names:
        yield from name.split("/")


def _partstat(user: Registered, notes: EventNotes, entry: Entry) -> str:
    """How the user takes part; what waits for a person has no answer."""
    if any(item.kind == REQUEST and item.key == entry.key for item in notes.queue):
        return "NEEDS-ACTION"
    answered = notes.partstat(user.resource.address.key, entry.key)
    return answered or ("ACCEPTED" if entry.state is EntryState.BOOKED else "DECLINED")


def _record(item: Reservation, names: Mapping[Instant, str]) -> Record:
    expires = format_utc(item.expires) if item.expires is not None else ""
    which, organizer = names.get(item.original, ""), identity_uri(item.organizer)
    return Record(0, item.event, item.uid, "OPAQUE", which, item.summary, organizer, expires)


def _notes(
    user: Registered, notes: EventNotes, names: Mapping[Instant, str], rows: _Rows
) -> Iterator[Part]:
    """What waits for a person's word, and what the person has proposed."""
    for item in notes.queue:
        which = names.get(item.key, format_utc(item.key)) if item.key is not None else ""
        row = (notes.uid, which, COUNTER if item.kind == COUNTER else "")
        if row not in rows.requests:
            rows.requests.append(row)
        if item.kind == COUNTER and item.text:
            whose = ("recurrences", notes.uid, which) if which else ("objects", notes.uid)
            place = ("store", user.uri, "counters", *_split(whose), identity_uri(item.attendee))
            yield Outfile(place, item.text)
    for offer in notes.offers:
        which = names.get(offer.key, format_utc(offer.key)) if offer.key is not None else ""
        expires = format_utc(offer.expires)
        rows.offers.append(Record(0, offer.period, notes.uid, "OPAQUE", which, "", "", expires))


def _endless(tx: Transaction, user: Registered, now: Instant) -> Iterator[Part]:
    """The series without an end, under the instant up to which all of them are laid down."""
    series = tx.reservations(user.id, user.uri, now).laid_before(MAX_INSTANT)
    if series:
        until = min(item.until for item in series)
        rows = [(format_utc(until),), *((item.state.uid, "") for item in series)]
        yield from file_of_lines(("store", user.uri, "freebusy-providers"), map(write_line, rows))


def _of_others(tx: Transaction, user: Registered) -> Iterator[Part]:
    """What others have told of their time, a file for each."""
    known: dict[str, list[Record]] = {}
    for item in tx.person(user.id).known_of_all():
        if item.kind not in (STATED, "FREE"):
            row = Record(0, item.period, item.uid, "OPAQUE", "", "", identity_uri(item.party))
            known.setdefault(item.party, []).append(row)
    for party, rows in known.items():
        names = ("store", user.uri, "freebusy-other", identity_uri(party))
        yield from file_of_lines(names, map(write_record, sorted(rows, key=in_order)))

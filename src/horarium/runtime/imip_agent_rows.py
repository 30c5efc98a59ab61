"""The records of imip-agent: offers that still hold are taken over, what else they say is compared
with what the stored events have made."""

from __future__ import annotations

from collections.abc import Iterator

from horarium.booking.imip_agent import COLUMNS, LineFault, Record, read_instant, read_records
from horarium.booking.ports import Holding, Provisional, Reservation
from horarium.booking.written import address_key
from horarium.kernel.errors import InvalidInput
from horarium.kernel.instant import Instant, format_instant
from horarium.runtime.directory import Registered
from horarium.runtime.imip_agent_source import Finding, QuotaFiles, Stored, Weight
from horarium.store.store import Transaction


def put_offers(
    tx: Transaction, user: Registered, files: list[Stored], now: Instant
) -> Iterator[Finding]:
    """Offers that still hold are held here too, unless something of the event is."""
    found: list[Finding] = []
    offers: dict[str, list[Provisional]] = {}
    for stored in files:
        for record in _records(stored, COLUMNS + 1, found):
            offer = _offer(record, f"{stored.place}:{record.line}", now, found)
            if offer is not None:
                offers.setdefault(record.uid, []).append(offer)
    yield from found
    reservations = tx.reservations(user.id, user.uri, now)
    for uid, held in offers.items():
        if not reservations.provisional(uid) and not reservations.of_event(uid):
            reservations.put_provisional(uid, held)
            yield Finding(
                Weight.TAKEN, user.uri, f"{uid}: {len(held)} offer{'s' if len(held) != 1 else ''}"
            )


def _offer(record: Record, place: str, now: Instant, found: list[Finding]) -> Provisional | None:
    try:
        expires = read_instant(record.last)
        organizer = address_key(record.organizer) if record.organizer else ""
    except InvalidInput as error:
        found.append(Finding(Weight.FAULT, place, str(error)))
        return None
    if expires <= now:
        return None
    item = Reservation(
        record.uid, record.period.start, record.period, record.period, False, organizer, "",
        record.summary, Holding.OFFER, expires,
    )  # fmt: skip
    return Provisional(item)


def compare_freebusy(
    tx: Transaction, user: Registered, files: list[Stored], uids: list[str], now: Instant
) -> Iterator[Finding]:
    """Where its free/busy says otherwise than the events that were stored."""
    found: list[Finding] = []
    rows = {
        (record.uid, record.period): f"{stored.place}:{record.line}"
        for stored in files
        for record in _records(stored, COLUMNS, found)
        if record.transparency in ("", "OPAQUE")
    }
    yield from found
    reservations = tx.reservations(user.id, user.uri, now)
    names = dict.fromkeys([uid for uid, _ in rows] + uids)
    held = {(uid, item.event) for uid in names for item in reservations.of_event(uid)}
    for (uid, period), place in rows.items():
        if (uid, period) not in held:
            said = f"{uid}: no stored event is at {format_instant(period.start)}; left out"
            yield Finding(Weight.DIFFERENCE, place, said)
    last = max((period.end for _, period in rows), default=now)
    for uid, period in sorted(held - rows.keys(), key=lambda pair: (pair[1].start, pair[0])):
        if now < period.end <= last:
            said = f"{uid}: held at {format_instant(period.start)}, and not there"
            yield Finding(Weight.DIFFERENCE, files[0].place, said)


def compare_journal(
    tx: Transaction, name: str, files: QuotaFiles, now: Instant
) -> Iterator[Finding]:
    """Where the journal of a quota says otherwise than what the bookings are charged."""
    found: list[Finding] = []
    ours = {(item.uid, item.charge.event) for item in tx.quotas.journal(name)}
    theirs = {
        (record.uid, record.period): f"{stored.place}:{record.line}"
        for stored in files.journal
        for record in _records(stored, COLUMNS + 1, found)
    }
    yield from found
    for (uid, period), place in theirs.items():
        if (uid, period) not in ours:
            said = f"{uid}: nothing booked is charged at {format_instant(period.start)}; left out"
            yield Finding(Weight.DIFFERENCE, place, said)
    for uid, period in sorted(ours - theirs.keys(), key=lambda p: (p[1].start, p[0])):
        if period.end > now:
            said = f"{uid}: charged at {format_instant(period.start)}, and not there"
            yield Finding(Weight.DIFFERENCE, files.journal[0].place, said)


def _records(stored: Stored, most: int, found: list[Finding]) -> Iterator[Record]:
    for item in read_records(stored.data, most=most):
        if isinstance(item, LineFault):
            found.append(Finding(Weight.FAULT, f"{stored.place}:{item.line}", item.message))
        else:
            yield item

"""A site of imip-agent taken over: users, preferences, quotas and what they hold.

Stored events win: what is held and charged is worked out from them, and where the free/busy and the
journals said otherwise, that is told. A second run changes nothing, and what was set here since
stays.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from horarium.booking.imip_agent import (
    COLUMNS,
    Exported,
    LineFault,
    Record,
    kind_of,
    read_instant,
    read_object,
    read_preference,
    read_records,
    read_site_defaults,
)
from horarium.booking.importing import Imported, event_lines
from horarium.booking.ports import Holding, Provisional, Reservation
from horarium.booking.preferences import check_preferences
from horarium.booking.quota_table import TableKind, kept_value, parse_table
from horarium.booking.stored_event import read_component
from horarium.booking.written import address_key
from horarium.ical.component import Component
from horarium.ical.tzid import ZoneBook
from horarium.kernel.errors import CorruptState, HorariumError, InvalidInput
from horarium.kernel.instant import Instant, format_instant
from horarium.runtime.directory import Directory, Registered, read_directory
from horarium.runtime.imip_agent_source import (
    Finding,
    QuotaFiles,
    Source,
    Stored,
    UserFiles,
    Weight,
)
from horarium.runtime.importing import PIECE, import_piece
from horarium.runtime.quotas import OWNER, declared_groups, read_quotas, reattribute, table_of
from horarium.runtime.settings import Settings
from horarium.runtime.surroundings import decision_keys
from horarium.store.directory import DEFAULTS, PERSON_DEFAULTS, Setting
from horarium.store.engine import Key
from horarium.store.quotas import quota_key
from horarium.store.store import Store, Transaction

BY_IMPORT = "import"

Work = Callable[[Transaction], list[Finding]]


class _DryRun(Exception):
    """Ends a transaction that must not be kept."""


@dataclass(slots=True)
class _Event:
    """The files of one event, and what they state together."""

    exported: Exported
    places: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Kept:
    """What is set here, by owner and name."""

    tx: Transaction
    settings: dict[tuple[str, str], Setting]

    def put(self, owner: str, name: str, value: object, place: str) -> Iterator[Finding]:
        """Sets what is not set yet; what was set here stays."""
        text = json.dumps(value, ensure_ascii=False)
        old = self.settings.get((owner, name))
        if old is None or old.value is None:
            applied, file = (None, "") if old is None else (old.applied, old.place)
            self.tx.directory.put(Setting(owner, name, text, applied, file))
            yield Finding(Weight.TAKEN, owner, f"{name} = {text}")
        elif old.value != text:
            yield Finding(Weight.DIFFERENCE, place, f"{name} is {old.value} here, and stays")


def import_imip_agent(
    store: Store, settings: Settings, source: Source, now: Instant, *, dry_run: bool
) -> list[Finding]:
    """Takes `source` over, in pieces that each leave a consistent state; everything that is to be
    told, in order. Dry, all of it is done in one transaction that is not kept."""
    arrival = _Arrival(store.tenant, settings, source, now)
    found = list(source.findings)
    if not dry_run:
        for keys, work in arrival.steps():
            found += store.transact(keys, work)
        return found

    def foresee(tx: Transaction) -> None:
        for _, work in arrival.steps():
            found.extend(work(tx))
        raise _DryRun

    with contextlib.suppress(_DryRun):
        store.transact([], foresee)
    return found


class _Arrival:
    """The steps of one import; each reads what those before it have left."""

    def __init__(self, tenant: str, settings: Settings, source: Source, now: Instant) -> None:
        self._tenant = tenant
        self._settings = settings
        self._source = source
        self._now = now
        self._directory: Directory | None = None

    def steps(self) -> Iterator[tuple[list[Key], Work]]:
        """Each step with the keys under which it is done."""
        names = sorted(self._source.quotas)
        keys = [Key(self._tenant, "site", "objects")]
        keys += [quota_key(self._tenant, name) for name in names]
        yield keys, self._declare
        for key, files in self._source.users.items():
            assert self._directory is not None
            user = self._directory.by_key.get(key)
            if user is not None:
                yield from self._events(user, files)
        for name in names:
            if self._source.quotas[name].journal:
                quota = self._source.quotas[name]
                yield [quota_key(self._tenant, name)], _comparing_journal(name, quota, self._now)

    # --- who there is ------------------------------------------------------

    def _declare(self, tx: Transaction) -> list[Finding]:
        before, quotas = read_directory(tx, self._settings), read_quotas(tx)
        kept = _Kept(tx, {(item.owner, item.name): item for item in tx.directory.settings()})
        found = list(_put_defaults(kept, self._source.defaults))
        for key, files in self._source.users.items():
            found += _put_user(kept, before.by_key.get(key), key, files)
        for name, tables in self._source.quotas.items():
            found += _put_quota(kept, name, tables)
        taken = [item for item in found if item.weight is Weight.TAKEN]
        for item in taken:
            tx.directory.audit(self._now, BY_IMPORT, item.message, item.place, None, None)
        if taken:
            reattribute(tx, quotas)
            tx.directory.raise_version()
        self._directory = read_directory(tx, self._settings)
        return found

    # --- what they hold ----------------------------------------------------

    def _events(self, user: Registered, files: UserFiles) -> Iterator[tuple[list[Key], Work]]:
        assert self._directory is not None
        keys = decision_keys(self._tenant, self._directory, user)
        events, faults = _read_events(user, files.objects)
        yield keys, lambda tx: faults
        every = list(events.values())
        for at in range(0, len(every), PIECE):
            yield keys, _taking(user, every[at : at + PIECE], self._now)
        if files.offers:
            yield keys, lambda tx: list(_put_offers(tx, user, files.offers, self._now))
        if files.freebusy:
            yield keys, lambda tx: list(_compare(tx, user, files.freebusy, list(events), self._now))


def _put_defaults(kept: _Kept, stored: Stored | None) -> Iterator[Finding]:
    if stored is None:
        return
    for line, name, value in read_site_defaults(stored.data):
        place = f"{stored.place}:{line}"
        faults = {
            owner: check_preferences({name: value}, kind)
            for kind, owner in (("resource", DEFAULTS), ("person", PERSON_DEFAULTS))
        }
        if all(faults.values()):
            yield Finding(Weight.FAULT, place, str(faults[DEFAULTS][0]))
        for owner, wrong in faults.items():
            if not wrong:
                yield from kept.put(owner, name, value, place)


def _put_user(
    kept: _Kept, known: Registered | None, key: str, files: UserFiles
) -> Iterator[Finding]:
    if known is not None:
        kind, uri = known.kind, known.uri
    else:
        written = {name: stored.data for name, stored in files.preferences.items()}
        events = list(_readable(files.objects))
        kind, uri = kind_of(written, events, key, asked=files.asked), files.uri
        kept.tx.directory.declare(uri, kind, BY_IMPORT)
        yield Finding(Weight.TAKEN, uri, f"a {kind}")
    for name, stored in files.preferences.items():
        taken = read_preference(name, stored.data, kind)
        if taken.said:
            weight = Weight.FAULT if taken.wrong else Weight.DIFFERENCE
            yield Finding(weight, f"{stored.place}:1", f"{taken.name}: {taken.said}")
        if taken.value is not None:
            yield from kept.put(uri, taken.name, taken.value, stored.place)


def _readable(objects: Iterable[Stored]) -> Iterator[Component]:
    for stored in objects:
        try:
            yield from read_object(stored.data, stored.which)[2]
        except HorariumError:
            continue


def _put_quota(kept: _Kept, name: str, files: QuotaFiles) -> Iterator[Finding]:
    for kind, stored in files.tables.items():
        text = stored.data.decode("utf-8-sig", "replace")
        rows, faults = parse_table(kind, text, declared_groups(kept.tx))
        for fault in faults:
            yield Finding(Weight.FAULT, f"{stored.place}:{fault.line}", fault.message)
        try:
            before = table_of(kept.tx, name, kind)
        except CorruptState as error:
            yield Finding(Weight.FAULT, stored.place, f"{error}; kept as it is")
            continue
        if not before and rows:
            value = kept_value(kind, rows)
            yield from kept.put(OWNER + name, TableKind(kind).value, value, stored.place)
        elif before != rows:
            yield Finding(Weight.DIFFERENCE, stored.place, f"the {kind} here are others, and stay")


def _read_events(
    user: Registered, objects: Iterable[Stored]
) -> tuple[dict[str, _Event], list[Finding]]:
    """The events by UID, and the files that cannot be read. A file that is among the cancellations
    and among the objects was sent anew since: the object counts."""
    events: dict[str, _Event] = {}
    faults: list[Finding] = []
    seen: set[tuple[str, str]] = set()
    for stored in sorted(objects, key=lambda item: item.cancelled):
        try:
            calendar, uid, components = _checked(user, stored)
        except HorariumError as error:
            lines = event_lines(stored.data)
            place = f"{stored.place}:{min(lines.values(), default=1)}"
            faults.append(Finding(Weight.FAULT, place, str(error)))
            continue
        if stored.name != uid:
            said = f"holds the event {uid}, which its name does not say"
            faults.append(Finding(Weight.DIFFERENCE, stored.place, said))
        if (uid, stored.which) in seen:
            said = "was sent anew since, and is not cancelled"
            faults.append(Finding(Weight.DIFFERENCE, stored.place, said))
            continue
        seen.add((uid, stored.which))
        event = events.setdefault(uid, _Event((Component("VCALENDAR"), uid, [])))
        event.places.append(stored.place)
        event.exported[2].extend(components)
        _add_zones(event.exported[0], calendar)
    return events, faults


def _checked(user: Registered, stored: Stored) -> Exported:
    calendar, uid, components = read_object(stored.data, stored.which, cancelled=stored.cancelled)
    if not uid:
        raise InvalidInput("an event without UID")
    book = ZoneBook(calendar, user.resource.zone)
    for component in components:
        read_component(component, book, user.resource)
    return calendar, uid, components


def _add_zones(calendar: Component, other: Component) -> None:
    def named(zone: Component) -> str:
        line = zone.first("TZID")
        return line.value if line is not None else ""

    known = {named(zone) for zone in calendar.children("VTIMEZONE")}
    fresh = (zone for zone in other.children("VTIMEZONE") if named(zone) not in known)
    calendar.components.extend(fresh)


def _taking(user: Registered, piece: list[_Event], now: Instant) -> Work:
    def work(tx: Transaction) -> list[Finding]:
        exported = [event.exported for event in piece]
        done = import_piece(tx, user, exported, now, as_answered=True)
        pairs = zip(piece, done, strict=True)
        return [found for event, item in pairs for found in _told(user, event, item)]

    return work


def _told(user: Registered, event: _Event, item: Imported) -> Iterator[Finding]:
    if item.problem:
        yield Finding(Weight.FAULT, event.places[0], item.problem)
    if item.change is not None:
        count = len(item.change.reservations)
        yield Finding(Weight.TAKEN, user.uri, f"{item.uid}: {count} reservations")
    for start in item.overlaps:
        said = f"{item.uid}: above the capacity at {start}, kept"
        yield Finding(Weight.DIFFERENCE, event.places[0], said)


def _records(stored: Stored, most: int, found: list[Finding]) -> Iterator[Record]:
    for item in read_records(stored.data, most=most):
        if isinstance(item, LineFault):
            found.append(Finding(Weight.FAULT, f"{stored.place}:{item.line}", item.message))
        else:
            yield item


def _put_offers(
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
            yield Finding(Weight.TAKEN, user.uri, f"{uid}: {len(held)} offers")


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


def _compare(
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


def _comparing_journal(name: str, files: QuotaFiles, now: Instant) -> Work:
    def work(tx: Transaction) -> list[Finding]:
        found: list[Finding] = []
        ours = {(item.uid, item.charge.event) for item in tx.quotas.journal(name)}
        theirs = {
            (record.uid, record.period): f"{stored.place}:{record.line}"
            for stored in files.journal
            for record in _records(stored, COLUMNS + 1, found)
        }
        for (uid, period), place in theirs.items():
            if (uid, period) not in ours:
                said = f"{uid}: nothing booked is charged at {format_instant(period.start)}"
                found.append(Finding(Weight.DIFFERENCE, place, f"{said}; left out"))
        for uid, period in sorted(ours - theirs.keys(), key=lambda p: (p[1].start, p[0])):
            if period.end > now:
                said = f"{uid}: charged at {format_instant(period.start)}, and not there"
                found.append(Finding(Weight.DIFFERENCE, files.journal[0].place, said))
        return found

    return work

"""Stored appointers and assistants: slots that are given, returned and counted (seed 003).

The same algorithm as that of the library, over what the store holds: the appointments of the host
and the calendars it is linked to are busy time, and a slot that is given becomes an appointment in
the same transaction in which the generator advances.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, TypeVar

from horarium.appointments.allocation import (
    Request,
    State,
    a_week_later,
    allocate,
    push_back,
)
from horarium.appointments.appointment import COUNTED, LIVE, Appointment
from horarium.appointments.appointment import State as Stage
from horarium.appointments.choosing import in_turn
from horarium.appointments.errors import SlotUnavailable
from horarium.appointments.host import Host, Mode, Team
from horarium.appointments.local_day import local_day
from horarium.kernel.capacity import full
from horarium.kernel.errors import Conflict, InvalidInput, NotFound
from horarium.kernel.gregorian import DAY
from horarium.kernel.instant import MAX_INSTANT, MIN_INSTANT, Instant
from horarium.kernel.period import Period
from horarium.kernel.periodset import PeriodSet
from horarium.runtime.directory import Directory, read_directory
from horarium.runtime.freeing import note_freed
from horarium.runtime.linked import Calendars, linked_keys
from horarium.runtime.offers import Offers, read_offers
from horarium.runtime.settings import Settings
from horarium.store.appointments import Engaged, Generator, Turns
from horarium.store.engine import Key
from horarium.store.store import Store, Transaction

T = TypeVar("T")

CONFIRMED = "slot.confirmed"
_TRIES = 5


class Given(NamedTuple):
    """A slot that was given, the appointer that gave it, and the appointment it became."""

    host: str
    slot: Period
    appointment: str


@dataclass(frozen=True, slots=True)
class Site:
    """What a decision about hosts looks at, in one transaction."""

    tx: Transaction
    offers: Offers
    directory: Directory
    now: Instant

    @property
    def calendars(self) -> Calendars:
        """The calendars that hosts are linked to."""
        return Calendars(self.tx, self.directory, self.now)


class Generators:
    """The appointers and assistants of one store. `chance` gives that many random octets."""

    def __init__(self, store: Store, settings: Settings, chance: Callable[[int], bytes]) -> None:
        self._store = store
        self._settings = settings
        self._chance = chance
        self._known: tuple[Offers, Directory] | None = None

    # --- appointers ----------------------------------------------------------

    def get(self, name: str, wish: Request, now: Instant) -> Given:
        """Allocates the next slot of an appointer; SlotUnavailable when there is none."""

        def work(site: Site) -> Given:
            return self._give(site, site.offers.host(name), wish, "")

        return self.transact(lambda offers: [offers.host(name)], [], work, now)

    def get_many(self, name: str, wish: Request, many: int, now: Instant) -> list[Given]:
        """Allocates so many slots after each other in one transaction: all of them or none."""

        def work(site: Site) -> list[Given]:
            host = site.offers.host(name)
            return [self._give(site, host, wish, "") for _ in range(many)]

        return self.transact(lambda offers: [offers.host(name)], [], work, now)

    def slots(self, name: str, span: Period, duration: int, now: Instant) -> list[Period]:
        """The slots that would be given one after the other within a span; changes nothing."""
        Request(duration)

        def work(tx: Transaction) -> list[Period]:
            site = self._site(tx, now)
            host = site.offers.host(name)
            begin = max(span.start, now)
            reach = Period(begin, Instant(max(span.end, begin) + duration))
            state = replace(state_of(site, host, reach), time=begin, returned=())
            busy = busy_of(site, host, reach)
            found: list[Period] = []
            while state.time < span.end:
                made = allocate(host.hours, state, Request(duration), busy)
                if isinstance(made, SlotUnavailable):
                    state = replace(state, time=made.limit)
                elif made.slot.end > span.end:
                    break
                else:
                    found.append(made.slot)
                    state = made.state
            return found

        return self._store.read(work)

    def reset(self, name: str, now: Instant) -> None:
        """Sets the slot number and the counts of all days to zero; time and rules stay."""

        def work(site: Site) -> None:
            _reset(site, site.offers.host(name))

        self.transact(lambda offers: [offers.host(name)], [], work, now)

    def set_time(self, name: str, time: Instant, now: Instant) -> None:
        """Sets the current time of an appointer; what was returned before it is forgotten."""

        def work(site: Site) -> None:
            kept = kept_of(site, site.offers.host(name))
            returned = tuple(period for period in kept.returned if period.start >= time)
            site.tx.appointments.put_generator(name, kept._replace(time=time, returned=returned))

        self.transact(lambda offers: [offers.host(name)], [], work, now)

    def clone(self, name: str, new: str, now: Instant) -> None:
        """Makes another appointer with the same rules, time and number; what was returned stays
        with the first. Conflict when the name is taken."""

        def work(site: Site) -> None:
            host = site.offers.host(name)
            if new in site.offers.hosts or new in site.offers.teams:
                raise Conflict(f"there is {new} already")
            copy_settings(site.tx, name, new)
            kept = kept_of(site, host)._replace(returned=())
            site.tx.appointments.put_generator(new, kept)
            site.tx.directory.raise_version()
            site.tx.directory.audit(
                now, "cli", f"cloned from {name}", f"appointer {new}", None, None
            )

        self.transact(lambda offers: [offers.host(name)], [_objects(self._store)], work, now)

    # --- assistants ----------------------------------------------------------

    def get_of_team(self, name: str, wish: Request, now: Instant) -> Given:
        """Allocates the next slot of an assistant, by its mode; the turn passes on."""

        def work(site: Site) -> Given:
            team = site.offers.team(name)
            active = [host.id for host in site.offers.members(team) if host.active]
            turns = site.tx.appointments.turns(name)
            asked = _asked(team, active, turns)
            given = self._first(site, [site.offers.host(host) for host in asked], wish, name)
            turn = (team.hosts.index(given.host) + 1) % len(team.hosts)
            site.tx.appointments.put_turns(name, turns._replace(turn=turn, turns=turns.turns + 1))
            return given

        return self._with_team(name, work, now)

    def push_back(self, name: str, slot: Period, now: Instant) -> str:
        """Returns a slot to the appointer whose turn came before: its appointment is cancelled and
        the time is offered first again. The appointer's name; NotFound when it has no such one."""

        def work(site: Site) -> str:
            team = site.offers.team(name)
            if not team.hosts:
                raise Conflict(f"{name} has no appointer")
            turns = site.tx.appointments.turns(name)
            turn = (turns.turn - 1) % len(team.hosts)
            host = site.offers.host(team.hosts[turn])
            engaged = site.tx.appointments.engaged(host.id, slot)
            found = next((e for e in engaged if e.slot == slot and _live(e, now)), None)
            item = site.tx.appointments.by_id(found.id) if found is not None else None
            if item is None:
                raise NotFound(f"{host.id} has no appointment at this time")
            state = push_back(host.hours, state_of(site, host), slot)
            cancel(site, host, item, "pushed back")
            kept = kept_of(site, host)
            site.tx.appointments.put_generator(
                host.id, kept._replace(number=state.number, returned=state.returned)
            )
            site.tx.appointments.put_turns(name, turns._replace(turn=turn))
            return host.id

        return self._with_team(name, work, now)

    def reset_team(self, name: str, now: Instant) -> None:
        """Resets every appointer of an assistant, and begins with the first again."""

        def work(site: Site) -> None:
            for host in site.offers.members(site.offers.team(name)):
                _reset(site, host)
            site.tx.appointments.put_turns(name, Turns())

        self._with_team(name, work, now)

    # --- the ground ----------------------------------------------------------

    def survey(self, now: Instant, work: Callable[[Site], T]) -> T:
        """Runs `work` on a snapshot."""
        return self._store.read(lambda tx: work(self._site(tx, now)))

    def transact(
        self, hosts: Callable[[Offers], Sequence[Host]], keys: Sequence[Key],
        work: Callable[[Site], T], now: Instant,
    ) -> T:  # fmt: skip
        """Runs `work` in one transaction that holds the keys of `hosts`, of the calendars they are
        linked to, and `keys`. What is locked is known before; when the objects have changed
        meanwhile, it is found anew."""
        for _ in range(_TRIES):
            before = self._store.read(lambda tx: self._site(tx, now))
            locked = linked_keys(self._store.tenant, before.directory, hosts(before.offers))

            def checked(tx: Transaction, version: int = before.offers.version) -> T:
                if tx.directory.version() != version:
                    raise _Changed
                return work(self._site(tx, now))

            try:
                return self._store.transact([*locked, *keys], checked)
            except _Changed:
                continue
        raise Conflict("the objects change all the time; try again")

    def _with_team(self, name: str, work: Callable[[Site], T], now: Instant) -> T:
        keys = [Key(self._store.tenant, "assistant", name)]
        return self.transact(lambda o: o.members(o.team(name)), keys, work, now)

    def _site(self, tx: Transaction, now: Instant) -> Site:
        """What is known of the objects, read anew when the store says that something changed."""
        known = self._known
        if known is None or known[0].version != tx.directory.version():
            known = self._known = read_offers(tx), read_directory(tx, self._settings)
        return Site(tx, *known, now)

    def _first(self, site: Site, hosts: Sequence[Host], wish: Request, team: str) -> Given:
        """The slot of the first host that has one; the refusal of the first when none has."""
        refusals: list[SlotUnavailable] = []
        for host in hosts:
            try:
                return self._give(site, host, wish, team)
            except SlotUnavailable as error:
                refusals.append(error)
        if refusals:
            raise refusals[0]
        raise Conflict(f"{team} has no appointer")

    def _give(self, site: Site, host: Host, wish: Request, team: str) -> Given:
        if not host.active:
            raise Conflict(f"{host.id} gives no appointments now")
        span = _reach(site, host, wish)
        state = state_of(site, host, span)
        found = allocate(host.hours, state, wish, busy_of(site, host, span))
        if isinstance(found, SlotUnavailable):
            raise found
        name = self._chance(16).hex()
        item = Appointment(
            id=name, uid=f"{name}@horarium", slot=found.slot, hosts=(host.id,), team=team,
            state=Stage.CONFIRMED, created=site.now, changed=site.now,
        )  # fmt: skip
        keep(site, host, item)
        kept = kept_of(site, host)._replace(
            time=found.state.time, number=found.state.number, returned=found.state.returned
        )
        site.tx.appointments.put_generator(host.id, kept)
        site.tx.timers.give_signal(CONFIRMED, site.now)
        return Given(host.id, found.slot, item.id)


def site_at(tx: Transaction, settings: Settings, now: Instant) -> Site:
    """What a decision about hosts looks at, read in this transaction."""
    return Site(tx, read_offers(tx), read_directory(tx, settings), now)


class _Changed(Exception):
    """The objects are not those whose keys were locked."""


def _objects(store: Store) -> Key:
    return Key(store.tenant, "site", "objects")


def _asked(team: Team, active: Sequence[str], turns: Turns) -> list[str]:
    order = in_turn(team, active, turns.turn)
    if team.mode is Mode.COLLECTIVE:
        raise InvalidInput(f"{team.id} gives appointments of all together, by a service only")
    return order[:1] if team.mode is Mode.ROTATE else order


def _reach(site: Site, host: Host, wish: Request) -> Period:
    """The time that giving a slot looks at: what was returned, and the week from the wish on."""
    state = state_of(site, host)
    begin = max(state.time, wish.time if wish.time is not None else state.time)
    first = min([begin, *(period.start for period in state.returned)])
    limit = a_week_later(host.hours.zone, begin)
    last = min(limit + wish.duration + DAY, MAX_INSTANT)
    return Period(Instant(first), Instant(max(last, first + 1)))


def _reset(site: Site, host: Host) -> None:
    kept = kept_of(site, host)._replace(number=0, counted_from=site.tx.appointments.newest())
    site.tx.appointments.put_generator(host.id, kept)


def kept_of(site: Site, host: Host) -> Generator:
    """What is kept of an appointer, or what a new one begins with."""
    return site.tx.appointments.generator(host.id) or Generator(host.time)


def state_of(site: Site, host: Host, span: Period | None = None) -> State:
    """What the generator of a host remembers, as it stands now: its time is the present at least,
    and a returned slot that has begun is not offered. The days within `span` are counted."""
    kept = kept_of(site, host)
    time = max(kept.time, site.now)
    counts: dict[int, int] = {}
    if host.hours.maximum and span is not None:
        zone = host.hours.zone
        reach = Period(Instant(span.start - DAY), Instant(min(span.end + DAY, MAX_INSTANT)))
        for item in site.tx.appointments.engaged(host.id, reach):
            if item.number > kept.counted_from and stage_of(item, site.now) in COUNTED:
                day = local_day(zone, item.slot.start)
                counts[day] = counts.get(day, 0) + 1
    returned = tuple(period for period in kept.returned if period.start >= site.now)
    return State(time, kept.number, counts, returned)


def busy_of(site: Site, host: Host, span: Period) -> PeriodSet:
    """When a host can take nothing more: its own engagements with their buffers, and the calendars
    it is linked to."""
    wide = Period(
        Instant(max(span.start - host.after, MIN_INSTANT)),
        Instant(min(span.end + host.before, MAX_INSTANT)),
    )
    engaged = site.tx.appointments.engaged(host.id, wide)
    own = [e.occupied for e in engaged if _live(e, site.now)]
    return PeriodSet(full(own, wide, host.capacity)).union(site.calendars.busy(host, span))


def keep(site: Site, host: Host, item: Appointment) -> None:
    """Stores an appointment of one host, and writes it where the host is linked to."""
    slot = item.slot
    occupied = Period(Instant(slot.start - host.before), Instant(slot.end + host.after))
    site.tx.appointments.put(item, [(host.id, occupied)])
    site.calendars.write(host, item, host.title)


def cancel(site: Site, host: Host, item: Appointment, reason: str) -> None:
    """Calls an appointment of one host off; its time is free at once, everywhere."""
    gone = item.cancelled(site.now, reason)
    keep(site, host, gone)
    note_freed(site.tx, site.offers, item, gone, site.now)


def copy_settings(tx: Transaction, name: str, new: str) -> None:
    """Gives a new appointer the keys of another; no file owns them."""
    for setting in tx.directory.settings():
        if setting.owner == f"appointer:{name}" and setting.value is not None:
            tx.directory.put(replace(setting, owner=f"appointer:{new}", applied=None, place=""))


def stage_of(item: Engaged, now: Instant) -> Stage:
    """How an engagement stands now: what has expired is over, swept or not."""
    uncertain = item.state in (Stage.HELD, Stage.PENDING)
    over = uncertain and item.expires is not None and item.expires <= now
    return Stage.EXPIRED if over else item.state


def _live(item: Engaged, now: Instant) -> bool:
    return stage_of(item, now) in LIVE

"""The waiting list at work: who waits is put on it, and gets the time that is freed."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import NamedTuple, TypeVar

from horarium.appointments.errors import SlotTaken
from horarium.appointments.host import Host, Service, Team, Waiting
from horarium.appointments.waiting import End, Entry, check_entry, in_order, offered_until
from horarium.kernel.errors import Conflict, HorariumError, LimitReached, NotFound, Unavailable
from horarium.kernel.instant import Instant
from horarium.kernel.period import Period
from horarium.runtime.generating import Generators, Site
from horarium.runtime.offers import Offers
from horarium.runtime.placing import Placing, digest, secret
from horarium.runtime.waiting_mail import WaitingLetters
from horarium.runtime.wishing import Asked, Terms, check_client, wish_for
from horarium.store.engine import Key
from horarium.store.store import Store
from horarium.store.waiting import Freed, Offered

log = logging.getLogger(__name__)

SOURCE = "waitlist"
# Starts that are tried for one who waits before the next is asked.
MOST_STARTS = 20

T = TypeVar("T")


class Listed(NamedTuple):
    """An entry and the secret of its link, which is told once and kept as a digest."""

    entry: Entry
    token: str


class _Chance(NamedTuple):
    """Somebody who waits, and the first of the starts that were freed for them."""

    service: str
    entry: str
    starts: tuple[Instant, ...]


class WaitingList:
    """Who waits at one desk."""

    def __init__(
        self, store: Store, ground: Generators, placing: Placing, letters: WaitingLetters
    ) -> None:
        self._store = store
        self._ground = ground
        self._placing = placing
        self._letters = letters

    def add(self, wanted: Entry, now: Instant) -> Listed:
        """Puts somebody on the list; the id and the time are given here. Conflict when the client
        waits for the service already, InvalidInput for what nobody can wait for."""
        check_entry(wanted, now)

        def work(site: Site) -> Listed:
            service = site.offers.service(wanted.service)
            _check_service(site, service, wanted)
            if site.tx.waiting.of_client(service.id, wanted.client.mail) is not None:
                raise Conflict(f"{wanted.client.mail} waits for {service.id} already")
            entry = replace(wanted, id=self._placing.chance(16).hex(), created=now, end=None)
            token = secret(self._placing.chance(32))
            site.tx.waiting.add(entry, digest(token))
            self._letters.listed(site, entry, token)
            return Listed(entry, token)

        keys = [Key(self._store.tenant, "service", wanted.service)]
        return self._ground.transact(lambda offers: [], keys, work, now)

    def entries(self, service: str | None = None) -> list[Entry]:
        """Who waits, in the order in which they are asked."""

        def work(site: Site) -> list[Entry]:
            waiting = site.tx.waiting
            return in_order(waiting.live() if service is None else waiting.of_service(service))

        return self._ground.survey(Instant(0), work)

    def withdraw(self, token: str, now: Instant) -> Entry:
        """A client does not want to wait any more; said again it answers the same."""
        found = self._store.read(lambda tx: tx.waiting.by_token(digest(token)))
        if found is None:
            raise NotFound("this link is not valid, or no longer")
        return self._withdraw(found, now)

    def remove(self, id_: str, now: Instant) -> Entry:
        """Staff take somebody from the list; NotFound when nobody waits under this id."""
        found = self._store.read(lambda tx: tx.waiting.by_id(id_))
        if found is None:
            raise NotFound(f"nobody waits under {id_}")
        return self._withdraw(found, now)

    def _withdraw(self, entry: Entry, now: Instant) -> Entry:
        def work(site: Site) -> Entry:
            again = site.tx.waiting.by_id(entry.id)
            assert again is not None
            if again.end is None:
                self._end(site, again, End.WITHDRAWN)
            return replace(again, end=again.end or End.WITHDRAWN)

        ended = self._transact(entry.service, work, now)
        self.serve(now)
        return ended

    def sweep(self, now: Instant, many: int) -> int:
        """Ends what has passed, and looks at what was freed; how many of both."""
        over = self._store.read(lambda tx: tx.waiting.passed(now, many))
        for entry in over:

            def work(site: Site, entry: Entry = entry) -> None:
                self._end(site, entry, End.OVER)

            self._transact(entry.service, work, now)
        return len(over) + self.serve(now, many)

    def _end(self, site: Site, entry: Entry, end: End) -> None:
        if site.tx.waiting.finish(entry.id, end, site.now):
            self._placing.release_offers(site, entry.id)
            self._letters.ended(site, entry, end)

    # --- what is freed ---------------------------------------------------------

    def serve(self, now: Instant, many: int = 200) -> int:
        """Gives what was freed to those who wait; how many notes were looked at."""
        freed = self._store.read(lambda tx: tx.waiting.freed(many))
        for note in freed:
            try:
                self._serve(note, now)
            except Unavailable:
                raise
            except HorariumError:
                # One that fails every time must not keep the others waiting.
                log.exception("waiting.failed host=%s", note.host)
                self._store.transact([], lambda tx, note=note: tx.waiting.take(note))  # type: ignore[misc]
        return len(freed)

    def _serve(self, freed: Freed, now: Instant) -> None:
        """What is free for whom is looked for on a snapshot; each gets it in a transaction that
        looks again, so that nobody waits long for this."""
        for chance in self._ground.survey(now, lambda site: list(self._chances(site, freed))):
            for at in chance.starts:
                if not self._ground.survey(now, partial(self._is_free, chance=chance, at=at)):
                    continue
                give = partial(self._give, chance=chance, at=at, freed=freed)
                if self._transact(chance.service, give, now):
                    break
        self._store.transact([], lambda tx: tx.waiting.take(freed))

    def _chances(self, site: Site, freed: Freed) -> Iterator[_Chance]:
        """Who waits for what was freed and has not had a chance at it, in order."""
        services = {service.id: service for service in _given_by(site.offers, freed.host)}
        waiting = site.tx.waiting
        found = [entry for name in services for entry in waiting.of_service(name)]
        for entry in in_order(found):
            fits = entry.host in ("", freed.host) and entry.id not in freed.passed
            if fits and not self._has_offer(site, entry):
                asked = _asked(services[entry.service], entry)
                starts = tuple(islice(_starts(site, asked, entry, freed), MOST_STARTS))
                yield _Chance(entry.service, entry.id, starts)

    def _has_offer(self, site: Site, entry: Entry) -> bool:
        ids = site.tx.waiting.offers_of(entry.id)
        items = [site.tx.appointments.by_id(id_) for id_ in ids]
        return any(item is not None and item.live(site.now) for item in items)

    def _is_free(self, site: Site, chance: _Chance, at: Instant) -> bool:
        entry = site.tx.waiting.by_id(chance.entry)
        service = site.offers.services.get(chance.service)
        if entry is None or entry.end is not None or service is None:
            return False
        wish = wish_for(site, _asked(service, entry), Period(at, Instant(at + 1)))
        return bool(wish.choose(at).hosts)

    def _give(self, site: Site, chance: _Chance, at: Instant, freed: Freed) -> bool:
        """Gives a start to somebody, as the service says; False when it can not be had."""
        entry = site.tx.waiting.by_id(chance.entry)
        if entry is None or not self._is_free(site, chance, at) or self._has_offer(site, entry):
            return False
        service = site.offers.services[chance.service]
        if service.waiting is Waiting.ALL:
            self._letters.told(site, entry, at, freed.number)
            return True
        until = offered_until(service.offer, service.notice, at, site.now)
        if service.waiting is Waiting.OFFER and until is None:
            return False
        try:
            check_client(site, service, entry.client, site.now)
        except SlotTaken:
            return False
        item, token = self._placing.place(site, _asked(service, entry), at)
        held = replace(item, client=entry.client)
        if service.waiting is Waiting.OFFER:
            held = replace(held, expires=until)
        self._placing.keep(site, held, token)
        site.tx.waiting.offer(item.id, Offered(entry.id, freed.passed))
        if service.waiting is Waiting.AUTO:
            self._placing.settle(site, service, held, token)
        else:
            self._letters.offered(site, held, token)
        return True

    def _transact(self, service: str, work: Callable[[Site], T], now: Instant) -> T:
        def concerned(offers: Offers) -> list[Host]:
            found = offers.services.get(service)
            return _hosts(offers, found) if found is not None else []

        keys = [Key(self._store.tenant, "service", service)]
        return self._ground.transact(concerned, keys, work, now)


def _asked(service: Service, entry: Entry) -> Asked:
    terms = Terms(source=SOURCE)
    return Asked(service, entry.duration, entry.host or None, entry.seats, terms)


def _starts(site: Site, asked: Asked, entry: Entry, freed: Freed) -> Iterator[Instant]:
    """The starts that were freed and are what an entry waits for, the earliest first."""
    for span in sorted(entry.spans):
        first = max(span.start, freed.time.start - asked.length, site.now)
        last = min(span.end, freed.time.end + asked.length)
        if first >= last:
            continue
        within = Period(Instant(first), Instant(last))
        try:
            wish = wish_for(site, asked, within)
        except (NotFound, LimitReached):
            return
        host = wish.hosts.get(freed.host)
        for offer in wish.offers(within):
            slot = Period(offer.at, offer.end)
            if host is None or freed.host not in offer.hosts:
                continue
            if host.occupied(slot).overlaps(freed.time) and entry.wants(slot, host.host.hours):
                yield offer.at


def _check_service(site: Site, service: Service, wanted: Entry) -> None:
    if not service.active:
        raise NotFound(f"there is no service {service.id}")
    if wanted.host and wanted.host not in {host.id for host in _hosts(site.offers, service)}:
        raise NotFound(f"{wanted.host} does not give this service")
    if not 1 <= wanted.seats <= service.seats:
        raise LimitReached("seats", wanted.seats, service.seats)
    _ = Asked(service, wanted.duration).length


def _hosts(offers: Offers, service: Service) -> list[Host]:
    by = offers.by(service)
    return offers.members(by) if isinstance(by, Team) else [by]


def _given_by(offers: Offers, host: str) -> list[Service]:
    """The services that a host gives, alone or with others."""
    services = (service for service in offers.services.values() if service.active)
    return [s for s in services if host == s.by or host in _team(offers, s)]


def _team(offers: Offers, service: Service) -> tuple[str, ...]:
    team = offers.teams.get(service.by)
    return team.hosts if team is not None else ()

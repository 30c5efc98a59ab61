"""The desk: starts of a service, holds, appointments, and what becomes of them.

Pages, commands and the interface for programs all come here; each act is one transaction that
decides, stores, reserves and writes the mails together.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Callable, Sequence
from dataclasses import replace
from hashlib import sha256
from typing import NamedTuple, TypeVar

from horarium.appointments.appointment import (
    LIVE,
    UNCERTAIN,
    Appointment,
    Awaits,
    Client,
    State,
    may_cancel,
    may_move,
)
from horarium.appointments.codes import Code
from horarium.appointments.deciding import Offer
from horarium.appointments.errors import SlotTaken, WrongState
from horarium.appointments.host import Host, Service, Team
from horarium.kernel.errors import InvalidInput, NotFound
from horarium.kernel.gregorian import DAY
from horarium.kernel.instant import Instant
from horarium.kernel.period import Period
from horarium.runtime.appointment_mail import Letters
from horarium.runtime.generating import CONFIRMED, Generators, Site
from horarium.runtime.offers import Offers
from horarium.runtime.settings import Settings
from horarium.runtime.turns import give_turn_back, take_turn
from horarium.runtime.wishing import Asked, Terms, check_client, occupied, wish_for
from horarium.store.engine import Key
from horarium.store.store import Store

T = TypeVar("T")

LONGEST_LISTING = 92 * DAY
MOST_STARTS = 10_000
ALTERNATIVES = 3
VERIFYING = 30 * 60
APPROVING = 48 * 3_600
SEARCH = 14 * DAY


class Placed(NamedTuple):
    """An appointment and the secret of its link, which is told once and kept as a digest."""

    item: Appointment
    token: str


class Desk:
    """The services of one store. `chance` gives that many random octets; `letters` writes."""

    def __init__(self, store: Store, settings: Settings, chance: Callable[[int], bytes]) -> None:
        self._store = store
        self._settings = settings
        self._chance = chance
        self._ground = Generators(store, settings, chance)
        self._letters = Letters(settings)

    # --- what there is -------------------------------------------------------

    def services(self, now: Instant, *, published: bool = True) -> list[Service]:
        """The services that are offered, in the order of their titles."""

        def work(site: Site) -> list[Service]:
            found = site.offers.services.values()
            shown = [s for s in found if s.active and (s.published or not published)]
            return sorted(shown, key=lambda service: service.title)

        return self._ground.survey(now, work)

    def starts(
        self, service: str, within: Period, now: Instant, *, duration: int | None = None,
        host: str | None = None, seats: int = 1, terms: Terms | None = None,
    ) -> list[Offer]:  # fmt: skip
        """The starts of a service within a span of at most 92 days; InvalidInput for a longer one
        or for more than 10,000 starts. Changes nothing."""
        if within.seconds > LONGEST_LISTING:
            raise InvalidInput("starts are listed for at most 92 days", part="to")

        def work(site: Site) -> list[Offer]:
            asked = Asked(site.offers.service(service), duration, host, seats, terms or Terms())
            return wish_for(site, asked, within).offers(within)

        offers = self._ground.survey(now, work)
        if len(offers) > MOST_STARTS:
            raise InvalidInput(f"there are more than {MOST_STARTS} starts; ask for less", part="to")
        return offers

    def explain(
        self, service: str, at: Instant, now: Instant, *, host: str | None = None,
        duration: int | None = None,
    ) -> list[tuple[str, Code, bool]]:  # fmt: skip
        """Every rule of every host for a start, and whether it refuses."""

        def work(site: Site) -> list[tuple[str, Code, bool]]:
            asked = Asked(site.offers.service(service), duration, host)
            return wish_for(site, asked, Period(at, Instant(at + 1))).explain(at)

        return self._ground.survey(now, work)

    # --- holding and confirming ----------------------------------------------

    def hold(
        self, service: str, at: Instant, now: Instant, *, duration: int | None = None,
        host: str | None = None, seats: int = 1, terms: Terms | None = None,
    ) -> Placed:  # fmt: skip
        """Holds a start for as long as the service says; SlotTaken, with the nearest others, when
        it can not be had."""

        def work(site: Site) -> Placed:
            asked = Asked(site.offers.service(service), duration, host, seats, terms or Terms())
            placed = self._place(site, asked, at)
            self._keep(site, placed.item, placed.token)
            return placed

        return self._act(service, work, now)

    def confirm(self, token: str, client: Client, now: Instant) -> Appointment:
        """Makes a hold an appointment, or has it wait for a word of the client's mailbox or of the
        host, as the service says. A hold that is over is decided anew: SlotTaken when the time is
        gone. Said again it answers the same."""
        item = self._by_token(token)

        def work(site: Site) -> Appointment:
            before = _again(site, item)
            service = site.offers.service(before.service)
            state = before.state_at(now)
            if state in LIVE and state is not State.HELD:
                return before
            if state not in (State.HELD, State.EXPIRED):
                raise WrongState(f"this appointment is {state.value}")
            check_client(site, service, client, now)
            if state is State.EXPIRED:
                before = self._anew(site, service, before)
            held = replace(before, client=client)
            return self._settle(site, service, held)

        return self._act(item.service, work, now)

    def book(
        self, service: str, at: Instant, client: Client, now: Instant, terms: Terms, *,
        duration: int | None = None, host: str | None = None, seats: int = 1,
    ) -> Placed:  # fmt: skip
        """Hold and confirmation in one, for staff: nothing waits for a word."""

        def work(site: Site) -> Placed:
            asked = Asked(site.offers.service(service), duration, host, seats, terms)
            check_client(site, asked.service, client, now)
            item, token = self._place(site, asked, at)
            sure = replace(item, client=client).confirmed(now)
            self._keep(site, sure, token)
            self._confirmed(site, sure, token)
            return Placed(sure, token)

        return self._act(service, work, now)

    def verify(self, mail_token: str, now: Instant) -> Appointment:
        """The secret that was mailed has come back: the address is the client's."""
        digest = _digest(mail_token)
        item = self._store.read(lambda tx: tx.appointments.by_mail_token(digest))
        if item is None:
            raise NotFound("this link is not valid, or no longer")

        def work(site: Site) -> Appointment:
            before = _again(site, item)
            if before.awaits is not Awaits.MAIL:
                return before
            service = site.offers.service(before.service)
            return self._settle(site, service, replace(before, awaits=Awaits.NOTHING), proven=True)

        return self._act(item.service, work, now)

    def release(self, token: str, now: Instant) -> Appointment:
        """Gives a hold up; said again it answers the same."""
        return self._change(
            self._by_token(token), now,
            lambda before: before if before.state is State.RELEASED else before.released(now),
        )  # fmt: skip

    def extend(self, token: str, now: Instant, seconds: int) -> Appointment:
        """Lets a hold last longer, up to half an hour in all."""
        return self._change(
            self._by_token(token), now, lambda before: before.extended(now, seconds)
        )

    # --- changing ------------------------------------------------------------

    def manage(self, token: str) -> Appointment:
        """The appointment of a link; NotFound alike for what never was and what is no more."""
        return self._by_token(token)

    def cancel(self, token: str, reason: str, now: Instant) -> Appointment:
        """A client calls an appointment off; TooLate when the service does not allow it any more.
        Said again it answers the same."""
        return self._cancel(self._by_token(token), reason, now, by_client=True)

    def cancel_by_staff(self, id_: str, reason: str, now: Instant) -> Appointment:
        """Staff call an appointment off, at any time."""
        return self._cancel(self.find(id_), reason, now, by_client=False)

    def _cancel(
        self, item: Appointment, reason: str, now: Instant, *, by_client: bool
    ) -> Appointment:
        if len(reason) > 500:
            raise InvalidInput("a reason has at most 500 characters", part="reason")

        def work(site: Site) -> Appointment:
            before = _again(site, item)
            if before.state is State.CANCELLED:
                return before
            service = site.offers.services.get(before.service)
            if by_client and service is not None:
                may_cancel(service, before.slot, now)
            after = before.cancelled(now, reason)
            self._keep(site, after)
            if before.state not in UNCERTAIN:
                self._letters.cancelled(site, after)
            return after

        return self._act(item.service, work, now, item.hosts)

    def move(self, token: str, at: Instant, now: Instant) -> Appointment:
        """A client takes another time, at the same host; on failure the old one stays."""
        item = self._by_token(token)

        def work(site: Site) -> Appointment:
            before = _again(site, item)
            service = site.offers.service(before.service)
            may_move(service, before.slot, now)
            if before.slot.start == at:
                return before
            slot = Period(at, Instant(at + before.slot.seconds))
            self._still_free(site, _same(service, before), at)
            after = before.moved(now, slot, before.hosts)
            self._keep(site, after)
            self._letters.moved(site, after, token)
            return after

        return self._act(item.service, work, now, item.hosts)

    def attended(self, id_: str, state: State, now: Instant) -> Appointment:
        """Staff say whether the client came: arrived, done or not come."""
        return self._change(self.find(id_), now, lambda before: before.attended(now, state))

    def approve(self, id_: str, now: Instant) -> Appointment:
        """A host agrees to what waited for it."""
        item = self.find(id_)

        def work(site: Site) -> Appointment:
            before = _again(site, item)
            if before.state is State.CONFIRMED:
                return before
            after = before.confirmed(now)
            self._keep(site, after)
            self._confirmed(site, after, "")
            return after

        return self._act(item.service, work, now, item.hosts)

    def refuse(self, id_: str, reason: str, now: Instant) -> Appointment:
        """A host does not agree; the client is told."""
        item = self.find(id_)

        def work(site: Site) -> Appointment:
            before = _again(site, item)
            if before.state is State.REFUSED:
                return before
            after = before.refused(now, reason)
            self._keep(site, after)
            give_turn_back(site, after)
            self._letters.refused(site, after)
            return after

        return self._act(item.service, work, now, item.hosts)

    def find(self, id_: str) -> Appointment:
        """The appointment of an id; NotFound when there is none."""
        found = self._store.read(lambda tx: tx.appointments.by_id(id_))
        if found is None:
            raise NotFound(f"there is no appointment {id_}")
        return found

    def list(self, span: Period) -> list[Appointment]:
        """All that begin within a span, whatever became of them."""
        return self._store.read(lambda tx: tx.appointments.between(span))

    def forget(self, mail: str, now: Instant) -> int:
        """Blanks what is known of a client, by address key, in appointments that have ended; how
        many."""
        return self._store.transact([], lambda tx: tx.appointments.forget_client(mail, now))

    def sweep(self, now: Instant, many: int = 200) -> int:
        """Tells holds and pending ones that are over; whose turn they took gets it back. How many.
        What is over is over before: only turns and letters wait for this."""
        expired = self._store.read(lambda tx: tx.appointments.expired(now, many))
        for item in expired:

            def work(site: Site, item: Appointment = item) -> None:
                before = _again(site, item)
                if before.state not in UNCERTAIN or before.state_at(now) is not State.EXPIRED:
                    return
                after = replace(before, state=State.EXPIRED, expires=None, changed=now)
                self._keep(site, after)
                give_turn_back(site, after)
                if before.awaits is Awaits.APPROVAL:
                    self._letters.refused(site, after)

            self._act(item.service, work, now, item.hosts)
        return len(expired)

    # --- inside --------------------------------------------------------------

    def _act(
        self, service: str, work: Callable[[Site], T], now: Instant, hosts: Sequence[str] = ()
    ) -> T:
        """One transaction with the keys of all hosts of a service, of a team, and of `hosts`."""
        keys = [Key(self._store.tenant, "service", service)] if service else []

        def concerned(offers: Offers) -> list[Host]:
            found = [offers.hosts[name] for name in hosts if name in offers.hosts]
            if service in offers.services:
                by = offers.by(offers.services[service])
                found += offers.members(by) if isinstance(by, Team) else [by]
            return list({host.id: host for host in found}.values())

        return self._ground.transact(concerned, keys, work, now)

    def _change(
        self, item: Appointment, now: Instant, change: Callable[[Appointment], Appointment]
    ) -> Appointment:
        def work(site: Site) -> Appointment:
            before = _again(site, item)
            after = change(before)
            if after != before:
                self._keep(site, after)
            if after.state is State.RELEASED and before.state is not State.RELEASED:
                give_turn_back(site, after)
            return after

        return self._act(item.service, work, now, item.hosts)

    def _by_token(self, token: str) -> Appointment:
        digest = _digest(token)
        found = self._store.read(lambda tx: tx.appointments.by_token(digest))
        if found is None:
            raise NotFound("this link is not valid, or no longer")
        return found

    def _place(self, site: Site, asked: Asked, at: Instant) -> Placed:
        """A hold that is decided and not stored yet; its turn is taken."""
        wish = wish_for(site, asked, Period(at, Instant(at + 1)))
        choice = wish.choose(at)
        if not choice.hosts:
            raise SlotTaken(choice.codes, _nearest(site, asked, at))
        token, name = _secret(self._chance(32)), self._chance(16).hex()
        item = Appointment(
            id=name, uid=f"{name}@horarium", slot=Period(at, Instant(at + asked.length)),
            hosts=choice.hosts, state=State.HELD, created=site.now, changed=site.now,
            service=asked.service.id, team=wish.team.id if wish.team else "",
            turn=take_turn(site, wish.team, choice.hosts), seats=asked.seats,
            expires=Instant(site.now + asked.service.hold), source=asked.terms.source,
        )  # fmt: skip
        return Placed(item, token)

    def _still_free(self, site: Site, asked: Asked, at: Instant) -> None:
        """SlotTaken unless every one of the hosts can give an appointment at an instant."""
        wish = wish_for(site, asked, Period(at, Instant(at + 1)))
        codes = [time.refusal(at) for time in wish.hosts.values()]
        refused = [code for code in codes if code is not None]
        if refused or not wish.hosts:
            raise SlotTaken(refused or [Code.HOST_INACTIVE], _nearest(site, asked, at))

    def _anew(self, site: Site, service: Service, before: Appointment) -> Appointment:
        """A hold that is over, wanted after all: the same slot and hosts, if they are free."""
        self._still_free(site, _same(service, before), before.slot.start)
        expires = Instant(site.now + service.hold)
        return replace(before, state=State.HELD, expires=expires, changed=site.now)

    def _settle(
        self, site: Site, service: Service, held: Appointment, *, proven: bool = False
    ) -> Appointment:
        """What a hold becomes once it is known who comes."""
        now = site.now
        asks = service.verify_email and not proven and held.source == "page"
        if asks and held.client.mail and self._letters.can_write(site, held):
            secret = _secret(self._chance(32))
            after = held.pending(now, Awaits.MAIL, Instant(now + VERIFYING))
            self._keep(site, after, mail_token=secret)
            self._letters.verify(site, after, secret)
        elif service.approval:
            last = min(now + APPROVING, held.slot.start - service.notice)
            after = held.pending(now, Awaits.APPROVAL, Instant(max(last, now + 60)))
            self._keep(site, after)
            self._letters.approve(site, after)
        else:
            after = held.confirmed(now)
            self._keep(site, after)
            self._confirmed(site, after, "")
        return after

    def _confirmed(self, site: Site, item: Appointment, token: str) -> None:
        site.tx.timers.give_signal(CONFIRMED, site.now)
        self._letters.confirmed(site, item, token)

    def _keep(self, site: Site, item: Appointment, token: str = "", mail_token: str = "") -> None:
        """Stores an appointment, and writes it wherever its hosts are linked to."""
        service = site.offers.services.get(item.service)
        hosts = [site.offers.hosts[name] for name in item.hosts if name in site.offers.hosts]
        times = [(host.id, occupied(item.slot, host, service)) for host in hosts]
        site.tx.appointments.put(
            item, times, _digest(token) if token else None,
            _digest(mail_token) if mail_token else None,
        )  # fmt: skip
        for host in hosts:
            title = service.title if service is not None else host.title
            site.calendars.write(host, item, title)


def _same(service: Service, item: Appointment) -> Asked:
    """What an appointment asks for once more, not standing in its own way."""
    return Asked(service, item.slot.seconds, None, item.seats, Terms(), item.hosts, without=item.id)


def _nearest(site: Site, asked: Asked, at: Instant) -> list[Instant]:
    """The starts nearest to one that can not be had."""
    first = Instant(max(at - SEARCH // 2, site.now))
    wide = Period(first, Instant(max(at, first) + SEARCH))
    offers = wish_for(site, asked, wide).offers(wide)
    found = sorted((abs(offer.at - at), offer.at) for offer in offers)
    return sorted(start for _, start in found[:ALTERNATIVES])


def _again(site: Site, item: Appointment) -> Appointment:
    found = site.tx.appointments.by_id(item.id)
    assert found is not None, item.id
    return found


def _secret(octets: bytes) -> str:
    return urlsafe_b64encode(octets).decode("ascii").rstrip("=")


def _digest(token: str) -> bytes:
    return sha256(token.encode("utf-8", "surrogatepass")).digest()

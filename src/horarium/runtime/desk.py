"""The desk: starts of a service, holds, appointments, and what becomes of them.

Pages, commands and the interface for programs all come here; each act is one transaction that
decides, stores, reserves and writes the mails together.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import TypeVar

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
from horarium.appointments.errors import WrongState
from horarium.appointments.host import Host, Service, Team
from horarium.appointments.series import Every
from horarium.appointments.waiting import Entry
from horarium.ical.address import parse_address
from horarium.kernel.errors import HorariumError, InvalidInput, NotFound, Unavailable
from horarium.kernel.gregorian import DAY
from horarium.kernel.instant import Instant
from horarium.kernel.period import Period
from horarium.runtime.affected import is_outside
from horarium.runtime.appointment_mail import Letters
from horarium.runtime.following import follow_reply, send_reminder
from horarium.runtime.generating import Generators, Site
from horarium.runtime.offers import Offers
from horarium.runtime.placing import Placed, Placing, digest, same_again
from horarium.runtime.series import Series, book_series
from horarium.runtime.settings import Settings
from horarium.runtime.turns import give_turn_back
from horarium.runtime.waiting import Listed, WaitingList
from horarium.runtime.waiting_mail import WaitingLetters
from horarium.runtime.wishing import Asked, Terms, check_client, wish_for
from horarium.store.engine import Key
from horarium.store.reminders import DueReminder
from horarium.store.replies import ClientReply
from horarium.store.store import Store, Transaction

T = TypeVar("T")

log = logging.getLogger(__name__)

LONGEST_LISTING = 92 * DAY
MOST_STARTS = 10_000


class Desk:
    """The services of one store. `chance` gives that many random octets; `letters` writes."""

    def __init__(self, store: Store, settings: Settings, chance: Callable[[int], bytes]) -> None:
        self._store = store
        self._settings = settings
        self._ground = Generators(store, settings, chance)
        self._letters = Letters(settings)
        self._placing = Placing(chance, self._letters)
        letters = WaitingLetters(self._letters)
        self._waiting = WaitingList(store, self._ground, self._placing, letters)

    @property
    def generators(self) -> Generators:
        """The appointers and assistants of the same store, with what is known of the objects."""
        return self._ground

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
            placed = self._placing.place(site, asked, at)
            self._placing.keep(site, placed.item, placed.token)
            return placed

        return self._act(service, work, now)

    def confirm(self, token: str, client: Client, now: Instant) -> Appointment:
        """Makes a hold an appointment, or has it wait for a word of the client's mailbox or of the
        host, as the service says. A hold that is over is decided anew: SlotTaken when the time is
        gone. Said again it answers the same."""
        item, client = self._by_token(token), _checked(client)

        def work(site: Site) -> Appointment:
            before = _again(site, item)
            service = site.offers.service(before.service)
            state = before.state_at(now)
            if state in LIVE and state is not State.HELD:
                return before
            if state not in (State.HELD, State.EXPIRED):
                raise WrongState(f"this appointment is {state.value}")
            check_client(site, service, client, now, before.id)
            if state is State.EXPIRED:
                before = self._placing.anew(site, service, before)
            held = replace(before, client=client)
            return self._placing.settle(site, service, held, token)

        return self._act(item.service, work, now)

    def book(
        self, service: str, at: Instant, client: Client, now: Instant, terms: Terms, *,
        duration: int | None = None, host: str | None = None, seats: int = 1,
    ) -> Placed:  # fmt: skip
        """Hold and confirmation in one, for staff: nothing waits for a word."""
        client = _checked(client)

        def work(site: Site) -> Placed:
            asked = Asked(site.offers.service(service), duration, host, seats, terms)
            check_client(site, asked.service, client, now)
            item, token = self._placing.place(site, asked, at)
            sure = replace(item, client=client).confirmed(now)
            self._placing.keep(site, sure, token)
            self._placing.confirmed(site, sure, token)
            return Placed(sure, token)

        return self._act(service, work, now)

    def book_series(
        self, service: str, at: Instant, client: Client, now: Instant, terms: Terms, every: Every,
        *, duration: int | None = None, host: str | None = None, seats: int = 1,
    ) -> Series:  # fmt: skip
        """Books the same slot every few weeks, for staff; SeriesTaken, and nothing is booked, when
        it is wanted whole and can not be had, or when no date of it can."""
        client = _checked(client)

        def work(site: Site) -> Series:
            asked = Asked(site.offers.service(service), duration, host, seats, terms)
            return book_series(site, self._placing, asked, at, client, every)

        return self._act(service, work, now)

    def accept(self, token: str, now: Instant) -> Appointment:
        """Who waited takes what is held for them; said again it answers the same."""
        return self.confirm(token, self._by_token(token).client, now)

    def verify(self, mail_token: str, now: Instant) -> Appointment:
        """The secret that was mailed has come back: the address is the client's."""
        proof = digest(mail_token)
        item = self._store.read(lambda tx: tx.appointments.by_mail_token(proof))
        if item is None:
            raise NotFound("this link is not valid, or no longer")

        def work(site: Site) -> Appointment:
            before = _again(site, item)
            if before.awaits is not Awaits.MAIL:
                return before
            service = site.offers.service(before.service)
            return self._placing.settle(
                site, service, replace(before, awaits=Awaits.NOTHING), proven=True
            )

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
            self._placing.keep(site, after)
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
            self._placing.still_free(site, same_again(service, before), at)
            after = before.moved(now, slot, before.hosts)
            self._placing.keep(site, after)
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
            self._placing.keep(site, after)
            self._placing.confirmed(site, after, "")
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
            self._placing.keep(site, after)
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

    def outside(self, items: Sequence[Appointment], now: Instant) -> frozenset[str]:
        """The ids of those to come that lie outside the hours of their hosts as they are now."""

        def work(site: Site) -> frozenset[str]:
            return frozenset(item.id for item in items if is_outside(site, item))

        return self._ground.survey(now, work)

    def forget(self, mail: str, now: Instant) -> int:
        """Blanks what is known of a client, by address key, in appointments that have ended; how
        many."""

        def forgotten(tx: Transaction) -> int:
            return tx.appointments.forget_client(mail, now) + tx.waiting.forget_client(mail)

        return self._store.transact([], forgotten)

    def sweep(self, now: Instant, many: int = 200) -> int:
        """Tells holds and pending ones that are over, so that turns come back, sends the reminders
        whose time has come, and looks at what was freed for those who wait; how many of all. What
        is over is over before: only turns and letters wait for this."""
        expired = self._store.read(lambda tx: tx.appointments.expired(now, many))
        for item in expired:

            def work(site: Site, item: Appointment = item) -> None:
                before = _again(site, item)
                if before.state not in UNCERTAIN or before.state_at(now) is not State.EXPIRED:
                    return
                after = replace(before, state=State.EXPIRED, expires=None, changed=now)
                self._placing.keep(site, after)
                give_turn_back(site, after)
                if before.awaits is Awaits.APPROVAL:
                    self._letters.refused(site, after)

            try:
                self._act(item.service, work, now, item.hosts)
            except HorariumError:
                # It is over all the same, and must not keep the others from being told.
                log.exception("expiry.failed id=%s", item.id)
                over = replace(item, state=State.EXPIRED, expires=None, changed=now)
                self._store.transact([], partial(_put_over, over=over))
        done = len(expired) + self.hear(now, many) + self._remind(now, many)
        return done + self._waiting.sweep(now, many)

    def hear(self, now: Instant, many: int = 200) -> int:
        """Does what follows from the answers of clients that the mail agent noted; how many."""
        replies = self._store.read(lambda tx: tx.replies.waiting(many))
        for reply in replies:
            follow = partial(follow_reply, placing=self._placing, reply=reply)
            item = self.find(reply.appointment)
            try:
                self._act(item.service, follow, now, item.hosts)
            except HorariumError:
                # One that can not be followed must not keep the others from being heard.
                log.exception("reply.failed id=%s", reply.appointment)
                self._store.transact([], partial(_give_up, reply=reply))
        return len(replies)

    def _remind(self, now: Instant, many: int) -> int:
        due = self._store.read(lambda tx: tx.reminders.due(now, many))
        for one in due:
            send = partial(send_reminder, placing=self._placing, due=one)
            try:
                self._ground.transact(lambda offers: [], [], send, now)
            except HorariumError:
                log.exception("reminder.failed")
                self._store.transact([], partial(_give_reminder_up, due=one))
        return len(due)

    # --- waiting -------------------------------------------------------------

    def wait(self, wanted: Entry, now: Instant) -> Listed:
        """Puts somebody on the waiting list of a service; Conflict when the client is on it."""
        return self._waiting.add(wanted, now)

    def waiting(self, service: str | None = None) -> Sequence[Entry]:
        """Who waits, in the order in which they are asked."""
        return self._waiting.entries(service)

    def withdraw(self, token: str, now: Instant) -> Entry:
        """A client waits no more, by the secret of the link."""
        return self._waiting.withdraw(token, now)

    def stop_waiting(self, id_: str, now: Instant) -> Entry:
        """Staff take somebody from the waiting list."""
        return self._waiting.remove(id_, now)

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

        done = self._ground.transact(concerned, keys, work, now)
        # What was freed is noted: should this fail, the next sweep does it.
        with suppress(Unavailable):
            self._waiting.serve(now)
        return done

    def _change(
        self, item: Appointment, now: Instant, change: Callable[[Appointment], Appointment]
    ) -> Appointment:
        def work(site: Site) -> Appointment:
            before = _again(site, item)
            after = change(before)
            if after != before:
                self._placing.keep(site, after)
            if after.state is State.RELEASED and before.state is not State.RELEASED:
                give_turn_back(site, after)
            return after

        return self._act(item.service, work, now, item.hosts)

    def _by_token(self, token: str) -> Appointment:
        kept = digest(token)
        found = self._store.read(lambda tx: tx.appointments.by_token(kept))
        if found is None:
            raise NotFound("this link is not valid, or no longer")
        return found


def _give_reminder_up(tx: Transaction, due: DueReminder) -> None:
    tx.reminders.finish(due, "late")


def _put_over(tx: Transaction, over: Appointment) -> None:
    tx.appointments.put(over, [])


def _checked(client: Client) -> Client:
    """A client who can be written to, or says no address; InvalidInput for one that is none."""
    return replace(client, mail=parse_address(client.mail).key) if client.mail else client


def _give_up(tx: Transaction, reply: ClientReply) -> None:
    tx.replies.follow(reply)


def _again(site: Site, item: Appointment) -> Appointment:
    found = site.tx.appointments.by_id(item.id)
    assert found is not None, item.id
    return found

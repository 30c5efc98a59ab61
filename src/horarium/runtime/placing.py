"""Placing: holds that are decided, what becomes of them, and how an appointment is kept.

Everything here runs inside a transaction that somebody else has begun with the right keys.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import NamedTuple

from horarium.appointments.appointment import Appointment, Awaits, State
from horarium.appointments.availability import occupied
from horarium.appointments.codes import Code
from horarium.appointments.errors import SlotTaken
from horarium.appointments.host import Service
from horarium.appointments.waiting import End
from horarium.kernel.gregorian import DAY
from horarium.kernel.instant import Instant
from horarium.kernel.period import Period
from horarium.runtime.appointment_mail import Letters
from horarium.runtime.freeing import note_freed
from horarium.runtime.generating import CONFIRMED, Site
from horarium.runtime.reminding import plan_reminders
from horarium.runtime.turns import give_turn_back, take_turn
from horarium.runtime.wishing import Asked, Terms, wish_for

ALTERNATIVES = 3
VERIFYING = 30 * 60
APPROVING = 48 * 3_600
SEARCH = 14 * DAY


class Placed(NamedTuple):
    """An appointment and the secret of its link, which is told once and kept as a digest."""

    item: Appointment
    token: str


@dataclass(frozen=True, slots=True)
class Placing:
    """Decides and keeps. `chance` gives that many random octets; `letters` writes."""

    chance: Callable[[int], bytes]
    letters: Letters

    def place(self, site: Site, asked: Asked, at: Instant) -> Placed:
        """A hold that is decided and not stored yet; its turn is taken."""
        wish = wish_for(site, asked, Period(at, Instant(at + 1)))
        choice = wish.choose(at)
        if not choice.hosts:
            raise SlotTaken(choice.codes, _nearest(site, asked, at))
        token, name = secret(self.chance(32)), self.chance(16).hex()
        item = Appointment(
            id=name, uid=f"{name}@horarium", slot=Period(at, Instant(at + asked.length)),
            hosts=choice.hosts, state=State.HELD, created=site.now, changed=site.now,
            service=asked.service.id, team=wish.team.id if wish.team else "",
            turn=take_turn(site, wish.team, choice.hosts), seats=asked.seats,
            expires=Instant(site.now + asked.service.hold), source=asked.terms.source,
        )  # fmt: skip
        return Placed(item, token)

    def still_free(self, site: Site, asked: Asked, at: Instant) -> None:
        """SlotTaken unless every one of the hosts can give an appointment at an instant."""
        wish = wish_for(site, asked, Period(at, Instant(at + 1)))
        codes = [time.refusal(at) for time in wish.hosts.values()]
        refused = [code for code in codes if code is not None]
        if refused or not wish.hosts:
            raise SlotTaken(refused or [Code.HOST_INACTIVE], _nearest(site, asked, at))

    def anew(self, site: Site, service: Service, before: Appointment) -> Appointment:
        """A hold that is over, wanted after all: the same slot and hosts, if they are free."""
        self.still_free(site, same_again(service, before), before.slot.start)
        expires = Instant(site.now + service.hold)
        return replace(before, state=State.HELD, expires=expires, changed=site.now)

    def settle(
        self, site: Site, service: Service, held: Appointment, token: str = "", *,
        proven: bool = False,
    ) -> Appointment:  # fmt: skip
        """What a hold becomes once it is known who comes; `token` is the secret of its link, where
        that is known."""
        now = site.now
        asks = service.verify_email and not proven and held.source == "page"
        if asks and held.client.mail and self.letters.can_write(site, held):
            proof = secret(self.chance(32))
            after = held.pending(now, Awaits.MAIL, Instant(now + VERIFYING))
            self.keep(site, after, mail_token=proof)
            self.letters.verify(site, after, proof)
        elif service.approval:
            last = min(now + APPROVING, held.slot.start - service.notice)
            after = held.pending(now, Awaits.APPROVAL, Instant(max(last, now + 60)))
            self.keep(site, after)
            self.letters.approve(site, after)
        else:
            after = held.confirmed(now)
            self.keep(site, after)
            self.confirmed(site, after, token)
        return after

    def confirmed(self, site: Site, item: Appointment, token: str) -> None:
        """Says that an appointment stands: a signal for the timetable, and the invitations."""
        site.tx.timers.give_signal(CONFIRMED, site.now)
        self.letters.confirmed(site, item, token or self.new_link(site, item))
        self._end_waiting(site, item)

    def new_link(self, site: Site, item: Appointment) -> str:
        """One more secret that leads to an appointment, for a mail to its client: the first is kept
        as a digest only. "" where nobody is written to."""
        if not item.client.mail:
            return ""
        token = secret(self.chance(32))
        site.tx.appointments.add_link(item.id, digest(token))
        return token

    def _end_waiting(self, site: Site, item: Appointment) -> None:
        """Who waited for what is booked now waits no more."""
        waiting, host = site.tx.waiting, site.offers.hosts.get(item.hosts[0])
        offered = waiting.offered(item.id)
        if offered is not None:
            entry = waiting.by_id(offered.entry)
        else:
            entry = waiting.of_client(item.service, item.client.mail)
        fits = offered is not None or (host is not None and entry is not None
                                       and entry.wants(item.slot, host.hours))  # fmt: skip
        if entry is not None and fits and waiting.finish(entry.id, End.BOOKED, site.now):
            self.release_offers(site, entry.id, besides=item.id)

    def release_offers(self, site: Site, entry: str, besides: str = "") -> None:
        """Gives up what is held for somebody who does not wait any more."""
        for id_ in site.tx.waiting.offers_of(entry):
            item = site.tx.appointments.by_id(id_)
            if item is not None and id_ != besides and item.state_at(site.now) is State.HELD:
                after = item.released(site.now)
                self.keep(site, after)
                give_turn_back(site, after)

    def keep(self, site: Site, item: Appointment, token: str = "", mail_token: str = "") -> None:
        """Stores an appointment with its reminders, and writes it where its hosts are linked to."""
        service = site.offers.services.get(item.service)
        hosts = [site.offers.hosts[name] for name in item.hosts if name in site.offers.hosts]
        before = site.tx.appointments.by_id(item.id)
        times = [(host.id, occupied(item.slot, host, service)) for host in hosts]
        site.tx.appointments.put(
            item, times, digest(token) if token else None,
            digest(mail_token) if mail_token else None,
        )  # fmt: skip
        for host in hosts:
            title = service.title if service is not None else host.title
            site.calendars.write(host, item, title)
        plan_reminders(site, item)
        if before is not None:
            note_freed(site.tx, site.offers, before, item, site.now)


def same_again(service: Service, item: Appointment) -> Asked:
    """What an appointment asks for once more, not standing in its own way."""
    return Asked(service, item.slot.seconds, None, item.seats, Terms(), item.hosts, without=item)


def _nearest(site: Site, asked: Asked, at: Instant) -> list[Instant]:
    """The starts nearest to one that can not be had."""
    first = Instant(max(at - SEARCH // 2, site.now))
    wide = Period(first, Instant(max(at, first) + SEARCH))
    offers = wish_for(site, asked, wide).offers(wide)
    found = sorted((abs(offer.at - at), offer.at) for offer in offers)
    return sorted(start for _, start in found[:ALTERNATIVES])


def secret(octets: bytes) -> str:
    """A secret as it stands in a link."""
    return urlsafe_b64encode(octets).decode("ascii").rstrip("=")


def digest(token: str) -> bytes:
    """What is kept of a secret."""
    return sha256(token.encode("utf-8", "surrogatepass")).digest()

"""What a decision returns is done: everything that it states, in the transaction that decided."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from horarium.booking.itip import handle
from horarium.booking.message import EventMessage
from horarium.booking.open_request import Awaits, OpenRequest, slot_text
from horarium.booking.outcome import Elsewhere, Outcome
from horarium.booking.ports import Reservation
from horarium.booking.quota import Charge
from horarium.booking.reasons import Reason
from horarium.booking.releasing import release
from horarium.kernel.instant import Instant
from horarium.kernel.period import Period
from horarium.runtime.booking_signals import signal_change
from horarium.runtime.directory import Directory, Registered
from horarium.runtime.surroundings import SiteSurroundings
from horarium.store.bookings import ResourceReservations
from horarium.store.requests import Kept
from horarium.store.store import Transaction


@dataclass(slots=True)
class Enactment:
    """Decisions at one instant, done in one transaction. `woken` counts the requests that are to be
    decided again because of them."""

    tx: Transaction
    directory: Directory
    now: Instant
    woken: int = field(default=0)

    def reservations(self, user: Registered) -> ResourceReservations:
        """What a calendar user holds."""
        return self.tx.reservations(user.id, user.uri, self.now)

    def surroundings(self, user: Registered) -> SiteSurroundings:
        """What lies around a decision of a calendar user."""
        return SiteSurroundings(self.tx, self.directory, self.now, user.id)

    def enact(
        self, user: Registered, outcome: Outcome, message: EventMessage | None, kept: Kept | None
    ) -> None:
        """Does what `outcome` states for `user`. `message` is what it is about, and `kept` that
        message as it came, for a request that stays open."""
        held = self.reservations(user)
        uid = outcome.uid
        before = held.of_event(uid) if outcome.change is not None else []
        meanwhile = held.provisional(uid) if outcome.provisional is not None else []
        if outcome.known is not None:
            self.tx.person(user.id).change_known(outcome.known)
        if outcome.change is not None:
            signal_change(self.tx, outcome, held, self.now)
            held.apply(outcome.change, self.now)
        self._enter(user, outcome, held)
        if outcome.provisional is not None and (meanwhile or outcome.provisional):
            held.put_provisional(uid, outcome.provisional)
        self._close(user, outcome)
        gone = _gone(before, held.of_event(uid) if before else [])
        if outcome.provisional is not None:
            gone += _gone([p.reservation for p in meanwhile],
                          [p.reservation for p in outcome.provisional])  # fmt: skip
        if gone:
            self._wake(user, outcome, gone)
        self._open(user, outcome, message, kept)
        for elsewhere in outcome.elsewhere:
            self._elsewhere(elsewhere, outcome, message)

    def _enter(self, user: Registered, outcome: Outcome, held: ResourceReservations) -> None:
        """Charges and claims: those of the change, those of what is pending, and where only one of
        the two is stated, the other as it is."""
        change = outcome.change
        charged = change.charges if change is not None else None
        if charged is None and outcome.provisional is None:
            return
        stored = held.charges(outcome.uid)
        standing: list[Charge] = [c for c in stored if not c.pending]
        if charged is not None:
            standing = list(charged)
        pending = [c for c in stored if c.pending]
        if outcome.provisional is not None:
            pending = list(outcome.pending)
        settled = change.settled if change is not None else None
        if stored or standing or pending:
            self.tx.quotas.restate(user.id, outcome.uid, [*standing, *pending], settled)
        claims = change.claims if change is not None else None
        if claims or (claims is not None and held.claims(outcome.uid)):
            self.tx.quotas.restate_claims(user.id, outcome.uid, claims, settled)

    def _close(self, user: Registered, outcome: Outcome) -> None:
        kept = {slot_text(request.slot) for request in outcome.opened}
        if outcome.whole_settled:
            for request in self.reservations(user).open_requests(outcome.uid):
                if slot_text(request.slot) not in kept:
                    self.tx.requests.close(user.id, outcome.uid, slot_text(request.slot), self.now)
            return
        for slot in outcome.settled - kept:
            self.tx.requests.close(user.id, outcome.uid, slot, self.now)

    def _open(
        self, user: Registered, outcome: Outcome, message: EventMessage | None, kept: Kept | None
    ) -> None:
        fresh = kept is not None and message is not None and message.again is None
        known = {}
        if outcome.opened:
            known = {r.slot: r for r in self.reservations(user).open_requests(outcome.uid)}
        for request in outcome.opened:
            before = known.get(request.slot)
            if fresh and before is not None and _is_another(before, request):
                self.tx.requests.close(user.id, outcome.uid, slot_text(request.slot), self.now)
            id_ = message.token(request.slot) if message is not None else ""
            self.tx.requests.put(user.id, id_, request, kept, self.now)
        for slot, why in outcome.wanted:
            self.woken += self.tx.requests.want(user.id, outcome.uid, slot, why, self.now)

    def _wake(self, user: Registered, outcome: Outcome, gone: list[Reservation]) -> None:
        span = Period(
            min(item.occupied.start for item in gone), max(item.occupied.end for item in gone)
        )
        who = outcome.organizer or gone[0].organizer
        self.woken += self.tx.requests.wake(user.id, span, who, self.now)

    def _elsewhere(
        self, elsewhere: Elsewhere, outcome: Outcome, message: EventMessage | None
    ) -> None:
        user = self.directory.find(elsewhere.resource)
        if user is None:
            return
        held = self.reservations(user)
        if elsewhere.pool:
            self.tx.requests.assign(elsewhere.pool, elsewhere.resource, self.now)
        if elsewhere.provisional:
            held.put_provisional(outcome.uid, elsewhere.provisional)
        if elsewhere.pass_on and message is not None:
            handed = replace(message, resource=user.resource, passed_on=True)
            self._follow(user, handle(handed, held, self.surroundings(user)), handed)
        if elsewhere.release:
            self._release(user, outcome.uid, elsewhere.originals)

    def _release(self, user: Registered, uid: str, originals: tuple[Instant, ...]) -> None:
        """Another resource gives up an event, or occurrences of it, booked or still held."""
        held = self.reservations(user)
        freed = release(
            uid, held, user.resource, self.now, Reason.WITHDRAWN, originals=originals or None,
            tell=False,
        )  # fmt: skip
        if freed is not None:
            self._follow(user, freed, None)
        kept = [
            p
            for p in held.provisional(uid)
            if originals and p.reservation.original not in originals
        ]
        if len(kept) != len(held.provisional(uid)):
            held.put_provisional(uid, kept)

    def _follow(self, user: Registered, outcome: Outcome, message: EventMessage | None) -> None:
        """Another resource's part in the same matter; it has nothing to say to the organizer."""
        self.enact(user, replace(outcome, mails=()), message, None)
        id_ = message.decision_id if message is not None else f"{outcome.uid}:{user.uri}:{self.now}"
        self.tx.decisions.record(id_, user.id, "", outcome, self.now)


def _is_another(before: OpenRequest, request: OpenRequest) -> bool:
    """Whether a request takes the place of the one before it: an answer to that one says nothing
    about it, and a place on the waiting list is kept only for the same time."""
    if request.awaits is Awaits.APPROVAL or before.awaits is not request.awaits:
        return True
    return before.span != request.span


def _gone(before: list[Reservation], after: list[Reservation]) -> list[Reservation]:
    """The time of `before` that is held no more."""
    still = {(item.original, item.occupied) for item in after}
    return [item for item in before if (item.original, item.occupied) not in still]

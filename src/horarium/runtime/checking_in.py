"""Claimed on the spot or released: checking in, reminders, and bookings withdrawn by hand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from horarium.booking.acl import deciding_rule
from horarium.booking.outcome import Mail, Outcome
from horarium.booking.ports import Reservation
from horarium.booking.reasons import Reason
from horarium.booking.releasing import release, reminder_mail
from horarium.booking.stored_event import read_entry
from horarium.kernel.errors import NotFound
from horarium.kernel.instant import Instant
from horarium.kernel.period import Period
from horarium.runtime.directory import Directory, Registered
from horarium.runtime.enacting import Enactment
from horarium.runtime.surroundings import decision_keys
from horarium.store.store import Store, Transaction

DAY = 86_400


@dataclass(frozen=True, slots=True)
class Unclaimed:
    """An occurrence for which somebody is to check in: when that opens, when a reminder leaves, and
    when it is released."""

    held: Reservation
    opens: Instant
    reminder: Instant
    deadline: Instant


def check_in(
    store: Store, user: Registered, uid: str, now: Instant, at: Instant | None = None
) -> Unclaimed | None:
    """Notes that somebody is there for the occurrence of `uid` that begins about `now` (or `at`);
    None when checking in is not open for any."""

    def work(tx: Transaction) -> Unclaimed | None:
        for item in _unclaimed(tx, user, now, horizon=DAY):
            wanted = item.held.uid == uid and (at is None or item.held.event.start == at)
            if wanted and item.opens <= now <= item.deadline:
                tx.check_ins.put(user.id, uid, item.held.original, now, "checked_in")
                return item
        return None

    return store.transact([], work)


def sweep(store: Store, directory: Directory, now: Instant, *, emit: bool) -> list[Mail]:
    """Releases what nobody claimed in time, and reminds of what is still to be claimed."""
    mails: list[Mail] = []
    for user in directory.registered:
        if not user.resource.preferences.check_in:
            continue
        keys = decision_keys(store.tenant, directory, user)

        def work(tx: Transaction, user: Registered = user) -> list[Mail]:
            return list(_sweep(Enactment(tx, directory, now), user, emit))

        mails += store.transact(keys, work)
    return mails


def _sweep(work: Enactment, user: Registered, emit: bool) -> Iterator[Mail]:
    now, tx = work.now, work.tx
    for item in list(_unclaimed(tx, user, now)):
        held = item.held
        if item.deadline <= now:
            outcome = release(
                held.uid, work.reservations(user), user.resource, now, Reason.NOT_CHECKED_IN,
                originals={held.original},
            )  # fmt: skip
            if outcome is not None:
                yield from _post(work, user, outcome, f"check_in:{held.original}", emit)
        elif item.reminder <= now and not tx.check_ins.has(user.id, held, "reminded"):
            tx.check_ins.put(user.id, held.uid, held.original, now, "reminded")
            mail = reminder_mail(held, work.reservations(user), user.resource, now, item.deadline)
            if mail is not None:
                tx.mail.post(mail, user.id, now, sent=emit)
                yield mail


def withdraw(
    store: Store, directory: Directory, user: Registered, uid: str, now: Instant, comment: str,
    original: Instant | None = None,
) -> list[Mail]:  # fmt: skip
    """Takes a booking (or the one occurrence) back and tells its organizer why. NotFound when
    nothing of it is still to come."""

    def work(tx: Transaction) -> list[Mail]:
        enactment = Enactment(tx, directory, now)
        outcome = release(
            uid, enactment.reservations(user), user.resource, now, Reason.WITHDRAWN,
            originals=None if original is None else {original}, comment=comment,
        )  # fmt: skip
        if outcome is None:
            raise NotFound(f"{user.uri.removeprefix('mailto:')} holds nothing of {uid} any more")
        tx.directory.audit(now, "operator", "withdraw", f"{user.uri} {uid}", None, comment)
        return list(_post(enactment, user, outcome, f"withdraw:{original}", False))

    return store.transact(decision_keys(store.tenant, directory, user), work)


def _post(
    work: Enactment, user: Registered, outcome: Outcome, why: str, emit: bool
) -> Iterator[Mail]:
    work.enact(user, outcome, None, None)
    record = f"{why}:{user.uri}:{outcome.uid}:{work.now}"
    work.tx.decisions.record(record, user.id, "", outcome, work.now)
    for mail in outcome.mails:
        work.tx.mail.post(mail, user.id, work.now, sent=emit)
        yield mail


def _unclaimed(
    tx: Transaction, user: Registered, now: Instant, horizon: int = 0
) -> Iterator[Unclaimed]:
    """What is booked about `now` and not checked in for, whole days and exempt organizers aside."""
    preferences = user.resource.preferences
    if not preferences.check_in:
        return
    reservations = tx.reservations(user.id, user.uri, now)
    reach = preferences.check_in_opens + preferences.buffer_before + horizon
    within = Period(Instant(now - DAY), Instant(now + reach + 1))
    claimed = tx.check_ins.since(user.id, Instant(now - 2 * DAY))
    for held in reservations.held([within]):
        if (
            held.expires is not None
            or (held.uid, held.original) in claimed
            or held.event.end <= now
        ):
            continue
        if _is_exempt(user, held) or _is_whole_day(tx, user, held, now):
            continue
        start = held.event.start
        opens = Instant(start - preferences.check_in_opens)
        deadline = Instant(start + preferences.check_in_deadline)
        yield Unclaimed(held, opens, Instant((opens + deadline) // 2), deadline)


def _is_exempt(user: Registered, held: Reservation) -> bool:
    rules = user.resource.preferences.check_in_exempt
    if not rules:
        return False
    exempt, _ = deciding_rule(rules, held.organizer, frozenset(), user.resource.groups)
    return exempt


def _is_whole_day(tx: Transaction, user: Registered, held: Reservation, now: Instant) -> bool:
    state = tx.reservations(user.id, user.uri, now).event(held.uid)
    texts = [e for e in state.entries if e.text and e.key in (None, held.original)]
    own = [entry for entry in texts if entry.key is not None] or texts
    return bool(own) and read_entry(own[0], user.resource).whole_day

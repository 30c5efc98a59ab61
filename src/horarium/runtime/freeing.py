"""Freeing: what becomes of time is noted for those who wait, with what freed it.

The note is part of the transaction that frees the time; it is looked at right after, or, should
that fail, by the next sweep.
"""

from __future__ import annotations

from horarium.appointments.appointment import LIVE, Appointment
from horarium.appointments.availability import bounded, occupied
from horarium.appointments.horizon import MOST_DAYS
from horarium.appointments.limits import REACH
from horarium.kernel.gregorian import DAY
from horarium.kernel.instant import Instant
from horarium.runtime.offers import Offers
from horarium.store.store import Transaction


def note_freed(
    tx: Transaction, offers: Offers, before: Appointment, after: Appointment, now: Instant
) -> None:
    """Notes the time that an appointment took before and does not take any more."""
    same = (after.slot, after.hosts) == (before.slot, before.hosts)
    if before.state not in LIVE or (after.state in LIVE and same) or tx.waiting.is_empty():
        return
    offered = tx.waiting.offered(before.id)
    passed = (*offered.passed, offered.entry) if offered is not None else ()
    service = offers.services.get(before.service)
    for name in before.hosts:
        host = offers.hosts.get(name)
        if host is None:
            continue
        limits = (*host.limits, *(service.limits if service is not None else ()))
        # With one appointment less, a limit may let in another one elsewhere in its period.
        around = max((REACH[limit.span] for limit in limits), default=0)
        taken = occupied(before.slot, host, service)
        time = bounded(max(taken.start - around, now), taken.end + around)
        if time.end > now:
            tx.waiting.free(name, time, passed)


def note_widened(tx: Transaction, before: Offers, after: Offers, now: Instant) -> None:
    """Notes that the hours of hosts have changed: all of their time is looked at once more."""
    if tx.waiting.is_empty():
        return
    for name in sorted(before.hosts.keys() & after.hosts.keys()):
        if before.hosts[name] != after.hosts[name]:
            tx.waiting.free(name, bounded(now, now + MOST_DAYS * DAY), ())

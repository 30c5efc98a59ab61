"""What changed hours mean for appointments that stand: they stay, and somebody is told of them."""

from __future__ import annotations

from collections.abc import Iterator

from horarium.appointments.appointment import LIVE, Appointment
from horarium.kernel.instant import MAX_INSTANT, Instant, format_instant
from horarium.kernel.period import Period
from horarium.runtime.generating import Site, stage_of
from horarium.runtime.offers import Offers
from horarium.store.store import Transaction


def affected(
    tx: Transaction, before: Offers, after: Offers, now: Instant
) -> Iterator[tuple[str, str]]:
    """Yields the appointments to come that lay within the hours of a host and do not any more: the
    id, and what is to be told of it."""
    for name in sorted(before.hosts.keys() & after.hosts.keys()):
        old, new = before.hosts[name].hours, after.hosts[name].hours
        if old == new:
            continue
        for item in tx.appointments.engaged(name, Period(now, MAX_INSTANT)):
            ahead = stage_of(item, now) in LIVE and item.slot.end > now
            if ahead and old.holds(item.slot) and not new.holds(item.slot):
                when = format_instant(item.slot.start)
                yield item.id, f"{when} lies outside the hours of {name} now; it stays booked"


def is_outside(site: Site, item: Appointment) -> bool:
    """Whether an appointment to come lies outside the hours of one of its hosts."""
    if not item.live(site.now) or item.slot.end <= site.now:
        return False
    hosts = (site.offers.hosts.get(name) for name in item.hosts)
    return any(host is not None and not host.hours.holds(item.slot) for host in hosts)

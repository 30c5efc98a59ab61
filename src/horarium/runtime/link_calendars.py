"""The calendars of links: when a resource is taken, for those who send over what it stands for."""

from __future__ import annotations

from horarium.booking.freebusy import held_in
from horarium.distribution.sending import Busy
from horarium.kernel.errors import HorariumError
from horarium.kernel.instant import Instant
from horarium.kernel.period import Period
from horarium.kernel.periodset import PeriodSet
from horarium.runtime.directory import read_directory
from horarium.runtime.settings import Settings
from horarium.store.store import Transaction


def link_calendars_at(tx: Transaction, settings: Settings, now: Instant) -> Busy:
    """Answers for resources within one transaction: their reservations in a period, or None for
    one that is not there or can not be read. The store's own failures are not swallowed."""
    directory = read_directory(tx, settings)

    def busy(resource: str, period: Period) -> PeriodSet | None:
        user = directory.find(resource)
        if user is None or user.is_person or user.resource.fault:
            return None
        try:
            held = held_in(tx.reservations(user.id, user.uri, now), [period], user.resource)
        except HorariumError:
            return None
        return PeriodSet(item.event for item in held).clip(period.start, period.end)

    return busy

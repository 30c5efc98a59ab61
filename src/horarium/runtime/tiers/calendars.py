"""The calendars of links as they stood at the last look: taken off the loop's thread, every few
seconds, so that a reservation moves a window soon and no question waits for the store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from horarium.distribution.realm import Realm
from horarium.distribution.realm_faults import link_calendars
from horarium.kernel.errors import HorariumError
from horarium.kernel.gregorian import DAY
from horarium.kernel.instant import Instant
from horarium.kernel.period import Period
from horarium.kernel.periodset import PeriodSet
from horarium.runtime.link_calendars import link_calendars_at
from horarium.runtime.settings import Settings
from horarium.store.store import Store

# Reservations are known for so long before now and after: what lies farther moves no window yet.
KNOWN_BEFORE, KNOWN_AFTER = DAY, 70 * DAY


@dataclass(frozen=True, slots=True)
class Calendars:
    """The busy time of every resource that gates a link; None for one that can not be read."""

    known: Mapping[str, PeriodSet | None] = field(default_factory=dict)

    def busy(self, resource: str, period: Period) -> PeriodSet | None:
        """See `horarium.distribution.sending.Busy`."""
        found = self.known.get(resource.lower())
        return None if found is None else found.clip(period.start, period.end)


def look_at_calendars(store: Store, settings: Settings, realm: Realm, now: Instant) -> Calendars:
    """The calendars of all links of a realm, as they stand now."""
    resources = {calendar.resource.lower() for _, _, calendar in link_calendars(realm)}
    if not resources:
        return Calendars()
    within = Period(Instant(now - KNOWN_BEFORE), Instant(now + KNOWN_AFTER))

    def read(resource: str) -> PeriodSet | None:
        try:
            return store.read(lambda tx: link_calendars_at(tx, settings, now)(resource, within))
        except HorariumError:
            return None

    return Calendars({resource: read(resource) for resource in sorted(resources)})

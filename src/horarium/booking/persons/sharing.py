"""The free/busy of a person as it is shared with others: no titles, no names (RFC 5545 3.6.4)."""

from __future__ import annotations

from horarium.booking.freebusy import held_in
from horarium.booking.persons.ports import PersonMemory
from horarium.booking.request import View
from horarium.kernel.instant import Instant
from horarium.kernel.period import Period
from horarium.kernel.periodset import PeriodSet


def person_busy(
    view: View, memory: PersonMemory, within: Period, now: Instant
) -> dict[str, PeriodSet]:
    """What is shared of a person's time: BUSY where the person takes part, BUSY-TENTATIVE where
    perhaps or where a proposed time is held, BUSY-UNAVAILABLE outside the hours."""
    resource = view.resource
    held = held_in(view.reservations, [within], resource)
    said = memory.partstats(resource.address.key, sorted({item.uid for item in held}))
    sure: list[Period] = []
    unsure: list[Period] = []
    for item in held:
        answer = said.get((item.uid, item.original)) or said.get((item.uid, None))
        (unsure if answer == "TENTATIVE" else sure).append(item.event)
    busy = PeriodSet(sure).clip(within.start, within.end)
    tentative_time = PeriodSet([*unsure, *memory.offers(now)]).clip(within.start, within.end)
    found = {"BUSY": busy, "BUSY-TENTATIVE": tentative_time.subtract(busy)}
    hours = resource.preferences.working_hours
    if hours is not None:
        open_time = hours.open_periods(within.start, within.end, resource.zone)
        found["BUSY-UNAVAILABLE"] = open_time.gaps(within).subtract(busy)
    return found

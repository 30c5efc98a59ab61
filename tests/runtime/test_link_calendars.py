"""A resource stands for a link: what is reserved of it gates what is sent."""

from __future__ import annotations

from tests.office import ROOM, Office, oslo

from horarium.kernel.period import Period
from horarium.kernel.periodset import PeriodSet
from horarium.runtime.link_calendars import link_calendars_at

DAY = Period(oslo("2026-12-01 00:00"), oslo("2026-12-02 00:00"))


def busy(office: Office, resource: str) -> PeriodSet | None:
    return office.store.read(
        lambda tx: link_calendars_at(tx, office.settings, office.now)(resource, DAY)
    )


def test_reservations_are_the_busy_time_of_a_link_and_nothing_else_is_free() -> None:
    office = Office()
    assert busy(office, ROOM) == PeriodSet()
    office.invite("2026-12-01 10:00", "2026-12-01 11:00")
    assert busy(office, ROOM) == PeriodSet(
        [Period(oslo("2026-12-01 10:00"), oslo("2026-12-01 11:00"))]
    )
    # What is not there can not be read, and is not taken as free.
    assert busy(office, "nobody@example.com") is None

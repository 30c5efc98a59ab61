"""The agenda: all objects in one list, as far ahead as one likes."""

from __future__ import annotations

import icalendar
from tests.office import ROOM, Office, local, oslo

from horarium.kernel.period import Period
from horarium.runtime.agenda import agenda, as_calendar

CAR = "resource-car@example.com"


def test_all_objects_stand_in_one_list_in_order() -> None:
    office = Office({ROOM: {}, CAR: {}})
    office.invite("2026-12-01 09:00", "2026-12-01 10:00", extra="RRULE:FREQ=WEEKLY")
    office.invite("2026-12-01 08:00", "2026-12-01 12:00", to=CAR)
    office.invite("2026-12-09 08:00", "2026-12-09 12:00", to=CAR)
    within = Period(oslo("2026-12-01 00:00"), oslo("2026-12-09 00:00"))
    found = agenda(office.store, office.settings, within, office.now)
    assert [(local(e.start), e.id) for e in found] == [
        ("2026-12-01 08:00", CAR), ("2026-12-01 09:00", ROOM), ("2026-12-08 09:00", ROOM),
    ]  # fmt: skip
    far = Period(oslo("2036-12-01 00:00"), oslo("2036-12-08 00:00"))
    assert [local(e.start) for e in agenda(office.store, office.settings, far, office.now)] == [
        "2036-12-02 09:00"
    ]
    calendar = icalendar.Calendar.from_ical(as_calendar(found, office.now))
    assert len({str(event["UID"]) for event in calendar.walk("VEVENT")}) == 3

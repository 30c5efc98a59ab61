"""A limit of the settings is the limit that holds."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.office import ROOM, Office, request, vevent

from horarium.runtime.settings import default_settings

BY = "vincent.vole@example.com"


@pytest.mark.parametrize(
    ("limit", "most", "extra", "within", "beyond"),
    [
        ("count", 3, "RRULE:FREQ=DAILY;COUNT={}", 3, 4),
        ("occurrences", 3, "RRULE:FREQ=DAILY;COUNT={}", 3, 4),
        ("by_values", 3, "RRULE:FREQ=YEARLY;COUNT=2;BYMONTH=12;BYMONTHDAY=1{}", 2, 3),
        ("by_product", 4, "RRULE:FREQ=YEARLY;COUNT=2;BYMONTH=1,12;BYMONTHDAY=1{}", 1, 2),
        ("dates", 2, "RDATE;TZID=Europe/Oslo:20261202T090000{}", 1, 2),
    ],
)
def test_limits_on_series(limit: str, most: int, extra: str, within: int, beyond: int) -> None:
    settings = default_settings()
    limits = replace(settings.limits, **{limit: most})
    verdicts = []
    for value in (within, beyond):
        office = Office(settings=replace(settings, limits=limits))
        text = extra.format(_filling(extra, value))
        (answer,) = office.ask("2026-12-01 09:00", "2026-12-01 10:00", extra=text)
        verdicts.append(answer.partstats[0])
    assert verdicts == ["ACCEPTED", "DECLINED"]


def _filling(extra: str, value: int) -> str:
    if "COUNT={}" in extra:
        return str(value)
    if "RDATE" in extra:
        return "".join(f",2026120{3 + n}T090000" for n in range(value))
    return "".join(f",{2 + n}" for n in range(value))


def test_the_limit_on_an_events_length() -> None:
    settings = default_settings()
    limits = replace(settings.limits, event_length=2 * 86_400)
    office = Office(settings=replace(settings, limits=limits))
    assert office.invite("2026-12-01 09:00", "2026-12-03 09:00") == "ACCEPTED"
    (answer,) = office.ask("2026-12-05 09:00", "2026-12-07 09:01")
    assert answer.statuses == ["3.10"]


def test_the_limit_on_attendees_refuses_the_message() -> None:
    settings = default_settings()
    limits = replace(settings.limits, attendees=2)
    office = Office(settings=replace(settings, limits=limits))
    people = tuple(f"p{n}@example.com" for n in range(2))
    event = vevent("e", "2026-12-01 09:00", "2026-12-01 10:00", to=(ROOM, *people))
    assert office.send(request(event), by=BY) == []
    assert office.ledger() == {"refused": 1}

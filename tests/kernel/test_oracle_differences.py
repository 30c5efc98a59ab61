"""Where an oracle differs from RFC 5545 3.3.10, and that we follow the text."""

from __future__ import annotations

from datetime import datetime

import pytest
from dateutil.rrule import rrulestr
from tests.kernel import plain_reading

from horarium.kernel.instant import Instant, Wall, civil, wall
from horarium.kernel.recurrence import DtstartPolicy, Length, RecurrenceSet
from horarium.kernel.rule import Rule
from horarium.kernel.zone import UTC

CASES = {
    "plain and numbered weekdays in one list": (
        (2028, 3, 2, 9),
        "FREQ=MONTHLY;BYDAY=3MO,TH",
    ),
    "the first week of BYSETPOS begins at WKST": (
        (2021, 11, 21, 9),
        "FREQ=WEEKLY;BYDAY=FR,SU,SA;BYSETPOS=3",
    ),
    "the last week of the year before": (
        (2018, 1, 1, 9),
        "FREQ=YEARLY;BYWEEKNO=53;BYDAY=SA,MO,FR,TU;WKST=TH",
    ),
    "week 1 of the next year by its negative number": (
        (2014, 12, 30, 9),
        "FREQ=YEARLY;BYWEEKNO=-53;BYDAY=FR,SA,TU",
    ),
    "a week without BYDAY takes DTSTART's weekday": (
        (2026, 1, 1, 9),
        "FREQ=YEARLY;BYWEEKNO=20",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_we_follow_the_text(case: str) -> None:
    date, text = CASES[case]
    start, end = datetime(*date), datetime(date[0] + 12, 1, 1)
    rule = Rule.parse(text)
    expected = plain_reading.members(rule, start, end)
    begin = wall(*date)
    ours = RecurrenceSet(begin, UTC, Length.exact(0), rule, dtstart=DtstartPolicy.RULE_ONLY).starts(
        Instant(begin), Instant(wall(date[0] + 12, 1, 1))
    )
    assert [datetime(*civil(Wall(t))) for t in ours] == expected
    theirs = rrulestr("RRULE:" + text, dtstart=start).between(start, end, inc=True)
    assert theirs != expected, "dateutil follows the text now: compare it in the oracle test"

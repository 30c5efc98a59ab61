"""Rules without members are known before the first step, all others have one."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random

import pytest
from tests.kernel import plain_reading
from tests.kernel.random_rules import random_rule, random_wall, some
from tests.kernel.scale import cases

from horarium.kernel.errors import LimitReached
from horarium.kernel.instant import MAX_INSTANT, Instant, wall
from horarium.kernel.limits import Limits
from horarium.kernel.recurrence import DtstartPolicy, Length, RecurrenceSet, Unsatisfiable
from horarium.kernel.rule import Frequency, Rule
from horarium.kernel.satisfiable import satisfiable
from horarium.kernel.zone import UTC

NEVER = [
    "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
    "FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30",
    "FREQ=MINUTELY;BYMONTH=4,6,9,11;BYMONTHDAY=31",
    "FREQ=MONTHLY;BYDAY=6MO",
    "FREQ=MONTHLY;BYMONTHDAY=31;BYMONTH=2,4",
    "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=6",
    "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30,31",
    "FREQ=YEARLY;INTERVAL=4;BYMONTH=2;BYMONTHDAY=29",  # from 2025: never a leap year
    "FREQ=YEARLY;BYYEARDAY=366;INTERVAL=2",
    "FREQ=YEARLY;BYWEEKNO=1;BYMONTH=6",
    "FREQ=YEARLY;BYDAY=1MO;BYMONTHDAY=8;BYMONTH=1",
    "FREQ=WEEKLY;BYDAY=MO,TU;BYSETPOS=3",
    "FREQ=DAILY;INTERVAL=7;BYDAY=TU",  # from a Wednesday
    "FREQ=DAILY;BYHOUR=9;BYSETPOS=2",
    "FREQ=HOURLY;INTERVAL=24;BYHOUR=9",
    "FREQ=HOURLY;INTERVAL=2;BYHOUR=9",
    "FREQ=HOURLY;INTERVAL=168;BYDAY=MO",
    "FREQ=MINUTELY;INTERVAL=60;BYMINUTE=1",
    "FREQ=MINUTELY;INTERVAL=1440;BYHOUR=1",
    "FREQ=SECONDLY;INTERVAL=60;BYSECOND=1",
    "FREQ=SECONDLY;INTERVAL=86400;BYHOUR=1",
    "FREQ=SECONDLY;INTERVAL=604800;BYDAY=MO",
    "FREQ=SECONDLY;INTERVAL=3600;BYMINUTE=30,31;BYDAY=MO",
    "FREQ=SECONDLY;BYSETPOS=2;BYSECOND=0",
]


@pytest.mark.parametrize("text", NEVER)
def test_rules_without_members(text: str) -> None:
    never = RecurrenceSet(wall(2025, 1, 1), UTC, Length.exact(60), Rule.parse(text))
    answer = never.query(Instant(0), MAX_INSTANT)
    assert answer.outcome == Unsatisfiable()
    assert answer.members == ()
    assert answer.steps == 0


def test_days_against_the_plain_reading_of_400_years() -> None:
    start = datetime(2024, 1, 1)
    for i in range(cases(6)):
        rng = Random(f"satisfiable {i}")
        interval = rng.choice((1, 2, 4, 7, 9, 14, 28))
        freq = rng.choice(("DAILY", "MONTHLY", "YEARLY"))
        text = (
            f"FREQ={freq};INTERVAL={interval};BYMONTH={some(rng, 1, 12, 2)};"
            f"BYMONTHDAY={rng.choice((29, 30, 31, -31, -30))};BYDAY={rng.choice(('MO', 'SU'))}"
        )
        rule = Rule.parse(text)
        found = plain_reading.members(rule, start, start + timedelta(146_097))
        assert satisfiable(rule, wall(2024, 1, 1), False) is bool(found), text


def test_below_a_day_against_the_residues_themselves() -> None:
    units = {Frequency.HOURLY: 3600, Frequency.MINUTELY: 60}
    for i in range(cases(150)):
        rng = Random(f"residues {i}")
        freq = rng.choice(list(units))
        interval = rng.choice((2, 3, 6, 7, 24, 25, 60, 90, 168, 720, 1440, 10_080))
        text = f"FREQ={freq.name};INTERVAL={interval};BYHOUR={some(rng, 0, 23, 3)}"
        weekday = rng.randrange(7) if rng.random() < 0.7 else None
        if weekday is not None:
            text += f";BYDAY={('MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU')[weekday]}"
        rule, start = Rule.parse(text), wall(2026, 1, 1, rng.randrange(24))
        step = units[freq] * interval
        # The clock and the week repeat after interval weeks at the latest.
        expected = any(
            t % 86_400 // 3600 in rule.by_hour
            and (weekday is None or (t // 86_400 + 3) % 7 == weekday)
            for t in range(start, start + 7 * 86_400 * interval, step)
        )
        assert satisfiable(rule, start, False) is expected, text


def test_a_satisfiable_rule_has_a_member() -> None:
    for i in range(cases(1500)):
        rng = Random(f"member {i}")
        text, start = random_rule(rng), random_wall(rng)
        try:
            some_rule = RecurrenceSet(
                start,
                UTC,
                Length.exact(0),
                Rule.parse(text),
                dtstart=DtstartPolicy.RULE_ONLY,
                limits=Limits(steps=1_000_000),
            )
            found = some_rule.next_after(Instant(start - 1))
        except LimitReached:
            continue
        assert (found is None) is not satisfiable(Rule.parse(text), start, False), text

"""The members of thousands of random rules, against independent readers of RFC 5545.

Known differences, each left out of the comparison below and tested on its own
in ``test_oracle_differences.py``:

- python-dateutil demands both when BYDAY mixes plain and numbered weekdays
  (3.3.10: BYDAY is a list, each value adds days);
- it begins the first week of WEEKLY with BYSETPOS at DTSTART, not at WKST
  (3.3.10: BYSETPOS counts in the set of one whole interval);
- it numbers the last week of the year before by the length of the wrong year, and
  does not know week 1 of the next year by its negative number (3.3.10: BYWEEKNO ±1 to ±53);
- it gives all seven days of BYWEEKNO without BYDAY (3.3.10: what the rule does not say
  comes from DTSTART);
- libical 3.0 lacks what ``libical.understands`` lists.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import islice
from random import Random

import pytest
from dateutil.rrule import rrulestr
from tests.kernel import libical, plain_reading
from tests.kernel.random_rules import random_rule, random_wall
from tests.kernel.scale import cases

from horarium.kernel.errors import LimitReached
from horarium.kernel.instant import Instant, Wall
from horarium.kernel.recurrence import DtstartPolicy, Length, RecurrenceSet
from horarium.kernel.rule import Frequency, Rule, Until, UntilKind
from horarium.kernel.zone import UTC

DAY = 86_400
EPOCH = datetime(1970, 1, 1)
SPAN = {
    Frequency.YEARLY: 40 * 366 * DAY,
    Frequency.MONTHLY: 12 * 366 * DAY,
    Frequency.WEEKLY: 5 * 366 * DAY,
    Frequency.DAILY: 5 * 366 * DAY,
    Frequency.HOURLY: 60 * DAY,
    Frequency.MINUTELY: 2 * DAY,
    Frequency.SECONDLY: 7_200,
}
MOST = 60


def series(text: str, start: Wall) -> RecurrenceSet:
    """Give the set of a rule on the UTC clock, DTSTART only where the rule gives it."""
    rule = Rule.parse(text)
    return RecurrenceSet(start, UTC, Length.exact(0), rule, dtstart=DtstartPolicy.RULE_ONLY)


def synchronised(rng: Random) -> tuple[str, Wall] | None:
    """Give a random rule and a DTSTART it produces; None when that is too far away."""
    text = random_rule(rng)
    try:
        first = series(text, random_wall(rng)).next_after(Instant(0))
    except LimitReached:
        return None
    if first is None or first.start > 2_100_000_000:
        return None
    return text, Wall(first.start)


def ours(text: str, start: Wall) -> list[Instant] | None:
    """Give our first members of a rule within its span; None past the step budget."""
    try:
        end = Instant(start + SPAN[Rule.parse(text).freq])
        return series(text, start).starts(Instant(start), end)[:MOST]
    except LimitReached:
        return None


def with_an_end(text: str, start: Wall, rng: Random) -> str:
    """Add COUNT to one rule in five and UNTIL to another."""
    kind = rng.random()
    if kind < 0.2:
        return f"{text};COUNT={rng.randint(1, 30)}"
    if kind < 0.4:
        end = Wall(start + rng.randint(0, SPAN[Rule.parse(text).freq]))
        return f"{text};UNTIL={Until(UntilKind.UTC, end).format()}"
    return text


def dateutils(text: str, start: Wall) -> list[int]:
    """Give dateutil's first members within the span."""
    rule = rrulestr("RRULE:" + text.replace("Z", ""), dtstart=EPOCH + timedelta(seconds=start))
    end = EPOCH + timedelta(seconds=start + SPAN[Rule.parse(text).freq] - 1)
    rule._until = min(rule._until, end) if rule._until else end
    return [int((d - EPOCH).total_seconds()) for d in islice(rule, MOST)]


@pytest.mark.parametrize("batch", range(8))
def test_members_equal_dateutil(batch: int) -> None:
    compared = 0
    for i in range(cases(700)):
        rng = Random(f"dateutil {batch} {i}")
        found = synchronised(rng)
        if found is None:
            continue
        text, start = found[0], found[1]
        text = with_an_end(text, start, rng)
        mine = ours(text, start)
        rule = Rule.parse(text)
        first_week = rule.freq is Frequency.WEEKLY and rule.by_set_pos
        if mine is None or (first_week and rule.count):
            continue
        theirs = dateutils(text, start)
        if first_week:
            week = start + 7 * DAY
            mine = [t for t in mine if t >= week][:30]
            theirs = [t for t in theirs if t >= week][:30]
            shorter = min(len(mine), len(theirs))
            assert shorter > 20 or len(mine) == len(theirs), text
            mine, theirs = mine[:shorter], theirs[:shorter]
        assert mine == theirs, (text, start)
        compared += 1
    assert compared > cases(700) // 2


@pytest.mark.parametrize("batch", range(4))
def test_members_equal_libical(batch: int) -> None:
    library = libical.library()
    if library is None:
        pytest.skip("libical3 is not installed")
    compared = 0
    for i in range(cases(2500)):
        rng = Random(f"libical {batch} {i}")
        found = synchronised(rng)
        if found is None or not libical.understands(Rule.parse(found[0])):
            continue
        # libical keeps lists as they are written, so they are written in order.
        text, start = Rule.parse(found[0]).format(), found[1]
        mine = ours(text, start)
        if mine is None or start < 366 * DAY:
            continue
        if len(mine) < MOST:
            end = Wall(start + SPAN[Rule.parse(text).freq] - 1)
            text += f";UNTIL={Until(UntilKind.UTC, end).format()}"
        elif i % 3 == 0:
            mine = mine[: 1 + i % 50]
            text += f";COUNT={len(mine)}"
        assert mine == libical.expand(library, text, start, len(mine) or MOST), (text, start)
        compared += 1
    assert compared > cases(2500) // 5


def test_members_equal_the_plain_reading() -> None:
    compared = 0
    for i in range(cases(500)):
        rng = Random(f"plain {i}")
        text = random_rule(rng).replace("BYWEEKNO=", f"BYWEEKNO={rng.choice((-53, -52, 52, 53))},")
        try:
            rule = Rule.parse(text)
        except LimitReached:
            continue
        if rule.freq < Frequency.DAILY:
            continue
        if rule.by_week_no and i % 2 and not (rule.by_month_day or rule.by_year_day):
            text = ";".join(p for p in text.split(";") if not p.startswith("BYDAY"))
        elif rule.freq is Frequency.YEARLY and rule.by_day and not rule.by_week_no:
            text = text.replace("BYDAY=", "BYDAY=53SU,-53MO,WE,2TU,")
        rule, start = Rule.parse(text), random_wall(rng)
        end = start + (7 * 366 if rule.freq is Frequency.YEARLY else 800) * DAY
        begin = EPOCH + timedelta(seconds=start)
        expected = plain_reading.members(rule, begin, EPOCH + timedelta(seconds=end))
        mine = series(text, start).starts(Instant(start), Instant(end))
        assert [EPOCH + timedelta(seconds=t) for t in mine] == expected, (text, start)
        compared += 1
    assert compared > cases(500) // 3

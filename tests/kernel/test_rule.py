"""Rule text: what is read, what is refused with which words, and canonical text."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.kernel.random_rules import random_rule
from tests.kernel.scale import cases

from horarium.kernel.errors import InvalidInput, LimitReached, UnsupportedCapability
from horarium.kernel.instant import wall
from horarium.kernel.limits import Limits
from horarium.kernel.rule import ByDay, Frequency, Rule, Until, UntilKind
from horarium.kernel.weekday import Weekday


def test_every_part_is_read() -> None:
    rule = Rule.parse(
        "wkst=su;bysetpos=-1,1;bymonth=12,1;byweekno=-1,53;byyearday=366,-366;bymonthday=-31;"
        "byday=mo,Tu;byhour=23,0;byminute=59;bysecond=0,60;interval=2;until=20301231T235959Z;"
        "freq=yearly"
    )
    assert rule == Rule(
        freq=Frequency.YEARLY,
        interval=2,
        until=Until(UntilKind.UTC, wall(2030, 12, 31, 23, 59, 59)),
        by_second=(0, 59),
        by_minute=(59,),
        by_hour=(0, 23),
        by_day=(ByDay(0, Weekday.MO), ByDay(0, Weekday.TU)),
        by_month_day=(-31,),
        by_year_day=(-366, 366),
        by_week_no=(-1, 53),
        by_month=(1, 12),
        by_set_pos=(-1, 1),
        wkst=Weekday.SU,
    )
    assert rule.notes == ("second_60_as_59",)


REFUSED = [
    ("", "", ""),
    ("INTERVAL=2", "FREQ", ""),
    ("FREQ=FORTNIGHTLY", "FREQ", "FORTNIGHTLY"),
    ("FREQ=DAILY;FREQ=DAILY", "FREQ", "DAILY"),
    ("FREQ=DAILY;BYHOUR=1;BYHOUR=2", "BYHOUR", "2"),
    ("FREQ=DAILY;BYEASTER=0", "BYEASTER", "0"),
    ("FREQ=DAILY;X-PART=1", "X-PART", "1"),
    ("FREQ=DAILY;", "", ""),
    ("FREQ=DAILY;BYDAY=", "BYDAY", ""),
    ("FREQ=DAILY;BYDAY", "BYDAY", ""),
    ("FREQ=DAILY;BYDAY=MO,,TU", "BYDAY", ""),
    ("FREQ=DAILY;INTERVAL=0", "INTERVAL", "0"),
    ("FREQ=DAILY;INTERVAL=-1", "INTERVAL", "-1"),
    ("FREQ=DAILY;INTERVAL=1.5", "INTERVAL", "1.5"),
    ("FREQ=DAILY;COUNT=0", "COUNT", "0"),
    ("FREQ=DAILY;COUNT=٣", "COUNT", "٣"),
    ("FREQ=DAILY;COUNT=3;UNTIL=20300101", "COUNT", "3"),
    ("FREQ=DAILY;UNTIL=20300230", "UNTIL", "20300230"),
    ("FREQ=DAILY;UNTIL=2030-01-01", "UNTIL", "2030-01-01"),
    ("FREQ=DAILY;BYSECOND=61", "BYSECOND", "61"),
    ("FREQ=DAILY;BYSECOND=-1", "BYSECOND", "-1"),
    ("FREQ=DAILY;BYMINUTE=60", "BYMINUTE", "60"),
    ("FREQ=DAILY;BYHOUR=24", "BYHOUR", "24"),
    ("FREQ=MONTHLY;BYMONTHDAY=0", "BYMONTHDAY", "0"),
    ("FREQ=MONTHLY;BYMONTHDAY=32", "BYMONTHDAY", "32"),
    ("FREQ=MONTHLY;BYMONTHDAY=-32", "BYMONTHDAY", "-32"),
    ("FREQ=YEARLY;BYYEARDAY=0", "BYYEARDAY", "0"),
    ("FREQ=YEARLY;BYYEARDAY=367", "BYYEARDAY", "367"),
    ("FREQ=YEARLY;BYWEEKNO=0", "BYWEEKNO", "0"),
    ("FREQ=YEARLY;BYWEEKNO=54", "BYWEEKNO", "54"),
    ("FREQ=YEARLY;BYMONTH=0", "BYMONTH", "0"),
    ("FREQ=YEARLY;BYMONTH=13", "BYMONTH", "13"),
    ("FREQ=YEARLY;BYMONTH=-1", "BYMONTH", "-1"),
    ("FREQ=MONTHLY;BYDAY=MO;BYSETPOS=0", "BYSETPOS", "0"),
    ("FREQ=MONTHLY;BYDAY=MO;BYSETPOS=367", "BYSETPOS", "367"),
    ("FREQ=MONTHLY;BYDAY=0MO", "BYDAY", "0MO"),
    ("FREQ=YEARLY;BYDAY=54MO", "BYDAY", "54MO"),
    ("FREQ=MONTHLY;BYDAY=XX", "BYDAY", "XX"),
    ("FREQ=DAILY;WKST=8", "WKST", "8"),
    # Combinations.
    ("FREQ=WEEKLY;BYDAY=1MO", "BYDAY", "1MO"),
    ("FREQ=DAILY;BYDAY=-1MO", "BYDAY", "-1MO"),
    ("FREQ=YEARLY;BYWEEKNO=20;BYDAY=1MO", "BYDAY", "1MO"),
    ("FREQ=WEEKLY;BYMONTHDAY=1", "BYMONTHDAY", "1"),
    ("FREQ=DAILY;BYYEARDAY=1", "BYYEARDAY", "1"),
    ("FREQ=WEEKLY;BYYEARDAY=1", "BYYEARDAY", "1"),
    ("FREQ=MONTHLY;BYYEARDAY=1", "BYYEARDAY", "1"),
    ("FREQ=MONTHLY;BYWEEKNO=1", "BYWEEKNO", "1"),
    ("FREQ=SECONDLY;BYWEEKNO=1", "BYWEEKNO", "1"),
    ("FREQ=MONTHLY;BYSETPOS=1", "BYSETPOS", "1"),
    # Octets.
    ("FREQ=DAILY\n", "RRULE", ""),
    ("FREQ=DAILY\x7f", "RRULE", ""),
    ("FREQ=DAILY\udc80", "RRULE", ""),
]


@pytest.mark.parametrize(("text", "part", "value"), REFUSED)
def test_refused_with_part_and_value(text: str, part: str, value: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        Rule.parse(text)
    assert refused.value.part == part
    assert refused.value.value == value
    assert part in refused.value.message
    assert value in refused.value.message


@pytest.mark.parametrize("part", ["RSCALE=GREGORIAN", "SKIP=OMIT", "rscale=chinese"])
def test_other_calendars_are_not_supported(part: str) -> None:
    with pytest.raises(UnsupportedCapability):
        Rule.parse(f"{part};FREQ=YEARLY")


def numbers(n: int) -> str:
    return ",".join(str(1 + k % 366) for k in range(n))


def test_each_limit_at_its_value_and_beyond() -> None:
    assert len(Rule.parse(f"FREQ=YEARLY;BYYEARDAY={numbers(400)}").by_year_day) == 366
    hours = ",".join(map(str, range(24)))
    product = f"FREQ=DAILY;BYHOUR={','.join(map(str, range(10)))};BYMINUTE="
    for text, limits in (
        (f"FREQ=YEARLY;BYYEARDAY={numbers(401)}", Limits()),
        ("FREQ=DAILY;COUNT=10001", Limits()),
        (f"FREQ=DAILY;BYHOUR={hours}", Limits(product=23)),
        (f"{product}0,1", Limits(product=19)),
        ("FREQ=DAILY;INTERVAL=" + "0" * 2027 + "1", Limits(rule_octets=2047)),
    ):
        with pytest.raises(LimitReached) as reached:
            Rule.parse(text, limits)
        assert reached.value.value == reached.value.limit + 1 or reached.value.limit == 19
    Rule.parse("FREQ=DAILY;COUNT=10000")
    Rule.parse(f"FREQ=DAILY;BYHOUR={hours}", Limits(product=24))
    Rule.parse(f"{product}0,1", Limits(product=20))
    with pytest.raises(UnsupportedCapability):
        Rule.parse("FREQ=HOURLY", Limits(sub_daily=False))
    Rule.parse("FREQ=DAILY", Limits(sub_daily=False))


def test_the_product_is_not_built() -> None:
    def run(n: int) -> str:
        return ",".join(map(str, range(n)))

    text = f"FREQ=DAILY;BYHOUR={run(24)};BYMINUTE={run(60)};BYSECOND={run(60)};BYSETPOS=1"
    with pytest.raises(LimitReached):
        Rule.parse(text)


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("interval=1;freq=daily;wkst=mo", "FREQ=DAILY"),
        (
            "BYDAY=SU,-1MO,+2TU;WKST=SU;INTERVAL=3;FREQ=MONTHLY;COUNT=5;BYHOUR=9,8",
            "FREQ=MONTHLY;COUNT=5;INTERVAL=3;BYHOUR=8,9;BYDAY=-1MO,SU,2TU;WKST=SU",
        ),
        ("FREQ=DAILY;UNTIL=20300101", "FREQ=DAILY;UNTIL=20300101"),
        ("FREQ=DAILY;UNTIL=20300101t010203", "FREQ=DAILY;UNTIL=20300101T010203"),
        ("FREQ=DAILY;UNTIL=20300101T010203z", "FREQ=DAILY;UNTIL=20300101T010203Z"),
    ],
)
def test_canonical_text(text: str, canonical: str) -> None:
    assert Rule.parse(text).format() == canonical


def test_canonical_text_reads_back() -> None:
    for i in range(cases(2000)):
        try:
            rule = Rule.parse(random_rule(Random(f"format {i}")))
        except LimitReached:
            continue
        assert Rule.parse(rule.format()) == rule
        assert Rule.parse(rule.format()).format() == rule.format()


PIECES = (
    *("FREQ=", "YEARLY", "SECONDLY", ";", ",", "=", "BYDAY", "BYSETPOS=", "-1", "MO", "53SU"),
    *("9" * 30, "UNTIL=", "20260101T000000Z", "COUNT=1", "INTERVAL=", "0", "\x00", "é", "WKST="),
    "BYMONTH=2",
)
pieces = st.lists(st.sampled_from(PIECES), max_size=14)


@given(st.text(max_size=60) | pieces.map("".join))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        rule = Rule.parse(text)
    except (InvalidInput, LimitReached, UnsupportedCapability):
        return
    assert Rule.parse(rule.format()) == rule


def test_the_constructor_validates() -> None:
    with pytest.raises(InvalidInput):
        Rule(freq=Frequency.DAILY, interval=0)
    with pytest.raises(InvalidInput):
        Rule(freq=Frequency.WEEKLY, by_month_day=(1,))

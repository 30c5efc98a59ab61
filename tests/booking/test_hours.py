"""Working hours."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from horarium.booking.hours import parse_hours
from horarium.kernel.errors import InvalidInput
from horarium.kernel.instant import Instant, parse_instant
from horarium.kernel.period import Period
from horarium.kernel.zone import UTC, named

EXAMPLE = """
mon-fri 08:00-18:00
sat 09:00-12:00,13:00-15:00
closed 2026-12-24..2026-12-26
open 2026-12-27 10:00-14:00
"""


def opened(text: str, start: str, end: str, zone: str = "UTC") -> list[tuple[str, str]]:
    periods = parse_hours(text).open_periods(parse_instant(start), parse_instant(end), named(zone))
    from horarium.kernel.instant import format_instant

    return [(format_instant(p.start), format_instant(p.end)) for p in periods]


def test_the_example() -> None:
    found = opened(EXAMPLE, "2026-12-18T00:00:00Z", "2026-12-29T00:00:00Z")
    assert found == [
        ("2026-12-18T08:00:00Z", "2026-12-18T18:00:00Z"),
        ("2026-12-19T09:00:00Z", "2026-12-19T12:00:00Z"),
        ("2026-12-19T13:00:00Z", "2026-12-19T15:00:00Z"),
        ("2026-12-21T08:00:00Z", "2026-12-21T18:00:00Z"),
        ("2026-12-22T08:00:00Z", "2026-12-22T18:00:00Z"),
        ("2026-12-23T08:00:00Z", "2026-12-23T18:00:00Z"),
        ("2026-12-27T10:00:00Z", "2026-12-27T14:00:00Z"),
        ("2026-12-28T08:00:00Z", "2026-12-28T18:00:00Z"),
    ]


def test_the_last_line_that_names_a_day_wins() -> None:
    text = "mon-sun 00:00-24:00\nclosed 2026-03-01..2026-03-10\nopen 2026-03-05 10:00-11:00"
    assert opened(text, "2026-03-02T00:00:00Z", "2026-03-09T00:00:00Z") == [
        ("2026-03-05T10:00:00Z", "2026-03-05T11:00:00Z")
    ]
    turned = "open 2026-03-05 10:00-11:00\nclosed 2026-03-01..2026-03-10"
    assert opened(turned, "2026-03-02T00:00:00Z", "2026-03-09T00:00:00Z") == []


def test_touching_ranges_are_joined_and_days_run_on() -> None:
    found = opened(
        "mon-sun 00:00-12:00,12:00-24:00", "2026-03-02T05:00:00Z", "2026-03-09T07:00:00Z"
    )
    assert found == [("2026-03-02T05:00:00Z", "2026-03-09T07:00:00Z")]


def test_hours_are_those_of_the_zone_over_a_change_of_clocks() -> None:
    found = opened("sun 01:00-04:00", "2026-03-28T00:00:00Z", "2026-04-06T00:00:00Z", "Europe/Oslo")
    assert found == [
        ("2026-03-29T00:00:00Z", "2026-03-29T02:00:00Z"),
        ("2026-04-04T23:00:00Z", "2026-04-05T02:00:00Z"),
    ]


def test_days_may_be_listed_and_wrap() -> None:
    hours = parse_hours("sat-mon,wed 10:00-11:00")
    assert [bool(day) for day in hours.weekdays] == [True, False, True, False, False, True, True]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", 1),
        ("mon", 1),
        ("mon-fri 8-18", 1),
        ("mon 18:00-08:00", 1),
        ("mon 08:00-25:00", 1),
        ("mon 08:00", 1),
        ("mon 08:00-09:00\nmun 08:00-09:00", 2),
        ("closed 2026-02-30", 1),
        ("closed 2026-03-02..2026-03-01", 1),
        ("closed", 1),
        ("open 2026-03-01", 1),
        ("mon 08:60-09:00", 1),
    ],
)
def test_other_lines_are_refused_with_their_number(text: str, line: int) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_hours(text)
    assert caught.value.part == f"line {line}"


@given(st.integers(0, 10**9), st.integers(1, 30 * 86_400), st.integers(0, 30 * 86_400))
def test_what_is_open_does_not_depend_on_how_it_is_asked(at: int, length: int, cut: int) -> None:
    hours = parse_hours(EXAMPLE)
    oslo = named("Europe/Oslo")
    whole = hours.open_periods(Instant(at), Instant(at + length), oslo)
    middle = Instant(at + min(cut, length - 1))
    if middle > at:
        left = hours.open_periods(Instant(at), middle, oslo)
        right = hours.open_periods(middle, Instant(at + length), oslo)
        assert left.union(right) == whole
    assert all(Period(p.start, p.end) for p in whole)
    assert hours.open_periods(Instant(at), Instant(at + 1), UTC).total() in (0, 1)


_words = st.sampled_from(
    [
        "mon-fri",
        "sat,sun",
        "08:00-18:00",
        "18:00-08:00",
        "closed",
        "open",
        "2026-12-24",
        "..",
        "24:00",
    ]
)


@given(st.text() | st.lists(st.lists(_words, max_size=3).map(" ".join)).map("\n".join))
def test_any_text_is_read_or_refused_with_its_line(text: str) -> None:
    days, part = 0, ""
    try:
        days = len(parse_hours(text).weekdays)
    except InvalidInput as error:
        part = error.part
    assert days == 7 or part.startswith("line ")

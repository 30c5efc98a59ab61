"""Moments as people write and read them."""

import pytest

from horarium.kernel.errors import InvalidInput
from horarium.kernel.instant import format_instant, parse_instant
from horarium.kernel.zone import named
from horarium.runtime.moments import (
    format_moment,
    format_span,
    parse_moment,
    parse_relative_moment,
)

OSLO = named("Europe/Oslo")


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-03-29T01:30:00Z", "2026-03-29T01:30:00Z"),
        ("2026-03-29T01:30:00+02:00", "2026-03-28T23:30:00Z"),
        ("2026-03-01 02:30", "2026-03-01T01:30:00Z"),
        ("2026-07-01T02:30:15", "2026-07-01T00:30:15Z"),
        ("2026-07-01", "2026-06-30T22:00:00Z"),
        ("2026-03-29 02:30", "2026-03-29T01:30:00Z"),  # skipped by the clocks: moved on
        ("now", "2026-03-02T12:00:00Z"),
        ("+2h", "2026-03-02T14:00:00Z"),
        ("-P1D", "2026-03-01T12:00:00Z"),
        ("today", "2026-03-01T23:00:00Z"),
        ("tomorrow 9:00", "2026-03-03T08:00:00Z"),
    ],
)
def test_moments(text: str, instant: str) -> None:
    now = parse_instant("2026-03-02T12:00:00Z")
    assert format_instant(parse_relative_moment(text, OSLO, now)) == instant


@pytest.mark.parametrize("text", ["", "soon", "2026-02-30", "2026-01-01 25:00", "12:00"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        parse_moment(text, OSLO)
    with pytest.raises(InvalidInput):
        parse_relative_moment(text, OSLO, parse_instant("2026-03-02T12:00:00Z"))


def test_what_people_read() -> None:
    at = parse_instant
    assert format_moment(at("2026-03-02T09:14:00Z"), OSLO) == "2026-03-02 10:14+01:00 Europe/Oslo"
    assert format_moment(at("2026-03-02T09:14:07Z"), OSLO).startswith("2026-03-02 10:14:07+01:00")
    nine, noon = at("2026-03-05T08:00:00Z"), at("2026-03-05T11:00:00Z")
    assert format_span(nine, noon, OSLO) == "2026-03-05 09:00-12:00 +01:00"
    late = at("2026-03-28T22:00:00Z")
    assert format_span(late, at("2026-03-28T23:30:00Z"), OSLO) == (
        "2026-03-28 23:00-2026-03-29 00:30 +01:00"
    )
    assert format_span(late, at("2026-03-29T02:00:00Z"), OSLO) == (
        "2026-03-28 23:00+01:00 - 2026-03-29 04:00+02:00"
    )

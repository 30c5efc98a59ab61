"""Values of RFC 5545 3.3: every form, and every impossible one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.ical.ical_text import plain

from horarium.ical.contentline import parse_line
from horarium.ical.values import (
    DateTimeValue,
    DateValue,
    Kind,
    RequestStatus,
    escape_text,
    format_offset,
    format_utc,
    parse_date,
    parse_date_or_date_time,
    parse_date_time,
    parse_ical_duration,
    parse_integer,
    parse_offset,
    parse_period,
    parse_request_status,
    unescape_text,
)
from horarium.kernel.duration import Duration
from horarium.kernel.errors import InvalidInput
from horarium.kernel.instant import Instant, wall


@given(plain)
def test_text_round_trips(text):
    escaped = escape_text(text)
    assert "\n" not in escaped
    assert unescape_text(escaped) == text


@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        ("a\\, b\\; c\\\\ d\\n e\\N f", "a, b; c\\ d\n e\n f"),
        ("a, b; c", "a, b; c"),
        ("\\\\n", "\\n"),
        ("C:\\temp", "C:\\temp"),
        ("end\\", "end\\"),
        ("10\\:30", "10:30"),
    ],
)
def test_text_is_unescaped_once(sent, meant):
    assert unescape_text(sent) == meant


@given(st.text())
def test_no_text_escapes_its_line(text):
    escaped = escape_text(text)
    assert not any((c < " " and c != "\t") or c == "\x7f" for c in escaped)


def test_line_breaks_of_all_kinds_are_one():
    assert escape_text("a\r\nb\rc\nd") == "a\\nb\\nc\\nd"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("20260331T090000Z", DateTimeValue(wall(2026, 3, 31, 9), Kind.UTC)),
        ("20260331T090000", DateTimeValue(wall(2026, 3, 31, 9), Kind.FLOATING)),
        ("20260331t235960z", DateTimeValue(wall(2026, 3, 31, 23, 59, 59), Kind.UTC)),
        ("19000101T000000", DateTimeValue(wall(1900, 1, 1), Kind.FLOATING)),
        ("99981231T235959", DateTimeValue(wall(9998, 12, 31, 23, 59, 59), Kind.FLOATING)),
        ("20240229T000000", DateTimeValue(wall(2024, 2, 29), Kind.FLOATING)),
    ],
)
def test_date_times(text, value):
    assert parse_date_time(text) == value


@pytest.mark.parametrize(
    "text",
    [
        "20260230T000000",
        "20260229T000000",
        "20261301T000000",
        "20260100T000000",
        "20260101T240000",
        "20260101T006000",
        "20260101T000061",
        "18991231T235959",
        "99990101T000000",
        "00000101T000000",
        "20260101",
        "20260101T0000",
        "20260101T000000+01",
        "2026-01-01T00:00:00",
        "20260101 000000",
        "",
        "\u0662\u0660260101T000000",
        "20260101T000000Z\n",
        " 20260101T000000Z",
    ],
)
def test_no_such_date_time(text):
    with pytest.raises(InvalidInput):
        parse_date_time(text)


def test_a_zone_is_kept_and_z_wins_over_it():
    zoned = parse_date_time("20260331T090000", "Europe/Oslo")
    assert (zoned.kind, zoned.tzid) == (Kind.ZONED, "Europe/Oslo")
    utc = parse_date_time("20260331T090000Z", "Europe/Oslo")
    assert (utc.kind, utc.tzid) == (Kind.UTC, None)


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("DTSTART;VALUE=DATE:20260331", DateValue(20543)),
        ("DTSTART;VALUE=date:20260331", DateValue(20543)),
        ("DTSTART:20260331", DateValue(20543)),
        ("DTSTART;VALUE=DATE;TZID=Europe/Oslo:20260331", DateValue(20543)),
        ("DTSTART: 20260331T000000Z ", DateTimeValue(wall(2026, 3, 31), Kind.UTC)),
        ("DTSTART;VALUE=DATE-TIME:20260331T000000Z", DateTimeValue(wall(2026, 3, 31), Kind.UTC)),
    ],
)
def test_date_or_date_time(line, value):
    assert parse_date_or_date_time(parse_line(line)) == value


@pytest.mark.parametrize(
    "line",
    [
        "DTSTART;VALUE=DATE:20260331T000000",
        "DTSTART;VALUE=DATE-TIME:20260331",
        "DTSTART;VALUE=PERIOD:20260331T000000Z/PT1H",
        "DTSTART;VALUE=DATE:20260230",
        "DTSTART:",
    ],
)
def test_value_type_and_text_must_fit(line):
    with pytest.raises(InvalidInput) as caught:
        parse_date_or_date_time(parse_line(line))
    assert caught.value.part == "DTSTART"


@given(st.integers(-25_567, 2_932_531))
def test_dates_round_trip(day):
    assert parse_date(DateValue(day).format()) == DateValue(day)


@given(st.integers(-2_208_988_800, 253_370_764_799))
def test_instants_round_trip(seconds):
    read = parse_date_time(format_utc(Instant(seconds)))
    assert (read.wall, read.kind) == (seconds, Kind.UTC)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("PT1H", Duration(0, 3600)),
        ("P1D", Duration(1, 0)),
        ("P2W", Duration(14, 0)),
        ("P1DT2H3M4S", Duration(1, 7384)),
        ("+PT15M", Duration(0, 900)),
        ("-PT15M", Duration(0, -900)),
        ("PT0S", Duration(0, 0)),
        ("P0D", Duration(0, 0)),
        ("pt90m", Duration(0, 5400)),
    ],
)
def test_durations(text, value):
    assert parse_ical_duration(text) == value


@pytest.mark.parametrize(
    "text",
    [
        "",
        "P",
        "PT",
        "P1DT",
        "1H",
        "90m",
        "P1H",
        "PT1D",
        "P1W2D",
        "PT1.5H",
        "P-1D",
        "PT1H x",
        "P9999999999D",
    ],
)
def test_no_durations(text):
    with pytest.raises(InvalidInput):
        parse_ical_duration(text)


def test_periods():
    explicit = parse_period("20260101T090000Z/20260101T100000Z")
    assert explicit.end == DateTimeValue(wall(2026, 1, 1, 10), Kind.UTC)
    lasting = parse_period("20260101T090000/PT1H", "Europe/Oslo")
    assert lasting.start.tzid == "Europe/Oslo"
    assert lasting.end == Duration(0, 3600)


@pytest.mark.parametrize(
    "text",
    [
        "20260101T090000Z",
        "20260101T090000Z/",
        "20260101T090000Z/PT0S",
        "20260101T090000Z/-PT1H",
        "20260101/20260102",
        "/PT1H",
        "20260101T090000Z/20260101T100000Z/PT1H",
    ],
)
def test_no_periods(text):
    with pytest.raises(InvalidInput):
        parse_period(text)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("+0000", 0),
        ("-0000", 0),
        ("+0530", 19800),
        ("-0930", -34200),
        ("+235959", 86399),
        ("-001815", -1095),
        ("+1400", 50400),
    ],
)
def test_offsets(text, seconds):
    assert parse_offset(text) == seconds


@pytest.mark.parametrize(
    "text",
    ["+2400", "+70000", "+7000000", "0530", "+05:30", "+5", "+0560", "+053060", "", "++0530"],
)
def test_no_offsets(text):
    with pytest.raises(InvalidInput):
        parse_offset(text)


@given(st.integers(-86399, 86399))
def test_offsets_round_trip(seconds):
    assert parse_offset(format_offset(seconds)) == seconds


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0),
        ("-3", -3),
        ("+7", 7),
        (" 1749567600 ", 1749567600),
        ("999999999999999999", 999999999999999999),
    ],
)
def test_integers(text, value):
    assert parse_integer(text) == value


@pytest.mark.parametrize("text", ["", "1.0", "x", "1e3", "9" * 19, "9" * 100_000, "\u0661", "1_0"])
def test_no_integers(text):
    with pytest.raises(InvalidInput):
        parse_integer(text)


@given(st.sampled_from(["2.0", "3.1", "2.11", "3.7.1"]), plain, plain)
def test_request_status_round_trips(code, text, data):
    status = RequestStatus(code, text, data)
    assert parse_request_status(status.format()) == status


def test_request_status_of_others():
    assert parse_request_status("2.0;Success") == RequestStatus("2.0", "Success")
    assert parse_request_status("3.7;No; such: user;ATTENDEE:x;y") == RequestStatus(
        "3.7", "No", " such: user;ATTENDEE:x;y"
    )
    with pytest.raises(InvalidInput):
        parse_request_status("success")

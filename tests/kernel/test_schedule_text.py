"""The text and the keys of a schedule: read, written, read again; mistakes and their places."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, datetime, time
from hashlib import sha256
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.kernel.scale import cases
from tests.kernel.test_schedule_accounting import FURTHER, KINDS

from horarium.kernel.errors import HorariumError, InvalidInput, LimitReached
from horarium.kernel.schedule import At, CatchUp, CatchUpKind, Schedule, Type
from horarium.kernel.schedule_keys import (
    KEYS,
    digest,
    schedule_from_table,
    schedule_json,
    schedule_to_table,
)
from horarium.kernel.schedule_text import BadSchedule, parse_schedule
from horarium.kernel.schedule_writing import format_schedule
from horarium.kernel.weekday import Weekday

# As written, as written canonically, and as canonical JSON.
FORMS = [
    ("never", "never", {}),
    ("AT 2026-12-01 08:30", "at 2026-12-01T08:30", {"at": "2026-12-01 08:30"}),
    ("at 2026-12-01T09:30:00+01:00", "at 2026-12-01T08:30:00Z", {"at": "2026-12-01T08:30:00Z"}),
    ("at +PT90M", "at +1h30m", {"at": "+1h30m"}),
    ("daily", "daily", {}),
    ("Daily Mon,tue,WED start 0:00", "daily MO-WE", {"days": "mo-we"}),
    ("daily FR-MO", "daily MO,FR-SU", {"days": "mo,fr-su"}),
    (
        "daily MO-FR window 01:00-24:00 every 1h zone Europe/Oslo",
        "daily MO-FR window 01:00-24:00 every 1h zone Europe/Oslo",
        {"days": "mo-fr", "start": "01:00", "end": "24:00", "repeat": 3600, "zone": "Europe/Oslo"},
    ),
    (
        "daily random window window 22:00 - 06:00",
        "daily window 22:00-06:00 random window",
        {"start": "22:00", "end": "06:00", "random": True},
    ),
    (
        "weekly MO 00:00 - FR 24:00",
        "weekly MO 00:00 - FR 24:00",
        {"day": "mo", "start": "00:00", "end_day": "fr", "end": "24:00"},
    ),
    ("weekly sun 9:30:15", "weekly SU 09:30:15", {"day": "su", "start": "09:30:15"}),
    (
        "monthly 31 window 02:30-03:00",
        "monthly 31 window 02:30-03:00",
        {"day": 31, "start": "02:30", "end": "03:00"},
    ),
    ("monthly LAST", "monthly last", {"day": "last"}),
    ("yearly 02-29 start 12:00", "yearly 02-29 start 12:00", {"date": "02-29", "start": "12:00"}),
    ("yearly 02-last", "yearly 02-last", {"date": "02-last"}),
    (
        "interval PT1H30M anchor 2026-03-02T13:15:00Z",
        "interval 1h30m anchor 2026-03-02T13:15:00Z",
        {"every": 5400, "anchor": "2026-03-02T13:15:00Z"},
    ),
    (
        "periodic 1:00 overlap queue_one",
        "periodic 01:00 overlap queue_one",
        {"every": 3600, "overlap": "queue_one"},
    ),
    ("periodic 255:00", "periodic 255:00", {"every": 918_000}),
    ("immediately every 6h", "immediately every 6h", {"repeat": 21_600}),
    ('cron "@daily"', 'cron "0 0 * * *"', {"cron": "0 0 * * *"}),
    ('cron "*/5  2 * jan mon-fri"', 'cron "*/5 2 * JAN MON-FRI"', {"cron": "*/5 2 * JAN MON-FRI"}),
    (
        'rrule "DTSTART;TZID=Europe/Paris:20260105T090000 RRULE:FREQ=WEEKLY"',
        'rrule "DTSTART;TZID=Europe/Paris:20260105T090000 RRULE:FREQ=WEEKLY"',
        {"rrule": "DTSTART;TZID=Europe/Paris:20260105T090000\nRRULE:FREQ=WEEKLY"},
    ),
    (
        'rrule "RRULE:INTERVAL=1;FREQ=DAILY EXDATE:20260106T090000Z DTSTART:20260105T090000Z"',
        'rrule "DTSTART:20260105T090000Z RRULE:FREQ=DAILY EXDATE:20260106T090000Z"',
        {"rrule": "DTSTART:20260105T090000Z\nRRULE:FREQ=DAILY\nEXDATE:20260106T090000Z"},
    ),
    ("on third.party-1", "on third.party-1", {"signal": "third.party-1"}),
    (
        "daily disabled seed house until 2027-01-02 from 2026-01-02 except a except b"
        " late_outside_window on_crash rerun overlap allow catch_up all 5 within 1d deadline 2h"
        " grace 90s fold both",
        "daily fold both grace 1m30s deadline 2h catch_up all 5 within 1d overlap allow"
        " on_crash rerun late_outside_window except a except b from 2026-01-02 until 2027-01-02"
        " seed house disabled",
        {
            "fold": "both",
            "grace": 90,
            "deadline": 7200,
            "catch_up": {"all": 5, "within": 86_400},
            "overlap": "allow",
            "on_crash": "rerun",
            "late_outside_window": True,
            "except": ["a", "b"],
            "from": "2026-01-02",
            "until": "2027-01-02",
            "seed": "house",
            "enabled": False,
        },
    ),
    ("daily gap at_end fold first grace 60s catch_up once overlap skip", "daily", {}),
    ("daily zone europe/oslo", "daily zone Europe/Oslo", {"zone": "Europe/Oslo"}),
    (
        "on boom window 08:00-17:00 outside drop",
        "on boom window 08:00-17:00 outside drop",
        {"signal": "boom", "start": "08:00", "end": "17:00", "outside": "drop"},
    ),
    ("daily catch_up all zone RECEIVER", "daily zone receiver catch_up all",
     {"zone": "receiver", "catch_up": {"all": 100, "within": 604_800}}),
]  # fmt: skip


@pytest.mark.parametrize(("text", "canonical", "keys"), FORMS)
def test_forms(text: str, canonical: str, keys: dict[str, object]) -> None:
    found = parse_schedule(text)
    assert format_schedule(found) == canonical
    assert parse_schedule(canonical) == found
    table = {"type": canonical.split()[0], **keys}
    assert schedule_to_table(found) == table
    assert next(iter(schedule_to_table(found))) == "type"
    assert schedule_from_table(table) == found
    assert schedule_from_table(json.loads(schedule_json(found))) == found


def test_reboot_is_the_signal_of_the_start() -> None:
    assert parse_schedule('cron "@reboot"') == parse_schedule("on start")
    assert schedule_from_table({"type": "cron", "cron": "@reboot"}) == parse_schedule("on start")


def test_what_means_the_same_is_equal_and_has_one_digest() -> None:
    same = [
        parse_schedule("interval 1h window 08:00-24:00"),
        parse_schedule("interval 60m start 08:00"),
        schedule_from_table({"type": "interval", "every": "PT1H", "start": "08:00"}),
    ]
    assert len({digest(s) for s in same}) == 1
    assert len(set(same)) == 1
    assert digest(same[0]) != digest(parse_schedule("interval 1h"))
    assert digest(parse_schedule("NEVER")) == sha256(b"never").hexdigest()


@pytest.mark.parametrize(
    ("text", "line", "column", "said"),
    [
        ("", 1, 1, "found the end, expected a type"),
        ("dayly", 1, 1, "found 'dayly', expected a type"),
        ("daily window 25:00-26:00", 1, 14, "expected a time of day"),
        ("daily window 01:00", 1, 19, "found the end, expected - and the end"),
        ("daily\n  zon Europe/Oslo", 2, 3, "found 'zon', expected weekdays"),
        ("daily\nzone Mars/Olympus", 2, 1, "there is no zone"),
        ("daily grace 5x", 1, 13, "expected a duration"),
        ("daily grace 1m grace 2m", 1, 16, "at most once"),
        ("daily start 01:00 window 01:00-02:00", 1, 19, "at most once"),
        ("daily every 0s", 1, 7, "at least one second"),
        ("daily MO-XX", 1, 7, "weekdays"),
        ("monthly 32", 1, 9, "1 to 31"),
        ("yearly 02-30", 1, 8, "that month can have"),
        ("yearly 04-31", 1, 8, "that month can have"),
        ("yearly 13-01", 1, 8, "01 to 12"),
        ("periodic 00:00", 1, 10, "00:01 to 255:00"),
        ("periodic 255:01", 1, 10, "00:01 to 255:00"),
        ("periodic 01:60", 1, 10, "00:01 to 255:00"),
        ("periodic 1", 1, 10, "00:01 to 255:00"),
        ("periodic -1:00", 1, 10, "00:01 to 255:00"),
        ('cron "0 0 30 2 *"', 1, 6, "satisfies"),
        ('cron "60 * * * *"', 1, 6, "minute"),
        ('cron "* * * *"', 1, 6, "five fields"),
        ('cron "*/0 * * * *"', 1, 6, "step"),
        ('cron "5-1 * * * *"', 1, 6, "goes up"),
        ("cron 0 0 * * *", 1, 6, "in quotes"),
        ('rrule "RRULE:FREQ=DAILY"', 1, 7, "DTSTART is missing"),
        ('rrule "DTSTART:20260230T000000 RRULE:FREQ=DAILY"', 1, 7, "no date"),
        ('rrule "DTSTART:20260105T000000 RRULE:FREQ=DAILY;INTERVAL=0"', 1, 7, "INTERVAL"),
        ('rrule "DTSTART;TZID=Mars/X:20260105T000000"', 1, 7, "Mars"),
        ("on Boom!", 1, 4, "signal"),
        ("at 2026-02-30T00:00", 1, 4, "a moment like"),
        ("at 2026-02-03T00:00 window 01:00-02:00", 1, 21, "time of day of at"),
        ("at +1h window 01:00-02:00", 1, 8, "use for"),
        ("weekly MO 09:00 window 01:00-02:00", 1, 17, "its own times"),
        ("weekly MO 09:00 every 1h", 1, 17, "does not take it"),
        ("daily window 01:00-02:00 for 1h", 1, 26, "beside an end"),
        ('rrule "DTSTART:20260105T000000Z DURATION:PT1H" for 1h', 1, 48, "beside DTEND"),
        ("daily random window", 1, 7, "needs an end"),
        ("interval 1h random window", 1, 13, "no window to choose in"),
        ("interval 1s random 1d", 1, 13, "spans more"),
        ("daily window 01:00-02:00 fold both", 1, 26, "not for windows"),
        ('cron "*/5 * * * *" gap skip', 1, 20, "literally"),
        ("daily outside drop", 1, 7, "type on"),
        ("daily from 2026-02-02 until 2026-02-01", 1, 23, "before from"),
        ("never start 01:00", 1, 7, "no window"),
        ("daily catch_up twice", 1, 16, "once, none or all"),
        ("daily catch_up all 0", 1, 16, "1 to 10000"),
        ("daily except a except a", 1, 16, "twice"),
    ],
)
def test_mistakes_are_named_with_their_place(text: str, line: int, column: int, said: str) -> None:
    with pytest.raises(BadSchedule) as caught:
        parse_schedule(text)
    assert said in str(caught.value)
    assert (caught.value.line, caught.value.column) == (line, column), str(caught.value)


@pytest.mark.parametrize(
    ("table", "key", "said"),
    [
        ({"type": "daily", "zon": "UTC"}, "zon", "did you mean 'zone'"),
        ({"type": "daily", "repeats": "1h"}, "repeats", "did you mean 'repeat'"),
        ({"type": "daily", "xyzzy": 1}, "xyzzy", "is no key"),
        ({"start": "01:00"}, "type", "needs it"),
        ({"type": "dayly"}, "type", "one of"),
        ({"type": "daily", "start": 1}, "start", "a text"),
        ({"type": "daily", "start": "24:30"}, "start", "time of day"),
        ({"type": "daily", "every": "1h"}, "every", "does not take it"),
        ({"type": "daily", "enabled": "no"}, "enabled", "true or false"),
        ({"type": "monthly", "day": 0}, "day", "1 to 31"),
        ({"type": "monthly", "day": True}, "day", "1 to 31"),
        ({"type": "monthly"}, "day", "needs it"),
        ({"type": "interval", "every": 0}, "every", "at least one second"),
        ({"type": "periodic", "every": 90}, "every", "whole minutes"),
        ({"type": "daily", "catch_up": {"all": 3, "since": 2}}, "catch_up", "within"),
        ({"type": "daily", "days": []}, "days", "at least one"),
    ],
)
def test_mistakes_in_tables(table: dict[str, object], key: str, said: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        schedule_from_table(table)
    assert said in str(caught.value)
    assert caught.value.part == key


def test_values_that_toml_has_as_its_own() -> None:
    found = schedule_from_table(
        {"type": "daily", "start": time(1, 30), "from": date(2026, 3, 1), "days": ["mon", "WE"]}
    )
    assert format_schedule(found) == "daily MO,WE start 01:30 from 2026-03-01"
    single = schedule_from_table({"type": "at", "at": datetime(2026, 12, 1, 8, 30)})
    assert format_schedule(single) == "at 2026-12-01T08:30"


def test_every_key_is_read() -> None:
    assert set(KEYS) >= {
        "type",
        "for",
        "catch_up",
        "late_outside_window",
        "outside",
        "except",
        "seed",
    }


def test_a_line_has_a_limit() -> None:
    line = "daily except " + "x" * 200
    text = line + " " * (4096 - len(line))
    assert parse_schedule(text).excepted == ("x" * 200,)
    with pytest.raises(LimitReached):
        parse_schedule(text + " ")


def test_values_are_checked_when_made() -> None:
    assert Schedule(type=Type.DAILY, days=(Weekday.TU, Weekday.MO)).days == (Weekday.MO, Weekday.TU)
    with pytest.raises(InvalidInput):
        Schedule(type=Type.PERIODIC, every=61)
    with pytest.raises(InvalidInput):
        At()
    with pytest.raises(InvalidInput):
        CatchUp(CatchUpKind.ALL, 0)
    with pytest.raises(AttributeError):
        Schedule(type=Type.NEVER).type = Type.DAILY  # type: ignore[misc]


@pytest.mark.parametrize("kind", KINDS)
def test_round_trips(kind: str) -> None:
    rng = Random(kind)
    for _ in range(cases(20)):
        text = " ".join([kind, *rng.sample(FURTHER, 2), rng.choice(("", "zone Asia/Tokyo seed x"))])
        found = parse_schedule(text)
        assert parse_schedule(format_schedule(found)) == found
        assert schedule_from_table(schedule_to_table(found)) == found
        assert format_schedule(parse_schedule(format_schedule(found))) == format_schedule(found)
        assert replace(found) == found
        assert replace(found, zone="Asia/Tokyo").zone == "Asia/Tokyo"


PIECES = (
    "daily weekly at monthly cron rrule on window every for MO-FR 01:00 - 02:00 1h 31 last",
    '" "0 0 * * *" zone UTC random grace catch_up all 5 within except x from 2026-01-01 +1h é',
)
WORDS = st.sampled_from([*" ".join(PIECES).split(), "\n"])


@given(st.lists(WORDS, max_size=12).map(" ".join) | st.text(max_size=60))
@settings(max_examples=cases(300), deadline=None)
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        found = parse_schedule(text)
    except HorariumError:
        return
    assert parse_schedule(format_schedule(found)) == found


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner),
    max_leaves=4,
)


@given(
    st.sampled_from([kind.value for kind in Type]),
    st.dictionaries(st.sampled_from(sorted(set(KEYS) - {"type"})), VALUES, max_size=4),
)
@settings(max_examples=cases(400), deadline=None)
def test_any_table_is_read_or_refused(kind: str, table: dict[str, object]) -> None:
    try:
        found = schedule_from_table({"type": kind, **table})
    except HorariumError:
        return
    assert schedule_from_table(schedule_to_table(found)) == found
    assert len(digest(found)) == 64


def test_names_are_text_that_can_be_written() -> None:
    for name in ("a b", "", 'a"b', "\ud800", "a\x00b"):
        with pytest.raises(InvalidInput):
            schedule_from_table({"type": "daily", "seed": name})
        with pytest.raises(InvalidInput):
            schedule_from_table({"type": "daily", "except": [name]})

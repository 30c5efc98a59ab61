"""VTIMEZONE: what it defines, what it may not define, and that reading it is bounded."""

import random
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from tests.growth import growth
from tests.ical.ical_text import definition, fixed

from horarium.ical.component import parse, serialize
from horarium.ical.vtimezone import compile_vtimezone, read_definition, write_vtimezone
from horarium.kernel.errors import InvalidInput
from horarium.kernel.instant import Instant, Wall, wall
from horarium.kernel.zone import named

BERLIN = definition(
    "W. Europe Standard Time",
    (
        "STANDARD",
        "DTSTART:16010101T030000",
        "TZOFFSETFROM:+0200",
        "TZOFFSETTO:+0100",
        "RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=10",
    ),
    (
        "DAYLIGHT",
        "DTSTART:16010101T020000",
        "TZOFFSETFROM:+0100",
        "TZOFFSETTO:+0200",
        "RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=3",
    ),
)
EASTERN = definition(
    "Eastern",
    (
        "STANDARD",
        "DTSTART:19501029T020000",
        "TZOFFSETFROM:-0400",
        "TZOFFSETTO:-0500",
        "RRULE:FREQ=YEARLY;BYMINUTE=0;BYHOUR=2;BYDAY=-1SU;BYMONTH=10",
    ),
    (
        "DAYLIGHT",
        "DTSTART:19500402T020000",
        "TZOFFSETFROM:-0500",
        "TZOFFSETTO:-0400",
        "RRULE:FREQ=YEARLY;BYMINUTE=0;BYHOUR=2;BYDAY=1SU;BYMONTH=4",
    ),
)
NEW_YORK = definition(
    "New York by spans",
    (
        "DAYLIGHT",
        "DTSTART:19870405T020000",
        "TZOFFSETFROM:-0500",
        "TZOFFSETTO:-0400",
        "RRULE:FREQ=YEARLY;BYMONTH=4;BYDAY=1SU;UNTIL=20060402T070000Z",
    ),
    (
        "STANDARD",
        "DTSTART:19671029T020000",
        "TZOFFSETFROM:-0400",
        "TZOFFSETTO:-0500",
        "RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU;UNTIL=20061029T060000Z",
    ),
    (
        "DAYLIGHT",
        "DTSTART:20070311T020000",
        "TZOFFSETFROM:-0500",
        "TZOFFSETTO:-0400",
        "RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=2SU",
    ),
    (
        "STANDARD",
        "DTSTART:20071104T020000",
        "TZOFFSETFROM:-0400",
        "TZOFFSETTO:-0500",
        "RRULE:FREQ=YEARLY;BYMONTH=11;BYMONTHDAY=1,2,3,4,5,6,7;BYDAY=SU",
    ),
)


def component(lines):
    return parse("\r\n".join((*lines, "")).encode())[0]


def offset(zone, *at):
    return zone.offset_at(Instant(wall(*at)))


def test_outlook_rules_from_1601_are_those_of_berlin():
    zone = compile_vtimezone(component(BERLIN))
    berlin = named("Europe/Berlin")
    for year in range(1997, 2150):
        for month in range(1, 13):
            for day in (1, 28):
                at = Instant(wall(year, month, day, 12))
                assert zone.offset_at(at) == berlin.offset_at(at)


def test_rules_go_on_beyond_the_last_onset():
    zone = compile_vtimezone(component(BERLIN))
    assert offset(zone, 2400, 7, 1) == 7200
    assert offset(zone, 9000, 1, 1) == 3600


def test_a_far_year_is_the_same_whichever_way_it_is_reached():
    near = compile_vtimezone(component(BERLIN))
    for year in range(2026, 3000):
        near.offset_at(Instant(wall(year, 7, 1)))
    far = compile_vtimezone(component(BERLIN))
    far.offset_at(Instant(wall(9998, 7, 1)))
    start, end = Instant(wall(2970, 1, 1)), Instant(wall(3000, 1, 1))
    assert near.transitions(start, end) == far.transitions(start, end)
    assert len(far.transitions(start, end)) == 60


def test_notes_eastern_follows_its_own_rules_and_not_todays_law():
    zone = compile_vtimezone(component(EASTERN))
    assert offset(zone, 2005, 4, 25) == -4 * 3600
    assert offset(zone, 2026, 3, 20) == -5 * 3600  # New York has summer time by then
    assert offset(zone, 2026, 4, 20) == -4 * 3600


def test_spans_with_until_give_way_to_later_rules():
    zone = compile_vtimezone(component(NEW_YORK))
    new_york = named("America/New_York")
    for year in range(1988, 2060):
        for month in range(1, 13):
            for day in (1, 9, 16, 28):
                at = Instant(wall(year, month, day, 12))
                assert zone.offset_at(at) == new_york.offset_at(at), (year, month, day)


@pytest.mark.parametrize("lines", [BERLIN, EASTERN, NEW_YORK])
def test_the_quick_look_agrees_with_the_whole_zone(lines):
    read = read_definition(component(lines))
    zone = read.zone()
    rng = random.Random(7)
    for _ in range(3_000):
        w = Wall(rng.randrange(wall(1990, 1, 1), wall(2080, 1, 1)))
        quick = read.offset_at(w)
        assert quick is None or w - quick == zone.at(w)
    for at, before, after in zone.transitions(Instant(wall(2020, 1, 1)), Instant(wall(2030, 1, 1))):
        for w in (at + before - 1, at + before, at + after - 1, at + after, at + after + 1):
            quick = read.offset_at(Wall(w))
            assert quick is not None
            assert w - quick == zone.at(Wall(w))


def test_one_part_and_two_equal_parts_are_fine():
    assert offset(compile_vtimezone(component(fixed("A", "+0700"))), 2019, 4, 30) == 7 * 3600
    twice = definition(
        "(UTC+07:00) Bangkok\\, Hanoi\\, Jakarta",
        ("STANDARD", "DTSTART:16010101T000000", "TZOFFSETFROM:+0700", "TZOFFSETTO:+0700"),
        ("DAYLIGHT", "DTSTART:16010101T000000", "TZOFFSETFROM:+0700", "TZOFFSETTO:+0700"),
    )
    assert offset(compile_vtimezone(component(twice)), 2019, 4, 30) == 7 * 3600


def test_dates_and_a_count_define_onsets_too():
    zone = compile_vtimezone(
        component(
            definition(
                "X",
                (
                    "STANDARD",
                    "DTSTART:20200101T000000",
                    "TZOFFSETFROM:+0100",
                    "TZOFFSETTO:+0100",
                    "RDATE:20211031T030000,20221030T030000",
                ),
                (
                    "DAYLIGHT",
                    "DTSTART:20210328T020000",
                    "TZOFFSETFROM:+0100",
                    "TZOFFSETTO:+0200",
                    "RRULE:FREQ=YEARLY;COUNT=2;BYMONTH=3;BYDAY=-1SU",
                ),
            )
        )
    )
    assert [offset(zone, year, 7, 1) for year in range(2019, 2025)] == [
        3600,
        3600,
        7200,
        7200,
        3600,
        3600,
    ]


def part(*lines):
    return ("STANDARD", *lines)


GOOD = ("DTSTART:20200101T000000", "TZOFFSETFROM:+0100", "TZOFFSETTO:+0100")


@pytest.mark.parametrize(
    "lines",
    [
        definition("X"),
        definition("X", part("TZOFFSETFROM:+0100", "TZOFFSETTO:+0100")),
        definition("X", part("DTSTART:20200101T000000", "TZOFFSETTO:+0100")),
        definition("X", part("DTSTART:20200101T000000", "TZOFFSETFROM:+0100")),
        definition("X", part("DTSTART:20200101T000000", "TZOFFSETFROM:+70000", "TZOFFSETTO:+0100")),
        definition("X", part("DTSTART:20200101T000000", "TZOFFSETFROM:+2400", "TZOFFSETTO:+0100")),
        definition("X", part("DTSTART:20200230T000000", *GOOD[1:])),
        definition("X", part(*GOOD, "RRULE:FREQ=HOURLY")),
        definition("X", part(*GOOD, "RRULE:FREQ=SECONDLY")),
        definition("X", part(*GOOD, "RRULE:FREQ=DAILY")),
        definition("X", part(*GOOD, "RRULE:FREQ=YEARLY;INTERVAL=0")),
        definition("X", part(*GOOD, "RRULE:FREQ=YEARLY", "RRULE:FREQ=MONTHLY")),
        definition("X", part(*GOOD, "RRULE:FREQ=YEARLY;BYHOUR=1,2,3")),
        definition("X", part(*GOOD, "RDATE:" + ",".join(["20200101T000000"] * 1001))),
        definition("X", *[part(*GOOD)] * 101),
        definition("X", *[part(*GOOD, "RRULE:FREQ=MONTHLY;BYMONTHDAY=1")] * 3),
        definition("X", *[part(*GOOD, "RRULE:FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR,SA,SU")] * 99),
        definition("X", *[part(*GOOD, "RRULE:FREQ=YEARLY;BYSETPOS=-1;BYDAY=SU")] * 99),
        definition(
            "X",
            part("DTSTART:20200101T000000", *GOOD[1:], "RRULE:FREQ=YEARLY;BYDAY=20MO"),
            part("DTSTART:90000101T000000", *GOOD[1:]),
        ),
    ],
)
def test_what_is_invalid(lines):
    with pytest.raises(InvalidInput):
        compile_vtimezone(component(lines))


def test_the_limits_themselves_are_allowed():
    dates = [
        f"{year:04}{month:02}01T000000" for year in range(1910, 1994) for month in range(1, 13)
    ]
    lines = definition("X", part(*GOOD, "RDATE:" + ",".join(dates[:1000])), *[part(*GOOD)] * 99)
    assert offset(compile_vtimezone(component(lines)), 2020, 1, 1) == 3600


_SLOW = {
    "secondly from 1970": definition(
        "X", part("DTSTART:19700101T000000", *GOOD[1:], "RRULE:FREQ=SECONDLY")
    ),
    "a hundred rules": definition(
        "X",
        *[part("DTSTART:16010101T000000", *GOOD[1:], "RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=1SU")]
        * 100,
    ),
    "a hundred months of days": definition(
        "X",
        *[part(*GOOD, "RRULE:FREQ=MONTHLY;BYMONTHDAY=" + ",".join(map(str, range(1, 29))))] * 100,
    ),
    "far apart": definition(
        "X",
        part("DTSTART:00010101T000000", *GOOD[1:], "RRULE:FREQ=YEARLY;BYMONTH=3"),
        part("DTSTART:99980101T000000", *GOOD[1:]),
    ),
    "general rules": definition("X", *[part(*GOOD, "RRULE:FREQ=YEARLY;BYWEEKNO=10;BYDAY=SU")] * 2),
    "counted": definition(
        "X", part("DTSTART:16010101T000000", *GOOD[1:], "RRULE:FREQ=MONTHLY;COUNT=10000")
    ),
    "a thousand dates": definition(
        "X",
        part(
            *GOOD,
            "RDATE:"
            + ",".join(
                f"{year}{month:02}15T000000" for year in range(1916, 2000) for month in range(1, 13)
            )[: 16 * 1000 - 1],
        ),
    ),
}


def compiled(read):
    try:
        zone = compile_vtimezone(read)
        zone.at(wall(2026, 7, 1))
        zone.offset_at(Instant(wall(2030, 1, 1)))
        zone.at(wall(9998, 12, 31))
    except InvalidInput:
        pass


@pytest.mark.parametrize("name", _SLOW)
def test_compiling_the_worst_takes_little_more_than_the_common(name):
    assert growth(compiled, component(BERLIN), component(_SLOW[name])) < 5.0


ZONES = (
    "Europe/Berlin",
    "Europe/London",
    "Europe/Dublin",
    "Europe/Moscow",
    "America/New_York",
    "America/Sao_Paulo",
    "America/St_Johns",
    "America/Phoenix",
    "Asia/Kolkata",
    "Asia/Tehran",
    "Asia/Beirut",
    "Asia/Gaza",
    "Africa/Casablanca",
    "Africa/Cairo",
    "Australia/Lord_Howe",
    "Australia/Adelaide",
    "Pacific/Apia",
    "Pacific/Auckland",
    "America/Nuuk",
    "Antarctica/Troll",
    "Pacific/Chatham",
    "Asia/Pyongyang",
    "America/Caracas",
    "Europe/Istanbul",
    "UTC",
)


@pytest.mark.parametrize("name", ZONES)
@pytest.mark.parametrize(("first", "last"), [(2004, 2012), (2015, 2019), (2024, 2036)])
def test_a_written_zone_reads_back_as_zoneinfo_says(name, first, last):
    start, until = Instant(wall(first, 1, 1)), Instant(wall(last, 12, 31))
    written = write_vtimezone(named(name), name, start, until)
    zone = compile_vtimezone(parse(serialize(written))[0])
    truth = ZoneInfo(name)
    for at in range(start, until, 6 * 3600 + 61):
        expected = datetime.fromtimestamp(at, UTC).astimezone(truth).utcoffset()
        assert zone.offset_at(Instant(at)) == expected.total_seconds(), at


def test_a_written_zone_without_end_is_a_rule():
    berlin = named("Europe/Berlin")
    written = write_vtimezone(
        berlin, "Europe/Berlin", Instant(wall(2026, 1, 1)), Instant(wall(2030, 1, 1))
    )
    text = serialize(written).decode()
    assert text.count("RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU") == 1
    assert text.count("RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU") == 1
    zone = compile_vtimezone(written)
    assert offset(zone, 2090, 7, 1) == 7200


def test_a_hostile_zone_name_stays_inside_its_line():
    written = write_vtimezone(
        named("UTC"), "X\r\nEND:VTIMEZONE", Instant(wall(2026, 1, 1)), Instant(wall(2027, 1, 1))
    )
    assert parse(serialize(written))[0].first("TZID").value == "X\\nEND:VTIMEZONE"

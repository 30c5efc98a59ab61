"""Zones: gap and fold policies, names, transitions, and agreement with zoneinfo."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest
from tests.kernel.scale import cases

from horarium.kernel.errors import InvalidInput, NotFound
from horarium.kernel.instant import Instant, Wall, format_instant, format_wall, wall
from horarium.kernel.tailrule import read_tail
from horarium.kernel.tzfile import read_zone_file
from horarium.kernel.zone import UTC as UTC_ZONE
from horarium.kernel.zone import (
    Case,
    Fold,
    Gap,
    Resolution,
    named,
    table,
    zone_data_version,
    zone_names,
)

PARIS = named("Europe/Paris")
LORD_HOWE = named("Australia/Lord_Howe")
APIA = named("Pacific/Apia")
EPOCH = datetime(1970, 1, 1)


@pytest.mark.parametrize(
    ("place", "at", "gap", "fold", "expected", "shown"),
    [
        (PARIS, (2027, 3, 28, 2, 30), Gap.SHIFT, Fold.FIRST, "2027-03-28T01:30", "03:30"),
        (PARIS, (2027, 3, 28, 2, 30), Gap.AT_END, Fold.FIRST, "2027-03-28T01:00", "03:00"),
        (PARIS, (2026, 10, 25, 2, 30), Gap.SHIFT, Fold.FIRST, "2026-10-25T00:30", "02:30"),
        (PARIS, (2026, 10, 25, 2, 30), Gap.SHIFT, Fold.LAST, "2026-10-25T01:30", "02:30"),
        (LORD_HOWE, (2026, 10, 4, 2, 15), Gap.SHIFT, Fold.FIRST, "2026-10-03T15:45", "02:45"),
        (LORD_HOWE, (2026, 10, 4, 2, 15), Gap.AT_END, Fold.FIRST, "2026-10-03T15:30", "02:30"),
        (APIA, (2011, 12, 30, 2, 30), Gap.SHIFT, Fold.FIRST, "2011-12-30T12:30", "02:30"),
    ],
)
def test_worked_examples(
    place: object, at: tuple[int, ...], gap: Gap, fold: Fold, expected: str, shown: str
) -> None:
    t = place.at(wall(*at), gap, fold)  # type: ignore[attr-defined]
    assert format_instant(t) == expected + ":00Z"
    assert format_wall(place.to_wall(t))[11:16] == shown  # type: ignore[attr-defined]


def test_worked_instants() -> None:
    assert PARIS.at(wall(2027, 3, 28, 2, 30)) == 1806197400
    assert PARIS.at(wall(2027, 3, 28, 2, 30), Gap.AT_END) == 1806195600
    assert PARIS.at(wall(2026, 10, 25, 2, 30)) == 1792888200
    assert PARIS.at(wall(2026, 10, 25, 2, 30), fold=Fold.LAST) == 1792891800


def test_the_missing_date_is_one_with_the_next() -> None:
    missing, present = wall(2011, 12, 30, 2, 30), wall(2011, 12, 31, 2, 30)
    assert APIA.resolve(missing).case is Case.GAP
    assert APIA.at(missing) == APIA.at(present)
    assert APIA.resolve(missing, Gap.SKIP) == Resolution((), Case.GAP)


def test_a_resolution_tells_the_case() -> None:
    gap, fold = wall(2027, 3, 28, 2, 30), wall(2026, 10, 25, 2, 30)
    assert PARIS.resolve(gap, Gap.SKIP).instants == ()
    assert PARIS.resolve(fold, fold=Fold.BOTH).instants == (1792888200, 1792891800)
    assert PARIS.resolve(fold).case is Case.FOLD
    assert PARIS.resolve(wall(2026, 6, 1)).case is Case.PLAIN
    # The edges: 02:00 is the first wall time of gap and fold, 03:00 the first after them.
    assert PARIS.resolve(wall(2027, 3, 28, 1, 59, 59)).case is Case.PLAIN
    assert PARIS.resolve(wall(2027, 3, 28, 2)).case is Case.GAP
    assert PARIS.resolve(wall(2027, 3, 28, 3)).case is Case.PLAIN
    assert PARIS.resolve(wall(2026, 10, 25, 2)).case is Case.FOLD
    assert PARIS.resolve(wall(2026, 10, 25, 3)).case is Case.PLAIN


def test_one_instant_only() -> None:
    with pytest.raises(InvalidInput):
        PARIS.at(wall(2027, 3, 28, 2, 30), Gap.SKIP)
    with pytest.raises(InvalidInput):
        PARIS.at(wall(2026, 6, 1), fold=Fold.BOTH)


def test_every_zone_agrees_with_zoneinfo() -> None:
    for name in zone_names():
        ours, theirs = named(name), ZoneInfo(name)
        rng = Random(name)
        for _ in range(cases(12)):
            # From 1850 to the year 5138: no horizon such as 2037.
            t = rng.randint(-3_786_912_000, 10**11)
            shown = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=t)).astimezone(theirs)
            offset = shown.utcoffset()
            assert offset is not None
            assert ours.offset_at(Instant(t)) == offset.total_seconds(), (name, t)
            clock = EPOCH + timedelta(seconds=t)
            for fold, policy in ((0, Fold.FIRST), (1, Fold.LAST)):
                found = ours.resolve(Wall(t), fold=policy)
                if found.case is not Case.GAP or fold == 0:
                    expected = clock.replace(tzinfo=theirs, fold=fold).timestamp()
                    assert found.instants[0] == expected, (name, t, fold)


def test_transitions_agree_with_zoneinfo_second_by_second() -> None:
    for name in ("Europe/Paris", "Australia/Lord_Howe", "Africa/Casablanca", "America/Caracas"):
        theirs = ZoneInfo(name)
        begin, end = Instant(1_000_000_000), Instant(4_200_000_000)
        for t, before, after in named(name).transitions(begin, end):
            shown = [datetime.fromtimestamp(t + d, theirs).utcoffset() for d in (-1, 0)]
            assert shown == [timedelta(seconds=before), timedelta(seconds=after)]


def test_bulk_equals_single() -> None:
    for name in ("Europe/Paris", "Pacific/Apia", "Australia/Lord_Howe", "UTC"):
        place = named(name)
        walls = range(wall(2009, 1, 1, 2, 15), wall(2031, 1, 1), 6 * 3600 + 900)
        expected = [place.at(Wall(w)) for w in walls]
        assert place.at_all(walls) == expected
        assert place.at_all(list(walls)) == expected
        gaps = any(place.resolve(Wall(w)).case is Case.GAP for w in walls)
        assert place.at_all_noting_gaps(walls)[1] is gaps
    assert PARIS.at_all([]) == []


def test_wall_bounds_hold_every_member() -> None:
    for name in ("Europe/Paris", "Pacific/Apia", "America/New_York"):
        place = named(name)
        for t, before, after in place.transitions(Instant(1_300_000_000), Instant(1_400_000_000)):
            for a in range(t - 7200, t + 7200, 1500):
                b = a + 3000
                lo, hi = place.wall_bounds(Instant(a), Instant(b))
                span = abs(after - before) + 10_000
                for w in range(min(lo, a + before) - span, max(hi, b + after) + span, 500):
                    if a <= place.at(Wall(w)) < b:
                        assert lo <= w < hi


@pytest.mark.parametrize(
    "name",
    [
        "../../etc/passwd",
        "/etc/localtime",
        "Europe/Paris\0",
        "",
        ".",
        "Europe",
        "Europe/Paris/",
        "A" * 256,
        "Mars/Olympus",
    ],
)
def test_unknown_names(name: str) -> None:
    with pytest.raises(NotFound):
        named(name)


def test_names_in_another_case() -> None:
    assert named("europe/PARIS") is PARIS
    assert named("europe/PARIS").name == "Europe/Paris"
    assert named("utc") is UTC_ZONE


def test_the_version_of_the_data_is_a_value() -> None:
    assert zone_data_version()[:2] == "20"
    assert len(zone_names()) > 400


def test_a_table_handed_in() -> None:
    def tail(year: int) -> list[tuple[Instant, int]]:
        return [
            (Instant(wall(year, 4, 1) - 3600), 7200),
            (Instant(wall(year, 10, 1) - 7200), 3600),
        ]

    place = table("Custom", 3600, [], tail)
    assert place.name == "Custom"
    for year in (1990, 2026, 2500, 9990):
        assert place.offset_at(Instant(wall(year, 6, 1))) == 7200
        assert place.offset_at(Instant(wall(year, 12, 1))) == 3600
        assert place.resolve(wall(year, 4, 1, 0, 30)).case is Case.GAP
    assert table("Fixed", -1800, []).at(wall(2026, 1, 1)) == wall(2026, 1, 1) + 1800


def test_tables_are_checked() -> None:
    for bad in (
        lambda: table("x", 86_400, []),
        lambda: table("x", 0, [(Instant(5), -86_400)]),
        lambda: table("x", 0, [(Instant(5), 60), (Instant(5), 0)]),
    ):
        with pytest.raises(InvalidInput):
            bad()


def test_hostile_tables_stay_sorted_and_quick() -> None:
    flips = [(Instant(k), 80_000 * (-1) ** k) for k in range(1000)]
    place = table("Flicker", 0, flips)
    found = [place.at(Wall(w)) for w in range(-100_000, 100_000, 777)]
    assert len(found) == len(place.at_all(range(-100_000, 100_000, 777)))


@pytest.mark.parametrize("text", ["", "CET", "CET-1CEST,M3.5.0", "CET-1CEST,M3.5.0,M10.5", "C-1"])
def test_bad_tail_rules(text: str) -> None:
    with pytest.raises(InvalidInput):
        read_tail(text)


def test_tail_rules_of_every_form() -> None:
    standard, tail = read_tail("<-03>3<-02>,J60/-1,300/24:30")
    assert standard == -10_800
    assert tail is not None
    (a, before), (b, after) = tail(2028)
    assert (before, after) == (-7200, -10_800)
    # J60 is 1 March in leap years too; day 300 counts from 0 and knows 29 February.
    assert format_instant(a) == "2028-03-01T02:00:00Z"
    assert format_instant(b) == "2028-10-28T02:30:00Z"


def test_damaged_files() -> None:
    for data in (b"", b"TZif", b"nope" * 20, b"TZif2" + b"\0" * 39, b"TZif2" + b"\xff" * 60):
        with pytest.raises(InvalidInput):
            read_zone_file(data)

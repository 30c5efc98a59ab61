"""Starts in zones with changes of offset, against dateutil's walls and zoneinfo's offsets."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import islice
from random import Random
from zoneinfo import ZoneInfo

import pytest
from dateutil.rrule import rrulestr
from tests.kernel.scale import cases

from horarium.kernel import zone
from horarium.kernel.instant import Instant, wall
from horarium.kernel.recurrence import DtstartPolicy, Length, RecurrenceSet
from horarium.kernel.rule import Rule

ZONES = (
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Asia/Beirut",
    "Africa/Casablanca",
)
RULES = (
    "FREQ=DAILY",
    "FREQ=DAILY;BYHOUR=0,1,2,3;BYMINUTE=0,30",
    "FREQ=WEEKLY;BYDAY=SU,SA;BYHOUR=0,2,23",
    "FREQ=MONTHLY;BYDAY=-1SU,1SU,2SU;BYHOUR=1,2,3",
    "FREQ=YEARLY;BYMONTH=3,4,10,12;BYHOUR=2;BYMINUTE=15,30",
    "FREQ=HOURLY;INTERVAL=1",
    "FREQ=HOURLY;BYHOUR=1,2,3;BYMINUTE=0,15,30,45",
    "FREQ=MINUTELY;INTERVAL=37",
)


@pytest.mark.parametrize("name", ZONES)
@pytest.mark.parametrize("text", RULES)
def test_starts_equal_walls_with_zoneinfo(name: str, text: str) -> None:
    theirs_zone, ours_zone = ZoneInfo(name), zone.named(name)
    for i in range(cases(6)):
        rng = Random(f"{name} {text} {i}")
        year = rng.choice((2007, 2011, 2012, 2019, 2026, 2045))
        start = datetime(year, rng.randint(1, 12), rng.randint(1, 28), rng.choice((0, 2)), 30)
        walls = list(islice(rrulestr("RRULE:" + text, dtstart=start), 1500))
        # The offset before a gap is zoneinfo's for fold=0, which shifts by the gap.
        expected = sorted({int(w.replace(tzinfo=theirs_zone).timestamp()) for w in walls})
        series = RecurrenceSet(
            wall(*start.timetuple()[:5]),
            ours_zone,
            Length.exact(60),
            Rule.parse(text),
            dtstart=DtstartPolicy.RULE_ONLY,
        )
        end = Instant(expected[-1] + 1)
        got = series.starts(Instant(expected[0]), end)
        # The very last walls may have later shifted neighbours.
        assert [t for t in got if t < end - 7200] == [t for t in expected if t < end - 7200]


@pytest.mark.parametrize("name", ZONES)
def test_adjoining_windows_across_changes(name: str) -> None:
    ours_zone = zone.named(name)
    series = RecurrenceSet(
        wall(2011, 1, 1), ours_zone, Length.exact(60), Rule.parse("FREQ=MINUTELY;INTERVAL=23")
    )
    begin = Instant(int(datetime(2011, 1, 1, tzinfo=UTC).timestamp()))
    for before, after in transitions_of(ours_zone, begin):
        a, b = Instant(before), Instant(after)
        whole = series.starts(a, b)
        pieces = [
            t
            for piece in range(a, b, 613)
            for t in series.starts(Instant(piece), Instant(min(piece + 613, b)))
        ]
        assert pieces == whole


def transitions_of(ours_zone: zone.Zone, begin: Instant) -> list[tuple[int, int]]:
    """Give stretches of two days around each transition of ten years."""
    end = Instant(begin + int(timedelta(days=3650).total_seconds()))
    return [(t - 86_400, t + 86_400) for t, _, _ in ours_zone.transitions(begin, end)]

"""Where entries stand in a grid of hours: pure, on the clocks of whoever looks.

A column is a day or a lane of a day. Its busy hours are rows of a quarter of an hour; what lies
before, after or over all of them stands in lists above and below, so that no night is drawn.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from horarium.kernel.instant import Instant, Wall, civil
from horarium.kernel.zone import Zone
from horarium.runtime.agenda import AgendaEntry
from horarium.web.lanes import Lane, lane_of

DAY, QUARTER = 86_400, 900
FIRST_HOUR, LAST_HOUR = 7, 20
ROWS = (LAST_HOUR - FIRST_HOUR) * 4
# A line of text needs half an hour's height.
LEAST_ROWS = 2
# The grid within a column has so many parts: it divides into 1, 2, 3, 4, 6.
PARTS = 12
# An entry with more runs in a column is told in one line.
MOST_RUNS = 3


@dataclass(frozen=True, slots=True)
class Item:
    """An entry in a column, or `times` of them told once under their `title`s; `often` when these
    are runs all over the column. `row` and `rows` are its place in the hours (row 1 is the first),
    `part` and `parts` in the width."""

    entry: AgendaEntry
    lane: Lane
    times: int = 1
    often: bool = False
    title: str = ""
    row: int = 0
    rows: int = 0
    part: int = 1
    parts: int = PARTS


@dataclass(slots=True)
class Column:
    """What one day, or one lane of a day, holds: `above` and `below` the hours, in `hours`, and how
    many `more` there was no room for."""

    title: str
    start: Instant
    end: Instant
    today: bool = False
    above: list[Item] = field(default_factory=list)
    hours: list[Item] = field(default_factory=list)
    below: list[Item] = field(default_factory=list)
    more: int = 0

    @property
    def is_empty(self) -> bool:
        """Whether nothing is in it."""
        return not (self.above or self.hours or self.below)


def midnight(day: int, zone: Zone) -> Instant:
    """When a day, counted from 1970-01-01, begins on the clocks of a zone."""
    return zone.at(Wall(day * DAY))


def week_of(day: int) -> int:
    """The Monday of a day's week."""
    return day - (day + 3) % 7


def month_of(day: int) -> tuple[int, int]:
    """The first day of a day's month, and the first of the next."""
    of_month = civil(Wall(day * DAY)).day
    first = day - of_month + 1
    following = first + 31
    return first, following - civil(Wall(following * DAY)).day + 1


def column(
    title: str, day: int, entries: Iterable[AgendaEntry], zone: Zone, today: int, beside: int
) -> Column:
    """The column of what of `entries` lies in `day`; at most `beside` stand next to each other."""
    made = Column(title, midnight(day, zone), midnight(day + 1, zone), day == today)
    inside = [e for e in entries if _overlaps(e, made.start, made.end)]
    placed: list[Item] = []
    for item in told_once(inside):
        if item.often:
            made.above.append(item)
            continue
        first, last = _rows(item.entry, made, zone)
        if first <= 0 and last >= ROWS:
            made.above.insert(0, item)
        elif last <= 0 or (first < 0 and item.entry.end is None):
            made.above.append(item)
        elif first >= ROWS:
            made.below.append(item)
        else:
            row = min(max(first, 0), ROWS - LEAST_ROWS)
            placed.append(replace(item, row=row + 1, rows=max(min(last, ROWS) - row, LEAST_ROWS)))
    made.hours, made.more = _beside_each_other(placed, beside)
    return made


def told_once(entries: Sequence[AgendaEntry]) -> list[Item]:
    """The items of entries: what runs often is one item, at its first time, and so are bookings of
    one object at one time."""
    runs: dict[tuple[str, str], int] = defaultdict(int)
    for entry in entries:
        runs[entry.kind, entry.id] += entry.kind != "booking"
    told: dict[tuple[object, ...], list[AgendaEntry]] = {}
    for entry in entries:
        often = runs[entry.kind, entry.id] > MOST_RUNS
        moment = () if often else (entry.start, entry.end)
        key = (entry.kind, entry.id, often, *moment)
        told.setdefault(key, []).append(entry)
    return [
        Item(found[0], lane_of(found[0].kind), len(found), bool(key[2]), _titles(found))
        for key, found in told.items()
    ]


def _titles(entries: Sequence[AgendaEntry]) -> str:
    return ", ".join(dict.fromkeys(entry.what for entry in entries))


def _overlaps(entry: AgendaEntry, start: Instant, end: Instant) -> bool:
    last = entry.end if entry.end is not None else Instant(entry.start + 1)
    return entry.start < end and last > start


def _rows(entry: AgendaEntry, column: Column, zone: Zone) -> tuple[int, int]:
    """The first row of an entry and the one after its last, counted from the first hour."""
    base = zone.to_wall(column.start) + FIRST_HOUR * 3_600
    first = (zone.to_wall(max(entry.start, column.start)) - base) // QUARTER
    if entry.start < column.start:
        first = -FIRST_HOUR * 4
    if entry.end is None:
        return first, first + LEAST_ROWS
    if entry.end >= column.end:
        return first, ROWS + (24 - LAST_HOUR) * 4
    return first, -((base - zone.to_wall(entry.end)) // QUARTER)


def _beside_each_other(items: list[Item], beside: int) -> tuple[list[Item], int]:
    """The items with their places in the width: those that touch in time share it."""
    found: list[Item] = []
    more = 0
    cluster: list[Item] = []
    reach = 0
    for item in sorted(items, key=lambda i: (i.row, -i.rows)):
        if cluster and item.row >= reach:
            placed, left = _share(cluster, beside)
            found, more, cluster = found + placed, more + left, []
        cluster.append(item)
        reach = max(reach, item.row + item.rows)
    placed, left = _share(cluster, beside)
    return found + placed, more + left


def _share(cluster: list[Item], beside: int) -> tuple[list[Item], int]:
    ends: list[int] = []
    lanes: list[tuple[Item, int]] = []
    left = 0
    for item in cluster:
        free = next((n for n, end in enumerate(ends) if end <= item.row), len(ends))
        if free == beside:
            left += 1
            continue
        ends[free:] = [item.row + item.rows, *ends[free + 1 :]]
        lanes.append((item, free))
    width = next((n for n in (1, 2, 3, 4, 6, 12) if n >= len(ends)), 12)
    return [
        replace(item, part=1 + lane * (PARTS // width), parts=_wide(item, lane, lanes, width))
        for item, lane in lanes
    ], left


def _wide(item: Item, lane: int, lanes: Sequence[tuple[Item, int]], width: int) -> int:
    """How many parts an item takes: its own, and those to the right that nobody needs meanwhile."""
    to_the_right = [
        other_lane
        for other, other_lane in lanes
        if other_lane > lane
        and other.row < item.row + item.rows
        and item.row < other.row + other.rows
    ]
    return (min(to_the_right, default=width) - lane) * (PARTS // width)

"""Zones: the walls clocks show at instants, and the instants of walls.

A zone is two sorted arrays, the instants of its transitions and the offsets
from then on, continued by a yearly tail rule. Every conversion is one
bisection.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from enum import Enum
from functools import lru_cache
from math import inf
from typing import NamedTuple

from horarium.kernel.errors import InvalidInput, NotFound
from horarium.kernel.gregorian import DAY, MAX_YEAR, civil_day, year_start
from horarium.kernel.instant import MAX_INSTANT, MIN_INSTANT, Instant, Wall
from horarium.kernel.tailrule import read_tail
from horarium.kernel.tzfile import read_zone_file
from horarium.kernel.zonedata import installed_version, known_names, read_zone_data


class Gap(Enum):
    """What becomes of a wall time that no clock shows."""

    SKIP = "skip"
    """It has no instant."""
    SHIFT = "shift"
    """Computed with the offset before the gap: later by its length (RFC 5545 3.3.5)."""
    AT_END = "at_end"
    """The first instant after the gap."""


class Fold(Enum):
    """What becomes of a wall time that clocks show twice."""

    FIRST = "first"
    LAST = "last"
    BOTH = "both"


class Case(Enum):
    """How often clocks show a wall time: once, never, twice."""

    PLAIN = "plain"
    GAP = "gap"
    FOLD = "fold"


class Resolution(NamedTuple):
    """The instants of a wall time (none, one or two) and the case it was."""

    instants: tuple[Instant, ...]
    case: Case


class _Table(NamedTuple):
    """The transitions up to the end of ``year``, good for seconds before ``edge``.

    ``offsets`` has one entry more than the others: ``offsets[i]`` holds before
    ``at[i]``. ``late[i]`` and ``early[i]`` are the wall times of transition i
    on the clock that is ahead and on the one that is behind: a wall between
    the two is in a gap or in a fold.
    """

    year: int
    edge: float
    at: list[int]
    offsets: list[int]
    late: list[int]
    early: list[int]


_AHEAD = 64
"""Years a table is grown by at a time, so that growing is rare."""


class Zone:
    """A zone of the installed data, or a table handed in by a caller.

    Equal only to itself; what callers see of it never changes.
    """

    __slots__ = ("_rule", "_table", "name")

    def __init__(
        self,
        name: str,
        first_offset: int,
        transitions: Sequence[tuple[Instant, int]],
        tail: Callable[[int], Sequence[tuple[Instant, int]]] | None = None,
    ) -> None:
        self.name = name
        self._rule = tail
        previous: int | None = None
        for t, offset in transitions:
            if previous is not None and t <= previous:
                raise InvalidInput("transitions are not in order", part="zone", value=str(t))
            _check_offset(offset)
            previous = t
        _check_offset(first_offset)
        at: list[int] = [t for t, _ in transitions]
        year = civil_day(at[-1] // DAY)[0] if at else 1969
        self._table = _table_of(year, at, [first_offset, *(o for _, o in transitions)])

    def __repr__(self) -> str:
        return f"Zone({self.name!r})"

    def _until(self, seconds: int) -> _Table:
        """Give the table, grown to cover the seconds (of a wall or an instant)."""
        table = self._table
        if seconds < table.edge or self._rule is None:
            return table
        year = civil_day(seconds // DAY)[0] + 1
        year = min(year + _AHEAD, MAX_YEAR)
        at, offsets = table.at[:], table.offsets[:]
        for y in range(max(table.year, 1), year + 1):
            for t, offset in self._rule(y):
                if (not at or t > at[-1]) and offset != offsets[-1]:
                    _check_offset(offset)
                    at.append(t)
                    offsets.append(offset)
        self._table = table = _table_of(year, at, offsets)
        return table

    def offset_at(self, t: Instant) -> int:
        """Give the seconds east of UTC in force at the instant."""
        table = self._until(t)
        return table.offsets[bisect_right(table.at, t)]

    def to_wall(self, t: Instant) -> Wall:
        """Give what clocks show at the instant."""
        table = self._until(t)
        return Wall(t + table.offsets[bisect_right(table.at, t)])

    def resolve(self, w: Wall, gap: Gap = Gap.SHIFT, fold: Fold = Fold.FIRST) -> Resolution:
        """Give the instants of a wall time under the two policies, and the case it was."""
        table = self._until(w)
        i = bisect_right(table.late, w)
        j = bisect_right(table.early, w)
        before, after = table.offsets[i], table.offsets[j]
        if before == after:
            return Resolution((Instant(w - before),), Case.PLAIN)
        if before > after:
            first, last = Instant(w - before), Instant(w - after)
            chosen = {Fold.FIRST: (first,), Fold.LAST: (last,), Fold.BOTH: (first, last)}
            return Resolution(chosen[fold], Case.FOLD)
        if gap is Gap.SKIP:
            return Resolution((), Case.GAP)
        found = w - before if gap is Gap.SHIFT else table.at[i]
        return Resolution((Instant(found),), Case.GAP)

    def at(self, w: Wall, gap: Gap = Gap.SHIFT, fold: Fold = Fold.FIRST) -> Instant:
        """Give the one instant of a wall time.

        Raises InvalidInput for ``Fold.BOTH``, and in a gap under ``Gap.SKIP``.
        """
        if fold is Fold.BOTH:
            raise InvalidInput("one instant is asked for, not both", part="fold")
        found = self.resolve(w, gap, fold).instants
        if not found:
            raise InvalidInput("no clock shows this wall time", part="wall", value=str(w))
        return found[0]

    def at_all(self, walls: Sequence[int]) -> list[Instant]:
        """Give the instants of sorted wall times under ``Gap.SHIFT`` and ``Fold.FIRST``.

        The list matches the walls one to one; after a gap it may not be sorted.
        """
        return self.at_all_noting_gaps(walls)[0]

    def at_all_noting_gaps(self, walls: Sequence[int]) -> tuple[list[Instant], bool]:
        """Give what ``at_all`` gives, and whether any of the walls lies in a gap.

        Within one segment the offset is constant, so a segment is one
        subtraction per wall, and for a range of walls no more than a range.
        """
        found: list[Instant] = []
        gapped = False
        lo, n = 0, len(walls)
        if not n:
            return found, gapped
        last = walls[-1]
        table = self._until(last)
        late, offsets = table.late, table.offsets
        i, end = bisect_right(late, walls[0]), len(late)
        while lo < n:
            if i == end or last < late[i]:
                hi = n
            else:
                hi = bisect_left(walls, late[i], lo)
            if hi > lo:
                found += _shifted(walls[lo:hi] if hi - lo < n else walls, offsets[i])
                if i < end and offsets[i + 1] > offsets[i] and walls[hi - 1] >= table.early[i]:
                    gapped = True
                lo = hi
            i += 1
        return found, gapped

    def wall_bounds(self, start: Instant, end: Instant) -> tuple[int, int]:
        """Give bounds such that the walls of all instants in ``[start, end)`` lie between.

        Walls moved by a gap are among them. Near a transition, and far ahead,
        the bounds are wider than needed.
        """
        table = self._until(start)
        at, offsets = table.at, table.offsets
        i = bisect_right(at, start - 2 * DAY)
        j = bisect_right(at, start)
        lo = start + (offsets[i] if i == j else min(offsets[i : j + 1]))
        if end >= table.edge and self._rule is not None:
            return lo, end + DAY
        i = bisect_right(at, end - 2 * DAY)
        j = bisect_right(at, end)
        return lo, end + (offsets[i] if i == j else max(offsets[i : j + 1]))

    def transitions(self, start: Instant, end: Instant) -> list[tuple[Instant, int, int]]:
        """Give (instant, offset before, offset after) of the transitions in ``[start, end)``."""
        table = self._until(end)
        return [
            (Instant(table.at[i]), table.offsets[i], table.offsets[i + 1])
            for i in range(bisect_left(table.at, start), bisect_left(table.at, end))
        ]


def _shifted(walls: Sequence[int], offset: int) -> Sequence[Instant]:
    if isinstance(walls, range):
        walls = range(walls.start - offset, walls.stop - offset, walls.step)
    else:
        walls = [w - offset for w in walls]
    return walls  # type: ignore[return-value]  # an Instant is an int


def _check_offset(offset: int) -> None:
    if not -DAY < offset < DAY:
        raise InvalidInput("an offset is less than a day", part="offset", value=str(offset))


def _table_of(year: int, at: list[int], offsets: list[int]) -> _Table:
    late: list[int] = []
    early: list[int] = []
    top = bottom = MIN_INSTANT - 2 * DAY
    for i, t in enumerate(at):
        before, after = offsets[i], offsets[i + 1]
        # Transitions closer together than their change of offset would cross
        # on the wall; a running maximum keeps the arrays sorted.
        top = max(top, t + max(before, after))
        bottom = max(bottom, t + min(before, after))
        late.append(top)
        early.append(bottom)
    # Two days early: wall times run ahead of and behind the instants.
    edge = (year_start(year + 1) - 2) * DAY if year < MAX_YEAR else inf
    return _Table(year, edge, at, offsets, late, early)


UTC = Zone("UTC", 0, ())
"""The zone without transitions, where a day has 86,400 seconds."""


def table(
    name: str,
    first_offset: int,
    transitions: Sequence[tuple[Instant, int]],
    tail: Callable[[int], Sequence[tuple[Instant, int]]] | None = None,
) -> Zone:
    """Make a zone from ``(instant, offset from then on)`` pairs in order.

    ``tail(year)`` gives the pairs of each year after the last listed one.
    Raises InvalidInput for offsets of a day or more and for unsorted pairs.
    """
    return Zone(name, first_offset, transitions, tail)


def named(name: str) -> Zone:
    """Give the zone of an IANA name, exact or in another case.

    Raises NotFound for every name that is not in the installed data, without
    touching the file system. ``Zone.name`` is the spelling of the data.
    """
    known = known_names()
    found = known.get(name) or known.get(name.lower()) if len(name) <= 255 else None
    if found is None:
        raise NotFound(f"there is no zone {name[:80]!r}")
    return _installed(found)


@lru_cache(maxsize=1024)
def _installed(name: str) -> Zone:
    if name == "UTC":
        return UTC
    file = read_zone_file(read_zone_data(name))
    at, offsets = _without_idle(file.first, file.at, file.offsets)
    tail = None
    if file.footer:
        standard, tail = read_tail(file.footer)
        if not at and tail is None:
            return Zone(name, standard, ())
    pairs = [(Instant(t), offset) for t, offset in zip(at, offsets, strict=True)]
    return Zone(name, file.first, pairs, tail)


def _without_idle(
    first: int, at: Sequence[int], offsets: Sequence[int]
) -> tuple[list[int], list[int]]:
    """Drop transitions that change only a name or a flag, and those before the year 1."""
    kept_at: list[int] = []
    kept: list[int] = []
    previous = first
    for t, offset in zip(at, offsets, strict=True):
        if offset != previous and t >= MIN_INSTANT:
            kept_at.append(t)
            kept.append(offset)
            previous = offset
    return kept_at, kept


def zone_names() -> tuple[str, ...]:
    """Give the names of the installed data, sorted."""
    return tuple(sorted(set(known_names().values())))


def zone_data_version() -> str:
    """Give the version of the installed zone data, like ``2026a``."""
    return installed_version()


__all__ = [
    "MAX_INSTANT",
    "MIN_INSTANT",
    "UTC",
    "Case",
    "Fold",
    "Gap",
    "Resolution",
    "Zone",
    "named",
    "table",
    "zone_data_version",
    "zone_names",
]

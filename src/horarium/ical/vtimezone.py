"""VTIMEZONE read into a zone table, bounded for any input (RFC 5545 3.6.5)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from horarium.ical.component import Component
from horarium.ical.limits import ParseLimits
from horarium.ical.onset import Observance, SeriesOnsets, YearlyOnsets, read_observance
from horarium.ical.vtimezone_writing import write_vtimezone
from horarium.kernel.errors import HorariumError, InvalidInput
from horarium.kernel.gregorian import DAY, day_number, month_length, weekday_of
from horarium.kernel.instant import Instant, Wall, civil, wall
from horarium.kernel.zone import Zone, table

_DEFAULT_LIMITS = ParseLimits()
# No event may begin before 1900; what happened earlier only says which offset 1900 began with.
_FIRST = Instant(wall(1900, 1, 1))
_RULES_FROM = 1970
# Days looked at while rules are written out, or asked for a century of years: 20,000 cost about
# 10 ms. Real definitions need a few hundred.
_MOST_DAYS = 20_000
# Rules only the general recurrence can follow; each costs some 50 microseconds a year.
_MOST_SERIES = 2
_CENTURY = 130
# Changes of all rules in one year: every month there and back is twice what any clock ever did.
_MOST_CHANGES = 24
# Zones that change their clocks more often than that are followed for two centuries, others to the
# end of time: eight thousand years of two dozen changes would fill 30 MB.
_FEW_CHANGES = 4
_FOLLOWED_UNTIL = 2200

Ruled = tuple[YearlyOnsets | SeriesOnsets, int]


@dataclass(frozen=True, slots=True)
class Definition:
    """A VTIMEZONE taken apart: enough for one look-up, or for a whole zone."""

    name: str
    observances: tuple[Observance, ...]

    def offset_at(self, w: Wall) -> int | None:
        """The offset in force when a clock shows `w`, found from two years of onsets.

        In a gap or fold it is the offset before the change. None when two years do not tell;
        then `zone` does.
        """
        year = civil(w).year
        best: tuple[int, int] | None = None
        ruled = False
        for observance in self.observances:
            onsets = observance.onsets
            if isinstance(onsets, SeriesOnsets):
                return None
            times = [observance.first, *observance.dates]
            if onsets is not None:
                ruled = True
                times += onsets.in_year(year - 1)
                times += onsets.in_year(year)
            ahead = max(observance.before, observance.after)
            for at in times:
                if at + ahead <= w and (best is None or at >= best[0]):
                    best = (at, observance.after)
        if best is None or (ruled and civil(Wall(best[0])).year < year - 1):
            return None
        return best[1]

    def zone(self) -> Zone:
        """The zone: listed onsets up to the last start or date, then its rules year by year."""
        known = {
            at: observance.after
            for observance in self.observances
            for at in (observance.first, *observance.dates)
        }
        ruled = [(o.onsets, o.after) for o in self.observances if o.onsets is not None]
        start_year = max(1900, civil(Wall(min(known))).year)
        end_year = max(civil(Wall(max(known))).year, _RULES_FROM) + 1
        _check_cost(ruled, end_year - start_year)
        tail = _tail(ruled, 9999 if _changes(ruled) <= _FEW_CHANGES else _FOLLOWED_UNTIL)
        if ruled:
            for year in range(start_year, end_year):
                for at, after in tail(year):
                    known.setdefault(at, after)
        before = [at for at in known if at < _FIRST]
        if before:
            first_offset = known[max(before)]
        else:
            first_offset = min(self.observances, key=lambda each: each.first).before
        listed = sorted((at, after) for at, after in known.items() if at >= _FIRST)
        return table(self.name, first_offset, listed, tail if ruled else None)


def _tail(ruled: list[Ruled], last: int) -> Callable[[int], list[tuple[Instant, int]]]:
    """The changes of a year, none after the year `last`.

    Years of one length and first weekday have the same, so that a look at the year 9000 costs no
    rule of the years before it.
    """
    patterns: dict[tuple[int, int], list[tuple[int, int]]] = {}

    def tail(year: int) -> list[tuple[Instant, int]]:
        if year > last:
            return []
        first = day_number(year, 1, 1)
        kind = (month_length(year, 2), weekday_of(first))
        steady = all(onsets.steady_after(year) for onsets, _ in ruled)
        if steady and kind in patterns:
            return [(Instant(first * DAY + at), after) for at, after in patterns[kind]]
        found = {at: after for onsets, after in ruled for at in onsets.in_year(year)}
        listed = sorted(found.items())
        if steady:
            patterns[kind] = [(at - first * DAY, after) for at, after in listed]
        return listed

    return tail


def _check_cost(ruled: list[Ruled], listed_years: int) -> None:
    series = sum(isinstance(onsets, SeriesOnsets) for onsets, _ in ruled)
    yearly = [onsets for onsets, _ in ruled if isinstance(onsets, YearlyOnsets)]
    days = sum(onsets.cost for onsets in yearly)
    years = listed_years + _CENTURY
    if series > _MOST_SERIES or (series and years > 4 * _CENTURY) or days * years > _MOST_DAYS:
        raise InvalidInput("rules cost too much to follow", part="VTIMEZONE")
    changes = _changes(ruled)
    if changes > _MOST_CHANGES:
        raise InvalidInput("too many changes in a year", part="VTIMEZONE", value=str(changes))


def _changes(ruled: list[Ruled]) -> int:
    """How often clocks change in a year by the simple rules."""
    yearly = [onsets for onsets, _ in ruled if isinstance(onsets, YearlyOnsets)]
    return sum(len(onsets.in_year(civil(onsets.start).year + 1)) for onsets in yearly)


def read_definition(component: Component, limits: ParseLimits = _DEFAULT_LIMITS) -> Definition:
    """A VTIMEZONE taken apart; `InvalidInput` for anything `compile_vtimezone` refuses early."""
    parts = [inner for inner in component.components if inner.name in ("STANDARD", "DAYLIGHT")]
    if not parts:
        raise InvalidInput("no STANDARD or DAYLIGHT part", part="VTIMEZONE")
    if len(parts) > limits.observances:
        raise InvalidInput("too many parts", part="VTIMEZONE", value=str(len(parts)))
    room = limits.onset_dates
    observances: list[Observance] = []
    for part in parts:
        try:
            observance = read_observance(part, room)
        except InvalidInput:
            raise
        except HorariumError as error:
            raise InvalidInput(str(error), part="RRULE") from error
        room -= len(observance.dates)
        observances.append(observance)
    name = component.first("TZID")
    return Definition(name.value if name else "", tuple(observances))


def compile_vtimezone(component: Component, limits: ParseLimits = _DEFAULT_LIMITS) -> Zone:
    """The zone a VTIMEZONE defines, its rules extended without end; else `InvalidInput`.

    Invalid are: no part at all, offsets of 24 hours or more, rules other than YEARLY and
    MONTHLY, more parts or dates than `limits` allow. A start in 1601, a single part and two equal
    parts are valid. The work is bounded by the limits, not by what the text asks for.
    """
    return read_definition(component, limits).zone()


__all__ = ["Definition", "compile_vtimezone", "read_definition", "write_vtimezone"]

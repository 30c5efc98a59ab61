"""The grid on which events start and end: the preference ``permitted_times``."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from horarium.kernel.errors import InvalidInput
from horarium.kernel.instant import Wall

DAY, HOUR, MINUTE = 86_400, 3_600, 60
_Values = tuple[int, ...] | None


@dataclass(frozen=True, slots=True)
class Grid:
    """The permitted hours, minutes and seconds of the clock, ascending; None permits all."""

    hours: _Values
    minutes: _Values
    seconds: _Values

    def permits(self, at: Wall) -> bool:
        """Whether a wall time lies on the grid."""
        return self.from_(at) == at

    def from_(self, at: Wall) -> Wall:
        """The first wall time on the grid that is not before `at`.

        Where a part has to move on, the lower ones begin at their first permitted value, or 0.
        """
        day, rest = divmod(int(at), DAY)
        hour, minute, second = rest // HOUR, rest % HOUR // MINUTE, rest % MINUTE
        found = _at_or_after(self.seconds, second)
        if found is None:
            minute, found = minute + 1, _first(self.seconds)
        second = found
        if minute == HOUR // MINUTE:
            hour, minute = hour + 1, 0
        there = _at_or_after(self.minutes, minute)
        if there is None:
            hour, there, second = hour + 1, _first(self.minutes), _first(self.seconds)
        elif there != minute:
            second = _first(self.seconds)
        minute = there
        if hour == 24:
            day, hour = day + 1, 0
        hit = _at_or_after(self.hours, hour)
        if hit is None:
            day, hit = day + 1, _first(self.hours)
            minute, second = _first(self.minutes), _first(self.seconds)
        elif hit != hour:
            minute, second = _first(self.minutes), _first(self.seconds)
        return Wall(day * DAY + hit * HOUR + minute * MINUTE + second)

    def after(self, at: Wall) -> Wall:
        """The first wall time on the grid after `at`, the parts that are free at their least."""
        step = 1 if self.seconds is not None else MINUTE if self.minutes is not None else HOUR
        return self.from_(Wall((at // step + 1) * step))


def parse_grid(text: str) -> Grid:
    """The grid of ``MINUTES``, ``HOURS:MINUTES`` or ``HOURS:MINUTES:SECONDS``, each a list of
    ascending numbers with commas, or empty. InvalidInput names the part that is wrong."""
    parts = text.strip().split(":")
    if len(parts) > 3:
        raise InvalidInput("expected MINUTES, HOURS:MINUTES or HOURS:MINUTES:SECONDS", value=text)
    hours = parts[0] if len(parts) > 1 else ""
    minutes = parts[1] if len(parts) > 1 else parts[0]
    seconds = parts[2] if len(parts) == 3 else ""
    grid = Grid(_values("hours", hours, 23), _values("minutes", minutes, 59),
                _values("seconds", seconds, 59))  # fmt: skip
    if grid == Grid(None, None, None):
        raise InvalidInput("a grid permits some times and others not", value=text)
    return grid


def _values(name: str, text: str, most: int) -> _Values:
    if not text.strip():
        return None
    words = [word.strip() for word in text.split(",")]
    if not all(word.isascii() and word.isdigit() and len(word) <= 2 for word in words):
        raise InvalidInput(f"{name} are numbers with commas between them", value=text)
    values = tuple(int(word) for word in words)
    if values[-1] > most or any(a >= b for a, b in pairwise(values)):
        raise InvalidInput(f"{name} are ascending numbers, 0 to {most}", value=text)
    return values


def _at_or_after(values: _Values, at: int) -> int | None:
    return at if values is None else next((value for value in values if value >= at), None)


def _first(values: _Values) -> int:
    return 0 if values is None else values[0]

"""Series: the same slot every few weeks, each an appointment of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from horarium.appointments.codes import Code
from horarium.kernel.errors import Conflict, InvalidInput
from horarium.kernel.gregorian import DAY
from horarium.kernel.instant import Instant, Wall, format_instant, format_wall
from horarium.kernel.zone import Fold, Gap, Zone

MOST_TIMES = 52


class Every(NamedTuple):
    """Every so many weeks, so many times; ``partial`` books what is free and leaves the rest."""

    weeks: int
    times: int
    partial: bool = False


class Refused(NamedTuple):
    """A date of a series that can not be had: what the clock would show, and why not."""

    wall: Wall
    at: Instant | None
    codes: tuple[Code, ...]

    def __str__(self) -> str:
        why = ", ".join(dict.fromkeys(code.value for code in self.codes))
        when = format_wall(self.wall) if self.at is None else format_instant(self.at)
        return f"{when}: {why}"


class SeriesTaken(Conflict):
    """A series that is wanted whole can not be had; ``refused`` tells each date that is not free.
    Nothing of it is booked."""

    def __init__(self, refused: Sequence[Refused]) -> None:
        super().__init__("not all of these can be had: " + "; ".join(map(str, refused)))
        self.refused = tuple(refused)


def dates(at: Instant, every: Every, zone: Zone) -> list[tuple[Wall, Instant | None]]:
    """Gives the starts of a series that begins at an instant: the time that the host's clock shows
    stays. Where no clock shows it there is no start. InvalidInput for more than 52 of them."""
    if not 1 <= every.times <= MOST_TIMES:
        raise InvalidInput(f"a series has 1 to {MOST_TIMES} dates", part="times")
    if not 1 <= every.weeks <= MOST_TIMES:
        raise InvalidInput(f"a series is every 1 to {MOST_TIMES} weeks", part="every")
    first = zone.to_wall(at)
    found: list[tuple[Wall, Instant | None]] = [(first, at)]
    for number in range(1, every.times):
        wall = Wall(first + number * every.weeks * 7 * DAY)
        instants = zone.resolve(wall, Gap.SKIP, Fold.FIRST).instants
        found.append((wall, instants[0] if instants else None))
    return found

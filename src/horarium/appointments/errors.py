"""The refusals of this room: who asks for time may not get it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from horarium.appointments.codes import Code
from horarium.kernel.errors import Conflict
from horarium.kernel.instant import Instant, format_instant
from horarium.kernel.schedule_parts import write_date


class Closed(NamedTuple):
    """A local day that was searched (days since 1970-01-01), and what closed it."""

    day: int
    code: Code


class SlotUnavailable(Conflict):
    """No start lies within the limit; ``closed`` tells what stood in the way, day by day."""

    def __init__(
        self, time: Instant, duration: int, limit: Instant, closed: Sequence[Closed]
    ) -> None:
        days = ", ".join(f"{write_date(day)} {code.value}" for day, code in closed)
        super().__init__(
            f"no slot of {duration} s begins from {format_instant(time)} "
            f"and before {format_instant(limit)}: {days}"
        )
        self.time = time
        self.duration = duration
        self.limit = limit
        self.closed = tuple(closed)


class SlotTaken(Conflict):
    """The start can not be had now; ``codes`` say why, ``alternatives`` are the nearest ones."""

    def __init__(self, codes: Sequence[Code], alternatives: Sequence[Instant] = ()) -> None:
        why = ", ".join(dict.fromkeys(code.value for code in codes))
        super().__init__(f"this time can not be had: {why}")
        self.codes = tuple(codes)
        self.alternatives = tuple(alternatives)


class WrongState(Conflict):
    """What is asked can not happen to an appointment that stands where this one does."""


class TooLate(Conflict):
    """The time for this has passed."""

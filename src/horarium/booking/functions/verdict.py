"""What a scheduling function says, and what a scheduling function is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from horarium.booking.freebusy import Conflict
from horarium.booking.reasons import Reason
from horarium.booking.request import Request, View
from horarium.booking.trace import Evidence
from horarium.ical.event import Event
from horarium.kernel.instant import Instant


@dataclass(frozen=True, slots=True)
class Proposal:
    """Other times than those asked for: the event as it would be then, and the request for it."""

    event: Event
    request: Request


@dataclass(frozen=True, slots=True)
class Verdict:
    """ACCEPTED (`reason` None) or DECLINED for `reason`, with the facts it rests on.

    `conflicts` are the occurrences that do not fit. `left_out` are the original starts of past
    ones that do not fit either but are no reason to decline; `refused` the future ones without
    which the rest may be booked. With a `proposal` it is COUNTER; with `delegate` (an address key)
    DELEGATED.
    """

    reason: Reason | None = None
    evidence: Evidence = field(default_factory=dict)
    conflicts: tuple[Conflict, ...] = ()
    left_out: frozenset[Instant] = frozenset()
    refused: tuple[Conflict, ...] = ()
    proposal: Proposal | None = None
    delegate: str = ""

    @property
    def accepted(self) -> bool:
        """Whether the chain goes on."""
        return self.reason is None


Judge = Callable[[Request, View], Verdict]


@dataclass(frozen=True, slots=True)
class Prepared:
    """A function with its arguments read. `judge` is None for a companion, which decides nothing.
    `capacity` is the N of a free/busy function, None for all others. `charges` and `claims` are
    the quotas that are charged, or in whose free/busy time is claimed, when the request is
    accepted."""

    judge: Judge | None
    capacity: int | None = None
    charges: tuple[str, ...] = ()
    claims: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SchedulingFunction:
    """A named function (seed 001): `prepare` reads its arguments for a resource.

    `prepare` raises InvalidInput for a wrong number or kind of arguments, and NotFound for data it
    needs and has not got; every request is then declined.
    """

    name: str
    usage: str
    prepare: Callable[[tuple[str, ...], View], Prepared]

"""The members of a recurrence set, what changes them, and the answers to queries."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from horarium.kernel.duration import Duration
from horarium.kernel.errors import InvalidInput
from horarium.kernel.gregorian import DAY
from horarium.kernel.instant import Instant, Wall
from horarium.kernel.zone import Zone


class Source(Enum):
    """Where a member comes from."""

    DTSTART = "dtstart"
    RULE = "rule"
    RDATE = "rdate"
    OVERRIDE = "override"


class DtstartPolicy(Enum):
    """What a DTSTART is that the rule does not produce (undefined in RFC 5545)."""

    MEMBER = "member"
    """The first member; it counts for COUNT. What calendar programs show to people."""
    RULE_ONLY = "rule_only"
    """No member."""


class Occurrence(NamedTuple):
    """One member: the start the set gave it (its key), start and end as they are."""

    original: Instant
    start: Instant
    end: Instant
    source: Source


@dataclass(frozen=True, slots=True)
class Length:
    """How long every member lasts; ``days`` nominal, ``seconds`` exact, neither negative.

    DTEND gives an exact length, DURATION a nominal one. Source: RFC 5545 3.8.5.3.
    """

    days: int = 0
    seconds: int = 0

    def __post_init__(self) -> None:
        if self.days < 0 or self.seconds < 0:
            raise InvalidInput("an occurrence does not end before it starts", part="length")

    @classmethod
    def exact(cls, seconds: int) -> Length:
        """A length of elapsed seconds, the same for every member."""
        return cls(0, seconds)

    @classmethod
    def nominal(cls, duration: Duration) -> Length:
        """A length whose days lead to the same wall time of a later date."""
        return cls(duration.days, duration.seconds)

    @property
    def longest(self) -> int:
        """Seconds no member lasts longer than, whatever the clocks do."""
        # Offsets lie within a day of UTC, so they change by less than two days.
        return (self.days + 2) * DAY + self.seconds if self.days else self.seconds

    def end_of(self, start: Wall, at: Instant, zone: Zone) -> Instant:
        """Give the end of a member that starts at the instant, where clocks show ``start``."""
        if not self.days:
            return Instant(at + self.seconds)
        # A start late in a fold must not end before it starts.
        end = zone.at(Wall(start + self.days * DAY)) + self.seconds
        return Instant(max(end, at))


@dataclass(frozen=True, slots=True)
class RDate:
    """An added member; without an end it lasts as long as the others."""

    start: Instant
    end: Instant | None = None


@dataclass(frozen=True, slots=True)
class ExDate:
    """A removed member: by its original start, or all members of a civil day.

    Exactly one of the two is given; ``day`` counts from 1970-01-01 in the
    zone of the set.
    """

    instant: Instant | None = None
    day: int | None = None

    def __post_init__(self) -> None:
        if (self.instant is None) == (self.day is None):
            raise InvalidInput("an exception is an instant or a day", part="EXDATE")


@dataclass(frozen=True, slots=True)
class Override:
    """A changed or cancelled member, keyed by its original start.

    With ``this_and_future`` every later member changes alike (RFC 5545 3.2.13):
    same shift on the wall clock, same length; cancelled, the set ends before it.
    """

    original: Instant
    start: Instant
    end: Instant
    this_and_future: bool = False
    cancelled: bool = False


@dataclass(frozen=True, slots=True)
class Complete:
    """The answer holds every member asked for."""


@dataclass(frozen=True, slots=True)
class Truncated:
    """The answer stops at a limit: only members starting before ``reached`` are all there."""

    limit: str
    reached: Instant


@dataclass(frozen=True, slots=True)
class Unsatisfiable:
    """The rule has no member, now or ever."""


Outcome = Complete | Truncated | Unsatisfiable


@dataclass(frozen=True, slots=True)
class Answer:
    """The members overlapping a window, in order, whether they are all, and the steps taken."""

    members: tuple[Occurrence, ...]
    outcome: Outcome
    steps: int = 0

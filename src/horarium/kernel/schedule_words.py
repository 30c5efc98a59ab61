"""The words a schedule is made of: its types and the policies for missed moments."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from horarium.kernel.errors import InvalidInput
from horarium.kernel.gregorian import DAY

LAST_DAY = -1
"""The day of a month or of February that is its last."""


class Type(Enum):
    """What makes the moments of a schedule."""

    NEVER = "never"
    AT = "at"
    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"
    YEARLY = "yearly"
    INTERVAL = "interval"
    PERIODIC = "periodic"
    IMMEDIATELY = "immediately"
    CRON = "cron"
    RRULE = "rrule"
    ON = "on"

    @property
    def gates(self) -> bool:
        """Whether start and end are a gate for moments made by something else."""
        return self in _GATING

    @property
    def dated(self) -> bool:
        """Whether each moment belongs to a date, at which a window may begin."""
        return self in _DATED


_GATING = frozenset(
    {Type.INTERVAL, Type.PERIODIC, Type.IMMEDIATELY, Type.CRON, Type.RRULE, Type.ON}
)
_DATED = frozenset({Type.DAILY, Type.WEEKLY, Type.MONTHLY, Type.YEARLY})


class CatchUpKind(Enum):
    """What missed moments become."""

    ONCE = "once"
    NONE = "none"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class CatchUp:
    """One run, none, or each of the newest ``most`` moments of the last ``within`` seconds."""

    kind: CatchUpKind = CatchUpKind.ONCE
    most: int = 100
    within: int = 7 * DAY

    def __post_init__(self) -> None:
        if not 1 <= self.most <= MOST_RUNS:
            raise InvalidInput(
                f"catch_up: all makes 1 to {MOST_RUNS} runs, not {self.most}",
                part="catch_up",
                value=str(self.most),
            )
        if self.within < 1:
            raise InvalidInput("catch_up: within is at least a second", part="catch_up")
        if self.kind is not CatchUpKind.ALL:
            object.__setattr__(self, "most", 100)
            object.__setattr__(self, "within", 7 * DAY)


MOST_RUNS = 10_000
"""Runs that one decision may ask for: the list is held in memory."""


class Overlap(Enum):
    """What a moment becomes while the run before it still goes on."""

    SKIP = "skip"
    QUEUE_ONE = "queue_one"
    ALLOW = "allow"


class OnCrash(Enum):
    """What becomes of a run that began and is not known to have ended; the owner acts on it."""

    SKIP = "skip"
    RERUN = "rerun"


class Outside(Enum):
    """What becomes of a signal given while the gate is shut."""

    WAIT = "wait"
    DROP = "drop"

"""What a schedule wants: moments, the dates it had to leave out, and why.

A *moment* is an instant at which a schedule wants a run; with the instant until
which a run is on time it is an *opening*.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from horarium.kernel.instant import Instant
from horarium.kernel.period import Period


class Reason(StrEnum):
    """Why a moment, or the date of one, did not become a run."""

    COALESCED = "coalesced"
    MISSED = "missed"
    DEADLINE = "deadline"
    CLOCK_FORWARD = "clock_forward"
    OVERLAP = "overlap"
    OUTSIDE_WINDOW = "outside_window"
    DISABLED = "disabled"
    SUPERSEDED = "superseded"
    NO_TASK = "no_running_task"
    NO_SUCH_DAY = "no_such_day"
    NO_SUCH_DATE = "no_such_date"
    IN_GAP = "in_gap"
    WINDOW_IN_GAP = "window_in_gap"
    EXCEPTED = "excepted"

    @property
    def state(self) -> str:
        """How a group of this reason is recorded."""
        return _STATES.get(self, "skipped_calendar")


_STATES = {
    Reason.COALESCED: "skipped_coalesced",
    Reason.MISSED: "skipped_late",
    Reason.DEADLINE: "skipped_late",
    Reason.CLOCK_FORWARD: "skipped_late",
    Reason.OVERLAP: "skipped_overlap",
    Reason.OUTSIDE_WINDOW: "skipped_window",
    Reason.DISABLED: "skipped_disabled",
    Reason.SUPERSEDED: "skipped_disabled",
    Reason.NO_TASK: "skipped_disabled",
}


class Opening(NamedTuple):
    """A moment ``due``; a run begun in ``[due, until)`` is on time.

    ``end`` is the end of the time it opens, None when it opens none; ``edges``
    those of the recurring window it lies in. ``notes``: ``gap``, ``fold``, ``merged``,
    ``random``, ``jitter``, ``activation``.
    """

    due: Instant
    until: Instant
    end: Instant | None = None
    edges: tuple[Instant, Instant] | None = None
    notes: tuple[str, ...] = ()

    @property
    def window(self) -> Period | None:
        """The recurring window it lies in."""
        return Period(*self.edges) if self.edges is not None else None


@dataclass(frozen=True, slots=True)
class Skip:
    """Moments the calendar left out: from ``at`` to ``last``, ``count`` of them.

    ``date`` names the civil date of the first, or the month that lacks the day.
    """

    at: Instant
    last: Instant
    count: int
    reason: Reason
    date: str
    detail: str = ""


class Batch(NamedTuple):
    """Moments on a grid: ``first``, ``first + step``, … ``size`` of them.

    ``start`` and ``end`` are those of the window, ``length`` is how long each
    moment opens; ``opens`` tells whether the end makes an opening of a moment,
    ``day`` the civil day it belongs to (None for moments named by their instant).
    """

    first: int
    size: int = 1
    step: int = 1
    start: int | None = None
    end: int | None = None
    length: int | None = None
    opens: bool = False
    day: int | None = None
    notes: tuple[str, ...] = ()

    @property
    def last(self) -> int:
        """The last moment."""
        return self.first + (self.size - 1) * self.step

    def clip(self, a: int, b: int) -> Batch | None:
        """Give the moments in ``[a, b)``; None when there are none."""
        skipped = max(-(-(a - self.first) // self.step), 0)
        kept = min(self.size, -(-(b - self.first) // self.step)) - skipped
        if kept < 1:
            return None
        if kept == self.size:
            return self
        first = self.first + skipped * self.step
        notes = self.notes if skipped == 0 else ()
        return self._replace(first=first, size=kept, notes=notes)


Entry = Batch | Skip

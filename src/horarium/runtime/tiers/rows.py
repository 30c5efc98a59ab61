"""Rows on their way up: how far a node and all behind it are with each version."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from horarium.distribution.causes import BACKOFF
from horarium.distribution.messages import MOST_ROWS, Row, Stage
from horarium.distribution.states import ARRIVED, SETTLED, STAGES, State
from horarium.kernel.instant import Instant

# Progress is told at most so often; what has arrived or failed sooner, together with its like.
PROGRESS_SECONDS = 10.0
SETTLED_SECONDS = 0.5
AT_ONCE = frozenset({State.EXTRACT_FAILED, State.CORRUPT, State.REFUSED})
RECEIPTS = frozenset({State.RECEIVED, State.EXTRACTED, State.EXTRACT_FAILED})
"""What only the node itself can say, and signs."""

_Key = tuple[str, str, int]


class OwnRows:
    """The newest row of each version that one node tells of itself, signed where it counts, and
    each of a higher order than those before; the first than one that it is given."""

    def __init__(self, node: str, sign: Callable[[bytes], str], order: int = 0) -> None:
        self._node = node
        self._sign = sign
        self._order = order
        self._stages: dict[tuple[str, int], dict[State, Stage]] = {}
        self.rows: dict[tuple[str, int], Row] = {}

    def put(
        self, distribution: str, version: int, state: State, at: Instant, *, reason: str = "",
        percent: int = 0, octets: int = 0,
    ) -> Row:  # fmt: skip
        """The row for where a version is now."""
        self._order = max(self._order + 1, int(at) << 20)
        key = (distribution, version)
        stages = self._stages.setdefault(key, {})
        row = Row(
            self._node, distribution, version, state.value, at, self._order, reason, percent,
            octets, stages=tuple(one for told, one in stages.items() if told is not state),
        )  # fmt: skip
        if state in STAGES:
            stages.setdefault(state, Stage(state.value, at, octets))
        if state in RECEIPTS:
            row = replace(row, signature=self._sign(row.signed_text()))
        self.rows[key] = row
        return row

    def state(self, distribution: str, version: int) -> State | None:
        """Where a version is, None when nothing was told of it."""
        row = self.rows.get((distribution, version))
        return State(row.state) if row is not None else None


class Upward:
    """Rows that wait to be told: at most one for a receiver and version, the newest."""

    def __init__(self) -> None:
        self._waiting: dict[_Key, Row] = {}
        self._due: float | None = None

    def add(self, rows: Iterable[Row], now: float) -> None:
        """Takes rows; each of them waits as long as its state lets it."""
        for row in rows:
            key = (row.subscriber, row.distribution, row.version)
            held = self._waiting.get(key)
            if held is not None and held.order > row.order:
                continue
            self._waiting[key] = row
            due = now + _patience(row)
            self._due = due if self._due is None else min(self._due, due)

    def wait(self, now: float) -> float | None:
        """Seconds until rows are to be told; None when there are none."""
        return None if self._due is None else max(0.0, self._due - now)

    def take(self) -> tuple[Row, ...]:
        """The rows to tell now."""
        keys = list(self._waiting)[:MOST_ROWS]
        rows = tuple(self._waiting.pop(key) for key in keys)
        if not self._waiting:
            self._due = None
        return rows


def _patience(row: Row) -> float:
    try:
        known = State(row.state)
    except ValueError:
        return PROGRESS_SECONDS
    if row.reason.startswith(BACKOFF):
        # It would be over before progress is told.
        return SETTLED_SECONDS
    if known in AT_ONCE:
        return 0.0
    return SETTLED_SECONDS if known in SETTLED | ARRIVED else PROGRESS_SECONDS

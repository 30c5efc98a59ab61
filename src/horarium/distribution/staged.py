"""Staged release: a version goes from ring to ring while it does well, and stops by itself.

The next ring opens when the soak of the newest one is over, enough of its receivers have the
version in use, and no more have failed than may. Time only counts while the release goes on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from math import ceil

from horarium.distribution.messages import Row
from horarium.distribution.realm import Ring
from horarium.distribution.states import State
from horarium.kernel.instant import Instant, format_instant

GAVE_UP = "gave up"
"""How the reason begins of a receiver that failed for good until its next firing."""
UNHEALTHY = "unhealthy"
"""How the reason begins of one that has the version in use, and whose own check failed."""


class Phase(StrEnum):
    """Where a staged release is."""

    GOING = "going"
    PAUSED = "paused"
    HALTED = "halted"
    RETURNED = "returned"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Staged:
    """How far a version is released in one channel. ``rings`` of them are open, the newest for
    ``soaked`` seconds at ``since``, from when on time counts again."""

    phase: Phase
    rings: int
    soaked: int
    since: Instant
    reason: str = ""
    forgiven: int = 0
    """Failures that a person saw and let go on in spite of."""

    def soak_at(self, now: Instant) -> int:
        """Seconds for which the newest ring has stood."""
        return self.soaked + (max(0, now - self.since) if self.phase is Phase.GOING else 0)


@dataclass(frozen=True, slots=True)
class Pause:
    """A channel that somebody holds: until it is resumed no ring opens in it, and what is built
    waits before the first one."""

    by: str
    since: Instant

    def __str__(self) -> str:
        return f"release_paused({self.by}, {format_instant(self.since)})"


def begun(now: Instant, held: Pause | None = None) -> Staged:
    """A version that was just made: its first ring is open, unless its channel is held."""
    if held is not None:
        return Staged(Phase.PAUSED, 1, 0, now, str(held))
    return Staged(Phase.GOING, 1, 0, now)


def released() -> Staged:
    """A version that is released to everybody."""
    return Staged(Phase.DONE, 1 << 20, 0, Instant(0))


@dataclass(frozen=True, slots=True)
class Health:
    """How a ring does with a version: its size, who failed for good, who has it in use."""

    size: int
    failed: tuple[str, ...]
    extracted: int


def health(members: Sequence[str], rows: Mapping[str, Row]) -> Health:
    """How the members of a ring do; ``rows`` by receiver."""
    failed = []
    extracted = 0
    for name in members:
        row = rows.get(name)
        if row is None:
            continue
        bad = row.state == State.EXTRACT_FAILED and row.reason.startswith(GAVE_UP)
        ill = row.state == State.EXTRACTED and row.reason.startswith(UNHEALTHY)
        if bad or ill:
            failed.append(name)
        elif row.state == State.EXTRACTED:
            extracted += 1
    return Health(len(members), tuple(sorted(failed)), extracted)


def advance(staged: Staged, rings: Sequence[Ring], found: Sequence[Health], now: Instant) -> Staged:
    """Where a release is now. ``found`` are the healths of all rings, in order; behind the last
    one come those that are in none."""
    if staged.phase is not Phase.GOING:
        return staged
    total = failures(staged, found)
    for number, (ring, one) in enumerate(zip(rings[: staged.rings], found, strict=False), start=1):
        most = _count(ring.max_failures, one.size)
        if len(one.failed) > most and total > staged.forgiven:
            names = ", ".join(one.failed[:5])
            why = f"ring {number} ({ring.group}): {len(one.failed)} failed, {most} may: {names}"
            return replace(
                staged, phase=Phase.HALTED, soaked=staged.soak_at(now), since=now, reason=why
            )
    if staged.rings > len(rings):
        return replace(staged, phase=Phase.DONE, since=now, soaked=0, reason="")
    ring, newest = rings[staged.rings - 1], found[staged.rings - 1]
    if staged.soak_at(now) < ring.soak:
        until = Instant(now + ring.soak - staged.soak_at(now))
        return replace(staged, reason=f"ring_waits({staged.rings}, {format_instant(until)})")
    if newest.extracted < _proof(ring.proven, newest.size):
        return replace(staged, reason=f"ring_unproven({staged.rings})")
    opened = replace(staged, rings=staged.rings + 1, soaked=0, since=now, reason="")
    return advance(opened, rings, found, now)


def failures(staged: Staged, found: Sequence[Health]) -> int:
    """How many receivers of the rings that are open have failed."""
    return sum(len(one.failed) for one in found[: staged.rings])


def paused(staged: Staged, now: Instant, held: Pause) -> Staged:
    """A release that a person holds: the soak stands still."""
    soaked = staged.soak_at(now)
    return replace(staged, phase=Phase.PAUSED, soaked=soaked, since=now, reason=str(held))


def resumed(staged: Staged, found: Sequence[Health], now: Instant) -> Staged:
    """A release that goes on where it was, after a pause or a halt; what failed until now stops it
    no more."""
    return replace(
        staged, phase=Phase.GOING, since=now, reason="", forgiven=failures(staged, found)
    )


def _count(most: int | float, size: int) -> int:
    return int(most * size + 1e-9) if isinstance(most, float) else most


def _proof(proven: int | float, size: int) -> int:
    wanted = ceil(proven * size) if isinstance(proven, float) else proven
    return min(max(1, wanted), max(size, 1))

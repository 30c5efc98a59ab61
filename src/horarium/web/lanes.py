"""The lanes of the agenda: one for each kind of work, with its name and colour."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from horarium.runtime.agenda import KINDS


@dataclass(frozen=True, slots=True)
class Lane:
    """One lane; `name` is also the class that colours it, `kinds` are those of the agenda's
    entries that run in it."""

    name: str
    title: str
    kinds: frozenset[str]


# A kind of work that is not there yet has its lane here and is not shown.
ALL_LANES = (
    Lane("booking", "Bookings", frozenset({"booking"})),
    Lane("appointment", "Appointments", frozenset({"appointment", "slot"})),
    Lane("directive", "Directives", frozenset({"directive", "upkeep"})),
    Lane("distribution", "Distribution", frozenset({"distribution", "transfer"})),
)
LANES = tuple(lane for lane in ALL_LANES if lane.kinds & frozenset(KINDS))
_BY_KIND = {kind: lane for lane in ALL_LANES for kind in lane.kinds}


def lane_of(kind: str) -> Lane:
    """The lane in which a kind of entry runs."""
    return _BY_KIND.get(kind, ALL_LANES[0])


def chosen_lanes(names: Iterable[str]) -> tuple[Lane, ...]:
    """The lanes of those names; all of them where none is named."""
    wanted = set(names)
    return tuple(lane for lane in LANES if lane.name in wanted) or LANES


def kinds_of(lanes: Iterable[Lane]) -> frozenset[str]:
    """The kinds of entries that run in some lanes."""
    return frozenset().union(*(lane.kinds for lane in lanes)) & frozenset(KINDS)

"""What sending to those below is about: a child as it is known, a grant, and what the node around
it answers."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from horarium.distribution.configuration import Configuration
from horarium.distribution.messages import Downward, Link, Row, Standing
from horarium.distribution.needing import Need
from horarium.distribution.records import Document
from horarium.distribution.release import Release
from horarium.kernel.instant import Instant
from horarium.kernel.periodset import PeriodSet
from horarium.runtime.tiers.belief import Belief

SLOT_WAIT = "slot_wait"
"""Why something waits that may go, as soon as others have."""


@dataclass(frozen=True, slots=True)
class Permission:
    """Whether something may go to a child now. ``reason`` is empty when it may, until an instant
    where something ends it; otherwise why not, and when that can change."""

    reason: str = ""
    until: Instant | None = None


def window_permission(opened: PeriodSet, now: Instant) -> Permission:
    """What periods in which a link is open allow at an instant."""
    for period in opened:
        if period.contains(now):
            return Permission("", period.end)
        if period.start > now:
            return Permission("window_closed", period.start)
    return Permission("window_closed")


def held_back(release: Release, version: int) -> str:
    """Why a release does not give a version to who does not have it yet."""
    if version in release.withdrawn:
        return "withdrawn"
    return "release_stopped" if version in release.stopped else "ring_waits"


class Surroundings(Protocol):
    """What sending asks of the node it is part of."""

    def belief(self) -> Belief:
        """What is believed now."""
        ...

    def configuration(self) -> Configuration:
        """What holds for this node."""
        ...

    def known(self, asked: Need) -> Need | None:
        """What a child means, in the words of signed metadata; None for what it may not have."""
        ...

    def permission(self, child: str, need: Need, now: Instant) -> Permission:
        """Whether a need of a child may be served now."""
        ...

    def rate(self, child: str, need: Need, now: Instant) -> int | None:
        """Octets a second that the channels let to a child, None without limit."""
        ...

    async def fetched(self, name: str) -> bytes | None:
        """Metadata that are not here, from the node above."""
        ...

    async def forwarded(self, what: str, asked: Document) -> Document:
        """`enrol` or `renew`, answered by the distributor."""
        ...

    def heard(self, child: str, rows: Sequence[Row]) -> None:
        """A child told rows."""
        ...

    def linked_below(self, child: str, links: Sequence[Link]) -> None:
        """A child told to whom it and those behind it are linked."""
        ...

    def lacks_changed(self) -> None:
        """What is lacked below is another thing now."""
        ...


@dataclass(slots=True)
class Below:
    """One child while this process lives."""

    seen: float
    polls: int = 0
    """Its questions that are held: while there is one, it is heard of."""
    life: str = ""
    taken: int = 0
    standing: Mapping[str, Standing] = field(default_factory=dict)
    answered: bool = False
    walk: str = ""
    messages: list[tuple[int, Downward]] = field(default_factory=list)
    some: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(slots=True)
class Grant:
    """The right of a child to read one content."""

    token: str
    child: str
    need: Need
    until: Instant | None
    made: float
    begun: float = 0.0
    flows: int = 0
    sent: int = 0
    void: bool = False

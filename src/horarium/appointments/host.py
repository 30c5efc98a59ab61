"""Hosts, teams and services, as they are declared."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from horarium.appointments.grid import Grid
from horarium.appointments.horizon import Horizon
from horarium.appointments.hours import HostHours
from horarium.appointments.limits import Limit
from horarium.appointments.reminding import DEFAULT, Reminder
from horarium.kernel.instant import Instant

MINUTE, HOUR = 60, 3600
EPOCH = Instant(0)


class Writing(Enum):
    """What a link to somebody else's calendar does there."""

    BUSY = "busy"
    """Their time blocks; nothing is written."""
    RESERVE = "reserve"
    """The appointment is written there too, in the same transaction."""


@dataclass(frozen=True, slots=True)
class Link:
    """A resource or a person, by address key, whose time is looked at."""

    address: str
    writing: Writing = Writing.RESERVE


@dataclass(frozen=True, slots=True)
class Host:
    """A stored appointer: a person, a desk or a room that gives appointments.

    ``time`` is where its generator begins. ``before`` and ``after`` are seconds
    kept free around each appointment, ``capacity`` how many may run at once. ``calendars`` are the
    named holidays it keeps.
    """

    id: str
    name: str = ""
    mail: str = ""
    hours: HostHours = field(default_factory=HostHours)
    time: Instant = EPOCH
    capacity: int = 1
    before: int = 0
    after: int = 0
    limits: tuple[Limit, ...] = ()
    links: tuple[Link, ...] = ()
    calendars: tuple[str, ...] = ()
    require_auth: str = "none"
    active: bool = True

    @property
    def title(self) -> str:
        """What people call it."""
        return self.name or self.id


class Mode(Enum):
    """How a team's host is chosen among those who are free."""

    ROTATE = "rotate"
    """Strictly in turn, free or not (seed 003)."""
    ROTATE_NEXT = "rotate-next"
    """In turn, or the next one who is free."""
    LEAST_RECENT = "least-recent"
    """Whose newest booking is oldest."""
    WEIGHTED = "weighted"
    """Who is furthest below the share that the weights give."""
    PRIORITY = "priority"
    """The highest level, then the least recent."""
    MOST_FREE = "most-free"
    """Who has most time left that day, then the least recent."""
    LEVEL = "level"
    """Nobody who is far ahead of the others, then the least recent."""
    COLLECTIVE = "collective"
    """All of them together."""


@dataclass(frozen=True, slots=True)
class Team:
    """A stored assistant: hosts that are used in turn, or as the mode says.

    ``weights`` are 0 to 1000 by host, ``priorities`` 1 (lowest) to 5; ``lead``
    is how far ahead of the lowest a host may be in the mode ``level``. In the
    mode ``collective`` one of each of ``groups`` comes, and all of no group.
    """

    id: str
    hosts: tuple[str, ...] = ()
    name: str = ""
    info: str = ""
    mode: Mode = Mode.ROTATE
    weights: dict[str, int] = field(default_factory=dict)
    priorities: dict[str, int] = field(default_factory=dict)
    lead: int = 3
    groups: tuple[tuple[str, ...], ...] = ()

    @property
    def fixed(self) -> tuple[str, ...]:
        """Who is there always when all come together: those of no group."""
        return tuple(host for host in self.hosts if not any(host in g for g in self.groups))

    @property
    def title(self) -> str:
        """What people call it."""
        return self.name or self.id


class Waiting(Enum):
    """What becomes of time that somebody waits for."""

    OFFER = "offer"
    """It is held for the first who waits, until that one answers or the offer lapses."""
    AUTO = "auto"
    """The first who waits gets it at once."""
    ALL = "all"
    """All who wait for it are told; it is for the first who comes."""


@dataclass(frozen=True, slots=True)
class Service:
    """A kind of appointment that is offered: how long, when, under which limits, by whom.

    Durations, buffers, notices and times to hold are seconds. ``by`` is a host
    or a team.
    """

    id: str
    by: str
    name: str = ""
    info: str = ""
    location: str = ""
    durations: tuple[int, ...] = (30 * MINUTE,)
    grid: Grid = field(default_factory=Grid)
    pack: bool = False
    before: int = 0
    after: int = 0
    share_buffers: bool = False
    buffers_inside: bool = False
    notice: int = HOUR
    horizon: Horizon = field(default_factory=Horizon)
    seats: int = 1
    limits: tuple[Limit, ...] = ()
    client_limit: int | None = None
    hold: int = 10 * MINUTE
    verify_email: bool = True
    approval: bool = False
    allow_cancel: bool = True
    allow_move: bool = True
    cancel_notice: int = 0
    move_notice: int = 0
    reminders: tuple[Reminder, ...] = DEFAULT
    waiting: Waiting = Waiting.OFFER
    offer: int = 2 * HOUR
    reply_cancels: bool = False
    published: bool = False
    active: bool = True

    @property
    def title(self) -> str:
        """What people call it."""
        return self.name or self.id

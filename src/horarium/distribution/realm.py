"""A realm: distributors, distributions, channels, subscribers and the policies over them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from horarium.kernel.schedule import Schedule


class Priority(StrEnum):
    """The order in which transfers are served."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class ParentPolicy(StrEnum):
    """What a subscriber does while its parent can not be reached."""

    WAIT = "wait"
    NEXT = "next"
    ORIGIN = "origin"


@dataclass(frozen=True, slots=True)
class UsePolicy:
    """Whether an object takes its settings and its schedule from a policy that applies to it."""

    settings: bool = True
    schedule: bool = True


@dataclass(frozen=True, slots=True)
class Written:
    """What is written of an object: settings by name, in the values of
    `horarium.distribution.settings`; what is not written is not there."""

    settings: Mapping[str, object] = field(default_factory=dict)
    schedule: Schedule | None = None
    use_policy: UsePolicy = UsePolicy()


@dataclass(frozen=True, slots=True)
class Distributor:
    """Owns distributions, builds their versions and sends them to its first tier.

    ``routes``: by subscriber, its parent in the routing hierarchy (the distributor itself is the
    empty name). ``zone`` None is that of the site.
    """

    name: str
    own: Written = Written()
    title: str = ""
    zone: str | None = None
    routes: Mapping[str, str] = field(default_factory=dict)
    report_days: int = 400


@dataclass(frozen=True, slots=True)
class Action:
    """One act before or after an extraction: ``kind`` is run, start-service, stop-service,
    start-process or stop-process; ``argv`` the program with its arguments, or the name alone."""

    kind: str
    argv: tuple[str, ...]
    timeout: int = 300
    strict: bool = False


@dataclass(frozen=True, slots=True)
class Distribution:
    """A named, versioned set of files of one type.

    ``content`` holds the keys of the type (source, exclude, links, remove, url, host, …) as they
    were written and checked. ``revisions`` None is unlimited.
    """

    name: str
    distributor: str
    kind: str = "file"
    content: Mapping[str, object] = field(default_factory=dict)
    target: str = "%DEST_VOLUME%"
    build: Schedule | None = None
    priority: Priority = Priority.MEDIUM
    sequential: bool = True
    delta: str = "auto"
    catch_up_versions: str = "chain"
    revisions: int | None = 10
    delete_previous_first: bool = False
    send_after_build: bool = False
    apply: str = "merge"
    locked: str = "fail"
    local_changes: str = "overwrite"
    pre: tuple[Action, ...] = ()
    post: tuple[Action, ...] = ()
    rollback: bool = False
    active: bool = True
    title: str = ""


@dataclass(frozen=True, slots=True)
class Ring:
    """A group that gets a version before the next one. ``soak`` is seconds; ``max_failures`` and
    ``proven`` are counts, or shares (0 < x < 1) of the ring."""

    group: str
    soak: int
    max_failures: int | float = 0
    proven: int | float = 1


@dataclass(frozen=True, slots=True)
class LinkCalendar:
    """A booking resource that gates a window: open while it is ``free``, or while ``reserved``."""

    resource: str
    open_when: str


@dataclass(frozen=True, slots=True)
class Channel:
    """Lists distributions and who gets them, and owns the window in which they are sent.

    ``subscribers`` are names, or ``@GROUP``; ``inactive`` those of them that are not active.
    ``rate_grid`` are its lines as written.
    """

    name: str
    distributions: tuple[str, ...] = ()
    subscribers: tuple[str, ...] = ()
    inactive: frozenset[str] = frozenset()
    send: Schedule | None = None
    rate_grid: tuple[str, ...] = ()
    rings: tuple[Ring, ...] = ()
    on_halt: str = "hold"
    calendar: LinkCalendar | None = None
    obey_send_window: bool = False
    active: bool = True
    title: str = ""


@dataclass(frozen=True, slots=True)
class Subscriber:
    """A node that receives and extracts; it may also relay. ``parents`` are in their order, the
    first the one that serves it; ``url`` is where its own children reach it, ``note`` for people.
    ``inactive`` are those of its channels in which it is not active."""

    name: str
    own: Written = Written()
    title: str = ""
    zone: str | None = None
    channels: tuple[str, ...] = ()
    inactive: frozenset[str] = frozenset()
    parents: tuple[str, ...] = ()
    url: str = ""
    note: str = ""
    variables: Mapping[str, str] = field(default_factory=dict)
    include_policy_variables: bool = True
    calendar: LinkCalendar | None = None


@dataclass(frozen=True, slots=True)
class SubscriberGroup:
    """Subscribers that are subscribed together."""

    name: str
    members: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    inactive: frozenset[str] = frozenset()
    title: str = ""


@dataclass(frozen=True, slots=True)
class Policy:
    """Defaults for distributors and subscribers. ``applies_to`` is ``all``, ``@GROUP`` or the name
    of one object."""

    name: str
    applies_to: str = "all"
    settings: Mapping[str, object] = field(default_factory=dict)
    refresh: Schedule | None = None
    extract: Schedule | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    title: str = ""


@dataclass(frozen=True, slots=True)
class Realm:
    """All objects, by name; ``zone`` is that of the site, ``seed`` places random moments."""

    distributors: Mapping[str, Distributor] = field(default_factory=dict)
    distributions: Mapping[str, Distribution] = field(default_factory=dict)
    channels: Mapping[str, Channel] = field(default_factory=dict)
    subscribers: Mapping[str, Subscriber] = field(default_factory=dict)
    groups: Mapping[str, SubscriberGroup] = field(default_factory=dict)
    policies: Mapping[str, Policy] = field(default_factory=dict)
    zone: str = "UTC"
    seed: str = ""

"""Distribution as pages and programs show it: what there is, how far it is, when it goes on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from horarium.distribution.foresight import alike, senders
from horarium.distribution.precedence import written_schedule
from horarium.distribution.realm import Channel
from horarium.distribution.records import Document
from horarium.distribution.schedules import Act
from horarium.distribution.staged import Pause, Phase
from horarium.distribution.tree import entries_of, subscribers_of
from horarium.kernel.gregorian import DAY
from horarium.kernel.instant import Instant
from horarium.kernel.periodset import EMPTY, PeriodSet
from horarium.runtime.distribution_questions import REACHES
from horarium.runtime.realm_views import must_be, schedule_text
from horarium.runtime.settings import Settings
from horarium.runtime.tiers.overview import Overview
from horarium.runtime.tiers.status import counted, status_of, subscriber_of
from horarium.store.store import Store, Transaction

AHEAD = 48 * 3_600
"""How far ahead the windows of a channel are drawn."""
MOST_VERSIONS = 10


@dataclass(frozen=True, slots=True)
class Window:
    """A channel as it stands: open or closed, until when (None: as far as is known), and how many
    get what it carries."""

    name: str
    active: bool
    open: bool
    until: Instant | None
    receivers: int


@dataclass(frozen=True, slots=True)
class Carried:
    """A distribution in a line: its newest version with the receivers by state, when it is built
    next, and the channels that carry it."""

    name: str
    title: str
    active: bool
    version: int | None
    built: Instant | None
    files: int
    size: int
    counts: Mapping[str, int]
    next_build: Instant | None
    failed: str
    channels: tuple[Window, ...]


def distributions(store: Store, settings: Settings, now: Instant) -> list[Carried]:
    """All distributions, by name."""

    def work(tx: Transaction) -> list[Carried]:
        known = Overview(tx, settings, now)
        return [_carried(known, name) for name in sorted(known.realm.distributions)]

    return store.read(work)


def _carried(known: Overview, name: str) -> Carried:
    found = known.realm.distributions[name]
    newest = next(iter(known.tx.versions.newest(name, 1)), None)
    version = newest[0] if newest is not None else None
    build = next(iter(known.tx.versions.builds(name, 1)), None)
    counts = _counts(known, name)
    return Carried(
        name, found.title, found.active,
        version.number if version is not None else None,
        version.built if version is not None else None,
        version.files if version is not None else 0,
        version.size if version is not None else 0,
        counts, next_firing(known, Act.BUILD, name) if found.active else None,
        build.reason if build is not None and build.outcome == "failed" else "",
        tuple(windows_of(known, name)),
    )  # fmt: skip


def _counts(known: Overview, name: str) -> dict[str, int]:
    document: Any = status_of(known, name, 1)
    return counted(document["versions"][0]["nodes"]) if document["versions"] else {}


def next_firing(known: Overview, act: Act, name: str) -> Instant | None:
    """When an act of an object comes next; None when it does not in a year."""
    for reach in REACHES:
        found = known.ahead.firings(act, name, Instant(known.now + reach))
        if found:
            return found[0].due
    return None


def windows_of(known: Overview, name: str) -> Iterator[Window]:
    """The channels that carry a distribution, as they stand."""
    for channel in sorted(known.realm.channels):
        if name in known.realm.channels[channel].distributions:
            yield window_of(known, known.realm.channels[channel])


def window_of(known: Overview, channel: Channel) -> Window:
    """A channel as it stands."""
    name, now, receivers = channel.name, known.now, len(subscribers_of(known.realm, channel))
    if not channel.active:
        return Window(name, False, False, None, receivers)
    if name in known.by_hand:
        return Window(name, True, True, None, receivers)
    for reach in (2 * DAY, *REACHES):
        end = Instant(now + reach)
        first = next(iter(periods_of(known, channel, now, end)), None)
        if first is None:
            continue
        is_open = first.start <= now
        until = first.end if is_open else first.start
        return Window(name, True, is_open, until if until < end else None, receivers)
    return Window(name, True, False, None, receivers)


def periods_of(known: Overview, channel: Channel, start: Instant, end: Instant) -> PeriodSet:
    """When a channel is open to any of its first tier."""
    either, sending = EMPTY, known.ahead.sending
    for distributor in senders(known.realm, channel):
        for nodes in alike(known.realm, channel, distributor):
            either = either.union(sending.windows(channel, distributor, nodes[0], start, end))
    return either


# --- one distribution ----------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Followed:
    """One distribution: the line it has among all, and its status (`status_document`)."""

    line: Carried
    status: Document
    build: str | None
    distributor: str
    kind: str


def distribution(store: Store, settings: Settings, name: str, now: Instant) -> Followed:
    """All about one distribution. NotFound."""

    def work(tx: Transaction) -> Followed:
        known = Overview(tx, settings, now)
        status = status_of(known, name, MOST_VERSIONS)
        found = known.realm.distributions[name]
        line, build = _carried(known, name), schedule_text(found.build)
        return Followed(line, status, build, found.distributor, found.kind)

    return store.read(work)


# --- one channel ---------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RingView:
    """A ring of a channel: its number, its group (empty: all others), and how long it soaks."""

    number: int
    group: str
    soak: int


@dataclass(frozen=True, slots=True)
class Releasing:
    """A version on its way through the rings. ``reached`` of them are open."""

    distribution: str
    version: int
    reached: int
    state: str
    reason: str
    since: Instant


@dataclass(frozen=True, slots=True)
class ChannelView:
    """A channel: its windows from ``start`` on for `AHEAD` seconds, who is subscribed by which
    entry, what it releases, and who holds that."""

    window: Window
    title: str
    send: str | None
    start: Instant
    periods: PeriodSet
    distributions: tuple[str, ...]
    entries: Mapping[str, bool]
    receivers: tuple[str, ...]
    rate_grid: tuple[str, ...]
    rings: tuple[RingView, ...]
    releasing: tuple[Releasing, ...]
    paused: Pause | None

    @property
    def can_pause(self) -> bool:
        """Whether it has rings and nobody holds it."""
        return bool(self.rings) and self.paused is None

    @property
    def can_resume(self) -> bool:
        """Whether it is held, or something stands still there."""
        return self.paused is not None or any(
            one.state in (Phase.PAUSED, Phase.HALTED) for one in self.releasing
        )


def channel(store: Store, settings: Settings, name: str, now: Instant) -> ChannelView:
    """All about one channel. NotFound."""

    def work(tx: Transaction) -> ChannelView:
        known = Overview(tx, settings, now)
        must_be(known.realm, "channel", name)
        found = known.realm.channels[name]
        end = Instant(now + AHEAD)
        return ChannelView(
            window_of(known, found), found.title, schedule_text(found.send), now,
            periods_of(known, found, now, end) if found.active else EMPTY,
            found.distributions, entries_of(known.realm, found),
            tuple(subscribers_of(known.realm, found)), found.rate_grid, _rings(found),
            tuple(_releasing(known, found)), known.paused.get(name),
        )  # fmt: skip

    return store.read(work)


def _rings(found: Channel) -> tuple[RingView, ...]:
    if not found.rings:
        return ()
    rings = [RingView(n, ring.group, ring.soak) for n, ring in enumerate(found.rings, start=1)]
    return (*rings, RingView(len(rings) + 1, "", 0))


def _releasing(known: Overview, found: Channel) -> Iterator[Releasing]:
    """The newest release of each distribution, and those that are not over."""
    if not found.rings:
        return
    mine = [one for one in known.releases if one.channel == found.name]
    newest = {one.distribution: one.version for one in mine}
    for one in reversed(mine):
        if one.state != Phase.DONE or one.version == newest[one.distribution]:
            reached = min(one.rings, len(found.rings) + 1)
            yield Releasing(
                one.distribution, one.version, reached, one.state, one.reason, one.changed
            )


# --- one subscriber --------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SubscriberView:
    """A subscriber: what it gets and how far it is (`subscriber_document`), and its place."""

    status: Document
    title: str
    note: str
    parents: tuple[str, ...]
    channels: tuple[str, ...]
    extract: str | None
    next_extract: Instant | None


def subscriber(store: Store, settings: Settings, name: str, now: Instant) -> SubscriberView:
    """All about one subscriber. NotFound."""

    def work(tx: Transaction) -> SubscriberView:
        known = Overview(tx, settings, now)
        status = subscriber_of(known, name)
        found = known.realm.subscribers[name]
        channels = [
            one.name
            for one in known.realm.channels.values()
            if name in subscribers_of(known.realm, one)
        ]
        schedule = written_schedule(known.realm, Act.EXTRACT, name)
        return SubscriberView(
            status, found.title, found.note, found.parents, tuple(sorted(channels)),
            schedule_text(schedule), next_firing(known, Act.EXTRACT, name),
        )  # fmt: skip

    return store.read(work)

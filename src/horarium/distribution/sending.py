"""When a distributor may send: the windows of channels, cut by their rate grids and link calendars.

A receiver that several channels lead to may be served while any of them is open. An end is a hard
stop; lower tiers do not look at it unless their channel says so (seed 002).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise

from horarium.distribution.rates import RateGrid, read_grid
from horarium.distribution.realm import Channel, Distributor, LinkCalendar, Realm, Subscriber
from horarium.distribution.schedules import Act, Given, mapped, object_id
from horarium.distribution.timing import zone_of
from horarium.distribution.tree import Tree, tree_of
from horarium.kernel.errors import LimitReached
from horarium.kernel.gregorian import DAY
from horarium.kernel.instant import Instant, Wall
from horarium.kernel.period import Period
from horarium.kernel.periodset import EMPTY, PeriodSet
from horarium.kernel.schedule import Schedule, Type
from horarium.kernel.timetable import Circumstances, Timetable
from horarium.kernel.zone import Gap, Zone, named

Busy = Callable[[str, Period], PeriodSet | None]
"""The busy time of a booking resource; None when it can not be read."""

LOOKS_AHEAD = (2 * DAY, 9 * DAY, 63 * DAY, 400 * DAY)
"""How far the next opening is looked for: near ones first, and nothing is promised after a year."""


def never_busy(resource: str, period: Period) -> PeriodSet | None:
    """A calendar in which nothing stands, for where no link calendars are known."""
    return EMPTY


@dataclass(frozen=True, slots=True)
class SendState:
    """Whether a receiver may be served now. ``until`` is when that can change, None when nothing
    within a year changes it; ``reason`` why it is closed: inactive, window_closed, link_reserved,
    link_not_reserved or link_calendar_unavailable; ``channels`` those it is about."""

    open: bool
    until: Instant | None
    reason: str = ""
    channels: tuple[str, ...] = ()


INACTIVE, WINDOW_CLOSED = "inactive", "window_closed"
RESERVED, NOT_RESERVED = "link_reserved", "link_not_reserved"
UNAVAILABLE = "link_calendar_unavailable"


@dataclass(frozen=True, slots=True)
class Sending:
    """The realm at one refresh, asked about its windows.

    ``given`` is what each channel's schedule is set into, by name; ``default`` for one that is not
    named. ``busy`` answers for link calendars. Nothing but what follows from the realm is
    remembered: equal questions have equal answers as long as calendars stand still.
    """

    realm: Realm
    default: Given
    busy: Busy = never_busy
    given: Mapping[str, Given] = field(default_factory=dict)
    by_hand: frozenset[str] = frozenset()
    """Channels that somebody opened at any hour; their link calendars hold all the same."""
    by_hand_until: Instant | None = None
    """Up to when they are said to be open, to those who may not hear of their end."""
    using: Mapping[str, str] = field(default_factory=dict)
    """The parents of those who have gone over to another than their first."""
    _trees: dict[str, Tree] = field(default_factory=dict, repr=False, compare=False)

    # --- one channel -------------------------------------------------------

    def zone(self, channel: Channel, distributor: Distributor, receiver: Subscriber) -> Zone:
        """The zone of a channel's window for one receiver, and of its rate grid."""
        inner = channel.send.zone if channel.send is not None else None
        if inner not in (None, "owner", "receiver"):
            return named(inner)
        return named(self._zone_name(channel, distributor, receiver))

    def _zone_name(self, channel: Channel, distributor: Distributor, receiver: Subscriber) -> str:
        return zone_of(
            self.realm, Act.SEND, channel.name,
            distributor=distributor.name, receiver=receiver.name,
        )  # fmt: skip

    def schedule_windows(
        self, channel: Channel, distributor: Distributor, receiver: Subscriber,
        start: Instant, end: Instant,
    ) -> PeriodSet:  # fmt: skip
        """What a channel's schedule and rate grid leave open in ``[start, end)``, without link
        calendars. Whether the channel is active is not looked at."""
        if start >= end:
            return EMPTY
        given = self.given.get(channel.name, self.default)
        zone = self._zone_name(channel, distributor, receiver)
        found = windows_of(channel.send, channel.name, zone, self.realm.seed, given, start, end)
        grid = read_grid(channel.rate_grid)
        if grid.lines and found:
            own = self.zone(channel, distributor, receiver)
            found = found.intersect(grid.open_between(start, end, own))
        return found

    def windows(
        self, channel: Channel, distributor: Distributor, receiver: Subscriber,
        start: Instant, end: Instant,
    ) -> PeriodSet:  # fmt: skip
        """Where bytes may flow to a receiver of the first tier because of one channel."""
        found = self._opened(channel, distributor, receiver, start, end)
        for calendar in (channel.calendar, receiver.calendar):
            if calendar is not None and found:
                left = gated(calendar, Period(start, end), self.busy)
                found = EMPTY if left is None else found.intersect(left)
        return found

    def _opened(
        self, channel: Channel, distributor: Distributor, receiver: Subscriber,
        start: Instant, end: Instant,
    ) -> PeriodSet:  # fmt: skip
        """Where a channel is open, by its schedule or by hand, before link calendars."""
        if channel.name not in self.by_hand or start >= end:
            return self.schedule_windows(channel, distributor, receiver, start, end)
        until = end if self.by_hand_until is None else min(end, self.by_hand_until)
        if until == end:
            return PeriodSet([Period(start, end)])
        found = self.schedule_windows(channel, distributor, receiver, start, end)
        return found.union(PeriodSet([Period(start, until)])) if start < until else found

    def link_windows(self, receiver: Subscriber, start: Instant, end: Instant) -> PeriodSet:
        """Where the link above a subscriber of any tier is open: everywhere without a calendar."""
        if start >= end:
            return EMPTY
        whole = Period(start, end)
        if receiver.calendar is None:
            return PeriodSet([whole])
        found = gated(receiver.calendar, whole, self.busy)
        return EMPTY if found is None else found

    def _rates(
        self, channel: Channel, distributor: Distributor, receiver: Subscriber,
        start: Instant, end: Instant,
    ) -> list[tuple[Period, int | None]]:  # fmt: skip
        """The rates of a channel's grid in ``[start, end)``. Who opens a channel by hand opens it
        where the grid closes it, too."""
        zone = self.zone(channel, distributor, receiver)
        parts = self.grid(channel).rates_between(start, end, zone)
        if channel.name not in self.by_hand:
            return parts
        return [(period, rate or None) for period, rate in parts]

    def grid(self, channel: Channel) -> RateGrid:
        """The rate grid of a channel."""
        return read_grid(channel.rate_grid)

    # --- all channels that lead to a receiver ------------------------------

    def union(self, distribution: str, receiver: str, start: Instant, end: Instant) -> PeriodSet:
        """Where a distribution may flow to a receiver: while any channel that leads there is
        open. For one that only passes it on, the channels count that lead to those behind it."""
        found = EMPTY
        owner = self._owner(distribution)
        node = self.realm.subscribers[receiver]
        for channel in self._channels(distribution, receiver):
            found = found.union(self.windows(channel, owner, node, start, end))
        return found

    def rates(
        self, distribution: str, receiver: str, start: Instant, end: Instant
    ) -> tuple[tuple[Period, int], ...]:
        """The stretches of ``[start, end)`` in which a distribution flows to a receiver at no more
        than a rate: the fastest of the channels that are open. Elsewhere it is unlimited."""
        owner, node = self._owner(distribution), self.realm.subscribers[receiver]
        open_parts: list[tuple[Period, int | None]] = []
        for channel in self._channels(distribution, receiver):
            opened = self.windows(channel, owner, node, start, end)
            for period, rate in self._rates(channel, owner, node, start, end) if opened else ():
                open_parts += [(part, rate) for part in opened.clip(period.start, period.end)]
        if all(rate is None for _, rate in open_parts):
            return ()
        ends = sorted({end for period, _ in open_parts for end in (period.start, period.end)})
        found: list[tuple[Period, int]] = []
        for first, last in pairwise(ends):
            here = [rate for period, rate in open_parts if period.start <= first < period.end]
            limited = [rate for rate in here if rate is not None]
            if not here or len(limited) < len(here):
                continue
            most = max(limited)
            if found and found[-1][1] == most and found[-1][0].end == first:
                first = found.pop()[0].start
            found.append((Period(first, last), most))
        return tuple(found)

    def state(self, distribution: str, receiver: str, t: Instant) -> SendState:
        """Whether a distribution may flow to a receiver of the first tier at an instant, until
        when, and why not."""
        channels = self._channels(distribution, receiver)
        names = tuple(channel.name for channel in channels)
        if not channels:
            return SendState(False, None, INACTIVE)
        for ahead in LOOKS_AHEAD:
            end = Instant(t + ahead)
            try:
                first = next(iter(self.union(distribution, receiver, t, end)), None)
            except LimitReached:
                # Very many short windows, all of them taken: what is near has been looked at.
                break
            if first is None:
                continue
            if first.start > t:
                return self._closed(distribution, receiver, channels, t, first.start)
            if first.end < end:
                return SendState(True, first.end, "", names)
            if ahead == LOOKS_AHEAD[-1]:
                return SendState(True, None, "", names)
        return self._closed(distribution, receiver, channels, t, None)

    def obeys(self, distribution: str, node: str) -> bool:
        """Whether the link above a node below the first tier keeps to windows: when all channels
        say so that lead to it or to somebody behind it."""
        tree = self._tree(distribution)
        names = {name for one in (node, *tree.below(node)) for name in tree.receivers.get(one, ())}
        return bool(names) and all(self.realm.channels[name].obey_send_window for name in names)

    def link_state(self, distribution: str, node: str, t: Instant) -> SendState:
        """Whether a distribution may go over the link above a node below the first tier."""
        if self.obeys(distribution, node):
            return self.state(distribution, node, t)
        below = self.realm.subscribers[node]
        if below.calendar is None:
            return SendState(True, None)
        for ahead in LOOKS_AHEAD:
            first = next(iter(self.link_windows(below, t, Instant(t + ahead))), None)
            if first is not None:
                shut = first.start > t
                until = first.start if shut else first.end
                reason = self._taken(below.calendar, t) if shut else ""
                return SendState(not shut, until, reason)
        return SendState(False, None, self._taken(below.calendar, t))

    def _taken(self, calendar: LinkCalendar, t: Instant) -> str:
        """Why a link calendar is closed at an instant; empty when it is open."""
        left = gated(calendar, Period(t, Instant(t + 1)), self.busy)
        if left is None:
            return UNAVAILABLE
        return "" if left else RESERVED if calendar.open_when == "free" else NOT_RESERVED

    def _closed(
        self, distribution: str, receiver: str, channels: tuple[Channel, ...], t: Instant,
        until: Instant | None,
    ) -> SendState:  # fmt: skip
        """The reason is that of a calendar where one takes an open window away."""
        owner, node = self._owner(distribution), self.realm.subscribers[receiver]
        names = tuple(channel.name for channel in channels)
        now = Period(t, Instant(t + 1))
        for channel in channels:
            if not self._opened(channel, owner, node, now.start, now.end):
                continue
            for calendar in (channel.calendar, node.calendar):
                reason = self._taken(calendar, t) if calendar is not None else ""
                if reason:
                    return SendState(False, until, reason, (channel.name,))
        return SendState(False, until, WINDOW_CLOSED, names)

    def _owner(self, distribution: str) -> Distributor:
        return self.realm.distributors[self.realm.distributions[distribution].distributor]

    def _tree(self, distribution: str) -> Tree:
        tree = self._trees.get(distribution)
        if tree is None:
            tree = self._trees[distribution] = tree_of(self.realm, distribution, self.using)
        return tree

    def _channels(self, distribution: str, receiver: str) -> tuple[Channel, ...]:
        """Those that make somebody a receiver; for one that only passes it on, those that do so to
        anybody behind."""
        tree = self._tree(distribution)
        names = tree.receivers.get(receiver)
        if names is None:
            behind = tree.below(receiver) if receiver in tree.parents else ()
            found = {name for node in behind for name in tree.receivers.get(node, ())}
            names = tuple(sorted(found))
        return tuple(self.realm.channels[name] for name in names)

    def alike(self, distribution: str, receiver: str) -> Hashable:
        """What the windows of a receiver rest on: those for whom it is equal share every answer
        about a distribution of one distributor."""
        node = self.realm.subscribers[receiver]
        owner, channels = self._owner(distribution), self._channels(distribution, receiver)
        zones = tuple(self.zone(channel, owner, node).name for channel in channels)
        names = tuple(channel.name for channel in channels)
        return owner.name, names, zones, node.calendar


def gated(calendar: LinkCalendar, within: Period, busy: Busy) -> PeriodSet | None:
    """Where a link calendar is open; None when it can not be read, which is never taken as free."""
    found = busy(calendar.resource, within)
    if found is None:
        return None
    return found.gaps(within) if calendar.open_when == "free" else found.clip(*_ends(within))


def _ends(period: Period) -> tuple[Instant, Instant]:
    return period.start, period.end


# --- the window of a schedule -------------------------------------------------


def windows_of(
    schedule: Schedule | None, name: str, zone: str, seed: str, given: Given,
    start: Instant, end: Instant,
) -> PeriodSet:  # fmt: skip
    """Where the send schedule of a channel is open in ``[start, end)``.

    A window from start to end; an interval and ``immediately`` without a gate are always open, a
    moment until its end, for its length, or until 24:00 of its day.
    """
    if schedule is None or not schedule.enabled or start >= end:
        return EMPTY
    own = mapped(Act.SEND, schedule, zone)
    if schedule.type is Type.IMMEDIATELY or (schedule.type is Type.INTERVAL and not own.length):
        own = Schedule(
            type=Type.IMMEDIATELY, zone=own.zone, start=own.start, end=own.end,
            excepted=own.excepted, first_date=own.first_date, last_date=own.last_date,
        )  # fmt: skip
    timetable = Timetable(own, _circumstances(own, name, seed, given))
    if own.at is not None and own.at.wall is None and own.length is None:
        return PeriodSet(_until_midnight(timetable)).clip(start, end)
    if own.jitter is not None and own.end is not None and own.type.dated and not own.repeat:
        return PeriodSet(_delayed(timetable, start, end)).clip(start, end)
    found = timetable.open_between(start, end)
    if schedule.type is Type.INTERVAL and not schedule.gated and not own.length:
        anchor = schedule.anchor if schedule.anchor is not None else given.anchor
        found = found.clip(given.activation if anchor is None else anchor, end)
    return found


def _circumstances(own: Schedule, name: str, seed: str, given: Given) -> Circumstances:
    return Circumstances(
        activation=given.activation,
        anchor=given.anchor,
        object_id=object_id(Act.SEND, name),
        seed=seed,
        signals=given.signal(own.signal) if own.signal is not None else (),
    )


def _until_midnight(timetable: Timetable) -> Iterator[Period]:
    """The one moment of a schedule that names an instant, until 24:00 of its day."""
    moment = timetable.next_after(Instant(timetable.circumstances.activation - 1))
    at = timetable.schedule.at
    first = at.instant if at is not None and at.instant is not None else None
    if first is None and moment is not None:
        first = moment.due
    if first is not None:
        zone = timetable.zone
        day = zone.to_wall(first) // DAY
        yield Period(first, zone.at(Wall((day + 1) * DAY), Gap.AT_END))


def _delayed(timetable: Timetable, start: Instant, end: Instant) -> Iterator[Period]:
    """Windows whose opening is delayed by a jitter; a delay past the end leaves none."""
    given = timetable.circumstances
    early = Instant(start - timetable.reach - (timetable.schedule.jitter or 0))
    asked = replace(given, activation=Instant(min(given.activation, early)))
    whole = Timetable(timetable.schedule, asked)
    for opening in whole.moments(early, end).openings:
        if opening.end is not None and opening.end > opening.due:
            yield Period(opening.due, opening.end)

"""The next version of every distribution, played forward in virtual time over windows and rates.

A transfer runs at the least of what its sender's class, its receiver and the channel's rate grid
leave it; transfers of one class of a sender share its rate equally, and so do those into one
receiver. A parent passes on what it has, or when it has all of it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field

from horarium.distribution.foresight import Foresight
from horarium.distribution.past import ASSUMED_RATE, Past
from horarium.distribution.precedence import (
    distributor_settings,
    schedule_of,
    subscriber_settings,
)
from horarium.distribution.realm import Distribution, Priority
from horarium.distribution.schedules import Act
from horarium.distribution.settings import (
    SUBSCRIBER,
    DistributorSettings,
    Relay,
    SubscriberSettings,
)
from horarium.distribution.tree import ORIGIN, Tree, tree_of
from horarium.kernel.errors import LimitReached
from horarium.kernel.instant import Instant
from horarium.kernel.period import Period
from horarium.kernel.periodset import PeriodSet
from horarium.kernel.schedule import Type

MOST_TRANSFERS = 50_000
"""Links times distributions that are played: beyond it a forecast takes minutes."""
MOST_STEPS = 200_000
_ALMOST = 1e-6


@dataclass(frozen=True, slots=True)
class Arrival:
    """One version at one node. ``built`` is when it is there to be sent; ``begun``, ``received``
    and ``extracted`` are None when it does not come to that. ``stops`` counts window ends that cut
    it; ``receiver`` is False for one that only passes it on."""

    distribution: str
    node: str
    octets: int
    built: Instant | None
    begun: Instant | None
    received: Instant | None
    extracted: Instant | None
    stops: int
    receiver: bool


@dataclass(slots=True, eq=False)
class _Transfer:
    """One version over one link, while it is played."""

    distribution: str
    node: str
    sender: str
    priority: Priority
    size: int
    ready: Instant
    upstream: _Transfer | None
    whole_first: bool
    open: PeriodSet | None
    rates: list[tuple[Period, int | None]] = field(default_factory=list)
    done: float = 0.0
    rate: float = 0.0
    begun: Instant | None = None
    ended: float | None = None
    stops: int = 0

    def gate(self, t: float) -> bool:
        return self.open is None or self.open.contains(Instant(int(t)))

    def available(self) -> bool:
        """Whether the sender has something to send that the receiver lacks."""
        above = self.upstream
        if above is None or above.ended is not None:
            return True
        return not self.whole_first and (above.done > self.done + _ALMOST or above.rate > 0)

    def cell(self, t: float) -> int | None:
        i = bisect_right(self.rates, t, key=lambda part: part[0].start) - 1
        if i < 0 or t >= self.rates[i][0].end:
            return None
        return self.rates[i][1]


def forecast(ahead: Foresight, past: Past, end: Instant) -> list[Arrival]:
    """When the next version of each distribution whose size is known reaches everybody, as far as
    it does before ``end``. LimitReached for a realm too large to play."""
    world = _World(ahead, past, end)
    world.play()
    return [world.arrival(one) for one in world.transfers]


class _World:
    """All transfers of a forecast, and the present in it."""

    def __init__(self, ahead: Foresight, past: Past, end: Instant) -> None:
        self.ahead, self.past, self.end = ahead, past, end
        self.trees: dict[str, Tree] = {}
        self.transfers: list[_Transfer] = []
        self._settings: dict[tuple[str, str], DistributorSettings | SubscriberSettings] = {}
        for name in sorted(past.octets.keys() & ahead.realm.distributions.keys()):
            distribution = ahead.realm.distributions[name]
            ready = self._ready(distribution)
            if distribution.active and ready is not None:
                self._add(distribution, ready)
        if len(self.transfers) > MOST_TRANSFERS:
            raise LimitReached("transfers of a forecast", len(self.transfers), MOST_TRANSFERS)

    def _ready(self, distribution: Distribution) -> Instant | None:
        """When its next version is built; without any build to come it is taken to be there."""
        builds = self.ahead.firings(Act.BUILD, distribution.name, self.end)
        if not builds:
            return self.ahead.since
        built = builds[0].due + self.past.seconds.get(distribution.name, 0)
        return Instant(built) if built < self.end else None

    def _add(self, distribution: Distribution, ready: Instant) -> None:
        tree = self.trees[distribution.name] = tree_of(self.ahead.realm, distribution.name)
        made: dict[str, _Transfer] = {}
        for node in tree.below(ORIGIN):
            parent = tree.parents[node]
            above = made.get(parent)
            made[node] = _Transfer(
                distribution=distribution.name,
                node=node,
                sender=f"@{tree.distributor}" if above is None else parent,
                priority=distribution.priority,
                size=self.past.octets[distribution.name],
                ready=ready,
                upstream=above,
                whole_first=above is not None
                and subscriber_settings(self.ahead.realm, parent).relay is Relay.STORE_AND_FORWARD,
                open=self._open(distribution.name, node, first=above is None),
                rates=list(self._cells(distribution, node)) if above is None else [],
            )
        self.transfers += made.values()

    def _open(self, name: str, node: str, *, first: bool) -> PeriodSet | None:
        sending, since = self.ahead.sending, self.ahead.since
        if first:
            return sending.union(name, node, since, self.end)
        subscriber = self.ahead.realm.subscribers[node]
        return sending.link_windows(subscriber, since, self.end) if subscriber.calendar else None

    def _cells(self, distribution: Distribution, node: str) -> Iterator[tuple[Period, int | None]]:
        """The rate grid of the first channel with one that leads there."""
        realm, sending = self.ahead.realm, self.ahead.sending
        owner = realm.distributors[distribution.distributor]
        for channel in realm.channels.values():
            if distribution.name in channel.distributions and channel.rate_grid:
                zone = sending.zone(channel, owner, realm.subscribers[node])
                yield from sending.grid(channel).rates_between(self.ahead.since, self.end, zone)
                return

    # --- time --------------------------------------------------------------

    def play(self) -> None:
        """Go from one change to the next until everything is there, or time is over."""
        edges = sorted(self._edges())
        t, steps = float(self.ahead.since), 0
        while t < self.end and any(one.ended is None for one in self.transfers):
            steps += 1
            if steps > MOST_STEPS:
                raise LimitReached("steps of a forecast", steps, MOST_STEPS)
            running = self._share(t)
            i = bisect_right(edges, t)
            following = float(edges[i]) if i < len(edges) else float(self.end)
            following = min([following, *(t + one for one in self._changes(running))])
            self._move(running, t, following)
            t = following

    def _edges(self) -> set[Instant]:
        found = {one.ready for one in self.transfers}
        for one in self.transfers:
            for period in one.open or ():
                found |= {period.start, period.end}
            found |= {period.start for period, _ in one.rates}
        return found

    def _share(self, t: float) -> list[_Transfer]:
        """Those that run from now on, each with its rate."""
        for one in self.transfers:
            one.rate = 0.0
        running: list[_Transfer] = []
        slots: dict[str, int] = {}
        order = sorted(
            (one for one in self.transfers if one.ended is None and t >= one.ready),
            key=lambda one: (one.begun is None, _RANK[one.priority], one.ready, one.distribution),
        )
        # Those above come first: what they get bounds what they can pass on.
        for one in sorted(order, key=lambda one: _depth(one)):
            most = self._node(one.sender).max_concurrent
            follows = one.upstream in running and not one.whole_first
            if not one.gate(t) or not (one.available() or follows):
                continue
            if most is not None and slots.get(one.sender, 0) >= most:
                continue
            slots[one.sender] = slots.get(one.sender, 0) + 1
            running.append(one)
        classes: dict[tuple[str, Priority], int] = {}
        inputs: dict[str, int] = {}
        for one in running:
            key = (one.sender, one.priority)
            classes[key] = classes.get(key, 0) + 1
            inputs[one.node] = inputs.get(one.node, 0) + 1
        for one in running:
            one.rate = self._rate(one, t, classes[one.sender, one.priority], inputs[one.node])
        return [one for one in running if one.rate > 0]

    def _rate(self, one: _Transfer, t: float, in_class: int, into: int) -> float:
        out = self._node(one.sender).output_rate[one.priority]
        own = subscriber_settings(self.ahead.realm, one.node).input_rate
        cell = one.cell(t)
        limits = [out / in_class if out is not None else None,
                  own / into if own is not None else None, cell]  # fmt: skip
        rate = float(min((x for x in limits if x is not None), default=ASSUMED_RATE))
        above = one.upstream
        if above is not None and above.ended is None and one.done >= above.done - _ALMOST:
            rate = min(rate, above.rate)
        return rate

    def _node(self, sender: str) -> DistributorSettings | SubscriberSettings:
        kind, name = ("distributor", sender[1:]) if sender[0] == "@" else ("subscriber", sender)
        found = self._settings.get((kind, name))
        if found is None:
            read = distributor_settings if kind == "distributor" else subscriber_settings
            found = self._settings[kind, name] = read(self.ahead.realm, name)
        return found

    def _changes(self, running: list[_Transfer]) -> Iterator[float]:
        """Seconds until one is complete, or has caught up with the one above it."""
        for one in running:
            yield max((one.size - one.done) / one.rate, _ALMOST)
            above = one.upstream
            if above is not None and above.ended is None and one.rate > above.rate:
                behind = above.done - one.done
                if behind > _ALMOST:
                    yield max(behind / (one.rate - above.rate), _ALMOST)

    def _move(self, running: list[_Transfer], t: float, following: float) -> None:
        for one in running:
            if one.begun is None:
                one.begun = Instant(int(t))
            one.done = min(one.done + one.rate * (following - t), float(one.size))
        for one in running:
            above = one.upstream
            complete = above is None or above.ended is not None
            if one.done >= one.size - _ALMOST * one.size - 1e-3 and complete:
                one.done, one.ended = float(one.size), following
            elif one.gate(t) and not one.gate(following):
                one.stops += 1

    # --- the answer --------------------------------------------------------

    def arrival(self, one: _Transfer) -> Arrival:
        """What became of a transfer."""
        received = Instant(int(-(-one.ended // 1))) if one.ended is not None else None
        receiver = one.node in self.trees[one.distribution].receivers
        extracted = self._extracted(one.node, received) if received and receiver else None
        return Arrival(
            one.distribution, one.node, one.size, one.ready, one.begun, received, extracted,
            one.stops, receiver,
        )  # fmt: skip

    def _extracted(self, node: str, received: Instant) -> Instant | None:
        schedule = schedule_of(self.ahead.realm, SUBSCRIBER, node).value
        if schedule is None or not schedule.enabled:
            return None
        if schedule.type is Type.IMMEDIATELY or schedule.signal == "verified":
            return received
        firings = self.ahead.firings(Act.EXTRACT, node, self.end)
        return next((one.due for one in firings if one.due >= received), None)


_RANK = {Priority.HIGH: 0, Priority.MEDIUM: 1, Priority.LOW: 2}


def _depth(one: _Transfer) -> int:
    depth, above = 0, one.upstream
    while above is not None:
        depth, above = depth + 1, above.upstream
    return depth

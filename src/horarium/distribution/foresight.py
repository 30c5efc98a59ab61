"""What will happen in a realm as its schedules say, foreseen with an imagined clock.

The same functions answer that answer a running distributor; what they are told of signals and
anchors is what would have been.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise

from horarium.distribution.precedence import written_schedule
from horarium.distribution.realm import Channel, Distributor, Realm, Subscriber
from horarium.distribution.schedules import Act, Given
from horarium.distribution.sending import Busy, Sending, never_busy
from horarium.distribution.timing import timetable_for
from horarium.distribution.tree import subscribers_of, tree_of
from horarium.kernel.errors import LimitReached
from horarium.kernel.instant import Instant
from horarium.kernel.moment import Opening
from horarium.kernel.schedule import Type

MOST_FIRINGS = 2_000
"""Firings of one schedule that are foreseen: a refresh every five minutes for a week."""


@dataclass(frozen=True, slots=True)
class Foresight:
    """A realm, from an instant on. ``given`` is what schedules are set into, by act and name, as a
    running distributor keeps it; what is not there counts from ``since``. Extractions are those of
    nodes that were there before: what began earlier has been made."""

    realm: Realm
    since: Instant
    busy: Busy = never_busy
    given: Mapping[tuple[Act, str], Given] = field(default_factory=dict)
    sending: Sending = field(init=False, repr=False, compare=False)
    """The windows of channels."""

    def __post_init__(self) -> None:
        given = {name: self.given_to(Act.SEND, name) for name in self.realm.channels}
        default = Given(self.since, anchor=self.since)
        object.__setattr__(self, "sending", Sending(self.realm, default, self.busy, given))

    def given_to(self, act: Act, name: str) -> Given:
        """What a schedule is set into."""
        # Were it known only now, a window that is open would fire once more.
        known = Instant(self.since - 1) if act is Act.EXTRACT else self.since
        return self.given.get((act, name), Given(known, anchor=self.since))

    def firings(
        self, act: Act, name: str, end: Instant, *, distributor: str = "", receiver: str = ""
    ) -> tuple[Opening, ...]:
        """The firings of a schedule from ``since`` to ``end``, at most `MOST_FIRINGS`. Refreshes
        to come count as their signal; when versions will be verified is not known here."""
        written = written_schedule(self.realm, act, name)
        given = self.given_to(act, name)
        if written is None:
            return ()
        if act is Act.BUILD:
            distributor = self.realm.distributions[name].distributor
        waits = act in (Act.BUILD, Act.SEND) and (
            written.type is Type.IMMEDIATELY or written.signal == "refresh"
        )
        if not waits or distributor not in self.realm.distributors:
            return self._counted(act, name, given, self.since, end, distributor, receiver)
        signals = tuple(one.due for one in self.firings(Act.REFRESH, distributor, end))
        earlier = tuple(t for t in given.signal("refresh") if t < self.since)
        edges = (*earlier[-1:], *signals, end)
        found: list[Opening] = []
        for signal, following in pairwise(edges):
            own = replace(given, signals={**given.signals, "refresh": (signal,)})
            start = max(signal, self.since)
            found += self._counted(act, name, own, start, following, distributor, receiver)
        return tuple(found[:MOST_FIRINGS])

    def _counted(
        self, act: Act, name: str, given: Given, start: Instant, end: Instant,
        distributor: str, receiver: str,
    ) -> tuple[Opening, ...]:  # fmt: skip
        table = timetable_for(
            self.realm, act, name, given, distributor=distributor, receiver=receiver
        )
        found: list[Opening] = []
        at = Instant(start - 1)
        try:
            while len(found) < MOST_FIRINGS:
                opening = table.next_after(at)
                if opening is None or opening.due >= end:
                    break
                found.append(opening)
                at = opening.due
        except LimitReached:
            # Nothing comes for a very long time.
            pass
        return tuple(found)


def senders(realm: Realm, channel: Channel) -> tuple[Distributor, ...]:
    """The distributors whose distributions a channel lists."""
    owners = {realm.distributions[name].distributor for name in channel.distributions}
    return tuple(realm.distributors[name] for name in sorted(owners))


def first_tier(realm: Realm, channel: Channel, distributor: Distributor) -> tuple[Subscriber, ...]:
    """Those that a distributor serves itself because of a channel: its receivers, and the parents
    above them."""
    found: set[str] = set()
    behind = set(subscribers_of(realm, channel))
    for name in channel.distributions:
        if realm.distributions[name].distributor == distributor.name:
            tree = tree_of(realm, name)
            found |= {tree.first_of(node) for node in behind if node in tree.parents}
    return tuple(realm.subscribers[name] for name in sorted(found))


def alike(realm: Realm, channel: Channel, distributor: Distributor) -> list[tuple[Subscriber, ...]]:
    """The first tier of a channel, those together whose windows are the same: of one zone, where
    that counts, and of one link calendar."""
    groups: dict[object, list[Subscriber]] = {}
    by_receiver = channel.send is not None and channel.send.zone == "receiver"
    for node in first_tier(realm, channel, distributor):
        zone = (node.zone or realm.zone) if by_receiver else None
        groups.setdefault((zone, node.calendar), []).append(node)
    return [tuple(nodes) for nodes in groups.values()]

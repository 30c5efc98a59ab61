"""The tree of one distribution: who is to get it, and over whom it reaches them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from horarium.distribution.realm import Channel, Distributor, Realm
from horarium.kernel.errors import InvalidInput

DEEPEST = 16
"""Links from the distributor to a subscriber: a deeper tree is a mistake, or a circle."""

ORIGIN = ""
"""The distributor itself, where a tree names a parent."""


def subscribers_of(realm: Realm, channel: Channel) -> dict[str, tuple[str, ...]]:
    """Those that an active entry of a channel reaches, each with the entries: its name, ``@GROUP``.

    An entry is stated at the channel or on the other side, and inactive on either side it counts
    as not stated. Whether the channel itself is active is not looked at.
    """
    found: dict[str, list[str]] = {}
    for entry, active in entries_of(realm, channel).items():
        if not active:
            continue
        for name in _members(realm, entry):
            if name in realm.subscribers:
                found.setdefault(name, []).append(entry)
    return {name: tuple(entries) for name, entries in sorted(found.items())}


def entries_of(realm: Realm, channel: Channel) -> dict[str, bool]:
    """The subscriptions of a channel, stated on either side: by name or ``@GROUP``, whether it is
    active."""
    found = dict.fromkeys(channel.subscribers, True)
    for name, subscriber in realm.subscribers.items():
        if channel.name in subscriber.channels:
            found.setdefault(name, True)
        if channel.name in subscriber.inactive and name in found:
            found[name] = False
    for name, group in realm.groups.items():
        entry = f"@{name}"
        if channel.name in group.channels:
            found.setdefault(entry, True)
        if channel.name in group.inactive and entry in found:
            found[entry] = False
    for entry in channel.inactive:
        if entry in found:
            found[entry] = False
    return found


def expected(realm: Realm, distribution: str) -> dict[str, tuple[str, ...]]:
    """Who is to get a distribution: by subscriber, the active channels that make it so.

    Nobody, while the distribution is inactive.
    """
    if not realm.distributions[distribution].active:
        return {}
    found: dict[str, list[str]] = {}
    for channel in realm.channels.values():
        if channel.active and distribution in channel.distributions:
            for name in subscribers_of(realm, channel):
                found.setdefault(name, []).append(channel.name)
    return {name: tuple(sorted(channels)) for name, channels in sorted(found.items())}


def inactive_before(realm: Realm, distribution: str) -> dict[str, tuple[str, ...]]:
    """What is inactive on the ways by which each subscriber would get a distribution, as it is
    called."""
    found: dict[str, dict[str, None]] = {}
    whole = () if realm.distributions[distribution].active else (f"distribution {distribution}",)
    for channel in realm.channels.values():
        if distribution not in channel.distributions:
            continue
        own = whole if channel.active else (*whole, f"channel {channel.name}")
        for entry, active in entries_of(realm, channel).items():
            what = own if active else (*own, f"subscription of {entry} to {channel.name}")
            for name in _members(realm, entry):
                found.setdefault(name, {}).update(dict.fromkeys(what))
    return {name: tuple(what) for name, what in found.items()}


def _members(realm: Realm, entry: str) -> tuple[str, ...]:
    """The subscribers that an entry of a channel means."""
    group = realm.groups.get(entry[1:]) if entry.startswith("@") else None
    return group.members if group is not None else (entry,)


@dataclass(frozen=True, slots=True)
class Hop:
    """One step of a route: to a node, over a link from its parent, and why it goes there."""

    node: str
    parent: str
    reason: str


def route(
    realm: Realm, distributor: Distributor, name: str, using: Mapping[str, str] | None = None
) -> tuple[Hop, ...]:
    """The way of a distributor's content to a subscriber, the first hop at the distributor.

    Through the routing hierarchy where the subscriber is in it, else over its parent, else
    directly. ``using`` names the parent that those use who have gone over to another than their
    first (`ORIGIN`: the distributor). InvalidInput for a circle, and for a way of more than
    `DEEPEST` links.
    """
    hops: list[Hop] = []
    node = name
    while node != ORIGIN:
        seen = [hop.node for hop in hops]
        if node in seen:
            around = " > ".join([node, *reversed(seen[seen.index(node) :])])
            raise InvalidInput(f"the way to {name} goes in a circle: {around}", part="parents")
        if len(hops) == DEEPEST:
            raise InvalidInput(f"{name} lies more than {DEEPEST} links deep", part="parents")
        hop = _hop(realm, distributor, node, using or {})
        hops.append(hop)
        node = hop.parent
    return tuple(reversed(hops))


def _hop(realm: Realm, distributor: Distributor, node: str, using: Mapping[str, str]) -> Hop:
    if node in using:
        shown = distributor.name if using[node] == ORIGIN else using[node]
        return Hop(node, using[node], f"{shown} in place of a parent that can not be reached")
    if node in distributor.routes:
        return Hop(node, distributor.routes[node], f"the routing hierarchy of {distributor.name}")
    subscriber = realm.subscribers.get(node)
    if subscriber is None or not subscriber.parents:
        return Hop(node, ORIGIN, "no parent: served by the distributor itself")
    return Hop(node, subscriber.parents[0], "the first of its parents")


@dataclass(frozen=True)
class Tree:
    """The tree in which one distribution travels.

    ``receivers``: who is to get it, with the channels that make it so. ``parents``: by node, its
    parent (`ORIGIN`: the distributor), of receivers and those that only pass it on.
    ``lost``: receivers that no way leads to, each with the reason.
    """

    distribution: str
    distributor: str
    receivers: Mapping[str, tuple[str, ...]]
    parents: Mapping[str, str]
    lost: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def _children(self) -> Mapping[str, tuple[str, ...]]:
        found: dict[str, list[str]] = {}
        for node, parent in self.parents.items():
            found.setdefault(parent, []).append(node)
        return {parent: tuple(sorted(nodes)) for parent, nodes in found.items()}

    def children(self, node: str) -> tuple[str, ...]:
        """Those that a node (`ORIGIN`: the distributor) serves, by name."""
        return self._children.get(node, ())

    @property
    def first_tier(self) -> tuple[str, ...]:
        """Those that the distributor sends to itself."""
        return self.children(ORIGIN)

    def forward_only(self, node: str) -> bool:
        """Whether a node passes the distribution on and does not extract it."""
        return node in self.parents and node not in self.receivers

    def below(self, node: str) -> Iterator[str]:
        """Everybody below a node, a parent before its children."""
        for child in self.children(node):
            yield child
            yield from self.below(child)

    def path(self, node: str) -> tuple[str, ...]:
        """The nodes from the first tier to a node; KeyError when it is not in the tree."""
        found = [node]
        while (parent := self.parents[found[-1]]) != ORIGIN:
            found.append(parent)
        return tuple(reversed(found))

    def first_of(self, node: str) -> str:
        """The node of the first tier over which a node is reached."""
        return self.path(node)[0]


def tree_of(realm: Realm, distribution: str, using: Mapping[str, str] | None = None) -> Tree:
    """The tree of a distribution; ``using`` as for `route`."""
    receivers = expected(realm, distribution)
    owner = realm.distributors[realm.distributions[distribution].distributor]
    parents: dict[str, str] = {}
    lost: dict[str, str] = {}
    for name in receivers:
        if name in parents:
            continue
        try:
            hops = route(realm, owner, name, using)
        except InvalidInput as error:
            lost[name] = str(error)
            continue
        parents.update((hop.node, hop.parent) for hop in hops)
    return Tree(distribution, owner.name, receivers, parents, lost)

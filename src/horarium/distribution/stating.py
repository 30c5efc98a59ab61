"""What a distributor states for each node: its effective configuration, and those of who is below.

The number of a configuration grows when it changes, and a node's holds the numbers of those below
it, so that whoever holds the newest of its own knows whether it holds the newest of theirs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from horarium.distribution.configuration import (
    Child,
    Configuration,
    Follows,
    Place,
    Rates,
    configuration_document,
)
from horarium.distribution.precedence import schedule_of, settings_of, variables_of
from horarium.distribution.realm import ParentPolicy, Realm
from horarium.distribution.records import Document
from horarium.distribution.settings import DISTRIBUTOR, SUBSCRIBER
from horarium.distribution.signing import next_number
from horarium.distribution.tree import ORIGIN, Tree, subscribers_of, tree_of
from horarium.kernel.instant import Instant
from horarium.kernel.periodset import PeriodSet
from horarium.kernel.schedule_writing import format_schedule

Opened = Callable[[str, str], tuple[PeriodSet | None, Rates]]
"""By distribution and node below the first tier, when its link is open (None: at any hour), and
what goes over it at most."""


@dataclass(frozen=True)
class Plan:
    """The trees of all distributions laid over each other. ``parents``: by node, its parent
    (`ORIGIN`: the distributor). ``follows``: by node, what it gets or gives on. ``lost``: by
    distribution, receivers that no way leads to, with the reason."""

    parents: Mapping[str, str]
    follows: Mapping[str, Mapping[str, Follows]]
    trees: Mapping[str, Tree]
    lost: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @cached_property
    def _children(self) -> Mapping[str, tuple[str, ...]]:
        found: dict[str, list[str]] = {}
        for name in sorted(self.parents):
            found.setdefault(self.parents[name], []).append(name)
        return {parent: tuple(names) for parent, names in found.items()}

    def children(self, node: str) -> tuple[str, ...]:
        """Those right below a node."""
        return self._children.get(node, ())

    def below(self, node: str) -> tuple[str, ...]:
        """All behind a node, each after its parent."""
        found = list(self.children(node))
        for name in found:
            found += self.children(name)
        return tuple(found)


def carried(plan: Plan, name: str) -> dict[str, Follows]:
    """What may be given to a node, for itself and for those behind it: a ring that is open to any
    of them opens its link, and what it does not follow itself yet it only passes on."""
    found = {}
    for distribution, own in plan.follows.get(name, {}).items():
        placed = [own.rings]
        if own.extracts and own.rings:
            below = (plan.follows.get(node, {}).get(distribution) for node in plan.below(name))
            placed += [one.rings for one in below if one is not None and one.extracts]
        found[distribution] = Follows(own.extracts, _first_rings(placed))
    return found


def _first_rings(placed: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """By channel, the first ring of several receivers; empty as soon as one has none."""
    found: dict[str, int] = {}
    for rings in placed:
        if not rings:
            return {}
        for channel, ring in rings.items():
            found[channel] = min(ring, found.get(channel, ring))
    return found


def plan_of(realm: Realm) -> Plan:
    """How everything of a realm travels. A node has one link upwards: where two hierarchies lead
    to it by different parents, the distributions of the second do not reach it, and that is told
    among ``lost``."""
    parents: dict[str, str] = {}
    follows: dict[str, dict[str, Follows]] = {}
    trees: dict[str, Tree] = {}
    lost: dict[str, dict[str, str]] = {}
    for name in sorted(realm.distributions):
        tree = trees[name] = tree_of(realm, name)
        lost[name] = dict(tree.lost)
        placed = Rings.of(realm, name)
        for node in tree.below(ORIGIN):
            parent = tree.parents[node]
            held = parents.setdefault(node, parent)
            if held != parent:
                shown = held or "the distributor"
                lost[name][node] = f"its link goes to {shown}, this hierarchy leads by {parent}"
                continue
            rings = placed.rings(node) if node in tree.receivers else {}
            follows.setdefault(node, {})[name] = Follows(node in tree.receivers, rings)
    return Plan(parents, follows, trees, {name: nodes for name, nodes in lost.items() if nodes})


@dataclass(frozen=True, slots=True)
class Rings:
    """Who belongs to which ring of each channel that brings one distribution; -1 for a channel
    without rings."""

    by_channel: Mapping[str, Mapping[str, int]]

    @classmethod
    def of(cls, realm: Realm, distribution: str) -> Rings:
        """The rings of a distribution."""
        found: dict[str, dict[str, int]] = {}
        for channel in realm.channels.values():
            if not channel.active or distribution not in channel.distributions:
                continue
            last = len(channel.rings) if channel.rings else -1
            placed = dict.fromkeys(subscribers_of(realm, channel), last)
            for number, ring in reversed(list(enumerate(channel.rings))):
                group = realm.groups.get(ring.group)
                for name in group.members if group is not None else ():
                    if name in placed:
                        placed[name] = number
            found[channel.name] = placed
        return cls(found)

    def rings(self, node: str) -> dict[str, int]:
        """By channel that brings it by rings, the number of a receiver's ring; empty as soon as
        one channel brings it without."""
        mine = {name: placed[node] for name, placed in self.by_channel.items() if node in placed}
        return {} if -1 in mine.values() else mine


@dataclass(frozen=True, slots=True)
class Stated:
    """Configurations with their numbers: the number and the table of each node."""

    numbers: Mapping[str, int]
    documents: Mapping[str, Document]
    origin: Configuration


def state_all(
    realm: Realm, plan: Plan, origin: Place, realm_id: str,
    before: Mapping[str, tuple[int, Document]], opened: Opened, known_until: Instant, at: Instant,
) -> Stated:  # fmt: skip
    """The configurations of all nodes of a plan, those below first; ``before``: by node, the
    number and the table that were stated last. ``origin`` is the distributor's own node."""
    numbers: dict[str, int] = {}
    documents: dict[str, Document] = {}
    stater = _Stater(
        realm, plan, origin, realm_id, numbers, opened, known_until, guests_of(realm, plan)
    )
    for node in reversed(plan.below(ORIGIN)):
        document = configuration_document(stater.configuration(node))
        number, kept = before.get(node, (0, None))
        numbers[node] = number if kept == document else next_number(number, at)
        documents[node] = document
    return Stated(numbers, documents, stater.at_origin())


def guests_of(realm: Realm, plan: Plan) -> dict[str, list[str]]:
    """By node, who may turn to it when its own parent can not be reached."""
    found: dict[str, list[str]] = {}
    for name in plan.parents:
        policy = settings_of(realm, SUBSCRIBER, name)["parent_policy"].value
        if policy == ParentPolicy.WAIT:
            continue
        hosts = [*realm.subscribers[name].parents]
        if policy == ParentPolicy.ORIGIN:
            hosts.append(ORIGIN)
        for host in hosts:
            if host != plan.parents[name] and host not in plan.below(name):
                found.setdefault(host, []).append(name)
    return found


@dataclass(frozen=True, slots=True)
class _Stater:
    realm: Realm
    plan: Plan
    origin: Place
    realm_id: str
    numbers: Mapping[str, int]
    opened: Opened
    known_until: Instant
    guests: Mapping[str, list[str]]

    def configuration(self, node: str) -> Configuration:
        realm = self.realm
        subscriber = realm.subscribers[node]
        settings = {
            name: held.value
            for name, held in settings_of(realm, SUBSCRIBER, node).items()
            if held.value is not None
        }
        schedule = schedule_of(realm, SUBSCRIBER, node).value
        return Configuration(
            node=node,
            realm=self.realm_id,
            seed=realm.seed,
            zone=subscriber.zone or realm.zone,
            parents=self._parents(node),
            origin=self.origin,
            extract=format_schedule(schedule) if schedule is not None else "",
            settings={name: _plain(value) for name, value in settings.items()},
            variables={name: held.value for name, held in variables_of(realm, node).items()},
            distributions=self.plan.follows.get(node, {}),
            children=self._children(node),
        )

    def at_origin(self) -> Configuration:
        """The distributor's own node: whom it sends to itself."""
        name = next(iter(sorted(self.realm.distributors)), "")
        held = settings_of(self.realm, DISTRIBUTOR, name) if name else {}
        settings = {key: _plain(one.value) for key, one in held.items() if one.value is not None}
        return Configuration(
            node=self.origin.name, realm=self.realm_id, seed=self.realm.seed, zone=self.realm.zone,
            settings=settings, children=self._children(ORIGIN),
        )  # fmt: skip

    def _parents(self, node: str) -> tuple[Place, ...]:
        """The parent of the plan, and the others that may stand in for it, by their addresses."""
        first = self.plan.parents[node]
        others = [name for name in self.realm.subscribers[node].parents if name != first]
        places = [self._place(first), *(self._place(name) for name in others)]
        return tuple(place for place in places if place is not None)

    def _place(self, name: str) -> Place | None:
        if name == ORIGIN:
            return self.origin
        url = self.realm.subscribers[name].url
        return Place(name, url) if url else None

    def _children(self, node: str) -> dict[str, Child]:
        first_tier = node == ORIGIN
        found: dict[str, Child] = {}
        for name in sorted({*self.plan.children(node), *self.guests.get(node, ())}):
            follows = carried(self.plan, name)
            child = Child(name, self.numbers.get(name, 0), follows, below=self.plan.below(name))
            found[name] = child if first_tier else self._bound(child)
        return found

    def _bound(self, child: Child) -> Child:
        """With what binds the link to a child below the first tier."""
        found = {name: self.opened(name, child.name) for name in child.distributions}
        periods = {name: opened for name, (opened, _) in found.items() if opened is not None}
        if not periods:
            return child
        rates = {name: rates for name, (_, rates) in found.items() if rates}
        return replace(child, open=periods, known_until=self.known_until, rates=rates)


def _plain(value: object) -> object:
    return getattr(value, "value", value)

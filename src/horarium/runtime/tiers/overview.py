"""What a distributor knows of versions on their way, read from its store in one transaction."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property

from horarium.distribution.causes import Contact, Fact, Facts, Reason, read_reason
from horarium.distribution.foresight import Foresight
from horarium.distribution.linking import gone_over
from horarium.distribution.messages import Link, Row
from horarium.distribution.precedence import settings_of, written_schedule
from horarium.distribution.realm import Realm
from horarium.distribution.schedules import Act
from horarium.distribution.sending import Sending, SendState
from horarium.distribution.settings import DISTRIBUTOR
from horarium.distribution.staged import Pause, Phase
from horarium.distribution.stating import Rings
from horarium.distribution.timing import usable
from horarium.distribution.tree import Tree, inactive_before, tree_of
from horarium.distribution.trust import remembered
from horarium.distribution.version import Version
from horarium.kernel.instant import Instant
from horarium.kernel.schedule import Type
from horarium.runtime.distribution_questions import REACHES, kept_anchors
from horarium.runtime.link_calendars import link_calendars_at
from horarium.runtime.realm import realm_in_effect
from horarium.runtime.settings import Settings
from horarium.runtime.tiers.linking import links_of
from horarium.runtime.tiers.staging import pauses
from horarium.store.releases import StagedRelease
from horarium.store.store import Transaction

# A node of the first tier is heard of far more often; the distributor writes that down so often.
MET_SECONDS = 30
PATIENCE = 300
_SIGNED = ("root", "timestamp", "snapshot", "targets")


@dataclass
class Overview:
    """What is known at ``now``. Everything is found when it is first asked for."""

    tx: Transaction
    settings: Settings
    now: Instant
    _trees: dict[str, Tree] = field(default_factory=dict)
    _gates: dict[object, SendState] = field(default_factory=dict)
    _unpacks: dict[str, Reason] = field(default_factory=dict)
    _rings: dict[str, Rings] = field(default_factory=dict)
    _inactive: dict[str, dict[str, tuple[str, ...]]] = field(default_factory=dict)

    @cached_property
    def realm(self) -> Realm:
        """The realm in effect."""
        return realm_in_effect(self.tx, self.settings)

    @cached_property
    def ahead(self) -> Foresight:
        """Its schedules from now on."""
        busy = link_calendars_at(self.tx, self.settings, self.now)
        return Foresight(self.realm, self.now, busy, kept_anchors(self.tx))

    @cached_property
    def releases(self) -> list[StagedRelease]:
        """How far versions are released by rings."""
        return self.tx.releases.all()

    @cached_property
    def paused(self) -> dict[str, Pause]:
        """The channels with rings that somebody holds."""
        return pauses(self.tx, self.realm)

    @cached_property
    def by_hand(self) -> frozenset[str]:
        """The channels that somebody opened by hand."""
        return frozenset(window.channel for window in self.tx.releases.open_windows())

    @cached_property
    def sending(self) -> Sending:
        """Its windows, with those that somebody opened by hand."""
        return replace(self.ahead.sending, by_hand=self.by_hand, using=self.using)

    @cached_property
    def links(self) -> dict[str, Link]:
        """What nodes said of their links that ever left the first of their parents."""
        return links_of(self.tx)

    @cached_property
    def using(self) -> dict[str, str]:
        """By node that turned to another parent, that one."""
        return gone_over(self.realm, self.links)

    @cached_property
    def expired(self) -> str:
        """The metadata that is over its time; empty when all is fresh, or nothing was signed."""
        kept = {name: self.tx.metadata.find(name) for name in _SIGNED}
        found = {name: one.content for name, one in kept.items() if one is not None}
        return (remembered(found).expired(self.now) or "") if "root" in found else ""

    @cached_property
    def seen(self) -> dict[str, tuple[Instant, bool]]:
        """By node that has joined, when it was last heard of, and whether it is revoked."""
        return {
            node.name: (node.seen or node.issued, node.revoked is not None)
            for node in self.tx.nodes.all()
        }

    def tree(self, name: str) -> Tree:
        """The tree of a distribution, as its nodes are linked now."""
        if name not in self._trees:
            self._trees[name] = tree_of(self.realm, name, self.using)
        return self._trees[name]

    def carrying(self, name: str) -> list[str]:
        """The channels that list a distribution."""
        channels = self.realm.channels.values()
        return sorted(channel.name for channel in channels if name in channel.distributions)

    def rings(self, name: str) -> Rings:
        """Who belongs to which ring of the channels of a distribution."""
        if name not in self._rings:
            self._rings[name] = Rings.of(self.realm, name)
        return self._rings[name]

    def facts(self, name: str, version: Version) -> Facts:
        """What is known of one version of a distribution."""
        tree, number = self.tree(name), version.number
        owner = settings_of(self.realm, DISTRIBUTOR, tree.distributor)
        held = owner.get("timeout")
        told = held.value if held is not None else None
        direct = frozenset(tree.first_tier)
        contacts = {
            node: Contact(seen, node in direct, revoked)
            for node, (seen, revoked) in self.seen.items()
        }
        return Facts(
            tree,
            {row.subscriber: self._heard(row) for row in self.tx.versions.rows(name, number)},
            self.now,
            contacts,
            (told if isinstance(told, int) else PATIENCE) + MET_SECONDS,
            lambda node: self.gate(name, node),
            lambda node: self.held_back(name, version, node),
            self.unpacks,
            lambda node: self.inactive(name, node),
            self.expired,
            self._turned(name),
        )

    def _turned(self, name: str) -> dict[str, Link]:
        """The links of nodes that left the parent under which they belong."""
        if not self.using:
            return {}
        belong, stand = tree_of(self.realm, name).parents, self.tree(name).parents
        return {n: self.links[n] for n in self.using if n in stand and stand[n] != belong.get(n)}

    def _heard(self, row: Row) -> Row:
        """A row without the word of a parent that a node left: it has not heard of it since."""
        told, link = read_reason(row.reason), self.links.get(row.subscriber)
        left = link is not None and told.code == "unreachable" and told.since is not None
        if link is not None and left and (told.since or 0) <= link.since:
            return replace(row, reason="")
        return row

    def inactive(self, name: str, node: str) -> tuple[str, ...]:
        """What is inactive, so that a subscriber does not get a distribution."""
        if name not in self._inactive:
            self._inactive[name] = inactive_before(self.realm, name)
        return self._inactive[name].get(node, ())

    def gate(self, name: str, node: str) -> SendState:
        """Whether a distribution may be sent to a node now, as far as windows go."""
        if node not in self.tree(name).first_tier:
            return self.sending.link_state(name, node, self.now)
        key = (name, self.sending.alike(name, node))
        if key not in self._gates:
            self._gates[key] = self.sending.state(name, node, self.now)
        return self._gates[key]

    def held_back(self, name: str, version: Version, node: str) -> Reason | None:
        """What holds a version back from a receiver by rings; None when nothing does."""
        rows = [
            one
            for one in self.releases
            if (one.distribution, one.version) == (name, version.number)
            and one.channel in self.realm.channels
        ]
        for row in rows:
            if row.state == Phase.RETURNED:
                return Reason("withdrawn", {"by": self._taken_back_by(name, version.number)})
            if row.state == Phase.PAUSED:
                facts = {"by": row.changed_by, "channel": row.channel}
                return Reason("release_paused", facts, since=row.changed)
            if row.state == Phase.HALTED:
                halted = {"by": row.reason, "channel": row.channel}
                return Reason("release_halted", halted, since=row.changed)
        rings = self.rings(name).rings(node)
        kept = {row.channel: row for row in rows}
        if not rings or any(c not in kept or ring < kept[c].rings for c, ring in rings.items()):
            return None
        for channel in sorted(rings.keys() & self.paused.keys()):
            pause = self.paused[channel]
            by = {"by": pause.by, "channel": channel}
            return Reason("release_paused", by, since=pause.since)
        waits = read_reason(next((kept[c].reason for c in rings if kept[c].reason), "ring_waits"))
        own, channels = min(rings.values()) + 1, ", ".join(sorted(rings))
        more: dict[str, Fact] = {**waits.facts, "own_ring": own, "channel": channels}
        return Reason(waits.code, more, waits.until)

    def _taken_back_by(self, name: str, number: int) -> str:
        after = [v for v in self.tx.versions.retained(name) if v.number > number and v.returns]
        return str(after[0].number) if after else ""

    def unpacks(self, node: str) -> Reason:
        """What a receiver that has received waits for: its next firing, or nothing more."""
        if node not in self._unpacks:
            self._unpacks[node] = self._firing(node)
        return self._unpacks[node]

    def _firing(self, node: str) -> Reason:
        if node not in self.realm.subscribers:
            return Reason("")
        written = written_schedule(self.realm, Act.EXTRACT, node)
        if not usable(written) or written is None:
            return Reason("no_schedule")
        if written.type is Type.IMMEDIATELY and not written.gated:
            return Reason("")
        for reach in REACHES:
            end = Instant(self.now + reach)
            found = self.ahead.firings(Act.EXTRACT, node, end)
            # What is due in this second is going on, and takes nothing in that comes now.
            following = next((one.due for one in found if one.due > self.now), None)
            if following is not None:
                return Reason("extract_wait", until=following)
        return Reason("extract_wait")

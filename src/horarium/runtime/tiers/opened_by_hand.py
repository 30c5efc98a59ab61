"""Windows that were opened by hand: each begins with a walk, and ends when what it was opened for
has been sent."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass

from horarium.distribution.realm import Channel, Realm
from horarium.distribution.states import ARRIVED, SETTLED, State
from horarium.distribution.tree import Tree, subscribers_of
from horarium.kernel.instant import Instant
from horarium.runtime.clock import Clock
from horarium.runtime.tiers.origin import Published
from horarium.runtime.tiers.sending import Sender
from horarium.store.store import Store, Transaction

log = logging.getLogger(__name__)

Progress = tuple[tuple[int, int], ...]


@dataclass(slots=True)
class _Open:
    """One window: its walk, how far those below were last seen, and since when."""

    walk: str
    progress: Progress = ()
    since: float = 0.0


@dataclass(frozen=True, slots=True)
class Awaited:
    """The newest version of a distribution, and the receivers that do not hold it."""

    distribution: str
    version: int
    receivers: tuple[str, ...]


def awaited(tx: Transaction, realm: Realm, channel: Channel) -> list[Awaited]:
    """What a window of a channel would be for: what its receivers lack."""
    found: list[Awaited] = []
    names = sorted(subscribers_of(realm, channel))
    for distribution in channel.distributions:
        newest = next(iter(tx.versions.newest(distribution, 1)), None)
        if newest is None or not realm.distributions[distribution].active:
            continue
        number = newest[0].number
        rows = {row.subscriber: State(row.state) for row in tx.versions.rows(distribution, number)}
        held = ARRIVED | SETTLED
        lacking = tuple(name for name in names if rows.get(name, State.PENDING) not in held)
        if lacking:
            found.append(Awaited(distribution, number, lacking))
    return found


class OpenedByHand:
    """The windows of one distributor that were opened by hand."""

    def __init__(self, store: Store, sender: Sender, clock: Clock) -> None:
        self._store = store
        self._sender = sender
        self._clock = clock
        self._open: dict[str, _Open] = {}

    def named(self) -> frozenset[str]:
        """The channels that have one, by the store."""
        opened = self._store.read(lambda tx: tx.releases.open_windows())
        return frozenset(window.channel for window in opened)

    def begin(self, names: frozenset[str]) -> bool:
        """Walks for each window that is new, and forgets those that are closed; whether there are
        others now."""
        before = self._open.keys()
        new, gone = names - before, before - names
        for name in new:
            log.info("channel.opened_by_hand channel=%s", name)
            self._open[name] = _Open(self._sender.walk())
        for name in gone:
            del self._open[name]
        return bool(new or gone)

    def sent(self, published: Published, patience: float) -> list[str]:
        """Those whose transfers have ended: what rings or link calendars hold back is not waited
        for. Where all tiers obey, those below count as well, as long as anything moves there
        within ``patience`` seconds."""
        channels = published.realm.channels
        return [
            name
            for name, one in self._open.items()
            if name not in channels or self._is_sent(one, channels[name], published, patience)
        ]

    def close(self, names: list[str], now: Instant) -> None:
        """Closes windows, in the store."""

        def work(tx: Transaction) -> None:
            for name in names:
                tx.releases.close_window(name, now)

        self._store.transact([], work)

    def _is_sent(
        self, one: _Open, channel: Channel, published: Published, patience: float
    ) -> bool:  # fmt: skip
        if not self._sender.is_settled(one.walk, _served(channel, published.plan.trees)):
            return False
        if not channel.obey_send_window:
            return True
        lacked, trees = self._sender.lacked(), published.plan.trees
        progress: list[tuple[int, int]] = []
        for name in channel.distributions:
            receivers = len(trees[name].receivers) if name in trees else 0
            complete = lacked[name].complete if name in lacked else 0
            progress.append((receivers, complete))
        now = self._clock.monotonic()
        if tuple(progress) != one.progress:
            one.progress, one.since = tuple(progress), now
        return all(there >= wanted for wanted, there in progress) or now - one.since >= patience


def _served(channel: Channel, trees: Mapping[str, Tree]) -> set[tuple[str, str]]:
    """To whom a distributor sends what because of a channel: its receivers, and those of the first
    tier over whom they are reached."""
    found = set()
    for name in channel.distributions:
        tree = trees.get(name)
        if tree is None:
            continue
        for node, channels in tree.receivers.items():
            if channel.name in channels and node in tree.parents:
                found |= {(node, name), (tree.first_of(node), name)}
    return found

"""Rings of channels as the store knows them: how far each version is released, and what that says
to nodes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from horarium.distribution.realm import Channel, Realm
from horarium.distribution.release import Release
from horarium.distribution.staged import (
    Health,
    Pause,
    Phase,
    Staged,
    advance,
    begun,
    health,
    paused,
    released,
    resumed,
)
from horarium.distribution.tree import subscribers_of
from horarium.distribution.version import Version
from horarium.kernel.errors import Conflict, NotFound
from horarium.kernel.instant import Instant, instant
from horarium.runtime.notices import RELEASE_HALTED, notice
from horarium.store.releases import StagedRelease
from horarium.store.store import Transaction

BY_ITSELF = "itself"
# Since when a channel is held, and who holds it; empty when it was resumed.
_PAUSED = "channel_paused/"


@dataclass(frozen=True, slots=True)
class Halt:
    """A release that stopped by itself, and what its channel wants then."""

    channel: str
    distribution: str
    version: int
    reason: str
    returns: bool


def pauses(tx: Transaction, realm: Realm) -> dict[str, Pause]:
    """The channels with rings that somebody holds."""
    found = {}
    for channel in _ringed(realm):
        since, _, by = (tx.meta(_PAUSED + channel.name) or "").partition(" ")
        if since:
            found[channel.name] = Pause(by, instant(int(since)))
    return found


def new_releases(
    held: Sequence[StagedRelease], realm: Realm, versions: Mapping[str, Sequence[Version]],
    added: Version | None, now: Instant, pauses: Mapping[str, Pause],
) -> list[StagedRelease]:  # fmt: skip
    """The releases that versions in channels with rings lack: a new one begins in the first ring,
    or before it in a channel that is held; one that goes back in all that its forerunner reached,
    whoever holds the channel; one that was there before the rings were goes to everybody."""
    known = {(one.channel, one.distribution, one.version) for one in held}
    found = []
    for channel in _ringed(realm):
        for name in channel.distributions:
            for version in versions.get(name, ()):
                key = (channel.name, name, version.number)
                if key not in known:
                    pause = pauses.get(channel.name)
                    staged = _first(held, key, version, added, now, pause)
                    if staged.phase is Phase.PAUSED and pause is not None:
                        found.append(_row(key, staged, pause.since, pause.by))
                    else:
                        found.append(_row(key, staged, now, BY_ITSELF))
    return found


def _first(
    held: Sequence[StagedRelease], key: tuple[str, str, int], version: Version,
    added: Version | None, now: Instant, pause: Pause | None,
) -> Staged:  # fmt: skip
    is_new = added is not None and (added.distribution, added.number) == key[1:]
    if not is_new:
        return released()
    if not version.returns:
        return begun(now, pause)
    reached = _reached(held, *key)
    return Staged(Phase.GOING, reached, 0, now)


def _reached(held: Iterable[StagedRelease], channel: str, distribution: str, version: int) -> int:
    """The rings that the version which is gone back from had reached."""
    found = [
        one.rings
        for one in held
        if (one.channel, one.distribution) == (channel, distribution)
        and one.version < version
        and one.state == Phase.RETURNED
    ]
    return max(found, default=1)


def releases_of(
    rows: Sequence[StagedRelease], realm: Realm, versions: Mapping[str, Sequence[Version]]
) -> list[Release]:
    """What is told to nodes of all distributions that have versions."""
    ringed = {channel.name for channel in _ringed(realm)}
    found = []
    for name, kept in versions.items():
        if not kept:
            continue
        numbers = {version.number for version in kept}
        mine = [
            row
            for row in rows
            if row.distribution == name and row.version in numbers and row.channel in ringed
        ]
        opened: dict[str, dict[int, int]] = {}
        for row in mine:
            opened.setdefault(row.channel, {})[row.version] = row.rings
        stopped = {row.version for row in mine if row.state in (Phase.PAUSED, Phase.HALTED)}
        withdrawn = {row.version for row in mine if row.state == Phase.RETURNED}
        found.append(Release(name, opened, frozenset(stopped), frozenset(withdrawn)))
    return found


def look(tx: Transaction, realm: Realm, now: Instant) -> tuple[bool, list[Halt]]:
    """Opens rings whose time has come, and halts what does badly; whether anything that nodes are
    told changed, and what halted just now."""
    changed, halts = False, list[Halt]()
    held = pauses(tx, realm)
    for row in tx.releases.all():
        channel = realm.channels.get(row.channel)
        if channel is None or row.state != Phase.GOING or row.channel in held:
            continue
        before = _staged(row)
        after = advance(before, channel.rings, _healths(tx, realm, channel, row), now)
        if after == before:
            continue
        key = (row.channel, row.distribution, row.version)
        tx.releases.put(_row(key, after, now, BY_ITSELF))
        changed = changed or (after.phase, after.rings) != (before.phase, before.rings)
        if after.phase is Phase.HALTED:
            halts.append(Halt(*key, after.reason, channel.on_halt == "return"))
            about = f"{row.distribution} {row.version} in {row.channel}"
            notice(tx, RELEASE_HALTED, about, after.reason, now)
    return changed, halts


def pause(tx: Transaction, realm: Realm, channel: Channel, now: Instant, by: str) -> int:
    """Holds a channel: what it is releasing, and what is built until it is resumed; how many
    versions are held by it now. One that is held already stays so, by who held it first."""
    going = [row for row in _rows(tx, channel) if row.state == Phase.GOING]
    if channel.name not in pauses(tx, realm):
        tx.set_meta(_PAUSED + channel.name, f"{int(now)} {by}")
    for row in going:
        _keep(tx, row, paused(_staged(row), now, Pause(by, now)), now, by)
    return len(going)


def resume(tx: Transaction, realm: Realm, channel: Channel, now: Instant, by: str) -> int:
    """Holds a channel no more, and lets go on what was held or halted; how many versions that
    are."""
    tx.set_meta(_PAUSED + channel.name, "")
    held = [row for row in _rows(tx, channel) if row.state in (Phase.PAUSED, Phase.HALTED)]
    for row in held:
        found = _healths(tx, realm, channel, row)
        _keep(tx, row, resumed(_staged(row), found, now), now, by)
    return len(held)


def give_back(tx: Transaction, channel: Channel, distribution: str, now: Instant, by: str) -> int:
    """Withdraws the newest version of a distribution that a channel released; its number. The
    version that takes its place is built by who asks. Conflict when nothing is there to give
    back."""
    rows = [row for row in _rows(tx, channel) if row.distribution == distribution]
    newest = max(rows, key=lambda row: row.version, default=None)
    if newest is None:
        raise NotFound(f"{channel.name} released no version of {distribution} by rings")
    if newest.state == Phase.RETURNED or newest.version == 1:
        raise Conflict(f"there is no version of {distribution} to go back to")
    staged = _staged(newest)
    after = Staged(Phase.RETURNED, min(staged.rings, len(channel.rings) + 1), 0, now, f"by {by}")
    _keep(tx, newest, after, now, by)
    return newest.version


def _rows(tx: Transaction, channel: Channel) -> list[StagedRelease]:
    if not channel.rings:
        raise Conflict(f"{channel.name} has no rings")
    return [row for row in tx.releases.all() if row.channel == channel.name]


def _keep(tx: Transaction, row: StagedRelease, staged: Staged, now: Instant, by: str) -> None:
    tx.releases.put(_row((row.channel, row.distribution, row.version), staged, now, by))


def _healths(tx: Transaction, realm: Realm, channel: Channel, row: StagedRelease) -> list[Health]:
    rows = {one.subscriber: one for one in tx.versions.rows(row.distribution, row.version)}
    receivers = subscribers_of(realm, channel)
    placed: set[str] = set()
    found = []
    for ring in channel.rings:
        group = realm.groups.get(ring.group)
        names = [n for n in (group.members if group is not None else ()) if n in receivers]
        mine = [name for name in names if name not in placed]
        placed.update(mine)
        found.append(health(mine, rows))
    return found


def _ringed(realm: Realm) -> list[Channel]:
    return [channel for channel in realm.channels.values() if channel.rings]


def _staged(row: StagedRelease) -> Staged:
    return Staged(Phase(row.state), row.rings, row.soaked, row.opened, row.reason, row.forgiven)


def _row(key: tuple[str, str, int], staged: Staged, now: Instant, by: str) -> StagedRelease:
    channel, distribution, version = key
    return StagedRelease(
        channel, distribution, version, staged.rings, staged.since, staged.soaked,
        staged.phase.value, staged.reason, now, by, staged.forgiven,
    )  # fmt: skip

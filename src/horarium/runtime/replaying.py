"""What was decided, decided again: the kept messages in their order, under today's policies.

A store of its own in memory takes them at the instants at which they came. What the site holds
beside them (bookings that were imported, or whose messages are no longer kept) is laid into it at
the instant at which it was stored, and the daily pass is made for each day on which something came.
Nothing leaves that store, and nothing of the site is changed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial

from horarium.booking.message import decision_id
from horarium.booking.outcome import EventChange
from horarium.booking.quota import Charge, Claim
from horarium.kernel.errors import NotFound
from horarium.kernel.instant import MAX_INSTANT, MIN_INSTANT, Instant
from horarium.runtime.directory import Directory, Registered, policy_digest, read_directory
from horarium.runtime.mail_agent import MailAgent
from horarium.runtime.settings import Settings
from horarium.runtime.upkeep import run_upkeep
from horarium.store.bookings import write_key
from horarium.store.decisions import DecisionRecord
from horarium.store.embedded import EmbeddedEngine
from horarium.store.kept import KeptKey, KeptMessage
from horarium.store.store import Store, Transaction

DAY = 86_400


@dataclass(frozen=True, slots=True)
class Replayed:
    """One decision then and now. `now` is None when the message was not decided this time;
    `same_policy` tells whether the resource decides by what it decided by then."""

    then: DecisionRecord
    now: DecisionRecord | None
    same_policy: bool

    @property
    def differs(self) -> bool:
        """Whether it ended in another way, or for another reason."""
        if self.now is None:
            return True
        return (self.then.outcome, self.then.reason) != (self.now.outcome, self.now.reason)


@dataclass(frozen=True, slots=True)
class _Laid:
    """An event that no kept message speaks of, as it is stored."""

    uri: str
    since: Instant
    change: EventChange
    charges: tuple[Charge, ...]
    claims: tuple[Claim, ...]


@dataclass(frozen=True, slots=True)
class _Material:
    """What is read of the site before anything is replayed: `records` are the decisions on kept
    messages, each with the policy that it was made by."""

    directory: Directory
    laid: tuple[_Laid, ...]
    records: tuple[tuple[DecisionRecord, str], ...]
    first: Instant


def replay(
    store: Store,
    settings: Settings,
    *,
    resource: str | None = None,
    since: Instant = MIN_INSTANT,
    until: Instant = MAX_INSTANT,
) -> list[Replayed]:
    """Decides all kept messages before `until` again; the decisions of [since, until) of one
    resource or of all, in their order. NotFound when there is no such resource, or when no message
    is kept."""
    material = store.read(lambda tx: _read(tx, settings, until))
    wanted = None
    if resource is not None:
        user = material.directory.find(resource)
        if user is None:
            raise NotFound(f"there is no object {resource}")
        wanted = user.uri
    if not material.records:
        raise NotFound("no message is kept; the setting retention.mail says how long they are")
    again = _again(store, settings, material, until)
    policies = {user.uri: policy_digest(user.resource) for user in material.directory.registered}
    return [
        Replayed(record, again.get(record.id), policy == policies.get(record.resource))
        for record, policy in material.records
        if since <= record.decided and wanted in (None, record.resource)
    ]


def kept_at_most(store: Store, most: int) -> bool:
    """Whether no more than `most` messages are kept."""
    return store.read(lambda tx: tx.kept.count(most + 1)) <= most


def _read(tx: Transaction, settings: Settings, until: Instant) -> _Material:
    directory = read_directory(tx, settings)
    uris = {user.id: user.uri for user in directory.registered}
    kept: dict[tuple[str, Instant], list[KeptKey]] = {}
    for message in tx.kept.index():
        kept.setdefault((uris.get(message.resource, ""), message.received), []).append(message)
    records = []
    for record in tx.decisions.between(MIN_INSTANT, until):
        for message in kept.get((record.resource, record.decided), ()):
            if decision_id(message.key, record.uid) == record.id:
                records.append((record, message.policy))
    spoken = {(record.resource, record.uid) for record, _ in records}
    laid = [
        _laid(tx, user, uid, stored)
        for user in directory.registered
        for uid, stored in tx.kept.events_of(user.id)
        if stored < until and (user.uri, uid) not in spoken
    ]
    first = min((record.decided for record, _ in records), default=Instant(0))
    laid.sort(key=lambda item: item.since)
    return _Material(directory, tuple(laid), tuple(records), first)


def _laid(tx: Transaction, user: Registered, uid: str, since: Instant) -> _Laid:
    reservations = tx.reservations(user.id, user.uri, since)
    state, head = reservations.event(uid), reservations.head(uid)
    change = EventChange(state, head, tuple(reservations.of_event(uid)), unchecked=True)
    charges, claims = reservations.charges(uid), reservations.claims(uid)
    return _Laid(user.uri, since, change, tuple(charges), tuple(claims))


def _again(
    store: Store, settings: Settings, material: _Material, until: Instant
) -> dict[str, DecisionRecord]:
    """The decisions that are made now, by their ids."""
    engine = EmbeddedEngine(":memory:")
    engine.migrate(material.first)
    copy = Store(engine, store.tenant)
    ids = _copy_directory(store, copy)
    # What is replayed is not kept once more.
    settings = replace(settings, retention=replace(settings.retention, mail=0))
    agent = MailAgent(copy, settings)
    waiting = list(reversed(material.laid))
    day = material.first // DAY
    for message in _messages(store, until):
        while waiting and waiting[-1].since <= message.received:
            _lay(copy, ids, waiting.pop())
        if message.received // DAY > day:
            day = message.received // DAY
            run_upkeep(copy, settings, Instant(day * DAY))
        agent.deliver(
            message.sender, message.recipient, message.data, message.received,
            emit=True, vouched=message.vouched, key=message.key,
        )  # fmt: skip
    records = copy.read(lambda tx: tx.decisions.between(MIN_INSTANT, MAX_INSTANT))
    copy.close()
    return {record.id: record for record in records}


def _messages(store: Store, until: Instant) -> Iterator[KeptMessage]:
    after = 0
    while page := store.read(partial(_page, after)):
        yield from (message for message in page if message.received < until)
        after = page[-1].number


def _page(after: int, tx: Transaction) -> list[KeptMessage]:
    return tx.kept.page(after)


def _copy_directory(store: Store, copy: Store) -> dict[str, int]:
    """Takes calendar users, preferences and groups over; the numbers of the users there."""
    users, preferences, groups = store.read(
        lambda tx: (tx.directory.users(), tx.directory.settings(), tx.directory.groups())
    )

    def write(tx: Transaction) -> dict[str, int]:
        for user in users:
            tx.directory.declare(user.uri, user.kind, user.declared_in)
        for setting in preferences:
            tx.directory.put(setting)
        for name, members in groups.items():
            tx.directory.put_group(name, members)
        tx.directory.raise_version()
        return {user.uri: user.id for user in tx.directory.users()}

    return copy.transact([], write)


def _lay(copy: Store, ids: dict[str, int], item: _Laid) -> None:
    def work(tx: Transaction) -> None:
        resource, uid = ids[item.uri], item.change.state.uid
        tx.reservations(resource, item.uri, item.since).apply(item.change, item.since)
        tx.quotas.restate(resource, uid, item.charges)
        tx.quotas.restate_claims(resource, uid, item.claims)

    copy.transact([write_key(copy.tenant, item.uri)], work)

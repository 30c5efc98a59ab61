"""A site of imip-agent taken over: users, preferences, quotas and what they hold.

Stored events win: what is held and charged is worked out from them, and where the free/busy and the
journals said otherwise, that is told. A second run changes nothing, and what was set here since
stays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial

from horarium.kernel.instant import Instant
from horarium.runtime.directory import Directory, Registered, read_directory
from horarium.runtime.imip_agent_events import read_events, take_events
from horarium.runtime.imip_agent_rows import compare_freebusy, compare_journal, put_offers
from horarium.runtime.imip_agent_settings import (
    BY_IMPORT,
    KeptSettings,
    put_defaults,
    put_quota,
    put_user,
)
from horarium.runtime.imip_agent_source import Finding, Source, UserFiles, Weight
from horarium.runtime.importing import PIECE
from horarium.runtime.quotas import read_quotas, reattribute
from horarium.runtime.settings import Settings
from horarium.runtime.surroundings import decision_keys
from horarium.store.engine import Key
from horarium.store.quotas import quota_key
from horarium.store.store import Store, Transaction

Work = Callable[[Transaction], list[Finding]]


def import_imip_agent(
    store: Store, settings: Settings, source: Source, now: Instant, *, dry_run: bool
) -> list[Finding]:
    """Takes `source` over, in pieces that each leave a consistent state; everything that is to be
    told, in order. Dry, all of it is done in one transaction that is not kept."""
    arrival = _Arrival(store.tenant, settings, source, now)
    found = list(source.findings)
    if dry_run:
        return found + store.foresee([], arrival.whole)
    for keys, work in arrival.steps():
        found += store.transact(keys, work)
    return found


class _Arrival:
    """The steps of one import; each reads what those before it have left."""

    def __init__(self, tenant: str, settings: Settings, source: Source, now: Instant) -> None:
        self._tenant = tenant
        self._settings = settings
        self._source = source
        self._now = now
        self._directory: Directory | None = None

    def whole(self, tx: Transaction) -> list[Finding]:
        """All steps in one transaction."""
        return [item for _, work in self.steps() for item in work(tx)]

    def steps(self) -> Iterator[tuple[list[Key], Work]]:
        """Each step with the keys under which it is done."""
        objects = Key(self._tenant, "site", "objects")
        yield [objects], partial(self._declare, put=self._users)
        names = sorted(self._source.quotas)
        for at in range(0, len(names), PIECE):
            piece = names[at : at + PIECE]
            keys = [quota_key(self._tenant, name) for name in piece]
            yield [objects, *keys], partial(self._declare, put=partial(self._quotas, names=piece))
        for key, files in self._source.users.items():
            assert self._directory is not None
            user = self._directory.by_key.get(key)
            if user is not None:
                yield from self._events(user, files)
        for name in names:
            quota = self._source.quotas[name]
            if quota.journal:
                work = partial(compare_journal, name=name, files=quota, now=self._now)
                yield [quota_key(self._tenant, name)], _listing(work)

    # --- who there is ------------------------------------------------------

    def _declare(
        self, tx: Transaction, put: Callable[[KeptSettings], Iterable[Finding]]
    ) -> list[Finding]:
        quotas = read_quotas(tx)
        found = list(put(KeptSettings(tx, {(s.owner, s.name): s for s in tx.directory.settings()})))
        taken = [item for item in found if item.weight is Weight.TAKEN]
        for item in taken:
            tx.directory.audit(self._now, BY_IMPORT, item.message, item.place, None, None)
        if taken:
            reattribute(tx, quotas)
            tx.directory.raise_version()
        self._directory = read_directory(tx, self._settings)
        return found

    def _users(self, kept: KeptSettings) -> Iterator[Finding]:
        known = read_directory(kept.tx, self._settings).by_key
        yield from put_defaults(kept, self._source.defaults)
        for key, files in self._source.users.items():
            yield from put_user(kept, known.get(key), key, files)

    def _quotas(self, kept: KeptSettings, names: Iterable[str]) -> Iterator[Finding]:
        for name in names:
            yield from put_quota(kept, name, self._source.quotas[name])

    # --- what they hold ----------------------------------------------------

    def _events(self, user: Registered, files: UserFiles) -> Iterator[tuple[list[Key], Work]]:
        assert self._directory is not None
        keys = decision_keys(self._tenant, self._directory, user)
        events, faults = read_events(user, files.objects)
        yield keys, lambda tx: faults
        every = list(events.values())
        for at in range(0, len(every), PIECE):
            piece = every[at : at + PIECE]
            yield keys, partial(take_events, user=user, piece=piece, now=self._now)
        if files.offers:
            offers = partial(put_offers, user=user, files=files.offers, now=self._now)
            yield keys, _listing(offers)
        if files.freebusy:
            rows, uids = files.freebusy, list(events)
            compare = partial(compare_freebusy, user=user, files=rows, uids=uids, now=self._now)
            yield keys, _listing(compare)


def _listing(work: Callable[[Transaction], Iterable[Finding]]) -> Work:
    return lambda tx: list(work(tx))

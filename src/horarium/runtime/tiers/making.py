"""Builds versions for a distributor: one at a time for each distribution, written down, published.

A build once begun is finished, whatever is refreshed meanwhile, unless its own definition changed.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from horarium.distribution.definition import digest_of_definition
from horarium.distribution.gathering import Cancelled, GatherFailed
from horarium.distribution.precedence import distributor_settings
from horarium.distribution.realm import Channel, Distribution, Realm
from horarium.distribution.version import Version
from horarium.kernel.errors import Conflict, NotFound
from horarium.kernel.instant import Instant
from horarium.runtime.building import (
    Builder,
    Built,
    Failed,
    Order,
    Outcome,
    Stopped,
    Unchanged,
    passed,
)
from horarium.runtime.clock import Clock
from horarium.runtime.faults import BuildFailed
from horarium.runtime.notices import BUILD_FAILED, VERSION_BUILT, notice
from horarium.runtime.tiers.hearing import ADOPTED, ahead_of
from horarium.runtime.tiers.mending import is_at_hand, mend
from horarium.runtime.tiers.origin import Origin
from horarium.runtime.tiers.staging import BY_ITSELF, give_back
from horarium.store.store import Store, Transaction
from horarium.transport.content import ContentStore
from horarium.transport.gathering import Pace
from horarium.transport.notes import FileNotes

log = logging.getLogger(__name__)

DEFINITION_CHANGED = "definition_changed"


@dataclass(frozen=True, slots=True)
class Made:
    """What a build led to: the version, None where nothing changed; ``delta`` octets that who has
    the version before receives, None where it receives the whole."""

    version: int | None
    files: int = 0
    size: int = 0
    delta: int | None = None

    @property
    def changed(self) -> bool:
        """Whether there is a new version."""
        return self.version is not None


@dataclass(frozen=True, slots=True)
class Options:
    """How a build is made. ``rollback`` is the version whose content is to be that of the new
    one, 0 for none."""

    rehash: bool = False
    new_baseline: bool = False
    rollback: int = 0


@dataclass(frozen=True, slots=True)
class Return:
    """A version that a channel withdraws, and the one whose content takes its place."""

    withdrawn: int
    to: int


@dataclass(slots=True)
class _Going:
    """A build that goes on."""

    definition: str
    pace: Pace
    stop: threading.Event = field(default_factory=threading.Event)
    reason: str = ""
    lost: tuple[int, ...] = ()
    """Versions that nothing can carry any more: the one that is built takes their place."""


class Making:
    """Builds for one distributor's site; its methods block and may be called by several threads."""

    def __init__(self, origin: Origin, clock: Clock) -> None:
        self._origin = origin
        self._clock = clock
        self._going: dict[str, _Going] = {}
        self._paces: dict[str, Pace] = {}

    def build(self, name: str, cause: str, now: Instant, options: Options | None = None) -> Made:
        """Builds a distribution now. BuildFailed when it can not be made, Conflict when it was
        stopped because its definition changed or the distributor was refreshed so."""
        realm = self._origin.defined(name)
        what = to_be_built(realm, name)
        if options is not None and options.rollback:
            # A number that was mistyped is no build that failed.
            kept = self._origin.store.read(lambda tx: tx.versions.retained(name))
            kept_version(kept, options.rollback)
        going = _Going(digest_of_definition(what), self._pace(realm, what.distributor))
        with self._origin.locked(f"build-{name}"):
            self._going[name] = going
            try:
                return self._build(what, cause, now, going, options)
            finally:
                self._going.pop(name, None)

    def _pace(self, realm: Realm, distributor: str) -> Pace:
        """How fast the builds of a distributor read, all together."""
        pace = self._paces.setdefault(distributor, Pace(self._clock.monotonic))
        pace.rate = distributor_settings(realm, distributor).input_rate
        return pace

    def give_back(self, channel: str, distribution: str, now: Instant, by: str = BY_ITSELF) -> Made:
        """Withdraws the newest version of a distribution that a channel released by rings, and
        makes one with the content of the version before it."""
        store = self._origin.store
        realm = self._origin.realm()
        if channel not in realm.channels:
            raise NotFound(f"there is no channel {channel}")

        def work(tx: Transaction) -> Return:
            return going_back(tx, realm.channels[channel], distribution, now, by)

        found = store.transact([], work)
        cause = f"back from version {found.withdrawn} ({by})"
        return self.build(distribution, cause, now, Options(rollback=found.to))

    @property
    def going(self) -> frozenset[str]:
        """The distributions that are being built."""
        return frozenset(self._going)

    def check(self, realm: Realm, *, cancel: bool = False) -> list[str]:
        """Stops builds whose definition is another one now, or all with ``cancel``; which."""
        stopped = []
        for name, going in list(self._going.items()):
            now = realm.distributions.get(name)
            changed = now is None or digest_of_definition(now) != going.definition
            if changed or cancel:
                going.reason = DEFINITION_CHANGED if changed else "refresh_cancels"
                going.stop.set()
                stopped.append(name)
        return stopped

    def _build(
        self, what: Distribution, cause: str, now: Instant, going: _Going,
        options: Options | None,
    ) -> Made:  # fmt: skip
        store, name, chosen = self._origin.store, what.name, options or Options()
        id_ = store.transact([], lambda tx: tx.versions.begin_build(name, cause, now))
        try:
            outcome, retained = self._outcome(what, now, going, chosen)
        except BaseException as error:
            reason = str(error) or type(error).__name__
            self._end(name, id_, "failed", reason)
            raise
        match outcome:
            case Unchanged():
                self._end(name, id_, "unchanged", _warned(outcome.warnings))
                return Made(None)
            case Built():
                self._publish(what, outcome, retained, going.lost)
                delta = outcome.delta_bytes
                self._end(
                    name, id_, "built", _warned(outcome.warnings), outcome.version.number,
                    outcome.size, delta,
                )  # fmt: skip
                log.info(
                    "version.built distribution=%s version=%d octets=%d", name,
                    outcome.version.number, outcome.size,
                )  # fmt: skip
                return Made(outcome.version.number, outcome.files, outcome.size, delta)
            case Failed():
                failed = BuildFailed(outcome.reason, outcome.path, outcome.text)
                self._end(name, id_, "failed", str(failed))
                raise failed
            case _:
                self._end(name, id_, "cancelled", going.reason)
                raise Conflict(f"the build of {name} was stopped: {going.reason}")

    def _outcome(
        self, what: Distribution, now: Instant, going: _Going, options: Options
    ) -> tuple[Outcome, list[Version]]:
        folder = self._origin.folder
        try:
            going.lost = self._mend(what, now, going, hashed=options.rehash)
        except Cancelled:
            return Stopped(), []
        except GatherFailed as error:
            return Failed(error.reason, error.path, error.text), []
        order = order_of(self._origin.store, what, now, options, anew=bool(going.lost))
        contents = ContentStore(folder.contents, passed)
        notes = FileNotes(folder.root / "notes" / f"{what.name}.jsonl")
        builder = Builder(contents, notes, going.stop, lambda: folder.free, going.pace)
        outcome = builder.build(order)
        with suppress(OSError):
            # Without notes the next build reads everything again.
            notes.save()
        return outcome, list(order.retained)

    def _mend(
        self, what: Distribution, now: Instant, going: _Going, *, hashed: bool
    ) -> tuple[int, ...]:
        """Makes anew what is missing of the versions that are kept; those that are lost."""
        retained = self._origin.store.read(lambda tx: tx.versions.retained(what.name))
        if not hashed and is_at_hand(self._origin.folder.store(), retained):
            return ()
        return mend(self._origin, what, now, hashed=hashed, stop=going.stop, pace=going.pace).lost

    def _publish(
        self, what: Distribution, built: Built, retained: Sequence[Version], lost: Sequence[int]
    ) -> None:
        most = what.revisions
        over = 0 if most is None else max(0, len(retained) + 1 - most)
        retired = sorted({*lost, *(version.number for version in retained[:over])})
        self._origin.add_version(built.version, retired, self._clock.now(), built.baseline)

    def _end(
        self, name: str, id_: int, outcome: str, reason: str, version: int | None = None,
        size: int | None = None, delta: int | None = None,
    ) -> None:  # fmt: skip
        now = self._clock.now()

        def work(tx: Transaction) -> None:
            tx.versions.end_build(
                id_, outcome, now, reason=reason, version=version, size=size, delta=delta
            )
            if outcome == "failed":
                notice(tx, BUILD_FAILED, name, reason, now)
            elif version is not None:
                notice(tx, VERSION_BUILT, name, f"version {version}, {size} octets", now)

        self._origin.store.transact([], work)


def _warned(warnings: Sequence[tuple[str, str]]) -> str:
    return "; ".join(f"{path}: {text}" for path, text in warnings[:20])


def to_be_built(realm: Realm, name: str) -> Distribution:
    """A distribution that may be built. NotFound, Conflict for one that is not active."""
    if name not in realm.distributions:
        raise NotFound(f"there is no distribution {name}")
    if not realm.distributions[name].active:
        raise Conflict(f"distribution {name} is not active: it is not built")
    return realm.distributions[name]


def kept_version(retained: Sequence[Version], number: int) -> Version | None:
    """The version of a number among those that are kept, None for the number 0. NotFound."""
    found = next((version for version in retained if version.number == number), None)
    if number and found is None:
        kept = ", ".join(str(version.number) for version in retained) or "none"
        raise NotFound(f"version {number} is not kept (any more); there are {kept}")
    return found


def order_of(
    store: Store, what: Distribution, now: Instant, options: Options, *, anew: bool
) -> Order:
    """What is to be built; ``anew`` for a whole version that builds on none. BuildFailed where
    receivers are ahead of this store."""
    retained, highest, ahead, adopted = store.read(
        lambda tx: (
            tx.versions.retained(what.name),
            tx.versions.highest(what.name),
            ahead_of(tx, what.name),
            int(tx.meta(ADOPTED + what.name) or 0),
        )
    )
    if ahead > max(highest, adopted):
        raise BuildFailed(
            "store_behind", "",
            f"receivers have version {ahead}, this store knows {highest}: was a backup "
            f"restored? horarium distribution adopt {what.name} --version {ahead} goes on "
            "behind it",
        )  # fmt: skip
    return Order(
        what, max(highest, adopted) + 1, now, retained[-1] if retained else None,
        tuple(retained), digest_of_definition(what), options.rehash,
        options.new_baseline or adopted > highest or anew,
        kept_version(retained, options.rollback),
    )  # fmt: skip


def going_back(
    tx: Transaction, channel: Channel, distribution: str, now: Instant, by: str
) -> Return:
    """Withdraws the newest version that a channel released, where one before it is kept. Conflict
    where none is: then nothing is withdrawn."""
    withdrawn = give_back(tx, channel, distribution, now, by)
    bad = {one.version for one in tx.releases.all() if one.state == "returned"}
    retained = tx.versions.retained(distribution)
    good = [v.number for v in retained if v.number < withdrawn and v.number not in bad]
    if not good:
        raise Conflict(f"no version of {distribution} before {withdrawn} is kept")
    return Return(withdrawn, good[-1])

"""The store: two ways in, `read` and `transact`, and the repositories of one transaction."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from horarium.kernel.instant import Instant
from horarium.kernel.period import Period
from horarium.store.accounts import AccountRepository
from horarium.store.acts import ActRepository
from horarium.store.appointments import AppointmentRepository
from horarium.store.bookings import ResourceReservations, write_key
from horarium.store.check_ins import CheckInRepository
from horarium.store.decisions import DecisionRepository
from horarium.store.directory import DirectoryRepository
from horarium.store.engine import Engine, Key, Session
from horarium.store.extraction import ExtractionRepository
from horarium.store.feeds import AnswerRepository, FeedRepository
from horarium.store.firings import FiringRepository
from horarium.store.held import HeldInSpan, held_by_all
from horarium.store.holdings import HoldingRepository
from horarium.store.holidays import HolidayRepository
from horarium.store.in_effect import InEffectRepository
from horarium.store.kept import KeptRepository
from horarium.store.mail import MailRepository
from horarium.store.metadata import MetadataRepository
from horarium.store.nodes import NodeRepository
from horarium.store.notices import NoticeRepository
from horarium.store.persons import PersonRepository
from horarium.store.quotas import QuotaRepository
from horarium.store.releases import ReleaseRepository
from horarium.store.reminders import ReminderRepository
from horarium.store.replies import ReplyRepository
from horarium.store.requests import RequestRepository
from horarium.store.rows import text
from horarium.store.sessions import Idle, SessionRepository
from horarium.store.sign_ins import (
    BrowserRepository,
    FailureRepository,
    IdentityLog,
    TokenRepository,
)
from horarium.store.timers import TimerRepository
from horarium.store.upkeep import UpkeepRepository
from horarium.store.versions import VersionRepository
from horarium.store.waiting import WaitingRepository
from horarium.store.workers import WorkerRepository

T = TypeVar("T")


class _NotKept(Exception):
    """Ends a transaction that must not be kept."""


@dataclass(frozen=True, slots=True)
class Transaction:
    """One transaction: its repositories, and the keys whose state it may change."""

    session: Session
    tenant: str
    keys: frozenset[Key]

    @property
    def mail(self) -> MailRepository:
        """Ledger, outbox and quarantine."""
        return MailRepository(self.session, self.tenant)

    @property
    def directory(self) -> DirectoryRepository:
        """Calendar users, preferences, groups."""
        return DirectoryRepository(self.session, self.tenant)

    @property
    def decisions(self) -> DecisionRepository:
        """The decision log."""
        return DecisionRepository(self.session, self.tenant)

    @property
    def quotas(self) -> QuotaRepository:
        """The journals and free/busy of quotas."""
        return QuotaRepository(self.session, self.tenant)

    @property
    def upkeep(self) -> UpkeepRepository:
        """What the daily pass reads and drops."""
        return UpkeepRepository(self.session, self.tenant)

    @property
    def timers(self) -> TimerRepository:
        """The timetable's entries with their anchors and cursors, and signals."""
        return TimerRepository(self.session, self.tenant)

    @property
    def firings(self) -> FiringRepository:
        """The ledger of runs."""
        return FiringRepository(self.session, self.tenant)

    @property
    def workers(self) -> WorkerRepository:
        """Who works for which task, and the control file in force."""
        return WorkerRepository(self.session, self.tenant)

    @property
    def kept(self) -> KeptRepository:
        """The messages that were decided about."""
        return KeptRepository(self.session, self.tenant)

    @property
    def accounts(self) -> AccountRepository:
        """Accounts and session groups."""
        return AccountRepository(self.session, self.tenant)

    def sessions(self, idle: Idle) -> SessionRepository:
        """Sessions, with the idle limit of each kind."""
        return SessionRepository(self.session, self.tenant, idle)

    @property
    def failures(self) -> FailureRepository:
        """Failed tries at signing in."""
        return FailureRepository(self.session, self.tenant)

    @property
    def browsers(self) -> BrowserRepository:
        """Browsers that have signed in."""
        return BrowserRepository(self.session, self.tenant)

    @property
    def tokens(self) -> TokenRepository:
        """API tokens."""
        return TokenRepository(self.session, self.tenant)

    @property
    def identity_log(self) -> IdentityLog:
        """What happened around signing in."""
        return IdentityLog(self.session, self.tenant)

    @property
    def feeds(self) -> FeedRepository:
        """Addresses under which calendar programs read."""
        return FeedRepository(self.session, self.tenant)

    @property
    def answers(self) -> AnswerRepository:
        """Answers to creations that may be sent again."""
        return AnswerRepository(self.session, self.tenant)

    def held_by_all(self, span: Period, now: Instant) -> HeldInSpan:
        """What every resource holds in `span`, as it stands at `now`."""
        return held_by_all(self.session, self.tenant, span, now)

    def meta(self, key: str) -> str | None:
        """A fact about the whole store, None when it was never kept."""
        row = self.session.row("meta_value", {"key": key})
        return text(row[0]) if row else None

    def set_meta(self, key: str, value: str) -> None:
        """Keeps a fact about the whole store."""
        self.session.run("set_meta", {"key": key, "value": value})

    def person(self, person: int) -> PersonRepository:
        """What is kept of a person beside events, and what is known of others' time."""
        return PersonRepository(self.session, self.tenant, person)

    @property
    def appointments(self) -> AppointmentRepository:
        """Appointments, and what generators of slots remember."""
        return AppointmentRepository(self.session, self.tenant)

    @property
    def reminders(self) -> ReminderRepository:
        """What clients are still to be told before an appointment begins."""
        return ReminderRepository(self.session, self.tenant)

    @property
    def waiting(self) -> WaitingRepository:
        """Who waits for time to be freed."""
        return WaitingRepository(self.session, self.tenant)

    @property
    def replies(self) -> ReplyRepository:
        """What clients answered from their calendars."""
        return ReplyRepository(self.session, self.tenant)

    @property
    def holidays(self) -> HolidayRepository:
        """Calendars of holidays."""
        return HolidayRepository(self.session, self.tenant)

    @property
    def check_ins(self) -> CheckInRepository:
        """For which occurrences somebody was there."""
        return CheckInRepository(self.session, self.tenant)

    @property
    def metadata(self) -> MetadataRepository:
        """Signed metadata of distribution."""
        return MetadataRepository(self.session, self.tenant)

    @property
    def in_effect(self) -> InEffectRepository:
        """The objects of distribution as they are in effect."""
        return InEffectRepository(self.session, self.tenant)

    @property
    def versions(self) -> VersionRepository:
        """Versions of distributions, builds, and who has received what."""
        return VersionRepository(self.session, self.tenant)

    @property
    def notices(self) -> NoticeRepository:
        """What somebody should know of distribution."""
        return NoticeRepository(self.session, self.tenant)

    @property
    def nodes(self) -> NodeRepository:
        """Certificates of nodes, and tokens to enrol by."""
        return NodeRepository(self.session, self.tenant)

    @property
    def acts(self) -> ActRepository:
        """What distribution does by schedule."""
        return ActRepository(self.session, self.tenant)

    @property
    def holdings(self) -> HoldingRepository:
        """Bundles that this node received."""
        return HoldingRepository(self.session, self.tenant)

    @property
    def releases(self) -> ReleaseRepository:
        """Windows opened by hand, and releases by rings."""
        return ReleaseRepository(self.session, self.tenant)

    @property
    def requests(self) -> RequestRepository:
        """What is asked of resources and not settled."""
        return RequestRepository(self.session, self.tenant)

    @property
    def extraction(self) -> ExtractionRepository:
        """What distribution has installed on this node, and extractions that go on."""
        return ExtractionRepository(self.session, self.tenant)

    def reservations(
        self, resource: int, uri: str, now: Instant, *, reading: bool = False
    ) -> ResourceReservations:
        """What the resource `uri` holds at `now`. In a writing transaction its key must be among
        those asked for, or that of a pool it belongs to: a decision on state that is not locked is
        our own fault. What is only read of others may change behind the decision."""
        locked = reading or not self.keys or any(key.kind == "pool" for key in self.keys)
        assert locked or write_key(self.tenant, uri) in self.keys, f"{uri} is not locked"
        return ResourceReservations(self.session, self.tenant, resource, now)


class Store:
    """The whole memory of a site, over one engine."""

    def __init__(self, engine: Engine, tenant: str = "default") -> None:
        self._engine = engine
        self.tenant = tenant

    def read(self, work: Callable[[Transaction], T]) -> T:
        """Runs `work` on a consistent snapshot."""
        return self._engine.read(lambda s: work(Transaction(s, self.tenant, frozenset())))

    def transact(self, keys: Sequence[Key], work: Callable[[Transaction], T]) -> T:
        """Runs `work` in one durable transaction that holds the locks of `keys`."""
        held = frozenset(keys)
        return self._engine.transact(
            sorted(held), lambda s: work(Transaction(s, self.tenant, held))
        )

    def foresee(self, keys: Sequence[Key], work: Callable[[Transaction], T]) -> T:
        """What `transact` would return; nothing of it is kept."""
        found: list[T] = []

        def dry(tx: Transaction) -> None:
            found[:] = [work(tx)]
            raise _NotKept

        with contextlib.suppress(_NotKept):
            self.transact(keys, dry)
        return found[0]

    def foreseen(self) -> Store:
        """This store as one that keeps nothing: every transaction of it is only foreseen."""
        return _Foreseen(self._engine, self.tenant)

    def checkpoint(self, *, thorough: bool = False) -> None:
        """Moves the engine's log into the database."""
        self._engine.checkpoint(thorough)

    def facts(self) -> dict[str, str | int]:
        """What an operator asks of the engine."""
        return self._engine.facts()

    def close(self) -> None:
        """Ends the use of the store by this process."""
        self._engine.close()


class _Foreseen(Store):
    """A store that keeps nothing of what is written to it."""

    def transact(self, keys: Sequence[Key], work: Callable[[Transaction], T]) -> T:
        """See `Store.foreseen`."""
        return Store(self._engine, self.tenant).foresee(keys, work)

    def foresee(self, keys: Sequence[Key], work: Callable[[Transaction], T]) -> T:
        """As `transact`, which keeps nothing either."""
        return self.transact(keys, work)

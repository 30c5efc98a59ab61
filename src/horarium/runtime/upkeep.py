"""The daily pass: endless series are laid down further, quotas are replenished, old records go
(seed 000).

It may run at any time, twice, or after weeks of pause: what it leaves depends only on what is
stored and on the instant. It works in small transactions, so that no booking waits long for it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from pathlib import Path

from horarium.booking.outcome import Outcome
from horarium.booking.upkeep import extend, lay_anew
from horarium.kernel.errors import HorariumError
from horarium.kernel.instant import Instant
from horarium.kernel.zone import named
from horarium.runtime import crash
from horarium.runtime.desk import Desk
from horarium.runtime.directory import Directory, Registered, read_directory
from horarium.runtime.enacting import Enactment
from horarium.runtime.entropy import SystemSecrets
from horarium.runtime.holidays import renew
from horarium.runtime.mail_agent import MailAgent
from horarium.runtime.others import rebuild_others
from horarium.runtime.quota_answers import expire, start_of_day
from horarium.runtime.settings import Settings
from horarium.runtime.sharing import Publisher
from horarium.runtime.surroundings import decision_keys
from horarium.runtime.sweeping import sweep
from horarium.store.bookings import write_key
from horarium.store.store import Store, Transaction
from horarium.store.upkeep import RETENTION_SECONDS

# Series laid down in one transaction.
PIECE = 20
# Old rows of quotas dropped in one transaction.
ROWS = 1_000
DAY = 86_400


@dataclass(slots=True)
class UpkeepReport:
    """What one pass did; `expired` counts the charges to quotas that ended before today, `settled`
    the mails on requests that were open until now, `holidays` says what changed in their calendars,
    and `failures` name the users and quotas that were left out and why.
    """

    extended: int = 0
    lost: int = 0
    recomputed: int = 0
    expired: int = 0
    settled: int = 0
    dropped: int = 0
    holidays: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    @property
    def detail(self) -> str:
        """The counts in one line, as the ledger of runs keeps them."""
        return (
            f"extended {self.extended}, lost {self.lost}, recomputed {self.recomputed}, "
            f"expired {self.expired}, dropped {self.dropped}"
        )


def run_upkeep(
    store: Store, settings: Settings, now: Instant, publisher: Publisher | None = None,
    folder: Path | None = None,
) -> UpkeepReport:  # fmt: skip
    """Runs the whole pass at `now`; a user that fails is reported and the others are done. With a
    `publisher` the published documents are written anew, with the `folder` of the site calendars
    of holidays laid down anew."""
    report = UpkeepReport()
    directory = store.read(lambda tx: read_directory(tx, settings))
    for user in directory.users:
        try:
            _recompute(store, user, now, report)
            _extend(store, directory, user, now, report)
            if user.is_person:
                rebuild_others(store, settings, user.uri, now, apply=True)
        except HorariumError as error:
            report.failures.append(f"{user.uri}: {error}")
    kept_since = Instant(now - settings.retention.mail)
    _expire(store, settings, now, report)
    report.dropped = store.transact([], lambda tx: tx.upkeep.drop_old(now))
    report.dropped += _purge_quotas(store, now)
    while store.transact([], lambda tx: tx.kept.pack()):
        pass
    while dropped := store.transact([], lambda tx: tx.kept.drop_before(kept_since)):
        report.dropped += dropped
    report.dropped += sum(sweep(store, now).values())
    while Desk(store, settings, SystemSecrets().random).sweep(now):
        pass
    forgotten = Instant(now - settings.retention.clients)
    store.transact([], lambda tx: tx.appointments.forget_clients(forgotten))
    store.transact([], lambda tx: tx.waiting.forget_clients(forgotten))
    if folder is not None:
        report.holidays, failed = renew(store, folder, now)
        report.failures += failed
    report.settled = len(MailAgent(store, settings).settle(now))
    if publisher is not None:
        report.failures += publisher.publish_all(directory.users, now)
    store.checkpoint(thorough=True)
    return report


def _expire(store: Store, settings: Settings, now: Instant, report: UpkeepReport) -> None:
    """What ended before today is no longer used of any quota."""
    mark = start_of_day(now, named(settings.zone))
    for name in store.read(lambda tx: tx.quotas.names()):
        try:
            report.expired += expire(store, name, mark)
        except HorariumError as error:
            report.failures.append(f"quota {name}: {error}")


def _purge_quotas(store: Store, now: Instant) -> int:
    before, dropped = Instant(now - RETENTION_SECONDS), 0
    while True:
        gone = store.transact([], lambda tx: tx.quotas.purge(before, ROWS))
        dropped += gone
        if not gone:
            return dropped


def _extend(
    store: Store, directory: Directory, user: Registered, now: Instant, report: UpkeepReport
) -> None:
    until = Instant(now + user.resource.preferences.window_size * DAY)
    after = ""
    while True:
        piece = partial(_extend_piece, directory, user, now, until, after)
        done, outcomes, last = store.transact(decision_keys(store.tenant, directory, user), piece)
        crash.at("upkeep:after-commit")
        report.extended += sum(1 for outcome in outcomes if outcome.change is not None)
        report.lost += sum(len(outcome.mails) for outcome in outcomes)
        crash.at("upkeep:piece-done")
        if done:
            return
        after = last


def _extend_piece(
    directory: Directory,
    user: Registered,
    now: Instant,
    until: Instant,
    after: str,
    tx: Transaction,
) -> tuple[bool, list[Outcome], str]:
    reservations = tx.reservations(user.id, user.uri, now)
    work = Enactment(tx, directory, now)
    uids = tx.upkeep.endless_before(user.id, until, after, PIECE)
    outcomes: list[Outcome] = []
    for uid in uids:
        outcome = extend(uid, reservations, user.resource, now)
        if outcome is None:
            continue
        work.enact(user, outcome, None, None)
        if outcome.mails:
            record = sha256(f"upkeep:{user.uri}:{uid}:{now}".encode()).hexdigest()[:32]
            tx.decisions.record(record, user.id, "", outcome, now)
            tx.mail.notify_operator(user.uri, "occurrences_lost", outcome.notice, now)
        for mail in outcome.mails:
            tx.mail.post(mail, user.id, now)
        outcomes.append(outcome)
    crash.at("upkeep:before-commit")
    return len(uids) < PIECE, outcomes, uids[-1] if uids else after


def _recompute(store: Store, user: Registered, now: Instant, report: UpkeepReport) -> None:
    """Events whose instants were computed with other zone data get the instants of today's."""
    after = ""
    key = [write_key(store.tenant, user.uri)]
    while True:
        piece: Callable[[Transaction], list[str]] = partial(_recompute_piece, user, now, after)
        uids = store.transact(key, piece)
        report.recomputed += len(uids)
        if len(uids) < PIECE:
            return
        after = uids[-1]


def _recompute_piece(user: Registered, now: Instant, after: str, tx: Transaction) -> list[str]:
    reservations = tx.reservations(user.id, user.uri, now)
    uids = tx.upkeep.with_other_zone_data(user.id, user.resource.zone_data, after, PIECE)
    for uid in uids:
        change = lay_anew(uid, reservations, user.resource, now)
        if change is not None:
            before = [item.event.start for item in reservations.of_event(uid)]
            reservations.apply(change, now)
            starts = [item.event.start for item in change.reservations]
            if starts != before:
                tx.directory.audit(now, "upkeep", "zone_data", f"{user.uri} {uid}", before, starts)
    return uids

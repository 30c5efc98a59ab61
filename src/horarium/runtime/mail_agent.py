"""The mail agent: one message for one recipient becomes one transaction and its answer.

It decides nothing itself: the intake is read, each event is judged by `booking`, and everything
that is to be kept or sent is kept together, before anybody is told that the message was taken.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from functools import partial
from hashlib import sha256

from horarium.booking.authentication import is_authenticated, trusted_results
from horarium.booking.authority import Voice
from horarium.booking.imip import Intake, IntakeKind, read_message
from horarium.booking.itip import handle
from horarium.booking.kept import kept_request
from horarium.booking.mail_headers import Headers
from horarium.booking.message import EventMessage, Origin
from horarium.booking.outcome import Mail, Outcome, Result
from horarium.booking.trace import Step
from horarium.ical.component import Component
from horarium.kernel.errors import NotFound, Unavailable
from horarium.kernel.instant import Instant
from horarium.runtime import crash
from horarium.runtime.booking_signals import signal_change
from horarium.runtime.directory import Directory, Registered, policy_digest, read_directory
from horarium.runtime.ledger_key import CALENDAR, ledger_key
from horarium.runtime.limits import mail_limits, parse_limits
from horarium.runtime.settings import Settings
from horarium.store.bookings import write_key
from horarium.store.kept import Kept
from horarium.store.mail import Held, LedgerRow
from horarium.store.store import Store, Transaction

log = logging.getLogger(__name__)

DAY = 86_400
# Automatic answers to one (sender, UID, SEQUENCE) in a day; more is a loop.
MOST_ANSWERS = 10
MOST_REPEATS = 3
# More hops than any honest way through mail systems.
MOST_RECEIVED = 30
# A message that fails this often for a reason of ours is set aside, so that the queue moves.
MOST_ATTEMPTS = 3
_BULK = frozenset({"bulk", "list", "junk"})
_OWN_MESSAGE_ID = "<hor."


class Status(Enum):
    """What the mail system is told."""

    HANDLED = "handled"
    UNKNOWN = "unknown"
    TRY_LATER = "try later"


@dataclass(frozen=True, slots=True)
class Delivery:
    """The end of one message for one recipient: `mails` are the ones written for it."""

    status: Status
    text: str
    mails: tuple[Mail, ...] = ()


@dataclass(frozen=True, slots=True)
class DryRun:
    """What would become of one message for one calendar user: why it would not be judged at all
    (`state` as in the ledger, with its reason), or the outcome of each event in it."""

    state: str
    reason: str
    outcomes: tuple[Outcome, ...] = ()


@dataclass(frozen=True, slots=True)
class _Envelope:
    """One message for one recipient as it was handed in."""

    sender: str | None
    recipient: str
    data: bytes
    now: Instant
    emit: bool
    vouched: bool
    key: str = ""


class _DirectoryChanged(Exception):
    """The directory in hand is older than the store."""


class MailAgent:
    """Takes messages for the calendar users of one site."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._settings = settings
        self._mail_limits = mail_limits(settings.limits)
        self._parse_limits = parse_limits(settings.limits)
        self._keeps = settings.retention.mail > 0
        self._policies: dict[int, str] = {}
        self._directory: Directory | None = None

    @property
    def directory(self) -> Directory:
        """The calendar users as they are now."""
        version = self._store.read(lambda tx: tx.directory.version())
        if self._directory is None or self._directory.version != version:
            self.reload()
        assert self._directory is not None
        return self._directory

    def reload(self) -> None:
        """Reads the calendar users, and the files they name, anew."""
        self._directory = self._store.read(lambda tx: read_directory(tx, self._settings))
        self._policies.clear()

    def knows(self, recipient: str) -> bool:
        """Whether mail for `recipient` is taken: a calendar user, or the sender of our answers,
        to which reports come back."""
        return self.directory.find(recipient) is not None or self._is_own_sender(recipient)

    def knows_already(self, recipient: str) -> bool | None:
        """What `knows` says, where that takes one look at the store; None when the calendar users
        must be read anew first."""
        directory = self._directory
        version = self._store.read(lambda tx: tx.directory.version())
        if directory is None or directory.version != version:
            return None
        return directory.find(recipient) is not None or self._is_own_sender(recipient)

    def deliver(
        self,
        sender: str | None,
        recipient: str,
        data: bytes,
        now: Instant,
        *,
        emit: bool = False,
        vouched: bool = False,
        key: str = "",
    ) -> Delivery:
        """Handles one message for one recipient. `sender` is the envelope sender: None when it is
        unknown, "" for the null one. With `emit` the mails are returned instead of queued;
        `vouched` is the operator's word for the sender of a message that was kept; `key` the one
        under which it was known, where a message comes again."""
        envelope = _Envelope(sender, recipient, data, now, emit, vouched, key)
        try:
            return self._deliver(envelope)
        except Unavailable as error:
            return Delivery(Status.TRY_LATER, str(error))
        except Exception:
            log.exception("message.failed recipient=%s", recipient)
            return self._after_failure(envelope, traceback.format_exc())

    def _deliver(self, envelope: _Envelope) -> Delivery:
        crash.at("ingest:received")
        if self._directory is None:
            self.reload()
        for _ in range(3):
            directory = self._directory
            assert directory is not None
            user = directory.find(envelope.recipient)
            if user is None and directory is not self.directory:
                continue
            if user is None and not self._is_own_sender(envelope.recipient):
                return Delivery(Status.UNKNOWN, "no such calendar user")
            intake = self._read(envelope.data, user)
            crash.at("ingest:parsed")
            kept = self._kept(envelope, intake, user)
            handling = _Handling(self._settings, directory, user, envelope, kept)
            keys = [write_key(self._store.tenant, user.uri)] if user else []
            try:
                delivery = self._store.transact(keys, partial(handling.run, intake=intake))
            except _DirectoryChanged:
                self.reload()
                continue
            crash.at("ingest:after-commit")
            return delivery
        raise Unavailable("the calendar users change too fast")

    def _kept(self, envelope: _Envelope, intake: Intake, user: Registered | None) -> Kept | None:
        """What is kept of a message, made before the store is locked; its key comes later."""
        if user is None or intake.kind is not IntakeKind.CALENDAR or not self._keeps:
            return None
        if user.id not in self._policies:
            self._policies[user.id] = policy_digest(user.resource)
        data = kept_request(envelope.data, intake.objects)
        return Kept(
            0, "", user.id, envelope.recipient, envelope.sender, envelope.now, envelope.vouched,
            self._policies[user.id], data,
        )  # fmt: skip

    def dry_run(self, sender: str | None, recipient: str, data: bytes, now: Instant) -> DryRun:
        """What would be decided on one message as things stand; nothing is kept and nothing sent.
        Each event in it is judged by itself. NotFound when the recipient is no calendar user."""
        directory = self.directory
        user = directory.find(recipient)
        if user is None:
            raise NotFound(f"no such calendar user: {recipient}")
        intake = self._read(data, user)
        envelope = _Envelope(sender, recipient, data, now, emit=True, vouched=False)
        handling = _Handling(self._settings, directory, user, envelope)
        return self._store.read(partial(handling.foresee, intake=intake))

    def _read(self, data: bytes, user: Registered | None) -> Intake:
        own = user.resource.aliases if user else frozenset[str]()
        return read_message(
            data,
            self._mail_limits,
            self._parse_limits,
            own=own.__contains__,
            counter_as_request=self._settings.mail.counter_as_request,
            local_domains=self._settings.mail.local_domains,
        )

    def _after_failure(self, envelope: _Envelope, trouble: str) -> Delivery:
        """A fault of ours: tried again a few times, then the message is set aside with the reason
        and the mail system is told that it was taken."""
        recipient, now = envelope.recipient, envelope.now
        reason = trouble.strip().splitlines()[-1][:500]
        held = Held(0, recipient, envelope.sender or "", reason, now, 0)
        digest = sha256(envelope.data).hexdigest()

        def keep(tx: Transaction) -> int:
            attempts = tx.mail.keep(held, digest, envelope.data, hold=False)
            if attempts >= MOST_ATTEMPTS:
                tx.mail.hold(digest, recipient)
                tx.mail.notify_operator(recipient, "message_failed", reason, now)
            return attempts

        try:
            attempts = self._store.transact([], keep)
        except Unavailable as error:
            return Delivery(Status.TRY_LATER, str(error))
        if attempts >= MOST_ATTEMPTS:
            return Delivery(Status.HANDLED, "kept for the operator")
        return Delivery(Status.TRY_LATER, "something went wrong here")

    def _is_own_sender(self, recipient: str) -> bool:
        sender = self._settings.mail.sender
        return sender is not None and recipient.removeprefix("mailto:").lower() == sender


@dataclass(frozen=True, slots=True)
class _Handling:
    """One message for one recipient inside one transaction; run again, it does the same."""

    settings: Settings
    directory: Directory
    user: Registered | None
    envelope: _Envelope
    kept: Kept | None = None

    def run(self, tx: Transaction, intake: Intake) -> Delivery:
        """Enters the message into the ledger and does what it asks for."""
        crash.at("ingest:locked")
        delivery = self._run(tx, intake)
        crash.at("ingest:before-commit")
        return delivery

    def _run(self, tx: Transaction, intake: Intake) -> Delivery:
        if tx.directory.version() != self.directory.version:
            raise _DirectoryChanged
        envelope = self.envelope
        key = envelope.key or ledger_key(
            envelope.recipient, envelope.data, intake, vouched=envelope.vouched
        )
        if tx.mail.seen(key) is not None:
            return Delivery(Status.HANDLED, "seen before")
        tx.mail.forget(sha256(self.envelope.data).hexdigest(), self.envelope.recipient)
        if self.envelope.sender == "" or intake.kind is IntakeKind.REPORT:
            return self._report(tx, intake, key)
        fault = self._fault(intake)
        if fault:
            return self._set_aside(tx, intake, key, *fault)
        return self._judge(tx, intake, key)

    def foresee(self, tx: Transaction, intake: Intake) -> DryRun:
        """What `run` would decide for a message that was not seen before; writes nothing."""
        assert self.user is not None
        if self.envelope.sender == "" or intake.kind is IntakeKind.REPORT:
            return DryRun("report", "report" if intake.report else "null_sender")
        fault = self._fault(intake)
        if fault:
            return DryRun(*fault)
        reservations = tx.reservations(self.user.id, self.user.uri)
        outcomes = tuple(
            self._limited(tx, intake, handle(message, reservations))
            for message in self._messages(intake, "")
        )
        decisive = _decisive(outcomes)
        return DryRun(_STATES[decisive.result], decisive.reason, outcomes)

    def _fault(self, intake: Intake) -> tuple[str, str] | None:
        """The ledger state and reason of a message that is no invitation to handle."""
        if intake.kind is IntakeKind.REFUSED:
            return "refused", intake.reason
        if intake.kind is not IntakeKind.CALENDAR:
            return "quarantined", intake.reason
        if self.user is None:
            return "quarantined", "not_calendar_user"
        if self.user.resource.preferences.participating == "no":
            return "quarantined", "not_participating"
        headers = intake.headers
        assert headers is not None
        if headers.received > MOST_RECEIVED or headers.decision is not None:
            return "ignored", "loop"
        if (headers.message_id or "").startswith(_OWN_MESSAGE_ID):
            return "ignored", "loop"
        return None

    def _report(self, tx: Transaction, intake: Intake, key: str) -> Delivery:
        """A report on a mail of ours, or mail of nobody: nothing inside it is handled."""
        if intake.report is not None and intake.report.action == "failed":
            for message_id in intake.report.original_ids:
                tx.mail.note_bounce(message_id, intake.report.status or "failed", self.envelope.now)
        self._enter(tx, key, "report", "report" if intake.report else "null_sender", "", "")
        return Delivery(Status.HANDLED, "a report")

    def _set_aside(
        self, tx: Transaction, intake: Intake, key: str, state: str, reason: str
    ) -> Delivery:
        first = intake.objects[0].method if intake.objects else ""
        self._enter(tx, key, state, reason, first, "")
        self._hold(tx, reason)
        return Delivery(Status.HANDLED, f"kept for the operator: {reason}")

    def _hold(self, tx: Transaction, reason: str) -> None:
        held = Held(
            0, self.envelope.recipient, self.envelope.sender or "", reason, self.envelope.now, 0
        )
        tx.mail.keep(held, sha256(self.envelope.data).hexdigest(), self.envelope.data, hold=True)

    def _judge(self, tx: Transaction, intake: Intake, key: str) -> Delivery:
        assert self.user is not None
        reservations = tx.reservations(self.user.id, self.user.uri)
        outcomes: list[Outcome] = []
        mails: list[Mail] = []
        for message in self._messages(intake, key):
            outcome = self._limited(tx, intake, handle(message, reservations))
            crash.at("ingest:decided")
            if outcome.change is not None:
                signal_change(tx, outcome, reservations, self.envelope.now)
                reservations.apply(outcome.change, self.envelope.now)
                crash.at("ingest:reserved")
            voice, now = message.origin.voice.sender, self.envelope.now
            sender = voice.text if voice else ""
            tx.decisions.record(message.decision_id, self.user.id, sender, outcome, now)
            mails.extend(self._post(tx, outcome))
            crash.at("ingest:outbox-written")
            outcomes.append(outcome)
        if self.kept is not None:
            tx.kept.add(replace(self.kept, key=key))
        return self._finish(tx, key, outcomes, mails)

    def _messages(self, intake: Intake, key: str) -> Iterable[EventMessage]:
        assert self.user is not None
        assert intake.headers is not None
        origin = self._origin(intake.headers, key)
        for item in intake.objects:
            for uid, components in _by_uid(item.component.components).items():
                yield EventMessage(
                    method=item.method,
                    uid=uid,
                    components=tuple(components),
                    calendar=item.component,
                    origin=origin,
                    resource=self.user.resource,
                    now=self.envelope.now,
                )

    def _origin(self, headers: Headers, key: str) -> Origin:
        results = headers.authentication_results
        voice = Voice(headers.sender, headers.reply_to, results, self.envelope.vouched)
        listed = headers.list_id or headers.list_unsubscribe
        listed = listed or (headers.precedence or "").lower() in _BULK
        languages = (headers.content_language or "", headers.accept_language or "")
        return Origin(
            ledger_key=key,
            voice=voice,
            message_id=headers.message_id,
            date=headers.date,
            languages=tuple(language for language in languages if language),
            bulk=listed and not self._is_proven(voice),
        )

    def _is_proven(self, voice: Voice) -> bool:
        if voice.sender is None:
            return False
        mail = self.settings.mail
        results = trusted_results(
            voice.authentication_results, mail.trusted_authserv, mail.trusted_headers
        )
        domain = voice.sender.domain
        return any(is_authenticated(results, method, domain) for method in ("dkim", "dmarc"))

    def _limited(self, tx: Transaction, intake: Intake, outcome: Outcome) -> Outcome:
        """The outcome without the mails that would make a loop."""
        assert intake.headers is not None
        automatic = (intake.headers.auto_submitted or "no").lower() != "no"
        most, since = (
            (1, Instant(0)) if automatic else (MOST_ANSWERS, Instant(self.envelope.now - DAY))
        )
        kept = tuple(
            mail
            for mail in outcome.mails
            if tx.mail.answers_since(mail.recipient, mail.uid, mail.sequence, since) < most
        )
        if len(kept) == len(outcome.mails):
            return outcome
        step = Step("answers", "suppressed", "too_many_answers", {"most": most})
        return replace(outcome, mails=kept, trace=(*outcome.trace, step))

    def _post(self, tx: Transaction, outcome: Outcome) -> list[Mail]:
        assert self.user is not None
        for mail in outcome.mails:
            tx.mail.post(mail, self.user.id, self.envelope.now, sent=self.envelope.emit)
        if outcome.notice:
            tx.mail.notify_operator(
                self.user.uri, outcome.reason, outcome.notice, self.envelope.now
            )
        if outcome.repeat_answer and outcome.organizer:
            again = tx.mail.send_again(
                self.user.id,
                outcome.uid,
                outcome.sequence,
                self.envelope.now,
                MOST_REPEATS,
                sent=self.envelope.emit,
            )
            return [again] if again is not None else []
        return list(outcome.mails)

    def _finish(
        self, tx: Transaction, key: str, outcomes: list[Outcome], mails: list[Mail]
    ) -> Delivery:
        decisive = _decisive(outcomes)
        state = _STATES[decisive.result]
        if state == "ignored" and any(outcome.hold for outcome in outcomes):
            state = "quarantined"
            self._hold(tx, decisive.reason)
        self._enter(tx, key, state, decisive.reason, decisive.method, decisive.uid)
        text = " ".join(outcome.result.value for outcome in outcomes)
        return Delivery(Status.HANDLED, text, tuple(mails))

    def _enter(
        self, tx: Transaction, key: str, state: str, reason: str, method: str, uid: str
    ) -> None:
        sender = "" if self.envelope.sender is None else self.envelope.sender or "<>"
        tx.mail.enter(
            LedgerRow(
                key, self.envelope.recipient, sender, method, uid, self.envelope.now, state, reason
            )
        )
        crash.at("ingest:ledger-inserted")


_STATES: dict[Result, str] = {
    Result.STALE: "stale",
    Result.DUPLICATE: "duplicate",
    Result.IGNORED: "ignored",
    **{
        result: "decided"
        for result in Result
        if result not in (Result.STALE, Result.DUPLICATE, Result.IGNORED)
    },
}
# Of several events in one message the one that did most names what became of it.
_RANK = {"ignored": 0, "stale": 1, "duplicate": 2, "decided": 3}


def _decisive(outcomes: Sequence[Outcome]) -> Outcome:
    return max(outcomes, key=lambda outcome: _RANK[_STATES[outcome.result]])


def _by_uid(components: Iterable[Component]) -> dict[str, list[Component]]:
    """The components of each UID, in the order in which the UIDs first stand."""
    found: dict[str, list[Component]] = {}
    for component in components:
        if component.name in CALENDAR:
            line = component.first("UID")
            found.setdefault(line.value.strip() if line else "", []).append(component)
    return found

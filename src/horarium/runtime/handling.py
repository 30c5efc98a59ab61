"""One message for one recipient inside one transaction: what it is, and what becomes of it."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from hashlib import sha256

from horarium.booking.authentication import is_authenticated, trusted_results
from horarium.booking.authority import Voice
from horarium.booking.imip import Intake, IntakeKind
from horarium.booking.itip import handle
from horarium.booking.mail_headers import Headers
from horarium.booking.message import EventMessage, Origin
from horarium.booking.open_request import Again, Why, slot_text
from horarium.booking.other_mails import not_free_mail
from horarium.booking.outcome import Mail, Outcome, Result
from horarium.booking.trace import Step
from horarium.kernel.instant import Instant
from horarium.runtime import crash
from horarium.runtime.approver_mail import hear_approver
from horarium.runtime.directory import Directory, Registered
from horarium.runtime.enacting import Enactment
from horarium.runtime.messages import by_uid, ledger_key
from horarium.runtime.person_mail import MOST_RECEIVED, PersonMail
from horarium.runtime.replying import Noted, note_replies
from horarium.runtime.settings import Settings
from horarium.runtime.sharing import bundles, with_freebusy
from horarium.store.kept import KeptMessage
from horarium.store.mail import Held, LedgerRow
from horarium.store.requests import Due, Kept
from horarium.store.store import Transaction

log = logging.getLogger(__name__)

DAY = 86_400
# Automatic answers to one (sender, UID, SEQUENCE) in a day; more is a loop.
MOST_ANSWERS = 10
MOST_REPEATS = 3
_BULK = frozenset({"bulk", "list", "junk"})
_OWN_MESSAGE_ID = "<hor."


class Status(Enum):
    """What the mail system is told."""

    HANDLED = "handled"
    UNKNOWN = "unknown"
    TRY_LATER = "try later"


@dataclass(frozen=True, slots=True)
class Delivery:
    """The end of one message for one recipient: `mails` are the ones written for it. `woken` counts
    the open requests that are to be decided again because of it; `answered` tells that a client of
    an appointment has answered, which the desk is to follow."""

    status: Status
    text: str
    mails: tuple[Mail, ...] = ()
    woken: int = 0
    answered: bool = False


@dataclass(frozen=True, slots=True)
class DryRun:
    """What would become of one message for one calendar user: why it would not be judged at all
    (`state` as in the ledger, with its reason), or the outcome of each event in it."""

    state: str
    reason: str
    outcomes: tuple[Outcome, ...] = ()


@dataclass(frozen=True, slots=True)
class Envelope:
    """One message for one recipient as it was handed in."""

    sender: str | None
    recipient: str
    data: bytes
    now: Instant
    emit: bool
    vouched: bool
    outgoing: bool = False
    key: str = ""

    @property
    def marks(self) -> list[str]:
        """What makes another message of the same octets."""
        return ["vouched"] * self.vouched + ["outgoing"] * self.outgoing


class DirectoryChanged(Exception):
    """The directory in hand is older than the store."""


@dataclass(frozen=True, slots=True)
class Handling:
    """One message for one recipient inside one transaction; run again, it does the same."""

    settings: Settings
    directory: Directory
    user: Registered | None
    envelope: Envelope
    for_again: KeptMessage | None = None

    def run(self, tx: Transaction, intake: Intake) -> Delivery:
        """Enters the message into the ledger and does what it asks for."""
        crash.at("ingest:locked")
        delivery = self._run(tx, intake)
        crash.at("ingest:before-commit")
        return delivery

    def _run(self, tx: Transaction, intake: Intake) -> Delivery:
        if tx.directory.version() != self.directory.version:
            raise DirectoryChanged
        key = self._key(intake)
        if tx.mail.seen(key) is not None:
            return Delivery(Status.HANDLED, "seen before")
        tx.mail.count_sender(rated(self.envelope.sender), self.envelope.now)
        tx.mail.forget(sha256(self.envelope.data).hexdigest(), self.envelope.recipient)
        noted = note_replies(tx, self.settings, intake, self.envelope.now)
        delivery = self._of_kind(tx, intake, key, noted)
        return replace(delivery, answered=noted is not None and noted.heard)

    def _of_kind(self, tx: Transaction, intake: Intake, key: str, noted: Noted | None) -> Delivery:
        if self.user is not None and self.user.is_person:
            return self._of_person(tx, intake, key)
        if self.envelope.sender == "" or intake.kind is IntakeKind.REPORT:
            return self._report(tx, intake, key)
        heard = self._approver(tx, intake, key)
        if heard is not None:
            return heard
        if noted is not None and self.user is None:
            # Nobody else is asked: the address is the desk's own.
            state = "decided" if noted.heard else "ignored"
            self._enter(tx, key, state, noted.reason, intake.objects[0].method, noted.uid)
            return Delivery(Status.HANDLED, noted.reason)
        fault = self._fault(intake)
        if fault:
            return self._set_aside(tx, intake, key, *fault)
        return self._judge(tx, intake, key)

    def _approver(self, tx: Transaction, intake: Intake, key: str) -> Delivery | None:
        """The end of a mail by which an approver answers, None when it is none."""
        headers = intake.headers
        if intake.kind is not IntakeKind.NOT_CALENDAR or headers is None:
            return None
        envelope = self.envelope
        heard = hear_approver(tx, self.settings, headers, envelope.data, envelope.now)
        if heard is None:
            return None
        self._enter(tx, key, heard.state, heard.reason, "", "")
        if heard.state == "quarantined":
            self._hold(tx, heard.reason)
        if heard.mail is not None:
            tx.mail.post(heard.mail, self.user.id if self.user else None, envelope.now,
                         sent=envelope.emit)  # fmt: skip
        mails = (heard.mail,) if heard.mail is not None else ()
        return Delivery(Status.HANDLED, heard.reason, mails, int(heard.woken))

    def _of_person(self, tx: Transaction, intake: Intake, key: str) -> Delivery:
        messages = self._messages(intake, key)
        taken = self._person_mail(key).take(tx, intake, messages, self._limited)
        self._enter(tx, key, taken.state, taken.reason, taken.method, taken.uid)
        if taken.held:
            self._hold(tx, taken.reason)
        return Delivery(Status.HANDLED, taken.text, taken.mails)

    def _person_mail(self, key: str) -> PersonMail:
        assert self.user is not None
        it = self.envelope
        return PersonMail(
            self.settings, self.user, key, it.sender, it.recipient, it.data, it.now, it.emit,
            it.outgoing,
        )  # fmt: skip

    def _key(self, intake: Intake) -> str:
        if self.envelope.key:
            return self.envelope.key
        return ledger_key(self.envelope.recipient, self.envelope.data, intake, self.envelope.marks)

    def foresee(self, tx: Transaction, intake: Intake) -> DryRun:
        """What `run` would decide for a message that was not seen before; writes nothing."""
        assert self.user is not None
        if self.envelope.sender == "" or intake.kind is IntakeKind.REPORT:
            return DryRun("report", "report" if intake.report else "null_sender")
        fault = self._fault(intake)
        if fault:
            return DryRun(*fault)
        if self.user.is_person:
            found = self._person_mail("").foresee(tx, self._messages(intake, ""))
            return DryRun("decided", "", tuple(found))
        work = Enactment(tx, self.directory, self.envelope.now)
        reservations = work.reservations(self.user)
        outcomes = tuple(
            self._limited(tx, intake, handle(message, reservations, work.surroundings(self.user)))
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
        ours = headers.decision is not None
        ours = ours or (headers.message_id or "").startswith(_OWN_MESSAGE_ID)
        if headers.received > MOST_RECEIVED or (ours and not self._is_of_delegation(intake)):
            return "ignored", "loop"
        return None

    def _is_of_delegation(self, intake: Intake) -> bool:
        """Whether a mail of ours may be one of a delegation: a request or an answer between two
        resources here. Whether it is, the state of both tells."""
        assert intake.headers is not None
        sender = intake.headers.sender
        methods = {item.method for item in intake.objects}
        return (
            sender is not None
            and methods <= {"REQUEST", "REPLY"}
            and self.directory.find(sender.text) is not None
        )

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
        outcomes: list[Outcome] = []
        mails: list[Mail] = []
        work = Enactment(tx, self.directory, self.envelope.now)
        for message in self._messages(intake, key):
            outcome, written = self._decide(work, intake, message)
            mails.extend(written)
            outcomes.append(outcome)
        if self.for_again is not None:
            tx.kept.add(replace(self.for_again, key=key))
        return replace(self._finish(tx, key, outcomes, mails), woken=work.woken)

    def _decide(
        self, work: Enactment, intake: Intake, message: EventMessage
    ) -> tuple[Outcome, list[Mail]]:
        """One event in one message, decided and done; the mails written."""
        assert self.user is not None
        reservations = work.reservations(self.user)
        outcome = handle(message, reservations, work.surroundings(self.user))
        if message.again is None:
            outcome = self._limited(work.tx, intake, outcome)
        crash.at("ingest:decided")
        envelope = self.envelope
        # An answer of the one that stands in is not what asked.
        kept = Kept(envelope.recipient, envelope.sender, envelope.data)
        work.enact(
            self.user, outcome, message, kept if message.method in ("REQUEST", "ADD") else None
        )
        crash.at("ingest:reserved")
        voice = message.origin.voice.sender
        sender = voice.text if voice else ""
        work.tx.decisions.record(
            message.decision_id, self.user.id, sender, outcome, self.envelope.now
        )
        if bundles(self.user):
            outcome = with_freebusy(work.tx, self.user, outcome, work.now)
        mails = self._post(work.tx, outcome)
        crash.at("ingest:outbox-written")
        return outcome, mails

    def again(self, tx: Transaction, intake: Intake, due: Due) -> Delivery:
        """Decides the message of an open request once more."""
        assert self.user is not None
        work = Enactment(tx, self.directory, self.envelope.now)
        mails: list[Mail] = []
        tx.requests.take(due)
        crash.at("settle:taken")
        for request in work.reservations(self.user).open_requests(due.uid):
            if slot_text(request.slot) == due.slot:
                again = Again(due.why, request, due.turns + 1, due.comment, due.by)
                mails = self._once_more(work, intake, again)
        crash.at("settle:before-commit")
        return Delivery(Status.HANDLED, due.why.value, tuple(mails), work.woken)

    def _once_more(self, work: Enactment, intake: Intake, again: Again) -> list[Mail]:
        assert self.user is not None
        request = again.request
        for message in self._messages(intake, self._key(intake)):
            if message.uid == request.uid:
                outcome, mails = self._decide(work, intake, replace(message, again=again))
                return mails + self._tell_approver(work.tx, message, again, outcome)
        work.tx.requests.close(self.user.id, request.uid, slot_text(request.slot), work.now)
        return []

    def _tell_approver(
        self, tx: Transaction, message: EventMessage, again: Again, outcome: Outcome
    ) -> list[Mail]:
        """An approver whose word could not be followed is told."""
        if again.why is not Why.APPROVED or "@" not in again.by:
            return []
        if outcome.result is not Result.DECLINED:
            return []
        mail = not_free_mail(message, again.by, outcome.reason, again.number)
        assert self.user is not None
        tx.mail.post(mail, self.user.id, self.envelope.now, sent=self.envelope.emit)
        return [mail]

    def _messages(self, intake: Intake, key: str) -> Iterable[EventMessage]:
        assert self.user is not None
        assert intake.headers is not None
        origin = self._origin(intake.headers, key)
        for item in intake.objects:
            for uid, components in by_uid(item.component.components).items():
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
            ours=headers.decision is not None
            and headers.sender is not None
            and self.directory.find(headers.sender.text) is not None,
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
        # A mail of a delegation is ours, and is not heard unless its hold is live.
        automatic = (intake.headers.auto_submitted or "no").lower() != "no"
        automatic = automatic and intake.headers.decision is None
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


def rated(sender: str | None) -> tuple[str, ...]:
    """The names under which the messages of an envelope sender are counted: the sender, and its
    domain; none for an unknown or null one."""
    if not sender or "@" not in sender:
        return ()
    key = sender.removeprefix("mailto:").lower()
    return key, key[key.rindex("@") :]


def _decisive(outcomes: Sequence[Outcome]) -> Outcome:
    return max(outcomes, key=lambda outcome: _RANK[_STATES[outcome.result]])

"""Mail of a person: what it says becomes records, and the message goes on into the mailbox.

Nothing is decided here and nothing is refused; a message is never lost: what can not be passed on
is kept for the operator.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from horarium.booking.imip import Intake, IntakeKind
from horarium.booking.message import EventMessage
from horarium.booking.outcome import Mail, Outcome, Result
from horarium.booking.persons.incoming import take_incoming
from horarium.booking.persons.outgoing import take_outgoing
from horarium.booking.persons.recording import Recorded
from horarium.booking.persons.telling import Arrived, passed_on, tell
from horarium.ical.address import parse_address
from horarium.kernel.errors import InvalidInput
from horarium.kernel.instant import Instant
from horarium.runtime.directory import Registered
from horarium.runtime.settings import Settings
from horarium.store.store import Transaction

# More hops than any honest way through mail systems.
MOST_RECEIVED = 30
PASSED_ON, NO_WAY = "passed_on", "no_local_delivery"

# The outcome of an event less the mails that would make a loop.
Limited = Callable[[Transaction, Intake, Outcome], Outcome]


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a message: for the ledger, and the mails that were written. `held` says that
    the message itself is kept for the operator."""

    state: str
    reason: str
    text: str
    method: str = ""
    uid: str = ""
    mails: tuple[Mail, ...] = ()
    held: bool = False


@dataclass(frozen=True, slots=True)
class PersonMail:
    """One message for one person as it was handed in, with its `key` in the ledger. `outgoing`
    marks the copy of what the person sent; `emit` that the mails are carried by somebody else."""

    settings: Settings
    user: Registered
    key: str
    sender: str | None
    recipient: str
    data: bytes
    now: Instant
    emit: bool
    outgoing: bool

    def take(
        self, tx: Transaction, intake: Intake, messages: Iterable[EventMessage], limited: Limited
    ) -> Taken:
        """Records what the message says and passes it on; the copy of an outgoing one is only
        recorded."""
        if self.outgoing:
            return self._copy(tx, intake, messages)
        if self._is_loop(tx, intake):
            return Taken("quarantined", "loop", "kept for the operator: loop", held=True)
        if self._is_for_the_person_alone(intake):
            return self._pass(tx, intake)
        recorded = [self._record(tx, intake, message, limited) for message in messages]
        return self._told(tx, intake, recorded)

    def foresee(self, tx: Transaction, messages: Iterable[EventMessage]) -> list[Outcome]:
        """What would be recorded of each event of a message; writes nothing."""
        memory, held = (
            tx.person(self.user.id),
            tx.reservations(self.user.id, self.user.uri, self.now),
        )
        take = take_outgoing if self.outgoing else take_incoming
        return [take(message, held, memory).outcome for message in messages]

    # --- in --------------------------------------------------------------

    def _is_loop(self, tx: Transaction, intake: Intake) -> bool:
        """Whether the message has come round: by its hops, or because we wrote it for this very
        mailbox."""
        headers = intake.headers
        if headers is None:
            return False
        if headers.received > MOST_RECEIVED:
            return True
        ours = (headers.message_id or "").startswith("<hor.")
        return ours and tx.mail.kind_of(headers.message_id or "") == "mailbox"

    def _is_for_the_person_alone(self, intake: Intake) -> bool:
        """Whether the message is none that says anything to the records."""
        reported = self.sender == "" or intake.kind is IntakeKind.REPORT
        silent = self.user.resource.preferences.participating == "no"
        return reported or silent or intake.kind is not IntakeKind.CALENDAR

    def _pass(self, tx: Transaction, intake: Intake) -> Taken:
        """The message goes on as it came."""
        if intake.report is not None and intake.report.action == "failed":
            for message_id in intake.report.original_ids:
                tx.mail.note_bounce(message_id, intake.report.status or "failed", self.now)
        state, reason = "decided", PASSED_ON
        if intake.kind is IntakeKind.REPORT or self.sender == "":
            state, reason = "report", intake.reason or "null_sender"
        elif intake.kind is IntakeKind.REFUSED:
            state, reason = "ignored", intake.reason
        method = intake.objects[0].method if intake.objects else ""
        return self._into_mailbox(
            tx, [passed_on(self._arrived(intake))], Taken(state, reason, PASSED_ON, method)
        )

    def _record(
        self, tx: Transaction, intake: Intake, message: EventMessage, limited: Limited
    ) -> Recorded:
        reservations = tx.reservations(self.user.id, self.user.uri, self.now)
        recorded = take_incoming(message, reservations, tx.person(self.user.id))
        recorded = replace(recorded, outcome=limited(tx, intake, recorded.outcome))
        self._keep(tx, message, recorded)
        for mail in recorded.outcome.mails:
            tx.mail.post(mail, self.user.id, self.now, sent=self.emit)
        return recorded

    def _keep(self, tx: Transaction, message: EventMessage, recorded: Recorded) -> None:
        outcome, memory = recorded.outcome, tx.person(self.user.id)
        if outcome.change is not None:
            tx.reservations(self.user.id, self.user.uri, self.now).apply(outcome.change, self.now)
        if recorded.notes is not None:
            memory.put_notes(recorded.notes)
        for change in recorded.known:
            memory.change_known(change)
        voice = message.origin.voice.sender
        tx.decisions.record(
            message.decision_id, self.user.id, voice.text if voice else "", outcome, self.now
        )
        if outcome.notice:
            tx.mail.notify_operator(self.user.uri, outcome.reason, outcome.notice, self.now)

    def _told(self, tx: Transaction, intake: Intake, recorded: Sequence[Recorded]) -> Taken:
        first = _decisive([item.outcome for item in recorded])
        state = _STATES.get(first.result, "decided")
        text = " ".join(item.outcome.result.value for item in recorded)
        answers = tuple(mail for item in recorded for mail in item.outcome.mails)
        taken = Taken(state, first.reason, text, first.method, first.uid, answers)
        if all(item.quiet for item in recorded):
            return taken
        calendars = [(item.method, item.component) for item in intake.objects]
        arrived = self._arrived(intake)
        return self._into_mailbox(tx, tell(arrived, self.user.resource, recorded, calendars), taken)

    def _into_mailbox(self, tx: Transaction, mails: Sequence[Mail], taken: Taken) -> Taken:
        """Queues mails for the mailbox; where there is no way into it the message is kept."""
        if self.settings.mail.local_delivery is None and not self.emit:
            text = f"{taken.text}; kept for the operator: {NO_WAY}"
            return replace(taken, state="quarantined", reason=NO_WAY, text=text, held=True)
        for mail in mails:
            tx.mail.post(mail, self.user.id, self.now, sent=self.emit)
        return replace(taken, mails=(*taken.mails, *mails))

    def _arrived(self, intake: Intake) -> Arrived:
        author = intake.headers.sender if intake.headers is not None else None
        recipient = parse_address(self.recipient.removeprefix("mailto:")).text
        return Arrived(
            self.key, self.sender or "", recipient, self.data, author.text if author else "",
            self.now,
        )  # fmt: skip

    # --- out -------------------------------------------------------------

    def _copy(self, tx: Transaction, intake: Intake, messages: Iterable[EventMessage]) -> Taken:
        """Records the copy of what the person sent; anything else than that is left alone."""
        if intake.kind is not IntakeKind.CALENDAR:
            return Taken("ignored", intake.reason, f"not recorded: {intake.reason}")
        if not self._is_own(intake):
            return Taken("ignored", "not_own_copy", "not recorded: not the person's own message")
        recorded = []
        for message in messages:
            reservations = tx.reservations(self.user.id, self.user.uri, self.now)
            memory = tx.person(self.user.id)
            recorded.append(take_outgoing(message, reservations, memory))
            self._keep(tx, message, recorded[-1])
        first = _decisive([item.outcome for item in recorded])
        text = " ".join(item.outcome.result.value for item in recorded)
        state = _STATES.get(first.result, "decided")
        return Taken(state, first.reason, text, first.method, first.uid)

    def _is_own(self, intake: Intake) -> bool:
        """Whether the message is the person's: by its envelope, where there is one, and by its
        From, which may also be who writes for the person (SENT-BY)."""
        own = self.user.resource.aliases
        headers = intake.headers
        author = headers.sender.key if headers is not None and headers.sender is not None else ""
        writers = own | _writers(intake)
        if author not in writers:
            return False
        return self.sender is None or _key(self.sender) in writers


def _writers(intake: Intake) -> frozenset[str]:
    """Who is named as writing for somebody else, by address key."""
    found = set()
    for item in intake.objects:
        for component in item.component.components:
            for line in component.properties:
                if line.name in ("ORGANIZER", "ATTENDEE"):
                    found |= {_key(value) for value in line.parameter_values("SENT-BY")}
    return frozenset(found - {""})


def _key(address: str) -> str:
    try:
        return parse_address(address.removeprefix("mailto:").removeprefix("MAILTO:")).key
    except InvalidInput:
        return ""


_STATES = {
    Result.STALE: "stale",
    Result.DUPLICATE: "duplicate",
    Result.IGNORED: "ignored",
}
_RANK = {Result.IGNORED: 0, Result.STALE: 1, Result.DUPLICATE: 2}


def _decisive(outcomes: Sequence[Outcome]) -> Outcome:
    """Of several events in one message the one that did most names what became of it."""
    return max(outcomes, key=lambda outcome: _RANK.get(outcome.result, 3))

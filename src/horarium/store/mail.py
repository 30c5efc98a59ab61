"""The repository of mail: the ledger of what came, the outbox of what leaves, the quarantine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from horarium.booking.outcome import Mail
from horarium.kernel.instant import Instant
from horarium.store.engine import Session
from horarium.store.rows import instant, maybe_instant, number, octets, text

_HOUR = 3_600

# A mail that was claimed by a process that died is free again after this time.
LEASE_SECONDS = 120


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """One message for one recipient and what became of it."""

    key: str
    recipient: str
    sender: str
    method: str
    uid: str
    received: Instant
    state: str
    reason: str


@dataclass(frozen=True, slots=True)
class DueMail:
    """A mail that was claimed for sending; `rev` fences a late result."""

    id: int
    message_id: str
    envelope_from: str
    recipient: str
    content: bytes
    attempts: int
    rev: int
    created: Instant
    kind: str = ""


@dataclass(frozen=True, slots=True)
class OutboxLine:
    """A mail as the operator sees it."""

    id: int
    message_id: str
    kind: str
    recipient: str
    uid: str
    state: str
    created: Instant
    due: Instant
    attempts: int
    answer: str


@dataclass(frozen=True, slots=True)
class Held:
    """A message kept for the operator."""

    id: int
    recipient: str
    sender: str
    reason: str
    received: Instant
    attempts: int


@dataclass(frozen=True, slots=True)
class MailRepository:
    """Ledger, outbox and quarantine of one tenant, inside one transaction."""

    session: Session
    tenant: str

    def seen(self, key: str) -> tuple[str, str] | None:
        """The state and reason under which a message is in the ledger."""
        row = self.session.row("in_ledger", {"key": key})
        return None if row is None else (text(row[0]), text(row[1]))

    def enter(self, row: LedgerRow) -> bool:
        """Enters a message; False when its key is there already."""
        values = {
            "key": row.key,
            "tenant": self.tenant,
            "recipient": row.recipient,
            "sender": row.sender,
            "method": row.method,
            "uid": row.uid,
            "received_s": row.received,
            "state": row.state,
            "reason": row.reason,
        }
        return self.session.run("add_to_ledger", values) == 1

    def ledger(self, since: Instant, many: int) -> list[LedgerRow]:
        """The newest messages since an instant."""
        values = {"tenant": self.tenant, "since_s": since, "many": many}
        return [
            LedgerRow(
                text(key), text(to), text(sender), text(method), text(uid), instant(at),
                text(state), text(reason),
            )
            for key, to, sender, method, uid, at, state, reason in self.session.rows(
                "ledger_lines", values
            )
        ]  # fmt: skip

    def ledger_counts(self) -> dict[str, int]:
        """How many messages ended in each state."""
        rows = self.session.rows("ledger_counts", {"tenant": self.tenant})
        return {text(state): number(count) for state, count in rows}

    def post(self, mail: Mail, resource: int | None, now: Instant, *, sent: bool = False) -> None:
        """Puts a finished mail into the outbox; a second time changes nothing. With `sent` it is
        entered as gone already: somebody else carries it."""
        values = {
            "tenant": self.tenant,
            "message_id": mail.message_id,
            "kind": mail.kind,
            "resource": resource,
            "uid": mail.uid,
            "sequence": mail.sequence,
            "envelope_from": mail.envelope_from,
            "recipient": mail.recipient,
            "content": mail.content,
            "created_s": now,
            "state": "sent" if sent else "pending",
            "finished_s": now if sent else None,
        }
        self.session.run("add_to_outbox", values)

    def answers_since(self, recipient: str, uid: str, sequence: int, since: Instant) -> int:
        """How many mails were written for (recipient, UID, SEQUENCE) after `since`."""
        values = {"recipient": recipient, "uid": uid, "sequence": sequence, "since_s": since}
        row = self.session.row("answers_since", values)
        return number(row[0]) if row else 0

    def send_again(
        self,
        resource: int,
        uid: str,
        sequence: int,
        now: Instant,
        most: int,
        *,
        sent: bool = False,
    ) -> Mail | None:
        """Lets the last answer leave once more, the same octets, at most `most` times in a day;
        None when nothing leaves."""
        where = {
            "tenant": self.tenant,
            "resource": resource,
            "uid": uid,
            "sequence": sequence,
        }
        row = self.session.row("last_answer", where)
        if row is None:
            return None
        recent = maybe_instant(row[6])
        resends = number(row[1]) if recent is not None and recent > now - 86_400 else 0
        if resends >= most:
            return None
        values = {
            "id": row[0],
            "due_s": now,
            "state": "sent" if sent else "pending",
            "resends": resends + 1,
        }
        if not self.session.run("send_again", values):
            return None
        return Mail(
            text(row[2]), text(row[3]), text(row[4]), text(row[7]), uid, sequence, octets(row[5])
        )

    def note_bounce(self, message_id: str, status: str, now: Instant) -> None:
        """Records that a mail of ours came back."""
        values = {
            "tenant": self.tenant,
            "message_id": message_id,
            "answer": f"bounced: {status}",
            "finished_s": now,
        }
        self.session.run("note_bounce", values)

    def claim(self, now: Instant, many: int) -> list[DueMail]:
        """Claims due mails, the oldest of each (recipient, UID) only."""
        self.free_claims(now, now)
        claimed = []
        for row in self.session.rows("due_mails", {"now_s": now, "many": many}):
            mail = DueMail(
                number(row[0]), text(row[1]), text(row[2]), text(row[3]), octets(row[4]),
                number(row[5]) + 1, number(row[6]) + 1, instant(row[7]), text(row[8]),
            )  # fmt: skip
            lease = {"id": mail.id, "rev": mail.rev - 1, "lease_s": now + LEASE_SECONDS}
            if self.session.run("claim_mail", lease):
                claimed.append(mail)
        return claimed

    def free_claims(self, ended_by: Instant, now: Instant) -> int:
        """Makes mails due again whose claim ended by an instant; how many."""
        return self.session.run("free_lost_mails", {"ended_s": ended_by, "now_s": now})

    def finish(
        self, mail: DueMail, state: str, answer: str, now: Instant, due: Instant | None = None
    ) -> bool:
        """Records how sending ended (`sent`, `dead`, or `pending` until `due`); False when the
        claim was lost meanwhile, and then nothing is changed."""
        values = {
            "id": mail.id,
            "rev": mail.rev,
            "state": state,
            "answer": answer,
            "due_s": now if due is None else due,
            "finished_s": now if due is None else None,
        }
        return self.session.run("finish_mail", values) == 1

    def next_due(self) -> Instant | None:
        """When the next mail is due, or a claim ends."""
        row = self.session.row("next_mail_due", {})
        return maybe_instant(row[0]) if row else None

    def outbox(self, state: str, many: int) -> list[OutboxLine]:
        """The newest mails, in `state` or in any."""
        values = {"tenant": self.tenant, "state": state, "many": many}
        return [
            OutboxLine(
                number(i), text(mid), text(kind), text(to), text(uid), text(st), instant(at),
                instant(due), number(tries), text(answer),
            )
            for i, mid, kind, to, uid, st, at, due, tries, answer in self.session.rows(
                "outbox_lines", values
            )
        ]  # fmt: skip

    def oldest_open(self) -> Instant | None:
        """When the oldest mail that has not left was written."""
        row = self.session.row("oldest_open", {"tenant": self.tenant})
        return maybe_instant(row[0]) if row else None

    def answers_to(self, uid: str) -> list[str]:
        """The states of the mails written about `uid`."""
        rows = self.session.rows("answers_to", {"tenant": self.tenant, "uid": uid})
        return [text(row[0]) for row in rows]

    def count_sender(self, names: Sequence[str], now: Instant) -> None:
        """Counts one message for each of `names`: a sender, and its domain with @."""
        where = {"tenant": self.tenant, "hour": now // _HOUR}
        self.session.run_many("count_sender", [{**where, "name": name} for name in names])

    def rate_of(self, name: str, now: Instant) -> float:
        """The messages of a sender or a domain within the last hour: those of this hour of the
        clock, and the share of the hour before that is not an hour ago."""
        hour, into = divmod(now, _HOUR)
        values = {"tenant": self.tenant, "name": name, "hour": hour}
        found = {number(h): number(n) for h, n in self.session.rows("sender_rates", values)}
        return found.get(hour, 0) + found.get(hour - 1, 0) * (1 - into / _HOUR)

    def outbox_counts(self) -> dict[str, int]:
        """How many mails are in each state."""
        rows = self.session.rows("outbox_counts", {"tenant": self.tenant})
        return {text(state): number(count) for state, count, _ in rows}

    def content(self, message_id: str) -> tuple[str, str, bytes] | None:
        """Envelope sender, recipient and bytes of a mail."""
        values = {"tenant": self.tenant, "message_id": message_id}
        row = self.session.row("mail_content", values)
        return None if row is None else (text(row[0]), text(row[1]), octets(row[2]))

    def kind_of(self, message_id: str) -> str | None:
        """The kind of a mail of ours; None when there is none of that Message-ID."""
        row = self.session.row("kind_of_mail", {"message_id": message_id})
        return None if row is None else text(row[0])

    def retry_dead(self, now: Instant, mail: int = 0) -> int:
        """Makes dead mails (or one) due again; how many."""
        values = {"tenant": self.tenant, "now_s": now, "id": mail}
        return self.session.run("retry_dead", values)

    def keep(self, held: Held, digest: str, content: bytes, *, hold: bool) -> int:
        """Remembers a message that could not be handled, and how often that was; with `hold` it
        is in quarantine. The number of attempts."""
        values = {
            "tenant": self.tenant,
            "digest": digest,
            "recipient": held.recipient,
            "sender": held.sender,
            "reason": held.reason,
            "received_s": held.received,
            "held": int(hold),
            "content": content,
        }
        self.session.run("note_attempt", values)
        where = {"tenant": self.tenant, "digest": digest, "recipient": held.recipient}
        row = self.session.row("attempts_of", where)
        return number(row[0]) if row else 0

    def hold(self, digest: str, recipient: str) -> None:
        """Puts a remembered message into quarantine."""
        where = {"tenant": self.tenant, "digest": digest, "recipient": recipient}
        self.session.run("hold_message", where)

    def forget(self, digest: str, recipient: str) -> None:
        """Forgets the failed attempts of a message that was handled after all."""
        where = {"tenant": self.tenant, "digest": digest, "recipient": recipient}
        self.session.run("forget_attempts", where)

    def quarantined(self, many: int) -> list[Held]:
        """The newest messages in quarantine."""
        rows = self.session.rows("quarantined", {"tenant": self.tenant, "many": many})
        return [
            Held(number(i), text(to), text(sender), text(reason), instant(at), number(tries))
            for i, to, sender, reason, at, tries in rows
        ]

    def quarantined_content(self, id: int) -> tuple[str, str, bytes] | None:
        """Recipient, envelope sender and octets of a message in quarantine."""
        row = self.session.row("quarantined_content", {"tenant": self.tenant, "id": id})
        return None if row is None else (text(row[0]), text(row[1]), octets(row[2]))

    def reject(self, id: int) -> None:
        """Drops a message from quarantine."""
        self.session.run("drop_quarantined", {"tenant": self.tenant, "id": id})

    def notify_operator(self, subject: str, cause: str, message: str, now: Instant) -> None:
        """Leaves a notice, one for each subject, cause and day."""
        values = {
            "tenant": self.tenant,
            "subject": subject,
            "cause": cause,
            "day": now // 86_400,
            "text": message,
        }
        self.session.run("add_notice", values)

    def notices(self, many: int) -> list[tuple[str, str, Instant, str]]:
        """The newest notices: subject, cause, day, text."""
        rows = self.session.rows("notices", {"tenant": self.tenant, "many": many})
        return [
            (text(subject), text(cause), Instant(number(day) * 86_400), text(message))
            for subject, cause, day, message in rows
        ]

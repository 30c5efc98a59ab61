"""A person for tests: what comes in and goes out, what is kept, and what lies in the mailbox."""

from __future__ import annotations

import email
import email.policy
from dataclasses import dataclass, replace
from email.message import EmailMessage

import icalendar

from horarium.booking.outcome import MAILBOX, Mail
from horarium.booking.persons.known import STATED
from horarium.booking.persons.notes import EventNotes
from horarium.runtime.handling import Delivery
from horarium.runtime.settings import Settings, default_settings
from horarium.transport.endpoint import parse_mailboxes
from tests.office import Office, local, request, vevent

PAUL = "paul.boddie@example.com"
VINCENT = "vincent.vole@example.com"
HARVEY = "harvey.horse@example.com"
OLIVER = "oliver.otter@example.com"


def with_mailboxes() -> Settings:
    """Settings of a site that has a way into the mailboxes."""
    settings = default_settings()
    way = parse_mailboxes("maildir:mailboxes")
    return replace(settings, mail=replace(settings.mail, local_delivery=way))


@dataclass(frozen=True)
class Received:
    """A mail as the person's program reads it."""

    mail: Mail
    message: EmailMessage

    @property
    def text(self) -> str:
        part = self.message.get_body(("plain",))
        return part.get_content().replace("\r\n", "\n") if part is not None else ""


class House(Office):
    """An office in which Paul has a mailbox."""

    def __init__(self, settings: Settings | None = None, **preferences: object) -> None:
        super().__init__(persons={PAUL: preferences}, settings=settings or with_mailboxes())

    # --- in ----------------------------------------------------------------

    def arrive(self, calendar: str, *, by: str, to: str = PAUL, **headers: str) -> Delivery:
        """A calendar message comes for Paul."""
        return self.deliver(self.mail(calendar, by=by, to=to, **headers), to, by)

    def leave(self, calendar: str, *, by: str = PAUL, sender: str | None = PAUL) -> Delivery:
        """The copy of a message that Paul sent."""
        data = self.mail(calendar, by=by, to=VINCENT)
        return self.agent.deliver(sender, PAUL, data, self.now, outgoing=True)

    def invited(self, start: str, end: str, *, uid: str = "e1", by: str = VINCENT, **more: object):
        """Paul is invited; what became of the message."""
        event = vevent(uid, start, end, by=by, to=(PAUL,), **more)  # type: ignore[arg-type]
        return self.arrive(request(event), by=by)

    def accepts(self, start: str, end: str, *, uid: str = "e1", by: str = VINCENT) -> Delivery:
        """Paul's program accepts."""
        return self.leave(reply(uid, start, end, by=by))

    # --- out ---------------------------------------------------------------

    def notes(self, uid: str = "e1") -> EventNotes:
        user = self.agent.directory.find(PAUL)
        assert user is not None
        return self.store.read(lambda tx: tx.person(user.id).notes(uid))

    def waiting(self, uid: str = "e1") -> list[tuple[str, str | None, str]]:
        """What waits for Paul: kind, local original start, attendee."""
        return [
            (q.kind, None if q.key is None else local(q.key), q.attendee)
            for q in self.notes(uid).queue
        ]

    def known(self, party: str) -> list[tuple[str, str, str]]:
        """What Paul knows of another's time: local start and end, type."""
        user = self.agent.directory.find(PAUL)
        assert user is not None
        rows = self.store.read(lambda tx: tx.person(user.id).known(party))
        return [
            (local(r.period.start), local(r.period.end), r.kind) for r in rows if r.kind != STATED
        ]

    def held(self) -> list[tuple[str, str, str]]:
        """Paul's own time: UID, local start and end."""
        return self.everything(PAUL)


def inbox(delivery: Delivery) -> list[Received]:
    """What went into the mailbox, in order."""
    return [_read(mail) for mail in delivery.mails if mail.kind == MAILBOX]


def sent(delivery: Delivery) -> list[Mail]:
    """What went out into the world."""
    return [mail for mail in delivery.mails if mail.kind != MAILBOX]


def _read(mail: Mail) -> Received:
    message = email.message_from_bytes(mail.content, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return Received(mail, message)


def calendar_of(mail: Mail) -> icalendar.Calendar:
    """The calendar object of a mail, read by a program that is not ours."""
    message = email.message_from_bytes(mail.content, policy=email.policy.default)
    part = next(p for p in message.walk() if p.get_content_type() == "text/calendar")
    data = part.get_payload(decode=True)
    assert isinstance(data, bytes)
    return icalendar.Calendar.from_ical(data)


def told(delivery: Delivery) -> str:
    """The text of the one mail in the mailbox."""
    (received,) = inbox(delivery)
    return received.text


def attendee(address: str, partstat: str = "", **parameters: str) -> str:
    """An ATTENDEE line."""
    more = "".join(f";{n.replace('_', '-')}={v}" for n, v in parameters.items())
    said = f";PARTSTAT={partstat}" if partstat else ""
    return f"ATTENDEE{said}{more}:mailto:{address}"


def reply(
    uid: str,
    start: str,
    end: str,
    *,
    by: str = VINCENT,
    who: str = PAUL,
    partstat: str = "ACCEPTED",
    sequence: int | None = 0,
    stamp: str = "2026-11-20T09:00:00Z",
    extra: str = "",
) -> str:
    """A REPLY of an attendee."""
    lines = f"{attendee(who, partstat)}\n{extra}"
    event = vevent(uid, start, end, by=by, to=(), sequence=sequence, stamp=stamp, extra=lines)
    return request(event, method="REPLY")

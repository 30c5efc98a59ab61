"""One message for all its recipients, as the mail system's pipe hands it in."""

from __future__ import annotations

from collections.abc import Sequence

from horarium.booking.imip import read_message
from horarium.booking.letter import mail_date
from horarium.booking.outcome import MAILBOX, Mail
from horarium.kernel.instant import Instant
from horarium.runtime.handling import Status
from horarium.runtime.mail_agent import MailAgent
from horarium.transport.handover import Answer

# The statuses that mail systems act on (sysexits): handled, bounce, keep and try again.
HANDLED, NO_SUCH_USER, TRY_AGAIN = 0, 67, 75
_STATUSES = {
    Status.HANDLED: HANDLED,
    Status.UNKNOWN: NO_SUCH_USER,
    Status.TRY_LATER: TRY_AGAIN,
}


def deliver_all(
    agent: MailAgent,
    sender: str | None,
    recipients: Sequence[str],
    data: bytes,
    now: Instant,
    *,
    emit: bool,
    outgoing: bool = False,
) -> Answer:
    """Handles `data` for each recipient, one never affecting another; without recipients, for
    those of its To and Cc that are calendar users here. The worst status is the answer; with
    `emit` the output is an mbox of the mails written."""
    if outgoing:
        recipients = _writer(agent, sender, recipients)
    chosen = list(dict.fromkeys(recipients)) or addressed(agent, data)
    if not chosen:
        return Answer(NO_SUCH_USER, "no recipient is a calendar user here")
    if not agent.admits(sender, now):
        return Answer(TRY_AGAIN, f"too many messages of {sender} in the last hour")
    deliveries = [
        (recipient, agent.deliver(sender, recipient, data, now, emit=emit, outgoing=outgoing))
        for recipient in chosen
    ]
    status = max(_STATUSES[delivery.status] for _, delivery in deliveries)
    text = "\n".join(f"{recipient}: {delivery.text}" for recipient, delivery in deliveries)
    mails = [mail for _, delivery in deliveries for mail in delivery.mails]
    return Answer(status, text, mbox(mails, now) if emit else b"")


def _writer(agent: MailAgent, sender: str | None, recipients: Sequence[str]) -> Sequence[str]:
    """The person whose outgoing message a copy is: the sender, else who is named as recipient."""
    user = agent.directory.find(sender) if sender else None
    return [sender] if sender and user is not None and user.is_person else recipients


def addressed(agent: MailAgent, data: bytes) -> list[str]:
    """The calendar users among the To and Cc of a message without an envelope."""
    headers = read_message(data).headers
    if headers is None:
        return []
    named = dict.fromkeys(address.text for address in (*headers.to, *headers.cc))
    return [address for address in named if agent.knows(address)]


def mbox(mails: Sequence[Mail], now: Instant) -> bytes:
    """Mails one after the other, each saying to whom it goes, and whether it goes out or into a
    mailbox here."""
    return b"".join(_entry(mail, now) for mail in mails)


def _entry(mail: Mail, now: Instant) -> bytes:
    weekday, day, month, year, clock, _ = mail_date(now).replace(",", "").split(" ")
    head = (
        f"From {mail.envelope_from or 'MAILER-DAEMON'} {weekday} {month} {day:>2} {clock} {year}\n"
        f"X-Envelope-To: {mail.recipient}\n"
        f"X-Horarium-Delivery: {'local' if mail.kind == MAILBOX else 'send'}\n"
    )
    lines = mail.content.replace(b"\r\n", b"\n").split(b"\n")
    body = b"\n".join(b">" + x if x.lstrip(b">").startswith(b"From ") else x for x in lines)
    return head.encode("ascii") + body + b"\n"

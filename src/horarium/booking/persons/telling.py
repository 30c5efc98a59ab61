"""How a calendar message reaches a person: as it came, beside or inside a summary, or as one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from horarium.booking.language.catalogue import Catalogue
from horarium.booking.language.choice import choose_catalogue
from horarium.booking.letter import (
    Covering,
    calendar_attachment,
    enclosed,
    write_covering,
)
from horarium.booking.outcome import MAILBOX, Mail
from horarium.booking.persons.recording import Recorded, named, one_line
from horarium.booking.resource import Resource
from horarium.booking.wording import Wording
from horarium.ical.component import Component, serialize
from horarium.ical.event import Event
from horarium.kernel.instant import Instant

_TITLES = frozenset(
    ("REQUEST", "PUBLISH", "ADD", "CANCEL", "REPLY", "COUNTER", "DECLINECOUNTER", "REFRESH")
)


@dataclass(frozen=True, slots=True)
class Arrived:
    """A message on its way into a mailbox: `sender` and `recipient` of its envelope, the octets,
    and whose it is by its From, as far as that can be read. `key` names it in the ledger."""

    key: str
    sender: str
    recipient: str
    content: bytes
    author: str
    now: Instant


def passed_on(arrived: Arrived, uid: str = "") -> Mail:
    """The message itself, into the mailbox, not one octet of it changed."""
    return _mail(arrived, "message", uid, arrived.content)


def tell(
    arrived: Arrived,
    person: Resource,
    recorded: Sequence[Recorded],
    calendars: Sequence[tuple[str, Component]],
) -> list[Mail]:
    """What goes into the mailbox, in order, by the person's preference `incoming`. `calendars` are
    the objects of the message with their methods; a summary that comes alone carries them."""
    uid = recorded[0].outcome.uid
    message = passed_on(arrived, uid)
    match person.preferences.incoming:
        case "message-only":
            return [message]
        case "message-then-summary":
            return [message, _summary(arrived, person, recorded, [])]
        case "summary-then-message":
            return [_summary(arrived, person, recorded, []), message]
        case "summary-only":
            parts = [calendar_attachment(serialize(item), method) for method, item in calendars]
            return [_summary(arrived, person, recorded, parts)]
        case _:
            return [_summary(arrived, person, recorded, [enclosed(arrived.content)])]


def _mail(arrived: Arrived, what: str, uid: str, content: bytes, message_id: str = "") -> Mail:
    return Mail(
        MAILBOX, message_id or _message_id(arrived, what), arrived.sender, arrived.recipient, uid,
        0, content,
    )  # fmt: skip


def _message_id(arrived: Arrived, what: str) -> str:
    """The same whenever the mail is written."""
    text = "\0".join((arrived.key, arrived.recipient.lower(), what))
    domain = arrived.recipient.rpartition("@")[2]
    return f"<hor.{sha256(text.encode()).hexdigest()[:32]}@{domain}>"


def _summary(
    arrived: Arrived, person: Resource, recorded: Sequence[Recorded], parts: Sequence[bytes]
) -> Mail:
    catalogue = choose_catalogue([person.preferences.language], person.ways.languages)
    message_id = _message_id(arrived, "summary")
    covering = Covering(
        sender=(person.ways.sender or person.address).text,
        recipient=arrived.recipient,
        reply_to=arrived.author,
        subject=_subject(catalogue, recorded[0]),
        date=arrived.now,
        message_id=message_id,
        fields=(),
        text="\n\n".join(_text(catalogue, person, item) for item in recorded) + "\n",
    )
    content = write_covering(covering, parts)
    return _mail(arrived, "summary", recorded[0].outcome.uid, content, message_id)


def _subject(catalogue: Catalogue, first: Recorded) -> str:
    method, event = first.outcome.method, first.event
    if event is None:
        return catalogue.text(f"person.subject.{'FREEBUSY' if first.is_freebusy else 'OTHER'}")
    title = one_line(event.summary or "") or catalogue.text("no_summary")
    name = method if method in _TITLES else "OTHER"
    return catalogue.text(f"person.subject.{name}", summary=title)


def _text(catalogue: Catalogue, person: Resource, item: Recorded) -> str:
    lines = list(item.told)
    if item.event is not None:
        lines += ["", *_facts(catalogue, person, item.event)]
    return "\n".join(lines)


def _facts(catalogue: Catalogue, person: Resource, event: Event) -> list[str]:
    title = one_line(event.summary or "") or catalogue.text("no_summary")
    lines = [catalogue.text("person.what", summary=title)]
    if event.first is not None and event.organizer is not None:
        wording = Wording(catalogue, person, event.organizer, event)
        when = wording.when(event.first.start, event.first.end)
        lines.append(catalogue.text("person.when", when=when))
    if event.location:
        lines.append(catalogue.text("person.where", location=one_line(event.location)))
    if event.organizer is not None:
        lines.append(catalogue.text("person.who", who=named(event.organizer)))
    return lines

"""The mails of appointments: invitations, and the plain words around them.

They are written into the outbox by the transaction that decides. Without an address of the client,
or without one to write from, there is nobody to write to, and nothing is written.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import NamedTuple

from horarium.appointments.appointment import Appointment
from horarium.appointments.host import Host
from horarium.appointments.invitation import Invitation, Party
from horarium.appointments.replying import Word
from horarium.booking.letter import Letter, write_letter
from horarium.booking.outcome import Mail
from horarium.ical.address import Address, parse_address
from horarium.kernel.zone import Zone, named
from horarium.runtime.generating import Site
from horarium.runtime.moments import format_span
from horarium.runtime.settings import Settings


class Posted(NamedTuple):
    """What a mail is about, and to whom; of one `name` there is one mail. `facts` go into its
    text."""

    uid: str
    sequence: int
    kind: str
    to: str
    name: str
    facts: dict[str, str]


@dataclass(frozen=True, slots=True)
class Letters:
    """Writes the mails of a site."""

    settings: Settings

    def can_write(self, site: Site, item: Appointment) -> bool:
        """Whether there is an address to write from."""
        return self._sender(_hosts(site, item)) is not None

    def confirmed(self, site: Site, item: Appointment, token: str) -> None:
        """The appointment stands: it goes into the calendars of the client and of the hosts."""
        self._invite(site, item, token, "Your appointment: {what}, {when}")

    def moved(self, site: Site, item: Appointment, token: str) -> None:
        """It stands at another time."""
        self._invite(site, item, token, "Your appointment has moved: {what}, {when}")

    def cancelled(self, site: Site, item: Appointment) -> None:
        """It does not stand any more."""
        self._invite(site, item, "", "Your appointment is cancelled: {what}, {when}")

    def verify(self, site: Site, item: Appointment, secret: str) -> None:
        """The client proves the address by coming back with the secret."""
        link = self.link(f"/a/verify/{secret}")
        text = f"To book {{what}}, {{when}}, please open this page and confirm:\n\n{link}\n"
        self.plain(site, item, "verify", "Please confirm: {what}, {when}", text)

    def approve(self, site: Site, item: Appointment) -> None:
        """The client is told that a host has to agree; the hosts are asked."""
        text = "Your request waits for a word of the host; you will be told.\n"
        self.plain(site, item, "pending", "Your request: {what}, {when}", text)
        for host in _hosts(site, item):
            text = f"{item.client.name or 'A client'} asks for {{what}}, {{when}}.\n\n" + self.link(
                "/appointments"
            )
            self.plain(site, item, "approve", "To approve: {what}, {when}", text, to=host.mail)

    def refused(self, site: Site, item: Appointment) -> None:
        """What waited is not given."""
        text = "Sorry, {what}, {when}, can not be given.\n"
        if item.reason:
            text += f"\n{item.reason}\n"
        self.plain(site, item, "refused", "Not possible: {what}, {when}", text)

    def reminder(self, site: Site, item: Appointment, what: str, token: str) -> None:
        """The client is told once more; `what` tells this reminder from others."""
        text = "{what}\n{when}\n"
        service = site.offers.services.get(item.service)
        if service is not None and service.location:
            text += f"{service.location}\n"
        text += f"\nTo move or cancel it: {self.link(f'/a/{token}')}\n"
        self.plain(site, item, "reminder", "Reminder: {what}, {when}", text, tells=what)

    def answered(self, site: Site, item: Appointment, word: Word, token: str, tells: str) -> None:
        """The client declined, or proposed another time, in a calendar: it stands as it is, and by
        the link it can be changed. Of a decline the hosts are told."""
        link = f"To move or cancel it: {self.link(f'/a/{token}')}\n"
        if word is Word.COUNTER:
            text = "Another time has to be chosen on our page; until then {what}, {when}, stands.\n"
            sender, hosts = self._sender(_hosts(site, item)), _hosts(site, item)
            if sender is not None and hosts:
                to = item.client.mail
                one = self._invitation(site, item, hosts, sender, token, own=True)
                subject = "Please choose another time here: {what}, {when}"
                self._post(
                    site, item, "declinecounter", sender, to, subject, f"{text}\n{link}",
                    replace(one, answer="DECLINECOUNTER").calendar(), "DECLINECOUNTER", tells,
                )  # fmt: skip
            return
        text = "You declined {what}, {when}, in your calendar. Here it still stands.\n"
        subject = "Do you still come? {what}, {when}"
        self.plain(site, item, "declined", subject, f"{text}\n{link}", tells=tells)
        text = "The client declined {what}, {when}, in a calendar. It still stands.\n"
        for host in _hosts(site, item):
            subject = "Declined in a calendar: {what}, {when}"
            self.plain(site, item, "declined", subject, text, to=host.mail, tells=tells)

    def _invitation(
        self, site: Site, item: Appointment, hosts: Sequence[Host], sender: Address, token: str, *,
        own: bool,
    ) -> Invitation:  # fmt: skip
        """The appointment as the client's calendar (`own`), or that of a host, is told of it."""
        service = site.offers.services.get(item.service)
        organizer = Party(parse_address(hosts[0].mail) if hosts[0].mail else sender, hosts[0].title)
        return Invitation(
            item=item, organizer=organizer,
            attendees=tuple(_parties(item, hosts[1:])),
            summary=_what(site, item), zone=hosts[0].hours.zone, written=site.now,
            location=service.location if service is not None else "",
            url=self.link(f"/a/{token}") if own and token else "", sent_by=sender,
        )  # fmt: skip

    def _invite(self, site: Site, item: Appointment, token: str, subject: str) -> None:
        hosts = _hosts(site, item)
        sender = self._sender(hosts)
        if sender is None or not hosts:
            return
        client = [item.client.mail] if item.client.mail else []
        others = [host.mail for host in hosts if host.mail]
        for to in [*client, *others]:
            own = to in client
            invitation = self._invitation(site, item, hosts, sender, token, own=own)
            text = "{what}\n{when}\n"
            if invitation.url:
                text += f"\nTo move or cancel it: {invitation.url}\n"
            if item.reason:
                text += f"\n{item.reason}\n"
            self._post(
                site, item, invitation.method.lower(), sender, to,
                subject.removeprefix("Your ").capitalize() if not own else subject, text,
                invitation.calendar(), invitation.method,
            )  # fmt: skip

    def plain(
        self, site: Site, item: Appointment, kind: str, subject: str, text: str,
        to: str | None = None, tells: str = "",
    ) -> None:  # fmt: skip
        """Plain words about an appointment: to the client, or to a host who is asked."""
        sender = self._sender(_hosts(site, item))
        recipient = item.client.mail if to is None else to
        if sender is not None and recipient:
            self._post(site, item, kind, sender, recipient, subject, text, b"", "", tells)

    def _post(
        self, site: Site, item: Appointment, kind: str, sender: Address, to: str, subject: str,
        text: str, calendar: bytes, method: str, tells: str = "",
    ) -> None:  # fmt: skip
        zone = _zone_of(item, _hosts(site, item), own=to == item.client.mail)
        facts = {
            "what": _what(site, item),
            "when": f"{format_span(item.slot.start, item.slot.end, zone)} ({zone.name})",
        }
        name = " ".join((item.uid, str(item.sequence), to, kind, tells)).rstrip()
        posted = Posted(item.uid, item.sequence, kind, to, name, facts)
        self._write(site, posted, sender, subject, text, calendar, method)

    def write(
        self, site: Site, posted: Posted, hosts: Sequence[Host], subject: str, text: str
    ) -> None:
        """Plain words that are about no appointment."""
        sender = self._sender(hosts)
        if sender is not None and posted.to:
            self._write(site, posted, sender, subject, text, b"", "")

    def _write(
        self, site: Site, posted: Posted, sender: Address, subject: str, text: str,
        calendar: bytes, method: str,
    ) -> None:  # fmt: skip
        to, facts = posted.to, posted.facts
        digest = sha256(posted.name.encode()).hexdigest()[:40]
        letter = Letter(
            sender_name="", sender=sender.text, recipient=to, subject=_fill(subject, facts),
            date=site.now, message_id=f"<{digest}@horarium>",
            fields=(), text=_fill(text, facts), calendar=calendar, method=method,
        )  # fmt: skip
        mail = Mail(
            f"appointment_{posted.kind}", letter.message_id, sender.text, to, posted.uid,
            posted.sequence, write_letter(letter),
        )  # fmt: skip
        site.tx.mail.post(mail, None, site.now)

    def _sender(self, hosts: Sequence[Host]) -> Address | None:
        if self.settings.mail.sender:
            return parse_address(self.settings.mail.sender)
        return next((parse_address(host.mail) for host in hosts if host.mail), None)

    def link(self, path: str) -> str:
        """A link to a page of this site."""
        return (self.settings.web.url or "").rstrip("/") + path


def _fill(text: str, facts: dict[str, str]) -> str:
    """Puts the facts in; what stands in them is text and never read again."""
    for name, value in facts.items():
        text = text.replace("{" + name + "}", value)
    return text


def _hosts(site: Site, item: Appointment) -> list[Host]:
    return [site.offers.hosts[name] for name in item.hosts if name in site.offers.hosts]


def _parties(item: Appointment, others: Sequence[Host]) -> Iterator[Party]:
    if item.client.mail:
        yield Party(parse_address(item.client.mail), item.client.name)
    for host in others:
        if host.mail:
            yield Party(parse_address(host.mail), host.title)


def _what(site: Site, item: Appointment) -> str:
    service = site.offers.services.get(item.service)
    hosts = ", ".join(host.title for host in _hosts(site, item))
    return f"{service.title}, {hosts}" if service is not None else hosts


def _zone_of(item: Appointment, hosts: Sequence[Host], *, own: bool) -> Zone:
    if own and item.client.zone:
        return named(item.client.zone)
    return hosts[0].hours.zone if hosts else named("UTC")

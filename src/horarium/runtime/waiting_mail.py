"""The mails of the waiting list."""

from __future__ import annotations

from dataclasses import dataclass

from horarium.appointments.appointment import Appointment
from horarium.appointments.host import Host, Team
from horarium.appointments.waiting import End, Entry
from horarium.kernel.instant import Instant
from horarium.kernel.zone import Zone, named
from horarium.runtime.appointment_mail import Letters, Posted
from horarium.runtime.generating import Site
from horarium.runtime.moments import format_moment, format_span


@dataclass(frozen=True, slots=True)
class WaitingLetters:
    """Writes to those who wait."""

    letters: Letters

    def listed(self, site: Site, entry: Entry, token: str) -> None:
        """Somebody is on the list, and can leave it."""
        link = self.letters.link(f"/a/waiting/{token}")
        text = f"You will be told when time for {{what}} is free.\n\nTo wait no longer: {link}\n"
        self._write(site, entry, "listed", "You are on the waiting list: {what}", text)

    def ended(self, site: Site, entry: Entry, end: End) -> None:
        """Somebody waits no more. Who got an appointment is told by its own mail."""
        if end is End.BOOKED:
            return
        text = "You asked us to take you from the waiting list for {what}.\n"
        if end is End.OVER:
            text = (
                "Sorry, no time for {what} was freed for you, and the times you named are over.\n"
            )
        self._write(site, entry, "ended", "Your place on the waiting list has ended: {what}", text)

    def told(self, site: Site, entry: Entry, at: Instant, number: int) -> None:
        """Time is free for all who wait; `number` tells this mail from others."""
        zone = _zone(site, entry)
        service = site.offers.service(entry.service)
        length = entry.duration or service.durations[0]
        when = f"{format_span(at, Instant(at + length), zone)} ({zone.name})"
        link = self.letters.link(f"/book/{entry.service}")
        text = f"Time for {{what}} is free: {when}.\n\nIt is for the first who comes: {link}\n"
        self._write(site, entry, f"free {number}", f"Time is free: {{what}}, {when}", text)

    def offered(self, site: Site, item: Appointment, token: str) -> None:
        """Time is held for somebody who waits."""
        assert item.expires is not None
        zone = named(item.client.zone) if item.client.zone else _host_zone(site, item.hosts[0])
        link = self.letters.link(f"/book/hold/{token}")
        text = (
            "What you wait for is free: {what}, {when}.\n\n"
            f"It is held for you until {format_moment(item.expires, zone)}. "
            f"To take it, or to leave it to others: {link}\n"
        )
        self.letters.plain(site, item, "offer", "Free for you: {what}, {when}", text)

    def _write(self, site: Site, entry: Entry, kind: str, subject: str, text: str) -> None:
        service = site.offers.services.get(entry.service)
        title = service.title if service is not None else entry.service
        hosts = [_host(site, entry)] if _host(site, entry) is not None else []
        posted = Posted(
            f"{entry.id}@horarium", 0, kind.partition(" ")[0], entry.client.mail,
            f"{entry.id} waiting {kind}", {"what": title},
        )  # fmt: skip
        self.letters.write(site, posted, [host for host in hosts if host], subject, text)


def _host(site: Site, entry: Entry) -> Host | None:
    """The host that is waited for; of anyone the first."""
    if entry.host:
        return site.offers.hosts.get(entry.host)
    service = site.offers.services.get(entry.service)
    if service is None:
        return None
    by = site.offers.by(service)
    return next(iter(site.offers.members(by)), None) if isinstance(by, Team) else by


def _zone(site: Site, entry: Entry) -> Zone:
    if entry.client.zone:
        return named(entry.client.zone)
    host = _host(site, entry)
    return host.hours.zone if host is not None else named("UTC")


def _host_zone(site: Site, name: str) -> Zone:
    host = site.offers.hosts.get(name)
    return host.hours.zone if host is not None else named("UTC")

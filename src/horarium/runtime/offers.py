"""What is offered: the hosts, teams and services in force, as decisions see them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

from horarium.appointments.appointment import LIVE
from horarium.appointments.declared import read_host, read_service, read_team
from horarium.appointments.host import Host, Service, Team
from horarium.kernel.errors import Conflict, InvalidInput, NotFound
from horarium.kernel.instant import MAX_INSTANT, Instant
from horarium.kernel.nearest import nearest
from horarium.kernel.period import Period
from horarium.runtime.objects import OFFERED
from horarium.store.directory import Setting
from horarium.store.store import Transaction

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Offers:
    """All hosts, teams and services at one version, by name; `faults` by kind and name."""

    version: int
    hosts: Mapping[str, Host] = field(default_factory=dict)
    teams: Mapping[str, Team] = field(default_factory=dict)
    services: Mapping[str, Service] = field(default_factory=dict)
    faults: Mapping[tuple[str, str], str] = field(default_factory=dict)
    written: Mapping[str, Mapping[str, Mapping[str, object]]] = field(default_factory=dict)

    def host(self, name: str) -> Host:
        """The host of a name; NotFound when there is none, Conflict when it can not be read."""
        found = self.hosts.get(name)
        if found is None:
            raise self._missing("appointer", name, list(self.hosts))
        return found

    def team(self, name: str) -> Team:
        """The team of a name, as `host`."""
        found = self.teams.get(name)
        if found is None:
            raise self._missing("assistant", name, list(self.teams))
        return found

    def service(self, name: str) -> Service:
        """The service of a name, as `host`."""
        found = self.services.get(name)
        if found is None:
            raise self._missing("service", name, list(self.services))
        return found

    def keys(self, kind: str, name: str) -> Mapping[str, object]:
        """The keys of an object as they were written."""
        return self.written[kind][name]

    def members(self, team: Team) -> list[Host]:
        """The hosts of a team, in their order."""
        return [self.host(name) for name in team.hosts]

    def by(self, service: Service) -> Host | Team:
        """Who gives a service."""
        return self.teams[service.by] if service.by in self.teams else self.host(service.by)

    def dangling(self) -> Iterator[tuple[str, str, str, str]]:
        """What names something that does not exist: kind, name, key and message."""
        for team in self.teams.values():
            for name in team.hosts:
                if name not in self.hosts:
                    message = f"there is no appointer {name}{nearest(name, self.hosts)}"
                    yield "assistant", team.id, "appointers", message
        for service in self.services.values():
            if service.by not in self.hosts and service.by not in self.teams:
                known = [*self.hosts, *self.teams]
                message = (
                    f"there is no appointer or assistant {service.by}{nearest(service.by, known)}"
                )
                yield "service", service.id, "by", message
        for name in self.hosts.keys() & self.teams.keys():
            yield "assistant", name, "", f"{name} is an appointer too; names differ"

    def _missing(self, kind: str, name: str, known: list[str]) -> Exception:
        fault = self.faults.get((kind, name))
        if fault is not None:
            return Conflict(f"{kind} {name} can not be read: {fault}")
        return NotFound(f"there is no {kind} {name}{nearest(name, known)}")


def offered_among(settings: list[Setting]) -> dict[str, dict[str, dict[str, object]]]:
    """What of the kept keys belongs to each kind: by kind and name, the value of each key."""
    found: dict[str, dict[str, dict[str, object]]] = {kind: {} for kind in OFFERED}
    for setting in settings:
        kind, colon, name = setting.owner.partition(":")
        if colon and kind in found and setting.value is not None:
            found[kind].setdefault(name, {})[setting.name] = setting.read
    return found


def read_offers(tx: Transaction) -> Offers:
    """Reads all of them. One that can not be read is left out, with its fault: it gives nothing."""
    found = offered_among(tx.directory.settings())
    faults: dict[tuple[str, str], str] = {}

    def each(kind: str, read: Callable[[str, dict[str, object]], T]) -> Iterator[tuple[str, T]]:
        for name, keys in sorted(found[kind].items()):
            try:
                yield name, read(name, keys)
            except InvalidInput as error:
                faults[kind, name] = error.message

    calendars = tx.holidays.all()
    return Offers(
        tx.directory.version(),
        dict(each("appointer", lambda name, keys: _on_holiday(read_host(name, keys), calendars))),
        dict(each("assistant", read_team)),
        dict(each("service", read_service)),
        faults,
        found,
    )


def _on_holiday(host: Host, calendars: Mapping[str, Mapping[int, str]]) -> Host:
    """The host with the dates of the holidays it names."""
    if not host.calendars:
        return host
    dates = host.hours.holidays
    for name in host.calendars:
        if name not in calendars:
            # Without them it would work on holidays.
            raise InvalidInput(f"the holidays {name} are not known here; apply the objects again")
        dates |= calendars[name].keys()
    return replace(host, hours=replace(host.hours, holidays=dates))


def check_offers(
    tx: Transaction, before: Offers, places: Mapping[tuple[str, str, str], str], now: Instant
) -> Offers:
    """Refuses a change, already made in this transaction, after which an object names one that is
    not there, or an appointer is gone that has appointments to come; Conflict with the place. Gives
    what is offered then."""
    after = read_offers(tx)
    for kind, name, key, message in after.dangling():
        place = places.get((kind, name, key), "")
        raise Conflict(f"{place + ': ' if place else ''}{kind}.{name}.{key}: {message}")
    ahead = Period(now, MAX_INSTANT)
    for name in before.hosts.keys() - after.hosts.keys():
        left = [e for e in tx.appointments.engaged(name, ahead) if e.state in LIVE]
        if left:
            raise Conflict(f"{name} still has {len(left)} appointments to come; it is not removed")
    return after

"""Deciding about a wish for a service: which host, when, and why not."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from horarium.appointments.availability import Availability
from horarium.appointments.choosing import Standing, ranking, recency
from horarium.appointments.codes import Code
from horarium.appointments.host import Mode, Team
from horarium.kernel.instant import Instant
from horarium.kernel.period import Period


class Offer(NamedTuple):
    """A start that can be had, the hosts who can give it, and the seats left."""

    at: Instant
    end: Instant
    hosts: tuple[str, ...]
    seats: int


class Choice(NamedTuple):
    """Who gives an appointment; or nobody, and the codes of what stood in the way."""

    hosts: tuple[str, ...]
    codes: tuple[Code, ...] = ()


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked: the time of each host for a service, and how the team shares it.

    ``team`` is None for a service of one host. ``chosen`` names the host the
    client wants, None for any.
    """

    hosts: Mapping[str, Availability]
    team: Team | None = None
    standing: Standing = field(default_factory=Standing)
    chosen: str | None = None

    def offers(self, within: Period) -> list[Offer]:
        """Gives the starts within a span, each once, in order."""
        asked = self._asked()
        found: dict[Instant, list[tuple[str, int]]] = {}
        for name in asked:
            for start in self.hosts[name].starts(within):
                found.setdefault(start.at, []).append((name, start.seats))
        offers = []
        for at in sorted(found):
            names = tuple(name for name, _ in found[at])
            if self._collective:
                names = self._party(names)
                if not names:
                    continue
            end = Instant(at + self.hosts[names[0]].duration)
            offers.append(Offer(at, end, names, max(seats for _, seats in found[at])))
        return offers

    def choose(self, at: Instant) -> Choice:
        """Decides who gives an appointment that begins at an instant."""
        asked = self._asked()
        refused = {name: self.hosts[name].refusal(at) for name in asked}
        free = [name for name in asked if refused[name] is None]
        codes = tuple(code for code in refused.values() if code is not None)
        if self._collective:
            party = self._party(free)
            return Choice(party, () if party else codes)
        if not free:
            return Choice((), codes or (self._nobody(at),))
        # Who joins a session that has begun goes where it is.
        joined = [name for name in free if self.hosts[name].joins(at)]
        return Choice(tuple(joined or free)[:1])

    def explain(self, at: Instant) -> list[tuple[str, Code, bool]]:
        """Gives every rule of every host with whether it refuses, in the order of the choice."""
        asked = self._asked()
        told = []
        for name in [*asked, *(other for other in self.hosts if other not in asked)]:
            told += [(name, code, refused) for code, refused in self.hosts[name].rules(at)]
            if name not in asked:
                told.append((name, Code.NOT_THE_TURN, True))
        return told

    def _party(self, free: Collection[str]) -> tuple[str, ...]:
        """Who comes together of those who are free; nobody when somebody is missing."""
        assert self.team is not None
        if any(host not in free for host in self.team.fixed):
            return ()
        one_of_each = []
        for group in self.team.groups:
            able = [host for host in group if host in free]
            if not able:
                return ()
            one_of_each.append(min(able, key=lambda host: recency(self.standing, host)))
        return (*self.team.fixed, *one_of_each)

    @property
    def _collective(self) -> bool:
        return self.team is not None and self.team.mode is Mode.COLLECTIVE

    def _asked(self) -> Sequence[str]:
        """The hosts in the order of the choice; with a chosen one only that."""
        if self.chosen is not None:
            return [self.chosen]
        if self.team is None or self._collective:
            return list(self.hosts)
        active = [name for name, time in self.hosts.items() if time.host.active]
        return ranking(self.team, active, self.standing)

    def _nobody(self, at: Instant) -> Code:
        others = [name for name in self.hosts if self.hosts[name].refusal(at) is None]
        return Code.NOT_THE_TURN if others else Code.HOST_INACTIVE

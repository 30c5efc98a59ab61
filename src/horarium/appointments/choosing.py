"""Which host of a team: never by chance, so that the same facts give the same choice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from horarium.appointments.host import Mode, Team
from horarium.kernel.instant import Instant

USUAL_WEIGHT = 100
USUAL_PRIORITY = 3


class Booked(NamedTuple):
    """What a host was given by this team: how many in the interval, and when the newest."""

    many: int = 0
    newest: Instant | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """What a choice looks at. ``turn`` is the place of the host whose turn it is, ``owed`` those
    whose turn was not used, oldest first; ``left`` the free starts of that day by host."""

    turn: int = 0
    owed: tuple[str, ...] = ()
    booked: Mapping[str, Booked] = field(default_factory=dict)
    left: Mapping[str, int] = field(default_factory=dict)


def ranking(team: Team, active: Sequence[str], standing: Standing) -> list[str]:
    """Gives the active hosts in the order in which they are asked; the first that is free gives
    the appointment. In the mode ``rotate`` there is only one, in ``collective`` all must be free.
    """
    hosts = [host for host in team.hosts if host in active]
    if not hosts:
        return []
    if team.mode in (Mode.ROTATE, Mode.ROTATE_NEXT):
        owed = [host for host in standing.owed if host in hosts]
        turns = in_turn(team, active, standing.turn)
        order = [*dict.fromkeys((*owed, *turns))]
        return order[:1] if team.mode is Mode.ROTATE else order
    if team.mode is Mode.LEVEL:
        lowest = min(standing.booked.get(host, Booked()).many for host in hosts)
        near = [h for h in hosts if standing.booked.get(h, Booked()).many < lowest + team.lead]
        return sorted(near, key=lambda host: recency(standing, host))
    if team.mode is Mode.WEIGHTED:
        short = shortfalls(team, hosts, standing.booked)
        return sorted(hosts, key=lambda h: (-short[h], *_by_weight(team, h), recency(standing, h)))
    if team.mode is Mode.PRIORITY:
        return sorted(hosts, key=lambda h: (-_priority(team, h), recency(standing, h)))
    if team.mode is Mode.MOST_FREE:
        return sorted(hosts, key=lambda h: (-standing.left.get(h, 0), recency(standing, h)))
    return sorted(hosts, key=lambda host: recency(standing, host))


def in_turn(team: Team, active: Sequence[str], turn: int) -> list[str]:
    """Gives the active hosts from the one whose turn it is; others keep their place."""
    places = range(turn, turn + len(team.hosts))
    return [host for host in (team.hosts[p % len(team.hosts)] for p in places) if host in active]


def shortfalls(team: Team, hosts: Sequence[str], booked: Mapping[str, Booked]) -> dict[str, int]:
    """Gives how far each host is below its share of all bookings, times the sum of the weights.

    In whole numbers: target = all * weight / sum, so target * sum - own * sum.
    """
    weights = {host: team.weights.get(host, USUAL_WEIGHT) for host in hosts}
    total = sum(weights.values())
    everything = sum(booked.get(host, Booked()).many for host in hosts)
    return {
        host: everything * weights[host] - booked.get(host, Booked()).many * total for host in hosts
    }


def _by_weight(team: Team, host: str) -> tuple[int, int, int]:
    weight = team.weights.get(host, USUAL_WEIGHT)
    # Nobody of weight 0 is asked while another is free.
    return int(weight == 0), -weight, -_priority(team, host)


def _priority(team: Team, host: str) -> int:
    return team.priorities.get(host, USUAL_PRIORITY)


def recency(standing: Standing, host: str) -> tuple[bool, int]:
    """A key that puts first who was never booked, and then whose newest booking is oldest."""
    newest = standing.booked.get(host, Booked()).newest
    return newest is not None, newest or 0

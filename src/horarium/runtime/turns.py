"""Whose turn it is in a team: a turn is taken when a hold is placed, and comes back when the hold
leads to nothing."""

from __future__ import annotations

from collections.abc import Sequence

from horarium.appointments.appointment import Appointment
from horarium.appointments.host import Mode, Team
from horarium.runtime.generating import Site
from horarium.store.appointments import Turns


def take_turn(site: Site, team: Team | None, hosts: Sequence[str]) -> int:
    """Notes that a team's host had its turn; the count of turns then."""
    if team is None:
        return 0
    turns = site.tx.appointments.turns(team.id)
    number = turns.turns + 1
    if hosts[0] in turns.owed:
        owed = [*turns.owed]
        owed.remove(hosts[0])
        after = Turns(turns.turn, number, tuple(owed))
    else:
        after = Turns((team.hosts.index(hosts[0]) + 1) % len(team.hosts), number, turns.owed)
    site.tx.appointments.put_turns(team.id, after)
    return number


def give_turn_back(site: Site, item: Appointment) -> None:
    """A turn that led to nothing: the index steps back, or, when others had theirs since, the
    host is owed one."""
    team = site.offers.teams.get(item.team)
    if team is None or team.mode not in (Mode.ROTATE, Mode.ROTATE_NEXT):
        return
    turns = site.tx.appointments.turns(team.id)
    host = item.hosts[0]
    if turns.turns == item.turn and host in team.hosts:
        after = turns._replace(turn=team.hosts.index(host))
    else:
        after = turns._replace(owed=(*turns.owed, host))
    site.tx.appointments.put_turns(team.id, after)

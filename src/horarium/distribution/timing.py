"""When things of a realm happen: the firings of refreshes, builds and extractions, and the walks of
channels, each in the zone of its owner."""

from __future__ import annotations

from horarium.distribution.precedence import written_schedule
from horarium.distribution.realm import Realm
from horarium.distribution.schedules import Act, Given, firings
from horarium.kernel.errors import InvalidInput
from horarium.kernel.schedule import Schedule
from horarium.kernel.timetable import Timetable


def zone_of(realm: Realm, act: Act, name: str, *, distributor: str = "", receiver: str = "") -> str:
    """The zone in which the schedule of an act is read, where it names none itself.

    Refresh and build go by the distributor, an extraction by its subscriber. A channel goes by the
    ``distributor`` that sends, or with the zone ``receiver`` by that subscriber; InvalidInput when
    the one that counts is not told.
    """
    if act is Act.EXTRACT:
        return realm.subscribers[name].zone or realm.zone
    if act is Act.REFRESH:
        return realm.distributors[name].zone or realm.zone
    if act is Act.BUILD:
        owner = realm.distributors.get(realm.distributions[name].distributor)
        return (owner.zone if owner is not None else None) or realm.zone
    send = realm.channels[name].send
    if send is not None and send.zone == "receiver":
        if receiver not in realm.subscribers:
            raise InvalidInput(f"the channel {name} opens for each receiver: name one", part="zone")
        return realm.subscribers[receiver].zone or realm.zone
    if distributor not in realm.distributors:
        raise InvalidInput(f"the channel {name} opens for each distributor: name one", part="zone")
    return realm.distributors[distributor].zone or realm.zone


def timetable_for(
    realm: Realm, act: Act, name: str, given: Given, *, distributor: str = "", receiver: str = ""
) -> Timetable:
    """The firings of one object's schedule: ``name`` is that of the distributor (refresh), the
    distribution (build), the channel (send: its walks) or the subscriber (extract).

    For a channel the ``distributor`` that sends, or with the zone ``receiver`` that subscriber,
    says whose clock counts.
    """
    zone = zone_of(realm, act, name, distributor=distributor, receiver=receiver)
    return firings(act, name, written_schedule(realm, act, name), zone, realm.seed, given)


def usable(schedule: Schedule | None) -> bool:
    """Whether a schedule is there that acts at all."""
    return schedule is not None and schedule.enabled and schedule.type.value != "never"

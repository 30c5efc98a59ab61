"""What of a realm does not fit together, though each of its objects can be read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from horarium.distribution.precedence import (
    distributor_settings,
    equal_widths,
    schedule_of,
)
from horarium.distribution.realm import Distributor, LinkCalendar, Realm
from horarium.distribution.schedules import LEAST_REFRESH, fast_refresh
from horarium.distribution.settings import DISTRIBUTOR, OF_MACHINES
from horarium.distribution.tree import ORIGIN, entries_of, route
from horarium.kernel.errors import InvalidInput
from horarium.kernel.nearest import nearest

RealmFault = tuple[str, str, str, str]
"""The kind, the name and the key of an object, and what is wrong there."""


def realm_faults(realm: Realm) -> Iterator[RealmFault]:
    """Yields what is wrong between objects: names that nobody has, circles, ways that are too
    long, policies that speak against each other, a refresh that comes too often."""
    broken = False
    for fault in _unknown(realm):
        broken = True
        yield fault
    yield from _entries(realm)
    if not broken:
        yield from _circles(realm)
    for one, other, about in equal_widths(realm):
        whom = "everything" if about == "all" else about
        yield "policy", other, "applies_to", f"{one} applies to {whom} with equal width"
    yield from _fast_refreshes(realm)
    yield from _of_machines(realm)


def link_calendars(realm: Realm) -> Iterator[tuple[str, str, LinkCalendar]]:
    """The link calendars that are named, each with the kind and the name of its object."""
    for channel in realm.channels.values():
        if channel.calendar is not None:
            yield "channel", channel.name, channel.calendar
    for subscriber in realm.subscribers.values():
        if subscriber.calendar is not None:
            yield "subscriber", subscriber.name, subscriber.calendar


def dependents(realm: Realm, kind: str, name: str) -> list[tuple[str, str]]:
    """The objects that can not stand without one, as kind and name: those in which it is named."""
    finders = {
        "distributor": _on_distributor,
        "distribution": _on_distribution,
        "channel": _on_channel,
        "subscriber": _on_subscriber,
        "subscriber_group": _on_group,
    }
    return sorted(set(finders[kind](realm, name))) if kind in finders else []


Needing = Iterator[tuple[str, str]]


def _on_distributor(realm: Realm, name: str) -> Needing:
    for one in realm.distributions.values():
        if one.distributor == name:
            yield "distribution", one.name
    if name not in realm.subscribers:
        yield from _policies(realm, name)


def _on_distribution(realm: Realm, name: str) -> Needing:
    for channel in realm.channels.values():
        if name in channel.distributions:
            yield "channel", channel.name


def _on_channel(realm: Realm, name: str) -> Needing:
    for subscriber in realm.subscribers.values():
        if name in subscriber.channels or name in subscriber.inactive:
            yield "subscriber", subscriber.name
    for group in realm.groups.values():
        if name in group.channels or name in group.inactive:
            yield "subscriber_group", group.name


def _on_subscriber(realm: Realm, name: str) -> Needing:
    for below in realm.subscribers.values():
        if name in below.parents:
            yield "subscriber", below.name
    for distributor in realm.distributors.values():
        if name in distributor.routes or name in distributor.routes.values():
            yield "distributor", distributor.name
    for group in realm.groups.values():
        if name in group.members:
            yield "subscriber_group", group.name
    yield from _entered(realm, name)
    if name not in realm.distributors:
        yield from _policies(realm, name)


def _on_group(realm: Realm, name: str) -> Needing:
    yield from _entered(realm, f"@{name}")
    for channel in realm.channels.values():
        if any(ring.group == name for ring in channel.rings):
            yield "channel", channel.name
    yield from _policies(realm, f"@{name}")


def _entered(realm: Realm, entry: str) -> Needing:
    """Channels that name a subscriber or ``@GROUP``."""
    for channel in realm.channels.values():
        if entry in channel.subscribers or entry in channel.inactive:
            yield "channel", channel.name


def _policies(realm: Realm, whom: str) -> Needing:
    for policy in realm.policies.values():
        if policy.applies_to == whom:
            yield "policy", policy.name


# --- names -------------------------------------------------------------------


def _names(
    where: tuple[str, str, str], names: Iterable[str], known: Mapping[str, object], what: str
) -> Iterator[RealmFault]:
    for name in names:
        if name not in known:
            yield *where, f"there is no {what} {name}{nearest(name, known)}"


def _unknown(realm: Realm) -> Iterator[RealmFault]:
    for distributor in realm.distributors.values():
        where = ("distributor", distributor.name, "routes")
        ways = distributor.routes
        nodes = dict.fromkeys((*ways, *(up for up in ways.values() if up != ORIGIN)))
        yield from _names(where, nodes, realm.subscribers, "subscriber")
        for up in ways.values():
            if up != ORIGIN and up not in ways:
                yield *where, f"{up} has children there, but no place of its own"
    for one in realm.distributions.values():
        where = ("distribution", one.name, "distributor")
        yield from _names(where, (one.distributor,), realm.distributors, "distributor")
    for channel in realm.channels.values():
        key = ("channel", channel.name)
        yield from _names(
            (*key, "distributions"), channel.distributions, realm.distributions, "distribution"
        )
        yield from _receivers(realm, (*key, "subscribers"), channel.subscribers)
        groups = (ring.group for ring in channel.rings)
        yield from _names((*key, "rings"), groups, realm.groups, "group of subscribers")
    yield from _unknown_beside(realm)


def _unknown_beside(realm: Realm) -> Iterator[RealmFault]:
    for subscriber in realm.subscribers.values():
        key = ("subscriber", subscriber.name)
        yield from _names((*key, "channels"), subscriber.channels, realm.channels, "channel")
        yield from _names((*key, "parents"), subscriber.parents, realm.subscribers, "subscriber")
    for group in realm.groups.values():
        key = ("subscriber_group", group.name)
        yield from _names((*key, "channels"), group.channels, realm.channels, "channel")
        yield from _names((*key, "members"), group.members, realm.subscribers, "subscriber")
    for policy in realm.policies.values():
        whom = policy.applies_to
        where = ("policy", policy.name, "applies_to")
        if whom.startswith("@"):
            yield from _names(where, (whom[1:],), realm.groups, "group of subscribers")
        elif whom != "all":
            objects = {**realm.subscribers, **realm.distributors}
            yield from _names(where, (whom,), objects, "distributor or subscriber")


def _receivers(
    realm: Realm, where: tuple[str, str, str], names: Iterable[str]
) -> Iterator[RealmFault]:
    for name in names:
        if name.startswith("@"):
            yield from _names(where, (name[1:],), realm.groups, "group of subscribers")
        else:
            yield from _names(where, (name,), realm.subscribers, "subscriber")


def _entries(realm: Realm) -> Iterator[RealmFault]:
    """Names that are set inactive where they are not subscribed."""
    entries = {name: entries_of(realm, channel) for name, channel in realm.channels.items()}
    for channel in realm.channels.values():
        for entry in sorted(channel.inactive - entries[channel.name].keys()):
            yield "channel", channel.name, "inactive", f"{entry} is not subscribed"
    sides = (
        ("subscriber", "", realm.subscribers.values()),
        ("subscriber_group", "@", realm.groups.values()),
    )
    for kind, sign, objects in sides:
        for one in objects:
            for channel_name in sorted(one.inactive):
                if sign + one.name not in entries.get(channel_name, {}):
                    yield kind, one.name, "inactive", f"is not subscribed to {channel_name}"


# --- ways and times ----------------------------------------------------------


def _circles(realm: Realm) -> Iterator[RealmFault]:
    seen: set[str] = set()
    for distributor in realm.distributors.values() or (Distributor(""),):
        for name in realm.subscribers:
            try:
                route(realm, distributor, name)
            except InvalidInput as error:
                within = name in distributor.routes
                where = ("distributor", distributor.name, "routes")
                place = where if within else ("subscriber", name, "parents")
                if f"{place}{error}" not in seen:
                    seen.add(f"{place}{error}")
                    yield *place, str(error)


def _fast_refreshes(realm: Realm) -> Iterator[RealmFault]:
    told: set[str] = set()
    for name in realm.distributors:
        held = schedule_of(realm, DISTRIBUTOR, name)
        if held.value is None or distributor_settings(realm, name).allow_fast_refresh:
            continue
        gap = fast_refresh(held.value)
        if gap is None:
            continue
        policy = held.origin.removeprefix("policy ") if held.origin.startswith("policy ") else ""
        kind, whose = ("policy", policy) if policy else ("distributor", name)
        if whose in told:
            continue
        told.add(whose)
        yield (
            kind, whose, "refresh",
            f"two refreshes lie {gap} s apart: fewer than {LEAST_REFRESH} s cancel work under way, "
            f"or need allow_fast_refresh",
        )  # fmt: skip


def _of_machines(realm: Realm) -> Iterator[RealmFault]:
    """What only the owner of a machine knows is not told to it from outside."""
    written = {
        "distributor": {one.name: one.own.settings for one in realm.distributors.values()},
        "subscriber": {one.name: one.own.settings for one in realm.subscribers.values()},
        "policy": {one.name: one.settings for one in realm.policies.values()},
    }
    for kind, objects in written.items():
        for name, settings in objects.items():
            for key in sorted(OF_MACHINES & settings.keys()):
                text = f"belongs to the machine: say node.{key} in the horarium.toml of its site"
                yield kind, name, key, text

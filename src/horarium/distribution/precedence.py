"""Precedence: what holds for an object that policies apply to, and where it comes from.

A policy speaks for an object that has nothing of its own; what the object says itself is kept when
the policy speaks, and what the policy does not say is never taken away (seed 002, "Precedence").
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from horarium.distribution.realm import Distributor, Policy, Realm, Subscriber
from horarium.distribution.schedules import Act
from horarium.distribution.settings import (
    DISTRIBUTOR,
    OF_MACHINES,
    SETTINGS,
    SUBSCRIBER,
    DistributorSettings,
    SubscriberSettings,
    typed_distributor,
    typed_subscriber,
)
from horarium.kernel.schedule import Schedule

T = TypeVar("T")

OWN, DEFAULT = "own", "default"
ALL = "all"


@dataclass(frozen=True, slots=True)
class Held(Generic[T]):
    """What holds for one field. ``origin`` is ``own``, ``policy NAME`` or ``default``; ``dormant``
    the own value that a policy speaks over, None when there is none."""

    value: T
    origin: str
    dormant: T | None = None


@dataclass(frozen=True, slots=True)
class Switches:
    """Where an object takes settings and schedule from; ``policy`` is the one that applies."""

    settings: bool
    schedule: bool
    policy: str


def width(policy: Policy) -> int:
    """How much a policy applies to: 0 one object, 1 a group, 2 everything."""
    if policy.applies_to == ALL:
        return 2
    return 1 if policy.applies_to.startswith("@") else 0


def applies(realm: Realm, policy: Policy, kind: str, name: str) -> bool:
    """Whether a policy applies to a distributor or subscriber."""
    if policy.applies_to == ALL:
        return True
    if not policy.applies_to.startswith("@"):
        return policy.applies_to == name
    group = realm.groups.get(policy.applies_to[1:])
    return kind == SUBSCRIBER and group is not None and name in group.members


def policy_of(realm: Realm, kind: str, name: str) -> Policy | None:
    """The policy that speaks for a distributor or subscriber: the narrowest that applies."""
    found = [policy for policy in realm.policies.values() if applies(realm, policy, kind, name)]
    return min(found, key=lambda policy: (width(policy), policy.name), default=None)


def switches_of(realm: Realm, kind: str, name: str) -> Switches | None:
    """The two switches of an object; None where no policy applies, when they mean nothing."""
    policy = policy_of(realm, kind, name)
    if policy is None:
        return None
    use = _object(realm, kind, name).own.use_policy
    return Switches(use.settings, use.schedule, policy.name)


def settings_of(realm: Realm, kind: str, name: str) -> dict[str, Held[object]]:
    """Every setting of an object, by name, with its origin."""
    own = _object(realm, kind, name).own
    policy = policy_of(realm, kind, name)
    spoken = policy.settings if policy is not None and own.use_policy.settings else {}
    label = f"policy {policy.name}" if policy is not None else ""
    return {
        field: _held(field, own.settings, spoken, label, setting.default)
        for field, setting in SETTINGS.items()
        if kind in setting.on and field not in OF_MACHINES
    }


def _held(
    field: str,
    own: Mapping[str, object],
    spoken: Mapping[str, object],
    label: str,
    default: object,
) -> Held[object]:
    if field in spoken:
        return Held(spoken[field], label, own.get(field))
    return Held(own[field], OWN) if field in own else Held(default, DEFAULT)


def schedule_of(realm: Realm, kind: str, name: str) -> Held[Schedule | None]:
    """The refresh schedule of a distributor, or the extract schedule of a subscriber. None is no
    usable schedule: it never acts."""
    own = _object(realm, kind, name).own
    policy = policy_of(realm, kind, name)
    if policy is not None and own.use_policy.schedule:
        spoken = policy.refresh if kind == DISTRIBUTOR else policy.extract
        if spoken is not None:
            return Held(spoken, f"policy {policy.name}", own.schedule)
    return Held(own.schedule, OWN if own.schedule is not None else DEFAULT)


def variables_of(realm: Realm, name: str) -> dict[str, Held[str]]:
    """The variables of a subscriber, those of its policy and its own together; its own win."""
    subscriber = realm.subscribers[name]
    policy = policy_of(realm, SUBSCRIBER, name)
    found: dict[str, Held[str]] = {}
    if policy is not None and subscriber.include_policy_variables:
        found = {key: Held(text, f"policy {policy.name}") for key, text in policy.variables.items()}
    found |= {key: Held(text, OWN) for key, text in subscriber.variables.items()}
    return dict(sorted(found.items()))


def distributor_settings(realm: Realm, name: str) -> DistributorSettings:
    """The settings that hold for a distributor. KeyError for an unknown one."""
    return typed_distributor(_values(settings_of(realm, DISTRIBUTOR, name)))


def subscriber_settings(realm: Realm, name: str) -> SubscriberSettings:
    """The settings that hold for a subscriber. KeyError for an unknown one."""
    return typed_subscriber(_values(settings_of(realm, SUBSCRIBER, name)))


def written_schedule(realm: Realm, act: Act, name: str) -> Schedule | None:
    """The schedule of an act as it is written for its owner; None when there is none."""
    if act is Act.REFRESH:
        return schedule_of(realm, DISTRIBUTOR, name).value
    if act is Act.EXTRACT:
        return schedule_of(realm, SUBSCRIBER, name).value
    if act is Act.BUILD:
        return realm.distributions[name].build
    return realm.channels[name].send


def _values(held: Mapping[str, Held[object]]) -> dict[str, object]:
    return {name: one.value for name, one in held.items()}


def _object(realm: Realm, kind: str, name: str) -> Distributor | Subscriber:
    return realm.distributors[name] if kind == DISTRIBUTOR else realm.subscribers[name]


def equal_widths(realm: Realm) -> Iterator[tuple[str, str, str]]:
    """Pairs of policies that speak for one object with equal width: the two, and the object."""
    kinds = ((DISTRIBUTOR, realm.distributors), (SUBSCRIBER, realm.subscribers))
    seen: set[tuple[str, str]] = set()
    everything = sorted(p.name for p in realm.policies.values() if p.applies_to == ALL)
    if len(everything) > 1:
        seen.add((everything[0], everything[1]))
        yield everything[0], everything[1], ALL
    for kind, objects in kinds:
        for name in objects:
            found = [p for p in realm.policies.values() if applies(realm, p, kind, name)]
            for wide in (0, 1):
                rivals = sorted(policy.name for policy in found if width(policy) == wide)
                if len(rivals) > 1 and (rivals[0], rivals[1]) not in seen:
                    seen.add((rivals[0], rivals[1]))
                    yield rivals[0], rivals[1], name

"""The settings of distributors and subscribers: what each takes, and what holds without it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from horarium.distribution.rates import GIB, KIB, read_rate, read_size
from horarium.distribution.realm import ParentPolicy, Priority
from horarium.distribution.values import (
    as_flag,
    as_length,
    as_number,
    as_path,
    one_of,
    or_unlimited,
)
from horarium.kernel.errors import InvalidInput
from horarium.kernel.gregorian import DAY
from horarium.kernel.nearest import nearest

DISTRIBUTOR, SUBSCRIBER = "distributor", "subscriber"
BOTH = frozenset({DISTRIBUTOR, SUBSCRIBER})


class Relay(StrEnum):
    """When a parent passes on what it receives: chunk by chunk, or when it has all of it."""

    CUT_THROUGH = "cut_through"
    STORE_AND_FORWARD = "store_and_forward"


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: the kinds of object that have it, how its written value is read, what holds
    where nothing is written, and what it is, with its unit."""

    on: frozenset[str]
    read: Callable[[object], object]
    default: object
    meaning: str


def _least_rate(value: object) -> int:
    rate = 0 if value == 0 else read_rate(value)
    if rate is None:
        raise InvalidInput("expected a rate like 1KiB, or 0 for none")
    return rate


def _on(*kinds: str) -> frozenset[str]:
    return frozenset(kinds)


_RATE = "octets a second; None is unlimited"

SETTINGS: Mapping[str, Setting] = {
    "input_rate": Setting(BOTH, read_rate, None, f"receiving, or gathering: {_RATE}"),
    "extract_rate": Setting(_on(SUBSCRIBER), read_rate, None, f"written by extraction: {_RATE}"),
    **{
        f"output_rate.{priority.value}": Setting(
            BOTH, read_rate, None, f"sending of {priority.value} priority, all together: {_RATE}"
        )
        for priority in Priority
    },
    "max_concurrent": Setting(
        BOTH, or_unlimited(as_number(1, 100_000)), None, "transfers sent at once; None unlimited"
    ),
    "preempt": Setting(
        BOTH, as_flag, False, "whether a transfer of higher priority suspends the youngest of lower"
    ),
    "timeout": Setting(BOTH, as_length(1, 60_000), 300, "seconds without an octet of progress"),
    "min_rate": Setting(
        BOTH, _least_rate, KIB,
        "octets a second; slower than this over the timeout is no progress",
    ),
    "working_dir": Setting(BOTH, as_path, None, "refused: node.working_dir of the machine says it"),
    "free_space": Setting(_on(SUBSCRIBER), read_size, GIB, "octets kept free after staging"),
    "cache_max": Setting(
        _on(SUBSCRIBER), or_unlimited(read_size), None, "octets kept for others; None unlimited"
    ),
    "relay": Setting(
        _on(SUBSCRIBER), lambda value: Relay(one_of(*Relay)(value)), Relay.CUT_THROUGH,
        "when it passes on what it receives",
    ),
    "parent_policy": Setting(
        _on(SUBSCRIBER), lambda value: ParentPolicy(one_of(*ParentPolicy)(value)),
        ParentPolicy.WAIT, "what it does while its parent can not be reached",
    ),
    "failover_after": Setting(
        _on(SUBSCRIBER), as_length(1, 30 * DAY), 900, "seconds without contact before the next"
    ),
    "extract_retries": Setting(
        _on(SUBSCRIBER), as_number(0, 100), 3, "attempts again after an extraction failed"
    ),
    "max_builds": Setting(_on(DISTRIBUTOR), as_number(1, 100), 2, "builds at the same time"),
    "origin_cap": Setting(
        _on(DISTRIBUTOR), as_number(0, 100_000), 5, "children at once that fled to it"
    ),
    "refresh_cancels": Setting(
        _on(DISTRIBUTOR), as_flag, False, "whether a refresh cancels builds and sends under way"
    ),
    "allow_fast_refresh": Setting(
        _on(DISTRIBUTOR), as_flag, False, "whether it may refresh twice within five minutes"
    ),
}  # fmt: skip
"""Every setting that an object has of its own or by a policy, by its name."""

OF_MACHINES = frozenset({"working_dir"})
"""What is read and refused, because only the owner of a machine can say it. Nothing goes by it."""

RATES = "output_rate"
"""The one setting that is a table: a rate for each priority, or one for all of them."""


def names_on(kind: str) -> tuple[str, ...]:
    """The settings of a kind of object, as keys of its table."""
    found = (name.partition(".")[0] for name, setting in SETTINGS.items() if kind in setting.on)
    return tuple(dict.fromkeys(found))


def read_setting(name: str, value: object) -> dict[str, object]:
    """What is written at a key of an object's table, as settings by name. InvalidInput."""
    if name != RATES:
        return {name: SETTINGS[name].read(value)}
    if not isinstance(value, Mapping):
        return {f"{RATES}.{priority.value}": read_rate(value) for priority in Priority}
    known = [priority.value for priority in Priority]
    for key in value:
        if key not in known:
            raise InvalidInput(f"there is no priority {key!r}{nearest(str(key), known)}")
    return {f"{RATES}.{key}": read_rate(rate) for key, rate in value.items()}


@dataclass(frozen=True, slots=True)
class DistributorSettings:
    """The settings of a distributor as they hold; units as in `SETTINGS`."""

    input_rate: int | None
    output_rate: Mapping[Priority, int | None]
    max_concurrent: int | None
    preempt: bool
    timeout: int
    min_rate: int
    max_builds: int
    origin_cap: int
    refresh_cancels: bool
    allow_fast_refresh: bool


@dataclass(frozen=True, slots=True)
class SubscriberSettings:
    """The settings of a subscriber as they hold; units as in `SETTINGS`."""

    input_rate: int | None
    extract_rate: int | None
    output_rate: Mapping[Priority, int | None]
    max_concurrent: int | None
    preempt: bool
    timeout: int
    min_rate: int
    free_space: int
    cache_max: int | None
    relay: Relay
    parent_policy: ParentPolicy
    failover_after: int
    extract_retries: int


def typed_distributor(values: Mapping[str, object]) -> DistributorSettings:
    """Values by name as those of a distributor; what is not there has its default."""
    return DistributorSettings(**_fields(DISTRIBUTOR, values))


def typed_subscriber(values: Mapping[str, object]) -> SubscriberSettings:
    """Values by name as those of a subscriber; what is not there has its default."""
    return SubscriberSettings(**_fields(SUBSCRIBER, values))


def _fields(kind: str, values: Mapping[str, object]) -> dict[str, Any]:
    found: dict[str, Any] = {
        name: values.get(name, setting.default)
        for name, setting in SETTINGS.items()
        if kind in setting.on and name not in OF_MACHINES
    }
    rates = {priority: found.pop(f"{RATES}.{priority.value}") for priority in Priority}
    return found | {RATES: rates}

"""Distributors, distributions, channels, subscribers, their groups and policies as object files
write them: keys to values. Whatever is wrong is found before anything is stored, each with its key.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from horarium.distribution.declared_values import (
    actions,
    calendar_of,
    locked,
    rings,
    routes,
    switched,
    target,
    use_policy,
)
from horarium.distribution.gathering import CONTENT_KEYS, content_faults
from horarium.distribution.rates import read_grid_line
from horarium.distribution.realm import (
    Channel,
    Distribution,
    Distributor,
    Policy,
    Priority,
    Realm,
    Subscriber,
    SubscriberGroup,
    Written,
)
from horarium.distribution.schedules import Act, read_schedule
from horarium.distribution.settings import DISTRIBUTOR, SUBSCRIBER, names_on, read_setting
from horarium.distribution.values import (
    as_flag,
    as_name,
    as_number,
    as_receiver,
    as_resource,
    as_text,
    as_title,
    as_url,
    as_variables,
    as_zone,
    each_of,
    once_each,
    one_of,
    or_unlimited,
)
from horarium.kernel.errors import HorariumError, InvalidInput
from horarium.kernel.nearest import nearest

Keys = Mapping[str, object]
Objects = Mapping[str, Mapping[str, Keys]]
"""Objects by kind and name, each as its written keys."""
Reader = Callable[[object], Any]

DEFAULT_REVISIONS = {"file": 10}
OTHER_REVISIONS = 5
MOST_REVISIONS = 100_000

ALIASES = {"desktop-application": "file"}
"""Types that are another one by now (seed 002 has two sequential types)."""
DROPPED = ("digest", "encrypt")
"""Switches of an older system: everything is hashed and every link is encrypted, always."""

CONTENT = tuple(dict.fromkeys(key for keys in CONTENT_KEYS.values() for key in keys))


def _as_written(value: object) -> object:
    return value


def _schedule(act: Act) -> Reader:
    return lambda value: read_schedule(act, value)


def _setting(name: str) -> Reader:
    return lambda value: read_setting(name, value)


def _settings_of(*kinds: str) -> dict[str, Reader]:
    names = (name for kind in kinds for name in names_on(kind))
    return {name: _setting(name) for name in dict.fromkeys(names)}


_names = once_each(as_name)
_receivers = once_each(as_receiver)
_link = {"calendar": as_resource, "open_when": one_of("free", "reserved")}

KINDS: dict[str, dict[str, Reader]] = {
    "policy": {
        "title": as_title,
        "applies_to": as_receiver,
        "refresh": _schedule(Act.REFRESH),
        "extract": _schedule(Act.EXTRACT),
        "variables": as_variables,
        **_settings_of(DISTRIBUTOR, SUBSCRIBER),
    },
    "distributor": {
        "title": as_title,
        "zone": as_zone,
        "refresh": _schedule(Act.REFRESH),
        "use_policy": use_policy,
        "routes": routes,
        "report_days": as_number(1, 36_500),
        **_settings_of(DISTRIBUTOR),
    },
    "distribution": {
        "title": as_title,
        "distributor": as_name,
        "type": one_of(*CONTENT_KEYS, *ALIASES),
        **dict.fromkeys(CONTENT, _as_written),
        "target": target,
        "build": _schedule(Act.BUILD),
        "priority": lambda value: Priority(one_of(*Priority)(value)),
        "sequential": as_flag,
        "delta": one_of("auto", "whole"),
        "catch_up_versions": one_of("chain", "jump"),
        "max_revisions": or_unlimited(as_number(1, MOST_REVISIONS)),
        "delete_previous_first": as_flag,
        "send_after_build": as_flag,
        "apply": one_of("merge", "swap"),
        "locked": locked,
        "local_changes": one_of("overwrite", "keep", "fail"),
        "pre": actions,
        "post": actions,
        "rollback": as_flag,
        "active": as_flag,
    },
    "channel": {
        "title": as_title,
        "distributions": _names,
        "subscribers": _receivers,
        "inactive": _receivers,
        "send": _schedule(Act.SEND),
        "rate_grid": each_of(lambda line: (read_grid_line(as_text(line)), line)[1]),
        "rings": rings,
        "on_halt": one_of("hold", "return"),
        **_link,
        "obey_send_window": as_flag,
        "active": as_flag,
    },
    "subscriber": {
        "title": as_title,
        "note": as_text,
        "zone": as_zone,
        "channels": _names,
        "inactive": _names,
        "parents": _names,
        "url": as_url,
        "extract": _schedule(Act.EXTRACT),
        "use_policy": use_policy,
        "variables": as_variables,
        "include_policy_variables": as_flag,
        **_link,
        **_settings_of(SUBSCRIBER),
    },
    "subscriber_group": {
        "title": as_title,
        "members": _names,
        "channels": _names,
        "inactive": _names,
    },
}
"""The keys of each kind of object of this room, with their readers."""


class _Wrong(Exception):
    """What is wrong at a key."""

    def __init__(self, key: str, message: str) -> None:
        super().__init__(message)
        self.key = key


def canonical(kind: str, keys: Keys) -> tuple[dict[str, object], list[tuple[str, str]]]:
    """An object's keys as they are kept, and what is to be said about those that are not, each with
    its key: a type that is another one by now, and switches that nobody needs."""
    found: dict[str, object] = dict(keys)
    notes: list[tuple[str, str]] = []
    if kind != "distribution":
        return found, notes
    alias = ALIASES.get(str(found.get("type")))
    if alias is not None:
        notes.append(("type", f"{found['type']} is kept as {alias}, which is sequential"))
        found["type"] = alias
    for key in DROPPED:
        if key in found:
            del found[key]
            notes.append((key, "is always on: the key is not kept"))
    return found, notes


def faults(kind: str, name: str, keys: Keys) -> Iterator[tuple[str, str]]:
    """Yields what is wrong with an object, each with its key ("" for the whole)."""
    try:
        as_name(name)
    except InvalidInput as error:
        yield "", str(error)
    readers, wrong = KINDS[kind], False
    for key, value in keys.items():
        if key not in readers:
            wrong = True
            yield key, f"there is no such key{nearest(key, list(readers))}"
            continue
        try:
            readers[key](value)
        except HorariumError as error:
            wrong = True
            yield key, str(error)
    if wrong:
        return
    if kind == "distribution":
        yield from _distribution_faults(keys)
    else:
        try:
            _MAKERS[kind](name, keys)
        except _Wrong as error:
            yield error.key, str(error)


def _distribution_faults(keys: Keys) -> Iterator[tuple[str, str]]:
    kind = _type(keys)
    if "distributor" not in keys:
        yield "", "names no distributor: who builds and sends it"
    for key in keys:
        if key in CONTENT and key not in CONTENT_KEYS[kind]:
            of = " or ".join(other for other in CONTENT_KEYS if key in CONTENT_KEYS[other])
            yield key, f"goes with the type {of}, not with {kind}"
    yield from ((key if key in keys else "", text) for key, text in content_faults(kind, keys))
    if kind == "policy":
        for key in ("pre", "post"):
            if key in keys:
                yield key, "goes with what is placed, not with policy: the node itself enforces it"
    if keys.get("sequential") and kind != "file":
        yield "sequential", f"only files go in sequence, not {kind}"
    if keys.get("delete_previous_first") and keys.get("max_revisions") != 1:
        yield "delete_previous_first", "goes with max_revisions = 1 only"


def _type(keys: Keys) -> str:
    kind = str(keys.get("type", "file"))
    return ALIASES.get(kind, kind)


def read_object(kind: str, name: str, keys: Keys) -> Any:
    """The object that ``[KIND.NAME]`` declares; InvalidInput for what is wrong, with its key."""
    for key, message in faults(kind, name, keys):
        place = f"{kind} {name}: {key}" if key else f"{kind} {name}"
        raise InvalidInput(f"{place}: {message}", part=key, value=name)
    return _MAKERS[kind](name, keys)


def read_realm(objects: Objects, zone: str, seed: str) -> Realm:
    """The realm of all objects, each of which was judged by `faults` before. InvalidInput for one
    that can not be read; whether they fit together says `horarium.distribution.realm_faults`."""
    found = {
        kind: {name: _kept(kind, name, keys) for name, keys in objects.get(kind, {}).items()}
        for kind in KINDS
    }
    return Realm(
        distributors=found["distributor"],
        distributions=found["distribution"],
        channels=found["channel"],
        subscribers=found["subscriber"],
        groups=found["subscriber_group"],
        policies=found["policy"],
        zone=zone,
        seed=seed,
    )


def _kept(kind: str, name: str, keys: Keys) -> Any:
    """An object of many: each value is read once, and what is wrong is looked for only then."""
    try:
        return _MAKERS[kind](name, keys)
    except (HorariumError, _Wrong, LookupError):
        return read_object(kind, name, keys)


# --- objects -----------------------------------------------------------------


def _values(kind: str, keys: Keys) -> dict[str, Any]:
    return {key: KINDS[kind][key](value) for key, value in keys.items()}


def _settings(found: dict[str, Any], *kinds: str) -> dict[str, object]:
    """The settings among the values, by name; they are taken out."""
    names = [name for name in _settings_of(*kinds) if name in found]
    return {key: value for name in names for key, value in found.pop(name).items()}


def _written(found: dict[str, Any], kind: str, schedule: str) -> Written:
    own, use = _settings(found, kind), found.pop("use_policy", {})
    written = found.pop(schedule, None)
    return Written(own, written, switched(use, settings=bool(own), schedule=written is not None))


def _linked(found: dict[str, Any]) -> dict[str, Any]:
    """With the link calendar in place of the two keys that name it."""
    try:
        found["calendar"] = calendar_of(found)
    except InvalidInput as error:
        raise _Wrong("calendar" if "calendar" in found else "open_when", str(error)) from None
    found.pop("open_when", None)
    return found


def _policy(name: str, keys: Keys) -> Policy:
    found = _values("policy", keys)
    return Policy(name=name, settings=_settings(found, DISTRIBUTOR, SUBSCRIBER), **found)


def _distributor(name: str, keys: Keys) -> Distributor:
    found = _values("distributor", keys)
    ways = {node: "" if up == name else up for node, up in found.pop("routes", {}).items()}
    return Distributor(name=name, own=_written(found, DISTRIBUTOR, "refresh"), routes=ways, **found)


def _distribution(name: str, keys: Keys) -> Distribution:
    found = _values("distribution", keys)
    found.pop("type", None)
    kind, files = _type(keys), _type(keys) == "file"
    content = {key: found.pop(key) for key in CONTENT if key in found}
    found["revisions"] = found.pop("max_revisions", DEFAULT_REVISIONS.get(kind, OTHER_REVISIONS))
    defaults = {"sequential": files, "delta": "auto" if files else "whole"}
    return Distribution(name=name, kind=kind, content=content, **(defaults | found))


def _channel(name: str, keys: Keys) -> Channel:
    found = _linked(_values("channel", keys))
    found["inactive"] = frozenset(found.get("inactive", ()))
    return Channel(name=name, **found)


def _subscriber(name: str, keys: Keys) -> Subscriber:
    found = _linked(_values("subscriber", keys))
    found["inactive"] = frozenset(found.get("inactive", ()))
    if name in found.get("parents", ()):
        raise _Wrong("parents", "a subscriber is not its own parent")
    return Subscriber(name=name, own=_written(found, SUBSCRIBER, "extract"), **found)


def _group(name: str, keys: Keys) -> SubscriberGroup:
    found = _values("subscriber_group", keys)
    found["inactive"] = frozenset(found.get("inactive", ()))
    return SubscriberGroup(name=name, **found)


_MAKERS: dict[str, Callable[[str, Keys], Any]] = {
    "policy": _policy,
    "distributor": _distributor,
    "distribution": _distribution,
    "channel": _channel,
    "subscriber": _subscriber,
    "subscriber_group": _group,
}

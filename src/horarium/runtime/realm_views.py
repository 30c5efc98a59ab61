"""The objects of distribution as commands and pages show them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from horarium.distribution.precedence import (
    Held,
    policy_of,
    schedule_of,
    settings_of,
    switches_of,
    variables_of,
)
from horarium.distribution.rates import write_rate, write_size
from horarium.distribution.realm import Realm
from horarium.distribution.realm_faults import dependents
from horarium.distribution.settings import DISTRIBUTOR, SUBSCRIBER
from horarium.distribution.tree import (
    ORIGIN,
    Tree,
    entries_of,
    expected,
    route,
    subscribers_of,
    tree_of,
)
from horarium.kernel.errors import NotFound
from horarium.kernel.nearest import nearest
from horarium.kernel.schedule import Schedule
from horarium.kernel.schedule_writing import format_schedule
from horarium.runtime.realm import declared_realm, distributed_among, edits_waiting
from horarium.runtime.settings import Settings
from horarium.store.store import Store, Transaction

Document = dict[str, Any]

_SCHEDULES = {DISTRIBUTOR: "refresh", SUBSCRIBER: "extract"}


def known(realm: Realm, kind: str) -> Mapping[str, Any]:
    """The objects of a kind, by name."""
    return {
        "distributor": realm.distributors,
        "distribution": realm.distributions,
        "channel": realm.channels,
        "subscriber": realm.subscribers,
        "subscriber_group": realm.groups,
        "policy": realm.policies,
    }[kind]


def must_be(realm: Realm, kind: str, name: str) -> None:
    """NotFound when there is no such object."""
    objects = known(realm, kind)
    if name not in objects:
        raise NotFound(f"there is no {kind} {name}{nearest(name, objects)}")


def waiting_edits(store: Store, settings: Settings) -> tuple[list[str], list[str]]:
    """The objects, as KIND:NAME, whose edits are in effect only from the next refresh on, and the
    distributors of which one may be asked for."""

    def work(tx: Transaction) -> tuple[list[str], list[str]]:
        waiting = [f"{kind}:{name}" for kind, name in edits_waiting(tx)]
        return waiting, sorted(declared_realm(tx, settings).distributors) if waiting else []

    return store.read(work)


def list_objects(store: Store, settings: Settings, kind: str) -> list[Document]:
    """Each object of a kind in a line: its name, title, what tells it apart, and its keys that are
    in effect only from the next refresh on (``not_in_effect``)."""

    def work(tx: Transaction) -> list[Document]:
        realm, waiting = declared_realm(tx, settings), edits_waiting(tx)
        return [
            {
                "id": name,
                "title": found.title,
                **_facts(realm, kind, name),
                "not_in_effect": list(waiting.get((kind, name), ())),
            }
            for name, found in sorted(known(realm, kind).items())
        ]

    return store.read(work)


def _facts(realm: Realm, kind: str, name: str) -> Document:
    if kind == "distributor":
        held = schedule_of(realm, DISTRIBUTOR, name)
        owned = [d.name for d in realm.distributions.values() if d.distributor == name]
        return {"refresh": schedule_text(held.value), "distributions": sorted(owned)}
    if kind == "distribution":
        found = realm.distributions[name]
        facts = {"type": found.kind, "distributor": found.distributor, "active": found.active}
        return {**facts, "build": schedule_text(found.build),
                "receivers": len(expected(realm, name))}  # fmt: skip
    if kind == "channel":
        channel = realm.channels[name]
        return {
            "send": schedule_text(channel.send), "active": channel.active,
            "distributions": list(channel.distributions),
            "receivers": len(subscribers_of(realm, channel)),
        }  # fmt: skip
    if kind == "subscriber":
        held = schedule_of(realm, SUBSCRIBER, name)
        return {"extract": schedule_text(held.value),
                "parents": list(realm.subscribers[name].parents)}  # fmt: skip
    if kind == "subscriber_group":
        return {"members": list(realm.groups[name].members)}
    return {"applies_to": realm.policies[name].applies_to}


def show_object(store: Store, settings: Settings, kind: str, name: str) -> Document:
    """An object as it is written (``keys``), and as it holds: of a distributor or subscriber every
    field with its origin (``fields``), of a channel who is subscribed. What is in effect only from
    the next refresh on stands in ``not_in_effect``, with the value until then. NotFound."""

    def work(tx: Transaction) -> Document:
        realm, waiting = declared_realm(tx, settings), edits_waiting(tx)
        must_be(realm, kind, name)
        rows = tx.directory.settings()
        keys = distributed_among(rows)[kind][name]
        drifts = sorted(s.name for s in rows if s.owner == f"{kind}:{name}" and s.drifts)
        everything = [f"{of}:{other}" for of, other in waiting]
        return {
            "id": name,
            "kind": kind,
            "title": known(realm, kind)[name].title,
            "keys": keys,
            "drifts": drifts,
            "not_in_effect": waiting.get((kind, name), {}),
            **_held(realm, kind, name),
            "needed_by": [f"{of}:{other}" for of, other in dependents(realm, kind, name)],
            **({"waiting": everything} if kind == DISTRIBUTOR else {}),
        }

    return store.read(work)


def _held(realm: Realm, kind: str, name: str) -> Document:
    if kind in _SCHEDULES:
        return dict(_of_node(realm, kind, name))
    if kind == "channel":
        return {"entries": entries_of(realm, realm.channels[name])}
    if kind == "distribution":
        found = expected(realm, name)
        return {"receivers": {receiver: list(channels) for receiver, channels in found.items()}}
    return {}


def _of_node(realm: Realm, kind: str, name: str) -> Iterator[tuple[str, object]]:
    fields = {field: shown(field, held) for field, held in settings_of(realm, kind, name).items()}
    schedule = schedule_of(realm, kind, name)
    fields[_SCHEDULES[kind]] = {
        "value": schedule_text(schedule.value),
        "origin": schedule.origin,
        "dormant": schedule_text(schedule.dormant),
    }
    yield "fields", fields
    policy, switches = policy_of(realm, kind, name), switches_of(realm, kind, name)
    yield "policy", policy.name if policy is not None else None
    if switches is not None:
        yield "use_policy", {"settings": switches.settings, "schedule": switches.schedule}
    if kind == SUBSCRIBER:
        yield "variables", variables_document(realm, name)


def shown(field: str, held: Held[Any]) -> Document:
    """A field with its origin; ``dormant`` is the own value that a policy speaks over."""
    dormant = None if held.dormant is None else _value(field, held.dormant)
    return {"value": _value(field, held.value), "origin": held.origin, "dormant": dormant}


def _value(field: str, value: Any) -> object:
    if "rate" in field:
        return write_rate(value) if value != 0 else 0
    if field in ("free_space", "cache_max"):
        return "unlimited" if value is None else write_size(value)
    if field == "max_concurrent" and value is None:
        return "unlimited"
    return value


def schedule_text(schedule: Schedule | None) -> str | None:
    """A schedule on one line; None when there is none."""
    return None if schedule is None else format_schedule(schedule)


def variables_document(realm: Realm, name: str) -> dict[str, Document]:
    """The variables of a subscriber, each with its origin."""
    found = variables_of(realm, name)
    return {key: {"value": held.value, "origin": held.origin} for key, held in found.items()}


def show_variables(store: Store, settings: Settings, name: str) -> dict[str, Document]:
    """As `variables_document`. NotFound."""

    def work(tx: Transaction) -> dict[str, Document]:
        realm = declared_realm(tx, settings)
        must_be(realm, "subscriber", name)
        return variables_document(realm, name)

    return store.read(work)


# --- routes ------------------------------------------------------------------


def show_route(store: Store, settings: Settings, distributor: str, name: str | None) -> Document:
    """The way to one subscriber, hop by hop with its reason, or the tree of everybody who is to
    get anything of a distributor. NotFound."""

    def work(tx: Transaction) -> Document:
        realm = declared_realm(tx, settings)
        must_be(realm, "distributor", distributor)
        if name is not None:
            must_be(realm, "subscriber", name)
            hops = route(realm, realm.distributors[distributor], name)
            return {"distributor": distributor, "subscriber": name,
                    "hops": [asdict(hop) for hop in hops]}  # fmt: skip
        owned = [d.name for d in realm.distributions.values() if d.distributor == distributor]
        trees = [tree_of(realm, one) for one in sorted(owned)]
        parents = {node: parent for tree in trees for node, parent in tree.parents.items()}
        whole = Tree("", distributor, {}, parents)
        return {
            "distributor": distributor,
            "tree": _branches(realm, whole, ORIGIN, trees),
            "lost": {node: why for tree in trees for node, why in tree.lost.items()},
        }

    return store.read(work)


def _branches(realm: Realm, whole: Tree, node: str, trees: list[Tree]) -> list[Document]:
    owner = realm.distributors[whole.distributor]
    return [
        {
            "node": child,
            "reason": route(realm, owner, child)[-1].reason,
            "distributions": [tree.distribution for tree in trees if child in tree.receivers],
            "children": _branches(realm, whole, child, trees),
        }
        for child in whole.children(node)
    ]

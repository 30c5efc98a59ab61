"""How far every expected receiver is with the versions of a distribution, and why not further."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from horarium.distribution.messages import Row
from horarium.distribution.realm import Realm
from horarium.distribution.records import Document
from horarium.distribution.states import State
from horarium.distribution.tree import ORIGIN, Tree, tree_of
from horarium.kernel.errors import NotFound
from horarium.kernel.instant import format_instant
from horarium.kernel.nearest import nearest
from horarium.runtime.realm import read_realm_of
from horarium.runtime.settings import Settings
from horarium.store.store import Store

MARKS = {
    State.EXTRACTED: "✓",
    State.EXTRACT_FAILED: "✗",
    State.CORRUPT: "✗",
    State.RECEIVED: "●",
    State.EXTRACT_WAIT: "●",
    State.RECEIVING: "▸",
    State.VERIFYING: "▸",
    State.SUSPENDED: "‖",
}


def status_document(store: Store, settings: Settings, name: str, versions: int) -> Document:
    """The newest versions of a distribution, each with its receivers in the order of the tree.
    NotFound when there is no such distribution."""
    realm = store.read(lambda tx: read_realm_of(tx, settings))
    if name not in realm.distributions:
        raise NotFound(f"there is no distribution {name}{nearest(name, realm.distributions)}")
    tree = tree_of(realm, name)
    found = store.read(lambda tx: tx.versions.newest(name, versions))
    listed: list[Document] = []
    for version, retired in found:
        number = version.number
        rows = {row.subscriber: row for row in _rows(store, name, number)}
        listed.append(
            {
                "version": number,
                "built": format_instant(version.built),
                "files": version.files,
                "bytes": version.size,
                "retired": format_instant(retired) if retired is not None else None,
                "nodes": [
                    _node(realm, tree, node, rows.get(node)) for node in _in_order(tree, rows)
                ],
            }
        )
    return {"distribution": name, "versions": listed}


def _rows(store: Store, name: str, number: int) -> list[Row]:
    return store.read(lambda tx: tx.versions.rows(name, number))


def _in_order(tree: Tree, rows: dict[str, Row]) -> Iterator[str]:
    seen = list(tree.below(ORIGIN))
    yield from seen
    yield from sorted(rows.keys() - set(seen))


def _node(realm: Realm, tree: Tree, node: str, row: Row | None) -> Document:
    parents = tree.path(node) if node in tree.parents else ()
    forward_only = node in tree.parents and tree.forward_only(node)
    state = row.state if row is not None else ("forward_only" if forward_only else "unsubscribed")
    return {
        "node": node,
        "parent": (parents[-2] if len(parents) > 1 else tree.distributor) if parents else None,
        "tier": len(parents),
        "state": state,
        "percent": _percent(row),
        "reason": (row.reason or None) if row is not None else None,
        "since": format_instant(row.at) if row is not None else None,
        "octets": row.octets if row is not None else 0,
    }


def _percent(row: Row | None) -> int:
    if row is None:
        return 0
    done = {State.EXTRACTED, State.RECEIVED, State.EXTRACT_WAIT}
    return 100 if row.state in {state.value for state in done} else row.percent


def status_lines(document: Document) -> Iterator[str]:
    """The status as people read it: the tree, a mark for each node."""
    versions: Any = document["versions"]
    for version in versions:
        yield (
            f"{document['distribution']} version {version['version']}, built {version['built']}, "
            f"{version['files']} files, {version['bytes']} octets"
        )
        for node in version["nodes"]:
            known = node["state"] in list(State)
            mark = MARKS.get(State(node["state"]), "…") if known else "→"
            percent = f" {node['percent']} %" if 0 < node["percent"] < 100 else ""
            reason = f"  {node['reason']}" if node["reason"] else ""
            indent = "  " * node["tier"]
            yield f"{indent}{mark} {node['node']}: {node['state']}{percent}{reason}"

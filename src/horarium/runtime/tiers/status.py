"""How far every expected receiver is with the versions of a distribution, and why not further."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from horarium.distribution.causes import Facts, cause
from horarium.distribution.records import Document
from horarium.distribution.schedules import Act, object_id
from horarium.distribution.states import State
from horarium.distribution.tree import ORIGIN, Tree
from horarium.distribution.version import Version
from horarium.kernel.instant import Instant, format_instant
from horarium.runtime.extra_windows import extra_window_document, open_by_hand
from horarium.runtime.realm_views import must_be
from horarium.runtime.settings import Settings
from horarium.runtime.tiers.overview import Overview
from horarium.store.acts import Logged
from horarium.store.store import Store, Transaction
from horarium.store.versions import Build

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
OUT_OF_REACH = ("unreachable", "never_contacted", "parent_down")
MOST_SKIPPED = 20
"""Moments that were not made and are told with a status: the newest ones."""
MOST_BUILDS = 5
_CELLS = 20


def status_document(
    store: Store, settings: Settings, name: str, versions: int, now: Instant
) -> Document:
    """The newest versions of a distribution, each with its receivers in the order of the tree; the
    windows that are open by hand, and the channels that somebody holds; its newest builds; and what
    its schedule wanted and did not get, with the reason. NotFound when there is no such
    distribution."""

    return store.read(lambda tx: status_of(Overview(tx, settings, now), name, versions))


def status_of(known: Overview, name: str, versions: int) -> Document:
    """As `status_document`, of what is being read."""
    must_be(known.realm, "distribution", name)
    listed = [
        _version(known.facts(name, version), version, retired)
        for version, retired in known.tx.versions.newest(name, versions)
    ]
    active = [one for one in known.carrying(name) if known.realm.channels[one].active]
    opened = open_by_hand(known.tx, active)
    missed = not_made(known, name)
    return {
        "distribution": name,
        "versions": listed,
        "opened_by_hand": [extra_window_document(one) for one in opened],
        "paused": [
            {"channel": one, "since": format_instant(pause.since), "by": pause.by}
            for one, pause in sorted(known.paused.items())
            if one in active
        ],
        "builds": [build_document(one) for one in known.tx.versions.builds(name, MOST_BUILDS)],
        "not_made": [not_made_document(one) for one in missed[:MOST_SKIPPED]],
    }


def _version(facts: Facts, version: Version, retired: Instant | None) -> Document:
    return {
        "version": version.number,
        "built": format_instant(version.built),
        "files": version.files,
        "bytes": version.size,
        "retired": format_instant(retired) if retired is not None else None,
        "nodes": [node_document(facts, node) for node in in_order(facts.tree, facts.rows)],
    }


def in_order(tree: Tree, rows: Iterable[str]) -> list[str]:
    """Parents before their children, behind them those who are in the tree no more."""
    seen = list(tree.below(ORIGIN))
    return [*seen, *sorted(set(rows) - set(seen))]


def node_document(facts: Facts, node: str) -> Document:
    """Where one node is with a version."""
    tree, row = facts.tree, facts.rows.get(node)
    parents = tree.path(node) if node in tree.parents else ()
    found = cause(facts, node)
    state = found.state.value if found.state is not None else "forward_only"
    link = facts.turned.get(node)
    return {
        "node": node,
        "parent": (parents[-2] if len(parents) > 1 else tree.distributor) if parents else None,
        "tier": len(parents),
        "state": state,
        "percent": found.percent,
        "reason": str(found.reason) or None,
        "until": format_instant(found.reason.until) if found.reason.until is not None else None,
        "since": format_instant(row.at) if row is not None else None,
        "octets": row.octets if row is not None else 0,
        "link_since": format_instant(link.since) if link is not None else None,
        "link_reason": link.reason if link is not None else None,
    }


def counted(nodes: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """How many receivers are in which of a few states: extracted, received, under_way, waiting,
    failed, out_of_reach. Who only passes a version on, or gets it no more, is not counted."""
    found = Counter(group_of(node) for node in nodes)
    found.pop("", None)
    return dict(found)


def group_of(node: Mapping[str, Any]) -> str:
    """The one of a few states in which a receiver is; empty for who is no receiver."""
    state, reason = node["state"], node["reason"] or ""
    if state in ("unsubscribed", "superseded", "forward_only"):
        return ""
    if state == State.EXTRACTED:
        return "extracted"
    if state in (State.EXTRACT_FAILED, State.CORRUPT):
        return "failed"
    if state in (State.RECEIVED, State.EXTRACT_WAIT, State.ALREADY_HAVE):
        return "received"
    if reason.startswith(OUT_OF_REACH):
        return "out_of_reach"
    return "waiting" if state in (State.PENDING, State.NOT_ELIGIBLE, State.REFUSED) else "under_way"


def build_document(build: Build) -> Document:
    """A build as a table of JSON."""
    return {
        "cause": build.cause,
        "started": format_instant(build.started),
        "ended": format_instant(build.ended) if build.ended is not None else None,
        "outcome": build.outcome or "runs",
        "reason": build.reason or None,
        "version": build.version,
        "bytes": build.size,
        "delta_bytes": build.delta,
    }


def not_made(known: Overview, name: str) -> list[Logged]:
    """Moments of a distribution's builds, of the windows in which it is sent and of its
    distributor's refreshes that were not made, the newest first."""
    owner = known.realm.distributions[name].distributor
    acts = [object_id(Act.BUILD, name), object_id(Act.REFRESH, owner)]
    acts += [f"{object_id(Act.SEND, channel)}/{owner}" for channel in known.carrying(name)]
    found = [one for act in acts for one in known.tx.acts.logged(act, 200) if one.what == "skipped"]
    return sorted(found, key=lambda one: (one.at, one.due), reverse=True)


def not_made_document(one: Logged) -> Document:
    """Moments that were not made, as a table of JSON."""
    return {
        "what": one.name, "due": format_instant(one.due), "reason": one.reason, "times": one.count,
    }  # fmt: skip


def subscriber_document(store: Store, settings: Settings, name: str, now: Instant) -> Document:
    """How far a subscriber is with the newest version of everything that it gets or got.
    NotFound."""

    return store.read(lambda tx: subscriber_of(Overview(tx, settings, now), name))


def watch_list(
    store: Store, settings: Settings, names: Iterable[str], now: Instant
) -> list[Document]:
    """As `subscriber_document` of each of several subscribers, or of the members of ``@GROUP``, at
    one instant. NotFound for one that is not declared."""

    def work(tx: Transaction) -> list[Document]:
        known = Overview(tx, settings, now)
        wanted: list[str] = []
        for name in names:
            if name.startswith("@"):
                must_be(known.realm, "subscriber_group", name[1:])
                wanted += known.realm.groups[name[1:]].members
            else:
                wanted.append(name)
        return [subscriber_of(known, name) for name in dict.fromkeys(wanted)]

    return store.read(work)


def subscriber_of(known: Overview, name: str) -> Document:
    """As `subscriber_document`, of what is being read."""
    must_be(known.realm, "subscriber", name)
    seen = known.seen.get(name)
    listed: list[Document] = []
    for distribution in sorted(known.realm.distributions):
        newest = next(iter(known.tx.versions.newest(distribution, 1)), None)
        if newest is None:
            continue
        facts, number = known.facts(distribution, newest[0]), newest[0].number
        if name in facts.rows or name in facts.tree.parents:
            own = node_document(facts, name)
            listed.append({"distribution": distribution, "version": number, **own})
    return {
        "subscriber": name,
        "seen": format_instant(seen[0]) if seen is not None else None,
        "revoked": bool(seen and seen[1]),
        "distributions": listed,
    }


# --- as people read it ---------------------------------------------------------


def status_lines(document: Document) -> Iterator[str]:
    """The status as people read it: the tree, a mark and a bar for each node."""
    versions: Any = document["versions"]
    for version in versions:
        yield (
            f"{document['distribution']} version {version['version']}, built {version['built']}, "
            f"{version['files']} files, {version['bytes']} octets"
        )
        width = max((2 * node["tier"] + len(node["node"]) for node in version["nodes"]), default=0)
        for node in version["nodes"]:
            yield _line(node, "  " * node["tier"], node["node"], width - 2 * node["tier"])
    opened: Any = document["opened_by_hand"]
    for one in opened:
        since = f"{one['opened']} ({one['by']})"
        yield f"channel {one['channel']} is open by hand since {since}, until all is sent"
    paused: Any = document["paused"]
    for one in paused:
        yield f"channel {one['channel']} is paused since {one['since']} ({one['by']})"
    not_made: Any = document["not_made"]
    for one in not_made:
        times = f" ({one['times']} times)" if one["times"] > 1 else ""
        yield f"not made: {one['what']} of {one['due']}: {one['reason']}{times}"


def subscriber_lines(document: Document) -> Iterator[str]:
    """What a subscriber gets, as people read it."""
    seen = f"heard of at {document['seen']}" if document["seen"] else "never heard of"
    yield f"{document['subscriber']}: {'revoked, ' if document['revoked'] else ''}{seen}"
    listed: Any = document["distributions"]
    names = {id(one): f"{one['distribution']} {one['version']}" for one in listed}
    width = max(map(len, names.values()), default=0)
    for one in listed:
        yield _line(one, "  ", names[id(one)], width)


def _line(node: Mapping[str, Any], indent: str, name: str, width: int) -> str:
    percent = node["percent"]
    moving = 0 < percent < 100
    drawn = f" {bar(percent)} {percent} %" if moving else ""
    reason = f"  {node['reason']}" if node["reason"] else ""
    link = f"  (here since {node['link_since']}: {node['link_reason']})"
    turned = link if node["link_since"] else ""
    return f"{indent}{mark(node)} {name:<{width}} {node['state']}{drawn}{reason}{turned}"


def mark(node: Mapping[str, Any]) -> str:
    """One sign for how far a node is."""
    if (node["reason"] or "").startswith(OUT_OF_REACH):
        return "?"
    known = node["state"] in list(State)
    return MARKS.get(State(node["state"]), "…") if known else "→"


def bar(percent: int) -> str:
    """A bar of characters."""
    full = _CELLS * percent // 100
    return "█" * full + "░" * (_CELLS - full)

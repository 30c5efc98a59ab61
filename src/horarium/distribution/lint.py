"""What will starve, or never act, found in definitions and in what earlier runs took.

Schedules that starve each other do so in silence: everything is valid, and nothing arrives. Each
finding has a word for programs, and says what it is about.
"""

from __future__ import annotations

from collections.abc import Iterator

from horarium.distribution.finding import Finding, Level
from horarium.distribution.foresight import Foresight
from horarium.distribution.lint_times import time_findings
from horarium.distribution.past import Past
from horarium.distribution.precedence import distributor_settings, schedule_of, written_schedule
from horarium.distribution.realm import Channel, Realm
from horarium.distribution.schedules import LEAST_REFRESH, OWNERS, Act, fast_refresh, mapped
from horarium.distribution.settings import DISTRIBUTOR
from horarium.distribution.timing import usable
from horarium.distribution.tree import expected, subscribers_of, tree_of
from horarium.kernel.schedule import Schedule
from horarium.kernel.schedule_lint import lint as lint_schedule
from horarium.kernel.timetable import Circumstances, Timetable

MOST_DIRECT = 50
"""Receivers of the first tier without a parent: more of them, and one link carries everything."""


def lint(ahead: Foresight, past: Past) -> list[Finding]:
    """Everything found, errors first. What is known about keys is added by whom knows it."""
    realm = ahead.realm
    found = [
        *_without_schedule(realm),
        *_dead_paths(realm),
        *_refreshes(realm),
        *_orphans(realm),
        *_inactive(realm),
        *_routes(realm),
        *_rings(realm),
        *_rare_days(ahead),
        *time_findings(ahead, past),
    ]
    return sorted(found, key=lambda one: (_RANK[one.level], one.code, one.kind, one.name))


_RANK = {Level.ERROR: 0, Level.WARNING: 1, Level.NOTE: 2}


# --- schedules that are not there --------------------------------------------


def relays(realm: Realm) -> set[str]:
    """Subscribers that pass on to others."""
    found = {parent for node in realm.subscribers.values() for parent in node.parents}
    for distributor in realm.distributors.values():
        found |= {up for up in distributor.routes.values() if up}
    return found


def receivers(realm: Realm) -> set[str]:
    """Subscribers that an active entry of any channel reaches."""
    channels = realm.channels.values()
    return {name for channel in channels for name in subscribers_of(realm, channel)}


def _without_schedule(realm: Realm) -> Iterator[Finding]:
    for act, name, schedule in _all_schedules(realm):
        if schedule is None:
            kind = OWNERS[act]
            yield Finding(
                "no-schedule", Level.ERROR, kind, name,
                f"has no {act.value} schedule: it behaves as never", act.value,
            )  # fmt: skip


def _all_schedules(realm: Realm) -> Iterator[tuple[Act, str, Schedule | None]]:
    """Every schedule that is wanted, as it holds; a pure relay needs none for extraction."""
    only_relays = relays(realm) - receivers(realm)
    named = (
        (Act.REFRESH, realm.distributors),
        (Act.BUILD, realm.distributions),
        (Act.SEND, realm.channels),
        (Act.EXTRACT, realm.subscribers.keys() - only_relays),
    )
    for act, names in named:
        for name in sorted(names):
            yield act, name, written_schedule(realm, act, name)


def _dead_paths(realm: Realm) -> Iterator[Finding]:
    """Distributions that no usable path leads to anybody: every step is there, and never acts."""
    for name, distribution in sorted(realm.distributions.items()):
        steps = {Act.BUILD: name, Act.REFRESH: distribution.distributor}
        for act, whose in steps.items():
            schedule = written_schedule(realm, act, whose)
            if schedule is not None and not usable(schedule):
                yield _never(act, whose, name, "" if act is Act.BUILD else "nothing is discovered")
        got = expected(realm, name)
        channels = {channel for by in got.values() for channel in by}
        sends = [realm.channels[channel].send for channel in sorted(channels)]
        if sends and all(send is not None for send in sends) and not any(map(usable, sends)):
            yield _never(Act.SEND, sorted(channels)[0], name, "no channel of it ever opens")
        for receiver in sorted(got):
            schedule = written_schedule(realm, Act.EXTRACT, receiver)
            if schedule is not None and not usable(schedule):
                yield _never(Act.EXTRACT, receiver, name, "it is received and not extracted")


def _never(act: Act, whose: str, distribution: str, why: str) -> Finding:
    if act is Act.BUILD:
        # The documented way to stop rebuilding and keep on sending.
        return Finding(
            "no-schedule", Level.NOTE, "distribution", whose,
            "is never built on its own: what there is goes on being sent", "build",
        )  # fmt: skip
    return Finding(
        "no-schedule", Level.ERROR, OWNERS[act], whose,
        f"never acts, and {distribution} depends on it: {why}", act.value,
    )  # fmt: skip


def _refreshes(realm: Realm) -> Iterator[Finding]:
    for name in sorted(realm.distributors):
        schedule = schedule_of(realm, DISTRIBUTOR, name).value
        gap = fast_refresh(schedule) if schedule is not None else None
        if gap is None:
            continue
        allowed = distributor_settings(realm, name).allow_fast_refresh
        level = Level.WARNING if allowed else Level.ERROR
        message = f"two refreshes lie {gap} s apart, fewer than {LEAST_REFRESH} s"
        yield Finding("refresh-too-often", level, "distributor", name, message, "refresh")


def _rare_days(ahead: Foresight) -> Iterator[Finding]:
    realm = ahead.realm
    for act, name, schedule in _all_schedules(realm):
        if schedule is None:
            continue
        meant = mapped(act, schedule, realm.zone)
        table = Timetable(meant, Circumstances(activation=ahead.since, anchor=ahead.since))
        for odd in lint_schedule(table):
            if odd.code == "rare_day":
                yield Finding("day-missing", Level.NOTE, OWNERS[act], name, odd.message, act.value)
            elif odd.code in ("empty", "gate_excludes_all"):
                yield Finding("no-schedule", Level.ERROR, OWNERS[act], name, odd.message, act.value)


# --- objects that lead nowhere -----------------------------------------------


def _orphans(realm: Realm) -> Iterator[Finding]:
    def orphan(kind: str, name: str, message: str) -> Finding:
        return Finding("orphan", Level.WARNING, kind, name, message)

    listed = {name for channel in realm.channels.values() for name in channel.distributions}
    for name in sorted(realm.distributions.keys() - listed):
        yield orphan("distribution", name, "stands in no channel: nobody gets it")
    for name, channel in sorted(realm.channels.items()):
        if not channel.distributions:
            yield orphan("channel", name, "lists no distribution")
        if not subscribers_of(realm, channel):
            yield orphan("channel", name, "has no active subscriber")
    for name in sorted(realm.subscribers.keys() - receivers(realm) - relays(realm)):
        yield orphan("subscriber", name, "is subscribed to no channel, and passes nothing on")


def _inactive(realm: Realm) -> Iterator[Finding]:
    for name, channel in sorted(realm.channels.items()):
        for one in channel.distributions:
            if channel.active and not realm.distributions[one].active:
                message = f"is inactive in the active channel {name}: newcomers do not get it"
                advice = "; build = never stops rebuilding only"
                yield Finding("inactive-trap", Level.WARNING, "distribution", one, message + advice)


def _routes(realm: Realm) -> Iterator[Finding]:
    gaps: set[str] = set()
    direct: dict[str, set[str]] = {}
    for name, distribution in sorted(realm.distributions.items()):
        tree = tree_of(realm, name)
        for node, why in tree.lost.items():
            if node not in gaps:
                gaps.add(node)
                yield Finding("route-gap", Level.WARNING, "subscriber", node, why, "parents")
        alone = {node for node in tree.first_tier if not tree.children(node)}
        routed = realm.distributors[distribution.distributor].routes
        direct.setdefault(distribution.distributor, set()).update(alone - routed.keys())
    for name, nodes in sorted(direct.items()):
        if len(nodes) > MOST_DIRECT:
            message = f"sends to {len(nodes)} receivers itself: parents would carry it once"
            yield Finding("many-direct", Level.WARNING, "distributor", name, message)


def _rings(realm: Realm) -> Iterator[Finding]:
    ringed = {name: channel for name, channel in realm.channels.items() if channel.rings}
    for name, channel in sorted(ringed.items()):
        left = sorted(set(subscribers_of(realm, channel)) - _in_rings(realm, channel))
        if left:
            shown = ", ".join(left[:5]) + (" …" if len(left) > 5 else "")
            message = f"{len(left)} receivers are in no ring and come last: {shown}"
            yield Finding("ring-gap", Level.WARNING, "channel", name, message, "rings")
        for one in channel.distributions:
            for receiver, by in expected(realm, one).items():
                past = [other for other in by if other not in ringed]
                if name in by and past:
                    message = f"gets {one} through {past[0]} without the rings of {name}"
                    yield Finding("ring-bypass", Level.WARNING, "subscriber", receiver, message)


def _in_rings(realm: Realm, channel: Channel) -> set[str]:
    groups = (realm.groups.get(ring.group) for ring in channel.rings)
    return {name for group in groups if group is not None for name in group.members}

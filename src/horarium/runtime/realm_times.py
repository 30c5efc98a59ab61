"""Previews: what the schedules of distribution will do, as written and as they are meant."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from horarium.distribution.foresight import Foresight, alike, first_tier, senders
from horarium.distribution.precedence import written_schedule
from horarium.distribution.realm import Channel, Distributor, Realm, Subscriber
from horarium.distribution.schedules import OWNERS, Act, mapped
from horarium.distribution.timing import zone_of
from horarium.kernel.instant import Instant, format_instant
from horarium.kernel.moment import Opening
from horarium.kernel.period import Period
from horarium.kernel.periodset import PeriodSet
from horarium.kernel.schedule_writing import format_schedule
from horarium.runtime.extra_windows import extra_window_document, extra_windows
from horarium.runtime.link_calendars import link_calendars_at
from horarium.runtime.realm import change_seed, declared_realm
from horarium.runtime.realm_views import must_be, schedule_text
from horarium.runtime.settings import Settings
from horarium.store.engine import Key
from horarium.store.store import Store, Transaction

Document = dict[str, Any]

ACTS = {kind: act for act, kind in OWNERS.items()}
MOST_SHOWN = 100
WEEK = 7 * 86_400


def preview(
    store: Store, settings: Settings, kind: str, name: str, within: Period, now: Instant
) -> Document:
    """What the schedule of an object does in a period: firings with their windows, and of a channel
    its windows, what calendars took from them and why, and those opened by hand. NotFound."""

    def work(tx: Transaction) -> Document:
        realm = declared_realm(tx, settings)
        must_be(realm, kind, name)
        ahead = Foresight(realm, within.start, link_calendars_at(tx, settings, now))
        if kind == "channel":
            document = _channel(ahead, realm.channels[name], within)
            opened = extra_windows(tx, {name}, within.start)
            found = [extra_window_document(one) for one in opened if one.opened < within.end]
            return {**document, "by_hand": found}
        return _firings(ahead, ACTS[kind], name, within)

    return store.read(work)


def _firings(ahead: Foresight, act: Act, name: str, within: Period) -> Document:
    written = written_schedule(ahead.realm, act, name)
    zone = zone_of(ahead.realm, act, name)
    found = ahead.firings(act, name, within.end)
    return {
        "id": name,
        "act": act.value,
        "written": schedule_text(written),
        "meant": format_schedule(mapped(act, written, zone)),
        "zone": zone,
        "firings": [_firing(one) for one in found[:MOST_SHOWN]],
        "more": max(len(found) - MOST_SHOWN, 0),
    }


def _firing(one: Opening) -> Document:
    window = one.window
    return {
        "at": format_instant(one.due),
        "window": _span(window) if window is not None else None,
        "notes": list(one.notes),
    }


def _span(period: Period) -> dict[str, str]:
    return {"start": format_instant(period.start), "end": format_instant(period.end)}


def _spans(found: PeriodSet) -> list[dict[str, str]]:
    return [_span(period) for period in found]


def _channel(ahead: Foresight, channel: Channel, within: Period) -> Document:
    windows = [
        _window(ahead, channel, distributor, receivers, within)
        for distributor in senders(ahead.realm, channel)
        for receivers in alike(ahead.realm, channel, distributor)
    ]
    return {
        "id": channel.name,
        "act": Act.SEND.value,
        "active": channel.active,
        "written": schedule_text(channel.send),
        "rate_grid": list(channel.rate_grid),
        "calendar": asdict(channel.calendar) if channel.calendar is not None else None,
        "windows": windows,
    }


def _window(
    ahead: Foresight, channel: Channel, distributor: Distributor,
    receivers: tuple[Subscriber, ...], within: Period,
) -> Document:  # fmt: skip
    sending, node = ahead.sending, receivers[0]
    asked = (channel, distributor, node, within.start, within.end)
    scheduled, left = sending.schedule_windows(*asked), sending.windows(*asked)
    calendars = [c for c in (channel.calendar, node.calendar) if c is not None]
    reserved = {c.resource: ahead.busy(c.resource, within) for c in calendars}
    walks = ahead.firings(
        Act.SEND, channel.name, within.end, distributor=distributor.name, receiver=node.name
    )
    zone = zone_of(
        ahead.realm, Act.SEND, channel.name, distributor=distributor.name, receiver=node.name
    )
    return {
        "distributor": distributor.name,
        "receivers": [one.name for one in receivers],
        "zone": sending.zone(channel, distributor, node).name,
        "meant": format_schedule(mapped(Act.SEND, channel.send, zone)),
        "open": _spans(left),
        "taken": _spans(scheduled.subtract(left)),
        "reserved": {
            resource: _spans(found) if found is not None else None
            for resource, found in reserved.items()
        },
        "walks": [_firing(one) for one in walks[:MOST_SHOWN]],
    }


# --- the seed ----------------------------------------------------------------


def draw_seed_anew(store: Store, settings: Settings, now: Instant, *, dry_run: bool) -> int:
    """Gives the realm another seed; how many firings and openings of the next seven days lie
    elsewhere by it."""

    def work(tx: Transaction) -> int:
        before = _drawn(declared_realm(tx, settings), now)
        change_seed(tx)
        tx.directory.raise_version()
        tx.directory.audit(now, "command", "draw seed", "realm", None, None)
        after = _drawn(declared_realm(tx, settings), now)
        return len(before - after)

    run = store.foresee if dry_run else store.transact
    return run([Key(store.tenant, "site", "objects")], work)


def _drawn(realm: Realm, now: Instant) -> set[tuple[str, str, Instant]]:
    ahead, end = Foresight(realm, now), Instant(now + WEEK)
    found: set[tuple[str, str, Instant]] = set()
    for kind, act in ACTS.items():
        for name in {"distributor": realm.distributors, "distribution": realm.distributions,
                     "channel": realm.channels, "subscriber": realm.subscribers}[kind]:  # fmt: skip
            schedule = written_schedule(realm, act, name)
            if schedule is None or not (schedule.random_window or schedule.jitter):
                continue
            for sender, receiver in _sides(realm, act, name):
                firings = ahead.firings(act, name, end, distributor=sender, receiver=receiver)
                found |= {(act.value, f"{name} {sender}", one.due) for one in firings}
    return found


def _sides(realm: Realm, act: Act, name: str) -> list[tuple[str, str]]:
    if act is not Act.SEND:
        return [("", "")]
    channel = realm.channels[name]
    sides = []
    for sender in senders(realm, channel):
        tier = first_tier(realm, channel, sender)
        sides += [(sender.name, tier[0].name)] if tier else []
    return sides

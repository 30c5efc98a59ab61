"""Distribution in the agenda: the windows of channels, and when builds and the like fire.

What lies before the present is what was built then; an act with very many firings in a day stands
there once for the day, and so do the extractions of very many subscribers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from horarium.distribution.foresight import Foresight, alike, senders
from horarium.distribution.realm import Channel, Realm
from horarium.distribution.schedules import OWNERS, Act
from horarium.distribution.sending import Sending
from horarium.kernel.instant import Instant, day_of
from horarium.kernel.period import Period
from horarium.kernel.zone import Zone, named
from horarium.runtime.directive_agenda import MOST_IN_A_DAY, Item
from horarium.runtime.distribution_questions import kept_anchors, what_fires
from horarium.runtime.link_calendars import link_calendars_at
from horarium.runtime.realm import realm_in_effect
from horarium.runtime.settings import Settings
from horarium.store.store import Transaction

KIND = "distribution"
MOST_BUILDS = 1_000
MOST_AT_ONCE, MOST_NAMED = 3, 5
"""Extractions of one instant that stand there one by one, and names where they do not."""


def distribution_items(
    tx: Transaction, settings: Settings, within: Period, now: Instant
) -> Iterator[Item]:
    """Everything of distribution that overlaps a period, in no order."""
    realm = realm_in_effect(tx, settings)
    busy, anchors = link_calendars_at(tx, settings, now), kept_anchors(tx)
    windows = Foresight(realm, within.start, busy, anchors).sending
    for channel in realm.channels.values():
        if channel.active:
            yield from _windows(realm, windows, channel, within)
    for name in realm.distributions:
        for build in tx.versions.builds(name, MOST_BUILDS):
            end = build.ended if build.ended is not None else now
            if build.started < within.end and max(end, build.started + 1) > within.start:
                said = build.outcome or "goes on"
                yield _item("distribution", name, build.started, build.ended, f"build: {said}")
    if within.end > now:
        ahead = Foresight(realm, max(within.start, now), busy, anchors)
        yield from _firings(ahead, within.end, named(realm.zone))


def _windows(realm: Realm, sending: Sending, channel: Channel, within: Period) -> Iterator[Item]:
    """Each window once for all whose window it is."""
    for distributor in senders(realm, channel):
        for nodes in alike(realm, channel, distributor):
            asked = (channel, distributor, nodes[0], within.start, within.end)
            for period in sending.windows(*asked):
                what = f"send window, {distributor.name} to {len(nodes)}"
                yield _item("channel", channel.name, period.start, period.end, what)


def _firings(ahead: Foresight, end: Instant, zone: Zone) -> Iterator[Item]:
    realm = ahead.realm
    for act, names in ((Act.REFRESH, realm.distributors), (Act.BUILD, realm.distributions)):
        for name in names:
            yield from _of_one(ahead, act, name, end, zone)
    if len(realm.subscribers) <= MOST_IN_A_DAY:
        yield from _together(
            one for name in realm.subscribers
            for one in _of_one(ahead, Act.EXTRACT, name, end, zone)
        )  # fmt: skip
        return
    fired = sorted(
        (one.due, name) for name in realm.subscribers
        for one in ahead.firings(Act.EXTRACT, name, end)
    )  # fmt: skip
    for _, group in groupby(fired, lambda one: day_of(zone.to_wall(one[0]))):
        day = list(group)
        what = f"extract: {len(day):,} times at {len({name for _, name in day}):,} subscribers"
        yield Item(day[0][0], Instant(day[-1][0] + 1), KIND, "subscribers", what, "extract")


def _together(items: Iterable[Item]) -> Iterator[Item]:
    """Extractions at one instant stand there once, where they are many."""
    by_instant: dict[tuple[Instant, str], list[Item]] = {}
    for item in items:
        by_instant.setdefault((item.start, item.what), []).append(item)
    for (start, what), found in by_instant.items():
        if len(found) <= MOST_AT_ONCE:
            yield from found
            continue
        names = ", ".join(item.id for item in found[:MOST_NAMED])
        more = f" and {len(found) - MOST_NAMED} more" if len(found) > MOST_NAMED else ""
        what = f"{what}: {len(found)} subscribers ({names}{more})"
        yield Item(start, None, KIND, "subscribers", what, "extract")


def _of_one(ahead: Foresight, act: Act, name: str, end: Instant, zone: Zone) -> Iterator[Item]:
    found = ahead.firings(act, name, end)
    for _, group in groupby(found, lambda one: day_of(zone.to_wall(one.due))):
        day = list(group)
        if len(day) > MOST_IN_A_DAY:
            what = f"{act.value}: {len(day):,} times"
            yield _item(OWNERS[act], name, day[0].due, day[-1].due, what)
            continue
        for one in day:
            yield _item(OWNERS[act], name, one.due, None, what_fires(act, one))


def _item(kind: str, name: str, start: Instant, end: Instant | None, what: str) -> Item:
    last = end if end is not None and end > start else None
    return Item(start, last, KIND, name, what, f"{kind}:{name}")

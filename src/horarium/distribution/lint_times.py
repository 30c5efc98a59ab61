"""What does not fit into its time: windows too short, rates too low, schedules that miss each
other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

from horarium.distribution.finding import Finding, Level
from horarium.distribution.forecast import forecast
from horarium.distribution.foresight import Foresight, alike, first_tier, senders
from horarium.distribution.past import ASSUMED_RATE, Past
from horarium.distribution.precedence import distributor_settings, subscriber_settings
from horarium.distribution.realm import Channel, Distributor, Priority, Subscriber
from horarium.distribution.schedules import Act
from horarium.distribution.tree import tree_of
from horarium.kernel.errors import LimitReached
from horarium.kernel.gregorian import DAY
from horarium.kernel.instant import Instant, day_of
from horarium.kernel.periodset import EMPTY, PeriodSet
from horarium.kernel.schedule import Type
from horarium.kernel.zone import named

WEEK = 7 * DAY
SHORTLY = 3_600
"""A build this little before a refresh was meant to come after it."""
JUST_BEFORE = 2 * 3_600
LONG = 12 * 3_600


def time_findings(ahead: Foresight, past: Past) -> Iterator[Finding]:
    """Everything found by looking a week ahead."""
    for name in sorted(ahead.realm.channels):
        yield from _channel(ahead, past, ahead.realm.channels[name])
    yield from _links(ahead)
    for name in sorted(ahead.realm.distributors):
        yield from _refresh_and_jobs(ahead, past, name)
        yield from _slow_classes(ahead, past, name)
    for name in sorted(ahead.realm.distributions):
        yield from _builds(ahead, past, name)
    yield from _extractions(ahead, past)


def _week(ahead: Foresight) -> Instant:
    return Instant(ahead.since + WEEK)


# --- sending -----------------------------------------------------------------


def send_seconds(
    ahead: Foresight, past: Past, channel: Channel, distributor: Distributor
) -> float | None:
    """What one version of each distribution of a channel needs of its window: octets by rate, once
    for every wave of receivers. None when no size is known."""
    tier = first_tier(ahead.realm, channel, distributor)
    names = [name for name in channel.distributions if name in past.octets
             and ahead.realm.distributions[name].distributor == distributor.name]  # fmt: skip
    if not tier or not names:
        return None
    settings = distributor_settings(ahead.realm, distributor.name)
    at_once = min(len(tier), settings.max_concurrent or len(tier))
    waves = -(-len(tier) // at_once)
    total = 0.0
    for name in names:
        out = settings.output_rate[ahead.realm.distributions[name].priority]
        limits = [out / at_once if out is not None else None, _grid_rate(ahead, channel, tier[0])]
        limits += [subscriber_settings(ahead.realm, node.name).input_rate for node in tier]
        rate = min((x for x in limits if x is not None), default=ASSUMED_RATE)
        total += past.octets[name] / rate * waves
    return total


def _grid_rate(ahead: Foresight, channel: Channel, node: Subscriber) -> float | None:
    """The mean rate of a channel's grid over what is open in a week; None without one."""
    if not channel.rate_grid:
        return None
    sending = ahead.sending
    owner = senders(ahead.realm, channel)[0]
    found = sending.windows(channel, owner, node, ahead.since, _week(ahead))
    cells = sending.grid(channel).rates_between(
        ahead.since, _week(ahead), sending.zone(channel, owner, node)
    )
    octets = sum(
        found.intersect(PeriodSet([period])).total() * (ASSUMED_RATE if rate is None else rate)
        for period, rate in cells
    )
    return octets / found.total() if octets else None


def _channel(ahead: Foresight, past: Past, channel: Channel) -> Iterator[Finding]:
    if not channel.active:
        return
    for distributor in senders(ahead.realm, channel):
        tier = first_tier(ahead.realm, channel, distributor)
        needed = send_seconds(ahead, past, channel, distributor)
        if tier:
            yield from _shut_by_grid(ahead, channel, distributor)
        if not tier or needed is None:
            continue
        found = EMPTY
        for nodes in alike(ahead.realm, channel, distributor):
            asked = (channel, distributor, nodes[0], ahead.since, _week(ahead))
            found = found.union(ahead.sending.windows(*asked))
        longest = max((period.seconds for period in found), default=0)
        if not longest or needed <= longest:
            continue
        level = Level.ERROR if needed > found.total() else Level.WARNING
        known = all(name not in past.estimated for name in channel.distributions)
        message = (
            f"{distributor.name} needs {needed:.0f} s to send all of it to {len(tier)}: the "
            f"longest window of a week has {longest} s, all of them {found.total()} s"
        )
        yield Finding(
            "send-too-short", level, "channel", channel.name, message, "send", estimated=not known
        )


def _shut_by_grid(
    ahead: Foresight, channel: Channel, distributor: Distributor
) -> Iterator[Finding]:  # fmt: skip
    """A schedule that opens, and a rate grid that closes all of it."""
    opened = ahead.sending.schedule_windows
    for node, *_ in alike(ahead.realm, channel, distributor):
        asked = (distributor, node, ahead.since, _week(ahead))
        if opened(replace(channel, rate_grid=()), *asked) and not opened(channel, *asked):
            message = "for a week its rate is 0 wherever its schedule is open"
            yield Finding(
                "send-too-short", Level.ERROR, "channel", channel.name, message, "rate_grid"
            )  # fmt: skip
            return


def _links(ahead: Foresight) -> Iterator[Finding]:
    """Calendars that take every window of a week."""
    for name, channel in sorted(ahead.realm.channels.items()):
        for distributor in senders(ahead.realm, channel) if channel.active else ():
            for node, *_ in alike(ahead.realm, channel, distributor):
                if channel.calendar is None and node.calendar is None:
                    continue
                asked = (channel, distributor, node, ahead.since, _week(ahead))
                if ahead.sending.schedule_windows(*asked) and not ahead.sending.windows(*asked):
                    calendar = node.calendar or channel.calendar
                    whose = ("subscriber", node.name) if node.calendar else ("channel", name)
                    resource = calendar.resource if calendar is not None else ""
                    message = f"for a week {resource} leaves no window of {name} open"
                    yield Finding("link-never-open", Level.WARNING, *whose, message, "calendar")


def _slow_classes(ahead: Foresight, past: Past, name: str) -> Iterator[Finding]:
    """Rates of a priority that can not carry what is built of it in a week."""
    realm, end = ahead.realm, _week(ahead)
    rates = distributor_settings(realm, name).output_rate
    for priority in Priority:
        rate = rates[priority]
        if rate is None:
            continue
        octets, found, estimated = 0, EMPTY, False
        for one in realm.distributions.values():
            if one.distributor != name or one.priority != priority or one.name not in past.octets:
                continue
            tier = tree_of(realm, one.name).first_tier
            builds = len(ahead.firings(Act.BUILD, one.name, end))
            octets += past.octets[one.name] * max(builds, 1) * len(tier)
            estimated |= one.name in past.estimated
            looked: set[object] = set()
            for node in tier:
                if (key := ahead.sending.alike(one.name, node)) not in looked:
                    looked.add(key)
                    found = found.union(ahead.sending.union(one.name, node, ahead.since, end))
        if found and octets > rate * found.total():
            message = (
                f"its {priority.value} rate carries {rate * found.total():,} octets in the windows "
                f"of a week, its builds may make {octets:,}"
            )
            yield Finding(
                "rate-too-low", Level.WARNING, "distributor", name, message,
                f"output_rate.{priority.value}", estimated,
            )  # fmt: skip


# --- refresh and build -------------------------------------------------------


def _refresh_and_jobs(ahead: Foresight, past: Past, name: str) -> Iterator[Finding]:
    realm = ahead.realm
    firings = [one.due for one in ahead.firings(Act.REFRESH, name, _week(ahead))]
    gap = min((later - earlier for earlier, later in pairwise(firings)), default=None)
    if gap is None:
        return
    jobs: list[tuple[float, str]] = [
        (past.seconds[one], f"a build of {one}")
        for one in realm.distributions
        if realm.distributions[one].distributor == name and one in past.seconds
    ]
    for channel in realm.channels.values():
        needed = send_seconds(ahead, past, channel, realm.distributors[name])
        if needed is not None:
            jobs.append((needed, f"sending through {channel.name}"))
    longest, what = max(jobs, default=(0.0, ""))
    if longest > gap:
        cancels = distributor_settings(realm, name).refresh_cancels
        message = f"refreshes every {gap} s, but {what} takes {longest:.0f} s"
        message += " and is cancelled by it" if cancels else ": it goes on through the refresh"
        level = Level.ERROR if cancels else Level.NOTE
        yield Finding("refresh-shorter-than-job", level, "distributor", name, message, "refresh")


def _builds(ahead: Foresight, past: Past, name: str) -> Iterator[Finding]:
    distribution = ahead.realm.distributions[name]
    if distribution.build is None or not distribution.active:
        return
    if distribution.build.type is Type.IMMEDIATELY or distribution.build.signal == "refresh":
        message = "is built at every refresh: one by hand in business hours builds too"
        yield Finding("build-immediately", Level.NOTE, "distribution", name, message, "build")
    builds = [one.due for one in ahead.firings(Act.BUILD, name, _week(ahead))]
    refreshes = [
        one.due for one in ahead.firings(Act.REFRESH, distribution.distributor, _week(ahead))
    ]
    early = [t for t in builds if any(0 < other - t <= SHORTLY for other in refreshes)]
    soon = [t for t in builds if any(0 <= t - other <= SHORTLY for other in refreshes)]
    if len(early) * 2 > len(builds) and len(soon) * 2 <= len(builds):
        message = (
            "is built shortly before the refresh that would show what was edited: refresh at the "
            "end of the day, and build 15 to 30 minutes later"
        )
        yield Finding("build-before-refresh", Level.NOTE, "distribution", name, message, "build")
    yield from _built_too_late(ahead, past, name, builds)


def _built_too_late(
    ahead: Foresight, past: Past, name: str, builds: list[Instant]
) -> Iterator[Finding]:
    """Builds that usually end when the day's window has closed."""
    realm = ahead.realm
    tree = tree_of(realm, name)
    if not tree.first_tier or not builds:
        return
    node = tree.first_tier[0]
    zone = named(realm.distributors[tree.distributor].zone or realm.zone)
    start, end = Instant(ahead.since - DAY), Instant(_week(ahead) + DAY)
    windows = list(ahead.sending.union(name, node, start, end))
    missed = 0
    for built in (Instant(t + past.seconds.get(name, 0)) for t in builds):
        day = day_of(zone.to_wall(built))
        closed = any(w.end <= built and day_of(zone.to_wall(w.end)) == day for w in windows)
        later = any(w.end > built and day_of(zone.to_wall(w.start)) <= day for w in windows)
        missed += closed and not later
    if missed * 2 > len(builds):
        message = "its builds usually end after the day's send window has closed"
        estimated = name not in past.seconds or name in past.estimated
        yield Finding(
            "build-after-send", Level.WARNING, "distribution", name, message, "build", estimated
        )


# --- extraction --------------------------------------------------------------


def _extractions(ahead: Foresight, past: Past) -> Iterator[Finding]:
    """Extractions that fire just before what they wait for is received."""
    try:
        arrivals = forecast(ahead, past, _week(ahead))
    except LimitReached:
        return
    told: set[str] = set()
    before = Foresight(ahead.realm, Instant(ahead.since - DAY), ahead.busy, ahead.given)
    for one in arrivals:
        if one.received is None or one.extracted is None or one.node in told:
            continue
        lag = one.extracted - one.received
        fired = [f.due for f in before.firings(Act.EXTRACT, one.node, one.received)]
        if lag > LONG and fired and one.received - fired[-1] <= JUST_BEFORE:
            told.add(one.node)
            early = (one.received - fired[-1]) // 60
            message = (
                f"extraction fires {early} min before {one.distribution} is received, which then "
                f"waits {lag // 3600} h"
            )
            yield Finding(
                "extract-never-meets", Level.WARNING, "subscriber", one.node, message, "extract",
                estimated=one.distribution in past.estimated,
            )  # fmt: skip

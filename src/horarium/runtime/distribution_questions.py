"""What is open of a channel and its like, what comes next of it, and why it is open or not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from horarium.booking.trace import Evidence, Step
from horarium.distribution.foresight import Foresight, alike, senders
from horarium.distribution.precedence import written_schedule
from horarium.distribution.realm import Channel, Realm
from horarium.distribution.schedules import OWNERS, Act, Given
from horarium.distribution.sending import SendState
from horarium.distribution.timing import usable
from horarium.distribution.tree import expected, route, tree_of
from horarium.kernel.instant import Instant, format_instant
from horarium.kernel.moment import Opening
from horarium.kernel.period import Period
from horarium.kernel.periodset import EMPTY, PeriodSet
from horarium.kernel.schedule_writing import format_schedule
from horarium.runtime.answers import Explanation, OpenTime, Upcoming
from horarium.runtime.extra_windows import extra_windows, open_by_hand
from horarium.runtime.link_calendars import link_calendars_at
from horarium.runtime.realm import realm_in_effect
from horarium.runtime.settings import Settings
from horarium.store.store import Transaction

DAY = 86_400
REACHES = (8 * DAY, 62 * DAY, 400 * DAY)
"""How far ahead what comes next is looked for: the next stretch when one has not enough."""

KINDS = ("channel", "distribution", "distributor", "subscriber")
ACTS = {kind: act for act, kind in OWNERS.items()}


@dataclass(frozen=True, slots=True)
class Distributed:
    """One object of the realm, and the realm around it as it stands at ``now``."""

    tx: Transaction
    realm: Realm
    kind: str
    name: str
    now: Instant
    settings: Settings

    def ahead(self, since: Instant) -> Foresight:
        """The realm from an instant on, its schedules set in where they were."""
        busy = link_calendars_at(self.tx, self.settings, self.now)
        return Foresight(self.realm, since, busy, kept_anchors(self.tx))


def kept_anchors(tx: Transaction) -> dict[tuple[Act, str], Given]:
    """What the acts that are kept here were set into, by act and name."""
    found: dict[tuple[Act, str], Given] = {}
    for kept in tx.acts.all():
        owner, _, word = kept.name.rpartition("/")
        if word in list(Act):
            found[Act(word), owner.partition(":")[2]] = Given(kept.activated, kept.anchor)
    return found


def find_distributed(
    tx: Transaction, settings: Settings, name: str, now: Instant
) -> Distributed | None:
    """The channel, distribution, distributor or subscriber of a name; ``channel:x`` and its like
    say which is meant. None when there is none."""
    realm = realm_in_effect(tx, settings)
    objects = (realm.channels, realm.distributions, realm.distributors, realm.subscribers)
    for kind, known in zip(KINDS, objects, strict=True):
        bare = name.removeprefix(f"{kind}:")
        if bare in known:
            return Distributed(tx, realm, kind, bare, now, settings)
    return None


def names_of(tx: Transaction, settings: Settings) -> list[str]:
    """The names that can be asked for."""
    realm = realm_in_effect(tx, settings)
    return [*realm.channels, *realm.distributions, *realm.distributors, *realm.subscribers]


# --- what is open ------------------------------------------------------------


def open_of(found: Distributed, span: Period) -> OpenTime:
    """When something may be sent: through a channel, of a distribution, by a distributor, or to a
    subscriber, which below the first tier is as its own link allows."""
    return OpenTime(found.name, found.kind, _open(found, span))


def _open(found: Distributed, span: Period) -> PeriodSet:
    if found.kind == "subscriber":
        return _to(found, found.name, span)
    either = EMPTY
    for channel in _carrying(found):
        either = either.union(_channel(found, channel, span))
    return either


def _carrying(found: Distributed) -> list[Channel]:
    """The active channels that one is, that carry it, or that carry what it owns."""
    realm = found.realm
    if found.kind == "distribution":
        names = {found.name} if realm.distributions[found.name].active else set()
    else:
        names = {d.name for d in realm.distributions.values() if d.distributor == found.name}
    listed = [c for c in realm.channels.values() if names & set(c.distributions)]
    if found.kind == "channel":
        listed = [realm.channels[found.name]]
    return [channel for channel in listed if channel.active]


def _channel(found: Distributed, channel: Channel, span: Period) -> PeriodSet:
    """The windows for all of its first tier, and those that somebody opened by hand."""
    if not channel.active:
        return EMPTY
    by_hand = (
        Period(one.opened, one.closed or Instant(max(found.now, one.opened) + 1))
        for one in extra_windows(found.tx, {channel.name}, span.start)
        if one.closed != one.opened
    )
    scheduled = _scheduled_windows(found, channel, span)
    return scheduled.union(PeriodSet(by_hand).clip(span.start, span.end))


def _scheduled_windows(found: Distributed, channel: Channel, span: Period) -> PeriodSet:
    """The windows for all of its first tier."""
    either = EMPTY
    sending = found.ahead(span.start).sending
    for distributor in senders(found.realm, channel):
        for nodes in alike(found.realm, channel, distributor):
            asked = (channel, distributor, nodes[0], span.start, span.end)
            either = either.union(sending.windows(*asked))
    return either


def _to(found: Distributed, node: str, span: Period) -> PeriodSet:
    sending, either = found.ahead(span.start).sending, EMPTY
    for name in found.realm.distributions:
        tree = tree_of(found.realm, name)
        if node in tree.first_tier:
            either = either.union(sending.union(name, node, span.start, span.end))
        elif node in tree.parents:
            subscriber = found.realm.subscribers[node]
            either = either.union(sending.link_windows(subscriber, span.start, span.end))
    return either


# --- what is next ------------------------------------------------------------


def next_of(found: Distributed, count: int) -> list[Upcoming]:
    """Openings of a channel; refreshes, builds and extractions, and of a distribution its openings
    too; in order of start. A window that somebody opened by hand has no end yet."""
    coming: list[Upcoming] = []
    for reach in REACHES:
        end = Instant(found.now + reach)
        coming = sorted(_coming(found, end), key=lambda one: (one.at, one.what))
        if len(coming) >= count:
            break
    return coming[:count]


def _coming(found: Distributed, end: Instant) -> Iterator[Upcoming]:
    if found.kind in ("channel", "distribution"):
        yield from _openings(found, end)
    if found.kind != "channel":
        act = ACTS[found.kind]
        for one in found.ahead(found.now).firings(act, found.name, end):
            yield Upcoming(one.due, None, what_fires(act, one))


def _openings(found: Distributed, end: Instant) -> Iterator[Upcoming]:
    either, channels = EMPTY, _carrying(found)
    for channel in channels:
        either = either.union(_scheduled_windows(found, channel, Period(found.now, end)))
    for period in either:
        last = period.end if period.end < end else None
        yield Upcoming(period.start, last, "send window")
    for one in open_by_hand(found.tx, {channel.name for channel in channels}):
        what = f"send window of {one.channel} by hand ({one.opened_by}), until all is sent"
        yield Upcoming(one.opened, None, what)


def what_fires(act: Act, one: Opening) -> str:
    """What a firing is called: the act, and whether its instant was drawn."""
    return f"{act.value}, at random" if "random" in one.notes else act.value


# --- why ---------------------------------------------------------------------


def why_of(found: Distributed, at: Instant) -> Explanation:
    """Why something may be sent at an instant, or not: a step for each channel and receiver; of a
    distributor, and for extraction, whether it acts at all."""
    steps = {
        "channel": _why_channel,
        "distribution": _why_distribution,
        "subscriber": _why_subscriber,
        "distributor": _why_distributor,
    }[found.kind](found, at)
    told = tuple(steps)
    is_open = _open(found, Period(at, Instant(at + 1))).contains(at)
    return Explanation(found.name, "open" if is_open else "closed", told)


def _why_channel(found: Distributed, at: Instant) -> Iterator[Step]:
    channel = found.realm.channels[found.name]
    yield _gate("active", "" if channel.active else "inactive")
    yield _scheduled(found, Act.SEND, found.name)
    sending = found.ahead(at).sending
    for distributor in senders(found.realm, channel):
        of = found.realm.distributions
        mine = [name for name in channel.distributions if of[name].distributor == distributor.name]
        for nodes in alike(found.realm, channel, distributor):
            others = f" and {len(nodes) - 1} more" if len(nodes) > 1 else ""
            shown = nodes[0].name + others
            state = sending.state(mine[0], nodes[0].name, at)
            yield _step(f"{distributor.name} to {shown}", state)
    for one in extra_windows(found.tx, {channel.name}, at):
        if one.opened <= at:
            evidence: Evidence = {"opened": format_instant(one.opened), "by": one.opened_by}
            yield Step("opened by hand", "open", "", evidence)


def _why_distribution(found: Distributed, at: Instant) -> Iterator[Step]:
    yield _gate("active", "" if found.realm.distributions[found.name].active else "inactive")
    yield _scheduled(found, Act.BUILD, found.name)
    receivers = expected(found.realm, found.name)
    yield _gate("receivers", "" if receivers else "nobody_is_subscribed")
    sending = found.ahead(at).sending
    for node in tree_of(found.realm, found.name).first_tier:
        yield _step(node, sending.state(found.name, node, at))


def _why_subscriber(found: Distributed, at: Instant) -> Iterator[Step]:
    yield _scheduled(found, Act.EXTRACT, found.name)
    sending, subscribed = found.ahead(at).sending, False
    for name in sorted(found.realm.distributions):
        tree = tree_of(found.realm, name)
        if found.name not in tree.parents:
            continue
        subscribed = True
        if found.name in tree.first_tier:
            yield _step(name, sending.state(name, found.name, at))
        else:
            hops = route(found.realm, found.realm.distributors[tree.distributor], found.name)
            way: list[str] = [hop.node for hop in hops]
            yield Step(name, "open", "below_first_tier", {"way": way})
    yield _gate("subscribed", "" if subscribed else "nothing_is_sent_to_it")


def _why_distributor(found: Distributed, at: Instant) -> Iterator[Step]:
    yield _scheduled(found, Act.REFRESH, found.name)
    for name, channel in sorted(found.realm.channels.items()):
        if found.realm.distributors[found.name] in senders(found.realm, channel):
            asked = Period(at, Instant(at + 1))
            shut = "" if _channel(found, channel, asked) else "window_closed"
            yield _gate(f"channel {name}", shut)


def _gate(gate: str, reason: str) -> Step:
    return Step(gate, "closed" if reason else "passed", reason)


def _scheduled(found: Distributed, act: Act, name: str) -> Step:
    """Whether the schedule of an act is there and acts."""
    written = written_schedule(found.realm, act, name)
    evidence: Evidence = {"schedule": format_schedule(written) if written is not None else None}
    reason = "" if usable(written) else "no_schedule" if written is None else "never"
    return Step(f"{act.value} schedule", "closed" if reason else "passed", reason, evidence)


def _step(gate: str, state: SendState) -> Step:
    evidence: Evidence = {"channels": list(state.channels)}
    evidence["until"] = format_instant(state.until) if state.until is not None else None
    return Step(gate, "open" if state.open else "closed", state.reason, evidence)

"""Why a receiver does not have a version in use: the chain of causes, told in one sentence."""

from __future__ import annotations

from collections.abc import Callable

from horarium.booking.trace import Evidence
from horarium.distribution.causes import Cause, Facts, chain, next_change
from horarium.distribution.records import Document
from horarium.distribution.states import ARRIVED, SETTLED, State
from horarium.distribution.tree import ORIGIN
from horarium.kernel.errors import NotFound
from horarium.kernel.instant import Instant, format_instant
from horarium.kernel.zone import Zone, named
from horarium.runtime.distribution_questions import find_distributed, next_of
from horarium.runtime.moments import format_moment
from horarium.runtime.realm_views import must_be
from horarium.runtime.settings import Settings
from horarium.runtime.tiers.overview import Overview
from horarium.store.store import Store, Transaction
from horarium.store.versions import Build

Clock = Callable[[Instant | None], str]


def why_not(
    store: Store, settings: Settings, name: str, node: str, now: Instant,
    number: int | None = None, zone: Zone | None = None,
) -> Document:  # fmt: skip
    """Why a subscriber does not have the newest version of a distribution (or version ``number``)
    in use. NotFound for names and numbers that are not there."""
    clock = _clock(zone or named(settings.zone))

    def work(tx: Transaction) -> Document:
        known = Overview(tx, settings, now)
        must_be(known.realm, "distribution", name)
        must_be(known.realm, "subscriber", node)
        found = tx.versions.newest(name, 1 if number is None else 1_000)
        version = next((v for v, _ in found if number in (None, v.number)), None)
        if version is None:
            if number is not None:
                raise NotFound(f"there is no version {number} of {name}")
            return _no_version(known, name, node, clock)
        facts = known.facts(name, version)
        causes = list(chain(facts, node))
        following = next_change(causes)
        return {
            "id": name,
            "subscriber": node,
            "version": version.number,
            "verdict": _verdict(causes[0]),
            "said": sentence(facts, causes, clock),
            "next": _instant(following),
            "steps": [_step(facts, one) for one in causes],
        }

    return store.read(work)


def _clock(zone: Zone) -> Clock:
    return lambda at: "" if at is None else format_moment(at, zone)


def _instant(at: Instant | None) -> str | None:
    return format_instant(at) if at is not None else None


def _verdict(first: Cause) -> str:
    return first.state.value if first.state is not None else "forward_only"


def _step(facts: Facts, one: Cause) -> Document:
    evidence: Evidence = {"percent": one.percent, "since": _instant(one.since)}
    evidence |= {key: value for key, value in one.reason.facts.items() if key not in evidence}
    evidence |= {"next": _instant(one.reason.until)} if one.reason.until is not None else {}
    if one.reason.since is not None:
        evidence["reason_since"] = _instant(one.reason.since)
    parent = facts.tree.parents.get(one.node)
    if parent is not None:
        evidence["parent"] = facts.tree.distributor if parent == ORIGIN else parent
    return {
        "gate": one.node,
        "verdict": _verdict(one),
        "reason": str(one.reason) or None,
        "evidence": evidence,
    }


# --- in words ----------------------------------------------------------------


def sentence(facts: Facts, causes: list[Cause], clock: Clock) -> str:
    """The chain as people say it."""
    first = causes[0]
    if first.state is State.EXTRACTED:
        ill = f", {first.reason.code}" if first.reason.code else ""
        return f"extracted since {clock(first.since)}{ill}"
    if first.state in SETTLED and first.state is not None:
        if first.reason.code == "inactive":
            return f"{first.state.value}: {_inactive(first.node, first, clock)}"
        return f"{first.state.value} {first.reason}".rstrip()
    told = [_clause(one, clock, alone=len(causes) == 1) for one in causes]
    if len(causes) == 1 and first.reason.code in _WORDS and 0 < first.percent < 100:
        told.insert(0, f"received {first.percent} % at {first.node}")
    return "not extracted: " + "; ".join(told)


def _clause(one: Cause, clock: Clock, *, alone: bool) -> str:
    node, reason = one.node, one.reason
    said = _WORDS.get(reason.code)
    if one.above:
        return _under(one, clock)
    if said is not None:
        return said(node, one, clock)
    if one.state is State.EXTRACT_FAILED:
        return f"{node} could not unpack it: {reason.code}"
    if one.state in ARRIVED:
        return f"{node}: {reason}" if reason.code else f"{node} has received it, and unpacks it now"
    if one.state is State.RECEIVING:
        return f"{node} is receiving it" + (f", {one.percent} % so far" if alone else "")
    where = f"received {one.percent} % at {node}" if alone and 0 < one.percent < 100 else node
    words = str(reason).replace("_", " ") or "nothing holds it back; it is being offered"
    return f"{where}: {words}"


def _under(one: Cause, clock: Clock) -> str:
    """Of a node that waits for its parent."""
    percent = str(one.reason.facts.get("percent", ""))
    if one.reason.code == "parent_down":
        since = one.reason.since
        silent = f"not heard of since {clock(since)}" if since else "never heard of"
        return f"its parent {one.above} is {silent}"
    return f"received {percent} at parent {one.above}"


def _window(node: str, one: Cause, clock: Clock) -> str:
    channel = one.reason.facts.get("channel") or "any"
    opens = f"opens {clock(one.reason.until)}" if one.reason.until else "does not open in a year"
    return f"{node} waits for Send window of channel {channel}, {opens}"


def _extract(node: str, one: Cause, clock: Clock) -> str:
    when = f"fires {clock(one.reason.until)}" if one.reason.until else "does not fire in a year"
    return f"received, and waits for the Extract schedule of {node}, which {when}"


def _locked(node: str, one: Cause, clock: Clock) -> str:
    facts, until = one.reason.facts, one.reason.until
    when = "when another version has arrived"
    if until is not None:
        when = clock(until)
    elif facts.get("waits") == "no_schedule":
        when = f"and no schedule brings one; horarium subscriber extract {node} does"
    elif facts.get("waits"):
        when = "which does not come in a year"
    held = f"received, but {facts.get('path', 'a file')} is in use at {node}"
    return f"{held}, which tries again at its next Extract firing, {when}"


def _whole(node: str, one: Cause, clock: Clock) -> str:
    path = one.reason.facts.get("path", "a file")
    return f"received, but what it builds on was changed at {node}, which fetches whole: {path}"


def _ring(node: str, one: Cause, clock: Clock) -> str:
    facts = one.reason.facts
    own = f"{node} is in ring {facts.get('own_ring')} of channel {facts.get('channel')}"
    ring = facts.get("ring", "before it")
    if one.reason.code == "ring_unproven":
        return f"{own}; ring {ring} has not proven the version yet"
    until = f" until {clock(one.reason.until)}" if one.reason.until else ""
    return f"{own}; the version soaks in ring {ring}{until}"


def _inactive(node: str, one: Cause, clock: Clock) -> str:
    what = one.reason.facts.get("what", "the channel or the distribution")
    return f"nothing is sent to {node}; inactive: {what}"


def _since(text: str) -> Callable[[str, Cause, Clock], str]:
    def say(node: str, one: Cause, clock: Clock) -> str:
        facts = {"by": "", "channel": "", "role": "", **one.reason.facts}
        return text.format(
            node=node, since=clock(one.reason.since), until=clock(one.reason.until), **facts
        )

    return say


_WORDS: dict[str, Callable[[str, Cause, Clock], str]] = {
    "window_closed": _window,
    "extract_wait": _extract,
    "locked": _locked,
    "fetches_whole": _whole,
    "ring_waits": _ring,
    "ring_unproven": _ring,
    "never_contacted": _since("{node} has never joined; horarium node token {node} lets it"),
    "unreachable": _since("{node} has not been heard of since {since}"),
    "metadata_expired": _since("what is signed ({role}) is over its time, so nothing new is begun"),
    "release_paused": _since("channel {channel} is paused by {by} since {since}"),
    "release_halted": _since("the release in channel {channel} halted at {since}: {by}"),
    "withdrawn": _since("the version was withdrawn; version {by} takes its place"),
    "link_reserved": _since("the link of {node} is reserved until {until}"),
    "link_not_reserved": _since("the link of {node} is not reserved; the next time is {until}"),
    "link_calendar_unavailable": _since("the calendar of the link of {node} can not be read"),
    "inactive": _inactive,
    "no_schedule": _since("{node} has received it, and has no Extract schedule that acts"),
    "no_route": _since("no way leads to {node}: {because}"),
    "content_missing": _since(
        "the distributor lost what {node} needs; horarium node fsck there makes it anew"
    ),
    "slot_wait": _since("{node} waits for a free slot, at place {place}"),
    "refused": _since("{node} refused it: {by}"),
    "backoff": _since("{node} tries again {until}"),
}


def _no_version(known: Overview, name: str, node: str, clock: Clock) -> Document:
    """Nothing was built yet: the build is the cause."""
    build = next(iter(known.tx.versions.builds(name, 1)), None)
    found = find_distributed(known.tx, known.settings, f"distribution:{name}", known.now)
    coming = next_of(found, 50) if found is not None else []
    following = next((one.at for one in coming if one.what.startswith("build")), None)
    last = _built(build, clock)
    when = f"the next build fires {clock(following)}" if following else "no build is scheduled"
    return {
        "id": name, "subscriber": node, "version": None, "verdict": "no_version",
        "said": f"there is no version: {last}; {when}", "next": _instant(following),
        "steps": [
            {
                "gate": "build", "verdict": (build.outcome or "runs") if build else "never built",
                "reason": (build.reason or None) if build is not None else None,
                "evidence": {"next": _instant(following)},
            }
        ],
    }  # fmt: skip


def _built(build: Build | None, clock: Clock) -> str:
    if build is None:
        return "it was never built"
    if build.outcome is None:
        return f"a build runs since {clock(build.started)}"
    return f"the build of {clock(build.started)} {build.outcome}: {build.reason or 'no version'}"

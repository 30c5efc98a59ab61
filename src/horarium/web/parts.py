"""How far receivers are, as people see it: bars of states, reasons in words, windows on a line of
time."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from horarium.distribution.causes import read_reason
from horarium.kernel.instant import Instant
from horarium.kernel.periodset import PeriodSet
from horarium.kernel.zone import Zone
from horarium.runtime.tiers.status import group_of
from horarium.web.rendering import when

# The groups of states, in the order of a bar, and what they are called.
GROUPS: Mapping[str, str] = {
    "extracted": "extracted",
    "received": "received",
    "under_way": "under way",
    "waiting": "waiting",
    "out_of_reach": "out of reach",
    "failed": "failed",
}
_CALLED = {
    "window_closed": "waits for its Send window{until: opens}",
    "extract_wait": "waits for its Extract schedule{until: fires}",
    "locked": "{path} is in use; its next Extract firing tries again{until}",
    "slot_wait": "waits for a free slot, at place {place}",
    "backoff": "tries again{until}",
    "never_contacted": "has never joined",
    "unreachable": "not heard of{since}",
    "parent_incomplete": "its parent {parent} has {percent}",
    "parent_down": "its parent {parent} is not heard of{since}",
    "metadata_expired": "what is signed ({role}) is over its time",
    "refused": "refused: {by}",
    "ring_waits": "ring {ring} soaks{until: until}",
    "ring_unproven": "ring {ring} has not proven it yet",
    "release_paused": "paused by {by}{since}",
    "release_halted": "the release halted{since}: {by}",
    "withdrawn": "withdrawn for version {by}",
    "link_reserved": "its link is reserved{until: until}",
    "link_not_reserved": "its link is not reserved{until: next}",
    "link_calendar_unavailable": "the calendar of its link can not be read",
}
_MOMENT = re.compile(r"\{(until|since)(?:: (\w+))?\}")
HOUR = 3_600


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a bar: its group, what it is called, how many, and its place in hundredths."""

    group: str
    title: str
    count: int
    start: float
    width: float


def parts_of(counts: Mapping[str, int]) -> list[Part]:
    """The bar of some counts by group; nothing where there is nobody."""
    whole = sum(counts.values())
    found: list[Part] = []
    at = 0.0
    for group, title in GROUPS.items():
        count = counts.get(group, 0)
        if count:
            width = 100 * count / whole
            found.append(Part(group, title, count, round(at, 2), round(width, 2)))
            at += width
    return found


def summary(parts: Sequence[Part]) -> str:
    """A bar in words."""
    return ", ".join(f"{part.count} {part.title}" for part in parts) or "nobody is expected"


def group(node: Mapping[str, Any]) -> str:
    """The group of a node; empty for who only passes on, or gets it no more."""
    return group_of(node)


def said(reason: str | None, zone: Zone) -> str:
    """A reason in words, instants on the clocks of a zone."""
    if not reason:
        return ""
    found = read_reason(reason)

    def moment(match: re.Match[str]) -> str:
        at = found.until if match[1] == "until" else found.since
        word = match[2] or ("at" if match[1] == "until" else "since")
        comma = "," if match[2] in ("opens", "fires", "next") else ""
        return f"{comma} {word} {when(at, zone)}" if at is not None else ""

    words = _CALLED.get(found.code)
    if words is None:
        return found.code.replace("_", " ")
    told = _MOMENT.sub(moment, words)
    for name, value in found.facts.items():
        told = told.replace(f"{{{name}}}", str(value))
    return re.sub(r"\{\w+\}", "?", told)


def act_words(act: str) -> str:
    """An act that a schedule makes, in words: ``distribution:intranet/build``."""
    owner, _, what = act.partition("/")
    return f"{what.partition('/')[0]} of {owner.partition(':')[2]}"


@dataclass(frozen=True, slots=True)
class Stretch:
    """A period on a line of time: its place in thousandths."""

    start: int
    width: int


def stretches(periods: PeriodSet, start: Instant, seconds: int) -> list[Stretch]:
    """The places of periods on a line that begins at ``start``; none is too small to be seen."""
    found = []
    for period in periods:
        first = max(0, 1_000 * (period.start - start) // seconds)
        last = min(1_000, -(-1_000 * (period.end - start) // seconds))
        if last > first:
            found.append(Stretch(first, max(3, last - first)))
    return found


def ticks(start: Instant, seconds: int, zone: Zone) -> list[tuple[int, Instant, bool]]:
    """Every sixth hour of the clock on such a line: its place, its instant, whether a day begins
    there."""
    first = Instant(start + -zone.to_wall(start) % HOUR)
    found = []
    for at in range(first, start + seconds, HOUR):
        hour = zone.to_wall(Instant(at)) // HOUR % 24
        if hour % 6 == 0:
            found.append((1_000 * (at - start) // seconds, Instant(at), hour == 0))
    return found

"""To whom a node is linked: the one parent of several that it turned to, since when, and why it
left the one before.

Each node says so of itself and signs it, so that a distributor knows in whose place another parent
stands, however many nodes lie between them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from horarium.distribution.messages import Link
from horarium.distribution.realm import Realm
from horarium.distribution.tree import ORIGIN
from horarium.kernel.instant import Instant, format_instant

LONGEST_REASON = 200


@dataclass(frozen=True, slots=True)
class Lost:
    """A node above that is not reached: since when, and what the last try ended with."""

    since: Instant
    reason: str


def why_left(before: str, now: str, parents: Collection[str], lost: Lost | None) -> str:
    """Why a node left the parent that it was linked to ``before`` for another one; ``parents`` are
    all to which it may turn, ``lost`` what is known of the one before where that is not reached."""
    if before not in parents:
        return f"{before} is none of its parents any more"
    if lost is not None:
        return f"{before} not reached since {format_instant(lost.since)}: {lost.reason}"[
            :LONGEST_REASON
        ]
    return f"{now} is reached again"


def is_newer(held: Link | None, told: Link, first: str) -> bool:
    """Whether what a node says of its link is to be kept: it is newer than what is known, and not
    only that it is where it belongs, with the ``first`` of its parents, and always was."""
    if held is None:
        return told.parent != first
    return told.order > held.order


def gone_over(realm: Realm, links: Mapping[str, Link]) -> dict[str, str]:
    """By node that said so, the parent that it is linked to (`ORIGIN`: the distributor), as far as
    the realm still names it one of its parents."""
    found = {}
    for name, link in links.items():
        node = realm.subscribers.get(name)
        if node is not None and (link.parent == ORIGIN or link.parent in node.parents):
            found[name] = link.parent
    return found

"""Why a receiver does not have a version in use: its reason, and the chain of causes above it.

What a node told last stands in its row; what follows from windows, rings, parents and silence is
found when it is asked for, so that it is true then and nobody has to write it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from horarium.distribution.messages import Link, Row
from horarium.distribution.sending import SendState
from horarium.distribution.states import ARRIVED, EXTRACTING, SETTLED, State
from horarium.distribution.tree import ORIGIN, Tree
from horarium.kernel.errors import InvalidInput
from horarium.kernel.instant import Instant, format_instant, parse_instant

Fact = str | int | None

BACKOFF = "backoff"
"""Why a transfer stands still that was cut, or was too slow, and is tried again by itself."""

# What of a reason stands between its brackets, in order; an instant stands last.
SHOWN: Mapping[str, tuple[str, ...]] = {
    "window_closed": ("until",),
    "slot_wait": ("place",),
    "parent_incomplete": ("parent", "percent"),
    "parent_down": ("parent", "since"),
    "unreachable": ("since",),
    "metadata_expired": ("role",),
    "refused": ("by",),
    BACKOFF: ("until",),
    "ring_waits": ("ring", "until"),
    "ring_unproven": ("ring",),
    "release_paused": ("by", "since"),
    "release_halted": ("by", "since"),
    "withdrawn": ("by",),
    "link_reserved": ("until",),
    "link_not_reserved": ("until",),
    "extract_wait": ("until",),
    "locked": ("path", "until"),
    "fetches_whole": ("path",),
}
_MOMENTS = ("until", "since")


@dataclass(frozen=True, slots=True)
class Reason:
    """Why something waits: a code, and facts by name. ``until`` is the instant at which it can
    change by itself, ``since`` that from which on it has been so."""

    code: str
    facts: Mapping[str, Fact] = field(default_factory=dict)
    until: Instant | None = None
    since: Instant | None = None

    def __str__(self) -> str:
        values = {**self.facts, "until": _written(self.until), "since": _written(self.since)}
        shown = [str(values[key]) for key in SHOWN.get(self.code, ()) if values.get(key)]
        return f"{self.code}({', '.join(shown)})" if shown else self.code


NOTHING = Reason("")


def read_reason(text: str) -> Reason:
    """A reason as it stands in a row; what is not of that form is its own code."""
    code, bracket, rest = text.partition("(")
    if code not in SHOWN or (bracket and not rest.endswith(")")):
        return Reason(text)
    names = [key for key in SHOWN[code] if key not in _MOMENTS]
    moments: dict[str, Instant] = {}
    parts = rest.removesuffix(")").split(", ") if bracket else []
    last, at = SHOWN[code][-1], _moment(parts[-1]) if parts else None
    if last in _MOMENTS and at is not None:
        moments[last] = at
        parts.pop()
    if len(parts) > len(names):
        if not names:
            return Reason(text)
        # A comma can stand in a path, and in what halted a release.
        parts[len(names) - 1 :] = [", ".join(parts[len(names) - 1 :])]
    facts = dict(zip(names, parts, strict=False))
    return Reason(code, facts, moments.get("until"), moments.get("since"))


def _moment(text: str) -> Instant | None:
    try:
        return parse_instant(text)
    except InvalidInput:
        return None


def _written(moment: Instant | None) -> str:
    return format_instant(moment) if moment is not None else ""


@dataclass(frozen=True, slots=True)
class Contact:
    """A node that has joined: when it was last heard of, by itself or through those above it.
    ``direct`` ones are heard of by the distributor all the time, as long as they are there."""

    seen: Instant
    direct: bool = False
    revoked: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """What a distributor knows of one version on its way. ``gate`` says of a node whether
    the link above it is open now; ``held_back`` what holds a version back from a receiver by rings,
    ``unpacks`` what one that has received it waits for, ``inactive`` what is inactive so that
    somebody does not get it. A direct node that is silent for ``patience`` seconds can not be
    reached. ``expired`` is the metadata that is over its time; ``turned`` are the links of nodes
    that left the parent under which they belong."""

    tree: Tree
    rows: Mapping[str, Row]
    now: Instant
    contacts: Mapping[str, Contact]
    patience: int
    gate: Callable[[str], SendState]
    held_back: Callable[[str], Reason | None]
    unpacks: Callable[[str], Reason]
    inactive: Callable[[str], tuple[str, ...]]
    expired: str = ""
    turned: Mapping[str, Link] = field(default_factory=dict)

    def state(self, node: str) -> State | None:
        """Where a receiver is; None for who only passes it on."""
        row = self.rows.get(node)
        return State(row.state) if row is not None else None

    def percent(self, node: str) -> int:
        """How much of it lies at a node; of one that only passes it on, at least so much as the
        best of those below has."""
        row = self.rows.get(node)
        if row is None:
            return max((self.percent(child) for child in self.tree.children(node)), default=0)
        return 100 if row.state in _WHOLE else row.percent

    def is_silent(self, node: str) -> bool:
        """Whether a node can not be reached, as far as anybody knows."""
        contact = self.contacts.get(node)
        if contact is None:
            return True
        if contact.direct:
            return self.now - contact.seen > self.patience
        return self._told(node).code == "unreachable"

    def silent_since(self, node: str) -> Instant | None:
        """Since when a node is not heard of; of one below the first tier its parent says so. None
        for one that never was."""
        contact, told = self.contacts.get(node), self._told(node)
        if contact is None or contact.direct or told.code != "unreachable":
            return contact.seen if contact is not None else None
        return told.since or contact.seen

    def _told(self, node: str) -> Reason:
        row = self.rows.get(node)
        return read_reason(row.reason) if row is not None else NOTHING


@dataclass(frozen=True, slots=True)
class Cause:
    """One link of a chain: a node, where it is with the version, and why not further. ``above`` is
    the parent whose own cause comes next, empty at the end."""

    node: str
    state: State | None
    percent: int
    since: Instant | None
    reason: Reason
    above: str = ""


_WHOLE = frozenset({*ARRIVED, State.EXTRACTED})
_FOUND_ANEW = (
    "inactive", "window_closed", "link_", "unreachable", "never_contacted", "parent_", "ring_",
    "release_", "withdrawn", "metadata_expired",
)  # fmt: skip
_MOVES = frozenset({State.OFFERED, State.RECEIVING, State.VERIFYING, State.CORRUPT})


def chain(facts: Facts, node: str) -> Iterator[Cause]:
    """The causes from a receiver up to the one with which the next change lies."""
    while node:
        found = cause(facts, node)
        yield found
        node = found.above


def cause(facts: Facts, node: str) -> Cause:
    """Where a node is, and why not further."""
    row = facts.rows.get(node)
    reason, above = _reason(facts, node, row)
    percent, since = facts.percent(node), row.at if row is not None else None
    return Cause(node, facts.state(node), percent, since, reason, above)


def _reason(facts: Facts, node: str, row: Row | None) -> tuple[Reason, str]:
    state = facts.state(node)
    told = read_reason(row.reason) if row is not None else NOTHING
    if state in SETTLED or state in EXTRACTING or state is State.EXTRACT_FAILED:
        left_out = _left_out(facts, node) if state is State.UNSUBSCRIBED else None
        return left_out or told, ""
    held = facts.held_back(node) if row is not None and state not in _MOVES else None
    if state in ARRIVED:
        return held or _unpacks(facts, node, told), ""
    contact = facts.contacts.get(node)
    if contact is None:
        return Reason("never_contacted"), ""
    if contact.revoked:
        return Reason("refused", {"by": "revoked"}), ""
    if held is not None:
        return held, ""
    if facts.expired:
        return Reason("metadata_expired", {"role": facts.expired}), ""
    parent = facts.tree.parents.get(node)
    if parent is None:
        because = facts.tree.lost.get(node, "not subscribed")
        return _left_out(facts, node) or Reason("no_route", {"because": because}), ""
    if parent != ORIGIN:
        return _below(facts, node, parent, told)
    if facts.is_silent(node):
        return Reason("unreachable", since=contact.seen), ""
    return _shut(facts, node) or _still(told), ""


def _shut(facts: Facts, node: str) -> Reason | None:
    """What closes the link above a node, to what is not on its way already."""
    gate = facts.gate(node)
    if gate.open or facts.state(node) in _MOVES:
        return None
    return Reason(gate.reason, {"channel": ", ".join(gate.channels)}, until=gate.until)


def _unpacks(facts: Facts, node: str, told: Reason) -> Reason:
    """What one that has received waits for. What builds on files that were changed there is fetched
    whole first. A file in use was found in the last firing, and is
    looked at again in the next one; ``waits`` is why there may be none."""
    if told.code == "fetches_whole":
        return told
    waits = facts.unpacks(node)
    if told.code != "locked":
        return waits
    return Reason("locked", {**told.facts, "waits": waits.code}, until=waits.until)


def _left_out(facts: Facts, node: str) -> Reason | None:
    """What is inactive, so that somebody is not in the tree; None when nothing is."""
    inactive = facts.inactive(node) if node not in facts.tree.receivers else ()
    return Reason("inactive", {"what": ", ".join(inactive)}) if inactive else None


def _still(told: Reason) -> Reason:
    """What was told and may still be so: what is found anew when it is asked, and was not, is
    over."""
    return NOTHING if told.code.startswith(_FOUND_ANEW) else told


def _below(facts: Facts, node: str, parent: str, told: Reason) -> tuple[Reason, str]:
    """Of a node that is served by another one."""
    if facts.is_silent(parent):
        since = facts.silent_since(parent)
        return Reason("parent_down", {"parent": parent}, since=since), parent
    if facts.percent(parent) < 100 and facts.state(parent) not in SETTLED:
        has = {"parent": parent, "percent": f"{facts.percent(parent)} %"}
        return Reason("parent_incomplete", has), parent
    return _shut(facts, node) or told, ""


def next_change(causes: list[Cause]) -> Instant | None:
    """The next instant at which something can change by itself, as the cause nearest to the
    distributor knows it."""
    return next((one.reason.until for one in reversed(causes) if one.reason.until), None)

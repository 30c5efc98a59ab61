"""The way of a decision as a diagram: what comes in, who is asked what, and where it ends.

The functions of a resource stand below each other as questions, as in the diagrams of seed 001; the
data they look at stands beside them, the outcomes at the foot. What one decision took of it is
marked. This module makes the graph; how it is written is the task of those beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from itertools import count

from horarium.booking.acl import Role, Rule
from horarium.booking.calls import Call
from horarium.booking.preferences import Layer
from horarium.booking.resource import Resource
from horarium.booking.trace import Step

# More rules of an access list than this are drawn as one; nobody reads a longer column.
MOST_RULES = 8
# Preferences whose being set means that policy is asked.
POLICY = (
    "past", "booking_window", "min_notice", "min_duration", "max_duration", "allow_recurring",
    "allowed_frequencies", "endless", "max_occurrences", "working_hours", "max_attendees",
)  # fmt: skip
_TIERS = ("tier_in_policy", "tier_out_of_policy")
_REST = frozenset({"commit", "answers"})
_GO_ON = frozenset({"passed", "out of policy", "auto", "ask"})
_STOPS = {
    "DECLINED": "decline", "DELEGATED": "delegate", "COUNTER": "counter", "PENDING": "pending",
}  # fmt: skip


class Kind(Enum):
    """What a node stands for; its shape and colour follow from it."""

    FOLDER = "folder"
    DATA = "data"
    QUESTION = "question"
    ACTION = "action"
    FAULT = "fault"


class Column(Enum):
    """Where a node stands, from left to right: what keeps quotas, data, the chain, and what a
    chain can end in besides acceptance."""

    KEEPING = 0
    DATA = 1
    CHAIN = 2
    SIDE = 3


@dataclass(frozen=True, slots=True)
class Node:
    """A thing in a diagram; `row` counts from the top."""

    id: str
    label: str
    kind: Kind
    row: int
    column: Column


@dataclass(frozen=True, slots=True)
class Edge:
    """A way from one node to another; `dashed` where it leaves the way to acceptance."""

    source: str
    target: str
    dashed: bool = False


@dataclass(frozen=True, slots=True)
class Diagram:
    """Nodes and edges; `taken` are the ids of the nodes that one decision came through, in order,
    empty where no decision is shown."""

    title: str
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    taken: tuple[str, ...] = ()

    def is_taken(self, edge: Edge) -> bool:
        """Whether the decision went along an edge."""
        return (edge.source, edge.target) in set(zip(self.taken, self.taken[1:], strict=False))

    def is_near(self, id_: str) -> bool:
        """Whether the decision came through a node or looked at it; without one, all are."""
        asked = {edge.target for edge in self.edges if edge.source == id_}
        data = any(node.id == id_ and node.kind is Kind.DATA for node in self.nodes)
        return not self.taken or id_ in self.taken or (data and bool(asked & set(self.taken)))


@dataclass(frozen=True, slots=True)
class Asked:
    """How a scheduling function is drawn: its question, the data it looks at (`{}` stands for its
    argument, or for the resource), what else it may answer, and what keeps the data current."""

    question: str
    data: str = ""
    answers: tuple[str, ...] = ("decline",)
    keeping: tuple[str, ...] = ()


FREEBUSY = "Free/busy"
QUOTA = "Quota for {}"
SCHEDULES = "Quota for {}\nrecording schedules"
_CORRECTED = ("decline", "counter")
_TO_QUOTA = ("Add to quota", "Remove from quota")
_TO_FREEBUSY = ("Add to quota free/busy", "Remove from quota free/busy")

QUESTIONS: dict[str, Asked] = {
    "schedule_in_freebusy": Asked("Can schedule in free/busy?", FREEBUSY),
    "schedule_corrected_in_freebusy": Asked(
        "Can schedule in free/busy, moved to a permitted time?", FREEBUSY, _CORRECTED
    ),
    "schedule_next_available_in_freebusy": Asked(
        "Can schedule in free/busy, now or at the next free time?", FREEBUSY, _CORRECTED
    ),
    "same_domain_only": Asked("Organiser has resource domain?"),
    "access_control_list": Asked("Access control list permits booking?", "acl setting"),
    "check_quota": Asked("Is allowed by quota?", QUOTA, keeping=_TO_QUOTA),
    "schedule_across_quota": Asked(
        "Can be scheduled within the quota?", SCHEDULES, keeping=_TO_FREEBUSY
    ),
    "schedule_for_delegate": Asked(
        "Can be scheduled or delegated?", SCHEDULES, ("decline", "delegate"), _TO_QUOTA
    ),
}
# Companions ask nothing: they only keep a quota.
KEEPERS: dict[str, Asked] = {
    "add_to_quota": Asked("", QUOTA, keeping=_TO_QUOTA),
    "remove_from_quota": Asked("", QUOTA, keeping=_TO_QUOTA),
    "add_to_quota_freebusy": Asked("", SCHEDULES, keeping=_TO_FREEBUSY),
    "remove_from_quota_freebusy": Asked("", SCHEDULES, keeping=_TO_FREEBUSY),
}
_SIDES = {
    "decline": "Decline",
    "counter": "Propose another time",
    "delegate": "Delegate",
    "pending": "Wait for a person",
}


def resource_diagram(resource: Resource, title: str) -> Diagram:
    """The ways that a request for `resource` may go."""
    drawing = _Drawing(resource, title)
    drawing.chain(resource.preferences.scheduling_function)
    return drawing.finish()


def decision_diagram(
    resource: Resource, title: str, steps: Sequence[Step], outcome: str
) -> Diagram:
    """The same with the way that one decision took. Where the record names other functions than
    the resource has now, those of the record are drawn."""
    drawing = _Drawing(resource, title)
    drawing.chain(_calls(resource, steps), steps, outcome)
    return drawing.finish()


def question_of(call: Call, resource: Resource) -> Asked:
    """How a function is drawn, those of the site's own code and unknown ones too."""
    asked = QUESTIONS.get(call.name) or KEEPERS.get(call.name)
    site = resource.site_functions.get(call.name)
    if asked is None and site is not None:
        return Asked(f"{call}?" if not site.fault else f"{call}\n(cannot be asked)")
    return asked or Asked(f"{call}\n(there is no such function)")


def data_of(call: Call, resource: Resource) -> str:
    """The data that a function looks at, empty for none."""
    data = question_of(call, resource).data
    if call.name == "access_control_list":
        return f"acl file\n{call.arguments[0]}" if call.arguments else data
    named = call.arguments[0] if call.arguments else resource.address.text
    return data.replace("{}", named.removeprefix("mailto:"))


def _calls(resource: Resource, steps: Sequence[Step]) -> tuple[Call, ...]:
    now = resource.preferences.scheduling_function
    known = {*QUESTIONS, *KEEPERS, *resource.site_functions}
    gates = list(dict.fromkeys(s.gate for s in steps if s.gate.split(" ")[0] in known))
    asked = [str(call) for call in now if call.name not in KEEPERS]
    if gates == asked[: len(gates)]:
        return now
    words = [gate.split() for gate in gates]
    return tuple(Call(word[0], tuple(word[1:]), line) for line, word in enumerate(words, start=1))


@dataclass(slots=True)
class _Drawing:
    """A diagram that grows from its top to its foot."""

    resource: Resource
    title: str
    nodes: dict[str, Node] = field(default_factory=dict)
    edges: list[Edge] = field(default_factory=list)
    row: int = 0
    last: str = ""
    sides: dict[str, list[str]] = field(default_factory=dict)
    kept: dict[str, list[str]] = field(default_factory=dict)
    exits: dict[str, str] = field(default_factory=dict)
    taken: list[str] = field(default_factory=list)

    def chain(
        self, calls: Sequence[Call], steps: Sequence[Step] | None = None, outcome: str = ""
    ) -> None:
        """Draws everything, from the mail to the outcomes."""
        self._put("mail", "Incoming mail", Kind.FOLDER)
        stop = _stop(steps or ())
        asked = {str(call) for call in calls} | {"policy", "tier"}
        if stop is not None and stop.gate not in asked:
            self._put("gate", f"{stop.gate}?", Kind.QUESTION)
            self._leaves(stop.gate, (_STOPS.get(stop.verdict, "other"),))
        if _is_set(self.resource, POLICY) or (stop is not None and stop.gate == "policy"):
            self._policy()
        for number, call in enumerate(calls):
            self._call(number, call)
        if _is_set(self.resource, _TIERS) or (stop is not None and stop.gate == "tier"):
            self._put("tier", "Is a person to be asked?", Kind.QUESTION)
            self._leaves("tier", ("decline", "pending"))
            self._data("tier_in_policy\ntier_out_of_policy", "tier")
        self._put("schedule", "Schedule event for resource", Kind.QUESTION)
        schedule = self.row - 1
        self._put("accept", "Accept", Kind.FOLDER)
        self._sides(stop, outcome)
        self._keep(schedule)
        if steps is not None:
            self._mark(steps, stop)

    def finish(self) -> Diagram:
        """The diagram as it stands."""
        nodes = tuple(self.nodes.values())
        return Diagram(self.title, nodes, tuple(dict.fromkeys(self.edges)), tuple(self.taken))

    def _put(self, id_: str, label: str, kind: Kind) -> None:
        """The next of the chain, below the one before."""
        self.nodes[id_] = Node(id_, label, kind, self.row, Column.CHAIN)
        if self.last:
            self.edges.append(Edge(self.last, id_))
        self.last = id_
        self.row += 1

    def _leaves(self, gate: str, sides: Sequence[str]) -> None:
        """Where the last of the chain leads besides down."""
        self.exits[gate] = self.last
        for side in sides:
            self.sides.setdefault(side, []).append(self.last)

    def _data(self, label: str, question: str) -> str:
        there = [node for node in self.nodes.values() if node.column is Column.DATA]
        id_ = next((node.id for node in there if node.label == label), "")
        if not id_:
            id_ = f"data{len(self.nodes)}"
            rows = {node.row for node in there}
            free = next(row for row in count(1) if row not in rows)
            row = self.nodes[question].row if question else free
            self.nodes[id_] = Node(id_, label, Kind.DATA, row, Column.DATA)
        if question:
            self.edges.append(Edge(id_, question))
        return id_

    def _policy(self) -> None:
        self._put("policy", "Is within the policy?", Kind.QUESTION)
        self._leaves("policy", ("decline",))
        layers = self.resource.preferences.layers
        names = [name for name in POLICY if layers[name] is not Layer.DEFAULT]
        if names:
            self._data("Policy\n" + ", ".join(names), "policy")

    def _call(self, number: int, call: Call) -> None:
        asked = question_of(call, self.resource)
        id_ = f"function{number}"
        label = data_of(call, self.resource)
        data = ""
        if call.name not in KEEPERS:
            site = self.resource.site_functions.get(call.name)
            known = call.name in QUESTIONS or (site is not None and not site.fault)
            question = asked.question
            if asked.data == FREEBUSY and call.arguments:
                question += f"\n(up to {call.arguments[0]} at once)"
            self._put(id_, question, Kind.QUESTION if known else Kind.FAULT)
            data = self._data(label, id_) if label else ""
            if call.name == "access_control_list":
                self._rules(id_, call)
            self._leaves(str(call), asked.answers)
        for keeping in asked.keeping:
            self.kept.setdefault(keeping, []).append(data or label)

    def _rules(self, id_: str, call: Call) -> None:
        preferences = self.resource.preferences
        rules = preferences.acl or ()
        if call.arguments:
            rules = self.resource.access_files.get(call.arguments[0], ())
        for number, rule in enumerate(rules[:MOST_RULES]):
            self._put(f"{id_}rule{number}", _rule_label(rule), Kind.ACTION)
        if len(rules) > MOST_RULES:
            more = f"and {len(rules) - MOST_RULES} more rules"
            self._put(f"{id_}more", more, Kind.ACTION)
        if rules:
            self._put(f"{id_}end", "end", Kind.ACTION)

    def _sides(self, stop: Step | None, outcome: str) -> None:
        row = self.nodes["accept"].row
        ended = _STOPS.get(stop.verdict, "other") if stop is not None else ""
        for side, sources in self.sides.items():
            label = _SIDES.get(side, outcome.capitalize() or "Other")
            if stop is not None and side == ended and stop.reason:
                label += f"\n({stop.reason})"
            self.nodes[side] = Node(side, label, Kind.FOLDER, row, Column.SIDE)
            self.edges.extend(Edge(source, side, dashed=True) for source in sources)

    def _keep(self, schedule: int) -> None:
        """What enters bookings into quotas, and what takes them out at a cancellation."""
        if not self.kept:
            return
        self.nodes["cancel"] = Node("cancel", "Incoming cancellation", Kind.FOLDER, 0, _KEEPING)
        rows = {"Remove": 1, "Add": max(schedule, 1 + len(self.kept) // 2)}
        for label, kept in self.kept.items():
            word = label.split(" ")[0]
            id_ = "keep" + str(len(self.nodes))
            self.nodes[id_] = Node(id_, label, Kind.ACTION, rows[word], _KEEPING)
            rows[word] += 1
            self.edges.append(Edge("schedule" if word == "Add" else "cancel", id_))
            for data in kept:
                target = data if data in self.nodes else self._data(data, "")
                self.edges.append(Edge(id_, target))

    def _mark(self, steps: Sequence[Step], stop: Step | None) -> None:
        chain = [node.id for node in self.nodes.values() if node.column is Column.CHAIN]
        if stop is not None:
            last = self.exits[stop.gate]
            self.taken += chain[: chain.index(last) + 1]
            self.taken.append(_STOPS.get(stop.verdict, "other"))
        elif any(step.gate in self.exits for step in steps):
            self.taken += chain
        else:  # nothing was to be decided
            self.taken.append("mail")


_KEEPING = Column.KEEPING


def _stop(steps: Sequence[Step]) -> Step | None:
    """The gate at which the way left the chain, if one did."""
    left = (s for s in reversed(steps) if s.verdict not in _GO_ON and s.gate not in _REST)
    return next(left, None)


def _is_set(resource: Resource, names: Sequence[str]) -> bool:
    layers = resource.preferences.layers
    return any(layers[name] is not Layer.DEFAULT for name in names)


def _rule_label(rule: Rule) -> str:
    word = "Accept" if rule.accepts else "Decline"
    if rule.role is None:
        return f"{word} invitation by default" if rule.line == 1 else f"{word} invitation"
    who = "organiser" if rule.role is Role.ORGANIZER else "attendee"
    names = sorted(rule.identities)
    more = f" or {len(names) - 2} more" if len(names) > 2 else ""
    return f"{word} if {who} is\n{' or '.join(names[:2])}{more}?"

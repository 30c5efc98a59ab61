"""Rules that change nothing, because earlier lines say it already or decide before them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from horarium.directives.address import AddressList
from horarium.directives.covering import ALL_FIELDS, Fields, MaskIndex, covers, plain_fields
from horarium.directives.directive import Directive, Kind
from horarium.directives.problem import Problem
from horarium.directives.rules import open_window
from horarium.directives.timespec import TimeSpec, Window
from horarium.kernel.window import WeekWindow

# Longer lists are not looked into mask by mask, nor more exclusions of a rule than these.
MOST_ITEMS = 1_000
MOST_EXCLUSIONS = 16
# Comparisons of windows and exclusions in one file: beyond them nothing more is certain.
MOST_COMPARISONS = 100_000
_WEEK = 7 * 1_440
_ALWAYS = (1 << _WEEK) - 1
# Of these the first in force decides; of the other state rules all that hold count.
_FIRST_DECIDES = frozenset({"Priority", "LimitIn", "LimitOut", "Flavor"})


@dataclass(frozen=True, slots=True)
class _Rule:
    """A rule as it is compared: what it names, what it takes out again, when it holds."""

    directive: Directive
    named: tuple[Fields, ...]
    excluded: tuple[Fields, ...]


def idle_rules(directives: Sequence[Directive], *, day_lost: bool) -> Iterator[Problem]:
    """State and routing rules that never count, with the earlier lines that see to it.

    With `day_lost` a change of the clocks leaves out a whole date, and windows are compared for
    equality only.
    """
    judge = _Judge(day_lost)
    for directive in directives:
        addresses = directive.arguments.addresses
        if directive.keyword.kind is Kind.TIMED or addresses is None:
            continue
        rule = _rule(directive, addresses)
        lines = judge.covering_lines(rule)
        if lines:
            yield Problem(directive.line, 1, _message(directive, lines))
        judge.add(rule)


def _rule(directive: Directive, addresses: AddressList) -> _Rule:
    named: list[Fields] = []
    excluded: list[Fields] = []
    for item in addresses.items:
        (excluded if item.excluded else named).append(plain_fields(item.mask))
    return _Rule(directive, tuple(named), tuple(excluded))


def idle_routes(directives: Sequence[Directive]) -> Iterator[Problem]:
    """Routes of a listed node to itself where no later rule could send it anywhere else."""
    later: dict[str, MaskIndex[int]] = {}
    closed: set[str] = set()
    for directive in reversed(directives):
        arguments = directive.arguments
        if directive.keyword.kind is not Kind.ROUTE or arguments.addresses is None:
            continue
        what, _, by = directive.keyword.name.partition("-")
        index = later.setdefault(what, MaskIndex())
        goal = _listed_goal(directive) if by == "For" and what not in closed else None
        if goal is not None and index.complete and next(index.covering(goal), None) is None:
            message = f"the route of {arguments.destination} to itself changes nothing"
            yield Problem(directive.line, 1, message)
        items = arguments.addresses.items
        if by == "From" or len(items) > MOST_ITEMS:
            # It may send any node on: nothing before it is without effect.
            closed.add(what)
            continue
        for item in items:
            if not item.excluded:
                index.add(plain_fields(item.mask), directive.line)


def _listed_goal(directive: Directive) -> Fields | None:
    """The node that a route leads to, if its list names just that. Without a route a point's mail
    goes to its boss: to the point itself is a change."""
    goal, addresses = directive.arguments.destination, directive.arguments.addresses
    if goal is None or goal.point or addresses is None:
        return None
    fields = str(goal.zone), str(goal.net), str(goal.node), "0"
    items = addresses.items[:MOST_ITEMS]
    if not any(not item.excluded and plain_fields(item.mask) == fields for item in items):
        return None
    return fields if addresses.matches(goal) else None


class _Judge:
    """The rules so far, found by what they name."""

    def __init__(self, day_lost: bool) -> None:
        self._day_lost = day_lost
        self._indexes: dict[tuple[object, ...], MaskIndex[_Rule]] = {}
        self._left = MOST_COMPARISONS

    def add(self, rule: _Rule) -> None:
        """Lets later rules be compared with this one."""
        if len(rule.named) > MOST_ITEMS or len(rule.excluded) > MOST_ITEMS:
            return
        index = self._indexes.setdefault(_family(rule.directive), MaskIndex())
        for fields in rule.named:
            index.add(fields, rule)

    def covering_lines(self, rule: _Rule) -> tuple[int, ...]:
        """The earlier lines that together hold for all the rule names, whenever it holds; none
        when that is not certain."""
        whole = self._holder(_family(rule.directive), ALL_FIELDS, rule)
        if whole is None and rule.directive.keyword.kind is Kind.ROUTE:
            # A rule for all of one end of the way comes before those for its other end.
            whole = self._holder(_family(rule.directive, other_end=True), ALL_FIELDS, None, rule)
        if whole is not None:
            return (whole,)
        if len(rule.named) > MOST_ITEMS:
            return ()
        lines: set[int] = set()
        for fields in rule.named:
            line = self._holder(_family(rule.directive), fields, rule)
            if line is None:
                return ()
            lines.add(line)
        return tuple(sorted(lines))

    def _holder(
        self,
        family: tuple[object, ...],
        fields: Fields,
        rule: _Rule | None,
        timed_by: _Rule | None = None,
    ) -> int | None:
        """The line of an earlier rule that holds for all of `fields` but what `rule` excludes."""
        index = self._indexes.get(family)
        of_time = rule or timed_by
        if index is None or of_time is None:
            return None
        for earlier in index.covering(fields):
            if self._in_time(earlier, of_time) and self._keeps(earlier, fields, rule):
                return earlier.directive.line
        return None

    def _in_time(self, earlier: _Rule, rule: _Rule) -> bool:
        """Whether the earlier rule holds whenever the other does, in the same tasks."""
        if earlier.directive.task not in (None, rule.directive.task):
            return False
        wide, narrow = earlier.directive.when, rule.directive.when
        if wide is None or wide == narrow:
            return True
        if not self._spend(1):
            return False
        if self._day_lost:
            return _minutes(wide) == _ALWAYS
        return not _minutes(narrow) & ~_minutes(wide)

    def _keeps(self, earlier: _Rule, fields: Fields, rule: _Rule | None) -> bool:
        """Whether the earlier rule excludes nothing of `fields` that `rule` does not exclude."""
        own = () if rule is None else rule.excluded
        if earlier.excluded == own:
            return True
        if max(len(earlier.excluded), len(own)) > MOST_EXCLUSIONS:
            return not earlier.excluded
        for other in earlier.excluded:
            if not self._spend(1 + len(own)):
                return False
            if not _apart(other, fields) and not any(covers(mine, other) for mine in own):
                return False
        return True

    def _spend(self, comparisons: int) -> bool:
        self._left -= comparisons
        return self._left >= 0


def _family(directive: Directive, *, other_end: bool = False) -> tuple[object, ...]:
    """Rules that can stand in for each other: one keyword, and one address of Share."""
    name = directive.keyword.name
    if other_end:
        what, _, by = name.partition("-")
        name = f"{what}-{'From' if by == 'For' else 'For'}"
    return name, directive.arguments.address


def _apart(one: Fields, other: Fields) -> bool:
    """Whether the masks surely share no address: two literal fields differ."""
    return any(
        a != b and "*" not in a and "*" not in b for a, b in zip(one, other, strict=True)
    )  # fmt: skip


@lru_cache(maxsize=8_192)
def _minutes(when: TimeSpec | None) -> int:
    """The minutes of the week that a window covers on the wall, Monday 00:00 as bit 0."""
    if not isinstance(when, Window):
        return _ALWAYS
    window = open_window(when)
    days: Iterable[int] = (window.first,) if isinstance(window, WeekWindow) else window.days
    open_minutes = (1 << window.span // 60) - 1
    found = 0
    for day in days:
        found |= open_minutes << (day * 1_440 + window.start // 60)
    return (found | found >> _WEEK) & _ALWAYS


def _message(directive: Directive, lines: Sequence[int]) -> str:
    shown = ", ".join(str(line) for line in lines[:5])
    many = f"lines {shown}{' …' if len(lines) > 5 else ''}"
    where = f"line {shown}" if len(lines) == 1 else many
    verb = "has" if len(lines) == 1 else "have"
    if directive.keyword.kind is Kind.ROUTE or directive.keyword.name in _FIRST_DECIDES:
        return f"never reached: {where} {verb} all it names, whenever it holds"
    return f"adds nothing: {where} {verb} all it names, whenever it holds"

"""The access list of a resource: who may book it (seed 001, the preference ``acl``)."""

import re
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType

from horarium.booking.calls import Words, split_lines
from horarium.booking.sent_by import identity_key
from horarium.kernel.errors import InvalidInput

# A list longer than this is refused: it is read for each decision.
MAX_RULES = 10_000


class Role(Enum):
    """Whom a rule with identities looks at."""

    ORGANIZER = "organizer"
    ATTENDEE = "attendee"


@dataclass(frozen=True, slots=True)
class Rule:
    """One line: ``accepts`` for everybody when ``role`` is None, else for the ``identities`` in
    that role. An identity is an address key ``local@domain``, ``@domain`` for every address of
    exactly that domain, or the name of a declared group."""

    accepts: bool
    role: Role | None
    identities: frozenset[str]
    line: int

    @property
    def groups(self) -> frozenset[str]:
        """The groups among the identities."""
        return frozenset(name for name in self.identities if "@" not in name)

    def __str__(self) -> str:
        action = "accept" if self.accepts else "decline"
        if self.role is None:
            return action
        role = "organiser" if self.role is Role.ORGANIZER else "attendee"
        return " ".join((action, role, *sorted(self.identities)))


_NO_GROUPS: Mapping[str, Set[str]] = MappingProxyType({})
_GROUP_NAME = re.compile(r"[\w.-]{1,64}")
_ACTIONS = {"accept": True, "decline": False, "reject": False}
_ROLES = {
    "organiser": Role.ORGANIZER,
    "organizer": Role.ORGANIZER,
    "attendee": Role.ATTENDEE,
    "attendees": Role.ATTENDEE,
}


def parse_acl(text: str) -> tuple[Rule, ...]:
    """The rules of ``text`` in their order; not empty. InvalidInput, with ``line N`` as its
    part, for a line that is no rule and for a text without rules."""
    rules = tuple(parse_rule(words) for words in split_lines(text))
    if not rules:
        raise InvalidInput("an access list needs at least one rule", part="line 1", value=text)
    if len(rules) > MAX_RULES:
        raise InvalidInput(f"more than {MAX_RULES} rules", part=f"line {rules[MAX_RULES].line}")
    return rules


def evaluate(
    rules: Iterable[Rule],
    organizer: str,
    attendees: Set[str],
    groups: Mapping[str, Set[str]] = _NO_GROUPS,
) -> bool:
    """Whether the list accepts an event of ``organizer`` with ``attendees`` (address keys);
    ``groups`` are the members of each declared group. InvalidInput when a rule names a group that
    is not declared: such a list decides nothing.

    The answer starts unset. A bare action sets it. A rule with a role that is reached while the
    answer is unset first sets it to the opposite of its own action; the last match wins.
    """
    answer, _ = deciding_rule(rules, organizer, attendees, groups)
    return answer


def deciding_rule(
    rules: Iterable[Rule],
    organizer: str,
    attendees: Set[str],
    groups: Mapping[str, Set[str]] = _NO_GROUPS,
) -> tuple[bool, Rule | None]:
    """The answer of ``evaluate`` and the rule that gave it; without rules it declines."""
    answer: bool | None = None
    decided_by: Rule | None = None
    for rule in rules:
        if rule.role is None:
            answer, decided_by = rule.accepts, rule
            continue
        if answer is None:
            answer, decided_by = not rule.accepts, rule
        if names_one(rule, organizer, attendees, groups):
            answer, decided_by = rule.accepts, rule
    return bool(answer), decided_by


def without_effect(rules: tuple[Rule, ...]) -> tuple[Rule, ...]:
    """The rules before the last bare action: it overrides whatever they say."""
    bare = [index for index, rule in enumerate(rules) if rule.role is None]
    return rules[: bare[-1]] if bare else ()


def _names_one(rule: Rule, people: Set[str], groups: Mapping[str, Set[str]]) -> bool:
    members: set[str] = set()
    for name in rule.groups:
        if name not in groups:
            raise InvalidInput("there is no such group", part=f"line {rule.line}", value=name)
        members |= groups[name]
    return any(
        key in members or key in rule.identities or "@" + key.rpartition("@")[2] in rule.identities
        for key in people
    )


def names_one(
    rule: Rule, organizer: str, attendees: Set[str], groups: Mapping[str, Set[str]]
) -> bool:
    """Whether the rule speaks of the organizer, or of one of the attendees (address keys)."""
    people = {organizer} if rule.role is Role.ORGANIZER else attendees
    return _names_one(rule, people, groups)


def parse_rule(line: Words) -> Rule:
    """The rule of one line; InvalidInput names the line."""
    first, *rest = line.words
    accepts = _ACTIONS.get(first.lower())
    if accepts is None:
        raise _fault(line, "a rule begins with accept or decline", first)
    if not rest:
        return Rule(accepts, None, frozenset(), line.line)
    role = _ROLES.get(rest[0].lower())
    if role is None:
        raise _fault(line, "after the action comes organiser or attendee", rest[0])
    if len(rest) == 1:
        raise _fault(line, "the rule names nobody", line.words[-1])
    return Rule(accepts, role, frozenset(_identity(line, word) for word in rest[1:]), line.line)


def _identity(line: Words, word: str) -> str:
    """An address key, ``@domain``, or the name of a group."""
    if _GROUP_NAME.fullmatch(word):
        return word
    return identity_key(line, word)


def _fault(line: Words, message: str, value: str) -> InvalidInput:
    return InvalidInput(message, part=f"line {line.line}", value=value)

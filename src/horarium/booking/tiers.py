"""What is decided at once, asked of a person, or refused: the preferences ``tier_in_policy`` and
``tier_out_of_policy``."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass
from enum import StrEnum

from horarium.booking.acl import Rule, names_one, parse_rule
from horarium.booking.calls import Words, split_lines
from horarium.kernel.errors import InvalidInput


class Tier(StrEnum):
    """What becomes of a request that no function declined."""

    AUTO = "auto"
    ASK = "ask"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class TierRule:
    """One line: the `tier` of everybody, or of those whom `rule` names."""

    tier: Tier
    rule: Rule


def parse_tiers(text: str) -> tuple[TierRule, ...]:
    """The rules of ``text``: ``auto``, ``ask`` or ``refuse``, alone or with a role and identities
    as in an access list. InvalidInput names the line."""
    rules = tuple(_tier_rule(words) for words in split_lines(text))
    if not rules:
        raise InvalidInput("expected auto, ask or refuse", part="line 1", value=text)
    return rules


def tier_of(
    rules: tuple[TierRule, ...],
    organizer: str,
    attendees: Set[str],
    groups: Mapping[str, Set[str]],
) -> Tier:
    """The tier of an organizer's request (address keys): the last match wins; a rule with a role
    reached before any other first refuses. InvalidInput when a rule names an unknown group."""
    found: Tier | None = None
    for item in rules:
        if item.rule.role is None:
            found = item.tier
            continue
        found = found or Tier.REFUSE
        if names_one(item.rule, organizer, attendees, groups):
            found = item.tier
    return found or Tier.REFUSE


def _tier_rule(line: Words) -> TierRule:
    action = line.words[0].lower()
    if action not in set(Tier):
        raise InvalidInput(
            "a rule begins with auto, ask or refuse", part=f"line {line.line}", value=line.words[0]
        )
    rest = Words(line.line, ("accept", *line.words[1:]), line.columns)
    return TierRule(Tier(action), parse_rule(rest))

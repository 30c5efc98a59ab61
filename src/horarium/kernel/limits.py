"""The limits of recurrence: what a stranger's rule may cost."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one recurrence set and of one query on it.

    Each is accepted at its value and refused at the value plus one.
    """

    rule_octets: int = 2_048
    """Length of RRULE text; the longest rule seen in the field has a few hundred."""
    list_values: int = 400
    """Values of one BY list; BYYEARDAY and BYSETPOS have at most 366 useful ones."""
    product: int = 10_000
    """Product of the lengths of the BY lists: what one period of the rule may cost."""
    count: int = 10_000
    """COUNT: 27 years of days."""
    occurrences: int = 2_000
    """Members of one answer: 5 years of days."""
    steps: int = 100_000
    """Candidates examined by one query: some hundred milliseconds of work."""
    dates: int = 2_000
    """RDATE and EXDATE together."""
    overrides: int = 500
    """Changed members of one set."""
    length_days: int = 400
    """Length of one occurrence: a year and a month; every window query is widened by it."""
    sub_daily: bool = True
    """Whether HOURLY, MINUTELY and SECONDLY are allowed; resources refuse them."""

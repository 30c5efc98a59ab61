"""What the two questions and the reason are answered with, for every kind of object."""

from __future__ import annotations

from dataclasses import dataclass

from horarium.booking.trace import Step
from horarium.kernel.instant import Instant
from horarium.kernel.periodset import PeriodSet
from horarium.store.decisions import DecisionRecord


@dataclass(frozen=True, slots=True)
class OpenTime:
    """What is open of an object between two instants."""

    id: str
    kind: str
    periods: PeriodSet


@dataclass(frozen=True, slots=True)
class Upcoming:
    """One thing that comes next: when, until when, and what it is."""

    at: Instant
    end: Instant | None
    what: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why: the verdict and the steps that led to it."""

    id: str
    verdict: str
    steps: tuple[Step, ...]
    record: DecisionRecord | None = None

"""Steps of a decision as people read them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from horarium.booking.trace import Step
from horarium.kernel.errors import InvalidInput
from horarium.kernel.instant import parse_instant
from horarium.kernel.zone import Zone
from horarium.web.rendering import lasting, span, when

# Words after which a way goes on.
_ON = frozenset({"passed", "open", "runs", "ran", "finished", "accepted", "in policy"})
_STOPS = frozenset({"declined", "closed", "lost", "failed", "ignored"})
# What of a quota is told in seconds.
_LENGTHS = frozenset({"limit", "used", "asked", "held"})
# Longer lists of what was compared are cut.
MOST_COMPARED = 20


@dataclass(frozen=True, slots=True)
class StepLine:
    """A step: the gate, the verdict, the reason's code, what was compared, and whether the way went
    on after it."""

    gate: str
    verdict: str
    reason: str
    facts: tuple[str, ...]
    compared: tuple[str, ...]
    goes_on: bool

    @property
    def tone(self) -> str:
        """`yes` where the way went on, `no` where it ended badly, else nothing."""
        return "yes" if self.goes_on else "no" if self.verdict.lower() in _STOPS else ""

    @property
    def said(self) -> str:
        """The reason in words."""
        return self.reason.replace("_", " ")


def step_lines(steps: Iterable[Step], zone: Zone) -> list[StepLine]:
    """The steps of a decision, times on the clocks of a zone."""
    return [
        StepLine(
            step.gate,
            step.verdict,
            step.reason,
            tuple(_facts(step, zone)),
            tuple(_compared(step, zone)),
            step.verdict.lower() in _ON or step.verdict == "ACCEPTED",
        )
        for step in steps
    ]


def _facts(step: Step, zone: Zone) -> Iterable[str]:
    """What a step compared but for its lists; instants and lengths as people read them."""
    of_quota = "quota" in step.evidence
    for name, value in step.evidence.items():
        if value is None or isinstance(value, list):
            continue
        words = name.replace("_", " ")
        if of_quota and name in _LENGTHS and str(value).isdigit():
            yield f"{words} {lasting(int(value))}"
        else:
            yield f"{words} {_local(value, zone)}"


def _local(value: object, zone: Zone) -> str:
    try:
        return when(parse_instant(str(value)), zone)
    except InvalidInput:
        return str(value)


def _compared(step: Step, zone: Zone) -> Iterable[str]:
    for value in step.evidence.values():
        if isinstance(value, list):
            yield from (_line(item, zone) for item in value[:MOST_COMPARED])
            if len(value) > MOST_COMPARED:
                yield f"and {len(value) - MOST_COMPARED} more"


def _line(item: object, zone: Zone) -> str:
    """One thing that was compared: a collision, a reservation, a rule, a resource of a pool."""
    if not isinstance(item, dict):
        return str(item)
    if "entry" in item:
        return f"{_span(item.get('start'), item.get('end'), zone)} {item['entry'] or 'down'}"
    if "resource" in item:
        return f"{item['resource']} {item.get('passed_over') or 'is free'}"
    text = _span(item.get("start"), item.get("end"), zone)
    if item.get("busy_start"):
        text += " meets " + _span(item["busy_start"], item.get("busy_end"), zone)
    who = item.get("organizer")
    return " ".join(part for part in (text, item.get("uid"), f"by {who}" if who else "") if part)


def _span(start: str | None, end: str | None, zone: Zone) -> str:
    try:
        first = parse_instant(start or "")
        return span(first, parse_instant(end) if end else None, zone)
    except InvalidInput:
        return start or ""

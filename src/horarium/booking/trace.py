"""The trace of a decision: which gate said what, and upon which facts."""

from __future__ import annotations

from dataclasses import dataclass, field

Evidence = dict[str, "str | int | bool | list[str] | list[dict[str, str | None]] | None"]


@dataclass(frozen=True, slots=True)
class Step:
    """One gate or scheduling function passed on the way to a decision.

    `verdict` is `passed`, `DECLINED` or the outcome that ended the way; `reason` is a code;
    `evidence` holds the compared facts as text and numbers.
    """

    gate: str
    verdict: str
    reason: str = ""
    evidence: Evidence = field(default_factory=dict)

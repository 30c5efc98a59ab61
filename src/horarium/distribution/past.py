"""What is known of earlier runs: how large versions are and how long things take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

RUNS = 20
"""How many of the last runs count."""

ASSUMED_RATE = 12_500_000
"""Octets a second that a link without any limit is taken to carry: 100 Mbit."""


@dataclass(frozen=True, slots=True)
class Past:
    """``octets`` that a receiver fetches of a typical version, and ``seconds`` that its build
    takes, by distribution. What is not there was never measured. ``estimated`` are distributions
    whose numbers were not measured, but follow from the size of their source."""

    octets: Mapping[str, int] = field(default_factory=dict)
    seconds: Mapping[str, int] = field(default_factory=dict)
    estimated: frozenset[str] = frozenset()


def typical(values: Sequence[int]) -> int | None:
    """The 95th percentile of the last runs, by the nearest rank; None without any."""
    last = sorted(values[-RUNS:])
    return last[-(-95 * len(last) // 100) - 1] if last else None

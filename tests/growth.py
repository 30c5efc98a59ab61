"""What a piece of work costs beside another one, without asking how fast the machine is."""

from __future__ import annotations

from collections.abc import Callable
from time import process_time
from typing import TypeVar

T = TypeVar("T")


def growth(work: Callable[[T], object], small: T, large: T) -> float:
    """How many times as long the large work takes as the small one, the best of three each."""
    return _best(lambda: work(large)) / _best(lambda: work(small))


def passes(work: Callable[[], object]) -> float:
    """How many times as long the work takes as ten thousand additions, the best of three each."""
    return _best(work) / one_pass()


def one_pass() -> float:
    """How many seconds ten thousand additions take."""
    return _best(lambda: sum(number + 1 for number in range(10_000)))


def _best(work: Callable[[], object]) -> float:
    times = []
    for _ in range(3):
        begun = process_time()
        work()
        times.append(process_time() - begun)
    return min(times)

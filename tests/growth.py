"""How the cost of a piece of work grows, without asking how fast the machine is."""

from __future__ import annotations

from collections.abc import Callable
from time import process_time
from typing import TypeVar

T = TypeVar("T")


def growth(work: Callable[[T], object], small: T, large: T) -> float:
    """How many times as long the large work takes as the small one, the best of three each."""

    def best(load: T) -> float:
        times = []
        for _ in range(3):
            begun = process_time()
            work(load)
            times.append(process_time() - begun)
        return min(times)

    return best(large) / best(small)

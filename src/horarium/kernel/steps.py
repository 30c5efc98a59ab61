"""The meter of one query: how many candidates it may examine."""

from __future__ import annotations

from collections.abc import Callable

from horarium.kernel.errors import Unavailable

Budget = Callable[[], bool]
"""Tells whether there is CPU time left; handed in by whoever may read a clock."""

ASK_EVERY = 256
"""Steps between two looks at the CPU budget."""


class StepsExhausted(Exception):
    """The step budget of a query is spent (kept inside the kernel)."""


class Meter:
    """Counts steps, the same number for the same query on every machine.

    A step is one candidate examined. Past ``limit`` it raises StepsExhausted;
    when ``budget`` says no it raises Unavailable("cpu"), for then nothing is
    decided.
    """

    __slots__ = ("_ask_at", "_budget", "_limit", "steps")

    def __init__(self, limit: int, budget: Budget | None = None) -> None:
        self.steps = 0
        self._limit = limit
        self._budget = budget
        self._ask_at = ASK_EVERY if budget is not None else limit + 1

    def spend(self, n: int) -> None:
        """Count ``n`` steps."""
        self.steps = steps = self.steps + n
        if steps < self._ask_at:
            return
        if steps > self._limit:
            raise StepsExhausted
        if self._budget is not None:
            self._ask_at = min(steps + ASK_EVERY, self._limit + 1)
            if not self._budget():
                raise Unavailable("cpu")

"""How fast period sets and the capacity sweep are, beside ``portion``.

``portion`` is measured where it is installed; without it our own growth is
still shown. Results are compared before anything is timed.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from time import perf_counter
from typing import Any

from timing import Row, best, show

from horarium.kernel.capacity import first_fit, fits, peak
from horarium.kernel.instant import Instant
from horarium.kernel.period import Period
from horarium.kernel.periodset import PeriodSet

try:
    import portion
except ImportError:
    portion = None

SMALL, LARGE = 10_000, 100_000


def periods(n: int, seed: str) -> list[Period]:
    """Give n random hours on a line long enough for most to stay apart."""
    rng = Random(seed)
    starts = [rng.randrange(n * 7200) for _ in range(n)]
    return [Period(Instant(t), Instant(t + rng.randint(600, 5400))) for t in starts]


def theirs(chosen: list[Period]) -> Any:
    """Give the same set as an interval of ``portion``."""
    return portion.Interval(*(portion.closedopen(p.start, p.end) for p in chosen))


def pairs(interval: Any) -> list[tuple[int, int]]:
    return [(atom.lower, atom.upper) for atom in interval if not atom.empty]


OPERATIONS: dict[
    str, tuple[Callable[[PeriodSet, PeriodSet], PeriodSet], Callable[[Any, Any], Any]]
] = {
    "union": (lambda a, b: a.union(b), lambda a, b: a | b),
    "intersect": (lambda a, b: a.intersect(b), lambda a, b: a & b),
    "subtract": (lambda a, b: a.subtract(b), lambda a, b: a - b),
}


def set_rows(n: int) -> list[Row]:
    """Compare the set operations on n periods on each side."""
    one, two = periods(n, "one"), periods(n, "two")
    a, b = PeriodSet(one), PeriodSet(two)
    made = best(lambda: PeriodSet(one))
    found = []
    if portion is None:
        return [
            Row(f"{name} of {n:,}", best(lambda f=f: f[0](a, b)), None, None, ">= 10x")  # type: ignore[misc]
            for name, f in OPERATIONS.items()
        ]
    begin = perf_counter()
    x, y = theirs(one), theirs(two)
    rival_made = (perf_counter() - begin) / 2
    assert [(p.start, p.end) for p in a] == pairs(x)
    found.append(Row(f"construct {n:,}, portion", made, rival_made, rival_made / made, "reported"))
    for name, (ours, rival) in OPERATIONS.items():
        assert [(p.start, p.end) for p in ours(a, b)] == pairs(rival(x, y)), name
        fast = best(lambda ours=ours: ours(a, b))  # type: ignore[misc]
        slow = best(lambda rival=rival: rival(x, y), 0)  # type: ignore[misc]
        found.append(Row(f"{name} of {n:,}, portion", fast, slow, slow / fast, ">= 10x"))
    return found


def sweeps(n: int) -> dict[str, Callable[[], object]]:
    """Give the questions of capacity on n periods, sorted by start as a store hands them out."""
    held = [Period(Instant(p.start + 0), Instant(p.end + 0)) for p in sorted(periods(n, "held"))]
    end = Instant(n * 7200)
    new = Period(Instant(0), end)
    opened = PeriodSet([new])
    a, b = PeriodSet(held), PeriodSet(periods(n, "other"))
    return {
        "peak": lambda: peak(held),
        "fits": lambda: fits(held, new, 100),
        "first_fit": lambda: first_fit(held, end, 100, Instant(0), end, opened),
        "union": lambda: a.union(b),
        "intersect": lambda: a.intersect(b),
        "subtract": lambda: a.subtract(b),
    }


def growth_rows() -> list[Row]:
    """Compare our own times on ten times as many periods."""
    small, large = sweeps(SMALL), sweeps(LARGE)
    found = []
    for name, run in large.items():
        few, many = best(small[name]), best(run)
        bar = f"{name}: {LARGE:,} periods beside {SMALL:,}"
        found.append(Row(bar, many, few, many / few, "<= 13x"))
    return found


def main() -> None:
    """Print the table of every bar."""
    show("capacity", set_rows(LARGE) + growth_rows())


if __name__ == "__main__":
    main()

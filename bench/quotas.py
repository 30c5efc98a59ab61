"""What a quota costs a decision as its journal fills: at 1,000 charges and at 100,000.

The operations are those of one booking: read what is used, read the event's own charges, enter one,
restate it, release it, and look for a resource's entries in an hour. The rival is the same on the
small journal; the sums are compared with those of the rows first.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from load import Row, scratch, show

from horarium.booking.quota import Charge
from horarium.kernel.instant import Instant
from horarium.kernel.period import Period
from horarium.store.embedded import EmbeddedEngine
from horarium.store.quotas import QuotaRepository
from horarium.store.store import Store, Transaction

CARS, PEOPLE = 10, 500
SMALL, LARGE = 1_000, 100_000
TIMES = 400
START, HOUR = 1_800_000_000, 3_600
GOAL = 1.3

Operation = Callable[[QuotaRepository, int], object]


def charge(number: int) -> Charge:
    """The hour that the event of that number takes."""
    who, start = f"p{number % PEOPLE}@example.com", Instant(START + number * HOUR // 2)
    return Charge("cars", who, who, start, Period(start, Instant(start + HOUR)))


def hour(number: int) -> Period:
    """An hour that is held in both journals."""
    return charge(number % (SMALL // 2)).event


OPERATIONS: dict[str, Operation] = {
    "what is used": lambda q, n: q.used("cars", f"p{n % PEOPLE}@example.com"),
    "the charges of an event": lambda q, n: q.of_event(n % CARS + 1, f"u{n}"),
    "one charge more": lambda q, n: q.restate(1, f"new{n}", [charge(n)]),
    "the same charge again": lambda q, n: q.restate(1, f"new{n}", [charge(n)]),
    "one charge less": lambda q, n: q.restate(1, f"new{n}", []),
    "the entries of an hour": lambda q, n: q.entries("cars", 1, [hour(n)]),
}


def filled(path: Path, charges: int) -> Store:
    """A store whose journal holds so many charges."""
    engine = EmbeddedEngine(path)
    engine.migrate(START)
    store = Store(engine)

    def work(tx: Transaction) -> None:
        for number in range(CARS):
            tx.directory.declare(f"mailto:car{number}@example.com", "resource", "bench")
        for number in range(charges):
            tx.quotas.restate(number % CARS + 1, f"u{number}", [charge(number)])
        assert sum(used for _, used in tx.quotas.usage("cars")) == charges * HOUR
        journal = tx.quotas.journal("cars", identity="p7@example.com")
        assert tx.quotas.used("cars", "p7@example.com") == len(journal) * HOUR

    store.transact([], work)
    return store


def microseconds(store: Store, operation: Operation) -> float:
    """The median time of an operation, inside one transaction."""

    def work(tx: Transaction) -> list[float]:
        times = []
        for number in range(TIMES):
            begun = time.perf_counter()
            operation(tx.quotas, number)
            times.append(time.perf_counter() - begun)
        return times

    return sorted(store.transact([], work))[TIMES // 2] * 1e6


def main() -> None:
    """Prints the table and, as its last line, the same as JSON."""
    rows = []
    with scratch() as folder:
        few, many = filled(folder / "few.db", SMALL), filled(folder / "many.db", LARGE)
        measured: dict[str, list[tuple[float, float]]] = {what: [] for what in OPERATIONS}
        for _ in range(5):
            for what, operation in OPERATIONS.items():
                pair = microseconds(few, operation), microseconds(many, operation)
                measured[what].append(pair)
        for what, pairs in measured.items():
            rival, ours = (sorted(column)[2] for column in zip(*pairs, strict=True))
            bar = f"{what}, {LARGE:,} charges in one quota, rival {SMALL:,}"
            met = ours <= GOAL * rival
            rows.append(
                Row(bar, f"{ours:.1f} µs", f"{rival:.1f} µs", ours / rival, f"<= {GOAL}", met)
            )
        few.close()
        many.close()
    show("quotas", rows)


if __name__ == "__main__":
    main()

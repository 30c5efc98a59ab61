"""What a conflict search costs as a room's time fills: at 10,000 stored periods and at a million.

A search is what a decision does: read what is held in the asked spans and sweep for the capacity.
Every room also holds one booking of 300 days, which must slow nobody. The rival is the same search
on the small store; the number of statements is counted and must not depend on what is stored.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterable
from pathlib import Path

from load import DAY, Row, each_year, fill, room, scratch, show, slot_start

from horarium.booking.freebusy import find_conflicts, held_in, occupied
from horarium.booking.resource import Resource
from horarium.kernel.instant import Instant
from horarium.kernel.recurrence import Occurrence, Source
from horarium.runtime.clock import SystemClock
from horarium.runtime.mail_agent import MailAgent
from horarium.runtime.settings import default_settings
from horarium.runtime.site import Site
from horarium.runtime.wiring import open_store
from horarium.store.bookings import ResourceReservations
from horarium.store.engine import Parameters, Session
from horarium.store.engine import Row as StoredRow
from horarium.store.store import Store

ROOMS = 100
SMALL, LARGE = 10_000, 1_000_000
SEARCHES = 400
WEEK = 7 * DAY
GOAL = 1.3


class Counting:
    """A session that counts the statements run through it."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.statements = 0

    def rows(self, query: str, values: Parameters) -> list[StoredRow]:
        self.statements += 1
        return self._session.rows(query, values)

    def row(self, query: str, values: Parameters) -> StoredRow | None:
        self.statements += 1
        return self._session.row(query, values)

    def run(self, query: str, values: Parameters) -> int:
        raise AssertionError("a search changes nothing")

    def run_many(self, query: str, values: Iterable[Parameters]) -> None:
        raise AssertionError("a search changes nothing")


def filled(folder: Path, periods: int, *, spread: bool) -> tuple[Store, list[tuple[int, Resource]]]:
    """A store that holds so many periods, and its rooms that hold some."""
    settings = default_settings()
    store = open_store(Site(folder), settings, SystemClock())
    names = [room(number) for number in range(ROOMS)]

    def declare(tx: object) -> None:
        for name in names:
            tx.directory.declare(f"mailto:{name}", "resource", "bench")  # type: ignore[attr-defined]
        tx.directory.raise_version()  # type: ignore[attr-defined]

    store.transact([], declare)
    fill(store, periods, ROOMS, spread=spread)
    directory = MailAgent(store, settings).directory
    found = [directory.find(name) for name in (names if spread else names[:1])]
    return store, [(entry.id, entry.resource) for entry in found if entry is not None]


def asked(rng: random.Random, occurrences: int, *, spread: bool) -> list[Occurrence]:
    """An hour that is held in part, or a year of such hours."""
    start = slot_start(rng.randrange(each_year(spread)))
    at = [Instant(start + week * WEEK) for week in range(occurrences)]
    return [Occurrence(t, t, Instant(t + 3_600), Source.RULE) for t in at]


def search(store: Store, place: tuple[int, Resource], wanted: list[Occurrence]) -> tuple[int, int]:
    """How many statements one search ran, and how many occurrences met something."""
    number, resource = place
    spans = [occupied(o.start, o.end, resource.preferences) for o in wanted]

    def work(session: Session) -> tuple[int, int]:
        counting = Counting(session)
        held = held_in(ResourceReservations(counting, store.tenant, number), spans, resource)
        return counting.statements, len(find_conflicts(wanted, held, resource, 1))

    return store._engine.read(work)


def microseconds(
    store: Store, places: list[tuple[int, Resource]], occurrences: int, *, spread: bool
) -> float:
    """The median time of a search."""
    rng, times = random.Random(occurrences), []
    for _ in range(SEARCHES):
        place, wanted = rng.choice(places), asked(rng, occurrences, spread=spread)
        begun = time.perf_counter()
        search(store, place, wanted)
        times.append(time.perf_counter() - begun)
    return sorted(times)[SEARCHES // 2] * 1e6


def main() -> None:
    """Prints the table and, as its last line, the same as JSON."""
    rows = []
    with scratch() as folder:
        for spread, where in ((True, f"over {ROOMS} rooms"), (False, "all in one room")):
            few, few_places = filled(folder / f"small-{spread}", SMALL, spread=spread)
            many, many_places = filled(folder / f"large-{spread}", LARGE, spread=spread)
            for occurrences in (1, 52):
                rng = random.Random(0)
                wanted = [asked(rng, occurrences, spread=spread) for _ in range(20)]
                counts = {
                    search(store, places[0], each)[0]
                    for store, places in ((few, few_places), (many, many_places))
                    for each in wanted
                }
                for each in wanted:
                    found = search(few, few_places[0], each)[1]
                    assert found == search(many, many_places[0], each)[1] > 0
                pairs = [
                    (microseconds(few, few_places, occurrences, spread=spread),
                     microseconds(many, many_places, occurrences, spread=spread))
                    for _ in range(5)
                ]  # fmt: skip
                rival, ours = (sorted(column)[2] for column in zip(*pairs, strict=True))
                what = "one event" if occurrences == 1 else f"a series of {occurrences}"
                bar = f"{what}, {LARGE:,} periods {where}, rival {SMALL:,}; statements {counts}"
                met = ours <= GOAL * rival and len(counts) == 1
                rows.append(
                    Row(bar, f"{ours:.0f} µs", f"{rival:.0f} µs", ours / rival, f"<= {GOAL}", met)
                )
            few.close()
            many.close()
    show("conflicts", rows)


if __name__ == "__main__":
    main()

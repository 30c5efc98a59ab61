"""Appointments: durable allocations beside a bare transaction of the same shape, singly and in
batches; a month of starts for fifty hosts over ten thousand busy periods.

The store lies on a disk and every allocation is durable before the next begins. The bare
transaction writes the same rows with the same indexes and decides nothing.
"""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Callable
from pathlib import Path

import apsw
from load import DAY, Row, scratch, show

from horarium.appointments.allocation import Request
from horarium.appointments.appointment import Appointment, State
from horarium.kernel.instant import Instant, parse_instant
from horarium.kernel.period import Period
from horarium.runtime.applying import apply_objects
from horarium.runtime.desk import Desk
from horarium.runtime.generating import Generators
from horarium.runtime.objects import read_objects
from horarium.runtime.settings import default_settings
from horarium.store.embedded import EmbeddedEngine
from horarium.store.store import Store

NOW = parse_instant("2027-05-10T00:00:00Z")
HOSTS, BUSY, ROUNDS, SLOTS, BATCH = 50, 10_000, 5, 200, 50


class Bench:
    """A site on a disk with so many hosts in one team, and a service that they give."""

    def __init__(self, folder: Path, hosts: int) -> None:
        folder.mkdir()
        engine = EmbeddedEngine(folder / "horarium.db")
        engine.migrate(NOW)
        self.database = folder / "horarium.db"
        self.store = Store(engine)
        names = [f"host{number}" for number in range(hosts)]
        text = "".join(f'[appointer.{name}]\nhours = ["mon-fri 08:00-18:00"]\n' for name in names)
        text += f'[assistant.team]\nmode = "least-recent"\nappointers = {names}\n'
        text += '[service.talk]\nby = "team"\nduration = "30m"\nstep = "30m"\nnotice = 0\n'
        path = folder / "objects.toml"
        path.write_text(text.replace("'", '"'))
        apply_objects(self.store, read_objects([path]), NOW, prune=False, dry_run=False)
        settings = default_settings()
        self.generators = Generators(self.store, settings, os.urandom)
        self.desk = Desk(self.store, settings, os.urandom)

    def fill(self, many: int, hosts: int) -> None:
        """Books so many half hours of the month, spread over the hosts."""

        def work(tx) -> None:  # type: ignore[no-untyped-def]
            for number in range(many):
                start = Instant(NOW + number // hosts % 30 * DAY + 8 * 3_600 + number % 17 * 1_800)
                slot = Period(start, Instant(start + 1_500))
                host = f"host{number % hosts}"
                item = Appointment(
                    id=f"a{number}", uid=f"a{number}", slot=slot, hosts=(host,),
                    state=State.CONFIRMED, created=NOW, changed=NOW, service="talk", team="team",
                )  # fmt: skip
                tx.appointments.put(item, [(host, slot)])

        self.store.transact([], work)


def singly(bench: Bench) -> float:
    """Allocations a second, one transaction each."""
    begun = time.perf_counter()
    for number in range(SLOTS):
        bench.generators.get(f"host{number % HOSTS}", Request(300), NOW)
    return SLOTS / (time.perf_counter() - begun)


def in_batches(bench: Bench) -> float:
    """Allocations a second, fifty in one transaction."""
    begun = time.perf_counter()
    for number in range(SLOTS // BATCH):
        bench.generators.get_many(f"host{number % HOSTS}", Request(300), BATCH, NOW)
    return SLOTS / (time.perf_counter() - begun)


def bare(bench: Bench, batch: int) -> Callable[[], float]:
    """The same rows written by a loop that decides nothing, so many in a transaction."""
    connection = apsw.Connection(str(bench.database))
    connection.set_busy_timeout(5_000)
    for pragma in ("journal_mode=WAL", "synchronous=FULL"):
        connection.pragma(*pragma.split("="))
    counter = itertools.count()

    def run() -> float:
        begun = time.perf_counter()
        for _ in range(SLOTS // batch):
            connection.execute("BEGIN IMMEDIATE")
            for _ in range(batch):
                number = next(counter)
                row = connection.execute(
                    "INSERT INTO appointment (id, tenant, uid, sequence, service, team, turn, "
                    "start_s, end_s, seats, state, awaits, client_name, client_mail, client_zone, "
                    "client_language, fields, source, reason, series, created_s, changed_s) VALUES "
                    "(?, 'bare', ?, 0, '', '', 0, ?, ?, 1, 'confirmed', '', '', '', '', '', '{}', "
                    "'', '', '', 0, 0) RETURNING number",
                    (f"b{batch}-{number}", f"b{batch}-{number}", number * 300, number * 300 + 300),
                ).fetchone()
                connection.execute(
                    "INSERT INTO appointment_host VALUES ('bare', 'h', ?, ?, ?, 0)",
                    (row[0], number * 300, number * 300 + 300),
                )
                connection.execute(
                    "INSERT OR REPLACE INTO appointer_state VALUES ('bare', 'h', ?, ?, 0, '[]')",
                    (number * 300, number),
                )
            connection.execute("COMMIT")
        return SLOTS / (time.perf_counter() - begun)

    return run


def middle(work: Callable[[], float]) -> float:
    return sorted(work() for _ in range(ROUNDS))[ROUNDS // 2]


def faster(bar: str, rate: float, rival: Callable[[], float]) -> Row:
    """One comparison of rates; a tenth of what decides nothing is enough."""
    other = middle(rival)
    ratio = rate / other
    return Row(bar, f"{rate:.0f}/s", f"{other:.0f}/s", ratio, ">= 0.1", ratio >= 0.1)


def listing(bench: Bench) -> float:
    """Milliseconds to list a month of starts at any of the hosts."""
    span = Period(NOW, Instant(NOW + 30 * DAY))
    begun = time.perf_counter()
    offers = bench.desk.starts("talk", span, NOW)
    assert len(offers) > 100
    return (time.perf_counter() - begun) * 1e3


def main() -> None:
    """Prints the table and, as its last line, the same as JSON."""
    rows = []
    with scratch() as folder:
        bench = Bench(folder / "a", HOSTS)
        one, many = middle(lambda: singly(bench)), middle(lambda: in_batches(bench))
        rows.append(faster("allocations one by one, rival a bare loop", one, bare(bench, 1)))
        title = f"allocations in batches of {BATCH}, rival a bare loop"
        rows.append(faster(title, many, bare(bench, BATCH)))
        full, empty = Bench(folder / "b", HOSTS), Bench(folder / "c", HOSTS)
        full.fill(BUSY, HOSTS)
        ours, rival = middle(lambda: listing(full)), middle(lambda: listing(empty))
        rows.append(Row("a month of 50 hosts, 10,000 appointments, rival none", f"{ours:.0f} ms",
                        f"{rival:.0f} ms", ours / rival, "<= 3", ours / rival <= 3))  # fmt: skip
    show("appointments", rows)


if __name__ == "__main__":
    main()

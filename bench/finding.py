"""What it costs to find a free room among a thousand, with the reasons of all others.

The rival is the same search room by room, each with its own queries; a second one is our own search
on a twentieth of the stored periods. Both answer alike before anything is timed. The number of
statements is counted: it must not depend on how many rooms there are, nor on what is stored.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from statistics import median

from load import FIRST, TENANT, Row, room, scratch, series, show, slot_start

from horarium.booking.finding import Finding, Wish, in_order, judge
from horarium.kernel.instant import Instant, format_instant
from horarium.kernel.period import Period
from horarium.runtime.clock import SystemClock
from horarium.runtime.directory import Directory, read_directory
from horarium.runtime.finding import find_among
from horarium.runtime.questions import view_of
from horarium.runtime.settings import load_settings
from horarium.runtime.site import Site
from horarium.runtime.wiring import open_store
from horarium.store.engine import Parameters, Session
from horarium.store.engine import Row as StoredRow
from horarium.store.store import Store, Transaction

ROOMS = 1_000
# A year of one weekly half-hour in each room, and twenty such years.
SMALL, LARGE = ROOMS * 52, ROOMS * 52 * 20
SEARCHES = 20
# Half-hours of the morning that the rooms share out among them.
SLOTS = 8
PROGRAM = [sys.executable, "-m", "horarium.cli.entry"]


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


def make_site(folder: Path, periods: int) -> Path:
    """A site with a thousand rooms of several sizes that hold so many periods."""
    (folder / "objects").mkdir(parents=True)
    (folder / "horarium.toml").write_text("")
    rooms = "".join(
        f'[resource."{room(number)}"]\nseats = {number % 40 + 1}\n'
        f'features = ["screen", "floor {number % 7}"]\nworking_hours = "mon-fri 07:00-20:00"\n'
        for number in range(ROOMS)
    )
    (folder / "objects" / "rooms.toml").write_text(rooms)
    applied = [*PROGRAM, "--site", str(folder), "apply", str(folder / "objects")]
    subprocess.run(applied, check=True, capture_output=True)
    store = open_store(Site(folder), load_settings(Site(folder), {}), SystemClock())
    fill(store, periods)
    store.close()
    return folder


def fill(store: Store, periods: int) -> None:
    """Stores weekly half-hours on a Monday morning, one year of a room after the other; the rooms
    are as full in the year of FIRST however much is stored."""
    users = {user.uri: user.id for user in store.read(lambda tx: tx.directory.users())}

    def work(session: Session) -> None:
        for number in range(periods // 52):
            nth, which = divmod(number, ROOMS)
            resource = users[f"mailto:{room(which)}"]
            head, laid, entry = series(resource, number, nth * SLOTS + which % SLOTS, SLOTS)
            session.run("put_entry", entry)
            session.run("put_booking", head)
            session.run_many("put_period", laid)
        for resource in users.values():
            longest = {"tenant": TENANT, "resource": resource, "longest_s": 1_800}
            session.run("raise_longest", longest)

    store._engine.transact([], work)
    store.checkpoint(thorough=True)


def wishes() -> list[Wish]:
    """Hours of the first morning of FIRST, for growing numbers of people."""
    now = Instant(FIRST - 86_400)
    starts = [slot_start(0) + nth * 600 for nth in range(SEARCHES)]
    return [
        Wish(Period(Instant(start), Instant(start + 3_600)), now, people, frozenset({"screen"}))
        for people, start in enumerate(starts, start=1)
    ]


def one_by_one(tx: Transaction, directory: Directory, wish: Wish) -> list[Finding]:
    """The rival: every room is asked with its own queries."""
    return in_order(judge(wish, view_of(tx, user, wish.now)) for user in directory.registered)


def millis(work: Callable[[Wish], object]) -> float:
    """The median time of a search."""
    times = []
    for wish in wishes():
        begun = time.perf_counter()
        work(wish)
        times.append(time.perf_counter() - begun)
    return median(times) * 1e3


def measure(site: Path) -> tuple[float, float, float, int]:
    """Milliseconds of a search, of the rival's, of reading the directory, and our statements."""
    settings = load_settings(Site(site), {})
    store: Store = open_store(Site(site), settings, SystemClock())
    directory = store.read(lambda tx: read_directory(tx, settings))
    counts = set()

    def check(tx: Transaction) -> None:
        taken = 0
        for wish in wishes():
            counting = Counting(tx.session)
            ours = find_among(replace(tx, session=counting), directory, wish)
            counts.add(counting.statements)
            theirs = one_by_one(tx, directory, wish)
            assert [(f.resource.address.key, f.against) for f in ours] == [
                (f.resource.address.key, f.against) for f in theirs
            ]
            assert 0 < sum(finding.free for finding in ours) < ROOMS
            taken += sum(step.reason == "conflict" for f in ours for step in f.against)
        assert taken, "no room was ever taken"

    store.read(check)
    (statements,) = counts
    ours = millis(lambda wish: store.read(lambda tx: find_among(tx, directory, wish)))
    theirs = millis(lambda wish: store.read(lambda tx: one_by_one(tx, directory, wish)))
    begun = time.perf_counter()
    store.read(lambda tx: read_directory(tx, settings))
    read = (time.perf_counter() - begun) * 1e3
    store.close()
    return ours, theirs, read, statements


def command_millis(site: Path) -> float:
    """The whole command, from the start of its process to its end."""
    wish = wishes()[0]
    times = []
    for _ in range(5):
        begun = time.perf_counter()
        subprocess.run(
            [
                *PROGRAM, "--site", str(site), "resource", "find", "--json", "--capacity", "8",
                "--from", format_instant(wish.time.start), "--to", format_instant(wish.time.end),
            ],
            check=True, capture_output=True,
        )  # fmt: skip
        times.append(time.perf_counter() - begun)
    return median(times) * 1e3


def main() -> None:
    """Prints the table and, as its last line, the same as JSON."""
    with scratch() as folder:
        few, _, _, fewer = measure(make_site(folder / "small", SMALL))
        large = make_site(folder / "large", LARGE)
        many, rival, read, statements = measure(large)
        whole = command_millis(large)
    assert statements == fewer
    show(
        "finding",
        [
            Row(
                f"one of {ROOMS:,} rooms, {LARGE:,} periods; statements {statements}",
                f"{many:.1f} ms", f"{rival:.1f} ms (room by room)", rival / many, ">= 1",
                rival >= many,
            ),
            Row(
                f"the same, rival at {SMALL:,} periods", f"{many:.1f} ms", f"{few:.1f} ms",
                many / few, "<= 1.3", many <= 1.3 * few,
            ),
            Row(f"reading {ROOMS:,} rooms with their preferences", f"{read:.0f} ms", "", None,
                "reported", None),
            Row("the whole command", f"{whole:.0f} ms", "", None, "reported", None),
        ],
    )  # fmt: skip


if __name__ == "__main__":
    main()

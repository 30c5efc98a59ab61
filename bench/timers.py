"""Timers beside APScheduler 3: a million of them, and how late those run that are due.

Every measurement is made in a process of its own, which prints what it found as one line of JSON;
`bench/timers.py PART ...` runs one of them. What is to be due is checked before it is timed.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any
from unittest import mock
from zoneinfo import ZoneInfo

import apsw
from apscheduler.executors.debug import DebugExecutor
from apscheduler.executors.pool import ThreadPoolExecutor as Threads
from apscheduler.jobstores.memory import MemoryJobStore
from apscheduler.jobstores.sqlalchemy import SQLAlchemyJobStore
from apscheduler.schedulers import base
from apscheduler.schedulers.background import BackgroundScheduler
from cronsim import CronSim
from load import Row, scratch, show, sync_micros
from timing import best

from horarium.directives.address import parse_main
from horarium.directives.controlfile import parse_control_file
from horarium.directives.directive import Directive
from horarium.directives.entry import Entry, entries_of
from horarium.directives.plan import foresee
from horarium.kernel.decision import State, due
from horarium.kernel.instant import Instant, parse_instant
from horarium.kernel.schedule_text import parse_schedule
from horarium.kernel.timetable import Circumstances, Timetable
from horarium.kernel.zone import named
from horarium.runtime.clock import SystemClock
from horarium.runtime.performing import Performer
from horarium.runtime.plan import ZONE_DATA_KEY, Plan, _new_timer, activate, version_of
from horarium.runtime.settings import default_settings
from horarium.runtime.site import Site
from horarium.runtime.task import Begun, Task, Worker
from horarium.runtime.task_loop import TaskLoop
from horarium.store.embedded import PRAGMAS, EmbeddedEngine
from horarium.store.engine import Key
from horarium.store.firings import Settled
from horarium.store.store import Store, Transaction

ROOT = Path(__file__).resolve().parents[1]
ZONE = "Europe/Berlin"
NOW = parse_instant("2026-03-02T12:34:56Z")
MAIN = parse_main("2:5030/15")
TASKS = 10
DUE = 100
SMALL, LARGE = 10_000, 1_000_000
BURST, BURST_SECONDS = 10_000, 60
PROGRAMS, PROGRAM_SECONDS, WORKERS = 200, 10, 8
PAST = datetime(2026, 3, 2, 12, 34, 56, tzinfo=UTC)
SUCCEEDED = Settled("finished")
# What the processes need before the first timer is due.
AHEAD = 4


# --- what the measurements share ---------------------------------------------


def part(*words: object) -> dict[str, Any]:
    """Runs one measurement in a process of its own."""
    argv = [sys.executable, __file__, *map(str, words)]
    done = subprocess.run(argv, check=True, stdout=subprocess.PIPE, text=True)
    found = json.loads(done.stdout.splitlines()[-1])
    assert isinstance(found, dict)
    return found


def peak() -> int:
    """The most memory this process has had, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10


def bytes_on_disk(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.iterdir() if path.is_file())


def directives_of(lines: Iterable[str]) -> tuple[Directive, ...]:
    data = "\n".join(lines).encode()
    found = parse_control_file(data, main=MAIN, read_list=lambda _: [])
    assert found.valid, found.errors[:3]
    return found.directives


def opened(folder: Path) -> Store:
    engine = EmbeddedEngine(folder / "store.db")
    engine.migrate(NOW)
    return Store(engine)


def plan_of(store: Store, entries: Iterable[Entry]) -> Plan:
    version = store.read(version_of)
    return Plan(version, {(entry.key, entry.task): entry for entry in entries})


def lateness(late: Sequence[float]) -> dict[str, Any]:
    """The half, 99 of 100 and the worst, in milliseconds."""
    ordered = sorted(late)
    at = {"p50": len(ordered) // 2, "p99": len(ordered) * 99 // 100, "max": len(ordered) - 1}
    return {"many": len(ordered), **{name: ordered[i] * 1e3 for name, i in at.items()}}


# --- a million ---------------------------------------------------------------


def many_lines(many: int) -> Iterator[str]:
    """So many lines for each task: a hundred due at once, the others some time in the week."""
    for number in range(many):
        if number < DUE:
            yield f"Exec due{number}.bat P.01:00"
        else:
            day = f"{number % 7}." if number % 2 else ""
            yield f"Exec a{number}.bat {day}{number % 24}:{number % 60:02}"


def many_entries(many: int) -> list[Entry]:
    return entries_of(directives_of(many_lines(many // TASKS)), ZONE, every=range(1, TASKS + 1))


def make(folder: Path, many: int) -> dict[str, Any]:
    """Makes so many timers stand, as the daemon does with a new control file."""
    begun = time.perf_counter()
    entries = many_entries(many)
    read = time.perf_counter()
    store = opened(folder)
    keys = [Key(store.tenant, "site", "timetable")]

    def stand_all(tx: Transaction) -> None:
        # A site that has run before: its data of zones is known, nothing is asked anew.
        tx.set_meta(ZONE_DATA_KEY, "known")
        assert len(activate(tx, entries, "", "known", NOW).new) == many

    store.transact(keys, stand_all)
    made = time.perf_counter()
    store.checkpoint(thorough=True)
    return {
        "read": read - begun, "made": made - read, "bytes": bytes_on_disk(folder), "peak": peak()
    }  # fmt: skip


def serve(folder: Path, many: int) -> dict[str, Any]:
    """Asks and claims as the process of one task does."""
    store = opened(folder)
    plan = plan_of(store, many_entries(many))
    assert len(plan.entries) == many
    task = Task(store, 1, lambda: plan, Worker("bench", os.getpid()))
    task.start(NOW)
    assert store.read(lambda tx: len(tx.timers.due(1, NOW, 1_000))) == DUE
    asked = best(lambda: store.read(lambda tx: tx.timers.due(1, NOW, 1_000)))
    following = best(lambda: store.read(lambda tx: tx.timers.next_due(1)))
    claims = []
    for _ in range(DUE):
        begun = time.perf_counter()
        look = task.look(NOW)
        claims.append(time.perf_counter() - begun)
        assert isinstance(look, Begun), look
        task.ended(look, SUCCEEDED, NOW)
    return {"due": asked, "next": following, "claim": median(claims), "peak": peak()}


def rival_many(folder: Path, kind: str, many: int, seconds: float) -> dict[str, Any]:
    """Adds jobs to a store of APScheduler, so many or as long; then asks which are due."""
    url = f"sqlite:///{folder}/jobs.db"
    store = SQLAlchemyJobStore(url) if kind == "sql" else MemoryJobStore()
    scheduler = BackgroundScheduler(timezone=ZONE, jobstores={"default": store})
    scheduler.start(paused=True)
    soon = datetime.now(UTC) + timedelta(days=300)
    begun = time.perf_counter()
    added = 0
    while added < many and (added < DUE or time.perf_counter() - begun < seconds):
        if added < DUE:
            scheduler.add_job("os:getpid", "interval", hours=1, id=str(added), next_run_time=PAST)
        else:
            when = {"hour": added % 24, "minute": added % 60}
            days = {"day_of_week": added % 7} if added % 2 else {}
            scheduler.add_job("os:getpid", "cron", id=str(added), start_date=soon, **when, **days)
        added += 1
    took = time.perf_counter() - begun
    now = PAST + timedelta(seconds=1)
    assert len(store.get_due_jobs(now)) == DUE
    return {
        "added": added, "made": took, "bytes": bytes_on_disk(folder), "peak": peak(),
        "due": best(lambda: store.get_due_jobs(now)), "next": best(store.get_next_run_time),
    }  # fmt: skip


def rows_of_many() -> list[Row]:
    found = {}
    for many in (SMALL, LARGE):
        with scratch() as folder:
            found[many] = part("make", folder, many), part("serve", folder, many)
    (made, served), (_, small) = found[LARGE], found[SMALL]
    rivals = {}
    for kind in ("sql", "memory"):
        with scratch() as folder:
            rivals[kind] = part("rival-many", folder, kind, LARGE, made["read"] + made["made"])
    rows = [
        row(f"{what} at {LARGE:,} timers, rival at {SMALL:,}", served[key], small[key])
        for what, key in (
            (f"{DUE} due timers read", "due"),
            ("the next due instant", "next"),
            ("one due timer claimed", "claim"),
        )
    ]
    taken = made["read"] + made["made"]
    each = taken / LARGE * SMALL
    ours = f"{LARGE:,} in {taken:.0f} s, {made['bytes'] >> 20} MiB on disk, peak {made['peak']} MiB"
    rows.append(Row("a file read and its timers made", ours, "", None, "reported", None))
    rows.append(
        Row(
            "peak of a process that serves them",
            f"{served['peak']} MiB",
            "",
            None,
            "reported",
            None,
        )
    )
    for kind, rival in rivals.items():
        name = f"APScheduler 3, {kind}: {rival['added']:,} jobs, peak {rival['peak']} MiB"
        theirs = rival["made"] / rival["added"] * SMALL
        rows.append(seconds_row(f"10,000 made; {name}", each, theirs))
        rows.append(row(f"{DUE} due ones read; {name}", served["due"], rival["due"], "reported"))
    return rows


def row(bar: str, ours: float, rival: float, goal: str = "<= 1.5") -> Row:
    ratio = ours / rival
    met = ratio <= 1.5 if goal == "<= 1.5" else None
    return Row(bar, f"{ours * 1e6:,.0f} µs", f"{rival * 1e6:,.0f} µs", ratio, goal, met)


def seconds_row(bar: str, ours: float, rival: float) -> Row:
    return Row(bar, f"{ours:.2f} s", f"{rival:.2f} s", ours / rival, "reported", None)


# --- lateness ----------------------------------------------------------------


class Watched(Store):
    """A store that notes after each of its commits when that was, and what was begun by then. It
    is asked by a connection of its own."""

    def __init__(self, engine: EmbeddedEngine, path: Path) -> None:
        super().__init__(engine)
        self.seen: list[tuple[int, float]] = []
        self.instrument = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)

    def transact(self, keys: Sequence[Key], work: Callable[[Any], Any]) -> Any:
        result = super().transact(keys, work)
        at = time.time()
        newest = self.instrument.execute("SELECT IFNULL(MAX(id), 0) FROM firing").get
        self.seen.append((newest, at))
        return result

    def late(self) -> list[float]:
        """How long after it was due each run was on disk."""
        rows = list(self.instrument.execute("SELECT id, due_s, kind FROM firing ORDER BY id"))
        assert all(kind == "run" for _, _, kind in rows)
        commits = iter(sorted(self.seen))
        newest, at = next(commits)
        found = []
        for id_, due_s, _ in rows:
            while newest < id_:
                newest, at = next(commits)
            found.append(at - due_s)
        return found


def stand(store: Store, entries: Sequence[Entry], first: int, seconds: int) -> None:
    """Makes entries of a periodic pointer stand, their grids spread evenly over so many seconds."""
    each = seconds / len(entries)
    timers = [
        _new_timer(entry, "", Instant(first + int(number * each)))
        for number, entry in enumerate(entries)
    ]
    store.transact([Key(store.tenant, "site", "timetable")], lambda tx: tx.timers.add(timers))


async def work(store: Store, site: Path, entries: list[Entry], end: float) -> None:
    """Works for every task of the entries in this process, until an instant."""
    plan = plan_of(store, entries)
    clock, deciding = SystemClock(), ThreadPoolExecutor(1)
    performer = Performer(Site(site), default_settings(), clock, store)
    loops = []
    for number in sorted({entry.task for entry in entries}):
        task = Task(store, number, lambda: plan, Worker("bench", os.getpid()))
        loops.append(TaskLoop(task, performer, clock, deciding, unchanged))
    running = [asyncio.create_task(loop.run()) for loop in loops]
    await asyncio.sleep(end - time.time())
    for loop in loops:
        loop.stop()
    await asyncio.gather(*running)
    deciding.shutdown()


async def unchanged() -> None:
    raise AssertionError("nobody changes the plan")


def burst(folder: Path) -> dict[str, Any]:
    """Ten thousand entries over a minute whose run is a row: how late the row is on disk."""
    lines = (f"Poll {1 + n // 30_000}:{1 + n // 1_000}/{n % 1_000} P.01:00" for n in range(BURST))
    entries = entries_of(directives_of(lines), ZONE)
    engine = EmbeddedEngine(folder / "store.db")
    engine.migrate(NOW)
    store = Watched(engine, folder / "store.db")
    first = int(time.time()) + AHEAD
    stand(store, entries, first, BURST_SECONDS)
    cpu = time.process_time()
    asyncio.run(work(store, folder, entries, first + BURST_SECONDS + 3))
    late = store.late()
    assert len(late) == BURST
    assert min(late) >= 0
    return {**lateness(late), "cpu": time.process_time() - cpu, "peak": peak()}


def rival_burst(folder: Path) -> dict[str, Any]:
    """The same with jobs in memory, each of which commits one row."""
    connection = sqlite3.connect(folder / "rows.db", check_same_thread=False, isolation_level=None)
    for pragma, value, _ in PRAGMAS:
        connection.execute(f"PRAGMA {pragma} = {value}")
    connection.execute("CREATE TABLE row (id INTEGER PRIMARY KEY, due INTEGER, text TEXT)")
    lock, late = threading.Lock(), []

    def commit(due_s: int) -> None:
        with lock:
            connection.execute("INSERT INTO row (due, text) VALUES (?, ?)", (due_s, "x" * 80))
        late.append(time.time() - due_s)

    scheduler = BackgroundScheduler(timezone=UTC, job_defaults={"misfire_grace_time": None})
    scheduler.start(paused=True)
    first = int(time.time()) + AHEAD * 2
    for number in range(BURST):
        at = first + number * BURST_SECONDS // BURST
        scheduler.add_job(commit, "date", run_date=datetime.fromtimestamp(at, UTC), args=(at,))
    assert time.time() < first
    cpu = time.process_time()
    scheduler.resume()
    time.sleep(first + BURST_SECONDS + 3 - time.time())
    while len(late) < BURST and time.time() < first + 4 * BURST_SECONDS:
        time.sleep(1)
    assert len(late) == BURST
    return {**lateness(late), "cpu": time.process_time() - cpu, "peak": peak()}


# --- programs ----------------------------------------------------------------


def program(folder: Path, number: int) -> list[str]:
    """A program that writes when it began, in nanoseconds."""
    return ["/bin/sh", "-c", "exec date +%s%N > $0", str(folder / f"ran-{number}")]


def evidence(folder: Path, first: int) -> list[float]:
    """How long after it was due each program had begun."""
    return [
        int((folder / f"ran-{number}").read_text()) / 1e9
        - (first + number * PROGRAM_SECONDS // PROGRAMS)
        for number in range(PROGRAMS)
    ]


def programs(folder: Path) -> dict[str, Any]:
    """Two hundred programs of eight tasks over ten seconds, each written as begun and as ended."""
    lines = []
    for number in range(PROGRAMS):
        shell, option, text, path = program(folder, number)
        lines.append(f'[{1 + number % WORKERS}]Exec {shell} {option} "{text}" {path} P.01:00')
    entries = entries_of(directives_of(lines), ZONE)
    store = opened(folder)
    first = int(time.time()) + AHEAD
    stand(store, entries, first, PROGRAM_SECONDS)
    asyncio.run(work(store, folder, entries, first + PROGRAM_SECONDS + 5))
    late = evidence(folder, first)
    ended = store.read(lambda tx: [tx.timers.standing()])[0]
    assert all(timer.ended is not None for timer in ended)
    return lateness(late)


def rival_programs(folder: Path) -> dict[str, Any]:
    """The same by a pool of eight threads; nothing is written of it."""
    scheduler = BackgroundScheduler(
        timezone=UTC, job_defaults={"misfire_grace_time": None}, executors={"default": Threads(8)}
    )
    scheduler.start()
    first = int(time.time()) + AHEAD
    for number in range(PROGRAMS):
        at = datetime.fromtimestamp(first + number * PROGRAM_SECONDS // PROGRAMS, UTC)
        scheduler.add_job(subprocess.run, "date", run_date=at, args=(program(folder, number),))
    time.sleep(first + PROGRAM_SECONDS + 5 - time.time())
    return lateness(evidence(folder, first))


def late_rows() -> list[Row]:
    with scratch() as folder:
        sync = sync_micros(folder)
    rows = [Row("the disk: append of a page and its sync", f"{sync:.0f} µs", "", None, "", None)]
    for what, ours, rival in (
        (f"{BURST:,} timers over {BURST_SECONDS} s, each a row", "burst", "rival-burst"),
        (f"{PROGRAMS} programs of {WORKERS} tasks over {PROGRAM_SECONDS} s", "programs",
         "rival-programs"),
    ):  # fmt: skip
        with scratch() as folder:
            mine = part(ours, folder)
        with scratch() as folder:
            theirs = part(rival, folder)
        for key in ("p50", "p99", "max"):
            goal = "<= 1 s, <= 1" if key == "p99" else "reported"
            ratio = mine[key] / theirs[key]
            met = (mine[key] <= 1_000 and ratio <= 1) if key == "p99" else None
            shown, other = (f"{found[key]:,.1f} ms" for found in (mine, theirs))
            rows.append(Row(f"{what}: late, {key}", shown, other, ratio, goal, met))
        if "cpu" in mine:
            rows.append(seconds_row(f"{what}: CPU of the process", mine["cpu"], theirs["cpu"]))
    return rows


# --- a year ahead, and points that were missed -------------------------------


def year_rows() -> list[Row]:
    """The seed's sample over a year: in the process, by the command, and beside cronsim."""
    sample = ROOT / "tests" / "seeds" / "events.ctl"
    lines = sample.read_text("utf-8").split("\n")
    directives = directives_of(lines)
    zone, days = named(ZONE), 366
    start = parse_instant("2026-01-01T00:00:00Z")
    end = Instant(start + days * 86_400)
    moments = [d for d in directives if d.line in CRON]
    found = foresee(moments, zone, start, end)
    theirs = sorted(at for text in CRON.values() for at in stepped(text, start, end))
    # A moment that falls into the gap of the clocks is at its end; here none does.
    assert [item.at for item in found if item.happens] == theirs
    ours = best(lambda: foresee(moments, zone, start, end))
    rival = best(lambda: [list(stepped(text, start, end)) for text in CRON.values()])
    whole = best(lambda: foresee(directives, zone, start, end))
    command = [
        ROOT / ".venv" / "bin" / "horarium", "directives", "next", "--address", str(MAIN),
        "--from", "2026-01-01", "--to", "+366d", sample,
    ]  # fmt: skip
    with scratch() as folder:
        (folder / "horarium.toml").write_text(f'zone = "{ZONE}"\n')
        taken = best(lambda: subprocess.run(
            [*command[:1], "--site", folder, *command[1:]], check=True, stdout=subprocess.DEVNULL
        ))  # fmt: skip
    shown = f"{ours * 1e3:.1f} ms", f"{rival * 1e3:.1f} ms"
    return [
        Row(f"a year of the sample's {len(CRON)} moments, cronsim", *shown, ours / rival, "<= 1",
            ours <= rival),
        Row("a year of the whole sample", f"{whole * 1e3:.1f} ms", "", None, "reported", None),
        Row("the same by the command", f"{taken * 1e3:.0f} ms", "", None, "reported", None),
    ]  # fmt: skip


# The lines of the sample that are moments, by their number, as cron says them.
CRON = {
    4: "30 8 * * *", 5: "15 6 * * *", 6: "10 0 * * 0", 8: "1 6 * * *", 9: "10 18 * * *",
    11: "0 4 * * *",
}  # fmt: skip


def stepped(text: str, start: int, end: int) -> Iterator[int]:
    for found in CronSim(text, datetime.fromtimestamp(start - 60, ZoneInfo(ZONE))):
        at = int(found.timestamp())
        if at >= end:
            return
        yield at


@dataclass
class VirtualTime:
    """What APScheduler takes for `datetime`."""

    present: datetime

    def now(self, zone: object) -> datetime:
        return self.present


def minutes_free() -> list[datetime]:
    """The minutes of an afternoon from 13:15 in which the task is free: not from 16:10 to 17:30."""
    first = datetime(2026, 3, 2, 13, 15, tzinfo=UTC)
    minutes = [first + timedelta(minutes=number) for number in range(6 * 60)]
    return [at for at in minutes if not (16, 10) <= (at.hour, at.minute) < (17, 30)]


def coalesced() -> list[str]:
    """When APScheduler runs an hourly job with coalescing that is looked at in those minutes."""
    free = minutes_free()
    clock, ran = VirtualTime(free[0]), []
    with mock.patch.object(base, "datetime", clock):
        scheduler = BackgroundScheduler(timezone=UTC, executors={"default": DebugExecutor()})
        scheduler.start(paused=True)
        scheduler.add_job(
            lambda: ran.append(clock.present.strftime("%H:%M")), "interval", hours=1,
            start_date=free[0], coalesce=True, misfire_grace_time=None,
        )  # fmt: skip
        scheduler.state = base.STATE_RUNNING
        for clock.present in free:
            scheduler._process_jobs()
        scheduler.shutdown(wait=False)
    return ran


def decided() -> list[str]:
    """When the periodic pointer does."""
    free = minutes_free()
    activation = Instant(int(free[0].timestamp()))
    circumstances = Circumstances(activation=activation, anchor=activation, zone=named("UTC"))
    timetable = Timetable(parse_schedule("periodic 01:00"), circumstances)
    cursor, state, ran = Instant(activation - 1), State(), []
    for at in free:
        now = Instant(int(at.timestamp()))
        decision = due(timetable, cursor, now, state)
        cursor = decision.cursor
        if decision.runs:
            ran.append(at.strftime("%H:%M"))
            state = State(now, now)
    return ran


def missed_row() -> Row:
    ours, theirs = decided(), coalesced()
    bar = "hourly from 13:15, busy 16:10 to 17:30: runs"
    return Row(bar, " ".join(ours), " ".join(theirs), None, "the same", ours == theirs)


# --- all of it ---------------------------------------------------------------


PARTS: dict[str, Callable[..., dict[str, Any]]] = {
    "make": lambda folder, many: make(Path(folder), int(many)),
    "serve": lambda folder, many: serve(Path(folder), int(many)),
    "rival-many": lambda folder, kind, many, seconds: rival_many(
        Path(folder), kind, int(many), float(seconds)
    ),
    "burst": lambda folder: burst(Path(folder)),
    "rival-burst": lambda folder: rival_burst(Path(folder)),
    "programs": lambda folder: programs(Path(folder)),
    "rival-programs": lambda folder: rival_programs(Path(folder)),
}


def main() -> None:
    """Prints the table of every bar, or what one part found."""
    if len(sys.argv) > 1:
        print(json.dumps(PARTS[sys.argv[1]](*sys.argv[2:])))
        return
    show("timers", [missed_row(), *year_rows(), *late_rows(), *rows_of_many()])


if __name__ == "__main__":
    main()

"""Invitations by LMTP into a real daemon, beside a bare loop that makes the same writes.

Every mail has a UID and a sender of its own and is taken only when its decision is on disk. The
rival writes the same rows, of the same sizes, into the same tables under the same pragmas, one
commit for each mail, and does nothing else. No limit is raised.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import apsw
from load import FIRST, Row, fill, mail, room, scratch, sender, show, sync_micros

from horarium.booking.message import EventMessage
from horarium.booking.outcome import Outcome
from horarium.booking.ports import Reservations
from horarium.kernel.instant import Instant
from horarium.runtime import handling
from horarium.runtime.clock import SystemClock
from horarium.runtime.mail_agent import MailAgent
from horarium.runtime.settings import load_settings
from horarium.runtime.site import Site
from horarium.runtime.wiring import open_store
from horarium.store.bookings import write_key
from horarium.store.embedded import PRAGMAS
from horarium.store.mail import LedgerRow
from horarium.store.store import Transaction

ROOMS = 100
CONNECTIONS = 8
MAILS = 1_500
WARM = 200
SMALL, LARGE = 10_000, 1_000_000
PROGRAM = [sys.executable, "-m", "horarium.cli.entry"]
TABLES = ("calendar_object", "booking", "booking_period", "decision", "ledger", "outbox")


def make_site(folder: Path, periods: int) -> Path:
    """A site with a hundred rooms that hold so many periods already."""
    (folder / "objects").mkdir(parents=True)
    (folder / "horarium.toml").write_text(
        f'[mail]\nlmtp = "unix:{folder}/lmtp"\nsmtp = "unix:{folder}/smtp"\n'
    )
    rooms = "".join(f'[resource."{room(number)}"]\n' for number in range(ROOMS))
    (folder / "objects" / "rooms.toml").write_text(rooms)
    applied = [*PROGRAM, "--site", str(folder), "apply", str(folder / "objects")]
    subprocess.run(applied, check=True, capture_output=True)
    site = Site(folder)
    store = open_store(site, load_settings(site, {}), SystemClock())
    fill(store, periods, ROOMS, spread=True)
    store.close()
    return folder


@contextmanager
def serving(site: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A daemon on one core."""
    with (site / "log").open("wb") as log:
        daemon = subprocess.Popen(
            [*PROGRAM, "--site", str(site), "serve", "--only", "mail"], stderr=log
        )
    os.sched_setaffinity(daemon.pid, {min(os.sched_getaffinity(0))})
    try:
        while b"serving" not in (site / "log").read_bytes():
            assert daemon.poll() is None, (site / "log").read_text()
            time.sleep(0.01)
        yield daemon
    finally:
        daemon.kill()
        daemon.wait()


def send(site: Path, numbers: Iterable[int], latencies: list[float]) -> None:
    """Sends mails over one connection, as a mail system does: pipelined, one after the other."""
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(str(site / "lmtp"))
    stream = connection.makefile("rb")

    def ask(data: bytes, answers: int) -> bytes:
        connection.sendall(data)
        line = b""
        for _ in range(answers):
            line = stream.readline()
            while line[3:4] == b"-":
                line = stream.readline()
        return line

    ask(b"LHLO bench\r\n", 2)
    for number in numbers:
        head = f"MAIL FROM:<{sender(number)}>\r\nRCPT TO:<{room(number % ROOMS)}>\r\nDATA\r\n"
        data = mail(number, ROOMS)
        begun = time.perf_counter()
        assert ask(head.encode(), 3)[:3] == b"354"
        assert ask(data + b".\r\n", 1)[:3] == b"250"
        latencies.append(time.perf_counter() - begun)
    connection.close()


def burst(site: Path, first: int, many: int) -> tuple[float, list[float]]:
    """Sends so many mails over several connections at once: mails a second, and their waits."""
    latencies: list[float] = []
    threads = [
        threading.Thread(
            target=send, args=(site, range(first + n, first + many, CONNECTIONS), latencies)
        )
        for n in range(CONNECTIONS)
    ]
    begun = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    taken = time.perf_counter() - begun
    assert len(latencies) == many
    return many / taken, sorted(latencies)


def cpu_seconds(daemon: subprocess.Popen[bytes]) -> float:
    """What the daemon has computed so far."""
    fields = Path(f"/proc/{daemon.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(site: Path, first: int) -> tuple[float, list[float], float]:
    """Mails a second, their waits in order, and CPU milliseconds for each."""
    with serving(site) as daemon:
        burst(site, first, WARM)
        before = cpu_seconds(daemon)
        rate, latencies = burst(site, first + WARM, MAILS)
        return rate, latencies, (cpu_seconds(daemon) - before) / MAILS * 1e3


def bare(site: Path, empty: Path) -> float:
    """Mails a second of a loop that only writes: the rows that our run left, mail by mail."""
    source = apsw.Connection(str(site / "state" / "horarium.db"))
    names = {
        table: [str(row[1]) for row in source.execute(f"PRAGMA table_info({table})")]
        for table in TABLES
    }
    rows: dict[str, list[tuple[str, tuple[object, ...]]]] = {}
    for table, columns in names.items():
        values = ", ".join("?" * len(columns))
        insert = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({values})"
        at = columns.index("uid")
        for row in source.execute(f"SELECT * FROM {table} WHERE uid LIKE '0400%'"):
            rows.setdefault(str(row[at]), []).append((insert, row))
    source.close()
    database = apsw.Connection(str(empty))
    for name, value, _ in PRAGMAS:
        database.pragma(name, value)
    pages = 0

    def remember(_database: apsw.Connection, _name: str, count: int) -> int:
        nonlocal pages
        pages = count
        return apsw.SQLITE_OK

    database.set_wal_hook(remember)
    batches = list(rows.values())[:MAILS]
    assert all(len(batch) == len(TABLES) for batch in batches)
    begun = time.perf_counter()
    for batch in batches:
        database.execute("BEGIN IMMEDIATE")
        for insert, row in batch:
            database.execute(insert, row)
        database.execute("COMMIT")
        if pages >= 1_000:
            database.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
    return len(batches) / (time.perf_counter() - begun)


def store_alone(site: Path, fresh: Path) -> float:
    """Mails a second through the store only: what was decided about the mails is kept again, by
    the repositories and in the transactions that the daemon uses."""
    decided: list[tuple[EventMessage, Outcome]] = []
    handle = handling.handle

    def remembered(message: EventMessage, reservations: Reservations, *_: object) -> Outcome:
        decided.append((message, handle(message, reservations)))
        return decided[-1][1]

    now = SystemClock().now()
    settings = load_settings(Site(site), {})
    agent = MailAgent(open_store(Site(site), settings, SystemClock()), settings)
    handling.handle = remembered
    for number in range(20_000, 20_000 + MAILS):
        assert agent.deliver(sender(number), room(number % ROOMS), mail(number, ROOMS), now).mails
    handling.handle = handle
    store = open_store(Site(fresh), settings, SystemClock())
    users = {user.uri: user.id for user in store.read(lambda tx: tx.directory.users())}

    def keep(tx: Transaction, message: EventMessage, outcome: Outcome) -> None:
        uri = message.resource.address.uri
        assert outcome.change is not None
        tx.reservations(users[uri], uri, now).apply(outcome.change, now)
        tx.decisions.record(message.decision_id, users[uri], outcome.organizer, outcome, now)
        for each in outcome.mails:
            tx.mail.post(each, users[uri], now)
        state = ("decided", outcome.reason)
        origin = message.origin.ledger_key
        tx.mail.enter(LedgerRow(origin, uri, "", "REQUEST", outcome.uid, now, *state))

    begun = time.perf_counter()
    for message, outcome in decided:
        keys = [write_key(store.tenant, message.resource.address.uri)]
        store.transact(keys, partial(keep, message=message, outcome=outcome))
    return len(decided) / (time.perf_counter() - begun)


def main() -> None:
    """Prints the table and, as its last line, the same as JSON."""
    with scratch() as folder:
        small = make_site(folder / "small", SMALL)
        (folder / "bare").mkdir()
        shutil.copy(small / "state" / "horarium.db", folder / "bare" / "horarium.db")
        shutil.copytree(small, folder / "fresh")
        assert Instant(FIRST) > SystemClock().now(), "the bookings must lie ahead"
        synced = sync_micros(folder)
        rate, _, cpu = measure(small, 0)
        rival = bare(small, folder / "bare" / "horarium.db")
        kept = store_alone(small, folder / "fresh")
        large = make_site(folder / "large", LARGE)
        rounds = []
        for at in range(3):
            first = 10_000 + at * (WARM + MAILS)
            rounds.append((measure(small, first), measure(large, first)))
        few = sorted(pair[0][2] for pair in rounds)[1]
        many = sorted(pair[1][2] for pair in rounds)[1]
        slow = sorted(pair[0][1][int(MAILS * 0.95)] for pair in rounds)[1]
        slower = sorted(pair[1][1][int(MAILS * 0.95)] for pair in rounds)[1]
    size = f"mails of {len(mail(0, ROOMS))} octets, {CONNECTIONS} connections, one core"
    show(
        "ingest",
        [
            Row(f"taken, {size}", f"{rate:.0f}/s", "", None, ">= 500/s", rate >= 500),
            Row("the disk: append of a page and its sync", f"{synced:.0f} µs", "", None, "", None),
            Row(
                "the same writes in a bare apsw loop", f"{rate:.0f}/s", f"{rival:.0f}/s",
                rate / rival, ">= 0.5", rate >= rival / 2,
            ),
            Row(
                "the store alone, beside that loop", f"{kept:.0f}/s", f"{rival:.0f}/s",
                kept / rival, ">= 0.5", kept >= rival / 2,
            ),
            Row("CPU of the daemon for each", f"{cpu:.2f} ms", "", None, "", None),
            Row(
                f"CPU for each at {LARGE:,} stored periods, rival at {SMALL:,}", f"{many:.2f} ms",
                f"{few:.2f} ms", many / few, "<= 1.3", many <= 1.3 * few,
            ),
            Row(
                f"95 of 100 answered within, at {LARGE:,} stored periods, rival at {SMALL:,}",
                f"{slower * 1e3:.1f} ms", f"{slow * 1e3:.1f} ms", slower / slow, "<= 1.3",
                slower <= 1.3 * slow,
            ),
        ],
    )  # fmt: skip


if __name__ == "__main__":
    main()

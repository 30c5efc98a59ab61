"""What policies cost a decision: a chain of four functions, a full journal, a pool of two hundred
cars, a series of ten years.

The mails are decided in this process, on a store on a disk; what is only judged (a pool, a series)
is judged as a dry run. What is compared is CPU, for the disk costs both sides the same; the rounds
of the two sides alternate. Statements are counted by the library of the database.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from load import DAY, FIRST, Row, fill, mail, room, scratch, sender, show

from horarium.booking.quota import Charge
from horarium.kernel.instant import Instant, format_instant
from horarium.kernel.period import Period
from horarium.runtime.applying import apply_objects
from horarium.runtime.mail_agent import MailAgent
from horarium.runtime.objects import DeclaredObjects
from horarium.runtime.settings import default_settings
from horarium.store.embedded import EmbeddedEngine
from horarium.store.store import Store, Transaction

ROOMS = 20
MAILS, ROUNDS = 200, 5
SMALL, LARGE = 1_000, 1_000_000
PEOPLE = 500
NOW = Instant(FIRST - 30 * DAY)
PLAIN = "schedule_in_freebusy"
CHAIN = "check_quota hours\nschedule_in_freebusy\naccess_control_list\nschedule_across_quota rooms"
LIMITED = "check_quota hours\nschedule_in_freebusy"


class Bench:
    """A site on a disk: rooms with one list of functions, or the cars of one pool."""

    def __init__(
        self, folder: Path, functions: str, names: list[str], *, pool: bool = False
    ) -> None:
        folder.mkdir()
        self.engine = EmbeddedEngine(folder / "horarium.db")
        self.engine.migrate(NOW)
        self.store = Store(self.engine)
        quotas: dict[str, dict[str, object]] = {"hours": {"limits": [["*", "PT10000H"]]}}
        if pool:
            quotas["pool"] = {"delegates": names}
        keys: dict[str, object] = {"scheduling_function": functions, "acl": "accept"}
        declared = DeclaredObjects(
            resources={name: dict(keys) for name in names}, groups={}, quotas=quotas,
            defaults={"TZID": "Europe/Berlin"},
        )  # fmt: skip
        apply_objects(self.store, declared, NOW, prune=False, dry_run=False)
        self.agent = MailAgent(self.store, default_settings())
        self._next = 0

    def take(self, many: int) -> float:
        """Milliseconds of CPU for each of so many mails, each accepted and kept."""
        mails = [(n, mail(n, ROOMS)) for n in range(self._next, self._next + many)]
        self._next += many
        begun = time.process_time()
        for number, data in mails:
            delivery = self.agent.deliver(sender(number), room(number % ROOMS), data, NOW)
            assert delivery.text == "ACCEPTED", delivery
        return (time.process_time() - begun) / many * 1e3

    def judge(self, name: str, who: str, data: bytes, ends: str, many: int) -> float:
        """Milliseconds of CPU to judge one message, the middle of so many; nothing is kept."""
        times = []
        for _ in range(many):
            begun = time.process_time()
            dry = self.agent.dry_run(who, name, data, NOW)
            times.append(time.process_time() - begun)
            assert dry.outcomes[0].result.value == ends, dry
        return sorted(times)[many // 2] * 1e3

    def statements(self, work: Callable[[], object]) -> int:
        """How many statements a piece of work runs, those of its transactions with them."""
        count = 0

        def traced(*_: object) -> bool:
            nonlocal count
            count += 1
            return True

        connections = (self.engine._writer, self.engine._reader())
        for connection in connections:
            connection.exec_trace = traced
        work()
        for connection in connections:
            connection.exec_trace = None
        return count


@dataclass(frozen=True)
class Side:
    """One side of a comparison: where it is, and what costs CPU there (milliseconds)."""

    bench: Bench
    work: Callable[[], float]


def charged(bench: Bench, charges: int) -> None:
    """Fills the journal of a quota, for others than those who ask."""

    def work(tx: Transaction) -> None:
        ids = [user.id for user in tx.directory.users()]
        for number in range(charges):
            who, start = f"p{number % PEOPLE}@example.com", Instant(FIRST + number * 1_800)
            charge = Charge("hours", who, who, start, Period(start, Instant(start + 3_600)))
            tx.quotas.restate(ids[number % len(ids)], f"u{number}", [charge])

    bench.store.transact([], work)


def simple(uid: str, to: str, start: Instant, seconds: int) -> bytes:
    """A plain invitation."""
    times = [
        format_instant(Instant(at)).replace("-", "").replace(":", "")
        for at in (start, start + seconds)
    ]
    return (
        f"From: ann@example.com\nTo: {to}\nMessage-ID: <{uid}@example.com>\n"
        "Content-Type: text/calendar; method=REQUEST; charset=utf-8\n\n"
        "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//bench//EN\nMETHOD:REQUEST\nBEGIN:VEVENT\n"
        f"UID:{uid}\nDTSTAMP:20260105T080000Z\nDTSTART:{times[0]}\nDTEND:{times[1]}\n"
        f"ORGANIZER:mailto:ann@example.com\nATTENDEE:mailto:{to}\n"
        "END:VEVENT\nEND:VCALENDAR\n"
    ).replace("\n", "\r\n").encode()  # fmt: skip


def full_pool(folder: Path, members: int) -> Side:
    """A pool whose members all are busy but the last; what judges a request to the first."""
    names = [f"car{number}@example.com" for number in range(members)]
    bench = Bench(folder, "schedule_for_delegate pool", names, pool=True)
    for number, name in enumerate(names[:-1]):
        data = simple(f"busy{number}", name, Instant(FIRST), 20 * DAY)
        assert bench.agent.deliver("ann@example.com", name, data, NOW).text == "ACCEPTED"
    asked = simple("asked", names[0], Instant(FIRST + DAY), 3_600)
    judged = partial(bench.judge, names[0], "ann@example.com", asked, "DELEGATED")
    return Side(bench, partial(judged, 30))


def stored(folder: Path, periods: int) -> Bench:
    """A site whose store holds so many periods."""
    bench = Bench(folder, PLAIN, [room(number) for number in range(ROOMS)])
    fill(bench.store, periods, ROOMS, spread=True)
    return bench


def one_event(bench: Bench) -> Side:
    """What judges a single event."""
    data = mail(0, ROOMS)
    return Side(bench, lambda: bench.judge(room(0), sender(0), data, "ACCEPTED", 50))


def ten_years(bench: Bench) -> Side:
    """What judges a weekly series of ten years."""
    rule = b"RRULE:FREQ=WEEKLY;COUNT=520\r\nCLASS:PUBLIC"
    data = mail(0, ROOMS).replace(b"CLASS:PUBLIC", rule)
    return Side(bench, lambda: bench.judge(room(0), sender(0), data, "ACCEPTED", 20))


def compared(ours: Side, rival: Side) -> tuple[float, float]:
    """The middle of the rounds of both sides."""
    pairs = [(ours.work(), rival.work()) for _ in range(ROUNDS)]
    one, other = (sorted(column)[ROUNDS // 2] for column in zip(*pairs, strict=True))
    return one, other


def row(bar: str, pair: tuple[float, float], goal: float) -> Row:
    """One comparison of milliseconds."""
    ours, rival = pair
    ratio = ours / rival
    return Row(bar, f"{ours:.2f} ms", f"{rival:.2f} ms", ratio, f"<= {goal}", ratio <= goal)


def counts(bar: str, ours: int, rival: int, goal: float | None) -> Row:
    """One comparison of numbers of statements."""
    ratio = ours / rival
    met = None if goal is None else ratio <= goal
    return Row(bar, f"{ours}", f"{rival}", ratio, f"<= {goal}" if goal else "reported", met)


def chains(folder: Path) -> list[Row]:
    """Four functions beside one, and a long journal beside a short one."""
    names = [room(number) for number in range(ROOMS)]
    plain, chain, few, many = (
        Bench(folder / name, functions, names)
        for name, functions in (("a", PLAIN), ("b", CHAIN), ("c", LIMITED), ("d", LIMITED))
    )
    charged(few, 1_000)
    charged(many, 100_000)
    taken = [Side(bench, partial(bench.take, MAILS)) for bench in (plain, chain, few, many)]
    longer = compared(taken[1], taken[0])
    fuller = compared(taken[3], taken[2])
    return [
        row("a mail, four functions, rival one", longer, 1.5),
        row("a mail, 100,000 charges in its quota, rival 1,000", fuller, 1.3),
        counts(
            "its statements, those of its transactions with them",
            many.statements(partial(many.take, 1)), few.statements(partial(few.take, 1)), 1.0,
        ),
    ]  # fmt: skip


def pools(folder: Path) -> list[Row]:
    """A large pool beside a small one, as full as can be while one is free."""
    large, small = full_pool(folder / "e", 200), full_pool(folder / "f", 5)
    ours, rival = (side.bench.statements(side.work) // 30 for side in (large, small))
    return [
        row("199 of 200 cars of a pool are busy, rival 4 of 5", compared(large, small), 40.0),
        counts("its statements", ours, rival, None),
    ]


def stores(folder: Path) -> list[Row]:
    """A full store beside a young one."""
    full, young = stored(folder / "g", LARGE), stored(folder / "h", SMALL)
    where = f"{LARGE:,} periods stored, rival {SMALL:,}"
    one, series = (compared(kind(full), kind(young)) for kind in (one_event, ten_years))
    return [
        row(f"one event, {where}", one, 2.0),
        counts(
            "one event taken and kept: its statements",
            full.statements(partial(full.take, 1)), young.statements(partial(young.take, 1)), 1.0,
        ),
        row(f"ten years weekly, {where}", series, 1.3),
    ]  # fmt: skip


def main() -> None:
    """Prints the table and, as its last line, the same as JSON."""
    with scratch() as folder:
        show("booking_policies", [*chains(folder), *pools(folder), *stores(folder)])


if __name__ == "__main__":
    main()

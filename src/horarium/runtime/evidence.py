"""What is known of the past of the timetable, put together so that it can be judged.

The ledger says which runs began and ended, the lives of tasks when nobody worked, the timers what
stood and since when. Programs may testify for themselves, in files that no daemon owns.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil

from horarium.directives.verify import Kind, Listing, Ran, Stretch, Verdict, verify
from horarium.kernel.errors import InvalidInput
from horarium.kernel.instant import Instant, parse_instant
from horarium.kernel.schedule import Type
from horarium.runtime.faults import BadObjects, Fault
from horarium.runtime.plan import timetable_of
from horarium.runtime.settings import Settings
from horarium.runtime.task import SILENT_SECONDS
from horarium.store.firings import Firing
from horarium.store.store import Store, Transaction
from horarium.store.timers import Timer
from horarium.store.workers import Worker

DAY = 86_400
# How far before the time that is judged runs are looked for that may still have gone on in it.
BEFORE_SECONDS = 2 * DAY
# A task looks so often for what another process changed in the store.
NOTICED_SECONDS = 1
# What the store keeps is whole seconds: two instants less than a second apart may differ by one.
LEAST_EPSILON = 1
_FIELDS = 6


@dataclass(frozen=True, slots=True)
class Record:
    """What the store knows of a stretch of time: the timers that stood, the lives of the tasks,
    the runs that began, and the signals given, by name."""

    timers: Sequence[Timer]
    lives: Sequence[Worker]
    runs: Sequence[Firing]
    signals: Mapping[str, tuple[Instant, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Witnessed:
    """What a program said of its own run: seconds since 1970-01-01T00:00:00Z, `end` None when it
    said none. `life` is the process and the boot it was of."""

    run: str
    entry: str
    start: float
    end: float | None
    life: tuple[str, str]


def gather(store: Store, since: Instant, now: Instant) -> Record:
    """Reads what is needed to judge [since, now]."""

    def work(tx: Transaction) -> Record:
        timers = tx.timers.stood(since)
        first = min((timer.activated for timer in timers), default=since)
        names = {timer.signal for timer in timers if timer.signal is not None}
        return Record(
            timers,
            tx.workers.since(Instant(0)),
            tx.firings.runs_between(Instant(since - BEFORE_SECONDS), Instant(now + 1)),
            {name: tx.timers.signals(name, Instant(first - 1)) for name in names},
        )

    return store.read(work)


def judge(
    record: Record,
    settings: Settings,
    since: Instant,
    now: Instant,
    *,
    epsilon: float = LEAST_EPSILON,
    witnessed: Sequence[Witnessed] = (),
) -> list[Verdict]:
    """What was wrong with the runs from `since` on; empty when all was as demanded.

    A run may begin `epsilon` seconds late, a second at least. What programs said of their runs
    counts in place of the ledger for the entries they name; as lives are kept in whole seconds and
    programs may tell fractions, they are given a second more.
    """
    allowed = float(max(LEAST_EPSILON, ceil(epsilon)) + bool(witnessed))
    runs = [
        *runs_of(record, now, {one.entry for one in witnessed}),
        *_testified(record, now, witnessed),
    ]
    outages = outages_of(record.lives, record.timers, now)
    longest = longest_of(record.runs, now)
    found = verify(
        listings_of(record, settings.directives.seed),
        outages,
        runs,
        # A beginning is written before it is one, so moments need not wait for the end of their
        # runs to be judged; but the second that goes on now is not over.
        now + longest - 1,
        epsilon=allowed,
        longest=longest,
        since=float(since),
    )
    found = [verdict for verdict in found if not _noticed(verdict, record, allowed)]
    if settings.directives.catch_up_down == "none":
        return [verdict for verdict in found if not _let_go(verdict, record, outages, allowed)]
    return found


def listings_of(record: Record, seed: str) -> list[Listing]:
    """What stood, each with its moments, from its activation until it was taken out."""
    return [
        Listing(
            timer.entry,
            timer.task,
            timetable_of(timer, seed, record.signals.get(timer.signal or "", ())),
            timer.taken_out,
        )
        for timer in record.timers
    ]


def runs_of(record: Record, now: Instant, without: Iterable[str] = ()) -> list[Ran]:
    """The runs of the ledger, but for some entries. A run of which nobody knows how it ended has no
    end, one that goes on has come to `now`; one that was done again after a crash is two records
    of one run."""
    left_out = frozenset(without)
    alive = _alive(record, now)
    return [
        ran for row in record.runs if row.entry not in left_out for ran in _ran(row, now, alive)
    ]


def _alive(record: Record, now: Instant) -> frozenset[int | None]:
    """The workers that live; what nobody of them began was begun by hand."""
    return frozenset((None, *(life.id for life in record.lives if is_alive(life, now))))


def _ran(row: Firing, now: Instant, alive: Collection[int | None]) -> Iterator[Ran]:
    if row.started is None:
        return
    manual, name = row.kind == "manual", str(row.id)
    if row.attempts > 1:
        yield Ran(name, row.entry, row.task, float(row.decided), None, manual)
    yield Ran(name, row.entry, row.task, float(row.started), _end(row, now, alive), manual)


def _end(row: Firing, now: Instant, alive: Collection[int | None]) -> float | None:
    if row.state == "started":
        return float(now) if row.worker in alive else None
    return None if row.ended is None or row.state == "unknown" else float(row.ended)


def outages_of(lives: Iterable[Worker], timers: Iterable[Timer], now: Instant) -> list[Stretch]:
    """When nobody worked for a task that had something to do: between two lives, before the first
    and after the last one."""
    first: dict[int, Instant] = {}
    for timer in timers:
        first[timer.task] = min(first.get(timer.task, timer.activated), timer.activated)
    of_task: dict[int, list[Worker]] = defaultdict(list)
    for life in lives:
        of_task[life.task].append(life)
    found: list[Stretch] = []
    for task, activated in first.items():
        last = Instant(activated - 1)
        for life in of_task[task]:
            if life.started > last:
                found.append(Stretch(task, float(last), float(life.started)))
            last = Instant(max(last, life.seen))
        if not (of_task[task] and is_alive(of_task[task][-1], now)) and now > last:
            found.append(Stretch(task, float(last), float(now)))
    return found


def is_alive(life: Worker, now: Instant) -> bool:
    """Whether a life of a task goes on, as far as was written: it did not end, and said so of
    late."""
    return life.stopped is None and now - life.seen <= SILENT_SECONDS


def longest_of(rows: Iterable[Firing], now: Instant) -> float:
    """The longest that a run took, or takes so far, in seconds."""
    lengths = [
        (now if row.ended is None else row.ended) - row.started
        for row in rows
        if row.started is not None
    ]
    return float(max(lengths, default=0))


def _noticed(verdict: Verdict, record: Record, allowed: float) -> bool:
    """Whether what seems late came with a signal, or with the activation itself: a task at rest
    notices either within a second, and what it then begins is on time."""
    row = next((row for row in record.runs if str(row.id) == verdict.run), None)
    if verdict.kind is not Kind.LATE or row is None or row.started is None:
        return False
    timer = next((timer for timer in record.timers if timer.id == row.timer), None)
    told = timer is not None and (timer.signal is not None or row.due <= timer.activated)
    return told and row.started - row.due <= allowed + NOTICED_SECONDS


def _let_go(verdict: Verdict, record: Record, outages: Sequence[Stretch], allowed: float) -> bool:
    """Whether what seems missed is a point of a periodic line that passed while its task was down,
    on a site that makes up for none of those."""
    if verdict.kind is not Kind.MISSED:
        return False
    tasks = {
        timer.task
        for timer in record.timers
        if timer.entry == verdict.entry
        and timer.line is not None
        and timer.schedule.startswith(Type.PERIODIC.value)
    }
    return any(s.task in tasks and s.start <= verdict.at <= s.end + allowed for s in outages)


# --- what programs say --------------------------------------------------------


def read_testimony(lines: Iterable[str], file: str) -> list[Witnessed]:
    """Reads lines `RUN_ID ENTRY START END PID BOOT_ID`, one when a run begins, with `-` for the
    end, and one when it ends; the latter alone will do. Times are seconds since
    1970-01-01T00:00:00Z, with a fraction or without, or RFC 3339. A last line that broke off is
    passed over. BadObjects for a line of `file` that can not be read."""
    found: dict[tuple[str, str, float, tuple[str, str]], Witnessed] = {}
    for number, line in enumerate(lines, start=1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        if not line.endswith("\n") and len(words) < _FIELDS:
            continue
        if len(words) != _FIELDS:
            text = f"expected RUN_ID ENTRY START END PID BOOT_ID, found {len(words)} words"
            raise BadObjects([Fault(file, number, 1, "", text)])
        try:
            one = _witnessed(words)
        except InvalidInput as error:
            raise BadObjects([Fault(file, number, 1, "", str(error))]) from error
        key = (one.run, one.entry, one.start, one.life)
        if key not in found or one.end is not None:
            found[key] = one
    return list(found.values())


def _witnessed(words: Sequence[str]) -> Witnessed:
    run, entry, start, end, process, boot = words
    return Witnessed(
        run, entry, _seconds(start), None if end == "-" else _seconds(end), (process, boot)
    )


def _seconds(text: str) -> float:
    whole, _, fraction = text.partition(".")
    if text.isascii() and whole.isdigit() and (fraction.isdigit() or text == whole):
        return float(text)
    try:
        return float(parse_instant(text))
    except InvalidInput as error:
        raise InvalidInput(
            f"expected seconds or an instant, found {text[:40]}", part="time", value=text[:40]
        ) from error


def _testified(record: Record, now: Instant, witnessed: Sequence[Witnessed]) -> Iterator[Ran]:
    """What programs said, with the task that the ledger knows of the run, else that of the entry;
    a run by hand, and one that goes on, is known by the ledger alone, and so is one that was lost
    before its program began."""
    named = {one.entry for one in witnessed}
    heard = {one.run.rpartition("-")[2] for one in witnessed}
    for lost in record.runs:
        if lost.state == "unknown" and lost.entry in named and str(lost.id) not in heard:
            start = float(lost.started or lost.decided)
            yield Ran(str(lost.id), lost.entry, lost.task, start, None)
    rows = {str(row.id): row for row in record.runs}
    tasks = {timer.entry: timer.task for timer in record.timers}
    alive = _alive(record, now)
    for one in witnessed:
        row = rows.get(one.run.rpartition("-")[2])
        task = row.task if row is not None else tasks.get(one.entry)
        if task is None:
            continue
        end = one.end
        if end is None and row is not None and row.state == "started":
            end = _end(row, now, alive)
        manual = row is not None and row.kind == "manual"
        yield Ran(one.run, one.entry, task, one.start, end, manual)

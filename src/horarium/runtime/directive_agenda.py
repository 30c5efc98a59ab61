"""The timetable of directives in the agenda: what ran, what will, and when rules hold.

What lies before the present comes from the ledger of runs, what lies after it from the stored
timers. An entry with very many runs in a day stands there once for the day.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

from horarium.directives.timespec import Window
from horarium.kernel.instant import Instant, Wall, day_of
from horarium.kernel.period import Period
from horarium.kernel.tally import tally
from horarium.kernel.timetable import Timetable
from horarium.kernel.zone import Zone, named
from horarium.runtime.ahead import holds_in, is_quiet, owed
from horarium.runtime.directive_questions import what_comes
from horarium.runtime.naming import FILE, id_of, kind_of
from horarium.runtime.standing import View
from horarium.store.firings import Firing
from horarium.store.store import Transaction
from horarium.store.timers import Timer

MINUTE, HOUR, DAY = 60, 3_600, 86_400
# An entry with more in a day is one entry for that day.
MOST_IN_A_DAY = 48
# What fell into the time asked for was decided at most so much earlier, or later, to be seen.
_BEFORE, _AFTER = DAY, 7 * DAY


@dataclass(frozen=True, slots=True)
class Item:
    """One thing of the timetable: its time, kind of work, id and what it is; `key` is the entry's
    own, to tell apart what lies at one time."""

    start: Instant
    end: Instant | None
    kind: str
    id: str
    what: str
    key: str


def timetable_items(tx: Transaction, view: View, within: Period) -> Iterator[Item]:
    """Everything of the timetable that overlaps `within`, in no order. Rules that always hold are
    left out; windows that touch are one."""
    yield from _past(tx, view, within)
    if within.end > view.now:
        ahead = Period(max(within.start, view.now), within.end)
        for timer in view.timers:
            yield from _coming(view, timer, ahead)
    for rule in view.rules():
        if isinstance(rule.when, Window):
            for period in holds_in(rule, within, view.zone()):
                yield Item(
                    period.start, period.end, "directive", f"{FILE}:{rule.line}", rule.text,
                    rule.key,
                )  # fmt: skip


# --- what comes ------------------------------------------------------------------


def _coming(view: View, timer: Timer, ahead: Period) -> Iterator[Item]:
    if is_quiet(timer, ahead.start, ahead.end):
        return
    now, timetable = view.now, view.timetable(timer)
    if ahead.start == now:
        for coming in owed(view, timer, timetable):
            yield _item(timer, coming.at, coming.end, what_comes(coming, view.zone(timer)))
    if not timetable.schedule.enabled:
        return
    zone = named(view.settings.zone)
    first = Instant(max(ahead.start, timer.cursor + 1, now + 1 if ahead.start == now else 0))
    if first >= ahead.end:
        return
    days = (ahead.end - first) // DAY + 1
    if tally(timetable, first, ahead.end).count > MOST_IN_A_DAY * days:
        yield from _day_by_day(timer, timetable, Period(first, ahead.end), zone)
        return
    found = timetable.moments(first, ahead.end).openings
    for _, group in groupby(found, lambda opening: _day(opening.due, zone)):
        openings = list(group)
        if len(openings) > MOST_IN_A_DAY:
            many = _many(len(openings), timetable)
            yield _item(timer, openings[0].due, openings[-1].due, f"{timer.text}: {many}")
            continue
        for opening in openings:
            yield _item(timer, opening.due, opening.end, timer.text)


def _day_by_day(timer: Timer, timetable: Timetable, ahead: Period, zone: Zone) -> Iterator[Item]:
    for day in _days(ahead, zone):
        found = tally(timetable, day.start, day.end)
        if found.count > MOST_IN_A_DAY:
            many = _many(found.count, timetable, at_least=found.at_least)
            yield _item(timer, found.first, found.last, f"{timer.text}: {many}")
        elif found.count:
            for opening in timetable.moments(day.start, day.end).openings:
                yield _item(timer, opening.due, opening.end, timer.text)


def _days(within: Period, zone: Zone) -> Iterator[Period]:
    """The civil days of a period, the first and the last cut off where it begins and ends."""
    start = within.start
    while start < within.end:
        following = zone.at(Wall((_day(start, zone) + 1) * DAY))
        end = min(max(following, Instant(start + 1)), within.end)
        yield Period(start, end)
        start = end


def _many(count: int, timetable: Timetable, *, at_least: bool = False) -> str:
    schedule = timetable.schedule
    step = schedule.every or schedule.repeat
    every = f", every {_length(step)}" if step and schedule.jitter is None else ""
    return f"{'at least ' if at_least else ''}{count:,} runs{every}"


# --- what was --------------------------------------------------------------------


def _past(tx: Transaction, view: View, within: Period) -> Iterator[Item]:
    now, zone = view.now, named(view.settings.zone)
    if within.start > now:
        return
    since = Instant(max(within.start - _BEFORE, 0))
    rows = tx.firings.between(since, Instant(min(now, within.end + _AFTER) + 1))
    found = [row for row in rows if _overlaps(row, within, now)]
    found.sort(key=lambda row: (row.timer, _begin(row), row.id))
    standing = {timer.id: timer for timer in view.timers}
    for (number, _), group in groupby(found, lambda row: (row.timer, _day(_begin(row), zone))):
        timer = standing.get(number) or tx.timers.by_id(number)
        assert timer is not None
        yield from _one_day(timer, list(group))


def _one_day(timer: Timer, rows: list[Firing]) -> Iterator[Item]:
    if len(rows) > MOST_IN_A_DAY:
        last = max(row.ended or _begin(row) for row in rows)
        yield _item(timer, _begin(rows[0]), last, f"{timer.text}: {_states(rows)}")
        return
    for row in rows:
        yield _item(timer, _begin(row), _finish(row), f"{timer.text}: {_said(row)}")


def _states(rows: Iterable[Firing]) -> str:
    runs: Counter[str] = Counter()
    left_out = 0
    for row in rows:
        if row.kind == "skip":
            left_out += row.count
        else:
            runs[row.state] += 1
    parts = [f"{runs.total():,} runs", *(f"{n:,} {state}" for state, n in sorted(runs.items()))]
    return ", ".join([*parts, f"{left_out:,} not run"] if left_out else parts)


def _said(row: Firing) -> str:
    if row.kind == "skip":
        many = f", {row.count:,} times" if row.count > 1 else ""
        return f"not run, {row.reason}{many}"
    words = [row.state]
    if row.kind == "manual":
        words.append("by hand")
    elif row.started is not None and row.started - row.due >= MINUTE:
        words.append(f"{_length((row.started - row.due) // MINUTE * MINUTE)} late")
    if row.state not in ("finished", "started", "asked") and row.reason:
        words.append(row.reason)
    return ", ".join(words)


def _begin(row: Firing) -> Instant:
    if row.kind == "skip":
        return row.first_due
    return row.started if row.started is not None else row.due


def _finish(row: Firing) -> Instant | None:
    end = row.due if row.kind == "skip" else row.ended
    return end if end is not None and end > _begin(row) else None


def _overlaps(row: Firing, within: Period, now: Instant) -> bool:
    going = row.state == "started"
    end = now if going else _finish(row) or _begin(row)
    return _begin(row) < within.end and max(end, _begin(row) + 1) > within.start


# --- small things ------------------------------------------------------------------


def _item(timer: Timer, start: Instant, end: Instant | None, what: str) -> Item:
    if end is not None and end <= start:
        end = None
    return Item(start, end, kind_of(timer), id_of(timer), what, f"{timer.entry}-{timer.task}")


def _day(t: Instant, zone: Zone) -> int:
    return day_of(zone.to_wall(t))


def _length(seconds: int) -> str:
    """A length in the units it is made of, as ``1 h 30 min``."""
    parts = []
    for size, unit in ((HOUR, "h"), (MINUTE, "min"), (1, "s")):
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts) or "0 s"

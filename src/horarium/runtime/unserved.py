"""What becomes of the moments of a task number that no running task has: they are left out, and
that is written, so that whoever asks for them finds why."""

from __future__ import annotations

import logging
from dataclasses import replace

from horarium.kernel.decision import superseded
from horarium.kernel.errors import HorariumError
from horarium.kernel.instant import Instant
from horarium.kernel.moment import Reason
from horarium.runtime.plan import timetable_of
from horarium.store.engine import Key
from horarium.store.store import Store, Transaction
from horarium.store.timers import Timer

log = logging.getLogger(__name__)

DAY = 86_400
# More than so many of one task are left for the next look.
MOST_LEFT_OUT = 500


def leave_out_unserved(store: Store, number: int, seed: str, now: Instant) -> int:
    """Lets go of the moments of a task that have passed, unless somebody worked for it within a
    day: then it is down, and makes up for them when it comes back. How many timers that were.

    The caller holds the task.
    """

    def work(tx: Transaction) -> int:
        last = tx.workers.last(number)
        if last is not None and now - last.seen < DAY:
            return 0
        timers = tx.timers.due(number, now, MOST_LEFT_OUT)
        for timer in timers:
            _leave_out(tx, timer, seed, now)
        return len(timers)

    following = store.read(lambda tx: tx.timers.next_due(number))
    if following is None or following > now:
        return 0
    return store.transact([Key(store.tenant, "task", str(number))], work)


def _leave_out(tx: Transaction, timer: Timer, seed: str, now: Instant) -> None:
    signals = tx.timers.signals(timer.signal, timer.cursor) if timer.signal else ()
    try:
        timetable = timetable_of(timer, seed, signals)
        decision = superseded(timetable, timer.cursor, now)
        following = timetable.next_after(decision.cursor)
    except HorariumError as error:
        log.error("directive.undecidable entry=%s reason=%s", timer.text, error)
        tx.timers.advance(timer, timer.cursor, Instant(now + DAY))
        return
    groups = [
        replace(group, reason=Reason.NO_TASK) if group.reason is Reason.SUPERSEDED else group
        for group in decision.skipped
    ]
    tx.firings.leave_out(timer, groups, now)
    tx.timers.advance(timer, decision.cursor, following.due if following is not None else None)

"""Timers, the ledger of runs and signals as the store keeps them."""

from __future__ import annotations

import pytest

from horarium.kernel.instant import Instant
from horarium.kernel.moment import Reason
from horarium.kernel.tally import Group
from horarium.store.embedded import EmbeddedEngine
from horarium.store.engine import Key
from horarium.store.firings import Beginning, Settled
from horarium.store.store import Store, Transaction
from horarium.store.timers import NewTimer, Timer

DAY = 86_400
START = Instant(1_800_000_000)
KEY = [Key("default", "task", "1")]


@pytest.fixture
def store() -> Store:
    engine = EmbeddedEngine(":memory:")
    engine.migrate(START)
    return Store(engine)


def new(entry: str, signal: str | None = None, task: int = 1) -> NewTimer:
    schedule = "periodic 01:00" if signal is None else f"on {signal}"
    return NewTimer(entry, task, 1, 1, None, entry, schedule, signal, START, START)


def made(store: Store, entry: str = "one", signal: str | None = None) -> Timer:
    store.transact(KEY, lambda tx: tx.timers.add([new(entry, signal)]))
    found = store.read(lambda tx: tx.timers.find(entry, 1))
    assert found is not None
    return found


def begin(tx: Transaction, timer: Timer, due: int, kind: str = "run") -> int | None:
    return tx.firings.begin(timer, Beginning(due, due, 0, "on_time"), kind, None, Instant(due))


def test_no_moment_of_an_entry_is_begun_twice(store: Store) -> None:
    timer = made(store)
    assert store.transact(KEY, lambda tx: begin(tx, timer, START)) is not None
    assert store.transact(KEY, lambda tx: begin(tx, timer, START)) is None
    # Not even by a timer that was made anew for the same entry, as after a file was restored.
    store.transact(KEY, lambda tx: tx.timers.take_out(timer, START))
    again = made(store)
    assert again.id != timer.id
    assert store.transact(KEY, lambda tx: begin(tx, again, START)) is None
    # What a person asks for is no moment.
    assert store.transact(KEY, lambda tx: begin(tx, again, START, "manual")) is not None


def test_an_entry_stands_once_in_a_task(store: Store) -> None:
    made(store)
    with pytest.raises(Exception, match="UNIQUE"):
        store.transact(KEY, lambda tx: tx.timers.add([new("one")]))
    store.transact(KEY, lambda tx: tx.timers.add([new("one", task=2)]))


def test_what_is_settled_stays_settled(store: Store) -> None:
    timer = made(store)
    firing = store.transact(KEY, lambda tx: begin(tx, timer, START)) or 0

    def settle(state: str, attempts: int = 1) -> bool:
        settled = Settled(state)
        return store.transact(KEY, lambda tx: tx.firings.settle(firing, attempts, settled, START))

    assert not settle("finished", attempts=2)
    assert settle("failed")
    assert not settle("finished")
    row = store.read(lambda tx: tx.firings.by_id(firing))
    assert row is not None
    assert (row.state, row.reason) == ("failed", "on_time")


def test_a_signal_in_a_second_that_is_decided_counts_as_of_the_next(store: Store) -> None:
    timer = made(store, signal="start")
    give = [store.transact(KEY, lambda tx: tx.timers.give_signal("start", START)) for _ in (1, 2)]
    assert give == [True, True]
    assert store.read(lambda tx: tx.timers.signals("start", timer.cursor)) == (START,)
    store.transact(KEY, lambda tx: tx.timers.advance(timer, START, None))
    store.transact(KEY, lambda tx: tx.timers.give_signal("start", START))
    assert store.read(lambda tx: tx.timers.signals("start", START)) == (START + 1,)
    assert store.read(lambda tx: tx.timers.next_due(1)) == START + 1


def test_a_signal_that_nobody_waits_for_is_not_kept(store: Store) -> None:
    assert not store.transact(KEY, lambda tx: tx.timers.give_signal("stop", START))
    assert store.read(lambda tx: tx.timers.signals("stop", Instant(0))) == ()


def test_old_runs_go_and_the_last_of_each_entry_stays(store: Store) -> None:
    lives, gone = made(store, "lives"), made(store, "gone")

    def work(tx: Transaction) -> None:
        for timer in (lives, gone):
            for due in (START, START + DAY):
                firing = begin(tx, timer, due) or 0
                tx.firings.settle(firing, 1, Settled("finished"), Instant(due))
            group = Group(START, START, 3, Reason.COALESCED)
            tx.firings.leave_out(timer, [group], START)
        tx.timers.take_out(gone, Instant(START + 2 * DAY))

    store.transact(KEY, work)
    store.transact(KEY, lambda tx: tx.upkeep.drop_old(Instant(START + 390 * DAY)))
    assert [len(store.read(lambda tx, t=t: tx.firings.of(t.id, 9))) for t in (lives, gone)] == [
        3,
        3,
    ]
    dropped = store.transact(KEY, lambda tx: tx.upkeep.drop_old(Instant(START + 500 * DAY)))
    assert dropped >= 6
    kept = store.read(lambda tx: tx.firings.of(lives.id, 9))
    assert [(row.kind, row.due) for row in kept] == [("skip", START)]
    assert store.read(lambda tx: tx.timers.by_id(gone.id)) is None
    assert store.read(lambda tx: tx.timers.by_id(lives.id)) == lives

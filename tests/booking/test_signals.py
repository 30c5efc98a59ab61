"""What a booking tells directives: one moment for each change of the time that is held."""

from __future__ import annotations

from itertools import pairwise

from tests.office import NOW, Office, request, vevent

from horarium.directives.declared import declared_entries
from horarium.directives.entry import Entry
from horarium.kernel.instant import Instant
from horarium.runtime.plan import Plan, activate, version_of
from horarium.runtime.task import Begun, Rest, Task, Worker
from horarium.store.engine import Key
from horarium.store.firings import Settled

BY = "vincent.vole@example.com"
SIGNALS = ("booking.accepted", "booking.cancelled")
Moments = tuple[int, int]


def entries() -> list[Entry]:
    """A declared directive for each signal of bookings."""
    declared = {
        name.replace(".", "-"): {"run": ["note"], "schedule": {"type": "on", "signal": name}}
        for name in SIGNALS
    }
    return declared_entries(declared, "Europe/Oslo", master=1)


def listening() -> Office:
    """An office whose bookings somebody waits for."""
    office = Office()
    key = Key(office.store.tenant, "site", "timetable")
    office.store.transact([key], lambda tx: activate(tx, entries(), "", "zones", office.now))
    return office


def given(office: Office) -> Moments:
    """How often each signal was given until now."""
    first, second = (
        len(office.store.read(lambda tx, name=name: tx.timers.signals(name, Instant(0))))
        for name in SIGNALS
    )
    return first, second


def later(office: Office) -> None:
    office.now = Instant(office.now + 60)


def test_one_invitation_delivered_twice_is_one_moment_and_wakes_who_waits() -> None:
    office = listening()
    later(office)
    event = vevent("one@example.com", "2026-12-01 10:00", "2026-12-01 11:00", by=BY)
    mail = office.mail(request(event), by=BY)
    for _ in range(2):
        office.deliver(mail, sender=BY)
        later(office)
    # The same request in a message of its own, as a relay makes it.
    office.send(request(event), by=BY)
    assert given(office) == (1, 0)
    plan = Plan(
        office.store.read(version_of), {(entry.key, entry.task): entry for entry in entries()}
    )
    task = Task(office.store, 1, lambda: plan, Worker("here", 1))
    task.start(office.now)
    begun = task.look(office.now)
    assert isinstance(begun, Begun)
    assert (begun.entry.name, begun.due) == ("booking-accepted", Instant(NOW + 60))
    task.ended(begun, Settled("finished"), office.now)
    assert task.look(office.now) == Rest(None)


def test_a_declined_invitation_gives_none() -> None:
    office = listening()
    assert office.invite("2026-12-01 10:00", "2026-12-01 11:00") == "ACCEPTED"
    later(office)
    assert office.invite("2026-12-01 10:30", "2026-12-01 11:30") == "DECLINED"
    assert given(office) == (1, 0)


def test_what_is_stated_again_gives_none_and_what_moves_is_accepted_anew() -> None:
    office = listening()
    seen = []
    for sequence, (start, extra) in enumerate(
        [
            ("10:00", ""),
            ("10:00", ""),
            ("10:00", "LOCATION:upstairs"),
            ("12:00", ""),
        ]
    ):
        later(office)
        answer = office.invite(
            f"2026-12-01 {start}", "2026-12-01 13:00", uid="one@example.com",
            sequence=sequence, extra=extra,
        )  # fmt: skip
        assert answer == "ACCEPTED"
        seen.append(given(office))
    assert seen == [(1, 0), (1, 0), (1, 0), (2, 0)]


def cancelled(uid: str, sequence: int, extra: str = "") -> str:
    event = vevent(
        uid, "2026-12-01 10:00", "2026-12-01 11:00", by=BY, sequence=sequence,
        stamp="2026-11-22T08:00:00Z", extra=extra,
    )  # fmt: skip
    return request(event, method="CANCEL")


def test_a_cancellation_gives_one_only_where_time_is_freed() -> None:
    office = listening()
    office.invite("2026-12-01 10:00", "2026-12-01 11:00", by=BY, uid="one@example.com")
    office.now = Instant(office.now + 2 * 86_400)
    office.send(cancelled("unknown@example.com", 0), by=BY)
    assert given(office) == (1, 0)
    office.send(cancelled("one@example.com", 1), by="simon.skunk@example.com")
    assert given(office) == (1, 0)
    office.send(cancelled("one@example.com", 1), by=BY)
    assert given(office) == (1, 1)
    later(office)
    office.send(cancelled("one@example.com", 1), by=BY)
    assert given(office) == (1, 1)


def test_a_change_that_is_refused_and_loses_the_booking_cancels_it() -> None:
    office = listening()
    office.invite("2026-12-01 10:00", "2026-12-01 11:00", uid="one@example.com")
    later(office)
    office.invite("2026-12-01 12:00", "2026-12-01 13:00", uid="two@example.com")
    later(office)
    moved = office.invite("2026-12-01 12:00", "2026-12-01 13:00", uid="one@example.com", sequence=1)
    assert (moved, office.busy("2026-12-01 00:00", "2026-12-02 00:00")) == (
        "DECLINED",
        [("2026-12-01 12:00", "2026-12-01 13:00")],
    )
    assert given(office) == (2, 1)


def test_nothing_is_kept_where_nobody_waits() -> None:
    office = Office()
    assert office.invite("2026-12-01 10:00", "2026-12-01 11:00") == "ACCEPTED"
    assert given(office) == (0, 0)


def test_signals_of_a_busy_second_are_at_most_one_each() -> None:
    office = listening()
    for hour in range(8, 18):
        office.invite(f"2026-12-01 {hour:02}:00", f"2026-12-01 {hour:02}:30")
    moments = office.store.read(lambda tx: tx.timers.signals(SIGNALS[0], Instant(0)))
    assert len(moments) >= 1
    assert all(a < b for a, b in pairwise(moments))

"""What can not be handled, and what must not happen even when a decision is wrong."""

from __future__ import annotations

import pytest
from tests.office import NOW, ROOM, Office, request, vevent

from horarium.booking.message import EventMessage
from horarium.booking.outcome import Outcome
from horarium.booking.ports import Reservations, Surroundings
from horarium.runtime import handling
from horarium.runtime.handling import Status
from horarium.runtime.mail_agent import MOST_ATTEMPTS


@pytest.fixture
def poisoned(monkeypatch: pytest.MonkeyPatch) -> None:
    """The event named `poison` makes every decision about it fail."""
    sound = handling.handle

    def handle(
        message: EventMessage, reservations: Reservations, surroundings: Surroundings
    ) -> Outcome:
        outcome = sound(message, reservations, surroundings)
        if message.uid == "poison":
            raise ZeroDivisionError("a fault of ours")
        return outcome

    monkeypatch.setattr(handling, "handle", handle)


def mail(office: Office, uid: str, hour: int) -> bytes:
    event = vevent(uid, f"2026-12-01 {hour:02}:00", f"2026-12-01 {hour:02}:30")
    return office.mail(request(event), by="vincent.vole@example.com")


@pytest.mark.usefixtures("poisoned")
def test_a_message_that_always_fails_is_set_aside_and_the_queue_moves() -> None:
    office = Office()
    poison = mail(office, "poison", 9)
    for attempt in range(1, MOST_ATTEMPTS + 1):
        delivery = office.deliver(poison)
        last = attempt == MOST_ATTEMPTS
        assert delivery.status is (Status.HANDLED if last else Status.TRY_LATER)
        assert delivery.mails == ()
        after = office.deliver(mail(office, f"good-{attempt}", 9 + attempt))
        assert after.text == "ACCEPTED"
    kept = office.store.read(lambda tx: tx.mail.quarantined(10))
    assert [(item.recipient, item.attempts) for item in kept] == [(ROOM, MOST_ATTEMPTS)]
    assert "a fault of ours" in kept[0].reason
    notices = office.store.read(lambda tx: tx.mail.notices(10))
    assert [cause for _, cause, _, _ in notices] == ["message_failed"]
    assert [uid for uid, _, _ in office.everything()] == ["good-1", "good-2", "good-3"]


@pytest.mark.usefixtures("poisoned")
def test_a_message_that_fails_leaves_nothing_half_done() -> None:
    office = Office()
    office.deliver(mail(office, "poison", 9))
    assert office.everything() == []
    assert office.ledger() == {}
    assert office.store.read(lambda tx: tx.mail.outbox_counts()) == {}


def test_a_message_that_recovers_is_decided_and_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    office = Office()
    data = mail(office, "poison", 9)
    with monkeypatch.context() as patch:
        patch.setattr(handling, "handle", lambda *_: 1 / 0)
        assert office.deliver(data).status is Status.TRY_LATER
        assert office.deliver(data).status is Status.TRY_LATER
    assert office.deliver(data).text == "ACCEPTED"
    assert office.store.read(lambda tx: tx.mail.quarantined(10)) == []
    assert office.deliver(data).text == "seen before"


@pytest.mark.parametrize("capacity", [1, 5])
@pytest.mark.parametrize("extra", ["", "RRULE:FREQ=DAILY;COUNT=4"])
def test_the_store_counts_for_itself(
    capacity: int, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the decision's own check taken away, what would be one too many is not kept."""
    from horarium.booking.functions import schedule_in_freebusy

    monkeypatch.setattr(schedule_in_freebusy, "find_conflicts", lambda *_: [])
    office = Office({ROOM: {"scheduling_function": f"schedule_in_freebusy {capacity}"}})
    for number in range(capacity):
        assert office.invite("2026-12-01 10:00", "2026-12-01 11:00", uid=f"e{number}") == "ACCEPTED"
    held = office.everything()
    event = vevent("over", "2026-11-30 10:30", "2026-11-30 10:40", extra=extra)
    if not extra:
        event = vevent("over", "2026-12-01 10:30", "2026-12-01 10:40")
    delivery = office.deliver(office.mail(request(event), by="vincent.vole@example.com"))
    assert delivery.status is Status.TRY_LATER
    assert delivery.mails == ()
    assert office.everything() == held
    # What only touches is no overlap to the store either.
    assert office.invite("2026-12-01 11:00", "2026-12-01 12:00") == "ACCEPTED"
    assert office.now == NOW

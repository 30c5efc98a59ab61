"""Order, repetition and replay: any order of arrival ends in one state."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.office import ROOM, Office, request, vevent

from horarium.kernel.instant import Instant

BY = "vincent.vole@example.com"
SERIES = "RRULE:FREQ=WEEKLY;COUNT=4"


def single(start: str, end: str, sequence: int, stamp: str = "2026-11-20T08:00:00Z") -> str:
    return request(vevent("e", start, end, sequence=sequence, stamp=stamp))


def cancel(sequence: int | None, stamp: str = "2026-11-20T08:00:00Z", extra: str = "") -> str:
    event = vevent(
        "e", "2026-12-01 09:00", "2026-12-01 10:00", sequence=sequence, stamp=stamp, extra=extra
    )
    return request(event, method="CANCEL")


def held(office: Office) -> list[tuple[str, str]]:
    return [(start, end) for _, start, end in office.everything()]


FIRST = single("2026-12-01 09:00", "2026-12-01 10:00", 0)
SECOND = single("2026-12-01 11:00", "2026-12-01 12:00", 1)
END = cancel(2)


@pytest.mark.parametrize("order", list(itertools.permutations((FIRST, SECOND, END))))
def test_request_update_cancel_end_without_a_booking_in_every_order(order: tuple[str, ...]) -> None:
    office = Office()
    for message in order:
        office.send(message, by=BY)
    assert held(office) == []


def test_a_cancel_that_overtakes_leaves_a_tombstone() -> None:
    office = Office()
    assert office.send(END, by=BY) == []
    assert office.send(FIRST, by=BY) == []
    assert office.send(SECOND, by=BY) == []
    assert office.ledger() == {"decided": 1, "stale": 2}


def test_an_older_request_is_stale_and_not_answered() -> None:
    office = Office()
    office.send(SECOND, by=BY)
    assert office.send(FIRST, by=BY) == []
    assert held(office) == [("2026-12-01 11:00", "2026-12-01 12:00")]


def test_equal_sequence_is_ordered_by_stamp() -> None:
    office = Office()
    later = single("2026-12-01 11:00", "2026-12-01 12:00", 0, "2026-11-20T09:00:00Z")
    office.send(later, by=BY)
    assert office.send(FIRST, by=BY) == []
    assert held(office) == [("2026-12-01 11:00", "2026-12-01 12:00")]


def test_request_cancel_request_again_is_stale_at_equal_stamps() -> None:
    office = Office()
    office.send(FIRST, by=BY)
    office.send(cancel(0), by=BY)
    assert office.send(FIRST, by=BY) == []
    assert held(office) == []


def test_a_later_stamp_revives_a_cancelled_event() -> None:
    office = Office()
    office.send(FIRST, by=BY)
    office.send(cancel(0), by=BY)
    again = single("2026-12-01 09:00", "2026-12-01 10:00", 0, "2026-11-20T10:00:00Z")
    (answer,) = office.send(again, by=BY)
    assert answer.partstats == ["ACCEPTED"]


def test_cancel_without_sequence_must_be_strictly_later() -> None:
    office = Office()
    office.send(SECOND, by=BY)
    office.send(cancel(None), by=BY)
    assert len(held(office)) == 1
    office.send(cancel(None, "2026-11-20T09:00:00Z"), by=BY)
    assert held(office) == []


def test_an_exact_replay_changes_nothing_and_sends_nothing() -> None:
    office = Office()
    mail = office.mail(FIRST, by=BY)
    first = office.deliver(mail, sender=BY)
    second = office.deliver(mail, sender=BY)
    assert len(first.mails) == 1
    assert second.mails == ()
    assert office.ledger() == {"decided": 1}


def test_the_same_content_under_a_new_message_id_gets_the_stored_answer_three_times() -> None:
    office = Office()
    (first,) = office.send(FIRST, by=BY)
    office.store.transact([], lambda tx: _all_sent(tx, office.now))
    for _ in range(3):
        (again,) = office.send(FIRST, by=BY)
        assert again.mail.content == first.mail.content
        office.store.transact([], lambda tx: _all_sent(tx, office.now))
    assert office.send(FIRST, by=BY) == []
    assert len(held(office)) == 1


def _all_sent(tx, now):  # type: ignore[no-untyped-def]
    for mail in tx.mail.claim(now, 100):
        tx.mail.finish(mail, "sent", "", now)


@pytest.mark.parametrize(
    "extra",
    ["X-OTHER:text", "CATEGORIES:a,b", "PRIORITY:1"],
)
def test_a_text_update_keeps_the_booking_and_is_answered_when_the_answer_is_not_shown(
    extra: str,
) -> None:
    office = Office()
    office.send(FIRST, by=BY)
    event = vevent(
        "e", "2026-12-01 09:00", "2026-12-01 10:00", sequence=1,
        stamp="2026-11-20T09:00:00Z", extra=extra,
    )  # fmt: skip
    (answer,) = office.send(request(event), by=BY)
    assert answer.partstats == ["ACCEPTED"]
    assert int(answer.components[0]["SEQUENCE"]) == 1
    shown = request(event.replace("RSVP=TRUE", "PARTSTAT=ACCEPTED;RSVP=TRUE"))
    shown = shown.replace("SEQUENCE:1", "SEQUENCE:2")
    assert office.send(shown, by=BY) == []
    assert len(held(office)) == 1


def test_an_unchanged_update_is_not_judged_by_a_stricter_policy() -> None:
    office = Office()
    office.send(FIRST, by=BY)
    _forbid_everybody(office)
    event = vevent(
        "e", "2026-12-01 09:00", "2026-12-01 10:00", sequence=3, stamp="2026-11-20T09:00:00Z"
    )
    (answer,) = office.send(request(event), by=BY)
    assert answer.partstats == ["ACCEPTED"]
    moved = single("2026-12-01 10:00", "2026-12-01 11:00", 4, "2026-11-20T10:00:00Z")
    (answer,) = office.send(moved, by=BY)
    assert answer.partstats == ["DECLINED"]


def _forbid_everybody(office: Office) -> None:
    from horarium.runtime.changing import set_preference

    functions = "access_control_list"
    set_preference(office.store, office.settings, ROOM, "acl", "decline", office.now)
    set_preference(
        office.store, office.settings, ROOM, "scheduling_function", functions, office.now
    )


def test_a_declined_update_releases_the_old_booking_and_says_so() -> None:
    office = Office()
    office.send(FIRST, by=BY)
    office.invite("2026-12-01 11:30", "2026-12-01 13:00")
    (answer,) = office.send(SECOND, by=BY)
    assert answer.partstats == ["DECLINED"]
    assert "has been released" in answer.text
    assert [uid for uid, _, _ in office.everything()] != ["e"]
    assert ("2026-12-01 09:00", "2026-12-01 10:00") not in held(office)


def test_a_declined_update_keeps_the_old_booking_where_that_is_wished() -> None:
    office = Office({ROOM: {"declined_update": "keep"}})
    office.send(FIRST, by=BY)
    office.invite("2026-12-01 11:30", "2026-12-01 13:00")
    (answer,) = office.send(SECOND, by=BY)
    assert answer.partstats == ["DECLINED"]
    assert "stands" in answer.text
    assert ("2026-12-01 09:00", "2026-12-01 10:00") in held(office)


def test_a_fault_of_the_configuration_never_costs_a_booking() -> None:
    office = Office()
    office.send(FIRST, by=BY)
    from horarium.runtime.changing import set_preference

    set_preference(
        office.store, office.settings, ROOM, "scheduling_function", "no_such_function", office.now
    )
    (answer,) = office.send(SECOND, by=BY)
    assert answer.partstats == ["DECLINED"]
    assert answer.statuses == ["5.1"]
    assert held(office) == [("2026-12-01 09:00", "2026-12-01 10:00")]


def test_a_stamp_far_ahead_is_refused() -> None:
    office = Office()
    ahead = single("2026-12-01 09:00", "2026-12-01 10:00", 0, "2026-11-23T08:00:01Z")
    assert office.send(ahead, by=BY) == []
    assert held(office) == []
    assert office.send(FIRST, by=BY)[0].partstats == ["ACCEPTED"]


def test_two_events_in_one_mail_are_two_decisions_in_order() -> None:
    office = Office()
    one = vevent("one", "2026-12-01 09:00", "2026-12-01 10:00")
    two = vevent("two", "2026-12-01 09:30", "2026-12-01 10:30")
    answers = office.send(request(one, two), by=BY)
    assert [answer.partstats for answer in answers] == [["ACCEPTED"], ["DECLINED"]]


# --- permutations ---------------------------------------------------------------


def _message(kind: str, sequence: int, minute: int) -> str:
    """One of the messages that may exist of the event `e`, stamped (sequence, minute)."""
    stamp = f"2026-11-20T08:{minute:02}:00Z"
    hour = 10 + sequence
    start, end = "2026-12-01 09:00", f"2026-12-01 {hour:02}:{minute:02}"
    if kind == "master":
        return request(vevent("e", start, end, sequence=sequence, stamp=stamp, extra=SERIES))
    if kind == "cancel":
        return cancel(sequence, stamp)
    key = "RECURRENCE-ID:20261208T080000Z"
    moved = vevent(
        "e", f"2026-12-09 {hour:02}:{minute:02}", f"2026-12-09 {hour + 1:02}:{minute:02}",
        sequence=sequence, stamp=stamp, extra=key,
    )  # fmt: skip
    return request(moved, method="CANCEL" if kind == "cancel one" else "REQUEST")


messages = st.lists(
    st.tuples(
        st.sampled_from(["master", "override", "cancel one", "cancel"]),
        st.integers(0, 2),
        st.integers(0, 2),
    ),
    min_size=2,
    max_size=5,
    unique_by=lambda m: (m[0] in ("master", "cancel"), m[1], m[2]),
)


@settings(max_examples=60, deadline=None)
@given(messages, st.randoms(use_true_random=False))
def test_every_order_of_arrival_ends_in_the_state_of_the_order_by_stamp(drawn, random) -> None:  # type: ignore[no-untyped-def]
    by_stamp = sorted(drawn, key=lambda m: (m[1], m[2], m[0] in ("override", "cancel one")))
    shuffled = list(drawn)
    random.shuffle(shuffled)
    results = []
    for order in (by_stamp, shuffled):
        office = Office()
        office.now = Instant(office.now + 3600)
        for message in order:
            office.send(_message(*message), by=BY)
        results.append(office.everything())
    assert results[0] == results[1], (by_stamp, shuffled)

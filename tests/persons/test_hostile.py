"""Hostile mail at a person: none of it is lost, none of it breaks anything or is believed."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from horarium.runtime.handling import Status
from tests.office import request, vevent
from tests.persons.house import HARVEY, PAUL, VINCENT, House, attendee, inbox, reply, sent

TEN, ELEVEN = "2026-12-01 10:00", "2026-12-01 11:00"
METHODS = (
    "REQUEST", "PUBLISH", "ADD", "CANCEL", "REPLY", "COUNTER", "DECLINECOUNTER", "REFRESH",
    "X-OTHER", "POLLSTATUS",
)  # fmt: skip
# Lines that are cut, doubled or put in: each a trap for one reader.
TRAPS = (
    "DTSTART:20260230T100000Z", "DTEND:20200101T000000Z", "DURATION:-PT1H", "SEQUENCE:-1",
    "SEQUENCE:99999999999999999999", "DTSTAMP:nonsense", "RRULE:FREQ=SECONDLY",
    "RRULE:FREQ=DAILY;COUNT=100000", "RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
    "RECURRENCE-ID:20261201T090000Z", "RECURRENCE-ID;VALUE=DATE:20261201",
    "RECURRENCE-ID;RANGE=THISANDFUTURE:20261208T090000Z", "ORGANIZER:mailto:a@b)c@d",
    "ATTENDEE:urn:uuid:x", "ATTENDEE;PARTSTAT=\"A;B\":mailto:paul.boddie@example.com",
    "STATUS:CANCELLED", "TRANSP:TRANSPARENT", "SUMMARY:\u202e\x0bevil", "UID:",
    attendee(VINCENT, "DELEGATED", DELEGATED_TO=f'"mailto:{VINCENT}"'),
)  # fmt: skip


def arrived_whole(house: House, data: bytes, by: str) -> None:
    """Delivers a message and demands that it reaches the mailbox, or is kept for the operator."""
    delivery = house.deliver(data, PAUL, by)
    assert delivery.status is Status.HANDLED
    held = house.store.read(lambda tx: tx.mail.quarantined(100))
    if held:
        assert {item.reason for item in held} == {"loop"}
        return
    assert inbox(delivery)
    assert any(data in received.mail.content for received in inbox(delivery))


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(METHODS),
            st.lists(st.sampled_from(TRAPS), max_size=3),
            st.sampled_from([VINCENT, HARVEY, PAUL]),
            st.sampled_from([VINCENT, PAUL]),
            st.integers(0, 3),
        ),
        min_size=1,
        max_size=5,
    )
)
def test_any_row_of_odd_messages_is_recorded_or_not_and_never_lost(
    messages: list[tuple[str, list[str], str, str, int]],
) -> None:
    house = House(
        event_refreshing="always", add_method_response="add", freebusy_messages="notify",
        freebusy_sharing="share",
    )  # fmt: skip
    for method, traps, sender, organizer, sequence in messages:
        event = vevent(
            "e1", TEN, ELEVEN, by=organizer, to=(PAUL, VINCENT), sequence=sequence,
            extra="\n".join(traps),
        )  # fmt: skip
        arrived_whole(house, house.mail(request(event, method=method), by=sender, to=PAUL), sender)
    house.upkeep()
    house.held()


@pytest.mark.parametrize("method", METHODS[:8])
@pytest.mark.parametrize("trap", TRAPS)
def test_each_trap_in_each_copy_of_an_outgoing_message(method: str, trap: str) -> None:
    house = House(freebusy_offers="PT1H")
    house.invited(TEN, ELEVEN)
    event = vevent("e1", TEN, ELEVEN, by=PAUL, to=(PAUL, VINCENT), extra=trap)
    delivery = house.leave(request(event, method=method))
    assert (delivery.status, delivery.mails) == (Status.HANDLED, ())


def test_a_series_of_any_length_is_one_message() -> None:
    house = House()
    delivery = house.invited(TEN, ELEVEN, extra="RRULE:FREQ=MINUTELY")
    assert delivery.status is Status.HANDLED
    house.accepts(TEN, ELEVEN)
    assert len(house.known(VINCENT)) <= 2_000


def test_a_partstat_of_the_attendees_own_making_is_no_answer() -> None:
    house = House(event_refreshing="always")
    house.leave(request(vevent("e1", TEN, ELEVEN, by=PAUL, to=(VINCENT, HARVEY))))
    odd = reply("e1", TEN, ELEVEN, by=PAUL, who=VINCENT, partstat='"X:Y;Z"')
    house.arrive(odd, by=VINCENT)
    assert house.notes().partstat(VINCENT, None) == "NEEDS-ACTION"
    again = request(vevent("e1", TEN, ELEVEN, by=PAUL, to=(HARVEY,)), method="REFRESH")
    (mail,) = sent(house.arrive(again, by=HARVEY))
    assert b"X:Y" not in mail.content


def test_asking_again_and_again_is_answered_ten_times_a_day() -> None:
    house = House(event_refreshing="always")
    house.leave(request(vevent("e1", TEN, ELEVEN, by=PAUL, to=(VINCENT,))))
    again = request(vevent("e1", TEN, ELEVEN, by=PAUL, to=(VINCENT,)), method="REFRESH")
    answers = [len(sent(house.arrive(again, by=VINCENT))) for _ in range(12)]
    assert answers == [1] * 10 + [0, 0]


def test_a_list_gets_no_answer() -> None:
    house = House(event_refreshing="always")
    house.leave(request(vevent("e1", TEN, ELEVEN, by=PAUL, to=(VINCENT,))))
    again = request(vevent("e1", TEN, ELEVEN, by=PAUL, to=(VINCENT,)), method="REFRESH")
    assert sent(house.arrive(again, by=VINCENT, List_Id="<l.example.com>")) == []


def test_two_events_in_one_message_are_one_mail_in_the_mailbox() -> None:
    house = House()
    both = vevent("e1", TEN, ELEVEN, to=(PAUL,)) + vevent("e2", TEN, ELEVEN, to=(PAUL,))
    delivery = house.arrive(request(both), by=VINCENT)
    assert delivery.text == "RECORDED RECORDED"
    assert len(inbox(delivery)) == 1
    assert house.waiting("e2") == [("REQUEST", None, "")]

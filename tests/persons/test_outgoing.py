"""The copy of what a person sends tells the records what the person decided; nothing is sent."""

from __future__ import annotations

import pytest

from horarium.runtime.delivering import deliver_all
from tests.office import ROOM, request, vevent
from tests.persons.house import HARVEY, OLIVER, PAUL, VINCENT, House, attendee, reply

TEN, ELEVEN = "2026-12-01 10:00", "2026-12-01 11:00"
TWO, THREE = "2026-12-01 14:00", "2026-12-01 15:00"


def mine(*guests: str, start: str = TEN, end: str = ELEVEN, **more: object) -> str:
    return vevent("e1", start, end, by=PAUL, to=guests or (VINCENT,), **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("method", ["REQUEST", "PUBLISH"])
def test_an_invitation_is_stored_and_is_the_persons_own_time(method: str) -> None:
    house = House()
    delivery = house.leave(request(mine(), method=method))
    assert (delivery.text, delivery.mails) == ("RECORDED", ())
    assert house.held() == [("e1", TEN, ELEVEN)]
    assert house.waiting() == []


def test_a_new_version_moves_it_and_an_older_one_does_not() -> None:
    house = House()
    house.leave(request(mine(start=TWO, end=THREE, sequence=1)))
    assert house.leave(request(mine())).text == "STALE"
    assert house.held() == [("e1", TWO, THREE)]


@pytest.mark.parametrize("line", ["TRANSP:TRANSPARENT", attendee(PAUL, "DECLINED")])
def test_what_takes_none_of_the_persons_time(line: str) -> None:
    house = House()
    house.leave(request(mine(extra=line)))
    assert house.held() == []


def test_add_books_the_new_occurrence() -> None:
    house = House()
    house.leave(request(mine()))
    house.leave(request(mine(start=TWO, end=THREE), method="ADD"))
    assert [start for _, start, _ in house.held()] == [TEN, TWO]


class TestReply:
    @pytest.mark.parametrize(
        ("partstat", "held"),
        [("ACCEPTED", True), ("TENTATIVE", True), ("DECLINED", False), ("DELEGATED", False)],
    )
    def test_an_answer_takes_the_time_or_does_not(self, partstat: str, held: bool) -> None:
        house = House()
        house.invited(TEN, ELEVEN)
        house.leave(reply("e1", TEN, ELEVEN, partstat=partstat))
        assert house.held() == ([("e1", TEN, ELEVEN)] if held else [])
        assert house.waiting() == []
        assert house.notes().partstat(PAUL, None) == partstat

    def test_a_refusal_gives_the_time_back(self) -> None:
        house = House()
        house.invited(TEN, ELEVEN)
        house.accepts(TEN, ELEVEN)
        house.leave(reply("e1", TEN, ELEVEN, partstat="DECLINED"))
        assert house.held() == []

    def test_its_stamp_is_not_compared_since_some_programs_erase_its_time(self) -> None:
        house = House()
        house.invited(TEN, ELEVEN)
        house.leave(reply("e1", TEN, ELEVEN, stamp="2026-11-01T00:00:00Z"))
        assert house.held() == [("e1", TEN, ELEVEN)]

    def test_an_answer_to_an_earlier_version_is_late(self) -> None:
        house = House()
        house.invited(TEN, ELEVEN, sequence=2)
        assert house.leave(reply("e1", TEN, ELEVEN, sequence=1)).text == "STALE"
        assert house.held() == []

    def test_one_occurrence_is_refused_and_stays_so_when_the_text_changes(self) -> None:
        house = House()
        weekly = "RRULE:FREQ=WEEKLY;COUNT=3"
        house.invited(TEN, ELEVEN, extra=weekly)
        house.leave(reply("e1", TEN, ELEVEN))
        second = reply(
            "e1", "2026-12-08 10:00", "2026-12-08 11:00", partstat="DECLINED",
            extra="RECURRENCE-ID;TZID=Europe/Oslo:20261208T100000",
        )  # fmt: skip
        house.leave(second)
        there = [TEN, "2026-12-15 10:00"]
        assert [start for _, start, _ in house.held()] == there
        house.invited(TEN, ELEVEN, extra=f"{weekly}\nLOCATION:Upstairs", sequence=1)
        assert [start for _, start, _ in house.held()] == there

    def test_one_occurrence_is_accepted_of_a_series_that_is_not(self) -> None:
        house = House()
        house.invited(TEN, ELEVEN, extra="RRULE:FREQ=WEEKLY;COUNT=3")
        second = reply(
            "e1", "2026-12-08 10:00", "2026-12-08 11:00",
            extra="RECURRENCE-ID;TZID=Europe/Oslo:20261208T100000",
        )  # fmt: skip
        house.leave(second)
        assert house.held() == [("e1", "2026-12-08 10:00", "2026-12-08 11:00")]

    def test_to_an_event_that_never_came(self) -> None:
        house = House()
        assert house.leave(reply("e1", TEN, ELEVEN)).text == "IGNORED"
        assert house.last_reason() == "unknown_event"

    def test_one_for_somebody_else(self) -> None:
        house = House()
        house.invited(TEN, ELEVEN)
        house.leave(reply("e1", TEN, ELEVEN, who=HARVEY))
        assert house.last_reason() == "attendee_mismatch"

    def test_a_cancelled_event_can_not_be_accepted(self) -> None:
        house = House()
        house.invited(TEN, ELEVEN)
        event = vevent("e1", TEN, ELEVEN, to=(PAUL,), sequence=1)
        house.arrive(request(event, method="CANCEL"), by=VINCENT)
        house.accepts(TEN, ELEVEN)
        assert house.held() == []


class TestCancel:
    def test_of_everybody_ends_the_event(self) -> None:
        house = House()
        house.leave(request(mine(VINCENT, HARVEY)))
        house.leave(request(mine(VINCENT, HARVEY, sequence=1), method="CANCEL"))
        assert house.held() == []

    def test_of_some_takes_them_off(self) -> None:
        house = House(event_refreshing="always")
        house.leave(request(mine(VINCENT, HARVEY)))
        house.arrive(reply("e1", TEN, ELEVEN, by=PAUL, who=HARVEY), by=HARVEY)
        house.leave(request(mine(HARVEY, sequence=1), method="CANCEL"))
        assert house.held() == [("e1", TEN, ELEVEN)]
        assert house.notes().partstat(HARVEY, None) is None
        again = reply("e1", TEN, ELEVEN, by=PAUL, who=HARVEY, sequence=1)
        house.arrive(again, by=HARVEY)
        assert house.last_reason() == "not_invited"
        still = reply("e1", TEN, ELEVEN, by=PAUL, who=VINCENT, sequence=1)
        assert house.arrive(still, by=VINCENT).text == "RECORDED"

    def test_of_one_occurrence(self) -> None:
        house = House()
        house.leave(request(mine(extra="RRULE:FREQ=WEEKLY;COUNT=2")))
        line = "RECURRENCE-ID;TZID=Europe/Oslo:20261201T100000"
        house.leave(request(mine(extra=line), method="CANCEL"))
        assert [start for _, start, _ in house.held()] == ["2026-12-08 10:00"]


class TestCounters:
    def test_a_proposal_is_held_for_as_long_as_the_person_wants(self) -> None:
        house = House(freebusy_offers="PT1H")
        house.invited(TEN, ELEVEN)
        proposal = vevent("e1", TWO, THREE, to=(PAUL,))
        house.leave(request(proposal, method="COUNTER"))
        (offer,) = house.notes().offers
        assert offer.expires == house.now + 3600
        house.now = type(house.now)(house.now + 3600)
        house.upkeep()
        assert house.notes().offers == ()

    def test_without_that_nothing_is_held(self) -> None:
        house = House()
        house.invited(TEN, ELEVEN)
        house.leave(request(vevent("e1", TWO, THREE, to=(PAUL,)), method="COUNTER"))
        assert house.notes().offers == ()

    def test_declinecounter_drops_the_counter_of_those_named(self) -> None:
        house = House()
        house.leave(request(mine(VINCENT, HARVEY)))
        for who in (VINCENT, HARVEY):
            proposal = vevent("e1", TWO, THREE, by=PAUL, to=(who,))
            house.arrive(request(proposal, method="COUNTER"), by=who)
        house.leave(request(mine(VINCENT), method="DECLINECOUNTER"))
        assert house.waiting() == [("COUNTER", None, HARVEY)]


class TestWhoseCopy:
    def test_of_a_message_that_is_not_the_persons(self) -> None:
        house = House()
        event = request(mine())
        delivery = house.leave(event, by=OLIVER)
        assert delivery.text == "not recorded: not the person's own message"
        assert house.held() == []

    def test_of_another_sender_on_the_envelope(self) -> None:
        house = House()
        house.leave(request(mine()), sender=OLIVER)
        assert (house.held(), house.ledger()) == ([], {"ignored": 1})

    def test_where_the_person_is_not_the_organizer(self) -> None:
        house = House()
        house.leave(request(vevent("e1", TEN, ELEVEN, to=(PAUL,))))
        assert house.last_reason() == "organizer_mismatch"
        assert house.held() == []

    def test_of_who_writes_for_the_person(self) -> None:
        house = House()
        event = request(mine()).replace(
            f"ORGANIZER:mailto:{PAUL}", f'ORGANIZER;SENT-BY="mailto:{HARVEY}":mailto:{PAUL}'
        )
        house.leave(event, by=HARVEY, sender=HARVEY)
        assert house.held() == [("e1", TEN, ELEVEN)]

    def test_a_message_that_arrives_is_never_taken_for_a_copy(self) -> None:
        """Anybody can write From: Paul; what counts is that the operator says it is a copy."""
        house = House()
        delivery = house.arrive(request(mine()), by=PAUL)
        assert house.held() == []
        assert len(delivery.mails) == 1

    def test_by_the_envelope_the_sender_is_meant_whoever_the_recipients_are(self) -> None:
        house = House()
        data = house.mail(request(mine(VINCENT, HARVEY)), by=PAUL, to=VINCENT)
        answer = deliver_all(
            house.agent, PAUL, [VINCENT, HARVEY], data, house.now, emit=True, outgoing=True
        )
        assert (answer.status, answer.output) == (0, b"")
        assert house.held() == [("e1", TEN, ELEVEN)]

    def test_of_nobody_here(self) -> None:
        house = House()
        data = house.mail(request(mine()), by=PAUL, to=VINCENT)
        for recipient in (VINCENT, ROOM):
            answer = deliver_all(
                house.agent, None, [recipient], data, house.now, emit=False, outgoing=True
            )
            assert (answer.status, house.ledger()) == (67, {})


def test_a_series_without_an_end_is_laid_down_further_every_day() -> None:
    house = House(window_size=10)
    house.leave(request(mine(extra="RRULE:FREQ=DAILY")))
    before = len(house.held())
    house.now = type(house.now)(house.now + 20 * 86_400)
    assert house.upkeep().extended == 1
    user = house.agent.directory.find(PAUL)
    assert user is not None
    laid = house.store.read(lambda tx: tx.reservations(user.id, user.uri, house.now).of_event("e1"))
    assert len(laid) > 10
    assert before > 0

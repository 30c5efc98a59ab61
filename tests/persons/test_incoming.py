"""What comes to a person: each method has its effect on the records, and reaches the mailbox."""

from __future__ import annotations

import pytest

from tests.office import local, read_answer, request, vevent
from tests.persons.house import (
    HARVEY,
    OLIVER,
    PAUL,
    VINCENT,
    House,
    attendee,
    calendar_of,
    inbox,
    reply,
    sent,
    told,
)

TEN, ELEVEN = "2026-12-01 10:00", "2026-12-01 11:00"
TWO, THREE = "2026-12-01 14:00", "2026-12-01 15:00"


def organized(house: House, *guests: str, extra: str = "", uid: str = "e1", sequence: int = 0):
    """Paul invites to an event of his own, and his copy of the invitation is recorded."""
    event = vevent(uid, TEN, ELEVEN, by=PAUL, to=guests, extra=extra, sequence=sequence)
    assert house.leave(request(event)).text == "RECORDED"


def entries(house: House, uid: str = "e1") -> list[tuple[str | None, str]]:
    """What is stored of an event: key and state."""
    user = house.agent.directory.find(PAUL)
    assert user is not None
    state = house.store.read(lambda tx: tx.reservations(user.id, user.uri, house.now).event(uid))
    return [(None if e.key is None else local(e.key), e.state.value) for e in state.entries]


class TestRequest:
    def test_it_is_stored_queued_and_told_and_takes_no_time(self) -> None:
        house = House()
        delivery = house.invited(TEN, ELEVEN)
        assert entries(house) == [(None, "declined")]  # known, and not held
        assert house.waiting() == [("REQUEST", None, "")]
        assert house.held() == []
        assert "invites you" in told(delivery)
        assert sent(delivery) == []

    def test_the_organizers_time_is_known_by_it(self) -> None:
        house = House()
        house.invited(TEN, ELEVEN)
        assert house.known(VINCENT) == [(TEN, ELEVEN, "BUSY")]

    def test_an_older_message_changes_nothing_and_reaches_the_person(self) -> None:
        house = House()
        house.invited(TWO, THREE, sequence=2)
        late = house.invited(TEN, ELEVEN, sequence=1)
        assert late.text == "STALE"
        assert house.known(VINCENT) == [(TWO, THREE, "BUSY")]
        assert "nothing has changed" in told(late)

    def test_a_whole_event_clears_overrides_and_cancellations_that_are_older(self) -> None:
        house = House()
        weekly = "RRULE:FREQ=WEEKLY;COUNT=3"
        house.invited(TEN, ELEVEN, extra=weekly)
        moved = vevent(
            "e1", "2026-12-08 12:00", "2026-12-08 13:00", to=(PAUL,),
            extra="RECURRENCE-ID;TZID=Europe/Oslo:20261208T100000",
        )  # fmt: skip
        house.arrive(request(moved), by=VINCENT)
        gone = vevent(
            "e1", "2026-12-15 10:00", "2026-12-15 11:00", to=(PAUL,),
            extra="RECURRENCE-ID;TZID=Europe/Oslo:20261215T100000",
        )  # fmt: skip
        house.arrive(request(gone, method="CANCEL"), by=VINCENT)
        assert entries(house) == [
            (None, "declined"), ("2026-12-08 10:00", "declined"), ("2026-12-15 10:00", "cancelled"),
        ]  # fmt: skip
        house.invited(TEN, ELEVEN, extra=weekly, sequence=1)
        assert entries(house) == [(None, "declined")]
        assert [start for start, _, _ in house.known(VINCENT)] == [
            TEN, "2026-12-08 10:00", "2026-12-15 10:00",
        ]  # fmt: skip

    def test_an_override_that_bears_a_later_stamp_survives_a_late_master(self) -> None:
        house = House()
        moved = vevent(
            "e1", "2026-12-08 12:00", "2026-12-08 13:00", to=(PAUL,),
            stamp="2026-11-20T10:05:00Z",
            extra="RECURRENCE-ID;TZID=Europe/Oslo:20261208T100000",
        )  # fmt: skip
        house.arrive(request(moved), by=VINCENT)
        house.invited(TEN, ELEVEN, extra="RRULE:FREQ=WEEKLY;COUNT=2")
        assert [key for key, _ in entries(house)] == [None, "2026-12-08 10:00"]
        assert [start for start, _, _ in house.known(VINCENT)] == [TEN, "2026-12-08 12:00"]

    def test_what_was_accepted_stays_the_persons_time_while_the_times_are_the_same(self) -> None:
        house = House()
        house.invited(TEN, ELEVEN)
        house.accepts(TEN, ELEVEN)
        house.invited(TEN, ELEVEN, sequence=1, extra="LOCATION:Upstairs")
        assert house.held() == [("e1", TEN, ELEVEN)]

    def test_what_was_moved_is_not_the_persons_time_before_the_person_says_so(self) -> None:
        house = House()
        house.invited(TEN, ELEVEN)
        house.accepts(TEN, ELEVEN)
        house.invited(TWO, THREE, sequence=1)
        assert house.held() == []
        assert house.waiting() == [("REQUEST", None, "")]

    def test_a_busy_person_is_told_and_nobody_is_refused(self) -> None:
        house = House()
        house.invited(TEN, ELEVEN)
        house.accepts(TEN, ELEVEN)
        second = house.invited("2026-12-01 10:30", "2026-12-01 11:30", uid="e2", by=HARVEY)
        assert "You are busy then: Tue 1 Dec 2026 10:00–11:00" in told(second)
        assert house.waiting("e2") == [("REQUEST", None, "")]
        assert sent(second) == []


class TestPublish:
    def test_it_is_stored_without_waiting(self) -> None:
        house = House()
        event = vevent("e1", TEN, ELEVEN, to=())
        delivery = house.arrive(request(event, method="PUBLISH"), by=VINCENT)
        assert entries(house) == [(None, "declined")]
        assert house.waiting() == []
        assert "lets you know" in told(delivery)

    def test_what_the_person_published_is_the_persons_own_time(self) -> None:
        house = House()
        event = vevent("e1", TEN, ELEVEN, by=PAUL, to=())
        house.arrive(request(event, method="PUBLISH"), by=PAUL)
        assert house.held() == [("e1", TEN, ELEVEN)]


class TestAdd:
    new = vevent("e1", TWO, THREE, to=(PAUL,))

    def test_add_stores_the_occurrence_and_queues_it(self) -> None:
        house = House(add_method_response="add")
        house.invited(TEN, ELEVEN)
        delivery = house.arrive(request(self.new, method="ADD"), by=VINCENT)
        assert entries(house) == [(None, "declined"), (TWO, "declined")]
        assert house.waiting() == [("REQUEST", None, ""), ("REQUEST", TWO, "")]
        assert sent(delivery) == []

    def test_a_lower_sequence_is_late(self) -> None:
        house = House(add_method_response="add")
        house.invited(TEN, ELEVEN, sequence=3)
        assert house.arrive(request(self.new, method="ADD"), by=VINCENT).text == "STALE"

    @pytest.mark.parametrize(("wish", "known"), [("refresh", True), ("add", False), (None, True)])
    def test_refresh_or_an_unknown_event_asks_for_the_whole(
        self, wish: str | None, known: bool
    ) -> None:
        """A person's default is to ask."""
        house = House(**({"add_method_response": wish} if wish else {}))
        if known:
            house.invited(TEN, ELEVEN)
        delivery = house.arrive(request(self.new, method="ADD"), by=VINCENT)
        (mail,) = sent(delivery)
        answer = read_answer(mail)
        assert str(answer.calendar["METHOD"]) == "REFRESH"
        assert mail.recipient == VINCENT
        assert answer.message["From"].addresses[0].addr_spec == PAUL
        assert len(inbox(delivery)) == 1

    def test_ignore_does_nothing(self) -> None:
        house = House(add_method_response="ignore")
        house.invited(TEN, ELEVEN)
        delivery = house.arrive(request(self.new, method="ADD"), by=VINCENT)
        assert entries(house) == [(None, "declined")]
        assert sent(delivery) == []
        assert len(inbox(delivery)) == 1


class TestCancel:
    def test_it_is_moved_to_the_cancellations_dequeued_and_the_time_is_free(self) -> None:
        house = House()
        house.invited(TEN, ELEVEN)
        house.accepts(TEN, ELEVEN)
        house.invited(TEN, ELEVEN, sequence=1)
        event = vevent("e1", TEN, ELEVEN, to=(PAUL,), sequence=2)
        delivery = house.arrive(request(event, method="CANCEL"), by=VINCENT)
        assert entries(house) == [(None, "cancelled")]
        assert (house.waiting(), house.held(), house.known(VINCENT)) == ([], [], [])
        assert "has cancelled this" in told(delivery)

    def test_of_one_occurrence_leaves_the_others(self) -> None:
        house = House()
        house.invited(TEN, ELEVEN, extra="RRULE:FREQ=WEEKLY;COUNT=2")
        house.accepts(TEN, ELEVEN)
        event = vevent(
            "e1", TEN, ELEVEN, to=(PAUL,),
            extra="RECURRENCE-ID;TZID=Europe/Oslo:20261201T100000",
        )  # fmt: skip
        house.arrive(request(event, method="CANCEL"), by=VINCENT)
        assert house.held() == [("e1", "2026-12-08 10:00", "2026-12-08 11:00")]

    def test_one_that_came_first_wins_over_the_same_request(self) -> None:
        house = House()
        event = vevent("e1", TEN, ELEVEN, to=(PAUL,))
        house.arrive(request(event, method="CANCEL"), by=VINCENT)
        assert house.invited(TEN, ELEVEN).text == "STALE"
        assert house.waiting() == []

    def test_sent_to_its_own_organizer_is_ignored(self) -> None:
        house = House()
        organized(house, VINCENT)
        event = vevent("e1", TEN, ELEVEN, by=PAUL, to=(VINCENT,), sequence=1)
        delivery = house.arrive(request(event, method="CANCEL"), by=PAUL)
        assert delivery.text == "IGNORED"
        assert house.held() == [("e1", TEN, ELEVEN)]


class TestReply:
    def test_the_answer_of_somebody_invited_is_merged(self) -> None:
        house = House()
        organized(house, VINCENT)
        delivery = house.arrive(reply("e1", TEN, ELEVEN, by=PAUL, who=VINCENT), by=VINCENT)
        assert house.notes().partstat(VINCENT, None) == "ACCEPTED"
        assert house.known(VINCENT) == [(TEN, ELEVEN, "BUSY")]
        assert f"{VINCENT} takes part" in told(delivery)
        assert sent(delivery) == []  # nobody else is invited anew

    def test_the_name_in_a_summary_never_stands_without_its_address(self) -> None:
        house = House()
        organized(house, VINCENT)
        line = f"ATTENDEE;CN=The Boss;PARTSTAT=ACCEPTED:mailto:{VINCENT}"
        event = vevent("e1", TEN, ELEVEN, by=PAUL, to=(), extra=line)
        text = told(house.arrive(request(event, method="REPLY"), by=VINCENT))
        assert f"The Boss <{VINCENT}> takes part" in text

    def test_a_later_refusal_takes_the_attendees_time_back(self) -> None:
        house = House()
        organized(house, VINCENT)
        house.arrive(reply("e1", TEN, ELEVEN, by=PAUL, who=VINCENT), by=VINCENT)
        house.arrive(
            reply("e1", TEN, ELEVEN, by=PAUL, who=VINCENT, partstat="DECLINED",
                  stamp="2026-11-20T10:00:00Z"),
            by=VINCENT,
        )  # fmt: skip
        assert house.notes().partstat(VINCENT, None) == "DECLINED"
        assert house.known(VINCENT) == []

    def test_an_older_answer_changes_nothing(self) -> None:
        house = House()
        organized(house, VINCENT)
        house.arrive(
            reply("e1", TEN, ELEVEN, by=PAUL, who=VINCENT, partstat="DECLINED",
                  stamp="2026-11-20T10:00:00Z"),
            by=VINCENT,
        )  # fmt: skip
        late = house.arrive(reply("e1", TEN, ELEVEN, by=PAUL, who=VINCENT), by=VINCENT)
        assert late.text == "STALE"
        assert house.notes().partstat(VINCENT, None) == "DECLINED"

    def test_an_answer_to_what_was_before_the_last_rescheduling_is_stale(self) -> None:
        house = House()
        organized(house, VINCENT)
        moved = vevent("e1", TWO, THREE, by=PAUL, to=(VINCENT,), sequence=1)
        house.leave(request(moved))
        old = house.arrive(
            reply("e1", TEN, ELEVEN, by=PAUL, who=VINCENT, stamp="2026-11-21T07:00:00Z"),
            by=VINCENT,
        )
        assert old.text == "STALE"
        assert house.notes().partstat(VINCENT, None) is None

    def test_an_answer_from_before_a_change_of_the_text_alone_counts(self) -> None:
        house = House()
        organized(house, VINCENT)
        organized(house, VINCENT, sequence=1, extra="LOCATION:Upstairs")
        answer = house.arrive(reply("e1", TEN, ELEVEN, by=PAUL, who=VINCENT), by=VINCENT)
        assert answer.text == "RECORDED"

    def test_a_reply_for_one_occurrence_is_kept_for_it_and_outlives_one_for_all(self) -> None:
        house = House()
        organized(house, VINCENT, extra="RRULE:FREQ=WEEKLY;COUNT=3")
        house.arrive(
            reply("e1", "2026-12-08 10:00", "2026-12-08 11:00", by=PAUL, who=VINCENT,
                  partstat="DECLINED", stamp="2026-11-20T10:00:00Z",
                  extra="RECURRENCE-ID;TZID=Europe/Oslo:20261208T100000"),
            by=VINCENT,
        )  # fmt: skip
        house.arrive(
            reply("e1", TEN, ELEVEN, by=PAUL, who=VINCENT, stamp="2026-11-20T11:00:00Z"),
            by=VINCENT,
        )
        assert house.known(VINCENT) == [
            (TEN, ELEVEN, "BUSY"),
            ("2026-12-15 10:00", "2026-12-15 11:00", "BUSY"),
        ]

    def test_an_occurrence_that_the_event_has_not(self) -> None:
        house = House()
        organized(house, VINCENT, extra="RRULE:FREQ=WEEKLY;COUNT=3")
        answer = house.arrive(
            reply("e1", TWO, THREE, by=PAUL, who=VINCENT,
                  extra="RECURRENCE-ID;TZID=Europe/Oslo:20261202T100000"),
            by=VINCENT,
        )  # fmt: skip
        assert (answer.text, house.last_reason()) == ("IGNORED", "unknown_occurrence")

    def test_one_without_organizer_means_the_stored_event(self) -> None:
        """As a program writes it that is widely used."""
        house = House()
        organized(house, VINCENT)
        text = reply("e1", TEN, ELEVEN, by=PAUL, who=VINCENT)
        text = text.replace(f"ORGANIZER:mailto:{PAUL}\n", "")
        house.arrive(text, by=VINCENT)
        assert house.notes().partstat(VINCENT, None) == "ACCEPTED"

    def test_a_party_crasher_is_not_added_and_the_person_is_told(self) -> None:
        house = House()
        organized(house, VINCENT)
        delivery = house.arrive(reply("e1", TEN, ELEVEN, by=PAUL, who=OLIVER), by=OLIVER)
        assert house.notes().partstat(OLIVER, None) is None
        assert house.last_reason() == "not_invited"
        assert f"{OLIVER} answers without having been invited" in told(delivery)

    def test_nobody_answers_for_another(self) -> None:
        house = House()
        organized(house, VINCENT, HARVEY)
        delivery = house.arrive(reply("e1", TEN, ELEVEN, by=PAUL, who=VINCENT), by=HARVEY)
        assert house.last_reason() == "attendee_mismatch"
        assert house.notes().partstat(VINCENT, None) is None
        assert len(inbox(delivery)) == 1

    def test_to_an_event_that_the_person_does_not_organize(self) -> None:
        house = House()
        house.invited(TEN, ELEVEN)
        house.arrive(reply("e1", TEN, ELEVEN, by=PAUL, who=HARVEY), by=HARVEY)
        assert house.last_reason() == "not_organizer"


class TestDelegates:
    def delegated(self, house: House) -> None:
        """Vincent hands over to Oliver."""
        organized(house, VINCENT)
        both = "\n".join(
            (
                attendee(VINCENT, "DELEGATED", DELEGATED_TO=f'"mailto:{OLIVER}"'),
                attendee(OLIVER, "NEEDS-ACTION", DELEGATED_FROM=f'"mailto:{VINCENT}"'),
            )
        )
        event = vevent("e1", TEN, ELEVEN, by=PAUL, to=(), extra=both)
        house.arrive(request(event, method="REPLY"), by=VINCENT)

    def answer(self, who: str, *, of: str) -> str:
        line = attendee(who, "ACCEPTED", DELEGATED_FROM=f'"mailto:{of}"')
        event = vevent("e1", TEN, ELEVEN, by=PAUL, to=(), extra=line)
        return request(event, method="REPLY")

    def test_a_delegate_whose_pair_matches_is_merged(self) -> None:
        house = House()
        self.delegated(house)
        house.arrive(self.answer(OLIVER, of=VINCENT), by=OLIVER)
        assert house.notes().partstat(VINCENT, None) == "DELEGATED"
        assert house.notes().partstat(OLIVER, None) == "ACCEPTED"
        assert house.known(OLIVER) == [(TEN, ELEVEN, "BUSY")]

    def test_a_claim_of_the_delegate_alone_is_nothing(self) -> None:
        house = House()
        organized(house, VINCENT)
        house.arrive(self.answer(OLIVER, of=VINCENT), by=OLIVER)
        assert (house.last_reason(), house.notes().attendance[1:]) == ("not_invited", ())

    def test_a_delegate_of_another_is_none(self) -> None:
        house = House()
        self.delegated(house)
        house.arrive(self.answer(HARVEY, of=VINCENT), by=HARVEY)
        assert house.notes().partstat(HARVEY, None) is None

    def test_a_circle_is_ignored(self) -> None:
        house = House()
        self.delegated(house)
        onward = attendee(
            OLIVER, "DELEGATED", DELEGATED_FROM=f'"mailto:{OLIVER}"',
            DELEGATED_TO=f'"mailto:{OLIVER}"',
        )  # fmt: skip
        event = vevent("e1", TEN, ELEVEN, by=PAUL, to=(), extra=onward)
        house.arrive(request(event, method="REPLY"), by=OLIVER)
        assert house.notes().partstat(OLIVER, None) is None


class TestCounter:
    def counter(self, who: str, start: str = TWO, end: str = THREE, sequence: int = 0) -> str:
        event = vevent("e1", start, end, by=PAUL, to=(who,), sequence=sequence)
        return request(event, method="COUNTER")

    def test_it_waits_for_each_attendee_and_is_told(self) -> None:
        house = House()
        organized(house, VINCENT, HARVEY)
        delivery = house.arrive(self.counter(VINCENT), by=VINCENT)
        house.arrive(self.counter(HARVEY), by=HARVEY)
        assert house.waiting() == [("COUNTER", None, HARVEY), ("COUNTER", None, VINCENT)]
        assert f"{VINCENT} proposes another time: Tue 1 Dec 2026 14:00–15:00" in told(delivery)
        assert house.held() == [("e1", TEN, ELEVEN)]  # nothing moves by itself

    def test_a_second_one_of_the_same_attendee_takes_the_place_of_the_first(self) -> None:
        house = House()
        organized(house, VINCENT)
        house.arrive(self.counter(VINCENT), by=VINCENT)
        house.arrive(self.counter(VINCENT, "2026-12-02 14:00", "2026-12-02 15:00"), by=VINCENT)
        (waiting,) = house.notes().queue
        assert b"20261202T140000" in waiting.text

    def test_sent_under_the_name_of_a_request(self) -> None:
        """The known fault of a program: outside it says REQUEST."""
        house = House()
        organized(house, VINCENT)
        house.arrive(
            self.counter(VINCENT), by=VINCENT,
            Content_Type="text/calendar; method=REQUEST; charset=utf-8",
        )  # fmt: skip
        assert house.waiting() == [("COUNTER", None, VINCENT)]

    def test_for_an_unknown_event_is_logged_and_delivered(self) -> None:
        house = House()
        delivery = house.arrive(self.counter(VINCENT), by=VINCENT)
        assert house.last_reason() == "unknown_event"
        assert len(inbox(delivery)) == 1

    def test_a_cancellation_by_the_person_drops_what_waits(self) -> None:
        house = House()
        organized(house, VINCENT)
        house.arrive(self.counter(VINCENT), by=VINCENT)
        event = vevent("e1", TEN, ELEVEN, by=PAUL, to=(VINCENT,), sequence=1)
        house.leave(request(event, method="CANCEL"))
        assert house.waiting() == []


class TestDeclineCounter:
    def test_it_drops_the_persons_offers_and_is_told(self) -> None:
        house = House(freebusy_offers="PT1H")
        house.invited(TEN, ELEVEN)
        mine = vevent("e1", TWO, THREE, to=(PAUL,))
        house.leave(request(mine, method="COUNTER"))
        assert len(house.notes().offers) == 1
        delivery = house.arrive(request(mine, method="DECLINECOUNTER"), by=VINCENT)
        assert house.notes().offers == ()
        assert "does not take the time that you proposed" in told(delivery)

    def test_of_somebody_else_drops_nothing(self) -> None:
        house = House(freebusy_offers="PT1H")
        house.invited(TEN, ELEVEN)
        mine = vevent("e1", TWO, THREE, to=(PAUL,))
        house.leave(request(mine, method="COUNTER"))
        house.arrive(request(mine, method="DECLINECOUNTER"), by=HARVEY)
        assert len(house.notes().offers) == 1


class TestRefresh:
    def refresh(self, who: str) -> str:
        event = vevent("e1", TEN, ELEVEN, by=PAUL, to=(who,))
        return request(event, method="REFRESH")

    def test_the_event_its_overrides_and_cancellations_are_sent_again(self) -> None:
        house = House(event_refreshing="always")
        organized(house, VINCENT, HARVEY, extra="RRULE:FREQ=WEEKLY;COUNT=3\nDESCRIPTION:Bring tea")
        moved = vevent(
            "e1", "2026-12-08 12:00", "2026-12-08 13:00", by=PAUL, to=(VINCENT, HARVEY),
            extra="RECURRENCE-ID;TZID=Europe/Oslo:20261208T100000",
        )  # fmt: skip
        house.leave(request(moved))
        off = vevent(
            "e1", "2026-12-15 10:00", "2026-12-15 11:00", by=PAUL, to=(VINCENT, HARVEY),
            extra="RECURRENCE-ID;TZID=Europe/Oslo:20261215T100000",
        )  # fmt: skip
        house.leave(request(off, method="CANCEL"))
        house.arrive(reply("e1", TEN, ELEVEN, by=PAUL, who=HARVEY), by=HARVEY)
        mails = sent(house.arrive(self.refresh(VINCENT), by=VINCENT))
        again, cancelled = (calendar_of(mail) for mail in mails)
        assert [str(c["METHOD"]) for c in (again, cancelled)] == ["REQUEST", "CANCEL"]
        assert f"From: <{PAUL}>".encode() in mails[0].content
        assert {mail.recipient for mail in mails} == {VINCENT}
        master, override = again.walk("VEVENT")
        assert str(master["DESCRIPTION"]) == "Bring tea"
        assert override["DTSTART"].dt.hour == 12
        said = {str(a): a.params.get("PARTSTAT") for a in master["ATTENDEE"]}
        assert said == {f"mailto:{VINCENT}": None, f"mailto:{HARVEY}": "ACCEPTED"}
        (gone,) = cancelled.walk("VEVENT")
        assert gone["RECURRENCE-ID"].dt.isoformat() == "2026-12-15T09:00:00+00:00"

    def test_without_the_wish_the_person_is_told(self) -> None:
        house = House()
        organized(house, VINCENT)
        delivery = house.arrive(self.refresh(VINCENT), by=VINCENT)
        assert sent(delivery) == []
        assert "asks you to send this event again" in told(delivery)

    def test_one_who_is_not_invited_gets_no_answer(self) -> None:
        house = House(event_refreshing="always")
        organized(house, VINCENT)
        delivery = house.arrive(self.refresh(OLIVER), by=OLIVER)
        assert sent(delivery) == []
        assert len(inbox(delivery)) == 1


class TestWhoSpeaks:
    def test_one_who_is_not_the_organizer_changes_nothing_and_is_not_lost(self) -> None:
        house = House()
        event = request(vevent("e1", TEN, ELEVEN, to=(PAUL,)))
        delivery = house.arrive(event, by=HARVEY)
        assert (entries(house), house.waiting()) == ([], [])
        assert house.last_reason() == "organizer_mismatch"
        assert "the sender is not the one for whom the message speaks" in told(delivery)

    def test_one_of_the_attendees_may_take_an_event_over(self) -> None:
        """A person's default; a resource's is never."""
        house = House()
        first = request(vevent("e1", TEN, ELEVEN, to=(PAUL, HARVEY)))
        house.arrive(first, by=VINCENT)
        over = request(vevent("e1", TWO, THREE, by=HARVEY, to=(PAUL, VINCENT), sequence=1))
        assert house.arrive(over, by=HARVEY).text == "RECORDED"

    def test_a_stranger_may_not_and_the_operator_is_told(self) -> None:
        house = House()
        house.invited(TEN, ELEVEN)
        over = request(vevent("e1", TWO, THREE, by=OLIVER, to=(PAUL,), sequence=1))
        house.arrive(over, by=OLIVER)
        assert house.last_reason() == "organizer_changed"
        assert house.store.read(lambda tx: tx.mail.notices(5))

    @pytest.mark.parametrize(("wish", "ends"), [("any", "RECORDED"), ("never", "IGNORED")])
    def test_the_preference_says_who_may(self, wish: str, ends: str) -> None:
        house = House(organiser_replacement=wish)
        house.invited(TEN, ELEVEN)
        over = request(vevent("e1", TWO, THREE, by=OLIVER, to=(PAUL,), sequence=1))
        assert house.arrive(over, by=OLIVER).text == ends

    def test_proof_of_the_sender_where_it_is_wanted(self) -> None:
        house = House(require_auth="dkim")
        delivery = house.invited(TEN, ELEVEN)
        assert house.last_reason() == "auth_missing"
        assert "could not be proven" in told(delivery)

    def test_an_invitation_to_somebody_else(self) -> None:
        house = House()
        delivery = house.arrive(request(vevent("e1", TEN, ELEVEN, to=(HARVEY,))), by=VINCENT)
        assert house.last_reason() == "not_attendee"
        assert len(inbox(delivery)) == 1

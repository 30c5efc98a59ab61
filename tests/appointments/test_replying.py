"""Clients who answer the invitation from their calendars."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from horarium.appointments.appointment import Appointment, Client, State
from horarium.appointments.declared import faults
from horarium.appointments.replying import Answered, Unheard, Word, answers, unheard
from horarium.ical.component import parse
from horarium.kernel.instant import Instant
from horarium.kernel.period import Period
from horarium.runtime.handling import Delivery, Status
from horarium.runtime.mail_agent import MailAgent
from tests.appointments.reception import OBJECTS, Reception

BOB = "bob@example.net"
BEA, ANA, DESK = "bea@example.org", "ana@example.org", "desk@example.org"
SERVICES = """
[service.talk]
by = "bea"
cancel_notice = "2h"
verify_email = false
[service.quick]
by = "bea"
reply_declines = "cancel"
cancel_notice = "2h"
[service.ana]
by = "ana"
reply_declines = "cancel"
"""


@pytest.fixture
def desk(tmp_path: Path) -> Reception:
    return Reception(tmp_path / "site", more=SERVICES)


def calendar(method: str, uid: str, partstat: str = "DECLINED", *, who: str = BOB,
             sequence: int | None = 0, start: str = "20270510T100000Z") -> str:  # fmt: skip
    lines = [
        "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//client//EN", f"METHOD:{method}",
        "BEGIN:VEVENT", f"UID:{uid}", "DTSTAMP:20270509T110000Z", f"DTSTART:{start}",
        f"ORGANIZER:mailto:{BEA}", f"ATTENDEE;PARTSTAT={partstat}:mailto:{who}",
    ]  # fmt: skip
    lines += [f"SEQUENCE:{sequence}"] if sequence is not None else []
    return "\r\n".join([*lines, "END:VEVENT", "END:VCALENDAR", ""])


def send(of: Reception, text: str, *, by: str = BOB, to: str = BEA, number: int = 1,
         head: str = "") -> Delivery:  # fmt: skip
    method = text.split("METHOD:")[1].split("\r\n")[0]
    fields = (
        f"From: Bob <{by}>\r\nTo: {to}\r\nMessage-ID: <{number}@client.example>\r\n{head}"
        f"MIME-Version: 1.0\r\nContent-Type: text/calendar; method={method}; charset=utf-8\r\n\r\n"
    )
    agent = MailAgent(of.store, of.settings)
    return agent.deliver(by, to, (fields + text).encode(), of.now)


def state(of: Reception, item: Appointment) -> State:
    return of.desk.find(item.id).state


def word(of: Reception, item: Appointment) -> Word | None:
    found = of.store.read(lambda tx: tx.replies.latest(item.id))
    return found.word if found is not None else None


# --- what counts -------------------------------------------------------------------


def parsed(text: str) -> list[Answered]:
    [whole] = parse(text.encode())
    return list(answers(text.split("METHOD:")[1].split("\r\n")[0], whole))


@pytest.mark.parametrize(
    ("method", "partstat", "found"),
    [
        ("REPLY", "DECLINED", Word.DECLINED),
        ("REPLY", "accepted", Word.ACCEPTED),
        ("REPLY", "TENTATIVE", Word.TENTATIVE),
        ("REPLY", "DELEGATED", None),
        ("REPLY", "NEEDS-ACTION", None),
        ("COUNTER", "TENTATIVE", Word.COUNTER),
    ],
)
def test_what_is_said(method: str, partstat: str, found: Word | None) -> None:
    assert parsed(calendar(method, "x@y", partstat)) == [Answered("x@y", 0, BOB, found)]


def test_what_is_no_answer() -> None:
    assert parsed(calendar("REQUEST", "x@y")) == []
    assert parsed(calendar("REPLY", "x@y", who="not an address")) == []
    assert parsed(calendar("REPLY", "x@y", sequence=None))[0].sequence == 0


def test_only_the_client_is_heard_and_only_on_what_stands() -> None:
    item = Appointment(
        "1", "x@y", Period(Instant(0), Instant(60)), ("bea",), State.CONFIRMED, Instant(0),
        Instant(0), sequence=2, client=Client("Bob", BOB),
    )  # fmt: skip
    declined = Answered("x@y", 2, BOB, Word.DECLINED)
    assert unheard(declined, item, BOB, proven=True) is None
    other = "eve@example.net"
    assert unheard(declined, item, other, proven=True) is Unheard.ATTENDEE_MISMATCH
    for_other = replace(declined, who=other)
    assert unheard(for_other, item, BOB, proven=True) is Unheard.ATTENDEE_MISMATCH
    assert unheard(for_other, item, other, proven=True) is Unheard.ATTENDEE_MISMATCH
    nobody = replace(item, client=Client())
    assert unheard(replace(declined, who=""), nobody, "", proven=True) is Unheard.ATTENDEE_MISMATCH
    assert unheard(declined, item, BOB, proven=False) is Unheard.AUTH_MISSING
    assert unheard(replace(declined, word=None), item, BOB, proven=True) is Unheard.NO_WORD
    assert unheard(replace(declined, sequence=1), item, BOB, proven=True) is Unheard.STALE


@pytest.mark.parametrize(
    ("kind", "key", "value"),
    [("service", "reply_declines", "maybe"), ("appointer", "require_auth", "password")],
)
def test_keys_of_replies(kind: str, key: str, value: str) -> None:
    keys = {"by": "bea"} if kind == "service" else {}
    [(where, why)] = faults(kind, "talk", {**keys, key: value})
    assert where == key
    assert "is none of" in why


# --- at work -----------------------------------------------------------------------


def test_who_declines_is_asked_and_the_host_is_told(desk: Reception) -> None:
    item = desk.book("10:00", service="talk").item
    desk.mails()
    assert send(desk, calendar("REPLY", item.uid)).text == "client_declined"
    assert state(desk, item) is State.CONFIRMED
    when = "talk, Bea, 2027-05-10 10:00-10:30 +00:00 (UTC)"
    assert sorted(desk.mails()) == [
        (BEA, f"Declined in a calendar: {when}"),
        (BOB, f"Do you still come? {when}"),
    ]
    [text] = [m.get_payload(decode=True).decode() for m in desk.letters if BOB in m["To"]]
    token = text.rsplit("/a/", 1)[1].split()[0]
    assert desk.desk.cancel(token, "", desk.now).state is State.CANCELLED


def test_where_a_decline_cancels_it_does_within_the_notice(desk: Reception) -> None:
    early, late = (desk.book(time, service="quick").item for time in ("09:00", "11:00"))
    desk.mails()
    desk.now = desk.at("07:01")
    send(desk, calendar("REPLY", early.uid), number=1)
    send(desk, calendar("REPLY", late.uid), number=2)
    assert state(desk, early) is State.CONFIRMED
    assert state(desk, late) is State.CANCELLED
    subjects = sorted(subject.split(":")[0].split("?")[0] for _, subject in desk.mails())
    assert subjects == [
        "Appointment is cancelled", "Declined in a calendar", "Do you still come",
        "Your appointment is cancelled",
    ]  # fmt: skip


def test_another_time_is_declined_with_the_link(desk: Reception) -> None:
    item = desk.book("10:00", service="talk").item
    desk.mails()
    send(desk, calendar("COUNTER", item.uid, start="20270510T110000Z"))
    [(to, subject)] = desk.mails()
    assert (to, subject.split(":")[0]) == (BOB, "Please choose another time here")
    [part] = [p for p in desk.letters[0].walk() if p.get_content_type() == "text/calendar"]
    assert part.get_param("method") == "DECLINECOUNTER"
    [event] = desk.calendars()
    assert (str(event["UID"]), int(event["SEQUENCE"])) == (item.uid, 0)
    assert event.decoded("DTSTART").strftime("%H:%M") == "10:00"
    assert "/a/" in str(event["URL"])
    assert state(desk, item) is State.CONFIRMED


@pytest.mark.parametrize("said", ["ACCEPTED", "TENTATIVE"])
def test_a_yes_is_kept_and_nobody_is_written_to(desk: Reception, said: str) -> None:
    item = desk.book("10:00", service="talk").item
    desk.mails()
    send(desk, calendar("REPLY", item.uid, said))
    assert word(desk, item) is Word[said]
    assert desk.mails() == []


@pytest.mark.parametrize(
    ("what", "by", "reason"),
    [
        ({}, "eve@example.net", "attendee_mismatch"),
        ({"who": "eve@example.net"}, "eve@example.net", "attendee_mismatch"),
        ({"partstat": "DELEGATED"}, BOB, "no_word"),
    ],
)
def test_what_is_not_heard_is_entered_and_changes_nothing(
    desk: Reception, what: dict[str, str], by: str, reason: str
) -> None:
    item = desk.book("10:00", service="quick").item
    desk.mails()
    found = send(desk, calendar("REPLY", item.uid, **what), by=by)
    assert (found.status, found.text) == (Status.HANDLED, reason)
    assert state(desk, item) is State.CONFIRMED
    assert desk.mails() == []


def test_an_answer_to_the_time_before_a_move_is_stale(desk: Reception) -> None:
    placed = desk.book("10:00", service="quick")
    desk.desk.move(placed.token, desk.at("11:00"), desk.now)
    assert send(desk, calendar("REPLY", placed.item.uid, sequence=0)).text == "stale"
    assert state(desk, placed.item) is State.CONFIRMED
    send(desk, calendar("REPLY", placed.item.uid, sequence=1), number=2)
    assert state(desk, placed.item) is State.CANCELLED
    again = send(desk, calendar("REPLY", placed.item.uid, sequence=2), number=3)
    assert again.text == "not_standing"


def test_the_host_asks_for_proof(tmp_path: Path) -> None:
    proving = OBJECTS.replace("[appointer.bea]\n", '[appointer.bea]\nrequire_auth = "dkim"\n')
    desk = Reception(tmp_path / "site", proving, SERVICES)
    mail = replace(desk.settings.mail, trusted_authserv=("mx.example.org",))
    desk.settings = replace(desk.settings, mail=mail)
    item = desk.book("10:00", service="quick").item
    assert send(desk, calendar("REPLY", item.uid)).text == "auth_missing"
    assert state(desk, item) is State.CONFIRMED
    head = "Authentication-Results: mx.example.org; dkim=pass header.d=example.net\r\n"
    send(desk, calendar("REPLY", item.uid), number=2, head=head)
    assert state(desk, item) is State.CANCELLED


def test_the_sender_of_our_mails_hears_too(desk: Reception) -> None:
    desk.settings = replace(desk.settings, mail=replace(desk.settings.mail, sender=DESK))
    item = desk.book("10:00", service="quick").item
    assert send(desk, calendar("REPLY", item.uid), to=DESK).text == "client_declined"
    assert state(desk, item) is State.CANCELLED
    assert send(desk, calendar("REPLY", "other@x"), to=DESK, number=2).text.startswith("kept for")
    assert send(desk, calendar("REPLY", "o@x"), to="zoe@example.org").status is Status.UNKNOWN


def test_a_host_who_is_a_person_here_is_heard_as_well(desk: Reception) -> None:
    item = desk.book("10:00", service="ana").item
    assert desk.held(ANA) == ["10T10:00 booked"]
    found = send(desk, calendar("REPLY", item.uid), to=ANA)
    assert found.answered
    assert state(desk, item) is State.CANCELLED
    assert desk.held(ANA) == []


def test_the_same_mail_is_heard_once_and_a_loop_ends(desk: Reception) -> None:
    item = desk.book("10:00", service="talk").item
    desk.mails()
    for _ in range(2):
        send(desk, calendar("REPLY", item.uid))
    assert len(desk.mails()) == 2
    for number in range(2, 30):
        send(desk, calendar("COUNTER", item.uid), number=number)
    assert len(desk.mails()) < 10

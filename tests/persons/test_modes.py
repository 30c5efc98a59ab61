"""How calendar mail reaches the mailbox: five ways, and the message as it came in every one but
the one that is asked to leave it out."""

from __future__ import annotations

import email
import email.policy
from email.message import EmailMessage

import pytest

from horarium.booking.outcome import MAILBOX
from horarium.runtime.mail_agent import MailAgent
from horarium.runtime.settings import default_settings
from tests.office import ROOM, Office, request, vevent
from tests.persons.house import PAUL, VINCENT, House, inbox, told, with_mailboxes

EVENT = request(vevent("e1", "2026-12-01 10:00", "2026-12-01 11:00", to=(PAUL,)))
BEFORE = (
    b"DKIM-Signature: v=1; a=rsa-sha256; d=example.com; s=x; h=from:to; bh=AAAA; b=BBBB\r\n"
    b"X-Odd:  two  blanks \r\n\tand a tab\r\n"
)


def message(house: Office, calendar: str = EVENT, by: str = VINCENT) -> bytes:
    """An invitation with what a signature is broken by: odd blanks, trailing ones, 8-bit text."""
    data = BEFORE + house.mail(calendar, by=by, to=PAUL)
    return data.replace(b"SUMMARY:Meeting", "SUMMARY:Møte \t".encode())


def enclosed(content: bytes) -> bytes:
    """The octets of the message that a mail encloses, cut out without any library."""
    boundary = content.split(b'boundary="')[1].split(b'"')[0]
    part = content.split(b"\r\n--" + boundary)[2]
    head, _, body = part.partition(b"\r\n\r\n")
    assert b"Content-Type: message/rfc822" in head
    return body


def test_message_only_is_the_message() -> None:
    house = House(incoming="message-only")
    data = message(house)
    (received,) = inbox(house.deliver(data, PAUL, VINCENT))
    assert received.mail.content == data
    assert received.mail.envelope_from == VINCENT
    assert received.mail.recipient == PAUL


@pytest.mark.parametrize(
    ("mode", "place"), [("message-then-summary", 0), ("summary-then-message", 1)]
)
def test_message_and_summary_come_in_order(mode: str, place: int) -> None:
    house = House(incoming=mode)
    data = message(house)
    found = inbox(house.deliver(data, PAUL, VINCENT))
    assert len(found) == 2
    assert found[place].mail.content == data
    assert "invites you" in found[1 - place].text
    queued = house.store.transact([], lambda tx: tx.mail.claim(house.now, 10))
    assert [mail.content for mail in queued] == [found[0].mail.content]  # the second waits


def test_summary_only_carries_the_calendar_for_the_persons_program() -> None:
    house = House(incoming="summary-only")
    (received,) = inbox(house.deliver(message(house), PAUL, VINCENT))
    assert "invites you" in received.text
    parts = [part.get_content_type() for part in received.message.walk()]
    assert parts == ["multipart/mixed", "text/plain", "text/calendar"]
    calendar = list(received.message.walk())[2]
    assert calendar.get_param("method") == "REQUEST"
    payload = calendar.get_payload(decode=True)
    assert isinstance(payload, bytes)
    assert b"UID:e1\r\n" in payload


def test_the_summary_wraps_the_message_unless_told_otherwise() -> None:
    house = House()
    data = message(house)
    (received,) = inbox(house.deliver(data, PAUL, VINCENT))
    assert enclosed(received.mail.content) == data
    assert "invites you" in received.text
    assert received.message["Reply-To"] == VINCENT
    inner = received.message.get_payload()[1].get_payload()[0]  # type: ignore[index, union-attr]
    assert inner["DKIM-Signature"].startswith("v=1")


def test_line_ends_of_a_pipe_stay_as_they_are() -> None:
    house = House()
    data = message(house).replace(b"\r\n", b"\n")
    (received,) = inbox(house.deliver(data, PAUL, VINCENT))
    assert b"\r" not in received.mail.content
    assert data in received.mail.content


def test_the_language_is_the_persons() -> None:
    house = House(LANG="nb")
    (received,) = inbox(house.invited("2026-12-01 10:00", "2026-12-01 11:00"))
    assert "inviterer deg" in received.text
    assert str(received.message["Subject"]) == "Innkalling: Meeting"


PLAIN = (
    b"From: Vincent <vincent.vole@example.com>\r\nTo: paul.boddie@example.com\r\n"
    b"Subject: lunch\r\nMessage-ID: <l1@x.example>\r\n\r\nToday?  \r\n"
)


@pytest.mark.parametrize("mode", ["summary-wraps-message", "summary-only", "message-only"])
def test_mail_without_a_calendar_is_passed_on_untouched(mode: str) -> None:
    house = House(incoming=mode)
    (received,) = inbox(house.deliver(PLAIN, PAUL, VINCENT))
    assert received.mail.content == PLAIN
    assert house.ledger() == {"decided": 1}


def test_who_does_not_participate_gets_mail_untouched_and_nothing_is_recorded() -> None:
    house = House(participating="no")
    data = message(house)
    (received,) = inbox(house.deliver(data, PAUL, VINCENT))
    assert received.mail.content == data
    assert house.notes().queue == ()


def test_a_report_is_passed_on_and_nothing_in_it_is_handled() -> None:
    house = House()
    data = (
        b"From: MAILER-DAEMON <postmaster@example.com>\r\nTo: paul.boddie@example.com\r\n"
        b"MIME-Version: 1.0\r\nMessage-ID: <d@x.example>\r\n"
        b'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        b"--b\r\nContent-Type: message/delivery-status\r\n\r\nAction: failed\r\n\r\n--b\r\n"
        b"Content-Type: message/rfc822\r\n\r\n" + message(house) + b"\r\n--b--\r\n"
    )
    (received,) = inbox(house.deliver(data, PAUL, ""))
    assert received.mail.content == data
    assert house.notes().queue == ()
    assert house.ledger() == {"report": 1}


def test_a_calendar_that_can_not_be_read_is_passed_on() -> None:
    house = House()
    data = house.mail("METHOD:REQUEST\nBEGIN:VCALENDAR\nno end\n", by=VINCENT, to=PAUL)
    (received,) = inbox(house.deliver(data, PAUL, VINCENT))
    assert received.mail.content == data
    assert house.ledger() == {"ignored": 1}


def test_without_a_way_into_the_mailbox_the_message_is_kept_and_recorded() -> None:
    house = House(default_settings())
    data = message(house)
    delivery = house.deliver(data, PAUL, VINCENT)
    assert (delivery.status.value, delivery.mails) == ("handled", ())
    (held,) = house.store.read(lambda tx: tx.mail.quarantined(5))
    assert (held.recipient, held.reason) == (PAUL, "no_local_delivery")
    kept = house.store.read(lambda tx: tx.mail.quarantined_content(held.id))
    assert kept is not None
    assert kept[2] == data
    assert house.waiting() == [("REQUEST", None, "")]


def test_what_was_kept_is_delivered_when_it_is_released() -> None:
    house = House(default_settings())
    data = message(house)
    house.deliver(data, PAUL, VINCENT)
    later = MailAgent(house.store, with_mailboxes())
    delivery = later.deliver(VINCENT, PAUL, data, house.now, vouched=True)
    (received,) = inbox(delivery)
    assert enclosed(received.mail.content) == data


def test_emitting_needs_no_way() -> None:
    house = House(default_settings())
    data = message(house)
    delivery = house.agent.deliver(VINCENT, PAUL, data, house.now, emit=True)
    assert [mail.kind for mail in delivery.mails] == [MAILBOX]
    assert house.store.read(lambda tx: tx.mail.outbox_counts()) == {"sent": 1}


def test_the_same_message_again_is_delivered_once() -> None:
    house = House()
    data = message(house)
    house.deliver(data, PAUL, VINCENT)
    again = house.deliver(data, PAUL, VINCENT)
    assert (again.text, again.mails) == ("seen before", ())


def test_a_summary_that_comes_round_is_kept() -> None:
    house = House()
    (received,) = inbox(house.deliver(message(house), PAUL, VINCENT))
    again = house.deliver(received.mail.content, PAUL, VINCENT)
    assert again.text == "kept for the operator: loop"


def test_a_message_of_too_many_hops_is_kept() -> None:
    house = House()
    data = b"Received: by x\r\n" * 31 + message(house)
    assert house.deliver(data, PAUL, VINCENT).text == "kept for the operator: loop"


def test_an_alias_is_the_person_and_its_mail_goes_where_it_was_sent() -> None:
    house = House(aliases=["pb@example.com"])
    data = message(house)
    (received,) = inbox(house.deliver(data, "pb@example.com", VINCENT))
    assert received.mail.recipient == "pb@example.com"
    assert house.waiting() == [("REQUEST", None, "")]


def test_the_answer_of_a_room_here_reaches_the_person_who_invited_it() -> None:
    """A mail of ours is no loop where a person gets it."""
    house = House()
    invitation = vevent("e1", "2026-12-01 10:00", "2026-12-01 11:00", by=PAUL, to=(ROOM,))
    house.leave(request(invitation))
    (answer,) = house.send(request(invitation), by=PAUL, to=ROOM)
    delivery = house.deliver(answer.mail.content, PAUL, ROOM)
    assert house.notes().partstat(ROOM, None) == "ACCEPTED"
    assert "takes part" in told(delivery)


def test_a_hostile_title_writes_no_header_and_no_second_line() -> None:
    house = House()
    event = EVENT.replace(
        "SUMMARY:Meeting", "SUMMARY:Free\\nBcc: all@example.com\\n\\nYou have won"
    )
    (received,) = inbox(house.arrive(event, by=VINCENT))
    assert received.message["Bcc"] is None
    assert "What: Free Bcc: all@example.com You have won\n" in received.text


def test_a_boundary_can_not_be_guessed_by_the_message() -> None:
    house = House()
    first = inbox(house.deliver(message(house), PAUL, VINCENT))[0].mail.content
    boundary = first.split(b'boundary="')[1].split(b'"')[0]
    data = message(house) + b"\r\n--" + boundary + b"--\r\nnot ours\r\n"
    (received,) = inbox(house.deliver(data, PAUL, VINCENT))
    assert enclosed(received.mail.content) == data


def test_what_wraps_is_a_message_to_any_reader() -> None:
    house = House()
    (received,) = inbox(house.deliver(message(house), PAUL, VINCENT))
    parsed = email.message_from_bytes(received.mail.content, policy=email.policy.default)
    assert isinstance(parsed, EmailMessage)
    assert [part.defects for part in parsed.walk()] == [[]] * len(list(parsed.walk()))

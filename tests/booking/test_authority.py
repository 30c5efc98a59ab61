"""Who may speak: strangers change nothing and are answered by nobody."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.office import ROOM, Office, request, vevent

from horarium.runtime.changing import set_preference
from horarium.runtime.settings import default_settings

PAUL = "paul.boddie@example.com"
SKUNK = "simon.skunk@example.com"
VINCENT = "vincent.vole@example.com"
START, END = "2026-12-01 09:00", "2026-12-01 10:00"


def event(by: str = PAUL, sent_by: str | None = None, sequence: int = 0, **more: str) -> str:
    text = vevent("e", more.get("start", START), more.get("end", END), by=by, sequence=sequence)
    if sent_by is not None:
        text = text.replace("ORGANIZER:", f'ORGANIZER;SENT-BY="mailto:{sent_by}":')
    return text


def settings_with(**mail: object) -> object:
    settings = default_settings()
    return replace(settings, mail=replace(settings.mail, **mail))


def test_a_stranger_books_nothing_and_is_not_answered() -> None:
    office = Office()
    assert office.send(request(event()), by=SKUNK) == []
    assert office.everything() == []
    assert office.last_reason() == "organizer_mismatch"
    assert office.ledger() == {"quarantined": 1}


def test_a_stranger_cancels_and_moves_nothing() -> None:
    office = Office()
    office.send(request(event()), by=PAUL)
    assert office.send(request(event(sequence=1), method="CANCEL"), by=SKUNK) == []
    moved = event(sequence=2, start="2026-12-01 11:00", end="2026-12-01 12:00")
    assert office.send(request(moved), by=SKUNK) == []
    assert [start for _, start, _ in office.everything()] == [START]


def test_another_organizer_of_a_known_event_is_held_and_the_operator_called() -> None:
    office = Office()
    office.send(request(event()), by=PAUL)
    assert office.send(request(event(by=SKUNK, sequence=1)), by=SKUNK) == []
    assert office.last_reason() == "organizer_changed"
    notices = office.store.read(lambda tx: tx.mail.notices(10))
    assert any("another organizer" in text for _, _, _, text in notices)


def test_an_attendee_may_take_over_where_that_is_wished() -> None:
    office = Office({ROOM: {"organiser_replacement": "attendee"}})
    first = vevent("e", START, END, by=PAUL, to=(ROOM, VINCENT))
    office.send(request(first), by=PAUL)
    assert office.send(request(event(by=SKUNK, sequence=1)), by=SKUNK) == []
    (answer,) = office.send(
        request(event(by=VINCENT, sequence=2, end="2026-12-01 11:00")), by=VINCENT
    )
    assert answer.partstats == ["ACCEPTED"]


def test_a_tombstone_of_a_stranger_binds_nobody() -> None:
    office = Office()
    office.send(request(event(by=SKUNK, sequence=9), method="CANCEL"), by=SKUNK)
    (answer,) = office.send(request(event(by=PAUL)), by=PAUL)
    assert answer.partstats == ["ACCEPTED"]


# --- SENT-BY --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wish", "pairs", "secretary", "heard"),
    [
        ("same_domain", None, SKUNK, True),
        ("same_domain", None, "s@example.org", False),
        ("none", None, SKUNK, False),
        ("listed", None, SKUNK, False),
        ("listed", f"{SKUNK} {PAUL}", SKUNK, True),
        ("listed", f"{SKUNK} @example.com", SKUNK, True),
        ("same_domain", "s@example.org @example.com", "s@example.org", True),
        ("any", None, "s@example.org", True),
    ],
)
def test_who_may_act_for_an_organizer(
    wish: str, pairs: str | None, secretary: str, heard: bool
) -> None:
    preferences: dict[str, object] = {"sent_by": wish}
    if pairs is not None:
        preferences["sent_by_pairs"] = pairs
    office = Office({ROOM: preferences})
    answers = office.send(request(event(sent_by=secretary)), by=secretary)
    assert len(answers) == int(heard)
    if heard:
        assert answers[0].mail.recipient == PAUL
        assert 'SENT-BY="mailto' not in answers[0].mail.content.decode()


def test_only_the_maker_of_an_event_changes_it_through_sent_by() -> None:
    office = Office()
    office.send(request(event(sent_by=SKUNK)), by=SKUNK)
    later = event(sent_by=VINCENT, sequence=1, end="2026-12-01 11:00")
    assert office.send(request(later), by=VINCENT) == []
    assert office.last_reason() == "sent_by_not_maker"
    again = event(sent_by=SKUNK, sequence=2, end="2026-12-01 11:00")
    assert len(office.send(request(again), by=SKUNK)) == 1
    own = event(sequence=3, end="2026-12-01 12:00")
    assert len(office.send(request(own), by=PAUL)) == 1


# --- the mail itself ----------------------------------------------------------------


def test_sender_and_reply_to_grant_nothing() -> None:
    office = Office()
    assert office.send(request(event()), by=SKUNK, Sender=PAUL, Reply_To=PAUL) == []
    assert office.everything() == []


def test_reply_to_counts_behind_a_gateway() -> None:
    office = Office(settings=settings_with(gateways=("calendar@example.com",)))  # type: ignore[arg-type]
    (answer,) = office.send(request(event()), by="calendar@example.com", Reply_To=PAUL)
    assert answer.mail.recipient == PAUL


@pytest.mark.parametrize(
    "sender",
    [
        f"{PAUL}, {SKUNK}",
        "alice@example.com)bob@evil.example",
        f'"{PAUL}"',
        "paul.boddie@example.com@evil.example",
    ],
)
def test_a_from_that_names_nobody_for_certain_is_refused(sender: str) -> None:
    office = Office()
    assert office.send(request(event()), by=PAUL, From=sender) == []
    assert office.ledger() == {"refused": 1}


DMARC = {ROOM: {"require_auth": "dmarc"}}
PASS = "mx.example.com; dmarc=pass header.from=example.com"
FAIL = "mx.example.com; dmarc=fail header.from=example.com"


@pytest.mark.parametrize(
    ("results", "heard"),
    [
        ((), False),
        ((PASS,), True),
        ((FAIL, PASS), False),
        (("other.example; dmarc=pass header.from=example.com",), False),
        (("mx.example.com; dmarc=pass header.from=evil.example",), False),
        (("mx.example.com; spf=pass smtp.mailfrom=example.com",), False),
        (("mx.example.com (dmarc=pass); dmarc=fail",), False),
    ],
)
def test_proof_is_read_from_the_trusted_field_only(results: tuple[str, ...], heard: bool) -> None:
    office = Office(DMARC, settings=settings_with(trusted_authserv=("mx.example.com",)))  # type: ignore[arg-type]
    mail = office.mail(request(event()), by=PAUL)
    fields = "".join(f"Authentication-Results: {text}\r\n" for text in results)
    delivery = office.deliver(fields.encode() + mail, sender=PAUL)
    assert bool(delivery.mails) == heard
    assert office.last_reason() == ("" if heard else "auth_missing")


# --- to whom ---------------------------------------------------------------------


def test_a_resource_that_is_not_invited_ignores_the_mail() -> None:
    office = Office()
    other = vevent("e", START, END, by=PAUL, to=("somebody@example.com",))
    assert office.send(request(other), by=PAUL) == []
    assert office.last_reason() == "not_attendee"


def test_a_resource_never_answers_itself() -> None:
    office = Office()
    assert office.send(request(event(by=ROOM)), by=ROOM) == []
    assert office.last_reason() == "self"


def test_a_non_participant_books_nothing() -> None:
    office = Office()
    text = event().replace("ATTENDEE;RSVP=TRUE", "ATTENDEE;ROLE=NON-PARTICIPANT")
    assert office.send(request(text), by=PAUL) == []
    assert office.everything() == []


def test_an_alias_is_the_resource_and_is_named_in_the_answer() -> None:
    office = Office({ROOM: {"aliases": ["room@example.com"]}})
    text = vevent("e", START, END, by=PAUL, to=("room@example.com",))
    delivery = office.deliver(office.mail(request(text), by=PAUL), "room@example.com", PAUL)
    assert b"mailto:room@example.com" in _calendar(delivery.mails[0].content)


def _calendar(content: bytes) -> bytes:
    import email

    message = email.message_from_bytes(content)
    part = next(p for p in message.walk() if p.get_content_type() == "text/calendar")
    data = part.get_payload(decode=True)
    assert isinstance(data, bytes)
    return data


def test_an_unknown_recipient_is_told_to_the_mail_system() -> None:
    delivery = Office().deliver(b"From: a@example.com\r\n\r\n", "nobody@example.com")
    assert delivery.status.value == "unknown"


# --- loops --------------------------------------------------------------------------


def test_nothing_inside_a_report_is_handled() -> None:
    office = Office()
    delivery = office.deliver(office.mail(request(event()), by=PAUL), sender="")
    assert delivery.mails == ()
    assert office.ledger() == {"report": 1}


def test_a_list_is_not_answered_but_booked() -> None:
    office = Office()
    assert office.send(request(event()), by=PAUL, List_Id="<all.example.com>") == []
    assert len(office.everything()) == 1


def test_an_automatic_mail_is_answered_once() -> None:
    office = Office()
    automatic = {"Auto_Submitted": "auto-generated"}
    assert len(office.send(request(event()), by=PAUL, **automatic)) == 1
    moved = event(start="2026-12-02 09:00", end="2026-12-02 10:00")
    assert office.send(request(moved), by=PAUL, **automatic) == []
    assert [start for _, start, _ in office.everything()] == ["2026-12-02 09:00"]


def test_ten_answers_a_day_and_no_more() -> None:
    office = Office()
    answers = 0
    for minute in range(15):
        moved = event(start=f"2026-12-02 09:{minute:02}", end="2026-12-02 10:00")
        answers += len(office.send(request(moved), by=PAUL))
    assert answers == 10
    assert office.everything()[0][1] == "2026-12-02 09:14"


def test_our_own_mail_never_comes_back_in() -> None:
    office = Office()
    assert office.send(request(event()), by=PAUL, X_Horarium_Decision="x") == []
    assert office.ledger() == {"ignored": 1}


def test_thirty_hops_are_a_loop() -> None:
    office = Office()
    mail = b"Received: from a by b\r\n" * 31 + office.mail(request(event()), by=PAUL)
    assert office.deliver(mail, sender=PAUL).mails == ()
    assert office.ledger() == {"ignored": 1}


@pytest.mark.parametrize("method", ["REPLY", "REFRESH", "COUNTER", "PUBLISH"])
def test_methods_that_speak_to_people_change_nothing(method: str) -> None:
    office = Office()
    assert office.send(request(event(), method=method), by=PAUL) == []
    assert office.everything() == []
    assert office.last_reason() == f"method_{method.lower()}"


def test_mail_that_is_no_invitation_is_kept_for_the_operator() -> None:
    office = Office()
    delivery = office.deliver(b"From: a@example.com\r\nSubject: hi\r\n\r\nhello\r\n")
    assert delivery.status.value == "handled"
    assert [h.reason for h in office.store.read(lambda tx: tx.mail.quarantined(5))] == [
        "not_calendar"
    ]


def test_a_resource_that_does_not_participate_decides_nothing() -> None:
    office = Office()
    set_preference(office.store, office.settings, ROOM, "participating", "no", office.now)
    assert office.send(request(event()), by=PAUL) == []
    assert office.ledger() == {"quarantined": 1}


def test_the_operator_may_let_a_kept_message_go() -> None:
    office = Office()
    mail = office.mail(request(event()), by=SKUNK)
    office.deliver(mail, sender=SKUNK)
    delivery = office.agent.deliver(SKUNK, ROOM, mail, office.now, vouched=True)
    assert [m.recipient for m in delivery.mails] == [PAUL]
    again = office.agent.deliver(SKUNK, ROOM, mail, office.now, vouched=True)
    assert again.mails == ()


def test_a_released_message_does_not_pass_over_a_booking() -> None:
    office = Office()
    office.invite(START, END)
    mail = office.mail(request(event()), by=SKUNK)
    delivery = office.agent.deliver(SKUNK, ROOM, mail, office.now, vouched=True)
    assert b"Declined" in delivery.mails[0].content


def test_an_organizer_of_a_single_label_domain_counts_where_it_is_ours() -> None:
    inside = "paul@intranet"
    assert Office().send(request(event(by=inside)), by=inside) == []
    office = Office(settings=settings_with(local_domains=("intranet",)))  # type: ignore[arg-type]
    (answer,) = office.send(request(event(by=inside)), by=inside)
    assert answer.mail.recipient == inside
    moved = event(by=inside, sequence=1, end="2026-12-01 11:00")
    assert len(office.send(request(moved), by=inside)) == 1

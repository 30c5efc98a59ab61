"""Requests that are not settled at once: approval, the waiting list, the organizer's own time."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.office import ROOM, Answer, Office, oslo

from horarium.booking import decision
from horarium.runtime.approvals import Said, answer, pending
from horarium.runtime.settings import default_settings

BOSS = "boss@example.com"
HORSE = "harvey.horse@example.com"
VOLE = "vincent.vole@example.com"
DAY = "2026-12-01 10:00", "2026-12-01 11:00"


def room(**preferences: object) -> Office:
    return Office({ROOM: preferences})


def asking(**more: object) -> Office:
    return room(tier_in_policy="ask", approvers=[BOSS], **more)


def told(answers: list[Answer]) -> list[tuple[str, str]]:
    return [(a.mail.recipient, a.partstats[0] if a.components else "-") for a in answers]


def decide(office: Office, accept: bool, *, by: str = BOSS, comment: str = "") -> list[Answer]:
    (item,) = pending(office.store, office.settings)
    said = office.store.transact(
        [], lambda tx: answer(tx, item.id, accept=accept, by=by, comment=comment, now=office.now)
    )
    assert said.said is Said.HEARD
    return office.settle()


def test_an_approver_is_asked_and_the_time_is_held_meanwhile() -> None:
    office = asking()
    answers = office.want(*DAY, uid="a")
    assert told(answers) == [(VOLE, "TENTATIVE"), (BOSS, "-")]
    assert "horarium approval accept" in answers[1].text
    assert office.busy(*DAY) == [DAY]
    assert office.invite(*DAY, by=HORSE) == "DECLINED"
    assert told(decide(office, True)) == [(VOLE, "ACCEPTED")]
    assert office.busy(*DAY) == [DAY]
    assert pending(office.store, office.settings) == []


def test_a_refusal_goes_to_the_organizer_with_the_comment() -> None:
    office = asking()
    office.want(*DAY, uid="a")
    (refused,) = decide(office, False, comment="the board meets there")
    assert refused.partstats == ["DECLINED"]
    assert refused.statuses == ["3.8"]
    assert "the board meets there" in refused.text
    assert office.busy(*DAY) == []


def test_without_a_hold_the_time_may_go_and_the_approver_is_told() -> None:
    office = room(
        tier_in_policy=f"auto\nask organiser {VOLE}", approvers=[BOSS], pending_holds="no"
    )
    office.want(*DAY, uid="a")
    assert office.invite(*DAY, by=HORSE) == "ACCEPTED"
    assert told(decide(office, True)) == [(VOLE, "DECLINED"), (BOSS, "-")]


def test_an_update_asks_anew_and_an_answer_to_the_old_request_changes_nothing() -> None:
    office = asking()
    office.want(*DAY, uid="a")
    (first,) = pending(office.store, office.settings)
    later = "2026-12-01 12:00", "2026-12-01 13:00"
    assert told(office.want(*later, uid="a", sequence=1)) == [(VOLE, "TENTATIVE"), (BOSS, "-")]
    (second,) = pending(office.store, office.settings)
    assert first.id != second.id
    said = office.store.transact(
        [], lambda tx: answer(tx, first.id, accept=True, by=BOSS, comment="", now=office.now)
    )
    assert said.said is Said.GONE
    assert office.settle() == []
    assert office.busy("2026-12-01 09:00", "2026-12-01 14:00") == [later]
    assert told(decide(office, True)) == [(VOLE, "ACCEPTED")]


def test_a_second_answer_hears_who_decided() -> None:
    office = asking()
    office.want(*DAY, uid="a")
    (item,) = pending(office.store, office.settings)
    decide(office, True)
    said = office.store.transact(
        [], lambda tx: answer(tx, item.id, accept=False, by=BOSS, comment="", now=office.now)
    )
    assert said.said is Said.LATE
    assert said.known is not None
    assert (said.known.answered_by, said.before) == (BOSS, "accepted")


def test_an_approver_needs_nobodys_word_and_a_stranger_has_none() -> None:
    office = asking()
    assert office.invite(*DAY, by=BOSS) == "ACCEPTED"
    office.want("2026-12-02 10:00", "2026-12-02 11:00")
    (item,) = pending(office.store, office.settings)
    said = office.store.transact(
        [], lambda tx: answer(tx, item.id, accept=True, by=HORSE, comment="", now=office.now)
    )
    assert said.said is Said.NOT_ASKED


@pytest.mark.parametrize(("action", "end"), [("decline", "DECLINED"), ("accept", "ACCEPTED")])
def test_nobody_answers_in_time(action: str, end: str) -> None:
    office = asking(approval_timeout="P2D", approval_timeout_action=action)
    office.want(*DAY, uid="a")
    office.now = oslo("2026-11-23 10:00")
    assert told(office.settle()) == [(VOLE, end)]
    assert office.busy(*DAY) == ([DAY] if end == "ACCEPTED" else [])


def test_against_the_policy_a_person_is_asked_with_the_reasons_and_may_allow_it() -> None:
    office = room(
        max_duration="PT1H", working_hours="mon-fri 08:00-18:00",
        tier_out_of_policy="ask", approvers=[BOSS],
    )  # fmt: skip
    late = "2026-12-01 18:00", "2026-12-01 20:00"
    assert told(office.want(*late, uid="a")) == [(VOLE, "TENTATIVE"), (BOSS, "-")]
    (item,) = pending(office.store, office.settings)
    assert set(item.reasons) == {"max_duration", "working_hours"}
    assert told(decide(office, True)) == [(VOLE, "ACCEPTED")]
    assert office.invite("2026-12-01 10:00", "2026-12-01 11:00") == "ACCEPTED"


def test_a_conflict_is_never_overridden() -> None:
    office = room(max_duration="PT1H", tier_out_of_policy="ask", approvers=[BOSS])
    office.invite(*DAY)
    assert office.invite("2026-12-01 10:00", "2026-12-01 12:00", by=HORSE) == "DECLINED"
    assert office.last_reason() == "conflict"


def test_an_exhausted_quota_may_be_allowed_and_is_charged() -> None:
    office = Office(
        {
            ROOM: {
                "scheduling_function": "schedule_in_freebusy\ncheck_quota hours",
                "tier_out_of_policy": "ask",
                "approvers": [BOSS],
            }
        },
        quotas={"hours": {"limits": [["*", "PT1H"]]}},
    )
    long = "2026-12-01 10:00", "2026-12-01 13:00"
    assert told(office.want(*long, uid="a"))[0] == (VOLE, "TENTATIVE")
    assert office.store.read(lambda tx: tx.quotas.used("hours", VOLE)) == 3 * 3600
    assert told(decide(office, True)) == [(VOLE, "ACCEPTED")]
    assert office.store.read(lambda tx: tx.quotas.used("hours", VOLE)) == 3 * 3600


def test_refused_by_tier() -> None:
    office = room(tier_in_policy=f"auto\nrefuse organiser {HORSE}")
    (refused,) = office.ask(*DAY, by=HORSE)
    assert refused.partstats == ["DECLINED"]
    assert refused.statuses == ["5.3"]
    assert office.invite(*DAY) == "ACCEPTED"


def test_asking_without_approvers_is_a_fault_of_ours() -> None:
    office = room(tier_in_policy="ask")
    assert office.invite(*DAY) == "DECLINED"
    assert office.last_reason() == "configuration"


def test_a_cancelled_request_is_not_decided_any_more() -> None:
    office = asking()
    office.want(*DAY, uid="a")
    office.want(*DAY, uid="a", sequence=1, method="CANCEL")
    assert pending(office.store, office.settings) == []
    assert office.busy(*DAY) == []


def test_a_sender_that_is_not_proven_is_asked_about_and_not_answered() -> None:
    office = room(require_auth="dkim", unauthenticated="ask", approvers=[BOSS])
    assert told(office.want(*DAY, uid="a")) == [(BOSS, "-")]
    assert office.busy(*DAY) == []
    assert told(decide(office, True)) == [(VOLE, "ACCEPTED")]
    assert office.busy(*DAY) == [DAY]


# --- an approver's answer by mail ---------------------------------------------------


def answered_office() -> tuple[Office, Answer]:
    plain = default_settings()
    settings = replace(plain, mail=replace(plain.mail, trusted_authserv=("mx.example.com",)))
    office = Office({ROOM: {"tier_in_policy": "ask", "approvers": [BOSS]}}, settings=settings)
    return office, office.want(*DAY, uid="a")[1]


def reply(
    office: Office, question: Answer, text: str, *, by: str = BOSS, proof: str = "pass"
) -> list[Answer]:
    domain = by.partition("@")[2]
    data = (
        f"Authentication-Results: mx.example.com; dkim={proof} header.d={domain}\r\n"
        f"From: {by}\r\nTo: {ROOM}\r\nSubject: Re: please\r\nMessage-ID: <r{text[:3]}{by}>\r\n"
        f"In-Reply-To: {question.message['Message-ID']}\r\n"
        f"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n"
    ).encode()
    delivery = office.deliver(data, ROOM, by)
    assert delivery.status.value == "handled"
    return office.route(delivery.mails)


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("accept", "ACCEPTED"),
        ("\r\n  Accept, of course\r\n> decline", "ACCEPTED"),
        ("decline no room for that", "DECLINED"),
    ],
)
def test_an_approver_answers_by_mail(text: str, end: str) -> None:
    office, question = answered_office()
    assert told(reply(office, question, text)) == [(VOLE, end)]
    (late,) = reply(office, question, "accept after all")
    assert late.mail.recipient == BOSS
    assert "too late" in late.text


@pytest.mark.parametrize(
    ("text", "by", "proof"),
    [
        ("accept", HORSE, "pass"),
        ("accept", BOSS, "fail"),
        ("what is this?", BOSS, "pass"),
        ("> accept", BOSS, "pass"),
    ],
)
def test_what_decides_nothing_is_kept_for_the_operator(text: str, by: str, proof: str) -> None:
    office, question = answered_office()
    assert reply(office, question, text, by=by, proof=proof) == []
    assert len(pending(office.store, office.settings)) == 1
    assert len(office.store.read(lambda tx: tx.mail.quarantined(10))) == 1


# --- the waiting list ---------------------------------------------------------------


def test_who_waits_gets_the_time_in_order_of_arrival() -> None:
    office = room(waiting_list="on")
    office.invite(*DAY, uid="first")
    (one,) = office.ask(*DAY, uid="one", by=HORSE)
    assert one.partstats == ["TENTATIVE"]
    assert "number 1 on the waiting list" in one.text
    (two,) = office.ask(*DAY, uid="two", by="otter@example.com")
    assert "number 2 on the waiting list" in two.text
    answers = office.want(*DAY, uid="first", sequence=1, method="CANCEL")
    assert told(answers) == [(HORSE, "ACCEPTED")]
    assert office.everything() == [("one", *DAY)]
    answers = office.want(*DAY, uid="one", by=HORSE, sequence=1, method="CANCEL")
    assert told(answers) == [("otter@example.com", "ACCEPTED")]


def test_waiting_ends_at_the_cutoff() -> None:
    office = room(waiting_list="on", waiting_cutoff="PT2H")
    office.invite(*DAY, uid="first")
    office.ask(*DAY, uid="one", by=HORSE)
    office.now = oslo("2026-12-01 08:00")
    assert told(office.settle()) == [(HORSE, "DECLINED")]
    office.want(*DAY, uid="first", sequence=1, method="CANCEL")
    assert office.everything() == []


def test_too_late_to_wait() -> None:
    office = room(waiting_list="on")
    office.invite(*DAY, uid="first")
    office.now = oslo("2026-12-01 09:30")
    assert office.invite(*DAY, by=HORSE) == "DECLINED"


def test_who_cancels_waits_no_more() -> None:
    office = room(waiting_list="on")
    office.invite(*DAY, uid="first")
    office.ask(*DAY, uid="one", by=HORSE)
    office.want(*DAY, uid="one", by=HORSE, sequence=1, method="CANCEL")
    assert office.want(*DAY, uid="first", sequence=1, method="CANCEL") == []


# --- the organizer's own time -------------------------------------------------------


@pytest.mark.parametrize("new_first", [True, False])
def test_a_series_cut_in_two_is_booked_in_either_order(new_first: bool) -> None:
    office = room()
    start, end = "2026-12-01 10:00", "2026-12-01 11:00"
    office.invite(start, end, uid="old", extra="RRULE:FREQ=DAILY;COUNT=10")

    def shorten() -> list[Answer]:
        return office.want(start, end, uid="old", sequence=1, extra="RRULE:FREQ=DAILY;COUNT=4")

    def begin() -> list[Answer]:
        return office.want("2026-12-05 10:00", "2026-12-05 12:00", uid="new",
                           extra="RRULE:FREQ=DAILY;COUNT=6")  # fmt: skip

    if new_first:
        assert told(begin()) == [(VOLE, "DECLINED")]
        office.now = oslo("2026-11-21 09:05")
        assert told(shorten()) == [(VOLE, "ACCEPTED"), (VOLE, "ACCEPTED")]
    else:
        shorten()
        assert told(begin()) == [(VOLE, "ACCEPTED")]
    assert len(office.everything()) == 10


def test_a_decline_turns_only_within_its_window_and_only_for_the_organizers_own() -> None:
    office = room(redecide_window="PT10M")
    office.invite(*DAY, uid="old")
    assert office.invite(*DAY, uid="new") == "DECLINED"
    assert office.invite(*DAY, uid="other", by=HORSE) == "DECLINED"
    office.now = oslo("2026-11-21 09:11")
    assert office.want(*DAY, uid="old", sequence=1, method="CANCEL") == []
    assert office.everything() == []


# --- parts of a series --------------------------------------------------------------


@pytest.mark.parametrize(
    ("limits", "count", "taken", "end"),
    [
        ({"max_conflict_percent": 40, "max_conflicts": 6}, 10, 5, "DECLINED"),
        ({"max_conflicts": 6}, 10, 5, "ACCEPTED"),
        ({"max_conflict_percent": 10}, 52, 5, "ACCEPTED"),
        ({}, 10, 1, "DECLINED"),
        ({"max_conflicts": 10}, 3, 3, "DECLINED"),
        ({"max_conflicts": 0}, 3, 1, "DECLINED"),
    ],
)
def test_thresholds(limits: dict[str, object], count: int, taken: int, end: str) -> None:
    office = room(**limits)
    for day in range(taken):
        office.invite(f"2026-12-{day + 2:02} 10:00", f"2026-12-{day + 2:02} 11:00")
    extra = f"RRULE:FREQ=DAILY;COUNT={count}"
    (found,) = office.ask("2026-12-01 10:00" if count != 3 or taken != 3 else "2026-12-02 10:00",
                          "2026-12-01 11:00" if count != 3 or taken != 3 else "2026-12-02 11:00",
                          by=HORSE, uid="s", extra=extra)  # fmt: skip
    assert found.partstats[0] == end
    if end == "ACCEPTED":
        assert found.partstats == ["ACCEPTED", *["DECLINED"] * taken]
        assert len([uid for uid, *_ in office.everything() if uid == "s"]) == count - taken


def test_split_sends_each_decline_in_a_mail_of_its_own() -> None:
    office = room(max_conflicts=3, split="yes")
    for day in (2, 4):
        office.invite(f"2026-12-0{day} 10:00", f"2026-12-0{day} 11:00")
    answers = office.ask(*DAY, by=HORSE, extra="RRULE:FREQ=DAILY;COUNT=5")
    assert [a.partstats for a in answers] == [["ACCEPTED"], ["DECLINED"], ["DECLINED"]]


def test_nobody_floods_the_approvers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decision, "MOST_WAITING", 3)
    office = asking()
    for hour in range(3):
        office.want(f"2026-12-01 {10 + hour}:00", f"2026-12-01 {11 + hour}:00")
    (refused,) = office.want("2026-12-01 15:00", "2026-12-01 16:00")
    assert refused.partstats == ["DECLINED"]
    assert refused.statuses == ["3.8"]
    assert "You have 3 requests waiting already." in refused.text
    assert told(office.want("2026-12-01 15:00", "2026-12-01 16:00", by=HORSE))[0] == (
        HORSE,
        "TENTATIVE",
    )

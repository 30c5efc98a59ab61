"""Cars that stand in for each other (seed 001, RFC 5546 3.2.2.3)."""

from __future__ import annotations

import email.policy
from email import message_from_bytes

import pytest
from tests.office import Answer, Office, oslo, request, vevent

from horarium.kernel.instant import Instant

CADILLAC = "resource-car-cadillac@example.com"
PONTIAC = "resource-car-pontiac@example.com"
LINCOLN = "resource-car-lincoln@example.com"
VOLE = "vincent.vole@example.com"
HORSE = "harvey.horse@example.com"
SKUNK = "simon.skunk@example.com"
TEN, TWELVE = "2026-12-01 10:00", "2026-12-01 12:00"
POOL: dict[str, object] = {"delegates": [CADILLAC, PONTIAC], "groups": [["*", "all"]]}


def cars(
    functions: str = "schedule_for_delegate cars",
    *,
    pool: dict[str, object] | None = None,
    quotas: dict[str, dict[str, object]] | None = None,
    names: tuple[str, ...] = (CADILLAC, PONTIAC),
    **preferences: object,
) -> Office:
    keys = {"scheduling_function": functions, **preferences}
    pool = pool or POOL
    return Office({name: dict(keys) for name in names}, quotas={"cars": pool, **(quotas or {})})


def said(answers: list[Answer]) -> list[tuple[str, str, list[str]]]:
    return [(a.mail.recipient, str(a.calendar["METHOD"]), a.partstats) for a in answers]


def attendees(answer: Answer) -> list[tuple[str, dict[str, str]]]:
    lines = answer.components[0]["ATTENDEE"]
    found = lines if isinstance(lines, list) else [lines]
    return [(str(line).removeprefix("mailto:"), dict(line.params)) for line in found]


def test_a_busy_car_hands_the_event_on_and_a_full_pool_declines() -> None:
    office = cars()
    assert said(office.want("2026-12-01 09:00", "2026-12-01 11:00", to=CADILLAC)) == [
        (VOLE, "REPLY", ["ACCEPTED"])
    ]
    told = office.want(TEN, TWELVE, to=CADILLAC, by=HORSE, uid="h")
    assert said(told) == [(HORSE, "REPLY", ["DELEGATED"]), (HORSE, "REPLY", ["ACCEPTED"])]
    delegated, accepted = told
    assert delegated.statuses == ["2.7"]
    (own, first), (other, second) = attendees(delegated)
    assert (own, other) == (CADILLAC, PONTIAC)
    assert first["DELEGATED-TO"] == f"mailto:{PONTIAC}"
    assert second["DELEGATED-FROM"] == f"mailto:{CADILLAC}"
    assert second["PARTSTAT"] == "NEEDS-ACTION"
    (own, first), (other, second) = attendees(accepted)
    assert (own, first["PARTSTAT"]) == (PONTIAC, "ACCEPTED")
    assert (other, second["PARTSTAT"]) == (CADILLAC, "DELEGATED")
    assert office.busy(TEN, TWELVE, PONTIAC) == [(TEN, TWELVE)]
    (full,) = office.want("2026-12-01 10:30", "2026-12-01 11:00", to=CADILLAC, by=SKUNK)
    assert full.partstats == ["DECLINED"]
    assert office.last_reason() == "pool_full"
    assert said(office.want("2026-12-01 11:00", TWELVE, to=CADILLAC, by=SKUNK)) == [
        (SKUNK, "REPLY", ["ACCEPTED"])
    ]


def busy_cadillac(office: Office) -> None:
    office.want("2026-12-01 09:00", "2026-12-01 13:00", to=CADILLAC, uid="busy")


def test_the_one_that_was_asked_may_answer_for_the_one_that_stands_in() -> None:
    office = cars(delegation_reply="accept_as_asked")
    busy_cadillac(office)
    told = office.want(TEN, TWELVE, to=CADILLAC, by=HORSE, uid="h")
    told += office.settle()
    assert said(told) == [(HORSE, "REPLY", ["ACCEPTED"])]
    assert attendees(told[0])[0][0] == CADILLAC
    assert len(attendees(told[0])) == 1
    assert PONTIAC in told[0].text


def test_check_quota_before_delegation() -> None:
    functions = "check_quota cars\nschedule_for_delegate car_delegation"
    limits: dict[str, object] = {"limits": [["*", "PT3H"]]}
    office = cars(functions, pool=limits, quotas={"car_delegation": POOL})
    office.want("2026-12-01 10:00", "2026-12-01 12:00", to=CADILLAC, by=VOLE)
    (refused,) = office.want("2026-12-01 09:00", "2026-12-01 13:00", to=CADILLAC, by=HORSE)
    assert refused.partstats == ["DECLINED"]
    assert office.last_reason() == "quota"
    told = office.want(TEN, TWELVE, to=CADILLAC, by=HORSE, uid="h")
    assert said(told)[-1] == (HORSE, "REPLY", ["ACCEPTED"])
    for quota, identity in (("cars", HORSE), ("car_delegation", "all")):
        journal = office.store.read(lambda tx, q=quota: tx.quotas.journal(q))
        mine = [e for e in journal if e.charge.organizer == HORSE]
        assert [(e.resource, e.charge.identity) for e in mine] == [(f"mailto:{PONTIAC}", identity)]


def test_a_refusing_delegate_is_followed_by_the_next_and_at_last_by_a_decline() -> None:
    office = Office(
        {
            CADILLAC: {"scheduling_function": "schedule_for_delegate cars"},
            PONTIAC: {
                "scheduling_function": "access_control_list",
                "acl": f"accept organiser {VOLE}",
            },
            LINCOLN: {
                "scheduling_function": "access_control_list",
                "acl": f"accept organiser {SKUNK}",
            },
        },
        quotas={"cars": {"delegates": [CADILLAC, PONTIAC, LINCOLN]}},
    )
    busy_cadillac(office)
    told = office.want(TEN, TWELVE, to=CADILLAC, by=SKUNK, uid="s")
    told += office.settle()
    assert [(a.mail.recipient, a.partstats[0], attendees(a)[0][0]) for a in told] == [
        (SKUNK, "DELEGATED", CADILLAC),
        (SKUNK, "DECLINED", PONTIAC),
        (SKUNK, "DELEGATED", CADILLAC),
        (SKUNK, "ACCEPTED", LINCOLN),
    ]
    told = office.want(TEN, TWELVE, to=CADILLAC, by=HORSE, uid="h")
    told += office.settle()
    assert [(a.partstats[0], attendees(a)[0][0]) for a in told] == [
        ("DELEGATED", CADILLAC),
        ("DECLINED", PONTIAC),
        ("DECLINED", CADILLAC),
    ]
    assert office.everything(PONTIAC) == []


def test_a_hold_counts_until_it_lapses_and_then_the_next_is_asked() -> None:
    office = cars(
        names=(CADILLAC, PONTIAC, LINCOLN), pool={"delegates": [CADILLAC, PONTIAC, LINCOLN]}
    )
    busy_cadillac(office)
    lost = office.ask(TEN, TWELVE, to=CADILLAC, by=HORSE, uid="h")
    assert [a.mail.recipient for a in lost] == [HORSE, PONTIAC]
    # The request to the Pontiac is lost; meanwhile it is held.
    assert office.busy(TEN, TWELVE, PONTIAC) == [(TEN, TWELVE)]
    office.now = oslo("2026-11-21 11:30")
    told = office.settle()
    assert [(a.partstats[0], attendees(a)[0][0]) for a in told] == [
        ("DELEGATED", CADILLAC),
        ("ACCEPTED", LINCOLN),
    ]
    assert office.busy(TEN, TWELVE, PONTIAC) == []
    late = office.deliver(lost[1].mail.content, PONTIAC, CADILLAC)
    assert late.mails == ()


def test_a_forged_delegation_is_not_heard() -> None:
    office = cars()
    busy_cadillac(office)
    handed = office.ask(TEN, TWELVE, to=CADILLAC, by=HORSE, uid="h")[1]
    forged = handed.mail.content.replace(b"To: <", b"X-To: <")
    body = message_from_bytes(forged, policy=email.policy.default)
    assert body["From"].addresses[0].addr_spec == CADILLAC
    moved = cars()
    assert moved.deliver(forged, PONTIAC, CADILLAC).mails == ()
    assert moved.last_reason() == "delegation_unknown"


@pytest.mark.parametrize("both", [True, False])
def test_a_change_finds_its_way_and_gets_one_answer(both: bool) -> None:
    office = cars()
    busy_cadillac(office)
    office.want(TEN, TWELVE, to=CADILLAC, by=HORSE, uid="h")
    guests = (PONTIAC,) if both else ()
    told = office.want(
        "2026-12-01 10:30", TWELVE, to=CADILLAC, by=HORSE, uid="h", sequence=1, guests=guests
    )
    if both:
        assert told == []
        told = office.want(
            "2026-12-01 10:30", TWELVE, to=PONTIAC, by=HORSE, uid="h", sequence=1,
            guests=(CADILLAC,),
        )  # fmt: skip
    assert [(a.mail.recipient, a.partstats[0], attendees(a)[0][0]) for a in told] == [
        (HORSE, "ACCEPTED", PONTIAC)
    ]
    assert office.busy(TEN, TWELVE, PONTIAC) == [("2026-12-01 10:30", TWELVE)]


def test_cancelling_at_the_one_that_was_asked_frees_the_one_that_stands_in() -> None:
    office = cars(
        "check_quota cars\nschedule_for_delegate cars", pool={**POOL, "limits": [["*", "PT9H"]]}
    )
    busy_cadillac(office)
    office.want(TEN, TWELVE, to=CADILLAC, by=HORSE, uid="h")
    assert office.store.read(lambda tx: tx.quotas.used("cars", "all")) == 6 * 3600
    office.want(TEN, TWELVE, to=CADILLAC, by=HORSE, uid="h", sequence=1, method="CANCEL")
    assert office.everything(PONTIAC) == []
    assert office.store.read(lambda tx: tx.quotas.used("cars", "all")) == 4 * 3600


def test_a_change_that_does_not_fit_the_stand_in_is_handed_back() -> None:
    office = cars()
    busy_cadillac(office)
    office.want(TEN, TWELVE, to=CADILLAC, by=HORSE, uid="h")
    office.want("2026-12-01 14:00", "2026-12-01 16:00", to=PONTIAC, by=SKUNK)
    told = office.want(
        "2026-12-01 14:00", "2026-12-01 15:00", to=CADILLAC, by=HORSE, uid="h", sequence=1
    )
    told += office.settle()
    assert [(a.partstats[0], attendees(a)[0][0]) for a in told] == [
        ("DECLINED", PONTIAC),
        ("ACCEPTED", CADILLAC),
    ]
    assert [uid for uid, *_ in office.everything(PONTIAC)] != ["h"]


def test_most_available_takes_turns() -> None:
    office = cars(
        "schedule_for_delegate cars most-available",
        names=(CADILLAC, PONTIAC, LINCOLN),
        pool={"delegates": [CADILLAC, PONTIAC, LINCOLN]},
    )
    chosen = []
    for day in range(1, 7):
        office.now = oslo(f"2026-11-2{day + 1} 08:00")
        told = office.want(f"2026-12-0{day} 10:00", f"2026-12-0{day} 12:00", to=CADILLAC, by=HORSE)
        chosen.append(attendees(told[-1])[0][0])
    assert chosen[:3] != [CADILLAC] * 3
    assert {chosen.count(name) for name in (CADILLAC, PONTIAC, LINCOLN)} == {2}


def test_an_address_of_a_pool_never_attends_itself() -> None:
    office = Office(
        {
            "cars@example.com": {
                "scheduling_function": "schedule_for_delegate cars",
                "bookable": "no",
            },
            CADILLAC: {}, PONTIAC: {},
        },
        quotas={"cars": {"delegates": [CADILLAC, PONTIAC]}},
    )  # fmt: skip
    told = [
        office.want(TEN, TWELVE, to="cars@example.com", by=by)[-1] for by in (VOLE, HORSE, SKUNK)
    ]
    assert [(a.partstats[0], attendees(a)[0][0]) for a in told] == [
        ("ACCEPTED", CADILLAC), ("ACCEPTED", PONTIAC), ("DECLINED", "cars@example.com"),
    ]  # fmt: skip


def test_two_cars_that_point_at_each_other_ask_each_once() -> None:
    office = cars()
    for name in (CADILLAC, PONTIAC):
        office.want("2026-12-01 09:00", "2026-12-01 13:00", to=name)
    told = office.want(TEN, TWELVE, to=CADILLAC, by=HORSE)
    assert said(told) == [(HORSE, "REPLY", ["DECLINED"])]


def test_a_decline_names_the_cars_that_are_free_and_times_for_programs() -> None:
    office = cars("schedule_in_freebusy")
    office.want(TEN, TWELVE, to=CADILLAC)
    (answer,) = office.want(TEN, TWELVE, to=CADILLAC, by=HORSE)
    assert f"Free at that time: {PONTIAC}." in answer.text
    lines = answer.components[0]["X-HORARIUM-ALTERNATIVE"]
    assert str(lines[0]) == "20261201T070000Z/20261201T090000Z"
    assert len(lines) == 3


OVERRIDE = "RECURRENCE-ID;TZID=Europe/Oslo:20261203T100000"
SERIES_HELD = [(TEN, TWELVE), ("2026-12-03 14:00", "2026-12-03 15:00")]


def series(*overrides: str) -> str:
    """Three days from ten to twelve, with changes of its occurrences."""
    master = vevent("s", TEN, TWELVE, by=HORSE, to=(CADILLAC,), extra="RRULE:FREQ=DAILY;COUNT=3")
    return request(master, *overrides)


def changed(sequence: int) -> str:
    return vevent(
        "s", "2026-12-03 14:00", "2026-12-03 15:00", by=HORSE, to=(CADILLAC,), extra=OVERRIDE,
        sequence=sequence,
    )  # fmt: skip


def second_cancelled(sequence: int) -> str:
    which = "RECURRENCE-ID;TZID=Europe/Oslo:20261202T100000\nSTATUS:CANCELLED"
    return vevent(
        "s", "2026-12-02 10:00", "2026-12-02 12:00", by=HORSE, to=(CADILLAC,), extra=which,
        sequence=sequence,
    )  # fmt: skip


@pytest.mark.parametrize("early", [False, True])
def test_the_changes_of_a_series_go_along_with_it(early: bool) -> None:
    office = cars()
    busy_cadillac(office)
    if early:
        # Both overtake the series itself.
        office.send(request(changed(2)), by=HORSE, to=CADILLAC)
        office.send(request(second_cancelled(3), method="CANCEL"), by=HORSE, to=CADILLAC)
        data = office.mail(series(), by=HORSE, to=CADILLAC)
    else:
        data = office.mail(series(changed(0), second_cancelled(0)), by=HORSE, to=CADILLAC)
    told = office.route(office.deliver(data, CADILLAC, HORSE).mails)
    assert told[-1].partstats == ["ACCEPTED"]
    assert [item[1:] for item in office.everything(PONTIAC)] == SERIES_HELD
    assert [uid for uid, *_ in office.everything(CADILLAC)] == ["busy"]


def test_what_is_over_and_does_not_fit_is_left_out() -> None:
    """As `schedule_in_freebusy` does: the rest of a series is what is asked for."""
    office = cars()
    office.want("2026-11-22 10:00", "2026-11-22 11:00", to=CADILLAC, uid="over")
    office.now = oslo("2026-11-22 12:00")
    (told,) = office.want(
        "2026-11-22 10:00", "2026-11-22 11:00", to=CADILLAC, by=HORSE, uid="s",
        extra="RRULE:FREQ=DAILY;COUNT=3",
    )  # fmt: skip
    assert told.partstats == ["ACCEPTED"]
    starts = [start for uid, start, _ in office.everything(CADILLAC) if uid == "s"]
    assert starts == ["2026-11-23 10:00", "2026-11-24 10:00"]


TRIO: dict[str, object] = {"delegates": [CADILLAC, PONTIAC, LINCOLN]}


def trio(**preferences: object) -> Office:
    office = cars(names=(CADILLAC, PONTIAC, LINCOLN), pool=TRIO, **preferences)
    busy_cadillac(office)
    return office


def an_hour_later(office: Office) -> list[Answer]:
    office.now = Instant(office.now + 3_601)
    return office.settle()


@pytest.mark.parametrize("reply", ["itip", "accept_as_asked"])
def test_an_acceptance_that_is_lost_is_no_refusal(reply: str) -> None:
    office = trio(delegation_reply=reply)
    asked = office.ask(TEN, TWELVE, to=CADILLAC, by=HORSE, uid="h")[-1]
    accepted = office.deliver(asked.mail.content, PONTIAC, CADILLAC)
    (to_cadillac,) = [mail for mail in accepted.mails if mail.recipient == CADILLAC]
    told = an_hour_later(office)
    assert said(told) == ([] if reply == "itip" else [(HORSE, "REPLY", ["ACCEPTED"])])
    assert office.everything(LINCOLN) == []
    assert [uid for uid, *_ in office.everything(PONTIAC)] == ["h"]
    # It was only late; nobody is told a second time.
    assert office.deliver(to_cadillac.content, CADILLAC, PONTIAC).mails == ()


def test_a_change_that_never_reached_the_stand_in_frees_it() -> None:
    office = trio()
    office.want(TEN, TWELVE, to=CADILLAC, by=HORSE, uid="h")
    assert [uid for uid, *_ in office.everything(PONTIAC)] == ["h"]
    later = "2026-12-01 10:30"
    office.ask(later, TWELVE, to=CADILLAC, by=HORSE, uid="h", sequence=1)
    told = an_hour_later(office)
    assert told[-1].partstats == ["ACCEPTED"]
    assert office.everything(PONTIAC) == []
    assert office.everything(LINCOLN) == [("h", later, TWELVE)]


def test_an_occurrence_is_not_taken_from_the_one_that_attends_the_others() -> None:
    """The change of it was lost on its way to the stand-in: it is declined as that occurrence."""
    office = trio()
    data = office.mail(series(), by=HORSE, to=CADILLAC)
    office.route(office.deliver(data, CADILLAC, HORSE).mails)
    office.send(request(changed(1)), by=HORSE, to=CADILLAC)
    (told,) = an_hour_later(office)
    assert told.partstats == ["DECLINED"]
    assert "RECURRENCE-ID" in told.components[0]
    assert [start for _, start, _ in office.everything(PONTIAC)] == [TEN, "2026-12-02 10:00"]
    assert [uid for uid, *_ in office.everything(CADILLAC)] == ["busy"]

"""Claimed on the spot or released; withdrawn by the operator."""

from __future__ import annotations

from tests.office import ROOM, Answer, Office, oslo

from horarium.kernel.instant import Instant
from horarium.runtime.checking_in import check_in, withdraw

DAY = "2026-12-01 10:00", "2026-12-01 11:00"
VOLE = "vincent.vole@example.com"
HORSE = "harvey.horse@example.com"


def room(**more: object) -> Office:
    return Office({ROOM: {"check_in": "on", **more}})


def at(office: Office, when: str) -> list[Answer]:
    office.now = oslo(when)
    return office.settle()


def claim(office: Office, uid: str) -> bool:
    user = office.agent.directory.find(ROOM)
    assert user is not None
    return check_in(office.store, user, uid, office.now) is not None


def test_a_reminder_leaves_half_way_and_the_time_is_released_at_the_deadline() -> None:
    office = room()
    office.invite(*DAY, uid="a")
    (reminder,) = at(office, "2026-12-01 10:00")
    assert reminder.mail.recipient == VOLE
    assert "Please check in" in reminder.text
    assert at(office, "2026-12-01 10:05") == []
    (released,) = at(office, "2026-12-01 10:10")
    assert released.partstats == ["DECLINED"]
    assert released.statuses == ["5.1"]
    assert "Nobody checked in" in released.text
    assert office.busy(*DAY) == []
    assert at(office, "2026-12-01 10:11") == []


def test_checking_in_keeps_it() -> None:
    office = room()
    office.invite(*DAY, uid="a")
    office.now = oslo("2026-12-01 09:49")
    assert not claim(office, "a")
    office.now = oslo("2026-12-01 09:50")
    assert claim(office, "a")
    assert at(office, "2026-12-01 10:00") == []
    assert at(office, "2026-12-01 10:30") == []
    assert office.busy(*DAY) == [DAY]


def test_one_occurrence_goes_and_the_series_stays() -> None:
    office = room()
    office.invite(*DAY, uid="s", extra="RRULE:FREQ=DAILY;COUNT=3")
    at(office, "2026-12-01 10:00")
    (released,) = at(office, "2026-12-01 10:10")
    assert "RECURRENCE-ID" in released.components[0]
    assert len(office.everything()) == 2


def test_the_unused_charge_is_released() -> None:
    office = Office(
        {
            ROOM: {
                "check_in": "on",
                "scheduling_function": "schedule_in_freebusy\ncheck_quota hours",
            }
        },
        quotas={"hours": {"limits": [["*", "PT2H"]]}},
    )
    office.invite(*DAY, uid="a")
    at(office, "2026-12-01 10:10")
    assert office.store.read(lambda tx: tx.quotas.used("hours", VOLE)) == 0


def test_the_exempt_and_whole_days_are_left_alone() -> None:
    office = room(check_in_exempt=f"accept organiser {VOLE}")
    office.invite(*DAY, uid="a")
    office.send(
        "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//c//EN\nMETHOD:REQUEST\nBEGIN:VEVENT\nUID:d\n"
        "DTSTAMP:20261120T080000Z\nDTSTART;VALUE=DATE:20261202\nDTEND;VALUE=DATE:20261203\n"
        f"ORGANIZER:mailto:{HORSE}\nATTENDEE:mailto:{ROOM}\nEND:VEVENT\nEND:VCALENDAR\n",
        by=HORSE,
    )
    assert at(office, "2026-12-01 10:30") == []
    assert at(office, "2026-12-02 00:30") == []
    assert len(office.everything()) == 2


def test_the_operator_withdraws_a_booking_and_its_organizer_hears_why() -> None:
    office = Office()
    office.invite(*DAY, uid="a")
    directory = office.agent.directory
    user = directory.find(ROOM)
    assert user is not None
    (mail,) = withdraw(office.store, directory, user, "a", office.now, "water damage")
    assert mail.recipient == VOLE
    assert b"water damage" in mail.content
    assert office.everything() == []


def test_one_occurrence_is_withdrawn() -> None:
    office = Office()
    office.invite(*DAY, uid="s", extra="RRULE:FREQ=DAILY;COUNT=3")
    directory = office.agent.directory
    user = directory.find(ROOM)
    assert user is not None
    second: Instant = oslo("2026-12-02 10:00")
    withdraw(office.store, directory, user, "s", office.now, "", second)
    assert [start for _, start, _ in office.everything()] == [
        "2026-12-01 10:00",
        "2026-12-03 10:00",
    ]

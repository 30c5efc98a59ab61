"""Reminders: when they are due, and that each is sent once and no more than once."""

from __future__ import annotations

from pathlib import Path

import pytest

from horarium.appointments.declared import faults, read_service
from horarium.appointments.hours import HostHours
from horarium.appointments.reminding import plan, read_reminder
from horarium.appointments.rules import Rules
from horarium.kernel.instant import Instant, format_instant, parse_instant
from horarium.kernel.zone import named
from tests.appointments.reception import Reception

EARLY = Instant(0)
BERLIN = HostHours(Rules(named("Europe/Berlin")))

SERVICES = """
[service.talk]
by = "bea"
verify_email = false
reminders = ["24h", "day-before@18:00", "1h"]
[service.quiet]
by = "bea"
reminders = []
[service.plain]
by = "bea"
"""


@pytest.fixture
def desk(tmp_path: Path) -> Reception:
    return Reception(tmp_path / "site", more=SERVICES)


def reminders(of: Reception, id_: str) -> list[tuple[str, str, str]]:
    found = of.store.read(lambda tx: tx.reminders.states(id_))
    return [(what, format_instant(due)[5:16], state) for _, what, due, state in found]


def sent(of: Reception) -> list[str]:
    """The reminders that leave when the desk is swept now."""
    of.desk.sweep(of.now)
    return [f"{to} {subject}" for to, subject in of.mails() if subject.startswith("Reminder")]


# --- when ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "start", "due"),
    [
        ("24h", "2027-05-10T07:00:00Z", "2027-05-09T07:00:00Z"),
        ("PT90M", "2027-05-10T07:00:00Z", "2027-05-10T05:30:00Z"),
        # 18:00 in Berlin, in summer and in winter.
        ("day-before@18:00", "2027-05-10T07:00:00Z", "2027-05-09T16:00:00Z"),
        ("day-before@18:00", "2027-01-11T08:00:00Z", "2027-01-10T17:00:00Z"),
        # 23:30 in UTC is the next date in Berlin already.
        ("day-before@18:00", "2027-05-09T23:30:00Z", "2027-05-09T16:00:00Z"),
        # Elapsed, a day over the change of clocks begins an hour beside; by the clock it does not.
        ("24h", "2027-03-28T16:00:00Z", "2027-03-27T16:00:00Z"),
        ("day-before@18:00", "2027-03-28T16:00:00Z", "2027-03-27T17:00:00Z"),
        # No clock shows 02:30 on 28 March, and every one twice on 31 October.
        ("day-before@02:30", "2027-03-29T08:00:00Z", "2027-03-28T01:00:00Z"),
        ("day-before@02:30", "2027-11-01T08:00:00Z", "2027-10-31T00:30:00Z"),
    ],
)
def test_when_a_reminder_is_due(text: str, start: str, due: str) -> None:
    reminder = read_reminder(text)
    [planned] = plan([reminder], parse_instant(start), BERLIN, EARLY)
    assert (format_instant(planned.due), planned.late) == (due, False)
    assert read_reminder(str(reminder)) == reminder


def test_one_is_made_only_when_it_is_due_after_the_confirmation() -> None:
    start = parse_instant("2027-05-10T07:00:00Z")
    due = Instant(start - 86_400)
    for since, late in ((due - 1, False), (due, True), (due + 1, True)):
        [planned] = plan([read_reminder("24h")], start, BERLIN, Instant(since))
        assert planned.late is late


def test_a_service_without_a_word_reminds_a_day_ahead() -> None:
    assert [str(r) for r in read_service("talk", {"by": "ana"}).reminders] == ["1d"]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("24h", "a list"),
        (["soon"], "duration"),
        (["day-before@25:00"], "time"),
        (["day-before@6pm"], "no reminder like"),
        (["10s"], "from 1m"),
        (["367d"], "from 1m"),
        (["24h", "1d"], "each once"),
        (["1h", "2h", "3h", "4h", "5h", "6h"], "at most 5"),
        ([7], "text"),
    ],
)
def test_what_is_no_reminder(value: object, message: str) -> None:
    [(key, told)] = faults("service", "talk", {"by": "ana", "reminders": value})
    assert key == "reminders"
    assert message in told


# --- at work -----------------------------------------------------------------------


def test_each_is_sent_once_when_its_time_comes(desk: Reception) -> None:
    placed = desk.book("12 09:00", service="talk")
    assert reminders(desk, placed.item.id) == [
        ("1d", "05-11T09:00", "due"),
        ("day-before@18:00", "05-11T18:00", "due"),
        ("1h", "05-12T08:00", "due"),
    ]
    desk.mails()
    assert sent(desk) == []
    for moment in ("11 09:00", "11 18:00", "12 08:00"):
        desk.now = Instant(desk.at(moment) - 1)
        assert sent(desk) == []
        desk.now = desk.at(moment)
        assert sent(desk) == [
            "bob@example.net Reminder: talk, Bea, 2027-05-12 09:00-09:30 +00:00 (UTC)"
        ]
        assert sent(desk) == []


def test_no_reminders_where_none_are_wanted_or_nobody_reads_them(desk: Reception) -> None:
    assert reminders(desk, desk.book("12 09:00", service="quiet").item.id) == []
    given = desk.get("cleo")
    assert reminders(desk, given.appointment) == []


def test_what_is_due_before_the_confirmation_is_not_made(desk: Reception) -> None:
    desk.now = desk.at("09 20:00")
    placed = desk.book("10 09:00", service="talk")
    assert reminders(desk, placed.item.id) == [
        ("1d", "05-09T09:00", "late"),
        ("day-before@18:00", "05-09T18:00", "late"),
        ("1h", "05-10T08:00", "due"),
    ]


def test_a_hold_is_reminded_of_only_when_it_is_confirmed(desk: Reception) -> None:
    held = desk.hold("12 09:00", "talk")
    assert reminders(desk, held.item.id) == []
    from horarium.appointments.appointment import Client

    desk.desk.confirm(held.token, Client("Bob", "bob@example.net"), desk.now)
    assert len(reminders(desk, held.item.id)) == 3


def test_moving_makes_them_anew(desk: Reception) -> None:
    placed = desk.book("12 09:00", service="plain")
    desk.now = desk.at("11 09:00")
    assert len(sent(desk)) == 1
    desk.desk.move(placed.token, desk.at("14 10:00"), desk.now)
    assert reminders(desk, placed.item.id) == [
        ("1d", "05-11T09:00", "sent"),
        ("1d", "05-13T10:00", "due"),
    ]
    desk.desk.move(placed.token, desk.at("14 11:00"), desk.now)
    assert reminders(desk, placed.item.id)[1:] == [("1d", "05-13T11:00", "due")]
    desk.now = desk.at("13 11:00")
    assert len(sent(desk)) == 1


def test_cancelling_drops_them(desk: Reception) -> None:
    placed = desk.book("12 09:00", service="talk")
    desk.desk.cancel(placed.token, "", desk.now)
    assert reminders(desk, placed.item.id) == []
    desk.mails()
    desk.now = desk.at("12 08:00")
    assert sent(desk) == []


def test_one_found_late_is_sent_while_the_start_is_ahead(desk: Reception) -> None:
    one, two = desk.book("12 09:00", service="plain"), desk.book("12 10:00", service="plain")
    desk.mails()
    desk.now = desk.at("12 09:00")
    [told] = sent(desk)
    assert "10:00-10:30" in told
    assert reminders(desk, one.item.id) == [("1d", "05-11T09:00", "late")]
    assert reminders(desk, two.item.id) == [("1d", "05-11T10:00", "sent")]
    assert desk.desk.sweep(desk.now) == 0

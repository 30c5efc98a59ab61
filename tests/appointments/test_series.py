"""Series: the same time of the clock every few weeks, whole or what of it is free."""

from __future__ import annotations

from pathlib import Path

import pytest

from horarium.appointments.appointment import Client
from horarium.appointments.codes import Code
from horarium.appointments.series import Every, SeriesTaken, dates
from horarium.kernel.errors import InvalidInput
from horarium.kernel.instant import format_instant, parse_instant
from horarium.kernel.period import Period
from horarium.kernel.zone import named
from horarium.runtime.series import Series
from horarium.runtime.wishing import Terms
from tests.appointments.commands import Shell
from tests.appointments.reception import Reception

BOB = Client("Bob", "bob@example.net")
STAFF = Terms("eve", frozenset({"horizon"}), "cli")
SERVICES = """
[service.talk]
by = "bea"
[service.once]
by = "bea"
client_limit = 2
[appointer.night]
zone = "Europe/Berlin"
[service.night]
by = "night"
duration = "30m"
[assistant.pair]
mode = "least-recent"
appointers = ["bea", "cleo"]
[service.shared]
by = "pair"
[assistant.both]
mode = "collective"
appointers = ["bea", "cleo"]
[service.together]
by = "both"
"""


@pytest.fixture
def desk(tmp_path: Path) -> Reception:
    return Reception(tmp_path / "site", more=SERVICES)


def book(of: Reception, every: Every, service: str = "talk", time: str = "09:00") -> Series:
    return of.desk.book_series(service, of.at(time), BOB, of.now, STAFF, every)


def booked(of: Reception) -> list[str]:
    span = Period(of.now, parse_instant("2029-01-01T00:00:00Z"))
    return [format_instant(item.slot.start)[5:16] for item in of.desk.list(span)]


def starts(at: str, every: Every, zone: str) -> list[str | None]:
    found = dates(parse_instant(at), every, named(zone))
    return [start and format_instant(start)[5:16] for _, start in found]


# --- when --------------------------------------------------------------------------


def test_the_time_of_the_clock_stays() -> None:
    assert starts("2027-03-15T09:00:00Z", Every(1, 3), "Europe/Berlin") == [
        "03-15T09:00", "03-22T09:00", "03-29T08:00",
    ]  # fmt: skip
    assert starts("2027-10-18T08:00:00Z", Every(2, 2), "Europe/Berlin") == [
        "10-18T08:00", "11-01T09:00",
    ]  # fmt: skip


def test_a_time_that_no_clock_shows_is_left_out_and_one_shown_twice_is_the_first() -> None:
    assert starts("2027-03-21T01:30:00Z", Every(1, 3), "Europe/Berlin") == [
        "03-21T01:30", None, "04-04T00:30",
    ]  # fmt: skip
    assert starts("2027-10-24T00:30:00Z", Every(1, 2), "Europe/Berlin") == [
        "10-24T00:30", "10-31T00:30",
    ]  # fmt: skip


@pytest.mark.parametrize("every", [Every(0, 2), Every(53, 2), Every(1, 0), Every(1, 53)])
def test_a_series_is_bounded(every: Every) -> None:
    with pytest.raises(InvalidInput, match="1 to 52"):
        dates(parse_instant("2027-05-10T09:00:00Z"), every, named("UTC"))


# --- booking -----------------------------------------------------------------------


def test_each_is_an_appointment_of_its_own_with_a_common_id(desk: Reception) -> None:
    found = book(desk, Every(2, 3))
    assert booked(desk) == ["05-10T09:00", "05-24T09:00", "06-07T09:00"]
    items = [desk.desk.find(placed.item.id) for placed in found.placed]
    assert {item.series for item in items} == {found.id}
    assert len({item.uid for item in items}) == 3
    assert len([to for to, _ in desk.mails() if to == BOB.mail]) == 3
    desk.desk.cancel(found.placed[1].token, "", desk.now)
    assert [item.state.value for item in map(desk.desk.find, (i.id for i in items))] == [
        "confirmed", "cancelled", "confirmed",
    ]  # fmt: skip


def test_wanted_whole_it_is_all_or_nothing_and_each_refused_date_is_told(desk: Reception) -> None:
    for day in ("17", "31"):
        desk.book(f"{day} 09:00", "eva", "talk")
    before = booked(desk)
    with pytest.raises(SeriesTaken) as gone:
        book(desk, Every(1, 4))
    assert [str(refused) for refused in gone.value.refused] == [
        "2027-05-17T09:00:00Z: busy_appointment", "2027-05-31T09:00:00Z: busy_appointment",
    ]  # fmt: skip
    assert booked(desk) == before


def test_in_part_it_books_what_is_free(desk: Reception) -> None:
    desk.book("17 09:00", "eva", "talk")
    found = book(desk, Every(1, 3, partial=True))
    assert [format_instant(p.item.slot.start)[5:10] for p in found.placed] == ["05-10", "05-24"]
    assert [refused.codes for refused in found.refused] == [(Code.BUSY_APPOINTMENT,)]


def test_nothing_of_it_free_is_a_refusal_also_in_part(desk: Reception) -> None:
    with pytest.raises(SeriesTaken):
        book(desk, Every(1, 2, partial=True), time="13:00")


def test_it_keeps_to_the_limit_of_a_client(desk: Reception) -> None:
    found = book(desk, Every(1, 3, partial=True), "once")
    assert [refused.codes for refused in found.refused] == [(Code.CLIENT_LIMIT,)]


def test_a_date_in_the_gap_is_refused(desk: Reception) -> None:
    desk.now = parse_instant("2027-03-14T00:00:00Z")
    at = parse_instant("2027-03-21T01:30:00Z")
    every = Every(1, 2, partial=True)
    found = desk.desk.book_series("night", at, BOB, desk.now, STAFF, every)
    assert [str(refused) for refused in found.refused] == ["2027-03-28 02:30:00: off_grid"]


def test_who_gives_the_first_gives_the_others(desk: Reception) -> None:
    hosts = [placed.item.hosts for placed in book(desk, Every(1, 3), "shared").placed]
    assert hosts == [("bea",)] * 3
    hosts = [placed.item.hosts for placed in book(desk, Every(1, 2), "together", "11:00").placed]
    assert hosts == [("bea", "cleo")] * 2


# --- by command --------------------------------------------------------------------


def test_by_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shell = Shell(tmp_path, capsys, SERVICES)
    order = ("appointment", "book", "talk", "2027-05-10T09:00:00Z", "--name", "Bob")
    one = shell.json(*order[:3], "2027-05-17T09:00:00Z", "--mail", "eva@example.net")
    assert one["series"] is None
    status, _, err = shell.run(*order, "--every", "1w", "--times", "3")
    assert status == 1
    assert "2027-05-17T09:00:00Z: busy_appointment" in err
    found = shell.json(*order, "--every", "1w", "--times", "3", "--partial")
    assert isinstance(found["appointments"], list)
    assert [item["start"][:10] for item in found["appointments"]] == ["2027-05-10", "2027-05-24"]
    assert found["refused"] == [
        {"start": "2027-05-17T09:00:00Z", "wall": "2027-05-17 09:00:00",
         "reasons": ["busy_appointment"]},
    ]  # fmt: skip
    for options in (["--every", "1w"], ["--times", "2"], ["--partial"],
                    ["--every", "daily", "--times", "2"]):  # fmt: skip
        assert shell.run(*order, *options)[0] == 64

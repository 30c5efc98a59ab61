"""Calendars of holidays: of files and of countries, laid down when applied and renewed daily."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from horarium.appointments.declared import faults, read_host
from horarium.appointments.holidays import changes, read_calendar, read_dates, read_holiday
from horarium.kernel.errors import InvalidInput
from horarium.kernel.instant import parse_instant
from horarium.kernel.schedule_parts import read_date, write_date
from horarium.runtime.holidays import lay_down
from tests.appointments.commands import Shell

NOW = parse_instant("2027-05-09T12:00:00Z")
HOST = """
[appointer.olav]
zone = "Europe/Oslo"
hours = ["mon-sun 09:00-10:00"]
holidays = ["2027-05-12", {names}]
[service.talk]
by = "olav"
duration = "60m"
"""
ICS = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//people//EN
{events}
END:VCALENDAR
"""
EVENT = """BEGIN:VEVENT
UID:{uid}
DTSTAMP:20270101T000000Z
{lines}
END:VEVENT"""


def ics(*events: str) -> bytes:
    text = ICS.format(
        events="\n".join(EVENT.format(uid=uid, lines=lines) for uid, lines in enumerate(events))
    )
    return text.replace("\n", "\r\n").encode()


def days(found: dict[int, str]) -> list[str]:
    return [f"{write_date(day)} {title}".rstrip() for day, title in sorted(found.items())]


# --- what is read ------------------------------------------------------------------


@pytest.mark.parametrize("name", ["NO", "DE-BY", "US-CA", "ES-AN", "office.ics", "days/2027.txt"])
def test_names_of_calendars(name: str) -> None:
    assert read_holiday(name) == name
    assert read_host("ana", {"holidays": ["2027-05-17", name]}).calendars == (name,)


@pytest.mark.parametrize(
    "name", ["no", "NORWAY", "DE-", "../x.ics", "/etc/x.txt", "a/../../b.ics", "x.pdf", "", " NO"]
)
def test_what_is_no_calendar(name: str) -> None:
    [(key, message)] = faults("appointer", "ana", {"holidays": [name]})
    assert key == "holidays"
    assert "no date like" in message


def test_a_file_with_a_date_on_each_line() -> None:
    text = "# ours\n2027-05-17 Constitution Day\n\n2027-12-30..2028-01-01 closed  # all of it\n"
    assert days(read_dates(text)) == [
        "2027-05-17 Constitution Day", "2027-12-30 closed", "2027-12-31 closed",
        "2028-01-01 closed",
    ]  # fmt: skip
    with pytest.raises(InvalidInput, match=r"line 2: .*17\.5"):
        read_dates("2027-05-16\n17.5.2027 wrong\n")


def test_a_file_of_whole_day_events() -> None:
    data = ics(
        "DTSTART;VALUE=DATE:20270517\nSUMMARY:Constitution Day",
        "DTSTART;VALUE=DATE:20270801\nDTEND;VALUE=DATE:20270803\nSUMMARY:Closed",
        "DTSTART;VALUE=DATE:20200101\nRRULE:FREQ=YEARLY\nSUMMARY:New Year",
        "DTSTART:20270601T100000Z\nDTEND:20270601T110000Z\nSUMMARY:A meeting",
        "DTSTART;VALUE=DATE:20270701\nSTATUS:CANCELLED\nSUMMARY:No",
    )
    first, last = read_date("2027-05-09"), read_date("2029-05-09")
    assert days(read_calendar(data, first, last)) == [
        "2027-05-17 Constitution Day", "2027-08-01 Closed", "2027-08-02 Closed",
        "2028-01-01 New Year", "2029-01-01 New Year",
    ]  # fmt: skip
    with pytest.raises(InvalidInput):
        read_calendar(b"nothing", first, last)


def test_changes_are_told_from_today_on() -> None:
    today = read_date("2027-05-09")
    before = {today - 1: "gone", today + 1: "A", today + 2: "B", today + 3: "C"}
    after = {today + 1: "A", today + 2: "Bee", today + 4: "D"}
    assert list(changes(before, after, today)) == [
        "2027-05-11 Bee (was B)", "2027-05-12 C is no holiday any more", "2027-05-13 D",
    ]  # fmt: skip


def test_countries_and_their_parts(tmp_path: Path) -> None:
    pytest.importorskip("holidays")
    norway = days(lay_down("NO", tmp_path, NOW))
    assert [day[:10] for day in norway if day[5:10] == "05-17"] == ["2027-05-17", "2028-05-17"]
    assert all("2027-05-08" <= day[:10] <= "2029-05-09" for day in norway)
    bavaria, germany = (
        {day[:10] for day in days(lay_down(name, tmp_path, NOW))} for name in ("DE-BY", "DE")
    )
    assert "2028-01-06" in bavaria - germany
    for name in ("XX", "DE-XX"):
        with pytest.raises(InvalidInput, match=f"no holidays are known for {name}"):
            lay_down(name, tmp_path, NOW)


# --- at work -----------------------------------------------------------------------


@pytest.fixture
def shell(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(tmp_path, capsys)


def test_a_missing_extra_is_an_error_with_its_place(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "holidays", None)
    (shell.path / "objects").mkdir()
    objects = shell.path / "objects" / "o.toml"
    objects.write_text(HOST.format(names='"NO"'))
    for command in (["apply", str(objects)], ["check"]):
        status, _, err = shell.run(*command)
        assert status == 65
        assert "o.toml:5: appointer.olav.holidays: NO: holidays of countries need" in err


def test_a_missing_file_and_one_that_is_wrong(shell: Shell) -> None:
    objects = shell.path / "objects.toml"
    objects.write_text(HOST.format(names='"days.txt"'))
    status, _, err = shell.run("apply", str(objects))
    assert (status, "days.txt: no such file" in err) == (65, True)
    (shell.path / "days.txt").write_text("tomorrow\n")
    status, _, err = shell.run("apply", str(objects))
    assert (status, "days.txt: line 1:" in err) == (65, True)


def starts(shell: Shell) -> list[str]:
    answer = shell.json(
        "slot", "list", "talk", "--from", "2027-05-10T00:00:00Z", "--to", "2027-05-20T00:00:00Z"
    )
    found = answer["starts"]
    assert isinstance(found, list)
    return [start["start"][8:10] for start in found]


def test_a_calendar_closes_its_dates_and_is_renewed(shell: Shell) -> None:
    file = shell.path / "days.txt"
    file.write_text("2027-05-17 Constitution Day\n")
    said = shell.declare(HOST.format(names='"days.txt"'))
    assert "holidays days.txt: 1 dates until 2029-05-09" in said
    assert starts(shell) == ["10", "11", "13", "14", "15", "16", "18", "19"]
    assert shell.declare(HOST.format(names='"days.txt"')) == "nothing to change\n"
    file.write_text("2027-05-17 Constitution Day\n2027-05-14 bridge\n")
    status, out, _ = shell.run("upkeep")
    assert status == 0
    assert "holidays days.txt: 2027-05-14 bridge" in out
    assert starts(shell) == ["10", "11", "13", "15", "16", "18", "19"]
    assert "holidays" not in shell.run("upkeep")[1]
    # One that can not be read stays as it was.
    file.unlink()
    status, out, _ = shell.run("upkeep")
    assert (status, "failed: holidays days.txt" in out) == (1, True)
    assert starts(shell) == ["10", "11", "13", "15", "16", "18", "19"]
    shell.declare(HOST.format(names=""))
    assert len(starts(shell)) == 9
    assert shell.run("upkeep")[0] == 0


def test_a_dry_run_lays_nothing_down(shell: Shell) -> None:
    (shell.path / "days.txt").write_text("2027-05-17\n")
    said = shell.declare(HOST.format(names='"days.txt"'), "--dry-run")
    assert "holidays days.txt: 1 dates" in said
    assert "olav" in shell.declare(HOST.format(names='"days.txt"'))

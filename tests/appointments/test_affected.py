"""Appointments that stand when the hours of their host change: told of, marked, and kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from horarium.appointments.declared import read_host
from horarium.kernel.instant import parse_instant
from horarium.kernel.period import Period
from tests.appointments.commands import Shell
from tests.appointments.reception import OBJECTS

TALK = """
[service.talk]
by = "bea"
duration = "60m"
"""
BEA = '[appointer.bea]\nname = "Bea"\nmail = "bea@example.org"\nzone = "UTC"\nhours = ["mon-fri 09:00-12:00"]\n'  # noqa: E501
assert BEA in OBJECTS


@pytest.fixture
def shell(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Shell:
    shell = Shell(tmp_path, capsys, TALK)
    for day, time in (("10", "09"), ("10", "11"), ("12", "10")):
        start = f"2027-05-{day}T{time}:00:00Z"
        shell.json("appointment", "book", "talk", start, "--name", "Bob")
    return shell


def changed(keys: str) -> str:
    """The objects with other keys of Bea."""
    return OBJECTS.replace(BEA, f'[appointer.bea]\nmail = "bea@example.org"\n{keys}\n') + TALK


def marked(shell: Shell) -> list[str]:
    found = shell.json("appointment", "list", "--to", "2027-06-01T00:00:00Z")["appointments"]
    assert isinstance(found, list)
    return [item["start"][8:13] for item in found if item["outside_hours"]]


def told(said: str) -> list[str]:
    return [line.split(": ")[1][:25] for line in said.splitlines() if line.startswith("appointm")]


@pytest.mark.parametrize(
    ("keys", "outside"),
    [
        ('zone = "UTC"\nhours = ["mon-fri 09:00-11:30"]', ["10T11"]),
        ('zone = "UTC"\nhours = ["mon-fri 09:00-12:00"]\nholidays = ["2027-05-12"]', ["12T10"]),
        (
            'zone = "UTC"\nhours = ["mon-fri 09:00-12:00"]\n'
            'absences = ["2027-05-10T09:30/2027-05-10T10:00 dentist"]',
            ["10T09"],
        ),
        ('zone = "Europe/Berlin"\nhours = ["mon-fri 09:00-12:00"]', ["10T11", "12T10"]),
        ('zone = "UTC"\nhours = ["mon-fri 08:00-13:00"]', []),
        ('zone = "UTC"\nvalid_blocks = ["09:00-10:00", "11:00-12:00"]', ["12T10"]),
    ],
)
def test_what_lies_outside_is_told_and_marked(shell: Shell, keys: str, outside: list[str]) -> None:
    expected = [f"2027-05-{start}:00:00Z lies" for start in outside]
    dry = shell.declare(changed(keys), "--dry-run")
    assert told(dry) == expected
    assert marked(shell) == []
    assert told(shell.declare(changed(keys))) == expected
    assert marked(shell) == outside
    # It is told once, and nothing is called off.
    assert shell.declare(changed(keys)) == "nothing to change\n"
    found = shell.json("appointment", "list", "--to", "2027-06-01T00:00:00Z")["appointments"]
    assert isinstance(found, list)
    assert [item["state"] for item in found] == ["confirmed"] * 3


def test_the_mark_is_read_by_people_too(shell: Shell) -> None:
    shell.declare(changed('zone = "UTC"\nhours = ["mon 09:00-12:00"]'))
    _, out, _ = shell.run("appointment", "list")
    assert [line.endswith("outside the hours") for line in out.splitlines()] == [False, False, True]


def test_a_renewed_calendar_tells_too(shell: Shell) -> None:
    file = shell.path / "days.txt"
    file.write_text("")
    shell.declare(changed('zone = "UTC"\nhours = ["mon-fri 09:00-12:00"]\nholidays = ["days.txt"]'))
    file.write_text("2027-05-12 closed\n")
    _, out, _ = shell.run("upkeep")
    assert "2027-05-12T10:00:00Z lies outside the hours of bea now; it stays booked" in out


def test_what_is_over_or_called_off_is_not_told(shell: Shell) -> None:
    found = shell.json("appointment", "list")["appointments"]
    assert isinstance(found, list)
    shell.json("appointment", "cancel", found[2]["id"])
    shell.now = "2027-05-10T10:00:00Z"
    said = shell.declare(changed('zone = "UTC"\nhours = ["sun 09:00-12:00"]'))
    assert told(said) == ["2027-05-10T11:00:00Z lies"]


@pytest.mark.parametrize(
    ("start", "end", "inside"),
    [("09:00", "12:00", True), ("08:59", "10:00", False), ("11:00", "12:01", False)],
)
def test_the_hours_hold_what_lies_whole_in_them(start: str, end: str, inside: bool) -> None:
    hours = read_host("bea", {"hours": ["mon-fri 09:00-12:00"]}).hours
    first, last = (parse_instant(f"2027-05-10T{time}:00Z") for time in (start, end))
    assert hours.holds(Period(first, last)) is inside

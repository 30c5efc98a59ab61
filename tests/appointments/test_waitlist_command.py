"""``horarium waitlist``, as somebody at the command line sees it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.appointments.commands import Shell

SERVICE = """
[service.talk]
by = "bea"
"""


@pytest.fixture
def shell(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(tmp_path, capsys, SERVICE)


def test_who_waits_is_listed_in_the_order_of_asking(shell: Shell) -> None:
    assert shell.run("waitlist", "list")[:2] == (1, "nobody waits\n")
    bob = shell.json(
        "waitlist", "add", "talk", "--name", "Bob", "--mail", "Bob@example.net",
        "--to", "2027-05-23T12:00:00Z", "--days", "mon-wed", "--between", "09:00-12:00",
    )  # fmt: skip
    assert (bob["mail"], bob["days"], bob["between"]) == (
        "bob@example.net", "MO-WE", "09:00-12:00",
    )  # fmt: skip
    assert bob["spans"] == [{"start": "2027-05-09T12:00:00Z", "end": "2027-05-23T12:00:00Z"}]
    shell.json("waitlist", "add", "talk", "--mail", "kim@example.net", "--priority", "5")
    found = shell.json("waitlist", "list", "--service", "talk")["waiting"]
    assert isinstance(found, list)
    assert [entry["mail"] for entry in found] == ["kim@example.net", "bob@example.net"]
    status, out, _ = shell.run("waitlist", "list")
    assert status == 0
    assert out.splitlines()[1].endswith("MO-WE  09:00-12:00  Bob")


def test_somebody_is_taken_from_the_list(shell: Shell) -> None:
    entry = shell.json("waitlist", "add", "talk", "--mail", "bob@example.net")
    gone = shell.json("waitlist", "remove", str(entry["id"]))
    assert gone["ended"] == "withdrawn"
    assert shell.json("waitlist", "list", status=1) == {"waiting": []}
    status, _, err = shell.run("waitlist", "remove", "x")
    assert (status, "nobody waits under x" in err) == (1, True)


def test_nobody_waits_twice_for_the_same(shell: Shell) -> None:
    shell.json("waitlist", "add", "talk", "--mail", "bob@example.net")
    status, _, err = shell.run("waitlist", "add", "talk", "--mail", "bob@example.net")
    assert status == 1
    assert "bob@example.net waits for talk already" in err


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("--days", "someday", "--days"),
        ("--between", "morning", "no time of day like"),
        ("--between", "9-25", "--between"),
        ("--to", "2027-05-09T11:00:00Z", "--to must lie after"),
    ],
)
def test_what_is_wrong_is_named(shell: Shell, option: str, value: str, message: str) -> None:
    status, _, err = shell.run("waitlist", "add", "talk", "--mail", "b@example.net", option, value)
    assert status == 64
    assert message in err

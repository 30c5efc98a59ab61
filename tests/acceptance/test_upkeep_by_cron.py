"""The daily task as the administrator sets it up: the lines of the guide, run as they stand."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from horarium.booking.quota import Charge
from horarium.kernel.instant import parse_instant
from horarium.kernel.period import Period
from horarium.store.embedded import EmbeddedEngine
from horarium.store.store import Store

ROOT = Path(__file__).parents[2]
ROOMS = ("room-one@example.com", "room-two@example.com")
ORGANIZER = "paul.boddie@example.com"


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A site with two rooms, each of which holds a weekly series without an end."""
    (tmp_path / "objects").mkdir()
    (tmp_path / "horarium.toml").write_text('zone = "Europe/Oslo"\n')
    rooms = "".join(f'[resource."{room}"]\nzone = "Europe/Oslo"\n' for room in ROOMS)
    (tmp_path / "objects" / "rooms.toml").write_text(rooms)
    for path in (tmp_path / "horarium.toml", tmp_path / "objects" / "rooms.toml"):
        path.chmod(0o600)
    assert horarium(tmp_path, "apply", str(tmp_path / "objects")).returncode == 0
    for room in ROOMS:
        done = horarium(
            tmp_path, "deliver", "-r", room, "--emit", "--now", "2026-11-21T08:00:00Z",
            stdin=weekly(room),
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert b"Accepted" in done.stdout
    return tmp_path


def horarium(site: Path, *arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    program = [sys.executable, "-m", "horarium.cli.entry", *arguments, "--site", str(site)]
    return subprocess.run(program, input=stdin, capture_output=True, check=False)


def weekly(room: str) -> bytes:
    lines = (
        f"From: <{ORGANIZER}>", f"To: <{room}>", f"Message-ID: <{room}.w>", "MIME-Version: 1.0",
        "Subject: Weekly", "Content-Type: text/calendar; method=REQUEST", "",
        "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//client//EN", "METHOD:REQUEST",
        "BEGIN:VEVENT", f"UID:weekly-{room}", "DTSTAMP:20261120T080000Z",
        "DTSTART;TZID=Europe/Oslo:20261201T090000", "DURATION:PT1H", "RRULE:FREQ=WEEKLY",
        f"ORGANIZER:mailto:{ORGANIZER}", f"ATTENDEE:mailto:{room}", "END:VEVENT", "END:VCALENDAR",
        "",
    )  # fmt: skip
    return "\r\n".join(lines).encode()


def laid(site: Path, room: str) -> int:
    """How many occurrences are written into the free/busy of a room."""
    import sqlite3

    with sqlite3.connect(site / "state" / "horarium.db") as connection:
        uid = f"weekly-{room}"
        found = connection.execute("SELECT count(*) FROM booking_period WHERE uid = ?", (uid,))
        return int(found.fetchone()[0])


def test_the_pass_is_done_for_every_resource(site: Path) -> None:
    before = [laid(site, room) for room in ROOMS]
    done = horarium(site, "upkeep", "--json", "--now", "2027-03-01T03:10:00Z")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["extended"] == len(ROOMS)
    assert report["failures"] == []
    after = [laid(site, room) for room in ROOMS]
    assert all(more > less for less, more in zip(before, after, strict=True))
    again = horarium(site, "upkeep", "--json", "--now", "2027-03-01T03:10:00Z")
    assert json.loads(again.stdout)["extended"] == 0
    assert [laid(site, room) for room in ROOMS] == after


def test_passes_at_once_leave_what_one_leaves(site: Path) -> None:
    command = (sys.executable, "-m", "horarium.cli.entry", "upkeep", "--json", "--site", str(site))
    passes = [
        subprocess.Popen(
            [*command, "--now", "2027-03-01T03:10:00Z"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )
        for _ in range(4)
    ]  # fmt: skip
    said = [one.communicate() for one in passes]
    assert [one.returncode for one in passes] == [0] * 4, said
    assert sum(json.loads(out)["extended"] for out, _ in said) == len(ROOMS)
    present = ("--now", "2027-03-01T03:10:00Z")
    checked = horarium(site, "freebusy", "rebuild", "--all", "--json", *present)
    assert json.loads(checked.stdout)["differences"] == []


def test_the_lines_of_the_guide_run(site: Path, tmp_path: Path) -> None:
    """The command of each line, with the site of the test; what cron itself adds is left out."""
    guide = (ROOT / "docs" / "guide" / "upkeep.md").read_text("utf-8")
    commands = re.findall(r"horarium (--site /var/lib/horarium --quiet upkeep)", guide)
    assert len(commands) == 2
    for command in commands:
        arguments = shlex.split(command.replace("/var/lib/horarium", str(site)))
        program = [sys.executable, "-m", "horarium.cli.entry", *arguments]
        done = subprocess.run(
            program, capture_output=True, check=False, env={"PATH": os.defpath}, cwd=tmp_path
        )
        assert done.returncode == 0, done.stderr
        assert done.stderr == b""


def test_the_pass_replenishes_every_quota(site: Path) -> None:
    limits = horarium(site, "quota", "limits", "rooms", stdin=b"* PT10H\n")
    assert limits.returncode == 0, limits.stderr
    charge(site, "rooms", "2026-12-01T08:00:00Z", "2026-12-01T14:00:00Z")
    before = horarium(site, "upkeep", "--json", "--now", "2026-12-01T20:00:00Z")
    assert json.loads(before.stdout)["expired"] == 0
    done = horarium(site, "upkeep", "--json", "--now", "2026-12-02T03:10:00Z")
    assert json.loads(done.stdout)["expired"] == 1
    usage = horarium(site, "quota", "usage", "rooms", "--json")
    assert json.loads(usage.stdout)["usage"] == []


def charge(site: Path, quota: str, start: str, end: str) -> None:
    """Charges an event of the first room to a quota as an acceptance would."""
    engine = EmbeddedEngine(site / "state" / "horarium.db")
    span = Period(parse_instant(start), parse_instant(end))
    one = Charge(quota, ORGANIZER, ORGANIZER, span.start, span)
    Store(engine).transact([], lambda tx: tx.quotas.restate(tx.directory.users()[0].id, "a", [one]))
    engine.close()

"""Hostile mails go through the whole agent: refused for a reason, and the next one is answered."""

from __future__ import annotations

import json
import re
import sqlite3
import subprocess
import sys
from base64 import b64encode
from pathlib import Path

import pytest

from tests.acceptance.hostile_world import ROOM, SENDER, ordinary
from tests.booking.test_imip_hostile import HOSTILE

WORLD = Path(__file__).with_name("hostile_world.py")
RULES = {
    "never": "RRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
    "never, by the hour": "RRULE:FREQ=HOURLY;BYMONTH=2;BYMONTHDAY=30",
    "never, by the second": "RRULE:FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30",
    "ten million": "RRULE:FREQ=SECONDLY;COUNT=10000000",
    "no interval": "RRULE:FREQ=DAILY;INTERVAL=0",
    "long lists": "RRULE:FREQ=YEARLY;BYMONTH=1,2,3,4,5,6,7,8,9,10,11,12;BYHOUR="
    + ",".join(map(str, range(24)))
    + ";BYMINUTE=" + ",".join(map(str, range(60))),
    "one leap day in a while": "RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO;BYSETPOS=-366",
    "many dates": "RDATE:" + ",".join(f"2027{m:02}{d:02}T{h:02}0000Z"
                                      for m in range(1, 13) for d in range(1, 29)
                                      for h in range(8)),
    "far away": "RRULE:FREQ=YEARLY;INTERVAL=9000;BYMONTH=2;BYMONTHDAY=30",
}  # fmt: skip
ZONE = "\r\n".join((
    "BEGIN:VTIMEZONE", "TZID:Bomb", "BEGIN:STANDARD", "DTSTART:19700101T000000",
    "RRULE:FREQ=SECONDLY", "TZOFFSETFROM:+0100", "TZOFFSETTO:+0200", "END:STANDARD",
    "END:VTIMEZONE", "",
))  # fmt: skip
ANSWERED = {f"rule: {name}" for name in RULES} | {"zone"}


def with_rule(number: int, rule: str) -> bytes:
    found = ordinary(5_000 + number).replace(b"UID:plain-", b"UID:bomb-")
    return found.replace(b"DURATION:PT1H", b"DURATION:PT1H\r\n" + rule.encode())


def hostile() -> dict[str, bytes]:
    mails = {name: data for name, (data, _) in HOSTILE.items()}
    mails |= {f"rule: {name}": with_rule(n, rule) for n, (name, rule) in enumerate(RULES.items())}
    zoned = with_rule(99, "X-ZONE:1").replace(b"BEGIN:VEVENT", ZONE.encode() + b"BEGIN:VEVENT")
    mails["zone"] = zoned.replace(b"DTSTART:", b"DTSTART;TZID=Bomb:").replace(
        b"Z\r\nDURATION", b"\r\nDURATION"
    )
    return {
        name: re.sub(rb"(?i)message-id: <", b"Message-ID: <c%d." % number, data, count=1)
        for number, (name, data) in enumerate(mails.items())
    }


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, object]]:
    database = tmp_path_factory.mktemp("hostile") / "horarium.db"
    root = WORLD.parents[2]
    mails = {name: b64encode(data).decode() for name, data in hostile().items()}
    done = subprocess.run(
        [sys.executable, str(WORLD), str(database)],
        input=json.dumps(mails).encode(), capture_output=True, cwd=root,
        env={"PYTHONPATH": f"{root / 'src'}:{root}", "PATH": "/usr/bin:/bin"}, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr.decode()[-2_000:]
    return database, json.loads(done.stdout)


def test_each_is_settled_soon_and_the_next_one_is_answered(played) -> None:  # type: ignore[no-untyped-def]
    for case in played[1]["found"]:
        assert case["status"] == "handled", case
        assert case["passes"] < 4_000, case
        assert case["after"] == "ACCEPTED", case


def test_none_is_lost_from_the_ledger(played) -> None:  # type: ignore[no-untyped-def]
    for case in played[1]["found"]:
        assert case["rows"] == 1, case
    received = 1 + 2 * len(played[1]["found"])
    assert sum(played[1]["counts"].values()) == received


def test_a_rule_that_is_a_bomb_is_answered_and_books_nothing(played) -> None:  # type: ignore[no-untyped-def]
    by_name = {case["name"]: case for case in played[1]["found"]}
    for name in ANSWERED:
        assert by_name[name]["mails"] == 1, by_name[name]
        if name != "zone":
            assert by_name[name]["text"] == "DECLINED", by_name[name]


def test_the_database_is_whole_afterwards(played) -> None:  # type: ignore[no-untyped-def]
    with sqlite3.connect(played[0]) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []


__all__ = ["ROOM", "SENDER"]

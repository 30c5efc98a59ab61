"""What a script sees: statuses, documents and options around one invitation."""

from __future__ import annotations

import json
import mailbox
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOM = "resource-room-confroom@example.com"
NOW = "2026-03-02T08:00:00Z"
PROGRAM = [sys.executable, "-m", "horarium.cli.entry"]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example site, with one booking of ROOM on 3 March 2026 at 9:00 in Oslo."""
    folder = tmp_path_factory.mktemp("example") / "site"
    assert run("--site", str(folder), "init", "--example").returncode == 0
    assert run("apply", str(folder / "objects"), "--site", str(folder)).returncode == 0
    done = deliver(folder, "booked", "--emit", "--now", NOW)
    assert done.returncode == 0, done.stderr
    return folder


def run(*arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([*PROGRAM, *arguments], input=stdin, capture_output=True, check=False)


def deliver(
    site: Path, uid: str, *arguments: str, to: str = ROOM
) -> subprocess.CompletedProcess[bytes]:
    return run("deliver", "-r", to, "--site", str(site), *arguments, stdin=invitation(uid))


def invitation(uid: str) -> bytes:
    lines = (
        "From: <vincent.vole@example.com>", f"To: <{ROOM}>", f"Message-ID: <{uid}@client.example>",
        "Subject: Budget", "MIME-Version: 1.0", "Content-Type: text/calendar; method=REQUEST", "",
        "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//client//EN", "METHOD:REQUEST",
        "BEGIN:VEVENT", f"UID:{uid}", "DTSTAMP:20260301T080000Z",
        "DTSTART;TZID=Europe/Oslo:20260303T090000", "DURATION:PT1H", "SUMMARY:Budget",
        "ORGANIZER:mailto:vincent.vole@example.com", f"ATTENDEE:mailto:{ROOM}", "END:VEVENT",
        "END:VCALENDAR", "",
    )  # fmt: skip
    return "\r\n".join(lines).encode()


def document(*arguments: str, status: int = 0) -> dict[str, object]:
    done = run(*arguments, "--json")
    assert done.returncode == status, done.stderr
    found = json.loads(done.stdout)
    assert isinstance(found, dict)
    return found


def test_the_mails_are_an_mbox_with_their_envelopes(site: Path, tmp_path: Path) -> None:
    done = deliver(site, "again", "--emit", "--now", NOW)
    assert done.returncode == 0
    (tmp_path / "box").write_bytes(done.stdout)
    (mail,) = mailbox.mbox(tmp_path / "box")
    assert mail["X-Envelope-To"] == "vincent.vole@example.com"
    assert mail["X-Horarium-Delivery"] == "send"
    assert mail["Subject"].startswith("Declined")


def dry_run(site: Path, message: bytes, *arguments: str) -> tuple[int, dict[str, object]]:
    where = ("--site", str(site), "--now", NOW, "--json")
    done = run("booking", "dry-run", "-r", ROOM, *where, *arguments, stdin=message)
    found = json.loads(done.stdout)
    assert isinstance(found, dict)
    return done.returncode, found


def test_a_dry_run_says_what_delivery_would_do_and_leaves_no_trace(site: Path) -> None:
    before = run("booking", "list", "--site", str(site)).stdout
    ledger = run("mail", "log", "--site", str(site)).stdout
    free = invitation("free").replace(b"0303T09", b"0303T11")
    for _ in range(2):
        status, found = dry_run(site, free)
        (event,) = found["events"]  # type: ignore[misc]
        assert (status, found["state"], event["outcome"]) == (0, "decided", "ACCEPTED")
        assert "\r\nSubject: Accepted: Budget" in event["answers"][0]["content"]
        assert event["steps"]
    status, found = dry_run(site, invitation("taken"))
    (event,) = found["events"]  # type: ignore[misc]
    assert (status, event["outcome"], event["reason"]) == (1, "DECLINED", "conflict")
    status, found = dry_run(site, b"Subject: no invitation\r\n\r\nhello\r\n")
    assert (status, found["state"], found["events"]) == (1, "quarantined", [])
    assert dry_run(site, free, "-s", "<>")[1]["state"] == "report"
    assert run("booking", "list", "--site", str(site)).stdout == before
    assert run("mail", "log", "--site", str(site)).stdout == ledger


def test_what_is_asked_in_json_has_the_promised_shape(site: Path) -> None:
    where = ("--site", str(site), "--now", NOW)
    span = ("--from", "2026-03-03 08:00", "--to", "2026-03-03 12:00")
    at = {"start": "2026-03-03T08:00:00Z", "end": "2026-03-03T09:00:00Z"}
    busy = {**at, "uid": "booked", "recurrence_id": None, "type": "BUSY"}
    assert document(*where, "freebusy", "show", ROOM, *span) == {"resource": ROOM, "busy": [busy]}
    opened = document("open", ROOM, *span, *where)
    assert opened["open"] == [
        {"start": "2026-03-03T07:00:00Z", "end": at["start"]},
        {"start": at["end"], "end": "2026-03-03T11:00:00Z"},
    ]
    following = document("next", ROOM, *where)["next"]
    assert [entry["at"] for entry in following] == [at["start"]]  # type: ignore[attr-defined]
    assert set(document("why", ROOM, "booked", *where)) >= {"id", "verdict", "steps"}
    explained = document("booking", "explain", "booked", *where)
    assert (explained["uid"], explained["resource"], explained["outcome"]) == (
        "booked", ROOM, "ACCEPTED",
    )  # fmt: skip
    entries = document("agenda", *span, *where)["entries"]
    assert [entry["id"] for entry in entries] == [ROOM]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("arguments", "status", "kind"),
    [
        (("booking", "explain", "nothing"), 1, "not_found"),
        (("next", "nobody@example.com"), 1, "not_found"),
        (("upkeep", "--now", "garbage"), 64, "usage"),
        (("no-such-command",), 64, "usage"),
        (("deliver", "--no-such-option"), 64, "usage"),
        (("deliver", "--outgoing", "-r", "nobody@example.com"), 67, "no_user"),
        (("apply", "/no/such/file"), 66, "no_input"),
        (("deliver", "-r", "nobody@example.com"), 67, "no_user"),
    ],
)
def test_errors_have_a_status_and_a_document(
    site: Path, arguments: tuple[str, ...], status: int, kind: str
) -> None:
    error = document("--site", str(site), *arguments, status=status)["error"]
    assert isinstance(error, dict)
    assert error["kind"] == kind
    assert set(error) == {"kind", "message", "file", "line"}


def test_a_delivery_in_json_says_what_became_of_it(site: Path) -> None:
    done = deliver(site, "third", "--json", "--now", NOW)
    assert json.loads(done.stdout) == {"handled": [f"{ROOM}: DECLINED"]}


def test_bad_files_are_named_with_their_line(site: Path, tmp_path: Path) -> None:
    faulty = tmp_path / "faulty.toml"
    faulty.write_text('[resource."a@example.com"]\n\nmin_notic = "1h"\n')
    error = document("apply", str(faulty), "--site", str(site), status=65)["error"]
    assert isinstance(error, dict)
    assert (error["file"], error["line"]) == (str(faulty), 3)
    assert "min_notice" in str(error["message"])
    absent = document("upkeep", "--site", str(tmp_path / "none"), status=78)["error"]
    assert isinstance(absent, dict)
    assert absent["kind"] == "settings"


def test_what_cannot_be_stored_is_tried_again(site: Path, tmp_path: Path) -> None:
    done = deliver(tmp_path / "none", "lost")
    assert done.returncode == 75
    assert b"horarium.toml" in done.stderr


def test_a_decision_and_a_resource_are_drawn(site: Path) -> None:
    drawn = run("booking", "explain", "booked", "--svg", "--site", str(site)).stdout.decode()
    assert drawn.startswith("<svg ")
    assert "booked at " + ROOM in drawn
    assert 'class="edge taken"' in drawn
    found = document("resource", "explain", ROOM, "--site", str(site), "--dot")
    assert str(found["dot"]).startswith("digraph scheduling_decisions {")
    functions = document("resource", "explain", ROOM, "--site", str(site))["functions"]
    assert isinstance(functions, list)
    assert functions[0]["data"] == "Free/busy"
    assert "Can schedule in free/busy?" in run(
        "resource", "explain", ROOM, "--site", str(site)
    ).stdout.decode()  # fmt: skip


def test_what_was_decided_is_decided_again(site: Path, tmp_path: Path) -> None:
    assert document("booking", "replay", "--site", str(site))["differences"] == []
    explained = document("booking", "explain", "booked", "--site", str(site))
    replay = explained["replay"]
    assert isinstance(replay, dict)
    assert (replay["same"], replay["outcome"]) == (True, "ACCEPTED")
    copy = tmp_path / "site"
    shutil.copytree(site, copy)
    assert run("resource", "set", ROOM, "max_duration", "PT5M", "--site", str(copy)).returncode == 0
    found = document("booking", "replay", "--site", str(copy), status=1)
    by_uid = {item["uid"]: item for item in found["differences"]}  # type: ignore[attr-defined]
    difference = by_uid["booked"]
    assert difference["then"] == {"outcome": "ACCEPTED", "reason": None}
    assert difference["now"] == {"outcome": "DECLINED", "reason": "max_duration"}
    assert difference["same_policy"] is False
    said = run("booking", "explain", "booked", "--site", str(copy))
    assert said.returncode == 0
    assert b"decided again: DECLINED max_duration, the policy was changed" in said.stdout
    nobody = run("booking", "replay", "--resource", "nobody@example.com", "--site", str(site))
    assert nobody.returncode == 1
    later = document("booking", "replay", "--since", "2026-03-03", "--site", str(site))
    assert later == {"decisions": 0, "differences": []}


def test_what_an_import_leaves_out_is_named_with_its_line(site: Path, tmp_path: Path) -> None:
    good = invitation("imported").split(b"\r\n\r\n", 1)[1].replace(b"METHOD:REQUEST\r\n", b"")
    bad = good.replace(b"UID:imported", b"UID:broken").replace(b"PT1H", b"nonsense")
    (tmp_path / "good.ics").write_bytes(good.replace(b"20260303", b"20260310"))
    (tmp_path / "bad.ics").write_bytes(bad)
    (tmp_path / "odd.ics").write_bytes(b"hello")
    files = [str(tmp_path / name) for name in ("bad.ics", "odd.ics", "good.ics")]
    done = run("import", "ics", ROOM, *files, "--site", str(site))
    said = done.stdout.decode()
    assert done.returncode == 65
    assert f"{files[0]}:4: broken: " in said
    assert f"{files[1]}: calendar: " in said
    assert "taken over 1, known already 0" in said
    again = document("import", "ics", ROOM, files[2], "--site", str(site))
    assert again["known"] == ["imported"]


def test_a_free_room_is_found_and_the_others_say_why_not(site: Path) -> None:
    """The example's conference room is booked from 9 to 10; nobody has a hall for a thousand."""
    asked = (
        "resource", "find", "--site", str(site), "--now", NOW, "--from", "2026-03-03 09:30",
        "--to", "2026-03-03 10:30",
    )  # fmt: skip
    found = document(*asked)
    assert (found["start"], found["end"]) == ("2026-03-03T08:30:00Z", "2026-03-03T09:30:00Z")
    others = {item["id"]: item["against"] for item in found["others"]}  # type: ignore[attr-defined]
    assert [step["reason"] for step in others[ROOM]] == ["conflict"]
    free = [item["id"] for item in found["free"]]  # type: ignore[attr-defined]
    assert free
    assert ROOM not in free
    text = run(*asked).stdout.decode()
    assert text.startswith(f"{len(free)} free\n")
    assert f"{ROOM}  conflict" in text
    nothing = document(*asked, "--capacity", "1000", status=1)
    assert nothing["free"] == []
    assert document(*asked[:-2], "--to", "2026-03-03 09:30", status=64)["error"]
    assert document(*asked, "--organizer", "nobody", status=64)["error"]

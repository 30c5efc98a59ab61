"""``horarium directives``, ``verify-firings`` and ``reload --wait``: a timetable at work."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from horarium.cli.entry import main
from horarium.kernel.instant import Instant, format_instant, parse_instant
from horarium.runtime.activation import bring_in_upkeep
from horarium.runtime.clock import SystemClock
from horarium.runtime.settings import load_settings
from horarium.runtime.site import Site
from horarium.runtime.wiring import open_store
from horarium.store.engine import Key
from horarium.store.firings import Beginning
from horarium.store.store import Transaction

PROGRAM = [sys.executable, "-m", "horarium.cli.entry"]
CONTROL = b"""\
; what this office does
Exec bin/note every P.01:00
[2]Exec bin/note slave P.01:00
Hold 2:5030/* 11:00-23:00
Exec bin/broken 3:15
Set DESK=open 8:00
"""
DECLARED = """\
[directive."backup"]
run = ["bin/note", "backup"]
schedule = { type = "daily", start = "02:30" }
"""
NOTE = """\
#!/bin/sh
echo "noted $1"
echo "$1 $HORARIUM_RUN_ID $HORARIUM_ENTRY" >> "$(dirname "$0")/../noted"
"""


@dataclass
class Office:
    """A site, and the way to ask it."""

    root: Path
    capture: pytest.CaptureFixture[str]

    def ask(self, *arguments: str) -> tuple[int, str, str]:
        status = main([*arguments, "--site", str(self.root)])
        said = self.capture.readouterr()
        return status, said.out, said.err

    def document(self, *arguments: str, status: int = 0) -> Any:
        found, out, err = self.ask(*arguments, "--json")
        assert found == status, out + err
        return json.loads(out)

    def rows(self) -> Any:
        return json.loads(self.ask("directives", "status", "--json")[1])["last"]

    @property
    def control(self) -> Path:
        return self.root / "events.ctl"

    @property
    def noted(self) -> list[str]:
        file = self.root / "noted"
        return file.read_text().splitlines() if file.exists() else []


@pytest.fixture
def office(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Office:
    """A site with a control file and a declared directive, of which nothing is in force yet."""
    tmp_path.chmod(0o755)
    found = Office(tmp_path / "site", capsys)
    assert found.ask("init")[0] == 0
    found.root.chmod(0o755)
    with (found.root / "horarium.toml").open("a") as settings:
        settings.write('\n[directives]\naddress = "2:5030/15"\nvariables = ["DESK"]\n')
    (found.root / "bin").mkdir(mode=0o755)
    note = found.root / "bin" / "note"
    note.write_text(NOTE)
    note.chmod(0o755)
    found.control.write_bytes(CONTROL)
    found.control.chmod(0o644)
    (found.root / "objects" / "directives.toml").write_text(DECLARED)
    return found


@pytest.fixture
def active(office: Office) -> Office:
    """The same, brought into force, with task 1 having done what was due."""
    assert office.ask("apply", str(office.root / "objects"))[0] == 0
    assert office.ask("directives", "run", "--once")[0] == 0
    return office


@pytest.fixture
def served(office: Office) -> Iterator[Office]:
    """The same site, served by a daemon of its own."""
    assert office.ask("apply", str(office.root / "objects"))[0] == 0
    command = [*PROGRAM, "serve", "--only", "directives", "--site", str(office.root)]
    with subprocess.Popen(command, stderr=subprocess.PIPE) as daemon:
        try:
            until(lambda: len(office.noted) == 2)
            until(lambda: [row["state"] for row in office.rows()] == ["finished"] * 2)
            yield office
        finally:
            daemon.send_signal(signal.SIGTERM)
            assert daemon.wait(20) == 0


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.05)


def later(instant: str, seconds: int) -> str:
    return format_instant(Instant(parse_instant(instant) + seconds))


# --- nothing in force -------------------------------------------------------------


def test_commands_that_read_make_no_store(office: Office) -> None:
    state = office.root / "state"
    assert office.ask("directives", "status")[0] == 1
    assert office.ask("directives", "explain", "2")[0] == 1
    assert office.ask("directives", "export")[0] == 1
    assert office.ask("directives", "import", str(office.control))[0] == 0
    assert office.ask("directives", "next")[0] == 0
    assert office.ask("verify-firings")[0] == 1
    assert not (state / "horarium.db").exists()
    office.control.unlink()
    assert office.ask("directives", "status")[0] == 0


def test_check_also_says_what_can_hardly_be_meant(office: Office) -> None:
    office.control.write_bytes(CONTROL + b"Exec bin/broken 3:15\n")
    warnings = office.document("directives", "check")["warnings"]
    assert {
        "line": 7, "column": 1, "message": "says the same as line 5: it is done twice",
    } in warnings  # fmt: skip
    with (office.root / "horarium.toml").open("a") as settings:
        settings.write("tasks = [1]\n")
    _, _, err = office.ask("directives", "check")
    assert "events.ctl:3:1: no running task has the number 2: the line does nothing" in err


# --- what is in force -------------------------------------------------------------


def test_what_is_foreseen_keeps_the_grid_that_the_daemon_keeps(active: Office) -> None:
    told = active.document("directives", "explain", "2")
    anchor = told["anchor"]
    runs = active.document(
        "directives", "next", "--entry", "2", "--from", later(anchor, 1800), "--to",
        later(anchor, 4 * 3600), "--now", later(anchor, 60),
    )["runs"]  # fmt: skip
    assert [run["at"] for run in runs] == [later(anchor, 3600 * k) for k in (1, 2, 3)]
    # A line that was never in force counts from --from.
    other = active.root.parent / "other.ctl"
    other.write_bytes(b"Exec bin/note other P.01:00\n" + CONTROL)
    runs = active.document(
        "directives", "next", str(other), "--from", later(anchor, 1800), "--to",
        later(anchor, 3700), "--now", later(anchor, 60),
    )["runs"]  # fmt: skip
    assert [(run["line"], run["at"]) for run in runs if "P.01" in run["text"]] == [
        (1, later(anchor, 1800)), (3, later(anchor, 3600)), (4, later(anchor, 3600)),
    ]  # fmt: skip


def test_declared_directives_are_foreseen_by_name(active: Office) -> None:
    (run,) = active.document("directives", "next", "--entry", "backup")["runs"]
    assert (run["line"], run["name"], run["task"]) == (None, "backup", 1)
    status, _, err = active.ask("directives", "next", "--entry", "bakup")
    assert (status, "did you mean" in err) == (1, True)


def test_what_is_owed_comes_first(active: Office) -> None:
    anchor = active.document("directives", "explain", "2")["anchor"]
    now = later(anchor, 3 * 3600 + 600)
    told = active.document("directives", "explain", "2", "--now", now)
    following = told["next"]
    assert (following["at"], following["due"]) == (now, later(anchor, 3 * 3600))
    assert (following["reason"], told["served"]) == ("late", False)
    runs = active.document("directives", "next", "--entry", "2", "--to", "+1h", "--now", now)
    assert [run["at"] for run in runs["runs"]] == [now, later(anchor, 4 * 3600)]


def test_status_is_one_screen_and_ends_in_1_while_nobody_serves(active: Office) -> None:
    found = active.document("directives", "status", status=1)
    tasks = {task["task"]: task for task in found["tasks"]}
    assert {number: task["role"] for number, task in tasks.items()} == {1: "Master", 2: "Slave"}
    assert [task["served"] for task in tasks.values()] == [False, False]
    assert found["file"]["directives"] == 5
    assert [row["state"] for row in found["last"]] == ["finished"]
    assert found["last_day"] == [
        {"state": "finished", "reason": "on_time", "rows": 1, "moments": 1}
    ]
    assert found["violations"] == []
    text = active.ask("directives", "status")[1]
    assert "wrong in the last day: nothing" in text
    assert "nobody ever worked for it" in text


def test_an_entry_is_explained_by_line_name_and_key(active: Office) -> None:
    by_line = active.document("directives", "explain", "2")
    key = by_line["key"]
    assert active.document("directives", "explain", key[:8])["line"] == 2
    assert active.document("directives", "explain", key)["line"] == 2
    assert active.document("directives", "explain", "backup")["name"] == "backup"
    assert active.document("directives", "explain", "4")["text"] == "Hold 2:5030/* 11:00-23:00"
    assert active.ask("directives", "explain", "77")[0] == 1


def test_why_a_moment_did_not_become_a_run(active: Office) -> None:
    told = active.document("directives", "explain", "2", "--at", "-1h")
    assert told["moment"]["verdict"] == "not run"
    anchor = told["anchor"]
    moment = active.document("directives", "explain", "2", "--at", anchor)["moment"]
    assert (moment["verdict"], len(moment["rows"])) == ("ran", 1)
    ahead = active.document("directives", "explain", "2", "--at", later(anchor, 3600))["moment"]
    assert ahead["verdict"] == "to come"


def test_what_a_task_was_doing_meanwhile_is_told(office: Office) -> None:
    office.control.write_bytes(b"Exec /bin/sleep 2 P.01:00\nExec bin/note second P.01:00\n")
    assert office.ask("directives", "run", "--once")[0] == 0
    told = office.document("directives", "explain", "2")
    assert told["last"]["late"] >= 2
    assert [one["ran"] for one in told["occupied"]] == ["Exec /bin/sleep 2 P.01:00"]
    assert "task 1 ran 1  Exec /bin/sleep 2 P.01:00" in office.ask("directives", "explain", "2")[1]
    assert office.document("verify-firings")["verdicts"] == []


def test_the_doctor_names_what_is_not_well_with_the_timetable(active: Office) -> None:
    active.ask("directives", "run", "5")
    active.control.write_bytes(b"Exec bin/note x 25:00\n")
    assert active.ask("directives", "run", "--once")[0] == 0
    findings = json.loads(active.ask("doctor", "--json")[1])["findings"]
    found = [(f["state"], f["found"]) for f in findings if f["part"] == "directives"]
    assert found == [
        ("fail", f"{active.control} is refused; errors: 1"),
        ("warn", "nobody works for task 1, task 2"),
        ("warn", "failed runs of the last day: 1"),
    ]


def test_evidence_that_can_not_be_read_is_named_with_its_line(active: Office) -> None:
    evidence = active.root.parent / "evidence"
    evidence.write_text("r e 1 2 3 b\nr e now 2 3 b\n")
    status, _, err = active.ask("verify-firings", "--evidence", str(evidence))
    assert (status, err.startswith(f"{evidence}:2:1: expected seconds")) == (65, True)
    assert active.ask("verify-firings", "--evidence", str(active.root / "none"))[0] == 66


# --- by hand ------------------------------------------------------------------------


def test_a_run_by_hand_leaves_the_grid_alone(active: Office) -> None:
    before = active.document("directives", "explain", "2")
    row = active.document("directives", "run", "2")
    assert (row["kind"], row["state"], row["output"]) == ("manual", "finished", "noted every\n")
    assert [line.split()[0] for line in active.noted] == ["every", "every"]
    after = active.document("directives", "explain", "2")
    for key in ("anchor", "decided_until", "next"):
        assert after[key] == before[key]
    assert active.document("verify-firings")["verdicts"] == []


def test_a_run_by_hand_that_fails_ends_in_1(active: Office) -> None:
    row = active.document("directives", "run", "5", status=1)
    assert (row["state"], row["reason"]) == ("failed", "not found")


def test_a_variable_is_set_by_hand(active: Office) -> None:
    assert active.document("directives", "run", "6")["state"] == "finished"
    site = Site(active.root)
    settings = load_settings(site, {})
    store = open_store(site, settings, SystemClock())
    assert store.read(lambda tx: tx.firings.variables()) == {"DESK": "open"}
    store.close()


def test_two_runs_of_one_entry_never_overlap(active: Office) -> None:
    site = Site(active.root)
    store = open_store(site, load_settings(site, {}), SystemClock())
    now = SystemClock().now()

    def begin(tx: Transaction) -> None:
        timer = next(t for t in tx.timers.standing() if t.line == 2)
        run = Beginning(now, now, 0, "manual")
        assert tx.firings.begin(timer, run, "manual", None, now)

    store.transact([Key(store.tenant, "task", "1")], begin)
    store.close()
    status, _, err = active.ask("directives", "run", "2")
    assert (status, "has not ended" in err) == (1, True)
    assert active.document("directives", "run", "backup")["state"] == "finished"


def test_the_daily_pass_by_hand_stands_in_the_ledger(active: Office) -> None:
    site = Site(active.root)
    settings = load_settings(site, {})
    store = open_store(site, settings, SystemClock())
    bring_in_upkeep(store, settings, SystemClock().now())
    store.close()
    before = active.document("directives", "explain", "upkeep")
    assert active.ask("upkeep")[0] == 0
    last = active.document("directives", "status", status=1)["upkeep"]["last"]
    assert (last["kind"], last["state"], last["name"]) == ("manual", "finished", "upkeep")
    assert active.document("directives", "explain", "upkeep")["next"] == before["next"]


# --- files ----------------------------------------------------------------------------


def test_what_is_in_force_comes_back_byte_for_byte(active: Office) -> None:
    odd = b"; \x8f\xe0\xa8\xa2\xa5\xe2\r\n  Exec  bin/note   twice 4:00 ; x\r\n\x1aafter the end"
    active.control.write_bytes(odd)
    assert active.ask("directives", "run", "--once")[0] == 0
    done = subprocess.run(
        [*PROGRAM, "directives", "export", "--site", str(active.root)],
        capture_output=True, check=True,
    )  # fmt: skip
    assert done.stdout == odd


def test_entries_are_exported_for_other_programs(active: Office) -> None:
    found = active.document("directives", "export", "--format", "json")["entries"]
    assert [(e["line"], e["name"]) for e in found] == [
        (2, None), (5, None), (6, None), (None, "backup"), (3, None),
    ]  # fmt: skip
    calendar = active.ask("directives", "export", "--format", "ical")[1]
    assert calendar.count("BEGIN:VEVENT") == 5


def test_an_import_changes_what_differs_and_keeps_the_other_anchors(active: Office) -> None:
    anchor = active.document("directives", "explain", "2")["anchor"]
    new = active.root.parent / "new.ctl"
    new.write_bytes(CONTROL.replace(b"slave P.01:00", b"slave P.02:00"))
    found = active.document("directives", "import", str(new))
    assert [line["text"] for line in found["new"]] == ["[2]Exec bin/note slave P.02:00"]
    assert [line["text"] for line in found["gone"]] == ["[2]Exec bin/note slave P.01:00"]
    assert found["unchanged"][0]["anchor"] == anchor
    assert (found["applied"], active.control.read_bytes()) == (False, CONTROL)
    assert active.document("directives", "import", str(new), "--apply")["applied"]
    assert active.control.read_bytes() == new.read_bytes()
    assert active.control.stat().st_mode & 0o777 == 0o644
    assert active.document("directives", "explain", "2")["anchor"] == anchor
    assert active.document("directives", "explain", "3")["schedule"].startswith("periodic 02:00")


def test_an_import_never_overwrites_what_is_not_in_force(active: Office) -> None:
    new = active.root.parent / "new.ctl"
    new.write_bytes(b"Exec bin/note new 5:00\n")
    edited = CONTROL + b"; an edit that took no effect yet\n"
    active.control.write_bytes(edited)
    status, _, err = active.ask("directives", "import", str(new), "--apply")
    assert (status, "says something else than what is in force" in err) == (1, True)
    assert active.control.read_bytes() == edited
    assert sorted(p.name for p in active.root.iterdir() if p.name.startswith(".")) == []


def test_an_import_that_is_invalid_on_this_site_changes_nothing(active: Office) -> None:
    elsewhere = active.root.parent / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "nodes").write_bytes(b"2:5030/7\n")
    (elsewhere / "events.ctl").write_bytes(b"Hold @nodes 1:00-2:00\n")
    assert active.ask("directives", "import", str(elsewhere / "events.ctl"))[0] == 0
    status, _, err = active.ask("directives", "import", str(elsewhere / "events.ctl"), "--apply")
    assert (status, f"{active.control}:1:6: there is no file nodes" in err) == (65, True)
    assert active.control.read_bytes() == CONTROL


def test_a_crontab_becomes_lines_or_is_refused_with_every_reason(active: Office) -> None:
    crontab = active.root.parent / "crontab"
    crontab.write_text("15 3 * * 1 /usr/bin/true\n*/5 * * * * /usr/bin/true\n")
    found = active.document("directives", "import", str(crontab), "--format", "crontab")
    assert found["lines"] == ["Exec /usr/bin/true 1.3:15", "Exec /usr/bin/true P.00:05"]
    assert len(found["warnings"]) == 1
    crontab.write_text("15 3 1 * * /usr/bin/true\n0 4 * * * a | b\n")
    status, _, err = active.ask("directives", "import", str(crontab), "--format", "crontab")
    assert (status, [line.split(":")[1] for line in err.splitlines()]) == (65, ["1", "2"])


# --- with a daemon ----------------------------------------------------------------------


def test_a_daemon_runs_by_hand_reloads_and_refuses(served: Office) -> None:
    row = served.document("directives", "run", "3")
    assert (row["state"], row["task"], row["output"]) == ("finished", 2, "noted slave\n")
    assert served.document("directives", "status")["refused"] is None
    served.control.write_bytes(CONTROL + b"Exec bin/note x 25:00\n")
    status, _, err = served.ask("reload", "--wait")
    assert (status, err.startswith(f"{served.control}:7:17: expected a time of day")) == (65, True)
    refused = served.document("directives", "status", status=1)["refused"]
    assert [error["line"] for error in refused["errors"]] == [7]
    served.control.write_bytes(CONTROL + b"Exec bin/note x 5:00\n")
    assert served.ask("reload", "--wait")[0] == 0
    assert served.document("directives", "explain", "7")["text"] == "Exec bin/note x 5:00"
    assert served.document("verify-firings")["verdicts"] == []


def test_a_task_has_one_daemon(served: Office) -> None:
    status, _, err = served.ask("directives", "run", "--task", "2", "--once")
    assert (status, "another process serves task-2" in err) == (1, True)


def test_a_run_that_the_daemon_never_wrote_is_found_by_what_programs_say(served: Office) -> None:
    last = served.document("directives", "explain", "2")["last"]
    _, run, entry = next(line for line in served.noted if line.startswith("every")).split()
    began, evidence = last["started"], served.root.parent / "evidence"
    once = f"{run} {entry} {began} - 7 boot\n{run} {entry} {began} {began} 7 boot\n"
    evidence.write_text(once)
    until(lambda: SystemClock().now() > parse_instant(began) + 6)
    arguments = ("verify-firings", "--evidence", str(evidence))
    assert served.document(*arguments)["verdicts"] == []
    again = later(began, 4)
    evidence.write_text(once + f"{run}9 {entry} {again} {again} 8 boot\n")
    found = served.document(*arguments, status=1)["verdicts"]
    assert [verdict["verdict"] for verdict in found] == ["extra"]


def test_the_daemon_of_one_task_ends_with_the_status_of_an_exit(office: Office) -> None:
    office.control.write_bytes(b"Exec bin/note before P.01:00\nExit 9 P.01:00\n")
    assert office.ask("directives", "run")[0] == 9
    assert [line.split()[0] for line in office.noted] == ["before"]
    assert [row["status"] for row in office.rows()] == [9, 0]


def test_the_daemon_of_one_task_stops_in_order(office: Office) -> None:
    command = [*PROGRAM, "directives", "run", "--task", "2", "--site", str(office.root)]
    with subprocess.Popen(command, stderr=subprocess.PIPE) as daemon:
        until(lambda: [line.split()[0] for line in office.noted] == ["slave"])
        assert (
            office.document("directives", "status", status=1)["tasks"][1]["process"] == daemon.pid
        )
        os.kill(daemon.pid, signal.SIGTERM)
        assert daemon.wait(20) == 0
    assert [row["state"] for row in office.rows()] == ["finished"]

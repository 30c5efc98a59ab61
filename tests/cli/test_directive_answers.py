"""The answers about directives have the shapes that scripts hold on to."""

from __future__ import annotations

import json
import time
from pathlib import Path

import icalendar
import pytest

from horarium.cli.entry import main
from horarium.kernel.instant import format_instant, parse_instant

FILE = "Exec true P.01:00\nHold All 11:00-23:00\nCritical Exec false 3:30\n"


@pytest.fixture
def site(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """A site whose tasks have looked once."""
    (tmp_path / "horarium.toml").write_text('zone = "Europe/Oslo"\n')
    (tmp_path / "events.ctl").write_text(FILE)
    assert main(["--site", str(tmp_path), "directives", "run", "--once"]) == 0
    capsys.readouterr()
    return str(tmp_path)


def ask(site: str, capsys: pytest.CaptureFixture[str], *words: str) -> object:
    assert main(["--site", site, *words, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_next(site: str, capsys: pytest.CaptureFixture[str]) -> None:
    first, second = ask(site, capsys, "next", "events.ctl:1", "upkeep", "--count", "2")
    assert (first["id"], first["kind"], len(first["next"])) == ("events.ctl:1", "directive", 2)
    assert first["next"][0].keys() == {"at", "end", "what"}
    assert first["next"][0]["what"] == "Exec true P.01:00"
    one, two = (parse_instant(item["at"]) for item in first["next"])
    assert two - one == 3600
    assert (second["id"], second["kind"]) == ("upkeep", "upkeep")


def test_open(site: str, capsys: pytest.CaptureFixture[str]) -> None:
    window = ("--from", "2026-12-01 00:00", "--to", "2026-12-02 00:00")
    assert ask(site, capsys, "open", "events.ctl:2", *window) == {
        "id": "events.ctl:2",
        "kind": "directive",
        "open": [{"start": "2026-12-01T10:00:00Z", "end": "2026-12-01T22:01:00Z"}],
    }


def test_why(site: str, capsys: pytest.CaptureFixture[str]) -> None:
    found = ask(site, capsys, "why", "events.ctl:1")
    assert isinstance(found, dict)
    assert found.keys() == {"id", "verdict", "steps"}
    assert found["verdict"] == "ran"
    assert [s["gate"] for s in found["steps"]] == ["in force", "schedule", "ledger"]
    assert all(s.keys() == {"gate", "verdict", "reason", "evidence"} for s in found["steps"])
    held = ask(site, capsys, "why", "events.ctl:2", "--at", "2026-12-01 12:00")
    assert isinstance(held, dict)
    assert (held["verdict"], held["steps"][0]["evidence"]["until"]) == (
        "open", "2026-12-01T22:01:00Z",
    )  # fmt: skip


def test_agenda(site: str, capsys: pytest.CaptureFixture[str]) -> None:
    # One range for both questions, whose edges are far from the hourly dues: these are counted
    # from the second in which the site was made, which is now.
    here = int(time.time())
    start, end = format_instant(here - 60), format_instant(here + 47 * 3600 + 1800)
    window = ("--from", start, "--to", end, "--kind", "directive")
    found = ask(site, capsys, "agenda", *window)
    assert isinstance(found, dict)
    entries = found["entries"]
    assert all(entry.keys() == {"start", "end", "kind", "id", "what"} for entry in entries)
    assert {entry["id"] for entry in entries} == {f"events.ctl:{line}" for line in (1, 2, 3)}
    assert next(e["what"] for e in entries if e["id"] == "events.ctl:1").endswith(": finished")
    assert main(["--site", site, "agenda", *window, "--ics"]) == 0
    calendar = icalendar.Calendar.from_ical(capsys.readouterr().out)
    uids = [str(event["UID"]) for event in calendar.walk("VEVENT")]
    assert len(uids) == len(set(uids)) == len(entries)


def test_what_is_unknown_is_said(site: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--site", site, "next", "events.ctl:9"]) == 1
    said = capsys.readouterr().err
    assert said == "horarium: there is no directive in line 9 of the events.ctl in force\n"
    assert main(["--site", site, "agenda", "--kind", "meeting"]) == 64

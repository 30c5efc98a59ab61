"""What a control file wants when: the seed's periodic pointer, missed moments, and DST nights."""

from __future__ import annotations

import json
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from horarium.cli.entry import main as command
from horarium.directives.address import parse_main
from horarium.directives.controlfile import parse_control_file
from horarium.directives.directive import Directive
from horarium.directives.plan import Foreseen, foresee, replay
from horarium.kernel.instant import Instant
from horarium.kernel.period import Period
from horarium.kernel.zone import Zone, named
from horarium.runtime.moments import parse_moment

SAMPLE = Path(__file__).parents[1] / "seeds" / "events.ctl"
MOSCOW, PARIS = named("Europe/Moscow"), named("Europe/Paris")


def directives(text: str | bytes) -> tuple[Directive, ...]:
    data = text.encode() if isinstance(text, str) else text
    found = parse_control_file(data, main=parse_main("2:5030/15"), read_list=lambda _: [])
    assert found.valid, found.errors
    return found.directives


def at(text: str, zone: Zone = PARIS) -> Instant:
    return parse_moment(text, zone)


def local(moment: Instant, zone: Zone) -> str:
    """The wall clock with its offset, by the standard library: 2026-03-02 13:15:00+01:00."""
    return str(datetime.fromtimestamp(moment, ZoneInfo(zone.name)))


def shown(items: list[Foreseen], zone: Zone = PARIS) -> list[tuple[str, str]]:
    return [
        (local(item.at, zone), item.reason or "" if item.happens else f"no: {item.reason}")
        for item in items
    ]


def day(text: str, busy: list[tuple[str, str]], start: str, end: str) -> list[tuple[str, str]]:
    """A replay of 2026-03-02, times of day only."""
    moments = [f"2026-03-02 {word}" for word in (start, end)]
    taken = [Period(at(f"2026-03-02 {a}"), at(f"2026-03-02 {b}")) for a, b in busy]
    found = replay(directives(text), PARIS, at(moments[0]), at(moments[1]), taken)
    return [(when[11:16], reason) for when, reason in shown(found)]


def test_the_periodic_pointer_of_the_seed() -> None:
    assert day("[2]Exec !load.bat P.01:00", [("16:10", "17:30")], "13:15", "19:00") == [
        ("13:15", ""),
        ("14:15", ""),
        ("15:15", ""),
        ("16:15", "no: coalesced"),
        ("17:30", "late"),
        ("18:15", ""),
    ]


@pytest.mark.parametrize("missed", ["16:14", "17:14", "18:14", "21:14"])
def test_whatever_number_was_missed_one_run_and_the_old_grid(missed: str) -> None:
    found = day("Exec a P.00:05", [("14:01", missed)], "14:00", "22:00")
    runs = [item for item in found if not item[1].startswith("no")]
    assert runs[:3] == [("14:00", ""), (missed, "late"), (missed[:3] + "15", "")]


def test_a_point_on_the_end_of_the_busy_time_is_due_not_late() -> None:
    found = day("Exec a P.01:00", [("13:30", "15:00")], "13:00", "16:00")
    assert found == [("13:00", ""), ("14:00", "no: coalesced"), ("15:00", "")]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("Exec a 8:30", [("08:30", "no: missed")]),
        ("Critical Exec a 8:30", [("10:00", "late")]),
        ("Exec a 10:00", [("10:00", "")]),
        ("Poll 5030/6 8:10-8:40", [("08:10", "no: missed")]),
        ("Critical Poll 5030/6 8:10-8:40", [("10:00", "late")]),
        ("Poll 5030/6 8:10-10:40", [("10:00", "on_time")]),
    ],
)
def test_what_passed_in_the_busy_time(line: str, expected: list[tuple[str, str]]) -> None:
    assert day(line, [("08:00", "10:00")], "07:00", "12:00") == expected


def test_a_window_open_at_the_start_counts() -> None:
    found = day("Poll 5030/6 17:00-20:00", [], "18:00", "23:00")
    assert [when for when, _ in found] == ["18:00"]


def test_lines_due_together_keep_the_order_of_the_file() -> None:
    lines = directives("Exec b 8:30\nExec a 8:30\nExec c 8:30")
    found = foresee(lines, PARIS, at("2026-03-02"), at("2026-03-03"))
    assert [item.directive.line for item in found] == [1, 2, 3]


def test_a_week_of_the_sample() -> None:
    found = foresee(
        directives(SAMPLE.read_bytes()), MOSCOW, at("2026-03-02", MOSCOW), at("2026-03-09", MOSCOW)
    )
    of_line: dict[int, list[str]] = {}
    for item in found:
        of_line.setdefault(item.directive.line, []).append(local(item.at, MOSCOW))
    daily = {4: "08:30", 5: "06:15", 8: "06:01", 9: "18:10", 10: "17:00", 11: "04:00"}
    for line, clock in daily.items():
        assert of_line[line] == [f"2026-03-0{d} {clock}:00+03:00" for d in range(2, 9)]
    assert of_line[6] == ["2026-03-08 00:10:00+03:00"]  # 0 is Sunday
    ends = {i.directive.line: local(i.end, MOSCOW)[11:16] for i in found if i.end}
    assert ends == {10: "20:01", 12: "00:00", 14: "23:01", 15: "07:01"}


@pytest.mark.parametrize(
    ("line", "night", "expected"),
    [
        # The hour 02:00 to 03:00 does not exist.
        ("Exec a 2:30", "2027-03-28", [("2027-03-28 03:00:00+02:00", "")]),
        ("Exec a 0.2:30", "2027-03-28", [("2027-03-28 03:00:00+02:00", "")]),
        ("Poll 5030/6 2:10-2:40", "2027-03-28",
         [("2027-03-28 03:00:00+02:00", "no: window_in_gap")]),
        ("Poll 5030/6 1:30-2:30", "2027-03-28", [("2027-03-28 01:30:00+01:00", "")]),
        # The hour 02:00 to 03:00 comes twice.
        ("Exec a 2:30", "2027-10-31", [("2027-10-31 02:30:00+02:00", "")]),
        ("Poll 5030/6 2:10-2:40", "2027-10-31", [("2027-10-31 02:10:00+02:00", "")]),
    ],
)  # fmt: skip
def test_nights_of_a_clock_change(line: str, night: str, expected: list[tuple[str, str]]) -> None:
    found = foresee(directives(line), PARIS, at(f"{night} 00:00"), at(f"{night} 05:00"))
    assert shown(found) == expected


def test_a_clock_change_does_not_move_the_grid() -> None:
    for night in ("2027-03-28", "2027-10-31"):
        found = foresee(
            directives("Exec a P.01:30"), PARIS, at(f"{night} 00:10"), at(f"{night} 12:00")
        )
        assert {b.at - a.at for a, b in pairwise(found)} == {5400}


def site(tmp_path: Path) -> Path:
    (tmp_path / "horarium.toml").write_text(
        'zone = "Europe/Paris"\n[directives]\naddress = "2:5030/15"\n'
    )
    (tmp_path / "events.ctl").write_bytes(SAMPLE.read_bytes())
    return tmp_path


def answer(capsys: pytest.CaptureFixture[str], *words: str | Path) -> dict[str, object]:
    assert command(["--json", *map(str, words)]) == 0
    found = json.loads(capsys.readouterr().out)
    assert isinstance(found, dict)
    return found


def test_the_commands_say_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    where = ("--site", site(tmp_path), "directives")
    span = ("--from", "2026-03-02 04:00", "--to", "2026-03-02 04:01")
    runs = answer(capsys, *where, "next", *span)["runs"]
    assert isinstance(runs, list)
    assert [run["line"] for run in runs] == [11, 12]  # line 12 holds all day
    assert (
        runs[0].items()
        >= {
            "line": 11,
            "task": None,
            "at": "2026-03-02T03:00:00Z",
            "end": None,
            "text": "Poll 5020/35 4:00",
            "reason": None,
        }.items()
    )
    of_line = ("--count", "3", "--entry", "9", "--from", "2026-03-02 19:00")
    runs = answer(capsys, *where, "next", *of_line)["runs"]
    assert isinstance(runs, list)
    assert [run["at"] for run in runs] == [
        "2026-03-03T17:10:00Z", "2026-03-04T17:10:00Z", "2026-03-05T17:10:00Z",
    ]  # fmt: skip
    (tmp_path / "one.ctl").write_text("[2]Exec !load.bat P.01:00\n")
    found = answer(
        capsys, *where, "run", tmp_path / "one.ctl", "--dry-run", "--from", "2026-03-02 13:15",
        "--to", "2026-03-02 19:00", "--busy", "2026-03-02 16:10/2026-03-02 17:30",
    )  # fmt: skip
    runs = found["runs"]
    assert isinstance(runs, list)
    other = (tmp_path / "one.ctl", "--task", "3", "--from", "2026-03-02 13:15")
    assert answer(capsys, *where, "next", *other)["runs"] == []
    assert [run["at"][11:16] for run in runs] == ["12:15", "13:15", "14:15", "16:30", "17:15"]
    assert runs[3]["due"] == "2026-03-02T16:15:00Z"
    route = answer(capsys, *where, "explain", "--route", "2:5030/7", "--kind", "mail")
    assert route["via"] == "2:5030/6"
    assert route["line"] == 17


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (["next", "--from", "2026-03-02", "--to", "2026-03-01"], 64),
        (["next", "--to", "+1d", "--count", "3"], 64),
        (["next", "--count", "0"], 64),
        (["next", "none.ctl"], 66),
        (["explain"], 64),
        (["explain", "--route", "5030/7"], 64),
        (["run", "events.ctl", "--from", "now", "--to", "+1d"], 64),
        (["run", "events.ctl", "--dry-run", "--from", "now", "--to", "+1d", "--busy", "x"], 64),
    ],
)
def test_questions_that_have_no_answer(
    words: list[str], status: int, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(site(tmp_path))
    assert command(["--site", str(tmp_path), "directives", *words]) == status
    said = capsys.readouterr()
    assert not said.out
    assert said.err.startswith("horarium: ")

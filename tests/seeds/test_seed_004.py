"""Seed 004 sentence by sentence: the periodic pointer at work, with the tables of a real site."""

from __future__ import annotations

from pathlib import Path

import pytest

from horarium.directives.directive import KEYWORDS
from horarium.kernel.instant import Instant
from horarium.runtime.activation import Refused
from horarium.runtime.plan import Activated
from tests.timetable import Plays, at, clock

LOAD = "[2]Exec !load.bat P.01:00"
SAMPLE = Path(__file__).parent / "events.ctl"
# The ten directives that may have the pointer, each with arguments.
POINTED = {
    "Poll": "Poll 5030/2",
    "Send": "Send a.zip 5030/2",
    "Post": "Post a.txt 5030/2",
    "Freq": "Freq files 5030/2",
    "UpdFreq": "UpdFreq list 5030/2",
    "Drop": "Drop",
    "Set": "Set flag",
    "Exec": "Exec a.bat",
    "Exit": "Exit 9",
    "Repack": "Repack",
}
OTHERS = {
    "Break": "Break",
    "Hold": "Hold All",
    "MailOnly": "MailOnly All",
    "Direct": "Direct All",
    "RestoreOut": "RestoreOut All",
    "Boss": "Boss All",
    "Mail": "Mail All 5030/2",
    "Files": "Files All 5030/2",
}


def runs(plays: Plays, task: int, moments: list[str]) -> list[str]:
    """At which of the moments the free task began something."""
    return [m for m in moments if plays.work(task, at(m)) is not None]


def every_minute(start: str, end: str) -> list[str]:
    first, last = at(start), at(end)
    return [clock(Instant(t)) for t in range(first, last + 1, 60)]


def test_the_example_at_once_then_every_hour_by_task_two(tmp_path: Path) -> None:
    plays = Plays(tmp_path, LOAD + "\n")
    plays.life(1, at("13:15"))
    plays.life(2, at("13:15"))
    assert runs(plays, 2, every_minute("13:15", "16:09")) == ["13:15", "14:15", "15:15"]
    assert runs(plays, 1, every_minute("13:15", "16:09")) == []


def test_busy_over_two_moments_once_at_the_end_then_on_the_grid(tmp_path: Path) -> None:
    plays = Plays(tmp_path, f"{LOAD}\n[2]Exec session 16:10\n")
    plays.life(2, at("13:15"))
    assert runs(plays, 2, ["13:15", "14:15", "15:15"]) == ["13:15", "14:15", "15:15"]
    assert plays.work(2, at("16:10"), took=80 * 60) == "[2]Exec session 16:10"
    assert runs(plays, 2, every_minute("17:30", "19:20")) == ["17:30", "18:15", "19:15"]


def test_no_accumulation_however_long(tmp_path: Path) -> None:
    plays = Plays(tmp_path, LOAD + "\n")
    plays.life(2, at("13:15"))
    assert plays.work(2, at("13:15"), took=7 * 3600) == LOAD
    assert runs(plays, 2, every_minute("20:15", "21:20")) == ["20:15", "21:15"]


def test_one_entry_does_what_several_alike_would_do(tmp_path: Path) -> None:
    """From the same start, the pointer and a line for each time are run at the same times."""
    found = []
    for number, text in enumerate(
        (
            "Exec a.bat P.08:00\n",
            "Exec a.bat 13:15\nExec a.bat 21:15\nExec a.bat 5:15\n",
        )
    ):
        folder = tmp_path / str(number)
        folder.mkdir()
        plays = Plays(folder, text)
        plays.life(1, at("13:15"))
        day = [Instant(at("13:15") + minute * 60) for minute in range(1440)]
        found.append([clock(t) for t in day if plays.work(1, t) is not None])
    assert found[0] == found[1] == ["13:15", "21:15", "05:15"]


def test_counting_starts_with_the_first_start_and_is_kept_over_restarts(tmp_path: Path) -> None:
    plays = Plays(tmp_path, LOAD + "\n")
    plays.life(2, at("13:15"))
    plays.work(2, at("13:15"))
    plays.tasks[2].stop(at("13:20"))
    # A restart, an edit of another line, and another place in the file do not count.
    plays.write("; a comment\nExec other.bat 6:15\n  [2] exec  !load.bat p.01:00\n", at("13:40"))
    plays.life(2, at("13:40"))
    assert runs(plays, 2, every_minute("13:40", "15:20")) == ["14:15", "15:15"]


def test_a_corrected_interval_counts_from_the_start_after_the_correction(tmp_path: Path) -> None:
    plays = Plays(tmp_path, LOAD + "\n")
    plays.life(2, at("13:15"))
    plays.work(2, at("13:15"))
    changed = plays.write("[2]Exec !load.bat P.00:30\n", at("13:40"))
    assert isinstance(changed, Activated)
    assert (changed.new, changed.gone) == (("[2]Exec !load.bat P.00:30",), (LOAD,))
    assert runs(plays, 2, every_minute("13:40", "14:45")) == ["13:40", "14:10", "14:40"]


@pytest.mark.parametrize("interval", ["00:01", "01:00", "24:00", "255:00"])
def test_intervals_from_a_minute_to_255_hours(interval: str, tmp_path: Path) -> None:
    plays = Plays(tmp_path, f"Exec a.bat P.{interval}\n")
    hours, minutes = interval.split(":")
    _, _, found = plays.questions.next("events.ctl:1", 2, at("13:15"))
    length = int(hours) * 3600 + int(minutes) * 60
    assert [item.at for item in found] == [at("13:15"), at("13:15") + length]


@pytest.mark.parametrize("interval", ["00:00", "255:01", "256:00", "1", "01:60", "-1:00"])
def test_no_other_interval(interval: str, tmp_path: Path) -> None:
    plays = Plays(tmp_path, LOAD + "\n")
    refused = plays.write(f"Exec a.bat P.{interval}\n", at("14:00"))
    assert isinstance(refused, Refused)
    assert refused.problems[0].line == 1
    assert [entry.text for entry in plays.plan.entries.values() if entry.line] == [LOAD]


def test_the_pointer_is_for_ten_directives_only(tmp_path: Path) -> None:
    assert {name for name, k in KEYWORDS.items() if k.periodic} == {n.lower() for n in POINTED}
    text = "".join(f"{line} P.01:00\n" for line in POINTED.values())
    plays = Plays(tmp_path, text)
    assert len([entry for entry in plays.plan.entries.values() if entry.line]) == 10
    refused = plays.write("".join(f"{line} P.01:00\n" for line in OTHERS.values()), at("14:00"))
    assert isinstance(refused, Refused)
    assert [problem.line for problem in refused.problems] == [*range(1, len(OTHERS) + 1)]


def test_poll_and_drop_are_done_by_the_master_only(tmp_path: Path) -> None:
    plays = Plays(tmp_path, "Poll 5030/2 P.01:00\nDrop P.01:00\n[2]Exec a.bat P.01:00\n")
    assert {e.text: e.task for e in plays.plan.entries.values() if e.line} == {
        "Poll 5030/2 P.01:00": 1,
        "Drop P.01:00": 1,
        "[2]Exec a.bat P.01:00": 2,
    }
    refused = plays.write("[2]Poll 5030/2 P.01:00\n[2]Drop P.01:00\n", at("14:00"))
    assert isinstance(refused, Refused)
    assert [problem.line for problem in refused.problems] == [1, 2]


def test_the_sample_is_in_force_as_it_stands(tmp_path: Path) -> None:
    plays = Plays(tmp_path, SAMPLE.read_text("utf-8"))
    timed = {e.line: e.text for e in plays.plan.entries.values() if e.line}
    assert sorted(timed) == [4, 5, 6, 8, 9, 10, 11]
    within = {line: plays.questions.next(f"events.ctl:{line}", 1, at("13:16"))[2] for line in timed}
    assert {line: clock(found[0].at) for line, found in within.items()} == {
        4: "08:30", 5: "06:15", 6: "00:10", 8: "06:01", 9: "18:10", 10: "17:00", 11: "04:00",
    }  # fmt: skip
    verdicts = [plays.why("events.ctl:14", time).verdict for time in ("12:00", "23:30")]
    assert verdicts == ["open", "closed"]

"""The past of the timetable, judged from rows of the store and from what programs say."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from horarium.directives.verify import Kind
from horarium.kernel.instant import Instant, parse_instant
from horarium.runtime.evidence import (
    Record,
    judge,
    longest_of,
    outages_of,
    read_testimony,
    runs_of,
)
from horarium.runtime.faults import BadObjects
from horarium.runtime.settings import Settings, default_settings
from horarium.store.firings import Firing
from horarium.store.timers import Timer
from horarium.store.workers import Worker

KEY = "a" * 40 + ".0"


def at(clock: str) -> Instant:
    return parse_instant(f"2026-03-02T{clock}Z")


def timer(schedule: str = "periodic 01:00 zone UTC overlap queue_one", **other: object) -> Timer:
    made = Timer(
        1, KEY, 2, 0, 7, None, "[2]Exec !load.bat P.01:00", schedule, None, at("13:15:00"),
        at("13:15:00"), at("13:15:00"), None, None, None, None,
    )  # fmt: skip
    return replace(made, **other)  # type: ignore[arg-type]


def life(number: int, start: str, seen: str, *, stopped: bool = True) -> Worker:
    end = at(seen)
    return Worker(number, 2, "node", 100 + number, at(start), end, end if stopped else None)


def run(number: int, due: str, started: str, ended: str | None = None, **other: object) -> Firing:
    begun = at(started)
    end = None if ended is None else at(ended)
    made = Firing(
        number, 1, KEY, 2, "run", at(due), at(due), 0, False, "finished", "on_time", begun, begun,
        end, 1, 1, 0, "", b"", 0,
    )  # fmt: skip
    return replace(made, **other)  # type: ignore[arg-type]


# The worked example of seed 004: at work from 16:10 to 17:30, down from 18:20 to 21:00.
BUSY = run(4, "16:10:00", "16:10:00", "17:30:00", entry="b" * 40 + ".0", kind="manual")
RUNS = (
    run(1, "13:15:00", "13:15:00", "13:15:02"),
    run(2, "14:15:00", "14:15:00", "14:15:02"),
    run(3, "15:15:00", "15:15:01", "15:15:02"),
    BUSY,
    run(5, "17:15:00", "17:30:00", "17:30:03", count=1),
    run(6, "18:15:00", "18:15:00", "18:15:01"),
    run(7, "20:15:00", "21:00:00", "21:00:04", count=1),
    run(8, "21:15:00", "21:15:00", "21:15:01"),
)
LIVES = (life(1, "13:15:00", "18:20:00"), life(2, "21:00:00", "22:00:00", stopped=False))
NOW = at("22:00:00")


def verdicts(
    runs: tuple[Firing, ...], settings: Settings | None = None, **other: object
) -> list[tuple[Kind, str]]:
    record = Record((timer(),), LIVES, runs)
    found = judge(record, settings or default_settings(), at("13:00:00"), NOW, **other)  # type: ignore[arg-type]
    return [(verdict.kind, verdict.run) for verdict in found]


def test_the_worked_example_is_as_demanded() -> None:
    assert verdicts(RUNS) == []


@pytest.mark.parametrize("gone", [0, 1, 2, 4, 5, 6, 7])
def test_each_run_that_is_taken_away_is_missed(gone: int) -> None:
    left = tuple(one for i, one in enumerate(RUNS) if i != gone)
    assert [kind for kind, _ in verdicts(left)] == [Kind.MISSED]


def test_a_second_run_for_one_moment_is_extra() -> None:
    double = run(9, "14:15:00", "14:20:00", "14:20:01")
    assert verdicts((*RUNS, double)) == [(Kind.EXTRA, "9")]


def test_a_run_by_hand_is_for_no_moment() -> None:
    assert verdicts((*RUNS, run(9, "14:20:00", "14:20:00", "14:20:01", kind="manual"))) == []


def test_a_run_that_begins_late_for_no_reason_is_late() -> None:
    late = tuple(replace(r, started=at("14:15:03")) if r.id == 2 else r for r in RUNS)
    assert verdicts(late) == [(Kind.LATE, "2")]
    assert verdicts(late, epsilon=3) == []


def test_a_task_may_take_a_second_to_notice_its_first_moment() -> None:
    def begun(second: int) -> tuple[Firing, ...]:
        return (run(1, "13:15:00", f"13:15:0{second}", "13:15:09"), *RUNS[1:])

    assert verdicts(begun(2)) == []
    assert verdicts(begun(3)) == [(Kind.LATE, "1")]


def test_a_run_that_begins_early_is_early() -> None:
    early = tuple(replace(r, started=at("14:14:50")) if r.id == 2 else r for r in RUNS)
    assert verdicts(early) == [(Kind.EARLY, "2")]


def test_a_run_of_which_nobody_knows_the_end_is_incomplete() -> None:
    lost = tuple(replace(r, state="unknown") if r.id == 6 else r for r in RUNS)
    assert verdicts(lost) == [(Kind.INCOMPLETE, "6")]


def test_a_run_that_was_done_again_after_a_crash_is_one_run() -> None:
    schedule = "periodic 01:00 zone UTC overlap queue_one on_crash rerun"
    again = run(1, "13:15:00", "13:15:20", "13:15:25", attempts=2, decided=at("13:15:00"))
    lives = (life(1, "13:15:00", "13:15:05"), replace(LIVES[0], id=3, started=at("13:15:20")))
    record = Record((timer(schedule),), (*lives, LIVES[1]), (again, *RUNS[1:]))
    assert [(r.start, r.end) for r in runs_of(Record((), (), (again,)), NOW)] == [
        (at("13:15:00"), None), (at("13:15:20"), at("13:15:25")),
    ]  # fmt: skip
    assert judge(record, default_settings(), at("13:00:00"), NOW) == []


def test_where_nothing_is_made_up_for_downtime_nothing_is_missed() -> None:
    left = tuple(r for r in RUNS if r.id != 7)
    settings = default_settings()
    none = replace(settings, directives=replace(settings.directives, catch_up_down="none"))
    assert verdicts(left) == [(Kind.MISSED, "")]
    assert verdicts(left, none) == []
    # What was missed while the task was at work is missed all the same.
    assert verdicts(tuple(r for r in left if r.id != 5), none) == [(Kind.MISSED, "")]


def test_a_run_that_goes_on_is_not_incomplete_and_occupies_its_task() -> None:
    begun = run(9, "21:30:00", "21:30:00", entry="b" * 40 + ".0", kind="manual", worker=2)
    on = replace(begun, state="started")
    left = tuple(r for r in RUNS if r.id != 8)
    assert verdicts((*left, on)) == [(Kind.MISSED, "")]
    early = replace(on, started=at("21:10:00"), due=at("21:10:00"))
    assert verdicts((*left, early)) == []
    # Begun by a worker that is no more, and never ended.
    assert verdicts((*RUNS, replace(on, worker=1))) == [(Kind.INCOMPLETE, "9")]


def test_the_last_moments_are_judged_when_they_are_over() -> None:
    record = Record((timer(),), LIVES, RUNS[:-1])
    settings = default_settings()
    due = at("21:15:00")
    found = {
        later: len(judge(record, settings, at("13:00:00"), Instant(due + later)))
        for later in (0, 1, 2, 3)
    }
    assert found == {0: 0, 1: 0, 2: 1, 3: 1}


def test_a_task_is_down_before_its_first_life_and_between_two() -> None:
    found = outages_of((*LIVES, life(3, "22:10:00", "22:20:00")), (timer(),), at("23:00:00"))
    assert [(s.start, s.end) for s in found] == [
        (at("13:14:59"), at("13:15:00")),
        (at("18:20:00"), at("21:00:00")),
        (at("22:00:00"), at("22:10:00")),
        (at("22:20:00"), at("23:00:00")),
    ]
    # One that said a moment ago that it lives goes on; a silent one does not.
    alive = (life(1, "13:15:00", "22:00:00", stopped=False),)
    assert len(outages_of(alive, (timer(),), at("22:00:15"))) == 1
    assert len(outages_of(alive, (timer(),), at("22:00:16"))) == 2


def test_the_longest_run_counts_while_it_goes_on() -> None:
    assert longest_of((*RUNS, run(9, "21:30:00", "21:30:00")), NOW) == 4800
    assert longest_of((run(9, "21:30:00", "21:30:00"),), NOW) == 1800


# --- what programs say --------------------------------------------------------


def said(number: int, start: str, end: str) -> str:
    def seconds(clock: str) -> str:
        return "-" if clock == "-" else f"{at(clock[:8])}{clock[8:]}"

    return f"1234abcd-{number} {KEY} {seconds(start)} {seconds(end)} 77 boot\n"


LINES = [
    line
    for one in RUNS
    if one.id != 4 and one.started is not None
    for clock in [f"{one.started % 86400 // 3600:02}:{one.started % 3600 // 60:02}:"
                  f"{one.started % 60:02}"]
    for line in (said(one.id, clock + ".25", "-"), said(one.id, clock + ".25", clock + ".75"))
]  # fmt: skip


def test_programs_and_the_ledger_agree() -> None:
    witnessed = read_testimony(LINES, "evidence")
    assert len(witnessed) == 7
    assert all(one.end == one.start + 0.5 for one in witnessed)
    assert verdicts(RUNS, witnessed=witnessed) == []


def test_a_program_that_ran_twice_is_found_though_the_ledger_has_it_once() -> None:
    witnessed = read_testimony([*LINES, said(99, "15:40:00.5", "15:40:01")], "evidence")
    assert verdicts(RUNS, witnessed=witnessed) == [(Kind.EXTRA, "1234abcd-99")]


def test_a_program_that_never_ran_is_missed_though_the_ledger_has_it() -> None:
    witnessed = read_testimony([line for line in LINES if "abcd-2 " not in line], "evidence")
    assert verdicts(RUNS, witnessed=witnessed) == [(Kind.MISSED, "")]


def test_a_program_that_was_cut_off_is_incomplete() -> None:
    lines = [line for line in LINES if "abcd-6 " not in line or " - " in line]
    assert verdicts(RUNS, witnessed=read_testimony(lines, "evidence")) == [
        (Kind.INCOMPLETE, "1234abcd-6")
    ]


def test_times_are_seconds_or_instants_and_a_torn_last_line_is_passed_over() -> None:
    lines = ["# seen by two\n", "r e 1772457300.5 2026-03-02T13:15:01Z 1 b\n", "r e 1772457"]
    (one,) = read_testimony(lines, "evidence")
    assert (one.start, one.end) == (at("13:15:00") + 0.5, at("13:15:01"))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("r e 1 2 3\n", "evidence:2:1: expected RUN_ID ENTRY START END PID BOOT_ID, found 5 words"),
        ("r e soon 2 3 b\n", "evidence:2:1: expected seconds or an instant, found soon"),
        ("r e 1 -2 3 b\n", "evidence:2:1: expected seconds or an instant, found -2"),
    ],
)
def test_a_line_that_can_not_be_read_is_named(line: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(BadObjects) as caught:
        read_testimony(["r e 1 2 3 b\n", line], "evidence")
    assert [str(fault) for fault in caught.value.faults] == [message]

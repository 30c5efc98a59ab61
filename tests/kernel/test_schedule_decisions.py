"""What must be done now: late runs, busy times, policies, clocks set back and forward."""

from __future__ import annotations

import pytest
from tests.kernel.schedules import at, local, timetable

from horarium.kernel.decision import Decision, Run, State, due, superseded
from horarium.kernel.instant import Instant
from horarium.kernel.moment import Reason
from horarium.kernel.timetable import Timetable

DAY = 86_400


class Day:
    """A run of the second of March: who asks at every ``next`` and when the worker is free."""

    def __init__(self, made: Timetable) -> None:
        self.made = made
        self.since = Instant(made.circumstances.activation - 1)
        self.now: Instant | None = made.circumstances.activation
        self.runs: list[tuple[str, Run]] = []
        self.skipped: list[tuple[Reason, int, str, str]] = []

    def until(self, end: str, busy: tuple[str, str] | None = None, gone: str | None = None) -> Day:
        """Ask until an instant, the worker busy (or everything down) in between."""
        first, last = (at(t) for t in busy) if busy else (Instant(0), Instant(0))
        while self.now is not None and self.now <= at(end):
            occupied = first <= self.now < last
            if occupied and gone:
                self.now = last
                continue
            decision = due(self.made, self.since, self.now, State(busy=occupied))
            self.enter(decision)
            self.now = decision.next if decision.next is not None else last if occupied else None
        return self

    def enter(self, decision: Decision) -> None:
        assert self.now is not None
        self.since = decision.cursor
        self.runs += [(clock(self.now), run) for run in decision.runs]
        self.skipped += [
            (g.reason, g.count, clock(g.first_due), clock(g.last_due)) for g in decision.skipped
        ]

    def times(self, after: str = "00:00") -> list[str]:
        return [now for now, _ in self.runs if now >= after]


def clock(t: Instant) -> str:
    return local(t, "UTC")[11:16]


def test_the_hourly_task_that_was_busy() -> None:
    """Source: seed 004, ``[2]Exec !load.bat P.01:00`` started at 13:15."""
    day = Day(timetable("periodic 01:00 overlap queue_one", "2026-03-02T13:15Z"))
    day.until("2026-03-02T18:20Z", busy=("2026-03-02T16:10Z", "2026-03-02T17:30Z"))
    assert day.times() == ["13:15", "14:15", "15:15", "17:30", "18:15"]
    late = day.runs[3][1]
    assert (clock(late.due), late.late_by, late.coalesced, late.reason) == ("17:15", 900, 1, "late")
    assert clock(late.first_due) == "16:15"
    assert day.skipped == [(Reason.COALESCED, 1, "16:15", "16:15")]
    assert {run.late_by for _, run in day.runs if run is not late} == {0}
    day.now = at("2026-03-02T21:00Z")
    day.until("2026-03-02T21:20Z")
    assert day.times("21:00") == ["21:00", "21:15"]
    assert [(clock(run.due), run.late_by) for _, run in day.runs[-2:]] == [
        ("20:15", 2700),
        ("21:15", 0),
    ]


FIVE = (5, "16:15", "17:15")


@pytest.mark.parametrize("down", [False, True], ids=["busy", "down"])
@pytest.mark.parametrize(
    ("policy", "end", "runs", "skipped"),
    [
        ("", "17:30", ["16:00", "17:30", "17:45"], [(Reason.COALESCED, *FIVE)]),
        ("catch_up none", "17:30", ["16:00", "17:30", "17:45"], [(Reason.MISSED, *FIVE)]),
        (
            "catch_up all 3",
            "17:30",
            ["16:00", "17:30", "17:30", "17:30", "17:45"],
            [(Reason.MISSED, 3, "16:15", "16:45")],
        ),
        ("deadline 10m", "17:30", ["16:00", "17:30", "17:45"], [(Reason.COALESCED, *FIVE)]),
        (
            "deadline 10m",
            "17:44",
            ["16:00", "17:45"],
            [(Reason.COALESCED, *FIVE), (Reason.DEADLINE, 1, "17:30", "17:30")],
        ),
    ],
)
def test_missed_moments(
    policy: str,
    end: str,
    runs: list[str],
    skipped: list[tuple[Reason, int, str, str]],
    down: bool,
) -> None:
    """``P.00:15`` anchored at 13:15, the task busy, or all down, from 16:10 on."""
    text = f"periodic 00:15 overlap queue_one {policy}"
    day = Day(timetable(text, "2026-03-02T13:15Z"))
    busy = ("2026-03-02T16:10Z", f"2026-03-02T{end}Z")
    day.until("2026-03-02T17:45Z", busy=busy, gone="down" if down else None)
    assert day.times("16:00") == runs
    assert day.skipped == skipped


def test_all_runs_oldest_first() -> None:
    made = timetable("periodic 00:15 catch_up all 3", "2026-03-02T13:15Z")
    found = due(made, at("2026-03-02T16:00Z"), at("2026-03-02T17:30Z"))
    assert [clock(run.due) for run in found.runs] == ["17:00", "17:15", "17:30"]
    assert [run.reason for run in found.runs] == ["late", "late", "on_time"]
    recent = timetable("periodic 00:15 catch_up all within 20m", "2026-03-02T13:15Z")
    found = due(recent, at("2026-03-02T16:00Z"), at("2026-03-02T17:30Z"))
    assert [clock(run.due) for run in found.runs] == ["17:15", "17:30"]
    assert [(g.reason, g.count) for g in found.skipped] == [(Reason.MISSED, 4)]


# --- overlap ---------------------------------------------------------------------


def test_a_moment_while_the_last_run_goes_on() -> None:
    since, now = at("2026-03-02T10:00Z"), at("2026-03-02T10:15Z")
    running = State(begun=since)
    found = due(timetable("periodic 00:15"), since, now, running)
    assert (found.runs, [g.reason for g in found.skipped]) == ((), [Reason.OVERLAP])
    assert found.cursor == now
    waiting = due(timetable("periodic 00:15 overlap queue_one"), since, now, running)
    assert (waiting.runs, waiting.skipped, waiting.cursor) == ((), (), since)
    assert (waiting.reason, waiting.next) == ("running", None)
    allowed = due(timetable("periodic 00:15 overlap allow"), since, now, running)
    assert [run.due for run in allowed.runs] == [now]


def test_what_came_during_a_run_is_told_after_it() -> None:
    since, now = at("2026-03-02T10:00Z"), at("2026-03-02T11:00Z")
    state = State(begun=since, ended=at("2026-03-02T10:40Z"))
    found = due(timetable("periodic 00:15"), since, now, state)
    assert [(g.reason, g.count) for g in found.skipped] == [
        (Reason.OVERLAP, 2),
        (Reason.COALESCED, 1),
    ]
    assert [clock(run.due) for run in found.runs] == ["11:00"]


def test_one_pending_run_for_all_that_came() -> None:
    made = timetable("periodic 00:15 overlap queue_one")
    since = at("2026-03-02T10:00Z")
    held = due(made, since, at("2026-03-02T10:30Z"), State(begun=since))
    found = due(
        made,
        held.cursor,
        at("2026-03-02T10:50Z"),
        State(begun=since, ended=at("2026-03-02T10:50Z")),
    )
    assert [(clock(r.due), r.coalesced, clock(r.first_due)) for r in found.runs] == [
        ("10:45", 2, "10:15")
    ]


# --- windows ---------------------------------------------------------------------


def test_a_window_is_on_time_until_its_end() -> None:
    made = timetable("daily window 17:00-20:00 catch_up none")
    found = due(made, at("2026-03-02T16:00Z"), at("2026-03-02T19:59:59Z"))
    assert [(run.reason, run.late_by) for run in found.runs] == [("on_time", 10_799)]
    late = due(made, at("2026-03-02T16:00Z"), at("2026-03-02T20:00Z"))
    assert (late.runs, [g.reason for g in late.skipped]) == ((), [Reason.MISSED])


def test_a_late_run_waits_for_the_next_opening() -> None:
    made = timetable("daily window 17:00-20:00")
    since = at("2026-03-02T16:00Z")
    held = due(made, since, at("2026-03-02T21:00Z"))
    assert (held.runs, held.skipped, held.cursor, held.reason) == ((), (), since, "outside_window")
    assert held.next == at("2026-03-03T17:00Z")
    found = due(made, held.cursor, held.next)
    assert [(run.due, run.coalesced, run.reason) for run in found.runs] == [
        (held.next, 1, "on_time")
    ]
    assert [(g.reason, g.count) for g in found.skipped] == [(Reason.COALESCED, 1)]


def test_a_late_run_outside_the_window_where_that_is_allowed() -> None:
    made = timetable("daily window 17:00-20:00 late_outside_window")
    found = due(made, at("2026-03-02T16:00Z"), at("2026-03-02T21:00Z"))
    assert [(run.reason, run.late_by) for run in found.runs] == [("late", 4 * 3600)]


def test_a_late_run_in_an_open_window_begins_at_once() -> None:
    made = timetable("daily window 01:00-24:00 every 1h")
    found = due(made, at("2026-03-02T03:30Z"), at("2026-03-02T06:30Z"))
    assert [(clock(run.due), run.coalesced) for run in found.runs] == [("06:00", 2)]


def test_a_late_run_whose_window_never_comes_again_is_missed() -> None:
    made = timetable("at 2026-03-02T17:00 for 1h")
    found = due(made, at("2026-03-02T16:00Z"), at("2026-03-02T21:00Z"))
    assert (found.runs, found.next) == ((), None)
    assert [(g.reason, g.count) for g in found.skipped] == [(Reason.MISSED, 1)]


def test_moments_outside_a_gate_are_told() -> None:
    made = timetable("periodic 01:00 window 08:00-17:00")
    found = due(made, at("2026-03-02T00:00Z"), at("2026-03-03T00:00Z"))
    assert found.reason == "outside_window"
    found = due(made, found.cursor, at("2026-03-03T08:00Z"))
    assert [(g.reason, g.count) for g in found.skipped] == [
        (Reason.OUTSIDE_WINDOW, 7 + 15),
        (Reason.COALESCED, 9),
    ]
    assert [run.due for run in found.runs] == [at("2026-03-03T08:00Z")]


# --- clocks, switches, edits -------------------------------------------------------


def test_a_clock_set_back_decides_nothing() -> None:
    made = timetable("periodic 00:15")
    since = at("2026-03-02T12:00Z")
    found = due(made, since, at("2026-03-02T11:00Z"))
    assert (found.runs, found.skipped, found.cursor, found.reason) == ((), (), since, "clock_back")
    assert found.next == at("2026-03-02T12:15Z")
    again = due(made, found.cursor, at("2026-03-02T12:00Z"))
    assert again.runs == ()


def test_a_clock_set_forward_is_an_outage() -> None:
    since, now = at("2026-03-02T12:00Z"), at("2026-03-02T15:07Z")
    found = due(timetable("periodic 00:15"), since, now, State(leapt=True))
    assert [(clock(run.due), run.coalesced) for run in found.runs] == [("15:00", 11)]
    told = due(timetable("periodic 00:15 catch_up none"), since, now, State(leapt=True))
    assert [(g.reason, g.count) for g in told.skipped] == [(Reason.CLOCK_FORWARD, 12)]


def test_a_schedule_switched_off_records_its_moments() -> None:
    found = due(
        timetable("periodic 00:15 disabled"), at("2026-03-02T12:00Z"), at("2026-03-02T13:00Z")
    )
    assert [(g.reason, g.count) for g in found.skipped] == [(Reason.DISABLED, 4)]
    assert found.runs == ()


def test_what_an_edit_leaves_undecided_is_superseded() -> None:
    found = superseded(
        timetable("periodic 00:15"), at("2026-03-02T12:00Z"), at("2026-03-02T13:00Z")
    )
    assert [(g.reason, g.count, g.reason.state) for g in found.skipped] == [
        (Reason.SUPERSEDED, 4, "skipped_disabled")
    ]


def test_how_reasons_are_recorded() -> None:
    assert {reason.value: reason.state for reason in Reason} == {
        "coalesced": "skipped_coalesced",
        "missed": "skipped_late",
        "deadline": "skipped_late",
        "clock_forward": "skipped_late",
        "overlap": "skipped_overlap",
        "outside_window": "skipped_window",
        "disabled": "skipped_disabled",
        "superseded": "skipped_disabled",
        "no_running_task": "skipped_disabled",
        "no_such_day": "skipped_calendar",
        "no_such_date": "skipped_calendar",
        "in_gap": "skipped_calendar",
        "window_in_gap": "skipped_calendar",
        "excepted": "skipped_calendar",
    }


# --- cost --------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["interval 1s", "interval 1s random 2s", "immediately every 1s"])
@pytest.mark.parametrize("policy", ["", "catch_up none", "catch_up all 5"])
def test_moments_of_a_grid_are_counted_by_arithmetic(text: str, policy: str) -> None:
    """A year of seconds is decided within as few steps as a minute of them."""
    made = timetable(f"{text} {policy}", "2020-01-01T00:00Z", steps=400)
    since = at("2026-03-02T00:00Z")
    for length in (60, 3600, 365 * DAY):
        found = due(made, since, Instant(since + length))
        total = sum(g.count for g in found.skipped) + len(found.runs)
        assert abs(total - length) <= (4 if "random" in text else 0)
        assert not any(g.at_least for g in found.skipped)


@pytest.mark.parametrize(
    "text",
    ['cron "* * * * *"', 'rrule "DTSTART:20200101T000000Z RRULE:FREQ=MINUTELY"'],
)
def test_what_cannot_be_counted_is_counted_to_a_limit(text: str) -> None:
    made = timetable(text, "2020-01-01T00:00Z", steps=5_000)
    found = due(made, at("2026-03-02T00:00Z"), at("2027-03-02T00:00:30Z"))
    (group,) = found.skipped
    assert group.at_least
    assert group.count <= 5_000
    assert group.last_due == at("2027-03-01T23:59Z")
    assert [run.due for run in found.runs] == [at("2027-03-02T00:00Z")]


def test_a_question_beyond_every_budget_is_asked_again_tomorrow() -> None:
    made = timetable("interval 1d window 09:00-10:00", "2026-03-01T12:00Z", steps=2_000)
    since, now = at("2026-03-01T12:00Z"), at("2026-03-05T13:00Z")
    found = due(made, since, now)
    assert [(g.reason, g.count) for g in found.skipped] == [(Reason.OUTSIDE_WINDOW, 4)]
    assert found.next == now + DAY


def test_what_opens_for_long_is_decided_without_listing_it() -> None:
    made = timetable('cron "* * * * *" for 400d', "2020-01-01T00:00Z", steps=5_000)
    since = at("2026-03-02T00:00Z")
    found = due(made, since, Instant(since + 300))
    assert [(run.coalesced, run.reason) for run in found.runs] == [(4, "on_time")]
    assert made.is_open(since)
    again = timetable('cron "* * * * *" for 400d', since, steps=5_000)
    first = due(again, Instant(since - 1), since)
    assert [run.due for run in first.runs] == [since]

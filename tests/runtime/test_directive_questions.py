"""Lines, declared directives and the daily pass answer what is open, what is next, and why."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.office import ROOM
from tests.timetable import BACKUP, Plays, at, clock

from horarium.kernel.errors import NotFound
from horarium.kernel.instant import Instant
from horarium.kernel.period import Period
from horarium.runtime.agenda import AgendaEntry, agenda, as_calendar
from horarium.runtime.answers import Explanation
from horarium.runtime.applying import apply_objects
from horarium.runtime.objects import DeclaredObjects
from horarium.runtime.task import Begun
from horarium.store.firings import Settled

FILE = """; the timetable of 2:5030/15
[2]Exec !load.bat P.01:00
[2]Exec session.sh 16:10
Hold All 11:00-23:00
Mail *:*/*.* 5030/2
Poll 5030/6 17:00-20:00
[2]Exec night.sh 2:30
Hold 5030/7 0:00-23:59
"""
LOAD, SESSION, HOLD, MAIL, POLL, NIGHT, WHOLE = (f"events.ctl:{n}" for n in range(2, 9))


@pytest.fixture
def day(tmp_path: Path) -> Plays:
    """The day of the manual's example: task 2 is taken up from 16:10 to 17:30."""
    plays = Plays(tmp_path, FILE)
    plays.life(2, at("13:15"))
    for time in ("13:15", "14:15", "15:15"):
        plays.work(2, at(time))
    plays.work(2, at("16:10"), 80 * 60)
    plays.work(2, at("17:30"))
    return plays


def test_next_goes_on_with_the_stored_grid_and_counts_what_is_owed(day: Plays) -> None:
    assert day.next(LOAD, "17:31") == ["18:15", "19:15", "20:15"]
    # Nobody worked since 17:30: one run is owed at once, then the grid goes on.
    _, kind, found = day.questions.next(LOAD, 3, at("21:00"))
    assert kind == "directive"
    assert [clock(item.at) for item in found] == ["21:00", "21:15", "22:15"]
    assert (
        found[0].what == "[2]Exec !load.bat P.01:00 (late, due 2026-03-02 20:15+01:00 Europe/Paris)"
    )


def test_next_foresees_what_the_task_then_begins(day: Plays) -> None:
    foreseen = [
        item.at
        for item in day.questions.next(LOAD, 40, at("17:31"))[2]
        if item.at < at("2026-03-03 13:00")
    ]
    begun = []
    now = at("17:31")
    while now < at("2026-03-03 13:00"):
        look = day.tasks[2].look(now)
        while isinstance(look, Begun):
            if look.entry.line == 2:
                begun.append(now)
            day.tasks[2].ended(look, Settled("finished"), now)
            look = day.tasks[2].look(now)
        now = Instant(now + 60 - now % 60)
    assert begun == foreseen
    assert len(begun) == 19


def test_windows_are_open_and_rules_hold(day: Plays) -> None:
    def opened(name: str) -> list[tuple[str, str]]:
        found = day.questions.open(
            name, at("2026-03-03 00:00"), at("2026-03-04 00:00"), at("13:15")
        )
        assert (found.id, found.kind) == (name, "directive")
        return [(clock(p.start), clock(p.end)) for p in found.periods]

    assert opened(POLL) == [("17:00", "20:01")]
    assert opened(HOLD) == [("11:00", "23:01")]
    assert opened(MAIL) == [("00:00", "00:00")]
    assert opened(LOAD) == []


def test_next_of_rules_are_their_windows(day: Plays) -> None:
    assert day.next(HOLD, "12:00", 2) == ["11:00", "11:00"]
    assert day.next(MAIL, "12:00") == ["12:00"]
    _, _, always = day.questions.next(WHOLE, 2, at("12:00"))
    assert [(clock(item.at), item.end) for item in always] == [("12:00", None)]
    assert [i.what for i in day.questions.next(HOLD, 1, at("12:00"))[2]] == ["Hold All 11:00-23:00"]


def test_declared_directives_and_the_daily_pass_have_names(day: Plays) -> None:
    assert day.next("backup", "13:15", 1) == day.next("directive:backup", "13:15", 1) == ["02:30"]
    assert day.questions.next("upkeep", 1, at("13:15"))[:2] == ("upkeep", "upkeep")
    assert day.next("upkeep", "13:15", 1) == ["03:10"]
    assert day.questions.next("backup", 1, at("13:15"))[0] == "backup"


def test_what_is_declared_but_never_served_is_answered_as_if_served_now(day: Plays) -> None:
    late = DeclaredObjects(
        directives={"tea": {**BACKUP, "schedule": {"type": "daily", "start": "16:00"}}}
    )
    apply_objects(day.store, late, at("17:00"), prune=False, dry_run=False)
    assert day.next("tea", "17:00", 1) == ["16:00"]


def test_an_object_with_the_name_of_a_directive_comes_first_and_unknown_names_are_refused(
    day: Plays,
) -> None:
    assert day.questions.next(ROOM, 1, at("13:15"))[1] == "resource"
    for name in ("nobody", "events.ctl:1", "events.ctl:99", "directive:nobody", "other.ctl:2"):
        with pytest.raises(NotFound, match=name.removeprefix("events.ctl:")):
            day.questions.next(name, 1, at("13:15"))


# --- why ----------------------------------------------------------------------


def steps(found: Explanation) -> dict[str, tuple[str, str]]:
    return {step.gate: (step.verdict, step.reason) for step in found.steps}


def test_a_run_on_time(day: Plays) -> None:
    found = day.why(LOAD, "14:15")
    assert found.verdict == "ran"
    assert steps(found) == {
        "in force": ("passed", ""),
        "schedule": ("due", ""),
        "ledger": ("finished", "on_time"),
    }
    assert found.steps[2].evidence["late"] == "0 s"


def test_a_moment_that_became_part_of_a_later_run(day: Plays) -> None:
    found = day.why(LOAD, "16:15")
    assert found.verdict == "not run"
    assert steps(found)["ledger"] == ("skipped_coalesced", "coalesced")
    joined = found.steps[2].evidence["became part of the run of"]
    assert joined == "2026-03-02T16:30:00Z"
    assert steps(found)["task"] == ("busy", "")
    assert found.steps[3].evidence["runs"] == [
        {"start": "2026-03-02T15:10:00Z", "end": "2026-03-02T16:30:00Z", "entry": SESSION}
    ]


def test_a_late_run_is_found_at_its_moment_and_at_its_start(day: Plays) -> None:
    for time in ("17:15", "17:30"):
        found = day.why(LOAD, time)
        assert found.verdict == "ran", time
        assert steps(found)["ledger"] == ("finished", "late")
        assert found.steps[2].evidence["late"] == "900 s"
        assert found.steps[2].evidence["coalesced"] == 1
        assert steps(found)["task"] == ("busy", "")


def test_without_an_instant_it_is_about_the_newest_moment(day: Plays) -> None:
    found = day.questions.why_at(LOAD, None, at("18:00"))
    assert (found.verdict, steps(found)["ledger"]) == ("ran", ("finished", "late"))
    assert day.questions.why_at(NIGHT, None, at("18:00")).verdict == "not run"
    assert day.questions.why_at(HOLD, None, at("18:00")).verdict == "open"


def test_between_the_moments_it_was_not_due(day: Plays) -> None:
    found = day.why(LOAD, "14:40")
    assert found.verdict == "not run"
    assert steps(found)["schedule"] == ("not due", "")
    assert found.steps[1].evidence["next"] == "2026-03-02T14:15:00Z"
    assert steps(found)["ledger"] == ("nothing", "no_moment")


def test_while_it_went_on_it_ran(day: Plays) -> None:
    assert day.why(SESSION, "17:00").verdict == "ran"


def test_before_it_stood_and_what_is_to_come(day: Plays) -> None:
    assert steps(day.why(LOAD, "12:15")) == {"in force": ("not run", "not_in_force")}
    assert steps(day.why(LOAD, "23:15"))["ledger"] == ("nothing", "to_come")


def test_windows_and_rules_are_open_or_closed(day: Plays) -> None:
    assert day.why(POLL, "19:00").verdict == "open"
    assert day.why(POLL, "20:01").verdict == "closed"
    assert [day.why(HOLD, t).verdict for t in ("10:59", "11:00", "23:00", "23:01")] == [
        "closed", "open", "open", "closed",
    ]  # fmt: skip
    assert day.why(MAIL, "03:00").verdict == "open"


def test_what_passed_while_nobody_worked(day: Plays) -> None:
    night = "2026-03-03 02:30"
    day.tasks[2].stop(at("20:00"))
    day.life(2, at("2026-03-03 08:00"))
    day.work(2, at("2026-03-03 08:00"))
    day.work(2, at("2026-03-03 08:00:10"))
    found = day.why(NIGHT, night, "2026-03-03 09:00")
    assert found.verdict == "not run"
    assert steps(found)["ledger"] == ("skipped_late", "missed")
    assert steps(found)["task"] == ("down", "nobody_worked")
    assert found.steps[3].evidence["down"] == [
        {"start": "2026-03-03T01:30:00Z", "end": "2026-03-03T07:00:00Z", "entry": None}
    ]


def test_a_moment_in_the_lost_hour_says_that_it_was_moved(day: Plays) -> None:
    found = day.why(NIGHT, "2026-03-29 03:00", "2026-03-01 00:00")
    assert found.steps[1].evidence["notes"] == "gap"


def test_a_failure_says_how_it_ended(day: Plays) -> None:
    day.work(2, at("18:15"), state="failed")
    found = day.why(LOAD, "18:15")
    assert (found.verdict, steps(found)["ledger"][0]) == ("ran", "failed")
    day.life(1, at("17:00"))
    day.work(1, at("17:00"))
    assert steps(day.why(POLL, "17:00"))["ledger"] == ("failed", "unavailable: no mailer")


# --- agenda -------------------------------------------------------------------


def listed(day: Plays, start: str, end: str, now: str, *kinds: str) -> list[tuple[str, str]]:
    within = Period(at(start), at(end))
    found = agenda(day.store, day.settings, within, at(now), frozenset(kinds) or None)
    return [(clock(e.start), e.id) for e in found]


def entries(day: Plays, name: str, start: str, end: str, now: str) -> list[AgendaEntry]:
    within = Period(at(start), at(end))
    return [e for e in agenda(day.store, day.settings, within, at(now)) if e.id == name]


def test_the_agenda_has_what_ran_and_what_will(day: Plays) -> None:
    assert listed(day, "16:00", "19:30", "18:00", "directive") == [
        ("16:00", HOLD), ("16:00", WHOLE), ("16:10", SESSION), ("16:15", LOAD),
        ("17:30", LOAD), ("18:00", POLL), ("18:15", LOAD), ("19:15", LOAD),
    ]  # fmt: skip
    past = {e.start: e for e in entries(day, LOAD, "16:00", "19:30", "18:00")}
    assert past[at("16:15")].what == "[2]Exec !load.bat P.01:00: not run, coalesced"
    assert past[at("17:30")].what == "[2]Exec !load.bat P.01:00: finished, 15 min late"
    assert past[at("18:15")].what == "[2]Exec !load.bat P.01:00"
    session = entries(day, SESSION, "16:00", "19:30", "18:00")[0]
    assert (clock(session.start), clock(session.end or session.start)) == ("16:10", "17:30")


def test_kinds_are_told_apart(day: Plays) -> None:
    night = ("2026-03-03 00:00", "2026-03-03 06:00", "18:00")
    assert listed(day, *night, "upkeep") == [("03:10", "upkeep")]
    assert ("02:30", "backup") in listed(day, *night, "directive")
    assert listed(day, *night, "booking") == []


def test_a_dense_line_is_one_entry_a_day(tmp_path: Path) -> None:
    day = Plays(tmp_path, "Exec poll.sh P.00:01\n")
    year = entries(day, "events.ctl:1", "2026-03-03 00:00", "2027-03-03 00:00", "2026-03-02 13:16")
    assert len(year) == 365
    assert {e.what for e in year} == {
        "Exec poll.sh P.00:01: 1,440 runs, every 1 min",
        "Exec poll.sh P.00:01: 1,380 runs, every 1 min",
        "Exec poll.sh P.00:01: 1,500 runs, every 1 min",
    }
    day.life(1, at("13:15"))
    for minute in range(60):
        day.work(
            1, Instant(at("13:15") + minute * 60), state="failed" if minute == 7 else "finished"
        )
    past = entries(day, "events.ctl:1", "13:00", "14:15", "14:15")
    assert [(clock(e.start), e.what) for e in past] == [
        ("13:15", "Exec poll.sh P.00:01: 60 runs, 1 failed, 59 finished")
    ]


def test_the_agenda_as_a_calendar_has_an_event_for_each(day: Plays) -> None:
    within = Period(at("16:00"), at("2026-03-03 06:00"))
    found = agenda(day.store, day.settings, within, at("18:00"))
    calendar = as_calendar(found, at("18:00")).decode()
    assert calendar.count("BEGIN:VEVENT") == len(found)
    assert len({line for line in calendar.splitlines() if line.startswith("UID")}) == len(found)

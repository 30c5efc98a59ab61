"""Every moment ends as exactly one run, or in one group with a reason, whatever happens."""

from __future__ import annotations

from random import Random

import pytest
from tests.kernel.scale import cases
from tests.kernel.schedules import at, dues, timetable

from horarium.kernel.decision import Decision, State, due, superseded
from horarium.kernel.excepted import Exceptions
from horarium.kernel.instant import Instant
from horarium.kernel.moment import Reason
from horarium.kernel.period import Period
from horarium.kernel.periodset import EMPTY, PeriodSet
from horarium.kernel.timetable import Timetable

START = at("2026-10-20T07:13Z")
DAY = 86_400
CALENDAR = {Reason.NO_SUCH_DAY, Reason.NO_SUCH_DATE, Reason.IN_GAP, Reason.WINDOW_IN_GAP}
CALENDAR |= {Reason.EXCEPTED, Reason.OUTSIDE_WINDOW}

KINDS = (
    "daily start 02:30",
    "daily MO-FR window 01:00-24:00 every 1h",
    "daily window 22:00-06:00",
    "daily window 22:00-06:00 random window",
    "daily window 20:00-04:00 every 90m random window",
    "daily start 02:30 random 3h",
    "weekly MO 08:00 - FR 17:00",
    "weekly SU 02:15",
    "monthly 31 start 12:00",
    "monthly last window 02:10-02:50 every 10m",
    "interval 37m",
    "interval 50m window 08:00-17:00",
    "interval 41m random 2h",
    "interval 6h for 1h",
    "periodic 01:00",
    "periodic 00:07 window 22:00-03:00",
    "immediately every 5h",
    "immediately",
    'cron "30 1-4 * * *"',
    'cron "*/20 2,3 * * *"',
    'cron "0 */2 * * MON-FRI" window 06:00-20:00',
    'cron "15 9 * * *" for 30m',
    'rrule "DTSTART:20261001T090000 DURATION:PT2H RRULE:FREQ=DAILY;INTERVAL=2"',
    "at 2026-10-25T02:30 fold both",
    "at +3h for 2h",
    "on begun",
    "on begun window 08:00-17:00",
    "on begun window 08:00-17:00 outside drop",
)
CATCH_UP = ("once", "none", "all", "all 3", "all 5 within 6h")
OVERLAP = ("skip", "queue_one", "allow")
FURTHER = ("late_outside_window", "deadline 2h", "grace 1h", "except rest", "disabled")


def random_timetable(rng: Random) -> Timetable:
    text = f"{rng.choice(KINDS)} catch_up {rng.choice(CATCH_UP)} overlap {rng.choice(OVERLAP)}"
    further = rng.sample(FURTHER, 2) if rng.random() < 0.6 else []
    text = " ".join([text, *further])
    first = START // DAY
    shut = Period(Instant(START + rng.randrange(6 * DAY)), Instant(START + 6 * DAY + 5000))
    periods = PeriodSet([shut]) if rng.random() < 0.5 else EMPTY
    rest = Exceptions.of([first + rng.randrange(12) for _ in range(3)], periods)
    signals = tuple(Instant(START + rng.randrange(12 * DAY)) for _ in range(6))
    zone = rng.choice(("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "UTC"))
    return timetable(
        text,
        START,
        zone=zone,
        calendars={"rest": rest},
        signals=signals,
        object_id=str(rng.randrange(5)),
    )


class Account:
    """What was decided so far."""

    def __init__(self) -> None:
        self.runs: list[Instant] = []
        self.counted = 0
        self.calendar = 0

    def enter(self, decision: Decision) -> None:
        self.runs += [run.due for run in decision.runs]
        for group in decision.skipped:
            assert group.count > 0
            assert group.first_due <= group.last_due
            assert not group.at_least
            if group.reason in CALENDAR:
                self.calendar += group.count
            else:
                self.counted += group.count


def play(made: Timetable, rng: Random) -> None:
    """Ask now and then, with outages, busy times, runs and clocks set; then close the books."""
    account = Account()
    since = Instant(START - 1)
    now = START
    state = State()
    for _ in range(rng.randrange(4, 25)):
        decision = due(made, since, now, state)
        assert decision == due(made, since, now, state)
        assert decision.cursor >= since
        if now < since:
            assert decision.reason == "clock_back"
        account.enter(decision)
        since = decision.cursor
        if decision.runs and not state.occupied:
            state = State(begun=now)
        now = next_look(rng, decision, now)
        state = next_state(rng, state, now)
    edited = Instant(max(now, since))
    account.enter(superseded(made, since, edited))
    found = made.moments(START, Instant(edited + 1))
    expected = dues(found.openings)
    assert len(account.runs) + account.counted == len(expected)
    assert set(account.runs) <= set(expected)
    assert len(set(account.runs)) == len(account.runs)
    assert account.calendar == sum(skip.count for skip in found.skipped)


def next_look(rng: Random, decision: Decision, now: Instant) -> Instant:
    way = rng.random()
    if way < 0.5 and decision.next is not None and decision.next < START + 30 * DAY:
        return Instant(max(decision.next, now))
    if way < 0.6:
        return Instant(max(now - rng.randrange(2 * DAY), START))
    return Instant(now + rng.choice((1, 60, 1800, 7200, DAY, 3 * DAY)) * rng.randrange(1, 3))


def next_state(rng: Random, state: State, now: Instant) -> State:
    if state.begun is not None and state.ended is None and rng.random() < 0.6:
        return State(begun=state.begun, ended=Instant(max(state.begun, now - rng.randrange(600))))
    if rng.random() < 0.1:
        return State(begun=state.begun, ended=state.ended, busy=not state.busy)
    return State(begun=state.begun, ended=state.ended)


@pytest.mark.parametrize("seed", range(cases(20)))
def test_every_moment_is_accounted_for_once(seed: int) -> None:
    rng = Random(seed)
    for _ in range(40):
        made = random_timetable(rng)
        try:
            play(made, rng)
        except AssertionError as error:
            raise AssertionError(f"{made.schedule} in {made.zone}") from error


def test_what_the_calendar_leaves_out_is_told_once() -> None:
    made = timetable("monthly 31 start 12:00", "2027-01-15T00:00Z")
    first = due(made, at("2027-01-14T23:59:59Z"), at("2027-02-10T00:00Z"))
    second = due(made, first.cursor, at("2027-03-10T00:00Z"))
    assert [(g.reason, g.count) for g in first.skipped] == [(Reason.NO_SUCH_DAY, 1)]
    assert second.skipped == ()
    february = made.moments(at("2027-02-01T00:00Z"), at("2027-03-01T00:00Z"))
    assert [skip.date for skip in february.skipped] == ["2027-02"]

"""What is foreseen is what runs: previews, explanations, and what is odd about a schedule."""

from __future__ import annotations

from random import Random

import pytest
from tests.kernel.scale import cases
from tests.kernel.schedules import at, dues, timetable
from tests.kernel.test_schedule_accounting import START, random_timetable

from horarium.kernel.decision import due
from horarium.kernel.errors import InvalidInput
from horarium.kernel.instant import Instant
from horarium.kernel.moment import Opening, Reason
from horarium.kernel.preview import explain, preview
from horarium.kernel.schedule_lint import lint
from horarium.kernel.timetable import Timetable

PARIS = "zone Europe/Paris"


def test_a_preview_asks_the_questions_that_a_daemon_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    made = timetable("periodic 01:00", "2026-03-02T00:00Z")
    start = made.circumstances.activation
    plain = dues(preview(made, start, count=3).openings)
    assert plain == [start, start + 3600, start + 7200]
    original = Timetable.next_after

    def every_second(self: Timetable, t: Instant) -> Opening | None:
        found = original(self, t)
        return original(self, found.due) if found is not None else None

    monkeypatch.setattr(Timetable, "next_after", every_second)
    assert dues(preview(made, start, count=2).openings) == [start + 3600, start + 10_800]


@pytest.mark.parametrize("seed", range(cases(20)))
def test_a_preview_is_what_a_punctual_daemon_does(seed: int) -> None:
    rng = Random(seed)
    made = random_timetable(rng)
    end = Instant(START + 6 * 86_400)
    runs: list[Instant] = []
    since, now = Instant(START - 1), START
    while now < end:
        decision = due(made, since, now)
        runs += [run.due for run in decision.runs]
        since = decision.cursor
        if decision.next is None:
            break
        now = decision.next
    assert dues(preview(made, START, end).openings) == runs


def test_dates_without_a_run_stand_in_the_preview() -> None:
    made = timetable(f"monthly 31 window 02:30-03:00 {PARIS}", "2026-12-31T23:00Z")
    found = preview(made, at("2026-12-31T23:00Z"), at("2027-04-29T22:00Z"))
    assert dues(found.openings) == [at("2027-01-31T01:30Z"), at("2027-03-31T00:30Z")]
    assert [(s.date, s.reason, s.detail) for s in found.skipped] == [
        ("2027-02", Reason.NO_SUCH_DAY, "31"),
        ("2027-04", Reason.NO_SUCH_DAY, "31"),
    ]


def test_a_preview_ends_somewhere() -> None:
    with pytest.raises(InvalidInput):
        preview(timetable("daily"), at("2026-03-02T00:00Z"))
    assert preview(timetable("never"), at("2026-03-02T00:00Z"), count=5).openings == ()
    off = preview(timetable("daily disabled"), at("2026-03-02T00:00Z"), count=3)
    assert (off.openings, [s.reason for s in off.skipped]) == ((), [Reason.DISABLED] * 3)


def test_an_explanation_of_one_instant() -> None:
    made = timetable("daily window 22:00-06:00 deadline 2h catch_up all 5")
    found = explain(made, at("2026-03-02T23:00Z"))
    assert found.open
    assert found.window is not None
    assert (found.window.start, found.window.end) == (
        at("2026-03-02T22:00Z"),
        at("2026-03-03T06:00Z"),
    )
    assert found.last is not None
    assert found.last.due == at("2026-03-02T22:00Z")
    assert found.next is not None
    assert found.next.due == at("2026-03-03T22:00Z")
    assert found.policy == "catch_up all 5 within 7d, overlap skip, deadline 2h"
    shut = explain(made, at("2026-03-02T12:00Z"))
    assert (shut.open, shut.window) == (False, None)


def test_an_explanation_has_what_the_calendar_left_out_and_what_was_decided() -> None:
    made = timetable(f"daily window 02:10-02:50 {PARIS}")
    then = at("2027-03-28T10:00Z")
    decision = due(made, at("2027-03-27T22:00Z"), then)
    found = explain(made, then, decision)
    assert [s.reason for s in found.left_out] == [Reason.WINDOW_IN_GAP]
    assert found.recorded == decision


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("daily start 09:00", []),
        ("never", []),
        ("on boom", []),
        ("daily until 2026-01-01", ["empty"]),
        ("at 2026-01-01T00:00", ["empty"]),
        ("yearly 02-29", ["rare_day"]),
        ("monthly 31", ["rare_day"]),
        ("monthly 30", ["rare_day"]),
        ("monthly 28", []),
        ("daily window 01:00-02:00 random 2h", ["jitter_longer_than_window"]),
        ("daily window 01:00-02:00 every 1h", ["repeat_longer_than_window"]),
        ("daily window 01:00-02:00 every 59m", []),
        ("interval 1d window 09:00-10:00", ["gate_excludes_all"]),
        ("daily grace 10m deadline 5m", ["deadline_below_grace"]),
        (f"daily start 02:30 {PARIS}", ["moment_in_gap"]),
        (f"daily start 02:30 gap skip {PARIS}", ["moment_in_gap"]),
        (f"daily window 02:10-02:50 {PARIS}", ["moment_in_gap"]),
        (f'cron "*/30 2 * * *" {PARIS}', ["moment_in_gap"]),
        (f"daily MO-SA start 02:30 {PARIS}", []),
        (f"daily start 03:30 {PARIS}", []),
    ],
)
def test_what_is_odd(text: str, codes: list[str]) -> None:
    assert [finding.code for finding in lint(timetable(text, "2026-03-02T12:00Z"))] == codes

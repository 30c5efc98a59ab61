"""What blocks a time of a resource."""

from __future__ import annotations

import pytest
from tests.office import ROOM, Office, oslo

from horarium.kernel.errors import InvalidInput
from horarium.kernel.instant import Instant
from horarium.runtime.answers import Explanation
from horarium.runtime.questions import Questions


def why(office: Office, at: str, end: str | None = None) -> Explanation:
    questions = Questions(office.store, office.settings)
    return questions.why_at(ROOM, oslo(at), office.now, oslo(end) if end else None)


def closed(found: Explanation) -> dict[str, str]:
    assert found.verdict == (
        "closed" if any(s.verdict == "closed" for s in found.steps) else "open"
    )
    return {step.gate: step.reason for step in found.steps if step.verdict == "closed"}


def is_open(office: Office, at: str) -> bool:
    start = oslo(at)
    questions = Questions(office.store, office.settings)
    found = questions.open(ROOM, start, Instant(start + 1), office.now)
    return bool(found.periods)


def test_everything_that_blocks_is_listed_at_once() -> None:
    office = Office({ROOM: {"working_hours": "mon-fri 08:00-10:30"}})
    office.invite("2026-12-01 10:00", "2026-12-01 10:30", uid="taken")
    room = Office(
        {
            ROOM: {
                "working_hours": "mon-fri 08:00-10:30",
                "booking_window": 2,
                "min_notice": "P20D",
                "scheduling_function": "schedule_in_freebusy\naccess_control_list",
            }
        }
    )
    assert closed(why(room, "2026-12-01 11:00")) == {
        "working_hours": "working_hours",
        "booking_window": "booking_window",
        "min_notice": "min_notice",
        "access_control_list": "configuration",
    }
    found = why(office, "2026-12-01 10:15")
    assert closed(found) == {"free/busy": "conflict"}
    evidence = found.steps[-1].evidence
    assert (evidence["held"], evidence["capacity"]) == (1, 1)
    assert evidence["reservations"] == [
        {
            "uid": "taken",
            "start": "2026-12-01T09:00:00Z",
            "end": "2026-12-01T09:30:00Z",
            "organizer": "vincent.vole@example.com",
            "type": "booked",
        }
    ]


@pytest.mark.parametrize(
    "at",
    ["09:39", "09:40", "09:50", "10:00", "10:59", "11:00", "11:14", "11:15", "11:20", "12:00"],
)
def test_buffers_block_where_open_says_so(at: str) -> None:
    office = Office({ROOM: {"buffer_before": "5m", "buffer_after": "10m"}})
    office.invite("2026-12-01 10:00", "2026-12-01 11:00")
    moment = f"2026-12-01 {at}"
    assert (closed(why(office, moment)) == {}) is is_open(office, moment)


def test_a_whole_time_is_asked_for_its_length_too() -> None:
    office = Office({ROOM: {"max_duration": "PT1H", "min_duration": "PT30M"}})
    office.invite("2026-12-01 12:00", "2026-12-01 13:00")
    assert closed(why(office, "2026-12-01 10:00")) == {}
    assert closed(why(office, "2026-12-01 10:00", "2026-12-01 10:10")) == {
        "min_duration": "min_duration"
    }
    assert closed(why(office, "2026-12-01 10:00", "2026-12-01 12:30")) == {
        "max_duration": "max_duration",
        "free/busy": "conflict",
    }
    assert closed(why(office, "2026-12-01 11:00", "2026-12-01 12:00")) == {}


def test_what_takes_no_part_is_closed() -> None:
    assert closed(why(Office({ROOM: {"participating": "no"}}), "2026-12-01 10:00")) == {
        "participating": "not_participating"
    }
    none = closed(why(Office({ROOM: {"scheduling_function": "frobnicate"}}), "2026-12-01 10:00"))
    assert none == {"frobnicate": "configuration"}


def test_a_directive_has_no_end() -> None:
    office = Office()
    questions = Questions(office.store, office.settings)
    with pytest.raises(InvalidInput, match="is not booked"):
        questions.why_at("upkeep", office.now, office.now, Instant(office.now + 60))

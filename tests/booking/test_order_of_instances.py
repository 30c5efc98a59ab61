"""Masters, changed occurrences and cancellations of one event, in every order of arrival."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.kernel.scale import cases
from tests.office import ROOM, Office, request, vevent

from horarium.kernel.instant import Instant

BY = "vincent.vole@example.com"
DAYS = (1, 8, 15, 22)
Drawn = tuple[str, int, int, int]
WHOLE = ("master", "with override", "without one", "cancel")
PART = ("override", "cancel one", "future", "cancel future")


def message(kind: str, sequence: int, minute: int, day: int) -> str:
    """A message of the weekly event `e`, stamped (sequence, minute), about its day number `day`."""
    stamp = f"2026-11-20T08:{minute:02}:00Z"
    hour, date = 10 + sequence, DAYS[day]
    ends = f"2026-12-01 {hour}:{minute:02}"
    if kind in WHOLE:
        extra = "" if kind == "cancel" else "RRULE:FREQ=WEEKLY;COUNT=4"
        if kind == "without one":
            extra += f"\nEXDATE;TZID=Europe/Oslo:202612{date:02}T090000"
        master = vevent("e", "2026-12-01 09:00", ends, sequence=sequence, stamp=stamp, extra=extra)
        if kind == "with override":
            return request(master, _changed(sequence, minute, day, "RECURRENCE-ID", hour + 3))
        return request(master, method="CANCEL" if kind == "cancel" else "REQUEST")
    name = "RECURRENCE-ID" + (";RANGE=THISANDFUTURE" if "future" in kind else "")
    changed = _changed(sequence, minute, day, name, hour + (3 if "future" in kind else 0))
    return request(changed, method="CANCEL" if kind.startswith("cancel") else "REQUEST")


def _changed(sequence: int, minute: int, day: int, name: str, hour: int) -> str:
    date = DAYS[day]
    return vevent(
        "e", f"2026-12-{date:02} {hour}:{minute:02}", f"2026-12-{date:02} {hour + 1}:{minute:02}",
        sequence=sequence, stamp=f"2026-11-20T08:{minute:02}:00Z",
        extra=f"{name}:202612{date:02}T080000Z",
    )  # fmt: skip


def ends(order: tuple[Drawn, ...]) -> list[tuple[str, str]]:
    """What is held after the messages have come in this order."""
    office = Office()
    office.now = Instant(office.now + 3600)
    for drawn in order:
        office.send(message(*drawn), by=BY)
    return [(start[5:], end[5:]) for _, start, end in office.everything()]


drawn_messages = st.lists(
    st.tuples(
        st.sampled_from(WHOLE + PART), st.integers(0, 1), st.integers(0, 2), st.integers(0, 3)
    ),
    min_size=2,
    max_size=4,
    unique_by=lambda m: (m[1], m[2]),
)


@settings(max_examples=cases(60), deadline=None)
@given(drawn_messages)
def test_every_permutation_ends_in_one_state(drawn: list[Drawn]) -> None:
    results = {order: ends(order) for order in itertools.permutations(drawn)}
    by_stamp = tuple(sorted(drawn, key=lambda m: (m[1], m[2])))
    for order, result in results.items():
        assert result == results[by_stamp], (order, by_stamp)


LATER = ("override", 1, 2, 1)


@pytest.mark.parametrize(
    "drawn",
    [
        pytest.param(
            (("with override", 0, 1, 1), LATER), id="a master does not undo a later change"
        ),
        pytest.param(
            (("without one", 0, 0, 1), ("master", 1, 0, 0), LATER),
            id="a change waits for the series that has its occurrence",
        ),
        pytest.param(
            (("without one", 0, 1, 3), ("master", 1, 1, 0), ("cancel one", 1, 2, 3)),
            id="a cancellation waits for the series that has its occurrence",
        ),
        pytest.param(
            (("master", 0, 0, 0), ("future", 0, 2, 1), ("override", 0, 1, 2)),
            id="a change of all future occurrences states them anew",
        ),
        pytest.param(
            (("master", 0, 0, 0), ("cancel future", 0, 1, 1), ("override", 1, 0, 3)),
            id="what is booked after the series was ended stands for itself",
        ),
    ],
)
def test_orders_that_went_wrong(drawn: tuple[Drawn, ...]) -> None:
    results = {order: ends(order) for order in itertools.permutations(drawn)}
    assert len({tuple(result) for result in results.values()}) == 1, results


def test_a_change_that_waited_is_answered_when_its_series_comes() -> None:
    office = Office()
    office.now = Instant(office.now + 3600)
    office.send(message("without one", 0, 0, 1), by=BY)
    (refused,) = office.send(message(*LATER), by=BY)
    assert refused.partstats == ["DECLINED"]
    assert refused.statuses == ["3.1"]
    (answer,) = office.send(message("master", 1, 0, 0), by=BY)
    assert answer.partstats == ["ACCEPTED", "ACCEPTED"]
    assert "RECURRENCE-ID" in answer.components[1]
    assert ("2026-12-08 11:02", "2026-12-08 12:02") in office.busy(
        "2026-12-08 00:00", "2026-12-09 00:00"
    )


def test_an_override_that_kept_its_old_sequence_is_stated_with_its_master() -> None:
    office = Office()
    office.send(message("master", 1, 0, 0), by=BY)
    master = vevent(
        "e", "2026-12-01 09:00", "2026-12-01 10:00", sequence=2, stamp="2026-11-20T09:00:00Z",
        extra="RRULE:FREQ=WEEKLY;COUNT=4",
    )  # fmt: skip
    office.send(request(master, _changed(0, 0, 1, "RECURRENCE-ID", 15)), by=BY)
    assert office.busy("2026-12-08 00:00", "2026-12-09 00:00") == [
        ("2026-12-08 15:00", "2026-12-08 16:00")
    ]


def test_a_request_that_says_it_is_cancelled_is_a_cancel_whatever_policy_says() -> None:
    office = Office({ROOM: {"declined_update": "keep"}})
    first = message("master", 0, 0, 0)
    office.send(first, by=BY)
    gone = vevent(
        "e", "2026-12-01 09:00", "2026-12-01 10:00", extra="STATUS:CANCELLED",
        stamp="2026-11-20T08:00:00Z",
    )  # fmt: skip
    assert office.send(request(gone), by=BY) == []
    assert office.everything() == []
    assert office.send(first, by=BY) == []
    assert office.ledger() == {"decided": 2, "stale": 1}


def test_a_change_that_named_only_the_day_is_of_the_occurrence_of_that_day() -> None:
    office = Office()
    office.now = Instant(office.now + 3600)
    changed = _changed(0, 1, 1, "RECURRENCE-ID", 15)
    changed = changed.replace("RECURRENCE-ID:20261208T080000Z", "RECURRENCE-ID;VALUE=DATE:20261208")
    office.send(request(changed), by=BY)
    office.send(message("master", 0, 0, 0), by=BY)
    assert office.busy("2026-12-08 00:00", "2026-12-09 00:00") == [
        ("2026-12-08 15:01", "2026-12-08 16:01")
    ]


def test_a_booked_change_that_the_series_turns_out_not_to_have_is_taken_back() -> None:
    office = Office()
    office.now = Instant(office.now + 3600)
    (booked,) = office.send(message(*LATER), by=BY)
    assert booked.partstats == ["ACCEPTED"]
    (answer,) = office.send(message("without one", 0, 0, 1), by=BY)
    assert answer.partstats == ["ACCEPTED", "DECLINED"]
    assert answer.statuses == ["2.0", "3.1"]
    assert office.busy("2026-12-08 00:00", "2026-12-09 00:00") == []


def test_a_single_change_of_the_first_of_all_future_ones_leaves_the_others() -> None:
    office = Office()
    office.now = Instant(office.now + 3600)
    office.send(message("master", 0, 0, 0), by=BY)
    office.send(message("future", 0, 1, 1), by=BY)
    office.send(message("override", 1, 0, 1), by=BY)
    assert [start for _, start, _ in office.everything()] == [
        "2026-12-01 09:00", "2026-12-08 11:00", "2026-12-15 13:01", "2026-12-22 13:01",
    ]  # fmt: skip
    office.send(message("cancel one", 1, 1, 1), by=BY)
    assert [start for _, start, _ in office.everything()] == [
        "2026-12-01 09:00", "2026-12-15 13:01", "2026-12-22 13:01",
    ]  # fmt: skip

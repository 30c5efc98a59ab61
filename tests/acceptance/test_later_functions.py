"""Scheduling functions that the seed names and this version has not: never a way in."""

from __future__ import annotations

import pytest

from tests.office import ROOM, Office


@pytest.mark.parametrize(
    "function",
    [
        "check_quota",
        "check_quota cars",
        "add_to_quota cars",
        "remove_from_quota cars",
        "schedule_across_quota cars",
        "add_to_quota_freebusy cars",
        "remove_from_quota_freebusy cars",
        "schedule_for_delegate cars",
        "schedule_corrected_in_freebusy",
        "schedule_next_available_in_freebusy 2",
    ],
)
@pytest.mark.parametrize("beside", [[], ["schedule_in_freebusy"]])
def test_a_function_of_a_later_version_declines_and_is_named(
    function: str, beside: list[str]
) -> None:
    office = Office({ROOM: {"scheduling_function": [*beside, function]}})
    (answer,) = office.ask("2026-12-01 09:00", "2026-12-01 10:00")
    assert answer.partstats == ["DECLINED"]
    assert answer.statuses == ["5.1"]
    assert office.everything() == []
    ((_, cause, _, text),) = office.store.read(lambda tx: tx.mail.notices(10))
    assert cause == "configuration"
    assert function.split()[0] in text

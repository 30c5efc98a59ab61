"""The examples of seed 001 that concern scheduling, concurrency and identity, verbatim."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.office import ROOM, Office

SKUNK = "simon.skunk@example.com"
PAUL = "paul.boddie@example.com"
VINCENT = "vincent.vole@example.com"


def room(functions: str | None = None, acl: str | None = None) -> Office:
    preferences: dict[str, object] = {}
    if functions is not None:
        preferences["scheduling_function"] = functions
    if acl is not None:
        preferences["acl"] = acl
    return Office({ROOM: preferences})


def test_by_default_an_event_is_fitted_into_the_schedule() -> None:
    office = room()
    assert office.invite("2026-12-01 09:00", "2026-12-01 10:00") == "ACCEPTED"
    assert office.invite("2026-12-01 09:59", "2026-12-01 11:00") == "DECLINED"
    assert office.invite("2026-12-01 10:00", "2026-12-01 11:00") == "ACCEPTED"


def test_the_written_default_is_the_default() -> None:
    office = room("schedule_in_freebusy\n")
    assert office.invite("2026-12-01 09:00", "2026-12-01 10:00") == "ACCEPTED"
    assert office.invite("2026-12-01 09:30", "2026-12-01 09:40") == "DECLINED"


def test_nobody_is_refused_for_who_they_are_by_default() -> None:
    assert room().invite("2026-12-01 09:00", "2026-12-01 10:00", by="x@else.example") == "ACCEPTED"


def test_five_concurrent_reservations() -> None:
    office = room("schedule_in_freebusy 5\n")
    for _ in range(5):
        assert office.invite("2026-12-01 14:00", "2026-12-01 15:00") == "ACCEPTED"
    assert office.invite("2026-12-01 14:00", "2026-12-01 15:00") == "DECLINED"
    assert office.invite("2026-12-01 14:59", "2026-12-01 16:00") == "DECLINED"
    assert office.invite("2026-12-01 15:00", "2026-12-01 16:00") == "ACCEPTED"


def test_concurrency_is_counted_at_the_same_point_in_time() -> None:
    office = room("schedule_in_freebusy 2\n")
    assert office.invite("2026-12-01 09:00", "2026-12-01 10:00") == "ACCEPTED"
    assert office.invite("2026-12-01 10:00", "2026-12-01 11:00") == "ACCEPTED"
    assert office.invite("2026-12-01 09:00", "2026-12-01 11:00") == "ACCEPTED"
    assert office.invite("2026-12-01 09:30", "2026-12-01 09:45") == "DECLINED"


SAME_DOMAIN = """
schedule_in_freebusy
same_domain_only
"""


def test_same_domain_membership() -> None:
    office = room(SAME_DOMAIN)
    assert office.invite("2026-12-01 09:00", "2026-12-01 10:00", by=VINCENT) == "ACCEPTED"
    assert office.invite("2026-12-01 09:00", "2026-12-01 10:00", by=PAUL) == "DECLINED"
    assert office.last_reason() == "conflict"
    assert office.invite("2026-12-01 11:00", "2026-12-01 12:00", by="o@example.org") == "DECLINED"
    assert office.last_reason() == "same_domain"
    assert (
        office.invite("2026-12-01 11:00", "2026-12-01 12:00", by="o@eu.example.com") == "DECLINED"
    )
    assert office.invite("2026-12-01 11:00", "2026-12-01 12:00", by="o@EXAMPLE.com") == "ACCEPTED"


def test_without_a_function_that_checks_the_schedule_no_check_occurs() -> None:
    office = room("same_domain_only\n")
    assert office.invite("2026-12-01 09:00", "2026-12-01 10:00") == "ACCEPTED"
    assert office.invite("2026-12-01 09:00", "2026-12-01 10:00") == "ACCEPTED"
    assert len(office.busy("2026-12-01 00:00", "2026-12-02 00:00")) == 2


LISTED = """
schedule_in_freebusy
access_control_list
"""
ACCEPT_ALL = "accept\n"
NOT_SKUNK = "accept\ndecline attendee simon.skunk@example.com\n"
UNLESS_PAUL = NOT_SKUNK + "accept organiser paul.boddie@example.com\n"


@pytest.mark.parametrize(
    ("acl", "without", "with_skunk", "by_paul"),
    [
        (ACCEPT_ALL, "ACCEPTED", "ACCEPTED", "ACCEPTED"),
        (NOT_SKUNK, "ACCEPTED", "DECLINED", "DECLINED"),
        (UNLESS_PAUL, "ACCEPTED", "DECLINED", "ACCEPTED"),
        ("accept organiser paul.boddie@example.com\n", "DECLINED", "DECLINED", "ACCEPTED"),
        ("decline organiser paul.boddie@example.com\n", "ACCEPTED", "ACCEPTED", "DECLINED"),
    ],
)
def test_access_control_lists(acl: str, without: str, with_skunk: str, by_paul: str) -> None:
    office = room(LISTED, acl)
    assert office.invite("2026-12-01 09:00", "2026-12-01 10:00", by=VINCENT) == without
    assert (
        office.invite("2026-12-02 09:00", "2026-12-02 10:00", by=VINCENT, guests=(SKUNK,))
        == with_skunk
    )
    assert (
        office.invite("2026-12-03 09:00", "2026-12-03 10:00", by=PAUL, guests=(SKUNK,)) == by_paul
    )


def test_the_list_comes_after_the_schedule() -> None:
    office = room(LISTED, ACCEPT_ALL)
    assert office.invite("2026-12-01 09:00", "2026-12-01 10:00") == "ACCEPTED"
    assert office.invite("2026-12-01 09:00", "2026-12-01 10:00") == "DECLINED"
    assert office.last_reason() == "conflict"


def test_a_list_in_a_separate_file_given_by_its_full_path(tmp_path: Path) -> None:
    rules = tmp_path / "resources.acl"
    rules.write_text(UNLESS_PAUL)
    rules.chmod(0o600)
    office = room(f"schedule_in_freebusy\naccess_control_list {rules}\n")
    assert office.invite("2026-12-01 09:00", "2026-12-01 10:00", by=VINCENT) == "ACCEPTED"
    assert (
        office.invite("2026-12-02 09:00", "2026-12-02 10:00", by=VINCENT, guests=(SKUNK,))
        == "DECLINED"
    )
    assert (
        office.invite("2026-12-02 09:00", "2026-12-02 10:00", by=PAUL, guests=(SKUNK,))
        == "ACCEPTED"
    )

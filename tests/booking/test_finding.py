"""Finding a free resource: order, reasons, buffers, places, organizers, series."""

from __future__ import annotations

import pytest
from tests.office import ROOM, Office, oslo

from horarium.booking.finding import Finding, Wish
from horarium.ical.address import parse_address
from horarium.kernel.instant import Instant
from horarium.kernel.period import Period
from horarium.runtime.finding import find_resources

BY = "vincent.vole@example.com"
DAY = "2026-12-01"


def find(
    office: Office,
    start: str = f"{DAY} 10:00",
    end: str = f"{DAY} 11:00",
    *,
    people: int | None = None,
    features: tuple[str, ...] = (),
    location: str = "",
    organizer: str | None = None,
) -> list[Finding]:
    wish = Wish(
        Period(oslo(start), oslo(end)),
        office.now,
        people,
        frozenset(features),
        location,
        parse_address(organizer) if organizer else None,
    )
    return find_resources(office.store, office.settings, wish)


def reasons(findings: list[Finding]) -> dict[str, list[str]]:
    return {
        finding.resource.address.text: [step.reason for step in finding.against]
        for finding in findings
    }


def free(findings: list[Finding]) -> list[str]:
    return [finding.resource.address.text for finding in findings if finding.free]


def test_the_smallest_that_is_large_enough_comes_first_and_unknown_sizes_last() -> None:
    office = Office(
        {
            "a-hall@example.com": {"seats": 200},
            "b-corner@example.com": {"seats": 4},
            "c-room@example.com": {"seats": 12},
            "d-lawn@example.com": {},
        }
    )
    assert free(find(office)) == [
        "b-corner@example.com", "c-room@example.com", "a-hall@example.com", "d-lawn@example.com",
    ]  # fmt: skip
    found = find(office, people=12)
    assert free(found) == ["c-room@example.com", "a-hall@example.com"]
    assert reasons(found)["b-corner@example.com"] == ["seats"]
    assert found[2].against[0].evidence == {"seats": 4, "asked": 12}
    assert reasons(found)["d-lawn@example.com"] == ["seats"]


def test_features_and_location_are_compared_whatever_their_case() -> None:
    office = Office(
        {
            "one@example.com": {
                "features": ["Projector", "Video  Conference"], "location": "Building 2, floor 1",
            },
            "two@example.com": {"features": "projector wheelchair", "location": "Building 3"},
        }
    )  # fmt: skip
    assert free(find(office, features=("projector",))) == ["one@example.com", "two@example.com"]
    found = find(office, features=("projector", "video conference"), location="building 2")
    assert free(found) == ["one@example.com"]
    assert reasons(found)["two@example.com"] == ["features", "location"]
    assert found[1].against[0].evidence == {"missing": "video conference"}


def test_what_is_taken_names_what_it_meets() -> None:
    office = Office({ROOM: {}, "other@example.com": {}})
    office.invite(f"{DAY} 10:30", f"{DAY} 12:00", uid="taken")
    found = find(office)
    assert free(found) == ["other@example.com"]
    (step,) = found[1].against
    conflicts = step.evidence["conflicts"]
    assert isinstance(conflicts, list)
    assert (step.gate, step.reason) == ("schedule_in_freebusy", "conflict")
    assert [c["uid"] for c in conflicts if isinstance(c, dict)] == ["taken"]
    assert free(find(office, f"{DAY} 09:00", f"{DAY} 10:30")) == ["other@example.com", ROOM]


def test_buffers_of_one_resource_are_not_those_of_another() -> None:
    buffers = {"buffer_before": "5m", "buffer_after": "10m"}
    office = Office({ROOM: buffers, "other@example.com": {}})
    for room in (ROOM, "other@example.com"):
        office.invite(f"{DAY} 09:00", f"{DAY} 10:00", to=room)
    assert free(find(office)) == ["other@example.com"]
    assert free(find(office, f"{DAY} 10:14", f"{DAY} 11:00")) == ["other@example.com"]
    assert free(find(office, f"{DAY} 10:15", f"{DAY} 11:00")) == ["other@example.com", ROOM]


def test_places_for_several_are_full_when_all_are_taken() -> None:
    office = Office({ROOM: {"scheduling_function": "schedule_in_freebusy 2"}})
    for _ in range(2):
        assert free(find(office)) == [ROOM]
        office.invite(f"{DAY} 10:00", f"{DAY} 11:00")
    assert reasons(find(office)) == {ROOM: ["conflict"]}


def test_every_policy_that_speaks_against_it_is_told() -> None:
    office = Office(
        {
            ROOM: {
                "working_hours": "mon-fri 12:00-18:00",
                "booking_window": 3,
                "min_notice": "P30D",
                "max_duration": "30m",
                "max_attendees": 6,
                "seats": 6,
            }
        }
    )
    assert sorted(reasons(find(office, people=7))[ROOM]) == [
        "booking_window", "max_attendees", "max_duration", "min_notice", "seats", "working_hours",
    ]  # fmt: skip
    open_late = find(office, "2026-11-23 12:00", "2026-11-23 12:30", people=6)
    assert reasons(open_late) == {ROOM: ["min_notice"]}


def test_who_asks_counts_only_when_it_is_said() -> None:
    office = Office(
        {
            ROOM: {
                "scheduling_function": "schedule_in_freebusy\nsame_domain_only\n"
                "access_control_list",
                "acl": f"accept\ndecline organiser {BY}",
            }
        }
    )
    (nobody,) = find(office)
    assert nobody.free
    assert nobody.unasked == ("same_domain_only", "access_control_list")
    assert reasons(find(office, organizer="paul.boddie@example.com")) == {ROOM: []}
    assert reasons(find(office, organizer=BY)) == {ROOM: ["access_list"]}
    assert reasons(find(office, organizer="a@example.org")) == {ROOM: ["same_domain"]}


@pytest.mark.parametrize(
    ("preferences", "reason"),
    [
        ({"participating": "no"}, "not_participating"),
        ({"scheduling_function": "schedule_in_frebusy"}, "configuration"),
        ({"scheduling_function": "access_control_list"}, "configuration"),
    ],
)
def test_what_would_never_accept_is_not_free(preferences: dict[str, object], reason: str) -> None:
    assert reasons(find(Office({ROOM: preferences}))) == {ROOM: [reason]}


POOL = "cars@example.com"


def test_quotas_pools_and_approvers_speak_where_an_organizer_is_named() -> None:
    quotas: dict[str, dict[str, object]] = {
        "small": {"limits": [["*", "PT30M"]]},
        "big": {"limits": [["*", "PT10H"]]},
    }
    office = Office(
        {
            "a@example.com": {"scheduling_function": "check_quota small"},
            "b@example.com": {"scheduling_function": "check_quota big"},
            "c@example.com": {"tier_in_policy": "ask", "approvers": "boss@example.com"},
            "d@example.com": {"tier_in_policy": "refuse"},
            POOL: {"bookable": "no", "scheduling_function": "schedule_for_delegate big"},
        },
        quotas=quotas,
    )
    found = find(office, organizer=BY)
    assert reasons(found) == {
        "a@example.com": ["quota"],
        "b@example.com": [],
        "c@example.com": [],
        "d@example.com": ["not_in_policy"],
        POOL: ["bookable", "pool_full"],
    }
    assert [f.asking for f in found if f.free] == [False, True]
    assert {f.resource.address.text: f.unasked for f in find(office)}["a@example.com"] == (
        "check_quota small",
    )


def test_time_that_is_only_offered_is_not_free() -> None:
    grid = {"permitted_times": "0,30", "freebusy_offers": "PT1H"}
    office = Office({ROOM: {"scheduling_function": "schedule_corrected_in_freebusy", **grid}})
    assert office.ask(f"{DAY} 10:07", f"{DAY} 11:01")
    assert reasons(find(office, f"{DAY} 10:30", f"{DAY} 11:30")) == {ROOM: ["conflict"]}
    assert reasons(find(office, f"{DAY} 12:10", f"{DAY} 13:00")) == {ROOM: ["off_grid"]}
    office.now = Instant(office.now + 3_601)
    assert free(find(office, f"{DAY} 10:30", f"{DAY} 11:30")) == [ROOM]


def test_a_series_holds_time_beyond_what_is_laid_down_of_it() -> None:
    office = Office({ROOM: {}, "other@example.com": {}})
    office.invite(f"{DAY} 10:00", f"{DAY} 11:00", extra="RRULE:FREQ=WEEKLY")
    assert free(find(office, "2028-02-01 10:30", "2028-02-01 11:30")) == ["other@example.com"]
    assert len(free(find(office, "2028-02-02 10:30", "2028-02-02 11:30"))) == 2


def test_long_bookings_are_met_at_their_end() -> None:
    office = Office({ROOM: {}, "other@example.com": {}})
    office.invite("2026-12-01 08:00", "2027-03-01 08:00")
    assert free(find(office, "2027-02-28 10:00", "2027-02-28 11:00")) == ["other@example.com"]
    assert len(free(find(office, "2027-03-01 08:00", "2027-03-01 09:00"))) == 2


def test_what_is_free_accepts_and_what_is_not_declines_for_the_same_reason() -> None:
    """A search and an invitation for the same time agree, for each of them."""
    rooms: dict[str, dict[str, object]] = {
        "a@example.com": {},
        "b@example.com": {"working_hours": "mon-fri 12:00-18:00"},
        "c@example.com": {"scheduling_function": "schedule_in_freebusy 2"},
        "d@example.com": {"scheduling_function": "same_domain_only"},
        "e@example.org": {"scheduling_function": "schedule_in_freebusy\nsame_domain_only"},
        "f@example.com": {"buffer_before": "10m"},
    }
    office = Office(rooms)
    for room in ("a@example.com", "c@example.com", "d@example.com", "f@example.com"):
        office.invite(f"{DAY} 09:55", f"{DAY} 10:05", to=room)
    for finding in find(office, organizer=BY):
        room = finding.resource.address.text
        answered = office.invite(f"{DAY} 10:00", f"{DAY} 11:00", to=room)
        assert (answered == "ACCEPTED") is finding.free, room
        if not finding.free:
            assert office.last_reason() == finding.against[0].reason

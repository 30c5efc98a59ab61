"""Quotas at work: what is charged, netted, released and refused (seed 001)."""

from __future__ import annotations

import pytest
from tests.office import Office, oslo

from horarium.runtime.upkeep import run_upkeep

CADILLAC = "resource-car-cadillac@example.com"
PONTIAC = "resource-car-pontiac@example.com"
VOLE = "vincent.vole@example.com"
HORSE = "harvey.horse@example.com"
OTTER = "oliver.otter@example.com"


def cars(functions: str, *quotas: tuple[str, dict[str, object]]) -> Office:
    return Office(
        {
            CADILLAC: {"scheduling_function": functions, "CN": "Cadillac"},
            PONTIAC: {"scheduling_function": functions, "CN": "Pontiac"},
        },
        quotas=dict(quotas),
    )


def own(**limits: str) -> tuple[str, dict[str, object]]:
    return f"mailto:{CADILLAC}", {"limits": [[who, much] for who, much in limits.items()]}


def test_six_hours_and_four_are_ten_and_a_minute_more_is_too_much() -> None:
    office = cars("check_quota", (f"mailto:{CADILLAC}", {"limits": [[VOLE, "PT10H"]]}))
    assert office.invite("2026-12-01 08:00", "2026-12-01 14:00", to=CADILLAC) == "ACCEPTED"
    assert office.invite("2026-12-02 08:00", "2026-12-02 12:00", to=CADILLAC) == "ACCEPTED"
    (answer,) = office.ask("2026-12-03 08:00", "2026-12-03 08:01", to=CADILLAC)
    assert answer.partstats == ["DECLINED"]
    assert answer.statuses == ["3.8"]
    assert "10 hours in all, 10 hours used, 1 minutes asked for" in answer.text
    assert office.last_reason() == "quota"
    (answer,) = office.ask("2026-12-03 08:00", "2026-12-03 08:01", to=CADILLAC, by=HORSE)
    assert "You have no allocation for this resource." in answer.text
    assert office.last_reason() == "no_quota"


def test_the_general_limit_is_each_organizers_own() -> None:
    office = cars("check_quota", (f"mailto:{CADILLAC}", {"limits": [["*", "PT10H"]]}))
    for day, by in enumerate((VOLE, HORSE, OTTER), 1):
        times = f"2026-12-0{day} 08:00", f"2026-12-0{day} 18:00"
        assert office.invite(*times, to=CADILLAC, by=by) == "ACCEPTED"
        times = f"2026-12-0{day} 19:00", f"2026-12-0{day} 19:01"
        assert office.invite(*times, to=CADILLAC, by=by) == "DECLINED"


def test_unlimited_is_unlimited_and_others_have_nothing() -> None:
    office = cars("check_quota", (f"mailto:{CADILLAC}", {"limits": [[VOLE, "*"]]}))
    assert office.invite("2026-12-01 08:00", "2026-12-20 08:00", to=CADILLAC) == "ACCEPTED"
    endless = "RRULE:FREQ=WEEKLY"
    assert (
        office.invite("2026-12-21 08:00", "2026-12-21 09:00", to=CADILLAC, extra=endless)
        == "ACCEPTED"
    )
    assert (
        office.invite("2027-03-01 08:00", "2027-03-01 09:00", to=CADILLAC, by=HORSE) == "DECLINED"
    )


def test_a_series_without_an_end_needs_an_unlimited_limit() -> None:
    office = cars("check_quota", (f"mailto:{CADILLAC}", {"limits": [[VOLE, "PT1000H"]]}))
    extra = "RRULE:FREQ=WEEKLY"
    assert (
        office.invite("2026-12-01 08:00", "2026-12-01 09:00", to=CADILLAC, extra=extra)
        == "DECLINED"
    )
    assert office.last_reason() == "endless_needs_unlimited"


def test_a_common_quota_is_used_by_both_cars() -> None:
    office = cars("check_quota cars", ("cars", {"limits": [[VOLE, "PT10H"]]}))
    assert office.invite("2026-12-01 08:00", "2026-12-01 14:00", to=CADILLAC) == "ACCEPTED"
    assert office.invite("2026-12-01 08:00", "2026-12-01 12:01", to=PONTIAC) == "DECLINED"
    assert office.invite("2026-12-01 08:00", "2026-12-01 12:00", to=PONTIAC) == "ACCEPTED"
    assert used(office, "cars", VOLE) == 10 * 3600


def test_members_of_a_group_share_its_limit_and_the_unnamed_have_none() -> None:
    office = cars(
        "check_quota cars",
        (
            "cars",
            {
                "groups": [[VOLE, "developers"], [HORSE, "developers"],
                           ["simon.skunk@example.com", "testers"]],
                "limits": [["developers", "PT10H"], ["testers", "PT20H"]],
            },
        ),
    )  # fmt: skip
    assert office.invite("2026-12-01 08:00", "2026-12-01 14:00", to=CADILLAC) == "ACCEPTED"
    assert (
        office.invite("2026-12-02 08:00", "2026-12-02 13:00", to=CADILLAC, by=HORSE) == "DECLINED"
    )
    assert (
        office.invite("2026-12-02 08:00", "2026-12-02 12:00", to=CADILLAC, by=HORSE) == "ACCEPTED"
    )
    assert used(office, "cars", "developers") == 10 * 3600
    assert (
        office.invite("2026-12-03 08:00", "2026-12-03 09:00", to=CADILLAC, by=OTTER) == "DECLINED"
    )
    assert office.last_reason() == "no_quota"


def used(office: Office, quota: str, identity: str) -> int:
    return office.store.read(lambda tx: tx.quotas.used(quota, identity))


QUOTA = ("cars", {"limits": [[VOLE, "PT10H"]]})


def test_an_update_nets_out_its_own_charge() -> None:
    office = cars("check_quota cars", QUOTA)
    assert office.invite("2026-12-01 08:00", "2026-12-01 14:00", to=CADILLAC, uid="a") == "ACCEPTED"
    assert office.invite("2026-12-02 08:00", "2026-12-02 12:00", to=CADILLAC, uid="b") == "ACCEPTED"
    assert (
        office.invite("2026-12-01 08:00", "2026-12-01 13:00", to=CADILLAC, uid="a", sequence=1)
        == "ACCEPTED"
    )
    assert used(office, "cars", VOLE) == 9 * 3600
    assert office.invite("2026-12-03 08:00", "2026-12-03 09:00", to=CADILLAC) == "ACCEPTED"


def test_a_declined_update_releases_the_charge_with_the_booking() -> None:
    office = cars("check_quota cars", QUOTA)
    assert office.invite("2026-12-01 08:00", "2026-12-01 14:00", to=CADILLAC, uid="a") == "ACCEPTED"
    assert (
        office.invite("2026-12-01 08:00", "2026-12-01 20:00", to=CADILLAC, uid="a", sequence=1)
        == "DECLINED"
    )
    assert used(office, "cars", VOLE) == 0
    assert office.everything(CADILLAC) == []


@pytest.mark.parametrize("whole", [True, False])
def test_cancelling_releases_an_occurrence_or_the_series_with_its_changes(whole: bool) -> None:
    office = cars("check_quota cars", QUOTA)
    extra = "RRULE:FREQ=DAILY;COUNT=3"
    assert (
        office.invite("2026-12-01 08:00", "2026-12-01 10:00", to=CADILLAC, uid="s", extra=extra)
        == "ACCEPTED"
    )
    assert used(office, "cars", VOLE) == 6 * 3600
    which = "RECURRENCE-ID;TZID=Europe/Oslo:20261202T080000"
    longer = office.ask("2026-12-02 08:00", "2026-12-02 11:00", to=CADILLAC, uid="s", extra=which,
                        sequence=1)  # fmt: skip
    assert longer[0].partstats == ["ACCEPTED"]
    assert used(office, "cars", VOLE) == 7 * 3600
    extra = "" if whole else which
    assert office.want("2026-12-02 08:00", "2026-12-02 11:00", to=CADILLAC, uid="s", sequence=2,
                       extra=extra, method="CANCEL") == []  # fmt: skip
    assert used(office, "cars", VOLE) == (0 if whole else 4 * 3600)


def test_daily_expiry_replenishes() -> None:
    office = cars("check_quota cars", QUOTA)
    assert office.invite("2026-11-23 08:00", "2026-11-23 18:00", to=CADILLAC) == "ACCEPTED"
    office.now = oslo("2026-11-24 08:00")
    assert office.invite("2026-12-01 08:00", "2026-12-01 09:00", to=CADILLAC) == "DECLINED"
    run_upkeep(office.store, office.settings, office.now)
    assert used(office, "cars", VOLE) == 0
    assert office.invite("2026-12-01 08:00", "2026-12-01 09:00", to=CADILLAC) == "ACCEPTED"


def test_an_endless_series_is_charged_as_it_is_laid_down() -> None:
    office = cars("check_quota cars", ("cars", {"limits": [[VOLE, "*"]]}))
    extra = "RRULE:FREQ=DAILY"
    office.invite("2026-12-01 08:00", "2026-12-01 09:00", to=CADILLAC, extra=extra)
    before = used(office, "cars", VOLE)
    assert before == len(office.store.read(lambda tx: tx.quotas.journal("cars"))) * 3600
    office.now = oslo("2026-12-11 08:00")
    run_upkeep(office.store, office.settings, office.now)
    journal = office.store.read(lambda tx: tx.quotas.journal("cars"))
    today = oslo("2026-12-11 00:00")
    assert used(office, "cars", VOLE) == 3600 * sum(e.charge.event.end > today for e in journal)
    assert len(journal) * 3600 > before


def test_one_organizer_holds_only_one_of_the_cars_at_a_time() -> None:
    office = cars("schedule_in_freebusy\nschedule_across_quota cars")
    assert office.invite("2026-12-01 09:00", "2026-12-01 11:00", to=CADILLAC, uid="c") == "ACCEPTED"
    (answer,) = office.ask("2026-12-01 10:00", "2026-12-01 12:00", to=PONTIAC)
    assert answer.partstats == ["DECLINED"]
    assert office.last_reason() == "already_holds_related"
    assert "You hold resource-car-cadillac@example.com at that time already" in answer.text
    assert office.invite("2026-12-01 10:00", "2026-12-01 12:00", to=PONTIAC, by=HORSE) == "ACCEPTED"
    assert office.invite("2026-12-01 14:00", "2026-12-01 15:00", to=PONTIAC) == "ACCEPTED"
    office.want("2026-12-01 09:00", "2026-12-01 11:00", to=CADILLAC, uid="c", sequence=1,
                method="CANCEL")  # fmt: skip
    assert office.invite("2026-12-01 08:30", "2026-12-01 10:00", to=PONTIAC) == "ACCEPTED"


def test_one_invitation_for_both_cars_gets_one() -> None:
    office = cars("schedule_across_quota cars")
    times = "2026-12-01 09:00", "2026-12-01 11:00"
    assert office.invite(*times, to=CADILLAC, uid="b", guests=(PONTIAC,)) == "ACCEPTED"
    assert office.invite(*times, to=PONTIAC, uid="b", guests=(CADILLAC,)) == "DECLINED"
    assert office.invite(*times, to=CADILLAC, uid="b", guests=(PONTIAC,), sequence=1) == "ACCEPTED"


def test_a_series_without_an_end_claims_its_time_beyond_what_is_laid_down() -> None:
    office = cars("schedule_across_quota cars")
    extra = "RRULE:FREQ=WEEKLY"
    assert (
        office.invite("2026-12-01 09:00", "2026-12-01 11:00", to=CADILLAC, extra=extra)
        == "ACCEPTED"
    )
    assert office.invite("2027-11-30 10:00", "2027-11-30 12:00", to=PONTIAC) == "DECLINED"
    assert office.invite("2027-11-29 10:00", "2027-11-29 12:00", to=PONTIAC) == "ACCEPTED"


def test_companions_alone_charge_without_a_check() -> None:
    office = cars("schedule_in_freebusy\nadd_to_quota cars", QUOTA)
    assert (
        office.invite("2026-12-01 00:00", "2026-12-01 20:00", to=CADILLAC, by=HORSE) == "ACCEPTED"
    )
    assert used(office, "cars", HORSE) == 20 * 3600

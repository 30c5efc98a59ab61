"""Stored appointers and assistants: the same slots, kept, reserved elsewhere and given once."""

from __future__ import annotations

from pathlib import Path

import pytest

from horarium.appointments.errors import SlotUnavailable
from horarium.kernel.errors import Conflict, InvalidInput, NotFound
from horarium.kernel.instant import Instant, format_instant, parse_instant
from horarium.kernel.period import Period
from horarium.runtime.generating import Given, Site, kept_of
from horarium.runtime.questions import Questions
from tests.appointments.reception import OBJECTS, Reception


@pytest.fixture
def desk(tmp_path: Path) -> Reception:
    return Reception(tmp_path / "site")


def shown(given: Given) -> str:
    return f"{given.host} {format_instant(given.slot.start)[8:16]}"


def team(of: Reception) -> list[str]:
    return [shown(of.generators.get_of_team("desk", _wish(), of.now)) for _ in range(4)]


def _wish():  # type: ignore[no-untyped-def]
    from horarium.appointments.allocation import Request

    return Request(3600)


def number(of: Reception, name: str) -> int:
    def work(site: Site) -> int:
        return kept_of(site, site.offers.host(name)).number

    return of.generators.survey(of.now, work)


def test_the_present_is_the_least_time_and_the_generator_is_kept(desk: Reception) -> None:
    assert [shown(desk.get("ana")) for _ in range(4)] == [
        "ana 10T09:00", "ana 10T10:00", "ana 10T11:00", "ana 11T09:00",
    ]  # fmt: skip
    desk.now = desk.at("12 10:30")
    assert shown(desk.get("ana")) == "ana 12T10:30"
    assert number(desk, "ana") == 5


def test_a_slot_is_a_reservation_where_the_host_is_linked_to(desk: Reception) -> None:
    desk.get("ana")
    assert desk.held("room-2@example.org") == ["10T09:00 booked"]
    assert desk.held("ana@example.org") == ["10T09:00 booked"]
    assert shown(desk.get("bea")) == "bea 10T09:00"


def test_the_time_of_a_linked_calendar_closes_slots(desk: Reception) -> None:
    more = '[appointer.dan]\nhours = ["mon-fri 09:00-12:00"]\nlink = ["room-2@example.org"]\n'
    desk.apply(OBJECTS + more)
    desk.get("ana")
    assert shown(desk.get("dan")) == "dan 10T10:00"
    assert desk.held("room-2@example.org") == ["10T09:00 booked", "10T10:00 booked"]


def test_listing_changes_nothing_and_foretells(desk: Reception) -> None:
    desk.get("ana")
    span = Period(desk.at("00:00"), desk.at("11 12:00"))
    foretold = desk.generators.slots("ana", span, 3600, desk.now)
    assert foretold == desk.generators.slots("ana", span, 3600, desk.now)
    assert foretold == [desk.get("ana").slot for _ in foretold]
    assert len(foretold) == 5


def test_a_refusal_leaves_everything_as_it_was(desk: Reception) -> None:
    before = desk.generators.survey(desk.now, lambda s: kept_of(s, s.offers.host("ana")))
    with pytest.raises(SlotUnavailable):
        desk.get("ana", 4 * 3600)
    after = desk.generators.survey(desk.now, lambda s: kept_of(s, s.offers.host("ana")))
    assert before == after


def test_an_own_earlier_slot_is_busy_after_the_time_was_set_back(desk: Reception) -> None:
    desk.get("ana")
    desk.generators.set_time("ana", desk.now, desk.now)
    assert shown(desk.get("ana")) == "ana 10T10:00"


def test_the_daily_maximum_counts_appointments_since_the_reset(tmp_path: Path) -> None:
    desk = Reception(tmp_path / "site", more="[appointer.max]\nmaximum_slots = 1\n")
    assert shown(desk.get("max", 60)) == "max 09T12:00"
    assert shown(desk.get("max", 60)) == "max 10T00:00"
    desk.generators.reset("max", desk.now)
    desk.generators.set_time("max", desk.now, desk.now)
    assert shown(desk.get("max", 60)) == "max 09T12:01"
    assert number(desk, "max") == 1


def test_each_call_is_the_turn_of_the_next_one(desk: Reception) -> None:
    assert team(desk) == ["ana 10T09:00", "bea 10T09:00", "cleo 10T09:00", "ana 10T10:00"]


def test_one_who_is_away_is_passed_over_and_keeps_the_place(desk: Reception) -> None:
    desk.apply(OBJECTS.replace("[appointer.bea]\n", "[appointer.bea]\nactive = false\n"))
    assert team(desk) == ["ana 10T09:00", "cleo 10T09:00", "ana 10T10:00", "cleo 10T10:00"]


def test_the_next_one_is_asked_where_that_is_wished(desk: Reception) -> None:
    texts = OBJECTS.replace('appointers = ["ana"', 'fallback = "next"\nappointers = ["ana"')
    away = '[appointer.bea]\nabsences = ["2027-05-01..2027-05-31 on leave"]\n'
    desk.apply(texts.replace("[appointer.bea]\n", away))
    assert team(desk) == ["ana 10T09:00", "cleo 10T09:00", "ana 10T10:00", "cleo 10T10:00"]


def test_a_slot_that_is_pushed_back_is_cancelled_and_given_first(desk: Reception) -> None:
    team(desk)
    slot = Period(desk.at("10:00"), desk.at("11:00"))
    assert desk.generators.push_back("desk", slot, desk.now) == "ana"
    assert desk.held("room-2@example.org") == ["10T09:00 booked"]
    assert number(desk, "ana") == 1
    assert shown(desk.generators.get_of_team("desk", _wish(), desk.now)) == "ana 10T10:00"
    with pytest.raises(NotFound):
        desk.generators.push_back("desk", Period(desk.at("08:00"), desk.at("09:00")), desk.now)
    assert shown(desk.generators.get_of_team("desk", _wish(), desk.now)) == "bea 10T10:00"


def test_a_returned_slot_that_has_begun_is_not_given(desk: Reception) -> None:
    team(desk)
    slot = Period(desk.at("10:00"), desk.at("11:00"))
    desk.generators.push_back("desk", slot, desk.now)
    desk.now = desk.at("10:00") + 1  # type: ignore[assignment]
    assert shown(desk.get("ana", 1800)) == "ana 10T11:00"


def test_reset_of_the_assistant_resets_all_and_begins_with_the_first(desk: Reception) -> None:
    team(desk)
    desk.generators.reset_team("desk", desk.now)
    assert [number(desk, host) for host in ("ana", "bea", "cleo")] == [0, 0, 0]
    assert shown(desk.generators.get_of_team("desk", _wish(), desk.now)) == "ana 10T11:00"


def test_a_clone_has_the_rules_and_goes_its_own_way(desk: Reception) -> None:
    desk.get("bea")
    desk.generators.clone("bea", "dora", desk.now)
    assert shown(desk.get("dora")) == "dora 10T10:00"
    assert shown(desk.get("bea")) == "bea 10T10:00"
    with pytest.raises(Conflict):
        desk.generators.clone("bea", "desk", desk.now)


def test_an_appointer_with_appointments_to_come_is_not_removed(desk: Reception) -> None:
    desk.get("cleo")
    without = OBJECTS.replace('["ana", "bea", "cleo"]', '["ana", "bea"]')
    begin = without.index("[appointer.cleo]")
    end = without.index("[assistant.desk]")
    with pytest.raises(Conflict, match="cleo still has 1 appointments to come"):
        desk.apply(without[:begin] + without[end:], prune=True)
    desk.now = parse_instant("2027-06-01T00:00:00Z")
    assert "appointer cleo: removed" in desk.apply(without[:begin] + without[end:], prune=True)


def test_what_is_named_and_is_not_there_is_refused_with_its_place(desk: Reception) -> None:
    with pytest.raises(
        Conflict,
        match=r"objects\.toml:\d+: assistant\.desk\.appointers: "
        r"there is no appointer anna; did you mean \"ana\"",
    ):
        desk.apply(OBJECTS.replace('["ana", "bea"', '["anna", "bea"'))  # fmt: skip
    with pytest.raises(Conflict, match="there is no appointer or assistant dexk"):
        desk.apply(OBJECTS.replace('by = "desk"', 'by = "dexk"'))
    assert team(desk)[0] == "ana 10T09:00"


def test_a_team_that_comes_together_gives_no_slots_by_turns(desk: Reception) -> None:
    desk.apply(OBJECTS.replace("[assistant.desk]\n", '[assistant.desk]\nmode = "collective"\n'))
    with pytest.raises(InvalidInput):
        team(desk)


def test_the_two_questions_and_the_reason(desk: Reception) -> None:
    desk.get("ana")
    questions = Questions(desk.store, desk.settings)
    begin, end = desk.at("00:00"), desk.at("11 00:00")

    def shown_open(name: str) -> list[str]:
        found = questions.open(name, begin, end, desk.now)
        return [f"{format_instant(p.start)[11:16]}-{format_instant(p.end)[11:16]}"
                for p in found.periods]  # fmt: skip

    assert shown_open("ana") == ["10:00-12:00"]
    assert shown_open("desk") == shown_open("checkup") == ["09:00-12:00"]
    name, kind, coming = questions.next("desk", 5, desk.now)
    assert (name, kind, [item.what for item in coming]) == ("desk", "assistant", ["Ana Ruiz"])

    def why(of: str, time: str) -> tuple[str, list[str]]:
        found = questions.why_at(of, desk.at(time), desk.now)
        return found.verdict, [step.reason for step in found.steps if step.verdict == "closed"]

    assert why("ana", "09:30") == ("closed", ["busy_appointment", "busy_source"])
    assert why("ana", "10:30") == ("open", [])
    assert why("ana", "08:30") == ("closed", ["outside_hours"])
    assert why("desk", "09:30") == ("open", ["busy_appointment"])
    assert why("ana", "09 08:00") == ("closed", ["notice", "outside_hours"])
    with pytest.raises(NotFound, match='did you mean "desk"'):
        questions.open("desl", begin, end, desk.now)


def test_instants_far_away_are_no_trouble(desk: Reception) -> None:
    desk.generators.set_time("bea", parse_instant("9999-12-30T00:00:00Z"), desk.now)
    assert desk.get("bea", 3600).slot.start == parse_instant("9999-12-30T09:00:00Z")
    desk.generators.set_time("bea", Instant(-62_135_596_800), desk.now)
    assert shown(desk.get("bea")) == "bea 10T09:00"

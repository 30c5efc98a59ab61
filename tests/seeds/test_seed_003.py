"""Seed 003, slots, appointers and assistants: every example and every method of its page."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from horarium.appointments import (
    Appointer,
    Assistant,
    Slot,
    SlotUnavailable,
    from_afnix_time,
    is_appointer,
    is_assistant,
    is_slot,
    to_afnix_time,
)
from horarium.kernel.errors import Conflict, InvalidInput, NotFound

AMBT, AMET, PMBT, PMET = 3600 * 8, 3600 * 12, 3600 * 14, 3600 * 18


def seconds(text: str) -> int:
    """The instant of a date-time; UTC when it has no offset."""
    found = datetime.fromisoformat(text)
    return int((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp())


def shown(slot: Slot) -> str:
    return datetime.fromtimestamp(slot.get_time(), UTC).strftime("%a %d %b %H:%M")


def reference() -> Appointer:
    """The seed's reference appointer: closed days, and valid block times."""
    appt = Appointer()
    appt.set_blocked_day(6)
    appt.set_blocked_day(0)
    appt.set_special_day(1, 1)
    appt.set_special_day(12, 25)
    appt.set_valid_block_time(AMBT, AMET)
    appt.set_valid_block_time(PMBT, PMET)
    return appt


# --- slots -------------------------------------------------------------------


def test_a_slot_is_a_time_and_a_duration() -> None:
    slot = Slot()
    assert (slot.get_time(), slot.get_duration()) == (0, 0)
    slot = Slot(7200, 3600)
    assert (slot.get_time(), slot.get_duration(), slot.end) == (7200, 3600, 10_800)
    slot.set_time(100)
    slot.set_duration(50)
    assert slot == Slot(100, 50) != Slot(100, 51)
    slot.set_slot(1, 2)
    assert slot == Slot(1, 2)
    slot.reset()
    assert slot == Slot()
    assert is_slot(slot)
    assert not is_slot((0, 0))


@pytest.mark.parametrize(
    ("time", "duration"),
    [(0, -1), (True, 1), (0, True), (1.0, 1), ("0", 1), (0, None), (253_402_300_799, 1),
     (-62_135_596_801, 0)],
)  # fmt: skip
def test_a_slot_that_can_not_be_leaves_the_old_one(time: int, duration: int) -> None:
    slot = Slot(5, 6)
    with pytest.raises(InvalidInput):
        slot.set_slot(time, duration)
    assert slot == Slot(5, 6)


def test_the_time_of_the_seed_counts_from_the_year_zero() -> None:
    assert from_afnix_time(62_167_219_200) == 0
    assert to_afnix_time(from_afnix_time(62_167_219_260)) == 62_167_219_260
    assert from_afnix_time(63_240_480_000) == seconds("2004-01-05 00:00")


# --- slot allocation ---------------------------------------------------------


def test_allocate_a_one_hour_slot_at_the_current_time_then_one_from_two_o_clock() -> None:
    appt = Appointer()
    assert appt.get_slot(3600) == Slot(0, 3600)
    assert appt.get_time() == 3600
    assert appt.get_slot(7200, 3600) == Slot(7200, 3600)
    assert appt.get_time() == 10_800
    assert appt.get_slot_number() == 2


def test_closed_days_of_the_week_and_of_the_year() -> None:
    appt = Appointer()
    appt.set_blocked_day(6)
    appt.set_blocked_day(0)
    appt.set_special_day(1, 1)
    appt.set_special_day(12, 25)
    assert appt.get_slot(3600) == Slot(86_400, 3600)


def test_two_valid_block_times_of_the_day() -> None:
    appt = reference()
    assert [shown(appt.get_slot(3600)) for _ in range(9)] == [
        "Fri 02 Jan 08:00", "Fri 02 Jan 09:00", "Fri 02 Jan 10:00", "Fri 02 Jan 11:00",
        "Fri 02 Jan 14:00", "Fri 02 Jan 15:00", "Fri 02 Jan 16:00", "Fri 02 Jan 17:00",
        "Mon 05 Jan 08:00",
    ]  # fmt: skip


def test_bounds_are_taken_within_a_day() -> None:
    appt = Appointer()
    appt.set_valid_block_time(93_600, 108_000)
    assert appt.get_slot(3600) == Slot(7200, 3600)
    whole = Appointer()
    whole.set_valid_block_time(0, 86_400)
    assert whole.get_slot(86_400) == Slot(0, 86_400)
    for lower, upper in ((0, 172_800), (3600, 3600), (7200, 3600), (-1, 5), (0, -5)):
        with pytest.raises(InvalidInput):
            Appointer().set_valid_block_time(lower, upper)


def test_the_daily_maximum_goes_on_with_the_next_day() -> None:
    appt = reference()
    appt.set_maximum_slots(2)
    appt.set_time(seconds("2027-05-10 00:00"))
    assert [shown(appt.get_slot(3600)) for _ in range(4)] == [
        "Mon 10 May 08:00", "Mon 10 May 09:00", "Tue 11 May 08:00", "Tue 11 May 09:00",
    ]  # fmt: skip


def test_a_maximum_set_later_sees_the_slots_of_the_day_and_zero_is_none() -> None:
    appt = Appointer()
    appt.get_slot(3600)
    appt.set_maximum_slots(1)
    assert appt.get_slot(3600) == Slot(86_400, 3600)
    appt.set_maximum_slots(0)
    assert appt.get_slot(3600) == Slot(90_000, 3600)


def test_within_one_week_or_not_at_all() -> None:
    appt = Appointer(seconds("2027-05-10 08:00:00"))
    for day in (0, 2, 3, 4, 5, 6):
        appt.set_blocked_day(day)
    appt.set_valid_block_time(AMBT, 3600 * 9)
    appt.set_maximum_slots(1)
    appt.get_slot(3600)
    appt.set_time(seconds("2027-05-10 08:00:00"))
    with pytest.raises(SlotUnavailable) as refused:
        appt.get_slot(3600)
    assert appt.get_time() == seconds("2027-05-10 08:00:00")
    assert appt.get_slot_number() == 1
    assert [found.code.value for found in refused.value.closed] == [
        "max_slots", *["closed_blocked"] * 6, "outside_hours",
    ]  # fmt: skip
    appt.set_time(seconds("2027-05-10 08:00:01"))
    assert appt.get_slot(3600).get_time() == seconds("2027-05-17 08:00:00")


def test_time_and_date_of_the_appointer() -> None:
    appt = Appointer(50)
    assert appt.get_time() == 50
    appt.set_time(10)
    assert appt.get_slot(5) == Slot(10, 5)
    oslo = Appointer(zone="Europe/Oslo")
    oslo.set_date(date(2027, 5, 10))
    assert oslo.get_time() == seconds("2027-05-09 22:00")
    oslo.set_date(datetime(2027, 5, 10, 8, 30))
    assert oslo.get_time() == seconds("2027-05-10 06:30")
    oslo.set_date(datetime(2027, 3, 28, 2, 30))
    assert oslo.get_time() == seconds("2027-03-28 01:30")
    oslo.set_date(datetime(2027, 10, 31, 2, 30))
    assert oslo.get_time() == seconds("2027-10-31 00:30")
    oslo.set_date(datetime(2027, 5, 10, 8, 30, tzinfo=UTC))
    assert oslo.get_date() == datetime(2027, 5, 10, 8, 30, tzinfo=UTC)
    assert oslo.get_date().utcoffset() == timedelta(hours=2)


def test_reset_touches_the_counters_and_not_the_rules() -> None:
    appt = Appointer()
    appt.set_maximum_slots(1)
    appt.get_slot(60)
    appt.reset()
    assert appt.get_slot_number() == 0
    assert appt.get_time() == 60
    assert appt.get_slot(60) == Slot(60, 60)
    assert appt.get_slot(60) == Slot(86_400, 60)


def test_a_clone_has_all_rules_and_goes_its_own_way() -> None:
    appt = reference()
    first = appt.get_slot(3600)
    other = appt.clone()
    assert is_appointer(other)
    assert other.get_slot_number() == 1
    assert other.get_slot(3600) == appt.get_slot(3600) != first
    other.set_maximum_slots(1)
    other.set_blocked_day(1)
    assert shown(appt.get_slot(3600)) == "Fri 02 Jan 10:00"
    assert shown(other.get_slot(3600)) == "Tue 06 Jan 08:00"


def test_a_clone_does_not_take_what_was_pushed_back() -> None:
    appt = Appointer()
    slot = appt.get_slot(3600)
    appt.pushback(slot)
    assert appt.clone().get_slot(3600) == Slot(3600, 3600)
    assert appt.get_slot(3600) == slot


@pytest.mark.parametrize(
    "wish", [(), (1, 2, 3), (0,), (-5,), (31_622_401,), (True,), (1.5,), (0, 0), ("1", 5)]
)
def test_a_wish_that_can_not_be(wish: tuple[int, ...]) -> None:
    appt = Appointer()
    with pytest.raises(InvalidInput):
        appt.get_slot(*wish)
    assert (appt.get_time(), appt.get_slot_number()) == (0, 0)


@pytest.mark.parametrize("day", [-1, 7, True, 1.0])
def test_weekdays_go_from_sunday_to_saturday(day: int) -> None:
    with pytest.raises(InvalidInput):
        Appointer().set_blocked_day(day)


def test_special_days_exist_in_some_year() -> None:
    Appointer().set_special_day(2, 29)
    for month, day in ((2, 30), (4, 31), (13, 1), (0, 1), (1, 0)):
        with pytest.raises(InvalidInput):
            Appointer().set_special_day(month, day)


# --- assistants --------------------------------------------------------------


def mister_smith() -> Assistant:
    appt = reference()
    appt.set_time(seconds("2027-05-10 00:00"))
    asst = Assistant("Mr Smith", "The super assistant")
    asst.add_appointer(appt.clone())
    asst.add_appointer(appt.clone())
    return asst


def test_mister_smith_with_two_clones_of_one_calendar() -> None:
    asst = mister_smith()
    assert (asst.get_name(), asst.get_info()) == ("Mr Smith", "The super assistant")
    assert asst.length_appointer() == 2
    assert is_assistant(asst)
    slots = [asst.get_slot(3600) for _ in range(4)]
    assert [shown(slot) for slot in slots] == [
        "Mon 10 May 08:00", "Mon 10 May 08:00", "Mon 10 May 09:00", "Mon 10 May 09:00",
    ]  # fmt: skip
    assert asst.get_slot_number() == 4
    assert asst.get_appointer_time() == seconds("2027-05-10 10:00")
    asst.pushback(slots[3])
    assert (asst.get_index(), asst.get_slot_number()) == (1, 3)
    assert asst.get_slot(3600) == slots[3]
    assert asst.get_appointer(1).get_slot_number() == 2


def test_an_assistant_by_name_only_and_without_one() -> None:
    assert (Assistant().get_name(), Assistant().get_info()) == ("", "")
    assert (Assistant("a").get_name(), Assistant("a").get_info()) == ("a", "")


def test_appointers_by_their_place() -> None:
    asst = mister_smith()
    assert is_appointer(asst.get_appointer(1))
    for wrong in (2, -1, 99):
        with pytest.raises(NotFound):
            asst.get_appointer(wrong)
    with pytest.raises(InvalidInput):
        asst.add_appointer("no appointer")  # type: ignore[arg-type]


def test_each_call_is_the_next_appointers_turn() -> None:
    asst = Assistant()
    for time in (0, 500, 900):
        asst.add_appointer(Appointer(time))
    times = [asst.get_slot(10).get_time() for _ in range(7)]
    assert times == [0, 500, 900, 10, 510, 910, 20]


def test_a_slot_from_a_minimum_time() -> None:
    asst = mister_smith()
    wish = seconds("2027-05-10 10:30")
    assert shown(asst.get_slot(wish, 5400)) == "Mon 10 May 10:30"
    assert shown(asst.get_slot(wish, 5401)) == "Mon 10 May 14:00"


def test_a_refusal_is_raised_and_keeps_the_turn() -> None:
    asst = Assistant()
    asst.add_appointer(Appointer())
    asst.get_appointer(0).set_valid_block_time(0, 60)
    asst.add_appointer(Appointer())
    with pytest.raises(SlotUnavailable):
        asst.get_slot(3600)
    assert asst.get_index() == 0
    assert asst.get_slot(60) == Slot(0, 60)
    assert asst.get_slot(3600) == Slot(0, 3600)


def test_the_next_one_is_asked_where_that_is_wished() -> None:
    asst = Assistant(fallback="next")
    for upper in (60, 7200, 60):
        appt = Appointer()
        appt.set_valid_block_time(0, upper)
        asst.add_appointer(appt)
    assert asst.get_slot(3600) == Slot(0, 3600)
    assert asst.get_index() == 2
    assert asst.get_slot(3600) == Slot(3600, 3600)
    with pytest.raises(SlotUnavailable):
        asst.get_slot(7201)
    assert asst.get_index() == 2


def test_without_an_appointer_there_is_a_conflict() -> None:
    asst = Assistant()
    for ask in (lambda: asst.get_slot(1), lambda: asst.pushback(Slot(0, 1)),
                asst.get_appointer_time):  # fmt: skip
        with pytest.raises(Conflict):
            ask()
    assert asst.get_slot_number() == 0


def test_the_mean_time_is_rounded_down() -> None:
    asst = Assistant()
    for time in (10, 11, 11):
        asst.add_appointer(Appointer(time))
    assert asst.get_appointer_time() == 10


def test_reset_of_the_assistant_resets_all_and_begins_with_the_first() -> None:
    asst = mister_smith()
    asst.get_slot(60)
    asst.reset()
    assert (asst.get_index(), asst.get_slot_number()) == (0, 0)


def test_pushback_of_what_can_not_be_pushed_back() -> None:
    asst = mister_smith()
    slot = asst.get_slot(3600)
    for wrong in (Slot(5, 0), "slot", None):
        with pytest.raises(InvalidInput):
            asst.pushback(wrong)  # type: ignore[arg-type]
    assert asst.get_index() == 1
    asst.pushback(slot)
    assert asst.get_index() == 0
    asst.get_slot(slot.get_time() + 3600, 3600)
    with pytest.raises(Conflict):
        asst.pushback(Slot(slot.get_time() + 1800, 3600))
    assert asst.get_index() == 1

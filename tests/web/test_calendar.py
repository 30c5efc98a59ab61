"""Where entries stand in the grid of hours."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from horarium.kernel.instant import Instant
from horarium.kernel.zone import named
from horarium.runtime.agenda import AgendaEntry
from horarium.runtime.moments import parse_moment
from horarium.web.calendar import (
    DAY,
    PARTS,
    ROWS,
    column,
    midnight,
    month_of,
    told_once,
    week_of,
)

OSLO = named("Europe/Oslo")


def at(text: str) -> Instant:
    return parse_moment(text, OSLO)


def day_of(text: str) -> int:
    return OSLO.to_wall(at(text)) // DAY


def entry(
    start: str, end: str | None = None, kind: str = "booking", id_: str = "room"
) -> AgendaEntry:
    last = at(end) if end else None
    return AgendaEntry(at(start), last, kind, id_, "Meeting", f"{start}{id_}")


TUESDAY = day_of("2026-11-24")


def test_an_hour_is_four_rows() -> None:
    made = column("", TUESDAY, [entry("2026-11-24 09:00", "2026-11-24 10:30")], OSLO, TUESDAY, 3)
    (item,) = made.hours
    assert (item.row, item.rows, item.part, item.parts) == (9, 6, 1, PARTS)
    assert made.today


def test_what_begins_within_a_quarter_begins_with_it() -> None:
    (item,) = column("", TUESDAY, [entry("2026-11-24 09:20", "2026-11-24 09:50")], OSLO, 0, 3).hours
    assert (item.row, item.rows) == (10, 3)


def test_nights_are_lists() -> None:
    made = column(
        "", TUESDAY,
        [
            entry("2026-11-24 03:10", kind="upkeep", id_="upkeep"),
            entry("2026-11-24 05:00", "2026-11-24 06:00"),
            entry("2026-11-24 20:00", "2026-11-24 21:00"),
            entry("2026-11-23 12:00", "2026-11-25 12:00", id_="car"),
        ],
        OSLO, TUESDAY, 3,
    )  # fmt: skip
    assert [item.entry.id for item in made.above] == ["car", "upkeep", "room"]
    assert [item.entry.id for item in made.below] == ["room"]
    assert made.hours == []


def test_what_reaches_into_the_hours_is_cut_there() -> None:
    (item,) = column("", TUESDAY, [entry("2026-11-24 05:00", "2026-11-24 08:00")], OSLO, 0, 3).hours
    assert (item.row, item.rows) == (1, 4)
    (item,) = column("", TUESDAY, [entry("2026-11-24 19:00", "2026-11-25 08:00")], OSLO, 0, 3).hours
    assert (item.row, item.rows) == (49, 4)


def test_two_at_a_time_share_the_width() -> None:
    made = column(
        "", TUESDAY,
        [
            entry("2026-11-24 09:00", "2026-11-24 11:00", id_="a"),
            entry("2026-11-24 10:00", "2026-11-24 12:00", id_="b"),
            entry("2026-11-24 13:00", "2026-11-24 14:00", id_="c"),
        ],
        OSLO, 0, 3,
    )  # fmt: skip
    assert [(i.entry.id, i.part, i.parts) for i in made.hours] == [
        ("a", 1, 6), ("b", 7, 6), ("c", 1, 12),
    ]  # fmt: skip


def test_there_is_room_for_so_many_beside_each_other() -> None:
    entries = [entry("2026-11-24 09:00", "2026-11-24 10:00", id_=f"r{n}") for n in range(5)]
    made = column("", TUESDAY, entries, OSLO, 0, 3)
    assert len(made.hours) == 3
    assert made.more == 2


def test_what_runs_often_is_told_once() -> None:
    runs = [entry(f"2026-11-24 {hour:02}:00", kind="directive", id_="d") for hour in range(24)]
    made = column("", TUESDAY, runs, OSLO, 0, 3)
    assert [(i.times, i.often) for i in made.above] == [(24, True)]
    assert made.hours == []


def test_bookings_of_one_object_at_one_time_are_one() -> None:
    same = [entry("2026-11-24 09:00", "2026-11-24 10:00") for _ in range(5)]
    (item,) = told_once(same)
    assert item.times == 5
    assert not item.often


def test_the_day_on_which_clocks_are_set_forward_has_23_hours() -> None:
    day = day_of("2026-03-29")
    assert midnight(day + 1, OSLO) - midnight(day, OSLO) == 23 * 3_600
    (item,) = column("", day, [entry("2026-03-29 09:00", "2026-03-29 10:00")], OSLO, 0, 3).hours
    assert (item.row, item.rows) == (9, 4)


def test_weeks_begin_on_mondays_and_months_on_the_first() -> None:
    assert week_of(TUESDAY) == day_of("2026-11-23")
    assert week_of(day_of("2026-11-23")) == day_of("2026-11-23")
    assert month_of(TUESDAY) == (day_of("2026-11-01"), day_of("2026-12-01"))
    assert month_of(day_of("2028-02-29")) == (day_of("2028-02-01"), day_of("2028-03-01"))


@given(
    st.lists(st.tuples(st.integers(0, 47), st.integers(1, 16), st.integers(0, 5)), max_size=25),
    st.integers(1, 6),
)
def test_nothing_covers_anything_else(drawn: list[tuple[int, int, int]], beside: int) -> None:
    base = midnight(TUESDAY, OSLO)
    entries = [
        AgendaEntry(
            Instant(base + start * 1_800), Instant(base + (start + length) * 1_800), "booking",
            f"r{id_}", "Meeting", f"u{number}",
        )
        for number, (start, length, id_) in enumerate(drawn)
    ]  # fmt: skip
    made = column("", TUESDAY, entries, OSLO, 0, beside)
    taken: set[tuple[int, int]] = set()
    for item in made.hours:
        assert 1 <= item.row <= item.row + item.rows - 1 <= ROWS
        assert 1 <= item.part <= item.part + item.parts - 1 <= PARTS
        cells = {
            (row, part)
            for row in range(item.row, item.row + item.rows)
            for part in range(item.part, item.part + item.parts)
        }
        assert not cells & taken
        taken |= cells
    inside = [e for e in entries if e.start < made.end]
    told = sum(item.times for item in [*made.above, *made.hours, *made.below])
    assert told + made.more <= len(inside)
    assert len(told_once(inside)) == len(made.above) + len(made.hours) + len(made.below) + made.more

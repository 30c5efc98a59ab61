"""Where words of a control file have two meanings, the site chooses: each choice takes effect."""

from __future__ import annotations

from pathlib import Path

import pytest

from horarium.directives.address import parse_main
from horarium.directives.controlfile import ControlFile, parse_control_file
from horarium.directives.plan import foresee, schedule_of
from horarium.directives.reading import USUAL, Reading
from horarium.directives.rules import is_open
from horarium.directives.timespec import Window, parse_when
from horarium.kernel.schedule_writing import format_schedule
from horarium.kernel.zone import UTC
from horarium.runtime.control import read_control
from horarium.runtime.moments import parse_moment

MAIN = parse_main("2:5030/15")


def read(text: str | bytes, reading: Reading = USUAL, listed: tuple[str, ...] = ()) -> ControlFile:
    data = text.encode() if isinstance(text, str) else text
    return parse_control_file(data, main=MAIN, read_list=lambda _: listed, reading=reading)


DAILY = Reading(daily_range=True)


def schedule(word: str, *, daily_range: bool) -> str:
    when = parse_when(word, daily_range=daily_range)[0]
    return format_schedule(schedule_of(when, critical=False))


@pytest.mark.parametrize(
    ("word", "stretch", "daily"),
    [
        ("3.4:00-6.9:00", "weekly WE 04:00 - SA 09:01", "daily WE-SA window 04:00-09:01"),
        ("5.22:00-1.5:59", "weekly FR 22:00 - MO 06:00", "daily MO,FR-SU window 22:00-06:00"),
        ("1.0:00-5:23:59", "weekly MO 00:00 - FR 24:00", "daily MO-FR window 00:00-24:00"),
        ("2.8:00-2.9:59", "weekly TU 08:00 - TU 10:00", "daily TU window 08:00-10:00"),
        ("1.8:00-16:59", "daily MO window 08:00-17:00", "daily MO window 08:00-17:00"),
        ("8:00-16:59", "daily window 08:00-17:00", "daily window 08:00-17:00"),
    ],
)
def test_days_on_both_ends(word: str, stretch: str, daily: str) -> None:
    common = " catch_up none overlap queue_one"
    assert schedule(word, daily_range=False) == stretch + common
    assert schedule(word, daily_range=True) == daily + common


def test_a_window_of_each_day_opens_on_each_day() -> None:
    text = "Poll 5030/6 3.4:00-6.9:00\nHold All 3.4:00-6.9:00\n"
    poll, hold = read(text, DAILY).directives
    start, end = parse_moment("2026-03-01", UTC), parse_moment("2026-03-08", UTC)  # from a Sunday
    days = [(item.at - start) / 86_400 for item in foresee([poll], UTC, start, end)]
    assert days == [3 + 1 / 6, 4 + 1 / 6, 5 + 1 / 6, 6 + 1 / 6]
    one = read(text).directives
    assert len(foresee(one[:1], UTC, start, end)) == 1
    for moment, each, whole in (
        ("2026-03-04 03:59", False, False),
        ("2026-03-04 04:00", True, True),
        ("2026-03-05 12:00", False, True),
        ("2026-03-06 08:59", True, True),
        ("2026-03-07 09:00", True, True),
        ("2026-03-07 09:01", False, False),
        ("2026-03-08 05:00", False, False),
    ):
        at = parse_moment(moment, UTC)
        assert (is_open(hold, at, UTC), is_open(one[1], at, UTC)) == (each, whole), moment


def test_the_text_of_a_window_is_the_same_in_both_readings() -> None:
    for reading in (USUAL, DAILY):
        (line,) = read("Poll 5030/6 3.4:00-6.9:00", reading).directives
        assert isinstance(line.when, Window)
        assert str(line.when) == "3.04:00-6.09:00"
    assert (
        len({read("Poll 5030/6 3.4:00-6.9:00", r).directives[0].key for r in (USUAL, DAILY)}) == 1
    )


COVERING = Reading(masks_cover_points=True)


@pytest.mark.parametrize(
    ("line", "inside", "outside"),
    [
        ("Hold 5030/6", ["2:5030/6", "2:5030/6.1"], ["2:5030/7", "2:5030/7.1"]),
        ("Hold *", ["2:5030/1", "2:5030/1.9"], ["2:5031/1"]),
        ("Hold 5030/* !/6", ["2:5030/7.2"], ["2:5030/6", "2:5030/6.5"]),
        ("Hold 5030/6.0", ["2:5030/6"], ["2:5030/6.1"]),
        ("Hold 5030/6.2 /7", ["2:5030/6.2", "2:5030/7.3"], ["2:5030/6", "2:5030/6.3"]),
        ("Hold @list", ["2:5040/3", "2:5040/3.3"], ["2:5040/4.1", "2:5040/5.2"]),
        ("Mail-For 5030/6 5030/2", ["2:5030/6.1"], ["2:5030/2"]),
    ],
)
def test_a_mask_of_nodes_covers_their_points(
    line: str, inside: list[str], outside: list[str]
) -> None:
    listed = ("5040/3", "5040/4.0", "!5040/5")
    (covering,) = read(line, COVERING, listed).directives
    assert covering.arguments.addresses is not None
    for address in inside:
        assert covering.arguments.addresses.matches(parse_main(address)), address
    for address in outside:
        assert not covering.arguments.addresses.matches(parse_main(address)), address


def test_otherwise_points_are_named_or_not_meant() -> None:
    (hold,) = read("Hold 5030/6 5030/7.*").directives
    assert hold.arguments.addresses is not None
    found = [
        hold.arguments.addresses.matches(parse_main(f"2:5030/{node}"))
        for node in ("6", "6.1", "7", "7.1")
    ]
    assert found == [True, False, True, True]


def test_what_is_done_for_nodes_names_the_nodes_only() -> None:
    (poll,) = read("Poll 5030/6 8:00", COVERING).directives
    assert poll.arguments.addresses is not None
    (item,) = poll.arguments.addresses.items
    assert item.mask.literal == parse_main("2:5030/6")
    (route,) = read("Mail-For 5040/* 5030/2", COVERING).directives
    assert route.arguments.destination == parse_main("2:5030/2")


def test_an_exclusion_of_a_point_removes_something_when_points_are_covered() -> None:
    line = "Direct 5040/* !5040/3.3"
    assert [problem.message for problem in read(line).warnings] == [
        "the exclusion !2:5040/3.3 removes nothing"
    ]
    assert read(line, COVERING).warnings == ()


def test_the_master_has_the_number_that_the_site_gives_it() -> None:
    second = Reading(master=2)
    assert read("[2]Poll 5030/2 8:00", second).valid
    (problem,) = read("[1]Poll 5030/2 8:00", second).errors
    assert problem.message == "Poll is done by the Master only, not by task 1"
    (problem,) = read("[2]Repack 8:00").errors
    assert problem.message == "Repack is done by the Master only, not by task 2"


def test_the_encoding_is_that_of_the_file_and_of_its_lists(tmp_path: Path) -> None:
    (tmp_path / "events.ctl").write_bytes("Exec привет 8:00\nHold @l\n".encode("koi8-r"))
    (tmp_path / "l").write_bytes("5030/2 ; центр\n".encode("koi8-r"))
    for path in tmp_path.iterdir():
        path.chmod(0o600)

    def command(reading: Reading) -> tuple[str, ...]:
        found = read_control(tmp_path / "events.ctl", main=MAIN, programs={}, reading=reading)
        assert found.file.valid, found.file.errors
        return found.file.directives[0].arguments.command

    assert command(Reading(encoding="koi8-r")) == ("привет",)
    assert command(USUAL) != ("привет",)
    assert read("Exec при 8:00".encode("cp866")).directives[0].arguments.command == ("при",)

"""What the lint says of a readable control file: certain, with the lines, and fast."""

from __future__ import annotations

import random
from collections.abc import Collection
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.growth import growth

from horarium.directives.address import NodeAddress, parse_main
from horarium.directives.controlfile import parse_control_file
from horarium.directives.covering import covers, plain_fields
from horarium.directives.directive import Directive
from horarium.directives.lint import lint
from horarium.directives.rules import MailKind, find_route
from horarium.kernel.instant import MAX_INSTANT, Instant, parse_instant
from horarium.kernel.zone import UTC, Zone, named, table

SAMPLE = Path(__file__).parents[1] / "seeds" / "events.ctl"
MAIN = parse_main("2:5030/15")
PARIS = named("Europe/Paris")
NOW = parse_instant("2027-01-15T12:00:00Z")


def directives(text: str | bytes) -> tuple[Directive, ...]:
    data = text.encode() if isinstance(text, str) else text
    found = parse_control_file(data, main=MAIN, read_list=lambda _: [])
    assert found.valid, found.errors[:3]
    return found.directives


def found(
    text: str, zone: Zone = PARIS, now: Instant = NOW, tasks: Collection[int] | None = None
) -> list[tuple[int, str]]:
    problems = lint(directives(text), zone, now, tasks)
    assert all(problem.column == 1 for problem in problems)
    return [(problem.line, problem.message) for problem in problems]


def test_the_sample_is_in_order() -> None:
    assert lint(directives(SAMPLE.read_bytes()), PARIS, NOW, {1}) == []


# --- times ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            "Exec a 2:30",
            "no clock shows 02:30 on 2027-03-28: it is run at 03:00 instead",
        ),
        (
            "Exec a 0.2:00",
            "no clock shows 0.02:00 on 2027-03-28: it is run at 03:00 instead",
        ),
        (
            "Hold All 2:00-2:59",
            "no clock shows 02:00-02:59 on 2027-03-28: it does not open then",
        ),
        (
            "Poll 5030/2 0.2:10-2:20",
            "no clock shows 0.02:10-02:20 on 2027-03-28: it does not open then",
        ),
        (
            "Hold All 0.2:10-0.2:20",
            "no clock shows 0.02:10-0.02:20 on 2027-03-28: it does not open then",
        ),
    ],
)
def test_a_time_in_a_gap_of_the_clock_is_told_with_its_date(line: str, message: str) -> None:
    assert found(f"Exec b 12:00\n{line}\n") == [(2, message)]


@pytest.mark.parametrize(
    "line",
    [
        "Exec a 1.2:30", "Exec a 3:00", "Exec a 1:59", "Hold All 1:59-2:30", "Hold All 2:00-3:00",
        "Exec a P.00:30", "Hold All 6.2:10-0.2:20", "Hold All",
    ],
)  # fmt: skip
def test_a_time_beside_the_gap_is_in_order(line: str) -> None:
    assert found(line) == []
    assert found("Exec a 2:30", zone=UTC) == []


def test_a_gap_more_than_two_years_ahead_is_not_told() -> None:
    change = parse_instant("2029-06-01T01:00:00Z")
    once = table("Once", 0, [(change, 3600)])
    assert found("Exec a 1:30", zone=once) == []
    assert len(found("Exec a 1:30", zone=once, now=Instant(change - 700 * 86_400))) == 1


def test_a_time_that_never_comes_in_four_years() -> None:
    # A clock that is put forward each Sunday at 02:00, and back a day later.
    sunday = parse_instant("2027-01-10T02:00:00Z")
    changes = [
        (Instant(sunday + week * 604_800 + day * 86_400 - 3600 * day), 3600 - 3600 * day)
        for week in range(-2, 240)
        for day in (0, 1)
    ]
    zone = table("Weekly", 0, changes)
    never = "there is no such time within the next four years"
    assert found("Hold All 0.2:10-2:20\nHold All 2:10-2:20\n", zone=zone)[0] == (1, never)
    assert never not in [message for _, message in found("Hold All 6.2:10-2:20", zone=zone)]
    assert found("Exec a 12:00", now=Instant(MAX_INSTANT - 60)) == [(1, never)]
    assert found("Exec a 12:00", now=Instant(MAX_INSTANT - 86_400)) == []


# --- rules ---------------------------------------------------------------------

REACHED = [
    "Mail 5030/7 5030/6\nMail *:*/*.* 5030/2",
    "Mail 5030/* 5030/6\nMail 5030/7.1 5030/2",
    "Mail 5030/* !/7 5030/6\nMail 5030/7 5030/2",
    "Mail 5030/* 5030/6 8:00-9:00\nMail 5030/7 5030/2",
    "Mail 5030/* 5030/6 8:00-9:00\nMail 5030/7 5030/2 8:00-9:01",
    "Mail All 5030/6\nFiles 5030/7 5030/2",
    "Mail 5030/7 5030/6\nMail-From 5030/7 5030/2",
    "Mail 50*/* 5030/6\nMail 5*/7 5030/2",
    "Hold 5030/2\nFreeze 5030/2",
    "Hold 5030/2 /3\nHold 5030/2 /4",
    "Hold All 1.0:00-5.23:59\nHold All 6.8:00-9:00",
    "[2] Hold All\nHold 5030/2",
    "Share 5030/7 All\nShare 5030/8 All",
    "Mail *1*/* 5030/6\nMail 2*2/* 5030/2",
]
UNREACHED = [
    ("Mail *:*/*.* 5030/2\nMail 5030/7 5030/6", "never reached: line 1 has"),
    ("Mail All 5030/2\nMail @x 5030/7 5030/6", "never reached: line 1 has"),
    ("Mail 5030/* !/8 5030/6\nMail 5030/7 5030/2", "never reached: line 1 has"),
    ("Mail 5030/* !/8 5030/6\nMail 5030/* !/8 !/9 5030/2", "never reached: line 1 has"),
    ("Mail 5030/* !/81 5030/6\nMail 5030/* !/8* 5030/2", "never reached: line 1 has"),
    ("Mail 50*/* 5030/6\nMail 503*/7 5030/2", "never reached: line 1 has"),
    ("Mail 5030/7 5030/6\nMail 05030/007 5030/2", "never reached: line 1 has"),
    ("Mail 5030/* 5030/6 8:00-9:00\nMail 5030/7 5030/2 8:10-8:20", "never reached: line 1 has"),
    ("Mail /* 5030/6 1.8:00-3.9:00\nMail /7 5030/2 2.23:00-1:00", "never reached: line 1 has"),
    ("Mail /* 5030/6 0:00-24:00\nMail /7 5030/2", "never reached: line 1 has"),
    ("Mail All 5030/6\nMail-From 5030/7 5030/2", "never reached: line 1 has"),
    ("Hold All\nHold 5030/2 8:00-9:00", "adds nothing: line 1 has"),
    ("Hold All 5:00-7:00\nHold All 5:00-7:00", "adds nothing: line 1 has"),
    ("Hold All 0.0:00-6.23:59\nHold All", "adds nothing: line 1 has"),
    ("Priority 7 All\nPriority 9 5030/2", "never reached: line 1 has"),
    ("Share 5030/7 All\nShare 5030/7 /9", "adds nothing: line 1 has"),
    ("[2] Hold All\n[2] Hold 5030/2", "adds nothing: line 1 has"),
]


@pytest.mark.parametrize("text", REACHED)
def test_a_rule_that_may_count_is_left_alone(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize(("text", "message"), UNREACHED)
def test_a_rule_that_can_not_count_names_the_line_before_it(text: str, message: str) -> None:
    ((line, told),) = found(text)
    assert (line, told) == (2, f"{message} all it names, whenever it holds")


def test_several_lines_can_cover_one() -> None:
    text = "Mail 5030/7 5030/6\nMail 5030/8 5030/6\nMail 5030/7 /8 5030/2\n"
    assert found(text) == [
        (3, "never reached: lines 1, 2 have all it names, whenever it holds"),
    ]


def test_a_route_to_itself_changes_nothing_unless_a_later_rule_would_send_it_on() -> None:
    told = "the route of 2:5030/7 to itself changes nothing"
    assert found("Mail 5030/7 5030/7") == [(1, told)]
    assert found("Mail 5030/6 /7 5030/7\nFiles All 5030/2") == [(1, told)]
    assert found("Mail 5030/7 5030/7\nMail 503*/* 5030/2") == []
    assert found("Mail 5030/7 5030/7\nMail-From 5030/9 5030/2") == []
    assert found("Mail 5030/7.1 5030/7.1") == []
    assert found("Mail 5030/* 5030/7") == []
    assert found("Mail 5030/6 !/7 5030/7") == []
    assert found("Mail-From 5030/7 5030/7") == []


# --- lines as such -------------------------------------------------------------


def test_a_number_that_no_task_has() -> None:
    text = "Exec a 8:00\n[2] Exec a 8:00\n[3] Exec a 8:00\n"
    assert found(text, tasks={1, 2}) == [
        (3, "no running task has the number 3: the line does nothing"),
    ]
    assert found(text) == []


def test_what_would_be_done_twice() -> None:
    told = "says the same as line 1: it is done twice"
    assert found("Exec a b 8:00\nexec  a  b  08:00 ; again") == [(2, told)]
    assert found("Exit 7 8:00\nExec a 8:00\nExit 7 8:00\nExit 7 8:00") == [(3, told), (4, told)]
    others = "Exec a b 8:00\nExec a b 1.8:00\n[2] Exec a b 8:00\nExec a B 8:00\nExec !a b 8:00\n"
    assert (
        found(others + "Critical Exec a b 8:00\nExec a b P.08:00\nExit 7 8:00\nExit 8 8:00") == []
    )
    assert found("Poll 5030/2 8:00\nPoll 5030/2 8:00") == []


def test_a_periodic_exit() -> None:
    ((line, told),) = found("Exit 1 P.01:00")
    assert line == 1
    assert told.startswith("Exit at P.01:00 ends the task as soon as the line is first in force")
    assert found("Exit 1 1:00") == []


# --- soundness and speed -------------------------------------------------------

fields = st.text("012*", min_size=1, max_size=4)
masks = st.tuples(fields, fields).map(lambda pair: f"{pair[0]}:{pair[1]}/1")


@given(st.text("12*", min_size=1, max_size=4), st.text("12*", min_size=1, max_size=3))
def test_what_covers_another_mask_matches_all_it_matches(wide: str, narrow: str) -> None:
    one, other = (
        parse.arguments.addresses.items[0].mask
        for parse in directives(f"Hold {wide}:1/1\nHold {narrow}:1/1")
        if parse.arguments.addresses is not None
    )
    if covers(plain_fields(one), plain_fields(other)):
        nodes = [NodeAddress(zone, 1, 1) for zone in (*range(1, 300), 1111, 1212, 2222, 12122)]
        assert [node for node in nodes if other.matches(node) and not one.matches(node)] == []


PARTS = ["1", "2", "11", "12", "*", "1*", "*2"]


@pytest.mark.parametrize("seed", range(60))
def test_a_rule_called_unreached_never_wins(seed: int) -> None:
    rng = random.Random(seed)

    def mask() -> str:
        return f"2:{rng.choice(PARTS)}/{rng.choice(PARTS)}{rng.choice(('', '', '.*'))}"

    times = ["", "", "0:00-23:59", "8:00-12:00", "9:00-10:00", "1.22:00-3.9:30", "2.8:00-9:00"]
    lines = []
    for _ in range(12):
        named = [mask() for _ in range(rng.randint(1, 3))]
        named += [f"!{mask()}" for _ in range(rng.randint(0, 1))]
        lines.append(f"Mail {' '.join(named)} 2:9/9 {rng.choice(times)}")
    rules = directives("\n".join(lines))
    unreached = {problem.line for problem in lint(rules, PARIS, NOW, None)}
    nodes = [
        NodeAddress(2, net, node, point)
        for net in (1, 2, 11, 12, 112, 122)
        for node in (1, 2, 11, 12, 111)
        for point in (0, 1)
    ]
    winners = {
        find_route(rules, node, MailKind.MAIL, Instant(NOW + hours * 3600 + 600), PARIS).line
        for node in rng.sample(nodes, 20)
        for hours in rng.sample(range(168), 12)
    }
    assert not unreached & winners


def test_the_random_rules_above_have_unreached_ones() -> None:
    text = "Mail 2:1/* 2:9/9\nMail 2:11/1* 2:9/9\nMail 2:1/12 2:11/11 2:9/9\n"
    assert [line for line, _ in found(text)] == [3]


def crowd(kind: str, many: int) -> str:
    rng = random.Random(kind)
    at = f"{rng.randint(0, 6)}.{{}}:{{:02}}"
    lines = []
    for n in range(many):
        match kind:
            case "literals":
                lines.append(f"Mail 2:{n % 30_000 + 1}/{n // 30_000} 2:5030/2")
            case "windows":
                a, b = rng.randrange(1440), rng.randrange(1440)
                start, end = at.format(a // 60, a % 60), f"{b // 60}:{b % 60:02}"
                lines.append(f"Hold 2:{n % 300 + 1}/* {start}-{end}")
            case "partial":
                lines.append(f"Mail 2:{n % 3_000 + 1}*/{n // 3_000}* !/7* 2:5030/2")
            case "same":
                lines.append("Mail 2:5030/* !/1* !/2* !/3* 2:5030/2 8:00-9:00")
            case _:
                lines.append(f"Exec job{n} {n % 24}:{n % 60:02}")
    return "\n".join(lines)


@pytest.mark.parametrize("kind", ["literals", "windows", "partial", "same", "jobs"])
def test_the_cost_grows_with_the_lines_and_not_with_their_square(kind: str) -> None:
    few, many = (directives(crowd(kind, lines)) for lines in (5_000, 40_000))
    # Eight times the lines: a comparison of all with all would cost sixty-four times as much.
    assert growth(lambda rules: lint(rules, PARIS, NOW, {1}), few, many) < 20

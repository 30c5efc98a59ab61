"""Which rules hold when, and where mail goes: the sample's rules in a week of two clock changes."""

from __future__ import annotations

from pathlib import Path

import pytest

from horarium.directives.address import parse_main
from horarium.directives.controlfile import parse_control_file
from horarium.directives.directive import Directive
from horarium.directives.rules import MailKind, find_route, is_open, rulings
from horarium.kernel.zone import named
from horarium.runtime.moments import parse_moment

MAIN = parse_main("2:5030/15")
MOSCOW, PARIS = named("Europe/Moscow"), named("Europe/Paris")
SAMPLE = Path(__file__).parents[1] / "seeds" / "events.ctl"


def directives(text: str | bytes) -> tuple[Directive, ...]:
    data = text.encode() if isinstance(text, str) else text
    found = parse_control_file(data, main=MAIN, read_list=lambda _: [])
    assert found.valid, found.errors
    return found.directives


def rule(window: str) -> Directive:
    return directives(f"Hold All {window}")[0]


@pytest.mark.parametrize(
    ("window", "moment", "expected"),
    [
        ("11:00-23:00", "2026-03-02 10:59:59", False),
        ("11:00-23:00", "2026-03-02 11:00", True),
        ("11:00-23:00", "2026-03-02 23:00:59", True),
        ("11:00-23:00", "2026-03-02 23:01", False),
        ("0:00-23:59", "2026-03-02 23:59:59", True),
        ("8:00-8:00", "2026-03-02 08:00:59", True),
        ("8:00-8:00", "2026-03-02 08:01", False),
        ("22:00-6:00", "2026-03-02 06:00:59", True),
        ("22:00-6:00", "2026-03-02 06:01", False),
        # Monday 22:00 to Tuesday 06:00, and nothing else.
        ("1.22:00-6:00", "2026-03-03 05:00", True),
        ("1.22:00-6:00", "2026-03-04 05:00", False),
        # Monday 00:00 to Friday 24:00, one stretch.
        ("1.0:00-5:23:59", "2026-03-02 00:00", True),
        ("1.0:00-5:23:59", "2026-03-06 23:59:59", True),
        ("1.0:00-5:23:59", "2026-03-07 00:00", False),
        ("1.0:00-5:23:59", "2026-03-08 12:00", False),
        ("5.18:00-1.8:00", "2026-03-08 12:00", True),
        ("5.18:00-1.8:00", "2026-03-09 08:01", False),
    ],
)
def test_windows_of_rules(window: str, moment: str, expected: bool) -> None:
    assert is_open(rule(window), parse_moment(moment, MOSCOW), MOSCOW) == expected


@pytest.mark.parametrize(
    ("window", "instant", "expected"),
    [
        # 2027-03-28: 02:00 becomes 03:00; the window begins where the gap ends.
        ("2:30-5:00", "2027-03-28T00:59:59Z", False),
        ("2:30-5:00", "2027-03-28T01:00:00Z", True),
        # 2026-10-25: 03:00 becomes 02:00; from the first start to the last end.
        ("2:10-2:49", "2026-10-25T00:10:00Z", True),
        ("2:10-2:49", "2026-10-25T01:49:59Z", True),
        ("2:10-2:49", "2026-10-25T01:50:00Z", False),
    ],
)
def test_windows_of_rules_in_the_nights_of_a_clock_change(
    window: str, instant: str, expected: bool
) -> None:
    assert is_open(rule(window), parse_moment(instant, PARIS), PARIS) == expected


@pytest.mark.parametrize(
    ("address", "via", "line"),
    [
        ("2:5030/6", "2:5030/6", 16),
        ("2:5030/6.9", "2:5030/6.9", 16),
        ("2:5030/7", "2:5030/6", 17),
        ("2:5020/35", "2:5030/2", 18),
        ("1:1/1.4", "2:5030/2", 18),
    ],
)
def test_routes_of_the_sample(address: str, via: str, line: int) -> None:
    at = parse_moment("2026-03-02 12:00", MOSCOW)
    found = find_route(
        directives(SAMPLE.read_bytes()), parse_main(address), MailKind.MAIL, at, MOSCOW
    )
    assert (str(found.via), found.line) == (via, line)


def test_the_first_rule_in_force_wins_and_none_means_the_addressee() -> None:
    rules = directives("Mail 5030/* 5030/1 8:00-9:00\nMail 5030/* 5030/2\nFiles 5020/* Hub\n")
    at = parse_moment("2026-03-02 08:30", MOSCOW)
    later = parse_moment("2026-03-02 09:30", MOSCOW)
    seven = parse_main("2:5030/7")
    assert find_route(rules, seven, MailKind.MAIL, at, MOSCOW).line == 1
    assert find_route(rules, seven, MailKind.MAIL, later, MOSCOW).line == 2
    files = find_route(rules, seven, MailKind.FILES, at, MOSCOW)
    assert (files.via, files.line) == (seven, None)
    hub = find_route(rules, parse_main("2:5020/1"), MailKind.FILES, at, MOSCOW)
    assert (hub.via, hub.line) == (None, 3)
    point = find_route(rules, parse_main("2:5020/1.4"), MailKind.MAIL, at, MOSCOW)
    assert str(point.via) == "2:5020/1"


def test_what_holds_for_a_node_is_told_with_its_reason() -> None:
    at = parse_moment("2026-03-02 06:00", MOSCOW)
    found = rulings(directives(SAMPLE.read_bytes()), parse_main("2:5030/100"), at, MOSCOW)
    told = {r.directive.line: (r.in_force, r.why) for r in found}
    assert told[12] == (True, "inside 00:00-23:59")
    assert told[14] == (False, "outside 11:00-23:00")
    assert told[15] == (False, "2:5030/100 is not in its list")
    assert told[18] == (True, "holds always")

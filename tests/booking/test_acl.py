"""Access lists: the rules and the seeds' table (seed 001)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from horarium.booking.acl import deciding_rule, evaluate, parse_acl, without_effect
from horarium.kernel.errors import InvalidInput

SIMON = "decline attendee simon.skunk@example.com"
PAUL = "accept organiser paul.boddie@example.com"


@pytest.mark.parametrize(
    ("lines", "simon_absent", "simon_with_vincent", "simon_with_paul"),
    [
        (["accept"], True, True, True),
        (["accept", SIMON], True, False, False),
        (["accept", SIMON, PAUL], True, False, True),
        ([PAUL], False, False, True),
        (["decline organiser paul.boddie@example.com"], True, True, False),
    ],
)
def test_the_lists_of_the_seed(
    lines: list[str], simon_absent: bool, simon_with_vincent: bool, simon_with_paul: bool
) -> None:
    rules = parse_acl("\n".join(lines))
    vincent, paul = "vincent.vole@example.com", "paul.boddie@example.com"
    room, simon = "resource-room@example.com", "simon.skunk@example.com"
    assert evaluate(rules, vincent, {room}) is simon_absent
    assert evaluate(rules, vincent, {room, simon}) is simon_with_vincent
    assert evaluate(rules, paul, {room, simon}) is simon_with_paul


@pytest.mark.parametrize(
    ("text", "organizer", "accepted"),
    [
        ("ACCEPT", "a@example.com", True),
        ("reject", "a@example.com", False),
        ("accept Organizer mailto:A@Example.com", "a@example.com", True),
        ("accept organiser MAILTO:a%40example.com", "a@example.com", True),
        ("accept organiser @example.com", "a@example.com", True),
        ("accept organiser @example.com", "a@eu.example.com", False),
        ("accept organiser @EXAMPLE.com", "b@example.com", True),
        ("accept organiser b@example.com a@example.com", "a@example.com", True),
        ("accept attendees a@example.com", "a@example.com", False),
        ("# nobody\n\ndecline\naccept organiser 'a@example.com'", "a@example.com", True),
    ],
)
def test_forms(text: str, organizer: str, accepted: bool) -> None:
    assert evaluate(parse_acl(text), organizer, frozenset()) is accepted


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", 1),
        ("# only words\n", 1),
        ("accept\nallow", 2),
        ("accept everybody", 1),
        ("accept organiser", 1),
        ("accept\n\ndecline attendee not,an,address", 3),
        ("accept organiser a@example.com)b@evil.example", 1),
        ("accept organiser @", 1),
        ("accept organiser '", 1),
    ],
)
def test_any_other_line_is_refused_with_its_number(text: str, line: int) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_acl(text)
    assert caught.value.part == f"line {line}"


def test_groups_stand_for_their_members() -> None:
    rules = parse_acl("accept organiser developers\ndecline attendee testers")
    groups = {"developers": {"a@example.com"}, "testers": {"t@example.com"}}
    assert evaluate(rules, "a@example.com", set(), groups) is True
    assert evaluate(rules, "b@example.com", set(), groups) is False
    assert evaluate(rules, "a@example.com", {"t@example.com"}, groups) is False


def test_a_group_that_is_not_declared_decides_nothing() -> None:
    with pytest.raises(InvalidInput) as caught:
        evaluate(parse_acl("accept\ndecline organiser ghosts"), "a@example.com", set())
    assert (caught.value.part, caught.value.value) == ("line 2", "ghosts")


def test_the_deciding_rule_is_known() -> None:
    rules = parse_acl(f"accept\n{SIMON}\n{PAUL}")
    simon = frozenset({"simon.skunk@example.com"})
    assert deciding_rule(rules, "vincent.vole@example.com", simon) == (False, rules[1])
    assert deciding_rule(rules, "paul.boddie@example.com", simon) == (True, rules[2])
    assert without_effect(rules) == ()
    assert without_effect(parse_acl(f"{SIMON}\naccept")) == parse_acl(SIMON)


_people = st.sampled_from(["a@example.com", "b@example.com", "c@example.org", "@example.com"])
_lines = st.builds(
    lambda action, role, who: f"{action} {role} {' '.join(who)}" if role else action,
    st.sampled_from(["accept", "decline", "reject"]),
    st.sampled_from(["", "organiser", "attendee"]),
    st.lists(_people, min_size=1, max_size=3),
)


def _slow(text: str, organizer: str, attendees: set[str]) -> bool:
    """The rule as the text of the seed has it, written a second time."""
    response = None
    for line in text.splitlines():
        words = line.split()
        good = words[0] == "accept"
        if len(words) == 1:
            response = good
            continue
        listed = set(words[2:])
        people = [organizer] if words[1] == "organiser" else list(attendees)
        hit = any(p in listed or p[p.index("@") :] in listed for p in people)
        if hit:
            response = good
        elif response is None:
            response = not good
    return bool(response)


@given(
    st.lists(_lines, min_size=1, max_size=6).map("\n".join),
    st.sampled_from(["a@example.com", "c@example.org", "d@example.net"]),
    st.sets(st.sampled_from(["a@example.com", "b@example.com", "c@example.org"])),
)
def test_the_list_agrees_with_a_second_reading(text: str, who: str, others: set[str]) -> None:
    rules = parse_acl(text)
    assert evaluate(rules, who, others) is _slow(text, who, others)
    assert parse_acl("\n".join(str(rule) for rule in rules)) == tuple(
        type(rule)(rule.accepts, rule.role, rule.identities, n)
        for n, rule in enumerate(rules, start=1)
    )


@given(st.text() | st.lists(_lines | st.text(max_size=20)).map("\n".join))
def test_any_text_is_read_or_refused_with_its_line(text: str) -> None:
    rules, part = (), ""
    try:
        rules = parse_acl(text)
    except InvalidInput as error:
        part = error.part
    assert rules or part.startswith("line ")

"""The tables of quotas as text and as kept, and what they make of an organizer."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from horarium.booking.quota import Allowance, Quota, quota_name
from horarium.booking.quota_table import (
    MAX_ROWS,
    Table,
    TableKind,
    format_table,
    kept_table,
    kept_value,
    merged,
    object_table,
    parse_table,
    read_quota,
)
from horarium.kernel.errors import InvalidInput

LIMITS, GROUPS, DELEGATES = TableKind.LIMITS, TableKind.GROUPS, TableKind.DELEGATES
VOLE = "mailto:vincent.vole@example.com"
DECLARED = {"developers": {"vincent.vole@example.com", "harvey.horse@example.com"}}


def parse(kind: TableKind, text: str) -> Table:
    table, faults = parse_table(kind, text, DECLARED)
    assert faults == []
    return table


def faults(kind: TableKind, text: str) -> list[tuple[int, str]]:
    _, found = parse_table(kind, text, DECLARED)
    return [(fault.line, fault.message) for fault in found]


def test_limits_are_two_words_a_line() -> None:
    text = (
        "# who may drive\n\n"
        "mailto:vincent.vole@example.com PT10H\r\n"
        "\tharvey.horse@EXAMPLE.com\t 1h30m \n"
        "'developers' \"P1DT2H\"\n"
        "  # the rest\n"
        "* *"
    )
    assert parse(LIMITS, text) == (
        (VOLE, "PT10H"),
        ("mailto:harvey.horse@example.com", "PT1H30M"),
        ("developers", "P1DT2H"),
        ("*", "*"),
    )


def test_groups_and_delegates_keep_their_order() -> None:
    assert parse(GROUPS, f"{VOLE} developers\n* others\ndevelopers testers\n") == (
        (VOLE, "developers"),
        ("*", "others"),
        ("developers", "testers"),
    )
    assert parse(DELEGATES, "b@example.com\nmailto:a@example.com\n") == (
        ("mailto:b@example.com",),
        ("mailto:a@example.com",),
    )


@pytest.mark.parametrize(
    "written",
    ["PT", "P", "PT0S", "-PT1H", "+PT1H", "PT1.5H", "10", "1h-", "PT1H1H", "ten", "P0D", "**"],
)
def test_a_limit_is_a_duration_of_at_least_a_second(written: str) -> None:
    assert faults(LIMITS, f"* PT1S\ndevelopers P1W\n{VOLE} {written}\n") == [
        (3, f'"{written}" is not a duration')
    ]


def test_every_faulty_line_is_told() -> None:
    assert faults(
        LIMITS,
        "* PT10H\n"
        "* PT5H\n"
        "developers\n"
        "mailto:vincent.vole@example.com PT5H 3\n"
        "vincent.vole@ PT5H\n"
        "http://example.com PT5H\n"
        "'open PT5H\n"
        "mailto:Vincent.Vole@example.com PT5H\n"
        "vincent.vole@example.com PT6H\n"
        "tel\u202e PT5H\n",
    ) == [
        (2, '"*" is listed twice'),
        (3, 'expected an identity and a limit, not 1 word: "developers"'),
        (4, f'expected an identity and a limit, not 3 words: "{VOLE}"'),
        (5, '"vincent.vole@" is not an address: domain'),
        (6, '"http://example.com" is not an address: scheme'),
        (7, "the quote ' is not closed"),
        (9, f'"{VOLE}" is listed twice'),
        (10, '"tel·" is not the name of a group'),
    ]
    assert faults(GROUPS, f"{VOLE} *\n{VOLE} a@b.example\ndevelopres x\n{VOLE} tel:x") == [
        (1, '"*" is not the name of a group'),
        (2, '"a@b.example" is not the name of a group'),
        (
            3,
            '"developres" is no address, and no group is declared so; did you mean "developers"?',
        ),
        (4, '"tel:x" is not the name of a group'),
    ]
    assert faults(DELEGATES, "a@example.com\nmailto:A@example.com\ncars\n*\na b\n") == [
        (2, '"mailto:a@example.com" is listed twice'),
        (3, '"cars" is not an address: no_at'),
        (4, '"*" is not an address: no_at'),
        (5, 'expected an address, not 2 words: "a"'),
    ]


def test_a_table_without_end_is_refused() -> None:
    many = "".join(f"g{number} PT1H\n" for number in range(MAX_ROWS + 1))
    table, found = parse_table(LIMITS, many, {})
    assert table == ()
    assert [(fault.line, fault.message) for fault in found] == [
        (MAX_ROWS + 1, f"more than {MAX_ROWS} rows")
    ]


NAMES = st.text(st.characters(min_codepoint=33, max_codepoint=0x2FF), min_size=1, max_size=12)
WORDS = NAMES.filter(
    lambda word: (
        word.isprintable() and not any(c.isspace() or c in "@:" for c in word) and word != "*"
    )
)
IDENTITIES = st.one_of(WORDS, st.sampled_from(("*", VOLE, "mailto:o%27brien@example.com")))
DURATIONS = st.sampled_from(("PT10H", "P2W", "P1DT1S", "PT1H0M1S", "*"))


@given(st.dictionaries(IDENTITIES, DURATIONS, max_size=8))
def test_a_printed_table_reads_back_as_itself(rows: dict[str, str]) -> None:
    table = tuple(rows.items())
    canonical, wrong = parse_table(LIMITS, format_table(table), {})
    assert wrong == []
    assert parse_table(LIMITS, format_table(canonical), {}) == (canonical, [])
    assert [limit for _, limit in canonical] == [limit for _, limit in table]
    assert kept_table(LIMITS, kept_value(LIMITS, canonical)) == canonical


def test_lines_that_are_merged_in_replace_in_place() -> None:
    table = ((VOLE, "PT10H"), ("*", "PT5H"))
    update = (("*", "*"), ("testers", "PT1H"))
    assert merged(table, update) == ((VOLE, "PT10H"), ("*", "*"), ("testers", "PT1H"))


def test_an_object_file_declares_the_same_tables() -> None:
    value = {"mailto:vincent.vole@example.com": "PT10H", "harvey.horse@example.com": 5400, "*": "*"}
    table, found = object_table(LIMITS, value)
    assert found == []
    assert table == (
        (VOLE, "PT10H"), ("mailto:harvey.horse@example.com", "PT1H30M"), ("*", "*"),
    )  # fmt: skip
    # The groups of other files are not known yet.
    assert object_table(GROUPS, {"unknown": "x"}) == ((("unknown", "x"),), [])
    assert object_table(DELEGATES, ["a@example.com"]) == ((("mailto:a@example.com",),), [])


@pytest.mark.parametrize(
    ("kind", "value", "key", "message"),
    [
        (LIMITS, {"*": 0}, "*", "expected a duration, not 0"),
        (LIMITS, {"*": True}, "*", "expected a duration, not True"),
        (LIMITS, {"*": 1.5}, "*", "expected a duration, not 1.5"),
        (LIMITS, {VOLE: "PT1H", VOLE[7:]: "PT2H"}, VOLE[7:], f'"{VOLE}" is listed twice'),
        (LIMITS, {"a b": "PT1H"}, "a b", '"a b" is not the name of a group'),
        (LIMITS, {"": "PT1H"}, "", '"" is not the name of a group'),
        (LIMITS, "* PT1H", "", "expected a table such as"),
        (GROUPS, {"*": 3}, "*", "expected the name of a group, not 3"),
        (GROUPS, ["*"], "", "expected a table such as"),
        (DELEGATES, [1], "", "expected a list of texts"),
        (DELEGATES, ["a@example.com", "mailto:a@example.com"], "", "is listed twice"),
    ],
)
def test_a_wrong_value_of_an_object_is_told_at_its_key(
    kind: TableKind, value: object, key: str, message: str
) -> None:
    _, found = object_table(kind, value)
    assert [fault.key for fault in found] == [key]
    assert message in found[0].message


# --- what they make ------------------------------------------------------------


def quota(limits: str = "", groups: str = "", declared: dict[str, set[str]] | None = None) -> Quota:
    known = DECLARED if declared is None else declared
    tables = {
        kind: kept_value(kind, parse_table(kind, text, known)[0])
        for kind, text in ((LIMITS, limits), (GROUPS, groups))
    }
    return read_quota("cars", tables, known)


def test_who_is_charged_is_the_group_else_the_general_group_else_the_organizer() -> None:
    found = quota(groups=f"{VOLE} testers\n* others\n")
    assert found.identity("vincent.vole@example.com") == "testers"
    assert found.identity("oliver.otter@example.com") == "others"
    assert quota().identity("oliver.otter@example.com") == "oliver.otter@example.com"


def test_a_declared_group_brings_its_members_unless_they_are_named_themselves() -> None:
    found = quota(groups=f"developers crew\n{VOLE} drivers\n")
    assert found.identity("harvey.horse@example.com") == "crew"
    assert found.identity("vincent.vole@example.com") == "drivers"
    assert found.identity("developers") == "developers", "the group itself is nobody"
    two = {"a": {"x@example.com"}, "b": {"x@example.com", "y@example.com"}}
    both = quota(groups="b second\na first\n", declared=two)
    assert both.identity("x@example.com") == "second", "the first line that holds the address"


def test_a_limit_is_that_of_the_identity_else_the_general_one_else_none() -> None:
    found = quota(limits="developers PT10H\n* PT2H\n")
    assert found.allowance("developers") == Allowance(36_000)
    assert found.allowance("oliver.otter@example.com") == Allowance(7_200)
    assert quota(limits="developers PT10H").allowance("oliver.otter@example.com") is None
    assert quota(limits="* *").allowance("oliver.otter@example.com") == Allowance(None)


def test_a_member_of_a_group_never_falls_back_to_a_limit_of_its_own() -> None:
    found = quota(limits=f"{VOLE} PT10H\n", groups="developers crew")
    assert found.allowance(found.identity("vincent.vole@example.com")) is None


@pytest.mark.parametrize(
    "tables",
    [
        {LIMITS: "no list"},
        {LIMITS: [["*"]]},
        {LIMITS: [["*", 3]]},
        {LIMITS: ["*", "PT1H"]},
        {LIMITS: [["*", "PT1H"], ["*", "PT2H"]]},
        {LIMITS: [["*", "soon"]]},
        {GROUPS: [["nowhere", "x"]]},
        {GROUPS: {"*": "x"}},
        {DELEGATES: [["a@example.com"]]},
        {DELEGATES: ["nobody"]},
    ],
)
def test_a_quota_that_can_not_be_read_is_none(tables: dict[TableKind, object]) -> None:
    with pytest.raises(InvalidInput, match=r"limits|groups|delegates"):
        read_quota("cars", tables, DECLARED)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("cars", "cars"),
        ("Cars", "Cars"),
        ("resource-car@Example.com", "mailto:resource-car@example.com"),
        ("mailto:Resource-Car@example.com", "mailto:resource-car@example.com"),
        ("MAILTO:resource-car@example.com", "mailto:resource-car@example.com"),
        ("cars@", "cars@"),
        ("mailto:cars", "mailto:cars"),
    ],
)
def test_an_address_names_one_quota_however_it_is_written(text: str, name: str) -> None:
    assert quota_name(text) == name
    assert quota_name(name) == name

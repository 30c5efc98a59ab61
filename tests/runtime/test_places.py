"""Where keys and values of a TOML text stand."""

import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from horarium.runtime.places import path_text, places

TEXT = '''\
# a comment with [brackets] and = signs
zone = "Europe/Oslo"  # another = one
a.b . "c d" = 1

[resource."room@example.com"]
name = "a \\" [b] = c"
scheduling_function = """
schedule_in_freebusy
access_control_list
"""
acl = \'\'\'accept
decline attendee x@example.com\'\'\'
list = [
    "one", # comment, ]
    { k = "v", n = [1, 2] },
    [3,
     4],
]
inline = { x = 1, "y z" = "}" }

[[point]]
at = 1979-05-27T07:32:00Z
[[point]]
at = 07:32:00
  [point.more]
  deep = true
'''


@pytest.mark.parametrize(
    ("path", "line", "column"),
    [
        (("zone",), 2, 1),
        (("a", "b", "c d"), 3, 1),
        (("resource", "room@example.com"), 5, 1),
        (("resource", "room@example.com", "name"), 6, 1),
        (("resource", "room@example.com", "acl"), 11, 1),
        (("resource", "room@example.com", "list", 0), 14, 5),
        (("resource", "room@example.com", "list", 1), 15, 5),
        (("resource", "room@example.com", "list", 1, "n"), 15, 16),
        (("resource", "room@example.com", "list", 1, "n", 1), 15, 24),
        (("resource", "room@example.com", "list", 2, 1), 17, 6),
        (("resource", "room@example.com", "inline", "y z"), 19, 19),
        (("point", 0, "at"), 22, 1),
        (("point", 1, "at"), 24, 1),
        (("point", 1, "more", "deep"), 26, 3),
    ],
)
def test_each_key_has_its_place(path: tuple[str | int, ...], line: int, column: int) -> None:
    found = places(TEXT)[path]
    assert (found.line, found.column) == (line, column)


def test_lines_of_a_long_string_can_be_named() -> None:
    found = places(TEXT)
    functions = found["resource", "room@example.com", "scheduling_function"]
    assert TEXT.splitlines()[functions.text_line - 1] == "schedule_in_freebusy"
    rules = found["resource", "room@example.com", "acl"]
    assert TEXT.splitlines()[rules.text_line - 1] == "acl = '''accept"


def test_a_path_is_written_as_in_the_file() -> None:
    path = ("resource", "room@example.com", "list", 1, "n")
    assert path_text(path) == 'resource."room@example.com".list[1].n'


def _leaves(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    if isinstance(value, dict):
        return [leaf for key, item in value.items() for leaf in _leaves(item, (*path, key))]
    if isinstance(value, list):
        return [leaf for n, item in enumerate(value) for leaf in _leaves(item, (*path, n))]
    return [path]


_strings = st.text(st.characters(codec="utf-8", exclude_categories=["C"]), max_size=12)


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


_values = st.recursive(
    st.one_of(
        _strings.map(_quoted),
        st.integers(-5, 5).map(str),
        st.booleans().map(lambda b: str(b).lower()),
        _strings.filter(lambda s: "'" not in s).map(lambda s: f"'''\n{s}\n{s}'''"),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda v: "[\n" + ", # ]\n".join(v) + "]"),
        st.dictionaries(_strings, inner, max_size=3).map(
            lambda d: "{" + ", ".join(f"{_quoted(k)} = {v}" for k, v in d.items()) + "}"
        ),
    ),
    max_leaves=6,
)


@given(st.dictionaries(_strings, st.dictionaries(_strings, _values, max_size=3), max_size=3))
def test_every_value_that_the_parser_finds_has_a_place(tables: dict[str, dict[str, str]]) -> None:
    text = "".join(
        f"[{_quoted(table)}]\n" + "".join(f"{_quoted(k)} = {v}\n" for k, v in keys.items())
        for table, keys in tables.items()
    )
    try:
        parsed = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return  # an inline table may not hold line breaks in this version of TOML
    found = places(text)
    for leaf in _leaves(parsed):
        assert leaf in found
    lines = text.splitlines()
    for table in parsed:
        assert lines[found[(table,)].line - 1] == f"[{_quoted(table)}]"

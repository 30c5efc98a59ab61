"""What a path of a version may be: the same answer when it is built and when it is received."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from horarium.distribution.paths import collisions, folded, link_fault, path_fault

REFUSED = {
    "": "is empty",
    "/": "is absolute",
    "/etc/passwd": "is absolute",
    "//host/share": "is absolute",
    ".": "has the name '.'",
    "..": "has the name '..'",
    "a/../b": "has the name '..'",
    "a/./b": "has the name '.'",
    "a//b": "has an empty name",
    "a/": "has an empty name",
    "a\\b": "has a backslash",
    "..\\x": "has a backslash",
    "C:": "begins with a drive letter",
    "c:/windows": "begins with a drive letter",
    "z:x": "begins with a drive letter",
    "a\0b": "has a control character",
    "a\nb": "has a control character",
    "a\x7f": "has a control character",
    "a\x85": "has a control character",
    "a\udc80": "is not UTF-8",
    "a.": "ends with a dot or a blank",
    "a ": "ends with a dot or a blank",
    "a /b": "ends with a dot or a blank",
    "...": "ends with a dot or a blank",
    "con": "is a device on Windows",
    "CON": "is a device on Windows",
    "a/Nul.txt": "is a device on Windows",
    "aux .x": "is a device on Windows",
    "com1": "is a device on Windows",
    "LPT9.tar.gz": "is a device on Windows",
    "com¹": "is a device on Windows",
    "CONIN$": "is a device on Windows",
    "x" * 256: "more than 255 octets",
    "é" * 128: "more than 255 octets",
    "x/" * 2_048 + "x": "has 4097 octets",
    "x/" * 64 + "x": "is 65 names deep",
}


@pytest.mark.parametrize("path", REFUSED, ids=lambda path: ascii(path[:20]))
def test_what_is_refused(path: str) -> None:
    assert REFUSED[path] in path_fault(path)


@pytest.mark.parametrize(
    "path",
    [
        "a", ".hidden", "a.b", "..a", "a..b", "con1", "console", "com10", "nul_", " a", "a b",
        "Foo::Bar.3pm", "日本/語", "é", "-", "~", "%41", "$", "x" * 255, "x/" * 63 + "x",
        "a\u200bb",
    ],
)  # fmt: skip
def test_what_is_allowed(path: str) -> None:
    assert path_fault(path) == ""


names = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="/"), min_size=1, max_size=20
)


@given(st.lists(names, min_size=1, max_size=6))
def test_what_is_allowed_stays_below_the_root(parts: list[str]) -> None:
    path = "/".join(parts)
    if path_fault(path):
        return
    assert not path.startswith("/")
    assert ".." not in path.split("/")
    assert "\0" not in path
    path.encode()


@given(names, names)
def test_names_are_the_same_in_every_case_and_composition(one: str, other: str) -> None:
    for form in ("NFC", "NFD"):
        again = unicodedata.normalize(form, one)
        assert folded(again) == folded(one)
        assert folded(again.upper().lower()) == folded(again.upper())
    if one.casefold() == other.casefold():
        assert folded(one) == folded(other)


COLLIDING = [
    (["a", "A"], [("A", "a")]),
    (["docs/x", "Docs/y"], [("Docs", "docs/x")]),
    (["straße", "STRASSE"], [("STRASSE", "straße")]),
    (["é", "e\u0301"], [("e\u0301", "é")]),
    (["ǆ", "ǅ"], [("ǅ", "ǆ")]),
    (["a/b", "a/c", "a"], []),
    (["a", "ab", "a.b"], []),
]


@pytest.mark.parametrize(("paths", "expected"), COLLIDING)
def test_two_names_of_one_place(paths: list[str], expected: list[tuple[str, str]]) -> None:
    assert list(collisions(sorted(paths))) == expected


LINKS = {
    "here": ("docs/latest", "a.txt", ""),
    "up and down": ("docs/latest", "../a/./b", ""),
    "to the root": ("docs/latest", "..", ""),
    "doubled slash": ("a", "b//c", ""),
    "out": ("latest", "../x", "leads out of the root"),
    "out and in again": ("a/b", "../../a/x", "leads out of the root"),
    "absolute": ("a", "/etc/passwd", "leads to an absolute path"),
    "empty": ("a", "", "leads nowhere"),
    "backslash": ("a", "..\\x", "no path everywhere"),
    "drive": ("a", "c:x", "no path everywhere"),
    "NUL": ("a", "b\0", "no path everywhere"),
    "not UTF-8": ("a", "b\udc80", "not UTF-8"),
    "to itself": ("a", "a", "in a circle"),
    "device": ("a", "nul", "is a device"),
    "long": ("a", "x/" * 2_100, "octets"),
}


@pytest.mark.parametrize("name", LINKS)
def test_a_link_leads_to_a_place_inside(name: str) -> None:
    path, target, expected = LINKS[name]
    found = link_fault(path, {path: target})
    assert expected in found
    assert bool(expected) == bool(found)


def test_links_are_followed_as_a_file_system_would() -> None:
    """Each link looks harmless by its text; together two of them leave the root."""
    links = {"deep/er/up": "../..", "out": "deep/er/up/..", "in": "deep/er/up/x"}
    assert link_fault("deep/er/up", links) == ""
    assert link_fault("out", links) == "leads out of the root"
    assert link_fault("in", links) == ""


def test_links_in_a_circle_are_refused() -> None:
    links = {"a": "b", "b": "c", "c": "a/x", "d": "a"}
    for path in links:
        assert "circle" in link_fault(path, links)

"""Globs that leave paths out."""

import pytest

from horarium.distribution.globs import Globs
from horarium.kernel.errors import InvalidInput

MATCHING = [
    ("*.o", "a.o", True),
    ("*.o", "deep/er/a.o", True),
    ("*.o", "a.os", False),
    (".git", ".git", True),
    (".git", "a/.git", True),
    (".git/", "a/.git", True),
    (".git", "a.git", False),
    ("docs/*.txt", "docs/a.txt", True),
    ("docs/*.txt", "docs/a/b.txt", False),
    ("docs/*.txt", "x/docs/a.txt", False),
    ("/top", "top", True),
    ("/top", "a/top", False),
    ("**/cache/*", "cache/a", True),
    ("**/cache/*", "a/b/cache/c", True),
    ("a/**", "a/b/c", True),
    ("a/**", "b/a/c", False),
    ("a/**/z", "a/z", True),
    ("a/**/z", "a/b/c/z", True),
    ("a/**", "a", False),
    ("**", "a/b", True),
    ("a/**/b/**/c", "a/x/b/y/z/b/c", True),
    ("a/**/b*/**/c", "a/x/by/z/c/d", False),
    ("*a*b*", "xxaxxbxx", True),
    ("*a*b*", "xxbxxaxx", False),
    ("*ab", "aab", True),
    ("*ab*ab", "abab", True),
    ("*ab*ab", "ababx", False),
    ("a*?", "a", False),
    ("a*?", "ab", True),
    ("file?", "file1", True),
    ("file?", "file", False),
    ("a[0-9]", "a5", True),
    ("a[!0-9]", "a5", False),
    ("a[!0-9]", "ax", True),
    ("a[]]", "a]", True),
    ("a+(b)", "a+(b)", True),
    ("a\\b", "a\\b", True),
]


@pytest.mark.parametrize(("pattern", "path", "expected"), MATCHING)
def test_what_a_glob_means(pattern: str, path: str, expected: bool) -> None:
    assert Globs([pattern]).match(path) == expected


def test_no_glob_matches_nothing() -> None:
    assert not Globs([]).match("a")
    assert Globs(["x", "a*", "y/z"]).match("abc")


def test_an_open_bracket_is_refused() -> None:
    with pytest.raises(InvalidInput):
        Globs(["a[bc"])


def test_no_glob_takes_long() -> None:
    assert not Globs(["*a" * 200 + "b"]).match("a" * 250)
    assert not Globs(["**/" * 30 + "**/x/" * 20 + "b"]).match("x/" * 60 + "x")

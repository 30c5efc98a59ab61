"""Which paths a list of globs leaves out."""

from __future__ import annotations

import re
from collections.abc import Iterable

from horarium.kernel.errors import InvalidInput


class Globs:
    """Patterns of paths. ``*`` and ``?`` stand for anything but a slash, ``[a-z]`` for one of
    these, ``**/`` for any folders. A pattern without a slash is meant for the name alone, wherever
    it is; one with a slash for the whole path from the root. What lies below a folder that matches
    matches with it. InvalidInput for a pattern with an open bracket."""

    def __init__(self, patterns: Iterable[str]) -> None:
        names: list[str] = []
        paths: list[str] = []
        for pattern in patterns:
            inner = pattern.strip("/")
            (paths if "/" in pattern.rstrip("/") else names).append(_regex(inner))
        self._name = re.compile("|".join(names) or r"(?!)")
        self._path = re.compile("|".join(paths) or r"(?!)")

    def match(self, path: str) -> bool:
        """Whether a path itself is meant; one asks for a folder before one looks into it."""
        name = path.rpartition("/")[2]
        return bool(self._name.fullmatch(name) or self._path.fullmatch(path))


def _regex(pattern: str) -> str:
    found = []
    at = 0
    while at < len(pattern):
        if pattern.startswith("**/", at):
            found.append("(?:[^/]+/)*")
            at += 3
        elif pattern.startswith("**", at):
            found.append(".*")
            at += 2
        elif pattern[at] == "*":
            found.append("[^/]*")
            at += 1
        elif pattern[at] == "?":
            found.append("[^/]")
            at += 1
        elif pattern[at] == "[":
            end = pattern.find("]", at + 2)
            if end < 0:
                raise InvalidInput(f"the pattern {pattern[:80]!r} has an open bracket")
            inside = pattern[at + 1 : end].replace("\\", r"\\").replace("[", r"\[")
            inside = "^/" + inside[1:] if inside[0] in "!^" else inside
            found.append(f"[{inside}]")
            at = end + 1
        else:
            found.append(re.escape(pattern[at]))
            at += 1
    return "(?:" + "".join(found) + ")"

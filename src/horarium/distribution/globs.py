"""Which paths a list of globs leaves out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from horarium.kernel.errors import InvalidInput

_Names = tuple[re.Pattern[str] | None, ...]


class Globs:
    """Patterns of paths. ``*`` and ``?`` stand for anything but a slash, ``[a-z]`` for one of
    these, ``**`` as a name for any folders. A pattern without a slash is meant for the name alone,
    wherever it is; one with a slash for the whole path from the root. What lies below a folder that
    matches matches with it. InvalidInput for a pattern with an open bracket.

    The time for a path is bounded by the product of both lengths, whatever the pattern.
    """

    def __init__(self, patterns: Iterable[str]) -> None:
        alone: list[str] = []
        self._paths: list[_Names] = []
        for pattern in patterns:
            inner = pattern.strip("/")
            if "/" in pattern.rstrip("/"):
                self._paths.append(_names(inner))
            else:
                alone.append(_regex(inner))
        self._name = re.compile("|".join(alone) or r"(?!)")

    def match(self, path: str) -> bool:
        """Whether a path itself is meant; one asks for a folder before one looks into it."""
        names = path.split("/")
        if self._name.fullmatch(names[-1]):
            return True
        return any(_match(pattern, names) for pattern in self._paths)


def _names(pattern: str) -> _Names:
    found: list[re.Pattern[str] | None] = []
    for name in pattern.split("/"):
        found.append(None if name == "**" else re.compile(_regex(name)))
    if found[-1] is None:
        # What is below a folder is not the folder.
        found.insert(-1, re.compile(r".+"))
    return tuple(found)


def _match(pattern: _Names, names: Sequence[str]) -> bool:
    at = name = 0
    after, tried = -1, 0
    while name < len(names):
        expected = pattern[at] if at < len(pattern) else _NEVER
        if expected is None:
            after, tried = at + 1, name
            at += 1
        elif expected.fullmatch(names[name]):
            at += 1
            name += 1
        elif after >= 0:
            # Only the last run of any folders has to grow: what stood before it fits already.
            tried += 1
            at, name = after, tried
        else:
            return False
    return all(left is None for left in pattern[at:])


_NEVER = re.compile(r"(?!)")


def _regex(pattern: str) -> str:
    """One name. What follows a star is looked for at its first place only: a later one would help
    nothing that comes after it."""
    parts: list[list[str]] = [[]]
    at = 0
    while at < len(pattern):
        sign = pattern[at]
        if sign == "*":
            parts.append([])
        elif sign == "?":
            parts[-1].append("[^/]")
        elif sign == "[":
            end = pattern.find("]", at + 2)
            if end < 0:
                raise InvalidInput(f"the pattern {pattern[:80]!r} has an open bracket")
            parts[-1].append(_one_of(pattern[at + 1 : end]))
            at = end
        else:
            parts[-1].append(re.escape(sign))
        at += 1
    first, *others = ["".join(part) for part in parts]
    if not others:
        return f"(?:{first})"
    *between, last = others
    middle = "".join(f"(?>[^/]*?{part})" for part in between if part)
    return f"(?:{first}{middle}[^/]*{last})"


def _one_of(signs: str) -> str:
    inside = signs.replace("\\", r"\\").replace("[", r"\[").replace("]", r"\]")
    return f"[^/{inside[1:]}]" if inside[0] in "!^" else f"[{inside}]"

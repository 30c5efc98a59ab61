"""What a path of a version may be, whoever wrote it: judged when built and again when received.

A path that is allowed means one place below the target on every system that may receive it, and
two paths that are allowed together never mean the same place.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping

MOST_OCTETS = 4_096
"""Octets of a path: what Linux takes (PATH_MAX)."""

MOST_STEPS = 64
"""Names in a path. A tree that people made is not deeper; removing and walking stay cheap."""

MOST_OCTETS_OF_A_NAME = 255
"""Octets of one name: what file systems take (NAME_MAX)."""

MOST_LINKS_ON_A_WAY = 40
"""Links that are followed one after the other: what Linux follows (ELOOP)."""

# Windows: these open a device whatever follows the first dot.
_RESERVED = re.compile(
    r"(con|prn|aux|nul|clock\$|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])\s*(\..*)?",
    re.IGNORECASE | re.DOTALL,
)
# C0, DEL and C1.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")
_DRIVE = re.compile(r"[A-Za-z]:")


def path_fault(path: str) -> str:
    """Why a path is refused, in words that follow it; empty when it is allowed."""
    if not path:
        return "is empty"
    try:
        octets = len(path.encode())
    except UnicodeEncodeError:
        return "is not UTF-8"
    if octets > MOST_OCTETS:
        return f"has {octets} octets, at most {MOST_OCTETS} are allowed"
    if path.startswith("/"):
        return "is absolute"
    if _CONTROL.search(path):
        return "has a control character"
    if "\\" in path:
        return "has a backslash"
    if _DRIVE.match(path):
        return "begins with a drive letter"
    names = path.split("/")
    if len(names) > MOST_STEPS:
        return f"is {len(names)} names deep, at most {MOST_STEPS} are allowed"
    return next(filter(None, map(_name_fault, names)), "")


def _name_fault(name: str) -> str:
    if not name:
        return "has an empty name"
    if name in (".", ".."):
        return f"has the name {name!r}"
    if name[-1] in ". ":
        return f"has the name {name[-40:]!r} that ends with a dot or a blank"
    if _RESERVED.fullmatch(name):
        return f"has the name {name[:40]!r}, which is a device on Windows"
    if len(name.encode()) > MOST_OCTETS_OF_A_NAME:
        return f"has a name of more than {MOST_OCTETS_OF_A_NAME} octets"
    return ""


def folded(path: str) -> str:
    """What two paths have in common when some file system takes them for the same."""
    if path.isascii():
        return path.lower()
    # Folding may undo a composition, and composing may make something that folds (Unicode 3.13).
    once = unicodedata.normalize("NFD", path).casefold()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", once).casefold())


def collisions(paths: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Pairs of paths that are the same to some file system, each path with the first one of its
    kind. Folders that are only named within paths count too."""
    seen: dict[str, str] = {}
    for path in paths:
        place = path
        # The folders above one that is known are known.
        while place and (first := seen.setdefault(folded(place), place)) is place:
            place = place.rpartition("/")[0]
        if place and first != place:
            yield first, path


def link_fault(path: str, links: Mapping[str, str]) -> str:
    """Why the link at a path is refused, one of all ``links`` of a version, by path; empty when it
    leads to a place inside. Links on its way are followed as a file system would."""
    text = _target_fault(links[path])
    if text:
        return text
    place = path.split("/")[:-1]
    ahead = links[path].split("/")[::-1]
    steps = 0
    while ahead:
        name = ahead.pop()
        if name == "..":
            if not place:
                return "leads out of the root"
            place.pop()
        elif name not in ("", "."):
            place.append(name)
            target = links.get("/".join(place))
            if target is not None:
                steps += 1
                if steps > MOST_LINKS_ON_A_WAY or _target_fault(target):
                    return "leads over too many links, or in a circle"
                place.pop()
                ahead += target.split("/")[::-1]
    return path_fault("/".join(place)) if place else ""


def _target_fault(target: str) -> str:
    if not target:
        return "leads nowhere"
    if target.startswith("/"):
        return "leads to an absolute path"
    if _CONTROL.search(target) or "\\" in target or _DRIVE.match(target):
        return "leads to something that is no path everywhere"
    try:
        octets = len(target.encode())
    except UnicodeEncodeError:
        return "leads to a path that is not UTF-8"
    return f"leads to a path of {octets} octets" if octets > MOST_OCTETS else ""

"""The installed zone data: which names there are, their files and their version.

The system's data come first, those of the ``tzdata`` package fill in. A name
is only ever looked up among the known names, never joined to a path.
"""

from __future__ import annotations

import re
import zoneinfo
from functools import cache
from importlib import import_module, resources
from pathlib import Path

_VERSION = re.compile(r"20\d\d[a-z]{1,2}", re.ASCII)


@cache
def _folders() -> tuple[Path, ...]:
    return tuple(Path(folder) for folder in zoneinfo.TZPATH)


@cache
def known_names() -> dict[str, str]:
    """Give every known zone name, keyed by itself and by its lower-case form."""
    names = zoneinfo.available_timezones()
    lowered = {name.lower(): name for name in sorted(names)}
    return lowered | {name: name for name in names}


def read_zone_data(name: str) -> bytes:
    """Give the TZif bytes of a *known* name (a value of ``known_names``)."""
    parts = name.split("/")
    for folder in _folders():
        file = folder.joinpath(*parts)
        if file.is_file():
            return file.read_bytes()
    return resources.files("tzdata").joinpath("zoneinfo", *parts).read_bytes()


@cache
def installed_version() -> str:
    """Give the version of the zone data, like ``2026a``; ``unknown`` when it is not told."""
    for folder in _folders():
        for file, pattern in (("+VERSION", "%s"), ("version", "%s"), ("tzdata.zi", "# version %s")):
            found = _first_line(folder / file)
            if found.startswith(pattern.partition("%")[0]):
                match = _VERSION.search(found)
                if match is not None:
                    return match.group()
    try:
        return str(import_module("tzdata").IANA_VERSION)
    except ImportError:
        return "unknown"


def _first_line(file: Path) -> str:
    try:
        with file.open(encoding="ascii", errors="replace") as lines:
            return lines.readline(100)
    except OSError:
        return ""

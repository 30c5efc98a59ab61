"""Values of which there may be several: given once each, or with commas between."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from horarium.runtime.guarded_file import NoSuchFile


def several(given: Iterable[str]) -> tuple[str, ...]:
    """The names that arguments or repeated options give, each once, in their order."""
    names = (name.strip() for text in given for name in text.split(","))
    return tuple(dict.fromkeys(name for name in names if name))


def lines_of(file: Path) -> list[str]:
    """The names in a file, one a line. NoSuchFile."""
    if not file.is_file():
        raise NoSuchFile(f"{file}: no such file")
    return [line.strip() for line in file.read_text("utf-8").splitlines() if line.strip()]

"""A finding: something about a realm that will starve, or never act."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How bad a finding is."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found: a word for programs, the object it is about, and a sentence for people.
    ``key`` is where it stands in the object; ``estimated`` that no run was ever measured."""

    code: str
    level: Level
    kind: str
    name: str
    message: str
    key: str = ""
    estimated: bool = False

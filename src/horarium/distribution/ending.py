"""How an extraction ended."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from horarium.distribution.failing import Step, Trouble


@dataclass(frozen=True, slots=True)
class Told:
    """What an action left: its argument vector, how it ended in words (empty when it did well),
    and the beginning and end of its output."""

    argv: tuple[str, ...]
    trouble: str
    output: bytes


@dataclass(frozen=True, slots=True)
class Extracted:
    """The version is in its place. ``files`` and ``octets`` were written; ``overwritten`` and
    ``kept`` are paths that somebody had changed locally."""

    version: int
    files: int = 0
    octets: int = 0
    overwritten: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    told: tuple[Told, ...] = ()


@dataclass(frozen=True, slots=True)
class Deferred:
    """Somebody holds a file: nothing was applied, and the version waits for the next firing
    without a failure being counted."""

    path: str


@dataclass(frozen=True, slots=True)
class Failed:
    """The version could not be extracted. The old one is in use, except after POST_ACTIONS
    without a rollback, when only the remaining actions are tried again.

    ``missing`` are digests of contents that have to be fetched first.
    """

    step: Step
    path: str
    trouble: Trouble
    why: str
    missing: tuple[str, ...] = ()
    told: tuple[Told, ...] = ()


Outcome = Extracted | Deferred | Failed

CHANGED_HERE = "changed here"
"""How the reason begins of a receiver on which files were changed and have been overwritten."""

_MOST_PATHS = 3
_LONGEST_PATH = 200


def changes_told(overwritten: Collection[str], whole: Collection[str]) -> str:
    """What became of files that were changed locally: those ``overwritten``, and those that were
    fetched ``whole`` because nothing could be built on them. Empty where there are none."""
    said = [
        f"{what}: {few(sorted(paths))}"
        for what, paths in (("overwritten", overwritten), ("fetched whole", whole))
        if paths
    ]
    return "; ".join([CHANGED_HERE, *said]) if said else ""


def few(paths: Sequence[str]) -> str:
    """The first of some paths, and how many more there are."""
    shown = ", ".join(path[:_LONGEST_PATH] for path in paths[:_MOST_PATHS])
    more = len(paths) - _MOST_PATHS
    return f"{shown} and {more} more" if more > 0 else shown

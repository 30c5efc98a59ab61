"""Whether a daemon has taken the control file that lies on disk: told from the store alone."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from horarium.directives.problem import Problem
from horarium.runtime.activation import control_path, read_site_control, refused_file
from horarium.runtime.guarded_file import NoSuchFile, UnsafeFile
from horarium.runtime.settings import Settings
from horarium.runtime.site import Site
from horarium.store.store import Store, Transaction


class Outcome(Enum):
    """What became of a control file."""

    OPEN = "open"
    IN_FORCE = "in force"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class OnDisk:
    """The control file as it lies on disk: its digest, None when there is none, and what is wrong
    with it."""

    path: str
    digest: str | None
    problems: tuple[Problem, ...] = ()


def look_at_control_file(site: Site, settings: Settings) -> OnDisk:
    """Reads the control file of a site as a daemon does."""
    path = str(control_path(site))
    try:
        reading = read_site_control(site, settings, strict=True)
    except NoSuchFile:
        return OnDisk(path, None)
    except UnsafeFile as error:
        return OnDisk(path, None, (Problem(0, 0, error.complaint),))
    return OnDisk(path, reading.digest, reading.file.errors)


def has_taken(store: Store, wanted: OnDisk) -> Outcome:
    """What became of a control file, as far as the store knows."""

    def work(tx: Transaction) -> Outcome:
        refused = refused_file(tx)
        if wanted.problems:
            same = refused is not None and refused.problems == wanted.problems
            return Outcome.REFUSED if same else Outcome.OPEN
        kept = tx.workers.control_file()
        digest = kept.digest if kept is not None and kept.digest else None
        taken = refused is None and digest == wanted.digest
        return Outcome.IN_FORCE if taken else Outcome.OPEN

    return store.read(work)

"""Brings the control file, declared directives and the daily pass into force, and reads them back.

A file with an error changes nothing: what stood goes on to stand, and the errors are kept with
their places until a good file comes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from horarium.directives.address import NodeAddress, parse_main
from horarium.directives.declared import declared_entries
from horarium.directives.directive import Directive
from horarium.directives.entry import UPKEEP_TASK, Entry, KeepUp, entries_of
from horarium.directives.problem import Problem
from horarium.kernel.instant import Instant
from horarium.kernel.schedule import Overlap
from horarium.kernel.zone import zone_data_version
from horarium.runtime.control import ControlReading, parse_kept, read_control
from horarium.runtime.declared import stored_directives
from horarium.runtime.faults import BadObjects, Fault
from horarium.runtime.guarded_file import NoSuchFile, UnsafeFile
from horarium.runtime.plan import Activated, Plan, activate, raise_version, version_of
from horarium.runtime.settings import Settings
from horarium.runtime.site import Site
from horarium.store.engine import Key
from horarium.store.store import Store, Transaction

T = TypeVar("T")

REFUSED_KEY = "control_refused"
UPKEEP_KEY = "upkeep"


@dataclass(frozen=True, slots=True)
class Refused:
    """A control file that did not take effect: where it lies, when it was looked at, and what is
    wrong with it."""

    path: str
    at: Instant
    problems: tuple[Problem, ...]


def control_path(site: Site) -> Path:
    """Where the control file of a site lies."""
    return site.root / "events.ctl"


def read_site_control(
    site: Site,
    settings: Settings,
    *,
    path: Path | None = None,
    main: NodeAddress | None = None,
    strict: bool = False,
) -> ControlReading:
    """Reads a control file, else that of the site, as the site's settings say; `main` is another
    main address than theirs."""
    return read_control(
        path if path is not None else control_path(site),
        main=main or _main(settings),
        programs=settings.directives.programs,
        strict=strict,
        reading=settings.directives.reading,
    )


def bring_in(store: Store, site: Site, settings: Settings, now: Instant) -> Activated | Refused:
    """Brings the site's control file and the stored declared directives into force, if they can
    be; otherwise the earlier file stays. A file that is absent has no lines."""
    path = control_path(site)
    try:
        reading = read_site_control(site, settings, strict=True)
        problems = reading.file.errors
    except NoSuchFile:
        reading, problems = None, ()
    except UnsafeFile as error:
        reading, problems = None, (Problem(0, 0, error.complaint),)
    if problems:
        refused = Refused(str(path), now, problems)
        _transact(store, lambda tx: _refuse(tx, refused, settings, now))
        return refused
    return _transact(store, lambda tx: _take_in(tx, reading, settings, now))


def bring_in_declared(store: Store, settings: Settings, now: Instant) -> Activated:
    """Brings the stored declared directives into force beside the control file in force, whatever
    lies on disk. BadObjects when that file cannot be read under today's settings."""
    return _transact(store, lambda tx: _take_in_declared(tx, settings, now))


def load_plan(tx: Transaction, settings: Settings) -> Plan:
    """The plan in force. BadObjects when what was kept cannot be read under today's settings."""
    directives = _kept_directives(tx, settings)
    entries = [*_entries(tx, directives, settings), upkeep_entry(settings)]
    return Plan(
        version_of(tx),
        {(entry.key, entry.task): entry for entry in entries},
        directives,
        settings.directives.seed,
        frozenset(settings.directives.variables),
    )


def known_before(store: Store) -> bool:
    """Whether some control file was in force before."""
    return store.read(lambda tx: tx.workers.control_file()) is not None


def refused_file(tx: Transaction) -> Refused | None:
    """The control file that was refused last, unless a good one came since."""
    text = tx.meta(REFUSED_KEY)
    if not text:
        return None
    found = json.loads(text)
    problems = tuple(Problem(*place) for place in found["problems"])
    return Refused(found["path"], Instant(found["at"]), problems)


def as_faults(refused: Refused) -> BadObjects:
    """What is wrong with a refused file, as the error it is."""
    return BadObjects(
        [Fault(refused.path, p.line, p.column, "", p.message) for p in refused.problems]
    )


def bring_in_upkeep(store: Store, settings: Settings, now: Instant) -> None:
    """Brings the daily pass into force."""
    entry = upkeep_entry(settings)
    _transact(store, lambda tx: _activate(tx, [entry], settings, now, upkeep=True))


def upkeep_entry(settings: Settings) -> Entry:
    """The daily pass as an entry of the timetable."""
    schedule = settings.upkeep.schedule
    schedule = replace(schedule, zone=schedule.zone or settings.zone, overlap=Overlap.QUEUE_ONE)
    return Entry(UPKEEP_KEY, UPKEEP_TASK, 0, "the daily pass", schedule, KeepUp(), name=UPKEEP_KEY)


def zone_of(settings: Settings) -> str:
    """The zone of the times of a control file."""
    return settings.directives.zone or settings.zone


# --- parts -----------------------------------------------------------------


def _take_in(
    tx: Transaction, reading: ControlReading | None, settings: Settings, now: Instant
) -> Activated:
    kept = tx.workers.control_file()
    if reading is not None and (kept is None or kept.digest != reading.digest):
        place = str(reading.path)
        tx.workers.keep_control_file(place, reading.digest, reading.content, reading.lists, now)
        raise_version(tx)
    elif reading is None and kept is not None and kept.content:
        tx.workers.keep_control_file(kept.path, "", b"", {}, now)
        raise_version(tx)
    if tx.meta(REFUSED_KEY):
        tx.set_meta(REFUSED_KEY, "")
    directives = reading.file.directives if reading is not None else ()
    return _activate(tx, _entries(tx, directives, settings), settings, now, upkeep=False)


def _take_in_declared(tx: Transaction, settings: Settings, now: Instant) -> Activated:
    entries = _entries(tx, _kept_directives(tx, settings), settings)
    return _activate(tx, entries, settings, now, upkeep=False)


def _refuse(tx: Transaction, refused: Refused, settings: Settings, now: Instant) -> None:
    """Keeps what is wrong; declared directives do not wait until that is mended."""
    _remember(tx, refused)
    if tx.workers.control_file() is not None:
        with suppress(BadObjects):
            _take_in_declared(tx, settings, now)


def _activate(
    tx: Transaction, entries: Sequence[Entry], settings: Settings, now: Instant, *, upkeep: bool
) -> Activated:
    seed = settings.directives.seed
    return activate(tx, entries, seed, zone_data_version(), now, upkeep=upkeep)


def _entries(tx: Transaction, directives: Sequence[Directive], settings: Settings) -> list[Entry]:
    chosen = settings.directives
    zone, master = zone_of(settings), chosen.master_task
    every: Sequence[int] = ()
    if chosen.unprefixed == "every":
        named = {d.task for d in directives if d.task is not None}
        every = sorted(chosen.tasks or {master, *named})
    lines = entries_of(directives, zone, master=master, every=every, timeout=chosen.timeout)
    return [*lines, *declared_entries(stored_directives(tx), zone, master=master)]


def _kept_directives(tx: Transaction, settings: Settings) -> tuple[Directive, ...]:
    kept = tx.workers.control_file()
    if kept is None:
        return ()
    file = parse_kept(
        kept.content,
        kept.lists,
        main=_main(settings),
        reading=settings.directives.reading,
    )
    if file.errors:
        raise as_faults(Refused(kept.path, kept.activated, file.errors))
    return file.directives


def _main(settings: Settings) -> NodeAddress | None:
    written = settings.directives.address
    return parse_main(written) if written else None


def _remember(tx: Transaction, refused: Refused) -> None:
    before = refused_file(tx)
    if before is None or before.problems != refused.problems:
        problems = [(p.line, p.column, p.message) for p in refused.problems]
        found = {"path": refused.path, "at": int(refused.at), "problems": problems}
        tx.set_meta(REFUSED_KEY, json.dumps(found, ensure_ascii=False))


def _transact(store: Store, work: Callable[[Transaction], T]) -> T:
    return store.transact([Key(store.tenant, "site", "timetable")], work)

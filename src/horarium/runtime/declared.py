"""Declared directives on their way from object files to those who work by them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from horarium.directives.declared import declared_entries
from horarium.directives.entry import Entry
from horarium.kernel.instant import Instant
from horarium.kernel.schedule_lint import lint
from horarium.kernel.timetable import Circumstances, Timetable
from horarium.runtime.faults import Fault
from horarium.runtime.objects import DeclaredObjects
from horarium.runtime.settings import Settings
from horarium.store.directory import Setting
from horarium.store.store import Transaction

OWNER = "directive:"
"""What stands before the name of a directive where the store names the owner of a key."""

Directives = dict[str, dict[str, object]]


def stored_directives(tx: Transaction) -> Directives:
    """The declared directives in force: by name, the written value of each key."""
    return directives_among(tx.directory.settings())


def directives_among(settings: list[Setting]) -> Directives:
    """What of the kept keys belongs to directives: by name, the value of each key."""
    found: Directives = {}
    for setting in settings:
        if setting.owner.startswith(OWNER) and setting.value is not None:
            found.setdefault(setting.owner.removeprefix(OWNER), {})[setting.name] = setting.read
    return dict(sorted(found.items()))


def entries_declared(
    objects: Mapping[str, Mapping[str, object]], settings: Settings
) -> list[Entry]:
    """Declared directives as entries of the timetable, by name, in the site's zone of directives
    and with its Master; InvalidInput for one that can not be read."""
    chosen = settings.directives
    return declared_entries(objects, chosen.zone or settings.zone, master=chosen.master_task)


def review_directives(declared: DeclaredObjects, settings: Settings, now: Instant) -> list[Fault]:
    """What is odd about directives that can be read, each with its place."""
    return [
        _fault(declared, entry.shown, key, message)
        for entry in entries_declared(declared.directives, settings)
        for key, message in _oddities(entry, settings, now)
    ]


def _oddities(entry: Entry, settings: Settings, now: Instant) -> Iterator[tuple[str, str]]:
    tasks = settings.directives.tasks
    if tasks is not None and entry.task not in tasks:
        yield "task", f"this site does not work for task {entry.task}"
    circumstances = Circumstances(
        activation=now, anchor=now, object_id=entry.key, seed=settings.directives.seed
    )
    for finding in lint(Timetable(entry.schedule, circumstances)):
        yield "schedule", finding.message


def _fault(declared: DeclaredObjects, name: str, key: str, message: str) -> Fault:
    places = declared.places
    found = places.get(("directive", name, key)) or places.get(("directive", name, "run"), "")
    file, _, line = found.rpartition(":")
    return Fault(file, int(line or 0), 1 if line else 0, f"directive.{name}.{key}", message)

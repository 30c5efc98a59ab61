"""Takes a control file over from elsewhere: what would change, and the file put in its place.

Nothing that somebody wrote by hand is overwritten: the site's file is replaced only where it says
exactly what is in force already.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from horarium.directives.controlfile import decode
from horarium.directives.crontab import read_crontab
from horarium.directives.directive import Directive
from horarium.directives.problem import Problem
from horarium.kernel.errors import Conflict
from horarium.kernel.instant import Instant
from horarium.runtime.activation import control_path, read_site_control
from horarium.runtime.control import ControlReading
from horarium.runtime.faults import BadObjects, Fault
from horarium.runtime.guarded_file import read_guarded
from horarium.runtime.settings import Settings
from horarium.runtime.site import Site
from horarium.runtime.standing import View, lines_as_entries


@dataclass(frozen=True, slots=True)
class Kept:
    """A line that stands already; `anchor` None for one that has no moments."""

    directive: Directive
    anchor: Instant | None


@dataclass(frozen=True, slots=True)
class Difference:
    """What lines a file adds to those in force, which it keeps, and which it lacks."""

    new: tuple[Directive, ...]
    unchanged: tuple[Kept, ...]
    gone: tuple[Directive, ...]


@dataclass(frozen=True, slots=True)
class Translated:
    """A crontab as a control file, with what is odd about it, by lines of the crontab."""

    content: bytes
    lines: tuple[str, ...]
    warnings: tuple[Problem, ...]


def translate_crontab(path: Path, encoding: str) -> Translated:
    """A crontab as the control file that means the same, in the encoding of the site's. BadObjects
    with all lines that have no such meaning."""
    data, _ = read_guarded(path, strict=False)
    found = read_crontab(decode(data, "auto"))
    if found.errors:
        raise BadObjects([Fault(str(path), p.line, p.column, "", p.message) for p in found.errors])
    text = "".join(f"{line}\n" for line in found.lines)
    codec = "utf-8" if encoding == "auto" else encoding
    try:
        content = text.encode(codec)
    except UnicodeEncodeError as error:
        line = text.count("\n", 0, error.start) + 1
        message = f"{text[error.start]} can not be written as {codec}"
        raise BadObjects([Fault(str(path), line, 1, "", message)]) from error
    return Translated(content, found.lines, found.warnings)


def compare(view: View, directives: Sequence[Directive]) -> Difference:
    """What lines would change what is in force."""
    lines = view.lines()
    standing = {d.key for d in lines}
    wanted = {d.key for d in directives}
    anchors = {timer.entry: timer.anchor for timer in view.timers}
    tasks = {(timer.entry, timer.task) for timer in view.timers}
    moved = {
        entry.key
        for entry in lines_as_entries(directives, view.settings)
        if (entry.key, entry.task) not in tasks
    }
    kept = standing - moved
    return Difference(
        tuple(d for d in directives if d.key not in kept),
        tuple(Kept(d, anchors.get(d.key)) for d in directives if d.key in kept),
        tuple(d for d in lines if d.key not in wanted),
    )


def replace_control_file(site: Site, settings: Settings, view: View, content: bytes) -> bool:
    """Makes `content` the site's control file; whether it was another before. Conflict when the
    file there says what is not in force, BadObjects when `content` is not valid on this site."""
    place = control_path(site)
    present = _present(place)
    if present == content:
        return False
    in_force = view.kept.content if view.kept is not None else b""
    if present is not None and present != in_force:
        raise Conflict(
            f"{place} says something else than what is in force: bring it into force, or move it "
            "away, before another takes its place"
        )
    beside = place.with_name(f".{place.name}.{os.getpid()}")
    try:
        _write(beside, content)
        reading = read_site_control(site, settings, path=beside, strict=True)
        _refuse_invalid(reading, place)
        if _present(place) != present:
            raise Conflict(f"{place} was changed meanwhile: nothing was written")
        beside.replace(place)
    finally:
        beside.unlink(missing_ok=True)
    _sync_folder(place.parent)
    return True


def _refuse_invalid(reading: ControlReading, place: Path) -> None:
    if reading.file.errors:
        faults = [Fault(str(place), p.line, p.column, "", p.message) for p in reading.file.errors]
        raise BadObjects(faults)


def _present(place: Path) -> bytes | None:
    return read_guarded(place, strict=False)[0] if os.path.lexists(place) else None


def _write(place: Path, content: bytes) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(place, flags, 0o644), "wb") as file:
        os.fchmod(file.fileno(), 0o644)
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

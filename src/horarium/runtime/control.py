"""The control file of a site: read with its lists, and looked at for what can hardly be meant."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from horarium.directives.address import NodeAddress
from horarium.directives.controlfile import ControlFile, decode, parse_control_file
from horarium.directives.problem import BadWord, Problem
from horarium.directives.reading import USUAL, Reading
from horarium.runtime.guarded_file import NoSuchFile, UnsafeFile, read_guarded


@dataclass(frozen=True, slots=True)
class ControlReading:
    """A control file as read from disk; `complaints` speak against trusting it or its lists."""

    path: Path
    file: ControlFile
    complaints: tuple[str, ...]


def read_control(
    path: Path,
    *,
    main: NodeAddress | None,
    programs: Mapping[str, str],
    strict: bool = False,
    reading: Reading = USUAL,
) -> ControlReading:
    """Reads a control file and the lists it names, both as `reading` says. NoSuchFile when it is
    absent; with `strict` a file that others could have changed raises UnsafeFile."""
    data, complaints = read_guarded(path, strict=strict)
    found = list(complaints)

    def read_list(name: str) -> Sequence[str]:
        lines, more = _read_list(path.parent, name, strict, reading.encoding)
        found.extend(more)
        return lines

    file = parse_control_file(data, main=main, read_list=read_list, reading=reading)
    extra = [*file.warnings, *_unknown_programs(file, programs, path.parent)]
    checked = ControlFile(file.directives, file.errors, tuple(sorted(extra)))
    return ControlReading(path, checked, tuple(found))


def _read_list(
    folder: Path, name: str, strict: bool, encoding: str
) -> tuple[Sequence[str], tuple[str, ...]]:
    place = _without_case(folder, name)
    if place is None:
        raise BadWord(f"there is no file {name}")
    if not place.resolve().is_relative_to(folder.resolve()) and not Path(name).is_absolute():
        raise BadWord(f"{name} leads out of {folder}")
    try:
        data, complaints = read_guarded(place, strict=strict)
    except (NoSuchFile, UnsafeFile) as error:
        raise BadWord(str(error)) from error
    return decode(data, encoding).splitlines(), complaints


def _without_case(folder: Path, name: str) -> Path | None:
    """The file of that name; when none is spelt so, one that differs in case only."""
    exact = folder / name
    if exact.exists():
        return exact
    place = Path("/") if exact.is_absolute() and Path(name).is_absolute() else folder
    for part in Path(name).parts:
        if part in ("/", ".."):
            continue
        try:
            here = sorted(os.listdir(place))
        except OSError:
            return None
        match = next((entry for entry in here if entry.lower() == part.lower()), None)
        if match is None:
            return None
        place = place / match
    return place


def _unknown_programs(
    file: ControlFile, programs: Mapping[str, str], folder: Path
) -> Iterator[Problem]:
    """Programs that are neither named in the settings nor there: their runs would fail."""
    known = {name.lower() for name in programs}
    for directive in file.directives:
        if not directive.arguments.command:
            continue
        name = directive.arguments.command[0]
        if name.lower() not in known and not os.access(folder / name, os.X_OK):
            message = f"the program {name} is not there; directives.programs may say what it is"
            yield Problem(directive.line, 1, message)

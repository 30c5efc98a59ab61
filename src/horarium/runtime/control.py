"""The control file of a site: read with its lists, and looked at for what can hardly be meant."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from horarium.directives.address import NodeAddress
from horarium.directives.controlfile import ControlFile, decode, parse_control_file
from horarium.directives.problem import BadWord, Problem
from horarium.directives.reading import USUAL, Reading
from horarium.runtime.guarded_file import NoSuchFile, UnsafeFile, read_guarded
from horarium.runtime.programs import find_program, without_case


@dataclass(frozen=True, slots=True)
class ControlReading:
    """A control file as read from disk, with the lines of the lists it names; `complaints` speak
    against trusting it or its lists."""

    path: Path
    file: ControlFile
    complaints: tuple[str, ...]
    content: bytes = b""
    lists: Mapping[str, list[str]] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """Equal when and only when the file and its lists say the same."""
        lists = json.dumps(dict(self.lists), sort_keys=True).encode("utf-8", "surrogatepass")
        return sha256(self.content + b"\0" + lists).hexdigest()


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
    lists: dict[str, list[str]] = {}

    def read_list(name: str) -> Sequence[str]:
        lines, more = _read_list(path.parent, name, strict, reading.encoding)
        found.extend(more)
        lists[name] = list(lines)
        return lines

    file = parse_control_file(data, main=main, read_list=read_list, reading=reading)
    extra = [*file.warnings, *_unknown_programs(file, programs, path.parent)]
    checked = ControlFile(file.directives, file.errors, tuple(sorted(extra)))
    return ControlReading(path, checked, tuple(found), data, lists)


def parse_kept(
    content: bytes,
    lists: Mapping[str, list[str]],
    *,
    main: NodeAddress | None,
    reading: Reading = USUAL,
) -> ControlFile:
    """Reads a control file that was kept with its lists, as it was when it took effect."""

    def read_list(name: str) -> Sequence[str]:
        if name not in lists:
            raise BadWord(f"there is no file {name}")
        return lists[name]

    return parse_control_file(content, main=main, read_list=read_list, reading=reading)


def _read_list(
    folder: Path, name: str, strict: bool, encoding: str
) -> tuple[Sequence[str], tuple[str, ...]]:
    place = without_case(folder, name)
    if place is None:
        raise BadWord(f"there is no file {name}")
    if not place.resolve().is_relative_to(folder.resolve()) and not Path(name).is_absolute():
        raise BadWord(f"{name} leads out of {folder}")
    try:
        data, complaints = read_guarded(place, strict=strict)
    except (NoSuchFile, UnsafeFile) as error:
        raise BadWord(str(error)) from error
    return decode(data, encoding).splitlines(), complaints


def _unknown_programs(
    file: ControlFile, programs: Mapping[str, str], folder: Path
) -> Iterator[Problem]:
    """Programs that are neither named in the settings nor there: their runs would fail."""
    known = {name.lower() for name in programs}
    looked_for: dict[str, Path | str] = {}
    for directive in file.directives:
        if not directive.arguments.command:
            continue
        name = directive.arguments.command[0]
        if name not in looked_for:
            looked_for[name] = find_program(name, programs, folder)
        found = looked_for[name]
        if isinstance(found, str) and name.lower() not in known:
            message = f"the program {name}: {found}; directives.programs may say what it is"
            yield Problem(directive.line, 1, message)
        elif isinstance(found, str):
            yield Problem(directive.line, 1, f"the program that {name} stands for: {found}")

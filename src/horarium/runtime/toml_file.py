"""One TOML file: its values, and the place of each for error messages."""

import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

from horarium.runtime.faults import Fault
from horarium.runtime.guarded_file import read_guarded
from horarium.runtime.places import Path as KeyPath
from horarium.runtime.places import Place, path_text, places

_AT = re.compile(r"(.*) \(at (?:line (\d+), column (\d+)|end of document)\)")


class Unreadable(Exception):
    """The file is no TOML; carries the one fault."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(str(fault))
        self.fault = fault


@dataclass(frozen=True, slots=True)
class TomlFile:
    """The tables of a file, named ``name`` in messages; ``warnings`` are what speaks against
    trusting it."""

    name: str
    values: dict[str, object]
    warnings: tuple[str, ...] = ()
    _places: dict[KeyPath, Place] = field(default_factory=dict, repr=False)

    def fault(self, path: KeyPath, message: str, *, line: int = 0) -> Fault:
        """The fault ``message`` about the key at ``path``, or about line ``line`` of its text."""
        known = path
        while known and known not in self._places:
            known = known[:-1]
        place = self._places.get(known, Place(0, 0, 0))
        if line:
            return Fault(self.name, place.text_line + line - 1, 1, path_text(path), message)
        return Fault(self.name, place.line, place.column, path_text(path), message)


def read_toml(path: Path, *, strict: bool = False) -> TomlFile:
    """The file at ``path``. Unreadable when it is no TOML or not UTF-8; NotFound, UnsafeFile as
    ``read_guarded``."""
    data, warnings = read_guarded(path, strict=strict)
    return parse_toml(data, str(path), warnings)


def parse_toml(data: bytes, name: str, warnings: tuple[str, ...] = ()) -> TomlFile:
    """The tables in ``data``, called ``name`` in messages. Unreadable when it is no TOML."""
    try:
        text = data.decode("utf-8").replace("\r\n", "\n")
        return TomlFile(name, tomllib.loads(text), warnings, places(text))
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        column = error.start - data.rfind(b"\n", 0, error.start)
        raise Unreadable(Fault(name, line, column, "", "not UTF-8")) from error
    except tomllib.TOMLDecodeError as error:
        raise Unreadable(_syntax_fault(name, str(error), data)) from error
    except RecursionError as error:
        raise Unreadable(Fault(name, 0, 0, "", "nested too deeply")) from error


def _syntax_fault(name: str, message: str, data: bytes) -> Fault:
    match = _AT.fullmatch(message)
    if match is None:
        return Fault(name, 1, 1, "", message)
    line, column = match.group(2), match.group(3)
    if line is None:
        line, column = str(data.count(b"\n") + 1), "1"
    said = match.group(1)
    return Fault(name, int(line), int(column), "", said[:1].lower() + said[1:])

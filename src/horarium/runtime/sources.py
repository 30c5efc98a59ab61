"""What the plan rests on: the control file with its lists as they lie on disk, and the version of
the declared objects."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from horarium.directives.controlfile import decode, path_text
from horarium.kernel.errors import HorariumError
from horarium.runtime.activation import control_path
from horarium.runtime.guarded_file import read_guarded
from horarium.runtime.programs import without_case
from horarium.runtime.settings import Settings
from horarium.runtime.site import Site

_LIST = re.compile(r'@([^\s"]+)')


@dataclass(frozen=True, slots=True)
class Sources:
    """A digest of the files, and the version of the objects."""

    files: str
    objects: int


def digest_of_files(site: Site, settings: Settings) -> str:
    """Changes whenever the control file or a list that it names does, in content or in who may
    write it; a list that is not there yet counts too."""
    path = control_path(site)
    found = sha256()
    content, complaints = _look(path)
    found.update(repr((content, complaints)).encode())
    for name in _names(content, settings.directives.encoding):
        place = without_case(path.parent, name)
        seen = _look(place) if place is not None else None
        found.update(repr((name, seen)).encode("utf-8", "surrogatepass"))
    return found.hexdigest()


def _names(content: bytes, encoding: str) -> Iterator[str]:
    """All that may be the name of a list, each once, in order."""
    text = decode(content, encoding)
    yield from dict.fromkeys(path_text(found[1]) for found in _LIST.finditer(text))


def _look(path: Path) -> tuple[bytes, tuple[str, ...]]:
    try:
        return read_guarded(path, strict=False)
    except (HorariumError, OSError, ValueError) as error:
        return b"", (str(error),)

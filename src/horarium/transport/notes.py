"""Notes in one small file: what gathering remembers from one build to the next.

A file that is missing or damaged is an empty one: losing it costs only the time of reading again.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

LONGEST_FILE = 512 << 20
"""Octets of the file: a line of 300 octets for each of a million entries, and some room."""

_FORMAT = ["horarium-notes-1"]


class FileNotes:
    """Notes that are read when made, and written by `save`. Only what was put or got since is
    written, so that what is no longer asked for goes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._old = _read(path)
        self._new: dict[str, str] = {}

    def get(self, key: str) -> str:
        """See `horarium.distribution.gathering.Notes`."""
        value = self._new.get(key) or self._old.get(key, "")
        if value:
            self._new[key] = value
        return value

    def put(self, key: str, value: str) -> None:
        """See `horarium.distribution.gathering.Notes`."""
        self._new[key] = value

    def save(self) -> None:
        """Writes what was used. OSError when the disk refuses; what was there stays then."""
        if self._new == self._old:
            return
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        temporary = self._path.with_suffix(".new")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(json.dumps(_FORMAT) + "\n")
            for item in self._new.items():
                file.write(json.dumps(item) + "\n")
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(self._path)
        self._old = dict(self._new)


def _read(path: Path) -> dict[str, str]:
    try:
        with path.open("rb") as file:
            text = file.read(LONGEST_FILE).decode()
        lines = iter(text.splitlines())
        if json.loads(next(lines, "[]")) != _FORMAT:
            return {}
        found = dict(json.loads(line) for line in lines)
    except (OSError, ValueError, TypeError):
        return {}
    sound = all(isinstance(key, str) and isinstance(value, str) for key, value in found.items())
    return found if sound else {}

"""Exporting a session: its record without secrets, into the file it names or as a document."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path, PurePosixPath

from horarium.identity.record import without_secrets
from horarium.kernel.errors import InvalidInput
from horarium.runtime.session_rules import SessionRules
from horarium.store.store import Store

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC


def export_session(
    store: Store, rules: SessionRules, id8: str, folder: Path
) -> tuple[dict[str, object], Path | None]:
    """The record of a session, and the file below `folder` that it was written to (mode 0600); None
    where its path names none. InvalidInput for a path that leads out, NotFound."""
    session = store.read(lambda tx: tx.sessions(rules.idle).named(id8)).session
    document = without_secrets(session.to_record())
    if not session.get_path():
        return document, None
    data = json.dumps(document, ensure_ascii=False, indent=2).encode() + b"\n"
    return document, _write(folder, session.get_path(), data)


def _write(folder: Path, path: str, data: bytes) -> Path:
    parts = PurePosixPath(path).parts
    if not parts or path.startswith("/") or ".." in parts:
        raise InvalidInput(f"session path: {path} leads out of {folder}", part="path", value=path)
    folder.mkdir(parents=True, mode=0o700, exist_ok=True)
    place = os.open(folder, _FOLDER)
    try:
        for part in parts[:-1]:
            place = _enter(place, part)
        descriptor = os.open(parts[-1], _FILE, 0o600, dir_fd=place)
    except OSError as error:
        message = f"session path: {path} can not be written below {folder}: {error.strerror}"
        raise InvalidInput(message, part="path", value=path) from error
    finally:
        os.close(place)
    with open(descriptor, "wb") as file:
        os.fchmod(descriptor, 0o600)
        file.write(data)
    return folder.joinpath(*parts)


def _enter(place: int, part: str) -> int:
    """The folder `part` of a folder, made when it is missing; a link is none."""
    with suppress(FileExistsError):
        os.mkdir(part, 0o700, dir_fd=place)
    inner = os.open(part, _FOLDER, dir_fd=place)
    os.close(place)
    return inner

"""Gathers what is installed or enforced at the receiver: packages, and documents of policies."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Mapping
from typing import Any

from horarium.distribution.gathering import Gathered, GatherFailed
from horarium.distribution.manifest import Directory, Entry, File
from horarium.distribution.packages import Package, packages
from horarium.transport.addresses import AddressRules
from horarium.transport.gather_files import keep_file
from horarium.transport.gather_ftp import FtpServer
from horarium.transport.gathering import Gathering

MODE, FOLDER_MODE = 0o644, 0o755
"""Who may read a package or a document here says nothing of the receiver."""

LONGEST_DOCUMENT = 1 << 20
"""Octets of a document: settings that people wrote."""


class PackageSource:
    """The type ``package``: each package in a folder of its own, whose names are in the order of
    installation. See `horarium.distribution.gathering.Source`."""

    def __init__(self, gathering: Gathering) -> None:
        self._gathering = gathering

    def gather(self, keys: Mapping[str, Any], former: Mapping[str, File]) -> Gathered:
        """See `Source`."""
        rules = AddressRules(keys.get("allow_sources", ()))
        entries: list[Entry] = []
        for package in packages(keys):
            self._gathering.go_on()
            entries.append(Directory(package.path.partition("/")[0], FOLDER_MODE))
            entries.append(self._file(package, rules, former.get(package.path)))
        return Gathered(tuple(entries))

    def _file(self, package: Package, rules: AddressRules, former: File | None) -> File:
        if package.server:
            blob, modified = FtpServer(self._gathering, package.server).fetch(package.file, rules)
            return File(package.path, MODE, blob.length, modified, blob.digest)
        held = keep_file(self._gathering, *_regular(package.file), former)
        return File(package.path, MODE, held.size, held.modified, held.digest)


class PolicySource:
    """The type ``policy``: documents that stand in files, or in the definition itself. See
    `horarium.distribution.gathering.Source`."""

    def __init__(self, gathering: Gathering) -> None:
        self._gathering = gathering

    def gather(self, keys: Mapping[str, Any], former: Mapping[str, File]) -> Gathered:
        """See `Source`."""
        found = (self._document(path, what) for path, what in keys["documents"].items())
        return Gathered(tuple(found))

    def _document(self, path: str, what: object) -> File:
        self._gathering.go_on()
        if isinstance(what, str):
            place, status = _regular(what)
            if status.st_size > LONGEST_DOCUMENT:
                raise GatherFailed("too_large", place, f"has more than {LONGEST_DOCUMENT} octets")
            held = keep_file(self._gathering, place, status, None)
            return File(path, MODE, held.size, held.modified, held.digest)
        text = json.dumps(what, ensure_ascii=False, sort_keys=True, indent=2, default=str) + "\n"
        blob = self._gathering.keep((text.encode(),), path, LONGEST_DOCUMENT)
        return File(path, MODE, blob.length, 0, blob.digest)


def _regular(source: str) -> tuple[str, os.stat_result]:
    """A file, over whatever links it is reached. GatherFailed when it is none."""
    place = os.path.realpath(source)
    try:
        status = os.stat(place)
    except FileNotFoundError:
        raise GatherFailed("missing", source, "there is no such file") from None
    except OSError as error:
        raise GatherFailed("unreadable", source, (error.strerror or "").lower()) from None
    if not stat.S_ISREG(status.st_mode):
        raise GatherFailed("kind", source, "is no file")
    return place, status

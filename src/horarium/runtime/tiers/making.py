"""Builds versions for a distributor: one at a time for each distribution, and publishes them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from horarium.distribution.bundle_plan import unpacked_size
from horarium.distribution.bundle_writing import make_bundle
from horarium.distribution.content import chunk_list
from horarium.distribution.definition import digest_of_definition
from horarium.distribution.manifest import Directory, Entry, File, Manifest
from horarium.distribution.manifest_text import manifest_octets, read_manifest
from horarium.distribution.version import Bundle, Version
from horarium.kernel.errors import NotFound
from horarium.kernel.instant import Instant
from horarium.runtime.clock import Clock
from horarium.runtime.tiers.origin import Origin
from horarium.transport.content import pieces_of


@dataclass(frozen=True, slots=True)
class Made:
    version: int | None
    changed: bool
    files: int
    size: int
    delta: int | None


class Making:
    def __init__(self, origin: Origin, clock: Clock) -> None:
        self._origin = origin
        self._clock = clock

    def build(self, name: str, cause: str, now: Instant) -> Made:
        with self._origin.locked(f"build-{name[:60]}"):
            return self._build(name, cause, now)

    def _build(self, name, cause, now):  # type: ignore
        origin, store = self._origin, self._origin.store
        realm = origin.realm()
        if name not in realm.distributions:
            raise NotFound(f"there is no distribution {name}")
        what = realm.distributions[name]
        contents = origin.folder.store()
        retained = store.read(lambda tx: tx.versions.retained(name))
        number = store.read(lambda tx: tx.versions.highest(name)) + 1
        entries: list[Entry] = []
        root = Path(str(what.content["source"]))
        for folder, dirs, files in os.walk(root):
            dirs.sort()
            for d in dirs:
                p = Path(folder) / d
                entries.append(Directory(str(p.relative_to(root)), p.stat().st_mode & 0o777))
            for f in files:
                p = Path(folder) / f
                with p.open("rb") as file:
                    blob = contents.put(pieces_of(file))
                st = p.stat()
                entries.append(
                    File(
                        str(p.relative_to(root)),
                        st.st_mode & 0o777,
                        blob.length,
                        int(st.st_mtime),
                        blob.digest,
                    )
                )
        entries.sort(key=lambda e: e.path.encode())
        manifest = Manifest(name, number, what.kind, what.target, what.sequential, tuple(entries))
        before = None
        if retained:
            before = read_manifest(contents.read(retained[-1].manifest.digest))
            if before.entries == manifest.entries:
                return Made(None, False, len(entries), 0, None)
        data = manifest_octets(manifest)
        mblob = contents.put([data])
        bundles = []
        bases = [0] if not retained else [retained[-1].number]
        for base in bases:
            blob = contents.put(make_bundle(before if base else None, manifest, contents))
            with contents.open(blob.digest) as f:
                chunks = contents.put([chunk_list(pieces_of(f)).digests])
            bundles.append(
                Bundle(base, blob, chunks, unpacked_size(before if base else None, manifest))
            )
        version = Version(
            name,
            number,
            now,
            mblob,
            tuple(bundles),
            len(entries),
            sum(e.size for e in entries if isinstance(e, File)),
            digest_of_definition(what),
        )
        origin.add_version(version, [], now)
        return Made(number, True, len(entries), version.size, bundles[-1].content.length)

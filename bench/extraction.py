"""Extraction of many small files, durable, beside tar without any sync and with one per file.

    python bench/extraction.py [FILES]

The files are those of a tree of documentation: a few kilobytes each, two hundred to a directory.
All three start from the same archive in the cache of the system and end with the same tree, which
is compared octet by octet before anything is timed. Ours decodes nothing: the archive is read as
tar reads it, so that what is compared is writing. Rounds alternate, since a disk that others use
is faster now and slower then; the middle ratio counts.
"""

from __future__ import annotations

import hashlib
import io
import os
import random
import shutil
import statistics
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from time import perf_counter

from horarium.distribution.ending import Extracted
from horarium.distribution.manifest import Directory, Entry, File, Manifest
from horarium.distribution.realm import Distribution
from horarium.distribution.variables import Variables
from horarium.kernel.errors import NotFound
from horarium.kernel.instant import Instant
from horarium.runtime.clock import SystemClock
from horarium.runtime.extracting import Extractor, Wish
from horarium.runtime.node_rules import NodeRules
from horarium.store.embedded import EmbeddedEngine
from horarium.store.store import Store

FILES = 10_000
IN_DIRECTORY = 200
SIZES = (300, 1_500, 4_000, 9_000)
ROUNDS = 3


def make_archive(place: Path, files: int) -> Manifest:
    """An archive, and the manifest of what is in it."""
    dice = random.Random(1)
    entries: list[Entry] = []
    with tarfile.open(place, "w") as archive:
        for number in range(files):
            folder = f"d{number // IN_DIRECTORY:04}"
            if number % IN_DIRECTORY == 0:
                info = tarfile.TarInfo(folder)
                info.type, info.mode = tarfile.DIRTYPE, 0o755
                archive.addfile(info)
                entries.append(Directory(folder, 0o755))
            data = dice.randbytes(dice.choice(SIZES))
            info = tarfile.TarInfo(f"{folder}/f{number:06}.html")
            info.size, info.mode, info.mtime = len(data), 0o644, 1_700_000_000
            archive.addfile(info, io.BytesIO(data))
            digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
            entries.append(File(info.name, 0o644, len(data), 1_700_000_000, digest))
    entries.sort(key=lambda entry: entry.path.encode())
    return Manifest("bench", 1, "file", "%DEST%/www", True, tuple(entries))


class Archive:
    """The archive as a received version: its contents in order, read as tar reads it."""

    def __init__(self, place: Path, manifest: Manifest) -> None:
        self.manifest = manifest
        self._place = place
        self._sizes = [entry for entry in manifest.entries if isinstance(entry, File)]

    def contents(self) -> Iterator[tuple[str, int, Iterator[bytes]]]:
        """See Unpacked."""
        files = iter(self._sizes)
        with open(self._place, "rb", 1 << 20) as archive:
            while (header := archive.read(512)) and header[0]:
                if header[156:157] == b"5":
                    continue
                entry = next(files)
                data = archive.read(entry.size)
                archive.read(-entry.size % 512)
                yield entry.digest, entry.size, iter((data,))


class Nowhere:
    """No other contents."""

    def has(self, digest: str) -> bool:
        return False

    def open(self, digest: str) -> io.BytesIO:
        raise NotFound(digest)


def ours(folder: Path, archive: Archive) -> float:
    """Seconds of a whole extraction: plan, stage, syncs, renames, and the table of it all."""
    root = folder / "root"
    root.mkdir()
    engine = EmbeddedEngine(str(folder / "store"))
    engine.migrate(Instant(0))
    rules = NodeRules("bench", {"DEST": str(root)}, free_space=0)
    extractor = Extractor(Store(engine), rules, SystemClock())
    wish = Wish(Distribution("bench", "hq"), archive, Variables({"DEST": str(root)}), Nowhere())
    os.sync()
    begin = perf_counter()
    outcome = extractor.extract(wish)
    took = perf_counter() - begin
    assert isinstance(outcome, Extracted), outcome
    engine.close()
    return took


def tar(folder: Path, place: Path) -> float:
    """Seconds of tar, which syncs nothing."""
    (folder / "root" / "www").mkdir(parents=True)
    os.sync()
    begin = perf_counter()
    subprocess.run(["tar", "-C", folder / "root" / "www", "-xf", place], check=True)
    return perf_counter() - begin


def syncing_tar(folder: Path, archive: Archive) -> float:
    """Seconds of the plain way that is durable: write, sync and close each file."""
    root = folder / "root" / "www"
    root.mkdir(parents=True)
    for entry in archive.manifest.entries:
        if isinstance(entry, Directory):
            (root / entry.path).mkdir()
    files = (entry for entry in archive.manifest.entries if isinstance(entry, File))
    os.sync()
    begin = perf_counter()
    for entry, (_, _, pieces) in zip(files, archive.contents(), strict=True):
        descriptor = os.open(root / entry.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
        for piece in pieces:
            os.write(descriptor, piece)
        os.fsync(descriptor)
        os.close(descriptor)
    return perf_counter() - begin


def tree_digest(root: Path) -> str:
    """One digest of names, modes and octets."""
    method = hashlib.sha256()
    for path in sorted(root.rglob("*")):
        method.update(f"{path.relative_to(root)} {path.lstat().st_mode:o}\n".encode())
        if path.is_file():
            method.update(path.read_bytes())
    return method.hexdigest()


def in_new_folder(base: Path, run: Callable[[Path], float]) -> tuple[float, str]:
    """A run in a folder of its own; its seconds and what it left."""
    with tempfile.TemporaryDirectory(dir=base) as name:
        took = run(Path(name))
        left = tree_digest(Path(name) / "root" / "www")
        shutil.rmtree(Path(name) / "root")
        return took, left


def main() -> None:
    files = int(sys.argv[1]) if len(sys.argv) > 1 else FILES
    with tempfile.TemporaryDirectory(dir=os.environ.get("HORARIUM_BENCH_DIR")) as name:
        base = Path(name)
        place = base / "archive.tar"
        archive = Archive(place, make_archive(place, files))
        runs = {
            "ours": lambda folder: ours(folder, archive),
            "tar -x, no sync": lambda folder: tar(folder, place),
            "the same, fsync per file": lambda folder: syncing_tar(folder, archive),
        }
        times: dict[str, list[float]] = {name: [] for name in runs}
        trees = set()
        for _ in range(ROUNDS):
            for name_, run in runs.items():
                took, left = in_new_folder(base, run)
                times[name_].append(took)
                trees.add(left)
        assert len(trees) == 1, "the trees differ"
        print("| bar | ours | rival | ratio | goal |\n|---|---|---|---|---|")
        for (rival, seconds), goal in zip(list(times.items())[1:], (0.45, 3), strict=True):
            ratio = statistics.median(
                theirs / own for theirs, own in zip(seconds, times["ours"], strict=True)
            )
            own, theirs = statistics.median(times["ours"]), statistics.median(seconds)
            print(
                f"| {files:,} small files, {rival} | {own:.2f} s | {theirs:.2f} s "
                f"| {ratio:.2f} | >= {goal} |"
            )


if __name__ == "__main__":
    main()

"""How small a delta is and what it costs, beside the programs that are used for it.

Two pairs of published releases, named with version and SHA-256, are fetched by pip from the index
that is configured and unpacked: one of documentation, one of programs. Every bundle is read again
and compared with the release before anything is shown. A rival that is not installed is named and
left out. Sizes of ours hold the manifest, its digests and the header.
"""

from __future__ import annotations

import io
import os
import resource
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from horarium.distribution.bundle_codec import FAST, THOROUGH
from horarium.distribution.bundle_reading import BundleReader
from horarium.distribution.bundle_writing import make_bundle
from horarium.distribution.manifest import File, Manifest
from horarium.distribution.manifest_text import read_manifest
from horarium.distribution.realm import Distribution
from horarium.kernel.instant import instant
from horarium.runtime.building import Builder, Built, Order, Unchanged
from horarium.transport.content import ContentStore
from horarium.transport.notes import FileNotes


@dataclass(frozen=True)
class Release:
    """A published file: what pip calls it, its options, and what it must be."""

    name: str
    options: tuple[str, ...]
    sha256: str


SOURCE = ("--no-binary", ":all:")
WHEEL = (
    "--only-binary", ":all:", "--platform", "manylinux2014_x86_64",
    "--python-version", "311", "--implementation", "cp", "--abi", "cp311",
)  # fmt: skip
CORPORA = {
    "docs": (
        Release(
            "sqlalchemy==2.0.35",
            SOURCE,
            "e11d7ea4d24f0a262bccf9a7cd6284c976c5369dac21db237cff59586045ab9f",
        ),
        Release(
            "sqlalchemy==2.0.36",
            SOURCE,
            "7f2767680b6d2398aea7082e45a774b2b0767b5c8d8ffb9c8b683088ea9b29c5",
        ),
    ),
    "bin": (
        Release(
            "numpy==2.1.1",
            WHEEL,
            "d51fc141ddbe3f919e91a096ec739f49d686df8af254b2053ba21a910ae518bf",
        ),
        Release(
            "numpy==2.1.2",
            WHEEL,
            "e2b49c3c0804e8ecb05d59af8386ec2f74877f7ca8fd9c1e00be2672e4d399b1",
        ),
    ),
}
KEPT = Path(os.environ.get("HORARIUM_BENCH_CORPORA", ""))


def fetch(release: Release, folder: Path) -> Path:
    """The published file, checked."""
    place = KEPT if os.environ.get("HORARIUM_BENCH_CORPORA") else folder
    target = place / release.sha256
    if not target.is_dir():
        command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", *release.options]
        subprocess.run([*command, "-d", str(target), release.name], check=True)
    (file,) = target.iterdir()
    found = sha256(file.read_bytes()).hexdigest()
    if found != release.sha256:
        raise SystemExit(f"{release.name} is {found}, not what was measured")
    return file


def unpack(file: Path, folder: Path) -> Path:
    """The tree that a published file holds."""
    folder.mkdir()
    if file.suffix == ".whl":
        with zipfile.ZipFile(file) as archive:
            archive.extractall(folder)
        return folder
    with tarfile.open(file) as archive:
        archive.extractall(folder, filter="data")
    (inner,) = folder.iterdir()
    return inner


@dataclass
class Pair:
    """Two releases as trees, as tars, and as versions that were built; ``digest`` is that of the
    manifest of the new one."""

    name: str
    old: Path
    new: Path
    folder: Path
    store: ContentStore
    before: Manifest
    now: Manifest
    digest: str

    def tar(self, tree: Path) -> Path:
        """A tree as one file, for rivals that know no trees."""
        file = self.folder / f"{tree.parent.name}-{tree.name}.tar"
        if not file.exists():
            with tarfile.open(file, "w", format=tarfile.GNU_FORMAT) as archive:
                for path in sorted(tree.rglob("*")):
                    archive.add(path, path.relative_to(tree), recursive=False)
        return file

    def bundle(self, budget: int) -> bytes:
        """The delta, written and read again."""
        data = b"".join(make_bundle(self.before, self.now, self.store, budget))
        wanted = self.store.blob(self.digest)
        reader = BundleReader(io.BytesIO(data), self.store, self.before, wanted)
        assert reader.manifest == self.now
        for one in reader.contents():
            assert b"".join(one.pieces) == self.store.read(one.content.digest)
        return data


def make_pair(name: str, folder: Path) -> Pair:
    """Fetches both releases, and builds the one after the other."""
    old, new = (
        unpack(fetch(release, folder), folder / f"{number}-{release.name}")
        for number, release in enumerate(CORPORA[name])
    )
    store = ContentStore(folder / "store")
    builder = Builder(store, FileNotes(folder / "notes"))
    versions: list[Built] = []
    for number, tree in enumerate((old, new), start=1):
        wanted = Distribution("x", "hq", content={"source": str(tree)})
        newest = versions[-1].version if versions else None
        built = builder.build(Order(wanted, number, instant(int(time.time())), newest, budget=FAST))
        assert isinstance(built, Built), built
        versions.append(built)
    digests = [built.version.manifest.digest for built in versions]
    before, now = (read_manifest(store.read(digest)) for digest in digests)
    return Pair(name, old, new, folder, store, before, now, digests[1])


# --- rivals ------------------------------------------------------------------


@dataclass(frozen=True)
class Cost:
    """Octets of a delta, and the seconds of processor that it took."""

    size: int
    seconds: float


@contextmanager
def processor() -> Iterator[Callable[[], float]]:
    """Seconds of processor of this process and of its children since."""

    def now() -> float:
        own, others = (
            resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
        )
        return own.ru_utime + own.ru_stime + others.ru_utime + others.ru_stime

    begun = now()
    yield lambda: now() - begun


def ran(command: list[str], output: Path) -> Cost:
    """What a program made; it is run twice, and the shorter time counts."""
    best = 0.0
    for _ in range(2):
        output.unlink(missing_ok=True)
        with processor() as spent:
            subprocess.run(command, check=True, capture_output=True)
            best = min(best or 1e9, spent())
    return Cost(output.stat().st_size, best)


def zstd(pair: Pair) -> Cost:
    """``zstd -19 --patch-from`` on tars."""
    output = pair.folder / "zstd"
    old, new = str(pair.tar(pair.old)), str(pair.tar(pair.new))
    return ran(["zstd", "-q", "-f", "-19", f"--patch-from={old}", new, "-o", str(output)], output)


def xdelta3(pair: Pair) -> Cost:
    """``xdelta3 -9`` on tars."""
    output = pair.folder / "xdelta"
    old, new = str(pair.tar(pair.old)), str(pair.tar(pair.new))
    return ran(["xdelta3", "-9", "-e", "-f", "-s", old, new, str(output)], output)


def rsync(pair: Pair) -> Cost:
    """``rsync --only-write-batch -z`` on trees."""
    output = pair.folder / "batch"
    command = ["rsync", "-a", "--checksum", "--no-whole-file", "-z", "--delete"]
    return ran([*command, f"--only-write-batch={output}", f"{pair.new}/", f"{pair.old}/"], output)


def casync(pair: Pair) -> Cost:
    """New chunks of ``casync make``, and its index."""
    store = pair.folder / "chunks"
    shutil.rmtree(store, ignore_errors=True)

    def octets() -> int:
        return sum(file.stat().st_size for file in store.rglob("*") if file.is_file())

    index = pair.folder / "index.caidx"
    command = ["casync", "make", "--with=permissions", f"--store={store}", str(index)]
    subprocess.run([*command, str(pair.old)], check=True, capture_output=True)
    before = octets()
    with processor() as spent:
        subprocess.run([*command, str(pair.new)], check=True, capture_output=True)
        return Cost(octets() - before + index.stat().st_size, spent())


RIVALS: dict[str, Callable[[Pair], Cost]] = {
    "zstd": zstd,
    "xdelta3": xdelta3,
    "rsync": rsync,
    "casync": casync,
}
SIZES = {
    "docs": (("zstd", 0.95), ("xdelta3", 1.25), ("rsync", 0.11), ("casync", 0.015)),
    "bin": (("xdelta3", 0.88), ("rsync", 0.11), ("casync", 0.065), ("zstd", 1.03)),
}


def ours(pair: Pair, budget: int) -> Cost:
    """The delta of a budget; the shorter of two times."""
    size = len(pair.bundle(budget))
    best = 1e9
    for _ in range(2):
        with processor() as spent:
            for _ in make_bundle(pair.before, pair.now, pair.store, budget):
                pass
            best = min(best, spent())
    return Cost(size, best)


def line(bar: str, mine: float, rival: float, goal: float | None, unit: str) -> None:
    """One line of the table."""
    shown = (lambda x: f"{x:,.0f}") if unit == "octets" else (lambda x: f"{x:.2f} s")
    told = f"<= {goal}" if goal is not None else "reported"
    print(f"| {bar} | {shown(mine)} | {shown(rival)} | {mine / rival:.3f} | {told} |")


def compare(pair: Pair) -> None:
    """Sizes and times of one pair beside all rivals."""
    found = {}
    for name, run in RIVALS.items():
        if shutil.which(name) is None:
            print(f"{name} is not installed and was left out", file=sys.stderr)
        else:
            found[name] = run(pair)
    budgets = {"fast": ours(pair, FAST), "default": ours(pair, THOROUGH)}
    for name, goal in SIZES[pair.name]:
        if name not in found:
            continue
        which = "fast" if pair.name == "bin" and name != "zstd" else "default"
        bar = f"{pair.name}, size, {which} budget, {name}"
        line(bar, budgets[which].size, found[name].size, goal, "octets")
    for which, name, goal in (("fast", "xdelta3", 0.75), ("default", "zstd", 1.2)):
        if name in found:
            bar = f"{pair.name}, processor, {which} budget, {name}"
            bound = goal if pair.name == "bin" else None
            line(bar, budgets[which].seconds, found[name].seconds, bound, "seconds")


def unchanged(pair: Pair) -> None:
    """A build that finds nothing changed beside hashing all files once."""

    def hashed() -> None:
        for path in sorted(pair.new.rglob("*")):
            if path.is_file():
                sha256(path.read_bytes()).digest()

    files = sum(isinstance(entry, File) for entry in pair.now.entries)
    wanted = Distribution("x", "hq", content={"source": str(pair.new)})
    notes = FileNotes(pair.folder / "known")
    built = Builder(pair.store, notes)
    # A build that comes later, when the times of the files tell every further change.
    order = Order(wanted, 1, instant(int(time.time()) + 60), budget=FAST)
    first = built.build(order)
    assert isinstance(first, Built)
    notes.save()

    def again(rehash: bool) -> float:
        builder = Builder(pair.store, FileNotes(pair.folder / "known"))
        order = Order(
            wanted, 2, instant(int(time.time()) + 60), first.version, (first.version,),
            rehash=rehash,
        )  # fmt: skip
        with processor() as spent:
            assert isinstance(builder.build(order), Unchanged)
            return spent()

    with processor() as spent:
        hashed()
        hashed()
        rival = spent() / 2
    for rehash in (True, False):
        how = "every file read" if rehash else "as a timetable builds"
        bar = f"{pair.name}, nothing changed in {files} files, {how}, 0 versions"
        line(bar, min(again(rehash) for _ in range(3)), rival, 2, "seconds")


def main() -> None:
    """Prints the table of both pairs."""
    print("| bar | ours | rival | ratio | goal |\n|---|---|---|---|---|")
    for name in CORPORA:
        with tempfile.TemporaryDirectory() as folder:
            pair = make_pair(name, Path(folder))
            compare(pair)
            unchanged(pair)


if __name__ == "__main__":
    main()

"""A loss of power at every moment: what the disk may then hold is read back, and nothing that was
acknowledged is missing.

A layer below SQLite records each write, truncation and sync of the store's files in their order.
Every prefix of that record is then made a disk again, in three ways that a real disk allows: all
that was written, the last write torn in its middle; and only what was synced.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import apsw
import pytest

from horarium.booking.event_state import EventState
from horarium.booking.outcome import EventChange
from horarium.booking.ports import Booking, Reservation
from horarium.kernel.instant import Instant
from horarium.kernel.period import Period
from horarium.store import embedded
from horarium.store.bookings import write_key
from horarium.store.embedded import EmbeddedEngine
from horarium.store.store import Store, Transaction

ROOM = "mailto:room@example.com"
BOOKINGS = 12


@dataclass(frozen=True)
class Act:
    """One thing done to a file: octets written at an offset, a new length, a sync, or its end
    (offset 1 when the folder was synced afterwards)."""

    kind: str
    file: str
    offset: int = 0
    data: bytes = b""


FOLDER_SYNCED = Act("sync", ".")


@dataclass
class Recorder:
    """Everything that was done, in order; `acknowledged` says how many acts had been done when
    each transaction was."""

    acts: list[Act] = field(default_factory=list)
    acknowledged: list[int] = field(default_factory=list)


class RecordedFile(apsw.VFSFile):
    """A file whose changes are recorded before they are made."""

    def __init__(self, recorder: Recorder, name: object, flags: list[int]) -> None:
        super().__init__("unix", name, flags)
        path = name.filename() if isinstance(name, apsw.URIFilename) else str(name)
        self._recorder, self._name = recorder, Path(path).name

    def xWrite(self, data: bytes, offset: int) -> None:
        self._recorder.acts.append(Act("write", self._name, offset, bytes(data)))
        super().xWrite(data, offset)

    def xTruncate(self, size: int) -> None:
        self._recorder.acts.append(Act("truncate", self._name, size))
        super().xTruncate(size)

    def xSync(self, flags: int) -> None:
        super().xSync(flags)
        self._recorder.acts.append(Act("sync", self._name))


class RecordingVFS(apsw.VFS):
    """The machine's files, with a recorder in between."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        super().__init__("recording", "unix", makedefault=True)

    def xOpen(self, name: object, flags: list[int]) -> RecordedFile:
        return RecordedFile(self._recorder, name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:
        super().xDelete(filename, syncdir)
        self._recorder.acts.append(Act("delete", Path(filename).name, int(syncdir)))


def booking(number: int) -> EventChange:
    """An hour of its own."""
    start, end = Instant(1_800_000_000 + number * 7_200), Instant(1_800_003_600 + number * 7_200)
    period = Period(start, end)
    head = Booking("ann@example.org", "Ann", "Meeting", start, 1)
    held = Reservation(f"event-{number}", start, period, period, False)
    return EventChange(EventState(f"event-{number}", ()), head, (held,))


def book(store: Store, number: int) -> None:
    """One decision's writes."""

    def work(tx: Transaction) -> None:
        tx.reservations(1, ROOM, Instant(number)).apply(booking(number), Instant(number))

    store.transact([write_key(store.tenant, ROOM)], work)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Recorder:
    """A store that books, with checkpoints of both kinds in between."""
    recorder = Recorder()
    vfs = RecordingVFS(recorder)
    sync_folder = embedded._sync_directory

    def recorded_sync(path: Path) -> None:
        sync_folder(path)
        recorder.acts.append(FOLDER_SYNCED)

    patch = pytest.MonkeyPatch()
    patch.setattr(embedded, "_sync_directory", recorded_sync)
    try:
        engine = EmbeddedEngine(tmp_path_factory.mktemp("disk") / "s.db")
        engine.migrate(0)
        store = Store(engine)
        store.transact([], lambda tx: tx.directory.declare(ROOM, "resource", "test"))
        recorder.acts.append(Act("ready", ""))
        for number in range(BOOKINGS):
            book(store, number)
            recorder.acknowledged.append(len(recorder.acts))
            if number % 4 == 2:
                store.checkpoint(thorough=number % 8 == 2)
        store.close()
    finally:
        patch.undo()
        vfs.unregister()
    return recorder


def synced_only(acts: list[Act]) -> list[Act]:
    """What a disk keeps at least: of each file the acts before its last sync."""
    last: dict[str, int] = {}
    gone: dict[str, int] = {}
    for index, act in enumerate(acts):
        if act.kind == "delete":
            gone[act.file] = index + 1
        if act.kind == "sync":
            last[act.file] = index
        if act == FOLDER_SYNCED or (act.kind == "delete" and act.offset):
            last.update(gone)
    return [act for index, act in enumerate(acts) if index < last.get(act.file, -1)]


def make(folder: Path, acts: list[Act]) -> Path:
    """The files that these acts leave."""
    contents: dict[str, bytearray] = {"s.db": bytearray()}
    for act in acts:
        if act.kind == "delete":
            contents.pop(act.file, None)
        if act.kind not in ("write", "truncate"):
            continue
        content = contents.setdefault(act.file, bytearray())
        end = act.offset + len(act.data)
        if act.kind == "truncate":
            del content[act.offset :]
        content.extend(bytes(max(0, end - len(content))))
        if act.kind == "write":
            content[act.offset : end] = act.data
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    return folder / "s.db"


def check(path: Path, expected: int) -> int:
    """How many bookings are there; the store is whole, and they are the first ones."""
    engine = EmbeddedEngine(path)
    engine.migrate(0)
    assert list(engine._writer.execute("PRAGMA integrity_check")) == [("ok",)]
    span = Period(Instant(0), Instant(4_000_000_000))
    held = Store(engine).read(lambda tx: tx.reservations(1, ROOM, Instant(0)).held([span]))
    engine.close()
    assert [item.uid for item in held] == [f"event-{number}" for number in range(len(held))]
    assert len(held) >= expected
    return len(held)


def test_nothing_acknowledged_is_lost_by_a_loss_of_power(
    recorded: Recorder, tmp_path: Path
) -> None:
    ready = recorded.acts.index(Act("ready", ""))
    seen: set[int] = set()
    for count in range(ready, len(recorded.acts) + 1):
        acts = recorded.acts[:count]
        expected = sum(1 for moment in recorded.acknowledged if moment <= count)
        disks = {"whole": acts, "synced": synced_only(acts)}
        last = acts[-1]
        if last.kind == "write":
            torn = Act("write", last.file, last.offset, last.data[: len(last.data) // 2])
            disks["torn"] = [*acts[:-1], torn]
        for name, disk in disks.items():
            folder = tmp_path / f"{count}-{name}"
            folder.mkdir()
            seen.add(check(make(folder, disk), expected))
    assert seen == set(range(BOOKINGS + 1))


@pytest.mark.parametrize("forgotten", ["s.db-wal", FOLDER_SYNCED.file])
def test_the_test_would_see_a_sync_that_is_missing(
    forgotten: str, recorded: Recorder, tmp_path: Path
) -> None:
    """Without the syncs of the log, or of the folder in which a journal was removed, what is left
    at the end lacks bookings that were acknowledged."""
    careless = [act for act in recorded.acts if act.kind != "sync" or act.file != forgotten]
    with pytest.raises(AssertionError):
        check(make(tmp_path, synced_only(careless)), BOOKINGS)

"""Files of this machine: how they are read, and when they are not."""

import os
import socket
import stat
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.transport.sources import gathering

from horarium.distribution.gathering import Cancelled, Gathered, GatherFailed
from horarium.distribution.manifest import Directory, File, Link, Removal
from horarium.kernel.instant import instant
from horarium.transport import gather_files
from horarium.transport.gather_files import FileSource
from horarium.transport.gathering import Gathering, Pace
from horarium.transport.notes import FileNotes

NOBODY = 65_534


@pytest.fixture
def source(tmp_path: Path) -> Path:
    made = tmp_path / "source"
    (made / "docs").mkdir(parents=True)
    (made / "docs" / "a.txt").write_bytes(b"a")
    (made / "b.bin").write_bytes(b"b" * 10)
    (made / "b.bin").chmod(0o755)
    return made


def gather(work: Gathering, source: Path, **keys: Any) -> Gathered:
    return FileSource(work).gather({"source": str(source), **keys}, {})


def failed(work: Gathering, source: Path, **keys: Any) -> GatherFailed:
    with pytest.raises(GatherFailed) as told:
        gather(work, source, **keys)
    return told.value


def test_a_folder_with_all_that_is_in_it(source: Path, tmp_path: Path) -> None:
    (source / "empty").mkdir(mode=0o700)
    work, store = gathering(tmp_path)
    found = gather(work, source)
    kinds = [(type(entry), entry.path) for entry in found.entries]
    assert kinds == [
        (File, "b.bin"), (Directory, "docs"), (File, "docs/a.txt"), (Directory, "empty"),
    ]  # fmt: skip
    first = found.entries[0]
    assert isinstance(first, File)
    assert (first.mode, first.size) == (0o755, 10)
    assert store.read(first.digest) == b"b" * 10
    assert found.warnings == ()


def test_what_is_excluded_is_not_looked_into(source: Path, tmp_path: Path) -> None:
    os.symlink("/", source / "docs" / "loop")
    work, _ = gathering(tmp_path)
    assert [e.path for e in gather(work, source, exclude=["docs"]).entries] == ["b.bin"]


def test_single_files_and_several_sources(source: Path, tmp_path: Path) -> None:
    more = tmp_path / "more"
    (more / "docs").mkdir(parents=True)
    (more / "docs" / "c").write_bytes(b"c")
    os.symlink(source / "b.bin", tmp_path / "link")
    work, _ = gathering(tmp_path)
    keys = {
        "source": [str(source), str(more), str(source / "docs" / "a.txt")],
        "files": {"etc/motd": str(tmp_path / "link")},
        "remove": ["old/x"],
    }
    found = FileSource(work).gather(keys, {})
    assert [e.path for e in found.entries] == [
        "b.bin", "docs", "docs/a.txt", "docs/c", "a.txt", "etc/motd", "old/x",
    ]  # fmt: skip
    assert found.entries[-1] == Removal("old/x")
    twice = {**keys, "source": [str(source), str(source)]}
    with pytest.raises(GatherFailed, match="another source"):
        FileSource(work).gather(twice, {})


def test_links_are_refused_or_kept(source: Path, tmp_path: Path) -> None:
    os.symlink("a.txt", source / "docs" / "latest")
    work, _ = gathering(tmp_path)
    error = failed(work, source)
    assert (error.reason, error.path) == ("links", str(source / "docs" / "latest"))
    assert Link("docs/latest", "a.txt") in gather(work, source, links="keep").entries


def test_hard_links_become_files(source: Path, tmp_path: Path) -> None:
    os.link(source / "b.bin", source / "c.bin")
    work, store = gathering(tmp_path)
    found = [entry for entry in gather(work, source).entries if isinstance(entry, File)]
    assert len({entry.digest for entry in found if entry.path != "docs/a.txt"}) == 1
    assert store.puts == 2


@pytest.mark.parametrize("kind", ["pipe", "socket"])
def test_other_kinds_are_refused(kind: str, source: Path, tmp_path: Path) -> None:
    place = source / "x"
    if kind == "pipe":
        os.mkfifo(place)
    else:
        with socket.socket(socket.AF_UNIX) as made:
            os.chdir(source)
            made.bind("x")
    work, _ = gathering(tmp_path)
    error = failed(work, source)
    assert (error.reason, error.path) == ("kind", str(place))
    assert kind in error.text


def test_bits_that_give_rights_are_dropped_with_a_warning(source: Path, tmp_path: Path) -> None:
    (source / "b.bin").chmod(0o4755)
    (source / "docs").chmod(0o1777)
    work, _ = gathering(tmp_path)
    found = gather(work, source)
    assert [getattr(entry, "mode", 0) for entry in found.entries] == [0o755, 0o777, 0o644]
    assert [path for path, _ in found.warnings] == ["b.bin", "docs"]


def test_attributes_are_dropped_with_a_warning(source: Path, tmp_path: Path) -> None:
    try:
        os.setxattr(source / "b.bin", "user.note", b"x")
    except OSError:
        pytest.skip("this file system has no attributes")
    work, _ = gathering(tmp_path)
    assert "user.note" in gather(work, source).warnings[0][1]


def test_what_can_not_be_read_fails() -> None:
    with tempfile.TemporaryDirectory() as place, anybody(Path(place)):
        source = Path(place) / "source"
        source.mkdir(mode=0o755)
        (source / "b.bin").touch(mode=0)
        work, _ = gathering(Path(place))
        error = failed(work, source)
        assert (error.reason, error.path) == ("unreadable", str(source / "b.bin"))


@contextmanager
def anybody(place: Path) -> Iterator[None]:
    """Goes on as a user with no rights, for whom there is something that can not be read; all is
    readable for root."""
    if os.geteuid() != 0:
        yield
        return
    place.chmod(0o777)
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


def test_what_the_disk_can_not_read_fails(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(descriptor: int, length: int) -> bytes:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(gather_files.os, "read", broken)
    work, _ = gathering(tmp_path)
    error = failed(work, source)
    assert (error.reason, error.path) == ("unreadable", str(source / "b.bin"))


def test_a_missing_source_fails(tmp_path: Path) -> None:
    work, _ = gathering(tmp_path)
    assert failed(work, tmp_path / "gone").reason == "missing"


class Restless:
    """Changes a file each time it is looked at, for so many times."""

    def __init__(self, file: Path, times: int, monkeypatch: pytest.MonkeyPatch) -> None:
        self.left, self.file, self.read = times, file, os.read
        monkeypatch.setattr(gather_files.os, "read", self)

    def __call__(self, descriptor: int, length: int) -> bytes:
        data = self.read(descriptor, length)
        if self.left and os.path.samestat(os.fstat(descriptor), self.file.stat()):
            self.left -= 1
            with self.file.open("ab") as file:
                file.write(b"more")
        return data


def test_a_file_that_settles_is_read_again(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Restless(source / "b.bin", 3, monkeypatch)
    work, store = gathering(tmp_path)
    entry = gather(work, source).entries[0]
    assert isinstance(entry, File)
    assert store.read(entry.digest) == (source / "b.bin").read_bytes()


def test_a_file_that_never_settles_fails(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Restless(source / "b.bin", 1_000, monkeypatch)
    work, _ = gathering(tmp_path)
    error = failed(work, source)
    assert (error.reason, error.path) == ("source_changing", str(source / "b.bin"))


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    found: list[int] = []
    real = os.read

    def read(descriptor: int, length: int) -> bytes:
        data = real(descriptor, length)
        found.append(len(data))
        return data

    monkeypatch.setattr(gather_files.os, "read", read)
    return found


def test_what_is_known_is_not_read_again(source: Path, tmp_path: Path, reads: list[int]) -> None:
    work, _ = gathering(tmp_path)
    first = gather(work, source)
    assert sum(reads) == 11
    assert gather(work, source) == first
    assert sum(reads) == 11
    work.rehash = True
    assert gather(work, source) == first
    assert sum(reads) == 22


def test_a_note_is_only_believed_while_the_content_is_there(
    source: Path, tmp_path: Path, reads: list[int]
) -> None:
    work, store = gathering(tmp_path)
    for entry in gather(work, source).entries:
        if isinstance(entry, File):
            store.drop(entry.digest)
    gather(work, source)
    assert sum(reads) == 22


def test_what_changed_just_now_is_not_noted(source: Path, tmp_path: Path, reads: list[int]) -> None:
    """Its times may not tell the next change: file systems count in steps."""
    work, _ = gathering(tmp_path)
    work.started = instant(int((source / "b.bin").stat().st_ctime) + 1)
    gather(work, source)
    gather(work, source)
    assert sum(reads) == 22


def test_a_change_that_keeps_size_and_time_is_seen(source: Path, tmp_path: Path) -> None:
    work, store = gathering(tmp_path)
    status = (source / "b.bin").stat()
    gather(work, source)
    (source / "b.bin").write_bytes(b"c" * 10)
    os.utime(source / "b.bin", ns=(status.st_atime_ns, status.st_mtime_ns))
    entry = gather(work, source).entries[0]
    assert isinstance(entry, File)
    assert store.read(entry.digest) == b"c" * 10


def test_a_long_file_that_was_only_touched_is_not_written_again(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gather_files, "SMALL", 4)
    work, store = gathering(tmp_path)
    first = gather(work, source)
    former = {e.path: e for e in first.entries if isinstance(e, File)}
    work.rehash = True
    puts = store.puts
    assert FileSource(work).gather({"source": str(source)}, former) == first
    assert store.puts == puts
    (source / "b.bin").write_bytes(b"c" * 10)
    changed = FileSource(work).gather({"source": str(source)}, former).entries[0]
    assert isinstance(changed, File)
    assert store.read(changed.digest) == b"c" * 10


def test_contents_belong_to_their_owner_alone(source: Path, tmp_path: Path) -> None:
    work, store = gathering(tmp_path)
    gather(work, source)
    for digest in store.digests():
        assert stat.S_IMODE(store.path(digest).stat().st_mode) == 0o600


def test_notes_are_kept_and_forgotten(tmp_path: Path) -> None:
    notes = FileNotes(tmp_path / "notes")
    notes.put("a", "1")
    notes.put("b", "2")
    notes.save()
    again = FileNotes(tmp_path / "notes")
    assert (again.get("a"), again.get("b"), again.get("c")) == ("1", "2", "")
    third = FileNotes(tmp_path / "notes")
    assert third.get("b") == "2"
    third.save()
    assert FileNotes(tmp_path / "notes").get("a") == ""


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff",
        b"[]\n",
        b'["horarium-notes-1"]\n{"a":1}\n',
        b'["horarium-notes-1"]\n["a",1]\n',
        b'["horarium-notes-1"]\n[[],[]]\n',
    ],
)
def test_damaged_notes_are_none(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "notes").write_bytes(data)
    assert FileNotes(tmp_path / "notes").get("a") == ""


def test_sources_are_read_at_their_pace(source: Path, tmp_path: Path) -> None:
    found, store = gathering(tmp_path)
    seconds, waits = [0.0], list[float]()

    def wait(timeout: float | None = None) -> bool:
        assert timeout is not None
        waits.append(timeout)
        seconds[0] += timeout
        return False

    found.pace = Pace(lambda: seconds[0], rate=100_000)
    found.stop.wait = wait  # type: ignore[method-assign]
    (source / "large").write_bytes(b"x" * 400_000)
    (source / "small").write_bytes(b"y" * 1_000)
    total = sum(path.stat().st_size for path in source.rglob("*") if path.is_file())
    FileSource(found).gather({"source": str(source)}, {})
    assert seconds[0] == pytest.approx(total / 100_000)
    assert max(waits) <= 0.11
    # What is there already is read all the same when no note knows it.
    found.rehash, before = True, seconds[0]
    FileSource(found).gather({"source": str(source)}, {})
    assert seconds[0] - before == pytest.approx(total / 100_000)
    assert store.puts


def test_a_build_that_waits_for_its_pace_can_be_stopped(source: Path, tmp_path: Path) -> None:
    found, _ = gathering(tmp_path)
    found.pace = Pace(lambda: 0.0, rate=1_024)
    threading.Timer(0.2, found.stop.set).start()
    (source / "large").write_bytes(b"x" * 10_000_000)
    with pytest.raises(Cancelled):
        FileSource(found).gather({"source": str(source)}, {})

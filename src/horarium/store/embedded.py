"""The embedded engine: SQLite through apsw, one writer at a time behind a lock on a side file.

SQLite's own busy handler is a random back-off that starves writers, so every writer first takes an
exclusive `flock` on `<database>.lock`; checkpoints run only under that lock, so none can race a
writer.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from functools import partial
from pathlib import Path
from threading import Event, Lock, Thread, local
from typing import NoReturn, TypeVar

import apsw

from horarium.kernel.errors import CorruptState, InvalidInput, Unavailable
from horarium.store.engine import MAXIMUM_KEYS, Key, Parameters, Row
from horarium.store.file_systems import NETWORK, file_system
from horarium.store.queries import Migration, load_migrations, load_queries

T = TypeVar("T")

# Every SQLite from 3.7.0 to 3.51.2 can corrupt a WAL database when a checkpoint races a writer.
OLDEST_LIBRARY = (3, 51, 3)
APPLICATION_ID = 0x686F7261  # "hora"
LOCK_WAIT_SECONDS = 10.0
PASSIVE_PAGES = 1_000
# Past this size the log is emptied even while the service works, so that reads stay fast.
THOROUGH_PAGES = 16_384
# The patience comes first: with none, those after it fail where another process is at work.
PRAGMAS: tuple[tuple[str, str | int, str | int], ...] = (
    ("busy_timeout", 5000, 5000),
    ("journal_mode", "WAL", "wal"),
    ("synchronous", "FULL", 2),
    ("foreign_keys", "ON", 1),
    ("trusted_schema", "OFF", 0),
    ("cell_size_check", "ON", 1),
    ("mmap_size", 0, 0),
    ("wal_autocheckpoint", 0, 0),
    ("journal_size_limit", 67108864, 67108864),
)
# `:memory:` has no log and no file, so these have no object there.
FILE_PRAGMAS = frozenset({"journal_mode", "mmap_size", "wal_autocheckpoint"})


class EmbeddedSession:
    """One transaction on one connection."""

    def __init__(self, connection: apsw.Connection, queries: Mapping[str, str]) -> None:
        self._connection = connection
        self._queries = queries

    def rows(self, query: str, values: Parameters) -> list[Row]:
        """All rows of a named query."""
        return list(self._connection.execute(self._queries[query], values))

    def row(self, query: str, values: Parameters) -> Row | None:
        """The first row of a named query, or None."""
        found: Row | None = next(self._connection.execute(self._queries[query], values), None)
        return found

    def run(self, query: str, values: Parameters) -> int:
        """Runs a named change; the number of rows it changed."""
        self._connection.execute(self._queries[query], values)
        return self._connection.changes()

    def run_many(self, query: str, values: Iterable[Parameters]) -> None:
        """Runs a named change once for each set of values."""
        self._connection.executemany(self._queries[query], values)


class EmbeddedEngine:
    """SQLite in one file, or in memory for tests.

    Raises Unavailable when the lock or the disk can not be had now, InvalidInput when the library
    or the place of the file is unfit.
    """

    dialect = "sqlite"

    def __init__(self, path: Path | str, *, allow_network: bool = False) -> None:
        self._path = str(path)
        self._in_memory = self._path == ":memory:"
        self._queries = load_queries(self.dialect)
        self._lock = Lock()
        self._local = local()
        self._readers: list[apsw.Connection] = []
        self._busy_pages = 0
        _check_library()
        if not self._in_memory:
            _check_place(Path(self._path), allow_network)
        self._lock_file = -1 if self._in_memory else _open_lock_file(self._path + ".lock")
        # SQLite turns a database to its log without waiting for others who do the same.
        with nullcontext() if self._in_memory or _has_log(self._path) else self._exclusive():
            self._writer = self._connect(readonly=False)
        self._writer.set_wal_hook(self._remember_pages)

    def migrate(self, now: int) -> int:
        """Brings the schema to the newest number, each step in its own transaction; how many ran.

        Raises CorruptState when an applied step's text changed, InvalidInput when the database is
        newer than this program.
        """
        steps = load_migrations(self.dialect)
        with self._lock, self._exclusive():
            applied = self._applied()
            if len(applied) > len(steps):
                raise InvalidInput(
                    f"the database has schema {len(applied)}, this program knows {len(steps)}: "
                    "a newer version wrote it"
                )
            for step, digest in zip(steps, applied, strict=False):
                if digest != step.digest:
                    raise CorruptState("migration", str(step.number), "its text was changed")
            for step in steps[len(applied) :]:
                self._write(partial(self._apply, step, now))
        if not self._in_memory:
            _sync_directory(Path(self._path).parent)
        return len(steps) - len(applied)

    def read(self, work: Callable[[EmbeddedSession], T]) -> T:
        """Runs `work` on a consistent snapshot; it can not write."""
        if self._in_memory:
            with self._lock:
                return work(EmbeddedSession(self._writer, self._queries))
        connection = self._reader()
        with _trouble():
            connection.execute("BEGIN")
            try:
                return work(EmbeddedSession(connection, self._queries))
            finally:
                connection.execute("ROLLBACK")

    def transact(self, keys: Sequence[Key], work: Callable[[EmbeddedSession], T]) -> T:
        """Runs `work` in one durable transaction; the file lock stands for those of all keys."""
        if len(keys) > MAXIMUM_KEYS:
            raise InvalidInput(f"a transaction holds at most {MAXIMUM_KEYS} keys")
        with self._lock, self._exclusive():
            result = self._write(work)
            if self._busy_pages >= PASSIVE_PAGES:
                self._empty_log(thorough=self._busy_pages >= THOROUGH_PAGES)
            return result

    def checkpoint(self, thorough: bool) -> None:
        """Moves the log into the database, under the writers' lock."""
        if not self._in_memory:
            with self._lock, self._exclusive():
                self._empty_log(thorough)

    def close(self) -> None:
        """Closes all connections; the lock file goes last."""
        with self._lock:
            for connection in [*self._readers, self._writer]:
                connection.close()
            if self._lock_file >= 0:
                os.close(self._lock_file)
                self._lock_file = -1

    def facts(self) -> dict[str, str | int]:
        """What an operator asks of the store: library, schema, sizes."""
        size = 0 if self._in_memory else os.path.getsize(self._path)
        log = Path(self._path + "-wal")
        return {
            "engine": self.dialect,
            "library": apsw.sqlite_lib_version(),
            "schema": len(self._applied()),
            "bytes": size,
            "log_bytes": log.stat().st_size if log.exists() else 0,
        }

    def _write(self, work: Callable[[EmbeddedSession], T]) -> T:
        with _trouble():
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                result = work(EmbeddedSession(self._writer, self._queries))
                self._writer.execute("COMMIT")
            except BaseException:
                if self._writer.in_transaction:
                    self._writer.execute("ROLLBACK")
                raise
            return result

    def _applied(self) -> list[str]:
        if not list(self._writer.execute(self._queries["has_migration_table"])):
            return []
        return [str(row[0]) for row in self._writer.execute(self._queries["applied_migrations"])]

    def _apply(self, step: Migration, now: int, session: EmbeddedSession) -> None:
        for _ in self._writer.execute(step.text):
            pass
        values = {"number": step.number, "digest": step.digest, "applied_s": now}
        session.run("add_migration", values)
        self._writer.pragma("user_version", step.number)
        self._writer.pragma("application_id", APPLICATION_ID)

    def _connect(self, *, readonly: bool) -> apsw.Connection:
        with _trouble():
            connection = apsw.Connection(self._path)
            for name, value, expected in PRAGMAS:
                if self._in_memory and name in FILE_PRAGMAS:
                    continue
                connection.pragma(name, value)
                if connection.pragma(name) != expected:
                    raise Unavailable(f"SQLite did not take {name}={value}")
            connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
            # Without this promise a query with parameters is planned anew each time it is run,
            # which costs ten times what it does.
            connection.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)
            if readonly:
                connection.pragma("query_only", "ON")
        found = connection.pragma("application_id")
        if found not in (0, APPLICATION_ID):
            raise InvalidInput(f"{self._path} is the database of another program")
        return connection

    def _reader(self) -> apsw.Connection:
        connection: apsw.Connection | None = getattr(self._local, "reader", None)
        if connection is None:
            connection = self._connect(readonly=True)
            self._local.reader = connection
            with self._lock:
                self._readers.append(connection)
        return connection

    def _remember_pages(self, _connection: apsw.Connection, _name: str, pages: int) -> int:
        self._busy_pages = pages
        return apsw.SQLITE_OK

    def _empty_log(self, thorough: bool) -> None:
        mode = apsw.SQLITE_CHECKPOINT_TRUNCATE if thorough else apsw.SQLITE_CHECKPOINT_PASSIVE
        # A reader that holds the log back is no fault: the next checkpoint goes on.
        with suppress(apsw.BusyError, apsw.LockedError):
            self._writer.wal_checkpoint(mode=mode)
        self._busy_pages = 0

    @contextmanager
    def _exclusive(self) -> Iterator[None]:
        if self._lock_file < 0:
            yield
            return
        try:
            fcntl.flock(self._lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            waiter = _Waiter(self._path + ".lock")
            waiter.take()
            try:
                yield
            finally:
                waiter.release()
            return
        try:
            yield
        finally:
            fcntl.flock(self._lock_file, fcntl.LOCK_UN)


class _Waiter:
    """One wait for the writers' lock, on a descriptor of its own, so that it can be given up.

    The kernel queues blocked `flock` calls, which polling would not; a wait that was given up
    releases the lock as soon as it gets it.
    """

    def __init__(self, path: str) -> None:
        self._descriptor = _open_lock_file(path)
        self._state = Lock()
        self._held = Event()
        self._given_up = False
        Thread(target=self._wait, name="store-lock", daemon=True).start()

    def _wait(self) -> None:
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)
        with self._state:
            if self._given_up:
                self.release()
            self._held.set()

    def take(self) -> None:
        """Returns when the lock is held; raises Unavailable after LOCK_WAIT_SECONDS."""
        if self._held.wait(LOCK_WAIT_SECONDS):
            return
        with self._state:
            if self._held.is_set():
                return
            self._given_up = True
        raise Unavailable(f"another writer held the store for {LOCK_WAIT_SECONDS:.0f} s")

    def release(self) -> None:
        """Gives the lock back."""
        os.close(self._descriptor)


@contextmanager
def _trouble() -> Iterator[None]:
    try:
        yield
    except (apsw.BusyError, apsw.LockedError, apsw.FullError) as error:
        raise Unavailable(f"the store: {error}") from error
    except apsw.IOError as error:
        _end_process(error)


def _end_process(error: Exception) -> NoReturn:
    # After a failed write or sync nothing that this process believes of the file can be trusted,
    # and a second sync of the same descriptor may lie.
    raise StoreFailure(f"the store can not be written: {error}") from error


class StoreFailure(SystemExit):
    """An I/O or sync error of the store: the process ends with status 74."""

    def __init__(self, message: str) -> None:
        super().__init__(74)
        self.message = message


def _check_library() -> None:
    found = tuple(int(part) for part in apsw.sqlite_lib_version().split("."))
    if found < OLDEST_LIBRARY:
        raise InvalidInput(
            f"SQLite {apsw.sqlite_lib_version()} can corrupt a database; 3.51.3 is needed"
        )


def _check_place(path: Path, allow_network: bool) -> None:
    if not path.parent.is_dir():
        raise Unavailable(f"{path.parent} does not exist")
    kind = file_system(path.parent)
    if not allow_network and (kind in NETWORK or kind.startswith("fuse.")):
        raise InvalidInput(f"{path} lies on {kind}; a database there can be corrupted")


def _has_log(path: str) -> bool:
    """Whether the header of a database says that it is written through a log."""
    try:
        with Path(path).open("rb") as file:
            return file.read(20)[18:] == b"\2\2"
    except OSError:
        return False


def _open_lock_file(path: str) -> int:
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    try:
        return os.open(path, flags, 0o600)
    except OSError as error:
        raise Unavailable(f"{path}: {error.strerror}") from error


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

"""Runs programs: an argument vector, never a shell; bounded in time and output (seed 004's Exec).

A program runs in a session of its own, so that whatever it starts can be ended with it; it reads
nothing and inherits nothing; of what it writes only both ends are kept.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import selectors
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

# What is kept of the output: enough to see how it began and how it ended. All of it is read, so
# that the program does not block.
KEPT_AT_EACH_END = 4_096
# A program that was told to end has so long until it is made to.
TERM_GRACE = 10.0
_CHUNK = 65_536
# What a pipe holds at most is read after the program's end, and not what others go on writing.
_MOST_LEFT_IN_PIPE = 16
_LOOK_AGAIN = 0.5


@dataclass(frozen=True, slots=True)
class Order:
    """What to run: argument vector, folder, environment, and seconds until it is ended.

    `mark` is a variable of the environment by which what the program started is known, wherever it
    went; empty when there is none. `user` is the account that it runs as, which only root can
    choose; empty for our own. Of its output `kept` octets are kept at each end.
    """

    argv: tuple[str, ...]
    folder: Path
    environment: Mapping[str, str]
    timeout: float
    mark: str = ""
    user: str = ""
    kept: int = KEPT_AT_EACH_END


@dataclass(frozen=True, slots=True)
class Ended:
    """How a program ended.

    `status` is its exit status, None when a signal ended it or it never began; `trouble` says in
    words what went wrong (`not found`, `timeout`, …), empty when nothing did. `output` is the
    beginning and the end of what it wrote, `octets` how much that was in all.
    """

    status: int | None
    signal: int | None
    trouble: str
    output: bytes
    octets: int
    cpu_seconds: float

    @property
    def succeeded(self) -> bool:
        """Whether the program ran and ended with status 0."""
        return self.status == 0 and not self.trouble


def run_program(
    order: Order, monotonic: Callable[[], float], stop: threading.Event | None = None
) -> Ended:
    """Runs a program to its end; returns when neither it nor anything of its group is left.

    Blocks: call it in a thread. `monotonic` tells passing seconds; when `stop` is set, the program
    is told to end as if its time were over. One that has to be told takes with it what left its
    group; a service that it started in a session of its own outlives a program that ended in time.
    """
    try:
        child = popen(order, subprocess.PIPE)
    except OSError as error:
        missing = isinstance(error, FileNotFoundError | PermissionError)
        trouble = "not found" if missing else (error.strerror or str(error)).lower()
        return Ended(None, None, trouble, b"", 0, 0.0)
    tail = _Tail(order.kept)
    cut = _read_until_end(child, tail, monotonic, order, stop or threading.Event())
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    code = child.returncode
    cpu = usage.ru_utime + usage.ru_stime
    number = -code if code < 0 else None
    return Ended(code if code >= 0 else None, number, cut, tail.kept, tail.octets, cpu)


def popen(order: Order, output: int) -> subprocess.Popen[bytes]:
    """Starts a program in a session of its own. OSError when it can not be started."""
    account = pwd.getpwnam(order.user) if order.user else None
    # What to run comes from files of the operator; no word of it is ever read by a shell.
    return subprocess.Popen(  # noqa: S603
        order.argv,
        cwd=order.folder,
        env=dict(order.environment),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        close_fds=True,
        umask=0o077,
        user=account.pw_uid if account is not None else None,
        group=account.pw_gid if account is not None else None,
        extra_groups=[] if os.geteuid() == 0 else None,
    )


class _Tail:
    """The beginning and the end of an output of any length."""

    def __init__(self, kept: int) -> None:
        self._most = kept
        self._head = b""
        self._end = b""
        self.octets = 0

    def add(self, data: bytes) -> None:
        """Takes what was written next."""
        self.octets += len(data)
        room = self._most - len(self._head)
        self._head += data[:room]
        self._end = (self._end + data[room:])[-self._most :]

    @property
    def kept(self) -> bytes:
        """Both ends, with a mark between them where something is missing."""
        missing = self.octets - len(self._head) - len(self._end)
        mark = f"\n[… {missing} octets …]\n".encode() if missing > 0 else b""
        return self._head + mark + self._end


def _read_until_end(
    child: subprocess.Popen[bytes],
    tail: _Tail,
    monotonic: Callable[[], float],
    order: Order,
    stop: threading.Event,
) -> str:
    """Reads until the program has ended; why it had to be told to, empty when it had not.

    A grandchild may hold the pipe open, or go on writing: the program's own end is what counts.
    """
    assert child.stdout is not None
    deadline = monotonic() + order.timeout
    told, made = "", False
    with child.stdout as pipe, selectors.DefaultSelector() as selector, _watched(child.pid) as end:
        os.set_blocking(pipe.fileno(), False)
        selector.register(pipe, selectors.EVENT_READ)
        if end is not None:
            selector.register(end, selectors.EVENT_READ)
        look_again = _LOOK_AGAIN if end is not None else _LOOK_AGAIN / 10
        open_pipe = True
        while not _has_ended(child.pid):
            left = deadline - monotonic()
            if not told and (left <= 0 or stop.is_set()):
                _end_all(child.pid, order, signal.SIGTERM)
                told = "timeout" if left <= 0 else "stopped"
                deadline = monotonic() + TERM_GRACE
            elif told and left <= 0 and not made:
                _end_all(child.pid, order, signal.SIGKILL)
                made = True
            wait = min(max(left, 0.01), look_again)
            ready = {key.fileobj for key, _ in selector.select(wait)}
            if pipe in ready:
                open_pipe = _read_some(pipe.fileno(), tail)
                if not open_pipe:
                    selector.unregister(pipe)
        # Before the program is waited for, while its number can not be another's.
        _end_group(child.pid, signal.SIGKILL)
        if told:
            _end_strays(child.pid, order, signal.SIGKILL)
        if end is not None:
            selector.unregister(end)
        reads = _MOST_LEFT_IN_PIPE
        while open_pipe and reads and selector.select(0):
            open_pipe = _read_some(pipe.fileno(), tail)
            reads -= 1
    return told


@contextlib.contextmanager
def _watched(pid: int) -> Iterator[int | None]:
    """A descriptor that can be read when the program has ended, where the system has such."""
    try:
        descriptor = os.pidfd_open(pid)
    except (AttributeError, OSError):
        yield None
        return
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _read_some(descriptor: int, tail: _Tail) -> bool:
    try:
        data = os.read(descriptor, _CHUNK)
    except BlockingIOError:
        return True
    tail.add(data)
    return bool(data)


def _has_ended(pid: int) -> bool:
    """Whether the program has ended; it is left to be waited for."""
    found = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    return found is not None


def wait_for_leftover(
    variable: str, value: str, monotonic: Callable[[], float], timeout: float,
    stop: threading.Event,
) -> bool:  # fmt: skip
    """Waits for what an earlier process of ours started and left running, known by a variable of
    its environment; whether there was any. After `timeout`, or when `stop` is set, it is ended.

    Blocks. Finds nothing where there is no /proc.
    """
    mark = f"{variable}={value}".encode()
    found = _marked(mark)
    deadline = monotonic() + timeout
    told = False
    left = bool(found)
    while found:
        over = monotonic() >= deadline or stop.is_set()
        for pid in found if over else ():
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL if told else signal.SIGTERM)
        if over:
            told, deadline = True, monotonic() + TERM_GRACE
            stop = threading.Event()
        threading.Event().wait(_LOOK_AGAIN / 5)
        found = [pid for pid in found if _is_marked(pid, mark)] or _marked(mark)
    return left


def _marked(mark: bytes) -> list[int]:
    try:
        names = os.listdir("/proc")
    except OSError:
        return []
    return [int(name) for name in names if name.isdigit() and _is_marked(int(name), mark)]


def _is_marked(pid: int, mark: bytes) -> bool:
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            return mark in file.read().split(b"\0")
    except OSError:
        return False


def _end_all(pid: int, order: Order, number: signal.Signals) -> None:
    _end_group(pid, number)
    _end_strays(pid, order, number)


def _end_strays(group: int, order: Order, number: signal.Signals) -> None:
    """Ends what the program started and what left its group, as far as it is marked."""
    if not order.mark:
        return
    for pid in _marked(f"{order.mark}={order.environment[order.mark]}".encode()):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            # Some programs take a second word for an order to end at once.
            if os.getpgid(pid) != group:
                os.kill(pid, number)


def _end_group(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)

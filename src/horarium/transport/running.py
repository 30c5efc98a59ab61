"""Processes that are not ours to wait for: found by what they are, started to stay, ended."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Sequence

from horarium.transport.process import TERM_GRACE, Order, popen

_LOOK_AGAIN = 0.1


def running(argv: Sequence[str], user: int) -> list[int]:
    """The processes of a user that were started with just these words; one word alone stands for
    every process of a program of that name. Finds nothing where there is no /proc."""
    wanted = [os.fsencode(word) for word in argv]
    try:
        names = os.listdir("/proc")
    except OSError:
        return []
    found = [int(name) for name in names if name.isdigit() and int(name) != os.getpid()]
    return [pid for pid in found if _is(pid, wanted, user)]


def _is(pid: int, wanted: Sequence[bytes], user: int) -> bool:
    try:
        if os.stat(f"/proc/{pid}").st_uid != user:
            return False
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            words = file.read().split(b"\0")[:-1]
    except OSError:
        return False
    if not words:
        return False
    if len(wanted) == 1:
        return wanted[0] in (words[0], os.path.basename(words[0]))
    return list(wanted) == words


def start_detached(order: Order) -> str:
    """Starts a program that stays; why it could not be started, empty when it was."""
    try:
        child = popen(order, subprocess.DEVNULL)
    except (OSError, LookupError) as error:
        return str(error).lower()
    # It is nobody's: whoever ends first, nothing waits for it.
    threading.Thread(target=child.wait, daemon=True).start()
    return ""


def end_processes(
    processes: Sequence[int], monotonic: Callable[[], float], timeout: float
) -> list[int]:
    """Tells processes to end, and makes those end that do not within the time; who is left."""
    left = list(processes)
    for number, patience in ((signal.SIGTERM, min(timeout, TERM_GRACE)), (signal.SIGKILL, 1.0)):
        for pid in left:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, number)
        deadline = monotonic() + patience
        while left and monotonic() < deadline:
            threading.Event().wait(_LOOK_AGAIN)
            left = [pid for pid in left if _lives(pid)]
    return left


def _lives(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return file.read().rpartition(b")")[2].split()[0] != b"Z"
    except OSError:
        return False

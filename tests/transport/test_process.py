"""Programs run without a shell, end in time, leave nothing behind and flood nobody."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import pytest

from horarium.transport import process
from horarium.transport.process import Ended, Order, run_program

PYTHON = sys.executable
CLEAN = {"PATH": "/usr/bin:/bin"}


def run(*argv: str, timeout: float = 20, folder: str = "/", **environment: str) -> Ended:
    order = Order(argv, Path(folder), {**CLEAN, **environment}, timeout)
    return run_program(order, time.monotonic)


def python(code: str, timeout: float = 20, **environment: str) -> Ended:
    return run(PYTHON, "-c", code, timeout=timeout, **environment)


def test_status_and_output_come_back() -> None:
    ended = python("import sys; print('out'); print('err', file=sys.stderr); sys.exit(7)")
    assert (ended.status, ended.signal, ended.trouble) == (7, None, "")
    assert sorted(ended.output.split()) == [b"err", b"out"]
    assert python("pass").succeeded


def test_arguments_are_never_read_again(tmp_path: Path) -> None:
    nasty = ["a b", "$(touch x)", "; touch y", "`touch z`", "*", '"']
    ended = run(PYTHON, "-c", "import sys; print(sys.argv[1:])", *nasty, folder=str(tmp_path))
    assert ended.output.decode().strip() == repr(nasty)
    assert list(tmp_path.iterdir()) == []


def test_a_program_that_is_not_there_has_not_begun() -> None:
    assert run("/nowhere/program") == Ended(None, None, "not found", b"", 0, 0.0)


def test_a_program_starts_clean() -> None:
    readable = os.open("/dev/null", os.O_RDONLY)
    os.set_inheritable(readable, True)
    code = (
        "import os, sys; print(sorted(os.environ), sys.stdin.read() == '', os.getpid() == "
        "os.getsid(0), oct(os.umask(0)), sorted(os.listdir('/proc/self/fd'))[:4], os.getgroups())"
    )
    try:
        ended = python(code, HORARIUM_TASK="1")
    finally:
        os.close(readable)
    text = ended.output.decode()
    assert "HORARIUM_TASK" in text
    assert "HOME" not in text
    assert "True True 0o77 ['0', '1', '2', '3']" in text
    if os.geteuid() == 0:
        assert text.strip().endswith("[]")


def test_a_program_that_takes_too_long_is_told_to_end() -> None:
    ended = python("import time; time.sleep(60)", timeout=0.5)
    assert (ended.signal, ended.trouble) == (signal.SIGTERM, "timeout")


def test_a_program_that_will_not_end_is_made_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "TERM_GRACE", 0.3)
    code = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('x', flush=True)"
        "\nwhile True: time.sleep(1)"
    )
    ended = python(code, timeout=0.5)
    assert (ended.signal, ended.trouble) == (signal.SIGKILL, "timeout")


def test_what_a_program_leaves_behind_is_ended_with_it(tmp_path: Path) -> None:
    code = (
        "import os, sys, time\n"
        "if os.fork() == 0:\n"
        f"    open({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid()))\n"
        "    time.sleep(60)\n"
        "time.sleep(0.3)\n"
    )
    started = time.monotonic()
    assert python(code).succeeded
    assert time.monotonic() - started < 20
    left = int((tmp_path / "pid").read_text())
    time.sleep(0.1)
    state = Path(f"/proc/{left}/stat")
    assert not state.exists() or state.read_text().split()[2] == "Z"


def gone(pid: int) -> bool:
    state = Path(f"/proc/{pid}/stat")
    return not state.exists() or state.read_text().rpartition(")")[2].split()[0] == "Z"


def test_what_left_its_group_is_ended_with_a_program_that_takes_too_long(tmp_path: Path) -> None:
    code = (
        "import os, time\n"
        "if os.fork() == 0:\n"
        "    os.setsid()\n"
        f"    open({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid()))\n"
        "time.sleep(60)\n"
    )
    mark = f"test-{os.getpid()}"
    for timeout, marked, ends in ((1.0, "MARK", True), (1.0, "", False)):
        order = Order((PYTHON, "-c", code), Path("/"), {**CLEAN, "MARK": mark}, timeout, marked)
        assert run_program(order, time.monotonic).trouble == "timeout"
        left = int((tmp_path / "pid").read_text())
        time.sleep(0.1)
        assert gone(left) is ends
    os.kill(left, signal.SIGKILL)


def test_one_that_goes_on_writing_does_not_hold_its_program_up(tmp_path: Path) -> None:
    """It left the group, holds the pipe and writes as fast as it is read."""
    code = (
        "import os, time\n"
        "if os.fork() == 0:\n"
        "    os.setsid()\n"
        f"    open({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid()))\n"
        "    while True: os.write(1, b'x' * 65536)\n"
        "time.sleep(0.5)\n"
    )
    began = time.monotonic()
    assert python(code).succeeded
    assert time.monotonic() - began < 10
    left = int((tmp_path / "pid").read_text())
    until = time.monotonic() + 5
    while not gone(left):
        assert time.monotonic() < until, "it lives after its reader went away"
        time.sleep(0.05)


def test_a_flood_is_read_counted_and_not_kept() -> None:
    ended = python("import sys\nfor _ in range(80): sys.stdout.write('x' * 65536)\nprint('end')")
    assert ended.succeeded
    assert ended.octets == 80 * 65_536 + 4
    assert len(ended.output) < 3 * process.KEPT_AT_EACH_END


def test_cpu_time_is_counted() -> None:
    ended = python("x = 0\nfor i in range(3_000_000): x += i")
    assert ended.cpu_seconds > 0.02

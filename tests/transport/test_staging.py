"""How fast is written, and how a tree is walked."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from horarium.kernel.errors import NotFound
from horarium.transport.staging import Pace
from horarium.transport.tree import Tree


class Time:
    """A clock that goes on when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 100.0

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.now += seconds


@pytest.mark.parametrize("rate", [1_024, 100_000, 10_000_000])
def test_the_rate_is_kept_over_any_five_seconds(rate: int) -> None:
    time = Time()
    pace = Pace(rate, lambda: time.now, time.sleep)
    written: list[tuple[float, int]] = []
    total = 0
    while total < rate * 20:
        for part in pace.slices(bytes(300_000)):
            written.append((time.now, len(part)))
            total += len(part)
    burst = max(rate * 0.1, 16_384)
    for start, _ in written[:: max(1, len(written) // 50)]:
        within = sum(size for at, size in written if start <= at < start + 5)
        assert within <= rate * 5 + burst
    assert abs(total / (time.now - 100) / rate - 1) < 0.03 + burst / total


def test_without_a_rate_nothing_waits() -> None:
    pace = Pace(None, lambda: 0.0, lambda seconds: pytest.fail("waited"))
    assert list(pace.slices(b"abc")) == [b"abc"]


def test_no_descriptor_stays_open(tmp_path: Path) -> None:
    (tmp_path / "a/b/c").mkdir(parents=True)
    (tmp_path / "a/b/c/d").write_bytes(b"x")
    before = len(os.listdir("/proc/self/fd"))
    with Tree.open(str(tmp_path)) as tree:
        assert tree.digest("a/b/c/d").startswith("sha256:")
        tree.remove_all("a")
        for missing in ("a/b/c/d", "nowhere"):
            with pytest.raises(NotFound):
                tree.open_file(missing)
    assert len(os.listdir("/proc/self/fd")) == before
    with pytest.raises(OSError):
        Tree.open(str(tmp_path), "not/there")
    assert len(os.listdir("/proc/self/fd")) == before


def test_what_lies_there_is_never_replaced_by_accident(tmp_path: Path) -> None:
    (tmp_path / "new").write_bytes(b"new")
    (tmp_path / "old").write_bytes(b"old")
    with Tree.open(str(tmp_path)) as one, Tree.open(str(tmp_path)) as two:
        with pytest.raises(FileExistsError):
            one.move("new", two, "old")
        one.move("new", two, "old", replace=True)
    assert (tmp_path / "old").read_bytes() == b"new"


def test_a_file_system_without_such_a_rename_is_looked_at_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("horarium.transport.tree._renameat2", None)
    test_what_lies_there_is_never_replaced_by_accident(tmp_path)

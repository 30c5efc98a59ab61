"""An extraction that dies leaves the old version or the new one, whole, and nothing beside it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from horarium.distribution.ending import Extracted
from horarium.runtime.crash import POINTS
from tests.crash.extracting import extract, node, wanted
from tests.extraction import tree

ROOT = Path(__file__).parents[2]
ACTIONS = 14
"""How many steps the second version of the scenario takes, merged; each is died after."""


def run(folder: Path, apply: str, number: int, crash_at: str = "") -> subprocess.CompletedProcess:
    environ = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "HORARIUM_CRASH_AT": crash_at}
    return subprocess.run(
        [sys.executable, "-m", "tests.crash.extracting", str(folder), apply, str(number)],
        cwd=ROOT, env=environ, capture_output=True, text=True, check=False,
    )  # fmt: skip


@cache
def expected(number: int) -> dict:
    """What a node has that never saw another version."""
    with TemporaryDirectory() as folder:
        here = node(Path(folder))
        here.extract(wanted(number))
        return tree(here.target)


def lies(folder: Path) -> int | None:
    """The version that lies at the target, whole; None for a mixture."""
    found = tree(folder / "root" / "www")
    return next((number for number in (1, 2) if found == expected(number)), None)


def check_after(folder: Path, apply: str, new: bool) -> None:
    """A recovery leaves one whole version; extracting goes on from there to the new one."""
    recovered = run(folder, apply, 0)
    assert recovered.returncode == 0, recovered.stderr
    assert lies(folder) == (2 if new else 1)
    theirs = folder / "root" / "theirs"
    assert theirs.read_bytes() == b"not ours"
    here = node(folder)
    assert isinstance(extract(here, apply, 2), Extracted)
    assert lies(folder) == 2
    assert not (folder / "root" / ".horarium-stage").exists()
    assert here.store.read(lambda tx: tx.extraction.begun()) == []


def begin(folder: Path, apply: str) -> None:
    assert isinstance(extract(node(folder), apply, 1), Extracted)
    (folder / "root" / "theirs").write_bytes(b"not ours")
    assert lies(folder) == 1


@pytest.mark.parametrize("apply", ["merge", "swap", "merge-posting", "merge-returning"])
@pytest.mark.parametrize("point", POINTS["extract"])
def test_death_at_every_point_twice(point: str, apply: str, tmp_path: Path) -> None:
    begin(tmp_path, apply)
    for _ in range(2):
        died = run(tmp_path, apply, 2, f"extract:{point}")
        if died.returncode == 0:
            # The second one came after what was left to do.
            break
        assert died.returncode == -signal.SIGKILL, died.stderr
    check_after(tmp_path, apply, new=point not in ("staged", "synced"))


@pytest.mark.parametrize("passes", range(1, ACTIONS + 1))
def test_death_after_every_step(passes: int, tmp_path: Path) -> None:
    begin(tmp_path, "merge")
    died = run(tmp_path, "merge", 2, f"extract:between-renames:{passes}")
    assert died.returncode == -signal.SIGKILL, f"there are fewer steps\n{died.stderr}"
    # The recovery dies too, one step further on.
    again = run(tmp_path, "merge", 0, f"extract:between-renames:{min(passes + 1, ACTIONS)}")
    assert again.returncode == -signal.SIGKILL
    check_after(tmp_path, "merge", new=True)


def test_the_number_of_steps_is_known(tmp_path: Path) -> None:
    begin(tmp_path, "merge")
    more = run(tmp_path, "merge", 2, f"extract:between-renames:{ACTIONS + 1}")
    assert more.returncode == 0
    assert json.loads(more.stdout) == "Extracted"

"""The demonstration holds, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.timeout(300)


def test_the_demonstration_of_distribution_holds_and_leaves_nothing(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "horarium.cli.entry", "--json", "demo", "distribution"],
        capture_output=True, text=True, timeout=240, check=False, cwd=tmp_path,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )  # fmt: skip
    shown = json.loads(done.stdout)
    assert [line for line in shown["lines"] if not line["holds"]] == []
    assert done.returncode == 0
    assert len(shown["lines"]) == 14
    assert list(tmp_path.iterdir()) == []
    running = [
        path for path in Path("/proc").glob("[0-9]*/cmdline")
        if str(tmp_path).encode() in _read(path)
    ]  # fmt: skip
    assert running == []


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""

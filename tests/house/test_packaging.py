"""The units that are shipped shut the service in."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

UNITS = Path(__file__).parents[2] / "packaging" / "systemd"


def test_the_unit_exposes_little() -> None:
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("systemd-analyze is not installed")
    unit = UNITS / "horarium.service"
    found = subprocess.run(
        [program, "security", "--offline=yes", "--no-pager", str(unit)],
        capture_output=True,
        text=True,
        check=False,
    )
    level = re.search(r"exposure level for [\w.]+: ([\d.]+)", found.stdout)
    if level is None:
        pytest.skip(f"systemd-analyze cannot judge files here: {found.stderr.strip()[:80]}")
    assert float(level.group(1)) <= 1.5


def test_the_unit_waits_until_the_daemon_is_ready() -> None:
    text = (UNITS / "horarium.service").read_text("utf-8")
    for line in ("Type=notify", "Restart=on-failure", "WatchdogSec=30s", "UMask=0077"):
        assert line in text.splitlines()

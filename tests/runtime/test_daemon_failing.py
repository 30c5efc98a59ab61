"""A part that can not go on ends the daemon with a status that says so."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from horarium.kernel.errors import HorariumError
from horarium.runtime import daemon
from horarium.runtime.clock import SystemClock
from horarium.runtime.daemon import FAILED, Daemon
from horarium.runtime.settings import load_settings
from horarium.runtime.site import Site
from horarium.runtime.tiers.serving import DistributionPart
from horarium.transport.tree import SyncFailed


def test_data_that_can_not_be_made_durable_end_the_daemon(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def refused(part: DistributionPart) -> None:
        raise SyncFailed("Input/output error")

    monkeypatch.setattr(DistributionPart, "run", refused)
    monkeypatch.setattr(daemon, "takes_part", lambda *_: True)
    (tmp_path / "horarium.toml").write_text('zone = "UTC"\n')
    site = Site(tmp_path)
    settings = load_settings(site, {})
    served = Daemon(site, settings, SystemClock(), frozenset({"distribution"}), lambda: settings)
    assert asyncio.run(served.run(lambda _: None)) == FAILED == 70
    assert "Input/output error" in caplog.text


def test_nobody_on_the_way_takes_it_for_a_failed_extraction() -> None:
    assert not issubclass(SyncFailed, HorariumError | OSError)

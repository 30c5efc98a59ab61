"""A build once begun is finished, whatever is refreshed, unless its own definition changed."""

from __future__ import annotations

import os
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from tests.daemon.realm import Realm, realm_of

from horarium.kernel.errors import Conflict
from horarium.runtime.clock import SystemClock
from horarium.runtime.settings import load_settings
from horarium.runtime.site import Site
from horarium.runtime.tiers.making import Making
from horarium.runtime.tiers.origin import Origin
from horarium.runtime.wiring import open_store

CLOCK = SystemClock()


def origin_of(realm: Realm) -> Origin:
    """The distributor's side of a site, in this process."""
    site = Site(realm.hq.folder)
    settings = load_settings(site, os.environ)
    return Origin(site, settings, open_store(site, settings, CLOCK))


class Building(threading.Thread):
    """A build in a thread of its own; how it ended."""

    def __init__(self, making: Making) -> None:
        super().__init__()
        self.making = making
        self.ended: object = None

    def run(self) -> None:
        try:
            self.ended = self.making.build("docs", "test", CLOCK.now())
        except Conflict as stopped:
            self.ended = stopped

    def begun(self) -> None:
        """Waits until it goes on."""
        while self.ended is None and "docs" not in self.making.going:
            self.join(0.005)
        assert self.ended is None, "it was over too soon to be stopped"


@pytest.fixture
def realm(tmp_path: Path) -> Realm:
    with realm_of(tmp_path, {}) as made:
        made.fill(1_500, 2_000)
        made.declare()
        yield made


def test_a_refresh_that_changes_nothing_of_it_lets_a_build_go_on(realm: Realm) -> None:
    origin = origin_of(realm)
    building = Building(Making(origin, CLOCK))
    building.start()
    building.begun()
    now = origin.realm()
    other = replace(now.distributions["docs"], title="Documents", active=True)
    retitled = replace(now, distributions={"docs": other})
    while building.is_alive():
        assert building.making.check(retitled) == []
        building.join(0.02)
    assert building.ended is not None
    assert getattr(building.ended, "version", None) == 1


def test_a_build_whose_definition_changed_is_stopped_and_written_so(realm: Realm) -> None:
    origin = origin_of(realm)
    building = Building(Making(origin, CLOCK))
    building.start()
    building.begun()
    now = origin.realm()
    moved = replace(now.distributions["docs"], target="%DEST_VOLUME%/elsewhere")
    changed = replace(now, distributions={"docs": moved})
    assert building.making.check(changed) == ["docs"]
    building.join(30)
    assert "definition_changed" in str(building.ended)
    [build] = origin.store.read(lambda tx: tx.versions.builds("docs", 10))
    assert (build.outcome, build.reason) == ("cancelled", "definition_changed")
    assert origin.store.read(lambda tx: tx.versions.retained("docs")) == []
    assert building.making.build("docs", "again", CLOCK.now()).version == 1


def test_a_distributor_that_wishes_so_stops_all_builds_at_a_refresh(realm: Realm) -> None:
    origin = origin_of(realm)
    building = Building(Making(origin, CLOCK))
    building.start()
    building.begun()
    assert building.making.check(origin.realm(), cancel=True) == ["docs"]
    building.join(30)
    assert "refresh_cancels" in str(building.ended)

"""A channel with rings that somebody holds: what is built meanwhile waits, what goes back does
not, and who holds it since when is known."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.runtime.tier_site import NOW, OBJECTS, TierSite

from horarium.distribution.configuration import Follows
from horarium.kernel.instant import Instant
from horarium.runtime.applying import apply_objects
from horarium.runtime.objects import read_objects
from horarium.runtime.tiers.asking import pause_now, resume_now
from horarium.runtime.tiers.staging import give_back, look
from horarium.store.releases import StagedRelease

RINGS = """
[subscriber_group.pilot]
members = ["north"]
[channel.night]
rings = [{ group = "pilot", soak = "1h" }]
"""
PILOT, REST = Follows(True, {"night": 0}), Follows(True, {"night": 1})
LATER = Instant(NOW + 60)


class Ringed(TierSite):
    """With ``north`` as a pilot."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        path = folder / "objects.toml"
        path.write_text(OBJECTS.replace("[channel.night]\n", RINGS.lstrip()))
        apply_objects(self.store, read_objects([path]), NOW, prune=False, dry_run=False)
        self.origin.refresh(NOW)

    def pause(self, by: str = "ada", at: Instant = NOW) -> int:
        return pause_now(self.origin.site, self.origin.settings, self.store, "night", by, at)

    def resume(self, at: Instant = LATER) -> int:
        return resume_now(self.origin.site, self.origin.settings, self.store, "night", "ada", at)

    def release(self, number: int) -> StagedRelease:
        rows = self.store.read(lambda tx: tx.releases.all())
        return next(row for row in rows if row.version == number)

    def goes(self, number: int, follows: Follows = PILOT) -> bool:
        """Whether nodes are told that a version may go to who follows so."""
        belief = self.origin.refresh(LATER).belief
        return belief.release("docs").allows(number, follows)


@pytest.fixture
def site(tmp_path: Path) -> Ringed:
    return Ringed(tmp_path)


def test_what_is_built_while_a_channel_is_held_waits_until_it_is_resumed(site: Ringed) -> None:
    assert site.pause() == 0
    site.publish(1)
    assert not site.goes(1)
    held = site.release(1)
    assert (held.state, held.changed_by, held.changed) == ("paused", "ada", NOW)
    assert held.reason == "release_paused(ada, 2027-01-15T08:00:00Z)"
    assert site.resume() == 1
    assert site.goes(1)
    site.publish(2)
    assert site.goes(2)


def test_who_held_it_first_holds_it(site: Ringed) -> None:
    site.pause()
    site.pause("bob", LATER)
    site.publish(1)
    assert site.release(1).changed_by == "ada"


def test_nothing_that_is_held_goes_on_by_itself(site: Ringed) -> None:
    site.publish(1)
    assert site.pause() == 1
    realm = site.origin.realm()
    week = Instant(NOW + 7 * 86_400)
    assert site.store.transact([], lambda tx: look(tx, realm, week)) == (False, [])
    assert not site.goes(1)


def test_who_goes_back_while_a_channel_is_held_goes_back_at_once_and_no_further(
    site: Ringed,
) -> None:
    site.publish(1)
    site.publish(2)
    site.pause()
    realm = site.origin.realm()
    site.store.transact([], lambda tx: give_back(tx, realm.channels["night"], "docs", LATER, "ada"))
    site.publish(3, returns=1)
    assert site.goes(3)
    assert not site.goes(3, REST)
    week = Instant(NOW + 7 * 86_400)
    assert site.store.transact([], lambda tx: look(tx, realm, week)) == (False, [])

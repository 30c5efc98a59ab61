"""What a distributor publishes is believed by those who have seen what it published before."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.runtime.tier_site import NOW, OBJECTS, TierSite

from horarium.kernel.instant import Instant
from horarium.runtime.applying import apply_objects
from horarium.runtime.objects import read_objects
from horarium.runtime.tiers.belief import Belief, load_belief, refreshed

OTHER = """
[distribution.other]
distributor = "hq"
source = "/srv/other"
"""


class Realm(TierSite):
    """A realm whose objects are declared anew."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.folder = folder
        self.now = NOW

    def declare(self, text: str) -> Belief:
        """Declares everything, and publishes it; what is believed at the distributor."""
        self.now = Instant(self.now + 60)
        (self.folder / "objects.toml").write_text(text)
        declared = read_objects([self.folder / "objects.toml"])
        apply_objects(self.store, declared, self.now, prune=True, dry_run=False)
        self.origin.refresh(self.now)
        believed = load_belief(self.store)
        assert believed is not None
        return believed

    def seen(self, before: Belief, above: Belief) -> Belief:
        """What a node makes of it that believed something before."""

        async def fetch(name: str, most: int) -> bytes | None:
            return above.octets(name)

        return asyncio.run(refreshed(before, "north", fetch, self.now))


def test_a_distribution_that_is_removed_leaves_the_realm_to_the_others(tmp_path: Path) -> None:
    realm = Realm(tmp_path)
    first = realm.declare(OBJECTS + OTHER)
    node = realm.seen(Belief(first.trusted), first)
    assert node.trusted.snapshot is not None
    assert "build.other.json" in node.trusted.snapshot.meta
    for number, text in enumerate((OBJECTS, OBJECTS, OBJECTS + OTHER, OBJECTS), start=1):
        realm.declare(text)
        realm.publish(number)
        above = load_belief(realm.store)
        assert above is not None
        node = realm.seen(node, above)
        assert node.trusted.definition("docs") is not None
        assert [version.number for version in node.trusted.versions("docs")][-1] == number
        assert (node.trusted.definition("other") is None) == ("distribution.other" not in text)


def test_what_nothing_changed_of_is_not_signed_anew(tmp_path: Path) -> None:
    realm = Realm(tmp_path)
    realm.declare(OBJECTS + OTHER)
    gone = realm.declare(OBJECTS)
    again = realm.declare(OBJECTS)
    assert gone.trusted.octets == again.trusted.octets

"""What of a realm's trust runs out is found and told, and keys that lie together."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.office import NOW

from horarium.distribution.finding import Finding
from horarium.kernel.instant import Instant
from horarium.runtime.site import Site
from horarium.runtime.tiers.belief import keep_belief
from horarium.runtime.tiers.expiring import findings_of_trust, notice_expiring
from horarium.runtime.tiers.identity import NodeFolder
from horarium.runtime.tiers.publishing import Wanted, begin_realm, publish
from horarium.store.embedded import EmbeddedEngine
from horarium.store.nodes import Node
from horarium.store.store import Store

DAY = 86_400


class Published:
    """A site whose realm was just signed, and a node whose certificate is new."""

    def __init__(self, folder: Path) -> None:
        self.site = Site(folder)
        self.site.state.mkdir(mode=0o700)
        engine = EmbeddedEngine(self.site.database)
        engine.migrate(NOW)
        self.store = Store(engine)
        keys = NodeFolder(self.site.distribution)
        belief = publish(begin_realm(keys, "hq", NOW), Wanted({}, {}), keys, NOW)
        keep_belief(self.store, None, belief, NOW)
        node = Node("s1", "serial", b"", NOW, Instant(NOW + 90 * DAY))
        self.store.transact([], lambda tx: tx.nodes.put(node))

    def found(self, days: float) -> list[Finding]:
        at = Instant(NOW + int(days * DAY))
        return self.store.read(lambda tx: list(findings_of_trust(self.site, tx, at)))


@pytest.fixture
def published(tmp_path: Path) -> Published:
    return Published(tmp_path)


@pytest.mark.parametrize(
    ("days", "names"),
    [
        (0, set()),
        (1.9, set()),
        (2.1, {"timestamp"}),
        (5, {"timestamp", "snapshot"}),
        (62, {"timestamp", "snapshot", "s1"}),
        (366, {"timestamp", "snapshot", "targets", "root", "s1"}),
    ],
)
def test_what_is_not_renewed_is_found_with_a_third_of_its_life_left(
    published: Published, days: float, names: set[str]
) -> None:
    expiring = {one.name for one in published.found(days) if one.code == "expiry"}
    assert expiring == names


def test_keys_that_all_lie_here_are_found(published: Published) -> None:
    assert "keys-together" in {one.code for one in published.found(0)}
    keys = published.site.distribution / "keys"
    (keys / "root.key").rename(keys / "root.elsewhere")
    assert "keys-together" not in {one.code for one in published.found(0)}


def test_a_revoked_certificate_may_run_out(published: Published) -> None:
    [node] = published.store.read(lambda tx: tx.nodes.all())
    published.store.transact([], lambda tx: tx.nodes.revoke(node, NOW))
    assert "s1" not in {one.name for one in published.found(89)}


def test_what_runs_out_is_told(published: Published) -> None:
    notice_expiring(published.store, Instant(NOW + 4 * DAY))
    [told] = published.store.read(lambda tx: tx.notices.newest(5))
    assert (told.what, told.about, told.level) == ("expires", "metadata timestamp", "warning")
    assert "it is over since 2026-11-24T08:00:00Z" in told.text

"""What a distributor keeps of the links of nodes, and how it shows them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from tests.runtime.tier_site import NOW, OBJECTS, TierSite

from horarium.distribution.causes import Reason
from horarium.distribution.messages import Link
from horarium.distribution.states import State
from horarium.distribution.tree import ORIGIN
from horarium.kernel.instant import Instant
from horarium.runtime.applying import apply_objects
from horarium.runtime.objects import read_objects
from horarium.runtime.tiers.hearing import Hearing
from horarium.runtime.tiers.linking import hear_links
from horarium.runtime.tiers.overview import Overview
from horarium.runtime.tiers.status import status_of

BEHIND = {"north", "south", "oslo"}


class Linked(TierSite):
    """With ``south`` as the second parent of ``oslo``."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        path = folder / "objects.toml"
        more = 'parents = ["north", "south"]\nparent_policy = "next"\n'
        changed = OBJECTS.replace('parents = ["north"]\n', more)
        path.write_text(
            changed.replace(
                "[subscriber.south]\n", "[subscriber.south]\nurl = 'https://south:8443'\n"
            )
        )
        apply_objects(self.store, read_objects([path]), NOW, prune=False, dry_run=False)
        self.origin.refresh(NOW)
        for name in ("north", "south", "oslo"):
            self.join(name)

    def link(self, parent: str, order: int, by: str = "oslo", at: Instant = NOW) -> Link:
        """What ``oslo`` says of its link, signed by the key of `by`."""
        link = Link("oslo", parent, at, order, "north not reached")
        return replace(link, signature=self.keys[by].sign(link.signed_text()).hex())

    def hear(self, link: Link, allowed: set[str] = BEHIND) -> None:
        parents = {"north": ORIGIN, "south": ORIGIN, "oslo": "north"}
        self.store.transact(
            [], lambda tx: hear_links(tx, "south", [link], allowed, parents, "hq", NOW)
        )

    def parent(self) -> str:
        return self.store.read(
            lambda tx: Overview(tx, self.origin.settings, NOW).tree("docs").parents["oslo"]
        )


@pytest.fixture
def site(tmp_path: Path) -> Linked:
    return Linked(tmp_path)


def test_a_node_stands_under_the_parent_that_it_says_and_under_its_own_again(site: Linked) -> None:
    assert site.parent() == "north"
    site.hear(site.link("south", 1))
    assert site.parent() == "south"
    site.hear(site.link("hq", 2))
    assert site.parent() == ORIGIN
    site.hear(site.link("south", 1))
    assert site.parent() == ORIGIN
    site.hear(site.link("north", 3))
    assert site.parent() == "north"


def test_nobody_says_it_for_another_and_nobody_from_elsewhere(site: Linked) -> None:
    site.hear(site.link("south", 1, by="south"))
    site.hear(site.link("south", 1), allowed={"south"})
    assert site.parent() == "north"


def test_the_reason_is_shown_while_a_node_stands_elsewhere(site: Linked) -> None:
    site.publish()

    def shown() -> object:
        document = site.store.read(
            lambda tx: status_of(Overview(tx, site.origin.settings, NOW), "docs", 1)
        )
        nodes = document["versions"][0]["nodes"]  # type: ignore[index]
        return next(one["link_reason"] for one in nodes if one["node"] == "oslo")

    assert shown() is None
    site.hear(site.link("south", 1))
    assert shown() == "north not reached"
    site.hear(site.link("north", 2))
    assert shown() is None


def test_the_parent_that_a_node_left_says_nothing_of_it_any_more(site: Linked) -> None:
    site.publish()
    silent = str(Reason("unreachable", since=Instant(NOW - 60)))
    row = replace(site.row("oslo", State.PENDING, 0), reason=silent, signature="")
    Hearing(site.store).hear("north", [row], BEHIND, NOW)

    def reason() -> str:
        return site.store.read(_reason_of_oslo)

    def _reason_of_oslo(tx: object) -> str:
        known = Overview(tx, site.origin.settings, NOW)  # type: ignore[arg-type]
        [(version, _)] = known.tx.versions.newest("docs", 1)
        return known.facts("docs", version).rows["oslo"].reason

    assert reason() == silent
    site.hear(site.link("south", 1, at=Instant(NOW - 30)))
    assert reason() == ""

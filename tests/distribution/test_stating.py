"""What is stated for nodes: numbers that rise when something changed here or below, never else."""

from __future__ import annotations

import time
from collections.abc import Mapping

from horarium.distribution.configuration import Place, read_configuration
from horarium.distribution.realm import Realm
from horarium.distribution.records import Document
from horarium.distribution.stating import Stated, plan_of, state_all
from horarium.kernel.instant import Instant
from tests.distribution.realms import realm

ORIGIN = Place("hq", "https://hq:8443")


def office(**changed: Mapping[str, object]) -> Realm:
    """Two parents, a leaf behind each."""
    subscribers: dict[str, Mapping[str, object]] = {
        "north": {"url": "https://north:8443"},
        "south": {"url": "https://south:8443"},
        "oslo": {"parents": ["north"]},
        "rome": {"parents": ["south"]},
    }
    for name, keys in changed.items():
        subscribers[name] = {**subscribers[name], **keys}
    return realm(
        distributor={"hq": {}},
        distribution={"docs": {"distributor": "hq", "type": "file", "source": "/srv"}},
        channel={"night": {"distributions": ["docs"], "subscribers": sorted(subscribers)}},
        subscriber=subscribers,
    )


def state(of: Realm, before: Stated | None = None) -> Stated:
    held: dict[str, tuple[int, Document]] = {}
    if before is not None:
        held = {name: (before.numbers[name], one) for name, one in before.documents.items()}
    return state_all(
        of, plan_of(of), ORIGIN, "realm", held, lambda *_: (None, ()), Instant(0), Instant(0)
    )


def test_numbers_begin_at_one_and_stay_while_nothing_changes() -> None:
    first = state(office())
    assert set(first.numbers.values()) == {1}
    assert state(office(), first).numbers == first.numbers


def test_a_change_raises_the_numbers_of_its_node_and_of_all_above_it() -> None:
    first = state(office())
    second = state(office(oslo={"zone": "Asia/Tokyo"}), first)
    assert second.numbers == {"north": 2, "oslo": 2, "south": 1, "rome": 1}
    # What a parent is told of its child names the child's number.
    north = read_configuration("north", second.documents["north"])
    assert north.children["oslo"].number == 2
    third = state(office(), second)
    assert third.numbers == {"north": 3, "oslo": 3, "south": 1, "rome": 1}


def test_who_turns_to_another_parent_is_known_there() -> None:
    stated = state(office(oslo={"parents": ["north", "south"], "parent_policy": "next"}))
    south = read_configuration("south", stated.documents["south"])
    assert set(south.children) == {"oslo", "rome"}
    oslo = read_configuration("oslo", stated.documents["oslo"])
    assert [place.name for place in oslo.parents] == ["north", "south"]


def test_who_is_below_whom_is_planned() -> None:
    of = office()
    plan = plan_of(of)
    assert plan.below("north") == ("oslo",)
    assert plan.children("") == ("north", "south")
    assert plan.lost == {}


def test_a_tree_of_3750_leaves_is_stated_in_seconds() -> None:
    subscribers: dict[str, Mapping[str, object]] = {}
    above = [""]
    for tier, width in enumerate((3, 5, 5, 50)):
        names = []
        for parent in above:
            for number in range(width):
                name = f"{parent or 't'}.{number}"
                keys: dict[str, object] = {"parents": [parent]} if parent else {}
                if tier < 3:
                    keys["url"] = f"https://{name}:8443"
                subscribers[name] = keys
                names.append(name)
        above = names
    assert len(above) == 3_750
    of = realm(
        distributor={"hq": {}},
        distribution={"docs": {"distributor": "hq", "type": "file", "source": "/srv"}},
        channel={"night": {"distributions": ["docs"], "subscribers": above}},
        subscriber=subscribers,
    )
    begun = time.process_time()
    first = state(of)
    assert state(of, first).numbers == first.numbers
    assert time.process_time() - begun < 20.0
    assert len(first.documents) == len(subscribers)
    leaf = read_configuration(above[0], first.documents[above[0]])
    assert leaf.distributions["docs"].extracts
    relay = read_configuration("t.0", first.documents["t.0"])
    assert not relay.distributions["docs"].extracts
    assert len(relay.children["t.0.0"].below) == 5 + 250


def test_a_link_carries_what_any_behind_it_may_have_and_a_node_takes_its_own() -> None:
    subscribers = {
        "north": {"url": "https://north:8443"},
        "oslo": {"parents": ["north"], "url": "https://oslo:8443"},
        "vardo": {"parents": ["oslo"]},
    }
    rings = [{"group": name, "soak": "1h"} for name in ("pilot", "second")]
    of = realm(
        distributor={"hq": {}},
        distribution={"docs": {"distributor": "hq", "type": "file", "source": "/srv"}},
        channel={
            "night": {"distributions": ["docs"], "subscribers": sorted(subscribers), "rings": rings}
        },
        subscriber=subscribers,
        subscriber_group={"pilot": {"members": ["vardo"]}, "second": {"members": ["oslo"]}},
    )
    stated = state(of)
    nodes = {name: read_configuration(name, stated.documents[name]) for name in subscribers}
    own = {name: one.distributions["docs"].rings["night"] for name, one in nodes.items()}
    assert own == {"vardo": 0, "oslo": 1, "north": 2}
    links = [stated.origin.children["north"], nodes["north"].children["oslo"]]
    assert [link.distributions["docs"].rings["night"] for link in links] == [0, 0]
    assert links[0].distributions["docs"].extracts
    assert plan_of(of).follows["north"]["docs"].rings == {"night": 2}

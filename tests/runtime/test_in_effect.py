"""Edits are in effect from the next refresh on; a definition when it is built."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.runtime.tier_site import NOW, OBJECTS, TierSite

from horarium.cli.entry import main
from horarium.kernel.errors import NotFound
from horarium.kernel.instant import Instant
from horarium.kernel.period import Period
from horarium.runtime.applying import apply_objects
from horarium.runtime.building import Foreseen
from horarium.runtime.clock import FixedClock
from horarium.runtime.distribution_questions import find_distributed, open_of
from horarium.runtime.objects import read_objects
from horarium.runtime.realm_views import list_objects, show_object
from horarium.runtime.tiers.asking import Refreshed, refresh_now
from horarium.runtime.tiers.foreseeing import Foreseeing, foresee_build
from horarium.runtime.tiers.making import Making
from horarium.store.store import Transaction

NIGHT = OBJECTS.replace("[channel.night]", '[channel.night]\nsend = "daily window 22:00-02:00"')
LATER = Instant(NOW + 60)


def declare(site: TierSite, text: str) -> None:
    """Declares everything anew, and refreshes nothing."""
    path = site.origin.site.root / "objects.toml"
    path.write_text(text)
    apply_objects(site.store, read_objects([path]), LATER, prune=True, dry_run=False)


def fill(site: TierSite, where: str) -> str:
    """A source with one file."""
    folder = site.origin.site.root / where
    folder.mkdir()
    (folder / "file").write_text(where)
    return str(folder)


def build(site: TierSite) -> None:
    Making(site.origin, FixedClock(LATER)).build("docs", "test", LATER)


@pytest.fixture
def site(tmp_path: Path) -> TierSite:
    return TierSite(tmp_path)


def test_an_edit_waits_for_a_refresh_whatever_is_published_meanwhile(site: TierSite) -> None:
    declare(site, NIGHT)
    site.publish()
    assert site.origin.follow(LATER).realm.channels["night"].send is None
    assert site.origin.realm().channels["night"].send is None
    assert site.origin.refresh(LATER).realm.channels["night"].send is not None
    assert site.origin.realm() == site.origin.declared()


def test_a_definition_is_read_when_it_is_built_and_nothing_else_is(site: TierSite) -> None:
    text = NIGHT.replace("/srv/docs", fill(site, "elsewhere"))
    declare(site, text.replace("[distribution.docs]", '[distribution.docs]\npriority = "high"'))
    build(site)
    realm = site.origin.realm()
    assert realm.distributions["docs"].priority == "high"
    assert realm.channels["night"].send is None
    [version] = site.store.read(lambda tx: tx.versions.retained("docs"))
    assert version.files == 1


def test_a_definition_that_needs_another_edit_waits_with_it(site: TierSite) -> None:
    first = OBJECTS.replace("/srv/docs", fill(site, "first"))
    declare(site, first)
    build(site)
    second = first.replace(str(site.origin.site.root / "first"), fill(site, "second"))
    second = second.replace('distributor = "hq"', 'distributor = "other"')
    declare(site, second + "[distributor.other]\n")
    (site.origin.site.root / "first" / "more").write_text("more\n")
    build(site)
    assert site.origin.realm().distributions["docs"].distributor == "hq"
    [*_, version] = site.store.read(lambda tx: tx.versions.retained("docs"))
    assert version.files == 2


def test_what_is_declared_no_more_is_not_built_and_still_sent(site: TierSite) -> None:
    declare(site, "[distributor.hq]\n[subscriber.north]\n")
    with pytest.raises(NotFound):
        build(site)
    assert "night" in site.origin.follow(LATER).realm.channels
    assert not site.origin.refresh(LATER).realm.channels


def test_what_is_asked_of_a_channel_is_answered_by_what_is_in_effect(site: TierSite) -> None:
    span, settings = Period(LATER, Instant(LATER + 3_600)), site.origin.settings

    def ask(tx: Transaction) -> bool:
        found = find_distributed(tx, settings, "night", LATER)
        assert found is not None
        return bool(open_of(found, span).periods)

    def send(schedule: str) -> None:
        keys = f'[channel.night]\nsend = "{schedule}"'
        declare(site, OBJECTS.replace("[channel.night]", keys))

    send("immediately")
    site.origin.refresh(LATER)
    assert site.store.read(ask)
    send("never")
    assert site.store.read(ask)
    site.origin.refresh(LATER)
    assert not site.store.read(ask)


def test_a_node_that_joins_is_served_at_once(site: TierSite) -> None:
    declare(site, OBJECTS + "[subscriber.late]\n")
    assert "late" not in site.origin.realm().subscribers
    site.join("late")
    assert "late" in site.origin.realm().subscribers


def test_show_marks_what_is_not_in_effect(site: TierSite) -> None:
    store, settings = site.store, site.origin.settings
    assert show_object(store, settings, "channel", "night")["not_in_effect"] == {}
    declare(site, NIGHT + '[subscriber.new]\ninput_rate = "1MiB"\n')
    assert show_object(store, settings, "channel", "night")["not_in_effect"] == {"send": None}
    waiting = show_object(store, settings, "distributor", "hq")["waiting"]
    assert waiting == ["channel:night", "subscriber:new"]
    listed = {
        one["id"]: one["not_in_effect"] for one in list_objects(store, settings, "subscriber")
    }
    assert listed == {"new": ["input_rate"], "north": [], "oslo": [], "south": []}
    site.origin.refresh(LATER)
    declare(site, OBJECTS)
    held = show_object(store, settings, "channel", "night")["not_in_effect"]
    assert held == {"send": "daily window 22:00-02:00"}
    assert "subscriber:new" in show_object(store, settings, "distributor", "hq")["waiting"]


def test_show_prints_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def run(*words: str) -> str:
        assert main(["--site", str(tmp_path / "site"), *words]) == 0
        return capsys.readouterr().out

    run("init")
    path = tmp_path / "objects.toml"
    path.write_text(OBJECTS)
    run("apply", str(path))
    run("distributor", "refresh", "hq")
    assert "next refresh" not in run("channel", "show", "night")
    path.write_text(NIGHT)
    capsys.readouterr()
    assert main(["--site", str(tmp_path / "site"), "apply", str(path)]) == 0
    said = "in effect from the next refresh on: channel:night; at once: horarium distributor"
    assert said in capsys.readouterr().err
    shown = run("channel", "show", "night")
    assert (
        "send = daily window 22:00-02:00  (from the next refresh on; until then nothing)" in shown
    )
    assert "waits for the next refresh: channel:night" in run("distributor", "show", "hq")
    tried = run("distributor", "refresh", "hq", "--dry-run")
    assert "would be in effect now: channel:night" in tried
    assert "is in effect now: channel:night" in run("distributor", "refresh", "hq")
    assert "next refresh" not in run("channel", "show", "night")


def test_a_refresh_that_is_only_tried_shows_what_edits_would_change(site: TierSite) -> None:
    origin, store = site.origin, site.store

    def refresh(*, dry_run: bool) -> Refreshed:
        return refresh_now(
            origin.site, origin.settings, store, "hq", LATER, dry_run=dry_run
        )  # fmt: skip

    declare(site, OBJECTS + '[subscriber.new]\n[channel.day]\ndistributions = ["docs"]\n'
            'subscribers = ["new"]\n')  # fmt: skip
    tried = refresh(dry_run=True)
    assert "statement/node/new" in tried.published
    assert tried.edits == ("channel:day", "subscriber:new")
    assert "new" not in origin.realm().subscribers
    assert refresh(dry_run=False) == tried
    assert not refresh(dry_run=True).published


def test_a_build_that_is_only_tried_goes_by_the_definition_as_it_is_declared(
    site: TierSite,
) -> None:
    declare(site, OBJECTS.replace("/srv/docs", fill(site, "elsewhere")))
    foreseen = foresee_build(
        Foreseeing(site.origin.site, site.origin.settings, site.store),
        "docs",
        FixedClock(LATER),
    )
    assert isinstance(foreseen, Foreseen)
    assert site.origin.realm().distributions["docs"].content["source"] == "/srv/docs"

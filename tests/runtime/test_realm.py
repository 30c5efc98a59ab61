"""Objects of distribution: applied all or none, exported, pruned, and read as a realm."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from tests.office import NOW, Office

from horarium.distribution.precedence import schedule_of
from horarium.distribution.realm import Realm
from horarium.distribution.tree import expected
from horarium.kernel.errors import Conflict, NotFound
from horarium.kernel.schedule_writing import format_schedule
from horarium.runtime.applying import apply_objects
from horarium.runtime.exporting import as_toml, export_objects
from horarium.runtime.faults import BadObjects
from horarium.runtime.objects import DISTRIBUTED, read_objects
from horarium.runtime.realm import declared_realm
from horarium.runtime.settings import default_settings

OBJECTS = """
[distributor."hq"]
[distribution."intranet"]
distributor = "hq"
type = "desktop-application"
source = "/srv/intranet"
target = "%DEST_VOLUME%/www"
build = "daily MO-FR start 18:30"
priority = "high"
pre = [{ stop_service = "httpd" }]
[subscriber_group.branches]
members = ["s1", "s2"]
[channel.night]
distributions = ["intranet"]
subscribers = ["@branches", "lab1"]
inactive = ["lab1"]
send = "daily window 22:00-02:00"
rate_grid = ["Mon-Fri 22:00-23:00 2Mbit", "Mon-Sun 23:00-02:00 unlimited"]
[subscriber.lab1]
[subscriber.p1]
[subscriber.s2]
[subscriber.s1]
parents = ["p1"]
channels = ["night"]
use_policy = { settings = true, schedule = false }
extract = "immediately"
output_rate = { high = "2Mbit" }
[policy.branches]
applies_to = "@branches"
extract = { type = "daily", start = 02:00:00, end = "04:00" }
"""


def site() -> Office:
    return Office(settings=replace(default_settings(), zone="Europe/Berlin"))


def apply(
    office: Office, tmp_path: Path, text: str, *, prune: bool = False, dry_run: bool = False
) -> list[str]:
    file = tmp_path / "objects.toml"
    file.write_text(text)
    changes = apply_objects(office.store, read_objects([file]), NOW, prune=prune, dry_run=dry_run)
    return [str(change) for change in changes]


def realm(office: Office) -> Realm:
    return office.store.read(lambda tx: declared_realm(tx, office.settings))


def test_what_is_applied_is_the_realm_and_again_nothing_changes(tmp_path: Path) -> None:
    office = site()
    changed = apply(office, tmp_path, OBJECTS)
    assert "distributor hq: added" in changed
    assert 'distribution intranet: type = "file"' in changed
    found = realm(office)
    assert (found.zone, len(found.seed)) == ("Europe/Berlin", 32)
    assert list(expected(found, "intranet")) == ["s1", "s2"]
    held = schedule_of(found, "subscriber", "s2")
    assert held.value is not None
    assert format_schedule(held.value) == "daily window 02:00-04:00"
    assert apply(office, tmp_path, OBJECTS) == []
    assert realm(office).seed == found.seed


def test_what_is_exported_is_applied_without_a_change(tmp_path: Path) -> None:
    office = site()
    apply(office, tmp_path, OBJECTS)
    text = as_toml(export_objects(office.store, None, None))
    assert apply(office, tmp_path, text, prune=True) == []
    other = site()
    apply(other, tmp_path, text)
    assert replace(realm(other), seed="") == replace(realm(office), seed="")
    one = export_objects(office.store, "channel", "night")
    assert list(one) == ["channel"]
    with pytest.raises(NotFound):
        export_objects(office.store, "channel", "Night")


def test_a_dry_run_changes_nothing(tmp_path: Path) -> None:
    office = site()
    assert apply(office, tmp_path, OBJECTS, dry_run=True)
    assert realm(office) == Realm(zone="Europe/Berlin")


def test_what_does_not_fit_together_changes_nothing(tmp_path: Path) -> None:
    office = site()
    wrong = OBJECTS.replace('parents = ["p1"]', 'parents = ["p2"]')
    with pytest.raises(BadObjects) as caught:
        apply(office, tmp_path, wrong)
    (fault,) = caught.value.faults
    assert (fault.line, fault.path, fault.message) == (
        23, "subscriber.s1.parents", "there is no subscriber p2",
    )  # fmt: skip
    assert realm(office).subscribers == {}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('distributor = "hq"', 'distributor = "hp"', "there is no distributor hp"),
        ("[subscriber.lab1]", "", "there is no subscriber lab1"),
        ('members = ["s1", "s2"]', 'members = ["s1", "s9"]', "there is no subscriber s9"),
        ('inactive = ["lab1"]', 'inactive = ["p1"]', "p1 is not subscribed"),
        ('applies_to = "@branches"', 'applies_to = "@brunches"', "did you mean"),
        ("[subscriber.p1]", '[subscriber.p1]\nparents = ["s1"]', "circle"),
        ("[policy.branches]", '[policy.other]\napplies_to = "@branches"\n[policy.branches]',
         "equal width"),
        ('[distributor."hq"]', '[distributor."hq"]\nrefresh = "interval 1m"',
         "two refreshes lie 60 s apart"),
        ('[distributor."hq"]', '[distributor."hq"]\nroutes = { nobody = "" }',
         "there is no subscriber nobody"),
        ("[subscriber.lab1]", '[subscriber.lab1]\ncalendar = "line@example.com"\n'
         'open_when = "free"', "there is no resource line@example.com"),
        ("send = ", 'rings = [{ group = "pilot" }]\nsend = ', "there is no group of subscribers"),
    ],
)  # fmt: skip
def test_each_misfit_is_told(tmp_path: Path, old: str, new: str, message: str) -> None:
    with pytest.raises(BadObjects, match=message):
        apply(site(), tmp_path, OBJECTS.replace(old, new, 1))


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ('[channel.Night]', "is no name: a name is 1 to 63"),
        ('[channel.night]\nsnd = "never"', 'did you mean "send"'),
        ('[channel.night]\nsend = "periodic 01:00"', "it needs for"),
        ('[channel.night]\nsend = { type = "daily", strt = "01:00" }', "did you mean 'start'"),
        ('[channel.night]\nrate_grid = ["Mon 10-11 2Mbit"]', "is no line like"),
        ('[channel.night]\ncalendar = "r@example.com"', "go together"),
        ('[channel.night]\nrings = [{ group = "a" }, { group = "a" }]', "each of another group"),
        ('[distribution.d]\nsource = "/srv"', "names no distributor"),
        ('[distribution.d]\ndistributor = "hq"', "source or files or remove is missing"),
        ('[distribution.d]\ndistributor = "hq"\nsource = "/srv"\nurls = ["https://x/"]',
         "goes with the type http"),
        ('[distribution.d]\ndistributor = "hq"\ntype = "http"\nurls = ["https://x.example/"]\n'
         "sequential = true", "only files go in sequence"),
        ('[distribution.d]\ndistributor = "hq"\nsource = "/srv"\ndelete_previous_first = true',
         "max_revisions = 1"),
        ('[distribution.d]\ndistributor = "hq"\nsource = "/srv"\nmax_revisions = 0',
         "from 1 to"),
        ('[distribution.d]\ndistributor = "hq"\nsource = "/srv"\npre = [{ run = ["x"] }]',
         "no absolute path"),
        ('[subscriber.s]\nparents = ["s"]', "not its own parent"),
        ('[subscriber.s]\nextract = "daily zone receiver"', "has no receivers"),
        ('[subscriber.s]\ninput_rate = "100"', "at least 1024"),
        ('[subscriber.s]\nrefresh = "never"', "there is no such key"),
        ('[distributor.hq]\nmax_concurrent = 0', "from 1 to 100000"),
        ('[policy.p]\nrelay = "later"', "none of cut_through, store_and_forward"),
    ],
)  # fmt: skip
def test_what_can_not_be_read_is_told_with_its_place(
    tmp_path: Path, written: str, message: str
) -> None:
    with pytest.raises(BadObjects) as caught:
        apply(site(), tmp_path, written)
    assert "objects.toml:" in str(caught.value)
    assert message in str(caught.value)


def test_what_is_needed_is_not_pruned(tmp_path: Path) -> None:
    office = site()
    apply(office, tmp_path, OBJECTS)
    without = OBJECTS.replace('[distributor."hq"]', "")
    with pytest.raises(Conflict, match="distributor hq is not removed: it is needed by distribut"):
        apply(office, tmp_path, without, prune=True)
    gone = apply(office, tmp_path, "", prune=True)
    assert [line for line in gone if not line.startswith("resource")] == [
        f"{kind} {name}: removed"
        for kind in DISTRIBUTED
        for name in {
            "policy": ["branches"], "distributor": ["hq"], "distribution": ["intranet"],
            "channel": ["night"], "subscriber": ["lab1", "p1", "s1", "s2"],
            "subscriber_group": ["branches"],
        }[kind]
    ]  # fmt: skip
    assert realm(office).subscribers == {}


def test_an_old_name_and_switches_nobody_needs_are_accepted_and_told(tmp_path: Path) -> None:
    file = tmp_path / "objects.toml"
    file.write_text(OBJECTS.replace('priority = "high"', "digest = true\nencrypt = false"))
    declared = read_objects([file])
    assert [warning.partition(": ")[2] for warning in declared.warnings] == [
        "distribution.intranet.type: desktop-application is kept as file, which is sequential",
        "distribution.intranet.digest: is always on: the key is not kept",
        "distribution.intranet.encrypt: is always on: the key is not kept",
    ]
    assert "digest" not in declared.distributed["distribution"]["intranet"]

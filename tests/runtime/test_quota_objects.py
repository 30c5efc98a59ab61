"""Declared quotas: applied, exported, changed by command, reviewed, and replenished each day."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from tests.office import NOW, ROOM, Office, oslo

from horarium.booking.quota import Allowance, Charge
from horarium.booking.quota_table import TableKind
from horarium.kernel.errors import CorruptState, NotFound
from horarium.kernel.instant import Instant
from horarium.kernel.period import Period
from horarium.kernel.zone import named
from horarium.runtime.applying import apply_objects
from horarium.runtime.directory import Directory, read_directory
from horarium.runtime.exporting import as_toml, export_objects
from horarium.runtime.faults import BadObjects
from horarium.runtime.objects import DeclaredObjects, read_objects
from horarium.runtime.questions import Questions
from horarium.runtime.quota_answers import start_of_day, summaries, usage_of
from horarium.runtime.quotas import change_table, read_quotas, table_of
from horarium.runtime.review import review
from horarium.runtime.settings import default_settings
from horarium.store.directory import Setting
from horarium.store.store import Transaction

CADILLAC = "resource-car-cadillac@example.com"
PONTIAC = "resource-car-pontiac@example.com"
VOLE = "vincent.vole@example.com"
CARS = f"""
[quota."cars"]
limits = {{ "mailto:vincent.vole@example.com" = "PT10H", "*" = "PT5H" }}
groups = {{ "*" = "all" }}
delegates = ["{CADILLAC}", "{PONTIAC}"]
"""
RESOURCES = f'[resource."{CADILLAC}"]\n[resource."{PONTIAC}"]\n'
DEVELOPERS = """
[group."developers"]
members = ["vincent.vole@example.com", "harvey.horse@example.com"]
"""
HOUR = 3_600


def site() -> Office:
    """A site in Oslo for which nothing is declared but a room."""
    office = Office(settings=replace(default_settings(), zone="Europe/Oslo"))
    apply_objects(office.store, DeclaredObjects(), NOW, prune=False, dry_run=False)
    return office


def declared(tmp_path: Path, text: str) -> DeclaredObjects:
    (tmp_path / "objects.toml").write_text(text)
    return read_objects([tmp_path / "objects.toml"])


def apply(office: Office, tmp_path: Path, text: str, *, prune: bool = False) -> list[str]:
    found = declared(tmp_path, text)
    changes = apply_objects(office.store, found, NOW, prune=prune, dry_run=False)
    return [str(change) for change in changes]


def directory(office: Office) -> Directory:
    return office.store.read(lambda tx: read_directory(tx, office.settings))


def charge(office: Office, start: str, end: str, who: str = VOLE, uid: str = "a") -> None:
    """Charges an event of the first car to the quota `cars` as a decision would."""
    cadillac = next(u for u in directory(office).registered if u.uri.endswith(CADILLAC))
    quota = cadillac.resource.quotas["cars"]
    span = Period(oslo(start), oslo(end))
    one = Charge("cars", quota.identity(who), who, span.start, span)
    office.store.transact([], lambda tx: tx.quotas.restate(cadillac.id, uid, [one]))


def used(office: Office) -> dict[str, int]:
    return dict(office.store.read(lambda tx: tx.quotas.usage("cars")))


def test_what_the_interface_shows_is_in_force(tmp_path: Path) -> None:
    office = site()
    assert len(apply(office, tmp_path, RESOURCES + CARS)) == 2 + 3
    assert apply(office, tmp_path, RESOURCES + CARS) == []
    found = directory(office)
    cars = found.quotas["cars"]
    assert dict(cars.limits) == {VOLE: 10 * HOUR, "*": 5 * HOUR}
    assert cars.identity(VOLE) == "all"
    assert cars.allowance("all") == Allowance(5 * HOUR)
    assert cars.delegates == (CADILLAC, PONTIAC)
    assert all(user.resource.quotas == found.quotas for user in found.registered)
    assert all(user.resource.quota_faults == {} for user in found.registered)


def test_a_quota_without_keys_is_read_and_holds_nothing(tmp_path: Path) -> None:
    office = site()
    assert apply(office, tmp_path, '[quota."cars"]\n') == []
    assert directory(office).quotas == {}


def test_every_fault_is_told_with_its_line(tmp_path: Path) -> None:
    text = """[quota."cars"]
limit = {}
groups = { "mailto:vincent.vole@" = "all" }
delegates = ["cars"]
[quota."cars".limits]
"*" = "PT"
"vincent.vole@example.com" = "PT1H"
"mailto:vincent.vole@example.com" = "PT2H"
[quota."room@example.com"]
[quota."mailto:Room@example.com"]
[quota." "]
"""
    with pytest.raises(BadObjects) as caught:
        declared(tmp_path, text)
    said = [str(fault).removeprefix(f"{tmp_path}/") for fault in caught.value.faults]
    assert said == [
        'objects.toml:2:1: quota.cars.limit: there is no such key; did you mean "limits"?',
        'objects.toml:3:12: quota.cars.groups."mailto:vincent.vole@": '
        '"mailto:vincent.vole@" is not an address: domain',
        'objects.toml:4:1: quota.cars.delegates: "cars" is not an address: no_at',
        'objects.toml:6:1: quota.cars.limits."*": "PT" is not a duration',
        'objects.toml:8:1: quota.cars.limits."mailto:vincent.vole@example.com": '
        '"mailto:vincent.vole@example.com" is listed twice',
        'objects.toml:10:1: quota."mailto:Room@example.com": '
        "mailto:room@example.com is declared twice",
        'objects.toml:11:1: quota." ": a quota\'s name is text on one line',
    ]


def test_what_is_exported_and_applied_changes_nothing(tmp_path: Path) -> None:
    office = site()
    apply(office, tmp_path, RESOURCES + DEVELOPERS + CARS.replace('"*" = "all"', "developers='a'"))
    text = as_toml(export_objects(office.store, None, None))
    assert 'limits = { "mailto:vincent.vole@example.com" = "PT10H", "*" = "PT5H" }' in text
    assert apply(office, tmp_path, text) == []
    one = export_objects(office.store, "quota", "cars")
    assert list(one) == ["quota"]
    assert list(one["quota"]["cars"]) == ["limits", "groups", "delegates"]
    with pytest.raises(NotFound):
        export_objects(office.store, "quota", "Cars")


def test_the_order_in_which_a_table_was_written_is_kept(tmp_path: Path) -> None:
    office = site()
    apply(office, tmp_path, '[quota.cars]\ngroups = { "z@x.example" = "b", "a@x.example" = "a" }\n')
    table = office.store.read(lambda tx: table_of(tx, "cars", TableKind.GROUPS))
    assert [row[1] for row in table] == ["b", "a"]


def test_a_change_by_command_stands_until_the_file_says_something_else(tmp_path: Path) -> None:
    office = site()
    apply(office, tmp_path, RESOURCES + CARS)
    change_table(office.store, "cars", TableKind.LIMITS, (("*", "PT1H"),), NOW, merge=False)
    assert apply(office, tmp_path, RESOURCES + CARS) == []
    assert dict(directory(office).quotas["cars"].limits) == {"*": HOUR}
    settings = office.store.read(lambda tx: tx.directory.settings())
    assert [s.name for s in settings if s.drifts] == ["limits"]
    (change,) = apply(office, tmp_path, RESOURCES + CARS.replace("PT5H", "PT7H"))
    assert "PT7H" in change
    assert dict(directory(office).quotas["cars"].limits)["*"] == 7 * HOUR


def test_pruning_removes_what_files_declared_and_not_what_commands_set(tmp_path: Path) -> None:
    office = site()
    apply(office, tmp_path, RESOURCES + CARS)
    change_table(office.store, "bikes", TableKind.LIMITS, (("*", "*"),), NOW, merge=False)
    assert apply(office, tmp_path, RESOURCES) == []
    assert set(directory(office).quotas) == {"bikes", "cars"}
    changes = apply(office, tmp_path, RESOURCES, prune=True)
    assert "quota cars: removed" in changes
    assert set(directory(office).quotas) == {"bikes"}


def test_a_key_that_leaves_its_file_goes(tmp_path: Path) -> None:
    office = site()
    apply(office, tmp_path, RESOURCES + CARS)
    (change,) = apply(office, tmp_path, RESOURCES + CARS.replace('groups = { "*" = "all" }', ""))
    assert change.startswith("quota cars: groups is no longer set")


def test_a_quota_that_can_not_be_read_is_named_and_not_in_force(tmp_path: Path) -> None:
    office = site()
    apply(office, tmp_path, RESOURCES + CARS)

    def spoil(tx: Transaction) -> None:
        value = json.dumps([["*", "soon"]])
        tx.directory.put(Setting("quota:cars", "limits", value, None, ""))
        tx.directory.put(Setting("quota:bikes", "limits", "{", None, ""))
        tx.directory.put(Setting("quota:boats", "limits", '[["*", "PT1H"]]', None, ""))

    office.store.transact([], spoil)
    found = directory(office)
    assert set(found.quotas) == {"boats"}
    faults = found.registered[0].resource.quota_faults
    assert set(faults) == {"cars", "bikes"}
    assert faults["cars"] == 'quota cars: limits: "soon" is not a duration'
    with pytest.raises(CorruptState):
        change_table(office.store, "bikes", TableKind.LIMITS, (("*", "*"),), NOW, merge=True)
    change_table(office.store, "bikes", TableKind.LIMITS, (("*", "*"),), NOW, merge=False)
    assert "bikes" in directory(office).quotas
    assert {s.name: bool(s.fault) for s in summaries(office.store, office.settings)} == {
        "bikes": False, "boats": False, "cars": True,
    }  # fmt: skip


def test_a_quota_whose_group_is_gone_is_out_of_order(tmp_path: Path) -> None:
    office = site()
    text = '[quota.cars]\ngroups = { developers = "crew" }\n'
    apply(office, tmp_path, DEVELOPERS + text)
    assert directory(office).quotas["cars"].identity(VOLE) == "crew"
    apply(office, tmp_path, text, prune=False)
    assert "cars" in directory(office).quotas
    office.store.transact([], lambda tx: tx.directory.put_group("developers", ()))
    found = office.store.read(read_quotas)
    assert found.known == {}
    assert "developers" in found.faults["cars"]


# --- who is charged follows the groups -------------------------------------------


def test_changed_groups_take_the_usage_along_by_command(tmp_path: Path) -> None:
    office = site()
    apply(office, tmp_path, RESOURCES + CARS)
    charge(office, "2026-12-01 09:00", "2026-12-01 15:00")
    assert used(office) == {"all": 6 * HOUR}
    rows = (("mailto:vincent.vole@example.com", "developers"),)
    change_table(office.store, "cars", TableKind.GROUPS, rows, NOW, merge=True)
    assert used(office) == {"developers": 6 * HOUR}
    change_table(office.store, "cars", TableKind.GROUPS, (), NOW, merge=False)
    assert used(office) == {VOLE: 6 * HOUR}


def test_changed_groups_take_the_usage_along_by_file(tmp_path: Path) -> None:
    office = site()
    cars = CARS.replace('"*" = "all"', 'developers = "crew"')
    apply(office, tmp_path, RESOURCES + DEVELOPERS + cars)
    charge(office, "2026-12-01 09:00", "2026-12-01 15:00")
    assert used(office) == {"crew": 6 * HOUR}
    others = DEVELOPERS.replace('"vincent.vole@example.com", ', "")
    apply(office, tmp_path, RESOURCES + others + cars)
    assert used(office) == {VOLE: 6 * HOUR}, "a member that left the declared group"
    apply(office, tmp_path, RESOURCES + others + CARS)
    assert used(office) == {"all": 6 * HOUR}
    apply(office, tmp_path, RESOURCES, prune=True)
    assert used(office) == {VOLE: 6 * HOUR}


def test_changed_limits_cancel_nothing(tmp_path: Path) -> None:
    office = site()
    apply(office, tmp_path, RESOURCES + CARS)
    charge(office, "2026-12-01 09:00", "2026-12-01 13:00")
    change_table(office.store, "cars", TableKind.LIMITS, (("all", "PT1H"),), NOW, merge=False)
    usage = usage_of(office.store, office.settings, "cars", None)
    ((row),) = usage.rows
    assert (row.identity, row.used, row.free, row.entries) == ("all", 4 * HOUR, 0, 1)


# --- review --------------------------------------------------------------------


def test_what_cannot_work_or_can_hardly_be_meant_is_told(tmp_path: Path) -> None:
    text = f"""[resource."{CADILLAC}"]
aliases = ["caddy@example.com"]
scheduling_function = \"\"\"
check_quota cars
check_quota
\"\"\"
[quota."cars"]
groups = {{ "developres" = "crew" }}
delegates = ["caddy@example.com", "{PONTIAC}"]
[quota."bikes"]
limits = {{ "*" = "*" }}
{DEVELOPERS}"""
    wrong, odd = review(declared(tmp_path, text))
    place = f"{tmp_path}/objects.toml"
    said = [str(fault) for fault in wrong if "quota" in fault.path]
    assert said == [
        f'{place}:8:1: quota."cars".groups.developres: "developres" is no address, '
        'and no group is declared so; did you mean "developers"?'
    ]
    said = [
        str(fault) for fault in odd if "quota" in str(fault) and "no function" not in str(fault)
    ]
    unless = 'unless "horarium quota limits" has set some'
    path = f'resource."{CADILLAC}".scheduling_function'
    assert said == [
        f'{place}:9:1: quota."cars".delegates: {PONTIAC} is no resource declared here; '
        "it is never chosen",
        f"{place}:3:1: {path}: line 1: quota cars has no limits in these files; "
        f"it declines everybody {unless}",
        f"{place}:3:1: {path}: line 2: quota mailto:{CADILLAC} has no limits in these files; "
        f"it declines everybody {unless}",
    ]


# --- each day ------------------------------------------------------------------


def test_upkeep_replenishes_quotas_from_the_start_of_the_day(tmp_path: Path) -> None:
    office = site()
    apply(office, tmp_path, RESOURCES + CARS)
    charge(office, "2026-11-30 09:00", "2026-11-30 15:00", uid="a")
    charge(office, "2026-11-30 22:00", "2026-12-01 00:00", uid="b")
    charge(office, "2026-12-01 00:00", "2026-12-01 01:00", uid="c")
    charge(office, "2026-11-30 23:00", "2026-12-01 02:00", uid="d")
    office.now = oslo("2026-12-01 03:10")
    report = office.upkeep()
    assert (report.expired, report.failures) == (2, [])
    assert used(office) == {"all": 4 * HOUR}, "what ends today counts, whenever it began"
    assert office.store.read(lambda tx: tx.quotas.mark("cars")) == oslo("2026-12-01 00:00")
    assert office.upkeep().expired == 0
    assert "expired 0" in office.upkeep().detail


def test_the_day_begins_on_the_clocks_of_the_site() -> None:
    assert start_of_day(oslo("2026-12-01 00:30"), named("Europe/Oslo")) == oslo("2026-12-01 00:00")
    assert start_of_day(oslo("2026-12-01 00:30"), named("UTC")) == oslo("2026-11-30 01:00")


def test_upkeep_drops_what_has_grown_too_old_in_pieces(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = site()
    apply(office, tmp_path, RESOURCES + CARS)
    for day in range(1, 8):
        charge(office, f"2026-12-0{day} 09:00", f"2026-12-0{day} 10:00", uid=str(day))
    monkeypatch.setattr("horarium.runtime.upkeep.ROWS", 2)
    office.now = Instant(oslo("2026-12-05 12:00") + 400 * 86_400)
    assert office.upkeep().dropped == 5
    journal = office.store.read(lambda tx: tx.quotas.journal("cars"))
    assert [entry.uid for entry in journal] == ["6", "7"]


# --- the two questions ---------------------------------------------------------


def test_a_quota_answers_for_the_resources_that_share_it(tmp_path: Path) -> None:
    office = site()
    apply(office, tmp_path, RESOURCES + CARS)
    charge(office, "2026-12-01 09:00", "2026-12-01 10:00")
    charge(office, "2026-11-20 09:00", "2026-11-20 10:00", uid="over")
    assert office.invite("2026-12-01 09:00", "2026-12-01 12:00", to=CADILLAC) == "ACCEPTED"
    assert office.invite("2026-12-01 11:00", "2026-12-01 13:00", to=PONTIAC) == "ACCEPTED"
    questions = Questions(office.store, office.settings)
    day = oslo("2026-12-01 00:00"), oslo("2026-12-02 00:00")
    found = questions.open("cars", *day, NOW)
    assert found.kind == "quota"
    assert [(p.start, p.end) for p in found.periods] == [
        (day[0], oslo("2026-12-01 11:00")),
        (oslo("2026-12-01 12:00"), day[1]),
    ]
    id_, kind, coming = questions.next("quota:cars", 5, NOW)
    assert (id_, kind) == ("cars", "quota")
    assert [(item.at, item.what) for item in coming] == [
        (oslo("2026-12-01 09:00"), f"{CADILLAC}, {VOLE} (all)")
    ]
    shut = questions.why_at("cars", oslo("2026-12-01 11:30"), NOW)
    assert shut.verdict == "closed"
    assert [(s.gate, s.verdict) for s in shut.steps] == [(CADILLAC, "closed"), (PONTIAC, "closed")]
    assert questions.why_at("cars", oslo("2026-12-01 09:30"), NOW).verdict == "open"
    with pytest.raises(NotFound):
        questions.next("carts", 5, NOW)


def test_a_quota_without_delegates_is_those_who_name_it() -> None:
    office = Office({ROOM: {"scheduling_function": "schedule_in_freebusy\nadd_to_quota rooms"}})
    found = Questions(office.store, office.settings).open("rooms", NOW, Instant(NOW + HOUR), NOW)
    assert found.kind == "quota"
    assert [(p.start, p.end) for p in found.periods] == [(NOW, NOW + HOUR)]

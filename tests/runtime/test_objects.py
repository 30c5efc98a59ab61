"""Declared objects: read from files, wrong only with a place."""

from pathlib import Path

import pytest
from tests.office import Office

from horarium.kernel.errors import NotFound
from horarium.runtime.applying import apply_objects
from horarium.runtime.declared import entries_declared, review_directives, stored_directives
from horarium.runtime.exporting import as_toml, export_objects
from horarium.runtime.faults import BadObjects
from horarium.runtime.objects import DeclaredObjects, digest, read_objects

INTERFACE = '''
[resource."Resource-Room-Confroom@Example.com"]        # a bare address means mailto:
name = "Conference room"
zone = "Europe/Oslo"
scheduling_function = """
schedule_in_freebusy
access_control_list
"""
acl = """
accept
decline attendee simon.skunk@example.com
"""

[group."developers"]
members = ["vincent.vole@example.com", "mailto:harvey.horse@example.com"]

[defaults.resource]
window_size = 50
CN = ""
'''


def read(tmp_path: Path, text: str) -> DeclaredObjects:
    (tmp_path / "objects.toml").write_text(text)
    return read_objects([tmp_path / "objects.toml"])


def faults(tmp_path: Path, text: str) -> list[str]:
    with pytest.raises(BadObjects) as caught:
        read(tmp_path, text)
    return [str(fault).removeprefix(f"{tmp_path}/") for fault in caught.value.faults]


def test_what_the_interface_shows_is_read(tmp_path: Path) -> None:
    declared = read(tmp_path, INTERFACE)
    key = "resource-room-confroom@example.com"
    assert declared.resources == {
        key: {
            "CN": "Conference room",
            "TZID": "Europe/Oslo",
            "scheduling_function": "schedule_in_freebusy\naccess_control_list\n",
            "acl": "accept\ndecline attendee simon.skunk@example.com\n",
        }
    }
    assert declared.spellings[key] == "Resource-Room-Confroom@Example.com"
    assert declared.groups == {
        "developers": ("vincent.vole@example.com", "harvey.horse@example.com")
    }
    assert declared.defaults == {"window_size": 50}
    assert declared.digests["defaults", "resource", "window_size"] == digest(50)
    assert declared.places["resource", key, "CN"] == f"{tmp_path}/objects.toml:3"
    assert ("defaults", "resource", "CN") not in declared.digests


def test_every_fault_is_told_with_its_line(tmp_path: Path) -> None:
    assert faults(
        tmp_path,
        '''[resource."room@example.com"]
nmae = "x"
acl = """
accept
allow
"""
waiting_list = "long"
[resource."not an address"]
[resource."ROOM@example.com"]
[channel.cars]
limits = {}
[resurce."a@example.com"]
[group.x]
member = []
[group.y]
members = ["nobody"]
[defaults.channel]
[defaults.resource]
horizon = "soon"
''',
    ) == [
        'objects.toml:2:1: resource."room@example.com".nmae: '
        'there is no such preference; did you mean "name"?',
        'objects.toml:5:1: resource."room@example.com".acl: '
        'a rule begins with accept or decline: "allow"',
        'objects.toml:7:1: resource."room@example.com".waiting_list: '
        'expected yes or no, not "long"',
        'objects.toml:8:1: resource."not an address": "not an address" is not an address: no_at',
        'objects.toml:9:1: resource."ROOM@example.com": room@example.com is declared twice',
        "objects.toml:11:1: channel.cars.limits: there is no such key",
        'objects.toml:12:1: resurce: there is no such kind of object; did you mean "resource"?',
        'objects.toml:14:1: group.x.member: there is no such key; did you mean "members"?',
        'objects.toml:16:1: group.y.members: "nobody" is not an address: no_at',
        "objects.toml:17:1: defaults.channel: only defaults.resource and defaults.person exist",
        "objects.toml:19:1: defaults.resource.horizon: "
        'expected a duration of at least 86400 seconds such as "PT10H", "90m" or seconds, '
        'not "soon"',
    ]


def test_a_folder_is_its_files_in_name_order(tmp_path: Path) -> None:
    (tmp_path / "b.toml").write_text('[resource."b@example.com"]\n')
    (tmp_path / "a.toml").write_text('[resource."a@example.com"]\n')
    (tmp_path / "notes.txt").write_text("no toml")
    assert list(read_objects([tmp_path]).resources) == ["a@example.com", "b@example.com"]
    (tmp_path / "c.toml").write_text("[resource")
    (tmp_path / "d.toml").write_text('[resource."a@example.com"]\n')
    with pytest.raises(BadObjects) as caught:
        read_objects([tmp_path])
    assert [Path(fault.file).name for fault in caught.value.faults] == ["c.toml", "d.toml"]


def test_a_file_that_is_absent_or_no_file(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"nothing\.toml"):
        read_objects([tmp_path / "nothing.toml"])
    (tmp_path / "link.toml").symlink_to("/etc/hostname")
    with pytest.raises(BadObjects, match="symbolic link"):
        read_objects([tmp_path / "link.toml"])


def test_wrong_shapes(tmp_path: Path) -> None:
    assert faults(tmp_path, "resource = 5\ngroup.x = 3\n") == [
        'objects.toml:1:1: resource: expected tables such as [resource."…"]',
        'objects.toml:2:1: group.x: expected a table [group."x"]',
    ]


# --- directives ---------------------------------------------------------------------

DIRECTIVES = (
    """
[directive."backup"]
run = ["/usr/local/bin/backup", "--full", "a \\"b\\" \\\\ ü"]
schedule = { type = "daily", start = 02:30:00, zone = "Europe/Oslo" }
timeout = "1h"

[directive.confirm-print]
run = ["print-badge", "--desk", "2"]
schedule = "on slot.confirmed"
task = 2
catch_up = { all = 5, within = "2d" }
enabled = false

[directive."series.1"]
run = ["a"]
[directive."series.1".schedule]
type = "rrule"
rrule = """
    + "'''DTSTART;TZID=Europe/Oslo:20260105T090000\nRRULE:FREQ=WEEKLY'''\n"
)


def bare_office() -> Office:
    """A site with nothing declared."""
    office = Office()
    apply_objects(office.store, DeclaredObjects(), office.now, prune=True, dry_run=False)
    return office


def change(office: Office, declared: DeclaredObjects, **options: bool) -> list[str]:
    chosen = {"prune": False, "dry_run": False, **options}
    return [str(c) for c in apply_objects(office.store, declared, office.now, **chosen)]


def test_directives_are_kept_as_they_were_written(tmp_path: Path) -> None:
    office = bare_office()
    declared = read(tmp_path, DIRECTIVES)
    assert change(office, declared) == [
        "directive backup: added",
        'directive backup: run = ["/usr/local/bin/backup", "--full", "a \\"b\\" \\\\ ü"]',
        'directive backup: schedule = {"start": "02:30:00", "type": "daily", '
        '"zone": "Europe/Oslo"}',
        'directive backup: timeout = "1h"',
        "directive confirm-print: added",
        'directive confirm-print: run = ["print-badge", "--desk", "2"]',
        'directive confirm-print: schedule = "on slot.confirmed"',
        "directive confirm-print: task = 2",
        'directive confirm-print: catch_up = {"all": 5, "within": "2d"}',
        "directive confirm-print: enabled = false",
        "directive series.1: added",
        'directive series.1: run = ["a"]',
        'directive series.1: schedule = {"rrule": '
        '"DTSTART;TZID=Europe/Oslo:20260105T090000\\nRRULE:FREQ=WEEKLY", "type": "rrule"}',
    ]
    assert office.store.read(stored_directives) == declared.directives
    assert change(office, declared) == []


def test_stored_directives_are_entries_in_the_sites_zone(tmp_path: Path) -> None:
    office = bare_office()
    change(office, read(tmp_path, DIRECTIVES))
    entries = entries_declared(office.store.read(stored_directives), office.settings)
    assert [(e.name, e.task, e.schedule.zone) for e in entries] == [
        ("backup", 1, "Europe/Oslo"),
        ("confirm-print", 2, office.settings.zone),
        ("series.1", 1, office.settings.zone),
    ]


def test_a_change_of_directives_raises_the_version_and_a_dry_run_does_not(tmp_path: Path) -> None:
    office = bare_office()

    def version() -> int:
        return office.store.read(lambda tx: tx.directory.version())

    declared = read(tmp_path, DIRECTIVES)
    before = version()
    assert len(change(office, declared, dry_run=True)) == 13
    assert (office.store.read(stored_directives), version()) == ({}, before)
    change(office, declared)
    assert version() == before + 1
    change(office, declared)
    assert version() == before + 1


def test_a_key_that_changes_or_leaves_its_file(tmp_path: Path) -> None:
    office = bare_office()
    change(office, read(tmp_path, DIRECTIVES))
    edited = DIRECTIVES.replace("task = 2\n", "").replace('"1h"', '"2h"')
    assert change(office, read(tmp_path, edited)) == [
        'directive backup: timeout = "2h" (was "1h")',
        "directive confirm-print: task is no longer set (was 2)",
    ]
    assert "task" not in office.store.read(stored_directives)["confirm-print"]


def test_what_no_file_declares_stays_until_it_is_pruned(tmp_path: Path) -> None:
    office = bare_office()
    change(office, read(tmp_path, DIRECTIVES))
    one = '[directive.backup]\nrun = ["b"]\nschedule = "daily"\n'
    assert len(change(office, read(tmp_path, one))) == 3
    assert len(office.store.read(stored_directives)) == 3
    assert change(office, read(tmp_path, one), prune=True) == [
        "directive confirm-print: removed",
        "directive series.1: removed",
    ]
    expected = {"backup": {"run": ["b"], "schedule": "daily"}}
    assert office.store.read(stored_directives) == expected


def test_an_export_of_directives_applied_changes_nothing(tmp_path: Path) -> None:
    office = bare_office()
    change(office, read(tmp_path, DIRECTIVES))
    text = as_toml(export_objects(office.store, "directive", None))
    again = read(tmp_path, text)
    assert again.directives == office.store.read(stored_directives)
    assert change(office, again, prune=True) == []
    fresh = bare_office()
    change(fresh, again)
    assert as_toml(export_objects(fresh.store, "directive", None)) == text


def test_one_directive_is_exported_by_its_name(tmp_path: Path) -> None:
    office = bare_office()
    twins = '[directive.a]\nrun = ["x"]\nschedule = "daily"\n'
    change(office, read(tmp_path, twins + twins.replace("directive.a", "directive.A")))
    assert export_objects(office.store, "directive", "a") == {
        "directive": {"a": {"run": ["x"], "schedule": "daily"}}
    }
    with pytest.raises(NotFound, match="there is no directive b"):
        export_objects(office.store, "directive", "b")


def test_every_fault_of_directives_is_told_with_its_line(tmp_path: Path) -> None:
    assert faults(
        tmp_path,
        """[directive."a b"]
run = ["x"]
schedule = "daily"
[directive.c]
run = []
schedule = { type = "daily", strat = "02:30" }
timout = 5
overlap = "allow"

[directive.d]
schedule = { type = "daily", overlap = "skip" }
overlap = "queue_one"
[directive.e]
run = ["x"]
schedule = "on bookin.accepted"
task = 256
""",
    ) == [
        'objects.toml:1:1: directive."a b": a directive\'s name is letters, digits, dots, - and _',
        'objects.toml:7:1: directive.c.timout: there is no such key; did you mean "timeout"?',
        "objects.toml:5:1: directive.c.run: names no program",
        "objects.toml:6:30: directive.c.schedule.strat: "
        "'strat' is no key of a schedule, did you mean 'start'?",
        'objects.toml:10:1: directive.d: needs run, such as ["/usr/local/bin/backup", "--full"]',
        "objects.toml:12:1: directive.d.overlap: "
        "stands here and inside the schedule; one place is enough",
        "objects.toml:15:1: directive.e.schedule.signal: "
        'there is no signal bookin.accepted; did you mean "booking.accepted"?',
        "objects.toml:16:1: directive.e.task: expected a task number from 0 to 255, not 256",
    ]


def test_a_directive_is_declared_once(tmp_path: Path) -> None:
    text = '[directive.a]\nrun = ["x"]\nschedule = "daily"\n'
    (tmp_path / "1.toml").write_text(text)
    (tmp_path / "2.toml").write_text(text)
    with pytest.raises(BadObjects, match=r"2\.toml:1:1: directive\.a: a is declared twice"):
        read_objects([tmp_path])


@pytest.mark.parametrize("mode", [0o666, 0o620])
def test_what_others_can_write_declares_no_directive(tmp_path: Path, mode: int) -> None:
    file = tmp_path / "objects.toml"
    file.write_text('[resource."room@example.com"]\n')
    file.chmod(mode)
    (warning,) = read_objects([file]).warnings
    assert f"mode {mode:04o}" in warning
    file.write_text(file.read_text() + '[directive.a]\nrun = ["x"]\nschedule = "daily"\n')
    with pytest.raises(BadObjects) as caught:
        read_objects([file])
    (fault,) = caught.value.faults
    assert str(fault) == (
        f"{file}:2:1: directive.a: a directive stands in a safe file only: "
        f"can be written by others (mode {mode:04o})"
    )
    file.chmod(0o600)
    assert list(read_objects([file]).directives) == ["a"]
    tmp_path.chmod(0o777)
    with pytest.raises(BadObjects, match="mode 0777"):
        read_objects([file])


def test_what_is_odd_about_a_directive_is_told_with_its_line(tmp_path: Path) -> None:
    office = bare_office()
    text = """[directive.never]
run = ["/bin/true"]
schedule = { type = "yearly", date = "02-29", from = "2000-01-01", until = "2001-01-01" }
[directive.fine]
run = ["/bin/true"]
schedule = "daily"
[directive.narrow]
run = ["/bin/true"]
schedule = "monthly 31 window 08:00-09:00"
"""
    found = review_directives(read(tmp_path, text), office.settings, office.now)
    assert [str(fault).removeprefix(f"{tmp_path}/") for fault in found] == [
        "objects.toml:9:1: directive.narrow.schedule: five months lack day 31: "
        "last is every month's",
        "objects.toml:3:1: directive.never.schedule: there is no moment within the next four years",
        "objects.toml:3:1: directive.never.schedule: "
        "02-29 exists in leap years only: 02-last is every year",
    ]

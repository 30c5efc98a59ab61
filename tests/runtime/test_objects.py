"""Declared objects: read from files, wrong only with a place."""

from pathlib import Path

import pytest

from horarium.kernel.errors import NotFound
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
waiting_list = "on"
[resource."not an address"]
[resource."ROOM@example.com"]
[quota.cars]
limits = {}
[resurce."a@example.com"]
[group.x]
member = []
[group.y]
members = ["nobody"]
[defaults.person]
[defaults.resource]
horizon = "soon"
''',
    ) == [
        'objects.toml:2:1: resource."room@example.com".nmae: '
        'there is no such preference; did you mean "name"?',
        'objects.toml:5:1: resource."room@example.com".acl: '
        'a rule begins with accept or decline: "allow"',
        'objects.toml:7:1: resource."room@example.com".waiting_list: '
        "is not available in this version",
        'objects.toml:8:1: resource."not an address": "not an address" is not an address: no_at',
        'objects.toml:9:1: resource."ROOM@example.com": room@example.com is declared twice',
        "objects.toml:10:1: quota: objects of the kind quota are not available in this version",
        'objects.toml:12:1: resurce: there is no such kind of object; did you mean "resource"?',
        'objects.toml:14:1: group.x.member: there is no such key; did you mean "members"?',
        'objects.toml:16:1: group.y.members: "nobody" is not an address: no_at',
        "objects.toml:17:1: defaults.person: is not available in this version",
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

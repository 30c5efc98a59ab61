"""Every command that acts on versions, keys and nodes says what it would do, and keeps nothing."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from horarium.runtime.site import Site

from .commands import Shell
from .way import Way

REALM = """
[distributor.hq]
[distribution.docs]
distributor = "hq"
source = "{source}"
target = "%DEST_VOLUME%/docs"
build = "never"
[subscriber_group.first]
members = ["oslo"]
[subscriber_group.rest]
members = ["bergen"]
[channel.night]
distributions = ["docs"]
subscribers = ["oslo", "bergen"]
send = "daily window 22:00-02:00"
{channel}
[subscriber.oslo]
[subscriber.bergen]
"""
RINGS = 'rings = [{ group = "first", soak = "1d" }, { group = "rest", soak = "1d" }]'


class Distributor(Shell):
    """A distributor with a realm and a source of two files."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str], channel: str = "") -> None:
        site = folder / "site"
        site.mkdir()
        self.source = folder / "source"
        self.source.mkdir()
        for name in ("one", "two"):
            (self.source / name).write_text(f"{name}\n")
        super().__init__(site, capsys, REALM.format(source=self.source, channel=channel))
        self.said("distributor", "refresh", "hq")

    def kept(self) -> dict[str, object]:
        """All that the site keeps: the rows of its store, and its files."""
        database = Site(self.path).database
        with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
            rows = list(connection.iterdump())
        folder = Site(self.path).distribution
        files = {
            str(path.relative_to(folder)): path.read_bytes()
            for path in sorted(folder.rglob("*"))
            if path.is_file() and path.suffix != ".lock"
        }
        return {"rows": rows, **files}


@pytest.fixture
def site(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Distributor:
    return Distributor(tmp_path, capsys)


def test_a_build_says_which_version_it_would_make_and_of_what(site: Distributor) -> None:
    before = site.kept()
    first = site.json("distribution", "build", "docs", "--dry-run")
    assert first == {
        "distribution": "docs", "version": 1, "changed": True, "files": 2, "bytes": 8,
        "paths": {"added": ["one", "two"], "changed": [], "removed": []}, "dry_run": True,
    }  # fmt: skip
    assert site.kept() == before
    assert site.json("distribution", "build", "docs")["version"] == 1
    (site.source / "one").unlink()
    (site.source / "two").write_text("2\n")
    (site.source / "three").write_text("three\n")
    before = site.kept()
    assert site.said("distribution", "build", "docs", "--dry-run").splitlines() == [
        "docs: would be version 2, 2 files, 8 octets", "  added: three", "  changed: two",
        "  removed: one",
    ]  # fmt: skip
    assert site.kept() == before
    assert site.json("distribution", "build", "docs")["version"] == 2
    assert site.json("distribution", "build", "docs", "--dry-run")["version"] is None
    assert "there would be no version" in site.said("distribution", "build", "docs", "--dry-run")


def test_a_build_that_would_fail_says_so_without_a_build_that_failed(site: Distributor) -> None:
    (site.source / "link").symlink_to("one")
    before = site.kept()
    status, _, err = site.run("distribution", "build", "docs", "--dry-run")
    assert (status, "symbolic link" in err) == (65, True)
    assert site.kept() == before


def test_a_rollback_says_what_it_would_bring_back(site: Distributor) -> None:
    site.said("distribution", "build", "docs")
    (site.source / "two").unlink()
    site.said("distribution", "build", "docs")
    before = site.kept()
    found = site.json("distribution", "rollback", "docs", "--to", "1", "--dry-run")
    assert (found["version"], found["paths"]["added"]) == (3, ["two"])
    assert site.kept() == before


def test_a_window_by_hand_says_who_lacks_what(site: Distributor) -> None:
    way = Way.at(site.path)
    way.name = "docs"
    way.version(1, "2026-03-01T10:00:00Z", "oslo", "bergen")
    way.told(1, "oslo", "received", "2026-03-01T11:00:00Z")
    before = site.kept()
    found = site.json("channel", "send", "night", "--dry-run")
    assert found["awaited"] == [{"distribution": "docs", "version": 1, "receivers": ["bergen"]}]
    assert (found["opened"], found["dry_run"]) == (False, True)
    assert "would be open" in site.said("channel", "send", "night", "--dry-run")
    assert site.kept() == before
    assert site.json("channel", "send", "night")["opened"] is True


def test_adopting_is_judged_before_it_is_done(site: Distributor) -> None:
    site.said("distribution", "build", "docs")
    before = site.kept()
    adopt = ("distribution", "adopt", "docs", "--dry-run", "--version")
    assert "would go on behind version 7" in site.said(*adopt, "7")
    status, _, err = site.run(*adopt, "1")
    assert (status, "was built here" in err) == (1, True)
    assert site.kept() == before


def test_a_refresh_says_what_it_would_publish(site: Distributor) -> None:
    assert site.json("distributor", "refresh", "hq", "--dry-run")["changed"] is False
    site.said("subscriber", "add", "trondheim", "--channels", "night")
    site.said("distribution", "add", "more", "--distributor", "hq", "--source", str(site.source))
    before = site.kept()
    found = site.json("distributor", "refresh", "hq", "--dry-run")
    assert found["changed"] is True
    assert "statement/node/trondheim" in found["published"]
    assert "build.more" in found["published"]
    assert site.kept() == before
    real = site.json("distributor", "refresh", "hq")
    assert real["published"] == found["published"]


def test_before_there_is_a_realm_a_refresh_is_not_foreseen(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shell = Shell(tmp_path, capsys)
    status, _, err = shell.run("distributor", "refresh", "hq", "--dry-run")
    assert (status, "refresh begins one" in err) == (1, True)
    assert not (Site(tmp_path).distribution / "keys").exists()


@pytest.mark.parametrize("role", ["snapshot", "root", "statements", "build.docs"])
def test_keys_are_turned_on_trial(site: Distributor, role: str) -> None:
    def held() -> list[str]:
        roles = site.json("distributor", "keys", "list")["roles"]
        return [key["id"] for one in roles if one["role"] == role for key in one["keys"]]

    before, keys = site.kept(), held()
    found = site.json("distributor", "keys", "rotate", role, "--dry-run")
    assert [key["here"] for key in found["keys"]] == [True]
    assert found["keys"][0]["id"] not in keys
    assert (site.kept(), held()) == (before, keys)
    status, _, err = site.run(
        "distributor", "keys", "rotate", role, "--threshold", "3", "--dry-run"
    )
    assert status != 0, err
    assert site.kept() == before
    site.said("distributor", "keys", "rotate", role)
    assert held() != keys


def test_a_key_to_be_kept_elsewhere_is_not_made_on_trial(site: Distributor, tmp_path: Path) -> None:
    path = tmp_path / "root.key"
    assert site.json("distributor", "keys", "make", str(path), "--dry-run")["public"] is None
    assert not path.exists()
    site.said("distributor", "keys", "make", str(path))
    assert site.run("distributor", "keys", "make", str(path), "--dry-run")[0] == 1


def test_a_node_is_revoked_on_trial(site: Distributor) -> None:
    assert site.run("subscriber", "revoke", "oslo", "--dry-run")[0] == 1
    Way.at(site.path).joined("oslo")
    before = site.kept()
    found = site.json("subscriber", "revoke", "oslo", "--dry-run")
    assert found == {"id": "oslo", "revoked": False, "serial": "serial-oslo", "dry_run": True}
    assert site.kept() == before
    assert site.json("subscriber", "revoke", "oslo")["revoked"] is True


def test_no_token_is_made_on_trial(site: Distributor) -> None:
    before = site.kept()
    found = site.json("node", "token", "oslo", "bergen", "--dry-run")
    assert found == {"names": ["oslo", "bergen"], "dry_run": True}
    assert site.run("node", "token", "osla", "--dry-run")[0] == 1
    assert site.kept() == before


def test_a_release_is_held_and_taken_back_on_trial(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    site = Distributor(tmp_path, capsys, RINGS)
    for text in ("1", "2"):
        (site.source / "one").write_text(text)
        site.said("distribution", "build", "docs")
    before = site.kept()
    paused = site.json("channel", "pause", "night", "--dry-run")
    assert paused["paused"] > 0
    assert site.json("channel", "resume", "night", "--dry-run")["resumed"] == 0
    found = site.json("channel", "rollback", "night", "--dry-run")
    assert found["returns"] == {"docs": {"withdrawn": 2, "to": 1}}
    assert "version 2 would be withdrawn" in site.said("channel", "rollback", "night", "--dry-run")
    assert site.kept() == before
    assert site.json("channel", "pause", "night")["paused"] == paused["paused"]
    resumed = site.json("channel", "resume", "night", "--dry-run")["resumed"]
    assert site.json("channel", "resume", "night")["resumed"] == resumed


def test_a_version_that_nothing_can_take_the_place_of_is_not_withdrawn(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    site = Distributor(tmp_path, capsys, RINGS)
    site.said("distribution", "set", "docs", "--max-revisions", "1")
    for text in ("1", "2"):
        (site.source / "one").write_text(text)
        site.said("distribution", "build", "docs")
    before = site.kept()
    status, _, err = site.run("channel", "rollback", "night")
    assert (status, "no version of docs before 2 is kept" in err) == (1, True)
    assert site.kept() == before


def test_a_check_says_what_it_would_drop_and_mend(site: Distributor) -> None:
    site.said("distribution", "build", "docs")
    contents = sorted((Site(site.path).distribution / "content").rglob("*"))
    [spoilt, gone, *_] = [path for path in contents if path.is_file()]
    spoilt.chmod(0o600)
    spoilt.write_bytes(b"spoilt")
    gone.unlink()
    before = site.kept()
    found = site.json("node", "fsck", "--dry-run", status=1)
    assert found["damaged"] == [f"sha256:{spoilt.name}"]
    assert found["made"] == []
    assert "would be dropped" in site.said("node", "fsck", "--dry-run", status=1)
    assert site.kept() == before
    real = site.json("node", "fsck", status=1)
    assert real["damaged"] == found["damaged"]
    assert site.json("node", "fsck")["damaged"] == []


def test_a_version_that_was_mistyped_is_no_build_that_failed(site: Distributor) -> None:
    site.said("distribution", "build", "docs")
    before = site.kept()
    status, _, err = site.run("distribution", "rollback", "docs", "--to", "14")
    assert (status, "version 14 is not kept (any more); there are 1" in err) == (1, True)
    # Neither a build that failed nor a notice of one.
    assert site.kept() == before

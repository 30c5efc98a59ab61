"""An extraction: what lies at the target afterwards, and what was never touched."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import pytest
from tests.extraction import Folder, Gone, Memory, Node, Put, To, node, tree, version

from horarium.distribution.ending import Deferred, Extracted, Failed
from horarium.distribution.failing import Step, Trouble
from horarium.distribution.installed import Installed

FIRST = {
    "docs": Folder(0o750),
    "docs/a.txt": b"a",
    "docs/b.txt": Put(b"b", 0o600),
    "docs/latest": To("a.txt"),
    "run": Put(b"#!/bin/sh\n", 0o755),
}
LAID = {
    "docs": ("d", 0o750),
    "docs/a.txt": ("f", 0o644, b"a"),
    "docs/b.txt": ("f", 0o600, b"b"),
    "docs/latest": ("l", "a.txt"),
    "run": ("f", 0o755, b"#!/bin/sh\n"),
}
APPLY = pytest.mark.parametrize("apply", ["merge", "swap"])


@pytest.fixture
def here(tmp_path: Path) -> Node:
    return node(tmp_path)


def rows(here: Node, name: str = "site", target: Path | None = None) -> dict[str, Installed]:
    place = str(target or here.target)
    return here.store.read(lambda tx: tx.extraction.installed(name, place))


def clean(here: Node) -> None:
    """Nothing is left that is only needed while an extraction goes on."""
    assert not (here.root / ".horarium-stage").exists()
    assert here.store.read(lambda tx: tx.extraction.begun()) == []


@APPLY
def test_a_version_lies_at_its_target(here: Node, apply: str) -> None:
    outcome = here.extract(version(1, FIRST), apply=apply)
    assert isinstance(outcome, Extracted)
    assert tree(here.target) == LAID
    assert set(rows(here)) == set(FIRST)
    assert (here.target / "docs/a.txt").stat().st_mtime == 1_772_489_701
    clean(here)


@APPLY
def test_a_change_comes_with_its_contents_only(here: Node, apply: str) -> None:
    here.extract(version(1, FIRST), apply=apply)
    second = {**FIRST, "docs/a.txt": b"new", "more/deep/c": b"c", "run": Put(b"#!/bin/sh\n", 0o700)}
    del second["docs/b.txt"]
    what = version(2, second, without=("run",))
    assert isinstance(here.extract(what, apply=apply), Extracted)
    assert tree(here.target) == {
        "docs": ("d", 0o750),
        "docs/a.txt": ("f", 0o644, b"new"),
        "docs/latest": ("l", "a.txt"),
        "more": ("d", 0o755),
        "more/deep": ("d", 0o755),
        "more/deep/c": ("f", 0o644, b"c"),
        "run": ("f", 0o700, b"#!/bin/sh\n"),
    }
    clean(here)


KINDS = {
    "file to directory": ({"x": b"1"}, {"x/y": b"2"}),
    "directory to file": ({"x/y/z": b"1"}, {"x": b"2"}),
    "file to link": ({"x": b"1", "y": b"1"}, {"x": To("y"), "y": b"1"}),
    "link to file": ({"x": To("y"), "y": b"1"}, {"x": b"2", "y": b"1"}),
    "link to directory": ({"x": To("y"), "y": b"1"}, {"x/z": b"2"}),
    "directory to link": ({"x/z": b"1", "y": b"1"}, {"x": To("y"), "y": b"1"}),
    "link to link": ({"x": To("y"), "y": b""}, {"x": To("z"), "z": b""}),
    "nothing": ({"x": b"1"}, {}),
    "shut directory": ({"x": Folder(0o555), "x/y": b"1"}, {"x": Folder(0o555), "x/y": b"2"}),
    "shut directory goes": ({"x": Folder(0o555), "x/y": b"1"}, {"z": b"2"}),
}


@APPLY
@pytest.mark.parametrize("change", KINDS)
def test_anything_becomes_anything(here: Node, apply: str, change: str, tmp_path: Path) -> None:
    before, after = KINDS[change]
    here.extract(version(1, before), apply=apply)
    assert isinstance(here.extract(version(2, after), apply=apply), Extracted)
    (tmp_path / "other").mkdir()
    other = node(tmp_path / "other")
    other.extract(version(2, after), apply=apply)
    assert tree(here.target) == tree(other.target)
    clean(here)


def test_files_of_others_stay(here: Node) -> None:
    here.target.mkdir()
    (here.target / "theirs").write_bytes(b"t")
    here.extract(version(1, FIRST))
    (here.target / "docs/notes").write_bytes(b"n")
    here.extract(version(2, {}))
    assert tree(here.target) == {
        "theirs": ("f", 0o644, b"t"),
        "docs": ("d", 0o750),
        "docs/notes": ("f", 0o644, b"n"),
    }


def test_what_another_distribution_installed_since_stays(here: Node) -> None:
    here.extract(version(1, {"x": b"1", "y": b"1"}))
    here.extract(version(1, {"x": b"theirs"}, name="other"))
    here.extract(version(2, {"y": b"1"}))
    assert tree(here.target) == {"x": ("f", 0o644, b"theirs"), "y": ("f", 0o644, b"1")}
    here.extract(version(2, {}, name="other"))
    assert tree(here.target) == {"y": ("f", 0o644, b"1")}


def test_a_directory_that_another_distribution_has_stays(here: Node) -> None:
    here.extract(version(1, {"d": Folder(), "d/x": b"1"}))
    here.extract(version(1, {"d": Folder()}, name="other"))
    here.extract(version(2, {}))
    assert tree(here.target) == {"d": ("d", 0o755)}


@APPLY
def test_local_changes_are_overwritten_and_told(here: Node, apply: str) -> None:
    here.extract(version(1, FIRST), apply=apply)
    (here.target / "docs/a.txt").write_bytes(b"changed")
    outcome = here.extract(version(2, {**FIRST, "docs/a.txt": b"new"}), apply=apply)
    assert isinstance(outcome, Extracted)
    assert outcome.overwritten == ("docs/a.txt",)
    assert (here.target / "docs/a.txt").read_bytes() == b"new"


@APPLY
def test_local_changes_are_kept_where_that_is_said(here: Node, apply: str) -> None:
    keys = {"apply": apply, "local_changes": "keep"}
    here.extract(version(1, FIRST), **keys)
    (here.target / "docs/a.txt").write_bytes(b"changed")
    (here.target / "docs/b.txt").write_bytes(b"changed too")
    (here.target / "run").unlink()
    second = {**FIRST, "docs/a.txt": b"new", "docs/c": b"c"}
    del second["docs/b.txt"]
    for number in (2, 3):
        outcome = here.extract(version(number, second), **keys)
        assert isinstance(outcome, Extracted), outcome
        assert tree(here.target) == {
            "docs": ("d", 0o750),
            "docs/a.txt": ("f", 0o644, b"changed"),
            "docs/b.txt": ("f", 0o600, b"changed too"),
            "docs/c": ("f", 0o644, b"c"),
            "docs/latest": ("l", "a.txt"),
        }
    assert "docs/a.txt" in outcome.kept


@APPLY
@pytest.mark.parametrize(
    "second", [{**FIRST, "docs/a.txt": b"new"}, {}], ids=["change", "deletion"]
)
def test_local_changes_can_forbid_a_version(here: Node, apply: str, second: dict) -> None:
    keys = {"apply": apply, "local_changes": "fail"}
    here.extract(version(1, FIRST), **keys)
    (here.target / "docs/a.txt").write_bytes(b"changed")
    before = tree(here.root)
    outcome = here.extract(version(2, second), **keys)
    assert isinstance(outcome, Failed)
    assert (outcome.step, outcome.trouble) == (Step.STAGING, Trouble.CHANGED_LOCALLY)
    assert outcome.path == "docs/a.txt"
    assert tree(here.root) == before
    clean(here)


def test_a_file_that_is_there_already_is_not_written_again(here: Node) -> None:
    here.target.mkdir()
    (here.target / "x").write_bytes(b"1")
    inode = (here.target / "x").stat().st_ino
    outcome = here.extract(version(1, {"x": b"1"}, without=("x",)))
    assert isinstance(outcome, Extracted)
    assert (here.target / "x").stat().st_ino == inode


def test_what_is_missing_is_named(here: Node) -> None:
    what = version(1, FIRST, without=("run",))
    outcome = here.extract(what)
    assert isinstance(outcome, Failed)
    assert outcome.trouble is Trouble.CONTENT_MISSING
    digest = next(e.digest for e in what.manifest.entries if e.path == "run")
    assert outcome.missing == (digest,)
    assert not here.target.exists()
    assert isinstance(here.extract(what, Memory({digest: b"#!/bin/sh\n"})), Extracted)


def test_a_content_is_found_in_another_installed_tree(here: Node) -> None:
    here.extract(version(1, {"x": b"shared"}, name="other"))
    (here.target / "x").rename(here.target / "gone")
    assert isinstance(here.extract(version(1, {"y": b"shared"}, without=("y",))), Failed)
    (here.target / "gone").rename(here.target / "x")
    assert isinstance(here.extract(version(1, {"y": b"shared"}, without=("y",))), Extracted)


@APPLY
def test_content_is_removed_on_purpose(here: Node, apply: str) -> None:
    here.extract(version(1, FIRST), apply=apply)
    wish = here.wish(version(1, FIRST), apply=apply)
    outcomes = here.extractor().remove_content(wish.distribution)
    assert [type(outcome) for outcome in outcomes] == [Extracted]
    assert tree(here.root) in (
        {"www": ("d", 0o755)},
        {".versions": ("d", 0o755), ".versions/www": ("d", 0o755)},
    )
    assert rows(here) == {}
    assert here.store.read(lambda tx: tx.extraction.all_in_use()) == []


def test_named_removals_need_leave_of_the_node(tmp_path: Path) -> None:
    here = node(tmp_path)
    here.target.mkdir()
    (here.target / "old").write_bytes(b"o")
    outcome = here.extract(version(1, {"old": Gone(), "new": b"n"}))
    assert isinstance(outcome, Failed)
    assert outcome.trouble is Trouble.FOREIGN_DELETE_REFUSED
    assert set(tree(here.target)) == {"old"}
    allowed = node(tmp_path, foreign_delete=(str(here.target),))
    assert isinstance(allowed.extract(version(1, {"old": Gone(), "new": b"n"})), Extracted)
    assert set(tree(here.target)) == {"new"}


def test_swap_is_refused_where_something_foreign_lies(here: Node) -> None:
    here.target.mkdir()
    (here.target / "theirs").write_bytes(b"t")
    outcome = here.extract(version(1, FIRST), apply="swap")
    assert isinstance(outcome, Failed)
    assert (outcome.trouble, outcome.path) == (Trouble.FOREIGN_ENTRIES, "theirs")
    (here.target / "theirs").unlink()
    assert isinstance(here.extract(version(1, FIRST), apply="swap"), Extracted)
    assert os.readlink(here.target) == ".versions/www/1"
    (here.target / "docs/theirs").write_bytes(b"t")
    outcome = here.extract(version(2, FIRST), apply="swap")
    assert isinstance(outcome, Failed)
    assert (outcome.trouble, outcome.path) == (Trouble.FOREIGN_ENTRIES, "docs/theirs")
    assert os.readlink(here.target) == ".versions/www/1"


def test_a_merged_tree_can_become_a_swapped_one(here: Node) -> None:
    here.extract(version(1, FIRST))
    assert isinstance(
        here.extract(version(2, FIRST, without=tuple(FIRST)), apply="swap"), Extracted
    )
    assert here.target.is_symlink()
    assert tree(here.target) == LAID
    assert isinstance(here.extract(version(3, {"x": b"1"}), apply="swap"), Extracted)
    assert os.listdir(here.root / ".versions/www") == ["3"]
    clean(here)


def test_a_held_file_fails_waits_or_defers(here: Node) -> None:
    here.extract(version(1, FIRST))
    second = version(2, {**FIRST, "docs/a.txt": b"new"})
    with open(here.target / "docs/a.txt", "rb") as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        failed = here.extract(second)
        assert isinstance(failed, Failed)
        assert (failed.trouble, failed.path) == (Trouble.LOCKED, "docs/a.txt")
        assert here.extract(second, locked="defer") == Deferred("docs/a.txt")
        assert isinstance(here.extract(second, locked="retry 3"), Failed)
        assert here.slept == [10, 10, 10]
        assert tree(here.target) == LAID
        clean(here)
    assert isinstance(here.extract(second, locked="retry 3"), Extracted)

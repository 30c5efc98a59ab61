"""What somebody who shares the machine, or wrote the manifest, can not make an extraction do."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.extraction import Memory, Node, Version, node, tree, version

from horarium.distribution.bundle_reading import BasesDiffer
from horarium.distribution.content import Blob, digest_of
from horarium.distribution.ending import Extracted, Failed
from horarium.distribution.failing import Step, Trouble
from horarium.distribution.manifest import Directory, File, Link, Manifest
from horarium.kernel.errors import InvalidInput

SECRET = b"never to be touched"


@pytest.fixture
def here(tmp_path: Path) -> Node:
    outside = tmp_path / "outside"
    (outside / "docs").mkdir(parents=True)
    (outside / "docs" / "a").write_bytes(SECRET)
    return node(tmp_path)


def untouched(tmp_path: Path) -> bool:
    return tree(tmp_path / "outside") == {"docs": ("d", 0o755), "docs/a": ("f", 0o644, SECRET)}


def raw(*entries: Directory | File | Link) -> Version:
    """A version whose manifest nobody has looked at."""
    known = {digest_of(b"evil"): b"evil"}
    return Version(Manifest("site", 1, "file", "/nowhere", True, tuple(entries)), known)


def file(path: str, mode: int = 0o644) -> File:
    return File(path, mode, 4, 0, digest_of(b"evil"))


@pytest.mark.parametrize(
    "entries",
    [
        (file("../outside/docs/a"),),
        (file("/etc/evil"),),
        (file("docs/../../x"),),
        (file("."),),
        (file(""),),
        (file("a//b"),),
        (file("a\\b"),),
        (file("a\0b"),),
        (file(".horarium-stage/1/plan"),),
        (file(".versions/www/7/x"),),
        (file("/".join("x" * 65)),),
        (file("x", 0o4755),),
        (Directory("x", 0o1777),),
        (Link("out", "../outside"),),
        (Link("out", "/etc"),),
        (Link("a/out", "../../outside"),),
        (Link("x", "y"), file("x/z")),
        (file("x"), file("x/z")),
    ],
)
@pytest.mark.parametrize("apply", ["merge", "swap"])
def test_a_manifest_leads_nowhere(
    here: Node, tmp_path: Path, entries: tuple[File, ...], apply: str
) -> None:
    outcome = here.extract(raw(*entries), apply=apply)
    assert isinstance(outcome, Failed)
    assert outcome.trouble is Trouble.PATH_REFUSED
    assert tree(here.root) == {}
    assert untouched(tmp_path)


@pytest.mark.parametrize("root", ["/etc/x", "%NOTHING%/x", "{root}/../outside", "{root}", "//h/x"])
def test_a_target_is_what_the_node_allows(here: Node, tmp_path: Path, root: str) -> None:
    what = version(1, {"a": b"1"}, root=root.format(root=here.root))
    outcome = here.extract(what, apply="swap")
    assert isinstance(outcome, Failed)
    assert outcome.trouble in (Trouble.TARGET_REFUSED, Trouble.VARIABLE_UNDEFINED)
    assert tree(here.root) == {}


@pytest.mark.parametrize("apply", ["merge", "swap"])
def test_a_target_that_is_a_link_is_refused(here: Node, tmp_path: Path, apply: str) -> None:
    here.target.symlink_to(tmp_path / "outside")
    outcome = here.extract(version(1, {"docs/a": b"1"}), apply=apply)
    assert isinstance(outcome, Failed)
    assert outcome.trouble in (Trouble.TARGET_REFUSED, Trouble.FOREIGN_ENTRIES)
    assert untouched(tmp_path)


def test_a_link_above_the_target_is_refused(here: Node, tmp_path: Path) -> None:
    (here.root / "way").symlink_to(tmp_path / "outside")
    outcome = here.extract(version(1, {"a": b"1"}, root=f"{here.root}/way/docs"))
    assert isinstance(outcome, Failed)
    assert outcome.trouble is Trouble.TARGET_REFUSED
    assert untouched(tmp_path)


def test_a_link_in_place_of_a_directory_is_replaced_and_not_followed(
    here: Node, tmp_path: Path
) -> None:
    here.extract(version(1, {"docs/a": b"1", "docs/b": b"1"}))
    shutil.rmtree(here.target / "docs")
    (here.target / "docs").symlink_to(tmp_path / "outside/docs")
    outcome = here.extract(version(2, {"docs/a": b"2", "docs/b": b"1"}))
    assert isinstance(outcome, Extracted)
    assert not (here.target / "docs").is_symlink()
    assert (here.target / "docs/a").read_bytes() == b"2"
    assert untouched(tmp_path)
    shutil.rmtree(here.target / "docs")
    (here.target / "docs").symlink_to(tmp_path / "outside/docs")
    assert isinstance(here.extract(version(3, {})), Extracted)
    assert untouched(tmp_path)


@pytest.mark.parametrize("planted", ["fifo", "device", "socket"])
def test_devices_and_pipes_are_neither_read_nor_removed(here: Node, planted: str) -> None:
    here.target.mkdir()
    place = here.target / "a"
    if planted == "fifo":
        os.mkfifo(place)
    elif os.geteuid():
        pytest.skip("only root makes devices")
    else:
        os.mknod(place, 0o600 | (0o020000 if planted == "device" else 0o140000), os.makedev(1, 3))
    outcome = here.extract(version(1, {"a": b"1"}))
    assert isinstance(outcome, Failed)
    assert (outcome.trouble, outcome.path) == (Trouble.IN_THE_WAY, "a")
    assert place.exists()
    assert not place.is_file()


def test_a_hard_link_is_cut_and_not_written_through(here: Node, tmp_path: Path) -> None:
    here.target.mkdir()
    os.link(tmp_path / "outside/docs/a", here.target / "a")
    assert isinstance(here.extract(version(1, {"a": b"1"})), Extracted)
    assert (here.target / "a").read_bytes() == b"1"
    assert untouched(tmp_path)


class Late:
    """A version that lets somebody act when its contents are asked for."""

    def __init__(self, what: Version, act: object) -> None:
        self.manifest, self._what, self._act = what.manifest, what, act

    def contents(self) -> Iterator[tuple[str, int, Iterator[bytes]]]:
        self._act()
        return self._what.contents()


def plant_link(here: Node, tmp_path: Path) -> None:
    shutil.rmtree(here.target / "docs")
    (here.target / "docs").symlink_to(tmp_path / "outside/docs")


def change_file(here: Node, tmp_path: Path) -> None:
    (here.target / "docs/a").write_bytes(b"somebody was quicker")


def put_file(here: Node, tmp_path: Path) -> None:
    (here.target / "new").write_bytes(b"somebody was quicker")


@pytest.mark.parametrize("act", [plant_link, change_file, put_file])
def test_what_is_changed_after_the_look_is_left_alone(
    here: Node, tmp_path: Path, act: object
) -> None:
    here.extract(version(1, {"docs/a": b"1", "docs/b": b"1"}))
    wish = here.wish(version(2, {"docs/a": b"2", "docs/b": b"3", "new": b"1"}))
    seen = []

    def change() -> None:
        act(here, tmp_path)
        seen.append(tree(here.target))

    outcome = here.extractor().extract(replace(wish, unpacked=Late(wish.unpacked, change)))
    assert isinstance(outcome, Failed)
    assert outcome.step is Step.APPLYING
    assert tree(here.target) == seen[0]
    assert untouched(tmp_path)


def test_what_is_put_into_a_tree_that_is_to_be_replaced_is_not_lost(here: Node) -> None:
    here.extract(version(1, {"a": b"1"}), apply="swap")
    wish = here.wish(version(2, {"a": b"2"}), apply="swap")

    def put() -> None:
        (here.target / "theirs").write_bytes(b"t")

    outcome = here.extractor().extract(replace(wish, unpacked=Late(wish.unpacked, put)))
    assert isinstance(outcome, Failed)
    assert (outcome.trouble, outcome.path) == (Trouble.FOREIGN_ENTRIES, "theirs")
    assert (here.target / "theirs").read_bytes() == b"t"


def test_a_race_of_links_writes_nothing_outside(here: Node, tmp_path: Path) -> None:
    """Somebody exchanges a directory for a link as fast as can be."""
    here.extract(version(1, {"docs/a": b"1"}))
    over = threading.Event()

    def plant() -> None:
        while not over.is_set():
            try:
                (here.target / "docs").rename(here.target / "aside")
                (here.target / "docs").symlink_to(tmp_path / "outside/docs")
                (here.target / "docs").unlink()
                (here.target / "aside").rename(here.target / "docs")
            except OSError:
                shutil.rmtree(here.target / "aside", ignore_errors=True)

    thread = threading.Thread(target=plant)
    thread.start()
    try:
        for number in range(2, 60):
            here.extract(version(number, {"docs/a": b"%d" % number, f"docs/n{number}": b"x"}))
    finally:
        over.set()
        thread.join()
    assert untouched(tmp_path)


def test_a_stage_of_somebody_else_is_not_used(here: Node, tmp_path: Path) -> None:
    stage = here.root / ".horarium-stage"
    stage.symlink_to(tmp_path / "outside")
    outcome = here.extract(version(1, {"a": b"1"}))
    assert isinstance(outcome, Failed)
    stage.unlink()
    stage.mkdir(mode=0o777)
    stage.chmod(0o777)
    outcome = here.extract(version(1, {"a": b"1"}))
    assert isinstance(outcome, Failed)
    assert outcome.trouble is Trouble.IN_THE_WAY
    assert untouched(tmp_path)


@pytest.mark.parametrize("wrong", ["other octets", "longer", "shorter"])
def test_a_content_that_is_not_what_it_says_is_refused(here: Node, wrong: str) -> None:
    what = version(1, {"a": b"12345"})
    (digest,) = what.known
    data = {"other octets": b"54321", "longer": b"12345" * 1000, "shorter": b"1"}[wrong]

    class Lying(Version):
        def contents(self) -> Iterator[tuple[str, int, Iterator[bytes]]]:
            yield digest, 5, iter([data])

    wish = here.wish(what)
    outcome = here.extractor().extract(
        replace(wish, unpacked=Lying(wish.unpacked.manifest, what.known))
    )
    assert isinstance(outcome, Failed)
    assert outcome.trouble is Trouble.CONTENT_WRONG
    assert tree(here.root) == {}


def test_a_program_that_runs_is_held(here: Node) -> None:
    here.target.mkdir()
    shutil.copy(shutil.which("sleep") or "/bin/sleep", here.target / "prog")
    with subprocess.Popen([here.target / "prog", "60"]) as child:
        try:
            outcome = here.extract(version(1, {"prog": b"new"}))
            assert isinstance(outcome, Failed)
            assert (outcome.trouble, outcome.path) == (Trouble.LOCKED, "prog")
        finally:
            child.kill()
    assert isinstance(here.extract(version(1, {"prog": b"new"})), Extracted)


def test_a_lock_of_fcntl_is_seen(here: Node) -> None:
    here.extract(version(1, {"a": b"1"}))
    holder = (
        "import fcntl, sys; f = open(sys.argv[1], 'r+'); fcntl.lockf(f, fcntl.LOCK_EX);"
        "print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", holder, here.target / "a"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    ) as child:  # fmt: skip
        assert child.stdout
        assert child.stdout.readline() == b"held\n"
        outcome = here.extract(version(2, {"a": b"2"}))
        assert isinstance(outcome, Failed)
        assert outcome.trouble is Trouble.LOCKED
        child.kill()
    assert isinstance(here.extract(version(2, {"a": b"2"})), Extracted)


# --- a disk that is small, or read-only -----------------------------------


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Node]:
    """A node whose root is a file system of one mebibyte."""
    root = tmp_path / "root"
    root.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m,nr_inodes=64", "none", root], check=False
    )
    if made.returncode:
        pytest.skip("file systems can not be mounted here")
    try:
        yield node(tmp_path)
    finally:
        subprocess.run(["umount", root], check=True)


def test_a_full_disk_fails_and_goes_on_when_there_is_room(small: Node) -> None:
    assert isinstance(small.extract(version(1, {"a": b"1"})), Extracted)
    (small.root / "ballast").write_bytes(bytes(700_000))
    before = tree(small.root)
    second = version(2, {"a": b"2" * 400_000})
    outcome = small.extract(second)
    assert isinstance(outcome, Failed)
    assert outcome.trouble is Trouble.NO_SPACE
    assert tree(small.root) == before
    (small.root / "ballast").unlink()
    assert isinstance(small.extract(second), Extracted)


def test_a_disk_that_fills_up_meanwhile_fails_too(small: Node) -> None:
    small.extract(version(1, {"a": b"1"}))
    wish = small.wish(version(2, {"a": b"2" * 400_000}))

    def fill() -> None:
        (small.root / "ballast").write_bytes(bytes(900_000))

    outcome = small.extractor().extract(replace(wish, unpacked=Late(wish.unpacked, fill)))
    assert isinstance(outcome, Failed)
    assert outcome.trouble is Trouble.NO_SPACE
    assert (small.target / "a").read_bytes() == b"1"
    assert not (small.root / ".horarium-stage").exists()


def test_room_for_files_is_counted(small: Node) -> None:
    outcome = small.extract(version(1, {f"f{n}": b"" for n in range(80)}))
    assert isinstance(outcome, Failed)
    assert outcome.trouble is Trouble.NO_SPACE


def test_room_that_is_to_stay_free_stays(small: Node) -> None:
    rules = replace(small.rules, free_space=900_000)
    wish = small.wish(version(1, {"a": b"1" * 300_000}))
    outcome = replace(small, rules=rules).extractor().extract(wish)
    assert isinstance(outcome, Failed)
    assert outcome.trouble is Trouble.NO_SPACE


def test_a_disk_that_can_only_be_read_fails(small: Node) -> None:
    small.extract(version(1, {"a": b"1"}))
    subprocess.run(["mount", "-o", "remount,ro", small.root], check=True)
    outcome = small.extract(version(2, {"a": b"2"}))
    assert isinstance(outcome, Failed)
    assert outcome.trouble is Trouble.SYSTEM
    subprocess.run(["mount", "-o", "remount,rw", small.root], check=True)
    assert isinstance(small.extract(version(2, {"a": b"2"})), Extracted)


def test_a_file_system_below_the_target_is_not_crossed(here: Node) -> None:
    here.extract(version(1, {"docs/a": b"1", "b": b"1"}))
    if subprocess.run(
        ["mount", "-t", "tmpfs", "none", here.target / "docs"], check=False
    ).returncode:
        pytest.skip("file systems can not be mounted here")
    try:
        (here.target / "docs/a").write_bytes(b"1")
        outcome = here.extract(version(2, {"docs/a": b"2", "b": b"2"}))
        assert isinstance(outcome, Failed)
        assert (outcome.step, outcome.path) == (Step.APPLYING, "docs/a")
        assert (here.target / "b").read_bytes() == b"1"
    finally:
        subprocess.run(["umount", here.target / "docs"], check=True)


def test_a_target_may_be_a_file_system_of_its_own(tmp_path: Path) -> None:
    here = node(tmp_path)
    here.target.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "none", here.target], check=False).returncode:
        pytest.skip("file systems can not be mounted here")
    try:
        assert isinstance(here.extract(version(1, {"docs/a": b"1", "b": b"1"})), Extracted)
        assert isinstance(here.extract(version(2, {"docs/c": b"1"})), Extracted)
        assert set(tree(here.target)) == {"docs", "docs/c"}
        assert isinstance(here.extract(version(3, {}), apply="swap"), Failed)
    finally:
        subprocess.run(["umount", here.target], check=True)


def test_a_bundle_whose_bases_were_changed_names_what_it_lacks(here: Node) -> None:
    what = version(1, {"a": b"1", "b": b"2" * 9})
    (one, two) = (entry.digest for entry in what.manifest.entries)

    class Broken(Version):
        def contents(self) -> Iterator[tuple[str, int, Iterator[bytes]]]:
            def pieces() -> Iterator[bytes]:
                yield b"2"
                raise BasesDiffer((), (Blob(two, 9),))

            yield two, 9, pieces()
            yield one, 1, iter([b"1"])
            raise BasesDiffer((), (Blob(two, 9),))

    wish = here.wish(what)
    broken = replace(wish, unpacked=Broken(wish.unpacked.manifest, {}))
    outcome = here.extractor().extract(broken)
    assert isinstance(outcome, Failed)
    assert (outcome.trouble, outcome.missing) == (Trouble.CONTENT_MISSING, (two,))
    assert tree(here.root) == {}
    fetched = replace(broken, contents=Memory({two: b"2" * 9}))
    assert isinstance(here.extractor().extract(fetched), Extracted)
    assert tree(here.target) == {"a": ("f", 0o644, b"1"), "b": ("f", 0o644, b"2" * 9)}


def test_a_bundle_that_is_broken_leaves_nothing(here: Node) -> None:
    what = version(1, {"a": b"1"})

    class Broken(Version):
        def contents(self) -> Iterator[tuple[str, int, Iterator[bytes]]]:
            raise InvalidInput("ends too early", part="record 3")
            yield

    wish = here.wish(what)
    outcome = here.extractor().extract(replace(wish, unpacked=Broken(wish.unpacked.manifest, {})))
    assert isinstance(outcome, Failed)
    assert (outcome.step, outcome.trouble) == (Step.STAGING, Trouble.CONTENT_WRONG)
    assert tree(here.root) == {}
    assert here.store.read(lambda tx: tx.extraction.begun()) == []

"""Any two versions, any death: the old one or the new one lies there, and what is foreign stays."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest import mock

from hypothesis import event, given, settings
from hypothesis import strategies as st
from tests.extraction import Folder, Node, Put, To, node, tree, version

from horarium.distribution.ending import Extracted
from horarium.runtime import crash

NAMES = st.sampled_from(["a", "b", "c"])
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)
THINGS = st.one_of(
    st.builds(Put, st.sampled_from([b"", b"1", b"2", b"33"]), st.sampled_from([0o644, 0o755])),
    st.builds(Folder, st.sampled_from([0o755, 0o700, 0o555])),
    st.builds(To, st.sampled_from(["a", "b", "c"])),
)


@st.composite
def trees(draw: st.DrawFn) -> dict[str, object]:
    """What a manifest may say: nothing lies below what is no directory."""
    found: dict[str, object] = {}
    for path, thing in sorted(draw(st.dictionaries(PATHS, THINGS, max_size=7)).items()):
        above = [path.rsplit("/", n)[0] for n in range(1, path.count("/") + 1)]
        if all(isinstance(found.get(up, Folder()), Folder) for up in above):
            found[path] = thing
    return found


class Killed(BaseException):
    """Stands for the end of a process: nothing of ours catches it."""


class Deaths:
    """Ends the process at the n-th point that it passes."""

    def __init__(self, passes: int) -> None:
        self.left = passes

    def at(self, point: str) -> None:
        self.left -= 1
        if self.left == 0:
            raise Killed(point)


def put_foreign(here: Node, foreign: list[str]) -> None:
    """Lays files where there is room for them."""
    for path in foreign:
        place = here.target / path / "foreign"
        if place.parent.is_dir() and not place.parent.is_symlink():
            place.write_text(path)


def foreign_files(here: Node) -> dict[Path, str]:
    return {path: path.read_text() for path in here.root.rglob("foreign")}


def play(deaths: Iterator[int], here: Node, second: object, keys: dict[str, str]) -> bool:
    """Extracts and dies as often as told; whether anybody died."""
    died = False
    for passes in deaths:
        with mock.patch.object(crash, "at", Deaths(passes).at):
            try:
                extractor = here.extractor()
                if died:
                    extractor.recover()
                extractor.extract(here.wish(second, **keys))
                return died
            except Killed:
                died = True
    return died


@settings(max_examples=200, deadline=None)
@given(
    trees(),
    trees(),
    st.lists(PATHS, max_size=2),
    st.lists(st.integers(1, 14), min_size=1, max_size=3),
    st.sampled_from(["merge", "merge", "swap"]),
    st.sampled_from(["overwrite", "keep"]),
)
def test_one_whole_version_whatever_dies(
    first: dict, second: dict, foreign: list[str], deaths: list[int], apply: str, changes: str
) -> None:
    keys = {"apply": apply, "local_changes": changes}
    with TemporaryDirectory() as one, TemporaryDirectory() as two:
        here, there = node(Path(one)), node(Path(two))
        for each in (here, there):
            assert isinstance(each.extract(version(1, first), **keys), Extracted)
            put_foreign(each, foreign)
        old = tree(here.target)
        stays = {path.relative_to(one): text for path, text in foreign_files(here).items()}
        outcome = there.extract(version(2, second), **keys)
        new = tree(there.target)
        assert isinstance(outcome, Extracted) or new == old
        died = play(iter(deaths), here, version(2, second), keys)
        event(f"{apply}: {type(outcome).__name__}, died: {died}")
        recovered = here.extractor().recover()
        assert all(not each.trouble for each in recovered)
        assert tree(here.target) in (old, new)
        if any(each.new for each in recovered):
            assert tree(here.target) == new
        assert type(here.extract(version(2, second), **keys)) is type(outcome)
        assert tree(here.target) == new
        assert not (here.root / ".horarium-stage").exists()
        found = {path.relative_to(one): text for path, text in foreign_files(here).items()}
        assert found == stays

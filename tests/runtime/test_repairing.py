"""What is installed is compared with what it was, and put right where that is wished."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.extraction import Memory, Node, To, node, version

from horarium.distribution.content import digest_of
from horarium.distribution.ending import Extracted
from horarium.distribution.extraction import LocalChanges
from horarium.runtime.tiers.repairing import Changed, asked, check_installed

FIRST = version(1, {"a": b"first", "deep/b": b"second", "link": To("a")})


@pytest.fixture
def made(tmp_path: Path) -> Node:
    return node(tmp_path)


def check(made: Node, policy: str = "overwrite") -> list[Changed]:
    return check_installed(made.store, (str(made.root),), lambda name: LocalChanges(policy))


def told(made: Node, found: list[Changed]) -> dict[str, str]:
    """By path below the target, what was found."""
    return {str(Path(one.path).relative_to(made.target)): one.found.value for one in found}


def spoil(path: Path) -> None:
    """Other octets that look the same."""
    before = path.stat()
    path.write_bytes(bytes(reversed(path.read_bytes())))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


@pytest.mark.parametrize("apply", ["merge", "swap"])
def test_what_was_changed_is_found_and_written_anew(made: Node, apply: str) -> None:
    made.extract(FIRST, apply=apply)
    assert check(made) == []
    assert asked(made.store) == []
    spoil(made.target / "a")
    (made.target / "deep" / "b").unlink()
    (made.target / "link").unlink()
    (made.target / "link").symlink_to("deep")
    found = check(made)
    assert told(made, found) == {"a": "changed", "deep/b": "missing", "link": "changed"}
    assert asked(made.store) == ["site"]
    contents = Memory({digest_of(data): data for data in (b"first", b"second")})
    again = version(1, {"a": b"first", "deep/b": b"second", "link": To("a")}, without=("a",))
    again.known.clear()
    assert isinstance(made.extract(again, contents, apply=apply), Extracted)
    assert (made.target / "a").read_bytes() == b"first"
    assert (made.target / "deep" / "b").read_bytes() == b"second"
    assert os.readlink(made.target / "link") == "a"
    assert check(made) == []


@pytest.mark.parametrize("apply", ["merge", "swap"])
def test_other_permissions_are_found_and_put_back_with_nothing_fetched(
    made: Node, apply: str
) -> None:
    made.extract(FIRST, apply=apply)
    (made.target / "a").chmod(0o666)
    found = check(made)
    assert told(made, found) == {"a": "mode"}
    assert asked(made.store) == ["site"]
    before = (made.target / "a").stat()
    again = version(1, {"a": b"first", "deep/b": b"second", "link": To("a")})
    again.known.clear()
    assert isinstance(made.extract(again, Memory(), apply=apply), Extracted)
    after = (made.target / "a").stat()
    assert after.st_mode & 0o7777 == 0o644
    if apply == "merge":
        assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert check(made) == []


def test_other_permissions_that_are_kept_are_only_told(made: Node) -> None:
    made.extract(FIRST, local_changes="keep")
    (made.target / "a").chmod(0o600)
    assert told(made, check(made, "keep")) == {"a": "mode"}
    assert asked(made.store) == []
    # The next version goes with what its owner has chosen: from then on that is how it was.
    made.extract(version(2, {"a": b"first", "deep/b": b"other"}), local_changes="keep")
    assert check(made, "keep") == []


@pytest.mark.parametrize("policy", ["keep", "fail"])
def test_what_may_not_be_overwritten_is_only_told(made: Node, policy: str) -> None:
    made.extract(FIRST, local_changes=policy)
    spoil(made.target / "a")
    assert told(made, check(made, policy)) == {"a": "changed"}
    assert [one.policy for one in check(made, policy)] == [policy]
    assert asked(made.store) == []


def test_what_another_one_installed_since_is_its_own(made: Node) -> None:
    made.extract(FIRST)
    made.extract(version(1, {"a": b"other"}, name="other"))
    assert check(made) == []


def test_a_target_that_is_gone_misses_everything(made: Node) -> None:
    made.extract(FIRST)
    made.target.rename(made.root / "elsewhere")
    assert set(told(made, check(made)).values()) == {"missing"}

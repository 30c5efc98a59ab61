"""What is done before and after an extraction, packages, and documents of policy."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from tests.extraction import Folder, Node, Put, node, tree, version

from horarium.distribution.ending import Extracted, Failed
from horarium.distribution.failing import Step, Trouble
from horarium.distribution.realm import Action

USER = "nobody" if os.geteuid() == 0 else ""


def sh(text: str, **keys: object) -> Action:
    return Action("run", ("/bin/sh", "-c", text), **keys)  # type: ignore[arg-type]


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that whoever actions run as may enter."""
    with TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture
def log(folder: Path) -> Path:
    """A file that actions may write to."""
    place = folder / "log"
    place.touch()
    place.chmod(0o666)
    return place


@pytest.fixture
def here(folder: Path) -> Node:
    return node(folder, allow_actions=True, actions_user=USER)


def lines(log: Path) -> list[str]:
    return log.read_text().split()


def test_actions_run_around_the_content_in_their_order(here: Node, log: Path) -> None:
    say = "echo {0}-$(test -e {1}/a && echo there || echo not) >> {2}"
    keys = {
        "pre": tuple(sh(say.format(word, here.target, log)) for word in ("pre1", "pre2")),
        "post": tuple(sh(say.format(word, here.target, log)) for word in ("post1", "post2")),
    }
    outcome = here.extract(version(1, {"a": b"1"}), **keys)
    assert isinstance(outcome, Extracted)
    assert lines(log) == ["pre1-not", "pre2-not", "post1-there", "post2-there"]
    assert len(outcome.told) == 4


@pytest.mark.parametrize("side", ["pre", "post"])
def test_nothing_is_run_where_the_node_does_not_say_so(
    tmp_path: Path, log: Path, side: str
) -> None:
    here = node(tmp_path)
    outcome = here.extract(version(1, {"a": b"1"}), **{side: (sh(f"echo x >> {log}"),)})
    assert isinstance(outcome, Failed)
    assert (outcome.step, outcome.trouble) == (Step.PRE_ACTIONS, Trouble.ACTIONS_REFUSED)
    assert tree(here.root) == {}
    assert lines(log) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_root_runs_nothing_as_root(tmp_path: Path, log: Path, here: Node) -> None:
    here.extract(version(1, {}), post=(sh(f"id -un >> {log}"),))
    assert lines(log) == ["nobody"]
    for user in ("", "root", "no-such-account"):
        other = replace(here, rules=replace(here.rules, actions_user=user))
        outcome = other.extract(version(2, {}), post=(sh(f"id -un >> {log}"),))
        assert isinstance(outcome, Failed)
        assert outcome.trouble is Trouble.ACTIONS_REFUSED
    assert lines(log) == ["nobody"]


def test_an_action_knows_little(here: Node, log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "x")
    here.extract(
        version(7, {}), post=(Action("run", ("/usr/bin/env",)), sh(f"ls /proc/self/fd >> {log}"))
    )
    wish = here.wish(version(8, {}), post=(Action("run", ("/usr/bin/env",)),))
    outcome = here.extractor().extract(replace(wish, attempt=2, run_id="r1"))
    assert isinstance(outcome, Extracted)
    told = dict(line.split("=", 1) for line in outcome.told[0].output.decode().splitlines())
    assert set(told) == {
        "PATH", "LANG", "HOME", "HORARIUM_DISTRIBUTION", "HORARIUM_VERSION", "HORARIUM_RUN_ID",
        "HORARIUM_ATTEMPT",
    }  # fmt: skip
    assert told["HORARIUM_DISTRIBUTION"] == "site"
    assert (told["HORARIUM_VERSION"], told["HORARIUM_ATTEMPT"]) == ("8", "2")
    assert told["HORARIUM_RUN_ID"] == "r1"
    assert lines(log) == ["0", "1", "2", "3"]


def test_an_action_that_takes_too_long_is_ended_with_its_group(here: Node, log: Path) -> None:
    outcome = here.extract(
        version(1, {"a": b"1"}), pre=(sh(f"(sleep 3; echo late >> {log}) & sleep 30", timeout=1),)
    )
    assert isinstance(outcome, Failed)
    assert (outcome.step, outcome.trouble) == (Step.PRE_ACTIONS, Trouble.ACTION_FAILED)
    assert outcome.told[0].trouble == "timeout"
    assert tree(here.root) == {}
    subprocess.run(["sleep", "3"], check=True)
    assert lines(log) == []


def test_both_ends_of_a_long_output_are_kept(here: Node) -> None:
    outcome = here.extract(version(1, {}), post=(sh("seq 1 200000"),))
    assert isinstance(outcome, Extracted)
    output = outcome.told[0].output
    assert 65_536 <= len(output) <= 65_600
    assert output.startswith(b"1\n2\n")
    assert output.endswith(b"200000\n")


def test_what_fails_before_leaves_everything(here: Node, log: Path) -> None:
    here.extract(version(1, {"a": b"1"}))
    keys = {"pre": (sh("exit 3"), sh(f"echo x >> {log}")), "post": (sh(f"echo x >> {log}"),)}
    outcome = here.extract(version(2, {"a": b"2"}), **keys)
    assert isinstance(outcome, Failed)
    assert (outcome.step, outcome.trouble) == (Step.PRE_ACTIONS, Trouble.ACTION_FAILED)
    assert "status 3" in outcome.why
    assert (here.target / "a").read_bytes() == b"1"
    assert lines(log) == []


def test_what_fails_afterwards_leaves_the_new_version_and_is_tried_again(
    here: Node, log: Path
) -> None:
    gate = log.parent / "gate"
    keys = {
        "pre": (sh(f"echo pre >> {log}"),),
        "post": (sh(f"echo one >> {log}"), sh(f"test -e {gate}"), sh(f"echo three >> {log}")),
    }
    what = version(2, {"a": b"2"})
    for _ in range(2):
        outcome = here.extract(what, **keys)
        assert isinstance(outcome, Failed)
        assert outcome.step is Step.POST_ACTIONS
        assert (here.target / "a").read_bytes() == b"2"
        assert here.store.read(lambda tx: tx.extraction.in_use("site"))[0].version == 2
    gate.touch()
    assert isinstance(here.extract(what, **keys), Extracted)
    assert lines(log) == ["pre", "one", "three"]
    assert here.store.read(lambda tx: tx.extraction.begun()) == []


@pytest.mark.parametrize("apply", ["merge", "swap"])
def test_what_fails_afterwards_brings_the_old_version_back_where_that_is_said(
    here: Node, apply: str
) -> None:
    here.extract(version(1, {"a": b"1", "b/c": b"1"}), apply=apply)
    before = tree(here.root)
    keys = {"apply": apply, "post": (sh("exit 1"),), "rollback": True}
    outcome = here.extract(version(2, {"a": b"2", "d/e": b"2"}), **keys)
    assert isinstance(outcome, Failed)
    assert outcome.step is Step.POST_ACTIONS
    assert tree(here.root) == before
    assert here.store.read(lambda tx: tx.extraction.in_use("site"))[0].version == 1
    outcome = here.extract(version(2, {"a": b"2", "d/e": b"2"}), apply=apply)
    assert isinstance(outcome, Extracted)


def test_going_back_leaves_what_somebody_put_into_a_new_directory(here: Node) -> None:
    here.extract(version(1, {"a": b"1"}))
    post = (sh(f"touch {here.target}/d/theirs; exit 1"),)
    new = {"d": Folder(0o777), "d/e": b"2", "d/f/g": b"2"}
    outcome = here.extract(version(2, new), post=post, rollback=True)
    assert isinstance(outcome, Failed)
    assert set(tree(here.target)) == {"a", "d", "d/theirs"}


def test_a_newer_version_takes_the_place_of_one_whose_actions_fail(here: Node) -> None:
    assert isinstance(here.extract(version(1, {"a": b"1"}), post=(sh("exit 1"),)), Failed)
    assert isinstance(here.extract(version(2, {"a": b"2"})), Extracted)
    assert (here.target / "a").read_bytes() == b"2"
    assert here.store.read(lambda tx: tx.extraction.begun()) == []


SERVICE = """#!/bin/sh
echo "$1-$2" >> {log}
case $1 in is-active) test -e {log}.active;; *) exit 0;; esac
"""


def test_services_go_through_the_command_of_the_node(here: Node, log: Path) -> None:
    command = log.parent / "ctl"
    command.write_text(SERVICE.format(log=log))
    command.chmod(0o755)
    here = replace(here, rules=replace(here.rules, service_command=(str(command),)))
    keys = {
        "pre": (Action("stop-service", ("web.service",)),),
        "post": (Action("start-service", ("web.service",)),),
    }
    assert isinstance(here.extract(version(1, {}), **keys), Extracted)
    assert lines(log) == ["stop-web.service", "start-web.service"]
    strict = Action("stop-service", ("web.service",), strict=True)
    outcome = here.extract(version(2, {}), pre=(strict,))
    assert isinstance(outcome, Failed)
    assert "does not run" in outcome.why
    for argv in (("-x",), ("a b",), ("web", "more"), ("../x",), ()):
        outcome = here.extract(version(2, {}), pre=(Action("stop-service", argv),))
        assert isinstance(outcome, Failed)
        assert outcome.trouble is Trouble.ACTIONS_REFUSED


def test_services_are_refused_where_the_node_has_no_command(here: Node) -> None:
    outcome = here.extract(version(1, {}), pre=(Action("start-service", ("web",)),))
    assert isinstance(outcome, Failed)
    assert outcome.trouble is Trouble.ACTIONS_REFUSED


def test_processes_are_started_once_and_ended(here: Node) -> None:
    argv = ("/bin/sleep", "47.11")
    start, stop = Action("start-process", argv), Action("stop-process", argv)
    again, gone = replace(start, strict=True), replace(stop, strict=True)
    assert isinstance(here.extract(version(1, {}), pre=(start, start)), Extracted)
    found = subprocess.run(["pgrep", "-f", "sleep 47.11"], capture_output=True, check=False)
    assert len(found.stdout.split()) == 1
    outcome = here.extract(version(2, {}), pre=(again,))
    assert isinstance(outcome, Failed)
    assert "runs already" in outcome.why
    assert isinstance(here.extract(version(2, {}), pre=(stop, stop)), Extracted)
    assert subprocess.run(["pgrep", "-f", "sleep 47.11"], check=False).returncode == 1
    outcome = here.extract(version(3, {}), pre=(gone,))
    assert isinstance(outcome, Failed)
    assert "does not run" in outcome.why


# --- packages and policies --------------------------------------------------

PACKAGES = {"00003/b.pkg": b"b", "00002/a.pkg": b"a", "00001/c.pkg": b"c"}


def installing(log: Path, **content: object) -> dict[str, object]:
    program = f'echo $1-$(cat "$2") >> {log}; test ! -e {log}.$(cat "$2")'
    return {
        "kind": "package",
        "content": {
            "installer": ["/bin/sh", "-c", program, "sh", "add", "{item}"],
            "remover": ["/bin/sh", "-c", program, "sh", "drop", "{item}"],
            **content,
        },
    }


def test_packages_are_installed_one_after_the_other(here: Node, log: Path) -> None:
    keys = installing(log) | {
        "pre": (sh(f"echo pre >> {log}"),),
        "post": (sh(f"echo post >> {log}"),),
    }
    assert isinstance(here.extract(version(1, PACKAGES), **keys), Extracted)
    assert lines(log) == ["pre", "add-c", "add-a", "add-b", "post"]


def test_a_repair_puts_back_what_is_there_and_installs_nothing(here: Node, log: Path) -> None:
    keys = installing(log) | {
        "pre": (sh(f"echo pre >> {log}"),),
        "post": (sh(f"echo post >> {log}"),),
    }
    here.extract(version(1, PACKAGES), **keys)
    before = lines(log)
    whole = tree(here.target)
    for path in here.target.rglob("*.pkg"):
        path.unlink()
    assert isinstance(here.repair(version(1, PACKAGES), **keys), Extracted)
    assert tree(here.target) == whole
    assert lines(log) == before
    # The version after it is installed as ever.
    assert isinstance(here.extract(version(2, PACKAGES), **keys), Extracted)
    assert lines(log) == 2 * before


def test_a_package_that_fails_is_where_the_next_try_begins(here: Node, log: Path) -> None:
    (log.parent / "log.a").touch()
    outcome = here.extract(version(1, PACKAGES), **installing(log))
    assert isinstance(outcome, Failed)
    assert outcome.trouble is Trouble.ACTION_FAILED
    assert (outcome.step, outcome.path) == (Step.APPLYING, "00002/a.pkg")
    (log.parent / "log.a").unlink()
    assert isinstance(here.extract(version(1, PACKAGES), **installing(log)), Extracted)
    assert lines(log) == ["add-c", "add-a", "add-a", "add-b"]


def test_packages_are_taken_back_where_that_is_said(here: Node, log: Path) -> None:
    (log.parent / "log.b").touch()
    outcome = here.extract(version(1, PACKAGES), **installing(log), rollback=True)
    assert isinstance(outcome, Failed)
    assert lines(log) == ["add-c", "add-a", "add-b", "drop-a", "drop-c"]
    assert not here.target.exists()


def test_a_node_that_does_not_meet_what_is_required_installs_nothing(here: Node, log: Path) -> None:
    keys = installing(log, requires={"os": "linux", "arch": "riscv"})
    here = replace(here, rules=replace(here.rules, system="Linux", machine="x86_64"))
    outcome = here.extract(version(1, PACKAGES), **keys)
    assert isinstance(outcome, Failed)
    assert outcome.trouble is Trouble.REQUIREMENT_UNMET
    assert lines(log) == []


def test_policies_go_to_the_folder_of_the_node(tmp_path: Path) -> None:
    store = tmp_path / "policies"
    store.mkdir()
    here = node(tmp_path, policies=store)
    documents = {"limits.toml": Put(b"x = 1", 0o600)}
    assert isinstance(here.extract(version(1, documents), kind="policy"), Extracted)
    assert tree(store / "site") == {"limits.toml": ("f", 0o600, b"x = 1")}
    assert tree(here.root) == {}
    refused = node(tmp_path).extract(version(1, documents), kind="policy")
    assert isinstance(refused, Failed)
    assert refused.trouble is Trouble.TARGET_REFUSED


def test_policies_are_put_in_force_by_the_program_of_the_node(here: Node, log: Path) -> None:
    store = log.parent / "policies"
    store.mkdir()
    program = f'cat "$1"/limit >> {log}; test ! -e {log}.bad'
    enforce = ("/bin/sh", "-c", program, "sh", "{folder}")
    # It is the owner's own: nothing from outside need be allowed for it.
    rules = replace(here.rules, policies=store, enforce=enforce, allow_actions=False)
    here = replace(here, rules=rules)
    assert isinstance(here.extract(version(1, {"limit": b"1\n"}), kind="policy"), Extracted)
    (log.parent / "log.bad").touch()
    outcome = here.extract(version(2, {"limit": b"2\n"}), kind="policy")
    assert isinstance(outcome, Failed)
    assert (outcome.step, outcome.trouble) == (Step.POST_ACTIONS, Trouble.ACTION_FAILED)
    (log.parent / "log.bad").unlink()
    assert isinstance(here.extract(version(2, {"limit": b"2\n"}), kind="policy"), Extracted)
    assert lines(log) == ["1", "2", "2"]
    # A document that is put back is in force again.
    (store / "site" / "limit").write_text("9\n")
    assert isinstance(here.repair(version(2, {"limit": b"2\n"}), kind="policy"), Extracted)
    assert lines(log) == ["1", "2", "2", "2"]


def test_a_policy_has_no_actions_of_its_own(here: Node, log: Path) -> None:
    store = log.parent / "policies"
    store.mkdir()
    rules = replace(here.rules, policies=store, enforce=("/bin/true",), allow_actions=False)
    here = replace(here, rules=rules)
    for when in ("pre", "post"):
        keys = {"kind": "policy", when: (sh(f"echo {when} >> {log}"),)}
        outcome = here.extract(version(1, {"limit": b"1"}), **keys)
        assert isinstance(outcome, Failed)
        assert outcome.trouble is Trouble.ACTIONS_REFUSED
    assert lines(log) == []

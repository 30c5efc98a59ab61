"""A node that extracts, as a process of its own that a test can kill.

`python -m tests.crash.extracting FOLDER APPLY VERSION` recovers, and then extracts a version of the
scenario; VERSION 0 recovers only. Prints what it did as JSON.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from horarium.distribution.realm import Action
from horarium.runtime import crash
from horarium.runtime.node_rules import NodeRules
from horarium.store.embedded import EmbeddedEngine
from horarium.store.store import Store
from tests.extraction import NOW, Folder, Node, Put, To, Version, Wished, version

VERSIONS: dict[int, Wished] = {
    1: {
        "docs": Folder(0o750),
        "docs/a.txt": b"a" * 3000,
        "docs/b.txt": Put(b"b", 0o600),
        "docs/latest": To("a.txt"),
        "goes/deep/x": b"x",
        "goes/y": b"y",
        "kind": b"a file",
        "other": Folder(),
        "other/z": b"z",
        "run": Put(b"#!/bin/sh\n", 0o755),
    },
    2: {
        "docs": Folder(0o700),
        "docs/a.txt": b"new" * 1000,
        "docs/b.txt": Put(b"b", 0o644),
        "docs/latest": To("b.txt"),
        "fresh": Folder(0o711),
        "fresh/one": b"1",
        "fresh/two/three": b"3",
        "kind/of": b"a directory",
        "other": b"a file",
        "run": Put(b"#!/bin/sh\n", 0o755),
    },
}


def node(folder: Path) -> Node:
    """The node of a folder; it is made when it is not there."""
    root = folder / "root"
    root.mkdir(exist_ok=True)
    engine = EmbeddedEngine(str(folder / "store"))
    engine.migrate(NOW)
    rules = NodeRules(
        "oslo", {"DEST": str(root)}, free_space=0,
        allow_actions=True, actions_user="root" if os.geteuid() else "nobody",
    )  # fmt: skip
    return Node(root, Store(engine), rules)


def wanted(number: int) -> Version:
    """A version of the scenario."""
    return version(number, VERSIONS[number])


def extract(here: Node, apply: str, number: int) -> object:
    """Extracts a version of the scenario. APPLY is `merge` or `swap`, with `-posting` after it for
    an action afterwards, or `-returning` for one whose failure would bring the old one back."""
    how, _, more = apply.partition("-")
    keys = {"post": (Action("run", ("true",)),), "rollback": more == "returning"}
    return here.extract(version(number, VERSIONS[number]), apply=how, **(keys if more else {}))


def main(folder: str, apply: str, number: str) -> None:
    crash.arm(os.environ)
    here = node(Path(folder))
    for recovered in here.extractor().recover():
        print(json.dumps([recovered.step.value, recovered.new, recovered.trouble]), flush=True)
    if int(number):
        print(json.dumps(type(extract(here, apply, int(number))).__name__), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])

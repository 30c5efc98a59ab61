"""A whole realm on one machine: a distributor, tiers of nodes that pass on, leaves behind each of
the lowest; every one a real node with keys, certificate, store and a folder of its own.

    python bench/thousands.py [TOP MIDDLE LOW LEAVES]      3 3 3 10 unless told: 270 leaves

A node costs about a second of a processor to make, to join and to start: 3 5 5 50, with its 3,750
leaves, takes a machine of many of them. Octets are those that the kernel counted for each
connection (``ss``), TLS and all.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from load import nodes as played
from load.nodes import Played
from tests.daemon.realm import Node, Realm

SHAPE = (3, 3, 3, 10)
FIRST_PORT = 20_000
SIZE = 600_000
CHANGED = 60_000
# How many nodes one process plays: each has a dozen files open.
TOGETHER = 480
TOKENS_AT_ONCE = 500
PATIENCE = 3_600.0


@dataclass(frozen=True, slots=True)
class Member:
    """A node of the tree: its tier, counted from 1, the node above (empty: the distributor)."""

    name: str
    above: str
    tier: int
    leaf: bool


def members(shape: Sequence[int]) -> list[Member]:
    """The tree: so many nodes below each node of the tier above, the last ones leaves."""
    found: list[Member] = []
    over = [""]
    for tier, many in enumerate(shape, 1):
        leaf = tier == len(shape)
        here = [
            Member(f"{above}{'-' if above else 'n'}{number}", above, tier, leaf)
            for above in over
            for number in range(many)
        ]
        found += here
        over = [one.name for one in here]
    return found


class Tree:
    """A realm of so many nodes: the distributor is a program of its own, the others are played by
    a few processes."""

    def __init__(self, folder: Path, shape: Sequence[int]) -> None:
        self.folder = folder
        self.members = members(shape)
        self.leaves = [one for one in self.members if one.leaf]
        self.realm = Realm(folder, {})
        self.hq: Node = self.realm.hq
        self.ports = {one.name: FIRST_PORT + n for n, one in enumerate(self._relays())}
        self.playing: list[subprocess.Popen[str]] = []

    def _relays(self) -> list[Member]:
        return [one for one in self.members if not one.leaf]

    def url(self, name: str) -> str:
        """Where those below reach a node."""
        return f"https://127.0.0.1:{self.ports[name]}" if name else self.hq.url

    def below(self, name: str) -> list[str]:
        """The nodes right below one."""
        return [one.name for one in self.members if one.above == name]

    def declare(self) -> None:
        """Declares the realm: leaves follow a channel, the others pass on."""
        lines = [
            '[distributor.hq]\nrefresh = { type = "never" }',
            f'[distribution.docs]\ndistributor = "hq"\ntarget = "%DEST_VOLUME%/docs"\n'
            f'source = "{self.realm.source}"\nbuild = {{ type = "never" }}',
            '[channel.always]\ndistributions = ["docs"]\nsend = { type = "immediately" }\n'
            f"subscribers = {json.dumps([one.name for one in self.leaves])}",
        ]
        for one in self.members:
            above = f'parents = ["{one.above}"]\n' if one.above else ""
            own = (
                'extract = { type = "immediately" }'
                if one.leaf
                else f'url = "{self.url(one.name)}"'
            )
            lines.append(f"[subscriber.{one.name}]\n{above}{own}")
        objects = self.hq.folder / "objects"
        objects.mkdir(exist_ok=True)
        (objects / "realm.toml").write_text("\n".join(lines) + "\n")
        self.hq.run("apply", str(objects))

    def enrol(self) -> None:
        """Has all nodes join, tier by tier."""
        tokens = self._tokens()
        for tier in sorted({one.tier for one in self.members}):
            here = [one for one in self.members if one.tier == tier]
            for number in range(0, len(here), TOGETHER):
                self._play(f"{tier}.{number}", here[number : number + TOGETHER], tokens)
            self._until_joined()

    def _tokens(self) -> dict[str, str]:
        names = self.folder / "names"
        names.write_text("\n".join(one.name for one in self.members) + "\n")
        made = self.hq.run("node", "token", "--file", str(names))["tokens"]
        return {one["name"]: one["token"] for one in made}

    def _play(self, what: str, here: Sequence[Member], tokens: dict[str, str]) -> None:
        nodes = [
            Played(
                one.name, str(self.folder / "nodes" / one.name),
                "" if one.leaf else f"127.0.0.1:{self.ports[one.name]}", self.url(one.above),
                tokens[one.name],
            )
            for one in here
        ]  # fmt: skip
        listed = self.folder / f"{what}.json"
        played.write(listed, nodes)
        with (self.folder / f"{what}.out").open("w") as out:
            self.playing.append(
                subprocess.Popen(
                    [sys.executable, played.__file__, str(listed)], text=True,
                    stdout=out, stderr=subprocess.STDOUT,
                )
            )  # fmt: skip

    def _until_joined(self) -> None:
        def joined() -> bool:
            assert all(process.poll() is None for process in self.playing), "a player is gone"
            return all(f"joined {many}\n" in out.read_text() for out, many in lists.items())

        outs = list(self.folder.glob("*.out"))
        lists = {out: len(json.loads(out.with_suffix(".json").read_text())) for out in outs}
        wait(joined)

    def states(self) -> Counter[str]:
        """How many leaves are how far with the newest version."""
        found = self.hq.run("distribution", "status", "docs", status=None)
        newest = {node["node"]: node["state"] for node in found["versions"][0]["nodes"]}
        return Counter(newest.get(one.name, "none") for one in self.leaves)

    def release(self) -> float:
        """Builds a version; seconds until every leaf is known to have it in use."""
        begin = time.monotonic()
        self.hq.run("distribution", "build", "docs")
        wait(lambda: self.states()["extracted"] == len(self.leaves))
        return time.monotonic() - begin

    def copies(self) -> dict[str, list[int]]:
        """By node that sends, octets that went to each of its connections."""
        said = subprocess.run(
            ["ss", "-tinHO", "state", "established"], capture_output=True, text=True, check=True
        ).stdout
        names = {port: name for name, port in self.ports.items()} | {self.hq.port: ""}
        found: dict[str, list[int]] = {name: [] for name in names.values()}
        for line in said.splitlines():
            here = re.search(r"127\.0\.0\.1:(\d+)\s+127\.0\.0\.1:\d+", line)
            sent = re.search(r"bytes_acked:(\d+)", line)
            if here and sent and int(here[1]) in names:
                found[names[int(here[1])]].append(int(sent[1]))
        return found

    def end(self) -> None:
        """Ends all processes."""
        for process in self.playing:
            process.kill()
            process.wait()
        self.realm.end()


def wait(what: Callable[[], object]) -> None:
    """Waits until something holds."""
    end = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < end, "it never came"
        time.sleep(1.0)


@contextmanager
def tree_of(shape: Sequence[int]) -> Iterator[Tree]:
    """A tree that is ended with the block."""
    with tempfile.TemporaryDirectory(dir=os.environ.get("HORARIUM_BENCH_DIR")) as folder:
        tree = Tree(Path(folder), shape)
        try:
            yield tree
        finally:
            tree.end()


def spent(process: subprocess.Popen[bytes]) -> tuple[float, int]:
    """Seconds of a processor, and mebioctets of memory at most, that a process has used."""
    place = Path("/proc") / str(process.pid)
    fields = (place / "stat").read_text().rpartition(")")[2].split()
    seconds = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    peak = re.search(r"VmHWM:\s+(\d+) kB", (place / "status").read_text())
    assert peak is not None
    return seconds, int(peak[1]) >> 10


def row(what: str, found: str, goal: str = "") -> None:
    """One line of the table."""
    print(f"| {what} | {found} | {goal} |", flush=True)


def main() -> None:
    shape = tuple(map(int, sys.argv[1:])) or SHAPE
    print("| what | found | goal |\n|---|---|---|")
    with tree_of(shape) as tree:
        realm, process = tree.realm, None
        begin = time.monotonic()
        tree.declare()
        row(f"{len(tree.members):,} nodes declared", f"{time.monotonic() - begin:.1f} s")
        begin = time.monotonic()
        tree.hq.start()
        process = tree.hq.process
        assert process is not None
        row("stated and signed, and the distributor serves", f"{time.monotonic() - begin:.1f} s")
        begin = time.monotonic()
        tree.enrol()
        took = time.monotonic() - begin
        row("joined, tier by tier", f"{took:.0f} s, {len(tree.members) / took:.0f} a second")
        for what, octets in (("everything", SIZE), ("a change", CHANGED)):
            if octets == SIZE:
                realm.fill(3, octets // 3)
            else:
                (realm.source / "part0" / "file0.bin").write_bytes(os.urandom(octets))
            before, used = tree.copies(), spent(process)[0]
            took = tree.release()
            after = tree.copies()
            row(f"{what}, until every leaf is known to use it", f"{took:.0f} s")
            row("of a processor at the distributor", f"{spent(process)[0] - used:.1f} s")
            links = {
                name: (sum(after[name]) - sum(before[name])) / len(tree.below(name))
                for name in after
            }
            most = max(links.values())
            row(f"octets over a link at most, for {octets:,}", f"{most:,.0f}", "one copy")
        row("memory of the distributor at most", f"{spent(process)[1]} MiB")
        states = tree.states()
        row("leaves in use", f"{states['extracted']:,}", f"{len(tree.leaves):,}")
        row("rows without a state", f"{states['none']}", "0")


if __name__ == "__main__":
    main()

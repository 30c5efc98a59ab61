"""A realm of real processes on the loopback: a distributor and nodes, each a site of its own.

What is asserted is taken from the outside: trees of files, what commands print, octets on the wire.
"""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.daemon.tap import Tap
from tests.daemon.wires import Wires

PROGRAM = [sys.executable, "-m", "horarium.cli.entry"]
PATIENCE = 60.0


def until(
    what: Callable[[], object], why: str | Callable[[], str], seconds: float = PATIENCE
) -> Any:
    """Waits until something holds; gives it."""
    end = time.monotonic() + seconds
    while True:
        found = what()
        if found:
            return found
        assert time.monotonic() < end, why() if callable(why) else why
        time.sleep(0.1)


def free_port() -> int:
    """A port of the loopback that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def tree(folder: Path) -> dict[str, tuple[str, int, bytes]]:
    """What lies below a folder: kind, permission bits and octets (or target) by path."""
    found: dict[str, tuple[str, int, bytes]] = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if ".horarium-stage" in name or ".versions" in name:
            continue
        if path.is_symlink():
            found[name] = ("l", 0, os.readlink(path).encode())
        elif path.is_dir():
            found[name] = ("d", path.stat().st_mode & 0o777, b"")
        else:
            found[name] = ("f", path.stat().st_mode & 0o777, path.read_bytes())
    return found


class Node:
    """One site: its folder, its port, and its process while it runs."""

    def __init__(self, realm: Realm, name: str) -> None:
        self.realm = realm
        self.name = name
        self.folder = realm.folder / name
        self.folder.mkdir()
        self.port = free_port()
        self.inbox = self.folder / "in"
        self.inbox.mkdir()
        self.process: subprocess.Popen[bytes] | None = None
        self.tap: Tap | None = None
        self.configure()

    @property
    def url(self) -> str:
        """Where its children reach it: at the tap before it, when there is one."""
        port = self.port if self.tap is None else self.tap.port
        return f"{self.realm.scheme}://{self.address}:{port}"

    @property
    def address(self) -> str:
        """Where it listens."""
        wires = self.realm.wires
        return "127.0.0.1" if wires is None else wires.address(self.name)

    @property
    def program(self) -> list[str]:
        """What a command of this site begins with."""
        wires = self.realm.wires
        where = [] if wires is None else wires.inside(self.name)
        return [*where, *PROGRAM, "--site", str(self.folder)]

    @property
    def log(self) -> str:
        """What its processes said."""
        path = self.folder / "log"
        return path.read_text() if path.exists() else ""

    def configure(self, **node: object) -> None:
        """Writes its settings."""
        settings: dict[str, object] = {
            "name": self.name,
            "listen": f"{self.address}:{self.port}",
            "url": self.url,
            "insecure_loopback": not self.realm.tls,
            **node,
        }
        lines = [f"{key} = {json.dumps(value)}" for key, value in settings.items()]
        lines.append(f"variables = {{ DEST_VOLUME = {json.dumps(str(self.inbox))} }}")
        (self.folder / "horarium.toml").write_text(
            "\n".join(['zone = "UTC"', "[node]", *lines]) + "\n"
        )

    def run(self, *words: str, status: int | None = 0, text: str | None = None) -> Any:
        """A command of this site; what it prints as JSON."""
        done = subprocess.run(
            [*self.program, "--json", *words],
            capture_output=True, text=True, timeout=120, check=False, input=text,
        )  # fmt: skip
        if status is not None:
            assert done.returncode == status, (
                f"{words}: {done.returncode} {done.stdout}{done.stderr}"
            )
        return json.loads(done.stdout) if done.stdout.strip() else None

    def start(self, **environment: str) -> None:
        """Serves, until it is stopped or killed."""
        before = self.log.count("serving")
        with (self.folder / "log").open("a") as log:
            self.process = subprocess.Popen(
                [*self.program, "--testing", "node", "run"],
                stderr=log, stdout=log, env={**os.environ, **environment},
            )  # fmt: skip
        until(
            lambda: self.log.count("serving") > before or not self.alive,
            f"{self.name} never served",
        )

    @property
    def alive(self) -> bool:
        """Whether its process runs."""
        return self.process is not None and self.process.poll() is None

    def kill(self) -> None:
        """Ends its process as a loss of power would."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def stop(self) -> None:
        """Ends its process in order."""
        if self.process is not None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(30)
            self.process = None

    def died(self) -> None:
        """Waits until its process has been killed at the place it was armed for."""
        assert self.process is not None
        assert self.process.wait(PATIENCE) == -signal.SIGKILL, self.log[-2000:]
        self.process = None

    def join(self, parent: Node) -> None:
        """Becomes a node of the realm, by its parent."""
        token = self.realm.hq.run("node", "token", self.name)["token"]

        def joined() -> bool:
            done = self.run("node", "join", parent.url, "--token", token, status=None)
            return bool(done.get("joined"))

        until(joined, lambda: f"{self.name} could not join: {parent.log}")


class Realm:
    """A distributor ``hq`` and nodes by their parents (empty: the first tier)."""

    def __init__(
        self, folder: Path, parents: Mapping[str, str], *, tls: bool = True,
        wires: Wires | None = None,
    ) -> None:  # fmt: skip
        self.folder = folder
        self.wires = wires
        self.tls = tls
        self.parents = parents
        self.source = folder / "source"
        self.source.mkdir()
        self.hq = Node(self, "hq")
        self.nodes = {name: Node(self, name) for name in parents}
        self.extra: dict[str, str] = {}

    @property
    def scheme(self) -> str:
        """How links are addressed."""
        return "https" if self.tls else "http"

    def declare(
        self, *, send: str = '{ type = "immediately" }', distribution: str = "", channel: str = "",
        subscriber: str = "", more: str = "",
    ) -> None:  # fmt: skip
        """Declares everything anew, with further keys."""
        objects = self.hq.folder / "objects"
        objects.mkdir(exist_ok=True)
        lines = [
            '[distributor.hq]\nrefresh = { type = "never" }',
            f'[distribution.docs]\ndistributor = "hq"\ntype = "file"\nsource = "{self.source}"\n'
            f'target = "%DEST_VOLUME%/docs"\nbuild = {{ type = "never" }}\n{distribution}',
            f'[channel.night]\ndistributions = ["docs"]\n'
            f"subscribers = {json.dumps(sorted(self.nodes))}\nsend = {send}\n{channel}",
        ]
        for name, parent in self.parents.items():
            own = self.extra.get(name, 'extract = { type = "immediately" }')
            over = f"parents = {json.dumps([parent])}\n" if parent and "parents" not in own else ""
            lines.append(
                f'[subscriber.{name}]\nurl = "{self.nodes[name].url}"\n{over}{own}\n{subscriber}'
            )
        (objects / "realm.toml").write_text("\n".join([*lines, more]) + "\n")
        self.hq.run("apply", str(objects))
        self.hq.run("distributor", "refresh", "hq")

    def start(self) -> None:
        """Starts everybody, and lets the nodes join, those above first."""
        self.hq.start()
        for name in self.parents:
            node = self.nodes[name]
            parent = self.nodes[self.parents[name]] if self.parents[name] else self.hq
            node.join(parent)
            node.start()

    def build(self) -> Any:
        """Builds a version now."""
        return self.hq.run("distribution", "build", "docs")

    def status(self) -> dict[str, Any]:
        """By node, how far it is with the newest version."""
        found = self.hq.run("distribution", "status", "docs", status=None)
        versions = found["versions"]
        return {node["node"]: node for node in versions[0]["nodes"]} if versions else {}

    def state(self, name: str) -> str:
        """How far a node is with the newest version."""
        return str(self.status().get(name, {}).get("state"))

    def until_extracted(self, version: int, *names: str, seconds: float = PATIENCE) -> None:
        """Waits until nodes (all of them) have a version in use."""
        wanted = names or tuple(self.nodes)

        def there() -> bool:
            found = self.hq.run("distribution", "status", "docs", status=None)
            newest = found["versions"][0] if found["versions"] else {"version": 0, "nodes": []}
            states = {node["node"]: node["state"] for node in newest["nodes"]}
            return newest["version"] == version and all(
                states.get(name) == "extracted" for name in wanted
            )

        until(there, lambda: f"{self.status()}\n{self.logs()}", seconds)

    def is_whole(self, name: str) -> bool:
        """Whether what a node has in use is what the source holds."""
        return tree(self.nodes[name].inbox / "docs") == tree(self.source)

    def fill(self, files: int, octets: int, seed: int = 1) -> None:
        """Writes files that can not be compressed into the source."""
        dice = random.Random(seed)
        for number in range(files):
            path = self.source / f"part{number % 3}" / f"file{number}.bin"
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(dice.randbytes(octets))

    def logs(self) -> str:
        """What everybody said last."""
        return "\n".join(
            f"--- {node.name}\n{node.log[-1500:]}" for node in (self.hq, *self.nodes.values())
        )

    def end(self) -> None:
        """Ends all processes."""
        for node in (self.hq, *self.nodes.values()):
            node.kill()


@contextmanager
def realm_of(
    folder: Path, parents: Mapping[str, str], *, tls: bool = True, wires: Wires | None = None
) -> Iterator[Realm]:
    """A realm that is ended with the block."""
    realm = Realm(folder, parents, tls=tls, wires=wires)
    try:
        yield realm
    finally:
        realm.end()

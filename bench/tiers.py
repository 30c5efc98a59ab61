"""Versions on their way through tiers: octets and seconds on links that are shaped and counted from
outside.

    python bench/tiers.py [PART...]

Every node is a process in a network namespace of its own; links are veth pairs with a token bucket
of `tc`; octets are those that the interfaces counted, with all headers. Needs root.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.daemon.realm import Node, Realm, realm_of
from tests.daemon.wires import Wires, can_be_laid, wires

from horarium.distribution.content import CHUNK

SIZE = 30_000_000
RATE, OCTETS_A_SECOND = "40mbit", 5_000_000
LEAVES = (1, 10, 50)
PAUSE = 0.02
PATIENCE = 300.0


def row(bar: str, ours: str, rival: str, ratio: float | None, goal: str) -> None:
    """One line of the table."""
    shown = "" if ratio is None else f"{ratio:.3f}"
    print(f"| {bar} | {ours} | {rival} | {shown} | {goal} |", flush=True)


def wait(what: Callable[[], object], why: str = "it never came") -> float:
    """Waits until something holds; when it did."""
    end = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < end, why
        time.sleep(PAUSE)
    return time.monotonic()


@contextmanager
def realm_on_wires(
    parents: Mapping[str, str], rate: str = RATE, subscriber: str = ""
) -> Iterator[tuple[Realm, Wires]]:
    """Nodes that have joined and wait for what is built."""
    with (
        tempfile.TemporaryDirectory(dir=os.environ.get("HORARIUM_BENCH_DIR")) as folder,
        wires(parents) as laid,
        realm_of(Path(folder), parents, wires=laid) as realm,
    ):
        realm.declare(subscriber=subscriber)
        realm.start()
        for name in parents if rate else ():
            laid.shape(name, rate)
        yield realm, laid


def received(node: Node) -> int:
    """How many bundles a node has received."""
    return len(re.findall(r"bundle.received .*octets=\d{6,}", node.log))


def bundle(realm: Realm) -> int:
    """The length of the bundle that travelled."""
    node = next(iter(realm.nodes.values()))
    return int(re.findall(r"bundle.received .*octets=(\d{6,})", node.log)[-1])


def fan_out(realm: Realm, laid: Wires, size: int = SIZE) -> float:
    """Seconds from the first octet of a version on its first link to the last one at every node."""
    first = next(name for name, parent in realm.parents.items() if not parent)
    before = {name: received(node) for name, node in realm.nodes.items()}
    realm.fill(3, size // 3, seed=time.monotonic_ns())
    quiet = laid.octets(first)
    build = subprocess.Popen(
        [*realm.hq.program, "--json", "distribution", "build", "docs"], stdout=subprocess.DEVNULL
    )
    begun = wait(lambda: laid.octets(first) - quiet > CHUNK) - CHUNK / OCTETS_A_SECOND
    ends = [
        wait(lambda n=name, node=node: received(node) > before[n], node.log[-2000:])
        for name, node in realm.nodes.items()
    ]
    assert build.wait() == 0
    return max(ends) - begun


def chain() -> None:
    """Four tiers in a row, and two hops beside those of a node that stores before it forwards."""
    parents = {"a": "", "b": "a", "c": "b", "d": "c"}
    with realm_on_wires(parents) as (realm, laid):
        took = fan_out(realm, laid)
        size = bundle(realm)
    ideal = size / OCTETS_A_SECOND + 3 * CHUNK / OCTETS_A_SECOND
    what = "four tiers, 30 MB at 40 Mbit/s"
    row(what, f"{took:.2f} s", f"{ideal:.2f} s", took / ideal, "<= 1.10")
    times = {}
    for relay in ("cut_through", "store_and_forward"):
        with realm_on_wires({"a": "", "b": "a"}, subscriber=f'relay = "{relay}"') as (realm, laid):
            times[relay] = fan_out(realm, laid)
    ours, rival = times.values()
    row("two hops", f"{ours:.2f} s", f"{rival:.2f} s", ours / rival, "<= 0.55")


PARTS: dict[str, Callable[[], None]] = {"chain": chain}


def main() -> None:
    if not can_be_laid():
        print("tiers: left out, network namespaces need root and `ip netns`")
        return
    print("| bar | ours | rival | ratio | goal |\n|---|---|---|---|---|")
    for name in sys.argv[1:] or PARTS:
        PARTS[name]()


if __name__ == "__main__":
    main()

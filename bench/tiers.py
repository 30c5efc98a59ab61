"""Versions on their way through tiers: octets and seconds on links that are shaped and counted from
outside.

    python bench/tiers.py [PART...]

Every node is a process in a network namespace of its own; links are veth pairs with a token bucket
of `tc`; octets are those that the interfaces counted, with all headers. Needs root.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from load.walking import walk_seconds
from tests.daemon.realm import Node, Realm, realm_of
from tests.daemon.wires import Wires, can_be_laid, wires

from horarium.distribution.content import CHUNK
from horarium.runtime.clock import SystemClock
from horarium.runtime.settings import load_settings
from horarium.runtime.site import Site
from horarium.runtime.tiers.belief import load_belief
from horarium.runtime.wiring import open_store

SIZE = 30_000_000
RATE, OCTETS_A_SECOND = "40mbit", 5_000_000
LEAVES = (1, 10, 50)
ROUNDS = 3
WALKS = (400, 4_000)
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
    row(
        "four tiers, 30 MB at 40 Mbit/s", f"{took:.2f} s", f"{ideal:.2f} s", took / ideal, "<= 1.10"
    )
    times = {}
    for relay in ("cut_through", "store_and_forward"):
        with realm_on_wires({"a": "", "b": "a"}, subscriber=f'relay = "{relay}"') as (realm, laid):
            times[relay] = fan_out(realm, laid)
    ours, rival = times.values()
    row("two hops", f"{ours:.2f} s", f"{rival:.2f} s", ours / rival, "<= 0.55")


def metadata(realm: Realm) -> int:
    """The octets of everything signed that the node of the first tier reads."""
    site = Site(realm.hq.folder)
    store = open_store(site, load_settings(site, {}), SystemClock())
    try:
        belief = load_belief(store)
    finally:
        store.close()
    assert belief is not None
    said = [data for name, data in belief.stated.items() if not name.startswith("node/")]
    return sum(map(len, [*belief.trusted.octets.values(), *said, belief.stated["node/a"]]))


def shared() -> None:
    """A link with ever more leaves behind it carries one copy."""
    for leaves in LEAVES:
        parents = {"a": "", **{f"leaf{number}": "a" for number in range(leaves)}}
        with realm_on_wires(parents) as (realm, laid):
            before = laid.payload("a")
            fan_out(realm, laid, 10_000_000)
            time.sleep(2)
            came = laid.payload("a") - before
            once = bundle(realm) + metadata(realm)
        row(
            f"octets over a link with {leaves} leaves behind it, beside one copy and metadata",
            f"{came:,}", f"{once:,}", came / once, "<= 1.01",
        )  # fmt: skip


def hop() -> None:
    """One hop that nothing shapes, beside what the disk and the network give alone."""
    size = 240_000_000
    with realm_on_wires({"a": ""}, rate="") as (realm, laid):
        times = [fan_out(realm, laid, size) for _ in range(ROUNDS)]
        took = statistics.median(times)
        disk = statistics.median(
            disk_seconds(realm.folder / f"rival{number}", size) for number in range(ROUNDS)
        )
    net = network_seconds(size)
    rival = max(disk, net or 0.0)
    named = "write and sync" if rival == disk else "iperf3"
    missing = "" if net else "; iperf3 is not installed"
    row(
        f"one hop, 240 MB, unshaped, beside {named}, which is slower{missing}", f"{took:.2f} s",
        f"{rival:.2f} s", rival / took, ">= 0.60",
    )  # fmt: skip


def disk_seconds(place: Path, size: int) -> float:
    """Seconds to write so many octets into a new file, and to have them on the disk. The file
    stays, as what arrives does: memory that was just let go of makes the next write faster."""
    piece = os.urandom(1 << 20)
    begin = time.monotonic()
    with place.open("wb") as file:
        for _ in range(size >> 20):
            file.write(piece)
        file.flush()
        os.fsync(file.fileno())
    return time.monotonic() - begin


def network_seconds(size: int) -> float | None:
    """Seconds for so many octets over the loopback, as iperf3 sends them; None without it."""
    if shutil.which("iperf3") is None:
        return None
    server = subprocess.Popen(["iperf3", "-s", "-1", "-p", "5299"], stdout=subprocess.DEVNULL)
    time.sleep(0.5)
    done = subprocess.run(
        ["iperf3", "-c", "127.0.0.1", "-p", "5299", "-t", "3", "-J"],
        capture_output=True,
        check=True,
    )
    server.wait()
    return float(8 * size / json.loads(done.stdout)["end"]["sum_received"]["bits_per_second"])


def window() -> None:
    """What goes after a window's end, and what goes again."""
    with realm_on_wires({"a": ""}, rate="16mbit") as (realm, laid):
        realm.declare(send='{ type = "never" }')
        realm.fill(3, 4_000_000)
        realm.build()
        end = int(time.time()) + 8
        closes = f"{datetime.fromtimestamp(end, UTC):%H:%M:%S}"
        begins = f"{datetime.fromtimestamp(end - 60, UTC):%H:%M:%S}"
        before = laid.octets("a")
        realm.declare(send=f'{{ type = "daily", start = "{begins}", end = "{closes}" }}')
        time.sleep(max(0.0, end + 1 - time.time()))
        first = laid.octets("a")
        held = part_of(realm.nodes["a"])
        time.sleep(5)
        late = laid.octets("a") - first
        row("octets later than 1 s after the end, in 5 s, messages too", f"{late:,}", "", None, "0")
        before = laid.octets("a")
        realm.declare()
        wait(lambda: received(realm.nodes["a"]))
        rest = bundle(realm) - held
        time.sleep(1)
        came = laid.octets("a") - before
        row(
            "octets after a cut, beside the rest; metadata too", f"{came:,}", f"{rest:,}",
            came / rest, "reported",
        )  # fmt: skip


def part_of(node: Node) -> int:
    """Octets of a content on its way in that lie at a node."""
    part = node.folder / "state" / "distribution" / "part"
    return max((file.stat().st_size for file in part.glob("*")), default=0)


def rates() -> None:
    """The rate of a channel over any five seconds, as the interface saw it."""
    rate = 1_000_000
    with realm_on_wires({"a": ""}, rate="") as (realm, laid):
        realm.declare(channel='rate_grid = ["Mon-Sun 00:00-24:00 8Mbit"]')
        realm.fill(3, 5_000_000)
        realm.build()
        wait(lambda: part_of(realm.nodes["a"]))
        seen: list[tuple[float, int]] = []
        while not received(realm.nodes["a"]):
            seen.append((time.monotonic(), laid.octets("a")))
            time.sleep(0.05)
    least, most = 1.0, 0.0
    for at, octets in seen:
        later = next(((t, o) for t, o in seen if t >= at + 5), None)
        if later is not None:
            speed = (later[1] - octets) / (later[0] - at) / rate
            least, most = min(least, speed), max(most, speed)
    row(
        "a rate of 1 MB/s, least and most in any 5 s, with headers", f"{least:.3f}",
        f"{most:.3f}", max(most - 1, 1 - least), "<= 0.03",
    )  # fmt: skip


def walk() -> None:
    """A walk of connected subscribers that have everything."""
    times = {many: statistics.median(walk_seconds(many) for _ in range(ROUNDS)) for many in WALKS}
    few, many = times.values()
    row(
        "a walk of 4,000 connected subscribers, beside one of 400", f"{many:.2f} s", f"{few:.2f} s",
        many / few, "<= 11",
    )  # fmt: skip


PARTS: dict[str, Callable[[], None]] = {
    "chain": chain,
    "shared": shared,
    "hop": hop,
    "window": window,
    "rates": rates,
    "walk": walk,
}


def main() -> None:
    if not can_be_laid():
        print("tiers: left out, network namespaces need root and `ip netns`")
        return
    print("| bar | ours | rival | ratio | goal |\n|---|---|---|---|---|")
    for name in sys.argv[1:] or PARTS:
        PARTS[name]()


if __name__ == "__main__":
    main()

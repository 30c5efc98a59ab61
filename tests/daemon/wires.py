"""Real wires between processes: network namespaces, one for each node, joined by links that are
shaped and counted from outside. Needs root and `ip netns`."""

from __future__ import annotations

import os
import secrets
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path

TOP = "hq"
HEADERS = 14 + 20 + 32
"""Octets of Ethernet, IPv4 and TCP with time stamps (RFC 791, 9293, 7323) in a packet."""


def _ip(*words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["ip", *words], capture_output=True, text=True, check=check, stdin=subprocess.DEVNULL
    )


@cache
def can_be_laid() -> bool:
    """Whether this process may make namespaces."""
    if os.geteuid() != 0:
        return False
    try:
        name = f"horarium-{secrets.token_hex(3)}"
        if _ip("netns", "add", name, check=False).returncode:
            return False
        _ip("netns", "del", name, check=False)
    except FileNotFoundError:
        return False
    return True


class Wires:
    """One link from each node to its parent (empty: the distributor)."""

    def __init__(self, parents: Mapping[str, str]) -> None:
        self._parents = {name: parent or TOP for name, parent in parents.items()}
        self._mark = secrets.token_hex(2)
        self._numbers = {name: number for number, name in enumerate([TOP, *parents], 1)}

    def lay(self, rate: str) -> None:
        """Lays all links, of a rate as `tc` writes them (empty: unshaped)."""
        for name in self._numbers:
            self._lay_out(name)
        for name in self._parents:
            self._connect(name)
            if rate:
                self.shape(name, rate)

    def inside(self, name: str) -> list[str]:
        """What a command begins with to run at a node."""
        return ["ip", "netns", "exec", self._space(name)]

    def address(self, name: str) -> str:
        """The address of a node."""
        number = self._numbers[name]
        return f"10.77.{number >> 8}.{number & 255}"

    def shape(self, child: str, rate: str) -> None:
        """Gives the link to a node a rate, in both directions."""
        for space, device in ((child, "wire"), (self._parents[child], self._device(child))):
            words = f"qdisc replace dev {device} root tbf rate {rate} burst 64kb latency 100ms"
            subprocess.run(
                ["tc", "-n", self._space(space), *words.split()], check=True, capture_output=True
            )

    def octets(self, child: str) -> int:
        """Octets that came to a node over its link, with all headers."""
        return self._counted(child, "rx_bytes")

    def payload(self, child: str) -> int:
        """Octets that came to a node over its link, without the headers of Ethernet, IPv4 and TCP:
        how many of these there are is for the system to say, which joins packets as it likes."""
        return self.octets(child) - HEADERS * self._counted(child, "rx_packets")

    def end(self) -> None:
        """Takes all of them away."""
        for name in self._numbers:
            _ip("netns", "del", self._space(name), check=False)

    def _counted(self, child: str, what: str) -> int:
        found = subprocess.run(
            [*self.inside(child), "cat", f"/sys/class/net/wire/statistics/{what}"],
            capture_output=True, check=True,
        )  # fmt: skip
        return int(found.stdout)

    def _space(self, name: str) -> str:
        return f"horarium-{self._mark}-{self._numbers[name]}"

    def _device(self, child: str) -> str:
        return f"to{self._numbers[child]}"

    def _lay_out(self, name: str) -> None:
        space = self._space(name)
        _ip("netns", "add", space)
        _ip("-n", space, "link", "set", "lo", "up")
        _ip("-n", space, "addr", "add", f"{self.address(name)}/32", "dev", "lo")
        forward = Path("/proc/sys/net/ipv4/ip_forward")
        write = ["sh", "-c", f"echo 1 > {forward}"]
        subprocess.run([*self.inside(name), *write], check=True)

    def _connect(self, child: str) -> None:
        parent, device = self._space(self._parents[child]), self._device(child)
        space = self._space(child)
        _ip(
            "link", "add", device, "netns", parent, "type", "veth", "peer", "name", "wire", "netns",
            space,
        )  # fmt: skip
        _ip("-n", space, "link", "set", "wire", "up")
        _ip("-n", parent, "link", "set", device, "up")
        own = self.address(child)
        above = self.address(self._parents[child])
        words = ("route", "add", "default", "via", above, "dev", "wire", "src", own, "onlink")
        _ip("-n", space, *words)
        self._route_down(child)

    def _route_down(self, child: str) -> None:
        """Leads from all above to a node and, through it, to those behind it."""
        below = [child]
        for name in below:
            below += [other for other, parent in self._parents.items() if parent == name]
        parent = self._parents[child]
        for name in below:
            _ip(
                "-n", self._space(parent), "route", "replace", f"{self.address(name)}/32", "via",
                self.address(child), "dev", self._device(child), "src", self.address(parent),
                "onlink",
            )  # fmt: skip


@contextmanager
def wires(parents: Mapping[str, str], rate: str = "") -> Iterator[Wires]:
    """Wires that are taken away with the block."""
    laid = Wires(parents)
    try:
        laid.lay(rate)
        yield laid
    finally:
        laid.end()

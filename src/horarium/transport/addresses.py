"""Which addresses of the network may be fetched from when a definition names them.

Whoever writes a definition must not make this machine read from itself, from its neighbours or
from the service that tells clouds their secrets: only addresses of the public network are fetched
from, unless the definition lists others. Judged after a name was resolved, for each connection.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

from horarium.kernel.errors import InvalidInput

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class AddressRules:
    """The rules of one definition. ``allowed`` lists networks (``10.1.0.0/16``), addresses and
    names of hosts, which are allowed whatever they resolve to."""

    def __init__(self, allowed: Iterable[str] = ()) -> None:
        self._hosts: set[str] = set()
        self._networks: list[ipaddress.IPv4Network | ipaddress.IPv6Network] = []
        for text in allowed:
            try:
                self._networks.append(ipaddress.ip_network(text, strict=False))
            except ValueError:
                if "/" in text:
                    raise InvalidInput(f"{text[:80]!r} is no network") from None
                self._hosts.add(text.lower().rstrip("."))

    def permits(self, host: str, address: str) -> bool:
        """Whether a host may be fetched from at the address that its name was resolved to."""
        if host.lower().rstrip(".") in self._hosts:
            return True
        try:
            found = ipaddress.ip_address(address.partition("%")[0])
        except ValueError:
            return False
        meant = _meant(found)
        if any(one in network for network in self._networks for one in (found, meant)):
            return True
        return _is_public(found) and _is_public(meant)


def _is_public(address: Address) -> bool:
    return address.is_global and not address.is_multicast and not address.is_reserved


def _meant(address: Address) -> Address:
    """The address of the older kind that one of the newer kind stands for."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address.sixtofour is not None:
            return address.sixtofour
        if address.teredo is not None:
            return address.teredo[1]
        if address in _NAT64:
            return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def literal(host: str) -> str:
    """The address that a host is written as, empty when it is a name. Forms that some resolvers
    read as addresses (``127.1``, ``0x7f000001``) are names here, and resolve to what they are."""
    try:
        return str(ipaddress.ip_address(host.strip("[]")))
    except ValueError:
        return ""

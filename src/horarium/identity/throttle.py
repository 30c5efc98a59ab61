"""How long the next try at signing in must wait, by what failed before.

Nobody is locked out for good: every wait ends by itself, and a browser that has signed in to an
account before has a counter of its own.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from hashlib import sha256
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from horarium.kernel.errors import InvalidInput
from horarium.kernel.instant import Instant

# Failures longer ago than this count no more.
WINDOW_SECONDS = 900
# So many fail for one name before anybody waits; the waits of the failures after that.
FREE_FAILURES = 4
WAITS = (1, 2, 4, 8, 16)
# With so many in the window, a name waits until one of them leaves it.
MOST_OF_NAME = FREE_FAILURES + len(WAITS) + 1
# The same for a source, which has no waits before.
MOST_OF_SOURCE = 50


def in_window(failures: Iterable[Instant], now: Instant) -> list[Instant]:
    """The failures that count at `now`, in order. One that a clock set back has put into the
    future counts as long as one of the past, so that no such clock locks anybody out."""
    return sorted(at for at in failures if abs(now - at) < WINDOW_SECONDS)


def name_waits_until(failures: Iterable[Instant], now: Instant) -> Instant | None:
    """The instant before which a try at a name is refused unseen; None when it may be made."""
    counted = in_window(failures, now)
    number = len(counted)
    if number <= FREE_FAILURES:
        return None
    last = min(counted[-1], now)
    until = Instant(last + WAITS[min(number - FREE_FAILURES, len(WAITS)) - 1])
    if number >= MOST_OF_NAME:
        until = Instant(max(until, _leaves(counted[-MOST_OF_NAME], now)))
    return until if now < until else None


def source_waits_until(failures: Iterable[Instant], now: Instant) -> Instant | None:
    """The same for a source of tries, whatever their names."""
    counted = in_window(failures, now)
    if len(counted) < MOST_OF_SOURCE:
        return None
    return _leaves(counted[-MOST_OF_SOURCE], now)


def _leaves(at: Instant, now: Instant) -> Instant:
    return Instant(min(at, now) + WINDOW_SECONDS)


def source_network(address: str) -> str:
    """The network that tries from an address are counted under: an IPv4 address, or the /64 of an
    IPv6 one, written as text; "" stays "" (a socket without an address). Raises InvalidInput."""
    if not address:
        return ""
    try:
        found: IPv4Address | IPv6Address = ip_address(address.partition("%")[0])
    except ValueError:
        raise InvalidInput("source: expected an IP address", value=address[:80]) from None
    if isinstance(found, IPv6Address):
        if found.ipv4_mapped is None:
            return str(ip_network((int(found) >> 64 << 64, 64)))
        found = found.ipv4_mapped
    return str(found)


def counter_of(kind: str, text: str, key: bytes) -> str:
    """Under which a name, a source or a known browser is counted: a keyed hash, so that the store
    does not tell which names were tried."""
    return hmac.new(key, f"{kind}:{text}".encode("utf-8", "replace"), sha256).hexdigest()

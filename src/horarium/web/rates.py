"""How often one source may ask: kept in memory, forgotten with time, bounded in size."""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass, field
from ipaddress import IPv6Address, ip_address

from horarium.kernel.errors import HorariumError
from horarium.kernel.instant import Instant

MOST_SOURCES = 20_000


class TooOften(HorariumError):
    """A source asked more often than it may; it may again after `seconds`."""

    def __init__(self, seconds: int) -> None:
        super().__init__("too many requests from here; try again later")
        self.seconds = seconds


@dataclass(frozen=True, slots=True)
class Rate:
    """At most so many in so many seconds."""

    most: int
    seconds: int


LISTING, HOLDING, CONFIRMING = Rate(60, 60), Rate(10, 60), Rate(20, 3_600)


@dataclass(slots=True)
class Rates:
    """The last requests of each source, by what was asked."""

    _asked: OrderedDict[tuple[Rate, str], deque[Instant]] = field(default_factory=OrderedDict)

    def check(self, rate: Rate, source: str, now: Instant) -> None:
        """Counts one request. TooOften when it is one too many, and then it does not count."""
        key = (rate, _network(source))
        times = self._asked.setdefault(key, deque())
        self._asked.move_to_end(key)
        while times and times[0] <= now - rate.seconds:
            times.popleft()
        if len(times) >= rate.most:
            raise TooOften(max(1, times[0] + rate.seconds - now))
        times.append(now)
        while len(self._asked) > MOST_SOURCES:
            self._asked.popitem(last=False)


def _network(source: str) -> str:
    """An IPv4 address, or the /64 of an IPv6 address, which is one household."""
    try:
        found = ip_address(source)
    except ValueError:
        return source
    if isinstance(found, IPv6Address):
        if found.ipv4_mapped is not None:
            return str(found.ipv4_mapped)
        return str(IPv6Address(int(found) >> 64 << 64))
    return source

"""A period: the half-open stretch between two instants."""

from __future__ import annotations

import re
from dataclasses import dataclass

from horarium.kernel.duration import parse_duration
from horarium.kernel.errors import InvalidInput
from horarium.kernel.instant import Instant, format_instant, instant, wall


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """``[start, end)`` with ``start < end``; equal or inverted ends are InvalidInput."""

    start: Instant
    end: Instant

    def __post_init__(self) -> None:
        if self.start >= self.end:
            raise InvalidInput(
                "a period ends after it starts", part="period", value=f"{self.start}/{self.end}"
            )

    @property
    def seconds(self) -> int:
        """The exact length."""
        return self.end - self.start

    def overlaps(self, other: Period) -> bool:
        """Tell whether the two share an instant; touching is not overlapping."""
        return self.start < other.end and other.start < self.end

    def contains(self, t: Instant) -> bool:
        """Tell whether the instant lies inside; the end does not."""
        return self.start <= t < self.end


_UTC = re.compile(r"(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z", re.ASCII)


def _read_utc(text: str) -> Instant:
    match = _UTC.fullmatch(text)
    if match is None:
        raise InvalidInput(
            f"{text[:40]!r} is no UTC time like 20260105T090000Z", part="period", value=text[:40]
        )
    return instant(wall(*(int(part) for part in match.groups())))


def parse_period(text: str) -> Period:
    """Read ``start/end`` or ``start/duration`` in UTC (RFC 5545 3.3.9).

    Raises InvalidInput for other forms and for a length of zero or less.
    """
    first, slash, second = text.partition("/")
    if not slash:
        raise InvalidInput("a period has two parts and a slash", part="period", value=text[:80])
    start = _read_utc(first)
    if second[:1] in ("P", "p", "+", "-"):
        # Both ends are UTC, where a nominal day has 86,400 seconds.
        return Period(start, instant(start + parse_duration(second).exact))
    return Period(start, _read_utc(second))


def format_period(p: Period) -> str:
    """Write ``start/end`` in UTC (RFC 5545 3.3.9)."""
    return "/".join(format_instant(t).replace("-", "").replace(":", "") for t in (p.start, p.end))

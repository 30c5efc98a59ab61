"""Durations: nominal days beside exact seconds."""

from __future__ import annotations

import re
from dataclasses import dataclass

from horarium.kernel.errors import InvalidInput
from horarium.kernel.gregorian import DAY


@dataclass(frozen=True, slots=True)
class Duration:
    """Days (nominal, weeks folded in) and seconds (exact); both carry the sign.

    A nominal day leads to the same wall time of the next date, whatever the
    clocks do in between. Source: RFC 5545 3.3.6.
    """

    days: int = 0
    seconds: int = 0

    def __post_init__(self) -> None:
        if (self.days < 0 < self.seconds) or (self.seconds < 0 < self.days):
            raise InvalidInput("the parts of a duration have one sign", part="duration")

    @property
    def exact(self) -> int:
        """The seconds, a day counted as 86,400 (for callers that want exactly that)."""
        return self.days * DAY + self.seconds


_ISO = re.compile(
    r"([+-])?P(?:(\d{1,9})W|(?:(\d{1,9})D)?(T(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,9})S)?)?)",
    re.ASCII | re.IGNORECASE,
)
_SHORT = re.compile(
    r"(?:(\d{1,9})w)?(?:(\d{1,9})d)?(?:(\d{1,9})h)?(?:(\d{1,9})m)?(?:(\d{1,9})s)?",
    re.ASCII | re.IGNORECASE,
)


def parse_duration(text: str) -> Duration:
    """Read ``PT10H``, ``P1W``, ``-P1DT2H`` or the short ``1h30m``, ``90m``, ``2d``.

    Raises InvalidInput for anything else. Source: RFC 5545 3.3.6.
    """
    iso = _ISO.fullmatch(text)
    if iso is not None:
        sign, weeks, days, time, hours, minutes, seconds = iso.groups()
        # "P", "PT" and "P1DT" name no quantity after their letter.
        if (weeks or days or time) and (time is None or len(time) > 1):
            factor = -1 if sign == "-" else 1
            whole = int(weeks or 0) * 7 + int(days or 0)
            exact = int(hours or 0) * 3600 + int(minutes or 0) * 60 + int(seconds or 0)
            return Duration(factor * whole, factor * exact)
    short = _SHORT.fullmatch(text)
    if short is not None and text:
        weeks, days, hours, minutes, seconds = (int(part or 0) for part in short.groups())
        return Duration(weeks * 7 + days, hours * 3600 + minutes * 60 + seconds)
    raise InvalidInput(
        f"{text[:40]!r} is no duration like PT1H30M, P1D or 1h30m",
        part="duration",
        value=text[:40],
    )


def format_duration(d: Duration) -> str:
    """Write a duration in the ISO form of RFC 5545 3.3.6; ``PT0S`` when it is nothing."""
    days, seconds = abs(d.days), abs(d.seconds)
    sign = "-" if d.days < 0 or d.seconds < 0 else ""
    if days and not seconds:
        return f"{sign}P{days // 7}W" if days % 7 == 0 else f"{sign}P{days}D"
    hours, rest = divmod(seconds, 3600)
    minutes, left = divmod(rest, 60)
    time = "".join(
        f"{number}{letter}"
        for number, letter in ((hours, "H"), (minutes, "M"), (left, "S"))
        if number
    )
    if hours and left and not minutes:
        # The grammar of RFC 5545 has no hours followed by seconds alone.
        time = f"{hours}H0M{left}S"
    return f"{sign}P{f'{days}D' if days else ''}T{time or '0S'}"

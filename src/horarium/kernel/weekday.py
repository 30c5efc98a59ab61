"""The days of the week, numbered once: Monday is 0."""

from __future__ import annotations

from enum import IntEnum

from horarium.kernel.errors import InvalidInput


class Weekday(IntEnum):
    """A day of the week; other numberings are converted at the border."""

    MO = 0
    TU = 1
    WE = 2
    TH = 3
    FR = 4
    SA = 5
    SU = 6

    @classmethod
    def from_ical(cls, text: str) -> Weekday:
        """Read ``MO`` … ``SU`` in any case (RFC 5545 3.3.10)."""
        found = cls.__members__.get(text.upper())
        if found is None:
            raise InvalidInput(f"{text[:20]!r} is no weekday", part="weekday", value=text[:20])
        return found

    @classmethod
    def from_sunday_zero(cls, number: int) -> Weekday:
        """Read a number where 0 and 7 are Sunday and 1 is Monday (seed 003, seed 004)."""
        if not 0 <= number <= 7:
            raise InvalidInput(
                f"weekday numbers go from 0 to 7, not {number}", part="weekday", value=str(number)
            )
        return cls((number + 6) % 7)

    @classmethod
    def from_name(cls, text: str) -> Weekday:
        """Read ``MO``, ``mon`` or ``Monday``, in any case."""
        lowered = text.lower()
        for weekday, name in zip(cls, _NAMES, strict=True):
            if lowered in (name, name[:3], name[:2]):
                return weekday
        raise InvalidInput(f"{text[:20]!r} is no weekday", part="weekday", value=text[:20])


_NAMES = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

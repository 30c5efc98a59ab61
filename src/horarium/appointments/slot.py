"""A slot: a time and a duration (seed 003)."""

from __future__ import annotations

from typing import TypeGuard

from horarium.kernel.errors import InvalidInput
from horarium.kernel.instant import MAX_INSTANT, Instant, instant

_AFNIX = 62_167_219_200
"""Seconds from 0000-01-01, where seed 003 begins to count, to 1970-01-01."""


class Slot:
    """A time and a duration; ``Slot()`` is (0, 0).

    ``time`` is an instant and ``duration`` whole seconds from 0 on; both and
    the end lie in the years 1 to 9999, everything else is InvalidInput. Slots
    are equal by value and can be changed. Source: seed 003, Slot.
    """

    __slots__ = ("_duration", "_time")
    __hash__ = None  # type: ignore[assignment]  # what can be changed has no lasting hash

    def __init__(self, time: int = 0, duration: int = 0) -> None:
        self.set_slot(time, duration)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Slot):
            return NotImplemented
        return (self._time, self._duration) == (other._time, other._duration)

    def __repr__(self) -> str:
        return f"Slot({self._time}, {self._duration})"

    @property
    def end(self) -> Instant:
        """The time that many seconds later."""
        return Instant(self._time + self._duration)

    def reset(self) -> None:
        """Makes it the slot (0, 0)."""
        self.set_slot(0, 0)

    def set_time(self, time: int) -> None:
        """Sets the time."""
        self.set_slot(time, self._duration)

    def get_time(self) -> Instant:
        """Gives the time."""
        return self._time

    def set_duration(self, duration: int) -> None:
        """Sets the duration."""
        self.set_slot(self._time, duration)

    def get_duration(self) -> int:
        """Gives the duration in seconds."""
        return self._duration

    def set_slot(self, time: int, duration: int) -> None:
        """Sets both or, when one is wrong, neither."""
        begin = instant(time)
        if isinstance(duration, bool) or not isinstance(duration, int):
            raise InvalidInput(
                f"a duration is a whole number of seconds, not {type(duration).__name__}",
                part="duration", value=str(duration)[:40],
            )  # fmt: skip
        if not 0 <= duration <= MAX_INSTANT - begin:
            raise InvalidInput(
                "a duration is not negative and ends by the year 9999",
                part="duration", value=str(duration)[:40],
            )  # fmt: skip
        self._time, self._duration = begin, duration


def is_slot(value: object) -> TypeGuard[Slot]:
    """Tells whether it is a slot (seed 003, slot-p)."""
    return isinstance(value, Slot)


def from_afnix_time(seconds: int) -> Instant:
    """Gives the instant of a time counted from 0000-01-01, as seed 003 counts."""
    return instant(seconds - _AFNIX)


def to_afnix_time(time: Instant) -> int:
    """Gives an instant as seconds since 0000-01-01."""
    return instant(time) + _AFNIX

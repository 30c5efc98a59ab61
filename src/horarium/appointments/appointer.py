"""The appointer: a generator of slots under rules (seed 003)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC as PYTHON_UTC
from datetime import date, datetime, timedelta, timezone
from typing import TypeGuard

from horarium.appointments.allocation import Request, State, allocate, push_back
from horarium.appointments.errors import SlotUnavailable
from horarium.appointments.local_day import day_start
from horarium.appointments.rules import Rules
from horarium.appointments.slot import Slot
from horarium.kernel.errors import InvalidInput
from horarium.kernel.gregorian import day_number
from horarium.kernel.instant import Instant, instant, wall
from horarium.kernel.period import Period
from horarium.kernel.zone import UTC, Fold, Gap, named

_EPOCH = datetime(1970, 1, 1, tzinfo=PYTHON_UTC)


class Appointer:
    """Hands out the next slot its rules allow; the slots themselves are not kept.

    ``time`` is where it begins, ``zone`` the IANA name whose clock its rules
    are read on. Without rules any time is allowed. Source: seed 003, Appointer.
    """

    def __init__(self, time: int = 0, *, zone: str = "UTC") -> None:
        self._rules = Rules(named(zone) if zone != "UTC" else UTC)
        self._state = State(instant(time))

    @property
    def rules(self) -> Rules:
        """The rules in force, a value."""
        return self._rules

    @property
    def state(self) -> State:
        """What it remembers, a value."""
        return self._state

    def reset(self) -> None:
        """Sets the slot number and all counts of days to zero; rules and time stay."""
        self._state = self._state.reset()

    def set_time(self, time: int) -> None:
        """Sets the current time: later slots start at it or after."""
        self._state = self._state.at(instant(time))

    def get_time(self) -> Instant:
        """Gives the current time."""
        return self._state.time

    def set_date(self, value: date | datetime) -> None:
        """Sets the current time to a date-time or to the beginning of a date.

        A date-time without zone is read on the appointer's clock: in a gap with
        the offset before it, of two showings as the first.
        """
        self.set_time(_instant_of(value, self._rules))

    def get_date(self) -> datetime:
        """Gives the current time as a date-time of the appointer's zone."""
        offset = self._rules.zone.offset_at(self._state.time)
        shown = _EPOCH + timedelta(seconds=self._state.time)
        return shown.astimezone(timezone(timedelta(seconds=offset), self._rules.zone.name))

    def get_slot(self, *wish: int) -> Slot:
        """Gives the next slot: ``get_slot(duration)`` or ``get_slot(time, duration)``.

        The time is the earliest that is wanted and never moves the appointer
        back. Raises SlotUnavailable when none begins within a week, InvalidInput
        for a duration below 1 or above 366 days and for other numbers of values.
        """
        found = allocate(self._rules, self._state, _request(wish))
        if isinstance(found, SlotUnavailable):
            raise found
        self._state = found.state
        return Slot(found.slot.start, found.slot.seconds)

    def get_slot_number(self) -> int:
        """Gives how many slots were given and not pushed back since the last reset."""
        return self._state.number

    def set_blocked_day(self, weekday: int) -> None:
        """Closes a weekday every week; 0 is Sunday, 6 Saturday."""
        self._rules = self._rules.with_blocked_day(weekday)

    def set_special_day(self, month: int, day: int) -> None:
        """Closes a date every year."""
        self._rules = self._rules.with_special_day(month, day)

    def set_maximum_slots(self, number: int) -> None:
        """Sets how many slots begin on one day at most; 0 for any number."""
        self._rules = self._rules.with_maximum(number)

    def set_valid_block_time(self, lower: int, upper: int) -> None:
        """Adds a span of the day in which slots may lie, as seconds since local midnight."""
        self._rules = self._rules.with_block(lower, upper)

    def clone(self) -> Appointer:
        """Gives another one with the same rules, time and counts; what was returned stays here."""
        made = Appointer()
        made._rules = self._rules
        made._state = replace(self._state, returned=())
        return made

    def pushback(self, slot: Slot) -> None:
        """Takes a slot back, to be given first; Conflict when it overlaps one taken back."""
        if not isinstance(slot, Slot) or slot.get_duration() == 0:
            raise InvalidInput("a slot with a duration is pushed back", part="slot")
        period = Period(slot.get_time(), slot.end)
        self._state = push_back(self._rules, self._state, period)


def is_appointer(value: object) -> TypeGuard[Appointer]:
    """Tells whether it is an appointer (seed 003, appointer-p)."""
    return isinstance(value, Appointer)


def _request(wish: tuple[int, ...]) -> Request:
    if len(wish) == 1:
        return Request(wish[0])
    if len(wish) == 2:
        return Request(wish[1], instant(wish[0]))
    raise InvalidInput(f"a slot is asked for by one or two values, not {len(wish)}", part="wish")


def _instant_of(value: date | datetime, rules: Rules) -> Instant:
    if isinstance(value, datetime):
        if value.tzinfo is not None:
            return instant((value - _EPOCH) // timedelta(seconds=1))
        shown = wall(value.year, value.month, value.day, value.hour, value.minute, value.second)
        return rules.zone.at(shown, Gap.SHIFT, Fold.FIRST)
    if isinstance(value, date):
        return day_start(rules.zone, day_number(value.year, value.month, value.day))
    raise InvalidInput("a date or a date-time is wanted", part="date", value=str(value)[:40])

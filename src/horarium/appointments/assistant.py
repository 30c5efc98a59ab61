"""The assistant: several appointers, used in turn (seed 003)."""

from __future__ import annotations

from typing import Literal, TypeGuard

from horarium.appointments.appointer import Appointer
from horarium.appointments.errors import SlotUnavailable
from horarium.appointments.slot import Slot
from horarium.kernel.errors import Conflict, InvalidInput, NotFound
from horarium.kernel.instant import Instant


class Assistant:
    """Hands out slots of its appointers, one after the other.

    The turns are what is shared equally: with appointers at different times a
    slot is not the earliest the team could give. With ``fallback="next"`` those
    that follow are asked when the one whose turn it is has none. Source: seed
    003, Assistant.
    """

    def __init__(
        self, name: str = "", info: str = "", *, fallback: Literal["next"] | None = None
    ) -> None:
        if fallback not in (None, "next"):
            raise InvalidInput("the fallback is 'next' or none", part="fallback", value=fallback)
        self._name = name
        self._info = info
        self._fallback = fallback
        self._appointers: list[Appointer] = []
        self._index = 0

    def reset(self) -> None:
        """Resets every appointer, and begins with the first again."""
        for appointer in self._appointers:
            appointer.reset()
        self._index = 0

    def get_name(self) -> str:
        """Gives the name."""
        return self._name

    def get_info(self) -> str:
        """Gives the information text."""
        return self._info

    def get_index(self) -> int:
        """Gives the place of the appointer whose turn it is."""
        return self._index

    def add_appointer(self, appointer: Appointer) -> None:
        """Adds this very appointer; added twice it has two turns and counts twice."""
        if not isinstance(appointer, Appointer):
            raise InvalidInput("an assistant is made of appointers", part="appointer")
        self._appointers.append(appointer)

    def get_appointer(self, index: int) -> Appointer:
        """Gives an appointer by its place, from 0 on; NotFound beyond the last."""
        if isinstance(index, bool) or not isinstance(index, int):
            raise InvalidInput("a place is a whole number", part="index", value=str(index)[:40])
        if not 0 <= index < len(self._appointers):
            raise NotFound(f"there is no appointer {index} among {len(self._appointers)}")
        return self._appointers[index]

    def length_appointer(self) -> int:
        """Gives the number of appointers."""
        return len(self._appointers)

    def get_slot(self, *wish: int) -> Slot:
        """Gives the next slot of the appointer whose turn it is, and passes the turn on.

        ``get_slot(duration)`` or ``get_slot(time, duration)``. Raises
        SlotUnavailable, leaving the turn where it is, and Conflict without any
        appointer.
        """
        many = self._some()
        place, last = self._index, self._index
        if self._fallback == "next":
            last = (self._index - 1) % many
        while True:
            try:
                slot = self._appointers[place].get_slot(*wish)
            except SlotUnavailable:
                if place == last:
                    raise
                place = (place + 1) % many
            else:
                self._index = (place + 1) % many
                return slot

    def pushback(self, slot: Slot) -> None:
        """Passes the turn back by one and returns the slot to the appointer that is there."""
        index = (self._index - 1) % self._some()
        self._appointers[index].pushback(slot)
        self._index = index

    def get_slot_number(self) -> int:
        """Gives the sum of the slot numbers of all appointers."""
        return sum(appointer.get_slot_number() for appointer in self._appointers)

    def get_appointer_time(self) -> Instant:
        """Gives the mean of the current times of all appointers, in whole seconds."""
        return Instant(sum(each.get_time() for each in self._appointers) // self._some())

    def _some(self) -> int:
        """How many appointers there are; Conflict when there is none."""
        if not self._appointers:
            raise Conflict("the assistant has no appointer")
        return len(self._appointers)


def is_assistant(value: object) -> TypeGuard[Assistant]:
    """Tells whether it is an assistant (seed 003, assistant-p)."""
    return isinstance(value, Assistant)

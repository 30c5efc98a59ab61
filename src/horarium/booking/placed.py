"""A component of a message, in its order."""

from __future__ import annotations

from dataclasses import dataclass

from horarium.booking.event_state import Slot, Stamp
from horarium.booking.order import Order
from horarium.ical.event import Event
from horarium.kernel.instant import Instant


@dataclass(frozen=True, slots=True)
class Placed:
    """A component of the message with its key, its order and its digest."""

    event: Event
    key: Instant | None
    stamp: Stamp
    digest: str
    order: Order

    @property
    def slot(self) -> Slot:
        """Its key, and whether it speaks for all future instances."""
        which = self.event.recurrence_id
        return self.key, which is not None and which.this_and_future

    @property
    def cancelled(self) -> bool:
        """Whether the component says that it is cancelled."""
        return self.event.status == "CANCELLED"

"""Floor 3: slots, who gives them and under which rules (seed 003)."""

from horarium.appointments.appointer import Appointer, is_appointer
from horarium.appointments.assistant import Assistant, is_assistant
from horarium.appointments.errors import SlotUnavailable
from horarium.appointments.slot import Slot, from_afnix_time, is_slot, to_afnix_time

__all__ = [
    "Appointer",
    "Assistant",
    "Slot",
    "SlotUnavailable",
    "from_afnix_time",
    "is_appointer",
    "is_assistant",
    "is_slot",
    "to_afnix_time",
]

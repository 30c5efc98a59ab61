"""Appointments as answers of commands, for people."""

from horarium.appointments.appointment import Appointment
from horarium.cli.invocation import Invocation


def line(invocation: Invocation, item: Appointment) -> str:
    """An appointment in one line."""
    when = invocation.local_span(item.slot.start, item.slot.end)
    state = item.state_at(invocation.clock.now()).value
    who = item.client.name or item.client.mail
    facts = (item.id[:8], when, ", ".join(item.hosts), item.service, state, who)
    return "  ".join(fact for fact in facts if fact)

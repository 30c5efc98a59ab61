"""Appointments as answers of commands, for machines and for people."""

from horarium.appointments.appointment import Appointment
from horarium.cli.invocation import Invocation
from horarium.kernel.instant import Instant, format_instant


def document(item: Appointment, now: Instant) -> dict[str, object]:
    """An appointment for machines; its state as it stands now."""
    return {
        "id": item.id,
        "uid": item.uid,
        "state": item.state_at(now).value,
        "service": item.service or None,
        "appointers": list(item.hosts),
        "assistant": item.team or None,
        "start": format_instant(item.slot.start),
        "end": format_instant(item.slot.end),
        "duration": item.slot.seconds,
        "seats": item.seats,
        "awaits": item.awaits.value or None,
        "expires": format_instant(item.expires) if item.expires is not None else None,
        "name": item.client.name or None,
        "mail": item.client.mail or None,
        "reason": item.reason or None,
        "series": item.series or None,
    }


def line(invocation: Invocation, item: Appointment) -> str:
    """An appointment in one line."""
    when = invocation.local_span(item.slot.start, item.slot.end)
    state = item.state_at(invocation.clock.now()).value
    who = item.client.name or item.client.mail
    facts = (item.id[:8], when, ", ".join(item.hosts), item.service, state, who)
    return "  ".join(fact for fact in facts if fact)

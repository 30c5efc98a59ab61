"""Reminders at work: made with the appointment they belong to."""

from __future__ import annotations

from horarium.appointments.appointment import Appointment, State
from horarium.appointments.reminding import plan
from horarium.runtime.generating import Site


def plan_reminders(site: Site, item: Appointment) -> None:
    """Makes the reminders of an appointment that stands; drops those of one that does not, or that
    stood at another time."""
    reminders = site.tx.reminders
    if item.state is not State.CONFIRMED:
        reminders.drop(item.id)
        return
    service, host = site.offers.services.get(item.service), site.offers.hosts.get(item.hosts[0])
    if service is None or host is None or not item.client.mail:
        return
    if not reminders.planned(item.id, item.sequence):
        planned = plan(service.reminders, item.slot.start, host.hours, site.now)
        reminders.plan(item.id, item.sequence, planned)

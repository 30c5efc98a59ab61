"""Reminders at work: made with the appointment they belong to, and sent when their time comes."""

from __future__ import annotations

from horarium.appointments.appointment import Appointment, State
from horarium.appointments.reminding import plan
from horarium.runtime.appointment_mail import Letters
from horarium.runtime.generating import Site
from horarium.store.reminders import DueReminder


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


def send_reminder(site: Site, letters: Letters, due: DueReminder) -> None:
    """Sends a reminder, once; one whose appointment has begun, or stands otherwise, is left out."""
    item = site.tx.appointments.by_id(due.appointment)
    stands = item is not None and item.state is State.CONFIRMED and item.sequence == due.sequence
    if item is None or not stands or item.slot.start <= site.now:
        site.tx.reminders.finish(due, "late")
    elif site.tx.reminders.finish(due, "sent"):
        letters.reminder(site, item, due.what)

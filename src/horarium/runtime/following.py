"""What the desk does when its time comes: reminders are sent, answers of clients are followed."""

from __future__ import annotations

from contextlib import suppress

from horarium.appointments.appointment import State, may_cancel
from horarium.appointments.errors import TooLate
from horarium.appointments.replying import Word
from horarium.kernel.gregorian import DAY
from horarium.kernel.instant import Instant
from horarium.runtime.generating import Site
from horarium.runtime.placing import Placing
from horarium.store.reminders import DueReminder
from horarium.store.replies import ClientReply

# Mails to one client about an appointment as it stands, in a day; more is a loop.
MOST_MAILS = 10


def send_reminder(site: Site, placing: Placing, due: DueReminder) -> None:
    """Sends a reminder, once; one whose appointment has begun, or stands otherwise, is left out."""
    item = site.tx.appointments.by_id(due.appointment)
    stands = item is not None and item.state is State.CONFIRMED and item.sequence == due.sequence
    if item is None or not stands or item.slot.start <= site.now:
        site.tx.reminders.finish(due, "late")
    elif site.tx.reminders.finish(due, "sent"):
        placing.letters.reminder(site, item, due.what, placing.new_link(site, item))


def follow_reply(site: Site, placing: Placing, reply: ClientReply) -> None:
    """Does what follows from an answer, once: a client who declined is asked what to do, or the
    appointment is called off, as the service says; a time that was proposed is declined with the
    link by which it can be chosen."""
    item = site.tx.appointments.by_id(reply.appointment)
    if not site.tx.replies.follow(reply) or item is None or item.sequence != reply.sequence:
        return
    if item.state is not State.CONFIRMED or reply.word in (Word.ACCEPTED, Word.TENTATIVE):
        return
    service = site.offers.services.get(item.service)
    if reply.word is Word.DECLINED and service is not None and service.reply_cancels:
        with suppress(TooLate):
            may_cancel(service, item.slot, site.now)
            gone = item.cancelled(site.now, "declined in the client's calendar")
            placing.keep(site, gone)
            placing.letters.cancelled(site, gone)
            return
    since = Instant(site.now - DAY)
    if site.tx.mail.answers_since(item.client.mail, item.uid, item.sequence, since) < MOST_MAILS:
        token = placing.new_link(site, item)
        placing.letters.answered(site, item, reply.word, token, str(reply.number))

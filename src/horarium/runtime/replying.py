"""Clients who answer from their calendars: heard by the mail agent, followed by the desk.

The mail agent notes an answer in the transaction in which it takes the message; what follows from
it is done in another, which holds the keys of the hosts.
"""

from __future__ import annotations

from typing import NamedTuple

from horarium.appointments.replying import Answered, Unheard, answers, unheard
from horarium.booking.authentication import is_authenticated, trusted_results
from horarium.booking.imip import Intake, IntakeKind
from horarium.kernel.instant import Instant
from horarium.runtime.offers import read_offers
from horarium.runtime.settings import Settings
from horarium.store.replies import ClientReply
from horarium.store.store import Transaction


class Noted(NamedTuple):
    """What became of a mail that answers appointments: the reason for the ledger, and whether
    something is to follow."""

    reason: str
    uid: str
    heard: bool


def note_replies(tx: Transaction, settings: Settings, intake: Intake, now: Instant) -> Noted | None:
    """Notes what a mail answers to appointments; None when it answers none."""
    if intake.kind is not IntakeKind.CALENDAR or intake.headers is None:
        return None
    found: Noted | None = None
    for item in intake.objects:
        for answered in answers(item.method, item.component):
            noted = _note(tx, settings, intake, answered, now)
            if noted is not None and (found is None or noted.heard):
                found = noted
    return found


def _note(
    tx: Transaction, settings: Settings, intake: Intake, answered: Answered, now: Instant
) -> Noted | None:
    item = tx.appointments.by_uid(answered.uid)
    if item is None:
        return None
    headers = intake.headers
    assert headers is not None
    sender = headers.sender
    if sender is None:
        return Noted("no_sender", item.uid, heard=False)
    hosts = read_offers(tx).hosts
    host = hosts.get(item.hosts[0]) if item.hosts else None
    mail = settings.mail
    results = trusted_results(
        headers.authentication_results, mail.trusted_authserv, mail.trusted_headers
    )
    needed = host.require_auth if host is not None else "dmarc"
    proven = is_authenticated(results, needed, sender.domain)
    why = unheard(answered, item, sender.key, proven=proven)
    if why is None and not item.live(now):
        why = Unheard.NOT_STANDING
    if why is not None or answered.word is None:
        return Noted((why or Unheard.NO_WORD).value, item.uid, heard=False)
    tx.replies.add(ClientReply(0, item.id, item.sequence, answered.word, now))
    return Noted(f"client_{answered.word.value}", item.uid, heard=True)

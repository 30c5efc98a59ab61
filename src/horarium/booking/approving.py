"""Asking a person: the questions to approvers, and what is asked of them about a sender."""

from __future__ import annotations

from collections.abc import Iterable

from horarium.booking.case import Case, Following
from horarium.booking.content import content_digest, kept_summary
from horarium.booking.decision import approvers_of
from horarium.booking.event_state import EventState
from horarium.booking.freebusy import occupied
from horarium.booking.open_request import Awaits, OpenRequest
from horarium.booking.order import Order, order_request
from horarium.booking.other_mails import approval_mail
from horarium.booking.outcome import Mail, Outcome, Result
from horarium.booking.reply import catalogue_for
from horarium.booking.request import View
from horarium.booking.trace import Step
from horarium.booking.wording import Wording
from horarium.ical.event import Event
from horarium.ical.participant import Participant
from horarium.kernel.instant import Instant
from horarium.kernel.period import Period
from horarium.kernel.recurrence import Occurrence, Source

# What of a sender a person may look over: that the mail can not be proven to be the organizer's.
_MAY_BE_ASKED = frozenset(
    {"auth_missing", "organizer_mismatch", "sent_by_not_admitted", "sent_by_not_maker"}
)


def questions(
    case: Case, organizer: Participant, event: Event, opened: Iterable[OpenRequest],
    occurrences: tuple[Occurrence, ...],
) -> tuple[Mail, ...]:  # fmt: skip
    """One mail to each approver of each request that awaits one, with what, who, when and why."""
    message = case.message
    mails = []
    for request in opened:
        if request.awaits is not Awaits.APPROVAL:
            continue
        catalogue = catalogue_for(message, None)
        wording = Wording(catalogue, message.resource, organizer, event)
        who = organizer.cn or organizer.address.text
        lines = [
            catalogue.text(
                "approval.asked", resource=message.resource.name,
                who=f"{who} <{organizer.address.text}>", what=request.summary or "–",
                when=wording.asked(occurrences),
            ),
            *(catalogue.text("approval.reason", reason=reason) for reason in request.reasons),
            "",
            catalogue.text("approval.how", id=message.token(request.slot)),
        ]  # fmt: skip
        mails += [
            approval_mail(message, None, approver, event, lines, message.token(request.slot))
            for approver in request.approvers
        ]
    return tuple(mails)


def ask_for_sender(case: Case, event: Event, reason: str) -> Outcome | None:
    """A request that nobody proved to be its organizer's is asked of the approvers, where the
    resource wants that; until one of them accepts it holds nothing and nothing is answered. None
    where it is not to be asked."""
    message, resource = case.message, case.message.resource
    view = View(resource, case.reservations, case.surroundings)
    approvers = approvers_of(view)
    wish = resource.preferences.unauthenticated
    if wish != "ask" or reason not in _MAY_BE_ASKED or not approvers or message.again is not None:
        return None
    assert event.organizer is not None
    assert event.first is not None
    if case.addressee_fault(event) or case.is_ahead(event) or message.origin.bulk:
        return None
    if not _is_new(case, event):
        return None
    first = event.first
    taken = occupied(first.start, first.end, resource.preferences)
    expires = Instant(case.now + resource.preferences.approval_timeout)
    opened = OpenRequest(
        uid=message.uid, slot=(None, False), awaits=Awaits.APPROVAL, stamp=case.stamp(event),
        organizer=event.organizer.address.key, span=Period(taken.start, taken.end),
        expires=min(expires, first.start) if first.start > case.now else expires,
        approvers=tuple(sorted(approvers)), reasons=(reason,),
        summary=kept_summary(event, resource.preferences),
    )  # fmt: skip
    case.trace.append(
        Step("sender", Result.PENDING.value, reason, {"approvers": sorted(approvers)})
    )
    asked = (Occurrence(first.start, first.start, first.end, Source.DTSTART),)
    mails = questions(case, event.organizer, event, (opened,), asked)
    return case.close(
        Result.PENDING, reason, event=event, mails=mails, follow=Following(opened=(opened,))
    )


def _is_new(case: Case, event: Event) -> bool:
    """Whether nothing as late is known of the event, asked or decided."""
    stamp, state = case.stamp(event), case.state
    if any(request.stamp >= stamp for request in case.open):
        return False
    order = order_request(
        EventState(state.uid, state.entries), (None, False), stamp, content_digest(event)
    )
    return order is Order.NEWER

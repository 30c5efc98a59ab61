"""The answer to a REQUEST: whether one leaves, what it says, and the outcome around it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from horarium.booking.alternatives import find_alternatives
from horarium.booking.asked import Asked
from horarium.booking.case import Case
from horarium.booking.decision import Decision, capacity_of
from horarium.booking.invalid_reply import invalid_mail
from horarium.booking.language.catalogue import Catalogue
from horarium.booking.outcome import EventChange, Mail, Outcome, Result
from horarium.booking.reasons import STATUS, Reason
from horarium.booking.reply import (
    Answer,
    catalogue_for,
    own_attendee,
    reply_mail,
    titled,
)
from horarium.booking.request import Request, View
from horarium.booking.trace import Step
from horarium.booking.wording import Wording
from horarium.ical.event import Event, InvalidComponent
from horarium.ical.participant import Participant
from horarium.kernel.period import Period


@dataclass(frozen=True, slots=True)
class Part:
    """One judged component. `decision` is None where nothing had to be judged: a cancelled
    occurrence, or the same content under a later stamp."""

    event: Event
    decision: Decision | None
    asked: Asked
    request: Request | None = None

    @property
    def accepted(self) -> bool:
        """Whether the time of the component is held."""
        return self.decision is None or self.decision.accepted

    @property
    def cancelled(self) -> bool:
        """Whether the component only takes an occurrence away."""
        return self.event.status == "CANCELLED"


def answer_parts(
    case: Case,
    organizer: Participant,
    parts: Sequence[Part],
    change: EventChange | None,
    *,
    released: bool,
    kept: bool,
) -> Outcome:
    """The outcome of a REQUEST: its change, and the one mail that answers what needs an answer.

    `released` tells that an earlier booking was given up, `kept` that one still stands.
    """
    result = _result(parts)
    declined = [part.decision for part in parts if part.decision and not part.accepted]
    reason = declined[0].reasons[0].value if declined else ""
    notice = next((decision.notice for decision in declined if decision.notice), "")
    for decision in declined:
        if not any(step in case.trace for step in decision.steps):
            case.trace.extend(decision.steps)
    answered = [part for part in parts if _is_answered(case, part)]
    mails: tuple[Mail, ...] = ()
    if answered and not case.message.origin.bulk:
        mails = (_mail(case, organizer, answered, released=released, kept=kept),)
    case.trace.append(Step("commit", result.value, reason))
    return case.close(
        result, reason, event=parts[0].event, change=change, mails=mails, notice=notice,
    )  # fmt: skip


def decline_invalid(case: Case, error: InvalidComponent) -> Outcome:
    """The outcome of a component with an error: DECLINED, naming the property; nothing is held
    and nothing that was held is released."""
    assert error.organizer is not None
    reason = Reason.LIMIT if error.code == "3.10" else Reason.INVALID
    case.trace.append(
        Step("validity", "DECLINED", reason.value, {"property": error.prop, "why": error.reason})
    )
    mails: tuple[Mail, ...] = ()
    if not case.message.origin.bulk:
        mails = (invalid_mail(case, error, error.organizer, reason),)
    return case.close(Result.DECLINED, reason.value, mails=mails)


def _result(parts: Sequence[Part]) -> Result:
    if all(part.cancelled for part in parts):
        return Result.CANCELLED
    if all(part.decision is None for part in parts):
        return Result.UNCHANGED
    judged = {part.accepted for part in parts if not part.cancelled}
    if judged == {True}:
        return Result.ACCEPTED
    return Result.DECLINED if judged == {False} else Result.PARTLY


def _is_answered(case: Case, part: Part) -> bool:
    """Whether a component gets an answer.

    A cancelled occurrence gets none. The same content again is answered only if the organizer's
    program does not show our answer. RSVP=FALSE silences what the preference says.
    """
    own = own_attendee(case.message, part.event)
    if part.cancelled or own is None:
        return False
    if part.decision is None and own.partstat_sent and own.partstat == "ACCEPTED":
        return False
    if own.rsvp is False:
        wish = case.message.resource.preferences.answer_rsvp_false
        return wish == "always" or (wish == "declines" and not part.accepted)
    return True


def _mail(
    case: Case, organizer: Participant, parts: Sequence[Part], *, released: bool, kept: bool
) -> Mail:
    catalogue = catalogue_for(case.message, organizer)
    result = _result(parts)
    answers = []
    lines: list[str] = []
    for part in parts:
        wording = Wording(catalogue, case.message.resource, organizer, part.event)
        sentences = _sentences(case, part, wording, alone=len(parts) == 1)
        lines.extend(sentences)
        answers.append(_answer(part, sentences))
    if released and result is Result.DECLINED:
        lines.append(catalogue.text("released"))
    elif kept and result is Result.DECLINED:
        lines.append(catalogue.text("kept"))
    lines.extend(_notes(case, parts[0], catalogue))
    name = "ACCEPTED" if result in (Result.ACCEPTED, Result.UNCHANGED) else result.value
    subject = titled(catalogue, name, parts[0].event.summary)
    text = "\n".join(lines) + "\n"
    return reply_mail(case.message, organizer, answers, case.book, subject, text)


def _sentences(case: Case, part: Part, wording: Wording, *, alone: bool) -> list[str]:
    decision = part.decision
    if decision is None:
        assert part.event.first is not None
        first = part.event.first
        when = wording.when(first.start, first.end)
        return [wording.catalogue.text("accepted", resource=wording.resource.name, when=when)]
    if decision.accepted:
        lines = [wording.accepted(part.asked)]
        if decision.left_out:
            lines.append(wording.catalogue.text("left_out", count=len(decision.left_out)))
        return lines
    lines = [wording.declined(part.asked.occurrences), *wording.reasons(decision)]
    if alone and decision.reasons == (Reason.CONFLICT,):
        lines.extend(wording.free_times(_alternatives(case, part)))
    return lines


def _alternatives(case: Case, part: Part) -> list[Period]:
    if part.request is None or not case.message.resource.preferences.reply_details:
        return []
    view = View(case.message.resource, case.reservations)
    return find_alternatives(part.request, view, capacity_of(view) or 1)


def _answer(part: Part, sentences: Sequence[str]) -> Answer:
    comment = " ".join(line.strip() for line in sentences)
    if part.accepted:
        statuses = [("2.0", "")]
        if part.asked.guaranteed is not None or part.asked.ends is not None:
            statuses.append(("2.11", ""))
        return Answer(part.event, "ACCEPTED", tuple(statuses), comment)
    assert part.decision is not None
    statuses = [_status(reason, part.event) for reason in part.decision.reasons]
    return Answer(part.event, "DECLINED", tuple(dict.fromkeys(statuses)), comment)


def _status(reason: Reason, event: Event) -> tuple[str, str]:
    code, prop = STATUS[reason]
    line = event.component.first(prop) if reason is Reason.CONFLICT else None
    return code, f"{prop}:{line.value}" if line is not None else prop


def _notes(case: Case, part: Part, catalogue: Catalogue) -> list[str]:
    resource = case.message.resource
    lines = [
        catalogue.text("zone_unknown", tzid=note.partition(":")[2], zone=resource.zone.name)
        for note in part.event.notes
        if note.startswith("zone_unknown:")
    ]
    if resource.preferences.additional_response:
        lines += ["", resource.preferences.additional_response]
    return lines

"""The answer to a REQUEST: whether one leaves, what it says, and the outcome around it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from horarium.booking.alternatives import find_alternatives, find_elsewhere
from horarium.booking.approving import questions
from horarium.booking.asked import Asked
from horarium.booking.case import Case, Following
from horarium.booking.decision import Decision, Ending, capacity_of
from horarium.booking.invalid_reply import invalid_mail
from horarium.booking.language.catalogue import Catalogue
from horarium.booking.other_mails import counter_mail, delegation_mails, partner_line
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
from horarium.booking.single import single_occurrence
from horarium.booking.trace import Step
from horarium.booking.wording import Wording
from horarium.ical.event import Event, InvalidComponent
from horarium.ical.participant import Participant
from horarium.kernel.instant import Instant
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
    def ending(self) -> Ending:
        """How it ended."""
        return Ending.ACCEPTED if self.decision is None else self.decision.ending

    @property
    def accepted(self) -> bool:
        """Whether the time of the component is held."""
        return self.ending is Ending.ACCEPTED

    @property
    def declined(self) -> bool:
        """Whether nothing may come of it any more."""
        return self.ending is Ending.DECLINED

    @property
    def settled(self) -> bool:
        """Whether it came to more than a decline, or waiting."""
        return self.ending not in (Ending.DECLINED, Ending.WAITING)

    @property
    def cancelled(self) -> bool:
        """Whether the component only takes an occurrence away."""
        return self.event.status == "CANCELLED"


_WITH_ALTERNATIVES = ((Reason.CONFLICT,), (Reason.POOL_FULL,), (Reason.OFF_GRID,))
# An ending that is neither an acceptance nor a decline names the result of the whole message.
_OPEN_ENDINGS = {
    Ending.DELEGATED: Result.DELEGATED,
    Ending.COUNTER: Result.COUNTER,
    Ending.PENDING: Result.PENDING,
    Ending.WAITING: Result.WAITING,
}


def answer_parts(
    case: Case,
    organizer: Participant,
    parts: Sequence[Part],
    change: EventChange | None,
    follow: Following,
    *,
    released: bool,
    kept: bool,
) -> Outcome:
    """The outcome of a REQUEST: its change, what follows, and the mails that answer what needs an
    answer.

    `released` tells that an earlier booking was given up, `kept` that one still stands.
    """
    result = _result(parts)
    judged = [part.decision for part in parts if part.decision and not part.accepted]
    reason = next((d.reasons[0].value for d in judged if d.reasons), "")
    notice = next((decision.notice for decision in judged if decision.notice), "")
    for decision in judged:
        if not any(step in case.trace for step in decision.steps):
            case.trace.extend(decision.steps)
    mails: tuple[Mail, ...] = ()
    if not case.message.origin.bulk:
        note = "released" if released else "kept" if kept else ""
        mails = (*_mails(case, organizer, parts, note), *_questions(case, organizer, parts, follow))
    case.trace.append(Step("commit", result.value, reason))
    return case.close(
        result, reason, event=parts[0].event, change=change, mails=mails, notice=notice,
        follow=follow,
    )  # fmt: skip


def stand_in_accepted(case: Case, organizer: Participant, event: Event) -> Outcome:
    """The answer for a resource that answers for the one that stands in for it: accepted, with the
    name of that one."""
    again = case.message.again
    assert again is not None
    member = case.surroundings.member(again.request.stand_in)
    name = member.resource.name if member is not None else again.request.stand_in
    catalogue = catalogue_for(case.message, organizer)
    line = catalogue.text("stands_in", resource=case.message.resource.name, delegate=name)
    assert event.first is not None
    when = Wording(catalogue, case.message.resource, organizer, event).when(
        event.first.start, event.first.end
    )
    answer = Answer(event, "ACCEPTED", (("2.0", ""),), line)
    subject = titled(catalogue, "ACCEPTED", event.summary)
    mail = reply_mail(
        case.message, organizer, [answer], case.book, subject, f"{line}\n{when}\n",
        kind=f"reply:{again.why.value}",
    )  # fmt: skip
    case.trace.append(Step("commit", Result.DELEGATED.value, "stand_in_accepted"))
    return case.close(Result.DELEGATED, "stand_in_accepted", event=event, mails=(mail,))


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
    for ending, result in _OPEN_ENDINGS.items():
        if any(part.ending is ending for part in parts):
            return result
    if all(part.cancelled for part in parts):
        return Result.CANCELLED
    if all(part.decision is None for part in parts):
        return Result.UNCHANGED
    judged = {part.accepted for part in parts if not part.cancelled}
    if judged == {True}:
        refused = any(part.decision and part.decision.refused for part in parts)
        return Result.PARTLY if refused else Result.ACCEPTED
    return Result.DECLINED if judged == {False} else Result.PARTLY


def _is_answered(case: Case, part: Part) -> bool:
    """Whether a component gets an answer.

    A cancelled occurrence gets none. The same content again is answered only if the organizer's
    program does not show our answer. RSVP=FALSE silences what the preference says.
    """
    own = own_attendee(case.message, part.event)
    if part.cancelled or own is None:
        return False
    if case.message.again is not None:
        return True
    if part.decision is None and own.partstat_sent and own.partstat == "ACCEPTED":
        return False
    if own.rsvp is False:
        wish = case.message.resource.preferences.answer_rsvp_false
        return wish == "always" or (wish == "declines" and not part.accepted)
    return True


def _mails(
    case: Case, organizer: Participant, parts: Sequence[Part], note: str
) -> tuple[Mail, ...]:
    """The mails that answer: one REPLY for what was decided or waits, a COUNTER for each proposal,
    and those of a delegation."""
    answered = [part for part in parts if _is_answered(case, part)]
    replied = [p for p in answered if p.ending not in (Ending.COUNTER, Ending.DELEGATED)]
    mails: list[Mail] = []
    if replied:
        mails += _replies(case, organizer, replied, note)
    for part in answered:
        if part.ending is Ending.COUNTER:
            mails.append(_counter(case, organizer, part, note))
    delegated = [part for part in parts if part.ending is Ending.DELEGATED]
    if delegated:
        mails += _delegation(case, organizer, delegated)
    return tuple(mails)


def _questions(
    case: Case, organizer: Participant, parts: Sequence[Part], follow: Following
) -> tuple[Mail, ...]:
    pending = next((part for part in parts if part.ending is Ending.PENDING), None)
    if pending is None:
        return ()
    return questions(case, organizer, pending.event, follow.opened, pending.asked.occurrences)


def _replies(case: Case, organizer: Participant, parts: Sequence[Part], note: str) -> list[Mail]:
    catalogue = catalogue_for(case.message, organizer)
    result = _result(parts)
    answers: list[Answer] = []
    apart: list[tuple[Answer, str]] = []
    lines: list[str] = []
    for part in parts:
        wording = Wording(catalogue, case.message.resource, organizer, part.event)
        offered = _alternatives(case, part) if len(parts) == 1 else []
        sentences = _sentences(case, part, wording, offered)
        lines.extend(sentences)
        answers.append(_answer(part, sentences, offered))
        for answer, text in _refused(part, wording):
            apart.append((answer, text))
            lines.append(text)
    if result is Result.DECLINED and note:
        lines.append(catalogue.text(note))
    lines.extend(_notes(case, parts[0], catalogue))
    split = case.message.resource.preferences.split
    if not split:
        answers += [answer for answer, _ in apart]
    name = "ACCEPTED" if result in (Result.ACCEPTED, Result.UNCHANGED) else result.value
    subject = titled(catalogue, name, parts[0].event.summary)
    mails = _sent(case, organizer, answers, subject, "\n".join(lines) + "\n", "reply")
    if split:
        title = titled(catalogue, "DECLINED", parts[0].event.summary)
        for number, (answer, text) in enumerate(apart):
            mails += _sent(case, organizer, [answer], title, text + "\n", f"reply:{number + 1}")
    return mails


def _sent(
    case: Case, organizer: Participant, answers: list[Answer], subject: str, text: str, kind: str
) -> list[Mail]:
    """The REPLY to whom it concerns: the organizer, and the resource in whose place this one
    attends; where that one answers for itself, it alone."""
    message = case.message
    again = message.again
    if again is not None:
        kind = f"{kind}:{again.why.value}"
    own = own_attendee(message, answers[0].event)
    asked_by = own.delegated_from[0].key if own is not None and own.delegated_from else ""
    member = case.surroundings.member(asked_by) if asked_by else None
    if member is None:
        return [reply_mail(message, organizer, answers, case.book, subject, text, kind=kind)]
    delegator = member.resource
    partner = partner_line(delegator, message.resource.address.uri)
    answers = [
        replace(answer, delegated_from=delegator.address.uri, partner=partner)
        for answer in answers
    ]  # fmt: skip
    mails = []
    if delegator.preferences.delegation_reply == "itip":
        mails.append(reply_mail(message, organizer, answers, case.book, subject, text, kind=kind))
    mails.append(
        reply_mail(
            message, organizer, answers, case.book, subject, text,
            to=delegator.address.text, kind=f"delegate:{kind}",
        )
    )  # fmt: skip
    return mails


def _counter(case: Case, organizer: Participant, part: Part, note: str) -> Mail:
    decision = part.decision
    assert decision is not None
    assert decision.proposal is not None
    proposed = decision.proposal
    resource = case.message.resource
    catalogue = catalogue_for(case.message, organizer)
    wording = Wording(catalogue, resource, organizer, part.event)
    offered = resource.preferences.freebusy_offers
    lines = [wording.proposed(part.asked.occurrences, proposed.request.occurrences)]
    if offered is None:
        lines.append(catalogue.text("not_held"))
    else:
        until = Instant(case.now + offered)
        lines.append(catalogue.text("held_until", until=wording.moment(until)))
    if note == "kept":
        lines.append(catalogue.text("kept"))
    lines.extend(_notes(case, part, catalogue))
    return counter_mail(
        case.message, organizer, proposed.event, case.book, lines, held=offered is not None
    )


def _delegation(case: Case, organizer: Participant, parts: Sequence[Part]) -> tuple[Mail, ...]:
    message = case.message
    decision = parts[0].decision
    assert decision is not None
    member = case.surroundings.member(decision.delegate)
    assert member is not None
    catalogue = catalogue_for(message, organizer)
    line = catalogue.text(
        "delegated", resource=message.resource.name, delegate=member.resource.name
    )
    before = case.delegated
    # A change is passed on without a word: the one that stands in answers it.
    told = before is not None and message.again is None and before.stand_in == decision.delegate
    itip = message.resource.preferences.delegation_reply == "itip"
    return delegation_mails(
        message, organizer, [part.event for part in parts], member.resource, case.book, [line],
        tell_organizer=itip and not told and _is_answered(case, parts[0]),
    )  # fmt: skip


def _sentences(case: Case, part: Part, wording: Wording, offered: Sequence[Period]) -> list[str]:
    decision = part.decision
    if decision is None:
        assert part.event.first is not None
        first = part.event.first
        when = wording.when(first.start, first.end)
        return [wording.catalogue.text("accepted", resource=wording.resource.name, when=when)]
    if decision.accepted:
        lines = [wording.accepted(part.asked)]
        past = len(decision.left_out) - len(decision.refused)
        if past:
            lines.append(wording.catalogue.text("left_out", count=past))
        return lines
    if part.ending is Ending.PENDING:
        return [wording.pending(part.asked.occurrences), *wording.reasons(decision)]
    if part.ending is Ending.WAITING:
        place = case.reservations.waiting_before(part.asked.occurrences) + 1
        return [wording.waiting(part.asked.occurrences, place), *wording.reasons(decision)]
    lines = [wording.declined(part.asked.occurrences), *wording.reasons(decision)]
    lines.extend(wording.free_times(offered))
    if _offers(part):
        lines.extend(wording.free_elsewhere(_elsewhere(case, part)))
    return lines


def _alternatives(case: Case, part: Part) -> list[Period]:
    details = case.message.resource.preferences.reply_details
    if part.request is None or not details or not _offers(part):
        return []
    view = View(case.message.resource, case.reservations, case.surroundings)
    decision = part.decision
    if decision is not None and decision.proposal is not None:
        moved = decision.proposal.request.occurrences
        return [Period(o.start, o.end) for o in moved[: view.resource.preferences.alternatives]]
    return find_alternatives(part.request, view, capacity_of(view) or 1)


def _elsewhere(case: Case, part: Part) -> list[str]:
    """The resources of its pools that are free at that time."""
    if part.request is None or not case.message.resource.preferences.reply_details:
        return []
    view = View(case.message.resource, case.reservations, case.surroundings)
    return find_elsewhere(part.request, view)


def _answer(part: Part, sentences: Sequence[str], offered: Sequence[Period]) -> Answer:
    comment = " ".join(line.strip() for line in sentences)
    if part.accepted:
        statuses = [("2.0", "")]
        if part.asked.guaranteed is not None or part.asked.ends is not None:
            statuses.append(("2.11", ""))
        return Answer(part.event, "ACCEPTED", tuple(statuses), comment)
    if not part.declined:
        return Answer(part.event, "TENTATIVE", (("2.0", ""),), comment)
    assert part.decision is not None
    statuses = [_status(reason, part.event) for reason in part.decision.reasons]
    codes = tuple(dict.fromkeys(statuses))
    return Answer(part.event, "DECLINED", codes, comment, alternatives=tuple(offered))


def _offers(part: Part) -> bool:
    """Whether other times are worth telling: it was declined for the time alone."""
    decision = part.decision
    return part.declined and decision is not None and decision.reasons[:1] in _WITH_ALTERNATIVES


def _refused(part: Part, wording: Wording) -> list[tuple[Answer, str]]:
    """The answers for the occurrences that an accepted series is booked without."""
    if part.decision is None or not part.accepted:
        return []
    found = []
    for conflict in part.decision.refused:
        event = single_occurrence(part.event, conflict.occurrence)
        text = wording.occurrence_declined(conflict)
        status = _status(Reason.CONFLICT, event)
        found.append((Answer(event, "DECLINED", (status,), text), text))
    return found


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

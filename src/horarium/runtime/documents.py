"""Answers as JSON documents: the same keys for the commands and for the HTTP interface."""

from __future__ import annotations

from horarium.appointments.appointment import Appointment
from horarium.appointments.deciding import Offer
from horarium.booking.finding import Finding
from horarium.booking.trace import Step
from horarium.kernel.instant import Instant, format_instant
from horarium.kernel.period import Period
from horarium.runtime.agenda import AgendaEntry
from horarium.runtime.answers import Explanation, OpenTime, Upcoming
from horarium.runtime.approvals import Pending
from horarium.runtime.generating import Given

Document = dict[str, object]


def when(t: Instant | None) -> str | None:
    """An instant, or nothing."""
    return None if t is None else format_instant(t)


def period_document(period: Period) -> Document:
    """A period."""
    return {"start": format_instant(period.start), "end": format_instant(period.end)}


def open_document(found: OpenTime) -> Document:
    """What is open of an object."""
    return {
        "id": found.id,
        "kind": found.kind,
        "open": [period_document(period) for period in found.periods],
    }


def next_document(id_: str, kind: str, coming: list[Upcoming]) -> Document:
    """What comes next of an object."""
    return {
        "id": id_,
        "kind": kind,
        "next": [
            {"at": format_instant(item.at), "end": when(item.end), "what": item.what}
            for item in coming
        ],
    }


def why_document(found: Explanation) -> Document:
    """The verdict and the steps that led to it."""
    return {
        "id": found.id,
        "verdict": found.verdict,
        "steps": [step_document(step) for step in found.steps],
    }


def step_document(step: Step) -> Document:
    """A step of a decision."""
    return {
        "gate": step.gate,
        "verdict": step.verdict,
        "reason": step.reason or None,
        "evidence": step.evidence,
    }


def step_facts(step: Step) -> list[str]:
    """What a step compared, as people read it, but for its lists."""
    return [
        f"{name} {value}"
        for name, value in step.evidence.items()
        if value is not None and not isinstance(value, list)
    ]


def entry_document(entry: AgendaEntry) -> Document:
    """An entry of the agenda."""
    return {
        "start": format_instant(entry.start),
        "end": when(entry.end),
        "kind": entry.kind,
        "id": entry.id,
        "what": entry.what,
    }


def pending_document(item: Pending) -> Document:
    """A request that waits for a person."""
    return {
        "id": item.id,
        "resource": item.resource,
        "uid": item.uid,
        "organizer": item.organizer,
        "summary": item.summary or None,
        **period_document(item.span),
        "reasons": list(item.reasons),
        "approvers": list(item.approvers),
        "arrived": format_instant(item.arrived),
        "expires": when(item.expires),
    }


def finding_document(finding: Finding) -> Document:
    """A resource with what speaks against it."""
    resource = finding.resource
    preferences = resource.preferences
    return {
        "id": resource.address.text,
        "name": preferences.name or None,
        "seats": preferences.seats,
        "features": sorted(preferences.features),
        "location": preferences.location or None,
        "against": [step_document(step) for step in finding.against],
        "unasked": list(finding.unasked),
        "asks_a_person": finding.asking,
    }


def appointment_document(item: Appointment, now: Instant) -> Document:
    """An appointment; its state as it stands now."""
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
        "expires": when(item.expires),
        "name": item.client.name or None,
        "mail": item.client.mail or None,
        "reason": item.reason or None,
        "series": item.series or None,
    }


def offer_document(offer: Offer) -> Document:
    """A start that can be had."""
    return {
        "start": format_instant(offer.at), "end": format_instant(offer.end),
        "appointers": list(offer.hosts), "seats": offer.seats,
    }  # fmt: skip


def given_document(given: Given) -> Document:
    """A slot that was given."""
    return {
        "start": format_instant(given.slot.start),
        "end": format_instant(given.slot.end),
        "duration": given.slot.seconds,
        "appointment": given.appointment,
    }

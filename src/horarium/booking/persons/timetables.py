"""VFREEBUSY at a person: what others ask, and what they say of themselves (RFC 5546 3.3)."""

from __future__ import annotations

from horarium.booking.authority import judge_attendee
from horarium.booking.case import LATEST_STAMP_AHEAD
from horarium.booking.itip_freebusy import handle_freebusy
from horarium.booking.outcome import Result
from horarium.booking.persons.known import restate
from horarium.booking.persons.recording import Recorded, Recording, named
from horarium.booking.persons.sharing import person_busy
from horarium.ical.freebusy import FreeBusyReport, read_freebusy_report
from horarium.ical.participant import Participant
from horarium.kernel.instant import Instant
from horarium.kernel.period import Period

DAY = 86_400
# What lies further away is not kept: nobody plans with it.
BEHIND, AHEAD = DAY, 732 * DAY


def take_freebusy_request(recording: Recording) -> Recorded:
    """REQUEST: answered only where the person shares free/busy; the person is told of others."""
    case = recording.case
    if case.message.resource.preferences.freebusy_sharing != "share":
        recording.tell("freebusy_asked")
        return recording.done()
    outcome = handle_freebusy(
        case, lambda view, within: person_busy(view, recording.memory, within, case.now)
    )
    if outcome.result is Result.IGNORED:
        return recording.ignored(outcome)
    recording.tell("freebusy_answered", who=outcome.mails[0].recipient)
    return recording.end(outcome)


def take_freebusy_report(recording: Recording) -> Recorded:
    """PUBLISH and REPLY: kept as the free/busy of the party that it describes and comes from."""
    case, resource = recording.case, recording.message.resource
    report = read_freebusy_report(
        recording.message.components[0],
        case.book,
        resource.zone,
        resource.parse_limits,
        local_domains=resource.ways.local_domains,
    )
    party, reason = _party(recording, report)
    if party is None:
        return recording.ignore("sender", reason)
    stated = report.dtstamp if report.dtstamp is not None else case.now
    if stated > case.now + LATEST_STAMP_AHEAD:
        return recording.ignore("order", "dtstamp_future")
    window = _window(report, case.now)
    quiet = resource.preferences.freebusy_messages == "none"
    if window is not None:
        rows = recording.memory.known(party.address.key)
        change = restate(rows, party.address.key, window, report.busy, stated)
        if change is not None:
            recording.known.append(change)
    recording.tell("freebusy_known", who=named(party))
    return recording.done(quiet=quiet)


def _party(recording: Recording, report: FreeBusyReport) -> tuple[Participant | None, str]:
    """Whom a report describes, if it comes from them; else why not."""
    candidates = list(report.attendees)
    if recording.message.method == "PUBLISH" or not candidates:
        candidates = [report.organizer] if report.organizer is not None else []
    reason = "party_mismatch"
    for party in candidates:
        standing = judge_attendee(recording.message.origin.voice, party, recording.message.resource)
        if standing.heard:
            recording.case.passed("sender", {"made_by": standing.made_by})
            return party, ""
        if standing.reason != "attendee_mismatch":
            reason = standing.reason
    return None, reason


def _window(report: FreeBusyReport, now: Instant) -> Period | None:
    """The stretch a report speaks of, as far as it is kept; None when nothing of it is."""
    if report.start is None or report.end is None:
        return None
    start = max(report.start, Instant(now - BEHIND))
    end = min(report.end, Instant(now + AHEAD))
    return Period(start, end) if start < end else None

"""What others say of their own time (PUBLISH and REPLY of VFREEBUSY, RFC 5546 3.3): kept only from
the party that it describes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from horarium.booking.authority import judge_attendee
from horarium.booking.case import LATEST_STAMP_AHEAD, Case
from horarium.booking.persons.known import Known, KnownChange, restate
from horarium.ical.freebusy import FreeBusyReport, read_freebusy_report
from horarium.ical.participant import Participant
from horarium.kernel.instant import Instant
from horarium.kernel.period import Period

DAY = 86_400
# What lies further away is not kept: nobody plans with it.
BEHIND, AHEAD = DAY, 732 * DAY


@dataclass(frozen=True, slots=True)
class Reported:
    """What became of a report: whose it is and what it changes of what is known; or the gate and
    the reason for which it is not heard."""

    party: Participant | None = None
    change: KnownChange | None = None
    gate: str = ""
    reason: str = ""


def hear_report(case: Case, known: Callable[[str], Sequence[Known]]) -> Reported:
    """Judges a report; `known` gives what is known of a party (address key) already."""
    resource = case.message.resource
    report = read_freebusy_report(
        case.message.components[0],
        case.book,
        resource.zone,
        resource.parse_limits,
        local_domains=resource.ways.local_domains,
    )
    party, reason = _party(case, report)
    if party is None:
        return Reported(gate="sender", reason=reason)
    stated = report.dtstamp if report.dtstamp is not None else case.now
    if stated > case.now + LATEST_STAMP_AHEAD:
        return Reported(gate="order", reason="dtstamp_future")
    window = _window(report, case.now)
    if window is None:
        return Reported(party)
    key = party.address.key
    return Reported(party, restate(known(key), key, window, report.busy, stated))


def _party(case: Case, report: FreeBusyReport) -> tuple[Participant | None, str]:
    """Whom a report describes, if it comes from them; else why not."""
    candidates = list(report.attendees)
    if case.message.method == "PUBLISH" or not candidates:
        candidates = [report.organizer] if report.organizer is not None else []
    reason = "party_mismatch"
    for party in candidates:
        standing = judge_attendee(case.message.origin.voice, party, case.message.resource)
        if standing.heard:
            case.passed("sender", {"made_by": standing.made_by})
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

"""VFREEBUSY at a person: what others ask, and what they say of themselves (RFC 5546 3.3)."""

from __future__ import annotations

from horarium.booking.itip_freebusy import handle_freebusy
from horarium.booking.outcome import Result
from horarium.booking.persons.recording import Recorded, Recording, named
from horarium.booking.persons.sharing import person_busy
from horarium.booking.reported_time import hear_report


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
    heard = hear_report(case, recording.memory.known)
    if heard.party is None:
        return recording.ignore(heard.gate, heard.reason)
    if heard.change is not None:
        recording.known.append(heard.change)
    recording.tell("freebusy_known", who=named(heard.party))
    return recording.done(quiet=resource.preferences.freebusy_messages == "none")

"""Organizers and attendees as a component names them (RFC 5545 3.8.4.1, 3.8.4.3)."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass

from horarium.ical.address import Address, InvalidAddress, parse_cal_address
from horarium.ical.contentline import ContentLine

# Parameters with a meaning here; a line has few of them, so it is walked once.
_READ = frozenset(
    (
        "CN",
        "PARTSTAT",
        "ROLE",
        "CUTYPE",
        "RSVP",
        "SENT-BY",
        "DELEGATED-FROM",
        "DELEGATED-TO",
        "LANGUAGE",
        "EMAIL",
    )
)


@dataclass(frozen=True, slots=True)
class Participant:
    """One ORGANIZER or ATTENDEE line: who it is, and what is claimed about them.

    `address` is the identity; `cn` never is. `partstat`, `role` and `cutype` are upper case, with
    the defaults of RFC 5545 3.2. `uri` is the value as sent; `line` the whole property.
    """

    address: Address
    uri: str
    cn: str | None
    partstat: str
    role: str
    cutype: str
    rsvp: bool | None
    sent_by: Address | None
    delegated_from: tuple[Address, ...]
    delegated_to: tuple[Address, ...]
    language: str | None
    line: ContentLine
    notes: tuple[str, ...] = ()
    partstat_sent: bool = False


def read_participant(line: ContentLine, local_domains: Container[str] | None = None) -> Participant:
    """Reads an ORGANIZER or ATTENDEE line; `InvalidAddress` when it names nobody.

    `local_domains` are the single-label domains that are ours. A SENT-BY or delegation address
    that cannot be read is left out with a note: it is a claim, and a claim that cannot be read
    grants nothing.
    """
    given: dict[str, tuple[str, ...]] = {}
    for name, _ in line.parameters:
        if name in _READ and name not in given:
            given[name] = line.parameter_values(name)

    def one(name: str) -> str | None:
        values = given.get(name)
        return values[0] if values else None

    notes: list[str] = []
    sent_by = _addresses("SENT-BY", given, notes, local_domains) if "SENT-BY" in given else ()
    rsvp = (one("RSVP") or "").strip().upper()
    return Participant(
        address=parse_cal_address(line.value, one("EMAIL"), local_domains),
        uri=line.value,
        cn=one("CN"),
        partstat=(one("PARTSTAT") or "NEEDS-ACTION").strip().upper(),
        role=(one("ROLE") or "REQ-PARTICIPANT").strip().upper(),
        cutype=(one("CUTYPE") or "INDIVIDUAL").strip().upper(),
        rsvp={"TRUE": True, "FALSE": False}.get(rsvp),
        sent_by=sent_by[0] if len(sent_by) == 1 else None,
        delegated_from=_addresses("DELEGATED-FROM", given, notes, local_domains),
        delegated_to=_addresses("DELEGATED-TO", given, notes, local_domains),
        language=one("LANGUAGE"),
        line=line,
        notes=tuple(notes),
        partstat_sent="PARTSTAT" in given,
    )


def _addresses(
    name: str,
    given: dict[str, tuple[str, ...]],
    notes: list[str],
    local_domains: Container[str] | None,
) -> tuple[Address, ...]:
    found: list[Address] = []
    for value in given.get(name, ()):
        try:
            found.append(parse_cal_address(value, None, local_domains))
        except InvalidAddress as error:
            notes.append(f"{name.lower()}_unreadable:{error.reason}")
    return tuple(found)

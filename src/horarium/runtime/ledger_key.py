"""The key under which a message is known again."""

from __future__ import annotations

from hashlib import sha256

from horarium.booking.imip import Intake
from horarium.ical.component import Component

CALENDAR = frozenset({"VEVENT", "VFREEBUSY"})


def ledger_key(recipient: str, data: bytes, intake: Intake, *, vouched: bool) -> str:
    """Who, what, and the very octets; a message that the operator let go is another than the one
    that was kept.

    Fields are prefixed with their length, so that none can run into the next.
    """
    headers = intake.headers
    fields = [recipient.lower(), headers.message_id if headers and headers.message_id else ""]
    if not fields[1]:
        fields[1] = sha256(data).hexdigest()
    for item in intake.objects:
        fields.append(item.method)
        named = (
            [_value(component, name) for name in ("UID", "SEQUENCE", "DTSTAMP", "RECURRENCE-ID")]
            for component in item.component.components
            if component.name in CALENDAR
        )
        fields += [text for row in sorted(named) for text in row]
        fields.append(item.part_hash)
    if not intake.objects:
        fields.append(sha256(data).hexdigest())
    if vouched:
        fields.append("vouched")
    joined = b"".join(
        len(octets).to_bytes(4, "big") + octets
        for octets in (text.encode("utf-8", "surrogatepass") for text in fields)
    )
    return sha256(joined).hexdigest()


def _value(component: Component, name: str) -> str:
    line = component.first(name)
    return line.value if line is not None else ""

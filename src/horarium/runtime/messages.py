"""A mail that was read: the events in it, and the key under which it is known again."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256

from horarium.booking.imip import Intake
from horarium.ical.component import Component

CALENDAR = frozenset({"VEVENT", "VFREEBUSY"})


def by_uid(components: Iterable[Component]) -> dict[str, list[Component]]:
    """The components of each UID, in the order in which the UIDs first stand."""
    found: dict[str, list[Component]] = {}
    for component in components:
        if component.name in CALENDAR:
            line = component.first("UID")
            found.setdefault(line.value.strip() if line else "", []).append(component)
    return found


def ledger_key(recipient: str, data: bytes, intake: Intake, marks: Iterable[str]) -> str:
    """The key under which a message is known again: who, what, and the very octets. By its `marks`
    a message that the operator let go is another than the one that was kept, and a copy of what
    somebody sent another than what they got.

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
    fields += marks
    joined = b"".join(
        len(octets).to_bytes(4, "big") + octets
        for octets in (text.encode("utf-8", "surrogatepass") for text in fields)
    )
    return sha256(joined).hexdigest()


def _value(component: Component, name: str) -> str:
    line = component.first(name)
    return line.value if line is not None else ""

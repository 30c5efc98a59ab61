"""Calendar mails for tests, written as clients write them."""

from __future__ import annotations

import base64

EVENT = (
    "UID:meeting-1@example.org",
    "SEQUENCE:0",
    "DTSTAMP:20260102T080000Z",
    "DTSTART:20260302T090000Z",
    "DTEND:20260302T100000Z",
    "SUMMARY:Board",
    "ORGANIZER;CN=Paul:mailto:paul@example.org",
    "ATTENDEE;PARTSTAT=NEEDS-ACTION:mailto:room@example.org",
)
HEADER = (
    "From: Paul <paul@example.org>",
    "To: room@example.org",
    "Subject: Board",
    "Date: Fri, 02 Jan 2026 09:00:00 +0100",
    "Message-ID: <1@example.org>",
    "MIME-Version: 1.0",
)


def calendar(method: str | None = "REQUEST", *events: tuple[str, ...], extra=()) -> str:
    """The text of a VCALENDAR; one event of EVENT when none is given."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Example//EN"]
    lines += [f"METHOD:{method}"] if method else []
    lines += extra
    for event in events or (EVENT,):
        lines += ["BEGIN:VEVENT", *event, "END:VEVENT"]
    return "\r\n".join([*lines, "END:VCALENDAR", ""])


def changed(**changes: str) -> tuple[str, ...]:
    """EVENT with other values for some of its properties."""
    return tuple(
        f"{line.partition(':')[0]}:{changes[name]}"
        if (name := line.partition(":")[0].partition(";")[0]) in changes
        else line
        for line in EVENT
    )


def part(body: str | bytes, kind: str, *fields: str, encoding: str = "8bit") -> bytes:
    """One MIME part with its fields."""
    octets = body.encode() if isinstance(body, str) else body
    if encoding == "base64":
        octets = base64.encodebytes(octets).replace(b"\n", b"\r\n")
    lines = (f"Content-Type: {kind}", f"Content-Transfer-Encoding: {encoding}", *fields, "", "")
    return "\r\n".join(lines).encode() + octets


def calendar_part(text: str, method: str | None = "REQUEST", **options) -> bytes:
    """A text/calendar part."""
    kind = "text/calendar; charset=UTF-8" + (f"; method={method}" if method else "")
    return part(text, kind, **options)


def multipart(kind: str, *parts: bytes, boundary: str = "b") -> bytes:
    """A multipart of those parts, as a part."""
    octets = b"".join(b"\r\n--" + boundary.encode() + b"\r\n" + each for each in parts)
    end = f"\r\n--{boundary}--\r\n".encode()
    return f'Content-Type: multipart/{kind}; boundary="{boundary}"\r\n\r\n'.encode() + octets + end


def mail(body: bytes, *fields: str, header: tuple[str, ...] = HEADER) -> bytes:
    """A message: the header, more fields, and a part with its own fields."""
    return "\r\n".join((*header, *fields, "")).encode() + body


def invitation(text: str | None = None, method: str = "REQUEST", *fields: str) -> bytes:
    """The ordinary invitation: text and calendar as alternatives."""
    return mail(
        multipart(
            "alternative",
            part("You are invited", "text/plain; charset=utf-8"),
            calendar_part(calendar(method) if text is None else text, method),
        ),
        *fields,
    )

"""Free/busy given to others: a published document, or a part that goes along with a reply."""

from __future__ import annotations

import re
from collections.abc import Mapping
from hashlib import sha256

from horarium.booking.letter import calendar_attachment
from horarium.booking.resource import Resource
from horarium.ical.component import serialize
from horarium.ical.freebusy import write_freebusy
from horarium.ical.writing import address_line, vcalendar
from horarium.kernel.instant import Instant
from horarium.kernel.period import Period
from horarium.kernel.periodset import PeriodSet

DAY = 86_400
_CONTENT_TYPE = re.compile(rb"(?m)^Content-Type: [^\r\n]*\r\n")


def shared_window(resource: Resource, now: Instant) -> Period:
    """The stretch that is shared: from a day ago to the end of the window."""
    return Period(Instant(now - DAY), Instant(now + resource.preferences.window_size * DAY))


def freebusy_document(
    uri: str, resource: Resource, busy: Mapping[str, PeriodSet], now: Instant
) -> bytes:
    """A PUBLISH of a calendar user's free/busy (RFC 5546 3.3.1): times and nothing else."""
    window = shared_window(resource, now)
    name = {"CN": resource.preferences.name} if resource.preferences.name else {}
    component = write_freebusy(
        uid=uri,
        dtstamp=now,
        start=window.start,
        end=window.end,
        busy=busy,
        organizer=address_line("ORGANIZER", resource.address, name),
    )
    return serialize(vcalendar("PUBLISH", [component]))


def bundle(letter: bytes, freebusy: bytes) -> bytes:
    """A mail of ours with free/busy behind it: what it was becomes the first of two parts."""
    head, _, body = letter.partition(b"\r\n\r\n")
    head += b"\r\n"
    kind = _CONTENT_TYPE.search(head)
    assert kind is not None, "a mail of ours names its type"
    mark = b"=_" + sha256(letter + freebusy).hexdigest()[:32].encode()
    outer = b'Content-Type: multipart/mixed; boundary="' + mark + b'"\r\n'
    return b"".join(
        (
            head[: kind.start()], outer, head[kind.end() :], b"\r\n",
            b"--" + mark + b"\r\n", kind.group(), b"\r\n", body, b"\r\n",
            b"--" + mark + b"\r\n", calendar_attachment(freebusy, "PUBLISH"), b"\r\n",
            b"--" + mark + b"--\r\n",
        )
    )  # fmt: skip

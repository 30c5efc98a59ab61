"""What is kept of a message so that its decision can be made again: what a decision looks at.

Titles, texts, attachments and alarms decide nothing and are left out, as are all other parts of the
mail; what is left is a mail again and is read like one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from hashlib import sha256

from horarium.booking.imip import CalendarObject
from horarium.ical.component import serialize

# Every mail on its way in pays for these: a pattern that begins with a line end is looked for at
# line ends only, and most lines are settled by their first letter. The fields are those that
# `mail_headers` reads and that a decision or its order rests on.
_FIELDS = re.compile(
    rb"\n(?=[FRMDCALPfrmdcalp])(?i:from|reply-to|message-id|date|content-language"
    rb"|accept-language|authentication-results|auto-submitted|precedence|list-id|list-unsubscribe)"
    rb"[ \t]*:[^\n]*(?:\n[ \t][^\n]*)*"
)
_LEFT_OUT = re.compile(
    rb"\n(?=[SDCXABsdcxab])(?i:(?:SUMMARY|DESCRIPTION|COMMENT|X-ALT-DESC|STYLED-DESCRIPTION|ATTACH|CLASS)[;:][^\n]*"
    rb"|BEGIN:VALARM[^\n]*(?s:.*?)\nEND:VALARM[^\n]*)"
)
_PLAIN = frozenset({None, "utf-8", "us-ascii"})


def kept_request(data: bytes, objects: Sequence[CalendarObject]) -> bytes:
    """The mail that is kept of the mail `data`, whose calendar objects are `objects`."""
    fields = _fields(data)
    parts = [_part(item) for item in objects]
    if len(parts) == 1:
        return fields + parts[0]
    # What is in the mail can not know the digest of the mail.
    boundary = sha256(data).hexdigest().encode()
    lines = [fields, b"Content-Type: multipart/mixed; boundary=", boundary, b"\r\n"]
    for part in parts:
        lines += [b"\r\n--", boundary, b"\r\n", part]
    return b"".join([*lines, b"\r\n--", boundary, b"--\r\n"])


def _part(item: CalendarObject) -> bytes:
    kind = f"Content-Type: text/calendar; method={item.method}; charset=utf-8\r\n\r\n"
    return kind.encode("ascii", "replace") + _lean(item)


def _fields(data: bytes) -> bytes:
    ends = (at for at in (data.find(b"\n\r\n"), data.find(b"\n\n")) if at >= 0)
    found = _FIELDS.findall(b"\n" + data[: min(ends, default=len(data))])
    lines = [field.strip(b"\r\n") for field in found]
    return b"\r\n".join([*lines, b"MIME-Version: 1.0", b""])


def _lean(item: CalendarObject) -> bytes:
    text = item.octets
    charset = item.charset.lower() if item.charset is not None else None
    # Lines of wide charsets and other line ends can not be told apart without reading them.
    odd = b"\0" in text or text.startswith(b"\xef\xbb\xbf") or charset not in _PLAIN
    if odd or text.count(b"\r") != text.count(b"\r\n"):
        text = serialize(item.component)
    for fold in (b"\r\n ", b"\r\n\t", b"\n ", b"\n\t"):
        text = text.replace(fold, b"")
    return _LEFT_OUT.sub(b"", text)

"""What the header of a mail says, read strictly where identity is at stake (RFC 5322, RFC 3834).

Display names are never looked at. A field longer than the limit is not decoded and counts as
unreadable.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Container, Iterator
from dataclasses import dataclass

from horarium.booking.mime import Fields, MailLimits
from horarium.ical.address import Address, InvalidAddress, parse_mailbox
from horarium.kernel.errors import InvalidInput, LimitReached
from horarium.kernel.instant import Instant, wall

_ENCODED = re.compile(
    r"=\?([A-Za-z0-9_.:-]{1,40})(?:\*[A-Za-z0-9-]{1,40})?\?([bBqQ])\?([^?\s]*)\?="
)
_BETWEEN = re.compile(r"(\?=)[ \t]+(=\?)")
_MESSAGE_ID = re.compile(r"<[^<>@\s\x00-\x1f\x7f]{1,400}@[^<>@\s\x00-\x1f\x7f]{1,400}>")
_MARKS = re.compile(r'[",()<>:;\\]')
_WORD = re.compile(r"[A-Za-z0-9-]+")
# Charsets an encoded word may name; others are shown as sent.
_CHARSETS = re.compile(
    r"(?i)(utf-?8|us-ascii|iso-8859-\d{1,2}|windows-125\d|koi8-[ru]|gb2312|gbk|gb18030|big5"
    r"|euc-(jp|kr)|iso-2022-(jp|kr)|shift_jis)\Z"
)
# Ids kept of References: the newest, enough to find the thread.
_REFERENCES = 20
_DATE = re.compile(
    r"(?:[A-Za-z]{3}[A-Za-z]*,?\s+)?([0-9]{1,2})\s+([A-Za-z]{3})[A-Za-z]*\s+([0-9]{4})\s+"
    r"([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}))?\s*(?:([+-])([0-9]{2})([0-9]{2})|([A-Za-z]{1,5}))?"
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
# Hours of the zone names of RFC 5322 4.3; any other name is -0000, as the RFC says.
_ZONES = {"EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7}


@dataclass(frozen=True, slots=True)
class Headers:
    """Facts of one header.

    `sender` is the one address of the one From field, or None with `sender_fault` saying why.
    `authentication_results` are the fields of that name, unfolded, top first, octets beyond
    UTF-8 replaced. `decision` is our own X-Horarium-Decision. Languages are as sent.
    """

    sender: Address | None
    sender_fault: str | None
    reply_to: Address | None
    to: tuple[Address, ...]
    cc: tuple[Address, ...]
    subject: str
    message_id: str | None
    date: Instant | None
    in_reply_to: str | None
    references: tuple[str, ...]
    auto_submitted: str | None
    precedence: str | None
    list_id: bool
    list_unsubscribe: bool
    received: int
    content_language: str | None
    accept_language: str | None
    authentication_results: tuple[str, ...]
    decision: str | None


def read_headers(
    fields: Fields, limits: MailLimits, local_domains: Container[str] | None = None
) -> Headers:
    """The facts of the fields of a message; `LimitReached` for a flood of addresses.

    `local_domains` are the single-label domains that are ours.
    """
    named: dict[str, list[bytes]] = {}
    for name, value in fields:
        named.setdefault(name, []).append(value)

    def text(name: str) -> str | None:
        values = named.get(name)
        if not values or len(values[0]) > limits.header:
            return None
        return values[0].decode("utf-8", "replace")

    for name in ("from", "to", "cc", "reply-to", "bcc"):
        for value in named.get(name, ()):
            _count_addresses(value, limits)
    sender, fault = _sender(named.get("from", []), limits, local_domains)
    results = named.get("authentication-results", [])
    return Headers(
        sender=sender,
        sender_fault=fault,
        reply_to=_reply_to(named.get("reply-to", []), limits, local_domains),
        to=tuple(_addresses(named.get("to", []), limits, local_domains)),
        cc=tuple(_addresses(named.get("cc", []), limits, local_domains)),
        subject=decode_words(text("subject") or "", limits.encoded_words),
        message_id=_message_id(text("message-id")),
        date=_date(text("date")),
        in_reply_to=_message_id(text("in-reply-to")),
        references=tuple(_MESSAGE_ID.findall(text("references") or "")[-_REFERENCES:]),
        auto_submitted=_word(text("auto-submitted")),
        precedence=_word(text("precedence")),
        list_id="list-id" in named,
        list_unsubscribe="list-unsubscribe" in named,
        received=len(named.get("received", ())),
        content_language=text("content-language"),
        accept_language=text("accept-language"),
        authentication_results=tuple(
            value.decode("utf-8", "replace") for value in results if len(value) <= limits.header
        ),
        decision=text("x-horarium-decision"),
    )


def _count_addresses(value: bytes, limits: MailLimits) -> None:
    """Refuses a flood before splitting; a comma in a quoted name hardly matters at 500."""
    if value.count(b",") >= limits.addresses:
        count = value.count(b"@")
        if count > limits.addresses or len(value) > limits.header:
            raise LimitReached("addresses", count, limits.addresses)


def _sender(
    values: list[bytes], limits: MailLimits, local_domains: Container[str] | None
) -> tuple[Address | None, str | None]:
    if not values:
        return None, "missing"
    if len(values) > 1:
        return None, "several_fields"
    if len(values[0]) > limits.header:
        return None, "too_long"
    try:
        return parse_mailbox(values[0].decode("utf-8", "replace"), local_domains), None
    except InvalidAddress as error:
        return None, error.reason


def _reply_to(
    values: list[bytes], limits: MailLimits, local_domains: Container[str] | None
) -> Address | None:
    if len(values) != 1:
        return None
    return _sender(values, limits, local_domains)[0]


def _addresses(
    values: list[bytes], limits: MailLimits, local_domains: Container[str] | None
) -> Iterator[Address]:
    """The addresses of To or Cc that can be read; the others could be nobody's recipient."""
    for value in values:
        if len(value) > limits.header:
            continue
        for piece in _split(value.decode("utf-8", "replace")):
            try:
                yield parse_mailbox(piece, local_domains)
            except InvalidAddress:
                continue


def _split(text: str) -> Iterator[str]:
    """An address list cut at the commas outside quotes; group names fall away."""
    start = 0
    quoted = False
    escaped_at = -1
    for mark in _MARKS.finditer(text):
        sign, at = mark.group(), mark.start()
        if at == escaped_at:
            continue
        if sign == "\\":
            escaped_at = at + 1
        elif sign == '"':
            quoted = not quoted
        elif not quoted and sign == ":":
            start = at + 1
        elif not quoted and sign in ",;":
            yield text[start:at]
            start = at + 1
    yield text[start:]


def _message_id(value: str | None) -> str | None:
    found = _MESSAGE_ID.search(value) if value else None
    return found.group() if found else None


def _word(value: str | None) -> str | None:
    """The first word in lower case; what follows are parameters and comments."""
    if value is None:
        return None
    found = _WORD.match(value.strip())
    return found.group().lower() if found else "unreadable"


def _date(value: str | None) -> Instant | None:
    """Date as an instant (RFC 5322 3.3, 4.3); None when it cannot be read."""
    found = _DATE.match(value.strip()) if value and len(value) <= 100 else None
    if found is None:
        return None
    day, name, year, hour, minute, second, sign, hours, minutes, zone = found.groups()
    try:
        month = _MONTHS.index(name.lower()) + 1
        clock = wall(int(year), month, int(day), int(hour), int(minute), int(second or 0))
    except (ValueError, InvalidInput):
        return None
    offset = _ZONES.get((zone or "").upper(), 0) * 3600
    if sign:
        offset = (int(hours) * 3600 + int(minutes) * 60) * (-1 if sign == "-" else 1)
    return Instant(clock - offset) if 1900 <= int(year) <= 9998 else None


def decode_words(text: str, most: int) -> str:
    """Encoded words (RFC 2047) decoded, at most that many; controls become blanks."""
    if "=?" in text:
        text = _ENCODED.sub(_decoded_word, _BETWEEN.sub(r"\1\2", text), count=most)
    return "".join(character if character >= " " else " " for character in text)


def _decoded_word(found: re.Match[str]) -> str:
    charset, how, body = found.groups()
    if not _CHARSETS.match(charset):
        return found.group()
    try:
        if how in "bB":
            octets = binascii.a2b_base64(body + "=" * (-len(body) % 4), strict_mode=True)
        else:
            octets = binascii.a2b_qp(body.encode("ascii"), header=True)
        return octets.decode(charset, "replace")
    except (ValueError, LookupError):
        return found.group()

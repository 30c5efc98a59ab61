"""Our mails: a text for people and a calendar part for programs, written to the octet.

The form is fixed and small, so it is written here directly; every value that comes from outside is
encoded or refused, so that none can add a line or a field (RFC 5322, RFC 2045, RFC 2047, RFC 6047).
"""

from __future__ import annotations

import re
from base64 import b64encode
from binascii import b2a_qp
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from horarium.kernel.errors import InvalidInput
from horarium.kernel.instant import Instant, Wall, civil
from horarium.kernel.weekday import Weekday

_PLAIN = re.compile(r"[ -~]*")
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]*")
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
# RFC 2047 allows 75 octets in an encoded word; 45 octets of text become 60 of base64.
_WORD_OCTETS = 45
_LINE = 76


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail before it is written. `fields` are header fields beyond the fixed ones."""

    sender_name: str
    sender: str
    recipient: str
    subject: str
    date: Instant
    message_id: str
    fields: tuple[tuple[str, str], ...]
    text: str
    calendar: bytes
    method: str


@dataclass(frozen=True, slots=True)
class Covering:
    """A mail of ours to a person, about a message that came. `reply_to` is whose message it was;
    `fields` are header fields beyond the fixed ones."""

    sender: str
    recipient: str
    reply_to: str
    subject: str
    date: Instant
    message_id: str
    fields: tuple[tuple[str, str], ...]
    text: str


def write_covering(covering: Covering, parts: Sequence[bytes]) -> bytes:
    """The finished mail: the text, and then the `parts`, each a body part with its header, octet by
    octet as they are. Its lines end as those of the parts do."""
    whole = b"".join(parts)
    boundary = "=_" + sha256(covering.message_id.encode() + whole).hexdigest()[:32]
    head = [
        ("From", f"<{covering.sender}>"),
        ("To", f"<{covering.recipient}>"),
        *((("Reply-To", f"<{covering.reply_to}>"),) if covering.reply_to else ()),
        ("Subject", _unstructured(covering.subject)),
        ("Date", mail_date(covering.date)),
        ("Message-ID", covering.message_id),
        *covering.fields,
        ("Auto-Submitted", "auto-generated"),
        ("MIME-Version", "1.0"),
        ("Content-Type", f'multipart/mixed; boundary="{boundary}"'),
    ]
    fields = "".join(f"{name}: {_checked(name, value)}\r\n" for name, value in head)
    start = f"{fields}\r\n--{boundary}\r\n{_text_part(covering.text)}".encode("ascii")
    end = b"\r\n" if b"\r\n" in whole or not whole else b"\n"
    pieces = [start.replace(b"\r\n", end)]
    for part in parts:
        pieces.append(b"--" + boundary.encode() + end + part + end)
    pieces.append(b"--" + boundary.encode() + b"--" + end)
    return b"".join(pieces)


def enclosed(message: bytes) -> bytes:
    """A message as a body part of another, not one octet of it changed (RFC 2046 5.2.1)."""
    end = b"\r\n" if b"\r\n" in message else b"\n"
    encoding = b"7bit" if message.isascii() else b"8bit"
    head = (b"Content-Type: message/rfc822", b"Content-Disposition: inline")
    return end.join((*head, b"Content-Transfer-Encoding: " + encoding, b"", b"")) + message


def calendar_attachment(calendar: bytes, method: str) -> bytes:
    """A calendar object as a body part, for a program to act on."""
    return _calendar_part(calendar, method).encode("ascii")


def write_letter(letter: Letter) -> bytes:
    """The finished message, lines ended by CRLF, none longer than 998 octets."""
    if not letter.calendar:
        return _plain_letter(letter)
    boundary = "=_" + sha256(letter.message_id.encode() + letter.calendar).hexdigest()[:32]
    head = [
        *_head(letter),
        ("Content-Type", f'multipart/alternative; boundary="{boundary}"'),
    ]
    parts = (_text_part(letter.text), _calendar_part(letter.calendar, letter.method))
    body = "".join(f"--{boundary}\r\n{part}" for part in parts)
    return f"{_fields(head)}\r\n{body}--{boundary}--\r\n".encode("ascii")


def _plain_letter(letter: Letter) -> bytes:
    """A mail for people alone."""
    return f"{_fields(_head(letter))}{_text_part(letter.text)}".encode("ascii")


def _head(letter: Letter) -> list[tuple[str, str]]:
    return [
        ("From", f"{_phrase(letter.sender_name)}<{letter.sender}>"),
        ("To", f"<{letter.recipient}>"),
        ("Subject", _unstructured(letter.subject)),
        ("Date", mail_date(letter.date)),
        ("Message-ID", letter.message_id),
        *letter.fields,
        ("Auto-Submitted", "auto-replied"),
        ("MIME-Version", "1.0"),
    ]


def _fields(head: list[tuple[str, str]]) -> str:
    return "".join(f"{name}: {_checked(name, value)}\r\n" for name, value in head)


def mail_date(at: Instant) -> str:
    """A date-time of RFC 5322 3.3, in UTC."""
    year, month, day, hour, minute, second = civil(Wall(at))
    weekday = _WEEKDAYS[Weekday((at // 86_400 + 3) % 7)]
    return f"{weekday}, {day} {_MONTHS[month - 1]} {year} {hour:02}:{minute:02}:{second:02} +0000"


def _text_part(text: str) -> str:
    """The part for people, as quoted-printable: it can be read in the raw mail too."""
    encoded = b2a_qp(text.encode(), istext=True).decode("ascii").replace("\n", "\r\n")
    return (
        "Content-Type: text/plain; charset=UTF-8\r\n"
        f"Content-Transfer-Encoding: quoted-printable\r\n\r\n{encoded}\r\n"
    )


def _calendar_part(calendar: bytes, method: str) -> str:
    encoded = b64encode(calendar).decode("ascii")
    lines = "".join(encoded[at : at + _LINE] + "\r\n" for at in range(0, len(encoded), _LINE))
    return (
        f"Content-Type: text/calendar; method={_checked('method', method)}; charset=UTF-8\r\n"
        f"Content-Transfer-Encoding: base64\r\n\r\n{lines}"
    )


def _phrase(name: str) -> str:
    """A display name before an address: atoms, a quoted string, or encoded words."""
    name = _clean(name)
    if not name:
        return ""
    if _ATOMS.fullmatch(name):
        return f"{name} "
    if _PLAIN.fullmatch(name) and len(name) <= _LINE:
        return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '" '
    return _encoded(name) + " "


def _unstructured(text: str) -> str:
    text = _clean(text)
    if _PLAIN.fullmatch(text) and len(text) <= _LINE and "=?" not in text:
        return text
    return _encoded(text)


def _encoded(text: str) -> str:
    words, piece = [], b""
    for sign in text:
        octets = sign.encode("utf-8")
        if len(piece) + len(octets) > _WORD_OCTETS:
            words.append(piece)
            piece = b""
        piece += octets
    words.append(piece)
    return "\r\n ".join(f"=?UTF-8?B?{b64encode(word).decode('ascii')}?=" for word in words)


def _clean(text: str) -> str:
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())


def _checked(name: str, value: str) -> str:
    bare = value.replace("\r\n ", " ")
    if not _PLAIN.fullmatch(bare):
        raise InvalidInput("not fit for a header field", part=name, value=value[:80])
    return value

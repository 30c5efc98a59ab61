"""The parts of a mail, found in one bounded pass (RFC 2045, RFC 2046, RFC 2231).

Only what calendar mail needs: header fields as octets, the tree of multiparts, and the decoded
body of a leaf. Enclosed messages are leaves. Every bound is checked before the work it bounds.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass

from horarium.ical.address import unescape_percent
from horarium.kernel.errors import LimitReached

_HEADER_END = re.compile(rb"\n\r?\n|\A\r?\n")
_FOLD = re.compile(rb"\r?\n(?=[ \t])")
_TOKEN = re.compile(r"[^\s;=\"(),]+")
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]")
# Lines that begin like a delimiter but are none; a body may hold some, not thousands.
_FALSE_DELIMITERS = 10_000


@dataclass(frozen=True, slots=True)
class MailLimits:
    """The bounds one mail is read under. Octets and counts."""

    message: int = 10_485_760
    # Long Received and ARC chains reach some 60 fields and 40 KiB.
    header_lines: int = 1_000
    header_bytes: int = 131_072
    # A longer field is kept but never decoded.
    header: int = 16_384
    encoded_words: int = 200
    depth: int = 20
    parts: int = 200
    addresses: int = 500
    # An invitation stands in a mail twice; each part may cost a zone definition or two.
    calendar_parts: int = 10


Fields = list[tuple[str, bytes]]


@dataclass(frozen=True, slots=True)
class ContentType:
    """Media type in lower case, and parameters in order, repetitions included."""

    media: str
    parameters: tuple[tuple[str, str], ...]

    def all(self, name: str) -> list[str]:
        """All values of a (lower-case) parameter."""
        return [value for key, value in self.parameters if key == name]

    def get(self, name: str) -> str | None:
        """The first value of a (lower-case) parameter, or None."""
        return next((value for key, value in self.parameters if key == name), None)


_TEXT = ContentType("text/plain", ())


@dataclass(frozen=True, slots=True)
class Leaf:
    """One part without inner parts: its fields, its type and its body as sent.

    `within` are the media types of the multiparts around it, outermost first.
    """

    fields: Fields
    kind: ContentType
    body: bytes
    within: tuple[str, ...]

    def decoded(self, limit: int) -> bytes:
        """The body without its transfer encoding, as far as it can be decoded.

        Raises `LimitReached` before decoding what would exceed `limit` octets.
        """
        encoding = (first(self.fields, "content-transfer-encoding") or b"").strip().lower()
        if encoding == b"base64":
            if len(self.body) > limit * 3 // 2 + 1024:
                raise LimitReached("calendar_size", len(self.body), limit)
            return decode_base64(self.body)
        if len(self.body) > limit * (3 if encoding == b"quoted-printable" else 1):
            raise LimitReached("calendar_size", len(self.body), limit)
        if encoding == b"quoted-printable":
            return binascii.a2b_qp(self.body)
        return self.body


def decode_base64(body: bytes) -> bytes:
    """Base64 up to its padding or end; foreign octets are skipped, an odd rest is dropped."""
    end = body.find(b"=")
    octets = _NOT_BASE64.sub(b"", body if end < 0 else body[:end])
    rest = len(octets) % 4
    if rest == 1:
        octets = octets[:-1]
    return binascii.a2b_base64(octets + b"=" * (-len(octets) % 4))


def first(fields: Fields, name: str) -> bytes | None:
    """The first field of a (lower-case) name, unfolded."""
    for key, value in fields:
        if key == name:
            return value
    return None


def split_message(data: bytes, limits: MailLimits) -> tuple[Fields, list[Leaf]]:
    """The fields of the message and its leaves in order; `LimitReached` at the first bound."""
    if len(data) > limits.message:
        raise LimitReached("message_size", len(data), limits.message)
    walk = _Walk(data, limits)
    fields, body = walk.headers(0, len(data))
    walk.part(fields, body, len(data), ())
    return fields, walk.leaves


class _Walk:
    """The state of one pass: parts and misleading lines counted so far, leaves found."""

    def __init__(self, data: bytes, limits: MailLimits) -> None:
        self.leaves: list[Leaf] = []
        self._data = data
        self._limits = limits
        self._parts = 0
        self._false = 0

    def headers(self, start: int, end: int) -> tuple[Fields, int]:
        """The fields that begin at `start`, and where the body begins."""
        data, limits = self._data, self._limits
        stop = min(end, start + limits.header_bytes + 4)
        region = data[start:stop]
        found = _HEADER_END.search(region)
        if found is None:
            if stop < end:
                raise LimitReached("header_bytes", end - start, limits.header_bytes)
            block, body = region, end
        else:
            block, body = region[: found.start() + 1], start + found.end()
        if len(block) > limits.header_bytes:
            raise LimitReached("header_bytes", len(block), limits.header_bytes)
        lines = block.count(b"\n")
        if lines > limits.header_lines:
            raise LimitReached("header_lines", lines, limits.header_lines)
        return _fields(block), body

    def part(self, fields: Fields, start: int, end: int, within: tuple[str, ...]) -> None:
        """Adds the leaves of the part whose body is [start, end)."""
        self._parts += 1
        if self._parts > self._limits.parts:
            raise LimitReached("mime_parts", self._parts, self._limits.parts)
        kind = content_type(first(fields, "content-type"), self._limits.header)
        boundary = kind.get("boundary") if kind.media.startswith("multipart/") else None
        if not boundary:
            self.leaves.append(Leaf(fields, kind, self._data[start:end], within))
            return
        within = (*within, kind.media)
        if len(within) > self._limits.depth:
            raise LimitReached("mime_depth", len(within), self._limits.depth)
        mark = b"--" + boundary.rstrip().encode("utf-8", "replace")
        for inner_start, inner_end in self._pieces(mark, start, end):
            inner, body = self.headers(inner_start, inner_end)
            self.part(inner, min(body, inner_end), inner_end, within)

    def _pieces(self, mark: bytes, start: int, end: int) -> Iterator[tuple[int, int]]:
        """The regions between the delimiter lines of one multipart."""
        data = self._data
        begun = -1
        at = data.find(mark, start, end)
        while at >= 0:
            after = at + len(mark)
            if at == start or data[at - 1] == 10:
                line_end = data.find(b"\n", after, end)
                line_end = end if line_end < 0 else line_end
                rest = data[after : min(line_end, after + 100)].strip()
                if rest in (b"", b"--"):
                    if begun >= 0:
                        yield begun, self._before_line_end(begun, at)
                    if rest == b"--":
                        return
                    begun = min(line_end + 1, end)
                    at = data.find(mark, begun, end)
                    continue
            self._false += 1
            if self._false > _FALSE_DELIMITERS:
                raise LimitReached("mime_parts", self._false, _FALSE_DELIMITERS)
            at = data.find(mark, after, end)
        if begun >= 0:
            yield begun, end

    def _before_line_end(self, start: int, at: int) -> int:
        """The end of a piece: the line end before a delimiter belongs to the delimiter."""
        if at > start and self._data[at - 1] == 10:
            at -= 1
            if at > start and self._data[at - 1] == 13:
                at -= 1
        return at


def _fields(block: bytes) -> Fields:
    found: Fields = []
    for line in _FOLD.sub(b"", block).split(b"\n"):
        name, colon, value = line.partition(b":")
        if colon:
            key = name.strip().lower()
            if key and b" " not in key:
                found.append((key.decode("ascii", "replace"), value.strip()))
    return found


def content_type(value: bytes | None, longest: int = 16_384) -> ContentType:
    """A Content-Type field read tolerantly; missing, overlong or senseless is text/plain."""
    if value is None or len(value) > longest:
        return _TEXT
    text = value.decode("utf-8", "replace")
    media, _, rest = text.partition(";")
    media = media.strip().lower()
    if media.count("/") != 1:
        return _TEXT
    return ContentType(media, tuple(_joined(list(_parameters(rest)))))


def _parameters(text: str) -> Iterator[tuple[str, str]]:
    """Name and value of each parameter; empty ones (`;;`) and comments are passed over."""
    at = 0
    while at < len(text):
        token = _TOKEN.match(text, at)
        if token is None:
            at += 1
            continue
        at = token.end()
        while at < len(text) and text[at] in " \t":
            at += 1
        if text[at : at + 1] != "=":
            continue
        at += 1
        while at < len(text) and text[at] in " \t":
            at += 1
        if text[at : at + 1] == '"':
            value, at = _quoted(text, at + 1)
        else:
            stop = text.find(";", at)
            stop = len(text) if stop < 0 else stop
            value, at = text[at:stop].strip(), stop
        yield token.group().lower(), value


def _quoted(text: str, at: int) -> tuple[str, int]:
    close = text.find('"', at)
    if close >= 0 and text.find("\\", at, close) < 0:
        return text[at:close], close + 1
    pieces: list[str] = []
    while at < len(text):
        if text[at] == "\\" and at + 1 < len(text):
            pieces.append(text[at + 1])
            at += 2
        elif text[at] == '"':
            return "".join(pieces), at + 1
        else:
            pieces.append(text[at])
            at += 1
    return "".join(pieces), at


def _joined(found: list[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Parameters with RFC 2231 pieces put together (`name*0*=`, `name*=`)."""
    pieces: dict[str, list[tuple[int, str, bool]]] = {}
    for name, value in found:
        base, star, index = name.partition("*")
        if not star:
            yield name, value
            continue
        encoded = index.endswith("*") or index == ""
        number = index.rstrip("*")
        if number == "" or (number.isascii() and number.isdigit() and len(number) < 4):
            pieces.setdefault(base, []).append((int(number or 0), value, encoded))
    for base, parts in pieces.items():
        parts.sort(key=lambda part: part[0])
        octets = b""
        for order, (_, value, encoded) in enumerate(parts):
            if encoded and order == 0 and value.count("'") >= 2:
                value = value.split("'", 2)[2]
            octets += unescape_percent(value) if encoded else value.encode("utf-8")
        yield base, octets.decode("utf-8", "replace")

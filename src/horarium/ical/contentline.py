"""Content lines: the one shape all iCalendar text has (RFC 5545 3.1, RFC 6868)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from horarium.kernel.errors import InvalidInput

# Parameter values of one line in the order they were sent; values as sent, without quotes.
Parameters = tuple[tuple[str, tuple[str, ...]], ...]

_NAME = re.compile(r"[A-Za-z0-9_.-]+\Z")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
# A backslash means nothing here, but several readers take it as an escape of the next character.
_TO_QUOTE = re.compile(r"[:;,\\]")
_CARET = re.compile(r"\^[n^']")
_DECODED = {"^n": "\n", "^^": "^", "^'": '"'}
_LINE_ENDS = re.compile(rb"\r\r?\n|\r")
_FOLD = re.compile(rb"\n[ \t]")
_WIDTH = 75
# Names that open and close components: no property may look like one when it is written.
_DELIMITERS = ("BEGIN", "END")


@dataclass(frozen=True, slots=True)
class ContentLine:
    """One property: NAME, parameters, raw value. Never holds a line break.

    `name` and parameter names are upper case. `value` is the text after the colon, still escaped.
    Parameter values are kept as sent but unquoted and are decoded by `parameter`. A control
    character in any part is `InvalidInput`, so no line can ever write itself as two
    (RFC 5545 3.1).
    """

    name: str
    parameters: Parameters
    value: str

    def __post_init__(self) -> None:
        if not _NAME.match(self.name) or self.name in _DELIMITERS:
            raise InvalidInput("not a property name", part="name", value=self.name[:80])
        if _CONTROL.search(self.value):
            raise InvalidInput("control character in value", part=self.name, value=self.value[:80])
        for name, values in self.parameters:
            if not values or not _NAME.match(name):
                raise InvalidInput("not a parameter", part=self.name, value=name[:80])
            for value in values:
                if '"' in value or _CONTROL.search(value):
                    raise InvalidInput("bad parameter value", part=name, value=value[:80])

    @classmethod
    def of(
        cls, name: str, value: str, parameters: Mapping[str, str | Iterable[str]] | None = None
    ) -> ContentLine:
        """A line from plain parameter texts, which are encoded here (RFC 6868).

        `value` must already be in the form of its type; `values.escape_text` makes TEXT.
        Control characters that caret encoding cannot carry are left out of parameter values.
        """
        pairs: list[tuple[str, tuple[str, ...]]] = []
        for key, given in (parameters or {}).items():
            texts = (given,) if isinstance(given, str) else tuple(given)
            pairs.append((key.upper(), tuple(encode_caret(text) for text in texts)))
        return cls(name.upper(), tuple(pairs), value)

    def parameter(self, name: str) -> str | None:
        """The first value of a parameter, decoded, or None. `name` is upper case."""
        for key, values in self.parameters:
            if key == name:
                return decode_caret(values[0])
        return None

    def parameter_values(self, name: str) -> tuple[str, ...]:
        """All values of a parameter, decoded, over repetitions of it. `name` is upper case."""
        found: list[str] = []
        for key, values in self.parameters:
            if key == name:
                found.extend(decode_caret(value) for value in values)
        return tuple(found)

    def with_value(self, value: str) -> ContentLine:
        """The same property with another value."""
        return ContentLine(self.name, self.parameters, value)

    def without(self, *names: str) -> ContentLine:
        """The same property without the parameters named (upper case)."""
        kept = tuple(pair for pair in self.parameters if pair[0] not in names)
        return ContentLine(self.name, kept, self.value)


def decode_caret(text: str) -> str:
    """A parameter value as meant: `^n`, `^^` and `^'` undone (RFC 6868 3.2)."""
    if "^" not in text:
        return text
    return _CARET.sub(lambda found: _DECODED[found.group()], text)


def encode_caret(text: str) -> str:
    """A parameter value as written; what has no caret form and is a control is left out."""
    text = text.replace("^", "^^").replace('"', "^'")
    if _CONTROL.search(text):
        text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "^n")
        text = _CONTROL.sub("", text)
    return text


def unfold(data: bytes) -> bytes:
    """Text with one logical line per LF: all line ends made LF, folds removed, still undecoded.

    CRLF, LF, bare CR and CR CR LF end a line. Folds are undone on octets because programs fold
    inside UTF-8 sequences (RFC 5545 3.1).
    """
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n")
        if b"\r" in data:
            data = _LINE_ENDS.sub(b"\n", data)
    return _FOLD.sub(b"", data)


def parse_line(text: str) -> ContentLine:
    """One unfolded line as a content line; `InvalidInput` says what it lacks."""
    colon = text.find(":")
    if colon < 0:
        raise InvalidInput("a line without a colon", part="line", value=text[:80])
    head = text[:colon]
    if '"' in head:
        return _parse_quoted(text)
    if ";" not in head:
        return ContentLine(head.strip().upper(), (), text[colon + 1 :])
    name, _, rest = head.partition(";")
    parameters: list[tuple[str, tuple[str, ...]]] = []
    for piece in rest.split(";"):
        key, equals, value = piece.partition("=")
        if equals:
            values = tuple(value.split(",")) if "," in value else (value,)
            parameters.append((key.strip().upper(), values))
        elif piece.strip():
            raise InvalidInput("a parameter without a value", part=name, value=piece[:80])
    return ContentLine(name.strip().upper(), tuple(parameters), text[colon + 1 :])


def _parse_quoted(text: str) -> ContentLine:
    """The same for a line whose parameters use quotes: one pass, splitting outside quotes."""
    marks = re.finditer(r'[":;,=]', text)
    name: str | None = None
    key = ""
    start = 0
    quoted = in_value = False
    parameters: list[tuple[str, tuple[str, ...]]] = []
    values: list[str] = []
    for mark in marks:
        sign = mark.group()
        if sign == '"':
            quoted = not quoted
            continue
        if quoted or (sign == "=" and in_value) or (sign in ",=" and name is None):
            continue
        if sign == "," and not in_value:
            continue
        piece = text[start : mark.start()]
        start = mark.end()
        if sign == "=":
            key, in_value = piece.strip().upper(), True
            continue
        if sign == ",":
            values.append(_unquote(piece))
            continue
        if name is None:
            name = piece.strip().upper()
        elif in_value:
            parameters.append((key, (*values, _unquote(piece))))
        elif piece.strip():
            raise InvalidInput("a parameter without a value", part=name, value=piece[:80])
        values, in_value = [], False
        if sign == ":":
            return ContentLine(name, tuple(parameters), text[start:])
    raise InvalidInput("a quote is not closed", part=name or "line", value=text[:80])


def _unquote(piece: str) -> str:
    """A parameter value without its quotes; a quote inside is kept in its RFC 6868 form."""
    bare = piece.strip()
    if len(bare) >= 2 and bare[0] == '"' == bare[-1]:
        piece = bare[1:-1]
    return piece.replace('"', "^'")


def format_line(line: ContentLine) -> str:
    """The line as sent: quoted where needed, folded at 75 octets, ending in CRLF."""
    if line.parameters:
        text = "".join((line.name, *map(_format_parameter, line.parameters), ":", line.value))
    else:
        text = f"{line.name}:{line.value}"
    if len(text) <= _WIDTH and text.isascii():
        return text + "\r\n"
    return fold(text) + "\r\n"


def _format_parameter(pair: tuple[str, tuple[str, ...]]) -> str:
    return f";{pair[0]}=" + ",".join(
        f'"{value}"' if _TO_QUOTE.search(value) else value for value in pair[1]
    )


def fold(text: str) -> str:
    """One logical line broken so that no line exceeds 75 octets, never inside a character."""
    if text.isascii():
        if len(text) <= _WIDTH:
            return text
        rest = range(_WIDTH, len(text), _WIDTH - 1)
        return "\r\n ".join((text[:_WIDTH], *(text[i : i + _WIDTH - 1] for i in rest)))
    data = text.encode("utf-8", "replace")
    pieces: list[bytes] = []
    start, room = 0, _WIDTH
    while len(data) - start > room:
        end = start + room
        while data[end] & 0xC0 == 0x80:  # inside a character: step back to its first octet
            end -= 1
        pieces.append(data[start:end])
        start, room = end, _WIDTH - 1
    pieces.append(data[start:])
    return b"\r\n ".join(pieces).decode("utf-8")

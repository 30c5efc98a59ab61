"""Parameters of the HTTP interface: each kind reads a text and describes itself, so that what is
said of it in the OpenAPI document is what is done."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from horarium.kernel.errors import InvalidInput
from horarium.kernel.instant import Instant, parse_instant

Schema = dict[str, object]

# RFC 3339 with any fraction, which is dropped: instants are whole seconds.
_FRACTION = re.compile(r"\.\d+(?=[Zz+-])")
LONGEST_TEXT = 400


@dataclass(frozen=True, slots=True)
class Text:
    """A text of some characters, one of `among` where that is given."""

    name: str
    meaning: str
    among: tuple[str, ...] = ()
    required: bool = False
    many: bool = False
    least: int = 0
    longest: int = LONGEST_TEXT

    def read(self, value: str) -> str:
        """The text. InvalidInput."""
        if self.among and value not in self.among:
            raise _wrong(self.name, f"expected one of {', '.join(self.among)}", value)
        if not self.least <= len(value) <= self.longest or "\0" in value:
            expected = f"expected {self.least} to {self.longest} characters"
            raise _wrong(self.name, expected, value)
        return value

    @property
    def schema(self) -> Schema:
        """The JSON schema."""
        if self.among:
            return {"type": "string", "enum": list(self.among)}
        return {"type": "string", "minLength": self.least, "maxLength": self.longest}


@dataclass(frozen=True, slots=True)
class Moment:
    """An instant with its offset; a bare local time is refused."""

    name: str
    meaning: str
    required: bool = False
    many: bool = False

    def read(self, value: str) -> Instant:
        """The instant. InvalidInput."""
        try:
            # A plus that was not encoded has become a blank.
            return parse_instant(_FRACTION.sub("", value).replace(" ", "+"))
        except InvalidInput:
            expected = "expected an instant with its offset such as 2026-03-29T01:30:00Z"
            raise _wrong(self.name, expected, value) from None

    @property
    def schema(self) -> Schema:
        """The JSON schema."""
        return {"type": "string", "format": "date-time"}


@dataclass(frozen=True, slots=True)
class Number:
    """A whole number of `least` to `most`."""

    name: str
    meaning: str
    least: int
    most: int
    required: bool = False
    many: bool = False

    def read(self, value: str) -> int:
        """The number. InvalidInput."""
        fits = value.isascii() and value.isdigit() and len(value) < 10
        if not fits or not self.least <= int(value) <= self.most:
            raise _wrong(self.name, f"expected a number from {self.least} to {self.most}", value)
        return int(value)

    @property
    def schema(self) -> Schema:
        """The JSON schema."""
        return {"type": "integer", "minimum": self.least, "maximum": self.most}


@dataclass(frozen=True, slots=True)
class Flag:
    """A truth value in a body."""

    name: str
    meaning: str
    required: bool = False
    many: bool = False

    def read(self, value: str) -> bool:
        """The value. InvalidInput."""
        if value not in ("true", "false"):
            raise _wrong(self.name, "expected true or false", value)
        return value == "true"

    @property
    def schema(self) -> Schema:
        """The JSON schema."""
        return {"type": "boolean"}


Parameter = Text | Moment | Number | Flag
Values = Mapping[str, object]


def read_query(parameters: tuple[Parameter, ...], sent: Mapping[str, list[str]]) -> Values:
    """The values of a query; what is not named stands as None, or as () where it may repeat.
    InvalidInput for a name that there is not, one that is missing, one that stands twice."""
    known = {parameter.name: parameter for parameter in parameters}
    for name in sent:
        if name not in known:
            raise InvalidInput(f"there is no parameter {name[:80]}", part=name[:80])
    found: dict[str, object] = {}
    for name, parameter in known.items():
        texts = sent.get(name, [])
        if parameter.many:
            found[name] = tuple(parameter.read(text) for text in texts)
        elif len(texts) > 1:
            raise InvalidInput(f"{name}: it stands more than once", part=name)
        elif not texts:
            if parameter.required:
                raise InvalidInput(f"{name}: it is missing", part=name)
            found[name] = None
        else:
            found[name] = parameter.read(texts[0])
    return found


def read_body(fields: tuple[Parameter, ...], sent: object) -> Values:
    """The values of a JSON object. InvalidInput as for a query."""
    if not isinstance(sent, dict):
        raise InvalidInput("body: expected a JSON object", part="body")
    known = {field.name: field for field in fields}
    for name in sent:
        if name not in known:
            raise InvalidInput(f"there is no field {name[:80]}", part=name[:80])
    found: dict[str, object] = {}
    for name, field in known.items():
        value = sent.get(name)
        if name not in sent:
            if field.required:
                raise InvalidInput(f"{name}: it is missing", part=name)
            found[name] = None
        elif isinstance(field, Flag):
            if not isinstance(value, bool):
                raise _wrong(name, "expected true or false", str(value))
            found[name] = value
        elif isinstance(field, Number):
            if isinstance(value, bool) or not isinstance(value, int):
                raise _wrong(name, "expected a whole number", str(value))
            found[name] = field.read(str(value))
        elif isinstance(value, str):
            found[name] = field.read(value)
        else:
            raise _wrong(name, "expected text", str(value))
    return found


def _wrong(name: str, expected: str, value: str) -> InvalidInput:
    return InvalidInput(f"{name}: {expected}, not {value[:80]}", part=name, value=value[:80])

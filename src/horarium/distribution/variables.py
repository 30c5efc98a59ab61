"""Variables of a target: ``%NAME%``, looked up in layers of which the node's own comes first.

Nothing that comes from outside can give another meaning to what the node's owner has set.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from horarium.kernel.errors import InvalidInput

DEPTH = 8
"""Values within values: deeper than anybody can follow is a mistake."""

LONGEST = 4_096
"""Octets of an expanded text. It becomes a path, and no system takes a longer one; eight levels
that each double would else fill the memory."""

MOST_REPLACED = 10_000
"""Replacements in one expansion. Values that are empty in the end never grow too long, but each
level can multiply the work."""

ENVIRONMENT = "ENV."
UNDEFINED = "variable_undefined"
"""The part that every error of this module names."""

_REFERENCE = re.compile(r"%([^%]*)%?")
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,62}")


@dataclass(frozen=True, slots=True)
class Found:
    """A variable as it stands: its value before expansion, and whose it is (``node``,
    ``subscriber``, ``policy``, ``predefined`` or ``environment``)."""

    name: str
    value: str
    origin: str


@dataclass(frozen=True, slots=True)
class Variables:
    """All layers in the order of lookup; names mean the same in either case.

    ``environment`` has only what the node lets through, and answers to ``%ENV.NAME%`` alone.
    """

    node: Mapping[str, str] = field(default_factory=dict)
    subscriber: Mapping[str, str] = field(default_factory=dict)
    policy: Mapping[str, str] = field(default_factory=dict)
    predefined: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)

    def find(self, name: str) -> Found | None:
        """The variable that a name means."""
        for origin, layer in self._layers():
            value = _value(layer, name)
            if value is not None:
                return Found(name.upper(), value, origin)
        if name.upper().startswith(ENVIRONMENT):
            value = _value(self.environment, name[len(ENVIRONMENT) :])
            if value is not None:
                return Found(name.upper(), value, "environment")
        return None

    def all(self) -> tuple[Found, ...]:
        """Every variable once, as it stands, by name."""
        names = {name.upper() for _, layer in self._layers() for name in layer}
        names |= {f"{ENVIRONMENT}{name}".upper() for name in self.environment}
        found = (self.find(name) for name in sorted(names))
        return tuple(variable for variable in found if variable is not None)

    def _layers(self) -> Iterator[tuple[str, Mapping[str, str]]]:
        yield "node", self.node
        yield "subscriber", self.subscriber
        yield "policy", self.policy
        yield "predefined", self.predefined


def expand(text: str, variables: Variables) -> str:
    """A text with every ``%NAME%`` replaced, and what stands in their values too; ``%%`` is a
    percent sign.

    InvalidInput with the part ``variable_undefined`` for a name that means nothing, a variable
    that contains itself or lies deeper than DEPTH, a ``%`` that is not closed, and a result over
    LONGEST: what can not be expanded is never taken as it is written.
    """
    return _Expansion(variables).expand(text, ())


@dataclass(slots=True)
class _Expansion:
    """One expansion; counts what it replaced."""

    variables: Variables
    replaced: int = 0

    def expand(self, text: str, within: tuple[str, ...]) -> str:
        """The text of a variable that lies within others."""
        pieces, end, length = [], 0, 0
        for match in _REFERENCE.finditer(text):
            piece = text[end : match.start()] + self._value(match[0], match[1], within)
            pieces.append(piece)
            end, length = match.end(), length + _octets(piece)
            if length > LONGEST:
                break
        pieces.append(text[end:])
        whole = "".join(pieces)
        if _octets(whole) > LONGEST:
            raise _refused(f"expands to more than {LONGEST} octets", text)
        return whole

    def _value(self, written: str, name: str, within: tuple[str, ...]) -> str:
        if written == "%%":
            return "%"
        if len(written) < 2 or not written.endswith("%"):
            raise _refused("has a % that is not closed; write %% for a percent sign", written)
        if _NAME.fullmatch(name) is None:
            raise _refused("is no name of a variable", name)
        if name.upper() in within:
            raise _refused("contains itself", name)
        self.replaced += 1
        if len(within) == DEPTH or self.replaced > MOST_REPLACED:
            raise _refused(f"lies deeper than {DEPTH} variables, or in too many", name)
        found = self.variables.find(name)
        if found is None:
            raise _refused("is not defined", name)
        return self.expand(found.value, (*within, name.upper()))


def _octets(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))


def _refused(why: str, value: str) -> InvalidInput:
    shown = value[:80]
    return InvalidInput(f"the variable {shown!r} {why}", part=UNDEFINED, value=shown)


def _value(layer: Mapping[str, str], name: str) -> str | None:
    """The value of a name in one layer; where two differ in case only, the one as it is written."""
    if name in layer:
        return layer[name]
    wanted = name.upper()
    return next((value for key, value in layer.items() if key.upper() == wanted), None)

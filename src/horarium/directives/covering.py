"""Which masks surely cover which, found by looking up and not by comparing all with all.

A yes is certain; a no may only mean that it was not looked into far enough.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Generic, TypeVar

from horarium.directives.address import Mask

Fields = tuple[str, str, str, str]
T = TypeVar("T")

# Masks with a field such as `50*` are compared one by one: so many, each field so long.
MOST_PARTIAL = 64
LONGEST_PARTIAL = 12
# Rules kept for one mask: the first are those that most likely hold always.
MOST_ALIKE = 4
# Comparisons of one index, all questions together: beyond them only looking up goes on.
MOST_COMPARISONS = 100_000
_STARS = re.compile(r"\*+")
_TO_SIMPLIFY = re.compile(r"\b0[0-9*]|\*\*")


def plain_fields(mask: Mask) -> Fields:
    """The fields of a mask in one spelling: no zeros in front, no `**`."""
    if not _TO_SIMPLIFY.search(" ".join(mask.fields)):
        return mask.fields
    zone, net, node, point = (_plain(field) for field in mask.fields)
    return zone, net, node, point


ALL_FIELDS: Fields = ("*", "*", "*", "*")


def covers(wide: Fields, narrow: Fields) -> bool:
    """Whether every address of `narrow` is surely one of `wide`."""
    return all(map(_field_covers, wide, narrow))


class MaskIndex(Generic[T]):
    """Masks with what each belongs to; asked for those that cover another mask.

    `complete` tells whether all that surely covers a mask is still found.
    """

    __slots__ = ("_by_shape", "_left", "_partial", "complete")

    def __init__(self) -> None:
        self._by_shape: dict[tuple[bool, bool, bool, bool], dict[Fields, list[T]]] = {}
        self._partial: list[tuple[Fields, T]] = []
        self._left = MOST_COMPARISONS
        self.complete = True

    def add(self, fields: Fields, owner: T) -> None:
        """Adds a mask; beyond the bounds it is left out."""
        zone, net, node, point = fields
        shape = zone == "*", net == "*", node == "*", point == "*"
        alike = self._by_shape.setdefault(shape, {}).setdefault(fields, [])
        if len(alike) < MOST_ALIKE:
            alike.append(owner)
        if "".join(fields).count("*") == sum(shape):
            return
        if len(self._partial) < MOST_PARTIAL and max(map(len, fields)) <= LONGEST_PARTIAL:
            self._partial.append((fields, owner))
        else:
            self.complete = False

    def covering(self, fields: Fields) -> Iterator[T]:
        """What belongs to masks that surely cover `fields`, some of it perhaps twice."""
        zone, net, node, point = fields
        for (any_zone, any_net, any_node, any_point), table in self._by_shape.items():
            wanted = (
                "*" if any_zone else zone,
                "*" if any_net else net,
                "*" if any_node else node,
                "*" if any_point else point,
            )
            yield from table.get(wanted, ())
        for wide, owner in self._partial:
            self._left -= 1
            if self._left < 0:
                self.complete = False
                return
            if covers(wide, fields):
                yield owner


def _plain(field: str) -> str:
    if "*" in field:
        return _STARS.sub("*", field)
    return field.lstrip("0") or "0"


def _field_covers(wide: str, narrow: str) -> bool:
    """A `*` of `narrow` is a sign like a digit that only a `*` of `wide` can stand for."""
    if wide in ("*", narrow):
        return True
    if "*" not in wide:
        return False
    if max(len(wide), len(narrow)) > LONGEST_PARTIAL:
        return False
    first, *middle, last = wide.split("*")
    rest = narrow[len(first) :]
    if not narrow.startswith(first) or not rest.endswith(last):
        return False
    rest = rest[: len(rest) - len(last)]
    for part in middle:
        _, found, rest = rest.partition(part) if part else ("", "*", rest)
        if not found:
            return False
    return True

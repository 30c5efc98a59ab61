"""Node addresses, masks with wildcards, and lists with exclusions (seed 004).

An address is `zone:net/node.point`. In a list, leading fields that are missing are those of the
item before; in its first item those of the main address. A missing point is 0: a mask of nodes does
not cover their points unless it says `.*`, or the site says that it does.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import NamedTuple

from horarium.directives.problem import BadWord
from horarium.kernel.errors import InvalidInput

MOST = 32_767
# What other programs may send (FTS-4001), and what a file should not name.
MOST_ON_THE_WIRE = 65_535
# A number has five digits at most, and a `*` may stand before, between and behind them.
MOST_SIGNS = 11
# Comparisons of masks with parts of numbers that one file may cost.
MOST_COMPARED = 120_000
_NAMES = ("zone", "net", "node", "point")
# Which fields are numbers, as bits: the first three, and the point.
_NODE, _POINT = 7, 8
_STARS = re.compile(r"\*+")
_SHAPE = re.compile(r"(?:([0-9*]+):)?(?:([0-9*]+)?(/))?([0-9*]+)?(?:\.([0-9*]+))?")
Fields = tuple[str, str, str, str]
_DOMAIN = re.compile(r"@[A-Za-z0-9._-]{1,64}\Z")


@dataclass(frozen=True, slots=True, order=True)
class NodeAddress:
    """One node (`point` 0) or point of the network."""

    zone: int
    net: int
    node: int
    point: int = 0

    def __post_init__(self) -> None:
        for name, value, least in (
            ("zone", self.zone, 1),
            ("net", self.net, 1),
            ("node", self.node, 0),
            ("point", self.point, 0),
        ):
            if not least <= value <= MOST_ON_THE_WIRE:
                raise InvalidInput(f"{name} lies between {least} and {MOST}", value=str(value))

    @property
    def boss(self) -> NodeAddress:
        """The node that a point belongs to; a node itself."""
        return NodeAddress(self.zone, self.net, self.node)

    def __str__(self) -> str:
        text = f"{self.zone}:{self.net}/{self.node}"
        return f"{text}.{self.point}" if self.point else text


class Mask(NamedTuple):
    """Four fields as text of digits and `*`; a `*` stands for any digits, also none of a part.

    A field without `*` is a number without leading zeros; no `*` follows another."""

    zone: str
    net: str
    node: str
    point: str

    def __str__(self) -> str:
        text = f"{self.zone}:{self.net}/{self.node}"
        return text if self.point == "0" else f"{text}.{self.point}"

    @property
    def fields(self) -> Fields:
        """Zone, net, node and point."""
        return self.zone, self.net, self.node, self.point

    @property
    def with_points(self) -> NodeAddress | None:
        """The one node that a mask names together with all its points."""
        if self.point != "*" or "*" in self.zone + self.net + self.node:
            return None
        return NodeAddress(int(self.zone), int(self.net), int(self.node))

    @property
    def literal(self) -> NodeAddress | None:
        """The one address that a mask without wildcards names."""
        if "*" in self.zone + self.net + self.node + self.point:
            return None
        return NodeAddress(int(self.zone), int(self.net), int(self.node), int(self.point))

    def matches(self, address: NodeAddress) -> bool:
        """Whether the mask covers `address`."""
        values = (address.zone, address.net, address.node, address.point)
        return all(
            _meets(field, str(value)) for field, value in zip(self.fields, values, strict=True)
        )

    def meets(self, other: Mask) -> bool:
        """Whether some address is covered by both masks."""
        return all(_meets(a, b) for a, b in zip(self.fields, other.fields, strict=True))


EVERYTHING = Mask("*", "*", "*", "*")


class Item(NamedTuple):
    """One item of a list: a mask, or with `excluded` one that takes addresses out again."""

    mask: Mask
    excluded: bool = False

    def __str__(self) -> str:
        text = "All" if self.mask == EVERYTHING else str(self.mask)
        return f"!{text}" if self.excluded else text


@dataclass(frozen=True, slots=True)
class _Covered:
    """The addresses that some of several masks cover: those that name one node, or one with its
    points, are looked up by their fields."""

    named: frozenset[Fields]
    wild: tuple[Mask, ...]

    @classmethod
    def of(cls, masks: Iterable[Mask]) -> _Covered:
        named: set[Fields] = set()
        wild = []
        for mask in masks:
            fields = mask.fields
            if _kind(fields) in (_NODE, _NODE | _POINT):
                named.add(fields)
            else:
                wild.append(mask)
        return cls(frozenset(named), tuple(wild))

    def has(self, address: NodeAddress) -> bool:
        zone, net, node = str(address.zone), str(address.net), str(address.node)
        if (zone, net, node, str(address.point)) in self.named:
            return True
        if (zone, net, node, "*") in self.named:
            return True
        return any(mask.matches(address) for mask in self.wild)


class _Meeting:
    """Whether any of several masks meets another one. Fields that are a number or `*` are looked
    up; only where a field is part of a number are masks compared one by one."""

    def __init__(self, masks: Iterable[Mask]) -> None:
        self._masks = list({mask.fields: mask for mask in masks}.values())
        self._parts: list[Mask] = []
        self._kinds: dict[int, list[Fields]] = {}
        self._tables: dict[tuple[int, int], frozenset[tuple[str, ...]]] = {}
        for mask in self._masks:
            kind = _kind(mask.fields)
            if kind is None:
                self._parts.append(mask)
            else:
                self._kinds.setdefault(kind, []).append(mask.fields)

    def any_meets(self, mask: Mask, budget: Budget) -> bool:
        """Whether one does; True too when the budget does not suffice to tell."""
        kind = _kind(mask.fields)
        if kind is not None and any(self._is_known(mask.fields, kind, k) for k in self._kinds):
            return True
        others = self._masks if kind is None else self._parts
        return not budget.take(len(others)) or any(other.meets(mask) for other in others)

    def _is_known(self, fields: Fields, kind: int, other: int) -> bool:
        """Whether a mask of another kind has the numbers that both kinds give."""
        both = kind & other
        table = self._tables.get((both, other))
        if table is None:
            table = frozenset(_numbers(known, both) for known in self._kinds[other])
            self._tables[both, other] = table
        return _numbers(fields, both) in table


@dataclass(slots=True)
class Budget:
    """How many comparisons may still be made."""

    left: int = MOST_COMPARED

    def take(self, many: int) -> bool:
        """Whether so many may be made; then they are."""
        if many > self.left:
            return False
        self.left -= many
        return True


@dataclass(frozen=True)
class AddressList:
    """Masks and exclusions; an address belongs to the list when some mask covers it and no
    exclusion anywhere in the list does."""

    items: tuple[Item, ...]

    @cached_property
    def _covered(self) -> tuple[_Covered, _Covered]:
        """What the masks cover, and what the exclusions do."""
        named = _Covered.of(item.mask for item in self.items if not item.excluded)
        return named, _Covered.of(item.mask for item in self.items if item.excluded)

    def matches(self, address: NodeAddress) -> bool:
        """Whether `address` belongs to the list; what names one node is looked up, not walked."""
        named, taken_out = self._covered
        return not taken_out.has(address) and named.has(address)

    def idle_exclusions(self, budget: Budget | None = None) -> tuple[Item, ...]:
        """The exclusions that take nothing out, because no mask of the list meets them; without
        those for which the budget (a full one if None) does not suffice to tell."""
        excluded = [item for item in self.items if item.excluded]
        if not excluded:
            return ()
        meeting = _Meeting(item.mask for item in self.items if not item.excluded)
        budget = Budget() if budget is None else budget
        return tuple(item for item in excluded if not meeting.any_meets(item.mask, budget))

    def __str__(self) -> str:
        return " ".join(str(item) for item in self.items)


def parse_node(text: str, main: NodeAddress | None) -> NodeAddress:
    """One address without wildcards, its missing fields those of `main`; BadWord otherwise."""
    mask = parse_mask(text, context_of(main))
    literal = mask.literal
    if literal is None:
        raise BadWord(f"expected one node or point, found the mask {text}")
    return literal


def parse_main(text: str) -> NodeAddress:
    """A whole address, such as the main address of a site; a `@domain` at its end is left out."""
    return parse_node(_DOMAIN.sub("", text), None)


def parse_mask(text: str, before: Mask | None, *, cover_points: bool = False) -> Mask:
    """A mask whose missing leading fields are those of `before`; BadWord for anything else.

    A missing point is 0, with `cover_points` any."""
    found = _SHAPE.fullmatch(text)
    if found is None or not text or (found[1] and not found[3]):
        raise BadWord(f"expected an address or a mask such as 5030/2 or *:*/*.*, found {text}")
    zone, net, slash, node, point = found.groups()
    if slash and not node:
        raise BadWord(f"expected a node after the slash of {text}")
    if before is None:
        for name, given in (("zone", zone), ("net", net), ("node", node)):
            if given is None:
                raise BadWord(f"{text} has no {name}, and there is no main address to give it")
    inherited = before if before is not None else EVERYTHING
    fields = (
        _field(0, zone, text) if zone else inherited.zone,
        _field(1, net, text) if net else inherited.net,
        _field(2, node, text) if node else inherited.node,
        _field(3, point, text) if point else "*" if cover_points else "0",
    )
    return Mask(*fields)


def context_of(main: NodeAddress | None) -> Mask | None:
    """What the first item of a list takes its missing fields from."""
    if main is None:
        return None
    return Mask(str(main.zone), str(main.net), str(main.node), "0")


def large_numbers(mask: Mask) -> list[str]:
    """The fields above what a nodelist can hold."""
    zone, net, node, point = mask.fields
    if len(zone) < 5 and len(net) < 5 and len(node) < 5 and len(point) < 5:
        return []
    return [field for field in mask.fields if field.isdigit() and int(field) > MOST]


def _field(place: int, field: str, text: str) -> str:
    """One field in its one spelling; BadWord for one that no number can have."""
    if len(field) < 5 and field.isdigit() and field[0] != "0":
        return field
    if len(field) > MOST_SIGNS:
        raise BadWord(
            f"{_NAMES[place]} {field} has {len(field)} signs; at most {MOST_SIGNS} are read"
        )
    if "*" in field:
        return _STARS.sub("*", field)
    least = 1 if place < 2 else 0
    if not least <= int(field) <= MOST_ON_THE_WIRE:
        raise BadWord(f"{_NAMES[place]} {field} of {text} lies outside {least} to {MOST}")
    return field.lstrip("0") or "0"


def _kind(fields: Fields) -> int | None:
    """Which fields are numbers, as bits; None when one is neither a number nor `*`."""
    if "*" not in fields[0] + fields[1] + fields[2] + fields[3]:
        return _NODE | _POINT
    kind = 0
    for place, field in enumerate(fields):
        if "*" not in field:
            kind |= 1 << place
        elif field != "*":
            return None
    return kind


def _numbers(fields: Fields, places: int) -> tuple[str, ...]:
    if places == _NODE | _POINT:
        return fields
    return tuple(field for place, field in enumerate(fields) if places >> place & 1)


def _meets(one: str, other: str) -> bool:
    """Whether two fields can stand for the same number."""
    if one == other or one == "*" or other == "*":
        return True
    if "*" not in one and "*" not in other:
        return False
    return _parts_meet(one, other)


@lru_cache(maxsize=4096)
def _parts_meet(one: str, other: str) -> bool:
    """Whether two texts with `*` for any digits can stand for the same digits; a table of
    len(one) by len(other), never a backtracking search."""
    row = [True] + [False] * len(other)
    for j, sign in enumerate(other):
        row[j + 1] = row[j] and sign == "*"
    for sign in one:
        above, row = row, [row[0] and sign == "*"]
        for j, mark in enumerate(other):
            if sign == "*" or mark == "*":
                row.append(above[j + 1] or row[j] or above[j])
            else:
                row.append(above[j] and sign == mark)
    return row[-1]

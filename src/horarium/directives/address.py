"""Node addresses, masks with wildcards, and lists with exclusions (seed 004).

An address is `zone:net/node.point`. In a list, leading fields that are missing are those of the
item before; in its first item those of the main address. A missing point is 0: a mask of nodes does
not cover their points unless it says `.*`, or the site says that it does.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from horarium.directives.problem import BadWord
from horarium.kernel.errors import InvalidInput

MOST = 32_767
# What other programs may send (FTS-4001), and what a file should not name.
MOST_ON_THE_WIRE = 65_535
_SHAPE = re.compile(r"(?:([0-9*]+):)?(?:([0-9*]+)?(/))?([0-9*]+)?(?:\.([0-9*]+))?")
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


@dataclass(frozen=True, slots=True)
class Mask:
    """Four fields as text of digits and `*`; a `*` stands for any digits, also none of a part."""

    zone: str
    net: str
    node: str
    point: str

    def __str__(self) -> str:
        text = f"{self.zone}:{self.net}/{self.node}"
        return text if self.point == "0" else f"{text}.{self.point}"

    @property
    def fields(self) -> tuple[str, str, str, str]:
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
            _field_matches(field, str(value))
            for field, value in zip(self.fields, values, strict=True)
        )

    def meets(self, other: Mask) -> bool:
        """Whether some address is covered by both masks."""
        return all(_fields_meet(a, b) for a, b in zip(self.fields, other.fields, strict=True))


EVERYTHING = Mask("*", "*", "*", "*")


@dataclass(frozen=True, slots=True)
class Item:
    """One item of a list: a mask, or with `excluded` one that takes addresses out again."""

    mask: Mask
    excluded: bool = False

    def __str__(self) -> str:
        text = "All" if self.mask == EVERYTHING else str(self.mask)
        return f"!{text}" if self.excluded else text


@dataclass(frozen=True, slots=True)
class _Covered:
    """The addresses that some of several masks cover."""

    literals: frozenset[NodeAddress]
    with_points: frozenset[NodeAddress]
    wild: tuple[Mask, ...]

    @classmethod
    def of(cls, masks: Iterable[Mask]) -> _Covered:
        literals: set[NodeAddress] = set()
        with_points: set[NodeAddress] = set()
        wild = []
        for mask in masks:
            literal, boss = mask.literal, mask.with_points
            if literal is not None:
                literals.add(literal)
            elif boss is not None:
                with_points.add(boss)
            else:
                wild.append(mask)
        return cls(frozenset(literals), frozenset(with_points), tuple(wild))

    def has(self, address: NodeAddress) -> bool:
        if address in self.literals or (self.with_points and address.boss in self.with_points):
            return True
        return any(mask.matches(address) for mask in self.wild)


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

    def idle_exclusions(self) -> tuple[Item, ...]:
        """The exclusions that take nothing out, because no mask of the list meets them."""
        masks = [item.mask for item in self.items if not item.excluded]
        return tuple(
            item
            for item in self.items
            if item.excluded and not any(mask.meets(item.mask) for mask in masks)
        )

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
    mask = Mask(
        zone or inherited.zone,
        net or inherited.net,
        node or inherited.node,
        point or ("*" if cover_points else "0"),
    )
    for name, field, least in zip(
        ("zone", "net", "node", "point"), mask.fields, (1, 1, 0, 0), strict=True
    ):
        if field.isdigit() and not least <= int(field) <= MOST_ON_THE_WIRE:
            raise BadWord(f"{name} {field} of {text} lies outside {least} to {MOST}")
    return mask


def context_of(main: NodeAddress | None) -> Mask | None:
    """What the first item of a list takes its missing fields from."""
    if main is None:
        return None
    return Mask(str(main.zone), str(main.net), str(main.node), "0")


def large_numbers(mask: Mask) -> list[str]:
    """The fields above what a nodelist can hold."""
    return [field for field in mask.fields if field.isdigit() and int(field) > MOST]


def _field_matches(field: str, value: str) -> bool:
    if "*" not in field:
        return int(field) == int(value)
    return _meets(field, value)


def _fields_meet(one: str, other: str) -> bool:
    if "*" not in one and "*" not in other:
        return int(one) == int(other)
    return _meets(one, other)


def _meets(one: str, other: str) -> bool:
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

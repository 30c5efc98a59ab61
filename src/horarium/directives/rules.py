"""Which rules hold for a node at an instant, and where its mail goes (seed 004)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum

from horarium.directives.address import NodeAddress
from horarium.directives.directive import Directive, Kind
from horarium.directives.timespec import Window as WrittenWindow
from horarium.kernel.instant import Instant
from horarium.kernel.window import WeekWindow, Window
from horarium.kernel.zone import Zone


class MailKind(Enum):
    """What is routed: rules for mail and for files are apart."""

    MAIL = "mail"
    FILES = "files"


@dataclass(frozen=True, slots=True)
class Ruling:
    """Whether one rule holds for a node at an instant, and why or why not."""

    directive: Directive
    in_force: bool
    why: str


@dataclass(frozen=True, slots=True)
class Route:
    """Where mail for a node goes: `via` is the node it is sent to, None for the addressee's own
    hub; `line` the rule that says so, None when none does. `tried` are the rules looked at."""

    via: NodeAddress | None
    line: int | None
    why: str
    tried: tuple[Ruling, ...]


def open_window(when: WrittenWindow) -> Window | WeekWindow:
    """The window of a line as recurring open time: one stretch of the week, or day by day."""
    start, end = when.start * 60, when.end * 60
    stretch = when.stretch
    if stretch is not None:
        return WeekWindow(stretch[0], start, stretch[1], end)
    return Window(start, end, when.days)


def is_open(directive: Directive, at: Instant, zone: Zone) -> bool:
    """Whether a rule's window is open at an instant; without a window it always is."""
    if not isinstance(directive.when, WrittenWindow):
        return True
    window = open_window(directive.when)
    return window.open_between(at, Instant(at + 1), zone).total() == 1


def rulings(
    directives: Iterable[Directive], address: NodeAddress, at: Instant, zone: Zone
) -> list[Ruling]:
    """Every state and routing rule with whether it holds for `address` at `at`."""
    return [
        _ruling(directive, address, at, zone)
        for directive in directives
        if directive.keyword.kind is not Kind.TIMED
    ]


def find_route(
    directives: Iterable[Directive], address: NodeAddress, kind: MailKind, at: Instant, zone: Zone
) -> Route:
    """Where mail or files for `address` go at `at`: rules are looked through from top to bottom,
    those in force take part, the first that matches wins."""
    found = list(directives)
    direct = next(_holding(found, "Direct", address, at, zone), None)
    if direct is not None:
        return Route(address, direct.line, "Direct: not routed", ())
    tried: list[Ruling] = []
    for directive in found:
        if directive.keyword.name != ("Mail-For" if kind is MailKind.MAIL else "Files-For"):
            continue
        ruling = _ruling(directive, address, at, zone)
        tried.append(ruling)
        if ruling.in_force:
            via = None if directive.arguments.to_hub else directive.arguments.destination
            return Route(via, directive.line, "the first rule in force that matches", tuple(tried))
    why = "no rule matches: to the addressee" + ("'s boss" if address.point else "")
    return Route(address.boss, None, why, tuple(tried))


def _holding(
    directives: Iterable[Directive], name: str, address: NodeAddress, at: Instant, zone: Zone
) -> Iterator[Directive]:
    for directive in directives:
        if directive.keyword.name == name and _ruling(directive, address, at, zone).in_force:
            yield directive


def _ruling(directive: Directive, address: NodeAddress, at: Instant, zone: Zone) -> Ruling:
    addresses = directive.arguments.addresses
    if addresses is None or not addresses.matches(address):
        return Ruling(directive, False, f"{address} is not in its list")
    if not is_open(directive, at, zone):
        return Ruling(directive, False, f"outside {directive.when}")
    if directive.when is None:
        return Ruling(directive, True, "holds always")
    return Ruling(directive, True, f"inside {directive.when}")

"""Values of object files: what a key holds, read or refused with what was expected."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from horarium.ical.address import parse_address
from horarium.kernel.errors import InvalidInput
from horarium.kernel.schedule_parts import read_length
from horarium.kernel.zone import UTC, Zone, named

T = TypeVar("T")

LONGEST_TEXT = 2_000
MOST_ENTRIES = 1_000


def as_text(value: object) -> str:
    """A short text without NUL."""
    if not isinstance(value, str) or len(value) > LONGEST_TEXT or "\x00" in value:
        raise InvalidInput(f"expected text of at most {LONGEST_TEXT} characters")
    return value


def as_flag(value: object) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise InvalidInput("expected true or false")
    return value


def as_number(least: int, most: int) -> Callable[[object], int]:
    """A reader of a whole number between two bounds."""

    def read(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise InvalidInput(f"expected a whole number from {least} to {most}")
        return value

    return read


def as_length(least: int, most: int) -> Callable[[object], int]:
    """A reader of a duration, as seconds between two bounds; a bare number is seconds."""

    def read(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int | str):
            raise InvalidInput("expected a duration like 30m, 1h30m or PT45M, or seconds")
        found = value if isinstance(value, int) else read_length(value)
        if not least <= found <= most:
            raise InvalidInput(f"{value} is not from {least} s to {most} s")
        return found

    return read


def each_of(read: Callable[[object], T]) -> Callable[[object], tuple[T, ...]]:
    """A reader of a list, each entry read by `read`."""

    def read_all(value: object) -> tuple[T, ...]:
        if not isinstance(value, list) or len(value) > MOST_ENTRIES:
            raise InvalidInput(f"expected a list of at most {MOST_ENTRIES}")
        return tuple(read(item) for item in value)

    return read_all


def by_host(least: int, most: int) -> Callable[[object], dict[str, int]]:
    """A reader of a table with a number for each appointer."""

    def read(value: object) -> dict[str, int]:
        if not isinstance(value, dict):
            raise InvalidInput("expected a table of a number for each appointer")
        return {name: as_number(least, most)(number) for name, number in value.items()}

    return read


def as_zone(value: object) -> Zone:
    """A zone, by its name."""
    name = as_text(value)
    return UTC if name == "UTC" else named(name)


def as_address(value: object) -> str:
    """The key of a calendar address."""
    return parse_address(as_text(value).removeprefix("mailto:")).key

"""Values of object files: what a key holds, read or refused with what was expected."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TypeVar

from horarium.ical.address import parse_address
from horarium.kernel.errors import HorariumError, InvalidInput
from horarium.kernel.nearest import nearest
from horarium.kernel.schedule_parts import read_length
from horarium.kernel.zone import named

T = TypeVar("T")

LONGEST_TITLE = 200
LONGEST_TEXT = 2_000
MOST_ENTRIES = 10_000
"""Entries of one list: a channel may well have thousands of subscribers."""

NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}", re.ASCII)
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_URL = re.compile(r"https?://[^\s/?#@\\]+/?", re.ASCII)


def as_text(value: object) -> str:
    """A text on one line."""
    if not isinstance(value, str) or len(value) > LONGEST_TEXT or _CONTROL.search(value):
        raise InvalidInput(f"expected text on one line, of at most {LONGEST_TEXT} characters")
    return value


def as_title(value: object) -> str:
    """A title of at most 200 characters."""
    if len(as_text(value)) > LONGEST_TITLE:
        raise InvalidInput(f"a title has at most {LONGEST_TITLE} characters")
    return as_text(value)


def as_name(value: object) -> str:
    """The name of an object."""
    if not isinstance(value, str) or NAME.fullmatch(value) is None:
        raise InvalidInput(
            f"{str(value)[:70]!r} is no name: a name is 1 to 63 of a-z, 0-9, '.', '_' and '-', "
            "and begins with a letter or a digit"
        )
    return value


def as_receiver(value: object) -> str:
    """The name of a subscriber, or ``@`` and that of a group."""
    text = as_text(value)
    return "@" + as_name(text[1:]) if text.startswith("@") else as_name(text)


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


def or_unlimited(read: Callable[[object], int]) -> Callable[[object], int | None]:
    """A reader that takes ``unlimited`` too, as None."""
    return lambda value: None if value == "unlimited" else read(value)


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


def one_of(*words: str) -> Callable[[object], str]:
    """A reader of one word among some."""

    def read(value: object) -> str:
        if not isinstance(value, str) or value not in words:
            near = nearest(value, words) if isinstance(value, str) else ""
            raise InvalidInput(f"{str(value)[:40]!r} is none of {', '.join(words)}{near}")
        return value

    return read


def each_of(read: Callable[[object], T]) -> Callable[[object], tuple[T, ...]]:
    """A reader of a list, each entry read by `read`."""

    def read_all(value: object) -> tuple[T, ...]:
        if not isinstance(value, list | tuple) or len(value) > MOST_ENTRIES:
            raise InvalidInput(f"expected a list of at most {MOST_ENTRIES}")
        return tuple(read(item) for item in value)

    return read_all


def once_each(read: Callable[[object], T]) -> Callable[[object], tuple[T, ...]]:
    """A reader of a list that names nothing twice."""

    def read_all(value: object) -> tuple[T, ...]:
        found = each_of(read)(value)
        if len(set(found)) < len(found):
            twice = next(item for item in found if found.count(item) > 1)
            raise InvalidInput(f"{twice} stands there twice")
        return found

    return read_all


def as_zone(value: object) -> str:
    """The name of a zone."""
    return named(as_text(value)).name


def as_path(value: object) -> str:
    """An absolute path."""
    text = as_text(value)
    if not text.startswith("/") or ".." in text.split("/"):
        raise InvalidInput(f"{text[:80]!r} is no absolute path")
    return text


def as_resource(value: object) -> str:
    """The address of a resource, without ``mailto:``."""
    return parse_address(as_text(value).removeprefix("mailto:")).key


def as_variables(value: object) -> dict[str, str]:
    """Variables by name, in upper case: their names differ in more than case."""
    if not isinstance(value, Mapping) or len(value) > MOST_ENTRIES:
        raise InvalidInput('expected a table like { DEST = "/srv/in" }')
    found: dict[str, str] = {}
    for name, text in value.items():
        if _VARIABLE.fullmatch(str(name)) is None:
            raise InvalidInput(f"{str(name)[:70]!r} is no name of a variable")
        if str(name).upper() in found:
            raise InvalidInput(f"{str(name).upper()} stands there twice")
        try:
            found[str(name).upper()] = as_text(text)
        except HorariumError as error:
            raise InvalidInput(f"{name}: {error}") from None
    return found


def as_url(value: object) -> str:
    """The address of a node, without a slash at its end."""
    text = as_text(value)
    if _URL.fullmatch(text) is None:
        raise InvalidInput(f"{text[:80]!r} is no address like https://north.example.com:8443")
    return text.rstrip("/")

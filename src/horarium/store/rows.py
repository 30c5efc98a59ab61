"""Reading typed values out of rows; a row of another shape is a corrupt state, never a guess."""

from __future__ import annotations

from horarium.kernel.errors import CorruptState
from horarium.kernel.instant import Instant
from horarium.store.engine import Value


def number(value: Value) -> int:
    """A whole number that must be there."""
    if not isinstance(value, int):
        raise CorruptState("row", repr(value), "a number was expected")
    return value


def text(value: Value) -> str:
    """A text that must be there."""
    if not isinstance(value, str):
        raise CorruptState("row", repr(value), "a text was expected")
    return value


def octets(value: Value) -> bytes:
    """A byte string that must be there."""
    if not isinstance(value, bytes):
        raise CorruptState("row", repr(value), "octets were expected")
    return value


def instant(value: Value) -> Instant:
    """An instant that must be there, in seconds."""
    return Instant(number(value))


def maybe_instant(value: Value) -> Instant | None:
    """An instant, or None where the column is empty."""
    return None if value is None else instant(value)

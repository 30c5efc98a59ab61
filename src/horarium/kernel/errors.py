"""The errors every floor raises: each names who is at fault and carries its data."""

from __future__ import annotations


class HorariumError(Exception):
    """The root of all errors raised on purpose."""


class InvalidInput(HorariumError):
    """The caller's value is wrong; ``part`` names the place and ``value`` what stood there."""

    def __init__(self, message: str, *, part: str = "", value: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.part = part
        self.value = value


class NotFound(HorariumError):
    """The thing asked for does not exist."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class LimitReached(HorariumError):
    """A limit named ``name`` was passed: ``value`` was wanted, ``limit`` is allowed."""

    def __init__(self, name: str, value: int, limit: int) -> None:
        super().__init__(f"{name} is {value}, at most {limit} is allowed")
        self.name = name
        self.value = value
        self.limit = limit


class Unavailable(HorariumError):
    """The trouble is ours, not the input's: nothing was decided, try later."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class UnsupportedCapability(HorariumError):
    """The input is legal, but asks for something this program does not do."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class Conflict(HorariumError):
    """The wish collides with something that already stands."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class CorruptState(HorariumError):
    """Kept data contradict themselves at ``table``/``key``; ``why`` says how."""

    def __init__(self, table: str, key: str, why: str) -> None:
        super().__init__(f"{table} {key}: {why}")
        self.table = table
        self.key = key
        self.why = why

"""A value as a person writes it, in a TOML file or as text, and what it becomes.

Each reader takes what TOML can hold (text, number, truth value, list) or the text of an
environment variable, and raises InvalidInput with the form it expected.
"""

import re
from collections.abc import Callable, Sequence

from horarium.ical.address import parse_cal_address
from horarium.kernel.duration import parse_duration
from horarium.kernel.errors import InvalidInput, NotFound
from horarium.kernel.zone import named

Reader = Callable[[object], object]

_TRUTH = {"yes": True, "true": True, "on": True, "no": False, "false": False, "off": False}
_SIZES = {"": 1, "B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}


_GROUP_NAME = re.compile(r"[\w.-]{1,64}")


def shown(value: object) -> str:
    """``value`` as an error message quotes it, on one line and not endless."""
    text = f'"{value}"' if isinstance(value, str) else str(value)
    text = "".join(char if char.isprintable() else "·" for char in text)
    return text if len(text) <= 80 else text[:79] + "…"


def refuse(value: object, expected: str) -> InvalidInput:
    """The one wording of "expected this, got that"."""
    return InvalidInput(f"expected {expected}, not {shown(value)}", value=str(value))


def text(value: object) -> str:
    """Text of any length, line breaks included."""
    if not isinstance(value, str) or "\0" in value:
        raise refuse(value, "text")
    return value


def line(value: object) -> str:
    """Text on one line."""
    read = text(value).strip()
    if not read.isprintable():
        raise refuse(value, "text on one line")
    return read


def lines(value: object) -> str:
    """Lines, as one text with line breaks or as a list of texts."""
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return "\n".join(value)
    if isinstance(value, str):
        return value
    raise refuse(value, "lines: one text or a list of texts")


def words(value: object) -> tuple[str, ...]:
    """A list of words: a TOML list, or text parted by commas, blanks or line breaks."""
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return tuple(value)
    if isinstance(value, str):
        return tuple(value.replace(",", " ").split())
    raise refuse(value, "a list of texts")


def yes_no(value: object) -> bool:
    """``true``, ``"yes"``, ``"no"`` and their kin."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in _TRUTH:
        return _TRUTH[value.lower()]
    raise refuse(value, "yes or no")


def whole_number(low: int, high: int | None = None) -> Callable[[object], int]:
    """A reader of integers from ``low`` to ``high``."""
    expected = f"a whole number from {low}" + (f" to {high}" if high is not None else "")

    def read(value: object) -> int:
        number = value
        if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 19:
            number = int(value)
        if isinstance(number, bool) or not isinstance(number, int):
            raise refuse(value, expected)
        if number < low or (high is not None and number > high):
            raise refuse(value, expected)
        return number

    return read


def choice(*allowed: str) -> Callable[[object], str]:
    """A reader of one of the words ``allowed``; ``true`` and ``false`` stand for yes and no."""
    expected = " or ".join(f'"{word}"' for word in allowed)

    def read(value: object) -> str:
        word = ("yes" if value else "no") if isinstance(value, bool) else value
        if isinstance(word, str) and word.strip() in allowed:
            return word.strip()
        raise refuse(value, expected)

    return read


def seconds(low: int = 0) -> Callable[[object], int]:
    """A reader of durations of at least ``low`` seconds: ``PT10H``, ``1h30m``, or an integer
    number of seconds; a day counts 86 400 seconds."""

    def read(value: object) -> int:
        length: int | None = None
        if isinstance(value, int) and not isinstance(value, bool):
            length = value
        elif isinstance(value, str):
            try:
                length = int(value) if value.isascii() and value.isdigit() else _exact(value)
            except (InvalidInput, ValueError):
                length = None
        if length is None or length < low:
            least = f" of at least {low} seconds" if low else ""
            raise refuse(value, f'a duration{least} such as "PT10H", "90m" or seconds')
        return length

    return read


def _exact(value: str) -> int:
    return parse_duration(value).exact


def size(value: object) -> int:
    """A number of bytes: ``10MiB`` or an integer ≥ 1."""
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return value
    if isinstance(value, str):
        digits = value.rstrip("BKMGi ")
        unit = value[len(digits) :].strip()
        if digits.isascii() and digits.isdigit() and unit in _SIZES and int(digits[:15]) > 0:
            return int(digits[:15]) * _SIZES[unit]
    raise refuse(value, 'a size such as "10MiB"')


def zone_name(value: object) -> str:
    """The name of a zone that exists."""
    if isinstance(value, str):
        try:
            return named(value).name
        except (NotFound, InvalidInput):
            pass
    raise refuse(value, 'a zone such as "Europe/Oslo"')


def address_key(value: object) -> str:
    """An address or ``mailto:`` URI, as the key under which addresses are compared."""
    if isinstance(value, str):
        try:
            return parse_cal_address(value if ":" in value else f"mailto:{value}").key
        except InvalidInput as error:
            raise InvalidInput(f"{shown(value)} is {error}", value=value) from error
    raise refuse(value, "an address")


def address_keys(value: object) -> tuple[str, ...]:
    """Several addresses, none twice."""
    keys = tuple(address_key(word) for word in words(value))
    twice = _repeated(keys)
    if twice:
        raise InvalidInput(f"{twice} is listed twice", value=twice)
    return keys


def members(value: object) -> tuple[str, ...]:
    """Several addresses (as keys) or names of groups, none twice."""
    found = tuple(
        word if _GROUP_NAME.fullmatch(word) else address_key(word) for word in words(value)
    )
    twice = _repeated(found)
    if twice:
        raise InvalidInput(f"{twice} is listed twice", value=twice)
    return found


def _repeated(keys: Sequence[str]) -> str:
    seen = set()
    for key in keys:
        if key in seen:
            return key
        seen.add(key)
    return ""

"""What a preference is."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Preference:
    """One preference: ``read`` turns a written value into that of ``attribute`` (an attribute of
    ``Preferences``); ``default`` is a written value, None when nothing is set. ``available``
    tells whether this version acts on it."""

    name: str
    default: object
    read: Callable[[object], object]
    values: str
    meaning: str
    attribute: str = ""
    available: bool = True

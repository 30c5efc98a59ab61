"""Why something is not believed."""

from __future__ import annotations

from enum import StrEnum

from horarium.kernel.errors import InvalidInput


class Doubt(StrEnum):
    """What speaks against signed metadata."""

    FORMAT = "format"
    """It can not be read, or is longer than it may be."""
    SIGNATURE = "signature"
    """Not signed, signed by a wrong key, or by fewer keys than are needed."""
    ROLLBACK = "rollback"
    """Older than what was believed before."""
    EXPIRED = "expired"
    MIXED = "mixed"
    """It belongs to another set than the rest."""
    STRANGE_ROOT = "strange-root"
    """Another realm than the one that was joined."""


class Untrusted(InvalidInput):
    """Metadata that is refused: what was believed before stays. ``doubt`` says why, ``name``
    which metadata."""

    def __init__(self, doubt: Doubt, name: str, message: str) -> None:
        super().__init__(f"{name}: {message}", part=name, value=doubt.value)
        self.doubt = doubt
        self.name = name

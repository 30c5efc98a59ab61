"""What distribution needs of the world around it."""

from __future__ import annotations

from typing import BinaryIO, Protocol


class Contents(Protocol):
    """Where content is read by what it is: a store of contents, or an installed tree."""

    def has(self, digest: str) -> bool:
        """Whether the content is there."""
        ...

    def open(self, digest: str) -> BinaryIO:
        """The content, to be read and closed. NotFound when it is not there (any more)."""
        ...

"""What is wrong, or looks wrong, in a control file, and where."""

from __future__ import annotations

from dataclasses import dataclass

from horarium.kernel.errors import InvalidInput


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """A message with its line and column, both counted from 1."""

    line: int
    column: int
    message: str


class BadWord(InvalidInput):
    """A word of a line that can not be read; `column` is where it begins, 0 for the line."""

    def __init__(self, message: str, column: int = 0) -> None:
        super().__init__(message)
        self.column = column

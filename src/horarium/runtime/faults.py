"""What is wrong in a file that people write, with its place; all of it, not the first only."""

from collections.abc import Sequence
from dataclasses import dataclass

from horarium.kernel.errors import HorariumError, InvalidInput


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong at one place. ``line`` and ``column`` count from 1; 0 means the whole
    file, or the whole line; ``file`` may be the name of an environment variable."""

    file: str
    line: int
    column: int
    path: str
    message: str

    def __str__(self) -> str:
        place = self.file
        for number in (self.line, self.column):
            place += f":{number}" if number else ""
        return f"{place}: {self.path}: {self.message}" if self.path else f"{place}: {self.message}"


class Faults(HorariumError):
    """Everything that is wrong in the files that were read, in the order of the files."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = tuple(faults)


class BadSettings(Faults):
    """The settings of the site cannot be used."""


class BadObjects(Faults):
    """Declared objects cannot be used; nothing of them is applied."""


class BuildFailed(InvalidInput):
    """A build made no version: ``reason`` is a code, ``part`` the path it is about."""

    def __init__(self, reason: str, path: str, text: str) -> None:
        super().__init__(f"{reason}: {path}: {text}" if path else f"{reason}: {text}", part=path)
        self.reason = reason

"""Exit statuses, and which error ends in which: the one table (docs/guide/commands.md).

The numbers are those of the mail world (sysexits), because mail systems act on them.
"""

from enum import IntEnum

import click

from horarium.kernel import errors
from horarium.runtime.faults import BadObjects, BadSettings, BuildFailed
from horarium.runtime.guarded_file import NoSuchFile, UnsafeFile


class Exit(IntEnum):
    """The statuses with which a command ends."""

    OK = 0
    NO = 1
    USAGE = 64
    DATA = 65
    NO_INPUT = 66
    NO_USER = 67
    UNAVAILABLE = 69
    SOFTWARE = 70
    CANNOT_WRITE = 73
    IO = 74
    TRY_AGAIN = 75
    NOT_PERMITTED = 77
    SETTINGS = 78
    INTERRUPTED = 130


class CannotWrite(errors.HorariumError):
    """A file could not be made, or would have been overwritten."""


# The first row that fits decides: subclasses stand before what they derive from.
TABLE: tuple[tuple[type[BaseException], Exit, str], ...] = (
    (click.UsageError, Exit.USAGE, "usage"),
    (BadSettings, Exit.SETTINGS, "settings"),
    (BadObjects, Exit.DATA, "data"),
    (NoSuchFile, Exit.NO_INPUT, "no_input"),
    (UnsafeFile, Exit.NOT_PERMITTED, "unsafe_file"),
    (BuildFailed, Exit.DATA, "build_failed"),
    (CannotWrite, Exit.CANNOT_WRITE, "cannot_write"),
    (errors.InvalidInput, Exit.USAGE, "invalid_input"),
    (errors.NotFound, Exit.NO, "not_found"),
    (errors.LimitReached, Exit.DATA, "limit_reached"),
    (errors.Unavailable, Exit.TRY_AGAIN, "unavailable"),
    (errors.UnsupportedCapability, Exit.DATA, "unsupported"),
    (errors.Conflict, Exit.NO, "conflict"),
    (errors.CorruptState, Exit.SOFTWARE, "corrupt_state"),
    (PermissionError, Exit.NOT_PERMITTED, "not_permitted"),
    (FileNotFoundError, Exit.NO_INPUT, "no_input"),
    (OSError, Exit.IO, "io"),
    (KeyboardInterrupt, Exit.INTERRUPTED, "interrupted"),
)


def classify(error: BaseException) -> tuple[Exit, str]:
    """The status in which ``error`` ends the program, and its kind in JSON answers. What the
    table does not know is a fault of ours."""
    for kind, status, name in TABLE:
        if isinstance(error, kind):
            return status, name
    return Exit.SOFTWARE, "internal"

"""A table of a quota from standard input: all of it, or every line that is wrong."""

from __future__ import annotations

from horarium.booking.quota_table import Groups, Table, TableKind, parse_table
from horarium.runtime.faults import BadObjects, Fault

NAME = "<stdin>"
LONGEST = 16 << 20
"""Octets read: a hundred thousand long lines."""


def read_table(kind: TableKind, data: bytes, groups: Groups) -> Table:
    """The rows in `data`. BadObjects with every faulty line, and when there is nothing in it."""
    if len(data) > LONGEST:
        raise _bad(0, f"longer than {LONGEST} bytes")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _bad(data.count(b"\n", 0, error.start) + 1, "not UTF-8") from error
    table, faults = parse_table(kind, text, groups)
    if faults:
        raise BadObjects([Fault(NAME, fault.line, 0, "", fault.message) for fault in faults])
    if not table:
        raise _bad(0, f"there is no line of {kind} in it; --clear empties the table")
    return table


def _bad(line: int, message: str) -> BadObjects:
    return BadObjects([Fault(NAME, line, 0, "", message)])

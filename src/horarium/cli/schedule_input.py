"""A schedule from standard input: JSON, TOML, or else the one line of text."""

import json
import re

from horarium.kernel.errors import HorariumError, InvalidInput
from horarium.kernel.schedule import Schedule
from horarium.kernel.schedule_keys import schedule_from_table
from horarium.kernel.schedule_text import BadSchedule, parse_schedule
from horarium.runtime.faults import BadObjects, Fault
from horarium.runtime.toml_file import Unreadable, parse_toml

NAME = "standard input"
LONGEST = 1 << 20
"""Octets read: a schedule has some hundred."""

_TOML = re.compile(r"\s*(?:#[^\n]*\n\s*)*(?:[A-Za-z_\"'-]+\s*=|\[)")


def read_schedule(data: bytes) -> Schedule:
    """Read a schedule; BadObjects with line and column where the text has them."""
    if len(data) > LONGEST:
        raise _bad("longer than any schedule")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _bad("not UTF-8") from error
    if text.lstrip().startswith("{"):
        return _from_json(text)
    if _TOML.match(text):
        return _from_toml(data)
    return _from_line(text)


def _bad(message: str, line: int = 0, column: int = 0, path: str = "") -> BadObjects:
    return BadObjects([Fault(NAME, line, column, path, message)])


def _from_line(text: str) -> Schedule:
    try:
        return parse_schedule(text)
    except BadSchedule as error:
        message = str(error).partition(": ")[2]
        raise _bad(message, error.line, error.column) from error
    except HorariumError as error:
        raise _bad(str(error)) from error


def _from_json(text: str) -> Schedule:
    try:
        table = json.loads(text)
    except json.JSONDecodeError as error:
        raise _bad(error.msg.lower(), error.lineno, error.colno) from error
    except RecursionError as error:
        raise _bad("nested too deeply") from error
    try:
        return schedule_from_table(table)
    except InvalidInput as error:
        raise _bad(str(error)) from error


def _from_toml(data: bytes) -> Schedule:
    try:
        file = parse_toml(data, NAME)
    except Unreadable as error:
        raise BadObjects([error.fault]) from error
    try:
        return schedule_from_table(file.values)
    except InvalidInput as error:
        raise BadObjects([file.fault((error.part,), str(error))]) from error
